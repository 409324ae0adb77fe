"""One request, one response: the innermost handler, and the result of a call."""

from __future__ import annotations

import errno
from collections.abc import Callable, Mapping
from typing import Any, Final, TypeAlias

from ..exceptions import APIError, ConnectError, ConnectionLost, HTTPError, TLSError, TotalTimeout, TransportTimeout
from ..protocol.clock import Now
from ..protocol.messages import DEFAULT_TIMEOUT, Headers, Request, Response, Timeout
from ..protocol.responses.decoding import annotate
from .effects import CLOCK, Flow, Handler, Send

__all__ = ["CallResult", "Fetch", "complete_causes", "exchange", "limited", "sent_now"]

_MOMENT: Final = 0.001
"""Seconds; the end of a call is kept no more exactly than this."""

_KINDS: Final[tuple[tuple[type[HTTPError], int], ...]] = (
    (TransportTimeout, errno.ETIMEDOUT),
    (ConnectionLost, errno.ECONNRESET),
)
_SAID: Final = {errno.ETIMEDOUT: "timed out", errno.ECONNRESET: "Connection reset", errno.ECONNREFUSED: "refused"}

_TRUST: Final = (
    "If the server's certificate is your own or your company's, name the file that vouches for it as ca_bundle; "
    "check the endpoint's host and port, too."
)


class CallResult:
    """The result of a call: its value, and the header fields of the answer."""

    __slots__ = ("headers", "value")

    def __init__(self, value: Any, headers: Headers) -> None:
        self.value = value
        self.headers = headers


Fetch: TypeAlias = Callable[[str, Mapping[str, str]], Flow[CallResult]]
"""A function that GETs a path, its query included, with further header fields, and raises the answer's error."""


def exchange(request: Request) -> Flow[Response]:
    """Send a request; an exception names the request and says whether it may be sent again.

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


def sent_now(request: Request, fields: tuple[tuple[str, str], ...], now: float) -> Request:
    """Return the request with header fields added at the end, to be sent at once: with the time that its call has left.

    If no time is left the deadline stays, and :func:`exchange` refuses the request. Otherwise :func:`exchange` need
    not read the clock once more.

    Args:
        request: a request of a call.
        fields: the header fields that authenticate the request.
        now: the time that the monotonic clock has just shown.
    """
    timeout, deadline = request.timeout, request.deadline
    if deadline is not None and (left := deadline - now) > 0:
        timeout, deadline = _with_time_left(timeout, left), None
    headers = Headers(request.headers.pairs + fields)
    return Request(
        request.method, request.url, headers, request.body, request.need_auth, timeout, deadline, request.call
    )


def _with_time_left(timeout: Timeout | None, left: float) -> Timeout | None:
    """Return a timeout with as much of its total as earlier exchanges of the call have left."""
    usual = timeout or DEFAULT_TIMEOUT
    if usual.total is not None and 0 <= usual.total - left < _MOMENT < left:
        return timeout  # the first exchange of a call, most often; transports know what they were made with
    return Timeout(usual.connect, usual.read, left)


def _shortened(request: Request, deadline: float, now: float) -> Request:
    left = deadline - now
    if left <= 0:
        error = TotalTimeout("The time for the call was over before this request could be sent")
        error.may_have_arrived = False
        raise error
    timeout = _with_time_left(request.timeout, left)
    return request if timeout is request.timeout else request.due(timeout, deadline)


def limited(handler: Handler, default: Timeout) -> Handler:
    """Let the total timeout of a request count for all exchanges of its call together.

    A request that several calls wait for (for a token, for the time) has limits of its own.

    Args:
        handler: answers requests.
        default: timeout of requests that have none. If it is :data:`.DEFAULT_TIMEOUT`, a transport's own comes
            before it.
    """
    said = None if default is DEFAULT_TIMEOUT else default

    def handle(request: Request) -> Flow[Response]:
        total = (request.timeout or default).total
        return handler(request) if total is None else _limited(handler, request, request.timeout or said, total)

    return handle


def _limited(handler: Handler, request: Request, timeout: Timeout | None, total: float) -> Flow[Response]:
    now: Now = yield CLOCK
    return (yield from handler(request.due(timeout, now.monotonic + total)))


def complete_causes(error: HTTPError) -> None:
    """Let the chain of ``__cause__`` end in Python's own exception for a failure, if the transport did not say it.

    Some HTTP libraries keep the operating system's exception, some tell of it in words, some see none: a connection
    that simply ends. Programs walk the chain for ``ConnectionRefusedError``, ``ConnectionResetError`` or
    ``TimeoutError``.

    Args:
        error: the failure of an exchange.
    """
    last: BaseException = error
    seen = {id(error)}
    while last.__cause__ is not None and id(last.__cause__) not in seen:
        last = last.__cause__
        seen.add(id(last))
        if isinstance(last, OSError) and not isinstance(last, APIError):
            return
    number = next((number for kind, number in _KINDS if isinstance(error, kind)), None)
    if number is None and isinstance(error, ConnectError) and _SAID[errno.ECONNREFUSED] in error.message.lower():
        number = errno.ECONNREFUSED
    if number is not None:
        # OSError itself chooses the class by the number.
        last.__cause__ = OSError(number, _SAID[number])
