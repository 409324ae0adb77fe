"""The wall time of 1,000 objects from a server that takes 20 ms for each answer.

``python -m benchmarks.many`` prints tables: the list of bills and all their details, and the
memory of many more. Every program makes a client and has its first connection opened before
the clock starts; the others are opened while it runs. ``--quick`` is a single round,
``--only TEXT`` chooses programs, ``--profile TEXT`` shows where the first of them spends its
CPU time, in all its threads, ``--memory`` measures nothing but that.
"""

from __future__ import annotations

import argparse
import asyncio
import cProfile
import gc
import json
import pstats
import subprocess
import sys
import threading
import time
import tracemalloc
from collections.abc import Callable, Coroutine, Sequence
from concurrent.futures import ThreadPoolExecutor
from statistics import median
from typing import Any, Final, Literal, NamedTuple, TypeAlias

import aiohttp
import ovh
import requests.adapters
import urllib3
import yarl

import ovhcore
from benchmarks.backends import signed
from benchmarks.bills_server import DELAY, bill, bill_id, serving_bills
from benchmarks.calls import KEYS

Mode: TypeAlias = Literal["auto", "cursor", "pages", "batch", "single"]

COUNT: Final = 1000
AT_ONCE: Final = 50
THREADS: Final = 16
ROUNDS: Final = 7
SLOW_ROUNDS: Final = 3
PATH: Final = "/me/bill"
SEQUENTIAL: Final = "python-ovh, one after the other"
EXPECTED: Final[list[Any]] = [json.loads(bill(number)) for number in range(COUNT)]


class Measured(NamedTuple):
    """What a program took, in seconds, and what it brought."""

    wall: float
    cpu: float
    objects: list[Any]


class Program(NamedTuple):
    """One way to the objects.

    Attributes:
        run: does it once.
        best: seconds that it takes if nothing but the server takes any.
        gets: whether there are 1,000 plain GETs with 50 at once.
        brings: whether objects come many at a time.
        is_ours: whether it is ovhcore's.
        rounds: how often it is run.
    """

    run: Callable[[], Measured]
    best: float
    gets: bool = False
    brings: bool = False
    is_ours: bool = True
    rounds: int = ROUNDS


class Watch:
    """Reads clocks."""

    def __init__(self) -> None:
        gc.collect()
        self.cpu, self.wall = time.process_time(), time.perf_counter()

    def stop(self, objects: list[Any]) -> Measured:
        return Measured(time.perf_counter() - self.wall, time.process_time() - self.cpu, objects)


def python_ovh(base: str, threads: int, pool_size: int | None = None) -> Callable[[], Measured]:
    """Return the list and the details with python-ovh.

    Args:
        base: URL of the API.
        threads: how many share the client.
        pool_size: connections that its session keeps, if not as many as it does by default.
    """
    ovh.client.ENDPOINTS[base] = base

    def program() -> Measured:
        client = ovh.Client(base, **KEYS)
        if pool_size is not None:
            client._session.mount("http://", requests.adapters.HTTPAdapter(pool_maxsize=pool_size))
        assert client.time_delta is not None

        def detail(name: str) -> Any:
            return client.get(f"{PATH}/{name}")

        with client._session, ThreadPoolExecutor(threads) as pool:
            watch = Watch()
            names = client.get(PATH)
            return watch.stop(list(map(detail, names) if threads == 1 else pool.map(detail, names)))

    return program


def by_urllib3(base: str) -> Callable[[], Measured]:
    """Return the same by hand with urllib3 in 50 threads."""

    def program() -> Measured:
        manager = urllib3.PoolManager(maxsize=AT_ONCE)

        def get(path: str) -> Any:
            url = base + path
            return json.loads(manager.request("GET", url, headers=signed(url)).data)

        get("/auth/time")
        with ThreadPoolExecutor(AT_ONCE) as pool:
            watch = Watch()
            return watch.stop(list(pool.map(get, [f"{PATH}/{name}" for name in get(PATH)])))

    return program


def by_aiohttp(base: str) -> Callable[[], Measured]:
    """Return the same by hand with aiohttp in 50 tasks."""

    async def main() -> Measured:
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=AT_ONCE)) as session:

            async def get(path: str) -> Any:
                url = base + path
                async with session.get(yarl.URL(url, encoded=True), headers=signed(url)) as response:
                    return json.loads(await response.read())

            await get("/auth/time")
            watch = Watch()
            names = await get(PATH)
            found: list[Any] = [None] * len(names)
            numbered = iter(enumerate(names))

            async def work() -> None:
                for number, name in numbered:
                    found[number] = await get(f"{PATH}/{name}")

            await asyncio.gather(*[work() for _ in range(AT_ONCE)])
            return watch.stop(found)

    return lambda: _alone(main())


