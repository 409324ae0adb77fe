"""``ovhcore get``, ``post``, ``put``, ``delete``, ``call`` and ``wait``: the API from a terminal.

What comes goes to standard output; progress, questions and notes to standard error.
"""

from __future__ import annotations

from collections.abc import Collection
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

import click

from ..frame.clients import client, note
from ..frame.groups import Command, later
from ..output.terminal import shows_progress, told_nothing, waiting
from ..output.writing import Output
from .arguments import NO_BODY, Typed, condition, header_fields, parse, path_of
from .options import call_options, change_options, list_options, output_options

if TYPE_CHECKING:
    from ovhcore.schema import Catalogue

__all__ = ["call_command", "delete_command", "get_command", "post_command", "put_command", "wait_command"]

_ARGUMENTS = "[NAME=VALUE | NAME:=JSON]..."
_CHANGING = "[NAME=VALUE | NAME:=JSON | @FILE]..."


@click.command("get", cls=Command)
@click.argument("path", shell_complete=later("paths"))
@click.argument("arguments", metavar=_ARGUMENTS, nargs=-1, shell_complete=later("arguments"))
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

    Arguments fill names in braces in PATH, or go into the query; one that is repeated is a list. On a terminal the
    objects of a list are shown, not its ids. Options about objects, as --filter and --sort, imply --all.

    \b
    ovhcore get /me
    ovhcore get me/bill/{billId} billId=FR1
    ovhcore get --all /me/bill date.from=2026-01-01 --filter category:eq=autorenew
    ovhcore get --all /me/bill -o csv --columns billId,date,priceWithTax.text
    """  # noqa: D301 - click's sign for lines that are not to be joined
    from .lists import write_every, write_expanded

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
    if dry_run:
        _show("GET", path, typed, fields)
        return
    with client() as caller:
        if every or given.keys() - {"_headers"}:
            write_every(caller, path, {**typed.named, **given}, wanted, output)
            return
        value = caller.get(path, **typed.named, _headers=fields or None)
        if output.for_people and not ids and query is None:
            write_expanded(caller, path, {**typed.named, **given}, value, output)
        else:
            output.write(value)


@click.command("post", cls=Command)
@click.argument("path", shell_complete=later("paths"))
@click.argument("arguments", metavar=_CHANGING, nargs=-1, shell_complete=later("arguments"))
@change_options
def post_command(path: str, arguments: tuple[str, ...], **options: Any) -> None:
    """POST to a path, and print the answer.

    Arguments fill names in braces in PATH; the others are the JSON body, with the types that the API describes. A value
    that begins with @ is the content of a file; @FILE alone is the whole body, @- that of standard input.

    \b
    ovhcore post /domain/zone/example.com/record fieldType=A subDomain=www target=192.0.2.1 ttl=60
    ovhcore post /me/sshKey keyName=mine key=@~/.ssh/id_ed25519.pub
    ovhcore post /dedicated/server/ns1.example.com/reboot --wait
    ovhcore post /v2/vrackServices/resource @order.json --dry-run
    """  # noqa: D301
    _change("POST", path, arguments, **options)


@click.command("put", cls=Command)
@click.argument("path", shell_complete=later("paths"))
@click.argument("arguments", metavar=_CHANGING, nargs=-1, shell_complete=later("arguments"))
@change_options
def put_command(path: str, arguments: tuple[str, ...], **options: Any) -> None:
    """PUT to a path, and print the answer; arguments as for post.

    \b
    ovhcore put /domain/zone/example.com/record/1002 ttl=300
    ovhcore put /domain/zone/example.com/record/1002 --edit
    """  # noqa: D301
    _change("PUT", path, arguments, **options)


@click.command("delete", cls=Command)
@click.argument("path", shell_complete=later("paths"))
@click.argument("arguments", metavar=_ARGUMENTS, nargs=-1, shell_complete=later("arguments"))
@change_options
def delete_command(path: str, arguments: tuple[str, ...], **options: Any) -> None:
    """DELETE a path, and print the answer; on a terminal it asks first.

    \b
    ovhcore delete /domain/zone/example.com/record/1002
    """  # noqa: D301
    _change("DELETE", path, arguments, **options)


@click.command("call", cls=Command)
@click.argument("method", shell_complete=later("methods"))
@click.argument("path", shell_complete=later("paths"))
@click.argument("arguments", metavar=_CHANGING, nargs=-1, shell_complete=later("arguments"))
@change_options
def call_command(method: str, path: str, arguments: tuple[str, ...], **options: Any) -> None:
    """Make a call with any METHOD; arguments as for post, and as for get where a method has no body.

    \b
    ovhcore call PATCH /some/path name=value
    """  # noqa: D301
    _change(method.upper(), path, arguments, **options)


@click.command("wait", cls=Command)
@click.argument("path", shell_complete=later("paths"))
@click.argument("arguments", metavar=_ARGUMENTS, nargs=-1, shell_complete=later("arguments"))
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
    named, path = parse(arguments).named, path_of(path)
    goal: str | Collection[str] = until[0] if until in (("done",), ("gone",)) else set(until)
    with client() as caller, waiting(path) if shows_progress() else nullcontext(told_nothing) as tell:
        value = caller.wait(path, _until=goal, _deadline=deadline, _grace=grace, _progress=tell, **named)
    output.write(value)


def _change(
    method: str,
    path: str,
    arguments: tuple[str, ...],
    *,
    edit: bool,
    wait: bool,
    yes: bool,
    format_: str | None,
    query: str | None,
    columns: str | None,
    headers: tuple[str, ...],
    dry_run: bool,
) -> None:
    from .confirming import cannot_be_undone, confirmed

    output = Output(format_, query, columns)
    typed, fields, path = parse(arguments), header_fields(headers), path_of(path)
    with client() as caller:
        known = _catalogue(caller.endpoint.name) if wait or edit or typed.as_text else None
        path, body = _split(method, path, typed, known)
        if edit:
            from .bodies import edited

            body = edited(caller, known, method, path, body)
        if dry_run:
            from .dry_run import show_call

            show_call(method, path, body, fields)
            return
        if not yes and cannot_be_undone(method, path) and not confirmed(method, path, caller.endpoint.name):
            note("Nothing was sent.")
            raise SystemExit(1)
        value = caller.call(method, path, body, headers=fields or None)
        if wait:
            from .following import followed

            value = followed(caller, known, method, path, value)
    if value is not None or not output.for_people:
        output.write(value)
    else:
        note("Done.")


def _show(method: str, path: str, typed: Typed, fields: dict[str, str]) -> None:
    from .dry_run import show_call

    path, body = _split(method, path, typed, None)
    show_call(method, path, body, fields)


def _split(method: str, path: str, typed: Typed, known: Catalogue | None) -> tuple[str, Any]:
    """Return the path with its arguments, and the body."""
    from ovhcore.protocol import target

    from .bodies import body_of, with_types

    names = {part[1:-1] for part in path.partition("?")[0].split("/") if part.startswith("{") and part.endswith("}")}
    if method in ("GET", "DELETE", "HEAD", "OPTIONS"):
        if typed.body is not NO_BODY:
            raise click.UsageError(f"A {method} has no body, so it takes no @FILE")
        return target(path, typed.named), None
    path = target(path, {name: value for name, value in typed.named.items() if name in names})
    operation = None if known is None else known.find(method, path)
    named = typed.named
    if known is not None and operation is not None:
        named = with_types(typed, known.family(operation.family), operation)
    return path, body_of(typed, {name: value for name, value in named.items() if name not in names})


def _catalogue(endpoint: str) -> Catalogue | None:
    """Return what is known of an API; None where that cannot be read, for a call needs it not."""
    from ovhcore.exceptions import APIError
    from ovhcore.schema import catalogue

    try:
        return catalogue(endpoint)
    except APIError as error:
        note(f"The types of arguments are not known: {error}")
        return None
