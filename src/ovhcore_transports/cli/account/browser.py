"""Shows the user a page: in the browser if there is one, else as a link."""

from __future__ import annotations

import sys

import click

from ..frame.text import visible
from ..output.terminal import is_terminal

__all__ = ["show_page"]


def show_page(url: str, what: str, *, open_it: bool) -> None:
    """Print a link, and open it where somebody sits in front of the screen.

    Args:
        url: of the page.
        what: the user is to do there.
        open_it: whether a browser may be opened.
    """
    click.echo(f"{what}\n\n  {visible(url)}\n", err=True)
    if open_it and is_terminal(sys.stderr):
        import webbrowser

        webbrowser.open(url)
