"""Values by their paths, of which all but a few are held as the bytes in which they differ from others like them."""

from __future__ import annotations

import json
import zlib
from abc import abstractmethod
from collections.abc import Iterator, KeysView, MutableMapping
from typing import Any, Final, TypeVar

from .running_task import RunningTask

__all__ = ["Objects", "Packing", "RunningTasks"]

_MOST_EXAMPLES: Final = 500
_WINDOW: Final = 12  # bits: what is more than 4096 bytes back is not looked at
_MEMORY: Final = 4  # of zlib, 1 to 9: with more, it takes longer to begin

_ENCODER: Final = json.JSONEncoder(separators=(",", ":"))

T = TypeVar("T")


class Packing:
    """Packs objects as bytes.

    Each is compressed with the first one that had the same members as its dictionary, so that what thousands of
    objects share is held once.
    """

    def __init__(self) -> None:
        self._examples: list[bytes] = [b""]
        self._numbers: dict[tuple[str, ...], int] = {}

    def pack(self, value: dict[str, Any]) -> bytes:
        """Return an object as bytes."""
        text = _ENCODER.encode(value).encode()
        members = tuple(value)
        number = self._numbers.get(members, 0)
        if not number and len(self._examples) <= _MOST_EXAMPLES:
            number = self._numbers[members] = len(self._examples)
            self._examples.append(text[: 2**_WINDOW])
        packing = zlib.compressobj(1, zlib.DEFLATED, -_WINDOW, _MEMORY, zlib.Z_DEFAULT_STRATEGY, self._examples[number])
        return number.to_bytes(2, "big") + packing.compress(text) + packing.flush()

    def unpack(self, packed: bytes) -> dict[str, Any]:
        """Return the object that was packed."""
        unpacking = zlib.decompressobj(-_WINDOW, self._examples[int.from_bytes(packed[:2], "big")])
        value: dict[str, Any] = json.loads(unpacking.decompress(packed[2:]))
        return value


class _Packed(MutableMapping[str, T]):
    """Values by their paths, in the order in which they came below each path.

    The one that is read is the one that was kept, and may be changed, until hundreds of others were read or kept:
    whoever changes it does so before reading those. The last ones stay as they are, all others are packed. Paths
    share what is before their last segment.

    Args:
        most_open: how many stay as they are.
    """

    def __init__(self, most_open: int = 256) -> None:
        self._most_open = most_open
        self._packing = Packing()
        self._packed: dict[str, dict[str, bytes]] = {}
        self._open: dict[str, T] = {}
        self._count = 0

    @abstractmethod
    def _plain(self, value: T) -> dict[str, Any]:
        """Return what JSON can hold of a value."""

    @abstractmethod
    def _value(self, plain: dict[str, Any]) -> T:
        """Return the value that this was of."""

    def below(self, path: str) -> KeysView[str]:
        """Return the last segments of the paths that are one segment longer than this one."""
        return self._packed.get(f"{path}/", {}).keys()

    def __getitem__(self, path: str) -> T:
        if path in self._open:
            value = self._open.pop(path)
        else:
            above, segment = _cut(path)
            value = self._value(self._packing.unpack(self._packed[above][segment]))
        self._hold_open(path, value)
        return value

    def __setitem__(self, path: str, value: T) -> None:
        self.put(*_cut(path), value)

    def put(self, above: str, segment: str, value: T) -> None:
        """Hold a value at the path ``above`` + ``segment``, of which the latter is the text that is held."""
        path = above + segment
        beside = self._packed.setdefault(above, {})
        self._count += segment not in beside
        beside.setdefault(segment, b"")
        self._open.pop(path, None)
        self._hold_open(path, value)

    def __delitem__(self, path: str) -> None:
        above, segment = _cut(path)
        beside = self._packed[above]
        del beside[segment]
        if not beside:
            del self._packed[above]
        self._count -= 1
        self._open.pop(path, None)

    def __contains__(self, path: object) -> bool:
        above, segment = _cut(str(path))
        return segment in self._packed.get(above, ())

    def __iter__(self) -> Iterator[str]:
        return (above + segment for above, beside in self._packed.items() for segment in beside)

    def __len__(self) -> int:
        return self._count

    def _hold_open(self, path: str, value: T) -> None:
        self._open[path] = value  # as the last: the first is what was not used for the longest time
        if len(self._open) > self._most_open:
            oldest = next(iter(self._open))
            above, segment = _cut(oldest)
            self._packed[above][segment] = self._packing.pack(self._plain(self._open.pop(oldest)))


class Objects(_Packed[dict[str, Any]]):
    """Objects by their paths."""

    def _plain(self, value: dict[str, Any]) -> dict[str, Any]:
        return value

    def _value(self, plain: dict[str, Any]) -> dict[str, Any]:
        return plain


class RunningTasks(_Packed[RunningTask]):
    """The tasks under way, by the paths of the objects that they change."""

    def _plain(self, value: RunningTask) -> dict[str, Any]:
        return {name: getattr(value, name) for name in RunningTask.__slots__}

    def _value(self, plain: dict[str, Any]) -> RunningTask:
        return RunningTask(**plain)


def _cut(path: str) -> tuple[str, str]:
    """Return a path up to its last slash, and what follows."""
    end = path.rfind("/") + 1
    return path[:end], path[end:]
