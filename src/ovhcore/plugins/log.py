"""The observer that writes events to the logger ``ovhcore``."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from logging import Logger

    from ..flows.events import Event

__all__ = ["LOGGER", "LogObserver"]

LOGGER: Final = "ovhcore"
"""The name of the logger."""

_DEBUG: Final = 10
_INFO: Final = 20


class LogObserver:
    """Writes each event to a logger: a line for each call at INFO, all that happens at DEBUG.

    Every record has the fields of its event, as ``ovh_status`` and the like, and its name as
    ``ovh_event``.
    """

    def __init__(self) -> None:
        self._logger: Logger | None = None
        self._write: Callable[[Logger, Event], None] | None = None

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
        if self._write is None:
            from .log_lines import write_event

            self._write = write_event
        self._write(self._logger, event)
