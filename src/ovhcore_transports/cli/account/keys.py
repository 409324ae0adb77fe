"""Reads secrets: from prompts that do not show them, from a file, from standard input; never from arguments."""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from typing import Final

import click

from ovhcore.protocol import Secret, as_secret

from ..calling.arguments import text_of_file
from ..output.terminal import is_terminal

__all__ = ["APPLICATION", "SERVICE_ACCOUNT", "read_keys"]

APPLICATION: Final = ("application_key", "application_secret", "consumer_key")
SERVICE_ACCOUNT: Final = ("client_id", "client_secret")
_SHOWN: Final = ("application_key", "client_id")
_PAIR: Final = re.compile(r"\s*([A-Za-z_ ]+?)\s*[=:]\s*(\S+)\s*")


def read_keys(names: Sequence[str], source: str | None) -> dict[str, Secret]:
    """Return secrets by name.

    Args:
        names: what to read.
        source: a file, ``-`` for standard input, None to ask for each.

    Raises:
        click.UsageError: they are not there, or nobody can be asked.
    """
    if source is not None:
        return _of_text(text_of_file(source), names, "standard input" if source == "-" else source)
    if not is_terminal(sys.stdin):
        raise click.UsageError(
            "Nobody can be asked for keys here: --keys-from FILE reads them, --keys-from - from a pipe"
        )
    return {name: _asked(name) for name in names}


def _asked(name: str) -> Secret:
    label = name.replace("_", " ").capitalize()
    return as_secret(click.prompt(label, hide_input=name not in _SHOWN, err=True).strip())


def _of_text(text: str, names: Sequence[str], where: str) -> dict[str, Secret]:
    """Return secrets from lines ``name = value``, in the words of ``ovh.conf`` or of the page; or one a line."""
    lines = [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith(("#", ";", "["))]
    pairs = [match for line in lines if (match := _PAIR.fullmatch(line))]
    if pairs:
        found = {match[1].lower().replace(" ", "_"): as_secret(match[2]) for match in pairs}
    else:
        found = {name: as_secret(line.strip()) for name, line in zip(names, lines, strict=False)}
    missing = [name for name in names if name not in found]
    if missing:
        raise click.UsageError(
            f"There is no {missing[0]} in {where}: lines are written 'application_key = ...' and so on"
        )
    return {name: found[name] for name in names}
