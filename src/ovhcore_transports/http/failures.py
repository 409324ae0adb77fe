"""Exceptions of HTTP libraries: where they come from, and what may be shown of them."""

from __future__ import annotations

from typing import Final

__all__ = ["ENDED", "RESETS", "causes_of", "reason_of"]

ENDED: Final = "the connection ended before the answer was complete"
"""What every transport says of that."""

RESETS: Final = (ConnectionResetError, BrokenPipeError)
"""How Linux says that a connection was reset; the second where the other side had said goodbye before."""


def causes_of(error: BaseException) -> list[BaseException]:
    """Return an exception and everything it came from, tracebacks taken off: their frames hold signed headers.

    urllib3 hands some over as an argument, trio in a group.
    """
    found: list[BaseException] = []
    todo: list[BaseException | None] = [error]
    while todo:
        link = todo.pop(0)
        if link is None or link in found:
            continue
        link.__traceback__ = None
        found.append(link)
        todo += [link.__cause__, link.__context__]
        todo += [each for each in link.args if isinstance(each, BaseException)]
        if isinstance(link, BaseExceptionGroup):
            todo += link.exceptions
    return found


def reason_of(causes: list[BaseException]) -> str:
    """Return what the operating system says, in parentheses, or nothing.

    What the library says may quote what came, which may repeat what was sent.
    """
    reason = next((cause.strerror for cause in reversed(causes) if isinstance(cause, OSError) and cause.strerror), "")
    return f" ({reason})" if reason else ""
