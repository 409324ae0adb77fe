"""Failures of calls because the interpreter shuts down."""

from __future__ import annotations

import re
import sys
from types import TracebackType
from typing import Final

from ..exceptions import APIError, ClientClosed

__all__ = ["at_exit", "reporting_shutdown"]

_OVER: Final = "shut|new thread"  # compiled when it is needed


def at_exit(error: BaseException | None = None) -> ClientClosed | None:
    """Return the exception for a failure because the interpreter is shutting down; None for other failures.

    During the shutdown no thread can be started any more, and later no module imported. Asyncio, executors and
    imports report that in words of their own, which name things that the caller did not ask for.

    Args:
        error: the exception that was raised; None if the end of the interpreter alone explains the failure.
    """
    threads = sys.modules.get("threading")  # where it is not loaded, nothing has needed a thread
    if not sys.is_finalizing() and (threads is None or threads.main_thread().is_alive()):
        return None
    link = error
    while link is not None:
        if (
            isinstance(link, (RuntimeError, ImportError))
            and not isinstance(link, APIError)
            and re.search(_OVER, str(link))
        ):
            break
        link = link.__cause__ or link.__context__
    if error is not None and link is None:
        return None
    return ClientClosed(
        "The interpreter is shutting down, and what this call needs is no longer there: a thread, or a module. "
        "Make calls before the program ends; in an atexit handler, with a Client that has made a call before"
    )


class _ReportingShutdown:
    """A block whose failures because the interpreter shuts down become :class:`.ClientClosed`."""

    def __enter__(self) -> None:
        """Begin."""

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        if error is not None and (ended := at_exit(error)) is not None:
            raise ended from None


reporting_shutdown: Final = _ReportingShutdown()
"""Stands around imports within functions, which fail late in the shutdown: ``with reporting_shutdown:``."""
