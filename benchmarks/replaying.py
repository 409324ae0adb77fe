"""What a replayed call and the loading of a cassette cost, beside vcrpy: ``python -m benchmarks.replaying``.

Cassettes of 100, 1,000 and 10,000 distinct GETs, each answered with 300 bytes of JSON. ovhcore's were
recorded from signed calls, and their signatures are compared; vcrpy's hold the same and answer requests. Of
a long cassette vcrpy plays a sample, spread over it. With ``--profile``, where ovhcore spends it.
"""

from __future__ import annotations

import cProfile
import gc
import json
import pstats
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any, Final, NamedTuple

import requests
import vcr

import ovhcore
from benchmarks.calls import FIELDS, KEYS
from ovhcore.protocol.messages import Request, Response
from ovhcore_transports import SyncTransport
from ovhcore_transports.recording import Cassette, RecordTransport, ReplayTransport, convert

SIZES: Final = (100, 1_000, 10_000)
ROUNDS: Final = {100: 15, 1_000: 7, 10_000: 3}
SAMPLE: Final = {100: 100, 1_000: 40, 10_000: 16}
OURS, OURS_YAML, THEIRS = "ovhcore", "ovhcore, vcrpy's cassette", "vcrpy and requests"
AIMS: Final = {100: 0.05, 1_000: 0.01}
BASE: Final = "https://eu.api.ovh.com/1.0"


def path_of(number: int) -> str:
    return f"/me/bill/FR{number}"


def body_of(number: int) -> bytes:
    bill = {"billId": f"FR{number}", "orderId": number, "category": "autorenew", "date": "2024-05-01T00:00:00+02:00"}
    bill["url"] = f"https://www.ovh.com/cgi-bin/order/bill.cgi?reference=FR{number}".ljust(130, "0")
    return json.dumps(bill, separators=(",", ":")).encode().ljust(300)


class Answering(SyncTransport):
    """Answers at once with a bill."""

    def send(self, request: Request) -> Response:
        number = int(request.url.rpartition("FR")[2])
        body = body_of(number)
        fields = {"Content-Type": "application/json; charset=utf-8", "Content-Length": str(len(body))}
        return Response(200, {**fields, "Date": "Wed, 01 May 2024 10:00:00 GMT", "X-OVH-QUERYID": f"EU.{number}"}, body)


class Files(NamedTuple):
    """The same calls in both formats."""

    own: Path
    yaml: Path


def written(directory: Path) -> dict[int, Files]:
    """Record the longest cassette; the others are the beginning of it."""
    recorded = directory / "recorded.cassette"
    with RecordTransport(Answering(), recorded) as transport:
        client = ovhcore.Client(transport=transport, endpoint="ovh-eu", **KEYS)
        for number in range(max(SIZES)):
            client.get(path_of(number))
    interactions = Cassette.load(recorded).interactions
    found: dict[int, Files] = {}
    for size in SIZES:
        files = found[size] = Files(directory / f"{size}.cassette", directory / f"{size}.yaml")
        Cassette(interactions[:size]).save(files.own)
        convert(files.own, files.yaml)
    return found


def spent(program: Callable[[], object]) -> float:
    """Return the CPU time of a program in seconds, without what earlier ones left to collect."""
    gc.collect()
    begin = time.process_time()
    program()
    return time.process_time() - begin


def medians(programs: dict[str, Callable[[], float]], rounds: int) -> dict[str, float]:
    """Return the median of what each program measures; they take turns."""
    found: dict[str, list[float]] = {name: [] for name in programs}
    for number in range(rounds):
        names = list(programs)
        for name in names[number % len(names) :] + names[: number % len(names)]:
            found[name].append(programs[name]())
    return {name: median(values) for name, values in found.items()}


def our_client(cassette: Path | Cassette) -> ovhcore.Client:
    return ovhcore.Client(transport=ReplayTransport(cassette), endpoint="ovh-eu", **KEYS)


@contextmanager
def their_cassette(path: Path) -> Iterator[Any]:
    with vcr.VCR(record_mode="none").use_cassette(str(path)) as cassette:
        yield cassette


def loading(files: Files) -> dict[str, Callable[[], float]]:
    """Return programs that measure how long it takes until the first call could be made."""

    def theirs() -> None:
        with their_cassette(files.yaml):
            pass

    return {
        OURS: lambda: spent(lambda: our_client(files.own)),
        OURS_YAML: lambda: spent(lambda: our_client(files.yaml)),
        THEIRS: lambda: spent(theirs),
    }


@contextmanager
def calling(files: Files, size: int) -> Iterator[dict[str, Callable[[], float]]]:
    """Yield programs that measure a call; nothing was played before, and loading does not count."""

    def ours(cassette: Cassette) -> float:
        client = our_client(cassette)
        return spent(lambda: get_all(client, range(size))) / size

    sample = range(0, size, size // SAMPLE[size])

    with their_cassette(files.yaml) as cassette, requests.Session() as session:

        def theirs() -> float:
            cassette.rewind()
            return spent(lambda: [session.get(BASE + path_of(n), headers=FIELDS).json() for n in sample]) / len(sample)

        own, yaml = Cassette.load(files.own), Cassette.load(files.yaml)
        yield {OURS: lambda: ours(own), OURS_YAML: lambda: ours(yaml), THEIRS: theirs}


def get_all(client: ovhcore.Client, numbers: Iterable[int]) -> None:
    for number in numbers:
        client.get(path_of(number))


def printed(what: str, unit: str, scale: float, figures: dict[int, dict[str, float]]) -> None:
    print(f"\n| {what} | interactions | CPU {unit} | x vcrpy |\n| --- | ---: | ---: | ---: |")
    for size, found in figures.items():
        for name, value in found.items():
            print(f"| {name} | {size:,} | {value * scale:,.1f} | {value / found[THEIRS]:.4f} |")


def aim(what: str, value: float, most: float) -> None:
    print(f"{what}: {value:.4f}, aim {most}: {'reached' if value <= most else 'MISSED'}")


def profiled(program: Callable[[], object]) -> None:
    with cProfile.Profile() as profile:
        program()
    pstats.Stats(profile).sort_stats("tottime").print_stats(15)


def main() -> None:
    """Measure and print."""
    with TemporaryDirectory() as directory:
        files = written(Path(directory))
        longest = max(SIZES)
        if "--profile" in sys.argv:
            profiled(lambda: our_client(files[longest].own))
            client = our_client(files[longest].own)
            profiled(lambda: get_all(client, range(longest)))
            return
        loads = {size: medians(loading(files[size]), ROUNDS[size]) for size in SIZES}
        calls: dict[int, dict[str, float]] = {}
        for size in SIZES:
            with calling(files[size], size) as programs:
                calls[size] = medians(programs, ROUNDS[size])
    printed("One replayed GET", "us", 1e6, calls)
    printed("Loading a cassette", "ms", 1e3, loads)
    print()
    for size, most in AIMS.items():
        aim(f"a call of {size:,}, ovhcore / vcrpy", calls[size][OURS] / calls[size][THEIRS], most)
    for size in SIZES:
        aim(f"loading {size:,}, ovhcore / vcrpy", loads[size][OURS] / loads[size][THEIRS], 0.2)
    print(f"loading, 10,000 / 1,000: {loads[10_000][OURS] / loads[1_000][OURS]:.1f}; 10 is linear")


if __name__ == "__main__":
    main()
