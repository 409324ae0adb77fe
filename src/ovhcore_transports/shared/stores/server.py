"""A store on a server that speaks Redis's protocol and runs Lua: Redis, Valkey."""

from __future__ import annotations

import asyncio
import re
from contextlib import suppress
from typing import Any, Final

from ovhcore.exceptions import InvalidConfiguration

from ...base.forks import renew_after_fork
from ..store_commands.answers import Question
from ..store_commands.script import SCRIPT
from .address import StoreAddress
from .base import NOT_NOW, TIMEOUT, Store, StoreFailure

__all__ = ["ServerStore"]

_PREFIX: Final = "ovhcore:"
_CLUSTER: Final = "it is a node of a cluster, which is not supported: name a server that is not in cluster mode"
_OF_CLUSTERS: Final = re.compile(  # versions of the library that have no class for it show what the server says
    r"(Moved|Ask|ClusterDown|ClusterCrossSlot)Error: |\w+: (MOVED|ASK|CLUSTERDOWN|CROSSSLOT) "
)
_LIMITS: Final = ("take", "slow")  # the questions of a call: short ones, whose answers are numbers
_STRAIGHT: Final = 4  # questions that loops ask at the same time: each needs a connection
_PACKET: Final = 4096
_NUMBERS: Final = re.compile(rb"\*([0-9])\r\n((?::-?[0-9]+\r\n)+)")
_NO_SCRIPTS: Final = "it runs no scripts; of a sentinel, name the server that it watches"


class ServerStore(Store):
    """A store on a server, by the library redis. Each question is one round trip.

    Args:
        address: of the server.

    Raises:
        InvalidConfiguration: the library is not installed.
    """

    def __init__(self, address: StoreAddress) -> None:
        super().__init__(address.name)
        try:
            from redis import Connection, SSLConnection, UnixDomainSocketConnection
            from redis.backoff import NoBackoff
            from redis.exceptions import ConnectionError as Unconnected
            from redis.exceptions import NoScriptError, RedisError
            from redis.retry import Retry
        except ImportError:
            raise InvalidConfiguration(
                f'A limit_store {address.name} needs the package redis: pip install "ovhcore[redis]"'
            ) from None
        self._failures: Final = (RedisError, OSError)
        self._unconnected: Final = Unconnected
        self._unknown: Final = NoScriptError
        kind: Any = UnixDomainSocketConnection
        where: dict[str, Any] = {"path": address.file}
        if address.host:
            kind, where = Connection, {"host": address.host, "port": address.port, "socket_connect_timeout": TIMEOUT}
        if address.certificates is not None:
            kind = SSLConnection
            where |= {"ssl_cert_reqs": "required", "ssl_check_hostname": True, **address.certificates}
        where |= {"db": address.database, "username": address.username, "protocol": 2, "socket_timeout": TIMEOUT}

        def connect() -> Any:
            password = address.password and address.password.reveal()
            return kind(**where, password=password, retry=Retry(NoBackoff(), 0))

        # The library's connections alone are used. What its client does for each command takes longer than the
        # question, and its pools count connections that were lost: after a hundred, they make no more.
        self._connect = connect
        self._idle: list[Any] = []
        self._turns = [*range(_STRAIGHT)]
        self._encrypted = address.certificates is not None
        self._script: str | None = None
        renew_after_fork(self)

    def after_fork(self) -> None:
        """Leave the connections to the parent."""
        self._idle = []
        self._turns = [*range(_STRAIGHT)]

    def answer(self, question: Question, now: int | None = None) -> Any:
        """Run a command of the script."""
        try:
            return self._answer(_arguments(question, now))
        except self._failures as error:
            # The library's messages name the host, and no password.
            problem = f"{type(error).__name__}: {error}"
            if "unknown command" in problem.lower():
                problem = _NO_SCRIPTS
            elif _OF_CLUSTERS.match(problem):
                problem = _CLUSTER
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
            return self._exchanged(self._connect(), command)
        try:
            return self._exchanged(connection, command)
        except self._unconnected:  # it was one to a server that has been restarted
            return self._exchanged(self._connect(), command)

    def _exchanged(self, connection: Any, command: tuple[Any, ...]) -> Any:
        try:
            connection.send_packed_command([_packed(command)])
            answer = connection.read_response()
        except self._unknown:
            self._idle.append(connection)
            raise
        except BaseException:  # an answer that is still to come must not be the next question's
            connection.disconnect()
            raise
        self._idle.append(connection)
        return answer

    async def straight(self, question: Question) -> Any:
        """Run a command on a limit, on a connection that is open.

        Whatever else than numbers comes is left to a thread, which asks again: a loop waits for no second packet.
        """
        loop = asyncio.get_running_loop()
        if self._script is None or question[0] not in _LIMITS or self._encrypted or not _watches(loop):
            return NOT_NOW
        try:
            turn = self._turns.pop()
        except IndexError:
            return NOT_NOW
        try:
            connection = self._idle.pop()
        except IndexError:
            return NOT_NOW
        else:
            return await self._straight(loop, connection, ("EVALSHA", self._script, *_arguments(question, None)))
        finally:
            self._turns.append(turn)

    async def _straight(self, loop: asyncio.AbstractEventLoop, connection: Any, command: tuple[Any, ...]) -> Any:
        answer = NOT_NOW
        try:
            with suppress(*self._failures):
                answer = await _numbers(loop, connection, command)
        finally:
            if answer is NOT_NOW:  # an answer that is still to come must not be the next question's
                connection.disconnect()
            else:
                self._idle.append(connection)
        return answer

    def close(self) -> None:
        """Close the connections that nobody uses."""
        while self._idle:
            self._idle.pop().disconnect()


