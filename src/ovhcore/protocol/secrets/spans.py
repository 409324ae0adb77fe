"""Parts of a text that are to be redacted, and the text as it reads once its escapes are taken away."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable
from html import unescape
from typing import Final

from ..secret_types import REDACTED

__all__ = ["Reading", "Span", "decoded", "readings", "redact_spans"]

Span = tuple[int, int]
"""The begin and the end of a part of a text."""

# Percent-encoding and bytes (a run that is not ASCII as a whole), HTML, and the escapes of strings in JSON and others.
_ESCAPE: Final = re.compile(
    r"(?:%[89A-Fa-f][0-9A-Fa-f])++|%[0-7][0-9A-Fa-f]"
    r"|&(?:(?:#[0-9]{1,7}|#[xX][0-9A-Fa-f]{1,6}|amp|AMP|lt|LT|gt|GT|quot|QUOT|nbsp);?"
    r"|(?:apos|colon|equals|sol|plus|commat);)"
    r"|(?:\\x[0-9A-Fa-f]{2}|\\[0-3][0-7]{2})++"
    r"|\\(?:u[dD][89abAB][0-9A-Fa-f]{2}\\u[dD][c-fC-F][0-9A-Fa-f]{2}"
    r"|u[0-9A-Fa-f]{4}|U00(?:10|0[0-9A-Fa-f])[0-9A-Fa-f]{4}|u\{(?:10[0-9A-Fa-f]{4}|[0-9A-Fa-f]{1,5})\}|[\"'\\/bfnrt])"
)
_SIMPLE: Final = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}
_DEPTH: Final = 3


def _plain(escape: str) -> str:
    if escape[0] == "%":
        return decoded(bytes.fromhex(escape.replace("%", "")))
    if escape[0] == "&":
        return unescape(escape)
    if escape[1] in "x0123":
        octets = escape[1:].split("\\")
        return decoded(bytes(int(each[1:], 16) if each[0] == "x" else int(each, 8) for each in octets))
    if escape[1] == "U" or escape[2:3] == "{":
        return chr(int(escape[2:].strip("{}"), base=16))
    if escape[1] == "u":
        first, second = int(escape[2:6], base=16), escape[8:]
        # JSON writes a character beyond the first 65,536 as two.
        return chr(0x10000 + (first - 0xD800) * 0x400 + int(second, base=16) - 0xDC00) if second else chr(first)
    return _SIMPLE.get(escape[1], escape[1])


def decoded(data: bytes) -> str:
    """Return what bytes say in UTF-8, or else in Latin-1."""
    try:
        return data.decode()
    except UnicodeDecodeError:
        return data.decode("latin-1")


class Reading:
    """A text, perhaps with escapes taken away, that knows where its parts stand in the original text.

    Args:
        text: the text as it reads.
        of: the reading that it was made from; None for the original text.
        places: where each part begins here, where it begins in ``of``, and where it ends in ``of`` if it is an escape.
    """

    def __init__(self, text: str, of: Reading | None = None, places: tuple[list[int], ...] = ()) -> None:
        self.text = text
        self._of = of
        self._places = places

    def unescaped(self) -> Reading | None:
        """Return the text without one layer of escapes; None if it has none."""
        text, pieces = self.text, []
        here: list[int] = []
        there: list[int] = []
        ends: list[int] = []
        at = position = 0
        for match in _ESCAPE.finditer(text):
            start, end = match.span()
            if start > at:
                here.append(position)
                there.append(at)
                ends.append(0)
                pieces.append(text[at:start])
                position += start - at
            plain = _plain(match[0])
            here.append(position)
            there.append(start)
            ends.append(end)
            pieces.append(plain)
            position += len(plain)
            at = end
        if not here:
            return None
        here.append(position)
        there.append(at)
        ends.append(0)
        pieces.append(text[at:])
        return Reading("".join(pieces), self, (here, there, ends))

    def place(self, start: int, end: int) -> Span:
        """Return where a part of this reading stands in the original text; ``end`` is behind ``start``."""
        reading: Reading | None = self
        while reading is not None and reading._of is not None:
            here, there, ends = reading._places
            first, last = bisect_right(here, start) - 1, bisect_right(here, end - 1) - 1
            start = there[first] if ends[first] else there[first] + start - here[first]
            end = ends[last] or there[last] + end - here[last]
            reading = reading._of
        return start, end


def readings(text: str) -> list[Reading]:
    """Return a text, and how it reads once, twice and three times unescaped."""
    found = [Reading(text)]
    while len(found) <= _DEPTH:
        if not ("%" in found[-1].text or "&" in found[-1].text or "\\" in found[-1].text):
            break
        further = found[-1].unescaped()
        if further is None:
            break
        found.append(further)
    return found


def redact_spans(text: str, spans: Iterable[Span]) -> str:
    """Return a text with parts replaced by ``<redacted>``; marks that are there already stay."""
    marks = _marks(text) if REDACTED in text else []
    merged: list[list[int]] = []
    at = 0
    for start, end in sorted(spans):
        while at < len(marks) and marks[at][1] <= start:
            at += 1
        near = at
        while near < len(marks) and marks[near][0] < end:
            mark = marks[near]
            if mark[0] <= start and end <= mark[1]:
                start = end  # the span is part of a mark that is there already
                break
            start, end = min(start, mark[0]), max(end, mark[1])
            near += 1
        if start == end:
            continue
        if merged and start <= merged[-1][1]:
            merged[-1][1] = max(merged[-1][1], end)
        else:
            merged.append([start, end])
    pieces: list[str] = []
    done = 0
    for start, end in merged:
        pieces += (text[done:start], REDACTED)
        done = end
    return "".join((*pieces, text[done:]))


def _marks(text: str) -> list[Span]:
    found: list[Span] = []
    at = text.find(REDACTED)
    while at >= 0:
        found.append((at, at + len(REDACTED)))
        at = text.find(REDACTED, at + len(REDACTED))
    return found
