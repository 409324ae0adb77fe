"""Every object of a collection, in whichever way the API gives them.

* Version 2 has cursors: an answer with ``X-Pagination-Cursor-Next`` is followed by another
  page, however short it is itself.
* Version 1 lists ids. Its undocumented expanded lists (``X-Pagination-Mode``) bring the
  objects themselves, in pages or by cursor. Where the server has neither, the objects are
  fetched by their ids; see :mod:`ovhcore.flows.collections.batches`.

A server that does not know a mode may ignore it, and answer with ids, or refuse it;
:data:`MODES` says what is tried next then.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, Final

from ...exceptions import APIError, InvalidRequest, InvalidResponse
from ...protocol.redaction import ShownURL
from ..effects import Flow
from ..exchange import CallResult, Fetch
from .batches import ItemFetcher, is_refusal_of_mode
from .fan_out import FailedItem, FanOut
from .numbered_pages import NumberedPages, list_of, number_of

__all__ = ["MODES", "PAGE_SIZE", "Pager", "read_mode", "read_size"]

MODES: Final = {
    "auto": "cursor on version 2; on version 1 pages, then batch, then single, whichever the server has",
    "cursor": "page after page by cursor; on version 1 an expanded list",
    "pages": "version 1: an expanded list by numbered pages, after the first one several at once",
    "batch": "version 1: the list of ids, then so many objects in one request",
    "single": "the list of ids, then one request for each object",
}
"""The ways to get at the objects of a collection."""

PAGE_SIZE: Final = 1000
"""The number of objects to ask for in one page. Servers send fewer if they like."""

_PAGES_AT_ONCE: Final = 4
_FRESH: Final = {"Pragma": "no-cache"}


def read_mode(mode: Any, *allowed: str) -> str:
    """Return the name of a mode.

    Raises:
        InvalidRequest: there is no mode of this name.
    """
    known = allowed or tuple(MODES)
    if mode not in known:
        raise InvalidRequest(f"mode must be one of {', '.join(known)}, not {mode!r}")
    return str(mode)


def read_size(size: Any) -> int | None:
    """Return the number of objects of one request.

    Raises:
        InvalidRequest: the value is not a whole number above 0.
    """
    if size is not None and (isinstance(size, bool) or not isinstance(size, int) or size < 1):
        raise InvalidRequest(f"size must be a whole number of objects above 0, not {size!r}")
    return size


class Pager:
    """A fan-out source of the objects of a collection.

    Args:
        fetch: makes the requests.
        path: the path of the list, with its query, filled in.
        item: path of one object up to its id, and after it; below the list if None.
        version_2: whether the path is one of version 2 of the API.
        mode: one of :data:`MODES`.
        size: objects of a page or of a batch, None for the default.
        limit: requests at once.
        fields: further header fields for the list: a filter, an order.
        cached: whether an expanded list may come from the server's cache, which may be out of date.

    Attributes:
        mode: in use; ``"auto"`` until it is known, ``"plain"`` for a list that holds its objects, or values
            that have no path.
        total: the number of all objects, None as long as it is not known.
    """

    def __init__(
        self,
        fetch: Fetch,
        path: str,
        item: tuple[str, str] | None = None,
        *,
        version_2: bool = False,
        mode: str = "auto",
        size: int | None = None,
        limit: int,
        fields: Mapping[str, str] | None = None,
        cached: bool = False,
    ) -> None:
        self.mode = mode
        self.total: int | None = None
        self._fetch = fetch
        self._path = path
        self._shown = ShownURL(path)
        # Version 2 lists objects, or plain values, unless the caller says otherwise.
        self._expands = item is not None or mode == "single" or not version_2
        self._version_2 = version_2
        self._size = size
        self._limit = limit
        self._fields = dict(fields or {})
        self._cached = cached
        self._mode_given = mode != "auto"
        by_id = mode if mode in ("batch", "single") else "auto"
        if version_2 and mode == "auto":
            by_id = "single"
        before, after = item or (path.partition("?")[0].rstrip("/") + "/", "")
        self._fetcher = ItemFetcher(
            fetch, before, after, mode=by_id, size=size, limit=limit, scalars=by_id == "auto" and item is None
        )
        self._page_size: int | None = PAGE_SIZE
        self._pages = NumberedPages(self._shown)
        self._asked = 0
        self._known_cursor, self._cursors, self._known_until = "", 0, 1
        self._next: Callable[[], Flow[FanOut | None]] = self._first

    def step(self) -> Flow[FanOut | None]:
        """Return the flow of the next step; it raises what the list answered."""
        return self._next()

    # Each of the following methods is a state: it returns the next step, and sets the state after it.

    def _end(self) -> Flow[None]:
        yield from ()
        return None

    def _first(self) -> Flow[FanOut | None]:
        if self.mode == "cursor" or self._version_2:
            return (yield from self._cursor(None))
        if self.mode in ("auto", "pages"):
            step = yield from self._first_page()
            if step is not None:
                return step
        answer = yield from self._fetch(self._path, {})
        return (yield from self._deliver(list_of(answer, self._shown), last=True))

    def _deliver(self, elements: list[Any], *, last: bool = False) -> Flow[FanOut]:
        """Return the step of a list that came: its objects, or those that its ids name."""
        if last:
            self._next = self._end
            self.total = len(elements)
        if not self._expands or not _are_ids(elements):
            if last and not self._mode_given:
                self.mode = "plain"
            return FanOut(elements)
        step = yield from self._fetcher.begin(elements)
        if not self._mode_given:
            self.mode = self._fetcher.mode
        return step

    def _cursor(self, cursor: str | None) -> Flow[FanOut]:
        """Bring the page of a cursor, the first page if it is None."""
        fields = dict(self._fields)
        if not self._version_2:
            fields["X-Pagination-Mode"] = "CachedObjectList-Cursor"
            fields |= _FRESH if cursor is None and not self._cached else {}
        if cursor is not None:
            fields["X-Pagination-Cursor"] = cursor
        size = self._size or self._page_size
        try:
            answer = yield from self._fetch(self._path, _sized(fields, size))
        except APIError as error:
            if cursor is not None or self._size or not is_refusal_of_mode(error):
                raise
            # No document says which sizes are allowed; without one the server chooses.
            self._page_size = None
            answer = yield from self._fetch(self._path, fields)
        if not self._mode_given:
            self.mode = "cursor"
        elements = list_of(answer, self._shown)
        following = answer.headers.get("X-Pagination-Cursor-Next", "").strip()
        # The length of a page does not tell the end: short pages come, and empty ones.
        self._next = partial(self._following, following) if following else self._end
        if self._version_2 or not _are_ids(elements):
            return (yield from self._deliver(elements))
        raise self._ignored()

    def _following(self, cursor: str) -> Flow[FanOut]:
        """Bring the page of a cursor; refuse one that came before: it would lead here again, without end."""
        if not (cursor.isascii() and cursor.isprintable()):
            raise InvalidResponse(f"GET {self._shown} answered with a cursor that cannot be sent")
        if cursor == self._known_cursor:
            raise InvalidResponse(
                f"GET {self._shown} answered with a cursor that it gave before, so that it has no end"
            )
        # Brent's way: one cursor is remembered, for twice as long each time.
        self._cursors += 1
        if self._cursors == self._known_until:
            self._known_cursor, self._known_until = cursor, 2 * self._known_until
        return (yield from self._cursor(cursor))

    def _ignored(self) -> InvalidResponse:
        without = ", so that it can be neither filtered nor sorted" if self._fields else ""
        return InvalidResponse(
            f"GET {self._shown} gives no expanded list: the server ignores X-Pagination-Mode{without}"
        )

    def _page(self, number: int) -> Flow[CallResult]:
        fields = {**self._fields, "X-Pagination-Mode": "CachedObjectList-Pages", "X-Pagination-Number": str(number)}
        if number == 1 and not self._cached:
            # This builds the server's cache anew; the other pages come from that cache, and fit together.
            fields |= _FRESH
        return self._fetch(self._path, _sized(fields, self._size or PAGE_SIZE))

    def _first_page(self) -> Flow[FanOut | None]:
        """Return the step of the first page of an expanded list, None if the server has none."""
        must = self._mode_given or bool(self._fields)
        try:
            answer = yield from self._page(1)
        except APIError as error:
            if must or not is_refusal_of_mode(error):
                raise
            return None
        elements = list_of(answer, self._shown)
        ids = _are_ids(elements)
        if ids and must:
            raise self._ignored()
        number = number_of(answer, "Number")
        if number is None and number_of(answer, "Elements") is None:
            if elements and self._fields:
                raise self._ignored()
            return (yield from self._deliver(elements, last=True))
        if number not in (None, 1) and not must:
            return None  # a server that numbers pages otherwise would send the wrong ones
        pages = self._pages
        pages.take(answer, 1)
        self.total = pages.elements
        if ids:
            self._next = partial(self._more_pages, 2)
            return (yield from self._deliver(elements))
        self.mode = "pages"
        size = number_of(answer, "Size")
        if not size or not pages.elements or len(elements) != pages.promised(1, size):
            self._next = partial(self._more_pages, 2)
            return FanOut(elements)
        # The first page is as promised, so the other pages can be counted on.
        self._asked = 1
        self._next = lambda: self._more_pages(self._asked + 1)
        limit = min(self._limit, _PAGES_AT_ONCE)
        # A page holds many objects, so no more pages are kept than run at once.
        return FanOut(elements, self._others(-(-pages.elements // size), size), limit, ahead=limit)

    def _others(self, count: int, size: int) -> Iterator[Flow[Sequence[Any]]]:
        """Yield flows of the pages after the first one, as long as they come as promised."""
        while self._asked < count and self._pages.is_regular:
            self._asked += 1
            yield self._part(self._asked, size)

    def _part(self, number: int, size: int) -> Flow[Sequence[Any]]:
        """Bring a page that is fetched beside others."""
        pages = self._pages
        try:
            answer = yield from self._page(number)
            elements = pages.take(answer, number)
        except APIError as error:
            pages.missed(number, size)
            return [FailedItem(error, error)]
        if len(elements) != pages.promised(number, size):
            pages.is_regular = False
        return elements

    def _more_pages(self, number: int) -> Flow[FanOut | None]:
        """Bring the next page, unless all have come."""
        if self._pages.are_all(number):
            return None
        answer = yield from self._page(number)
        elements = self._pages.take(answer, number)
        self.total = self._pages.elements
        self._next = partial(self._more_pages, number + 1)
        return (yield from self._deliver(elements))


def _are_ids(elements: list[Any]) -> bool:
    """Say whether a list holds ids, and not the objects themselves."""
    return bool(elements) and all(isinstance(each, (str, int)) and not isinstance(each, bool) for each in elements)


def _sized(fields: dict[str, str], size: int | None) -> dict[str, str]:
    return fields if size is None else {**fields, "X-Pagination-Size": str(size)}
