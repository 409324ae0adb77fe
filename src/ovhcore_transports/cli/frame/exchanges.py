"""What is sent and what comes, as ``-v`` shows it: events hold no secret."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from ovhcore.flows import Event, RequestFailed, RequestSent, ResponseReceived, RetryScheduled
from ovhcore.plugins import hookimpl

from .text import visible

__all__ = ["ShownExchanges", "lines_of"]


class ShownExchanges:
    """A plugin that shows exchanges, line by line.

    Args:
        show: is told each line.
    """

    wants_contents = True

    def __init__(self, show: Callable[[str], object]) -> None:
        self._show = show

    @hookimpl
    def ovhcore_observer(self) -> ShownExchanges:
        """Look at what the client does."""
        return self

    def __call__(self, event: Event) -> None:
        """Show an event."""
        for line in lines_of(event):
            self._show(line)


def lines_of(event: Event) -> list[str]:
    """Return the lines that show an event: what is sent begins with ``>``, what comes with ``<``."""
    if isinstance(event, RequestSent):
        return _message(">", f"{event.method} {event.url}", event.headers, event.body)
    if isinstance(event, ResponseReceived):
        return _message("<", f"{event.status} within {event.elapsed:.3f} s", event.headers, event.body)
    if isinstance(event, RequestFailed):
        return [f"< no answer: {event.error} within {event.elapsed:.3f} s"]
    if isinstance(event, RetryScheduled):
        return [f"* {visible(str(event.failed))}; again in {event.wait:.3f} s"]
    return []


def _message(sign: str, first: str, headers: Iterable[tuple[str, str]] | None, body: str | None) -> list[str]:
    lines = [first, *(f"{name}: {value}" for name, value in headers or ())]
    if body:
        lines += ["", body]
    return [visible(f"{sign} {line}").rstrip() for line in lines]
