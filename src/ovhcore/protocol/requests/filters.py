"""Filters and sort orders of lists: tags in the query, and the ``X-Pagination-*`` header fields.

The API describes tags (``iam.resource.TagFilter``, for the query argument ``iamTags``,
and ``tags`` of ``/iam/resource``). The header fields are those that OVHcloud's manager sends;
no documentation promises them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence, Set
from typing import Any, Final

from ...exceptions import InvalidRequest
from ..urls import quote_text
from .values import plain_text, shown

__all__ = ["PAGINATION_OPERATORS", "TAG_OPERATORS", "iam_tags", "pagination_filter", "pagination_sort"]

TAG_OPERATORS: Final = ("EQ", "NEQ", "LIKE", "ILIKE", "EXISTS", "NEXISTS")
"""Operators of a condition on a tag; the last two take no value."""

PAGINATION_OPERATORS: Final = ("eq", "ne", "nq", "lt", "gt", "like", "nlike", "in")
"""Operators of ``X-Pagination-Filter``. ``nq`` is the older spelling of ``ne``; ``in`` takes several values."""

_VALUELESS: Final = frozenset({"EXISTS", "NEXISTS"})
_FIELD = re.compile(r"[A-Za-z0-9_.][A-Za-z0-9_.\-]*")


def iam_tags(tags: Mapping[str, Any]) -> dict[str, list[dict[str, str]]]:
    """Return the value of the query arguments ``iamTags`` and ``tags``, from conditions on tags by their key.

    A condition is a plain value, which the tag must be equal to; a tuple of an operator and a
    value; or a tuple of ``"EXISTS"`` or ``"NEXISTS"`` alone. A list holds several for one key.

    >>> iam_tags({"env": "prod", "name": ("LIKE", "web%"), "old": ("NEXISTS",)})["name"]
    [{'operator': 'LIKE', 'value': 'web%'}]

    Source: ``iam.resource.TagFilter`` of the API's description; the API refuses ``tags[key][value]=v``.

    Raises:
        InvalidRequest: an operator the API does not have, a value that is missing, superfluous
            or not plain, an empty key, no condition.
    """
    if not isinstance(tags, Mapping):
        raise InvalidRequest(f"tags must be a mapping, as {{'env': 'prod'}}, not {type(tags).__name__}")
    written: dict[str, list[dict[str, str]]] = {}
    for key, conditions in tags.items():
        if not isinstance(key, str) or not key:
            raise InvalidRequest(f"the key of a tag must be a string that is not empty, not {shown(key)}")
        listed: list[Any] = conditions if isinstance(conditions, list) else [conditions]
        if not listed:
            raise InvalidRequest(f"tag {key!r} has no condition; that it must be there is written ('EXISTS',)")
        written[key] = [_tag_condition(condition, f"tag {key!r}") for condition in listed]
    return written


def _tag_condition(condition: Any, what: str) -> dict[str, str]:
    """Return a condition on a tag as the API takes it: an operator, and a value if the operator has one."""
    if condition is None:
        raise InvalidRequest(f"{what} has no value; write ('EXISTS',) or ('NEXISTS',)")
    if not isinstance(condition, tuple):
        return {"operator": "EQ", "value": plain_text(condition, what)}
    name: Any = condition[0] if condition else None
    operator = name.upper() if isinstance(name, str) else name
    if operator not in TAG_OPERATORS:
        raise InvalidRequest(
            f"{what}: a tuple begins with one of {', '.join(TAG_OPERATORS)}, not {shown(name)}; "
            "several conditions are a list"
        )
    takes = 0 if operator in _VALUELESS else 1
    if len(condition) != 1 + takes:
        raise InvalidRequest(
            f"{what}: {operator} takes {'one value' if takes else 'no value'}, not {len(condition) - 1}; "
            f"of {', '.join(TAG_OPERATORS)} the last two take none"
        )
    if not takes:
        return {"operator": operator}
    return {"operator": operator, "value": plain_text(condition[1], what)}


def pagination_filter(conditions: Mapping[str, Any] | Iterable[tuple[str, str, Any]]) -> str:
    """Return the value of the header field ``X-Pagination-Filter``.

    In a mapping of field names, a plain value must be equal, a list or set holds the values that
    are allowed, and a tuple has an operator and its value. Several conditions on one field are
    written as tuples of field, operator and value. All conditions must hold.

    >>> pagination_filter({"status": ["ok", "error"], "name": ("like", "%web%")})
    'status:in=ok,error&name:like=%25web%25'
    >>> pagination_filter([("size", "gt", 5), ("size", "lt", 10)])
    'size:gt=5&size:lt=10'

    Source: what OVHcloud's manager sends to lists that answer ``X-Pagination-Mode``; the API
    documents neither.

    Raises:
        InvalidRequest: an operator that does not exist, a field name of other characters than
            letters, digits, ``.``, ``_`` and ``-``, a value that is not plain, no condition.
    """
    given: Any = conditions
    if isinstance(given, Mapping):
        listed = [_condition_of_member(field, condition) for field, condition in given.items()]
    elif isinstance(given, Iterable) and not isinstance(given, (str, bytes)):
        listed = list(given)
    else:
        raise InvalidRequest(f"a filter must be a mapping or a list of tuples, not {type(given).__name__}")
    if not listed:
        raise InvalidRequest("a filter needs a condition; without one, leave the filter out")
    return "&".join(map(_pagination_condition, listed))


def _condition_of_member(field: Any, condition: Any) -> tuple[Any, ...]:
    if isinstance(condition, tuple):
        return (field, *condition)
    return (field, "in" if isinstance(condition, (list, Set)) else "eq", condition)


def _pagination_condition(condition: Any) -> str:
    """Return a condition on a field as the header takes it: ``field:operator=value``."""
    if not isinstance(condition, (tuple, list)) or len(condition) != 3:
        raise InvalidRequest(
            f"a condition has a field, an operator and a value, as ('size', 'gt', 5): {shown(condition)}"
        )
    field, name, value = condition
    _check_field(field)
    operator = name.lower() if isinstance(name, str) else name
    if operator not in PAGINATION_OPERATORS:
        raise InvalidRequest(
            f"filter of {field!r}: the operator is one of {', '.join(PAGINATION_OPERATORS)}, not {shown(name)}"
        )
    what = f"filter of {field!r}"
    if operator != "in":
        return f"{field}:{operator}={_encoded(value, what)}"
    if not isinstance(value, (Sequence, Set)) or isinstance(value, (str, bytes)) or not value:
        raise InvalidRequest(f"{what}: in takes a list of values that is not empty")
    texts = [_encoded(item, what) for item in value]
    # A set has no order; sorted, equal sets make the same header.
    return f"{field}:in={','.join(sorted(texts) if isinstance(value, Set) else texts)}"


def _check_field(field: Any) -> None:
    if not isinstance(field, str) or not _FIELD.fullmatch(field):
        raise InvalidRequest(f"a field's name is letters, digits, '.', '_' and '-', not {shown(field)}")


def _encoded(value: Any, what: str) -> str:
    return quote_text(plain_text(value, what), "", what)


def pagination_sort(sort: str) -> dict[str, str]:
    """Return the header fields that sort a list: by ``"date"``, or by ``"-date"`` from the largest down.

    Source: as for :func:`pagination_filter`.

    Raises:
        InvalidRequest: ``sort`` is not a field's name, with or without a ``-`` before the name.
    """
    descending = isinstance(sort, str) and sort.startswith("-")
    field = sort[1:] if descending else sort
    _check_field(field)
    return {"X-Pagination-Sort": field, "X-Pagination-Sort-Order": "DESC" if descending else "ASC"}
