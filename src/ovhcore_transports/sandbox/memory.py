"""The sandbox as a transport: nothing is sent, and time passes only when somebody sleeps.

Or waits for an answer that does not come; see :class:`.Faults`.
"""

from __future__ import annotations

import random
import time

from ovhcore._internal import DEFAULT_TIMEOUT
from ovhcore.exceptions import ClientClosed, ReadTimeout, TotalTimeout, TransportTimeout
from ovhcore.plugins import TransportSettings
from ovhcore.protocol import Now, Request, Response, Timeout

from ..base.asynchronous import AsyncTransport
from ..base.blocking import SyncTransport
from ..base.locks import Lock
from .api import Sandbox

__all__ = ["AsyncSandboxTransport", "InMemory", "SandboxTransport", "open_async", "open_sync"]


class _Clocks:
    """Two clocks that move when they are told to: the sandbox's, which is right, and the client's."""

    def __init__(self, start: float, skew: float) -> None:
        self.lock = Lock()
        self.passed = 0.0
        self._true = start + skew
        # The client's is behind by so much, by so much more with each second since then.
        self._skew, self._drift, self._since = skew, 0.0, 0.0

    def skew(self) -> float:
        """Return what the client's clock is behind; call with the lock held."""
        return self._skew + self._drift * (self.passed - self._since)

    def sandbox(self) -> float:
        return self._true + self.passed

    def client(self) -> Now:
        with self.lock:
            return Now(self.sandbox() - self.skew(), self.passed)

    def pass_time(self, seconds: float) -> None:
        with self.lock:
            self.passed += max(0.0, seconds)

    def set(self, skew: float | None, drift: float | None) -> None:
        with self.lock:
            self._skew, self._since = self.skew() if skew is None else skew, self.passed
            self._drift = self._drift if drift is None else drift / 3600


class InMemory:
    """The base of both transports in memory: holds a sandbox, and clocks."""

    def __init__(
        self,
        sandbox: Sandbox | None = None,
        *,
        start: float | None = None,
        skew: float = 0.0,
        timeout: Timeout | float = DEFAULT_TIMEOUT,
    ) -> None:
        super().__init__()
        self._timeout = timeout if isinstance(timeout, Timeout) else Timeout(timeout, timeout)
        self._sandbox = Sandbox(auto_validate=True) if sandbox is None else sandbox
        self._clocks = _Clocks(time.time() if start is None else start, skew)
        self._chance = random.Random(0)
        self._closed = False

    @property
    def sandbox(self) -> Sandbox:
        """The sandbox that answers."""
        return self._sandbox

    @property
    def skew(self) -> float:
        """How many seconds the sandbox's clock is ahead of the client's now."""
        with self._clocks.lock:
            return self._clocks.skew()

    def set_clock(self, *, skew: float | None = None, drift: float | None = None) -> None:
        """Set the client's wall clock, or let it go wrong from now on. Its monotonic clock stays right.

        Args:
            skew: seconds the sandbox's clock is ahead of the client's from now on; None to let it as it is.
            drift: seconds that the client's clock loses each hour, gains if negative; None to let it as it is.
        """
        self._clocks.set(skew, drift)

    def clock(self) -> Now:
        """Read the client's clocks."""
        return self._clocks.client()

    def uniform(self, low: float, high: float) -> float:
        """Draw the next of a fixed series of numbers."""
        return self._chance.uniform(low, high)

    def _answer(self, request: Request) -> tuple[Response | TransportTimeout, float]:
        """Return an answer, or what is raised where a client waits in vain, and the seconds that pass until then."""
        if self._closed:
            raise ClientClosed("The transport is closed")
        try:
            response = self._sandbox.handle(request, self._clocks.sandbox())
            seconds = self._sandbox.delay()
        except ReadTimeout:
            return self._patience(request)
        if seconds:
            timeout, patience = self._patience(request)
            if seconds >= patience:
                return timeout, patience
        return response, seconds

    def _patience(self, request: Request) -> tuple[TransportTimeout, float]:
        """Return how it ends when no answer comes, and after how many seconds."""
        _, read, total = request.timeout or self._timeout
        if total is not None and total < read:
            return TotalTimeout(f"The sandbox did not answer within {total:g} s"), total
        return ReadTimeout(f"The sandbox was silent for {read:g} s"), read


class SandboxTransport(InMemory, SyncTransport):
    """A sandbox in memory.

    Args:
        sandbox: which one; by default a new one that validates consumer keys at once.
        start: what the client's clock shows at first, in seconds since 1970; by default the time.
        skew: seconds the sandbox's clock is ahead of the client's.
        timeout: seconds to wait for an answer that does not come, where neither the call nor its client says. Attempts
            after the first have that of the client.
    """

    def after_fork(self) -> None:
        """Be free in the child of a fork, whichever thread of the parent was reading the clock."""
        super().after_fork()
        self._clocks.lock = Lock()

    def send(self, request: Request) -> Response:
        """Let the sandbox answer."""
        outcome, seconds = self._answer(request)
        if seconds:
            self.sleep(seconds)
        if isinstance(outcome, TransportTimeout):
            raise outcome
        return outcome

    def sleep(self, seconds: float) -> None:
        """Let time pass, at once and for all threads."""
        self._clocks.pass_time(seconds)

    def close(self) -> None:
        """Answer no more."""
        self._closed = True


class AsyncSandboxTransport(InMemory, AsyncTransport):
    """A sandbox in memory for asyncio and trio; arguments as for :class:`SandboxTransport`."""

    def __init__(
        self,
        sandbox: Sandbox | None = None,
        *,
        start: float | None = None,
        skew: float = 0.0,
        timeout: Timeout | float = DEFAULT_TIMEOUT,
    ) -> None:
        super().__init__(sandbox, start=start, skew=skew, timeout=timeout)
        self._sleepers: list[float] = []

    async def send(self, request: Request) -> Response:
        """Let the sandbox answer."""
        outcome, seconds = self._answer(request)
        if seconds:
            await self.sleep(seconds)
        if isinstance(outcome, TransportTimeout):
            raise outcome
        return outcome

    async def sleep(self, seconds: float) -> None:
        """Let time pass, at once; others get their turn. The task that wakes first goes on first.

        So those that sleep at the same time wait no longer together than each of them.
        """
        clocks = self._clocks
        until = clocks.passed + max(0.0, seconds)
        self._sleepers.append(until)
        try:
            await super().sleep(0)
            while clocks.passed < until:
                if min(self._sleepers) == until:
                    # The time itself: what remains, added, could come to a little less.
                    clocks.passed = until
                else:
                    await super().sleep(0)
        finally:
            self._sleepers.remove(until)

    async def close(self) -> None:
        """Answer no more."""
        self._closed = True


def open_sync(settings: TransportSettings) -> SandboxTransport:
    """Make the transport for a client."""
    return SandboxTransport(timeout=settings.timeout)


def open_async(settings: TransportSettings) -> AsyncSandboxTransport:
    """Make the transport for an asynchronous client."""
    return AsyncSandboxTransport(timeout=settings.timeout)
