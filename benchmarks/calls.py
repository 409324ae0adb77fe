"""CPU time per signed GET on a kept-alive loopback connection, JSON decoded.

``python -m benchmarks.calls`` prints a table; with ``--profile``, where ovhcore spends it.
"""

from __future__ import annotations

import cProfile
import json
import pstats
import sys
from collections.abc import Callable
from typing import Any

import ovh
import requests
import urllib3

import ovhcore
from benchmarks.measure import cpu_per_call, table
from benchmarks.server import serving

KEYS: dict[str, Any] = {
    "application_key": "7kbG7Bk7S9Nt7ZSV",
    "application_secret": "EXEgWIz07P0HYwtQDs7cNIqCiQaWSuHF",
    "consumer_key": "MtSwSrPpNjqfVSmJhLbPyr2i45lSwPU1",
}
# What a signed call sends, for the peers that sign nothing.
FIELDS = {
    "X-Ovh-Application": KEYS["application_key"],
    "X-Ovh-Consumer": KEYS["consumer_key"],
    "X-Ovh-Timestamp": "1700000000",
    "X-Ovh-Signature": "$1$" + "0" * 40,
}


def repeated(call: Callable[[], object]) -> Callable[[int], None]:
    def program(calls: int) -> None:
        for _ in range(calls):
            call()

    return program


def programs(origin: str) -> dict[str, Callable[[int], object]]:
    """Return one program for each library."""
    base = origin + "/1.0"
    client = ovhcore.Client(base, proxy="none", **KEYS)
    ovh.client.ENDPOINTS[base] = base
    theirs = ovh.Client(base, **KEYS)
    theirs._time_delta = 0
    manager = urllib3.PoolManager()
    session = requests.Session()
    return {
        "urllib3 PoolManager.request, json": repeated(
            lambda: json.loads(manager.request("GET", base + "/me", headers=FIELDS).data)
        ),
        "ovhcore on urllib3, signed": repeated(lambda: client.get("/me")),
        "requests Session": repeated(lambda: session.get(base + "/me", headers=FIELDS).json()),
        "python-ovh, signed": repeated(lambda: theirs.get("/me")),
    }


def main() -> None:
    with serving() as origin:
        if "--profile" in sys.argv:
            program = programs(origin)["ovhcore on urllib3, signed"]
            program(200)
            with cProfile.Profile() as profile:
                program(3000)
            pstats.Stats(profile).sort_stats("tottime").print_stats(40)
            return
        figures = cpu_per_call(programs(origin), rounds=20, calls=150)
    print(table(figures, "urllib3 PoolManager.request, json"))
    print(f"\novhcore / python-ovh: {figures['ovhcore on urllib3, signed'] / figures['python-ovh, signed']:.2f}")


if __name__ == "__main__":
    main()
