"""``ovhcore sandbox``: an imitation of the API, served on this machine."""

from __future__ import annotations

from typing import Any

import click

from ...sandbox.serving.command import run_sandbox, with_options
from ..frame.groups import Command

__all__ = ["sandbox_command"]


@click.command("sandbox", cls=Command)
@with_options
def sandbox_command(**options: Any) -> None:
    """Serve a sandbox on loopback until interrupted.

    Prints the variables that lead a program to it: paste them into another terminal.
    """
    run_sandbox(**options)
