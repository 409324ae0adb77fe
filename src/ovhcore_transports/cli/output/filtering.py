"""Conditions on objects, held against those that came: a server that passes over a filter does not say so.

The operators are those of ``X-Pagination-Filter``. What a server may understand in another way, as the order of texts,
is left to it: an object is left out only if it cannot have been meant.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any, Final, TypeAlias

__all__ = ["Condition", "meets", "member"]

_DAY: Final = "[0-9]{4}-[0-9]{2}-[0-9]{2}"

Condition: TypeAlias = tuple[str, str, Any]


def member(value: Any, path: str) -> Any:
    """Return a member of an object, None if there is none; ``a.b`` is the member ``b`` of ``a``."""
    if isinstance(value, dict) and path in value:
        return value[path]
    for name in path.split("."):
        value = value.get(name) if isinstance(value, dict) else None
    return value


def meets(value: Any, conditions: Sequence[Condition]) -> bool:
    """Say whether an object meets all conditions, as far as that can be told."""
    return all(_meets(value, *each) for each in conditions)


def _meets(value: Any, field: str, operator: str, wanted: Any) -> bool:
    found = member(value, field)
    operator = operator.lower()
    if operator in ("eq", "in"):
        return any(_equal(found, each, fold=True) for each in (wanted if isinstance(wanted, list) else [wanted]))
    if operator in ("ne", "nq"):
        return not _equal(found, wanted, fold=False)
    if operator == "like":
        return _like(_text(found).casefold(), wanted.casefold())
    if operator == "nlike":
        return not _like(_text(found), wanted)
    return _in_order(found, wanted) if operator == "lt" else _in_order(wanted, found)


def _in_order(smaller: Any, larger: Any) -> bool:
    """Say whether one value can be smaller than another; texts have more than one order, days have one."""
    one, other = _number(smaller), _number(larger)
    if one is not None and other is not None:
        return one < other
    if isinstance(smaller, str) and isinstance(larger, str) and re.match(_DAY, smaller) and re.match(_DAY, larger):
        return smaller[:10] <= larger[:10]
    return True


def _equal(found: Any, wanted: str, *, fold: bool) -> bool:
    number, other = _number(found), _number(wanted)
    if number is not None and other is not None and not isinstance(found, str):
        return number == other
    text = _text(found)
    return text.casefold() == wanted.casefold() if fold else text == wanted


def _like(text: str, pattern: str) -> bool:
    """Say whether a text is like a pattern, in which ``%`` stands for any characters."""
    first, *middle = pattern.split("%")
    if not middle:
        return text == first
    last = middle.pop()
    if not text.startswith(first) or not text.endswith(last) or len(text) < len(first) + len(last):
        return False
    at = len(first)
    for piece in middle:
        at = text.find(piece, at, len(text) - len(last))
        if at < 0:
            return False
        at += len(piece)
    return True


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, sort_keys=True)


def _number(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return None
    if isinstance(value, str) and not re.fullmatch(r"[-+]?[0-9]+(\.[0-9]+)?", value):
        return None
    return float(value)
