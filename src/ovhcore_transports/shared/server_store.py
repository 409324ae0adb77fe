"""A store on a server that speaks Redis's protocol and runs Lua: Redis, Valkey."""

from __future__ import annotations

from contextlib import suppress
from typing import Any, Final

from ovhcore.exceptions import InvalidConfiguration

from .answers import Question
from .script import SCRIPT
from .stores import TIMEOUT, Store, StoreFailure

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
            from redis import Redis
            from redis.backoff import NoBackoff
            from redis.exceptions import ConnectionError as Unconnected
            from redis.exceptions import NoScriptError, RedisError
            from redis.retry import Retry
        except ImportError:
            raise InvalidConfiguration(
                f'A limit_store {name} needs the package redis: pip install "ovhcore[redis]"'
            ) from None
        self._failures: Final = (RedisError, OSError)
        self._unknown: Final = NoScriptError
        try:
            # A kept connection may be one of a server that has been restarted: that is tried again, once.
            self._server: Any = Redis.from_url(
                url,
                protocol=2,
                socket_timeout=TIMEOUT,
                socket_connect_timeout=TIMEOUT,
                retry=Retry(NoBackoff(), 1, (Unconnected,)),
                retry_on_error=[Unconnected],
            )
        except (ValueError, TypeError):
            problem = True
        else:
            problem = False
        if problem:
            raise InvalidConfiguration(f"The limit_store {name} has a query or database that the package redis refuses")
        self._script: str | None = None

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
        server = self._server
        if self._script is not None:
            with suppress(self._unknown):  # the server was restarted
                return _plain(server.evalsha(self._script, *arguments))
        self._script = str(server.script_load(SCRIPT))
        return _plain(server.evalsha(self._script, *arguments))

    def close(self) -> None:
        """Close the connections that nobody uses."""
        self._server.close()


def _plain(answer: Any) -> Any:
    return [each.decode("ascii") if isinstance(each, bytes) else each for each in answer]
