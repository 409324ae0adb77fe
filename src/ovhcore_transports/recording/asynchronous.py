"""Asynchronous transports that record what another one exchanges, and replay it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from types import TracebackType
from typing import Any, Self, TypeVar, Unpack

from ovhcore._internal import AsyncStream, AsyncTransportLike
from ovhcore.exceptions import HTTPError
from ovhcore.flows import Consult, Flow
from ovhcore.plugins import TransportSettings
from ovhcore.protocol import Request, Response

from ..base.asynchronous import AsyncTransport
from .blocking import Options, Recording, nothing, options_of
from .cassette.cassettes import Cassette
from .sessions import Session

__all__ = ["AsyncRecordTransport", "AsyncReplayTransport", "open_async_record", "open_async_replay"]


T = TypeVar("T")


class AsyncRecordTransport(Recording, AsyncTransport):
    """:class:`.RecordTransport` for ``async`` code, around an asynchronous transport."""

    def __init__(
        self,
        inner: AsyncTransportLike | Callable[[], AsyncTransportLike],
        cassette: str | os.PathLike[str] | Cassette,
        mode: str = "once",
        **options: Unpack[Options],
    ) -> None:
        Recording.__init__(self, inner, Session(cassette, mode, **options))
        AsyncTransport.__init__(self)

    async def send(self, request: Request) -> Response:
        """Answer from the recording, or send and record."""
        session = self._session
        known = session.answer(request)
        if known is not None:
            return known
        try:
            inner = self._inner
            begun = inner.clock()
            try:
                response: Response = await inner.send(request)
            except HTTPError as error:
                session.keep(request, error, begun, inner.clock())
                raise
            session.keep(request, response, begun, inner.clock())
            return response
        finally:
            session.over()

    async def sleep(self, seconds: float) -> None:
        """Wait; in a recording, at once, and others get their turn."""
        if self._session.offline:
            self._session.sleep(seconds)
            await super().sleep(0)
        else:
            await self._inner.sleep(seconds)

    async def consult(self, effect: Consult) -> Any:
        """Ask what other processes share; in a recording there are none."""
        if self._is_alone(effect):
            return effect.alone
        inner = self._inner
        if hasattr(inner, "consult"):
            return self._noted(effect, await inner.consult(effect))
        return self._noted(effect, await effect.store.ask_async(effect.question))

    def stream(
        self, flows: Iterable[Flow[T]], limit: int, *, ahead: int | None = None, ordered: bool = True
    ) -> AsyncStream[T]:
        """Run flows side by side; in a recording, one after the other."""
        if self._session.offline:
            limit = ahead = 1
        return super().stream(flows, limit, ahead=ahead, ordered=ordered)

    async def close(self) -> None:
        """End the recording, and close the inner transport; exchanges under way come to their end, and are kept."""
        self.end()
        for inner in self._made:
            await inner.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None
    ) -> None:
        await self.close()


class AsyncReplayTransport(AsyncRecordTransport):
    """:class:`.ReplayTransport` for ``async`` code."""

    def __init__(
        self,
        cassette: str | os.PathLike[str] | Cassette,
        **options: Unpack[Options],
    ) -> None:
        super().__init__(nothing, cassette, "none", **options)


def open_async_record(settings: TransportSettings, inner: Callable[[], AsyncTransportLike]) -> AsyncRecordTransport:
    """Make the transport 'record' for an asynchronous client."""
    cassette, mode, options = options_of(settings)
    return AsyncRecordTransport(inner, cassette, mode, **options)


def open_async_replay(settings: TransportSettings) -> AsyncReplayTransport:
    """Make the transport 'replay' for an asynchronous client."""
    cassette, _, options = options_of(settings, "none")
    return AsyncReplayTransport(cassette, **options)
