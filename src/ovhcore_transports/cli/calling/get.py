"""``ovhcore get``: what the API has, from a terminal.

What comes goes to standard output; progress and notes to standard error.
"""

from __future__ import annotations

from typing import Any

import click

from ..frame.clients import client
from ..frame.groups import Command, later
from ..output.writing import Output
from .arguments import NO_BODY, condition, header_fields, parse, path_of
from .options import ARGUMENTS, call_options, list_options, output_options

__all__ = ["get_command"]


@click.command("get", cls=Command)
@click.argument("path", shell_complete=later("paths"))
@click.argument("arguments", metavar=ARGUMENTS, nargs=-1, shell_complete=later("arguments"))
@list_options
@output_options
@call_options
def get_command(
    path: str,
    arguments: tuple[str, ...],
    every: bool,
    ids: bool,
    conditions: tuple[str, ...],
    format_: str | None,
    query: str | None,
    columns: str | None,
    headers: tuple[str, ...],
    dry_run: bool,
    **options: Any,
) -> None:
    """GET a path, and print the answer.

    Arguments fill names in braces in PATH, or go into the query; one that is repeated is a list. On a terminal, and
    with --columns, the objects of a list are shown, not its ids. Options about objects, as --filter and --sort, imply
    --all.

    \b
    ovhcore get /me
    ovhcore get me/bill/{billId} billId=FR1
    ovhcore get --all /me/bill date.from=2026-01-01 --filter category:eq=autorenew
    ovhcore get --all /me/bill -o csv --columns billId,date,priceWithTax.text
    """  # noqa: D301 - click's sign for lines that are not to be joined
    output = Output(format_, query, columns)
    typed = parse(arguments)
    if typed.body is not NO_BODY:
        raise click.UsageError("A GET has no body, so it takes no @FILE")
    wanted = [condition(text) for text in conditions]
    given = {f"_{name}": value for name, value in options.items() if value is not None}
    if wanted:
        given["_filter"] = wanted
    if ids and (every or given):
        raise click.UsageError("--ids prints ids, and --all and what is about objects print objects")
    fields = header_fields(headers)
    if fields:
        given["_headers"] = fields
    path = path_of(path)
    if typed.visible:
        from .secret_arguments import refuse_secrets

        refuse_secrets(typed, "GET", path, None)
    if dry_run:
        from .bodies import split_call
        from .dry_run import show_call

        show_call("GET", *split_call("GET", path, typed, None), fields)
        return
    with client() as caller:
        if every or given.keys() - {"_headers"}:
            from .lists import write_every

            write_every(caller, path, {**typed.named, **given}, wanted, output)
            return
        value = caller.get(path, **typed.named, _headers=fields or None)
        if not ids and ((output.for_people and query is None) or output.wants_members):
            from .lists import write_expanded

            write_expanded(caller, path, {**typed.named, **given}, value, output)
        else:
            output.write(value, path)
