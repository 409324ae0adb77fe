"""Handlers that tell observers about calls and exchanges. They cost next to nothing without active observers."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import suppress
from itertools import count
from typing import TYPE_CHECKING, Final

from ..exceptions import APIError, visible
from ..protocol.clock import Now
from ..protocol.messages import Call, Headers, Request, Response
from ..protocol.redaction import Redaction
from ..protocol.requests.values import json_text
from ..protocol.responses.decoding import parse_json
from .effects import GLANCE, Flow, Handler
from .events import CallEnded, CallStarted, Notifier, RequestFailed, RequestSent, ResponseReceived

if TYPE_CHECKING:
    from ..protocol.secrets.redacting import Redactor

__all__ = ["Contents", "observed_calls", "observed_exchanges"]

SHOWN: Final = 2048
"""Characters of a body that an event holds."""
# Bodies are redacted whole, since half a secret would not be recognised; larger bodies are not shown at all.
_JSON_LOOKED_AT: Final = 256 * 1024
_TEXT_LOOKED_AT: Final = 32 * 1024


class Contents:
    """URLs, header fields and bodies as events show them.

    Args:
        secrets: returns the values that must not be shown.
        declared: what plugins declare as secret.
    """

    def __init__(self, secrets: Callable[[], Iterable[str]], declared: Redaction = Redaction()) -> None:  # noqa: B008
        self._secrets = secrets
        self._declared = declared
        # These are kept until the secrets change. Each is replaced as a whole, so threads need no lock.
        self._hiding: tuple[list[str], Redactor] | None = None
        self._url: tuple[object, str, str] = (None, "", "")
        self._query_id: tuple[object, object, str] = (None, None, "")

    def redactor(self) -> Redactor:
        """Return a redactor for the secrets of this moment: consumer keys and tokens come and go."""
        values = [*self._secrets()]
        if self._hiding is None or values != self._hiding[0]:
            from ..protocol.secrets.redacting import Redactor

            self._hiding = (values, Redactor(values, self._declared))
        return self._hiding[1]

    def of_request(self, request: Request) -> Contents:
        """Return a copy that hides the secrets of a request, too: an answer may repeat them."""
        from ..protocol.secrets.learning import secrets_of_request

        redactor = self.redactor()
        other = Contents(self._secrets, self._declared)
        other._hiding = ([*self._secrets()], redactor.knowing(secrets_of_request(request, redactor)))
        return other

    def query_id(self, response: Response, request: Request, known: Contents | None = None) -> str | None:
        """Return the query id of a response, with secrets hidden: a server may repeat there what the request has sent.

        Args:
            response: the response that has the query id.
            request: the request as it was sent.
            known: the contents that hide the secrets of the request, if they are there already.
        """
        found = response.query_id
        if found is None or not (request.body or "?" in request.url):
            return found
        by = self.redactor()
        exchange = (found, request.url, hash(request.body))  # the body itself would be kept until the next call
        if self._query_id[:2] != (by, exchange):  # the exchange and its call end with the same query id
            self._query_id = (by, exchange, (known or self.of_request(request)).text(found))
        return self._query_id[2]

    def text(self, text: str) -> str:
        """Return text that may be shown."""
        return self.redactor().text(text)

    def url(self, url: str) -> str:
        """Return a URL that may be shown."""
        by = self.redactor()
        if self._url[:2] != (by, url):  # all events of a call have the same URL
            self._url = (by, url, by.url(url))
        return self._url[2]

    def headers(self, headers: Headers) -> tuple[tuple[str, str], ...]:
        """Return header fields that may be shown."""
        return tuple(self.redactor().headers(headers.pairs))

    def body(self, body: bytes, *, named: str = "") -> str:
        """Return the beginning of a body that may be shown.

        Args:
            body: the whole body.
            named: the name of the whole body, such as the last part of a path.
        """
        if not body:
            return ""
        text = self._redacted(body, named)
        if text is None:
            return f"({len(body)} bytes)"
        text = visible(text)
        return text if len(text) <= SHOWN else f"{text[:SHOWN]}... ({len(body)} bytes)"

    def _redacted(self, body: bytes, named: str) -> str | None:
        if len(body) <= _JSON_LOOKED_AT:
            with suppress(ValueError, RecursionError):
                return json_text(self.redactor().json(parse_json(body), named=named), "a body")
        return self._text(body.decode("utf-8", "replace")) if len(body) <= _TEXT_LOOKED_AT else None

    def _text(self, text: str) -> str:
        from ..protocol.secrets.redacting import is_form

        return self.redactor().form(text) if is_form(text) else self.text(text)


def observed_calls(handler: Handler, notify: Notifier, contents: Contents) -> Handler:
    """Tell of the beginning and the end of every call, and give it its number."""
    numbers = count(1)

    def handle(request: Request) -> Flow[Response]:
        return observed(request) if notify.active else handler(request)

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

    return handle


def observed_exchanges(handler: Handler, notify: Notifier, contents: Contents) -> Handler:
    """Tell of every request and its response."""
    numbers = count(1)

    def handle(request: Request) -> Flow[Response]:
        return observed(request) if notify.active else handler(request)

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

    return handle
