"""Fan-out: many objects, or many calls, in steps that follow one another.

A :class:`FanOutSource` is a state machine. Its next step is a flow that returns a
:class:`FanOut`: items that are there already, and flows that bring the rest, to be run side by
side. Each client takes one step after the other; see :mod:`ovhcore.client.iterators`.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterable, Sequence
from typing import Any, NamedTuple, Protocol

from ...exceptions import APIError, InvalidRequest
from ..effects import Flow

__all__ = [
    "DEFAULT_CONCURRENCY",
    "FailedItem",
    "FanOut",
    "FanOutSource",
    "SingleFanOut",
    "item_or_failure",
    "read_concurrency",
    "refuse_awaitable",
]

DEFAULT_CONCURRENCY = 10
"""Calls at once by default, as many as OVHcloud's own command line makes."""


class FailedItem(NamedTuple):
    """A failure, in the place of an object or answer that could not be fetched.

    Attributes:
        error: the failure.
        instead: the result to hand out where errors are returned.
    """

    error: APIError
    instead: Any


class FanOut(NamedTuple):
    """One step of a fan-out: items that are there, and calls to make next.

    Attributes:
        items: objects that are there already, or :class:`FailedItem`.
        parts: flows that bring more; they raise no :class:`.APIError`.
        limit: the number of parts that run at once.
        ordered: whether the items of the parts come in their order, or as they arrive.
        ahead: the largest number of parts that are run or kept before their items are asked for; 0 for twice the limit,
            so that a part that takes long does not keep the others waiting.
    """

    items: Sequence[Any] = ()
    parts: Iterable[Flow[Sequence[Any]]] = ()
    limit: int = DEFAULT_CONCURRENCY
    ordered: bool = True
    ahead: int = 0


class FanOutSource(Protocol):
    """A source of fan-out steps, for a client to take one after the other."""

    @property
    def mode(self) -> str:
        """The mode in which the objects are fetched."""
        ...

    @property
    def total(self) -> int | None:
        """The number of all objects; None as long as it is not known."""
        ...

    def step(self) -> Flow[FanOut | None]:
        """Return the flow of the next step, which brings None at the end."""
        ...


def item_or_failure(flow: Flow[Any], pick: Callable[[Any], Any]) -> Flow[Any]:
    """Return the result of a flow, or :class:`FailedItem`.

    Args:
        flow: makes a call.
        pick: makes the result that is handed out, of a value or an error.
    """
    try:
        value = yield from flow
    except APIError as error:
        return FailedItem(error, pick(error))
    return pick(value)


def refuse_awaitable(answer: Any, name: str) -> Any:
    """Return the result of a caller's function.

    Raises:
        TypeError: the result is awaitable, and nobody would await it.
    """
    if not hasattr(answer, "__await__"):
        return answer
    if isinstance(answer, Coroutine):
        answer.close()
    raise TypeError(f"{name} must be a plain function; what it returned is awaitable, and nobody would await it")


class SingleFanOut:
    """A fan-out source of one step: several calls.

    Args:
        flows: one for each call; it returns the result to hand out, or :class:`FailedItem`.
        total: the number of calls, if known.
        limit: the number of calls that run at once.
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
    """Return the number of calls that run at once.

    Raises:
        InvalidRequest: the value is not a whole number from 1 to 1000.
    """
    if concurrency is None:
        return DEFAULT_CONCURRENCY
    if isinstance(concurrency, bool) or not isinstance(concurrency, int) or not 1 <= concurrency <= 1000:
        raise InvalidRequest(f"concurrency must be a whole number from 1 to 1000, not {concurrency!r}")
    return concurrency
