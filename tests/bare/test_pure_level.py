"""What works with nothing but pluggy installed."""

from __future__ import annotations

import importlib.util

import pytest

import ovhcore as ovh
from ovhcore.flows import Send
from ovhcore.flows.exchange import exchange
from ovhcore.protocol.credentials import ApplicationKey
from ovhcore.protocol.endpoints import resolve_endpoint
from ovhcore.protocol.messages import Response
from ovhcore.protocol.requests.building import build_request, sign_request
from ovhcore.protocol.responses.decoding import decode


def test_build_sign_drive_decode() -> None:
    request = build_request(resolve_endpoint("ovh-eu"), "GET", "/me")
    signed = sign_request(request, ApplicationKey("AK", "AS", "CK"), 1700000000)
    flow = exchange(signed)
    effect = next(flow)
    assert isinstance(effect, Send)
    with pytest.raises(StopIteration) as stop:
        flow.send(Response(200, {}, b'{"firstname": "Ada"}'))
    assert decode(stop.value.value, signed) == {"firstname": "Ada"}


def test_the_sandbox_in_memory_needs_nothing() -> None:
    with ovh.Client(transport="sandbox") as client:
        assert client.get("/me")["firstname"] == "Ada"


@pytest.mark.skipif(importlib.util.find_spec("urllib3") is not None, reason="urllib3 is installed")
def test_a_missing_library_is_named_or_passed_over() -> None:
    with pytest.raises(
        ovh.InvalidConfiguration, match=r'urllib3, which is not installed: pip install "ovhcore\[urllib3\]"'
    ):
        ovh.Client("ovh-eu", "AK", "AS", "CK", transport="urllib3")
    with ovh.Client("ovh-eu", "AK", "AS", "CK") as client:
        assert type(client._ovhcore.transport).__name__ == "StdlibTransport"
