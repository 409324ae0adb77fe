"""One request, one response: the innermost handler."""

from __future__ import annotations

from ..exceptions import HTTPError
from ..protocol.clock import Now
from ..protocol.decoding import annotate
from ..protocol.messages import Request, Response
from ..protocol.redaction import redact_url
from .effects import Clock, Flow, Handler, Send
from .events import Observer, RequestFailed, RequestSent, ResponseReceived

__all__ = ["exchange", "observed"]


def exchange(request: Request) -> Flow[Response]:
    """Send a request; an exception says which one failed and whether it may be sent again.

    Raises:
        NetworkError: no answer came.
    """
    try:
        response: Response = yield Send(request)
    except HTTPError as error:
        if error.method is None:
            error.retry_safe = not error.may_have_arrived or request.method == "GET"
            annotate(error, request)
        raise
    return response


def observed(handler: Handler, observe: Observer) -> Handler:
    """Tell an observer of every exchange."""

    def handle(request: Request) -> Flow[Response]:
        method, url = request.method, redact_url(request.url)
        observe(RequestSent(method, url))
        sent: Now = yield Clock()
        try:
            response = yield from handler(request)
        except Exception as error:
            received: Now = yield Clock()
            observe(RequestFailed(method, url, type(error).__name__, received.monotonic - sent.monotonic))
            raise
        received = yield Clock()
        elapsed = received.monotonic - sent.monotonic
        observe(ResponseReceived(method, url, response.status, response.query_id, elapsed))
        return response

    return handle
