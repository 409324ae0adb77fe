"""Whether a limit that processes share holds, is used, and is fair.

``python -m benchmarks.sharing.limit [URL | file] [--busy N]``: 8 processes make 200 calls each, one after the other, at
60 in a second for all. The server notes when requests come. Each process makes one call under another limit before, so
that no wait holds the time in which it loads libraries. ``--busy`` starts N more processes that only calculate.
"""

from __future__ import annotations

import argparse
import time
from bisect import bisect_left
from typing import Any

import ovhcore as ovh

from .worlds import Counting, busy, many, store_of

PROCESSES, CALLS, RATE = 8, 200, 60


def most_in_a_window(came: list[float], seconds: float = 1.0) -> int:
    """Return how many came in the window of this length that has the most; windows begin anywhere."""
    return max(bisect_left(came, begin + seconds) - at for at, begin in enumerate(came))


def main() -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("store", nargs="?")
    parser.add_argument("--busy", type=int, default=0)
    parser.add_argument("--processes", type=int, default=PROCESSES)
    parser.add_argument("--calls", type=int, default=CALLS)
    chosen = parser.parse_args()
    with store_of(chosen.store) as url, Counting() as api:

        def client_of(scope: str) -> ovh.Client:
            options = {"limit_store": url, "rate_limit": f"{RATE}/second", "limit_scope": scope}
            return ovh.Client(api.endpoint, "k" * 16, "s" * 32, "c" * 32, config=False, options=options)

        def before(number: int) -> None:
            client_of("before").get("/me")

        def work(number: int, put: Any) -> None:
            client = client_of("measured")
            took = []
            for _ in range(chosen.calls):
                begun = time.monotonic()
                client.get("/me")
                took.append(time.monotonic() - begun)
            put(took)

        calls = chosen.processes * chosen.calls
        beside = busy(chosen.busy)
        took = [each for some in many(chosen.processes, work, calls / RATE * 4 + 60, before) for each in some]
        for each in beside:
            each.kill()
        came = api.came()[chosen.processes :]
    assert len(came) == calls == len(took), (len(came), len(took))
    rate = (calls - 1) / (came[-1] - came[0])
    mean = sum(took) / calls
    print("| | |\n| --- | ---: |")
    print(f"| most requests in any second, of {RATE} | {most_in_a_window(came)} |")
    print(f"| part of the limit that was used | {rate / RATE:.1%} |")
    print(f"| mean wait of a call, ms | {mean * 1e3:.0f} |")
    print(f"| longest wait of a call, ms | {max(took) * 1e3:.0f} |")
    print(f"| longest / mean | {max(took) / mean:.2f} |")


if __name__ == "__main__":
    main()
