"""Handlers that tell observers of calls and exchanges; loaded when the first observer is active."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ..exceptions import APIError
from ..protocol.clock import Now
from ..protocol.messages import Call, Request, Response
from .effects import GLANCE, Flow, Handler
from .events import CallEnded, CallStarted, RequestFailed, RequestSent, ResponseReceived

if TYPE_CHECKING:
    from .observation import Contents, Notifier

__all__ = ["telling_of_calls", "telling_of_exchanges"]


def telling_of_calls(handler: Handler, notify: Notifier, contents: Contents, numbers: Iterator[int]) -> Handler:
    """Tell of the beginning and the end of every call, and give it its number."""

    def observed(request: Request) -> Flow[Response]:
        number, method, url = next(numbers), request.method, request.url
        begun: Now = yield GLANCE
        notify(CallStarted(method, url, number))
        options = request.call.options if request.call is not None else None
        try:
            response = yield from handler(request.of_call(Call(number, options)))
        except BaseException as error:
            ended: Now = begun if isinstance(error, GeneratorExit) else (yield GLANCE)
            attempts = error.attempts if isinstance(error, APIError) else 1
            kind, passed = type(error).__name__, ended.monotonic - begun.monotonic
            notify(CallEnded(method, url, number, None, kind, None, attempts, passed))
            raise
        ended = yield GLANCE
        passed = ended.monotonic - begun.monotonic
        attempts = max(1, len(response.history))
        query_id = contents.query_id(response, request)
        notify(CallEnded(method, url, number, response.status, None, query_id, attempts, passed))
        return response

    return observed


def telling_of_exchanges(handler: Handler, notify: Notifier, contents: Contents, numbers: Iterator[int]) -> Handler:
    """Tell of every request and its response."""

    def observed(request: Request) -> Flow[Response]:
        method, url = request.method, request.url
        call = None if request.call is None else request.call.number
        number = next(numbers)
        detailed = notify.wants_contents
        begun = RequestSent(method, url, call, number)
        if detailed:
            begun = begun._replace(headers=contents.headers(request.headers), body=contents.body(request.body))
        sent: Now = yield GLANCE
        notify(begun)
        try:
            response = yield from handler(request)
        except BaseException as error:
            received: Now = sent if isinstance(error, GeneratorExit) else (yield GLANCE)
            notify(RequestFailed(method, url, type(error).__name__, received.monotonic - sent.monotonic, call, number))
            raise
        received = yield GLANCE
        known = contents.of_request(request) if detailed else None
        query_id = contents.query_id(response, request, known)
        seen = ResponseReceived(
            method, url, response.status, query_id, received.monotonic - sent.monotonic, call, number
        )
        if known is not None:
            body = known.body(response.body, named=url.partition("?")[0].rpartition("/")[2])
            seen = seen._replace(headers=known.headers(response.headers), body=body)
        notify(seen)
        return response

    return observed
