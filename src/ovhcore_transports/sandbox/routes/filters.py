"""Which objects of a list are wanted, and in which order."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any, Final, TypeAlias
from urllib.parse import unquote

from ..state import ApiError
from .calls import SandboxCall
from .iam import tags_of

__all__ = ["filtered", "ordered", "tagged"]

Object: TypeAlias = dict[str, Any]


def _field(item: Object, path: str) -> Any:
    """Return a member, None if there is none; ``a.b`` is the member ``b`` of ``a``."""
    value: Any = item
    for name in path.split("."):
        value = value.get(name) if isinstance(value, dict) else None
    return value


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, sort_keys=True)


def _like(text: str, pattern: str, flags: re.RegexFlag = re.IGNORECASE) -> bool:
    """Return whether a text is like a pattern, in which ``%`` stands for any characters."""
    expression = ".*".join(map(re.escape, pattern.split("%")))
    return re.fullmatch(expression, text, flags | re.DOTALL) is not None


def _compared(value: Any, wanted: str) -> int:
    """Return -1, 0 or 1: numbers are compared as numbers, all else as text."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return (_text(value) > wanted) - (_text(value) < wanted)
    try:
        number, other = Decimal(str(value)), Decimal(wanted)
        return (number > other) - (number < other)
    except InvalidOperation:
        pass
    raise ApiError.of_class(400, "BadRequest", f"Invalid filter: {wanted!r} is not a number")


_OPERATORS: Final[Mapping[str, Callable[[Any, list[str]], bool]]] = {
    "like": lambda value, wanted: any(_like(_text(value), one) for one in wanted),
    "nlike": lambda value, wanted: not any(_like(_text(value), one) for one in wanted),
    "eq": lambda value, wanted: any(_compared(value, one) == 0 for one in wanted),
    "in": lambda value, wanted: any(_compared(value, one) == 0 for one in wanted),
    "ne": lambda value, wanted: all(_compared(value, one) != 0 for one in wanted),
    "nq": lambda value, wanted: all(_compared(value, one) != 0 for one in wanted),
    "lt": lambda value, wanted: all(_compared(value, one) < 0 for one in wanted),
    "gt": lambda value, wanted: all(_compared(value, one) > 0 for one in wanted),
}


def filtered(items: list[Object], header: str) -> list[Object]:
    """Return the objects that a filter lets pass.

    Args:
        items: all objects.
        header: as ``X-Pagination-Filter`` has it: ``field:operator=value,value&field:operator=value``.

    Raises:
        ApiError: it cannot be read.
    """
    for condition in header.split("&"):
        # The signs that hold it together stand as they are; those of names and values are encoded.
        parts = re.fullmatch("([^:=]+):([a-z]+)=(.*)", condition.strip(), re.DOTALL)
        if parts is None or parts[2] not in _OPERATORS:
            raise ApiError.of_class(400, "BadRequest", f"Invalid filter: {condition!r}")
        name, passes = unquote(parts[1]), _OPERATORS[parts[2]]
        wanted = [unquote(value) for value in parts[3].split(",")]
        items = [item for item in items if passes(_field(item, name), wanted)]
    return items


def ordered(items: list[Object], name: str, direction: str) -> list[Object]:
    """Return the objects in the order of a member: those without it first, then numbers, then text.

    Raises:
        ApiError: the direction is neither ASC nor DESC.
    """

    def sort_key(item: Object) -> tuple[int, float, str]:
        value = _field(item, name)
        if value is None:
            return 0, 0, ""
        return (1, value, "") if isinstance(value, (int, float)) else (2, 0, _text(value))

    if direction.upper() not in ("ASC", "DESC"):
        raise ApiError.of_class(400, "BadRequest", "Invalid sort order: ASC or DESC")
    return sorted(items, key=sort_key, reverse=direction.upper() == "DESC")


def _has(tags: Mapping[str, str], key: str, operator: str, value: str) -> bool:
    """Return whether tags meet a condition. A tag that is missing differs from every value."""
    tag = tags.get(key)
    if operator in ("EXISTS", "NEXISTS"):
        return (tag is not None) is (operator == "EXISTS")
    if operator in ("EQ", "NEQ"):
        return (tag == value) is (operator == "EQ")
    return tag is not None and _like(tag, value, re.IGNORECASE if operator == "ILIKE" else re.NOFLAG)


def _conditions(given: str) -> list[tuple[str, str, str]]:
    """Return the conditions of ``iamTags``, each a key, an operator and a value.

    Raises:
        ValueError: they are none.
    """
    parsed = json.loads(given)
    if not isinstance(parsed, dict):
        raise ValueError("no object")
    conditions: list[tuple[str, str, str]] = []
    for key, several in parsed.items():
        if not isinstance(several, list) or not all(isinstance(one, dict) for one in several):
            raise ValueError("no list of objects")
        for one in several:
            operator, value = one.get("operator", "EQ"), one.get("value")
            bare = operator in ("EXISTS", "NEXISTS")
            if not (bare or operator in ("EQ", "NEQ", "LIKE", "ILIKE")) or isinstance(value, str) is bare:
                raise ValueError("no condition")
            conditions.append((key, operator, value or ""))
    return conditions


def tagged(call: SandboxCall, items: Sequence[Object]) -> Sequence[Object]:
    """Return the resources whose tags meet all conditions of the argument ``iamTags``, all if there is none.

    Raises:
        ApiError: it is not one JSON object of the right form.
    """
    if not any(name.startswith("iamTags") for name in call.query):
        return items
    try:
        conditions = _conditions(call.query.get("iamTags", ""))
    except (ValueError, RecursionError):
        conditions = None
    if conditions is None:
        message = '[iamTags] must be JSON as {"key":[{"operator":"EQ","value":"v"}]}'
        raise ApiError.of_class(400, "BadRequest", message)
    return [item for item in items if _meets(tags_of(call.state, item.get("iam", {})), conditions)]


def _meets(tags: Mapping[str, str], conditions: list[tuple[str, str, str]]) -> bool:
    return all(_has(tags, *condition) for condition in conditions)
