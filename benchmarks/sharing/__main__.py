"""What a limit that processes share costs a call: CPU of this process, and round trips, beside a limit of its own.

Usage: python -m benchmarks.sharing [redis://...]: with the address of a server, which is emptied of nothing.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
import time
from collections.abc import Callable
from typing import Any

import ovhcore as ovh
from ovhcore.protocol import Request, Response
from ovhcore_transports import AsyncTransport, SyncTransport
from ovhcore_transports.shared.keeper import keeper_of

ROUNDS = 7
CALLS = 1000
LIMIT = {"rate_limit": 1_000_000, "rate_burst": 1_000_000}  # nobody ever waits
ANSWER = Response(200, {}, b"1")


class Immediate(SyncTransport):
    """Answers at once."""

    def send(self, request: Request) -> Response:
        return ANSWER


class AsyncImmediate(AsyncTransport):
    """Answers at once."""

    async def send(self, request: Request) -> Response:
        return ANSWER


def options(url: str | None, **more: Any) -> dict[str, Any]:
    return {**LIMIT, **more} if url is None else {**LIMIT, "limit_store": url, "limit_scope": "benchmark", **more}


def blocking(url: str | None, **more: Any) -> float:
    client = ovh.Client(
        "ovh-eu", "k" * 16, "s" * 32, "c" * 32, transport=Immediate(), config=False, options=options(url, **more)
    )
    for _ in range(50):
        client.get("/me")
    begun = time.process_time()
    for _ in range(CALLS):
        client.get("/me")
    return (time.process_time() - begun) / CALLS * 1e6


def asynchronous(url: str | None) -> float:
    async def measure() -> float:
        client = ovh.AsyncClient(
            "ovh-eu", "k" * 16, "s" * 32, "c" * 32, transport=AsyncImmediate(), config=False, options=options(url)
        )
        for _ in range(50):
            await client.get("/me")
        begun = time.process_time()
        for _ in range(CALLS):
            await client.get("/me")
        return (time.process_time() - begun) / CALLS * 1e6

    return asyncio.run(measure())


def median(measure: Callable[[str | None], float], url: str | None) -> float:
    return sorted(measure(url) for _ in range(ROUNDS))[ROUNDS // 2]


def main() -> None:
    """Measure, and print a table."""
    folder = tempfile.mkdtemp()
    stores = {"a file": f"file://{folder}/shared"}
    if len(sys.argv) > 1:
        stores["a server"] = sys.argv[1]
    print("| limit | kind | CPU us | more, us |\n| --- | --- | ---: | ---: |")
    for kind, measure in (("sync", blocking), ("async", asynchronous)):
        own = median(measure, None)
        print(f"| of this process | {kind} | {own:.0f} | |")
        for name, url in stores.items():
            shared = median(measure, url)
            print(f"| in {name} | {kind} | {shared:.0f} | {shared - own:+.0f} |")
    for name, url in stores.items():
        asked = 0
        store: Any = keeper_of(url).store
        answer = store.answer

        def counted(question: Any, now: int | None = None, answer: Any = answer) -> Any:
            nonlocal asked
            asked += 1
            return answer(question, now)

        store.answer = counted
        blocking(url)
        print(f"questions to {name} for a call: {asked / (CALLS + 50):.2f}")


if __name__ == "__main__":
    main()
