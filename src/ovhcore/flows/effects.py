"""Everything a flow can ask of the world: a closed set of effects.

========================= ============================== ==========================================
``yield``                 resumes with                   carried out
========================= ============================== ==========================================
``Send(request)``         :class:`.Response`             one HTTP exchange
``Sleep(seconds)``        None                           waiting
``Clock()``               :class:`.Now`                  wall and monotonic time, read together
``Glance()``              :class:`.Now`                  the same, for observers: no decision depends
                                                         on it, and recordings leave it out
``Uniform(low, high)``    float                          a random number, for jitter
``Once(key, flow)``       what the flow returns          single flight: a second flow that needs
                                                         the key meanwhile waits for the first
``Gather(flows, limit)``  list, in the order of flows    flows side by side, at most ``limit`` at
                                                         once; the first failure stops the rest
``Consult(store, ...)``   the store's answer             a question to what several processes share
========================= ============================== ==========================================

An exception of an effect is raised at its ``yield``.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Hashable, Iterable
from typing import Any, Final, Protocol, TypeAlias, TypeVar

from ..protocol.frozen import Frozen, put
from ..protocol.messages import Request, Response

__all__ = [
    "CLOCK",
    "GLANCE",
    "Clock",
    "Consult",
    "Effect",
    "Flow",
    "Gather",
    "Glance",
    "Handler",
    "Middleware",
    "Once",
    "Send",
    "SharedStore",
    "Sleep",
    "Uniform",
]

T = TypeVar("T")


class Send(Frozen):
    """Send a request and receive its response, whatever its status."""

    __slots__ = ("request",)

    request: Request

    def __init__(self, request: Request) -> None:
        _put_request(self, request)


# A slot's own setter is fast, and each call makes a ``Send``.
(_put_request,) = (getattr(Send, name).__set__ for name in Send.__slots__)


class Sleep(Frozen):
    """Wait for a number of seconds."""

    __slots__ = ("seconds",)

    seconds: float

    def __init__(self, seconds: float) -> None:
        put(self, "seconds", seconds)


class Clock(Frozen):
    """Read the wall clock and the monotonic clock."""

    __slots__ = ()


class Glance(Clock):
    """Read the clocks for an observer.

    No decision of a flow depends on this effect, so recordings leave it out, and a replay comes out the
    same with and without observers. Other transports carry it out as a :class:`Clock`.
    """

    __slots__ = ()


GLANCE: Final = Glance()
CLOCK: Final = Clock()
"""The only instance that is needed; every call yields it."""


class Uniform(Frozen):
    """Draw a random number between ``low`` and ``high``."""

    __slots__ = ("low", "high")  # noqa: RUF023 - the order of __init__

    low: float
    high: float

    def __init__(self, low: float, high: float) -> None:
        put(self, "low", low)
        put(self, "high", high)


class Once(Frozen):
    """Run ``flow``, unless a flow with the same ``key`` is running: then wait for the result of that one.

    A waiter that gives up does not disturb the others.
    """

    __slots__ = ("key", "flow")  # noqa: RUF023 - the order of __init__

    key: Hashable
    flow: Flow[Any]

    def __init__(self, key: Hashable, flow: Flow[Any]) -> None:
        put(self, "key", key)
        put(self, "flow", flow)


class Gather(Frozen):
    """Run flows side by side, at most ``limit`` at once; results come in the order of the flows."""

    __slots__ = ("flows", "limit")

    flows: tuple[Flow[Any], ...]
    limit: int

    def __init__(self, flows: Iterable[Flow[Any]], limit: int) -> None:
        if limit < 1:
            raise ValueError(f"limit must be at least 1, not {limit}")
        put(self, "flows", tuple(flows))
        put(self, "limit", limit)


class SharedStore(Protocol):
    """A store that several processes share: limits, tokens, calls made. Only transports and drivers call it."""

    def ask(self, question: Any) -> Any:
        """Ask, and wait for the answer."""
        ...

    async def ask_async(self, question: Any) -> Any:
        """Ask, and let other tasks go on until the answer comes; under asyncio and trio."""
        ...


class Consult(Frozen):
    """Ask a store that other processes ask, too.

    In a replay there are no other processes: nothing is asked, and the answer is ``alone``.

    Attributes:
        store: the store to ask.
        question: the question; the store knows its form.
        alone: the answer for a program that shares with no other process.
        request: the request that an answer of type :class:`.Response` answers; a recording then keeps both, as if
            the request had been sent.
        omitted: whether the answer is ``alone`` while something is recorded, too, for a recording has to hold the
            requests that a program sends without others.
    """

    __slots__ = ("store", "question", "alone", "request", "omitted")  # noqa: RUF023 - the order of __init__

    store: SharedStore
    question: Any
    alone: Any
    request: Request | None
    omitted: bool

    def __init__(
        self, store: SharedStore, question: Any, alone: Any, request: Request | None = None, omitted: bool = False
    ) -> None:
        put(self, "store", store)
        put(self, "question", question)
        put(self, "alone", alone)
        put(self, "request", request)
        put(self, "omitted", omitted)


Effect: TypeAlias = Send | Sleep | Clock | Uniform | Once | Gather | Consult
"""The effects that a flow may yield."""

Flow: TypeAlias = Generator[Effect, Any, T]
"""A generator over effects that returns a ``T``."""

Handler: TypeAlias = Callable[[Request], Flow[Response]]
"""A function that answers a request: it returns a flow of the response."""

Middleware: TypeAlias = Callable[[Handler], Handler]
"""A function that wraps a handler: to change the request, to send it again, or to look at the answer."""
