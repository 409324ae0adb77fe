"""Tell observers of calls and exchanges. Costs next to nothing while nobody wants to know."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import suppress
from itertools import count
from typing import Final
from urllib.parse import quote

from ..exceptions import APIError, visible
from ..protocol.clock import Now
from ..protocol.messages import Call, Headers, Request, Response
from ..protocol.redaction import (
    REDACTED,
    SECRET_FIELDS,
    Redaction,
    is_secret_header,
    redact_json,
    redact_text,
    redact_url,
    redactor,
)
from ..protocol.requests.values import json_text
from ..protocol.responses.decoding import parse_json
from .effects import GLANCE, Flow, Handler
from .events import CallEnded, CallStarted, Notifier, RequestFailed, RequestSent, ResponseReceived

__all__ = ["Contents", "observed_calls", "observed_exchanges"]

SHOWN: Final = 2048
"""Characters of a body that an event holds."""
# Bodies are redacted whole, for half a secret would not be recognised; what is larger is not shown at all.
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
        self._names = declared.names | SECRET_FIELDS
        # Kept until the secrets are others. Each is replaced as a whole, so threads need no lock.
        self._hiding: tuple[list[str], Callable[[str], str]] = ([], self._with_patterns(str))
        self._url: tuple[Callable[[str], str], str, str] = (str, "", "")

    def _hider(self) -> Callable[[str], str]:
        """Return what hides known values and what matches a pattern."""
        values = [*self._secrets(), *(value.reveal() for value in self._declared.values)]
        known, hide = self._hiding
        if values != known:  # consumer keys and tokens come and go
            # In URLs they stand percent-encoded.
            hide = self._with_patterns(redactor([*values, *(quote(value, safe="") for value in values)]))
            self._hiding = (values, hide)
        return hide

    def _with_patterns(self, known: Callable[[str], str]) -> Callable[[str], str]:
        patterns = self._declared.patterns

        def hide(text: str) -> str:
            text = known(text)
            for pattern in patterns:
                text = pattern.sub(REDACTED, text)
            return text

        return hide

    def _full_hider(self) -> Callable[[str], str]:
        """Return what also hides what stands behind the name of a secret."""
        hide, names = self._hider(), self._names
        return lambda text: hide(redact_text(text, names))

    def text(self, text: str) -> str:
        """Return text that may be shown."""
        return self._full_hider()(text)

    def url(self, url: str) -> str:
        """Return a URL that may be shown."""
        hide = self._hider()
        by, known, shown = self._url  # all events of a call have the same
        if by is not hide or known != url:
            shown = hide(redact_url(url, self._is_secret))
            self._url = (hide, url, shown)
        return shown

    def headers(self, headers: Headers) -> tuple[tuple[str, str], ...]:
        """Return header fields that may be shown."""
        hide = self._full_hider()
        return tuple(
            (name, REDACTED if is_secret_header(name) or self._is_secret(name) else hide(value))
            for name, value in headers.pairs
        )

    def body(self, body: bytes) -> str:
        """Return the beginning of a body that may be shown."""
        if not body:
            return ""
        text = self._redacted(body)
        if text is None:
            return f"({len(body)} bytes)"
        text = visible(text)
        return text if len(text) <= SHOWN else f"{text[:SHOWN]}... ({len(body)} bytes)"

    def _redacted(self, body: bytes) -> str | None:
        if len(body) <= _JSON_LOOKED_AT:
            with suppress(ValueError, RecursionError):
                return json_text(redact_json(parse_json(body), self._full_hider(), self._is_secret), "a body")
        return self.text(body.decode("utf-8", "replace")) if len(body) <= _TEXT_LOOKED_AT else None

    def _is_secret(self, name: str) -> bool:
        return name.lower() in self._names


def observed_calls(handler: Handler, notify: Notifier) -> Handler:
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
        notify(CallEnded(method, url, number, response.status, None, response.query_id, attempts, passed))
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
        seen = ResponseReceived(
            method, url, response.status, response.query_id, received.monotonic - sent.monotonic, call, number
        )
        if detailed:
            seen = seen._replace(headers=contents.headers(response.headers), body=contents.body(response.body))
        notify(seen)
        return response

    return handle
