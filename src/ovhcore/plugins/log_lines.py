"""The lines that are logged of events; loaded with the first of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from ..exceptions import visible
from ..flows.events import (
    CallEnded,
    CallStarted,
    ClockCorrected,
    Event,
    RequestFailed,
    RequestSent,
    ResponseReceived,
    RetryScheduled,
    Throttled,
    TokenRenewed,
)

if TYPE_CHECKING:
    from logging import Logger

__all__ = ["write_event"]

_DEBUG: Final = 10
_INFO: Final = 20

# The messages are a promise: log collectors group by them. Fields in the order of the placeholders.
_MESSAGES: Final[dict[type, tuple[int, str, tuple[str, ...]]]] = {
    CallStarted: (_DEBUG, "Call %s: %s %s", ("call", "method", "url")),
    RequestSent: (_DEBUG, "Sent %s %s %s %s", ("method", "url", "headers", "body")),
    ResponseReceived: (
        _DEBUG,
        "Received %s for %s %s within %.3f s, query id: %s %s %s",
        ("status", "method", "url", "elapsed", "query_id", "headers", "body"),
    ),
    RequestFailed: (_DEBUG, "No answer to %s %s: %s within %.3f s", ("method", "url", "error", "elapsed")),
    RetryScheduled: (_INFO, "Trying %s %s again in %.3f s after %s", ("method", "url", "wait", "failed")),
    Throttled: (_DEBUG, "Holding %s %s back for %.3f s: %s", ("method", "url", "wait", "reason")),
    ClockCorrected: (_INFO, "The API's clock is %+.3f s ahead of this machine's", ("offset",)),
    TokenRenewed: (_DEBUG, "New credentials, lifetime in seconds: %s", ("expires_in",)),
}
_UNKNOWN: Final[tuple[int, str, tuple[str, ...]]] = (1, "", ())  # nothing is known of plugins' own kinds
_ANSWERED: Final = "%s %s: status %s within %.3f s, attempts: %s, query id: %s"
_FAILED: Final = "%s %s: %s within %.3f s, attempts: %s"


def write_event(logger: Logger, event: Event) -> None:
    """Write an event to a logger, with its fields as ``ovh_status`` and the like, and its name as ``ovh_event``."""
    if isinstance(event, CallEnded):
        level = _INFO
        shown: tuple[Any, ...]
        if event.error is None:
            text = _ANSWERED
            shown = (event.method, event.url, event.status, event.elapsed, event.attempts, event.query_id)
        else:
            text = _FAILED
            # Nobody waits for the call any more.
            error = "cancelled" if event.error == "GeneratorExit" else event.error
            shown = (event.method, event.url, error, event.elapsed, event.attempts)
    else:
        level, text, fields = _MESSAGES.get(type(event), _UNKNOWN)
        if not logger.isEnabledFor(level):
            return
        shown = tuple(getattr(event, name) for name in fields)
    extra = {f"ovh_{name}": value for name, value in event._asdict().items()}
    extra["ovh_event"] = type(event).__name__
    arguments = tuple(visible(str(value)) if isinstance(value, (str, tuple)) else value for value in shown)
    logger.log(level, text, *arguments, extra=extra)
