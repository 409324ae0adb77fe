"""The observer that writes events to the logger ``ovhcore``."""

from __future__ import annotations

import sys
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

__all__ = ["LOGGER", "LogObserver"]

LOGGER: Final = "ovhcore"
"""The name of the logger."""

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


class LogObserver:
    """Writes each event to a logger: a line for each call at INFO, all that happens at DEBUG.

    Every record has the fields of its event, as ``ovh_status`` and the like, and its name as
    ``ovh_event``.
    """

    def __init__(self) -> None:
        self._logger: Logger | None = None

    def _level(self) -> int:
        """Return the lowest level that is written, 100 for none."""
        logger = self._logger
        if logger is None:
            # A program that has not loaded logging writes no log; loading it takes longer than a call.
            logging = sys.modules.get("logging")
            if logging is None or not hasattr(logging, "getLogger"):
                return 100
            logger = self._logger = logging.getLogger(LOGGER)
        return _DEBUG if logger.isEnabledFor(_DEBUG) else _INFO if logger.isEnabledFor(_INFO) else 100

    @property
    def active(self) -> bool:
        """Whether the logger takes INFO."""
        return self._level() <= _INFO

    @property
    def wants_contents(self) -> bool:
        """Whether the logger takes DEBUG."""
        return self._level() <= _DEBUG

    def __call__(self, event: Event) -> None:
        """Write an event."""
        if self._level() > _INFO or self._logger is None:
            return
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
            if not self._logger.isEnabledFor(level):
                return
            shown = tuple(getattr(event, name) for name in fields)
        extra = {f"ovh_{name}": value for name, value in event._asdict().items()}
        extra["ovh_event"] = type(event).__name__
        arguments = tuple(visible(str(value)) if isinstance(value, (str, tuple)) else value for value in shown)
        self._logger.log(level, text, *arguments, extra=extra)
