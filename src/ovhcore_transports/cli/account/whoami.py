"""``ovhcore whoami``."""

from __future__ import annotations

import click

from ..calling.options import output_options
from ..frame.clients import client
from ..frame.groups import Command
from ..output.writing import Output
from .identity import identity_lines, identity_of
from .places import credential_settings

__all__ = ["whoami_command"]


@click.command("whoami", cls=Command)
@output_options
def whoami_command(format_: str | None, query: str | None, columns: str | None) -> None:
    """Say whose keys these are, what they may do, until when, and where they come from.

    \b
    ovhcore whoami
    ovhcore whoami --profile work -o json
    """  # noqa: D301
    output = Output(format_, query, columns)
    with client() as caller:
        known = identity_of(caller)
    if output.for_people and query is None and columns is None and output.asked is None:
        for line in identity_lines(known, _source()):
            click.echo(line)
    else:
        output.write({**known, "source": _source()})


def _source() -> str | None:
    """Return the place that the keys come from."""
    found = credential_settings()
    return found[0].place if found else None
