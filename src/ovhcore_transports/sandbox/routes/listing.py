"""The ways in which a route answers: whole, by cursor, in pages of expanded objects, or for many ids at once.

None of them but the cursors of version 2 is documented; they are imitated as programs use them.
"""

from __future__ import annotations

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import MutableSequence, Sequence
from copy import deepcopy
from hashlib import sha256
from typing import Any, Final
from urllib.parse import unquote, urlencode

from ..control.modes import Use
from ..state import ApiError
from ..storage.rows import Row, Rows
from .calls import SandboxCall
from .filters import filtered, ordered
from .table import ROUTES, Route

__all__ = ["DETAILS", "carry_out"]

DETAILS: Final = {
    route.template.rpartition("/")[0]: route
    for route in ROUTES
    if route.method == "GET"
    and route.template.endswith("}")
    and not route.version_2
    # The list of these holds the objects themselves.
    and route.template != "/instance/{instanceId}"
}
"""The route of one object, by the template of the list of their ids."""

_MOST_LISTS: Final = 1000
_MOST_OBJECTS: Final = 250_000
"""How many objects all expanded lists in the cache have at most; a single list may have more."""
_NUMBERS: Final = ("id", "taskId")
"""Arguments that are numbers."""


def carry_out(route: Route, call: SandboxCall) -> Any:
    """Return what a call that was let in is answered with, in the way its headers ask for.

    Raises:
        ApiError: it is answered with an error.
    """
    if route.method != "GET":
        return route.answer(call)
    if route.version_2:
        value = route.answer(call)
        return _by_cursor(call, value) if isinstance(value, Sequence) and not isinstance(value, str) else value
    if route.template.endswith("}") and "x-ovh-batch" in call.headers and _used(call.modes.batch, "X-Ovh-Batch"):
        return _batch(route, call)
    details = route.details or DETAILS.get(route.template)
    mode = call.headers.get("x-pagination-mode", "").lower()
    if details is not None and mode == "cachedobjectlist-pages" and _used(call.modes.pages, "X-Pagination-Mode"):
        return _numbered(call, _chosen(call, route, details))
    if details is not None and mode == "cachedobjectlist-cursor" and _used(call.modes.cursors, "X-Pagination-Mode"):
        size, items = _size(call), _chosen(call, route, details)
        call.answer_headers["X-Pagination-Size"] = str(size)
        return _from_cursor(call, items, size)
    return _whole(route.answer(call))


def _whole(value: Any) -> Any:
    """Return an answer of which each object is read."""
    return list(value) if isinstance(value, Sequence) and not isinstance(value, str) else value


def _used(use: Use, header: str) -> bool:
    if use == "refused":
        raise ApiError.of_class(400, "BadRequest", f"{header} is not supported")
    return use == "on"


def _number(call: SandboxCall, header: str, otherwise: int) -> int:
    given = call.headers.get(header, "")
    if given and (not re.fullmatch("[0-9]{1,9}", given) or int(given) == 0):
        raise ApiError.of_class(400, "BadRequest", f"Invalid pagination: {header} must be a whole number, 1 or more")
    return int(given or otherwise)


def _size(call: SandboxCall) -> int:
    return min(_number(call, "x-pagination-size", call.modes.default_page_size), call.modes.max_page_size)


def _query(call: SandboxCall) -> str:
    return urlencode(sorted(call.query.items()), errors="surrogatepass")


def _by_cursor(call: SandboxCall, items: Sequence[Any]) -> Sequence[Any]:
    """Return a page of a list of version 2, the whole if it knows no cursors."""
    asked = not call.headers.keys().isdisjoint(("x-pagination-size", "x-pagination-cursor"))
    if call.modes.cursors != "on" and not (asked and _used(call.modes.cursors, "X-Pagination-Cursor")):
        return list(items)
    return _from_cursor(call, items, _size(call))


