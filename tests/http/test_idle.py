"""How many connections are kept and not in use: each transport that knows it tells, while it is used and afterwards."""

from __future__ import annotations

import asyncio
import gc
import threading
from typing import Any

import pytest

import ovhcore as ovh
from ovhcore.protocol import Response
from ovhcore_transports.http.idle import idle_connections
from ovhcore_transports.sandbox import ACCESS_KEYS, Sandbox, Server, serve

BLOCKING = ["urllib3", "stdlib", "httpx", "httpx2"]
ASYNCHRONOUS = ["aiohttp", "urllib3", "stdlib", "httpx", "httpx2"]


def origin(server: Server) -> str:
    return server.url.removesuffix("/1.0")


@pytest.mark.parametrize("name", BLOCKING)
def test_blocking(name: str) -> None:
    if name not in ("urllib3", "stdlib"):
        pytest.importorskip(name, reason=f"the extra {name} is not installed")
    asking, answer = threading.Event(), threading.Event()

    class Slow(Sandbox):
        def handle(self, *args: Any, **options: Any) -> Response:
            asking.set()
            assert answer.wait(30)
            return super().handle(*args, **options)

    with serve(Slow()) as server:
        client = ovh.Client(server.url, transport=name, proxy="none", **ACCESS_KEYS)
        assert origin(server) not in idle_connections()
        answer.set()
        client.gather(["/me"] * 8, _concurrency=2)
        kept = idle_connections()[origin(server)]
        assert kept in (1, 2)
        asking.clear()
        answer.clear()
        thread = threading.Thread(target=client.get, args=("/me",))
        thread.start()
        assert asking.wait(30)
        assert idle_connections()[origin(server)] == kept - 1
        answer.set()
        thread.join()
        assert idle_connections()[origin(server)] == kept
        client.close()
        assert not idle_connections().get(origin(server))


@pytest.mark.parametrize("name", ASYNCHRONOUS)
def test_asynchronous(name: str) -> None:
    if name not in ("urllib3", "stdlib"):
        pytest.importorskip(name, reason=f"the extra {name} is not installed")

    async def main() -> None:
        async with ovh.AsyncClient(server.url, transport=name, proxy="none", **ACCESS_KEYS) as client:
            await client.gather(["/me"] * 8, _concurrency=2)
            kept = idle_connections()[origin(server)]
            assert kept in (1, 2)
            begun = server.sandbox.received.total()
            server.sandbox.configure({"latency": 0.3})
            call = asyncio.ensure_future(client.get("/me"))
            while server.sandbox.received.total() == begun:
                await asyncio.sleep(0)
            assert idle_connections()[origin(server)] == kept - 1
            await call
            assert idle_connections()[origin(server)] == kept
        assert not idle_connections().get(origin(server))

    with serve() as server:
        asyncio.run(main())


@pytest.mark.parametrize("name", BLOCKING)
def test_a_client_that_nobody_has_keeps_no_connections(name: str) -> None:
    if name not in ("urllib3", "stdlib"):
        pytest.importorskip(name, reason=f"the extra {name} is not installed")
    with serve() as server:
        client = ovh.Client(server.url, transport=name, proxy="none", **ACCESS_KEYS)
        client.get("/me")
        assert idle_connections()[origin(server)] == 1
        del client
        gc.collect()
        assert origin(server) not in idle_connections()
