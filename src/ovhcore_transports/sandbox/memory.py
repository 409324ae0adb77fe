"""The sandbox as a transport: nothing is sent, and time passes only when somebody sleeps."""

from __future__ import annotations

import random
import time

from ovhcore.exceptions import ClientClosed
from ovhcore.plugins import TransportSettings
from ovhcore.protocol.clock import Now
from ovhcore.protocol.messages import Request, Response

from ..asynchronous import AsyncTransport
from ..synchronous import SyncTransport
from .api import Sandbox

__all__ = ["AsyncSandboxTransport", "SandboxTransport", "open_async", "open_sync"]


class _World:
    """A sandbox and a clock that moves when it is told to."""

    def __init__(self, sandbox: Sandbox | None, start: float | None, skew: float) -> None:
        self.sandbox = Sandbox(auto_validate=True) if sandbox is None else sandbox
        self.skew = skew
        self.closed = False
        self._start = time.time() if start is None else start
        self._passed = 0.0
        self._chance = random.Random(0)

    def now(self) -> Now:
        return Now(self._start + self._passed, self._passed)

    def pass_time(self, seconds: float) -> None:
        self._passed += max(0.0, seconds)

    def uniform(self, low: float, high: float) -> float:
        return self._chance.uniform(low, high)

    def exchange(self, request: Request) -> Response:
        if self.closed:
            raise ClientClosed("The transport is closed")
        return self.sandbox.handle(request, self.now().wall + self.skew)


class SandboxTransport(SyncTransport):
    """A sandbox in memory.

    Args:
        sandbox: which one; by default a new one that validates consumer keys at once.
        start: what the client's clock shows at first, in seconds since 1970; by default the time.
        skew: seconds the sandbox's clock is ahead of the client's.
    """

    def __init__(self, sandbox: Sandbox | None = None, *, start: float | None = None, skew: float = 0.0) -> None:
        super().__init__()
        self._world = _World(sandbox, start, skew)

    @property
    def sandbox(self) -> Sandbox:
        """The sandbox that answers."""
        return self._world.sandbox

    def send(self, request: Request) -> Response:
        """Let the sandbox answer."""
        return self._world.exchange(request)

    def sleep(self, seconds: float) -> None:
        """Let time pass, at once."""
        self._world.pass_time(seconds)

    def clock(self) -> Now:
        """Read the client's clock."""
        return self._world.now()

    def uniform(self, low: float, high: float) -> float:
        """Draw the next of a fixed series of numbers."""
        return self._world.uniform(low, high)

    def close(self) -> None:
        """Answer no more."""
        self._world.closed = True


class AsyncSandboxTransport(AsyncTransport):
    """A sandbox in memory for asyncio; arguments as for :class:`SandboxTransport`."""

    def __init__(self, sandbox: Sandbox | None = None, *, start: float | None = None, skew: float = 0.0) -> None:
        super().__init__()
        self._world = _World(sandbox, start, skew)

    @property
    def sandbox(self) -> Sandbox:
        """The sandbox that answers."""
        return self._world.sandbox

    async def send(self, request: Request) -> Response:
        """Let the sandbox answer."""
        return self._world.exchange(request)

    async def sleep(self, seconds: float) -> None:
        """Let time pass, at once; others get their turn."""
        self._world.pass_time(seconds)
        await super().sleep(0)

    def clock(self) -> Now:
        """Read the client's clock."""
        return self._world.now()

    def uniform(self, low: float, high: float) -> float:
        """Draw the next of a fixed series of numbers."""
        return self._world.uniform(low, high)

    async def close(self) -> None:
        """Answer no more."""
        self._world.closed = True


def open_sync(settings: TransportSettings) -> SandboxTransport:
    """Make the transport for a client."""
    return SandboxTransport()


def open_async(settings: TransportSettings) -> AsyncSandboxTransport:
    """Make the transport for an asynchronous client."""
    return AsyncSandboxTransport()
