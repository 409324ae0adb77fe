"""Header fields in the form of an HTTP library, read when they are needed."""

from __future__ import annotations

from typing import Generic, TypeVar

from ovhcore.protocol import Headers

__all__ = ["LateHeaders"]

R = TypeVar("R")


class LateHeaders(Headers, Generic[R]):
    """Header fields of an answer; the first use reads them, and most programs use one or two.

    A subclass writes :meth:`_read`, and ``get`` if it can find one field without reading all.

    Args:
        raw: the fields in the form of the library.
    """

    __slots__ = ("_found", "_raw")

    def __init__(self, raw: R) -> None:
        self._raw = raw
        self._found: tuple[tuple[str, str], ...] | None = None
        self._index = None

    def _read(self) -> tuple[tuple[str, str], ...]:
        raise NotImplementedError

    @property
    def pairs(self) -> tuple[tuple[str, str], ...]:  # type: ignore[override] # it is not assigned to
        """Every field."""
        if self._found is None:
            self._found = self._read()
        return self._found
