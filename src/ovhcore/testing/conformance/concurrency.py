"""The part of the conformance kit with many requests at once: threads or tasks that share a transport."""

from __future__ import annotations

from typing import Final

import pytest

from ...protocol.messages import Request, Response
from ..server import Peer, WireServer, echo
from .suite import Opener, Suite

__all__ = ["ConcurrencyConformance"]

_POOL: Final = 8


class ConcurrencyConformance(Suite):
    """Tests that each request gets its own answer, over few connections."""

    def test_each_gets_its_own_answer(self, opened: Opener) -> None:
        """Many share a transport; no answer is mistaken and no connection is opened beyond the pool's size."""
        with WireServer() as server:
            transport = opened(pool_size=_POOL)
            requests = [Request("GET", f"{server.url}/{number}") for number in range(self.calls)]
            for number, found in enumerate(transport.send_all(requests, self.at_once)):
                assert isinstance(found, Response), found
                assert found.body == b'"/1.0/%d"' % number
            # In a pool that is not exact, a connection may be replaced before it is back.
            assert server.connections <= _POOL * (1 if "an exact pool" not in self.lacks else 2)
            transport.close()
            assert server.all_closed()

    def test_failures_in_between(self, opened: Opener) -> None:
        """Every third connection breaks in the middle; the answers that come are still the right ones."""

        def shaky(peer: Peer) -> None:
            peer.serve(requests=peer.number % 5)
            peer.serve(lambda received: echo(received)[:-3], requests=1)

        with WireServer(shaky) as server:
            transport = opened(pool_size=_POOL)
            requests = [Request("GET", f"{server.url}/{number}") for number in range(min(self.calls, 500))]
            answers = transport.send_all(requests, self.at_once)
            right = 0
            for number, found in enumerate(answers):
                if isinstance(found, Response):
                    right += 1
                    assert found.body == b'"/1.0/%d"' % number
            assert right > len(answers) // 3
            server.behave = Peer.serve
            again = [found for found in transport.send_all(requests[: 2 * _POOL], _POOL) if isinstance(found, Response)]
            assert len(again) >= _POOL  # connections from before may break once more
            transport.close()
            assert server.all_closed()

    def test_giving_up(self, opened: Opener) -> None:
        """Tasks that are cancelled while they wait leave a transport that goes on working."""
        waited: list[bool] = []

        def silent(peer: Peer) -> None:
            peer.receive()
            waited.append(peer.pause())

        with WireServer(silent) as server:
            transport = opened(pool_size=_POOL)
            if not transport.asynchronous:
                pytest.skip("threads are not cancelled")
            tasks = transport.tasks()
            for _ in range(3):
                transport.give_up([Request("GET", f"{server.url}/{n}") for n in range(4 * _POOL)], 0.2)
            assert not any(waited), "what was cancelled went on until the server had enough"
            assert "closing what is cancelled" in self.lacks or server.all_closed(), "a connection is left"
            server.behave = Peer.serve
            requests = [Request("GET", f"{server.url}/{number}") for number in range(4 * _POOL)]
            for number, found in enumerate(transport.send_all(requests, 4 * _POOL)):
                assert isinstance(found, Response), found
                assert found.body == b'"/1.0/%d"' % number
            assert transport.settled(tasks), "a task is left"
            transport.close()
            assert "closing what is cancelled" in self.lacks or server.all_closed()
