"""What is shown on a terminal alone: progress, pages, colours."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import TYPE_CHECKING, TextIO

import click

from ..frame.groups import globals_of
from ..frame.text import one_line

if TYPE_CHECKING:
    from rich.progress import Progress, ProgressColumn

    from ovhcore.flows import Waiting

__all__ = ["counting", "is_terminal", "shows_progress", "told_nothing", "waiting", "waiting_for"]


def is_terminal(stream: TextIO) -> bool:
    """Say whether a stream leads to a terminal; rich is told so by variables, too, and they are about colours."""
    return stream.isatty()


def shows_progress() -> bool:
    """Say whether progress is shown."""
    return is_terminal(sys.stderr) and not globals_of().quiet and os.environ.get("TERM") != "dumb"


def _progress(*columns: str | ProgressColumn, transient: bool = False) -> Progress:
    """Return what shows progress, on the terminal of the output if that is one."""
    from rich.console import Console
    from rich.progress import Progress

    return Progress(
        *columns,
        console=Console(stderr=not is_terminal(sys.stdout)),
        transient=transient,
        # Or what is printed would go where the bar does.
        redirect_stdout=False,
        redirect_stderr=False,
    )


def told_nothing(*progress: object) -> None:
    """Show nothing: older versions of rich write something even when they are to be silent."""


@contextmanager
def counting(
    path: str, *, transient: bool = False
) -> Generator[tuple[Callable[[int, int | None], None], Callable[[str], None]], None, None]:
    """Show how many objects have come; yields what is told of that, and what prints a line."""
    from rich.markup import escape
    from rich.progress import BarColumn, MofNCompleteColumn, TimeElapsedColumn

    columns = ("{task.description}", BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with _progress(*columns, transient=transient) as progress:
        task = progress.add_task(escape(one_line(path)), total=None)

        def tell(done: int, total: int | None) -> None:
            progress.update(task, completed=done, total=total)

        def above(line: str) -> None:
            progress.console.out(line, highlight=False)

        yield tell, above if is_terminal(sys.stdout) else click.echo
        progress.update(task, total=progress.tasks[0].completed)


@contextmanager
def waiting(path: str) -> Generator[Callable[[Waiting], None], None, None]:
    """Show what is waited for; yields what is told of it."""
    from rich.markup import escape
    from rich.progress import SpinnerColumn, TimeElapsedColumn

    from ovhcore.exceptions import ResourceNotFoundError

    columns = (SpinnerColumn(), "{task.description}", TimeElapsedColumn())
    with _progress(*columns, transient=True) as progress:
        task = progress.add_task(escape(one_line(path)), total=None)

        def tell(waiting: Waiting) -> None:
            if isinstance(waiting.error, ResourceNotFoundError):
                word = "not to be found yet"
            else:
                word = waiting.status or "no status yet" if waiting.error is None else f"failed: {waiting.error}"
            progress.update(task, description=escape(one_line(f"{word}: {path}")))

        yield tell


@contextmanager
def waiting_for(what: str) -> Generator[None, None, None]:
    """Show that something is waited for, and how long it has been."""
    from rich.markup import escape
    from rich.progress import SpinnerColumn, TimeElapsedColumn

    with _progress(SpinnerColumn(), "{task.description}", TimeElapsedColumn(), transient=True) as progress:
        progress.add_task(escape(one_line(what)), total=None)
        yield
