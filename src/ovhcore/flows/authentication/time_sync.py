"""The timestamp that requests are signed with, and how its offset to the local clock is learnt.

``"date"``, the default, costs no request: the offset is learnt from the ``Date`` of
answers that come anyway. ``"server"`` asks ``/auth/time`` before the first signed call, as
other clients do. ``"off"`` trusts the local clock. When the API answers that the time is
wrong, the first two correct the offset by the ``Date`` of that answer, or ask for the time if that
``Date`` explains nothing, and send once more.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeAlias

from ...exceptions import APIError, InvalidResponse
from ...protocol.clock import ClockState, Now, observe, parse_http_date
from ...protocol.messages import Request, Response
from ...protocol.responses.decoding import annotate, decode, is_time_error
from ...protocol.responses.error_shapes import is_answer_of_api
from ..effects import CLOCK, Flow, Handler, Once
from ..interpreter_exit import reporting_shutdown
from ..observation import Observer

__all__ = ["MODES", "TimeSync", "TimeSyncFactory"]

MODES: Final = ("date", "server", "off")
"""The values that ``time_sync`` may have."""

_EXPLAINS: Final = 5.0  # the least difference, in seconds, for which a timestamp can have been refused

_WHY_ASKED: Final = (
    "The API's time was asked for, to sign with: because of time_sync='server', because the API had said that the time "
    "of a request was wrong, or for time_delta. With time_sync='off' the clock of this machine is trusted."
)


class TimeSync:
    """A client's estimate of the API's clock, with the ways to learn it.

    One per client. The state is replaced as a whole, so threads need no lock.

    Attributes:
        state: the offset, and how it is known.
        answers: how often ``/auth/time`` has answered.
        handler: sends requests.
        fixed: the offset in seconds that the program wants, whatever is known; None for none.
    """

    def __init__(self, mode: str, ask: Request, handler: Handler, notify: Observer | None = None) -> None:
        self.mode = mode
        self.state = ClockState()
        self.answers = 0
        self.fixed: float | None = None
        self._ask = ask
        self.handler = handler
        self._notify = notify
        self._last_date = ""

    def send(self, request: Request) -> Flow[Response]:
        """Send a request as it is; learn from the ``Date`` of its answer."""
        begun: Now = yield CLOCK
        response = yield from self.handler(request)
        server = self.new_date(response)
        if server is not None:
            yield from self.learn(begun, server)
        return response

    def learn(self, begun: Now, server: int) -> Flow[None]:
        """Learn from the ``Date`` of an answer that has just come.

        Args:
            begun: what the clock showed before the request was sent.
            server: the second that the answer showed.
        """
        received: Now = yield CLOCK
        self._learn(observe(self.state, begun, received, server))

    @property
    def must_ask(self) -> bool:
        """Whether the time has to be asked for before anything is signed."""
        return self.mode == "server" and not self.state.asked and self.fixed is None

    def prepare(self) -> Flow[None]:
        """Learn the time before anything is signed, where :attr:`must_ask` says so.

        Raises:
            APIError: there was no usable answer, as for :meth:`ask`.
        """
        yield from self.ask()

    def timestamp(self, now: Now) -> int:
        """Return seconds since 1970 on the API's clock, as far as it is known."""
        if self.fixed is not None:
            return int(now.wall + self.fixed)
        return int(now.wall if self.mode == "off" else now.wall + self.state.offset)

    def delta(self) -> Flow[float]:
        """Return the offset in seconds; ask ``/auth/time`` first, unless that was done or the offset is fixed."""
        if self.fixed is not None:
            return self.fixed
        if not self.state.asked:
            yield from self.ask()
        return self.state.offset

    def denied(self, response: Response) -> bool:
        """Say whether the API denies a timestamp that asking for the time can correct."""
        return self.mode != "off" and is_time_error(response)

    def refused(self, signed: Now, used: int, response: Response) -> Flow[bool]:
        """Correct the offset by the ``Date`` of a refusal; say whether that ``Date`` explains the refusal.

        Args:
            signed: what the clock showed when the request was signed.
            used: the timestamp that the request was signed with.
            response: the refusal.
        """
        server = parse_http_date(response.headers.get("date", ""))
        if server is None:
            return False
        received: Now = yield CLOCK
        # The offset so far is wrong.
        state = observe(ClockState(), signed, received, server)
        if not state.known or abs(signed.wall + state.offset - used) < _EXPLAINS:
            return False
        self._learn(state.replacing(asked=self.state.asked))
        self.fixed = None
        return True

    def correct(self, answers: int) -> Flow[None]:
        """Ask for the time, unless another call did since ``answers`` was read, before the request was signed."""
        if answers == self.answers:
            yield from self.ask()

    def ask(self) -> Flow[float]:
        """Ask ``/auth/time``; return the offset in seconds. Callers at the same time share one request.

        Raises:
            APIError: there was no usable answer; its hint says what was asked, and why.
        """
        offset: float = yield Once(self, self._ask_api())
        return offset

    def _ask_api(self) -> Flow[float]:
        """Send the request for the time; learn the offset and return it."""
        try:
            sent: Now = yield CLOCK
            response = yield from self.handler(self._ask)
            received: Now = yield CLOCK
            server = decode(response, self._ask)
            if type(server) is not int or not 0 < server < 2**40:
                raise annotate(InvalidResponse("GET /auth/time did not answer with a number of seconds"), self._ask)
        except APIError as error:
            error.beforehand = True
            # The caller did not ask for /auth/time; the hint says why it was called.
            if error.hint is None:
                error.hint = _WHY_ASKED
                error.add_note(error.hint)
            raise
        self._learn(observe(self.state, sent, received, server, asked=True))
        self.answers += 1
        self.fixed = None
        return self.state.offset

    def new_date(self, response: Response) -> int | None:
        """Return the second that an answer's ``Date`` shows, None if the answer teaches nothing."""
        if self.mode != "date" or self.state.asked:
            return None
        text = response.headers.get("date")
        if text is None or text == self._last_date:
            return None
        self._last_date = text
        # A server that answers in the API's place has a clock of its own.
        return parse_http_date(text) if is_answer_of_api(response) else None

    def _learn(self, state: ClockState) -> None:
        if state is self.state:
            return
        moved = state.offset != self.state.offset
        self.state = state
        if moved and self._notify is not None:
            with reporting_shutdown:
                from ..events import ClockCorrected

            self._notify(ClockCorrected(state.offset))


TimeSyncFactory: TypeAlias = Callable[[Request, Handler, "Observer | None"], TimeSync]
"""A maker of a :class:`TimeSync`, or of a subclass, from the request for the time, its sender and an observer."""
