"""What follows a failed attempt: whether a call is tried again, when, and what its error tells of the attempts."""

from __future__ import annotations

from typing import NamedTuple, Protocol, runtime_checkable

from ...exceptions import APIError
from ...protocol.clock import Now, parse_http_date
from ...protocol.messages import Request, Response, Timeout
from ...protocol.responses.attempts import Attempt
from ...protocol.responses.decoding import add_history
from ...protocol.responses.error_shapes import is_answer_of_api
from ..effects import CLOCK, Flow, Handler, Sleep, Uniform
from ..interpreter_exit import reporting_shutdown
from ..observation import Observer
from .retry_budget import RetryBudget

__all__ = ["FailedAttempt", "GiveUp", "Policy", "Wait", "retry_after", "try_again"]


class FailedAttempt(NamedTuple):
    """A failed attempt, for a retry policy to decide upon.

    Attributes:
        request: the request of the call.
        attempt: the number of the attempt that failed, 1 for the first.
        response: its answer, of a status of 400 or more; None if none came.
        error: why no answer came; None if one did.
        now: the time on both clocks.
        elapsed: seconds since the call began.
    """

    request: Request
    attempt: int
    response: Response | None
    error: APIError | None
    now: Now
    elapsed: float


class Wait(NamedTuple):
    """Try again after a time that is drawn between two bounds, in seconds.

    ``ends_by`` is when, on the monotonic clock, the attempt has to be over; None for no limit.
    """

    low: float
    high: float
    ends_by: float | None = None


class GiveUp(NamedTuple):
    """Do not try again; the error says why, unless that is plain."""

    why: str = ""


@runtime_checkable
class Policy(Protocol):
    """A function that decides what is tried again. Any callable with this signature is a policy."""

    def __call__(self, failed: FailedAttempt, /) -> Wait | GiveUp:
        """Return the decision; a policy must neither wait nor draw a random number by itself."""
        ...


def retry_after(response: Response, wall: float) -> float | None:
    """Return the seconds that ``Retry-After`` asks to wait, None if there is no such field.

    Args:
        response: the answer; a date is relative to its ``Date``, if it has one.
        wall: seconds since 1970 on the local clock, for an answer without ``Date``.
    """
    text = response.headers.get("retry-after")
    if text is None:
        return None
    text = text.strip()
    if text.isascii() and text.isdigit() and len(text) <= 10:
        return float(text)
    date = parse_http_date(text)
    if date is None:
        return None
    answered = parse_http_date(response.headers.get("date", ""))
    return max(0.0, date - (wall if answered is None else answered))


def try_again(
    handler: Handler,
    request: Request,
    rule: Policy,
    begun: Now,
    response: Response | None,
    error: APIError | None,
    budget: RetryBudget,
    notify: Observer | None,
    timeout: Timeout,
) -> Flow[Response]:
    """Try a call again after its first attempt has failed, as often as its policy says.

    Args:
        handler: answers a request.
        request: the request of the call.
        rule: the policy.
        begun: what the clocks showed when the call began.
        response: the answer to the first attempt; None if none came.
        error: why none came; None if one did.
        budget: shared by all calls of the client.
        notify: an observer of retries.
        timeout: the timeout of requests that have none of their own.
    """
    sent, waited = begun, 0.0
    history: tuple[Attempt, ...] = ()
    while True:
        now: Now = yield CLOCK
        history += (_attempt(len(history) + 1, response, error, now.monotonic - sent.monotonic, waited),)
        if response is not None and response.status < 400:
            budget.succeeded()
            return _with(response, history)
        well = response is not None and response.status < 500 and response.status not in (408, 429)
        if well and response is not None and is_answer_of_api(response):
            budget.succeeded()  # the API is well
        elapsed = now.monotonic - begun.monotonic
        decision = _within(
            _decided(rule, FailedAttempt(request, len(history), response, error, now, elapsed)), request, now
        )
        if isinstance(decision, Wait) and not budget.take():
            decision = GiveUp("the retry budget of this client is used up")
        if isinstance(decision, Wait):
            wait = yield Uniform(decision.low, decision.high)
            waited = min(max(wait, decision.low), decision.high)
            if notify is not None:
                with reporting_shutdown:
                    from ..events import RetryScheduled

                call = None if request.call is None else request.call.number
                notify(RetryScheduled(request.method, request.url, history[-1], waited, call, budget.left))
            yield Sleep(waited)
            sent = yield CLOCK
            if decision.ends_by is None or sent.monotonic < decision.ends_by:
                end = decision.ends_by
                attempt = request if end is None else request.due(request.timeout or timeout, end)
                response, error = None, None
                try:
                    response = yield from handler(attempt)
                except APIError as failure:
                    error = failure
                continue
            decision = GiveUp("the time for the call was over after the wait")
        if decision.why:
            history = (*history[:-1], history[-1]._replace(stopped=decision.why))
        if response is not None:
            return _with(response, history) if len(history) > 1 or decision.why else response
        assert error is not None
        try:
            if len(history) > 1 or decision.why:
                add_history(error, history)
            raise error
        finally:
            error = None  # or the exception would hold this frame, which holds it


def _decided(rule: Policy, failed: FailedAttempt) -> Wait | GiveUp:
    decision = rule(failed)
    if not isinstance(decision, (Wait, GiveUp)):
        raise TypeError(f"a retry policy returns Wait(low, high) or GiveUp(why), not {type(decision).__name__}")
    if isinstance(decision, Wait) and not 0 <= decision.low <= decision.high < 1e9:
        raise ValueError(f"a retry policy returned {decision}; its bounds are seconds, 0 <= low <= high")
    return decision


def _within(decision: Wait | GiveUp, request: Request, now: Now) -> Wait | GiveUp:
    """Keep to the total timeout of the call, whatever the policy."""
    if request.deadline is None or isinstance(decision, GiveUp):
        return decision
    left = request.deadline - now.monotonic
    if decision.low >= left:
        return GiveUp("the time for the call is over, or would be after the wait")
    ends_by = request.deadline if decision.ends_by is None else min(decision.ends_by, request.deadline)
    return Wait(decision.low, min(decision.high, (decision.low + left) / 2), ends_by)


def _attempt(number: int, response: Response | None, error: APIError | None, elapsed: float, waited: float) -> Attempt:
    if response is not None:
        return Attempt(number, response.status, None, response.query_id, elapsed, waited)
    assert error is not None
    return Attempt(number, None, f"{type(error).__name__}: {error}", error.query_id, elapsed, waited)


def _with(response: Response, history: tuple[Attempt, ...]) -> Response:
    return Response(response.status, response.headers, response.body, history)
