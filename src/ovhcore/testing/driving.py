"""Transports of either kind, used from plain test functions."""

from __future__ import annotations

import inspect
import threading
import time
from collections.abc import Awaitable, Callable, Generator, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, TypeVar

import anyio
from anyio.from_thread import BlockingPortal, start_blocking_portal

from ..client import AsyncClient, Client
from ..protocol.messages import Request, Response
from .server import wait_until

__all__ = ["Driven", "driving"]

T = TypeVar("T")


@contextmanager
def driving(loop: str) -> Generator[Callable[[Any], Driven]]:
    """Yield a function that makes a transport usable in plain functions; all these transports are closed at the end.

    Args:
        loop: ``"asyncio"`` or ``"trio"``, for asynchronous ones.
    """
    made: list[Driven] = []
    portal: list[BlockingPortal] = []

    def drive(transport: Any) -> Driven:
        if inspect.iscoroutinefunction(transport.send) and not portal:
            portal.append(started.__enter__())
        made.append(Driven(transport, portal[0] if portal else None))
        return made[-1]

    started = start_blocking_portal(loop)
    try:
        yield drive
        for each in made:
            each.close()
    finally:
        if portal:
            started.__exit__(None, None, None)


class Driven:
    """A transport with blocking methods, whatever its kind.

    Attributes:
        transport: the transport itself.
        asynchronous: whether its ``send`` is awaited.
    """

    def __init__(self, transport: Any, portal: BlockingPortal | None) -> None:
        self.transport = transport
        self.asynchronous = inspect.iscoroutinefunction(transport.send)
        self._portal = portal

    def run(self, function: Callable[..., Any], *args: Any) -> Any:
        """Call a function of the transport's kind, await it if it is asynchronous, and return the result."""
        if not self.asynchronous:
            return function(*args)
        assert self._portal is not None
        return self._portal.call(_awaited, function, args)

    def send(self, request: Request) -> Response:
        """Send one request."""
        response: Response = self.run(self.transport.send, request)
        return response

    def client(self, url: str, **arguments: Any) -> Any:
        """Make a client on this transport."""
        kind = AsyncClient if self.asynchronous else Client
        return kind(url, transport=self.transport, **arguments)

    def send_all(self, requests: Iterable[Request], at_once: int) -> list[Response | Exception]:
        """Send requests in threads or tasks, ``at_once`` at a time; return answers or exceptions, in order."""
        waiting = list(requests)
        found: list[Response | Exception] = [RuntimeError("not sent")] * len(waiting)
        numbers = iter(range(len(waiting)))
        if self.asynchronous:
            self.run(self._send_in_tasks, waiting, found, numbers, at_once)
        else:
            lock = threading.Lock()

            def work() -> None:
                while True:
                    with lock:
                        number = next(numbers, None)
                    if number is None:
                        return
                    try:
                        found[number] = self.transport.send(waiting[number])
                    except Exception as error:
                        found[number] = error

            with ThreadPoolExecutor(at_once) as pool:
                for _ in range(at_once):
                    pool.submit(work)
        return found

    async def _send_in_tasks(
        self, waiting: list[Request], found: list[Response | Exception], numbers: Iterator[int], at_once: int
    ) -> None:
        async def work() -> None:
            for number in numbers:
                try:
                    found[number] = await self.transport.send(waiting[number])
                except Exception as error:
                    found[number] = error

        async with anyio.create_task_group() as group:
            for _ in range(at_once):
                group.start_soon(work)

    def give_up(self, requests: Iterable[Request], after: float) -> None:
        """Send all requests at once, and cancel them after a number of seconds."""
        self.run(self._give_up, list(requests), after)

    async def _give_up(self, requests: list[Request], after: float) -> None:
        with anyio.move_on_after(after):
            async with anyio.create_task_group() as group:
                for request in requests:
                    group.start_soon(self.transport.send, request)

    def tasks(self) -> int:
        """Return the number of tasks, to find those that are left behind."""

        async def count() -> int:
            await anyio.sleep(0)
            return len(anyio.get_running_tasks())

        number: int = self.run(count)
        return number

    def settled(self, tasks: int, within: float = 30.0) -> bool:
        """Wait until at most ``tasks`` tasks are left; say whether that happened.

        Args:
            tasks: the largest number of tasks.
            within: seconds to wait at most.
        """
        return wait_until(lambda: self.tasks() <= tasks, within)

    def notice(self) -> None:
        """Let the transport notice what its connections have received: its loop turns, its threads have a moment."""
        if self.asynchronous:
            for _ in range(3):
                self.tasks()
        time.sleep(0.1)

    def close(self) -> None:
        """Close the transport."""
        self.run(self.transport.close)


async def _awaited(function: Callable[..., Awaitable[T]], args: tuple[Any, ...]) -> T:
    return await function(*args)
