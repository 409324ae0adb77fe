"""One request, one response: the innermost handler."""

from __future__ import annotations

from typing import Final

from ..exceptions import HTTPError, TLSError, TotalTimeout
from ..protocol.clock import Now
from ..protocol.messages import DEFAULT_TIMEOUT, Request, Response, Timeout
from ..protocol.responses.decoding import annotate
from .effects import Clock, Flow, Handler, Send

__all__ = ["exchange", "limited"]

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
        effect = Send(request)
        if request.deadline is not None:
            effect = Send((yield from _shortened(request, request.deadline)))
        response: Response = yield effect
    except HTTPError as error:
        if error.method is None:
            error.retry_safe = not error.may_have_arrived or request.method == "GET"
            if isinstance(error, TLSError) and error.hint is None:
                error.hint = _TRUST
            annotate(error, request)
        raise
    return response


def _shortened(request: Request, deadline: float) -> Flow[Request]:
    """Return the request with as much of its total timeout as earlier exchanges of its call have left."""
    now: Now = yield Clock()
    left = deadline - now.monotonic
    if left <= 0:
        error = TotalTimeout("The time for the call was over before this request could be sent")
        error.may_have_arrived = False
        raise error
    connect, read, _ = request.timeout or DEFAULT_TIMEOUT
    return request.due(Timeout(connect, read, left), deadline)


def limited(handler: Handler, default: Timeout) -> Handler:
    """Let the total timeout of a request count for all exchanges of its call together.

    What a call waits for that others wait for, too (a token, the time), has limits of its own.

    Args:
        handler: what answers.
        default: timeout of requests that have none.
    """

    def handle(request: Request) -> Flow[Response]:
        timeout = request.timeout or default
        return handler(request) if timeout.total is None else _limited(handler, request, timeout, timeout.total)

    return handle


def _limited(handler: Handler, request: Request, timeout: Timeout, total: float) -> Flow[Response]:
    now: Now = yield Clock()
    response = yield from handler(request.due(timeout, now.monotonic + total))
    return response
