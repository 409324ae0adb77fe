"""What it costs to wait for a place by sleeping and asking again, beside a semaphore that wakes who is next.

``python -m benchmarks.waiting`` prints a table: 200 exchanges of 20 ms each, all there at once, so many
at the same time. The ideal is the number of exchanges, times 20 ms, through how many there may be.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Awaitable, Callable

from ovhcore.flows import Flow, Send, arun
from ovhcore.flows.resilience.throttle import Limiter, Limits, throttled
from ovhcore.protocol.messages import Request, Response
from ovhcore_transports import AsyncTransport

EXCHANGES = 200
SECONDS = 0.02


class Slow(AsyncTransport):
    """Takes a while for each exchange."""

    def __init__(self) -> None:
        super().__init__()
        self.sent: list[int] = []

    async def send(self, request: Request) -> Response:
        self.sent.append(int(request.url.rpartition("/")[2]))
        await asyncio.sleep(SECONDS)
        return Response(200)


def sending(request: Request) -> Flow[Response]:
    """Exchange a request."""
    response: Response = yield Send(request)
    return response


async def measured(call: Callable[[Slow, Request], Awaitable[object]]) -> tuple[float, float, int]:
    """Return seconds, CPU microseconds per exchange, and how many were overtaken."""
    transport = Slow()
    begin, cpu = time.monotonic(), time.process_time()
    await asyncio.gather(*[call(transport, Request("GET", f"http://x/{n}")) for n in range(EXCHANGES)])
    cpu = (time.process_time() - cpu) / EXCHANGES * 1e6
    overtaken = sum(later < earlier for earlier, later in zip(transport.sent, transport.sent[1:], strict=False))
    return time.monotonic() - begin, cpu, overtaken


def main() -> None:
    """Measure and print."""
    print("| at once | ideal, s | semaphore, s | line, s | semaphore, CPU us | line, CPU us | overtaken |")
    print("| ---: | ---: | ---: | ---: | ---: | ---: | ---: |")
    for places in (1, 5, 20, 100):
        semaphore = asyncio.Semaphore(places)
        handler = throttled(Limiter(Limits(concurrency=places), threading.RLock()))(sending)

        async def by_semaphore(transport: Slow, request: Request, semaphore: asyncio.Semaphore = semaphore) -> object:
            async with semaphore:
                return await arun(sending(request), transport)

        woken, woken_cpu, _ = asyncio.run(measured(by_semaphore))
        asked, asked_cpu, overtaken = asyncio.run(measured(lambda t, r, handler=handler: arun(handler(r), t)))  # type: ignore[misc]
        ideal = EXCHANGES * SECONDS / places
        print(
            f"| {places} | {ideal:.2f} | {woken:.2f} | {asked:.2f} | {woken_cpu:.0f} | {asked_cpu:.0f} | {overtaken} |"
        )


if __name__ == "__main__":
    main()
