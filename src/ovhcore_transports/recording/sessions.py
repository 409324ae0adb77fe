"""A session of recording and replaying, which keeps and finds exchanges, without the loop that waits."""

from __future__ import annotations

import os
import time
import weakref
from collections.abc import Iterable
from contextlib import suppress
from typing import Final

from ovhcore.exceptions import CassetteError, ClientClosed, HTTPError, InvalidConfiguration, NoRecording
from ovhcore.protocol import Headers, Now, Redaction, Request, Response

from ..base.forks import renew_after_fork
from ..base.locks import Lock
from .cassette.bodies import pack, unpack
from .cassette.cassettes import Cassette, collecting_no_garbage, is_vcr
from .cassette.interactions import Draw, Interaction, Signature, World, named
from .cassette.scrubbing import Scrubber
from .cassette.writing import Writer, nobody_records
from .replay.effects import ReplayedEffects
from .replay.matching import DEFAULT_MATCHERS, Matcher, RecordedSlot, Shelf
from .replay.misses import nearest

__all__ = ["MODES", "SIGNATURES", "Session", "end_all"]

MODES: Final = ("none", "once", "new", "all")
"""``none`` never sends; ``once`` records if there is no cassette yet, and replays if there is one;
``new`` replays what was recorded and records what was not; ``all`` records everything anew."""

SIGNATURES: Final = ("check", "require", "ignore")
"""``check`` compares signatures that were made with the same keys at the same time as recorded;
``require`` refuses what cannot be compared; ``ignore`` compares none."""


_ADVICE: Final = (
    "Correct the call, or record it: transport 'record' (OVH_TRANSPORT) adds to the cassette in mode 'new' "
    "(OVH_RECORD_MODE), and records it anew in mode 'all'."
)


_open: Final[weakref.WeakSet[Session]] = weakref.WeakSet()


def end_all(path: str) -> None:
    """End the recordings of a cassette that nobody has ended."""
    for session in list(_open):
        if session.path == path:
            session.close(at_once=True)


