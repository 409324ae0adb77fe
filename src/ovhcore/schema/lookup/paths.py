"""Path templates: finds the one that a path fits, and those that may have been meant by a path."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from difflib import SequenceMatcher
from heapq import heappop, heappush
from typing import Final

__all__ = ["Paths", "plain_path", "segments_cost"]

_VERSION_1 = re.compile(r"/(?:1\.0|v1)(?=/|$)")
_ARGUMENT = re.compile(r"(\{[^{}]*\})")
_ALIKE: Final = 0.6  # difflib's ratio; words below it are different words
_ARGUMENT_COST: Final = 0.05  # any value fits an argument, so a word that is nearly right is likelier
_OTHER_CASE_COST: Final = 0.02
_MISSING_COST: Final = 0.5
_TOO_MUCH_COST: Final = 0.55
_HIGHEST_COST: Final = 0.75
_WORSE: Final = 0.3  # templates that cost this much more than the likeliest are left out


def plain_path(path: str) -> str:
    """Return a path as the catalogue writes it: without query, last slash, and the version if it is 1.

    >>> plain_path("/1.0/me/bill?date.from=2026-01-01")
    '/me/bill'
    """
    route = path.partition("?")[0]
    version = _VERSION_1.match(route)
    return (route[version.end() :] if version else route).rstrip("/") or "/"


class _Node:
    __slots__ = ("arguments", "ends", "words")

    def __init__(self) -> None:
        self.words: dict[str, _Node] = {}
        self.arguments: dict[str, tuple[re.Pattern[str] | None, _Node]] = {}
        self.ends: dict[str, str] = {}


class Paths:
    """The templates of operations, as a tree of their segments.

    Args:
        operations: pairs of method and template.
    """

    def __init__(self, operations: Iterable[tuple[str, str]] = ()) -> None:
        self._root = _Node()
        for method, template in operations:
            self.add(method, template)

    def add(self, method: str, template: str) -> None:
        """Add an operation. If templates differ only in the names of arguments, the first one is found."""
        node = self._root
        for segment in template.split("/")[1:]:
            if "{" not in segment:
                node = node.words.setdefault(segment, _Node())
                continue
            parts = _ARGUMENT.split(segment)
            shape = "{}".join(parts[::2])
            if shape not in node.arguments:
                pattern = re.compile(".+".join(map(re.escape, parts[::2]))) if shape != "{}" else None
                node.arguments[shape] = (pattern, _Node())
            node = node.arguments[shape][1]
        node.ends.setdefault(method, template)

    def find(self, method: str, path: str) -> str | None:
        """Return the template of a method that a path fits: a concrete path, or a template with any names."""
        return _found(self._root, path.split("/")[1:], 0, method)

    def methods(self, path: str) -> list[str]:
        """Return the methods of a path, concrete or a template."""
        return sorted(set(_methods(self._root, path.split("/")[1:], 0)))

    def near(self, path: str, method: str | None = None, limit: int = 3) -> list[str]:
        """Return the templates that may have been meant by a path, the likeliest first.

        Args:
            path: concrete, or a template; without its first slash, too.
            method: a method that the templates must have; None for any.
            limit: the largest number of templates to return.
        """
        segments = path.strip("/").split("/")
        found: dict[str, None] = {}
        seen: set[tuple[int, int]] = set()
        # The number keeps nodes from being compared.
        queue: list[tuple[float, int, int, _Node]] = [(0.0, 0, 0, self._root)]
        number = 0
        highest = _HIGHEST_COST
        while queue and len(found) < limit:
            cost, _, at, node = heappop(queue)
            if cost > highest:
                break
            if (id(node), at) in seen:
                continue
            seen.add((id(node), at))
            if at == len(segments):
                wanted = (template for name, template in node.ends.items() if method is None or name == method)
                if (template := next(wanted, None)) is not None and _share_a_word(template, segments):
                    found.setdefault(template)
                    highest = min(highest, cost + _WORSE)
            for more, step, child in _steps(node, segments[at] if at < len(segments) else None):
                if cost + more <= highest:
                    number += 1
                    heappush(queue, (cost + more, number, at + step, child))
        return list(found)


def _fitting(node: _Node, segment: str) -> Iterator[_Node]:
    if "{" not in segment:
        if segment in node.words:
            yield node.words[segment]
        for pattern, child in node.arguments.values():
            if segment and (pattern is None or pattern.fullmatch(segment)):
                yield child
    else:
        shape = _ARGUMENT.sub("{}", segment)
        if shape in node.arguments:
            yield node.arguments[shape][1]


def _found(node: _Node, segments: list[str], at: int, method: str) -> str | None:
    if at == len(segments):
        return node.ends.get(method)
    for child in _fitting(node, segments[at]):
        if (found := _found(child, segments, at + 1, method)) is not None:
            return found
    return None


def _methods(node: _Node, segments: list[str], at: int) -> Iterator[str]:
    if at == len(segments):
        yield from node.ends
        return
    for child in _fitting(node, segments[at]):
        yield from _methods(child, segments, at + 1)


def _steps(node: _Node, segment: str | None) -> Iterator[tuple[float, int, _Node]]:
    """Yield cost, segments taken, and the next node, for each way to go on from a node."""
    for word, child in node.words.items():
        if segment is not None and (cost := _cost(word, segment)) is not None:
            yield cost, 1, child
        yield _MISSING_COST, 0, child
    for _, child in node.arguments.values():
        if segment is not None:
            yield 0.0 if segment.startswith("{") else _ARGUMENT_COST, 1, child
        yield _MISSING_COST, 0, child
    if segment is not None:
        yield _TOO_MUCH_COST, 1, node


def _share_a_word(template: str, segments: list[str]) -> bool:
    """Say whether a word of a template is like one of a path: otherwise any template of that length would do."""
    words = [word for word in template.split("/") if word and "{" not in word]
    return any(_cost(word, segment) is not None for word in words for segment in segments)


def _cost(word: str, segment: str) -> float | None:
    if word == segment:
        return 0.0
    lowered, written = word.lower(), segment.lower()
    if lowered == written:
        return _OTHER_CASE_COST
    matcher = SequenceMatcher(None, lowered, written, autojunk=False)
    if matcher.real_quick_ratio() < _ALIKE or matcher.quick_ratio() < _ALIKE:
        return None
    ratio = matcher.ratio()
    return 1 - ratio if ratio >= _ALIKE else None


def segments_cost(head: str, path: str) -> float:
    """Return how much the beginning of a path differs from a head; at 2 and more they are not alike at all."""
    heads, segments = head.strip("/").split("/"), path.strip("/").split("/")
    total = 0.0
    if heads[0] == "v2" and segments[0] != "v2":
        heads, total = heads[1:], _MISSING_COST
    for at, word in enumerate(heads):
        cost = _cost(word, segments[at]) if at < len(segments) else _MISSING_COST
        total += 2.0 if cost is None else cost
    return total
