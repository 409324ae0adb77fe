"""Programs of others that import ``ovh``, on python-ovh first and on ovhcore then: the same results.

They come from the package index, pinned, in the environment ``dependants`` of tox; elsewhere these tests skip.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from ovhcore.testing import Received, WireServer, answer
from ovhcore_transports.sandbox import Sandbox, serve
from tests.dependants.page import rows
from tests.dependants.running import needs, ran

pytestmark = pytest.mark.once

# Module of the dependant, and the program that uses it on a served sandbox.
ON_THE_SANDBOX = {
    "octodns_ovh": "use_octodns.py",
    "sendgrid_ovh": "use_sendgrid.py",
    "ovh_cli": "use_ovh_cli.py",
    "ovh_claude": "use_ovh_claude.py",
    "netbox_ipmi_ovh": "use_netbox_ipmi.py",
    "django_two_factor_auth_ovh_gateway": "use_django_gateway.py",
}
SERVER = "ns1.example.com"  # that programs ask for
# Those that call what the sandbox has not (an order is not made of a cart), and what they are answered.
ON_LOOPBACK: dict[str, tuple[str, dict[str, str]]] = {
    "botovh": (
        "use_botovh.py",
        {
            "POST /order/cart": '{"cartId": "c1"}',
            "POST /order/cart/c1/assign": "null",
            "POST /order/cart/c1/domain": '{"itemId": 1}',
            "POST /order/cart/c1/checkout": '{"orderId": 7}',
            "GET /me/order/7/availableRegisteredPaymentMean": '[{"paymentMean": "creditCard"}]',
            "GET /me/paymentMean/creditCard": "[3]",
            "POST /me/order/7/payWithRegisteredPaymentMean": "null",
        },
    ),
}
# Steps whose results differ, and the row of the page that says why.
DIFFER = {
    # It compares str(error) with a message, which never holds where python-ovh adds the query id.
    ("octodns_ovh", "no zone"): "`str(error)` ends in a line with the query id",
}


@contextmanager
def answering(answers: dict[str, str]) -> Iterator[WireServer]:
    """Serve what a dependant calls; whatever else it calls is not found."""

    def respond(received: Received) -> bytes:
        target = received.target.removeprefix("/1.0")
        if target == "/auth/time":
            return answer(b"1700000000")
        body = answers.get(f"{received.method} {target.partition('?')[0]}")
        return answer(b'{"message": "no such thing"}', "404 Not Found") if body is None else answer(body.encode())

    def behave(peer: Any) -> None:
        while (received := peer.receive()) is not None:
            peer.send(respond(received))

    with WireServer(behave) as server:
        yield server


@pytest.mark.parametrize("module", ON_THE_SANDBOX)
def test_on_the_served_sandbox(module: str, tmp_path: Path) -> None:
    needs(module)
    pytest.importorskip("uvicorn", reason="uvicorn serves the sandbox")
    outcomes: list[Any] = []
    for on_ovhcore in (False, True):
        sandbox = Sandbox(task_seconds=0)
        sandbox.resources["servers"][0]["name"] = SERVER
        with serve(sandbox) as server:
            outcomes.append(ran(ON_THE_SANDBOX[module], server.url, tmp_path, on_ovhcore=on_ovhcore))
    reference, ours = outcomes
    assert reference.keys() == ours.keys()
    for step in reference:
        row = DIFFER.get((module, step))
        if row is None:
            assert ours[step] == reference[step], step
        else:
            assert ours[step] != reference[step], f"{step} does not differ any more"
            assert row in rows(), f"the page has no row {row}"


@pytest.mark.parametrize("module", ON_LOOPBACK)
def test_on_a_loopback_server(module: str, tmp_path: Path) -> None:
    needs(module)
    program, answers = ON_LOOPBACK[module]
    outcomes: list[Any] = []
    for on_ovhcore in (False, True):
        with answering(answers) as server:
            told = ran(program, server.url, tmp_path, on_ovhcore=on_ovhcore)
            sent = [(r.method, r.target, r.body) for r in server.received if not r.target.endswith("/auth/time")]
        outcomes.append((told, sent))
    reference, ours = outcomes
    assert ours == reference
    assert reference[1]


def test_octodns_own_tests(tmp_path: Path) -> None:
    """The tests of octodns-ovh are not in its wheel; its source distribution has them where the environment says."""
    needs("octodns_ovh")
    tests = os.environ.get("OCTODNS_OVH_TESTS")
    if not tests:
        pytest.skip("OCTODNS_OVH_TESTS does not say where the source distribution of octodns-ovh is unpacked")
    for command in (["-m", "pytest"], ["-m", "ovhcore.as_ovh", "-m", "pytest"]):
        done = subprocess.run(
            [sys.executable, *command, "-q", "-p", "no:cacheprovider", "tests"],
            cwd=tests, capture_output=True, text=True, timeout=300,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
