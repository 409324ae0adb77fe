"""Text as the commands print it."""

from __future__ import annotations

from typing import TextIO

__all__ = ["folded", "one_line", "visible"]


def visible(text: str) -> str:
    """Write what does not print as escapes: a recording, or an answer, must not command the terminal."""
    return "".join(
        each if each.isprintable() else each.encode("unicode_escape", "backslashreplace").decode() for each in text
    )


def one_line(text: str) -> str:
    """Return a text on one line."""
    return visible(" ".join(text.split()))


def folded(text: str, stream: TextIO, room: int = 0) -> list[str]:
    """Return a line in lines that fit a terminal, folded between words; in one line for what is no terminal.

    Args:
        text: the line; spaces at its beginning indent all that follow, by two more.
        stream: where it goes.
        room: columns that something else takes.
    """
    if not stream.isatty():
        return [text]
    from shutil import get_terminal_size
    from textwrap import wrap

    indent = " " * (len(text) - len(text.lstrip()) + 2)
    width = max(get_terminal_size().columns - room, 20)
    return wrap(text, width, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False) or [text]
