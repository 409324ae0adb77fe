"""CPU time per signed GET on every transport, beside its bare HTTP library doing the same by hand.

``python -m benchmarks.backends`` prints a table. The same by hand: compute the signature with
hashlib, send the same header fields, parse the JSON. One at a time, and 50 at once in threads
or tasks; everything in one run, the programs taking turns.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import sys
import threading
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import httpx
import httpx2
import ovh
import urllib3
import yarl
from pyreqwest.client import ClientBuilder, SyncClientBuilder

import ovhcore
from benchmarks.calls import KEYS
from benchmarks.measure import cpu_per_call
from benchmarks.server import serving

AT_ONCE = 50
SYNC = ("urllib3", "httpx", "httpx2", "pyreqwest", "stdlib")
ASYNC = ("aiohttp", "pyreqwest", "httpx", "httpx2", "urllib3", "stdlib")

Program = Callable[[int], object]


def signed(url: str) -> dict[str, str]:
    """Return the fields of a signed GET, computed by hand."""
    now = str(int(time.time()))
    text = "+".join((KEYS["application_secret"], KEYS["consumer_key"], "GET", url, "", now))
    return {
        "User-Agent": "by hand",
        "Accept": "application/json",
        "X-Ovh-Application": KEYS["application_key"],
        "X-Ovh-Consumer": KEYS["consumer_key"],
        "X-Ovh-Timestamp": now,
        "X-Ovh-Signature": "$1$" + hashlib.sha1(text.encode()).hexdigest(),
    }


def by_http_client(url: str) -> Callable[[], bytes]:
    """Return one exchange by http.client; each thread keeps a connection."""
    parts = urlsplit(url)
    own = threading.local()

    def call() -> bytes:
        connection: HTTPConnection | None = getattr(own, "connection", None)
        if connection is None:
            connection = own.connection = HTTPConnection(parts.netloc)
        connection.request("GET", parts.path, headers=signed(url))
        return connection.getresponse().read()

    return call


def bare_sync(url: str) -> dict[str, Callable[[], Any]]:
    """Return one call by hand for each library."""
    manager = urllib3.PoolManager(maxsize=64)
    pyreqwest = SyncClientBuilder().no_proxy().timeout(timedelta(seconds=60)).build()
    plain, plain2 = httpx.Client(trust_env=False), httpx2.Client(trust_env=False)
    stdlib = by_http_client(url)
    return {
        "urllib3": lambda: json.loads(manager.request("GET", url, headers=signed(url)).data),
        "httpx": lambda: json.loads(plain.get(url, headers=signed(url)).content),
        "httpx2": lambda: json.loads(plain2.get(url, headers=signed(url)).content),
        "pyreqwest": lambda: json.loads(bytes(pyreqwest.get(url).headers(signed(url)).build().send().bytes())),
        "stdlib": lambda: json.loads(stdlib()),
    }


async def bare_async(url: str) -> dict[str, Callable[[], Awaitable[Any]]]:
    """Return one call by hand for each library."""
    session = aiohttp.ClientSession()
    pyreqwest = ClientBuilder().no_proxy().timeout(timedelta(seconds=60)).build()
    plain, plain2 = httpx.AsyncClient(trust_env=False), httpx2.AsyncClient(trust_env=False)
    manager = urllib3.PoolManager(maxsize=64)
    stdlib = by_http_client(url)

    async def by_aiohttp() -> Any:
        async with session.get(yarl.URL(url, encoded=True), headers=signed(url)) as response:
            return json.loads(await response.read())

    async def by_pyreqwest() -> Any:
        response = await pyreqwest.get(url).headers(signed(url)).build().send()
        return json.loads(bytes(await response.bytes()))

    async def by_httpx() -> Any:
        return json.loads((await plain.get(url, headers=signed(url))).content)

    async def by_httpx2() -> Any:
        return json.loads((await plain2.get(url, headers=signed(url))).content)

    async def by_urllib3() -> Any:
        response = await asyncio.to_thread(manager.request, "GET", url, headers=signed(url))
        return json.loads(response.data)

    async def by_stdlib() -> Any:
        return json.loads(await asyncio.to_thread(stdlib))

    return {
        "aiohttp": by_aiohttp,
        "pyreqwest": by_pyreqwest,
        "httpx": by_httpx,
        "httpx2": by_httpx2,
        "urllib3": by_urllib3,
        "stdlib": by_stdlib,
    }


def one_at_a_time(call: Callable[[], Any]) -> Program:
    """Return a program that repeats a call."""

    def program(calls: int) -> None:
        for _ in range(calls):
            call()

    return program


def in_threads(pool: ThreadPoolExecutor, call: Callable[[], Any]) -> Program:
    """Return a program that repeats a call in threads."""

    def program(calls: int) -> None:
        for future in [pool.submit(call) for _ in range(calls)]:
            future.result()

    return program


def in_tasks(loop: asyncio.AbstractEventLoop, call: Callable[[], Awaitable[Any]], at_once: int) -> Program:
    """Return a program that repeats a call in so many tasks."""

    async def main(calls: int) -> None:
        numbers = iter(range(calls))

        async def work() -> None:
            for _ in numbers:
                await call()

        await asyncio.gather(*[work() for _ in range(at_once)])

    return lambda calls: loop.run_until_complete(main(calls))


def programs(origin: str, loop: asyncio.AbstractEventLoop, pool: ThreadPoolExecutor) -> dict[str, Program]:
    """Return every program by name: library, way, and whose."""
    base = origin + "/1.0"
    url = base + "/me"
    found: dict[str, Program] = {}
    by_hand = bare_sync(url)
    for name in SYNC:
        client = ovhcore.Client(base, proxy="none", transport=name, **KEYS)
        for whose, call in (("bare", by_hand[name]), ("ovhcore", lambda client=client: client.get("/me"))):
            found[f"{name} sync 1 {whose}"] = one_at_a_time(call)
            found[f"{name} sync {AT_ONCE} {whose}"] = in_threads(pool, call)
    by_hand_async = loop.run_until_complete(bare_async(url))
    for name in ASYNC:
        api = ovhcore.AsyncClient(base, proxy="none", transport=name, **KEYS)
        for whose, acall in (("bare", by_hand_async[name]), ("ovhcore", lambda api=api: api.get("/me"))):
            for at_once in (1, AT_ONCE):
                found[f"{name} async {at_once} {whose}"] = in_tasks(loop, acall, at_once)
    ovh.client.ENDPOINTS[base] = base
    theirs = ovh.Client(base, **KEYS)
    theirs._time_delta = 0
    found["python-ovh sync 1 bare"] = one_at_a_time(lambda: theirs.get("/me"))
    return found


def main() -> None:
    """Measure and print."""
    wanted = sys.argv[1:]
    loop = asyncio.new_event_loop()
    with serving() as origin, ThreadPoolExecutor(AT_ONCE) as pool:
        chosen = {
            name: program
            for name, program in programs(origin, loop, pool).items()
            if not wanted or any(name.startswith(each) for each in (*wanted, "python-ovh", "aiohttp async 50 bare"))
        }
        figures = cpu_per_call(chosen, rounds=15, calls=200)
    print("| transport | kind | at once | bare, CPU us | ovhcore, CPU us | ratio | more, us |")
    print("| --- | --- | ---: | ---: | ---: | ---: | ---: |")
    for name, bare in figures.items():
        library, kind, at_once, whose = name.rsplit(" ", 3)
        ours = figures.get(f"{library} {kind} {at_once} ovhcore")
        if whose == "bare" and ours is not None:
            print(
                f"| {library} | {kind} | {at_once} | {bare:.0f} | {ours:.0f} | {ours / bare:.2f} | {ours - bare:+.0f} |"
            )
    python_ovh = figures["python-ovh sync 1 bare"]
    print(f"\npython-ovh: {python_ovh:.0f} us")
    if (fast := figures.get("pyreqwest sync 1 ovhcore")) is not None:
        print(f"ovhcore on pyreqwest / python-ovh: {fast / python_ovh:.2f}")
    if (fast := figures.get(f"pyreqwest async {AT_ONCE} ovhcore")) is not None:
        against = figures[f"aiohttp async {AT_ONCE} bare"]
        print(f"ovhcore on pyreqwest / bare aiohttp, {AT_ONCE} at once: {fast / against:.2f}")


if __name__ == "__main__":
    main()
