"""The objects of ids: many in one request where the API can, else one request for each.

``X-Ovh-Batch`` (version 1, undocumented, "not guaranteed"): its value is a separator,
the last segment of the path holds ids that it joins, and the answer is a list of
``{"key", "value", "error"}``, with status 200 even where some of them fail. A server that
does not know the field looks for one object with that long name, and does not find it. So the
first batch decides: if it is refused, ignored or makes no sense, all objects are asked for one by
one, and otherwise those that are missing in an answer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final, NamedTuple

from ...exceptions import APIError, InvalidRequest, InvalidResponse, InvalidSignature, QueryTimeOut
from ...protocol.responses.decoding import is_no_route
from ...protocol.urls import encode_segment
from ..effects import Flow
from ..exchange import Fetch
from .fan_out import FailedItem, FanOut

__all__ = ["BATCH_SIZE", "ItemFetcher", "ItemsById", "is_refusal_of_mode"]

BATCH_SIZE: Final = 50
"""Objects in one request; OVHcloud's own web interface asks for as many."""

_SEPARATOR: Final = ","
_SEPARATOR_ENCODED: Final = "%2C"
_LONGEST: Final = 4000
"""Characters of ids in one path; servers refuse lines beyond 8,000 or so."""

_ENTRY: Final = frozenset({"key", "value", "error"})
# Statuses with which a server refuses a mode it does not know. 5xx without the API's JSON are failures of another kind.
_REFUSED: Final = frozenset({400, 405, 406, 415, 422, 500, 501})
# Those for a batch, whose path may name no object, or more than may be read.
_REFUSED_BATCH: Final = _REFUSED | {403, 404, 460}
# A shorter path helps, whichever server answers so.
_TOO_LONG: Final = frozenset({413, 414, 431})


def is_refusal_of_mode(error: APIError, batch: bool = False) -> bool:
    """Say whether an error can mean that the server refuses a mode, and not the call."""
    if error.status == 403 and error.code not in (None, "NOT_GRANTED_CALL", "FORBIDDEN"):
        return False
    if isinstance(error, (InvalidSignature, QueryTimeOut)):
        return False
    if batch and error.status in _TOO_LONG:
        return True
    return error.status in (_REFUSED_BATCH if batch else _REFUSED) and not isinstance(error, InvalidResponse)


class _Id(NamedTuple):
    """An id, its position in the list, and its text in a path, None if it cannot stand there."""

    position: int
    name: Any
    text: str | None


