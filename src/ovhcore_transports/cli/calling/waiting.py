"""``ovhcore wait``: an object, once its operation is over."""

from __future__ import annotations

from collections.abc import Collection
from contextlib import nullcontext

import click

from ..frame.clients import client
from ..frame.groups import Command, later
from ..output.terminal import shows_progress, told_nothing, waiting
from ..output.writing import Output
from .arguments import parse, path_of
from .options import ARGUMENTS, output_options
from .secret_arguments import refuse_secrets

__all__ = ["wait_command"]


@click.command("wait", cls=Command)
@click.argument("path", shell_complete=later("paths"))
@click.argument("arguments", metavar=ARGUMENTS, nargs=-1, shell_complete=later("arguments"))
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
@output_options
def wait_command(
    path: str,
    arguments: tuple[str, ...],
    until: tuple[str, ...],
    deadline: float,
    grace: float,
    format_: str | None,
    query: str | None,
    columns: str | None,
) -> None:
    """GET an object until its operation is over, and print it.

    \b
    ovhcore wait /dedicated/server/{serviceName}/task/{taskId} serviceName=ns1 taskId=1
    ovhcore wait --until gone /v2/vrackServices/resource/vrs-demo-1
    """  # noqa: D301
    output = Output(format_, query, columns)
    typed, path = parse(arguments), path_of(path)
    refuse_secrets(typed, "GET", path, None)
    goal: str | Collection[str] = until[0] if until in (("done",), ("gone",)) else set(until)
    with client() as caller, waiting(path) if shows_progress() else nullcontext(told_nothing) as tell:
        value = caller.wait(path, _until=goal, _deadline=deadline, _grace=grace, _progress=tell, **typed.named)
    output.write(value, path)
