"""A store in a file, for the processes of one machine: a database of SQLite, which killed processes do no harm.

Limits are in files of their own beside it, see :mod:`.limit_files`.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from typing import Any, Final
from weakref import finalize

from ovhcore.exceptions import InvalidConfiguration

from ...base.forks import renew_after_fork
from ...base.locks import Lock
from ..store_commands import records
from ..store_commands.answers import Question
from .base import NOT_NOW, TIMEOUT, Store, StoreFailure
from .limit_files import LIMITS, LimitFiles

__all__ = ["FileStore"]

_RECORDS: Final[dict[str, Callable[..., tuple[dict[str, Any] | None, list[Any], int]]]] = {
    "claim": records.claim,
    "settle": records.settle,
    "hold": records.hold,
    "token": records.token,
    "put": records.put,
    "drop": records.drop,
}
_ASKING: Final = ("claim", "token")
_TAKEN: Final = ("mine", "yours")  # answers for which something is written
_LASTING: Final = ("claim", "settle", "hold")
_PAUSE: Final = 0.005  # seconds until a busy file is asked again
_TABLE: Final = "CREATE TABLE IF NOT EXISTS kept (key TEXT PRIMARY KEY, value TEXT, until INTEGER)"
_KEEP: Final = (
    "INSERT INTO kept VALUES (?, ?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value, until = excluded.until"
)


class FileStore(Store):
    """A store in a file. Each question is one transaction; one about a limit locks the file of the limit.

    Args:
        path: of the file, which is made if it is not there, for this user alone.

    Raises:
        InvalidConfiguration: this Python has no sqlite3.
    """

    def __init__(self, path: str) -> None:
        super().__init__(f"file://{path}")
        try:
            import sqlite3
        except ImportError:
            raise InvalidConfiguration(
                "A limit_store in a file needs the module sqlite3, which this Python lacks"
            ) from None
        self._sqlite: Any = sqlite3
        self._path = path
        self._connection: Any = None
        self._closing: finalize[Any, Any] | None = None
        self._of_parents: list[Any] = []
        self._lock = Lock()
        self._limits = LimitFiles(path)
        renew_after_fork(self)

    def after_fork(self) -> None:
        """Leave the connection to the parent: to close it here would take the parent's locks away."""
        self._lock = Lock()
        if self._closing is not None:
            self._closing.detach()
        self._of_parents.append(self._connection)
        self._connection = self._closing = None

    def answer(self, question: Question, now: int | None = None) -> Any:
        """Carry out a command."""
        if question[0] in LIMITS:
            return self._of_limits(self._limits.answer, question, now)
        with self._lock:
            end = time.monotonic() + TIMEOUT
            while True:
                try:
                    return self._answer(question, now)
                except (self._sqlite.Error, OSError, ValueError) as error:
                    problem = f"{type(error).__name__}: {error}"
                    # SQLite waits for most locks by itself, but not where others open the file or repair it after a
                    # process was killed: https://www.sqlite.org/wal.html#sometimes_queries_return_sqlite_busy_in_wal_mode
                    busy = getattr(error, "sqlite_errorcode", 0) & 0xFF == self._sqlite.SQLITE_BUSY
                    self._disconnect()
                except BaseException:  # an interrupt may have come in the midst of a transaction
                    self._disconnect()
                    raise
                if not busy or time.monotonic() >= end:
                    break
                time.sleep(_PAUSE)
        raise StoreFailure(problem)

    async def straight(self, question: Question) -> Any:
        """Carry out a command on a limit, unless another process is at it."""
        return self._of_limits(self._limits.at_once, question) if question[0] in LIMITS else NOT_NOW

    def _of_limits(self, answer: Callable[..., Any], *question: Any) -> Any:
        try:
            return answer(*question)
        except OSError as error:
            problem = f"{type(error).__name__}: {error}"
            self._limits.close()
        raise StoreFailure(problem)

    def _answer(self, question: Question, now: int | None) -> Any:
        command, key, *arguments = question
        execute = self._connected().execute
        when = time.time_ns() // 1000 if now is None else now
        if command in _ASKING:
            # Many processes may ask at once, and few have to write: reading waits for nobody.
            record, _ = self._record(key, when)
            _, known, _ = _RECORDS[command](record, when, *arguments)
            if known[0] not in _TAKEN:
                return known
        if command in _LASTING:  # what was done outlives a restart of the machine
            execute("PRAGMA synchronous = FULL")
        execute("BEGIN IMMEDIATE")
        execute("DELETE FROM kept WHERE until <= ?", (when,))
        record, until = self._record(key, when)
        record, answer, kept = _RECORDS[command](record, when, *arguments)
        if record is None:
            execute("DELETE FROM kept WHERE key = ?", (key,))
        else:
            execute(_KEEP, (key, json.dumps(record), when + kept if kept else until))
        execute("COMMIT")
        if command in _LASTING:
            execute("PRAGMA synchronous = NORMAL")
        return answer

    def _record(self, key: str, when: int) -> tuple[dict[str, Any] | None, int]:
        """Return what is known, and until when it is kept."""
        execute = self._connected().execute
        row = execute("SELECT value, until FROM kept WHERE key = ? AND until > ?", (key, when)).fetchone()
        return (None, 0) if row is None else (json.loads(row[0]), row[1])

    def _connected(self) -> Any:
        if self._connection is None:
            # SQLite makes files that others may read; its further files have the permissions of the first.
            os.close(os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600))
            connection = self._sqlite.connect(
                self._path, timeout=TIMEOUT, isolation_level=None, check_same_thread=False
            )
            try:
                connection.execute("PRAGMA journal_mode = WAL")
                connection.execute("PRAGMA synchronous = NORMAL")
                connection.execute(_TABLE)
            except BaseException:
                connection.close()
                raise
            self._connection = connection
            # Before the garbage collector comes to the connection: that one would warn.
            self._closing = finalize(self, connection.close)
            self._closing.atexit = False
        return self._connection

    def close(self) -> None:
        """Close the files."""
        self._limits.close()
        self._disconnect()

    def _disconnect(self) -> None:
        closing, self._connection, self._closing = self._closing, None, None
        if closing is not None:
            closing()
