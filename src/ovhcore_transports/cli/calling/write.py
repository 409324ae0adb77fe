"""``ovhcore post``, ``put``, ``delete`` and ``call``: changes from a terminal.

What comes goes to standard output; questions, progress and notes to standard error.
"""

from __future__ import annotations

from typing import Any, Final

import click

from ..frame.clients import client, note
from ..frame.groups import Command, later
from ..output.writing import Output
from .arguments import header_fields, parse, path_of
from .bodies import split_call, types_known
from .confirming import cannot_be_undone, confirmed
from .options import ARGUMENTS, change_options
from .secret_arguments import refuse_secrets

__all__ = ["call_command", "delete_command", "post_command", "put_command"]

_CHANGING: Final = "[NAME=VALUE | NAME:=JSON | @FILE]..."


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
@click.argument("arguments", metavar=ARGUMENTS, nargs=-1, shell_complete=later("arguments"))
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
    output = Output(format_, query, columns)
    typed, fields, path = parse(arguments), header_fields(headers), path_of(path)
    with client() as caller:
        known = types_known(caller.endpoint.name) if wait or edit or typed.named else None
        refuse_secrets(typed, method, path, known)
        path, body = split_call(method, path, typed, known)
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
        output.write(value, path)
    else:
        note("Done.")
