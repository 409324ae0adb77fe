"""The flow that waits for the turn of a request under a limit that processes share."""

from __future__ import annotations

from contextlib import suppress
from math import ceil
from typing import Any, Final, NamedTuple

from ovhcore._internal import throttled
from ovhcore.exceptions import APIError, SharedStoreError, TotalTimeout
from ovhcore.flows import Clock, Consult, Flow, Handler, Limits, Middleware, Observer, Sleep, Throttled, retry_after
from ovhcore.protocol import Now, Request, Response, redact_url

from .keeper import LeaseKeeper
from .limiters import ProcessLimiter
from .store_commands.answers import ALONE, GO, LATE, NEW, TOO_LATE, TURN
from .stores.base import Store

__all__ = ["SharedLimit", "shared_throttle"]

_LONGEST_PAUSE: Final = 60.0  # seconds, as for limits of one process
_FIRST_PAUSE: Final = 1.0
_SHORTEST: Final = 0.001
_USED: Final = 0.97  # the part of the rate that is given out: what is late by up to 30 ms is not too much in any second
_SAID: Final = 0.005  # seconds after its turn, from which a request says that it comes late
_LATE: Final = 0.25  # seconds after its turn, from which a request asks whether it may still go
_TURNS: Final = 3  # that a request takes at most: on a machine that is always late, the last one counts
_HELD_UP: Final = 0.015  # seconds by which an answer has to take longer than usual, and at least twice as long
_RELEASED: Final = 10  # where releases begin in a question for a turn
_DRIFT: Final = 1e-4  # by which two clocks differ more with each second


class SharedLimit:
    """A limit that processes share.

    Args:
        store: what they share.
        keeper: renews the leases of slots of this process.
        scope: names whose limit it is.
        limits: the limits to keep to; ``burst`` is what every process of the scope should say.
        alone: whether this process keeps to the limits by itself while the store gives no answer; otherwise its calls
            fail.
    """

    def __init__(self, store: Store, keeper: LeaseKeeper, scope: str, limits: Limits, *, alone: bool) -> None:
        self.store = store
        self.keeper = keeper
        self.key = f"limit:{scope}"
        self.limits = limits
        self.alone = alone
        self.own = ProcessLimiter(limits)
        self._interval = 0 if limits.rate is None else ceil(1e6 / (limits.rate * _USED))
        self._slots = limits.concurrency or 0
        # Of the fastest question: how many seconds it took, how far the store's clock was ahead, and when that was.
        self._clock = (float("inf"), 0.0, 0.0)
        self._usual = 0.0  # seconds that an answer takes

    def question(self, slot: str, left: float | None, ticket: int, turn: int) -> tuple[Any, ...]:
        """Return the question for a turn."""
        patience = -1 if left is None else int(left * 1e6)
        return (
            "take",
            self.key,
            self._interval,
            self.limits.burst,
            self._slots,
            patience,
            ticket,
            slot,
            self.keeper.lease,
            turn,
            *self.keeper.take_released(self.key),
        )

    def due(self, asked: float, told: float, seconds: float, turn: int) -> float:
        """Return when a turn is, by the clock of this process.

        The answer may have been long on its way. The fastest answer so far tells what the store's clock is here.

        Args:
            asked: when the question left.
            told: when the answer was here.
            seconds: that are to be waited.
            turn: the time of the turn, by the store's clock.
        """
        trip, ahead, when = self._clock
        due = turn / 1e6 - ahead
        if told - asked <= trip + (told - when) * _DRIFT or not asked + seconds <= due <= told + seconds:
            due = told + seconds
            self._clock = told - asked, turn / 1e6 - due, told
        return due

    def answered(self, turn: int, seconds: float) -> None:
        """Note how long an answer took: one that took much longer than usual may have been sent late.

        The first requests of a process load libraries and connect; a busy machine holds up others.

        Args:
            turn: when the request was to be sent, by the store's clock.
            seconds: from then to the answer.
        """
        longer = seconds - self._usual
        if longer > max(_HELD_UP, self._usual):
            self.came_late(turn, longer)
        self._usual += longer / (16 if longer > 0 and self._usual else 2 if self._usual else 1)

    def came_late(self, turn: int, seconds: float) -> None:
        """Say soon that a turn was used late; with a negative number, that it was not used."""
        if self._interval:
            self.keeper.release(self.key, f"{TURN}{turn}", int(seconds * 1e6))

    def hold_slot(self, slot: str) -> None:
        """Renew the lease of a slot that the store has given."""
        if self._slots:
            self.keeper.hold_slot(self.key, slot)

    def release_slot(self, slot: str, took: float = -1e-6) -> None:
        """Give a slot back, or leave the line for one."""
        if self._slots:
            self.keeper.release(self.key, slot, int(took * 1e6))

    def unanswered(self, slot: str, question: tuple[Any, ...]) -> None:
        """Tell again what a question took along, and release its slot: the store may carry the question out, or not."""
        self.keeper.retell(self.key, question[_RELEASED:])
        if self._slots:
            self.keeper.release_repeatedly(self.key, slot)


