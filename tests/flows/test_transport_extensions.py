"""The optional parts of transports: those we have keep to the protocols, and the guide lists all of them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

import ovhcore as ovh
from ovhcore.flows import run
from ovhcore.flows.effects import Glance
from ovhcore.flows.transports import extensions
from ovhcore.flows.transports.driver import glance
from ovhcore.flows.transports.extensions import (
    Cancellable,
    CancellableTransport,
    ConsultingTransport,
    GlancingTransport,
    HidingTransport,
    TransportWithDefaults,
    WarmableTransport,
)
from ovhcore.protocol.clock import Now
from ovhcore.protocol.messages import Request, Response
from ovhcore_transports import AsyncTransport, SyncTransport
from ovhcore_transports.recording import AsyncRecordTransport, AsyncReplayTransport, RecordTransport, ReplayTransport

ROOT = Path(__file__).parents[2]
EXTENSIONS = {name: getattr(extensions, name) for name in extensions.__all__ if name != "Cancellable"}


def _is_typed(
    recording: RecordTransport | ReplayTransport | AsyncRecordTransport | AsyncReplayTransport,
    base: SyncTransport,
    asynchronous: AsyncTransport,
) -> None:
    """Read by type checkers: each assignment fails where a transport has another form than its protocol."""
    _glances: GlancingTransport = recording
    _consults: ConsultingTransport = recording
    _hides: HidingTransport = recording
    _defaults: TransportWithDefaults = recording
    _warms: WarmableTransport = recording
    _warms = base
    _warms = asynchronous
    _cancels: CancellableTransport = base


class Extended(SyncTransport):
    """Has every extension, and notes what it is asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.hidden: list[str] = []
        self.warmed: list[str] = []
        self.glances = 0

    @property
    def defaults(self) -> Mapping[str, str]:
        return {"endpoint": "ovh-ca"}

    def send(self, request: Request) -> Response:
        return Response(200, {}, b"1")

    def glance(self) -> Now:
        self.glances += 1
        return Now(5.0, float(self.glances))

    def hide(self, values: Iterable[str]) -> None:
        self.hidden += values

    def warm(self, urls: Sequence[str]) -> None:
        self.warmed += urls

    def cancellable(self) -> Cancellable | None:
        return None


def test_a_client_uses_what_a_transport_has() -> None:
    transport = Extended()
    keys = ("application-key-1", "application-secret-1", "consumer-key-1")
    with ovh.Client(None, *keys, transport=transport, time_sync="off") as client:
        assert client.endpoint.url == "https://ca.api.ovh.com/1.0"
        assert {"application-secret-1", "consumer-key-1"} <= set(transport.hidden)
        client._ovhcore.warm()
        assert "https://ca.api.ovh.com/1.0" in transport.warmed
        response = client.raw_call("GET", "/me")
        assert (transport.glances, response.elapsed.total_seconds()) == (2, 1.0)


class Plain:
    """Has no extension."""

    def clock(self) -> Now:
        return Now(7.0, 8.0)


@pytest.mark.parametrize(("transport", "read"), [(Plain(), Now(7.0, 8.0)), (Extended(), Now(5.0, 1.0))])
def test_glancing(transport: Any, read: Now) -> None:
    def flow() -> Any:
        return (yield Glance())

    assert run(flow(), transport) == read
    assert glance(Plain()) == Now(7.0, 8.0)


def test_the_guide_lists_every_extension() -> None:
    guide = (ROOT / "docs" / "how-to" / "write-a-transport.md").read_text("utf-8")
    rows = dict(re.findall(r"^\| `(\w+)[^|]*\| \{py:class\}`~ovhcore\.flows\.(\w+)`", guide, re.MULTILINE))
    assert {protocol: {name} for name, protocol in rows.items()} == {
        name: {each for each in vars(kind) if not each.startswith("_")} for name, kind in EXTENSIONS.items()
    }
