"""Text as the commands print it."""

from __future__ import annotations

__all__ = ["one_line", "visible"]


def visible(text: str) -> str:
    """Write what does not print as escapes: a recording, or an answer, must not command the terminal."""
    return "".join(
        each if each.isprintable() else each.encode("unicode_escape", "backslashreplace").decode() for each in text
    )


def one_line(text: str) -> str:
    """Return a text on one line."""
    return visible(" ".join(text.split()))