class ItemFetcher:
    """Fetches the objects of ids.

    Args:
        fetch: makes the requests.
        before: path up to the id.
        after: path after it.
        mode: ``"auto"``, ``"batch"`` or ``"single"``.
        size: ids in one request, at most.
        limit: requests at once.
        ordered: whether objects come in the order of their ids.
        pick: makes the result that is handed out, of position, id, and object or error.
        scalars: whether ids that have no path are plain values, which are handed out themselves.
    """

    def __init__(
        self,
        fetch: Fetch,
        before: str,
        after: str = "",
        *,
        mode: str = "auto",
        size: int | None = None,
        limit: int,
        ordered: bool = True,
        pick: Callable[[int, Any, Any], Any] = lambda position, name, value: value,
        scalars: bool = False,
    ) -> None:
        self.mode = mode
        self._fetch = fetch
        self._before, self._after = before, after
        self._size = size or BATCH_SIZE
        self._limit = limit
        self._ordered = ordered
        self._pick = pick
        self._scalars = scalars
        self._batch_only = mode == "batch"

    def begin(self, ids: Sequence[Any]) -> Flow[FanOut]:
        """Return the step that brings the objects of ids. The first answers decide the mode."""
        first: list[Any] = []
        if self.mode == "auto" and ids:
            first = yield from (self._try_batch(ids) if len(ids) > 1 else self._try_alone(ids))
        if self.mode == "plain":
            return FanOut([self._pick(position, name, name) for position, name in enumerate(ids)])
        return FanOut(first, map(self._part, self._parts(ids, len(first))), self._limit, self._ordered)

    def _try_batch(self, ids: Sequence[Any]) -> Flow[list[Any]]:
        """Return the objects of the first batch; none of them if the server has no batches."""
        part = next(self._parts(ids))
        if len(part) == 1:  # too long an id, or one that holds a comma; there may be more of them
            self.mode = "single"
            return []
        try:
            values = yield from self._fetch_batch(part)
        except APIError as error:
            if not is_refusal_of_mode(error, batch=True):
                return [self._failed(each, error) for each in part]
            if self._scalars and is_no_route(error):
                return (yield from self._try_alone(ids))
            values = None
        self.mode = "single" if values is None else "batch"
        return [] if values is None else (yield from self._complete(part, values))

    def _try_alone(self, ids: Sequence[Any]) -> Flow[list[Any]]:
        """Return the first object; none if there is no such path at all, since then the list holds plain values."""
        first = yield from self._fetch_alone(_encoded(0, ids[0]))
        if self._scalars and type(first) is FailedItem and is_no_route(first.error):
            self.mode = "plain"
            return []
        if len(ids) > 1:
            self.mode = "single"
        return [first]

    def _parts(self, ids: Sequence[Any], start: int = 0) -> Iterator[list[_Id]]:
        """Yield ids in parts, one for each request."""
        part: list[_Id] = []
        length = 0
        for position in range(start, len(ids)):
            each = _encoded(position, ids[position])
            # An id that holds a separator of its own, or cannot be sent, is asked for apart from the others.
            apart = self.mode == "single" or each.text is None or _SEPARATOR_ENCODED in each.text
            size = len(each.text or "") + 1
            if part and (apart or len(part) >= self._size or length + size > _LONGEST):
                yield part
                part, length = [], 0
            if apart:
                yield [each]
                continue
            part.append(each)
            length += size
        if part:
            yield part

    def _part(self, part: list[_Id]) -> Flow[Sequence[Any]]:
        """Bring the objects of a part; a failure stands in the place of its object."""
        if len(part) == 1:
            return ((yield from self._fetch_alone(part[0])),)
        refusal: APIError | None = None
        values: dict[str, Any] | None = None
        try:
            values = yield from self._fetch_batch(part)
        except APIError as error:
            if not is_refusal_of_mode(error, batch=True):
                return [self._failed(each, error) for each in part]
            refusal = error
        if values is None and self._batch_only:
            ignored = InvalidResponse(
                f"GET {self._before}...{self._after} does not answer X-Ovh-Batch with a batch",
                status=None if refusal is None else refusal.status,
            )
            ignored.__cause__ = refusal
            return [self._failed(each, ignored) for each in part]
        return (yield from self._complete(part, values or {}))

    def _fetch_batch(self, part: list[_Id]) -> Flow[dict[str, Any] | None]:
        """Ask for objects in one request; return them by id, None for another answer."""
        joined = _SEPARATOR.join(each.text or "" for each in part)
        answer = yield from self._fetch(f"{self._before}{joined}{self._after}", {"X-Ovh-Batch": _SEPARATOR})
        return _by_key(answer.value, {str(each.name) for each in part})

    def _complete(self, part: list[_Id], values: dict[str, Any]) -> Flow[list[Any]]:
        """Return the objects of a part; those that a batch did not bring are asked for alone, to learn why."""
        found: list[Any] = []
        for each in part:
            value = values.get(str(each.name))
            if value is None:
                found.append((yield from self._fetch_alone(each)))
            else:
                found.append(self._pick(each.position, each.name, value))
        return found

    def _fetch_alone(self, each: _Id) -> Flow[Any]:
        try:
            text = encode_segment(each.name, "id") if each.text is None else each.text
            answer = yield from self._fetch(f"{self._before}{text}{self._after}", {})
        except APIError as error:
            return self._failed(each, error)
        return self._pick(each.position, each.name, answer.value)

    def _failed(self, each: _Id, error: APIError) -> FailedItem:
        return FailedItem(error, self._pick(each.position, each.name, error))


class ItemsById:
    """A fan-out source of one step: the objects of ids."""

    def __init__(self, fetcher: ItemFetcher, ids: Sequence[Any]) -> None:
        self.total = len(ids)
        self._fetcher = fetcher
        self._ids: Sequence[Any] | None = ids

    @property
    def mode(self) -> str:
        """The mode in which the objects are fetched."""
        return self._fetcher.mode

    def step(self) -> Flow[FanOut | None]:
        """Return the flow of the next step."""
        ids, self._ids = self._ids, None
        return None if ids is None else (yield from self._fetcher.begin(ids))


def _encoded(position: int, name: Any) -> _Id:
    try:
        return _Id(position, name, encode_segment(name, "id"))
    except InvalidRequest:
        return _Id(position, name, None)


def _by_key(answer: Any, ids: set[str]) -> dict[str, Any] | None:
    """Return the objects that a batch brought, by id as text, without those that failed; None for another answer."""
    if not isinstance(answer, list) or not all(isinstance(each, dict) and each.keys() >= _ENTRY for each in answer):
        # One source says that bare objects come. Nothing tells their ids, or that failed ones are among them.
        return None
    found = {str(each["key"]): each["value"] for each in answer if each["error"] is None}
    return found if any(str(each["key"]) in ids for each in answer) else None
