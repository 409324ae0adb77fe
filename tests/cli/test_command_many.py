"""``ovhcore get`` and ``ovhcore wait``, as a user runs them."""

from __future__ import annotations

import json
import os
import pty
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from inspect import signature
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

import ovhcore as ovh
from ovhcore.flows.operations.waiting import Waiting
from ovhcore_transports.cli import command as cli
from ovhcore_transports.cli.calling import get as cli_get
from ovhcore_transports.cli.calling import waiting as cli_waiting
from ovhcore_transports.cli.output import terminal as cli_terminal
from ovhcore_transports.sandbox import ACCESS_KEYS, Modes, Sandbox, SandboxTransport, Server, serve

COMMAND = [sys.executable, "-c", "from ovhcore_transports.cli import main; main()"]


@pytest.fixture
def transport(monkeypatch: pytest.MonkeyPatch) -> SandboxTransport:
    """Return what the commands call in this process."""
    transport = SandboxTransport(Sandbox(modes=Modes(max_page_size=2)))
    for module in (cli_get, cli_waiting):
        monkeypatch.setattr(module, "client", lambda: ovh.Client("ovh-eu", transport=transport, **ACCESS_KEYS))
    return transport


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    box = Sandbox(task_seconds=0.5, modes=Modes(max_page_size=100))
    box.add_bills(400)
    with serve(box) as server:
        yield server


def variables(server: Server) -> dict[str, str]:
    keys = {f"OVH_{name.upper()}": str(value) for name, value in ACCESS_KEYS.items()}
    return {**os.environ, **keys, "OVH_ENDPOINT": server.url, "OVH_PROXY": "none", "TERM": "xterm"}


def terminals(monkeypatch: pytest.MonkeyPatch, which: Any) -> None:
    monkeypatch.setattr(cli_terminal, "is_terminal", which)


def invoke(*arguments: str, **environment: str) -> Result:
    options: dict[str, Any] = {"mix_stderr": False} if "mix_stderr" in signature(CliRunner).parameters else {}
    return CliRunner(env=environment, **options).invoke(cli._commands(), arguments)


def objects(result: Result) -> list[Any]:
    assert result.exit_code == 0, (result.output, result.exception)
    assert result.stderr == ""
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_a_plain_get(transport: SandboxTransport) -> None:
    result = invoke("get", "/me/bill/{billId}", "billId=FR54100002")
    assert result.exit_code == 0, result.output
    assert result.stdout.startswith('{\n  "billId": "FR54100002",\n')
    assert "59.98 €" in result.stdout
    assert json.loads(invoke("get", "/me/bill", "date.from=2026-01-01", "date.to=2026-03-31").stdout) == [
        "FR54100002",
        "FR54100003",
    ]


def test_configured_as_a_client_is() -> None:
    assert '"firstname": "Ada"' in invoke("get", "/me", OVH_TRANSPORT="sandbox").stdout


@pytest.mark.parametrize("mode", [[], ["--mode", "batch"], ["--mode", "single", "--concurrency", "2"], ["--size", "1"]])
def test_every_object(transport: SandboxTransport, mode: list[str]) -> None:
    bills = objects(invoke("get", "--all", "/me/bill", "date.from=2026-01-01", *mode))
    assert [bill["billId"] for bill in bills] == ["FR54100002", "FR54100003", "FR54100004"]


def test_options_reach_the_api(transport: SandboxTransport) -> None:
    bills = objects(invoke("get", "--all", "/me/bill", "--sort", "-date", "--filter", "orderId:gt=154100002"))
    assert [bill["billId"] for bill in bills] == ["FR54100004", "FR54100003"]
    wanted = ("--filter", "billId:in=FR54100001,FR54100003", "--filter", "date:like=2026%")
    assert [bill["billId"] for bill in objects(invoke("get", "--all", "/me/bill", *wanted))] == ["FR54100003"]


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["get", "/me/bill", "--all", "--mode", "quick"], "'quick' is not one of"),
        (["get", "/me/bill", "--all", "--concurrency", "0"], "0 is not in the range"),
    ],
)
def test_what_is_written_wrong(arguments: list[str], problem: str) -> None:
    result = invoke(*arguments)
    assert result.exit_code == 2
    assert problem in result.stderr
    assert result.stdout == ""


