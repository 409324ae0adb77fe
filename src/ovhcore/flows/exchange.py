"""One request, one response: the innermost handler."""

from __future__ import annotations

from typing import Final

from ..exceptions import HTTPError, TLSError, TotalTimeout
from ..protocol.clock import Now
from ..protocol.messages import DEFAULT_TIMEOUT, Request, Response, Timeout
from ..protocol.responses.decoding import annotate
from .causes import complete_causes
from .effects import CLOCK, Flow, Handler, Send

__all__ = ["exchange", "limited"]

_MOMENT: Final = 0.001
"""Seconds by which the end of a call need not be kept more exactly."""

_TRUST: Final = (
    "If the server's certificate is your own or your company's, name the file that vouches for it as ca_bundle; "
    "check the endpoint's host and port, too."
)


def exchange(request: Request) -> Flow[Response]:
    """Send a request; an exception says which one failed and whether it may be sent again.

    Raises:
        NetworkError: no answer came.
    """
    try:
        if request.deadline is not None:
            now: Now = yield CLOCK
            request = _shortened(request, request.deadline, now.monotonic)
        response: Response = yield Send(request)
    except HTTPError as error:
        if error.method is None:
            error.retry_safe = not error.may_have_arrived or request.method == "GET"
            if isinstance(error, TLSError) and error.hint is None:
                error.hint = _TRUST
            annotate(error, request)
            complete_causes(error)
        raise
    return response


def _shortened(request: Request, deadline: float, now: float) -> Request:
    """Return the request with as much of its total timeout as earlier exchanges of its call have left."""
    left = deadline - now
    timeout = request.timeout or DEFAULT_TIMEOUT
    if timeout.total is not None and 0 <= timeout.total - left < _MOMENT < left:
        return request  # the first exchange of a call, most often; transports know what they were made with
    if left <= 0:
        error = TotalTimeout("The time for the call was over before this request could be sent")
        error.may_have_arrived = False
        raise error
    return request.due(Timeout(timeout.connect, timeout.read, left), deadline)


def limited(handler: Handler, default: Timeout) -> Handler:
    """Let the total timeout of a request count for all exchanges of its call together.

    What a call waits for that others wait for, too (a token, the time), has limits of its own.

    Args:
        handler: what answers.
        default: timeout of requests that have none. Where it is the one that holds where nobody says anything, a
            transport's own comes before it.
    """
    said = None if default is DEFAULT_TIMEOUT else default

    def handle(request: Request) -> Flow[Response]:
        total = (request.timeout or default).total
        return handler(request) if total is None else _limited(handler, request, request.timeout or said, total)

    return handle


def _limited(handler: Handler, request: Request, timeout: Timeout | None, total: float) -> Flow[Response]:
    now: Now = yield CLOCK
    return (yield from handler(request.due(timeout, now.monotonic + total)))
