"""Options that commands which call have in common."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, TypeVar

import click

from ..frame.groups import FORMATS, later

__all__ = ["ARGUMENTS", "MODES", "call_options", "change_options", "list_options", "output_options"]

F = TypeVar("F", bound=Callable[..., Any])

ARGUMENTS: Final = "[NAME=VALUE | NAME:=JSON]..."
"""How arguments of a call without a body are written."""

MODES: Final = ("auto", "cursor", "pages", "batch", "single")
"""Ways to fetch the objects of a list."""


def _all(*decorators: Callable[[F], F]) -> Callable[[F], F]:
    def decorate(function: F) -> F:
        for each in reversed(decorators):
            function = each(function)
        return function

    return decorate


def output_options(function: F) -> F:
    """Add the options that say how an answer is printed."""
    return _all(
        click.option(
            "-o",
            "--output",
            "format_",
            type=click.Choice(FORMATS),
            help="By default, a table on a terminal, else JSON.",
        ),
        click.option("--query", metavar="JMESPATH", help="Print what this finds in the answer, as '[].billId'."),
        click.option(
            "--columns",
            metavar="NAME,...",
            shell_complete=later("columns", "members"),
            help="Print these members alone, as billId,priceWithTax.text.",
        ),
    )(function)


def call_options(function: F) -> F:
    """Add the options of every call."""
    return _all(
        click.option("--header", "headers", metavar="'NAME: VALUE'", multiple=True, help="May be repeated."),
        click.option("--dry-run", is_flag=True, help="Show what would be sent, signed, without secrets; send nothing."),
    )(function)


def _body_options(function: F) -> F:
    """Add the options of calls that change something."""
    return _all(
        click.option("--edit", is_flag=True, help="Write the body in $EDITOR; a PUT begins with the object as it is."),
        click.option("--wait", is_flag=True, help="Wait until what the call has begun is over, and print it."),
        click.option("-y", "--yes", is_flag=True, help="Do not ask before what cannot be undone."),
    )(function)


def change_options(function: F) -> F:
    """Add the options of calls that change something, how their answers are printed, and those of every call."""
    return _all(_body_options, output_options, call_options)(function)


def list_options(function: F) -> F:
    """Add the options of lists; each of them asks for every object."""
    return _all(
        click.option("--all", "every", is_flag=True, help="Every object of a list, not the ids; one JSON a line."),
        click.option("--ids", is_flag=True, help="The ids of a list, also on a terminal."),
        click.option("--mode", type=click.Choice(MODES), help="One way to fetch the objects; by default, auto."),
        click.option("--concurrency", type=click.IntRange(1, 1000), help="Requests at once; by default, 10."),
        click.option("--size", type=click.IntRange(1), help="Objects of one request, at most."),
        click.option(
            "--sort",
            metavar="FIELD",
            shell_complete=later("sorted_by", "members"),
            help="Sort the objects; -FIELD for the other way round.",
        ),
        click.option(
            "--filter",
            "conditions",
            metavar="FIELD:OP=VALUE",
            multiple=True,
            shell_complete=later("conditions", "members"),
            help="Only some objects, as status:in=ok,error; may be repeated.",
        ),
    )(function)
