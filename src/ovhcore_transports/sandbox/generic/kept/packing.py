"""Objects by their paths, of which all but a few are held as the bytes in which they differ from others like them."""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterator, MutableMapping
from typing import Any, Final

__all__ = ["Objects"]

_MOST_EXAMPLES: Final = 500
_WINDOW: Final = 12  # bits: what is more than 4096 bytes back is not looked at
_MEMORY: Final = 4  # of zlib, 1 to 9: with more, it takes longer to begin


class Objects(MutableMapping[str, dict[str, Any]]):
    """Objects by their paths, in the order in which they came.

    The one that is read is the one that was kept, and may be changed, until hundreds of others were read or kept:
    whoever changes it does so before reading those.

    Each is compressed with the first one that had the same members as its dictionary, so that what thousands of
    objects share is held once. The last ones stay as they are.

    Args:
        most_open: how many stay as they are.
    """

    def __init__(self, most_open: int = 256) -> None:
        self._most_open = most_open
        self._packed: dict[str, bytes] = {}
        self._open: dict[str, dict[str, Any]] = {}
        self._examples: list[bytes] = [b""]
        self._numbers: dict[tuple[str, ...], int] = {}

    def __getitem__(self, path: str) -> dict[str, Any]:
        value = self._open.pop(path, None)
        if value is None:
            packed = self._packed[path]
            unpacking = zlib.decompressobj(-_WINDOW, self._examples[int.from_bytes(packed[:2], "big")])
            value = json.loads(unpacking.decompress(packed[2:]))
        self._hold_open(path, value)
        return value

    def __setitem__(self, path: str, value: dict[str, Any]) -> None:
        self._packed.setdefault(path, b"")
        self._open.pop(path, None)
        self._hold_open(path, value)

    def __delitem__(self, path: str) -> None:
        del self._packed[path]
        self._open.pop(path, None)

    def __contains__(self, path: object) -> bool:
        return path in self._packed

    def __iter__(self) -> Iterator[str]:
        return iter(self._packed)

    def __len__(self) -> int:
        return len(self._packed)

    def _hold_open(self, path: str, value: dict[str, Any]) -> None:
        self._open[path] = value  # as the last: the first is what was not used for the longest time
        if len(self._open) > self._most_open:
            oldest = next(iter(self._open))
            self._packed[oldest] = self._pack(self._open.pop(oldest))

    def _pack(self, value: dict[str, Any]) -> bytes:
        text = json.dumps(value, separators=(",", ":")).encode()
        members = tuple(value)
        number = self._numbers.get(members, 0)
        if not number and len(self._examples) <= _MOST_EXAMPLES:
            number = self._numbers[members] = len(self._examples)
            self._examples.append(text[: 2**_WINDOW])
        packing = zlib.compressobj(1, zlib.DEFLATED, -_WINDOW, _MEMORY, zlib.Z_DEFAULT_STRATEGY, self._examples[number])
        return number.to_bytes(2, "big") + packing.compress(text) + packing.flush()
