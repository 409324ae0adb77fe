"""Many objects through every transport, from a served sandbox."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from typing import Any

import pytest
import trio

import ovhcore as ovh
from ovhcore_transports.sandbox import ACCESS_KEYS, Modes, Sandbox, Server, serve

COUNT = 64
WAYS = {
    "pages": Modes(max_page_size=10),
    "batch": Modes(pages="ignored"),
    "single": Modes(pages="refused", batch="ignored"),
}
SYNC = ("urllib3", "httpx", "httpx2", "pyreqwest", "stdlib")
ASYNC = [
    *[("asyncio", name) for name in ("aiohttp", "httpx", "httpx2", "pyreqwest", "urllib3", "stdlib")],
    *[("trio", name) for name in ("httpx", "httpx2")],
]


def new_server() -> Server:
    sandbox = Sandbox(auto_validate=True)
    sandbox.add_bills(COUNT - len(sandbox.resources["bills"]))
    return serve(sandbox)


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with new_server() as server:
        yield server


def options(server: Server, transport: str) -> dict[str, Any]:
    return {"endpoint": server.url, "transport": transport, "proxy": "none", **ACCESS_KEYS}


def run(loop: str, main: Any) -> None:
    if loop == "trio":
        trio.run(main)
    else:
        asyncio.run(main())


@pytest.mark.untraced
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("transport", SYNC)
def test_every_object_comes(server: Server, transport: str, way: str) -> None:
    server.sandbox.modes = WAYS[way]
    bills = server.sandbox.resources["bills"]
    with ovh.Client(**options(server, transport)) as client:
        coming = client.iterate("/me/bill", _concurrency=7)
        assert list(coming) == bills
        assert coming.mode == way
        ids = [bill["billId"] for bill in bills]
        assert client.batch("/me/bill/{billId}", ids) == bills
        assert [me["firstname"] for me in client.gather(["/me"] * 20)] == ["Ada"] * 20


@pytest.mark.untraced
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(("loop", "transport"), ASYNC)
def test_every_object_comes_in_tasks(server: Server, loop: str, transport: str, way: str) -> None:
    server.sandbox.modes = WAYS[way]
    bills = server.sandbox.resources["bills"]

    async def main() -> None:
        async with ovh.AsyncClient(**options(server, transport)) as client:
            assert [bill async for bill in client.iterate("/me/bill", _concurrency=7)] == bills
            ids = [bill["billId"] for bill in bills]
            assert await client.batch("/me/bill/{billId}", ids) == bills
            assert len(await client.gather(["/me"] * 20)) == 20

    run(loop, main)


def quiet(server: Server) -> int:
    """Return how many requests have come, once no more come; on a busy machine one may be missing, none too many."""
    ends = time.monotonic() + 5
    before, now = -1, server.sandbox.received.total()
    while before != now and time.monotonic() < ends:
        time.sleep(0.05)
        before, now = now, server.sandbox.received.total()
    return now


@pytest.mark.parametrize("transport", SYNC)
def test_who_leaves_the_loop_asks_for_no_more(transport: str) -> None:
    with new_server() as server:
        leave_the_loop(server, transport)


def leave_the_loop(server: Server, transport: str) -> None:
    server.sandbox.modes = WAYS["single"]
    with ovh.Client(**options(server, transport)) as client:
        for _ in client.iterate("/me/bill", _mode="single", _concurrency=3):
            break
        assert quiet(server) <= 1 + 2 * 3
        assert client.get("/me")["firstname"] == "Ada"


@pytest.mark.parametrize(("loop", "transport"), ASYNC)
def test_who_leaves_the_loop_of_a_task_asks_for_no_more(loop: str, transport: str) -> None:
    with new_server() as server:
        leave_the_loop_of_a_task(server, loop, transport)


def leave_the_loop_of_a_task(server: Server, loop: str, transport: str) -> None:
    server.sandbox.modes = WAYS["single"]

    async def main() -> None:
        async with ovh.AsyncClient(**options(server, transport)) as client:
            async for _ in client.iterate("/me/bill", _mode="single", _concurrency=3):
                break
            me = await client.get("/me")
            assert me["firstname"] == "Ada"

    run(loop, main)
    assert quiet(server) <= 1 + 2 * 3 + 1
