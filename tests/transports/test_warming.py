"""What is done before the first call: by every transport, for TLS and without, whatever else is imported."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Any

import pytest
import trio

from ovhcore.plugins import TransportSettings
from ovhcore.testing import WireServer
from ovhcore_transports.base.asynchronous import AsyncTransport
from ovhcore_transports.base.blocking import SyncTransport
from ovhcore_transports.recording import Cassette, RecordTransport
from tests.conformance.transports import PLACES, made


def close(transport: Any) -> None:
    if isinstance(transport, AsyncTransport):
        asyncio.run(transport.close())
    else:
        transport.close()


@pytest.mark.parametrize("url", ["https://127.0.0.1:9/1.0", "http://127.0.0.1:9/1.0"])
@pytest.mark.parametrize("place", PLACES)
def test_nothing_is_connected(place: str, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with WireServer() as server:
        transport = made(PLACES[place], TransportSettings(proxy="none"))
        transport.warm([url.replace("9", str(server.port), 1)])
        monkeypatch.delitem(sys.modules, "trio")
        transport.warm([url])
        assert server.received == []
        close(transport)
    assert trio is not None


def test_certificates_for_an_https_proxy_are_loaded() -> None:
    transport = made(PLACES["httpx, sync"], TransportSettings(proxy="https://127.0.0.1:9", http2=True))
    transport.warm(["https://api.invalid/1.0"])
    assert transport._common._contexts.keys() == {True, False}
    transport.close()


class Warmed(SyncTransport):
    def __init__(self) -> None:
        super().__init__()
        self.urls: list[str] = []

    def warm(self, urls: Any) -> None:
        self.urls += urls


class Unwarmed(Warmed):
    warm: Any = None


@pytest.mark.parametrize("mode", ["once", "none"])
def test_a_recorder_warms_what_sends(tmp_path: Path, mode: Any) -> None:
    path = tmp_path / "a.cassette"
    if mode == "none":
        Cassette([]).save(path)
    inner = Warmed()
    with RecordTransport(inner, path, mode) as transport:
        transport.warm(["http://a"])
    assert inner.urls == (["http://a"] if mode == "once" else [])
    with RecordTransport(Unwarmed(), tmp_path / "c", "once") as transport:
        transport.warm(["http://a"])
