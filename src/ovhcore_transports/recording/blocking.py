"""Transports that record what another one exchanges, and replay it: their base, and those for threads."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Self, TypedDict, TypeVar, Unpack

from ovhcore._internal import Stream, TransportLike
from ovhcore.exceptions import HTTPError, InvalidConfiguration
from ovhcore.flows import Consult, Flow
from ovhcore.plugins import TransportSettings
from ovhcore.protocol import Now, Redaction, Request, Response

from ..base.blocking import SyncTransport
from ..plugin import REPLAY_DEFAULTS
from .cassette.cassettes import Cassette
from .cassette.interactions import Interaction
from .replay.matching import Matcher
from .sessions import MODES, Session

if TYPE_CHECKING:
    from ovhcore.flows import WarmableTransport

__all__ = [
    "Options",
    "RecordTransport",
    "Recording",
    "ReplayTransport",
    "nothing",
    "open_record",
    "open_replay",
    "options_of",
]


T = TypeVar("T")


class Options(TypedDict, total=False):
    """The options of recording and replaying, by keyword.

    Attributes:
        match_on: the parts that must be equal for a recording to answer a request, as in :data:`.MATCHERS`; by
            default method, path, query and body.
        repeat: whether a recording may answer again when no other is left.
        redaction: secrets, besides those that are always hidden.
        signatures: ``"check"``, the default, compares signatures with recorded ones where both were made
            with the same keys at the same time; ``"require"`` refuses others; ``"ignore"`` compares none.
        advice: what to do about a call that was not recorded, for its exception.
        goes_on: whether the program has begun the cassette before: then ``"once"`` and ``"all"`` add to it.
    """

    match_on: Iterable[Matcher]
    repeat: bool
    redaction: Redaction
    signatures: str
    advice: str
    goes_on: bool


class Recording:
    """The base of transports that record or replay: holds the session, and answers questions about it."""

    def __init__(self, inner: Any, session: Session) -> None:
        if not (callable(inner) or callable(getattr(inner, "send", None))):
            raise InvalidConfiguration(
                f"What is recorded must be a transport or a function that makes one, not {type(inner).__name__}; by "
                "name it is Client(transport='record+NAME', options={'cassette': 'calls.cassette'})"
            )
        # The inner transport is made when something is sent: replaying loads no HTTP library.
        self._given = inner
        self._made: list[Any] = []
        self._session = session

    @property
    def _inner(self) -> Any:
        if not self._made:
            # If two threads come here at once, both append and the first one counts.
            made = hasattr(self._given, "send") and not isinstance(self._given, type)
            self._made.append(self._given if made else self._given())
        return self._made[0]

    @property
    def defaults(self) -> dict[str, str]:
        """The default settings of a client. While nothing can be sent, credentials may be made up."""
        return dict(REPLAY_DEFAULTS) if self._session.offline else {}

    @property
    def offline(self) -> bool:
        """Whether nothing can be sent, and time, sleep and chance come from the recording."""
        return self._session.offline

    @property
    def cassette(self) -> Cassette:
        """The cassette, with what had been recorded when the transport was made."""
        return self._session.cassette

    @property
    def unplayed(self) -> list[Interaction]:
        """The interactions of the cassette that have not been played."""
        return self._session.unplayed

    @property
    def misses(self) -> list[str]:
        """The calls that had no recording, in the words of their exceptions."""
        return list(self._session.misses)

    def warm(self, urls: Sequence[str]) -> None:
        """Make the inner transport, if anything may be sent, and let it do its first requests' work beforehand."""
        if not self._session.offline and callable(getattr(self._inner, "warm", None)):
            warmable: WarmableTransport = self._inner
            warmable.warm(urls)

    def check_played(self) -> None:
        """Make sure that everything recorded was played, and that every call had a recording.

        Raises:
            CassetteError: a recording was not played, or a call not found; the message names it.
        """
        self._session.check_played()

    def hide(self, values: Iterable[str]) -> None:
        """Hide values of more than three characters in recordings from now on; a client calls this with its secrets."""
        self._session.hide(values)

    def end(self) -> None:
        """End the recording; nothing can be sent after it. The inner transport is left open. May be called again."""
        self._session.close()

    def clock(self) -> Now:
        """Read both clocks, or return what they showed during the recording."""
        return self._session.clock(None if self._session.offline else self._inner.clock())

    def glance(self) -> Now:
        """Read both clocks to measure or observe: nothing is recorded, and a replay does not move on."""
        return self._session.glance() or self._inner.clock()

    def _is_alone(self, effect: Consult) -> bool:
        return self._session.offline or effect.omitted

    def _noted(self, effect: Consult, answer: Any) -> Any:
        """Keep the answer that another process got in the place of this one's."""
        if effect.request is not None and isinstance(answer, Response):
            self._session.keep_known(effect.request, answer, self._inner.clock())
        return answer

    def uniform(self, low: float, high: float) -> float:
        """Draw a random number, or return the one that was drawn during the recording."""
        return self._session.uniform(low, high, None if self._session.offline else self._inner.uniform(low, high))

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self._session.path}, mode {self._session.mode}>"


