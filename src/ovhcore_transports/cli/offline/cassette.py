"""The commands ``ovhcore cassette``: look at recordings, compare, check, convert and repair them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

import click

from ..frame.clients import endpoint_said, note
from ..frame.groups import CommandGroup
from ..frame.text import visible

if TYPE_CHECKING:
    from ...recording.cassette.interactions import Interaction

__all__ = ["cassette_commands"]

_UNLIMITED: Final = 100_000


@click.group("cassette", cls=CommandGroup)
def cassette_commands() -> None:
    """Look at recorded HTTP traffic, compare it, check it, convert it, repair it."""


@cassette_commands.command()
@click.argument("file", type=click.Path())
def show(file: str) -> None:
    """List the interactions of a cassette of ovhcore or vcrpy.

    What is wrong with a cassette that is not whole stands on stderr, and the exit code is 1.
    """
    from ...recording.cassette.cassettes import Cassette

    cassette = Cassette.load(file, warn=False)
    _print_table(cassette.interactions)
    for problem in cassette.problems:
        click.echo(visible(problem), err=True)
    if cassette.problems:
        raise SystemExit(1)


@cassette_commands.command()
@click.argument("source", type=click.Path())
@click.argument("target", type=click.Path())
def convert(source: str, target: str) -> None:
    """Write a cassette in another format.

    The suffix of TARGET says which: .yaml for vcrpy, .har for the developer tools of
    browsers, any other for ovhcore. SOURCE is a cassette of ovhcore or vcrpy. What installed
    plugins declare as secret is hidden.
    """
    from ovhcore._internal import Plugins

    from ...recording.formats.converting import convert

    click.echo(visible(convert(source, target, Plugins().redaction())))


@cassette_commands.command()
@click.argument("file", type=click.Path())
def repair(file: str) -> None:
    """Keep what is whole of a cassette that was cut off, in its place."""
    from ...recording.formats.converting import repair

    click.echo(visible(repair(file)))


@cassette_commands.command()
@click.argument("old", type=click.Path())
@click.argument("new", type=click.Path())
def diff(old: str, new: str) -> None:
    """Show how a cassette differs from another one; the exit code is 1 if it does.

    Calls, what they were sent, and what came: hosts, times, header fields and signatures are passed over.

    \b
    ovhcore cassette diff bills.cassette bills-today.cassette
    """  # noqa: D301 - click's sign for lines that are not to be joined
    from ...recording.cassette.cassettes import Cassette
    from ...recording.cassette.comparing import compared

    _tell(compared(Cassette.load(old, warn=False), Cassette.load(new, warn=False)))


@cassette_commands.command()
@click.argument("file", type=click.Path())
def check(file: str) -> None:
    """Say whether a cassette is whole, and whether its calls still fit the API; the exit code is 1 if not.

    They are held against the catalogue of the endpoint that options or settings name: operations that are gone or
    deprecated, arguments, bodies and answers. ovhcore schema update fetches today's catalogue.
    """
    from ovhcore.schema import catalogue

    from ...recording.cassette.cassettes import Cassette
    from ...recording.cassette.comparing import checked

    cassette = Cassette.load(file, warn=False)
    _tell(checked(cassette, catalogue(endpoint_said())))
    number = len(cassette.interactions)
    note(f"{number} call{'' if number == 1 else 's'}, all well.")


def _tell(lines: Iterable[str]) -> None:
    """Print lines; end with exit code 1 if there are any."""
    found = [visible(line) for line in lines]
    for line in found:
        click.echo(line)
    if found:
        raise SystemExit(1)


def _print_table(interactions: list[Interaction]) -> None:
    from rich.console import Console
    from rich.table import Table

    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = _UNLIMITED  # one line for each interaction, for other programs
    table = Table()
    table.add_column("#", justify="right")
    table.add_column("Time (UTC)", no_wrap=True)
    table.add_column("Method")
    table.add_column("URL", overflow="fold")
    table.add_column("Answer")
    table.add_column("ms", justify="right")
    for number, interaction in enumerate(interactions, 1):
        table.add_row(*map(_cell, (str(number), *_row(interaction))))
    console.print(table)


def _row(interaction: Interaction) -> tuple[str, str, str, str, str]:
    at, took, record = interaction.at, interaction.took, interaction.record
    return (
        "" if at is None else datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M:%S"),
        interaction.method,
        interaction.url,
        str(record["response"]["status"] if "response" in record else record["failure"]["error"]),
        "" if took is None else f"{took * 1000:.0f}",
    )


def _cell(text: str) -> str:
    from rich.markup import escape

    return escape(visible(text))