def _from_cursor(call: SandboxCall, items: Sequence[Any], size: int) -> Sequence[Any]:
    """Return the page that begins at the cursor, the first if there is none, and say where the next begins."""
    sorting = (call.headers.get(f"x-pagination-{name}", "") for name in ("filter", "sort", "sort-order"))
    scope = "\n".join((call.name, _query(call), *sorting))
    cursor = call.headers.get("x-pagination-cursor", "")
    start, page = _position(scope, cursor) if cursor else (0, 0)
    if call.modes.short_pages:
        end = start + ((size + 1) // 2, 0, size)[page % 3]
        more = start < len(items)  # so the last page is empty, too
    else:
        end = start + size
        more = end < len(items)
    if more:
        call.answer_headers["X-Pagination-Cursor-Next"] = _cursor(scope, end, page + 1)
    return items[start:end]


def _cursor(scope: str, start: int, page: int) -> str:
    """Return a cursor that is good for one list only."""
    position = f"{start}.{page}"
    proof = sha256(f"{scope}\n{position}".encode("utf-8", "surrogatepass")).hexdigest()[:16]
    return urlsafe_b64encode(f"{position}.{proof}".encode()).decode().rstrip("=")


def _position(scope: str, cursor: str) -> tuple[int, int]:
    try:
        read = urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
    except ValueError:
        read = b""
    parts = re.fullmatch(rb"([0-9]{1,9})\.([0-9]{1,9})\..*", read)
    if parts is not None:
        start, page = int(parts[1]), int(parts[2])
        if _cursor(scope, start, page) == cursor:
            return start, page
    raise ApiError.of_class(400, "BadRequest", "invalid cursor")


def _chosen(call: SandboxCall, route: Route, details: Route) -> Sequence[Row]:
    """Return the objects of a list of ids: those that pass the filter, in the order that was asked for."""
    items: Sequence[Row] = _expanded(call, route, details)
    condition, name = call.headers.get("x-pagination-filter", ""), call.headers.get("x-pagination-sort", "")
    if condition and _used(call.modes.filters, "X-Pagination-Filter"):
        items = filtered(list(items), condition)
    if name:
        direction = call.headers.get("x-pagination-sort-order", "ASC")
        items = ordered(list(items), name, direction)
        call.answer_headers.update({"X-Pagination-Sort": name, "X-Pagination-Sort-Order": direction.upper()})
    return items


def _expanded(call: SandboxCall, route: Route, details: Route) -> MutableSequence[Row]:
    """Return the objects that a list of ids stands for, as they were when somebody last asked with ``no-cache``."""
    cache, key = call.state.expanded, f"{call.name}?{_query(call)}"
    if key not in cache or "no-cache" in call.headers.get("pragma", "").lower():
        found: MutableSequence[Any] = Rows()
        for item_id in route.answer(call):
            try:
                value = deepcopy(_whole(details.answer(_of(call, details, str(item_id)))))
            except ApiError:
                continue  # a task that is listed and not there yet
            if not isinstance(value, dict):
                found = list(found)
            found.append(value)
        cache.pop(key, None)
        while cache and (len(cache) >= _MOST_LISTS or sum(map(len, cache.values())) + len(found) > _MOST_OBJECTS):
            del cache[next(iter(cache))]
        cache[key] = found
    return cache[key]


def _of(call: SandboxCall, details: Route, item_id: str) -> SandboxCall:
    return call._replace(path={**call.path, details.last_argument: item_id})


def _numbered(call: SandboxCall, items: Sequence[Row]) -> Sequence[Row]:
    number, size = _number(call, "x-pagination-number", 1), _size(call)
    call.answer_headers.update(
        {
            "X-Pagination-Elements": str(len(items)),
            "X-Pagination-Number": str(number),
            "X-Pagination-Size": str(size),
        }
    )
    return items[(number - 1) * size : number * size]


def _batch(route: Route, call: SandboxCall) -> list[Any]:
    """Return what the route answers for each of the ids that the last segment of the path joins."""
    separator = call.headers["x-ovh-batch"]
    if len(separator) != 1:
        raise ApiError.of_class(400, "BadRequest", "X-Ovh-Batch must be the one character that separates the ids")
    answers: list[Any] = []
    # As it was sent: a separator that is encoded is part of an id.
    for sent in call.name.removesuffix("/").rpartition("/")[2].split(separator):
        item_id = unquote(sent, errors="replace")
        value = error = None
        try:
            value = _whole(route.answer(_of(call, route, item_id)))
        except ApiError as failure:
            error = failure.body
        number = route.last_argument in _NUMBERS and re.fullmatch("[0-9]{1,18}", item_id)
        key = int(item_id) if number else item_id
        answers.append(value if call.modes.plain_batch else {"key": key, "value": value, "error": error})
    return answers
