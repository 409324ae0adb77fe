"""The events that observers are told. They hold no secret: URLs, header fields and bodies are redacted.

Events of one call have its number as ``call``. The number is None where a client acts for several
calls at once: when it asks for the time, or for a token. The events of one exchange, a
request and its outcome, have its number as ``exchange``. Both count from 1 in each client.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Any, NamedTuple, TypeAlias

from ..exceptions import APIError
from ..protocol.messages import Attempt
from ..protocol.redaction import redact_text, redact_url

__all__ = [
    "CallEnded",
    "CallStarted",
    "ClockCorrected",
    "Event",
    "Notifier",
    "Observer",
    "RequestFailed",
    "RequestSent",
    "ResponseReceived",
    "RetryScheduled",
    "Throttled",
    "TokenRenewed",
]


class CallStarted(NamedTuple):
    """A call begins."""

    method: str
    url: str
    call: int


class RequestSent(NamedTuple):
    """A request is about to be sent: an attempt of a call, or one that the client makes by itself.

    ``headers`` and ``body``, cut off, are there if an observer wants contents.
    """

    method: str
    url: str
    call: int | None = None
    exchange: int = 0
    headers: tuple[tuple[str, str], ...] | None = None
    body: str | None = None


class ResponseReceived(NamedTuple):
    """A response came, of whatever status; ``elapsed`` in seconds.

    ``headers`` and ``body``, cut off, are there if an observer wants contents.
    """

    method: str
    url: str
    status: int
    query_id: str | None
    elapsed: float
    call: int | None = None
    exchange: int = 0
    headers: tuple[tuple[str, str], ...] | None = None
    body: str | None = None


class RequestFailed(NamedTuple):
    """No response came; ``error`` is the name of the exception."""

    method: str
    url: str
    error: str
    elapsed: float
    call: int | None = None
    exchange: int = 0


class RetryScheduled(NamedTuple):
    """An attempt failed, and another one follows after ``wait`` seconds.

    ``budget_left`` is how many more retries the calls of the client may take together; None if it is not known.
    """

    method: str
    url: str
    failed: Attempt
    wait: float
    call: int | None = None
    budget_left: int | None = None


class Throttled(NamedTuple):
    """A request waits ``wait`` seconds so that a limit of the client's own is kept; ``reason`` says which."""

    method: str
    url: str
    wait: float
    reason: str
    call: int | None = None


class ClockCorrected(NamedTuple):
    """The offset to the server's clock has changed; ``offset`` is the new one, in seconds."""

    offset: float


class TokenRenewed(NamedTuple):
    """New credentials came: an OAuth2 access token, which lives ``expires_in`` seconds; or other ones, with None."""

    expires_in: float | None


class CallEnded(NamedTuple):
    """A call is over: with a response of ``status``, or without one, then ``error`` names the exception.

    ``elapsed`` in seconds, waits included.
    """

    method: str
    url: str
    call: int
    status: int | None
    error: str | None
    query_id: str | None
    attempts: int
    elapsed: float


Event: TypeAlias = (
    CallStarted
    | RequestSent
    | ResponseReceived
    | RequestFailed
    | RetryScheduled
    | Throttled
    | ClockCorrected
    | TokenRenewed
    | CallEnded
)

Observer: TypeAlias = Callable[[Event], None]
"""A function that is called with each event, in the thread or task of the call; it must not block.

Two attributes, which may change at any time, spare work that nobody wants: ``active``, whether the
observer wants events at all, by default True; ``wants_contents``, whether its events are to hold
header fields and bodies, by default False."""


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
        if isinstance(event, RetryScheduled):
            event = event._replace(failed=event.failed.shown(self._text))
        return event


def _can_say(observer: object) -> bool:
    try:
        return hasattr(observer, "active")
    except Exception:  # a property that fails now, and perhaps not later
        return True
