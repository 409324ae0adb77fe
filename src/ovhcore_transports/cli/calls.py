"""``ovhcore get`` and ``ovhcore wait``: look at the API from a terminal, with the credentials that a client finds.

What comes goes to standard output, as JSON. Progress is shown if standard error is a terminal.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Collection, Generator, Sequence
from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING, Any, Final, TextIO

from ovhcore.exceptions import ResourceNotFoundError
from ovhcore.flows import Waiting

from .text import one_line

if TYPE_CHECKING:
    from rich.progress import Progress, ProgressColumn

__all__ = ["get_command", "wait_command"]

_MODES: Final = ("auto", "cursor", "pages", "batch", "single")


def get_command() -> Any:
    """Return the command ``get``."""
    import click

    @click.command("get")
    @click.argument("path")
    @click.argument("arguments", metavar="[NAME=VALUE]...", nargs=-1)
    @click.option(
        "--all", "every", is_flag=True, help="Every object of a list, one JSON document a line, as they come."
    )
    @click.option("--mode", type=click.Choice(_MODES), help="With --all: one way to fetch them; by default, auto.")
    @click.option("--concurrency", type=click.IntRange(1, 1000), help="With --all: requests at once; by default, 10.")
    @click.option("--size", type=click.IntRange(1), help="With --all: objects of one request, at most.")
    @click.option("--sort", metavar="FIELD", help="With --all: sort an expanded list; -FIELD for the other way round.")
    @click.option(
        "--filter",
        "conditions",
        metavar="FIELD:OP=VALUE",
        multiple=True,
        help="With --all: only some objects of an expanded list, as status:in=ok,error; may be repeated.",
    )
    def get(path: str, arguments: tuple[str, ...], every: bool, **options: Any) -> None:
        """GET a path, and print the answer as JSON.

        Arguments fill names in braces in PATH, or go into the query; one that is repeated is a list.

        \b
        ovhcore get /me
        ovhcore get /me/bill/{billId} billId=FR1
        ovhcore get --all /me/bill date.from=2026-01-01
        """  # noqa: D301 - click's sign for lines that are not to be joined
        named = _arguments(arguments)
        conditions = [_condition(text) for text in options.pop("conditions")]
        options["filter"] = conditions or None
        given = {f"_{name}": value for name, value in options.items() if value is not None}
        if every:
            _print_all(path, given | named)
        elif given:
            raise click.UsageError(f"--{next(iter(given))[1:]} is for --all")
        else:
            with _client() as client:
                click.echo(_json(client.get(path, **named), indent=2))

    return get


def wait_command() -> Any:
    """Return the command ``wait``."""
    import click

    @click.command("wait")
    @click.argument("path")
    @click.argument("arguments", metavar="[NAME=VALUE]...", nargs=-1)
    @click.option(
        "--until",
        metavar="STATUS",
        multiple=True,
        default=("done",),
        help="done, gone for a deletion, or the status to wait for; that may be repeated.  [default: done]",
    )
    @click.option("--deadline", metavar="SECONDS", type=click.FloatRange(0), default=3600.0, help="By default, 3600.")
    @click.option(
        "--grace",
        metavar="SECONDS",
        type=click.FloatRange(0),
        default=60.0,
        help="How long a new object may not be found. By default, 60.",
    )
    def wait(path: str, arguments: tuple[str, ...], until: tuple[str, ...], deadline: float, grace: float) -> None:
        """GET an object until its operation is over, and print it as JSON.

        The exit code is 1 if that fails, or lasts longer than the deadline.

        \b
        ovhcore wait /dedicated/server/{serviceName}/task/{taskId} serviceName=ns1 taskId=1
        ovhcore wait --until gone /v2/vrackServices/resource/vrs-demo-1
        """  # noqa: D301
        named = _arguments(arguments)
        goal: str | Collection[str] = until[0] if until in (("done",), ("gone",)) else set(until)
        with _client() as client, _waiting(path) if _is_terminal(sys.stderr) else nullcontext(_untold) as tell:
            value = client.wait(path, _until=goal, _deadline=deadline, _grace=grace, _progress=tell, **named)
        click.echo(_json(value, indent=2))

    return wait


def _client() -> Any:
    import ovhcore

    return ovhcore.Client()


# What was typed


def _arguments(given: Sequence[str]) -> dict[str, Any]:
    """Return arguments by name; those of one name are a list."""
    import click

    values: dict[str, list[str]] = {}
    for each in given:
        name, equals, value = each.partition("=")
        if not equals or not name or name.startswith("_"):
            raise click.UsageError(f"An argument is written NAME=VALUE, not {each!r}")
        values.setdefault(name, []).append(value)
    return {name: listed[0] if len(listed) == 1 else listed for name, listed in values.items()}


def _condition(text: str) -> tuple[str, str, Any]:
    import click

    name, equals, value = text.partition("=")
    field, colon, operator = name.rpartition(":")
    if not equals or not colon:
        raise click.UsageError(f"A filter is written FIELD:OP=VALUE, as status:in=ok,error, not {text!r}")
    return field, operator, value.split(",") if operator == "in" else value


# What is printed


def _json(value: Any, indent: int | None = None) -> str:
    """Return JSON that the terminal shows as it is: nothing in it commands that, or is lost in its encoding."""
    text = json.dumps(value, ensure_ascii=False, indent=indent)
    try:
        text.encode(sys.stdout.encoding or "utf-8")  # None where it is no real stream
    except UnicodeEncodeError:
        return json.dumps(value, indent=indent)
    return text if text.replace("\n", "").isprintable() else json.dumps(value, indent=indent)


def _print_all(path: str, arguments: dict[str, Any]) -> None:
    import click

    with (
        _client() as client,
        _counting(path) if _is_terminal(sys.stderr) else nullcontext((_untold, click.echo)) as (tell, write),
        client.iterate(path, _progress=tell, **arguments) as coming,
    ):
        for value in coming:
            write(_json(value))


def _is_terminal(stream: TextIO) -> bool:
    """Say whether a stream leads to a terminal; rich is told so by variables, too, and they are about colours."""
    return stream.isatty()


def _progress(*columns: str | ProgressColumn, transient: bool = False) -> Progress:
    """Return what shows progress, on the terminal of the output if that is one."""
    from rich.console import Console
    from rich.progress import Progress

    return Progress(
        *columns,
        console=Console(stderr=not _is_terminal(sys.stdout)),
        transient=transient,
        # Or what is printed would go where the bar does.
        redirect_stdout=False,
        redirect_stderr=False,
    )


def _untold(*progress: object) -> None:
    """Show nothing: older versions of rich write something even when they are to be silent."""


@contextmanager
def _counting(path: str) -> Generator[tuple[Callable[[int, int | None], None], Callable[[str], None]], None, None]:
    """Show how many objects have come; yields what is told of that, and what prints a line."""
    import click
    from rich.markup import escape
    from rich.progress import BarColumn, MofNCompleteColumn, TimeElapsedColumn

    with _progress("{task.description}", BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()) as progress:
        task = progress.add_task(escape(one_line(path)), total=None)

        def tell(done: int, total: int | None) -> None:
            progress.update(task, completed=done, total=total)

        def above(line: str) -> None:
            progress.console.out(line, highlight=False)

        yield tell, above if _is_terminal(sys.stdout) else click.echo
        progress.update(task, total=progress.tasks[0].completed)


@contextmanager
def _waiting(path: str) -> Generator[Callable[[Waiting], None], None, None]:
    """Show what is waited for; yields what is told of it."""
    from rich.markup import escape
    from rich.progress import SpinnerColumn, TimeElapsedColumn

    columns = (SpinnerColumn(), "{task.description}", TimeElapsedColumn())
    with _progress(*columns, transient=True) as progress:
        task = progress.add_task(escape(one_line(path)), total=None)

        def tell(waiting: Waiting) -> None:
            if isinstance(waiting.error, ResourceNotFoundError):
                word = "not to be found yet"
            else:
                word = waiting.status or "no status yet" if waiting.error is None else f"failed: {waiting.error}"
            progress.update(task, description=escape(one_line(f"{path}: {word}")))

        yield tell
