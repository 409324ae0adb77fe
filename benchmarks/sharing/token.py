"""How often a token is fetched when it ends for many processes at once.

``python -m benchmarks.sharing.token [URL | file]``: 200 processes share one token of a service account. It
ends for all of them at the same moment, three times. The sandbox counts the requests for a token.
"""

from __future__ import annotations

import os
import sys
import time
from typing import Any

import ovhcore as ovh
from ovhcore_transports.sandbox import CLIENT_ID, CLIENT_SECRET

from .worlds import ServedSandbox, many, store_of

PROCESSES, ENDS, LIFETIME = 200, 3, 30


def main() -> None:
    """Count, and print a line."""
    number = int(os.environ.get("PROCESSES", PROCESSES))
    with store_of(sys.argv[1] if len(sys.argv) > 1 else None) as url, ServedSandbox(token_lifetime=LIFETIME) as api:

        def client() -> ovh.Client:
            return ovh.Client(
                api.url,
                client_id=CLIENT_ID,
                client_secret=CLIENT_SECRET,
                config=False,
                transport="stdlib",
                token_url=api.token_url,
                options={"limit_store": url},
            )

        first = client()
        first.get("/me")
        ends = [time.monotonic() + (LIFETIME * 0.9 + 0.5) * (1 + turn) for turn in range(ENDS)]

        def work(number: int, put: Any) -> None:
            mine, took = client(), 0.0
            mine.get("/me")
            for end in ends:
                time.sleep(max(0.0, end - time.monotonic()))
                begun = time.monotonic()
                mine.get("/me")
                took = max(took, time.monotonic() - begun)
            put(took)

        took = many(number, work, ends[-1] - time.monotonic() + 120)
        fetched = sum(path.endswith("/token") for _, path, _ in api.log())
    print(f"{len(took)} processes, {ENDS} ends of a token: fetched {fetched} times; longest call {max(took):.2f} s")


if __name__ == "__main__":
    main()
