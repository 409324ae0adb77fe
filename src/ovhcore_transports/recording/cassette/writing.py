"""The writer of a cassette: each record is on the disk before its answer is returned, whoever else writes.

A record is added by one write to a file opened for appending, so that records of
several threads and processes stand one after the other. A shared lock on the file
(where the system has ``flock``) tells that somebody is recording. A file is made for its owner
alone, and is at no moment open to more.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from ovhcore.exceptions import CassetteError

from .cassettes import PRIVATE, Cassette, beginning, dumped, end, reason_of
from .interactions import World

if sys.platform != "win32":  # pragma: no branch
    import fcntl

__all__ = ["Writer", "nobody_records"]


def _lock(descriptor: int, *, alone: bool = False) -> bool:
    """Mark a file as being recorded to; with ``alone``, say whether nobody else records to it."""
    if sys.platform == "win32":  # pragma: no cover
        return True
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB if alone else fcntl.LOCK_SH)
    except BlockingIOError:
        return False
    return True


@contextmanager
def nobody_records(path: str) -> Generator[bool, None, None]:
    """Yield whether nobody is recording to a file; within the block, nobody can begin to.

    Raises:
        OSError: the file cannot be opened.
    """
    descriptor = os.open(path, os.O_RDWR)
    try:
        yield _lock(descriptor, alone=True)
    finally:
        os.close(descriptor)


def _is_still(descriptor: int, path: str) -> bool:
    """Say whether an open file is the one of its name, and was not replaced."""
    try:
        return os.path.samestat(os.fstat(descriptor), os.stat(path))
    except FileNotFoundError:
        return False


def _unchanged(one: os.stat_result, other: os.stat_result | None) -> bool:
    return other is not None and (one.st_ino, one.st_size, one.st_mtime_ns) == (
        other.st_ino,
        other.st_size,
        other.st_mtime_ns,
    )


def _append(descriptor: int, data: bytes) -> None:
    # A process that was killed while it wrote may have left a line without its end.
    rest = memoryview(data if os.fstat(descriptor).st_size == 0 else b"\n" + data)
    while rest:
        rest = rest[os.write(descriptor, rest) :]


class Writer:
    """The writer of one cassette.

    Args:
        path: the file.
        replace: whether to begin anew. An old file is replaced when a first answer has come,
            unless somebody else is recording to it; then this writer joins in.
    """

    def __init__(self, path: str, *, replace: bool = False) -> None:
        self.path = os.path.realpath(path)  # a link stays one
        self._replace = replace
        self._descriptor: int | None = None
        self._process = 0  # the one that has begun the cassette, and ends it
        # Before the first answer, the file that is to replace the cassette stands beside it.
        self._beside: str | None = None
        self._found: os.stat_result | None = None
        self._unanswered = b""

    def after_fork(self) -> None:
        """In the child of a fork, leave the parent's file to the parent, which ends it or puts it in its place."""
        if self._beside is not None and self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = self._beside = None
            self._unanswered = b""

    def prepare(self) -> None:
        """Make sure, before anything is sent, that the cassette can be written.

        Raises:
            CassetteError: the cassette cannot be written.
        """
        if self._descriptor is not None:
            return
        self._process = os.getpid()
        try:
            Path(self.path).parent.mkdir(parents=True, exist_ok=True)
            if self._replace and os.path.exists(self.path):
                self._descriptor = self._begin_beside(f"{self.path}.{os.getpid()}-{id(self):x}.new")
            else:
                self._descriptor = self._join(b"")
        except OSError as error:
            raise self._failed(error) from None

    def _begin_beside(self, beside: str) -> int:
        """Begin the cassette that is to replace the old one, with the same permissions."""
        found = os.stat(self.path)
        with suppress(FileNotFoundError):  # a file that an interrupt has left; nobody else uses this name
            os.unlink(beside)
        descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, PRIVATE)
        try:
            os.chmod(beside, found.st_mode & 0o7777)
            _lock(descriptor)
            _append(descriptor, dumped(beginning()))
        except BaseException:
            os.close(descriptor)
            os.unlink(beside)
            raise
        self._beside, self._found = beside, found
        return descriptor

    def _join(self, records: bytes) -> int:
        """Open the cassette to add to it; begin it if it is new. Add ``records`` to it."""
        while True:
            descriptor = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, PRIVATE)
            try:
                alone = _lock(descriptor, alone=True)
                if not alone:
                    _lock(descriptor)
                if _is_still(descriptor, self.path):
                    # A recorder that was killed left its part without an end; the end of this one does for both.
                    goes_on = alone and os.stat(descriptor).st_size and Cassette.load(self.path, warn=False).unended
                    _append(descriptor, (b"" if goes_on else dumped(beginning())) + records)
                    _lock(descriptor)
                    return descriptor
            except BaseException:
                os.close(descriptor)
                raise
            os.close(descriptor)  # replaced meanwhile

    def write(self, record: dict[str, Any], *, answered: bool) -> None:
        """Add an interaction.

        Args:
            record: the interaction.
            answered: whether there was an answer; failures alone replace no cassette.

        Raises:
            CassetteError: the cassette cannot be written.
        """
        assert self._descriptor is not None
        data = dumped(record)
        try:
            _append(self._descriptor, data)
            if self._beside is not None:
                self._unanswered += b"\n" + data
                if answered:
                    self._take_its_place(self._beside, self._descriptor)
        except OSError as error:
            raise self._failed(error) from None

    def _take_its_place(self, beside: str, descriptor: int) -> None:
        """Replace the cassette that was there; join a process that records to it, or has done so meanwhile."""
        old = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, PRIVATE)
        try:
            alone = _lock(old, alone=True)
            replaces = alone and _is_still(old, self.path) and _unchanged(os.fstat(old), self._found)
            if replaces:
                os.replace(beside, self.path)
        finally:
            os.close(old)  # and with it the lock, which joining would wait for
        if not replaces:
            self._descriptor = self._join(self._unanswered)
            os.close(descriptor)
            os.unlink(beside)
        self._beside = None

    def close(self, world: World) -> None:
        """Write that the recording has come to its end. May be called again.

        Args:
            world: the readings of the clocks since the last interaction.

        Raises:
            CassetteError: the cassette cannot be written.
        """
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is None:
            return
        try:
            if self._beside is not None:
                os.unlink(self._beside)
            elif self._process == os.getpid():
                _append(descriptor, dumped(end(world)))
        except OSError as error:
            raise self._failed(error) from None
        finally:
            os.close(descriptor)

    def _failed(self, error: OSError) -> CassetteError:
        return CassetteError(f"The cassette {self.path} cannot be written: {reason_of(error, self.path)}")
