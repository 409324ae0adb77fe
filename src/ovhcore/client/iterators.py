"""Iterators over objects that come by the steps of a source, for threads and for tasks."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Any, Generic, Self, TypeVar

from ..flows.collections.fan_out import FailedItem, FanOut, FanOutSource, refuse_awaitable
from ..flows.interpreter_exit import at_exit
from ..flows.transports.driver import arun, run
from ..flows.transports.protocols import AsyncStream, AsyncTransportLike, Stream, TransportLike

__all__ = ["AsyncObjectIterator", "ObjectIterator", "Progress"]

TransportT = TypeVar("TransportT")
T = TypeVar("T")

Progress = Callable[[int, int | None], object]
"""A function that is told how many objects have come, and how many there are altogether, None if unknown."""


class _ObjectIterator(Generic[TransportT]):
    """The base of both iterators: it keeps the objects that have come, and hands them out.

    Args:
        source: the source of steps.
        open_transport: a function that returns the transport.
        errors: ``"raise"``, or ``"return"`` to hand out exceptions in the place of objects.
        progress: a function that is called with the number of objects that have come.
    """

    def __init__(
        self,
        source: FanOutSource,
        open_transport: Callable[[], TransportT],
        errors: str = "raise",
        progress: Progress | None = None,
    ) -> None:
        self._source = source
        self._open_transport = open_transport
        self._raises = errors == "raise"
        self._progress = progress
        self._come: deque[Any] = deque()
        self._is_over = False
        self._is_busy = False
        self._done = 0

    @property
    def mode(self) -> str:
        """The mode in which the objects are fetched; known after the first object.

        One of :data:`ovhcore.flows.collections.pager.MODES`, or ``"plain"`` for a list that needs nothing more.
        """
        return self._source.mode

    @property
    def done(self) -> int:
        """The number of objects that have come."""
        return self._done

    @property
    def total(self) -> int | None:
        """The number of all objects; None as long as it is not known."""
        return self._source.total

    def __repr__(self) -> str:
        return f"<{type(self).__name__} mode={self.mode}, {self.done} of {self.total or 'so many'} have come>"

    def _add(self, items: Sequence[Any]) -> None:
        if items:
            self._come.extend(items)
            self._done += len(items)
            if self._progress is not None:
                refuse_awaitable(self._progress(self._done, self._source.total), "progress")

    def _begin(self) -> None:
        """Make sure that only one thread or task asks at a time: two would take the same step."""
        if self._is_busy:
            raise RuntimeError("another thread or task is waiting for this iterator; each needs one of its own")
        self._is_busy = True

    def _begun(self, step: FanOut | None, transport: Any) -> Any:
        """Take the items of a step; return the stream of the items that come later, None at the end."""
        if step is None or self._is_over:
            self._is_over = True
            return None
        self._add(step.items)
        return transport.stream(step.parts, step.limit, ahead=step.ahead or 2 * step.limit, ordered=step.ordered)

    def _handed_out(self) -> Any:
        item = self._come.popleft()
        if type(item) is not FailedItem:
            return item
        if self._raises:
            raise item.error
        return item.instead


class ObjectIterator(_ObjectIterator[TransportLike], Generic[T]):
    """An iterator over objects.

    It serves one thread at a time. Once nobody refers to it any more, or it is closed, it asks for nothing further.
    """

    _stream: Stream[Sequence[Any]] | None = None

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> T:
        self._begin()
        try:
            while not self._come:
                if self._is_over:
                    raise StopIteration
                self._proceed()
            return self._handed_out()  # type: ignore[no-any-return]
        except BaseException as error:
            self.close()
            if (ended := at_exit(error)) is not None:
                raise ended from None
            raise
        finally:
            self._is_busy = False

    def _proceed(self) -> None:
        if self._stream is not None:
            for _, items in self._stream:
                return self._add(items)
            if self._is_over:  # the iterator was closed meanwhile
                return None
        transport = self._open_transport()
        step: FanOut | None = run(self._source.step(), transport)
        self._stream = self._begun(step, transport)
        return None

    def close(self) -> None:
        """Ask for nothing further; calls under way are cut short, or their answers thrown away. May be called again."""
        self._is_over = True
        self._come.clear()
        if self._stream is not None:
            self._stream.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self.close()


class AsyncObjectIterator(_ObjectIterator[AsyncTransportLike], Generic[T]):
    """An asynchronous iterator over objects.

    It serves one task at a time. Once nobody refers to it any more, or it is closed, or the task that waits for an
    object is cancelled (as by a timeout), it has ended, and the calls under way are cancelled.
    """

    _stream: AsyncStream[Sequence[Any]] | None = None

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> T:
        self._begin()
        try:
            while not self._come:
                if self._is_over:
                    raise StopAsyncIteration
                await self._proceed()
            return self._handed_out()  # type: ignore[no-any-return]
        except BaseException as error:
            await self.aclose()
            if (ended := at_exit(error)) is not None:
                raise ended from None
            raise
        finally:
            self._is_busy = False

    async def _proceed(self) -> None:
        if self._stream is not None:
            async for _, items in self._stream:
                return self._add(items)
            if self._is_over:  # the iterator was closed meanwhile
                return None
        transport = self._open_transport()
        step: FanOut | None = await arun(self._source.step(), transport)
        self._stream = self._begun(step, transport)
        return None

    async def aclose(self) -> None:
        """Ask for nothing further, and cancel the calls under way. May be called again."""
        self._is_over = True
        self._come.clear()
        if self._stream is not None:
            await self._stream.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None
    ) -> None:
        await self.aclose()
