"""Values that are known to be secrets, found wherever a text repeats them, and however it writes them."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Iterable, Iterator
from html import escape
from json import dumps
from typing import Final
from urllib.parse import quote

from .spans import Span, decoded, readings

__all__ = ["WITHIN", "KnownSecrets"]

WITHIN: Final = 6
"""The least number of characters of a value that is also looked for inside words."""
_TELLING: Final = 4
"""The least number of characters of a value that is found wherever it is a whole word; a shorter value is found only
between quotes, behind an equals sign or a colon, or as the whole text."""


class _Lower(dict[int, int]):
    """A table of lower-case letters, one for each letter: a letter that became two would move places in the text."""

    def __missing__(self, code: int) -> int:
        lower = chr(code).lower()
        found = self[code] = ord(lower) if len(lower) == 1 else code
        return found


_LOWER: Final = _Lower()
_OCTETS: Final = re.compile("[\x80-\xff]+")
_BEFORE: Final = re.compile(r"(?:^|[\"'`]|[=:]\s?)$")
_AFTER: Final = re.compile(r"[\"'`,;&)\]}\s]|$")


def _folded(text: str) -> str:
    return text.lower() if text.isascii() else text.translate(_LOWER)


def _in_base64(value: bytes) -> Iterator[str]:
    """Yield how base64 writes a value, for each of the three offsets at which the value may begin."""
    for before in range(3):
        encoded = b64encode(b"\0" * before + value).decode("ascii")
        core = encoded[(before * 8 + 5) // 6 : (before + len(value)) * 8 // 6]
        yield core
        yield core.replace("+", "-").replace("/", "_")


def _escaped(value: str) -> set[str]:
    """Return how JSON, HTML, a URL and base64 write a value."""
    data = value.encode("utf-8", "surrogatepass")
    plain = b64encode(data).decode("ascii")
    return {value, dumps(value)[1:-1], dumps(value, ensure_ascii=False)[1:-1], escape(value), quote(data, ""), plain}


def _misread(value: str) -> str:
    """Return how a value reads if its letters are taken for bytes: escapes do not say which of the two they are."""
    return _OCTETS.sub(lambda octets: decoded(octets[0].encode("latin-1")), value)


def _in_order(values: Iterable[str]) -> list[str]:
    return sorted({_folded(value) for value in values}, key=len, reverse=True)


class KnownSecrets:
    """Values that are secrets. Immutable.

    Args:
        values: the secrets; empty values are ignored.
        within: the least number of characters of a value that is also looked for inside words.
    """

    __slots__ = ("_long", "_short", "_values")

    def __init__(self, values: Iterable[str] = (), within: int = WITHIN) -> None:
        self._values = frozenset(value for value in values if value)
        long: set[str] = set()
        short: set[str] = set()
        for value in self._values:
            data = value.encode("utf-8", "surrogatepass")
            found = long if len(value) >= within else short
            # Texts are searched unescaped, so a value that seems to hold escapes is looked for without them.
            found.update(each.text for each in readings(value) if len(each.text) >= min(within, len(value)))
            found |= {value.replace(" ", "+"), _misread(value)}
            if len(value) >= WITHIN:
                long.add(data.hex())
                for written in _escaped(value):
                    long.update(_in_base64(written.encode("utf-8", "surrogatepass")))
            elif len(value) >= _TELLING:
                short |= {b64encode(data).decode("ascii"), data.hex()}
        self._long = _in_order(long)
        self._short = _in_order(short)

    def __bool__(self) -> bool:
        return bool(self._values)

    def adding(self, values: Iterable[str], within: int = WITHIN) -> KnownSecrets:
        """Return an object that knows these values and more."""
        more = KnownSecrets({value for value in values if value not in self._values}, within)
        if not more:
            return self
        more._values |= self._values
        # Both are folded and in order, so that this costs little however many are known.
        more._long = sorted(self._long + more._long, key=len, reverse=True)
        more._short = sorted(self._short + more._short, key=len, reverse=True)
        return more

    def is_one(self, text: str) -> bool:
        """Say whether a whole text is one of the values, and too long to be one by accident."""
        return len(text) >= _TELLING and text in self._values

    def find(self, text: str) -> Iterator[Span]:
        """Yield where a text, its escapes taken away, holds one of the values."""
        folded = _folded(text)
        for value in self._long:
            at = folded.find(value)
            while at >= 0:
                yield at, at + len(value)
                at = folded.find(value, at + len(value))
        for value in self._short:
            at = folded.find(value)
            while at >= 0:
                if self._stands_alone(folded, at, at + len(value)):
                    yield at, at + len(value)
                at = folded.find(value, at + len(value))

    @staticmethod
    def _stands_alone(text: str, start: int, end: int) -> bool:
        if end - start < _TELLING:
            return _BEFORE.search(text[max(0, start - 2) : start]) is not None and _AFTER.match(text, end) is not None
        return not (text[start - 1 : start].isalnum() or text[end : end + 1].isalnum())
