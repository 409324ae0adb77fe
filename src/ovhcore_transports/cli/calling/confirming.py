"""Asks a person before what cannot be undone."""

from __future__ import annotations

import re
import sys
from typing import Final

import click

from ..frame.text import visible
from ..output.terminal import is_terminal

__all__ = ["cannot_be_undone", "confirmed"]

# What the last word of a path says of a POST; words as /dedicated/server/{serviceName}/reinstall and the like have.
_WORDS: Final = re.compile(
    "terminate|confirmTermination|reinstall|rebuild|delete|remove|destroy|format|purge|flush|reset|restore|revert"
    "|rollback|hardReboot|install/start|changeOwner|release",
    re.IGNORECASE,
)


def cannot_be_undone(method: str, path: str) -> bool:
    """Say whether a call may destroy something: a DELETE, or a POST whose path ends in such a word."""
    path = path.partition("?")[0].rstrip("/")
    last = "/".join(path.split("/")[-2:]) if path.endswith("/start") else path.rpartition("/")[2]
    return method == "DELETE" or (method == "POST" and _WORDS.match(last) is not None)


def confirmed(method: str, path: str, endpoint: str) -> bool:
    """Ask whether a call is meant, if somebody is there to be asked."""
    if not (is_terminal(sys.stdin) and is_terminal(sys.stderr)):
        return True
    return click.confirm(visible(f"{method} {path} at {endpoint} cannot be undone. Do it?"), err=True)
