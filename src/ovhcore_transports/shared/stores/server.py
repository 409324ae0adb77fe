"""A store on a server that speaks Redis's protocol and runs Lua: Redis, Valkey."""

from __future__ import annotations

from contextlib import suppress
from typing import Any, Final

from ovhcore.exceptions import InvalidConfiguration

from ...base.forks import renew_after_fork
from ..operations.answers import Question
from ..operations.script import SCRIPT
from .base import TIMEOUT, Store, StoreFailure
from .places import Place

__all__ = ["ServerStore"]

_PREFIX: Final = "ovhcore:"
_CLUSTER: Final = "it is a node of a cluster, which is not supported: name a server that is not in cluster mode"
_REASONS: Final[dict[str, str]] = dict.fromkeys(
    ("MovedError", "AskError", "ClusterDownError", "ClusterCrossSlotError"), _CLUSTER
)
_NO_SCRIPTS: Final = "it runs no scripts; of a sentinel, name the server that it watches"


class ServerStore(Store):
    """A store on a server, by the library redis. Each question is one round trip.

    Args:
        place: where it is.

    Raises:
        InvalidConfiguration: the library is not installed.
    """

    def __init__(self, place: Place) -> None:
        super().__init__(place.name)
        try:
            from redis import Connection, ConnectionPool, SSLConnection, UnixDomainSocketConnection
            from redis.backoff import NoBackoff
            from redis.exceptions import ConnectionError as Unconnected
            from redis.exceptions import NoScriptError, RedisError
            from redis.retry import Retry
        except ImportError:
            raise InvalidConfiguration(
                f'A limit_store {place.name} needs the package redis: pip install "ovhcore[redis]"'
            ) from None
        self._failures: Final = (RedisError, OSError)
        self._unconnected: Final = Unconnected
        self._unknown: Final = NoScriptError
        kind: Any = UnixDomainSocketConnection
        where: dict[str, Any] = {"path": place.file}
        if place.host:
            kind, where = Connection, {"host": place.host, "port": place.port, "socket_connect_timeout": TIMEOUT}
        if place.certificates is not None:
            kind = SSLConnection
            where |= {"ssl_cert_reqs": "required", "ssl_check_hostname": True, **place.certificates}
        # Its connections alone are used: what its client does for each command takes longer than the question.
        self._pool: Any = ConnectionPool(
            kind,
            **where,
            db=place.database,
            username=place.username,
            password=place.password,
            protocol=2,
            socket_timeout=TIMEOUT,
            retry=Retry(NoBackoff(), 0),
        )
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
            problem = _REASONS.get(type(error).__name__) or f"{type(error).__name__}: {error}"
            if "unknown command" in problem.lower():
                problem = _NO_SCRIPTS
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
