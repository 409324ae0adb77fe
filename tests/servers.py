"""A server on loopback that keeps every byte it receives and answers what it is told."""

from __future__ import annotations

import ssl
import time
from types import TracebackType

from ovhcore.testing import Peer, Received, WireServer, answer
from ovhcore.testing.server import Answer

__all__ = ["Answer", "RawServer", "Received", "answer"]


class RawServer(WireServer):
    """Answers each request with ``respond(request)``; None closes the connection instead.

    Attributes:
        hang_up: whether to close a connection after each answer.
        split: after how many bytes of an answer to pause.
        tunnel: the context to go on with after CONNECT.
    """

    def __init__(self, respond: Answer | bytes = b"", context: ssl.SSLContext | None = None) -> None:
        super().__init__(self._answer, context)
        self.respond: Answer = respond if callable(respond) else lambda request: respond or answer()
        self.hang_up = False
        self.split: int | None = None
        self.tunnel: ssl.SSLContext | None = None
        self._peers: list[Peer] = []

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        super().__exit__(kind, error, tb)
        for peer in self._peers:
            peer.close()

    def _answer(self, peer: Peer) -> None:
        self._peers.append(peer)
        while (request := peer.receive()) is not None and (reply := self.respond(request)) is not None:
            if self.split is not None:
                peer.send(reply[: self.split])
                time.sleep(0.05)
                reply = reply[self.split :]
            peer.send(reply)
            if request.method == "CONNECT" and self.tunnel is not None:
                peer.secure(self.tunnel)
            if self.hang_up:
                return
