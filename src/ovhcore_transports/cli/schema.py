"""``ovhcore schema``: fetch the API's descriptions, look operations up, and see what has changed."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

import click

from .frame.clients import endpoint_said, note
from .frame.groups import CommandGroup, later
from .frame.text import visible

if TYPE_CHECKING:
    from ovhcore.schema import Catalogue, Enumeration, Family, Model, Operation, Ref, Type

__all__ = ["schema_commands"]

_SHIPPED: Final = "shipped"
_METHODS: Final = ("GET", "POST", "PUT", "PATCH", "DELETE")
_SIGNS: Final = {"added": "+", "removed": "-", "changed": "~"}


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

    from .frame.clients import client

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
@click.argument("method", shell_complete=later("methods"))
@click.argument("path", required=False, shell_complete=later("paths"))
def show(method: str, path: str | None) -> None:
    """Show the arguments and the answer of an operation; the path may be a template or a real one.

    Without METHOD, show each operation of the path.

    \b
    ovhcore schema show POST /domain/zone/{zoneName}/record
    ovhcore schema show "POST /domain/zone/{zoneName}/record"
    ovhcore schema show /domain/zone/example.com/record
    """  # noqa: D301 - as above
    catalogue = _catalogue()
    if path is None:
        named, _, path = method.strip().rpartition(" ")
        method = named.strip()
    if not method and path.upper() in _METHODS:
        raise click.UsageError(f"Which path? As in: ovhcore schema show {path.upper()} /me")
    found = [catalogue.operation(method.upper(), path)] if method else _operations_of(catalogue, path)
    for number, operation in enumerate(found):
        if number:
            click.echo()
        for line in _described(catalogue, operation):
            click.echo(visible(line))


def _operations_of(catalogue: Catalogue, path: str) -> list[Operation]:
    found = [each for method in _METHODS if (each := catalogue.find(method, path)) is not None]
    return found or [catalogue.operation("GET", path)]  # whose error names paths that are alike


def _described(catalogue: Catalogue, operation: Operation) -> list[str]:
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
    types = [each.type for each in operation.parameters if each.place != "body" or not fields]
    return lines + _definitions(family, [*types, *(each.type for each in fields.values()), operation.answer])


def _definitions(family: Family, types: list[Type]) -> list[str]:
    """Return what the named types hold: members of models, and values of enumerations, also those of their members."""
    from ovhcore._internal import references
    from ovhcore.schema import Model

    named = {ref.name: ref for each in types for ref in references(each)}
    members: dict[str, Ref] = {}
    lines: list[str] = []
    for ref in named.values():
        found = family.model(ref)
        lines += _definition(found)
        if isinstance(found, Model):
            members |= {inner.name: inner for each in found.properties.values() for inner in references(each.type)}
    for name, ref in members.items():
        found = family.model(ref)
        if name not in named and not isinstance(found, Model):
            lines += _definition(found)
    return lines


def _definition(found: Model | Enumeration | None) -> list[str]:
    from ovhcore.schema import Model

    if found is None:
        return []
    if not isinstance(found, Model):
        return ["", f"{found.name}: {', '.join(map(str, found.values))}"]
    lines = ["", found.name]
    for each in found.properties.values():
        notes = [word for word, holds in (("or null", each.nullable), ("read-only", each.read_only)) if holds]
        lines.append(f"  {each.name}: {each.type}" + (f" ({', '.join(notes)})" if notes else ""))
    return lines


@schema_commands.command()
@click.argument("old", required=False)
@click.argument("new", required=False)
@click.option("--json", "as_json", is_flag=True, help="Print JSON, a difference a line, for programs.")
def diff(old: str | None, new: str | None, as_json: bool) -> None:
    """Show what has changed in the API between two catalogues; the exit code is 1 if anything has.

    Each is the beginning of the date of a catalogue that is kept, as 2026-11; or "shipped"; or a file or folder of the
    API's documents. By default: the last one before the newest, and the newest.

    \b
    ovhcore schema diff
    ovhcore schema diff shipped
    ovhcore schema diff 2026-10 2026-11
    """  # noqa: D301 - as above
    from ovhcore.schema import catalogues, differences

    shipped, *kept = catalogues(endpoint_said())
    there = sorted([shipped, *kept], key=lambda each: each.date)
    before, after = _named(old, shipped, there, -2), _named(new, shipped, there, -1)
    note(f"{_called(before)} -> {_called(after)}")
    found = [*differences(before, after)]
    for each in found:
        if as_json:
            from .output.formats import as_json as written

            click.echo(written({"kind": each.kind, "what": each.what, "details": list(each.details)}))
        else:
            for line in (f"{_SIGNS[each.kind]} {each.what}", *(f"    {detail}" for detail in each.details)):
                click.echo(visible(line))
    if found:
        raise SystemExit(1)


def _named(name: str | None, shipped: Catalogue, there: list[Catalogue], by_default: int) -> Catalogue:
    """Return the catalogue that a name on the command line means.

    Raises:
        click.UsageError: there is none.
        SchemaError: the documents cannot be read.
    """
    from ovhcore.schema import load

    if name is None:
        if len(there) >= -by_default:
            return there[by_default]
        raise click.UsageError(
            f"There is one catalogue alone, of {there[0].date}: ovhcore schema update fetches today's"
        )
    if name == _SHIPPED:
        return shipped
    dated = [each for each in there if each.date.startswith(name)]
    if dated:
        return dated[-1]
    if os.path.exists(name):
        return load(name)
    dates = ", ".join(each.date for each in there)
    raise click.UsageError(f"{name!r} is neither the date of a catalogue ({dates}) nor a file or folder")


def _called(catalogue: Catalogue) -> str:
    return visible(" ".join(filter(None, (catalogue.endpoint, catalogue.date))) or catalogue.source)


def _catalogue() -> Catalogue:
    from ovhcore.schema import catalogue

    return catalogue(endpoint_said())


def _note_of(operation: Operation) -> str:
    status = operation.status
    if status.value != "DEPRECATED":
        return ""
    return "  (deprecated" + (f", use {status.replacement}" if status.replacement else "") + ")"


def _line(place: str, name: str, type_: object, required: bool) -> str:
    return f"{place:7} {name}: {type_}{'' if required else ' (optional)'}"
