"""The events that observers are told. They hold no secret: URLs, header fields and bodies are redacted.

Events of one call have its number as ``call``. The number is None where a client acts for several
calls at once: when it asks for the time, or for a token. The events of one exchange, a
request and its outcome, have its number as ``exchange``. Both count from 1 in each client.

No module imports this one before there is an event: it takes a while to make these classes.
"""

from __future__ import annotations

from typing import NamedTuple, TypeAlias

from ..protocol.responses.attempts import Attempt

__all__ = [
    "CallEnded",
    "CallStarted",
    "ClockCorrected",
    "Event",
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
