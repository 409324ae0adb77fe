"""The methods that drivers call on a transport, for type checkers and for the reader; nothing loads them for a call."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from typing import Any, Protocol, TypeVar

from ...protocol.clock import Now
from ...protocol.messages import Request, Response
from ..effects import Flow

__all__ = ["AsyncStream", "AsyncTransportLike", "Stream", "TransportLike"]

T = TypeVar("T")
Out = TypeVar("Out", covariant=True)


class Stream(Protocol[Out]):
    """The numbers and results of flows that run side by side; see :meth:`TransportLike.stream`."""

    def __iter__(self) -> Stream[Out]:
        """Return itself."""
        ...

    def __next__(self) -> tuple[int, Out]:
        """Return the next result, and the number of its flow; or raise what the flow raised, and end."""
        ...

    def close(self) -> None:
        """End: no further flow is begun. May be called again."""
        ...

    def join(self) -> None:
        """Wait for the flows that were under way when the stream ended."""
        ...


class AsyncStream(Protocol[Out]):
    """The numbers and results of flows that tasks run side by side; see :meth:`AsyncTransportLike.stream`."""

    def __aiter__(self) -> AsyncStream[Out]:
        """Return itself."""
        ...

    async def __anext__(self) -> tuple[int, Out]:
        """Return the next result, and the number of its flow; or raise what the flow raised, and end."""
        ...

    async def aclose(self) -> None:
        """End, and wait until the flows under way are cancelled. May be called again."""
        ...


class TransportLike(Protocol):
    """A client's whole outside world. ``ovhcore_transports.SyncTransport`` has all methods but ``send``.

    A transport may have more methods; see :mod:`ovhcore.flows.transports.extensions`.
    """

    def send(self, request: Request) -> Response:
        """Exchange one request, as it is, for one response."""
        ...

    def sleep(self, seconds: float) -> None:
        """Wait."""
        ...

    def clock(self) -> Now:
        """Read both clocks."""
        ...

    def uniform(self, low: float, high: float) -> float:
        """Draw a random number."""
        ...

    def once(self, key: Hashable, flow: Flow[T]) -> T:
        """Run a flow, or wait for the one that runs under this key."""
        ...

    def gather(self, flows: Sequence[Flow[Any]], limit: int) -> list[Any]:
        """Run flows side by side."""
        ...

    def stream(
        self, flows: Iterable[Flow[T]], limit: int, *, ahead: int | None = None, ordered: bool = True
    ) -> Stream[T]:
        """Run flows side by side; results can be taken while others run."""
        ...

    def close(self) -> None:
        """Let go of connections. May be called again."""
        ...


class AsyncTransportLike(Protocol):
    """An asynchronous client's outside world. ``ovhcore_transports.AsyncTransport`` has all methods but ``send``."""

    async def send(self, request: Request) -> Response:
        """Exchange one request, as it is, for one response."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        ...

    def clock(self) -> Now:
        """Read both clocks."""
        ...

    def uniform(self, low: float, high: float) -> float:
        """Draw a random number."""
        ...

    async def once(self, key: Hashable, flow: Flow[T]) -> T:
        """Run a flow, or wait for the one that runs under this key."""
        ...

    async def gather(self, flows: Sequence[Flow[Any]], limit: int) -> list[Any]:
        """Run flows side by side."""
        ...

    def stream(
        self, flows: Iterable[Flow[T]], limit: int, *, ahead: int | None = None, ordered: bool = True
    ) -> AsyncStream[T]:
        """Run flows side by side; results can be taken while others run."""
        ...

    async def close(self) -> None:
        """Let go of connections. May be called again."""
        ...
