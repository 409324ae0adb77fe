"""Retries of failed calls, where that can do no harm, and no longer than it makes sense."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final, NamedTuple, Protocol, cast, runtime_checkable

from ...exceptions import APIError, HTTPError, InvalidConfiguration, InvalidRequest, TLSError, TotalTimeout
from ...protocol.clock import Now, parse_http_date
from ...protocol.frozen import Frozen, put
from ...protocol.messages import DEFAULT_TIMEOUT, Attempt, Request, Response, Timeout
from ...protocol.redaction import redact_url
from ...protocol.responses.decoding import add_history
from ...protocol.responses.error_shapes import is_answer_of_api
from ..effects import CLOCK, Flow, Handler, Middleware, Sleep, Uniform
from ..interpreter_exit import loading
from ..observation import Observer
from .retry_budget import RetryBudget

__all__ = ["FailedAttempt", "GiveUp", "Policy", "RetryPolicy", "Wait", "chosen_policy", "retried", "retry_after"]


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


class RetryPolicy(Frozen):
    """The default retry policy of ovhcore: what it tries again, how often and for how long.

    **What.** A failure before the request was sent (no connection, no name, no place in the
    pool), status 429, and a failure to get what signs it, a token or the time: any method,
    for nothing was done. A read timeout, a lost or broken answer, and the statuses 408, 500,
    502, 503 and 504: only methods in ``methods``, for the API may have done what was asked;
    POST is never among them. Certificates that are not trusted, a total timeout, and all
    other statuses: never.

    **How often.** At most ``attempts`` times, the first included.

    **How long.** Before attempt n + 1 a time is waited that is drawn evenly from 0 to
    ``base`` x 2^(n - 1), at most ``longest`` seconds. Where the answer has ``Retry-After``,
    in seconds or as a date, it is that time and up to ``base`` more; a time beyond
    ``retry_after`` is not waited for: the failure is the result. No attempt but the first
    begins, or goes on, later than ``deadline`` seconds after the call began, or than its
    total timeout; if the wait would not end before, nothing is waited for. Requests that calls wait
    for together, for a token or the time, keep limits of their own.

    **How many.** All calls of a client share a :class:`.RetryBudget`, so that an API that is down
    gets one request for each call once it is used up.

    The policy does not handle ``QUERY_TIME_OUT`` and a refused token: inner handlers correct them
    and send once more, whatever the policy.

    Sources: what is not processed, and what may be, in section 9.2.2 of RFC 9110;
    ``Retry-After`` in its section 10.2.3. The API documents no rate limit and no 429.

    Args:
        attempts: how often to try at most, 1 or more.
        deadline: seconds, counted from the beginning of the call.
        methods: what may be sent again although it may have arrived: GET, PUT, DELETE.
        base: seconds, the upper bound of the first wait.
        longest: seconds, the upper bound of all waits but ``Retry-After``.
        retry_after: seconds of ``Retry-After`` that are still waited for.

    Raises:
        InvalidConfiguration: a number out of range, or a method that must not be repeated.
    """

    __slots__ = ("attempts", "deadline", "methods", "base", "longest", "retry_after")  # noqa: RUF023

    STATUSES: Final = frozenset({408, 500, 502, 503, 504})
    """The statuses that are tried again if the method may be."""
    REPEATABLE: Final = ("GET", "PUT", "DELETE")
    """The methods that ``methods`` may hold."""

    attempts: int
    deadline: float
    methods: frozenset[str]
    base: float
    longest: float
    retry_after: float

    def __init__(
        self,
        attempts: int = 5,
        deadline: float = 300.0,
        methods: Iterable[str] = ("GET",),
        base: float = 0.5,
        longest: float = 20.0,
        retry_after: float = 60.0,
    ) -> None:
        if not isinstance(attempts, int) or isinstance(attempts, bool) or not 1 <= attempts <= 1000:
            raise InvalidConfiguration(f"retry: attempts must be a whole number from 1 to 1000, not {attempts!r}")
        for name, seconds in (
            ("deadline", deadline),
            ("base", base),
            ("longest", longest),
            ("retry_after", retry_after),
        ):
            if isinstance(seconds, bool) or not isinstance(seconds, (int, float)) or not 0 <= seconds < 1e9:
                raise InvalidConfiguration(f"retry: {name} must be a number of seconds, not {seconds!r}")
        names = frozenset([methods] if isinstance(methods, str) else methods)
        if not names <= {*self.REPEATABLE}:
            raise InvalidConfiguration(
                f"retry: methods may be {', '.join(self.REPEATABLE)}, not {', '.join(map(str, names))}: what may have "
                "been done already is not sent again otherwise"
            )
        put(self, "attempts", attempts)
        put(self, "deadline", float(deadline))
        put(self, "methods", names)
        put(self, "base", float(base))
        put(self, "longest", float(longest))
        put(self, "retry_after", float(retry_after))

    def __call__(self, failed: FailedAttempt, /) -> Wait | GiveUp:
        """Decide; see the class."""
        if (refusal := self._refusal(failed)) is not None:
            return refusal
        if failed.attempt >= self.attempts:
            return GiveUp(f"{self.attempts} are allowed")
        now = failed.now
        answer = failed.response if failed.error is None else failed.error.response
        asked = retry_after(answer, now.wall) if isinstance(answer, Response) else None
        # 2.0**1024 overflows; no wait is that long.
        low, high = 0.0, min(self.longest, self.base * 2.0 ** min(failed.attempt - 1, 60))
        if asked is not None:
            if asked > self.retry_after:
                return GiveUp(f"the API asks to wait {asked:.0f} s, more than the {self.retry_after:.0f} s allowed")
            low, high = asked, asked + self.base
        ends_by = now.monotonic - failed.elapsed + self.deadline
        left = ends_by - now.monotonic
        if low >= left:
            return GiveUp("the time for the call is over, or would be after the wait")
        # An attempt that begins when it has to be over is useless.
        return Wait(low, min(high, (low + left) / 2), ends_by)

    def _refusal(self, failed: FailedAttempt) -> GiveUp | None:
        """Return why the call must not be tried again, None if it may."""
        request, response, error = failed.request, failed.response, failed.error
        if response is not None:
            if response.status == 429:
                return None
            mine = response.status in self.STATUSES
        elif error is None or isinstance(error, (TLSError, TotalTimeout)):
            return GiveUp()
        elif error.beforehand:
            # A request of the client's own for a token or the time: the call was not sent yet, or refused.
            return None if error.retry_safe else GiveUp()
        elif error.method == request.method and error.url == redact_url(request.url):
            if isinstance(error, HTTPError) and not error.may_have_arrived:
                return None
            mine = isinstance(error, HTTPError)
        else:
            # Other middleware sent another request, and nothing is known of those before it.
            mine = error.retry_safe
        if mine and request.method in self.methods:
            return None
        return GiveUp(f"{request.method} may have been carried out") if mine else GiveUp()


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


def chosen_policy(policy: Policy | None, options: Mapping[str, Any]) -> Policy | None:
    """Return the policy that options ask for: ``retry``, ``retry_methods``, ``retry_deadline``; None for none.

    Args:
        policy: the policy if the options say nothing else; None for none, unless ``retry`` switches it on.
        options: settings of a client, or of one call.

    Raises:
        InvalidConfiguration: the options change a policy that is not a :class:`RetryPolicy`.
    """
    chosen = options.get("retry")
    if chosen is False or (chosen is None and policy is None):
        return None
    values = {name: options[f"retry_{name}"] for name in ("methods", "deadline") if f"retry_{name}" in options}
    if callable(chosen):
        policy = cast("Policy", chosen)
    elif chosen is not None and chosen is not True:
        # A number of retries asks for this policy.
        policy = policy if isinstance(policy, RetryPolicy) else RetryPolicy()
        values["attempts"] = chosen
    if policy is None:
        policy = RetryPolicy()
    if not values:
        return policy
    if not isinstance(policy, RetryPolicy):
        names = ", ".join(f"retry_{name}" for name in values)
        raise InvalidConfiguration(f"{names} cannot be set for a retry policy that is not a RetryPolicy")
    return policy.replacing(**values)


def retried(
    policy: Policy | None,
    budget: RetryBudget | None = None,
    notify: Observer | None = None,
    timeout: Timeout = DEFAULT_TIMEOUT,
) -> Middleware:
    """Return middleware that tries again as a policy says.

    A call may have a policy of its own, in the options of its request; see :func:`chosen_policy`.

    Args:
        policy: the policy of the client; None to try nothing again unless a call has its own.
        budget: shared by all calls; None for a new one.
        notify: an observer of retries.
        timeout: the timeout of requests that have none of their own.
    """
    shared = RetryBudget() if budget is None else budget

    def middleware(handler: Handler) -> Handler:
        def handle(request: Request) -> Flow[Response]:
            rule = policy
            if request.call is not None and request.call.options:
                try:
                    rule = chosen_policy(policy, request.call.options)
                except InvalidConfiguration as error:
                    raise InvalidRequest(str(error)) from None
            return handler(request) if rule is None else _attempts(handler, request, rule)

        return handle

    def _attempts(handler: Handler, request: Request, rule: Policy) -> Flow[Response]:
        begun: Now = yield CLOCK
        sent, waited, attempt = begun, 0.0, request
        history: tuple[Attempt, ...] = ()
        while True:
            response, error = None, None
            try:
                response = yield from handler(attempt)
                if response.status < 400 and not history:
                    shared.succeeded()
                    return response
            except APIError as failure:
                error = failure
            now: Now = yield CLOCK
            history += (_attempt(len(history) + 1, response, error, now.monotonic - sent.monotonic, waited),)
            if response is not None and response.status < 400:
                shared.succeeded()
                return _with(response, history)
            well = response is not None and response.status < 500 and response.status not in (408, 429)
            if well and response is not None and is_answer_of_api(response):
                shared.succeeded()  # the API is well
            elapsed = now.monotonic - begun.monotonic
            decision = _within(
                _decided(rule, FailedAttempt(request, len(history), response, error, now, elapsed)), request, now
            )
            if isinstance(decision, Wait) and not shared.take():
                decision = GiveUp("the retry budget of this client is used up")
            if isinstance(decision, Wait):
                wait = yield Uniform(decision.low, decision.high)
                waited = min(max(wait, decision.low), decision.high)
                if notify is not None:
                    with loading:
                        from ..events import RetryScheduled

                    call = None if request.call is None else request.call.number
                    notify(RetryScheduled(request.method, request.url, history[-1], waited, call, shared.left))
                yield Sleep(waited)
                sent = yield CLOCK
                if decision.ends_by is None:
                    attempt = request
                    continue
                if sent.monotonic < decision.ends_by:
                    attempt = request.due(request.timeout or timeout, decision.ends_by)
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

    return middleware


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