class RecordTransport(Recording, SyncTransport):
    """A transport that records what another one exchanges, and replays what was recorded.

    Args:
        inner: the transport that sends, or a function that makes it when it is needed.
        cassette: the file; in mode ``"none"`` also a cassette that was read.
        mode: ``"none"`` never sends; ``"once"`` records if there is no cassette yet, and replays if there
            is one; ``"new"`` replays what was recorded and records what was not; ``"all"`` records anew.
        **options: see :class:`Options`.

    Raises:
        CassetteError: the cassette cannot be used.
        InvalidConfiguration: an argument is malformed.
    """

    def __init__(
        self,
        inner: TransportLike | Callable[[], TransportLike],
        cassette: str | os.PathLike[str] | Cassette,
        mode: str = "once",
        **options: Unpack[Options],
    ) -> None:
        Recording.__init__(self, inner, Session(cassette, mode, **options))
        SyncTransport.__init__(self)

    def send(self, request: Request) -> Response:
        """Answer from the recording, or send and record."""
        session = self._session
        known = session.answer(request)
        if known is not None:
            return known
        try:
            inner = self._inner
            begun = inner.clock()
            try:
                response: Response = inner.send(request)
            except HTTPError as error:
                session.keep(request, error, begun, inner.clock())
                raise
            session.keep(request, response, begun, inner.clock())
            return response
        finally:
            session.over()

    def sleep(self, seconds: float) -> None:
        """Wait; in a recording, at once."""
        if self._session.offline:
            self._session.sleep(seconds)
        else:
            self._inner.sleep(seconds)

    def consult(self, effect: Consult) -> Any:
        """Ask what other processes share; in a recording there are none."""
        if self._is_alone(effect):
            return effect.alone
        inner = self._inner
        answer = inner.consult(effect) if hasattr(inner, "consult") else effect.store.ask(effect.question)
        return self._noted(effect, answer)

    def stream(
        self, flows: Iterable[Flow[T]], limit: int, *, ahead: int | None = None, ordered: bool = True
    ) -> Stream[T]:
        """Run flows side by side; in a recording, one after the other."""
        if self._session.offline:
            limit = ahead = 1
        return super().stream(flows, limit, ahead=ahead, ordered=ordered)

    def close(self) -> None:
        """End the recording, and close the inner transport; exchanges under way come to their end, and are kept."""
        self.end()
        for inner in self._made:
            inner.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self.close()


class ReplayTransport(RecordTransport):
    """A transport that answers from a recording, and sends nothing. Arguments as for :class:`RecordTransport`."""

    def __init__(
        self,
        cassette: str | os.PathLike[str] | Cassette,
        **options: Unpack[Options],
    ) -> None:
        super().__init__(nothing, cassette, "none", **options)


def nothing() -> Any:
    """Stand for the inner transport, which a replay never makes."""
    raise AssertionError("a replay sends nothing")


# The cassettes that clients of this program have begun: further clients add to them.
_begun: Final[set[str]] = set()


def options_of(settings: TransportSettings, mode: str | None = None) -> tuple[str, str, Options]:
    """Return cassette, mode and further options of a client's settings.

    Args:
        settings: the settings of the client.
        mode: the mode, whatever they say; None for the one that they say.

    Raises:
        InvalidConfiguration: there is no cassette, or no such mode.
    """
    cassette = settings.options.get("cassette")
    if cassette is None:
        raise InvalidConfiguration(
            "Transports 'record' and 'replay' need a cassette: set OVH_CASSETTE, cassette in ovh.conf, or "
            "options={'cassette': 'calls.cassette'}"
        )
    mode = mode or settings.options.get("record_mode", "once")
    if mode not in MODES:
        raise InvalidConfiguration(
            f"record_mode (OVH_RECORD_MODE, ovh.conf or options) must be one of {', '.join(MODES)}, not {mode!r}"
        )
    redaction = settings.redaction | Redaction(values=[value for value in settings.secrets() if len(value) > 3])
    path = os.path.realpath(os.path.expanduser(cassette))
    goes_on = path in _begun and os.path.exists(path)
    if mode == "all" or (mode == "once" and not os.path.exists(path)):
        _begun.add(path)
    return cassette, mode, {"redaction": redaction, "goes_on": goes_on}


def open_record(settings: TransportSettings, inner: Callable[[], TransportLike]) -> RecordTransport:
    """Make the transport 'record' for a client."""
    cassette, mode, options = options_of(settings)
    return RecordTransport(inner, cassette, mode, **options)


def open_replay(settings: TransportSettings) -> ReplayTransport:
    """Make the transport 'replay' for a client."""
    cassette, _, options = options_of(settings, "none")
    return ReplayTransport(cassette, **options)
