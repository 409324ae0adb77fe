"""What more processes bring to an export of many bills, under a limit that they share, by the program of the guide.

Usage: python -m benchmarks.exporting [--objects 100000] [--rounds 3] [--store redis://...]. The sandbox is served by a
process of its own and takes 50 ms for each answer. The programs take turns.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from pathlib import Path
from statistics import median
from typing import Any, Final, NamedTuple

from ovhcore_transports.sandbox import ACCESS_KEYS, Controls, Sandbox, serve

PROGRAM: Final = Path(__file__).resolve().parents[1] / "examples" / "frameworks" / "export" / "export.py"
LATENCY: Final = 0.05
LIMITS: Final = (10_000, 40)  # requests a second: one that nothing reaches, and one that everything does
WORKERS: Final = (1, 2, 4)


class Measured(NamedTuple):
    """One export: seconds, seconds of CPU of its processes and of the sandbox, requests that were received."""

    wall: float
    cpu: float
    server: float
    calls: int


def keep_serving(objects: int, asked: Connection) -> None:
    """Serve a sandbox; answer each question with the requests since the last one, and the CPU time."""
    sandbox = Sandbox(controls=Controls(latency=LATENCY))
    sandbox.add_bills(objects - len(Sandbox().resources["bills"]))  # its own, once lent, are found more slowly
    with serve(sandbox) as server:
        asked.send(server.url)
        while asked.recv():
            asked.send((sandbox.received.total(), time.process_time()))


@contextmanager
def served(objects: int) -> Iterator[Connection]:
    ours, theirs = multiprocessing.get_context("spawn").Pipe()
    process = multiprocessing.get_context("spawn").Process(target=keep_serving, args=(objects, theirs))
    process.start()
    try:
        yield ours
    finally:
        ours.send(False)
        process.join()


def export(server: Connection, url: str, store: str, limit: int, workers: int, objects: int) -> Measured:
    """Run the program; return what it took.

    Raises:
        RuntimeError: an object is missing, or twice.
    """
    environment = {name: value for name, value in os.environ.items() if not name.startswith("OVH_")}
    environment |= {f"OVH_{name.upper()}": str(value) for name, value in ACCESS_KEYS.items()}
    environment |= {"OVH_ENDPOINT": url, "OVH_PROXY": "none", "OVH_LIMIT_STORE": store, "OVH_RATE_LIMIT": str(limit)}
    with tempfile.TemporaryDirectory() as folder:
        server.send(True)
        calls, server_cpu = server.recv()
        begun = time.perf_counter()
        process = subprocess.Popen([sys.executable, str(PROGRAM), "/me/bill", folder, str(workers)], env=environment)
        _, status, used = os.wait4(process.pid, 0)
        wall = time.perf_counter() - begun
        server.send(True)
        calls_after, server_cpu_after = server.recv()
        process.returncode = os.waitstatus_to_exitcode(status)
        with (Path(folder) / "objects.jsonl").open(encoding="utf-8") as stream:
            found = [json.loads(line)["billId"] for line in stream]
    if process.returncode or len(found) != objects or len({*found}) != objects:
        raise RuntimeError(f"{len(found)} objects, {len({*found})} different ones, instead of {objects}")
    return Measured(wall, used.ru_utime + used.ru_stime, server_cpu_after - server_cpu, calls_after - calls)


def main() -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--objects", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--store", help="where the limit is; a file by default")
    given = parser.parse_args()
    taken: dict[tuple[int, int], list[Measured]] = {(limit, count): [] for limit in LIMITS for count in WORKERS}
    with served(given.objects) as server, tempfile.TemporaryDirectory() as folder:
        url: Any = server.recv()
        store = given.store or f"file://{folder}/limits"
        for _ in range(given.rounds):
            for limit, count in taken:
                taken[limit, count].append(export(server, url, store, limit, count, given.objects))
    print("| limit | workers | s | x one worker | calls | calls/s | of the limit | CPU s, workers | CPU s, sandbox |")
    print("| ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |")
    for (limit, count), every in taken.items():
        wall, cpu, server_cpu, calls = (median(values) for values in zip(*every, strict=True))
        alone = median(each.wall for each in taken[limit, 1])
        rate = calls / wall
        print(
            f"| {limit:,} | {count} | {wall:.1f} | {alone / wall:.2f} | {calls:,.0f} | {rate:.0f} | {rate / limit:.1%} "
            f"| {cpu:.1f} | {server_cpu:.1f} |"
        )


if __name__ == "__main__":
    main()
