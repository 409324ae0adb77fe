"""Retries of failed calls, where that can do no harm, and no longer than it makes sense."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Final, cast

from ...exceptions import APIError, HTTPError, InvalidConfiguration, InvalidRequest, TLSError, TotalTimeout
from ...protocol.frozen import Frozen, put
from ...protocol.messages import DEFAULT_TIMEOUT, Request, Response, Timeout
from ...protocol.redaction import redact_url
from ..effects import CLOCK, Flow, Handler, Middleware
from ..interpreter_exit import reporting_shutdown
from ..observation import Observer
from .retry_budget import RetryBudget

if TYPE_CHECKING:
    from ...protocol.clock import Now
    from .after_failure import FailedAttempt, GiveUp, Policy, Wait

__all__ = ["RetryPolicy", "chosen_policy", "retried"]

# What follows a failure is in after_failure, and loaded then: most programs see none.


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
        with reporting_shutdown:
            from .after_failure import GiveUp, Wait, retry_after

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
        from .after_failure import GiveUp

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
        """Make the first attempt; what follows a failure is loaded with the first one."""
        begun: Now = yield CLOCK
        response: Response | None = None
        error: APIError | None = None
        try:
            response = yield from handler(request)
            if response.status < 400:
                shared.succeeded()
                return response
        except APIError as failure:
            error = failure
        with reporting_shutdown:
            from .after_failure import try_again
        try:
            return (yield from try_again(handler, request, rule, begun, response, error, shared, notify, timeout))
        finally:
            error = None  # or the exception would hold this frame, which holds it

    return middleware
