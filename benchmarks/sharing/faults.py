"""Whether calls go on while processes are killed, and while their store is restarted, killed or stopped.

``python -m benchmarks.sharing.faults``: 8 processes make calls under one limit of 60 in a second and 4 at once. Two of
them are killed in the midst of it. Then the server is ended and started, killed and started, and stopped for 3 seconds.
"""

from __future__ import annotations

import signal
import time
from random import Random
from typing import Any

import ovhcore as ovh
from ovhcore_transports.shared.keeper import LEASE
from ovhcore_transports.shared.stores.opening import open_store

from .worlds import FORKS, Counting, StoreServer

PROCESSES, PLACES, RATE, SECONDS = 8, 4, 60, 24


def main() -> None:
    """Run, and print a table."""
    chance = Random()
    server = StoreServer()
    results: Any = FORKS.SimpleQueue()
    start: Any = FORKS.Barrier(PROCESSES + 1)
    with Counting() as api:

        def work(number: int) -> None:
            options = {"limit_store": server.url, "rate_limit": RATE, "max_concurrency": PLACES, "limit_scope": "x"}
            client = ovh.Client(api.endpoint, "k" * 16, "s" * 32, "c" * 32, config=False, options=options)
            client.get("/me")
            start.wait(120)
            begun, calls = time.monotonic(), []
            while (now := time.monotonic()) < begun + SECONDS:
                client.get("/me")
                calls.append((now - begun, time.monotonic() - now))
            results.put(calls)

        processes = [FORKS.Process(target=work, args=(number,)) for number in range(PROCESSES)]
        for each in processes:
            each.start()
        start.wait(120)
        begun = time.monotonic()

        def at(seconds: float) -> None:
            time.sleep(max(0.0, begun + seconds - time.monotonic()))

        for each in processes[:2]:
            at(1 + chance.random() * 2)
            each.kill()
        at(8)
        server.process.terminate()
        server.process.wait()
        time.sleep(0.5)
        server.start()
        at(13)
        server.process.kill()
        server.process.wait()
        time.sleep(0.5)
        server.start()
        at(18)
        server.process.send_signal(signal.SIGSTOP)
        time.sleep(3)
        server.process.send_signal(signal.SIGCONT)
        calls, done, give_up = [], 0, time.monotonic() + SECONDS + 60
        while done < PROCESSES - 2 and time.monotonic() < give_up:
            if results.empty():
                time.sleep(0.02)
            else:
                done += 1
                calls += results.get()
        hung = [each for each in processes[2:] if each.is_alive() and each.join(5) is None and each.is_alive()]
        for each in hung:
            each.kill()
        time.sleep(0.1)
        store = open_store(server.url)
        used = store.ask(("renew", "limit:x", LEASE, 0))[0]
        store.close()
        came = len(api.came()) - PROCESSES
    server.end()
    phases = {"processes are killed": (0, 8), "restart": (8, 13), "kill": (13, 18), "stop": (18, SECONDS)}
    print("| | calls | longest, s |\n| --- | ---: | ---: |")
    for name, (first, last) in phases.items():
        some = [took for when, took in calls if first <= when < last]
        print(f"| {name} | {len(some)} | {max(some):.2f} |")
    print(f"\n{done} of {PROCESSES - 2} ended by themselves, {len(hung)} hung; {used} places are held at the end")
    print(f"{len(calls)} calls were answered, and {came - len(calls)} requests more came, of those that were killed")


if __name__ == "__main__":
    main()