def _arguments(question: Question, now: int | None) -> tuple[Any, ...]:
    return (1, f"{_PREFIX}{question[1]}", question[0], "" if now is None else now, *question[2:])


def _packed(command: tuple[Any, ...]) -> bytes:
    """Return a command as it is sent; the library takes much longer for it."""
    parts = [str(each).encode() for each in command]
    return b"*%d\r\n%b" % (len(parts), b"".join([b"$%d\r\n%b\r\n" % (len(each), each) for each in parts]))


def _watches(loop: asyncio.AbstractEventLoop) -> bool:
    """Return whether a loop tells when something has come on a socket; one of Windows does not."""
    return type(loop).add_reader is not asyncio.AbstractEventLoop.add_reader


async def _numbers(loop: asyncio.AbstractEventLoop, connection: Any, command: tuple[Any, ...]) -> Any:
    """Return an answer of numbers that comes in one packet, else ``NOT_NOW``.

    Raises:
        StoreFailure: nothing came.
    """
    socket = getattr(connection, "_sock", None)  # not a name that the library promises
    if socket is None:
        return NOT_NOW
    file = socket.fileno()
    came: asyncio.Future[bool] = loop.create_future()
    loop.add_reader(file, _tell, came, True)
    timer = loop.call_later(TIMEOUT, _tell, came, False)
    socket.settimeout(0)  # a loop waits neither for room nor for an answer
    try:
        connection.send_packed_command([_packed(command)])  # the server has read all that was sent before, so this fits
        if not await came:
            raise StoreFailure("TimeoutError: Timeout reading from socket")
        numbers = _NUMBERS.fullmatch(socket.recv(_PACKET))
    finally:
        timer.cancel()
        with suppress(RuntimeError):  # the loop has ended
            loop.remove_reader(file)
    if numbers is None or numbers[2].count(b":") != int(numbers[1]):
        return NOT_NOW
    socket.settimeout(TIMEOUT)
    return [int(each[1:]) for each in numbers[2].split()]


def _tell(future: asyncio.Future[bool], has_come: bool) -> None:
    if not future.done():
        future.set_result(has_come)


def _plain(answer: Any) -> Any:
    return [each.decode("ascii") if isinstance(each, bytes) else each for each in answer]