class _Turn(NamedTuple):
    """A turn that has come: in which epoch, and when the request is sent, by the clocks of process and store.

    In a replay no store was asked for it.
    """

    asked: bool
    epoch: int
    began: float
    sent: int


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
            slot, asked = limit.keeper.new_name(), True
            try:
                try:
                    turn = yield from _turn(limit, slot, request, notify)
                except SharedStoreError as error:
                    if not limit.alone:
                        raise _named(error, request) from None
                    turn = None
                if turn is None:
                    limit.release_slot(slot)
                    return (yield from own(request))
                asked = turn.asked
                response = yield from handler(request)
                now: Now = yield Clock()
                if response.status == 429:
                    yield from _slow_down(limit, turn.epoch, retry_after(response, now.wall))
                if asked:
                    took = max(0.0, now.monotonic - turn.began)
                    limit.answered(turn.sent, took)
                    limit.release_slot(slot, took)
                return response
            except BaseException:
                if asked:
                    limit.release_slot(slot)
                raise

        return handle

    return middleware


def _turn(limit: SharedLimit, slot: str, request: Request, notify: Observer | None) -> Flow[_Turn]:
    """Ask the store for a turn and a slot, and wait, until the request may be sent."""
    ticket, turn, turns = NEW, 0, _TURNS
    now: Now = yield Clock()
    while True:
        left = None if request.deadline is None else request.deadline - now.monotonic
        if left is not None and left <= _SHORTEST:
            raise _too_late(request)
        question = limit.question(slot, left, ticket, turn)
        try:
            answer = yield Consult(limit.store, question, ALONE)
        except BaseException:  # also where a flow is cut off
            limit.unanswered(slot, question)
            raise
        verdict, micros, epoch, _, turn = answer
        if verdict == TOO_LATE:
            raise _too_late(request)
        asked, now = now.monotonic, (yield Clock())
        seconds = micros / 1e6
        if seconds and notify is not None:
            call = None if request.call is None else request.call.number
            notify(Throttled(request.method, request.url, seconds, "the limit that processes share", call))
            notify = None
        if answer is ALONE:
            return _Turn(False, epoch, now.monotonic, 0)
        if verdict == GO:
            limit.hold_slot(slot)
            due = limit.due(asked, now.monotonic, seconds, turn)
            if seconds and due > now.monotonic:
                yield Sleep(due - now.monotonic)
                now = yield Clock()
            turns -= 1
            late = now.monotonic - due
            if turns and late > _LATE:
                limit.came_late(turn, -1)
                ticket = LATE
                continue
            if late > _SAID:
                limit.came_late(turn, late)
                turn += int(late * 1e6)
            return _Turn(True, epoch, now.monotonic, turn)
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
