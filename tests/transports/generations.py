"""Threads in generations use one library or client; ``python -m tests.transports.generations pyreqwest main 1``.

The last number multiplies the calls of each thread.

A program of its own, for what it looks for ends the process.
"""

from __future__ import annotations

import asyncio
import importlib
import importlib.util
import os
import sys
import threading
from collections.abc import Callable
from typing import Any

import ovhcore
from ovhcore.testing import WireServer

KEYS: dict[str, Any] = {
    "application_key": "7kbG7Bk7S9Nt7ZSV",
    "application_secret": "EXEgWIz07P0HYwtQDs7cNIqCiQaWSuHF",
    "consumer_key": "MtSwSrPpNjqfVSmJhLbPyr2i45lSwPU1",
    "proxy": "none",
    "timeout": 60,
}


def in_threads(count: int, call: Callable[[], object]) -> None:
    """Have so many threads make a call, and end."""
    failures: list[BaseException] = []

    def guarded() -> None:
        try:
            call()
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=guarded) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]


def repeated(call: Callable[[], object], times: int) -> Callable[[], None]:
    """Return what makes a call so many times."""

    def program() -> None:
        for _ in range(times):
            call()

    return program


def asynchronous(transport: str, url: str, times: int) -> None:
    """Make calls with an asynchronous client in a loop of this thread."""

    async def calls() -> None:
        async with ovhcore.AsyncClient(url, transport=transport, **KEYS) as client:
            for _ in range(times):
                await client.get("/me")

    asyncio.run(calls())


def client(transport: str, order: str, factor: int) -> None:
    """Use one client from threads that end, the library being imported first as ``order`` says."""
    with WireServer() as server, ovhcore.Client(server.url, transport=transport, **KEYS) as shared:

        def get() -> object:
            return shared.get("/me")

        if order == "foreign":
            in_threads(1, lambda: importlib.import_module(transport))
        elif order == "main":
            get()
        elif order == "one that ends":
            in_threads(1, get)
        elif order == "gather":
            shared.gather(["/me"] * 20)
        elif order == "asyncio":
            in_threads(1, lambda: asynchronous(transport, server.url, 1))
        elif order == "fork":
            in_threads(1, get)
            child = os.fork()
            if not child:
                try:
                    in_threads(8, get)
                finally:
                    os._exit(0)  # refused or answered, but alive
            assert os.waitpid(child, 0)[1] == 0
        in_threads(64, repeated(get, 5 * factor))
        in_threads(16, repeated(get, 25 * factor))
        in_threads(4, lambda: asynchronous(transport, server.url, 5))


def asyncio_only(transport: str, order: str) -> None:
    """The same for a transport that has no other form."""
    with WireServer() as server:
        if order == "main":
            asynchronous(transport, server.url, 1)
        elif order == "foreign":
            in_threads(1, lambda: importlib.import_module(transport))
        for count, times in ((1, 1), (16, 5), (8, 20)):
            in_threads(count, lambda times=times: asynchronous(transport, server.url, times))  # type: ignore[misc]


def parts(order: str) -> None:
    """What else is compiled, each part imported in a thread that ends and used in others."""

    def use() -> None:
        frozenlist = importlib.import_module("frozenlist")
        multidict = importlib.import_module("multidict")
        yarl = importlib.import_module("yarl")
        for number in range(200):
            fields = multidict.CIMultiDict({f"a{number}": "b"}, A0="c")
            assert fields.getall("A0")
            assert str(yarl.URL(f"http://127.0.0.1/{number}?a=b").with_query(fields))
            frozen = frozenlist.FrozenList([number])
            frozen.freeze()
            assert list(multidict.CIMultiDictProxy(fields))

    def parse() -> None:
        httptools = importlib.import_module("httptools")

        class Seen:
            def on_message_complete(self) -> None:
                seen.append(1)

        for _ in range(50):
            seen: list[int] = []
            httptools.HttpRequestParser(Seen()).feed_data(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            assert seen

    programs = [use]
    if importlib.util.find_spec("httptools"):
        programs.append(parse)
    for program in programs:
        if order == "main":
            program()
        for count in (1, 64, 16, 64):
            in_threads(count, program)


def main() -> None:
    """Run what the command line says; a client that is refused says so."""
    what, order, factor = sys.argv[1:]
    try:
        if what == "parts":
            parts(order)
        elif what == "aiohttp":
            asyncio_only(what, order)
        else:
            client(what, order, int(factor))
    except ovhcore.InvalidConfiguration as error:
        print("refused:", error)
    else:
        print("answered")


if __name__ == "__main__":
    main()
