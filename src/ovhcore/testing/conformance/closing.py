"""The part of the conformance kit that closes transports while they are in use."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Final

import pytest

from ...exceptions import ClientClosed
from ...protocol.messages import Request
from ..server import Behaviour, Received, WireServer, echo, wait_until
from .suite import Opener, Suite

__all__ = ["ClosingConformance"]

_AT_ONCE: Final = 4
_PATIENCE: Final = 30.0


class ClosingConformance(Suite):
    """Tests that ``close()`` lets calls under way come to their end, and begins nothing more."""

    def test_closing_lets_calls_end(self, opened: Opener) -> None:
        """Calls that were sent get their answers; the connections are closed after them, and not waited for."""
        go_on = threading.Event()
        with WireServer(_late(go_on)) as server, ThreadPoolExecutor(2 * _AT_ONCE) as pool:
            transport = opened(pool_size=_AT_ONCE)
            transport.send(Request("GET", f"{server.url}/first"))
            requests = [Request("POST", f"{server.url}/late/{n}", body=b"1") for n in range(_AT_ONCE)]
            calls = [pool.submit(transport.send, request) for request in requests]
            try:
                assert wait_until(lambda: len(server.received) == 1 + _AT_ONCE), "not all calls were sent"
                transport.close()
                assert not any(call.done() for call in calls), "what was under way has been cut off"
                with pytest.raises(ClientClosed):
                    transport.send(Request("GET", f"{server.url}/after"))
                transport.close()
            finally:
                go_on.set()
            for number, call in enumerate(calls):
                assert call.result(_PATIENCE).body == b'"/1.0/late/%d"' % number
            assert server.all_closed(), "a connection is left"
            assert len(server.received) == 1 + _AT_ONCE

    def test_closing_begins_nothing_more(self, opened: Opener) -> None:
        """A call that still waits for a connection is refused, and not sent."""
        self.needs("an exact pool")
        go_on = threading.Event()
        with WireServer(_late(go_on)) as server, ThreadPoolExecutor(2 * _AT_ONCE) as pool:
            transport = opened(pool_size=1)
            first = pool.submit(transport.send, Request("POST", f"{server.url}/late/0", body=b"1"))
            try:
                assert wait_until(lambda: len(server.received) == 1), "nothing was sent"
                others = [pool.submit(transport.send, Request("GET", f"{server.url}/{n}")) for n in range(_AT_ONCE - 1)]
                time.sleep(0.1)  # the calls wait for the connection; one that does not yet is refused all the same
                transport.close()
            finally:
                go_on.set()
            assert first.result(_PATIENCE).body == b'"/1.0/late/0"'
            for call in others:
                error = call.exception(_PATIENCE)
                assert type(error) is ClientClosed, repr(error)
                assert not error.may_have_arrived
            assert server.all_closed(), "a connection is left"
            assert len(server.received) == 1


def _late(go_on: threading.Event) -> Behaviour:
    """Return a behaviour that answers with the target of a request; under ``/late/`` it waits for an event."""

    def respond(received: Received) -> bytes:
        if "/late/" in received.target:
            go_on.wait(_PATIENCE)
        return echo(received)

    return lambda peer: peer.serve(respond)
