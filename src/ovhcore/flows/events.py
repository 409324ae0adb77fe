"""What observers are told. Events hold no secret: URLs are redacted, bodies and headers left out."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple, TypeAlias

__all__ = [
    "ClockCorrected",
    "Event",
    "Observer",
    "RequestFailed",
    "RequestSent",
    "ResponseReceived",
    "TokenRenewed",
    "notifier",
]


class RequestSent(NamedTuple):
    """A request is about to be sent."""

    method: str
    url: str


class ResponseReceived(NamedTuple):
    """A response came, of whatever status; ``elapsed`` in seconds."""

    method: str
    url: str
    status: int
    query_id: str | None
    elapsed: float


class RequestFailed(NamedTuple):
    """No response came; ``error`` is the name of the exception."""

    method: str
    url: str
    error: str
    elapsed: float


class ClockCorrected(NamedTuple):
    """The offset to the server's clock, in seconds, is now another."""

    offset: float


class TokenRenewed(NamedTuple):
    """A new OAuth2 access token came; ``expires_in`` in seconds."""

    expires_in: float


Event: TypeAlias = RequestSent | ResponseReceived | RequestFailed | ClockCorrected | TokenRenewed

Observer: TypeAlias = Callable[[Event], None]
"""Called with each event, in the thread or task the call runs in; must not block."""


def notifier(observers: Iterable[Observer]) -> Observer:
    """Return what tells all of several observers; one that fails is logged and breaks no call."""
    told = tuple(observers)

    def notify(event: Event) -> None:
        for observer in told:
            try:
                observer(event)
            except Exception:
                # A call that has reached the API is not lost because somebody who watches failed.
                import logging

                logging.getLogger("ovhcore").exception("An observer failed at %s", type(event).__name__)

    return notify
