"""What the pipeline and each built-in hook cost per signed GET, on top of the transport.

``python -m benchmarks.hooks`` prints a table. The transport answers at once, so that
nothing but the library is measured; "by hand" builds the URL, signs it with hashlib, sends
it with the same transport and parses the JSON. ``--profile`` shows where a call spends its
time with nothing switched on, and with the defaults.
"""

from __future__ import annotations

import cProfile
import hashlib
import json
import logging
import pstats
import sys
import time
from collections.abc import Callable, Iterable
from typing import Any

import ovhcore
from benchmarks.calls import KEYS, repeated
from benchmarks.measure import cpu_per_call, table
from ovhcore.flows.events import Event
from ovhcore.flows.resilience.after_failure import GiveUp
from ovhcore.plugins import hookimpl
from ovhcore.plugins.builtin import BUILT_IN
from ovhcore.protocol.credentials import ApplicationKey
from ovhcore.protocol.messages import Request, Response
from ovhcore_transports import SyncTransport

ANSWER = Response(200, {"Content-Type": "application/json", "X-OVH-QUERYID": "EU.ext-1"}, b'{"nichandle": "aa1-ovh"}')
BY_HAND = "by hand: hashlib, json, the same transport"
BARE = "no plugin switched on"


class Null(SyncTransport):
    """Answers at once."""

    def send(self, request: Request) -> Response:
        return ANSWER


def by_hand(transport: Null) -> Callable[[], object]:
    def call() -> object:
        url = "https://eu.api.ovh.com/1.0" + "/me"
        stamp = str(int(time.time()))
        text = "+".join((KEYS["application_secret"], KEYS["consumer_key"], "GET", url, "", stamp))
        headers = {
            "Accept": "application/json",
            "User-Agent": "benchmark",
            "X-Ovh-Application": KEYS["application_key"],
            "X-Ovh-Consumer": KEYS["consumer_key"],
            "X-Ovh-Timestamp": stamp,
            "X-Ovh-Signature": "$1$" + hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest(),
        }
        response = transport.send(Request("GET", url, headers))
        if response.status >= 400:
            raise ValueError(response.status)
        return json.loads(response.body)

    return call


class Watch:
    """An observer that does nothing."""

    @hookimpl
    def ovhcore_observer(self, settings: Any) -> Any:
        def observe(event: Event) -> None: ...

        return observe


class Supplies:
    """Credentials from elsewhere."""

    @hookimpl
    def ovhcore_credentials(self, settings: Any) -> Any:
        return lambda refused: ApplicationKey(**KEYS)


class Policy:
    """A retry policy of one's own."""

    @hookimpl
    def ovhcore_retry_policy(self, settings: Any) -> Any:
        return lambda failed: GiveUp()


class Silent(logging.Handler):
    """Takes records and writes nothing."""

    def emit(self, record: logging.LogRecord) -> None:
        record.getMessage()


def logged(level: int, call: Callable[[], object]) -> Callable[[int], None]:
    logger, handler = logging.getLogger("ovhcore"), Silent()

    def program(calls: int) -> None:
        logger.addHandler(handler)
        logger.propagate = False
        logger.setLevel(level)
        for _ in range(calls):
            call()
        logger.setLevel(logging.NOTSET)
        logger.removeHandler(handler)

    return program


def telemetry() -> Iterable[object]:
    from opentelemetry.sdk.metrics import MeterProvider
    from opentelemetry.sdk.metrics.export import InMemoryMetricReader
    from opentelemetry.sdk.trace import TracerProvider

    from ovhcore_transports.hooks.opentelemetry import OpenTelemetry

    meters = MeterProvider(metric_readers=[InMemoryMetricReader()])
    return [OpenTelemetry(tracer_provider=TracerProvider(), meter_provider=meters)]


def programs() -> dict[str, Callable[[int], object]]:
    transport = Null()
    off = [name for name in BUILT_IN if name != "time-sync"]

    def get(plugins: Iterable[object] = (), **arguments: Any) -> Callable[[], object]:
        keys = {} if arguments.pop("without_keys", False) else KEYS
        settings = {"disabled_plugins": off, **arguments}
        client = ovhcore.Client("ovh-eu", transport=transport, plugins=plugins, **settings, **keys)
        return lambda: client.get("/me")

    return {
        BY_HAND: repeated(by_hand(transport)),
        BARE: repeated(get()),
        "retry": repeated(get(disabled_plugins=["logging"])),
        "logging, nobody reads": repeated(get(disabled_plugins=["retry"])),
        "as a client is by default": repeated(get(disabled_plugins=[])),
        "a retry policy of one's own": repeated(get([Policy()], disabled_plugins=["logging"])),
        "time-sync off": repeated(get(time_sync="off")),
        "an observer": repeated(get([Watch()])),
        "logging at INFO": logged(logging.INFO, get(disabled_plugins=["retry"])),
        "logging at DEBUG": logged(logging.DEBUG, get(disabled_plugins=["retry"])),
        "throttle, a rate": repeated(get(options={"rate_limit": 900_000})),
        "throttle, a rate and concurrency": repeated(get(options={"rate_limit": 900_000, "max_concurrency": 50})),
        "credentials from elsewhere": repeated(get([Supplies()], without_keys=True)),
        "opentelemetry, SDK, spans and metrics": repeated(get(telemetry())),
    }


def main() -> None:
    if "--profile" in sys.argv:
        for name in (BARE, "as a client is by default"):
            program = programs()[name]
            program(2000)
            with cProfile.Profile() as profile:
                program(20_000)
            print(name)
            pstats.Stats(profile).sort_stats("tottime").print_stats(25)
        return
    figures = cpu_per_call(programs(), rounds=20, calls=2000)
    print(table(figures, BY_HAND))
    print("\n| | more than without, CPU us |\n| --- | ---: |")
    for name, value in figures.items():
        against = BY_HAND if name == BARE else BARE
        if name != BY_HAND:
            print(f"| {name}{', beside by hand' if name == BARE else ''} | {value - figures[against]:+.1f} |")


if __name__ == "__main__":
    main()
