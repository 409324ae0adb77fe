"""The dashboard names metrics that are there, as Prometheus gets them; structlog's lines are JSON."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import ovhcore as ovh
from ovhcore.flows import ClockCorrected, RetryScheduled, Throttled, TokenRenewed
from ovhcore.protocol.responses.attempts import Attempt
from ovhcore_transports.sandbox import ACCESS_KEYS, serve

pytestmark = pytest.mark.once

ROOT = Path(__file__).resolve().parents[2]
BOARD: dict[str, Any] = json.loads((ROOT / "examples" / "grafana-dashboard.json").read_text("utf-8"))
EXPRESSIONS = [target["expr"] for panel in BOARD["panels"] for target in panel["targets"]]
URL = "https://eu.api.ovh.com/1.0/me"


@pytest.fixture(scope="module")
def scraped() -> dict[str, set[str]]:
    """Return what Prometheus would scrape: names of series, and their labels."""
    exporter = pytest.importorskip("opentelemetry.exporter.prometheus", reason="tox's environment frameworks has it")
    prometheus = pytest.importorskip("prometheus_client")
    from opentelemetry.sdk.metrics import MeterProvider

    from ovhcore_transports.hooks import OpenTelemetry

    reader = exporter.PrometheusMetricReader()
    provider = MeterProvider([reader], shutdown_on_exit=False)
    plugin = OpenTelemetry(meter_provider=provider)
    with serve() as server:
        client = ovh.Client(server.url, transport="stdlib", proxy="none", plugins=[plugin], **ACCESS_KEYS)
        client.get("/me")
        with pytest.raises(ovh.APIError):
            client.get("/me/bill/none")
    observer: Any = plugin.ovhcore_observer(None)  # type: ignore[arg-type]
    failed = Attempt(1, 503, None, None, 0.1, 0.0)
    for event in (
        RetryScheduled("GET", URL, failed, 0.1, None, 99),
        Throttled("GET", URL, 0.1, "at most 1 requests in a second"),
        ClockCorrected(1.0),
        TokenRenewed(60.0),
    ):
        observer(event)
    found: dict[str, set[str]] = {}
    for family in prometheus.REGISTRY.collect():
        for sample in family.samples:
            found.setdefault(sample.name, set()).update(sample.labels)
    client.close()
    provider.shutdown()
    return found


def test_panels_have_places_of_their_own() -> None:
    places = [(panel["gridPos"]["x"], panel["gridPos"]["y"]) for panel in BOARD["panels"]]
    assert len(set(places)) == len(places) == 12
    assert len({panel["id"] for panel in BOARD["panels"]}) == 12


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_the_dashboard_names_what_is_measured(expression: str, scraped: dict[str, set[str]]) -> None:
    (name,) = set(re.findall(r"\b(?:http|ovhcore)_client_\w+", expression))
    assert name in scraped
    labels = {each for group in re.findall(r"by \(([^)]*)\)", expression) for each in group.split(", ")}
    labels |= set(re.findall(r'(\w+)!?="', expression))
    assert labels <= scraped[name]


def test_the_dashboard_shows_every_metric(scraped: dict[str, set[str]]) -> None:
    ours = {name for name in scraped if "_client_" in name and not name.endswith(("_created", "_bucket"))}
    kinds = {re.sub("_(sum|count|total)$", "", name) for name in ours}
    assert all(any(kind in each for each in EXPRESSIONS) for kind in kinds)
    assert len(kinds) == 10


def test_structlog_writes_json() -> None:
    pytest.importorskip("structlog", reason="tox's environment frameworks has it")
    environment = {name: value for name, value in os.environ.items() if not name.startswith("OVH_")}
    done = subprocess.run(
        [sys.executable, str(ROOT / "examples" / "frameworks" / "structlog_lines.py")],
        env=environment | {"OVH_TRANSPORT": "sandbox"},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    call, own = map(json.loads, done.stderr.splitlines())
    page = (ROOT / "docs" / "how-to" / "frameworks" / "structlog.md").read_text("utf-8")
    shown = [json.loads(line) for line in page.partition("```json\n")[2].partition("```")[0].splitlines()]
    assert [list(each) for each in shown] == [list(call), list(own)]
    assert call["event"].startswith("GET https://eu.api.ovh.com/1.0/me/bill: status 200 within ")
    assert (call["level"], call["ovh_event"], call["ovh_status"], call["ovh_attempts"]) == ("info", "CallEnded", 200, 1)
    assert call["ovh_elapsed"] >= 0
    assert (own["event"], own["level"]) == ("counted", "info")
    assert own["bills"] > 0
    assert {"timestamp"} <= call.keys() & own.keys()