def test_progress_beside_the_output(transport: SandboxTransport, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert invoke("get", "--all", "/me/bill").stderr == ""  # that variable makes no terminal of a file
    terminals(monkeypatch, lambda stream: stream is sys.stderr)
    result = invoke("get", "--all", "/me/bill")
    assert [json.loads(line)["orderId"] for line in result.stdout.splitlines()] == list(range(154100001, 154100005))
    assert "4/4" in result.stderr
    assert "/me/bill" in result.stderr
    result = invoke("wait", "/v2/vrackServices/resource/vrs-demo-1")
    assert json.loads(result.stdout)["id"] == "vrs-demo-1"
    assert "READY: /v2/vrackServices/resource/vrs-demo-1" in result.stderr


def test_progress_on_one_terminal(transport: SandboxTransport, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("FORCE_COLOR", "1")
    terminals(monkeypatch, lambda stream: True)
    result = invoke("get", "--all", "/me/bill", "-o", "jsonl")
    assert result.stderr == ""
    assert "4/4" in result.stdout
    # No line is broken, nor coloured.
    found = [json.loads(line) for line in result.stdout.splitlines() if line.startswith("{")]
    found += [json.loads(line) for line in re.findall(r"\x1b\[2K(\{.*)", result.stdout)]
    assert sorted(bill["orderId"] for bill in found) == list(range(154100001, 154100005))


def test_waiting(transport: SandboxTransport) -> None:
    client = ovh.Client("ovh-eu", transport=transport, **ACCESS_KEYS)
    server = "/dedicated/server/ns1.ip-192-0-2.eu"
    task = client.post(server + "/reboot")["taskId"]
    result = invoke("wait", server + "/task/{taskId}", f"taskId={task}", "--until", "doing", "--until", "done")
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["status"] == "doing"
    assert json.loads(invoke("wait", f"{server}/task/{task}").stdout)["status"] == "done"
    path = "/v2/vrackServices/resource/vrs-demo-2"
    client.delete(path)
    assert invoke("wait", path, "--until", "gone").stdout == "null\n"


def test_waiting_in_vain(transport: SandboxTransport, monkeypatch: pytest.MonkeyPatch) -> None:
    client = ovh.Client("ovh-eu", transport=transport, **ACCESS_KEYS)
    server = "/dedicated/server/ns1.ip-192-0-2.eu"
    transport.sandbox.failing_tasks = True
    path = f"{server}/task/{client.post(server + '/reboot')['taskId']}"
    late = invoke("wait", path, "--deadline", "0.5")
    assert isinstance(late.exception, ovh.WaitTimeout)
    failed = invoke("wait", path)
    assert "ended with the status 'customerError'" in str(failed.exception)
    assert invoke("wait", path, "--deadline", "-1").exit_code == 2


def test_what_a_wait_shows_of_failures(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.setenv("FORCE_COLOR", "1")
    terminals(monkeypatch, lambda stream: stream is sys.stderr)
    with cli_terminal.waiting("/[red]") as tell:
        tell(Waiting(None, 1.0, 1, None, ovh.ServerError("[blue]\x1b[1m\nand more")))
    shown = capsys.readouterr().err
    assert "failed: [blue]\\x1b[1m" in shown
    assert "and more" in shown
    with cli_terminal.waiting("/[red]") as tell:
        tell(Waiting(None, 1.0, 1, None, ovh.ResourceNotFoundError("The requested object does not exist", status=404)))
    assert "not to be found yet: /[red]" in capsys.readouterr().err
    with cli_terminal.waiting("/[red]") as tell:
        tell(Waiting(None, 1.0, 1, {}, None))
    assert "no status yet: /[red]" in capsys.readouterr().err


# In processes


def test_a_reader_that_leaves(server: Server) -> None:
    command = " ".join(map(_quoted, [*COMMAND, "get", "--all", "/me/bill"])) + " | head -n 3"
    done = subprocess.run(
        ["sh", "-c", command], env=variables(server), capture_output=True, text=True, timeout=60, check=True
    )
    assert len(done.stdout.splitlines()) == 3
    assert done.stderr == ""


def _quoted(word: str) -> str:
    return f"'{word}'"


def test_an_interruption(server: Server) -> None:
    box = server.sandbox
    box.resources["servers"][0]["state"] = "no end"
    running = subprocess.Popen(
        [*COMMAND, "wait", "/dedicated/server/ns1.ip-192-0-2.eu"],
        env=variables(server),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        path = ("GET", "/dedicated/server/ns1.ip-192-0-2.eu")
        until = threading.Event()
        while not box.executed[path]:
            until.wait(0.05)
        running.send_signal(signal.SIGINT)
        out, err = running.communicate(timeout=60)
    finally:
        running.kill()
        running.communicate()
    assert (running.returncode, out, err.strip()) == (130, "", "")


@pytest.mark.once
@pytest.mark.parametrize("redirected", [True, False])
def test_on_a_terminal(server: Server, tmp_path: Path, redirected: bool) -> None:
    main, follower = pty.openpty()
    target = tmp_path / "bills"
    with target.open("wb") as file:
        running = subprocess.Popen(
            [*COMMAND, "get", "--all", "/me/bill", "--size", "100", "-o", "jsonl"],
            env=variables(server) | {"COLUMNS": "80"},
            stdin=follower,
            stdout=file if redirected else follower,
            stderr=follower,
        )
    os.close(follower)
    shown = b""
    while True:
        try:
            shown += os.read(main, 65536)
        except OSError:  # Linux's way to tell the end
            break
    os.close(main)
    assert running.wait(60) == 0
    assert b"404/404" in shown
    assert shown.endswith(b"\x1b[?25h")  # the cursor is back
    lines = re.findall(rb"\{\"billId\".*\}", target.read_bytes() if redirected else shown)
    assert len({json.loads(line)["billId"] for line in lines}) == 404
