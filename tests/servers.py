"""A server on loopback that keeps every byte it receives and answers what it is told; programs beside a server."""

from __future__ import annotations

import os
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import TracebackType

from ovhcore.testing import Peer, Received, WireServer, answer
from ovhcore.testing.server import Answer

__all__ = [
    "LIMIT",
    "Answer",
    "Held",
    "RawServer",
    "Received",
    "answer",
    "eventually",
    "is_in",
    "refusing_port",
    "run_beside_a_sandbox",
]

LIMIT = 60.0
"""Seconds after which something hangs, however busy the machine is."""


def eventually(condition: Callable[[], object], limit: float = LIMIT) -> None:
    """Wait until a condition holds; fail if it does not come to that."""
    end = time.monotonic() + limit
    while not condition():
        assert time.monotonic() < end, "it did not come to that"
        time.sleep(0.005)


@contextmanager
def refusing_port() -> Iterator[int]:
    """Yield a port at which connections are refused, and which nobody else is given meanwhile."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        yield bound.getsockname()[1]


def is_in(thread: threading.Thread, function: str) -> bool:
    """Say whether a thread runs a function of this name, or waits in it."""
    frame = sys._current_frames().get(thread.ident or 0)
    while frame is not None and frame.f_code.co_name != function:
        frame = frame.f_back
    return frame is not None


class Held:
    """Answers requests when it is told to: a ``respond`` of a :class:`RawServer`.

    Args:
        reply: what it answers then.

    Attributes:
        asked: how many requests have come.
    """

    def __init__(self, reply: bytes = b"") -> None:
        self.asked = 0
        self._reply = reply or answer()
        self._counting = threading.Lock()
        self._places = threading.Semaphore(0)

    def __call__(self, request: Received) -> bytes:
        with self._counting:
            self.asked += 1
        self._places.acquire(timeout=2 * LIMIT)
        return self._reply

    def release(self, count: int = 1000) -> None:
        """Let so many requests have their answers, those of later included."""
        self._places.release(count)

    def until(self, asked: int) -> None:
        """Wait until so many requests have come."""
        eventually(lambda: self.asked >= asked)


class RawServer(WireServer):
    """Answers each request with ``respond(request)``; None closes the connection instead.

    Attributes:
        hang_up: whether to close a connection after each answer.
        sent: how many answers have been sent whole.
        split: after how many bytes of an answer to pause.
        tunnel: the context to go on with after CONNECT.
    """

    def __init__(self, respond: Answer | bytes = b"", context: ssl.SSLContext | None = None) -> None:
        super().__init__(self._answer, context)
        self.respond: Answer = respond if callable(respond) else lambda request: respond or answer()
        self.hang_up = False
        self.split: int | None = None
        self.tunnel: ssl.SSLContext | None = None
        self.sent = 0
        self._peers: list[Peer] = []

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        super().__exit__(kind, error, tb)
        if isinstance(self.respond, Held):
            self.respond.release()
        for peer in self._peers:
            peer.close()

    def all_sent(self) -> None:
        """Wait until each request that came has its whole answer."""
        eventually(lambda: self.sent >= len(self.received))

    def _answer(self, peer: Peer) -> None:
        self._peers.append(peer)
        while (request := peer.receive()) is not None and (reply := self.respond(request)) is not None:
            if self.split is not None:
                peer.send(reply[: self.split])
                time.sleep(0.05)
                reply = reply[self.split :]
            peer.send(reply)
            self.sent += 1
            if request.method == "CONNECT" and self.tunnel is not None:
                peer.secure(self.tunnel)
            if self.hang_up:
                return


def run_beside_a_sandbox(program: str) -> None:
    """Run a program whose clients call a sandbox that is served from here, for it loads schemas; it has to end well."""
    from ovhcore_transports.sandbox import ACCESS_KEYS, serve

    with serve() as server:
        settings = {"endpoint": server.url, "proxy": "none", "transport": "stdlib", **ACCESS_KEYS}
        variables = {f"OVH_{name.upper()}": str(value) for name, value in settings.items()}
        subprocess.run([sys.executable, "-c", program], check=True, env={**os.environ, **variables})
