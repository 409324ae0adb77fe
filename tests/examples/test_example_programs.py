"""The programs in ``examples/``, as their users run them, and over both kinds of client."""

from __future__ import annotations

import asyncio
import csv
import os
import subprocess
import sys
from pathlib import Path

import pytest

import ovhcore as ovh
from examples import bills, bills_async, burst, export_bills, instances, login, reboot, vrack_update
from ovhcore_transports.sandbox import ACCESS_KEYS, Modes, Sandbox, SandboxTransport, serve

pytestmark = pytest.mark.once

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


def test_an_export(tmp_path: Path) -> None:
    target = tmp_path / "bills.csv"
    target.write_text("what was there before")
    assert run("export_bills.py", str(target)) == ""
    heading, *rows = csv.reader(target.read_text("utf-8").splitlines())
    assert heading[0] == "bill"
    assert rows[1] == ["FR54100002", "2026-01-07", "154100002", "49.99", "9.99", "59.98", "EUR"]
    assert len(rows) == 4
    assert [path.name for path in tmp_path.iterdir()] == ["bills.csv"]


@pytest.mark.parametrize("modes", [Modes(max_page_size=100), Modes(pages="ignored")], ids=["pages", "batch"])
def test_an_export_of_many(tmp_path: Path, modes: Modes) -> None:
    box = Sandbox(modes=modes)
    box.add_bills(500)
    client = ovh.Client("ovh-eu", transport=SandboxTransport(box), **ACCESS_KEYS)
    export_bills.main(client, tmp_path / "bills.csv")
    assert len((tmp_path / "bills.csv").read_text("utf-8").splitlines()) == 505


def test_an_export_that_fails_leaves_what_was_there(tmp_path: Path) -> None:
    box = Sandbox(modes=Modes(max_page_size=2))
    del box.resources["bills"][3]["tax"]
    target = tmp_path / "bills.csv"
    target.write_text("before")
    with pytest.raises(KeyError):
        export_bills.main(ovh.Client("ovh-eu", transport=SandboxTransport(box), **ACCESS_KEYS), target)
    assert target.read_text() == "before"
    assert [path.name for path in tmp_path.iterdir()] == ["bills.csv"]


def test_a_reboot(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("reboot.py", "ns1.ip-192-0-2.eu") == "ns1.ip-192-0-2.eu: hardReboot is done\n"
    transport = SandboxTransport()
    client = ovh.Client("ovh-eu", transport=transport, **ACCESS_KEYS)
    transport.sandbox.failing_tasks = True
    with pytest.raises(ovh.OperationFailed, match="customerError"):
        reboot.main(client, "ns1.ip-192-0-2.eu")
    assert capsys.readouterr().out == ""


def test_an_update(capsys: pytest.CaptureFixture[str]) -> None:
    printed = run("vrack_update.py", "vrs-demo-1", "mine").splitlines()
    assert printed[0] == "from 'demonstration 1' to 'mine'"
    assert printed[1] == "   0 s  UPDATING"
    assert printed[-2].endswith("READY")
    assert printed[-1] == "now 'mine'"
    client = ovh.Client(transport="sandbox")
    for _ in range(2):
        vrack_update.main(client, "vrs-demo-2", "yours")
    assert capsys.readouterr().out.splitlines()[-1] == "now 'yours'"


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
