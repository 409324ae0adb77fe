"""Everything a flow can ask of the world: a closed set of six effects.

========================= ============================== ==========================================
``yield``                 resumes with                   carried out
========================= ============================== ==========================================
``Send(request)``         :class:`.Response`             one HTTP exchange
``Sleep(seconds)``        None                           waiting
``Clock()``               :class:`.Now`                  wall and monotonic time, read together
``Uniform(low, high)``    float                          a random number, for jitter
``Once(key, flow)``       what the flow returns          single flight: a second flow that needs
                                                         the key meanwhile waits for the first
``Gather(flows, limit)``  list, in the order of flows    flows side by side, at most ``limit`` at
                                                         once; the first failure stops the rest
========================= ============================== ==========================================

What goes wrong while an effect is carried out is raised at its ``yield``.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Hashable, Iterable
from typing import Any, Final, TypeAlias, TypeVar

from ..protocol.frozen import Frozen, put
from ..protocol.messages import Request, Response

__all__ = [
    "CLOCK",
    "GLANCE",
    "Clock",
    "Effect",
    "Flow",
    "Gather",
    "Glance",
    "Handler",
    "Middleware",
    "Once",
    "Send",
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


# A slot's own setter; there is one of these for each call.
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
    """Read the clocks for somebody who only watches.

    What a flow decides does not depend on it, so recordings do not take it down, and a replay
    comes out the same whoever watches. Anything else carries it out as a :class:`Clock`.
    """

    __slots__ = ()


GLANCE: Final = Glance()
CLOCK: Final = Clock()
"""The one there need be; it is yielded for every call."""


class Uniform(Frozen):
    """Draw a random number between ``low`` and ``high``."""

    __slots__ = ("low", "high")  # noqa: RUF023 - the order of __init__

    low: float
    high: float

    def __init__(self, low: float, high: float) -> None:
        put(self, "low", low)
        put(self, "high", high)


class Once(Frozen):
    """Run ``flow`` unless one with the same ``key`` is running; then wait for what that one brings.

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


Effect: TypeAlias = Send | Sleep | Clock | Uniform | Once | Gather
"""What a flow may yield."""

Flow: TypeAlias = Generator[Effect, Any, T]
"""A generator over effects that returns a ``T``."""

Handler: TypeAlias = Callable[[Request], Flow[Response]]
"""What answers a request."""

Middleware: TypeAlias = Callable[[Handler], Handler]
"""What brackets a handler. It may change the request, send it again, or look at the answer."""
