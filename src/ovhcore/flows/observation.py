"""Observers of a client, and what events show them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from ..exceptions import APIError, visible
from ..protocol.messages import Headers, Request, Response
from ..protocol.redaction import Redaction, redact_text, redact_url
from ..protocol.requests.values import json_text
from ..protocol.responses.decoding import parse_json
from .interpreter_exit import loading

if TYPE_CHECKING:
    from ..protocol.secrets.redacting import Redactor
    from .events import Event

__all__ = ["Contents", "Notifier", "Observer"]

Observer: TypeAlias = "Callable[[Event], None]"
"""A function that is called with each event, in the thread or task of the call; it must not block.

Two attributes, which may change at any time, spare work that nobody wants: ``active``, whether the
observer wants events at all, by default True; ``wants_contents``, whether its events are to hold
header fields and bodies, by default False."""

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


class Notifier:
    """Tells all observers of one client about events.

    Args:
        observers: the name of a plugin, and its observer.
        strict: whether an observer that fails breaks the call. Otherwise it is logged under
            the name of its plugin: a call that has reached the API is not lost because
            an observer failed.
        url: a function that hides secrets in the URLs of all events.
        text: a function that hides secrets in the other texts of events.
    """

    def __init__(
        self,
        observers: Iterable[tuple[str, Observer]],
        *,
        strict: bool = False,
        url: Callable[[str], str] = redact_url,
        text: Callable[[str], str] = redact_text,
    ) -> None:
        self._observers = tuple(observers)
        self._strict = strict
        self._url = url
        self._text = text
        self._named = ("", "")
        # An observer without ``active`` is always active. Every call asks, so the answer is prepared here.
        self._switched: tuple[Any, ...] = tuple(each for _, each in self._observers if _can_say(each))
        self._always = len(self._switched) < len(self._observers)

    @property
    def active(self) -> bool:
        """Whether any observer wants events."""
        if self._always:
            return True
        for observer in self._switched:
            try:
                if observer.active:
                    return True
            except Exception:  # the observer is told, and if that fails too, the failure is logged
                return True
        return False

    @property
    def wants_contents(self) -> bool:
        """Whether any observer wants header fields and bodies."""
        with suppress(Exception):
            return any(getattr(observer, "wants_contents", False) for _, observer in self._observers)
        return False

    def __call__(self, event: Event) -> None:
        """Tell of an event."""
        event = self._redacted(event)
        for name, observer in self._observers:
            try:
                observer(event)
            except Exception as error:
                what = f"An observer failed at {type(event).__name__}: plugin {name}"
                if self._strict and isinstance(error, APIError):
                    raise RuntimeError(what) from error  # an APIError would look like a failure of the call
                if self._strict:
                    raise
                import logging

                logging.getLogger("ovhcore").exception("%s", what)

    def _redacted(self, event: Event) -> Event:
        # Plugins send events, too, also of kinds of their own.
        if isinstance(url := getattr(event, "url", None), str):
            event = event._replace(url=self._url(url))  # type: ignore[call-arg]
        # A server may put anything into the query id.
        if isinstance(query_id := getattr(event, "query_id", None), str):
            if query_id != self._named[0]:  # two events of a call have the same id
                self._named = (query_id, self._text(query_id))
            event = event._replace(query_id=self._named[1])  # type: ignore[call-arg]
        if (failed := getattr(event, "failed", None)) is not None:
            with loading:
                from ..protocol.attempts import Attempt

            known = isinstance(failed, Attempt)  # plugins may mean something else by this name
            event = event._replace(failed=failed.shown(self._text)) if known else event  # type: ignore[call-arg]
        return event


def _can_say(observer: object) -> bool:
    try:
        return hasattr(observer, "active")
    except Exception:  # a property that fails now, and perhaps not later
        return True
