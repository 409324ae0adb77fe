"""A limiter of rate and concurrency: requests are sent in the order of arrival, and slower when the API asks.

:class:`Limiter` decides which request may be sent when. It neither waits nor looks at a clock;
waiting is an effect of the flow around it. So its decisions are the same with threads, tasks
and recordings.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import deque
from contextlib import AbstractContextManager
from itertools import islice
from math import ceil
from typing import Any, Final, NamedTuple

from ...exceptions import TotalTimeout
from ...protocol.clock import Now
from ...protocol.frozen import Frozen, put
from ...protocol.messages import Request, Response
from ...protocol.responses.decoding import annotate
from ..effects import CLOCK, Flow, Handler, Middleware, Sleep
from ..events import Throttled
from ..observation import Observer
from .after_failure import retry_after

__all__ = ["Limiter", "Limits", "Pause", "Ticket", "throttled"]

_LONGEST_PAUSE: Final = 60.0  # seconds that a Retry-After can hold everybody back
_FIRST_PAUSE: Final = 1.0  # seconds after a 429 without Retry-After
_SLOWEST: Final = 1 / 64
_FASTER: Final = 1 / 50  # of the full speed, with each success
_LATEST: Final = 0.1  # the part of the latest exchange in the average
_NEARLY: Final = 1e-6  # of a request: what adding up fractions may lose
_SHORTEST: Final = 0.001  # seconds; to wait for another request is to ask again and again
_JUST_AFTER: Final = 0.00002  # seconds
_MOMENT: Final = 0.0001  # seconds; for a request that should have asked by now
_WATCHFUL: Final = 0.05  # seconds at most between two looks of the next one in line
_QUIET: Final = 0.3  # seconds at least, where no request has been sent for long
_NAP: Final = 2.0  # seconds at most for the others: nobody can wake a request when those before it leave
_NAP_OF_EACH: Final = 0.002  # seconds for each one before: a line of any length wakes 500 times in a second
_ABSENT: Final = 1.0  # seconds after which a request that does not come for its turn holds up nobody


class Limits(Frozen):
    """The limits that a client keeps to.

    Attributes:
        rate: requests in a second, on average; None for no limit.
        burst: requests that may be sent at once after a time without any, 1 or more; those of a second by default.
        concurrency: requests under way at the same time; None for no limit.
    """

    __slots__ = ("rate", "burst", "concurrency")  # noqa: RUF023 - the order of __init__

    rate: float | None
    burst: int
    concurrency: int | None

    def __init__(self, rate: float | None = None, burst: int | None = None, concurrency: int | None = None) -> None:
        put(self, "rate", rate)
        put(self, "burst", burst or max(1, ceil(rate or 0)))
        put(self, "concurrency", concurrency)


class Pause(NamedTuple):
    """The answer to a request whose turn has not come: why not, and when to ask again.

    Attributes:
        seconds: to wait before asking again.
        wait: seconds until the turn, as far as can be told.
        certain: whether the turn cannot come sooner unless an earlier request leaves; otherwise ``wait`` is a guess.
        reason: which limit it is.
    """

    seconds: float
    wait: float
    certain: bool
    reason: str


class Ticket:
    """The place of a request in the line, and then among the requests under way."""

    __slots__ = ("due", "epoch", "number", "over", "sent")

    def __init__(self) -> None:
        self.number = 0  # in the order of arrival; 0 before
        self.due = 0.0  # when the request comes to ask again
        self.sent = 0.0
        self.epoch = 0  # how often the API had asked to slow down when the request was sent
        self.over = False


class Limiter:
    """A limiter of the rate: first come, first served. Times are seconds on the monotonic clock.

    Args:
        limits: the limits to keep to.
        lock: makes the limiter safe to use from many threads; held for moments, never while waiting. It has
            to be reentrant: a signal's handler may send requests, too.
    """

    def __init__(self, limits: Limits, lock: AbstractContextManager[Any]) -> None:
        self.limits = limits
        self._arrived = 0
        self._tokens = float(limits.burst)  # requests that may be sent at once
        self._counted = float("-inf")  # when the tokens were counted; in the future while a pause lasts
        self._speed = 1.0
        self._epoch = 0
        self._not_before = float("-inf")
        self._ended = 0
        self._duration = 0.0  # of an exchange, on average; 0 before the first
        self.renew(lock)

    def renew(self, lock: AbstractContextManager[Any]) -> None:
        """Forget requests that wait or are under way, as in the child of a fork; what the API asked for still holds.

        Args:
            lock: a new one, for that of the parent may be held by a thread that the child does not have.
        """
        self.lock = lock
        self._line: list[tuple[int, Ticket]] = []  # in the order of arrival
        self._under_way: dict[Ticket, None] = {}  # in the order of sending
        self._left: deque[Ticket] = deque()
        self._last = 0.0  # when the last request was sent

    @property
    def speed(self) -> float:
        """The part of the limits that is used; 1 unless the API has asked to slow down."""
        return self._speed

    @property
    def waiting(self) -> int:
        """The number of requests in the line."""
        with self.lock:
            self._tidy()
            return len(self._line)

    @property
    def under_way(self) -> int:
        """The number of requests that have been sent and have no answer yet."""
        with self.lock:
            self._tidy()
            return len(self._under_way)

    def start(self, ticket: Ticket, now: float) -> Pause | None:
        """Return None if a request may be sent now, and count it as under way; else how long to wait.

        Args:
            ticket: a new ticket, which gets its place in the line now; or one that has waited.
            now: the time.
        """
        with self.lock:
            if self._left:
                self._tidy()
            if not ticket.number:
                self._arrived += 1
                ticket.number = self._arrived
            line = self._line
            ahead = self._ahead(ticket, now) if line else 0
            pause = self._pause(ahead, now)
            if pause is None:
                if line and line[0][1] is ticket:
                    del line[0]
                ticket.sent = self._last = now
                ticket.epoch = self._epoch
                self._under_way[ticket] = None
                self._tokens -= 1.0
                return None
            ticket.due = now + pause.seconds
            # A request that was absent takes its place again, too.
            if ahead >= len(line) or line[ahead][1] is not ticket:
                insort(line, (ticket.number, ticket))
            return pause

    def end(self, ticket: Ticket, now: float, pause: float | None = None, *, slow: bool = False) -> None:
        """Take note of an answer.

        Args:
            ticket: the ticket of the request.
            now: when the answer came.
            pause: seconds that the API asks to wait.
            slow: whether the API asked to slow down.
        """
        with self.lock:
            self._under_way.pop(ticket, None)
            if slow:
                self._slow_down(ticket, now, _FIRST_PAUSE if pause is None else min(pause, _LONGEST_PAUSE))
            else:
                self._learn(max(0.0, now - ticket.sent))
                if self._speed < 1.0 and ticket.epoch == self._epoch:
                    self._count(now)
                    self._speed = min(1.0, self._speed + _FASTER)
            ticket.over = True

    def leave(self, ticket: Ticket) -> None:
        """Give up a place in the line, or among those under way, if it has not ended.

        This takes no lock: the garbage collector closes a flow that nobody drives any more, and may
        run in a thread that holds the lock.
        """
        if ticket.number and not ticket.over:
            self._left.append(ticket)
            ticket.over = True

    def _tidy(self) -> None:
        """Remove the requests that have left."""
        while self._left:
            ticket = self._left[0]
            self._under_way.pop(ticket, None)
            at = bisect_left(self._line, (ticket.number,))
            if at < len(self._line) and self._line[at][1] is ticket:
                del self._line[at]
            # This comes last, for an interrupt may come in between; then the request is removed once more.
            self._left.popleft()

    def _slow_down(self, ticket: Ticket, now: float, pause: float) -> None:
        self._count(now)
        if ticket.epoch == self._epoch:
            # Many requests were sent before anybody knew; only one of them counts.
            self._speed = max(_SLOWEST, self._speed / 2)
            self._epoch += 1
        self._not_before = max(self._not_before, now + pause)
        # After the pause requests go one by one: those saved up were too many.
        self._tokens = min(self._tokens, 1.0)
        self._counted = max(self._counted, self._not_before)

    def _learn(self, passed: float) -> None:
        self._ended += 1
        weight = max(_LATEST, 1.0 / self._ended)
        if weight == _LATEST and self._duration:
            # An exchange that hung must not let the others sleep too long; to look too often does no harm.
            passed = min(passed, 4 * self._duration)
        self._duration += (passed - self._duration) * weight

    def _count(self, now: float) -> None:
        """Add the requests that time has allowed since the last count."""
        if now > self._counted:
            if self.limits.rate is not None:
                allowed = self._tokens + (now - self._counted) * self.limits.rate * self._speed
                self._tokens = min(float(self.limits.burst), allowed)
            self._counted = now

    def _ahead(self, ticket: Ticket, now: float) -> int:
        """Return the number of requests before a place in the line."""
        line, number = self._line, ticket.number
        absent = 0
        while absent < len(line) and line[absent][0] < number and line[absent][1].due + _ABSENT < now:
            absent += 1
        if absent:
            del line[:absent]
        return bisect_left(line, (number,))

    def _pause(self, ahead: int, now: float) -> Pause | None:
        """Return why and how long a request behind ``ahead`` others has to wait; None if it may be sent now."""
        held = self._not_before - now
        wait, rate = held, self.limits.rate
        if rate is not None:
            self._count(now)
            missing = ahead + 1.0 - self._tokens
            if missing > _NEARLY:
                wait = max(held, self._counted - now + missing / (rate * self._speed))
        if wait > 0.0:
            reason = "the API has asked to slow down" if held > 0.0 or rate is None else _shown(rate * self._speed)
            nap = wait if not ahead else max(held, min(wait, _nap(ahead)))
            return Pause(max(_MOMENT, nap), wait, True, reason)
        if self.limits.concurrency is not None:
            places = max(1, int(self.limits.concurrency * self._speed))
            turns = len(self._under_way) + ahead - places + 1
            if turns > 0 and self._under_way:
                wait = turns * self._duration / places
                reason = f"at most {places} requests at the same time"
                return Pause(self._guessed(wait, turns, ahead, now), wait, False, reason)
        if ahead:
            # There is room as soon as the requests before look; the longer they do not, the less often this one asks.
            first = self._line[0][1].due
            after = max(first, self._line[ahead - 1][1].due) + _JUST_AFTER - now
            wait = min(after, _NAP) if after > 0.0 else max(_MOMENT, (now - first) / 2)
            return Pause(wait, wait, False, "others came first")
        return None

    def _guessed(self, wait: float, turns: int, ahead: int, now: float) -> float:
        """Return the seconds until the next look for the end of an exchange: few for the next one, else half-way."""
        rounds, index = divmod(turns - 1, len(self._under_way))
        silent = now - self._last
        if not self._duration:
            nap = silent * (rounds + 0.5) / 2
        else:
            nap = wait / 2 if ahead else min(wait / 8, _WATCHFUL)
            # Exchanges end in the order in which they were sent, if all take the same time.
            end = next(islice(self._under_way, index, None)).sent + (rounds + 1) * self._duration - now
            if 0.0 < end < nap:
                nap = end
            # The longer nothing has moved, the longer it is likely to go on.
            nap = max(nap, min(silent / 16, _QUIET))
        return min(max(nap, _SHORTEST), _nap(ahead))


def _nap(ahead: int) -> float:
    return max(_NAP, _NAP_OF_EACH * ahead)


def _shown(rate: float) -> str:
    if rate >= 1.0:
        return f"at most {rate:.4g} requests in a second"
    if rate * 60 >= 1.0:
        return f"at most {rate * 60:.4g} requests in a minute"
    return f"at most {rate * 3600:.4g} requests in an hour"


def throttled(limiter: Limiter, notify: Observer | None = None) -> Middleware:
    """Return middleware that keeps to limits.

    Args:
        limiter: the limiter that decides which request may be sent when; shared by all calls that the limits are for.
        notify: an observer of waits.

    Its flows raise :class:`.TotalTimeout` when the call would be over before its turn came.
    """

    def middleware(handler: Handler) -> Handler:
        def handle(request: Request) -> Flow[Response]:
            now: Now = yield CLOCK
            ticket = Ticket()
            try:
                pause = limiter.start(ticket, now.monotonic)
                if pause is not None:
                    yield from _turn(limiter, ticket, request, pause, now.monotonic, notify)
                response = yield from handler(request)
                now = yield CLOCK
                slow = response.status == 429
                limiter.end(ticket, now.monotonic, retry_after(response, now.wall) if slow else None, slow=slow)
                return response
            except BaseException:
                limiter.leave(ticket)
                raise

        return handle

    return middleware


def _turn(
    limiter: Limiter, ticket: Ticket, request: Request, pause: Pause | None, now: float, notify: Observer | None
) -> Flow[None]:
    """Wait for the turn of a request."""
    told = notify is None
    while pause is not None:
        seconds = pause.seconds
        if request.deadline is not None:
            left = request.deadline - now
            if left <= (pause.wait if pause.certain else _SHORTEST):
                raise _too_late(request, pause)
            if not pause.certain:
                seconds = min(seconds, max(left / 2, _SHORTEST))  # a guess must not take all the time that is left
        if not told and notify is not None:
            told = True
            call = None if request.call is None else request.call.number
            notify(Throttled(request.method, request.url, max(pause.seconds, pause.wait), pause.reason, call))
        yield Sleep(seconds)
        read: Now = yield CLOCK
        now = read.monotonic
        pause = limiter.start(ticket, now)


def _too_late(request: Request, pause: Pause) -> TotalTimeout:
    error = TotalTimeout(f"The time for the call would be over before it could be sent: {pause.reason}")
    error.may_have_arrived = False
    error.retry_safe = True
    annotate(error, request)
    return error
