"""``ovhcore schema``: fetch the API's descriptions, and look operations up."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from .frame.groups import CommandGroup, globals_of
from .text import visible

if TYPE_CHECKING:
    from ovhcore.schema import Catalogue, Operation

__all__ = ["schema_commands"]


@click.group("schema", cls=CommandGroup)
def schema_commands() -> None:
    """Look operations up; fetch the API's descriptions."""


@schema_commands.command()
def update() -> None:
    """Fetch today's descriptions of an endpoint, without credentials, and use them from now on.

    They lie in the user's cache. If the network fails half-way, what was there stays.
    """
    from datetime import UTC, datetime

    from ovhcore.schema import update as fetch_all

    from .frame.clients import client, note

    with client() as ours:
        endpoint = ours.endpoint.name or ours.endpoint.url
        note(f"Fetching the descriptions of {endpoint} ...")
        folder = fetch_all(
            lambda paths: ours.gather(paths, _need_auth=False),
            endpoint=endpoint,
            date=datetime.now(UTC).isoformat(timespec="seconds"),
        )
    click.echo(visible(str(folder)))


@schema_commands.command()
@click.argument("words", nargs=-1, required=True)
@click.option("--limit", type=click.IntRange(1), default=20, show_default=True, help="How many at most.")
def search(words: tuple[str, ...], limit: int) -> None:
    """List the operations that have to do with some words, the nearest first.

    \b
    ovhcore schema search zone record
    """  # noqa: D301 - click's sign for lines that are not to be joined
    found = _catalogue().search(" ".join(words), limit)
    for operation in found:
        click.echo(visible(f"{operation.method:6} {operation.path}{_note_of(operation)}"))
    if not found:
        click.echo("Nothing found.", err=True)
        raise SystemExit(1)


@schema_commands.command()
@click.argument("method")
@click.argument("path")
def show(method: str, path: str) -> None:
    """Show the arguments and the answer of an operation; the path may be a template or a real one.

    \b
    ovhcore schema show POST /domain/zone/{zoneName}/record
    """  # noqa: D301 - as above
    catalogue = _catalogue()
    operation = catalogue.operation(method.upper(), path)
    family = catalogue.family(operation.family)
    lines = [f"{operation.method} {operation.path}{_note_of(operation)}"]
    if operation.description:
        lines.append(operation.description)
    fields = family.body_fields(operation) or {}
    lines += [
        _line(each.place, each.name, each.type, each.required)
        for each in operation.parameters
        if each.place != "body" or not fields
    ]
    lines += [_line("body", name, field.type, field.required) for name, field in fields.items()]
    lines.append(f"answer  {operation.answer}")
    lines += [f"IAM     {action.name}{'' if action.required else ' (optional)'}" for action in operation.iam_actions]
    for line in lines:
        click.echo(visible(line))


def _catalogue() -> Catalogue:
    from ovhcore.schema import catalogue

    return catalogue(globals_of().endpoint or "ovh-eu")


def _note_of(operation: Operation) -> str:
    status = operation.status
    if status.value != "DEPRECATED":
        return ""
    return "  (deprecated" + (f", use {status.replacement}" if status.replacement else "") + ")"


def _line(place: str, name: str, type_: object, required: bool) -> str:
    return f"{place:7} {name}: {type_}{'' if required else ' (optional)'}"
