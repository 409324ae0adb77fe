"""One token for all processes with the same service account: one fetches it, the others get it from the store."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final

from ovhcore.exceptions import SharedStoreError
from ovhcore.flows import Clock, Consult, Flow, Sleep, Uniform
from ovhcore.protocol import Now, Secret

if TYPE_CHECKING:
    from .keeper import LeaseKeeper
    from .sealing import Seal

__all__ = ["SharedTokens"]

_FIRST: Final = 0.02  # seconds until somebody who waits asks again, then longer and longer
_LONGEST: Final = 0.5
_ALONE: Final = ("yours", "", "")


class SharedTokens:
    """Tokens in a store, encrypted.

    Args:
        keeper: of the store.
        key: where the token is.
        seal: encrypts it.
    """

    def __init__(self, keeper: LeaseKeeper, key: str, seal: Seal) -> None:
        self._keeper = keeper
        self._store = keeper.store
        self._key = key
        self._seal = seal

    def get(
        self, refused: Secret | None, fetch: Callable[[], Flow[tuple[Secret, float]]]
    ) -> Flow[tuple[Secret, float]]:
        """Return a token and for how many seconds it is to be used; fetch one if that falls to this process."""
        owner = self._keeper.new_name()
        question = ("token", self._key, owner, "" if refused is None else _tag(refused), self._keeper.lease)
        pause = _FIRST
        try:
            while True:
                answer = yield self._consult(question)
                status, sealed, micros = answer
                if status == "held":
                    return Secret(self._seal.open(sealed).decode()), int(micros) / 1e6
                if status == "yours":
                    break
                wait = yield Uniform(pause / 2, pause)
                yield Sleep(wait)
                pause = min(pause * 1.5, _LONGEST)
        except SharedStoreError:  # the store warns by itself
            return (yield from _timed(fetch))
        try:
            token, seconds = yield from _timed(fetch)
        except BaseException:  # also where a flow is cut off, which cannot ask any more
            if answer is not _ALONE:  # as in a replay, where no store has been asked
                self._keeper.tell_soon(("drop", self._key, owner))
            raise
        sealed = self._seal.close(token.reveal().encode())
        with suppress(SharedStoreError):
            yield self._consult(("put", self._key, owner, sealed, _tag(token), int(seconds * 1e6)))
        return token, seconds

    def _consult(self, question: tuple[Any, ...]) -> Consult:
        # A recording holds the request for a token, so that it can be replayed without the store.
        return Consult(self._store, question, _ALONE, omitted=True)


def _timed(fetch: Callable[[], Flow[tuple[Secret, float]]]) -> Flow[tuple[Secret, float]]:
    begun: Now = yield Clock()
    token, seconds = yield from fetch()
    ended: Now = yield Clock()
    return token, max(0.0, seconds - (ended.monotonic - begun.monotonic))


def _tag(token: Secret) -> str:
    """Return what tells a token from others, and tells nothing of it."""
    return sha256(token.reveal().encode()).hexdigest()[:32]
