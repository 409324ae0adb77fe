"""What a socket receives is, byte for byte, what was signed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import ovhcore as ovh
from ovhcore.plugins import TransportSettings
from ovhcore.protocol.messages import Request, Timeout
from ovhcore.protocol.requests.verifying import verify_request
from ovhcore.testing import Received, WireServer, strategies
from ovhcore_transports.sandbox.state import AccessKeys
from ovhcore_transports.urllib3.blocking import Urllib3Transport
from tests.profiles import tries

pytestmark = pytest.mark.once

CASES = tries(300, 5000)
KEYS: AccessKeys = {
    "application_key": "application-key",
    "application_secret": "application-secret",
    "consumer_key": "consumer",
}


@pytest.fixture(scope="module")
def server() -> Iterator[WireServer]:
    with WireServer() as running:
        yield running


@pytest.fixture(scope="module")
def client(server: WireServer) -> Iterator[ovh.Client]:
    # "off": the server has no clock to correct with.
    transport = Urllib3Transport(TransportSettings(Timeout(60, 60), proxy="none"))
    with ovh.Client(endpoint=server.url, transport=transport, time_sync="off", **KEYS) as made:
        yield made
    transport.close()


def check_signed(server: WireServer, received: Received) -> None:
    """Verify a signature from what the socket received alone."""
    request = Request(received.method, server.origin + received.target, received.fields, received.body)
    found = verify_request(request, application_secret="application-secret", consumer_key="consumer")
    assert found.signature, received
    assert found.key


nasty = st.sampled_from(["/", "%2F", "%2f", "%", "%zz", " ", "+", "'", '"', "[", "]", "{", "}", "\\", "^", "`", "|"])
odd = st.sampled_from("é你 \U0001f600~!$&()*,;=:@?#<>")
piece = st.lists(strategies.texts() | nasty | odd, max_size=5).map("".join)
# Also those that no call can have.
raw_path = st.lists(piece, min_size=1, max_size=4).map(lambda pieces: "/" + "/".join(pieces))


def is_refused(path: str) -> bool:
    """Say whether a path has no spelling that all HTTP libraries leave alone."""
    route = path.partition("?")[0]
    decoded = [re.sub("%2e", ".", segment, flags=re.IGNORECASE) for segment in route.split("/")]
    return "." in decoded or ".." in decoded or "{" in route or "}" in route


@settings(max_examples=CASES)
@given(st.data())
def test_what_is_received_is_what_was_signed(client: ovh.Client, server: WireServer, data: st.DataObject) -> None:
    method = data.draw(st.sampled_from(["GET", "DELETE", "POST", "PUT"]))
    server.received.clear()
    if data.draw(st.booleans()):
        path = data.draw(raw_path)
        arguments: dict[str, Any] = {}
        if is_refused(path):
            with pytest.raises(ovh.InvalidRequest):
                client.call(method, path)
            assert not server.received
            return
    else:
        path = "/ip/{name}/x/{number}"
        name = data.draw(strategies.texts().filter(lambda value: value not in ("", ".", "..")))
        arguments = {"name": name, "number": data.draw(st.integers())}
    if method in ("GET", "DELETE"):
        arguments = data.draw(strategies.queries()) | arguments
        getattr(client, method.lower())(path, **{k: v for k, v in arguments.items() if not k.startswith("_")})
    elif arguments:
        getattr(client, method.lower())(path, **arguments)
    else:
        client.call(method, path, data.draw(strategies.bodies() | st.none()))
    (received,) = server.received
    check_signed(server, received)
    assert received.method == method
    if method in ("GET", "DELETE"):
        assert received.body == b""