def in_threads(
    base: str, transport: str, mode: Mode, at_once: int, path: str = PATH, size: int | None = None
) -> Callable[[], Measured]:
    """Return what iterates with a Client."""

    def program() -> Measured:
        with ovhcore.Client(base, proxy="none", transport=transport, pool_size=at_once, **KEYS) as client:
            client.get("/auth/time", _need_auth=False)
            watch = Watch()
            return watch.stop(list(client.iterate(path, _mode=mode, _concurrency=at_once, _size=size)))

    return program


def in_tasks(base: str, transport: str, mode: Mode, at_once: int) -> Callable[[], Measured]:
    """Return what iterates with an AsyncClient."""

    async def main() -> Measured:
        async with ovhcore.AsyncClient(base, proxy="none", transport=transport, pool_size=at_once, **KEYS) as client:
            await client.get("/auth/time", _need_auth=False)
            watch = Watch()
            return watch.stop([each async for each in client.iterate(PATH, _mode=mode, _concurrency=at_once)])

    return lambda: _alone(main())


def _alone(main: Coroutine[Any, Any, Measured]) -> Measured:
    return asyncio.run(main)


def limit(*requests: tuple[int, int]) -> float:
    """Return the seconds of so many requests, so many of them at once; one after the other of such pairs."""
    return DELAY * sum(-(-count // at_once) for count, at_once in requests)


def programs(origin: str) -> dict[str, Program]:
    """Return every program by name."""
    everything, batches, plain = (f"{origin}/{kind}/{COUNT}/1.0" for kind in ("all", "batch", "plain"))
    one, details = (1, 1), limit((1, 1), (COUNT, AT_ONCE))
    in_16 = limit(one, (COUNT, THREADS))
    return {
        SEQUENTIAL: Program(python_ovh(plain, 1), limit(one, (COUNT, 1)), is_ours=False, rounds=SLOW_ROUNDS),
        f"python-ovh, {THREADS} threads": Program(python_ovh(plain, THREADS), in_16, is_ours=False),
        f"python-ovh, {THREADS} threads, {THREADS} connections": Program(
            python_ovh(plain, THREADS, THREADS), in_16, is_ours=False
        ),
        "urllib3 by hand, 50 threads": Program(by_urllib3(plain), details, is_ours=False, gets=True),
        "aiohttp by hand, 50 tasks": Program(by_aiohttp(plain), details, is_ours=False, gets=True),
        **{
            f"GETs, 50 at once, {name}": Program(in_threads(plain, name, "single", AT_ONCE), details, gets=True)
            for name in ("urllib3", "pyreqwest", "httpx2")
        },
        **{
            f"GETs, 50 at once, {name}, async": Program(in_tasks(plain, name, "single", AT_ONCE), details, gets=True)
            for name in ("aiohttp", "pyreqwest")
        },
        **{
            f"auto, nothing but GETs, {at_once} at once": Program(
                in_threads(plain, "urllib3", "auto", at_once),
                limit(one, one, (COUNT, at_once)),
                gets=at_once == AT_ONCE,
            )
            for at_once in (10, AT_ONCE)
        },
        **{
            f"auto, batches of 50, {at_once} at once": Program(
                in_threads(batches, "urllib3", "auto", at_once), limit(one, one, (19, at_once)), brings=True
            )
            for at_once in (10, AT_ONCE)
        },
        "auto, an expanded list": Program(in_threads(everything, "urllib3", "auto", 10), limit(one), brings=True),
        "auto, an expanded list, pages of 100": Program(
            in_threads(everything, "urllib3", "auto", 10, size=100), limit(one, (9, 4)), brings=True
        ),
        "version 2, cursors": Program(in_threads(everything, "urllib3", "auto", 10, "/v2" + PATH), limit(one)),
        "version 2, cursors, pages of 100": Program(
            in_threads(everything, "urllib3", "auto", 10, "/v2" + PATH, 100), limit((10, 1))
        ),
    }


def measured(chosen: dict[str, Program], rounds: int) -> dict[str, tuple[float, float]]:
    """Return the medians of wall and CPU time, in seconds, by name. The programs take turns."""
    taken: dict[str, list[Measured]] = {name: [] for name in chosen}
    for number in range(rounds):
        names = list(chosen)
        for name in names[number % len(names) :] + names[: number % len(names)]:
            if number < chosen[name].rounds:
                result = chosen[name].run()
                if result.objects != EXPECTED:
                    raise RuntimeError(f"{name}: not the {COUNT} objects in their order")
                taken[name].append(result._replace(objects=[]))
    return {
        name: (median(each.wall for each in all_), median(each.cpu for each in all_)) for name, all_ in taken.items()
    }


def print_table(chosen: dict[str, Program], figures: dict[str, tuple[float, float]]) -> None:
    against = figures.get(SEQUENTIAL, (0.0, 0.0))[0]
    print(f"| {COUNT:,} objects | at best, s | s | x 0.4 s | CPU s | times as fast |")
    print("| --- | ---: | ---: | ---: | ---: | ---: |")
    for name, (wall, cpu) in figures.items():
        ratio = f"{wall / limit((COUNT, AT_ONCE)):.2f}" if chosen[name].gets else ""
        shown = f"**{name}**" if chosen[name].is_ours else name
        faster = f"{against / wall:.1f}" if against else ""
        print(f"| {shown} | {chosen[name].best:.2f} | {wall:.3f} | {ratio} | {cpu:.3f} | {faster} |")
    gets = {name: figures[name][0] for name, each in chosen.items() if each.is_ours and each.gets}
    many = {name: figures[name][0] for name, each in chosen.items() if each.is_ours and each.brings}
    print()
    print_aim("GETs, 50 at once: 1.5 x 0.4 s, with one transport", 1.5 * limit((COUNT, AT_ONCE)), gets)
    print_aim("GETs, 50 at once: 30 times as fast as python-ovh", against / 30, gets)
    print_aim("batches and expanded lists: 100 times as fast", against / 100, many)


def print_aim(aim: str, at_most: float, found: dict[str, float]) -> None:
    if found and at_most:
        met = [name for name, wall in found.items() if wall <= at_most]
        best = min(found, key=lambda name: found[name])
        print(f"- {aim}: {'met' if met else 'missed'}, {len(met)} of {len(found)} lines; {best}: {found[best]:.3f} s")


MEMORY: Final = (
    ("cursor", 10_000),
    ("cursor", 100_000),
    ("pages", 10_000),
    ("pages", 100_000),
    ("batch", 10_000),
    ("batch", 100_000),
)


def peak(base: str, mode: Mode) -> None:
    """Iterate; print how many objects came, and the peak of what Python had allocated for them, in bytes."""
    with ovhcore.Client(base, proxy="none", **KEYS) as client:
        client.get("/auth/time", _need_auth=False)
        tracemalloc.start()
        number = -1
        for number, each in enumerate(client.iterate(PATH, _mode=mode)):
            if each["billId"] != bill_id(number):
                raise RuntimeError(f"{each['billId']} is not bill {number}")
        print(number + 1, tracemalloc.get_traced_memory()[1])


def print_memory(origin: str) -> None:
    """Print what iterating takes, each in a process of its own."""
    print("| memory, mode | objects | peak, MB |")
    print("| --- | ---: | ---: |")
    for mode, count in MEMORY:
        command = [sys.executable, "-m", "benchmarks.many", "--peak", f"{origin}/all/{count}/1.0", mode]
        came, allocated = map(int, subprocess.check_output(command, text=True).split())
        if came != count:
            raise RuntimeError(f"{came} objects instead of {count}")
        print(f"| {mode} | {count:,} | {allocated / 1e6:.1f} |", flush=True)


def profile(program: Program) -> None:
    """Print where a program spends its CPU time; every thread has a profile of its own, and they are added up."""
    program.run()
    profiles: list[cProfile.Profile] = []

    def begin(*event: Any) -> None:
        if sys.version_info < (3, 12) or not profiles:  # from then on one is for all threads
            own = cProfile.Profile(time.thread_time)
            profiles.append(own)
            own.enable()

    threading.setprofile(begin)
    begin()
    for _ in range(5):
        program.run()
    profiles[0].disable()
    threading.setprofile(None)
    stats = pstats.Stats(profiles[0])
    stats.add(*(each for each in profiles[1:] if each.getstats()))
    stats.sort_stats("tottime").print_stats(45)


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a single round")
    parser.add_argument("--only", default="", metavar="TEXT", help="programs with this in their names")
    parser.add_argument("--profile", metavar="TEXT", help="the first program with this in its name")
    parser.add_argument("--memory", action="store_true", help="memory alone")
    parser.add_argument("--peak", nargs=2, metavar=("BASE", "MODE"), help="iterate, in this process")
    given = parser.parse_args(arguments)
    if given.peak:
        peak(*given.peak)
        return
    with serving_bills() as origin:
        every = programs(origin)
        if given.profile is not None:
            profile(next(each for name, each in every.items() if given.profile in name))
            return
        if not given.memory:
            chosen = {name: each for name, each in every.items() if given.only in name}
            for name, each in chosen.items():
                if name != SEQUENTIAL:
                    each.run()  # what is imported
            print_table(chosen, measured(chosen, 1 if given.quick else ROUNDS))
        if not given.only:
            print()
            print_memory(origin)


if __name__ == "__main__":
    main()
