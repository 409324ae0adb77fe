"""Numbered pages of an expanded list: the check of each page, and whether all objects have come.

The numbers of a server are not taken for granted, since nobody has promised them: a list may grow while
it is read, pages may be short or empty, numbers may be ignored. Either all the objects came,
or :class:`.InvalidResponse` says that they did not.
"""

from __future__ import annotations

from typing import Any, Final

from ...exceptions import InvalidResponse
from ..exchange import CallResult

__all__ = ["NumberedPages", "list_of", "number_of"]

_EMPTY_AT_THE_END: Final = 3
_EMPTY: Final = 10
_BY_IDS: Final = "Mode 'single' fetches the objects by their ids instead."
_KINDS: Final = {dict: "one object", type(None): "nothing"}


def list_of(answer: CallResult, path: object) -> list[Any]:
    """Return the list that an answer holds.

    Raises:
        InvalidResponse: the answer holds no list.
    """
    if isinstance(answer.value, list):
        return answer.value
    raise InvalidResponse(
        f"GET {path} answered with {_KINDS.get(type(answer.value), 'a single value')}, not with a list",
        hint="Only lists have objects to iterate over; client.get returns whatever an answer holds.",
    )


def number_of(answer: CallResult, name: str) -> int | None:
    """Return the number in a field ``X-Pagination-...``, None if there is none."""
    text = answer.headers.get(f"X-Pagination-{name}", "").strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) < 12 else None


class NumberedPages:
    """The state of a list that is read by pages: the objects that have come, and the number of all.

    Args:
        path: the path of the list, for messages.

    Attributes:
        elements: the number of all objects; None if the server did not tell it, or told a wrong one.
        is_regular: whether all the pages were as long as promised.
    """

    def __init__(self, path: object) -> None:
        self.elements: int | None = None
        self.is_regular = True
        self._path = path
        self._first_element: list[Any] = []
        self._lengths: list[int] = []  # of pages that are not counted yet; they come from several threads
        self._came = 0
        self._longest = 0
        self._empty = 0
        self._is_beyond = False
        self._is_believed = True

    def take(self, answer: CallResult, number: int) -> list[Any]:
        """Count a page, and return its objects.

        Raises:
            InvalidResponse: the answer is no list, or another page than the one that was asked for.
        """
        elements = list_of(answer, self._path)
        told = number_of(answer, "Number")
        if told not in (None, number):
            if self.elements is not None or number == 1:
                raise InvalidResponse(
                    f"GET {self._path} answered with page {told} when it was asked for page {number}", hint=_BY_IDS
                )
            self._is_beyond = True  # there is no such page, so the server sent the last one again
            return []
        if number == 1:
            self._first_element = elements[:1]
        elif elements and elements[:1] == self._first_element:
            raise InvalidResponse(f"GET {self._path} answered with its first page for page {number}", hint=_BY_IDS)
        told = number_of(answer, "Elements")
        if told is not None and self._is_believed:
            self.elements = told
        self._lengths.append(len(elements))
        return elements

    def promised(self, number: int, size: int) -> int:
        """Return the number of objects that a page must have."""
        return min(size, max(0, (self.elements or 0) - (number - 1) * size))

    def missed(self, number: int, size: int) -> None:
        """Count a page that failed like one that came."""
        self._lengths.append(self.promised(number, size))

    def are_all(self, number: int) -> bool:
        """Say whether all objects have come with the pages before ``number``.

        Raises:
            InvalidResponse: objects are missing, and no more come.
        """
        for length in self._lengths:
            self._came += length
            self._longest = max(self._longest, length)
            self._empty = 0 if length else self._empty + 1
        self._lengths.clear()
        if self.elements is not None and self._came > self.elements:
            self.elements, self._is_believed = None, False
        if self.elements is None:
            return self._is_beyond or self._empty > 0
        if self._came == self.elements:
            return True
        # This number of pages, as long as the longest one, would hold all objects.
        is_past = (number - 1) * self._longest >= self.elements
        if self._empty >= (_EMPTY_AT_THE_END if is_past else _EMPTY):
            raise InvalidResponse(
                f"GET {self._path} told of {self.elements} objects, and {self._came} came", hint=_BY_IDS
            )
        return False
