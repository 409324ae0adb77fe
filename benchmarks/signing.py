"""CPU time to build and sign a request, nothing sent: ``python -m benchmarks.signing``."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from typing import Any

import ovh

from benchmarks.calls import KEYS, repeated
from benchmarks.measure import cpu_per_call, table
from ovhcore.protocol.credentials import ApplicationKey
from ovhcore.protocol.endpoints import resolve_endpoint
from ovhcore.protocol.messages import Headers
from ovhcore.protocol.requests.building import build_request, sign_request

BODY: dict[str, Any] = {"description": "x" * 900, "enabled": True, "targets": [1, 2, 3], "ttl": 3600}


class Unsent:
    """A session that takes a request and sends nothing."""

    def request(self, *args: object, **kwargs: object) -> None:
        return None


def theirs() -> Callable[..., object]:
    client = ovh.Client("ovh-eu", **KEYS)
    client._session = Unsent()
    client._time_delta = 0

    def call(method: str, path: str, data: Any = None) -> object:
        return client.raw_call(method, path, data, True)

    return call


def mine() -> Callable[..., object]:
    endpoint = resolve_endpoint("ovh-eu")
    keys = ApplicationKey(**KEYS)
    headers = Headers({"Accept": "application/json", "User-Agent": "benchmark"})

    def call(method: str, path: str, data: Any = None) -> object:
        return sign_request(build_request(endpoint, method, path, data, headers=headers), keys, 1_700_000_000)

    return call


def by_hand(data: Any) -> object:
    body = json.dumps(data, separators=(",", ":"))
    text = "+".join((KEYS["application_secret"], KEYS["consumer_key"], "POST", "https://x/1.0/me", body, "1700000000"))
    return "$1$" + hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()


def main() -> None:
    ours, their = mine(), theirs()
    programs: dict[str, Callable[[int], object]] = {
        "python-ovh GET": repeated(lambda: their("GET", "/me/bill")),
        "ovhcore GET": repeated(lambda: ours("GET", "/me/bill")),
        "python-ovh POST of 1 KB": repeated(lambda: their("POST", "/me/bill", BODY)),
        "ovhcore POST of 1 KB": repeated(lambda: ours("POST", "/me/bill", BODY)),
        "json and hashlib by hand, POST of 1 KB": repeated(lambda: by_hand(BODY)),
    }
    print(table(cpu_per_call(programs, rounds=30, calls=3000), "python-ovh GET"))


if __name__ == "__main__":
    main()
