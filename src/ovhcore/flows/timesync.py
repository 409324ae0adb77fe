"""Which timestamp to sign with.

``"date"``, the default, costs no request: the offset is learnt from the ``Date`` of
answers that come anyway. ``"server"`` asks ``/auth/time`` before the first signed call, as
other clients do. ``"off"`` trusts the local clock. When the API answers that the time is
wrong, the first two ask, correct and send once more.
"""

from __future__ import annotations

from typing import Final

from ..exceptions import InvalidConfiguration, InvalidResponse
from ..protocol.clock import ClockState, Now, observe, parse_http_date
from ..protocol.decoding import annotate, decode, is_time_error
from ..protocol.messages import Request, Response
from .effects import Clock, Flow, Handler, Once
from .events import ClockCorrected, Observer

__all__ = ["MODES", "TimeSync"]

MODES: Final = ("date", "server", "off")

_CLOCK: Final = Clock()


class TimeSync:
    """What a client knows of the API's clock, and how it learns it.

    One per client. The state is replaced as a whole, so threads need no lock.
    """

    def __init__(self, mode: str, ask: Request, handler: Handler, notify: Observer | None = None) -> None:
        if mode not in MODES:
            raise InvalidConfiguration(f"time_sync must be one of 'date', 'server', 'off', not {mode!r}")
        self.mode = mode
        self.state = ClockState()
        self._ask = ask
        self._handler = handler
        self._notify = notify
        self._last_date = ("", 0)

    def send(self, request: Request) -> Flow[Response]:
        """Send a request that needs no timestamp; look at the clock of its answer."""
        sent: Now = yield _CLOCK
        response = yield from self._handler(request)
        if self.mode == "date":
            yield from self._observe(sent, response)
        return response

    def timestamp(self) -> Flow[int]:
        """Return seconds since 1970 on the API's clock, as far as it is known."""
        if self.mode == "server" and not self.state.asked:
            yield from self.ask()
        now: Now = yield _CLOCK
        return int(now.wall + self.state.offset)

    def corrected(self, response: Response) -> Flow[bool]:
        """Say whether the request should be signed and sent again, its time corrected."""
        if self.mode == "off" or response.status != 400 or not is_time_error(response):
            return False
        yield from self.ask()
        return True

    def ask(self) -> Flow[float]:
        """Ask ``/auth/time``; return the offset in seconds. Callers at the same time share one request."""
        offset: float = yield Once("time", self._asked())
        return offset

    def _asked(self) -> Flow[float]:
        sent: Now = yield _CLOCK
        response = yield from self._handler(self._ask)
        received: Now = yield _CLOCK
        server = decode(response, self._ask)
        if type(server) is not int or not 0 < server < 2**40:
            raise annotate(InvalidResponse("GET /auth/time did not answer with a number of seconds"), self._ask)
        self._learn(observe(self.state, sent, received, server, asked=True))
        return self.state.offset

    def _observe(self, sent: Now, response: Response) -> Flow[None]:
        if self.state.asked:
            return
        text = response.headers.get("date", "")
        last, server = self._last_date
        if text != last:
            parsed = parse_http_date(text)
            if parsed is None:
                return
            server = parsed
            self._last_date = (text, server)
        elif not text:
            return
        received: Now = yield _CLOCK
        self._learn(observe(self.state, sent, received, server))

    def _learn(self, state: ClockState) -> None:
        if state is self.state:
            return
        moved = state.offset != self.state.offset
        self.state = state
        if moved and self._notify is not None:
            self._notify(ClockCorrected(state.offset))
