"""What many objects, or many calls, come in: steps, one after the other.

A :class:`FanOutSource` is a state machine. Its next step is a flow; what that returns is a
:class:`FanOut`: what has come already, and flows that bring the rest, to be run side by
side. Each client takes one step after the other; see :mod:`ovhcore.client.iterators`.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterable, Mapping, Sequence
from typing import Any, NamedTuple, Protocol, TypeAlias

from ...exceptions import APIError, InvalidRequest
from ...protocol.messages import Headers
from ..effects import Flow

__all__ = [
    "DEFAULT_CONCURRENCY",
    "CallResult",
    "FailedItem",
    "FanOut",
    "FanOutSource",
    "Fetch",
    "SingleFanOut",
    "item_or_failure",
    "read_concurrency",
    "refuse_awaitable",
]

DEFAULT_CONCURRENCY = 10
"""Calls at once where nothing else is said, as many as OVHcloud's own command line makes."""


class CallResult(NamedTuple):
    """What a call brought."""

    value: Any
    headers: Headers


Fetch: TypeAlias = Callable[[str, Mapping[str, str]], Flow[CallResult]]
"""A GET of a path, with its query, and with further header fields; it raises what the answer calls for."""


class FailedItem(NamedTuple):
    """Stands in the place of an object or answer that could not be fetched.

    Attributes:
        error: why.
        instead: what to hand out where errors are returned.
    """

    error: APIError
    instead: Any


class FanOut(NamedTuple):
    """What comes next.

    Attributes:
        items: what has come already; objects, or :class:`FailedItem`.
        parts: flows that bring more; they raise no :class:`.APIError`.
        limit: how many of them run at once.
        ordered: whether what they bring comes in their order, or as it arrives.
        ahead: how many of them at most are run or kept before what they bring is asked for; 0 for twice the limit,
            so that one that takes long does not keep the others waiting.
    """

    items: Sequence[Any] = ()
    parts: Iterable[Flow[Sequence[Any]]] = ()
    limit: int = DEFAULT_CONCURRENCY
    ordered: bool = True
    ahead: int = 0


class FanOutSource(Protocol):
    """Where steps come from."""

    @property
    def mode(self) -> str:
        """How the objects are fetched."""
        ...

    @property
    def total(self) -> int | None:
        """How many objects there are altogether, as far as that is known."""
        ...

    def step(self) -> Flow[FanOut | None]:
        """Return the flow of the next step, which brings None at the end."""
        ...


def item_or_failure(flow: Flow[Any], pick: Callable[[Any], Any]) -> Flow[Any]:
    """Return what a flow brings, or :class:`FailedItem`.

    Args:
        flow: makes a call.
        pick: makes what is handed out of a value or an error.
    """
    try:
        value = yield from flow
    except APIError as error:
        return FailedItem(error, pick(error))
    return pick(value)


def refuse_awaitable(answer: Any, name: str) -> Any:
    """Return what a caller's function answered.

    Raises:
        TypeError: it is awaitable, which nobody would await.
    """
    if not hasattr(answer, "__await__"):
        return answer
    if isinstance(answer, Coroutine):
        answer.close()
    raise TypeError(f"{name} must be a plain function; what it returned is awaitable, and nobody would await it")


class SingleFanOut:
    """The source of so many calls: one step.

    Args:
        flows: makes each call, and brings what is to be handed out, or :class:`FailedItem`.
        total: how many there are, if known.
        limit: how many run at once.
        ordered: whether results come in their order, or as they arrive.
    """

    def __init__(self, flows: Iterable[Flow[Any]], total: int | None, limit: int, ordered: bool) -> None:
        self.mode = "single"
        self.total = total
        self._step: FanOut | None = FanOut((), map(_alone, flows), limit, ordered)

    def step(self) -> Flow[FanOut | None]:
        """Return the flow of the next step."""
        step, self._step = self._step, None
        yield from ()
        return step


def _alone(flow: Flow[Any]) -> Flow[Sequence[Any]]:
    return ((yield from flow),)


def read_concurrency(concurrency: Any) -> int:
    """Return how many calls run at once.

    Raises:
        InvalidRequest: it is not a whole number from 1 to 1000.
    """
    if concurrency is None:
        return DEFAULT_CONCURRENCY
    if isinstance(concurrency, bool) or not isinstance(concurrency, int) or not 1 <= concurrency <= 1000:
        raise InvalidRequest(f"concurrency must be a whole number from 1 to 1000, not {concurrency!r}")
    return concurrency
