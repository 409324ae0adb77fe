"""The programs in ``examples/``, as their users run them, and over both kinds of client."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from pathlib import Path

import pytest

import ovhcore as ovh
from examples import bills, bills_async, burst, instances, login
from ovhcore_transports.sandbox import ACCESS_KEYS, Sandbox, SandboxTransport, serve

EXAMPLES = Path(__file__).resolve().parent.parent.parent / "examples"


def run(name: str, *arguments: str, typed: str = "") -> str:
    environment = {k: v for k, v in os.environ.items() if not k.startswith("OVH_")} | {"OVH_TRANSPORT": "sandbox"}
    done = subprocess.run(
        [sys.executable, str(EXAMPLES / name), *arguments],
        env=environment,
        input=typed,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_login() -> None:
    printed = run("login.py", typed="\n")
    assert "https://eu.api.ovh.com/auth/?credentialToken=" in printed
    assert "Welcome Ada" in printed


def test_bills() -> None:
    printed = run("bills.py")
    assert [line.split()[0] for line in printed.splitlines()] == [f"FR5410000{n}" for n in range(1, 5)]
    assert "59.98 €" in printed
    assert run("bills_async.py") == printed


def test_burst() -> None:
    assert run("burst.py", "sbg1").splitlines() == ["ns1.ip-192-0-2.eu has it now", "ns2.ip-192-0-2.eu has it now"]


def test_instances() -> None:
    assert run("instances.py").splitlines() == [
        "Name   Region  IP            Status",
        "web-1  BHS-1   198.51.100.1  ACTIVE",
        "web-2  BHS-1   198.51.100.2  ACTIVE",
        "batch  SBG-1   198.51.100.3  SHUTOFF",
    ]


def test_over_real_sockets(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    box = Sandbox(auto_validate=True)
    monkeypatch.setattr("builtins.input", lambda prompt: "")
    with serve(box) as server:
        with ovh.Client(server.url, proxy="none", **ACCESS_KEYS) as client:
            bills.main(client)
            first = capsys.readouterr().out
            burst.main(client, "gra2")
            burst.main(client, "gra2")
            assert capsys.readouterr().out == "ns3.ip-192-0-2.eu has it now\nns3.ip-192-0-2.eu has it already\n"
            assert box.resources["servers"][2]["burst"]["status"] == "active"
            instances.main(client)
            assert "SHUTOFF" in capsys.readouterr().out
            login.main(client)
            assert "Welcome Ada" in capsys.readouterr().out

        async def over_httpx() -> None:
            async with ovh.AsyncClient(server.url, proxy="none", **ACCESS_KEYS) as client:
                await bills_async.main(client)

        asyncio.run(over_httpx())
        assert capsys.readouterr().out == first


def test_a_loop_of_ones_own() -> None:
    with serve(Sandbox()) as server:
        assert run("own_loop.py", server.url).splitlines() == ["Ada", "FR54100001 14.38 €"]


def test_a_user_who_has_not_validated_yet(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("builtins.input", lambda prompt: "")
    client = ovh.Client("ovh-eu", transport=SandboxTransport(Sandbox()), **ACCESS_KEYS)
    with pytest.raises(ovh.InvalidCredential) as caught:
        login.main(client)
    assert "validation URL" in (caught.value.hint or "")
