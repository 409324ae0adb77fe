"""Whether a POST with a name is ever sent twice when processes are killed.

``python -m benchmarks.sharing.once [URL | file]``: in each of 200 rounds 50 processes call one POST by the same name
at the same moment, and half of them are killed at random moments. The sandbox counts what came. Each round has new
processes, forked from one that has loaded all libraries.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from collections import Counter
from random import Random
from typing import Any

import ovhcore as ovh
from ovhcore_transports.sandbox import ACCESS_KEYS
from ovhcore_transports.shared.keeper import keeper_of

from .worlds import FORKS, ServedSandbox, store_of

PROCESSES, ROUNDS, LEASE, LATEST = 50, 200, 400_000, 0.06
UNKNOWN = 3
WORDS = {0: "got the answer", UNKNOWN: "were told that nobody knows", -signal.SIGALRM: "were killed"}


def main() -> None:
    """Run, and print a line."""
    processes, rounds = int(os.environ.get("PROCESSES", PROCESSES)), int(os.environ.get("ROUNDS", ROUNDS))
    chance = Random()
    posts, answers = Counter[int](), Counter[str]()
    begun = time.monotonic()
    with store_of(sys.argv[1] if len(sys.argv) > 1 else None) as url, ServedSandbox() as api:

        def client() -> ovh.Client:
            options = {"limit_store": url}
            return ovh.Client(api.url, config=False, transport="stdlib", options=options, **ACCESS_KEYS)

        def work(killed: float, turn: int, start: Any) -> None:
            keeper_of(url).lease = LEASE
            mine = client()
            start.wait(60)
            if killed:  # by the kernel, at once: nothing handles the signal
                signal.setitimer(signal.ITIMER_REAL, killed)
            try:
                mine.post("/auth/credential", _need_auth=False, _once=f"{url} {turn}", accessRules=rules(turn))
            except ovh.exceptions.OutcomeUnknown:
                sys.exit(UNKNOWN)
            finally:
                if killed:
                    signal.pause()

        def rules(turn: int) -> list[dict[str, str]]:
            return [{"method": "GET", "path": f"/round/{turn}"}]

        client().post("/auth/credential", _need_auth=False, _once=f"{url} before", accessRules=rules(-1))
        for turn in range(rounds):
            start = FORKS.Barrier(processes + 1)
            moments = [chance.uniform(0.0001, LATEST) if number % 2 else 0.0 for number in range(processes)]
            callers = [FORKS.Process(target=work, args=(killed, turn, start)) for killed in moments]
            for each in callers:
                each.start()
            start.wait(60)
            for each in callers:
                each.join(60)
                assert not each.is_alive(), "a process hangs"
                answers[WORDS.get(each.exitcode, f"exit code {each.exitcode}")] += 1
            sent = sum(method == "POST" and f"/round/{turn}'" in str(body) for method, _, body in api.log())
            posts[sent] += 1
    print(f"{rounds} rounds of {processes} processes, half of them killed, in {time.monotonic() - begun:.0f} s")
    print(f"rounds by the number of POSTs that came: {dict(sorted(posts.items()))}; processes: {dict(answers)}")
    assert max(posts) <= 1
    assert set(answers) <= set(WORDS.values())


if __name__ == "__main__":
    main()