class Session:
    """One recording or replay of one cassette, for one transport. Safe to use from many threads.

    Args:
        cassette: its file, or a cassette that was read.
        mode: one of :data:`MODES`.
        match_on: the parts that must be equal for a recording to answer a request.
        repeat: whether a recording may answer again when no other is left.
        redaction: secrets, besides those that are always hidden.
        signatures: one of :data:`SIGNATURES`.
        advice: what to do about a call that was not recorded.
        goes_on: whether the program has begun the cassette before: then ``once`` and ``all`` add to it.

    Raises:
        CassetteError: the cassette cannot be used.
        InvalidConfiguration: an argument is malformed.
    """

    def __init__(
        self,
        cassette: str | os.PathLike[str] | Cassette,
        mode: str,
        *,
        match_on: Iterable[Matcher] = DEFAULT_MATCHERS,
        repeat: bool = False,
        redaction: Redaction = Redaction(),  # noqa: B008 - immutable
        signatures: str = "check",
        advice: str = _ADVICE,
        goes_on: bool = False,
    ) -> None:
        for name, value, known in (("mode", mode, MODES), ("signatures", signatures, SIGNATURES)):
            if value not in known:
                raise InvalidConfiguration(f"{name} of a recording must be one of {', '.join(known)}, not {value!r}")
        if not isinstance(redaction, Redaction):
            raise InvalidConfiguration(f"redaction must be a Redaction, not {type(redaction).__name__}")
        if type(repeat) is not bool:
            raise InvalidConfiguration(f"repeat must be True or False, not {type(repeat).__name__}")
        if isinstance(cassette, Cassette):
            if mode != "none":
                raise InvalidConfiguration(f"mode {mode!r} needs the path of a cassette, to write to it")
            self.path = cassette.path or "(in memory)"
        elif isinstance(cassette, (str, os.PathLike)):
            self.path = os.fsdecode(os.path.expanduser(cassette))
        else:
            raise InvalidConfiguration(f"cassette must be the path of a file, not {type(cassette).__name__}")
        there = isinstance(cassette, Cassette) or os.path.exists(self.path)
        if goes_on and mode == "once":
            mode = "all"
        self.mode = mode
        self.offline = mode == "none" or (mode == "once" and there)
        """Whether nothing can be sent: then time, sleep and chance come from the recording, too."""
        with collecting_no_garbage():
            self.cassette = cassette if isinstance(cassette, Cassette) else self._load(there)
            self._shelf = Shelf(self.cassette, match_on, repeat=repeat)
        self.misses: list[str] = []
        """The calls that were asked for in vain, in the words of their exceptions."""
        self._signatures = signatures
        self._advice = advice
        self._scrubber = Scrubber(redaction)
        self._world = ReplayedEffects(self.cassette) if self.offline else None
        self._writer = None if self.offline else Writer(self.path, replace=mode == "all" and not goes_on)
        self._lock = Lock()
        self._clock: list[Now] = []
        self._uniform: list[Draw] = []
        self._closed = False
        self._under_way = 0
        # A program that does not close its client, as those for python-ovh, ends its recording all the same.
        seen = (self._clock, self._uniform)
        self._finalizer = None if self._writer is None else weakref.finalize(self, _close, self._writer, *seen)
        _open.add(self)
        renew_after_fork(self)

    def after_fork(self) -> None:
        """Make a new lock in the child of a fork, and leave to the parent what was seen before."""
        self._lock = Lock()
        if self._writer is not None:
            # The parent writes down what was seen before the fork.
            self._clock.clear()
            self._uniform.clear()
            self._under_way = 0
            self._writer.after_fork()

    def _load(self, there: bool) -> Cassette:
        if self.mode == "all" or (self.mode != "none" and not there):
            if self.path.lower().endswith((".yaml", ".yml", ".har")):
                raise CassetteError(
                    f"{self.path} would be a cassette of another tool: record to a name such as 'calls.cassette', and "
                    "convert it afterwards"
                )
            if there and os.path.getsize(self.path) and is_vcr(self.path):
                raise CassetteError(f"{self.path} is there and is no cassette: it is not replaced")
            return Cassette((), self.path)
        if not there:
            raise CassetteError(
                f"There is no cassette {self.path}, and nothing is recorded in mode 'none': record it with transport "
                "'record' in mode 'once'"
            )
        cassette = self._when_others_wrote() if self.mode == "new" else Cassette.load(self.path, warn=False)
        problems = cassette.problems
        if self.mode == "new":
            if is_vcr(self.path):
                raise CassetteError(
                    f"{self.path} is a cassette of vcrpy, which is read but not added to: convert it first, with "
                    f"'ovhcore cassette convert {self.path} NEW.cassette'"
                )
            problems = cassette.torn
        if problems:
            raise CassetteError(
                f"The cassette {self.path} is not whole: {'; '.join(problems)}. It holds {len(cassette)} whole "
                "interactions. Record it again with mode 'all', or keep those with "
                f"'ovhcore cassette repair {self.path}'"
            )
        return cassette

    def _when_others_wrote(self) -> Cassette:
        """Read the cassette; wait, though not long, while another recorder is in the middle of a record."""
        for _ in range(50):
            with suppress(CassetteError):  # an empty one: somebody is about to begin it
                cassette = Cassette.load(self.path, warn=False)
                if not cassette.torn:
                    return cassette
            try:
                with nobody_records(self.path) as alone:
                    if alone:
                        break
            except OSError:
                break  # it cannot be written, and nobody writes to it
            time.sleep(0.01)
        return Cassette.load(self.path, warn=False)

    def answer(self, request: Request) -> Response | None:
        """Return the recorded answer to a request; None if it has to be sent, and recorded before :meth:`over`.

        Raises:
            NoRecording: nothing was recorded, and nothing may be sent.
            CassetteError: the signature is not the one that was recorded.
            HTTPError: the failure that was recorded.
        """
        if self._closed:
            raise ClientClosed("The transport is closed")
        if self.mode != "all":
            slot = self._shelf.take(request, lambda: self._hidden(request))
            if slot is not None:
                return self._played(slot, request)
            if self.offline:
                raise self._missing(request)
        assert self._writer is not None
        with self._lock:
            if self._closed:
                raise ClientClosed("The transport is closed")
            self._writer.prepare()
            self._under_way += 1
        return None

    def _played(self, slot: RecordedSlot, request: Request) -> Response | None:
        interaction = slot.interaction
        if self._signatures != "ignore":
            self._check_signature(interaction, request)
        if self._world is not None:
            self._world.play(slot.number)
        failure = interaction.failure
        if failure is not None:
            failure.add_note(f"Replayed from {self.path}, number {slot.number + 1}: so it went when it was recorded.")
            raise failure
        return interaction.response

    def _check_signature(self, interaction: Interaction, request: Request) -> None:
        then, now = interaction.signature, Signature.of(request)
        if now is None and (then is None or not request.need_auth or "authorization" in request.headers):
            return
        problem = None
        if now is None:
            problem = "is missing or incomplete, and was there when it was recorded"
        elif then is not None and now.keys == then.keys and _comparable(interaction, request):
            if now.digest == then.digest:
                return
            problem = (
                "is not the recorded one, which was made with the same application key and consumer key, for the same "
                "URL and body, at the same second: the application secret is another, or signing itself has changed"
            )
        elif self._signatures == "require":
            problem = (
                "cannot be compared: the recorded one was made with other keys, at another time, for a URL or body "
                "that is written otherwise or has something hidden, or not at all"
            )
        if problem is not None:
            hidden = self._hidden(request)
            raise CassetteError(f"The signature of {hidden.method} {hidden.url} {problem} ({self.path})")

    def _hidden(self, request: Request) -> Request:
        """Return a request with its secrets hidden, as in a cassette."""
        packed = pack(request.body, json_expected=True)
        self._scrubber.learn(request, packed)
        return Request(
            request.method,
            self._scrubber.url(request.url),
            Headers(self._scrubber.headers(request.headers.pairs)),
            unpack(self._scrubber.body(packed, request.headers)),
        )

    def _missing(self, request: Request) -> NoRecording:
        hidden = self._hidden(request)
        lines = nearest(self._shelf, hidden)
        left = len(self._shelf.unplayed)
        message = (
            f"{hidden.method} {hidden.url} was not recorded in {self.path} ({len(self.cassette)} interactions, {left} "
            f"not played yet), and nothing is sent in mode {self.mode!r}. "
            + (f"Nearest: {lines[0]}" if lines else "Nothing was recorded")
        )
        error = NoRecording(
            message,
            method=hidden.method,
            url=hidden.url,
            hint=self._advice,
        )
        for note in (*(f"Also near: {line}" for line in lines[1:]), self._advice):
            error.add_note(note)
        with self._lock:
            self.misses.append(message)
        return error

    def keep(self, request: Request, answer: Response | HTTPError, begun: Now, ended: Now) -> None:
        """Put an exchange into the cassette; it is on the disk when this returns.

        Raises:
            CassetteError: the cassette cannot be written.
        """
        assert self._writer is not None
        with self._lock:
            if self._finalizer is None or not self._finalizer.alive:
                raise CassetteError(f"The recording {self.path} was ended while {request.method} was under way")
            world = World(tuple(self._clock), tuple(self._uniform))
            self._clock.clear()
            self._uniform.clear()
            interaction = Interaction.of(
                request,
                answer,
                scrubber=self._scrubber,
                at=begun.wall,
                took=ended.monotonic - begun.monotonic,
                world=world,
            )
            self._writer.write(interaction.record, answered=isinstance(answer, Response))

    def keep_known(self, request: Request, response: Response, now: Now) -> None:
        """Put an answer that another process got into the cassette, as if the request had been sent."""
        if self.answer(request) is None:
            try:
                self.keep(request, response, now, now)
            finally:
                self.over()

    def glance(self) -> Now | None:
        """Return the last reading of the clocks in the recording; None where nothing is replayed."""
        return None if self._world is None else self._world.glance()

    def clock(self, real: Now | None) -> Now:
        """Return a reading of the clocks: that of the recording, or the real one, which is then recorded."""
        if self._world is not None:
            return self._world.clock()
        assert real is not None
        with self._lock:
            self._clock.append(real)
        return real

    def sleep(self, seconds: float) -> None:
        """Let time pass in the recording."""
        assert self._world is not None
        self._world.sleep(seconds)

    def uniform(self, low: float, high: float, real: float | None) -> float:
        """Return a random number: that of the recording, or the real one, which is then recorded."""
        if self._world is not None:
            return self._world.uniform(low, high)
        assert real is not None
        with self._lock:
            self._uniform.append(Draw(low, high, real))
        return real

    def hide(self, values: Iterable[str]) -> None:
        """Hide values wherever they stand from now on; those of three characters or less would garble every text."""
        self._scrubber.hide(value for value in values if len(value) > 3)

    @property
    def unplayed(self) -> list[Interaction]:
        """The interactions that were recorded before and have not been played."""
        return [] if self.mode == "all" else self._shelf.unplayed

    def check_played(self) -> None:
        """Make sure that everything recorded was played, and nothing was asked for in vain.

        Raises:
            CassetteError: a recording was not played, or a call not found; the message names it.
        """
        if self.misses:
            raise CassetteError(f"{len(self.misses)} calls were not recorded. The first: {self.misses[0]}")
        unplayed = self.unplayed
        if unplayed:
            raise CassetteError(
                f"{len(unplayed)} of {len(self.cassette)} interactions in {self.path} were not played: "
                f"{named(unplayed)}. Record it again with mode 'all' if the program no longer makes these calls"
            )

    def over(self) -> None:
        """Note that an exchange is over; a recording that has ended meanwhile is finished with the last exchange."""
        with self._lock:
            self._under_way -= 1
            if self._closed and not self._under_way:
                self._finish()

    def close(self, *, at_once: bool = False) -> None:
        """End the recording: nothing further is sent. May be called again.

        Args:
            at_once: whether to finish it although an exchange is under way, whose answer is then not kept.
        """
        with self._lock:
            self._closed = True
            if at_once or not self._under_way:
                self._finish()

    def _finish(self) -> None:
        if self._finalizer is not None:
            self._finalizer()


def _comparable(interaction: Interaction, request: Request) -> bool:
    """Say whether the same URL and body were signed at the same second, as far as the recording tells."""
    one = interaction.request
    stamps = {each.headers.get("x-ovh-timestamp") for each in (one, request)}
    return len(stamps) == 1 and (one.url, one.body) == (request.url, request.body)


def _close(writer: Writer, clock: list[Now], uniform: list[Draw]) -> None:
    writer.close(World(tuple(clock), tuple(uniform)))
