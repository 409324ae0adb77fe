"""Files that keep shared limits, one for each: locked for a question, and not written to the disk for it.

A limit counts by the clock of a machine that runs, so what is lost when the machine stops is of no use any more. So no
question waits for the disk: where nobody holds the lock, an event loop can carry it out by itself.
"""

from __future__ import annotations

import json
import os
import sys
import time
from array import array
from collections.abc import Callable
from hashlib import sha256
from struct import Struct
from typing import Any, Final
from zlib import crc32

from ...base.forks import renew_after_fork
from ...base.locks import Lock
from ..store_commands import limits
from ..store_commands.answers import Question
from .base import NOT_NOW, TIMEOUT

__all__ = ["LIMITS", "LimitFiles"]

LIMITS: Final[dict[str, Callable[..., tuple[dict[str, Any], list[int]]]]] = {
    "take": limits.take,
    "slow": limits.slow,
    "renew": limits.renew,
}
"""The commands on limits, by their names."""

_BEGINS: Final = b"ovhcore limit 1\n"
_SIZES: Final = Struct("<3I")  # a checksum of all that follows, how long the text is, and each of two rows of numbers
_HEAD: Final = len(_BEGINS) + _SIZES.size
_AT_ONCE: Final = 16384
_FLAGS: Final = (
    os.O_RDWR | os.O_CREAT | sum(getattr(os, name, 0) for name in ("O_CLOEXEC", "O_NOFOLLOW", "O_NONBLOCK", "O_BINARY"))
)
_FIRST: Final = 0.0002  # seconds until somebody who waits for the lock tries again, then longer and longer
_LONGEST: Final = 0.005

if sys.platform == "win32":  # pragma: no cover - its locks are those of parts of a file: here a part that is not used
    import msvcrt

    def _locked(file: int) -> bool:
        os.lseek(file, 1 << 30, os.SEEK_SET)
        try:
            msvcrt.locking(file, msvcrt.LK_NBLCK, 1)
        except PermissionError:
            return False
        return True

    def _unlock(file: int) -> None:
        os.lseek(file, 1 << 30, os.SEEK_SET)
        try:
            msvcrt.locking(file, msvcrt.LK_UNLCK, 1)
        except PermissionError:
            return

else:
    from fcntl import LOCK_EX, LOCK_NB, LOCK_UN, flock

    def _locked(file: int) -> bool:
        """Lock a file if nobody else has, and say whether this one has; the end of a process unlocks it."""
        try:
            flock(file, LOCK_EX | LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def _unlock(file: int) -> None:
        flock(file, LOCK_UN)


class LimitFiles:
    """Limits in files beside that of a store, for this user alone.

    Args:
        path: of the store.
    """

    def __init__(self, path: str) -> None:
        self._path = os.path.realpath(path)  # whoever names it by a link has the same limits
        self._files: dict[str, int] = {}
        self._lock = Lock()
        renew_after_fork(self)

    def after_fork(self) -> None:
        """Open files anew, for locks of these are the parent's, too; to close them here unlocks nothing."""
        self._lock = Lock()
        self.close()

    def answer(self, question: Question, now: int | None) -> Any:
        """Carry out a command; wait for other processes, not for long.

        Raises:
            OSError: the file cannot be used, or was locked for too long.
        """
        end, pause = time.monotonic() + TIMEOUT, _FIRST
        while (answer := self.at_once(question, now, opens=True)) is NOT_NOW:
            if time.monotonic() > end:
                raise TimeoutError("another process has the file locked")
            time.sleep(pause)
            pause = min(pause * 1.5, _LONGEST)
        return answer

    def at_once(self, question: Question, now: int | None = None, *, opens: bool = False) -> Any:
        """Carry out a command, or return ``NOT_NOW`` if another process has the file locked, or it is not open.

        Args:
            question: about a limit.
            now: as for a store.
            opens: whether the file may be opened.

        Raises:
            OSError: the file cannot be used.
        """
        command, key, *arguments = question
        with self._lock:
            file = self._file(key, opens)
            if file is None:
                return NOT_NOW
            try:
                if not _locked(file):
                    return NOT_NOW
                state = _read(file)
                # The clock of limits is the machine's, which nobody sets.
                when = time.monotonic_ns() // 1000 if now is None else now
                state, answer = LIMITS[command](state, when, *arguments)
                _write(file, state)
                return answer
            finally:
                _unlock(file)  # also where an interrupt came before it was known that it is locked

    def _file(self, key: str, opens: bool) -> int | None:
        """Return the open file of a limit; None if there is none."""
        file = self._files.get(key)
        if file is not None:
            if os.fstat(file).st_nlink:
                return file
            os.close(self._files.pop(key))  # somebody has deleted it, and others have a new one
        if not opens:
            return None
        if os.path.isdir(self._path):
            raise IsADirectoryError(f"{self._path} is a folder")
        name = sha256(key.encode()).hexdigest()[:16]
        file = self._files[key] = os.open(f"{self._path}-limit-{name}", _FLAGS, 0o600)
        return file

    def close(self) -> None:
        """Close the files."""
        with self._lock:
            while self._files:
                os.close(self._files.popitem()[1])

    def __del__(self) -> None:
        self.close()


def _read(file: int) -> dict[str, Any] | None:
    """Return what a file holds; None for nothing, also where the end of a process came in the midst of writing."""
    os.lseek(file, 0, os.SEEK_SET)
    data = os.read(file, _AT_ONCE)
    if not data.startswith(_BEGINS) and not _BEGINS.startswith(data):
        raise OSError("the file of a limit holds something else")
    check, text, numbers = _SIZES.unpack_from(data.ljust(_HEAD, b"\0"), len(_BEGINS))
    first = _HEAD + text
    end = first + 2 * numbers
    if end > len(data):
        data += os.read(file, end - len(data))
    if not text or crc32(data[len(_BEGINS) + 4 : end]) != check:
        return None
    state: dict[str, Any] = json.loads(data[_HEAD:first])
    # The numbers of the log are kept as they are: to write and read them as text takes longer than all else.
    state["times"], state["counts"] = array("q", data[first : first + numbers]), array("q", data[first + numbers : end])
    return state


def _write(file: int, state: dict[str, Any]) -> None:
    times, counts = state.pop("times").tobytes(), state.pop("counts").tobytes()
    text = json.dumps(state).encode()
    data = b"".join((_SIZES.pack(0, len(text), len(times)), text, times, counts))
    data = b"".join((_BEGINS, crc32(data[4:]).to_bytes(4, "little"), data[4:]))
    os.lseek(file, 0, os.SEEK_SET)
    if os.write(file, data) < len(data):
        raise OSError("the file of a limit could not be written to its end")
