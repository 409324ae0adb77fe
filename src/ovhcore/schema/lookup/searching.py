"""The search for operations by words."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from ..model import Operation

__all__ = ["search_operations"]

_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")
_VERBS: Final = {
    "list": "GET",
    "show": "GET",
    "read": "GET",
    "create": "POST",
    "add": "POST",
    "order": "POST",
    "change": "PUT",
    "edit": "PUT",
    "update": "PUT",
    "delete": "DELETE",
    "remove": "DELETE",
}
_WHOLE: Final = 3.0
_BEGINNING: Final = 2.0
_PART: Final = 1.0
_ELSEWHERE: Final = 0.5
_DEPRECATED: Final = 1.0


def search_operations(operations: Iterable[Operation], words: str, limit: int) -> list[Operation]:
    """Return the operations that match all words, the likeliest first.

    A word counts most as one of the path's words, less within one of those, least in the description, the names
    of arguments and the type of the answer. Verbs as ``create`` count as methods.

    Args:
        operations: the operations to look through.
        words: the words, in any order; upper and lower case are the same.
        limit: the largest number of operations to return.
    """
    wanted = [_singular(word) for word in words.lower().replace("/", " ").split()]
    if not wanted:
        return []
    scored: list[tuple[float, int, str, Operation]] = []
    for each in operations:
        score = _score(each, wanted)
        if score:
            order = -score + (_DEPRECATED if each.status.deprecated else 0.0)
            scored.append((order, each.path.count("/"), str(each), each))
    return [each for *_, each in sorted(scored, key=lambda entry: entry[:3])[:limit]]


def _singular(word: str) -> str:
    return word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith("ss") else word


def _score(operation: Operation, wanted: Iterable[str]) -> float:
    path = operation.path.lower()
    own = {_singular(word.lower()) for word in _WORDS.findall(operation.path)}
    own.update(_singular(segment) for segment in path.split("/"))
    total = 0.0
    for word in wanted:
        if word in own:
            score = _WHOLE
        elif any(each.startswith(word) for each in own):
            score = _BEGINNING
        elif word in path:
            score = _PART
        elif word == operation.method.lower() or _VERBS.get(word) == operation.method or word in _elsewhere(operation):
            score = _ELSEWHERE
        else:
            return 0.0
        total += score
    return total


def _elsewhere(operation: Operation) -> str:
    names = " ".join(each.name for each in operation.parameters)
    return f"{operation.description} {names} {operation.answer}".lower()
