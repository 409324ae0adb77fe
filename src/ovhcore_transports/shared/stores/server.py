"""A store on a server that speaks Redis's protocol and runs Lua: Redis, Valkey."""

from __future__ import annotations

from contextlib import suppress
from typing import Any, Final

from ovhcore.exceptions import InvalidConfiguration

from ...base.forks import renew_after_fork
from ..operations.answers import Question
from ..operations.script import SCRIPT
from .base import TIMEOUT, Store, StoreFailure

__all__ = ["ServerStore"]

_PREFIX: Final = "ovhcore:"


class ServerStore(Store):
    """A store on a server, by the library redis. Each question is one round trip.

    Args:
        url: as that library takes it.
        name: of the store for people.

    Raises:
        InvalidConfiguration: the library is not installed, or does not take the URL.
    """

    def __init__(self, url: str, name: str) -> None:
        super().__init__(name)
        try:
            from redis import ConnectionPool
            from redis.backoff import NoBackoff
            from redis.exceptions import ConnectionError as Unconnected
            from redis.exceptions import NoScriptError, RedisError
            from redis.retry import Retry
        except ImportError:
            raise InvalidConfiguration(
                f'A limit_store {name} needs the package redis: pip install "ovhcore[redis]"'
            ) from None
        self._failures: Final = (RedisError, OSError)
        self._unconnected: Final = Unconnected
        self._unknown: Final = NoScriptError
        try:
            # Its connections alone are used: what its client does for each command takes longer than the question.
            self._pool: Any = ConnectionPool.from_url(
                url,
                protocol=2,
                socket_timeout=TIMEOUT,
                socket_connect_timeout=TIMEOUT,
                retry=Retry(NoBackoff(), 0),
            )
        except (ValueError, TypeError):
            problem = True
        else:
            problem = False
        if problem:
            raise InvalidConfiguration(f"The limit_store {name} has a query or database that the package redis refuses")
        self._idle: list[Any] = []
        self._script: str | None = None
        renew_after_fork(self)

    def after_fork(self) -> None:
        """Leave the connections to the parent."""
        self._idle = []

    def answer(self, question: Question, now: int | None = None) -> Any:
        """Run an operation of the script."""
        arguments = (1, f"{_PREFIX}{question[1]}", question[0], "" if now is None else now, *question[2:])
        try:
            return self._answer(arguments)
        except self._failures as error:
            # The library's messages name the host, and no password.
            problem = f"{type(error).__name__}: {error}"
        raise StoreFailure(problem)

    def _answer(self, arguments: tuple[Any, ...]) -> Any:
        if self._script is not None:
            with suppress(self._unknown):  # the server was restarted
                return _plain(self._asked("EVALSHA", self._script, *arguments))
        self._script = self._asked("SCRIPT", "LOAD", SCRIPT).decode("ascii")
        return _plain(self._asked("EVALSHA", self._script, *arguments))

    def _asked(self, *command: Any) -> Any:
        try:
            connection = self._idle.pop()
        except IndexError:
            return self._exchanged(self._pool.make_connection(), command)
        try:
            return self._exchanged(connection, command)
        except self._unconnected:  # it was one to a server that has been restarted
            return self._exchanged(self._pool.make_connection(), command)

    def _exchanged(self, connection: Any, command: tuple[Any, ...]) -> Any:
        try:
            connection.send_command(*command)
            answer = connection.read_response()
        except self._unknown:
            self._idle.append(connection)
            raise
        except BaseException:  # an answer that is still to come must not be the next question's
            connection.disconnect()
            raise
        self._idle.append(connection)
        return answer

    def close(self) -> None:
        """Close the connections that nobody uses."""
        while self._idle:
            self._idle.pop().disconnect()


def _plain(answer: Any) -> Any:
    return [each.decode("ascii") if isinstance(each, bytes) else each for each in answer]
