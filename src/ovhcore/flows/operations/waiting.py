"""Wait until an operation of the API is over: a task, the change of a resource, a deletion.

A poll that fails is no end of the operation, unless it says so:

================================== =========================================================
answer of a poll                   what comes of it
================================== =========================================================
an object whose status is an end   it is returned, or :class:`.OperationFailed` raised
any other object                   go on: the enums are open, an unknown word is no end
404, never seen before             go on for ``grace`` seconds: tasks appear after their answer
404, seen before                   :class:`.ResourceNotFoundError`
404, 460, waiting for its end      success
408, 429, 5xx, no answer           go on: the operation does not know of it
not the API's, whatever status     the same, but where the API has not answered yet, for ``grace`` seconds only
no trust (TLS), any other 4xx      raised at once: it would be the same in an hour
================================== =========================================================

Sources: the model of v2 resources in "Manage services with API v2" of OVHcloud's guides; the
words of v1 tasks in the enums of the API's descriptions; that fresh tasks answer 404 and 500,
and that 404 and 460 both mean gone, in OVHcloud's Terraform provider.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from functools import partial
from typing import Any, Final, NamedTuple, cast

from ...exceptions import (
    APIError,
    GatewayError,
    HTTPError,
    InvalidRequest,
    InvalidResponse,
    NetworkError,
    ResourceExpiredError,
    ResourceNotFoundError,
    TLSError,
    WaitTimeout,
)
from ...protocol.clock import Now
from ...protocol.messages import Response
from ...protocol.requests.values import shown
from ...protocol.responses.decoding import is_no_route
from ...protocol.responses.error_shapes import is_answer_of_api
from ...protocol.responses.statuses import (
    FAILED,
    RUNNING,
    UNDER_WAY,
    fail_if,
    is_done,
    is_resource,
    kind_of,
    needed_status,
    quoted,
    status_of,
    tasks_of,
)
from ..collections.fan_out import refuse_awaitable
from ..effects import CLOCK, Flow, Sleep, Uniform
from ..resilience.after_failure import retry_after

__all__ = ["GROWTH", "Plan", "Waiting", "asked_to_wait", "late", "make_plan", "pause", "poll", "wait_until"]

# A resource with one of these statuses, or a service that has run out, may be deleted nevertheless.
_DELETABLE: Final = frozenset({"expired", "suspended"})
GROWTH: Final = 1.5
"""The factor by which the wait between polls grows."""
_SPREAD: Final = (0.8, 1.2)
_LONGEST_RETRY_AFTER: Final = 60.0


class Waiting(NamedTuple):
    """The state of the waiting after a poll.

    Attributes:
        status: the word the API used last, or None.
        elapsed: seconds since the waiting began.
        polls: the number of polls.
        value: the last object, or None.
        error: the failure of this poll, if it is tolerated, or None.
    """

    status: str | None
    elapsed: float
    polls: int
    value: Any
    error: APIError | None


class Plan(NamedTuple):
    """The checked arguments of :func:`wait_until`. ``over`` says whether an object is the last one, or raises."""

    over: Callable[[Any], bool]
    gone: bool
    deadline: float
    interval: tuple[float, float]
    grace: float
    progress: Callable[[Waiting], object] | None
    what: str
    goal: str


def wait_until(
    get: Callable[[], Flow[Any]],
    *,
    until: str | Collection[str] | Callable[[Any], bool] = "done",
    failed: Collection[str] | None = None,
    deadline: float = 3600.0,
    interval: float | tuple[float, float] = (1.0, 30.0),
    grace: float = 60.0,
    progress: Callable[[Waiting], object] | None = None,
    what: str = "",
) -> Flow[Any]:
    """Poll until an operation of the API is over; return the last object, None if it is gone.

    The status is an object's ``resourceStatus``, else its ``status``, else its ``state``; its
    words are compared without regard to case.

    With ``until="done"`` a v2 resource is over when it is READY and none of its current tasks is
    PENDING, RUNNING or SCHEDULED; it failed if it is in ERROR or SUSPENDED, or READY with a task
    in ERROR. Any other object is over, or failed, with a word of
    :data:`~ovhcore.protocol.responses.statuses.FINISHED` or :data:`~ovhcore.protocol.responses.statuses.FAILED`; any
    other word is waited on. With ``until="gone"`` it is over when the API answers 404 or 460, or has the
    status ``deleted``. With words it is over when its status is one of them, with a function when
    the function says so of the object.

    Polls come at once, then after the first interval, which grows by half each time up to the
    second; each is varied by a fifth, so that many who wait do not ask together. ``Retry-After``
    of an answer that is tolerated is the least wait, up to the second interval or 60 s.

    Args:
        get: makes the flow of one poll.
        until: ``"done"``, ``"gone"``, words, or a function of the object.
        failed: words for a bad end, instead of the default; if ``until`` is a function, there are none by default.
        deadline: seconds to wait at most; the last poll is at its end, and is not cut short.
        interval: the first and the longest wait between polls, in seconds.
        grace: seconds during which an object that was never seen may still appear.
        progress: a function that is called after each poll; an exception of it ends the waiting.
        what: the name of the operation, for messages.

    Raises:
        InvalidRequest: an argument that makes no sense.
        OperationFailed: the operation ended badly.
        WaitTimeout: the operation was not over at the deadline; the cause tells why the last polls brought nothing.
        InvalidResponse: there is no status to go by.
        APIError: a poll failed for good.
    """
    plan = make_plan(
        until=until,
        failed=failed,
        deadline=deadline,
        interval=interval,
        grace=grace,
        progress=progress,
        what=what,
    )
    return poll(get, plan)


def make_plan(
    *,
    until: str | Collection[str] | Callable[[Any], bool],
    failed: Collection[str] | None,
    deadline: float,
    interval: float | tuple[float, float],
    grace: float,
    progress: Callable[[Waiting], object] | None,
    what: str,
) -> Plan:
    """Return the checked plan; arguments as of :func:`wait_until`.

    Raises:
        InvalidRequest: an argument that makes no sense.
    """
    for name, seconds in (("deadline", deadline), ("grace", grace)):
        if not _is_seconds(seconds):
            raise InvalidRequest(f"{name} must be a number of seconds, 0 or more, not {shown(seconds)}")
    steps: Any = (interval, interval) if _is_seconds(interval) else interval
    if not isinstance(steps, (tuple, list)) or len(steps) != 2 or not all(map(_is_seconds, steps)):
        raise InvalidRequest(f"interval must be a number of seconds, or two, as (1, 30), not {shown(interval)}")
    first, longest = steps
    if not 0 < first <= longest:
        raise InvalidRequest(f"interval must grow from above 0 seconds, as (1, 30), not {shown(interval)}")
    if progress is not None and not callable(progress):
        raise InvalidRequest(f"progress must be a function, not {type(progress).__name__}")
    what = what or "the operation"
    bad = None if failed is None else _words("failed", failed)
    over: Callable[[Any], bool]
    if until == "done":
        goal = "done"
        over = partial(is_done, what=what, failed=bad)
    elif until == "gone":
        goal = "gone"
        over = partial(_is_deleted, what=what, failed=FAILED - _DELETABLE if bad is None else bad)
    elif callable(until):
        goal = "over"
        over = partial(_is_so, until=until, what=what, failed=bad or frozenset())
    else:
        words = _words("until", until)
        goal = " or ".join(sorted(words))
        over = partial(_is_one_of, words=words, what=what, failed=bad)
    steps = (float(first), float(longest))
    return Plan(over, until == "gone", float(deadline), steps, float(grace), progress, what, goal)


def _is_seconds(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and 0 <= value < 1e9


def _words(name: str, words: object) -> frozenset[str]:
    if isinstance(words, str):
        raise InvalidRequest(
            f"{name} must be a collection of words, as {{{words!r}}}"
            + ("" if name == "failed" else ", or 'done', 'gone' or a function")
            + f", not {words!r}"
        )
    if not isinstance(words, Collection) or not all(isinstance(word, str) and word for word in words):
        raise InvalidRequest(f"{name} must be a collection of words, as {{'ok'}}, not {shown(words)}")
    if not words and name == "until":
        raise InvalidRequest("until is empty: there would be no end")
    return frozenset(word.lower() for word in cast("Collection[str]", words))


def _is_one_of(value: Any, words: Collection[str], what: str, failed: Collection[str] | None) -> bool:
    if needed_status(value, what) in words:
        return True
    fail_if(value, failed, what)
    return False


def _is_deleted(value: Any, what: str, failed: Collection[str]) -> bool:
    fail_if(value, failed, what)
    return (status_of(value) or "").lower() == "deleted"


def _is_so(value: Any, until: Callable[[Any], bool], what: str, failed: Collection[str]) -> bool:
    if refuse_awaitable(until(value), "until"):
        return True
    fail_if(value, failed, what)
    return False


# Polling


def poll(get: Callable[[], Flow[Any]], plan: Plan, begun: float | None = None) -> Flow[Any]:
    """Poll as planned, from ``begun`` on the monotonic clock, or from now; as :func:`wait_until`."""
    now: Now = yield CLOCK
    begun = now.monotonic if begun is None else begun
    polls, step, last, seen = 0, plan.interval[0], False, False
    value: Any = None
    while True:
        error: APIError | None = None
        try:
            value = yield from get()
        except APIError as failure:
            error = failure
        now = yield CLOCK
        polls, elapsed = polls + 1, now.monotonic - begun
        try:
            if error is None:
                seen = True
            elif plan.gone and _is_gone(error):
                _tell(plan, Waiting(None, elapsed, polls, None, None))
                return None
            elif not _is_tolerated(error, seen, elapsed, plan):
                raise error
            _tell(plan, Waiting(status_of(value), elapsed, polls, value, error))
            if error is None and plan.over(value):
                return None if plan.gone else value
            left = begun + plan.deadline - now.monotonic
            if last or left <= 0:
                raise late(plan, elapsed, value) from error
            asked = asked_to_wait(error, now.wall, plan)
            missing = not seen and (isinstance(error, ResourceNotFoundError) or _is_of_others(error))
        finally:
            error = None  # or the exception would hold this frame, which holds it
        # A poll comes when the grace is over, too: a wrong name is not to be waited for longer than that.
        grace = plan.grace - elapsed
        ends = missing and not asked and 0 < grace < left
        last = (yield from pause(step, grace if ends else left, asked)) and not ends
        step = min(step * GROWTH, plan.interval[1])


def pause(step: float, left: float, asked: float = 0.0) -> Flow[bool]:
    """Sleep about ``step`` seconds, at least what was ``asked`` for, but not longer than what is ``left``.

    Returns:
        Whether nothing is left then.
    """
    vary: float = yield Uniform(*_SPREAD)
    # Programs that were all told the same time do not come back together either.
    wait = max(step * vary, asked + step * (vary - _SPREAD[0]) if asked else 0.0)
    yield Sleep(min(wait, left))
    return wait >= left


def _tell(plan: Plan, waiting: Waiting) -> None:
    if plan.progress is not None:
        refuse_awaitable(plan.progress(waiting), "progress")


def _is_gone(error: APIError) -> bool:
    """Say whether an answer to the poll itself means that the object is not there."""
    return (
        isinstance(error, (ResourceNotFoundError, ResourceExpiredError))
        and not error.beforehand
        and not is_no_route(error)  # no object has gone, and none will come
    )


def _is_of_others(error: APIError | None) -> bool:
    """Say whether something in front of the API answered in its place."""
    if not isinstance(error, InvalidResponse) or isinstance(error, GatewayError):
        return False
    return isinstance(error.response, Response) and not is_answer_of_api(error.response)


def _is_tolerated(error: APIError, seen: bool, elapsed: float, plan: Plan) -> bool:
    if isinstance(error, HTTPError):
        return isinstance(error, NetworkError) and not isinstance(error, TLSError)
    if _is_of_others(error):
        return seen or elapsed < plan.grace  # a wrong endpoint or proxy stays wrong
    if isinstance(error, ResourceNotFoundError) and _is_gone(error):
        if not seen and elapsed < plan.grace:
            return True
        error.add_note(
            f"{plan.what} has vanished: earlier polls found it"
            if seen
            else f"{plan.what} was not there yet after {elapsed:.0f} s"
        )
        return False
    return error.status is not None and (error.status >= 500 or error.status in (408, 429))


def asked_to_wait(error: APIError | None, wall: float, plan: Plan) -> float:
    """Return the seconds that ``Retry-After`` of a failure's answer asks for, up to a limit; 0 without one."""
    answer = None if error is None else error.response
    seconds = retry_after(answer, wall) if isinstance(answer, Response) else None
    return min(seconds or 0.0, max(plan.interval[1], _LONGEST_RETRY_AFTER))


def late(plan: Plan, elapsed: float, value: Any) -> WaitTimeout:
    """Return the exception for a deadline that has passed; ``value`` is the last object, or None."""
    status = status_of(value)
    text = f"{plan.what} was not {plan.goal} after {elapsed:.0f} s"
    if status is None:
        return WaitTimeout(f"{text}; no status was seen", elapsed=elapsed)
    text = f"{text}; the last status seen is {quoted(status)}"
    if is_resource(value) and (running := tasks_of(value, RUNNING)):
        text = f"{text}, with tasks that go on: {', '.join(sorted({kind_of(task) for task in running})[:10])}"
    elif plan.goal == "done" and status.lower() not in UNDER_WAY:
        text = f"{text}; if that is its end, wait with until={{{quoted(status)}}}"
    return WaitTimeout(text, state=status, elapsed=elapsed)
