"""Transports that answer from a script, with a clock of their own."""

from __future__ import annotations

from collections.abc import Callable

from ovhcore.protocol.clock import Now
from ovhcore.protocol.messages import Request, Response
from ovhcore_transports import AsyncTransport, SyncTransport

Respond = Callable[[Request], Response]


class Scripted(SyncTransport):
    """Answers with ``respond(request)``; time moves by ``latency`` with each exchange."""

    def __init__(self, respond: Respond, *, start: float = 1_000_000.0, latency: float = 0.0) -> None:
        super().__init__()
        self.respond = respond
        self.sent: list[Request] = []
        self.wall = start
        self.monotonic = 0.0
        self.latency = latency
        self.closed = 0

    def send(self, request: Request) -> Response:
        self.sent.append(request)
        self.sleep(self.latency)
        return self.respond(request)

    def sleep(self, seconds: float) -> None:
        self.wall += seconds
        self.monotonic += seconds

    def clock(self) -> Now:
        return Now(self.wall, self.monotonic)

    def close(self) -> None:
        self.closed += 1


class AsyncScripted(AsyncTransport):
    """The same for asyncio."""

    def __init__(self, respond: Respond) -> None:
        super().__init__()
        self.respond = respond
        self.sent: list[Request] = []
        self.closed = 0

    async def send(self, request: Request) -> Response:
        self.sent.append(request)
        return self.respond(request)

    async def close(self) -> None:
        self.closed += 1
