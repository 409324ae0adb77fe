"""The flow that waits for the turn of a request under a limit that processes share."""

from __future__ import annotations

from contextlib import suppress
from math import ceil
from typing import Any, Final, NamedTuple

from ovhcore.exceptions import APIError, SharedStoreError, TotalTimeout
from ovhcore.flows import (
    Clock,
    Consult,
    Flow,
    Handler,
    Limits,
    Middleware,
    Observer,
    Sleep,
    Throttled,
    retry_after,
    throttled,
)
from ovhcore.protocol import Now, Request, Response, redact_url

from ..hooks.limiters import ProcessLimiter
from .keeper import Keeper
from .operations.answers import ALONE, GO, LATE, NEW, TOO_LATE
from .stores.base import Store

__all__ = ["SharedLimit", "shared_throttle"]

_LONGEST_PAUSE: Final = 60.0  # seconds, as for limits of one process
_FIRST_PAUSE: Final = 1.0
_SHORTEST: Final = 0.001
_USED: Final = 0.97  # the part of the rate that is given out: what is late by up to 30 ms is not too much in any second
_LATE: Final = 0.02  # seconds after its turn, from which a request takes another turn
_TURNS: Final = 3  # that a request takes at most: on a machine that is always late, the last one counts


class SharedLimit:
    """A limit that processes share.

    Args:
        store: what they share.
        keeper: keeps places of this process in the store.
        scope: names whose limit it is.
        limits: the limits to keep to; ``burst`` is what every process of the scope should say.
        alone: whether this process keeps to the limits by itself while the store gives no answer; otherwise its calls
            fail.
    """

    def __init__(self, store: Store, keeper: Keeper, scope: str, limits: Limits, *, alone: bool) -> None:
        self.store = store
        self.keeper = keeper
        self.key = f"limit:{scope}"
        self.limits = limits
        self.alone = alone
        self.own = ProcessLimiter(limits)
        self._interval = 0 if limits.rate is None else ceil(1e6 / (limits.rate * _USED))
        self._places = limits.concurrency or 0
        self.trip = float("inf")  # seconds of the fastest question

    def question(self, place: str, left: float | None, ticket: int) -> tuple[Any, ...]:
        """Return the question for a turn."""
        patience = -1 if left is None else int(left * 1e6)
        released = self.keeper.released(self.key) if self._places else ()
        return (
            "take",
            self.key,
            self._interval,
            self.limits.burst,
            self._places,
            patience,
            ticket,
            place,
            self.keeper.lease,
            *released,
        )

    def hold(self, place: str) -> None:
        """Keep a place that the store has given."""
        if self._places:
            self.keeper.hold(self.key, place)

    def leave(self, place: str, took: float = -1e-6) -> None:
        """Give a place back, or up."""
        if self._places:
            self.keeper.leave(self.key, place, int(took * 1e6))


class _Turn(NamedTuple):
    """A turn that has come: in which epoch, and when."""

    epoch: int
    began: float


def shared_throttle(limit: SharedLimit, notify: Observer | None = None) -> Middleware:
    """Return middleware that keeps to a limit together with other processes.

    Args:
        limit: shared by all calls that it is for.
        notify: is told of waits.

    Its flows raise :class:`.TotalTimeout` when the call would be over before its turn, and
    :class:`.SharedStoreError` when the store gives no answer and the limit is not kept without it.
    """
    by_itself = throttled(limit.own, notify)

    def middleware(handler: Handler) -> Handler:
        own = by_itself(handler)

        def handle(request: Request) -> Flow[Response]:
            if limit.alone and limit.store.rests:
                return (yield from own(request))
            place = limit.keeper.new_name()
            try:
                try:
                    turn = yield from _turn(limit, place, request, notify)
                except SharedStoreError as error:
                    if not limit.alone:
                        raise _named(error, request) from None
                    turn = None
                if turn is None:
                    limit.leave(place)
                    return (yield from own(request))
                response = yield from handler(request)
                now: Now = yield Clock()
                if response.status == 429:
                    yield from _slow_down(limit, turn.epoch, retry_after(response, now.wall))
                limit.leave(place, max(0.0, now.monotonic - turn.began))
                return response
            except BaseException:
                limit.leave(place)
                raise

        return handle

    return middleware


def _turn(limit: SharedLimit, place: str, request: Request, notify: Observer | None) -> Flow[_Turn]:
    ticket, turns = NEW, _TURNS
    now: Now = yield Clock()
    while True:
        left = None if request.deadline is None else request.deadline - now.monotonic
        if left is not None and left <= _SHORTEST:
            raise _too_late(request)
        verdict, micros, epoch, _ = yield Consult(limit.store, limit.question(place, left, ticket), ALONE)
        if verdict == TOO_LATE:
            raise _too_late(request)
        asked, now = now.monotonic, (yield Clock())
        limit.trip = min(limit.trip, now.monotonic - asked)
        seconds = micros / 1e6
        if seconds and notify is not None:
            call = None if request.call is None else request.call.number
            notify(Throttled(request.method, request.url, seconds, "the limit that processes share", call))
            notify = None
        if verdict == GO:
            limit.hold(place)
            if seconds:
                yield Sleep(seconds)
                now = yield Clock()
            turns -= 1
            if not turns or now.monotonic - asked - seconds <= _LATE + limit.trip:
                return _Turn(epoch, now.monotonic)
            # Whoever comes late comes together with others, and the sum may be too much.
            ticket = LATE
        else:
            ticket = epoch
            yield Sleep(seconds)
            now = yield Clock()


def _slow_down(limit: SharedLimit, epoch: int, asked: float | None) -> Flow[None]:
    pause = _FIRST_PAUSE if asked is None else min(asked, _LONGEST_PAUSE)
    with suppress(SharedStoreError):  # the answer counts, and the next question finds out
        yield Consult(limit.store, ("slow", limit.key, int(pause * 1e6), epoch), ALONE)


def _named(error: APIError, request: Request) -> APIError:
    error.method, error.url, error.retry_safe = request.method, redact_url(request.url), True
    error.add_note(f"{error.method} {error.url} was not sent")
    return error


def _too_late(request: Request) -> APIError:
    error = TotalTimeout("The time for the call would be over before it could be sent: the limit that processes share")
    error.may_have_arrived = False
    return _named(error, request)
