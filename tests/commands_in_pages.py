"""The commands that the README and the documentation show, as they are written there."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent
from typing import Final

__all__ = ["PAGES", "mentioned_in", "shown_in", "synopses_of"]

_ROOT: Final = Path(__file__).resolve().parents[1]
PAGES: Final = {
    path.relative_to(_ROOT).as_posix(): path.read_text("utf-8")
    for path in sorted([_ROOT / "README.md", _ROOT / "CONTRIBUTING.md", *(_ROOT / "docs").rglob("*.md")])
}
"""The text of each page, by where it is."""

_FENCE: Final = re.compile(r"^(?P<indent> *)```[^\n]*\n.*?^(?P=indent)```$", re.DOTALL | re.MULTILINE)
_SHELL: Final = re.compile(r" *```(sh|bash|shell|console)\n(?P<text>.*)^ *```", re.DOTALL | re.MULTILINE)
_TERM: Final = re.compile(r"^(`ovhcore [^\n]*)\n:", re.MULTILINE)
_MARKS: Final = frozenset("();<>|&")
_NO_COMMANDS: Final = frozenset(("if", "then", "else", "elif", "while", "until", "do", "exec", "time", "!", "$"))


def shown_in(text: str) -> Iterator[tuple[str, ...]]:
    """Yield the arguments of each command ``ovhcore`` in the blocks for a shell."""
    for fence in _FENCE.finditer(text):
        if block := _SHELL.match(fence[0]):
            for line in dedent(block["text"]).replace("\\\n", " ").splitlines():
                yield from _called(line)


def mentioned_in(text: str) -> Iterator[tuple[str, ...]]:
    """Yield the arguments of each command ``ovhcore`` that a sentence or a table has in code."""
    for code in re.findall(r"`(ovhcore\s[^`]+)`", _TERM.sub("", _FENCE.sub("", text))):
        yield from _called(" ".join(code.split()))


def synopses_of(text: str) -> Iterator[str]:
    """Yield what a list of definitions defines: how a command is called, with names in place of values."""
    for term in _TERM.findall(text):
        yield from re.findall(r"`ovhcore ([^`]+)`", term)


def _called(line: str) -> Iterator[tuple[str, ...]]:
    line = re.sub(r"\b\d+(?=[<>])", "", line)  # of a stream, as in 2>&1
    for inner in re.findall(r"\$\(([^()]*)\)", line):
        yield from _called(inner)
    words: list[str] = []
    passed_over = False
    for token in [*_tokens(line), ";"]:
        if _MARKS.union(";").issuperset(token):
            if passed_over := "<" in token or ">" in token:  # what follows is a file
                continue
            if words and words[0].rpartition("/")[2] == "ovhcore":
                yield tuple(words[1:])
            words = []
        elif passed_over:
            passed_over = False
        elif words or not (token in _NO_COMMANDS or re.match(r"[A-Z_]+=", token)):
            words.append(token)


def _tokens(line: str) -> list[str]:
    lexer = shlex.shlex(line, posix=True, punctuation_chars="".join(_MARKS))
    lexer.whitespace_split = True
    return [*lexer]
