"""The API's time, for all processes with the same store: one learns it, the others read it when they first sign.

The store keeps what the API's time was at a moment of the store's own clock, and says how long ago that was. Each
process compares the sum with its own clock, so machines may have different clocks. A process that learns of another
time, because its own was refused, tells the store.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

from ovhcore.exceptions import SharedStoreError
from ovhcore.flows import Clock, Consult, Flow, Handler, Observer, Once, Sleep, TimeSync, Uniform
from ovhcore.protocol import Now, Request, Response

if TYPE_CHECKING:
    from .keeper import LeaseKeeper

__all__ = ["SharedTimeSync"]

_KEPT: Final = 3_600_000_000  # microseconds: clocks that nobody sets drift apart by less than half a second meanwhile
_LEASE: Final = 2_000_000  # microseconds that others wait for the one that asks; then each asks by itself
_LATEST: Final = 2**60  # microseconds since 1970 that can be a time
_PRECISION: Final = 1.0  # seconds: the API tells whole ones
_FIRST: Final = 0.02  # seconds until somebody who waits asks again, then longer and longer
_LONGEST: Final = 0.25
_ALONE: Final = ("yours", "", "")
_TAG: Final = "time"


class SharedTimeSync(TimeSync):
    """An estimate of the API's clock that processes share.

    Only clients that sign read the store, once, and only they tell it anything. No call fails because of the store.

    Args:
        mode: ``"date"`` or ``"server"``.
        ask: the request for the time.
        handler: sends requests.
        notify: is told of corrections.
        keeper: of the store.
        key: where the time is in it; others with the same mode, endpoint and credentials have the same.
    """

    def __init__(
        self, mode: str, ask: Request, handler: Handler, notify: Observer | None, keeper: LeaseKeeper, key: str
    ) -> None:
        super().__init__(mode, ask, handler, notify)
        self._keeper = keeper
        self._store = keeper.store
        self._key = key
        self._unread = True
        self._shares = False
        self._told: tuple[float, int] | None = None  # the offset that the store has, and how often had been asked then

    @property
    def must_ask(self) -> bool:
        """Whether the store, or the API, has to be asked before anything is signed."""
        return super().must_ask or (self._unread and self.fixed is None)

    def prepare(self) -> Flow[None]:
        """Take over the time that another process has learnt; with ``"server"``, ask for it if none has.

        Raises:
            APIError: there was no usable answer of the API, as for :meth:`ask`.
        """
        yield Once((self, "prepare"), self._prepared())

    def _prepared(self) -> Flow[None]:
        if not self.must_ask:  # another call did it meanwhile
            return
        owner = self._keeper.new_name()
        with suppress(SharedStoreError):  # the store warns by itself
            yield from self._read(owner)
        self._unread = False
        if super().must_ask:
            try:
                yield from self.ask()
            except BaseException:  # also where a flow is cut off, which cannot ask any more
                if self._shares:
                    self._keeper.tell_soon(("drop", self._key, owner))
                raise
        else:
            yield from self._tell()

    def _read(self, owner: str) -> Flow[None]:
        lease = _LEASE if self.mode == "server" else 0  # with "date" nobody waits: the first answer tells the time
        question = ("token", self._key, owner, "", lease)
        waited, pause = 0.0, _FIRST
        while True:
            answer = yield self._consult(question)
            self._shares = answer is not _ALONE
            status, value, left = answer
            if status == "held":
                now: Now = yield Clock()
                self._take_over(value, left, now)
            if status != "busy" or waited * 1e6 >= lease:
                return
            wait = yield Uniform(pause / 2, pause)
            yield Sleep(wait)
            waited += wait
            pause = min(pause * 1.5, _LONGEST)

    def _take_over(self, value: str, left: str, now: Now) -> None:
        try:
            was, since = int(value), _KEPT - int(left)
        except ValueError:
            return
        # It was not written by one of us, or the store's clock was set back since.
        if not 0 < was < _LATEST or since < 0:
            return
        offset = (was + since) / 1e6 - now.wall
        known = self.state
        if abs(offset - known.offset) <= _PRECISION:
            offset = known.offset
        self._told = offset, self.answers
        if not known.known:  # what this process has learnt itself is newer
            self._learn(known.replacing(offset=offset, known=True, asked=self.mode == "server"))

    def ask(self) -> Flow[float]:
        """Ask ``/auth/time``, and tell the others; as :meth:`.TimeSync.ask` otherwise."""
        offset = yield from super().ask()
        yield from self._tell()
        return offset

    def learn(self, begun: Now, server: int) -> Flow[None]:
        """Learn from the ``Date`` of an answer, and tell the others if they cannot know it."""
        yield from super().learn(begun, server)
        yield from self._tell()

    def refused(self, signed: Now, used: int, response: Response) -> Flow[bool]:
        """Correct the offset by the ``Date`` of a refusal, and tell the others."""
        explained = yield from super().refused(signed, used, response)
        if explained:
            yield from self._tell()
        return explained

    def _tell(self) -> Flow[None]:
        state, told = self.state, self._told
        if not self._shares or not state.known:
            return
        if told is not None and told[1] == self.answers and abs(told[0] - state.offset) <= _PRECISION:
            return
        self._told = state.offset, self.answers  # also if the store gives no answer: then it is not asked at each call
        now: Now = yield Clock()
        api = int((now.wall + state.offset) * 1e6)
        with suppress(SharedStoreError):
            yield self._consult(("put", self._key, "", str(api), _TAG, _KEPT))

    def _consult(self, question: tuple[Any, ...]) -> Consult:
        # A recording holds the request for the time, so that it can be replayed without the store.
        return Consult(self._store, question, _ALONE, omitted=True)
