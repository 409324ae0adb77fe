"""``ovhcore completion``: the script that a shell has to read."""

from __future__ import annotations

import click

from ..frame.groups import Command

__all__ = ["completion_command"]


@click.command("completion", cls=Command)
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion_command(shell: str) -> None:
    """Print a script that lets a shell complete commands, paths, arguments and values.

    The catalogue of the endpoint that settings name is looked at; nothing is sent.

    \b
    eval "$(ovhcore completion bash)"                      # into ~/.bashrc
    eval "$(ovhcore completion zsh)"                       # into ~/.zshrc, behind compinit
    ovhcore completion fish > ~/.config/fish/completions/ovhcore.fish
    """  # noqa: D301 - click's sign for lines that are not to be joined
    from .shells import script

    click.echo(script(shell, click.get_current_context().find_root().command, "ovhcore"), nl=False)
