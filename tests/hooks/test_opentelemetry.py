from __future__ import annotations

import asyncio
import contextvars
import gc
import inspect
import subprocess
import sys
import threading
import weakref
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from typing import Any, cast

import pytest

pytest.importorskip("opentelemetry.sdk")

from opentelemetry import metrics, trace
from opentelemetry.metrics import Meter, MeterProvider, NoOpMeter
from opentelemetry.sdk.metrics import MeterProvider as SDKMeterProvider
from opentelemetry.sdk.metrics.export import HistogramDataPoint, InMemoryMetricReader
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode

import ovhcore as ovh
from ovhcore.config import Settings
from ovhcore.flows.events import (
    CallEnded,
    CallStarted,
    ClockCorrected,
    Event,
    RequestFailed,
    RequestSent,
    ResponseReceived,
    RetryScheduled,
    Throttled,
    TokenRenewed,
)
from ovhcore.flows.observation import Observer
from ovhcore.plugins import hookimpl, list_plugins
from ovhcore.protocol.attempts import Attempt
from ovhcore.protocol.messages import Request, Response
from ovhcore.protocol.redaction import Redaction
from ovhcore_transports.hooks import spans_and_metrics
from ovhcore_transports.hooks.opentelemetry import OpenTelemetry
from ovhcore_transports.hooks.throttle import Throttle
from ovhcore_transports.sandbox import (
    ACCESS_KEYS,
    CLIENT_ID,
    CLIENT_SECRET,
    AsyncSandboxTransport,
    SandboxTransport,
    serve,
)
from tests.worlds import AsyncScripted, Scripted

URL = "https://eu.api.ovh.com/1.0/me"
SERVER = {"server.address": "eu.api.ovh.com", "server.port": 443}
GET = {"http.request.method": "GET", **SERVER}
OF_A_CALL = ("ovhcore GET", "GET")


class Beginnings(SpanProcessor):
    """Knows in which order spans began; their times may be the same."""

    def __init__(self) -> None:
        self.order: dict[int, int] = {}

    def on_start(self, span: Any, parent_context: Any = None) -> None:
        self.order[span.get_span_context().span_id] = len(self.order)


class Telemetry:
    """Real providers, whose exporters keep all in memory."""

    def __init__(self) -> None:
        self.exporter = InMemorySpanExporter()
        self.beginnings = Beginnings()
        self.reader = InMemoryMetricReader()
        self.tracers = TracerProvider(shutdown_on_exit=False)
        self.tracers.add_span_processor(self.beginnings)
        self.tracers.add_span_processor(SimpleSpanProcessor(self.exporter))
        self.meters = SDKMeterProvider([self.reader], shutdown_on_exit=False)
        self.plugin = OpenTelemetry(tracer_provider=self.tracers, meter_provider=self.meters)
        self.tracer = self.tracers.get_tracer("program")

    @property
    def observer(self) -> Any:
        return self.plugin.ovhcore_observer(cast("Settings", None))

    def tell(self, *events: Event) -> Any:
        observer = self.observer
        for event in events:
            observer(event)
        return observer

    @property
    def spans(self) -> list[Any]:
        """Return them in the order in which they began."""
        found: list[Any] = list(self.exporter.get_finished_spans())
        return sorted(found, key=lambda span: self.beginnings.order[span.context.span_id])

    def named(self, name: str) -> list[Any]:
        return [span for span in self.spans if span.name == name]

    @property
    def only(self) -> Any:
        (span,) = self.spans
        return span

    def points(self, name: str) -> list[Any]:
        data = self.reader.get_metrics_data()
        return [
            point
            for resource in (data.resource_metrics if data else ())
            for scope in resource.scope_metrics
            for metric in scope.metrics
            if metric.name == name
            for point in metric.data.data_points
        ]

    def counted(self, name: str) -> int:
        """Return what a counter that has no attributes shows."""
        points = self.points(name)
        assert [dict(point.attributes) for point in points] in ([], [{}])
        return sum(point.value for point in points)

    @property
    def corrections(self) -> int:
        return self.counted("ovhcore.client.clock_corrections")

    @property
    def renewals(self) -> int:
        return self.counted("ovhcore.client.credential_renewals")

    @property
    def everything(self) -> str:
        data = self.reader.get_metrics_data()
        return "".join(span.to_json() for span in self.spans) + (data.to_json() if data else "")


@pytest.fixture
def seen() -> Telemetry:
    return Telemetry()


def is_child(span: ReadableSpan, of: ReadableSpan | trace.Span) -> bool:
    return span.parent is not None and span.parent.span_id == cast("Any", of).get_span_context().span_id


def happenings(span: ReadableSpan) -> list[tuple[str, dict[str, Any]]]:
    return [(event.name, dict(event.attributes or {})) for event in span.events]


# Calls


def test_a_call_and_its_exchange(seen: Telemetry) -> None:
    client = ovh.Client(transport="sandbox", plugins=[seen.plugin])
    assert client.get("/me")["firstname"] == "Ada"
    call, exchange = seen.spans
    assert (call.name, call.kind, call.parent) == ("ovhcore GET", SpanKind.INTERNAL, None)
    assert (exchange.name, exchange.kind) == ("GET", SpanKind.CLIENT)
    assert is_child(exchange, call)
    query_id = call.attributes["ovh.query_id"]
    answered = {**GET, "url.full": URL, "http.response.status_code": 200, "ovh.query_id": query_id}
    assert dict(exchange.attributes) == answered
    assert dict(call.attributes) == {**answered, "ovhcore.attempts": 1}
    assert {span.status.status_code for span in (call, exchange)} == {StatusCode.UNSET}
    assert call.start_time <= exchange.start_time <= exchange.end_time <= call.end_time
    scope = exchange.instrumentation_scope
    assert (scope.name, scope.version) == ("ovhcore", ovh.__version__)
    for name in ("http.client.request.duration", "ovhcore.client.call.duration"):
        (point,) = seen.points(name)
        assert point.count == 1
        assert dict(point.attributes) == {**GET, "http.response.status_code": 200}
    assert seen.points("ovhcore.client.retries") == []


def test_a_call_of_async_client(seen: Telemetry) -> None:
    async def main() -> None:
        async with ovh.AsyncClient(transport="sandbox", plugins=[seen.plugin]) as client:
            with seen.tracer.start_as_current_span("program"):
                await client.get("/me")

    asyncio.run(main())
    program, call, exchange = seen.spans
    assert (call.name, exchange.name) == OF_A_CALL
    assert is_child(call, program)
    assert is_child(exchange, call)


def test_the_api_is_told_nothing(seen: Telemetry) -> None:
    """No field of a request names a trace, and the program's span stays the current one."""
    current: list[trace.Span] = []

    def respond(request: Request) -> Response:
        current.append(trace.get_current_span())
        return Response(200, {}, b"1")

    world = Scripted(respond)
    client = ovh.Client("ovh-eu", **ACCESS_KEYS, transport=world, plugins=[seen.plugin])
    with seen.tracer.start_as_current_span("program") as program:
        client.get("/me")
    assert current == [program]
    assert not {"traceparent", "tracestate", "baggage"} & {name.lower() for name in world.sent[0].headers}


def test_durations_are_those_of_the_transport(seen: Telemetry) -> None:
    world = Scripted(lambda request: Response(200, {}, b"1"), latency=0.3)
    ovh.Client(transport=world, plugins=[seen.plugin], **ACCESS_KEYS, endpoint="ovh-eu").get("/me")
    (point,) = seen.points("http.client.request.duration")
    assert isinstance(point, HistogramDataPoint)
    assert point.sum == pytest.approx(0.3)
    if "explicit_bucket_boundaries_advisory" in inspect.signature(Meter.create_histogram).parameters:
        assert tuple(point.explicit_bounds) == spans_and_metrics._SECONDS


def test_an_answer_that_is_an_error(seen: Telemetry) -> None:
    with pytest.raises(ovh.InvalidSignature):
        ovh.Client(
            "ovh-eu",
            "sandbox-application-key",
            "wrong",
            "sandbox-consumer-key",
            transport="sandbox",
            plugins=[seen.plugin],
        ).get("/me")
    for span in seen.spans:
        assert span.attributes["http.response.status_code"] == 400
        assert span.attributes["error.type"] == "400"
        assert span.status.status_code is StatusCode.ERROR
    for name in ("http.client.request.duration", "ovhcore.client.call.duration"):
        (point,) = seen.points(name)
        assert dict(point.attributes) == {**GET, "http.response.status_code": 400, "error.type": "400"}


def test_a_call_that_gets_no_answer(seen: Telemetry) -> None:
    def respond(request: Request) -> Response:
        raise ovh.ConnectionLost("gone")

    client = ovh.Client("ovh-eu", **ACCESS_KEYS, transport=Scripted(respond), plugins=[seen.plugin], retry=False)
    with pytest.raises(ovh.ConnectionLost):
        client.post("/me", name="x")
    call, exchange = seen.spans
    for span in (call, exchange):
        assert span.attributes["error.type"] == "ConnectionLost"
        assert "http.response.status_code" not in span.attributes
        assert "ovh.query_id" not in span.attributes
        assert span.status.status_code is StatusCode.ERROR
    (point,) = seen.points("http.client.request.duration")
    assert dict(point.attributes) == {"http.request.method": "POST", **SERVER, "error.type": "ConnectionLost"}


def unsteady(*answers: int | Exception) -> Scripted:
    left = iter(answers)

    def respond(request: Request) -> Response:
        answer = next(left)
        if isinstance(answer, Exception):
            raise answer
        return Response(answer, {"X-OVH-QUERYID": "EU.ext-1"}, b"{}")

    return Scripted(respond)


def test_retries(seen: Telemetry) -> None:
    client = ovh.Client(
        "ovh-eu",
        **ACCESS_KEYS,
        transport=unsteady(503, ovh.ConnectError("SECRET-in-a-message"), 200),
        plugins=[seen.plugin],
        retry=5,
    )
    client.get("/me")
    call, *exchanges = seen.spans
    assert all(is_child(exchange, call) for exchange in exchanges)
    assert [each.attributes.get("http.request.resend_count") for each in exchanges] == [None, 1, 2]
    assert [each.attributes.get("error.type") for each in exchanges] == ["503", "ConnectError", None]
    assert [each.status.is_ok for each in exchanges] == [False, False, True]
    assert call.status.is_ok
    assert call.attributes["ovhcore.attempts"] == 3
    (first, one), (second, two) = happenings(call)
    assert first == second == "ovhcore.retry"
    assert one.pop("ovhcore.wait") >= 0
    assert one == {"ovhcore.attempt": 1, "error.type": "503"}
    assert (two["ovhcore.attempt"], two["error.type"]) == (2, "ConnectError")
    points = {point.attributes["error.type"]: point for point in seen.points("ovhcore.client.retries")}
    assert {kind: point.value for kind, point in points.items()} == {"503": 1, "ConnectError": 1}
    assert dict(points["503"].attributes) == {**GET, "error.type": "503"}
    (delays,) = seen.points("ovhcore.client.retry.delay")
    assert (delays.count, dict(delays.attributes)) == (2, GET)
    assert [point.value for point in seen.points("ovhcore.client.retry.budget")] == [98]
    assert [point.value for point in seen.points("http.client.active_requests")] == [0]
    assert sum(point.count for point in seen.points("http.client.request.duration")) == 3
    assert [point.count for point in seen.points("ovhcore.client.call.duration")] == [1]
    assert "SECRET" not in seen.everything


def test_a_call_with_options_of_its_own(seen: Telemetry) -> None:
    client = ovh.Client("ovh-eu", **ACCESS_KEYS, transport=unsteady(503, 200, 503), plugins=[seen.plugin])
    client.get("/me", _options={"retry": 2})
    with pytest.raises(ovh.APIError):
        client.get("/me", _options={"retry": False})
    first, second = seen.named("ovhcore GET")
    assert [is_child(each, first) for each in seen.named("GET")] == [True, True, False]
    assert is_child(seen.named("GET")[2], second)


def test_throttling(seen: Telemetry) -> None:
    client = ovh.Client(transport="sandbox", plugins=[seen.plugin, Throttle(rate=1)])
    client.get("/me")
    client.get("/me")
    first, second = seen.named("ovhcore GET")
    assert happenings(first) == []
    ((name, said),) = happenings(second)
    assert name == "ovhcore.throttled"
    assert 0 < said["ovhcore.wait"] <= 1
    assert said["ovhcore.reason"] == "at most 1 requests in a second"
    (held,) = seen.points("ovhcore.client.throttle.delay")
    assert dict(held.attributes) == {**GET, "ovhcore.limit": "rate"}
    assert (held.count, held.sum) == (1, said["ovhcore.wait"])
    assert seen.points("ovhcore.client.retry.budget") == []


def test_which_limit_is_kept(seen: Telemetry) -> None:
    """The reasons are those of a real limiter."""
    slow = [Response(429, {"Retry-After": "1"}, b"{}"), Response(200, {}, b"1"), Response(200, {}, b"1")]
    transport = Scripted(lambda request: slow.pop(0))
    client = ovh.Client("ovh-eu", **ACCESS_KEYS, transport=transport, plugins=[seen.plugin, Throttle()], retry=False)
    with pytest.raises(ovh.exceptions.TooManyRequests):
        client.get("/me")
    client.get("/me")
    seen.tell(Throttled("GET", URL, 0.5, _one_place()), Throttled("GET", URL, 0.5, "for another reason"))
    limits = {point.attributes["ovhcore.limit"] for point in seen.points("ovhcore.client.throttle.delay")}
    assert limits == {"api", "concurrency", "_OTHER"}


def _one_place() -> str:
    """Return the reason of a limiter whose only place is taken."""
    reasons: list[str] = []

    async def both() -> None:
        async with ovh.AsyncClient("ovh-eu", **ACCESS_KEYS, transport=Waiting(), plugins=[throttle, Told()]) as client:
            await asyncio.gather(client.get("/me"), client.get("/me"))

    class Waiting(AsyncScripted):
        def __init__(self) -> None:
            super().__init__(lambda request: Response(200, {}, b"1"))

        async def send(self, request: Request) -> Response:
            while not reasons and not self.sent:
                self.sent.append(request)
                while not reasons:
                    await asyncio.sleep(0)
            return self.respond(request)

    class Told:
        @hookimpl
        def ovhcore_observer(self) -> Observer:
            return lambda event: reasons.append(event.reason) if isinstance(event, Throttled) else None

    throttle = Throttle(concurrency=1)
    asyncio.run(both())
    return reasons[0]


def test_requests_under_way_are_counted(seen: Telemetry) -> None:
    def counted() -> list[Any]:
        return [(point.value, dict(point.attributes)) for point in seen.points("http.client.active_requests")]

    observer = seen.tell(RequestSent("GET", URL, None, 1), RequestSent("GET", URL, None, 2))
    assert counted() == [(2, GET)]
    observer(ResponseReceived("GET", URL, 200, None, 0.1, None, 1))
    observer(ResponseReceived("GET", URL, 200, None, 0.1, None, 3))
    assert counted() == [(1, GET)]
    observer(RequestFailed("GET", URL, "ReadTimeout", 0.1, None, 2))
    assert counted() == [(0, GET)]


def test_idle_connections_are_counted(seen: Telemetry) -> None:
    with serve() as server:
        # Other tests' clients may still be there, so those of this server's port.
        where = {"server.address": "127.0.0.1", "server.port": int(server.url.split(":")[2].partition("/")[0])}
        idle = {"http.connection.state": "idle", **where}

        def counted() -> list[int]:
            points = seen.points("http.client.open_connections")
            return [point.value for point in points if dict(point.attributes) == idle]

        client = ovh.Client(server.url, transport="stdlib", proxy="none", plugins=[seen.plugin], **ACCESS_KEYS)
        assert counted() == []
        client.get("/me")
        assert counted() == [1]
        client.close()
        assert counted() == []


def test_the_budget_is_that_of_the_client_with_the_fewest(seen: Telemetry) -> None:
    failed = Attempt(1, 503, None, None, 0.1, 0.0)
    first = seen.tell(RetryScheduled("GET", URL, failed, 0.1, None, 7))
    second = seen.tell(RetryScheduled("GET", URL, failed, 0.1, None, 70))
    assert [point.value for point in seen.points("ovhcore.client.retry.budget")] == [7]
    first(RetryScheduled("GET", URL, failed, 0.1, None, 80))
    assert [point.value for point in seen.points("ovhcore.client.retry.budget")] == [70]
    del first, second
    gc.collect()
    assert seen.points("ovhcore.client.retry.budget") == []


@pytest.mark.parametrize("asynchronous", [False, True])
def test_the_time_is_asked_for(asynchronous: bool, seen: Telemetry) -> None:
    settings: dict[str, Any] = {**ACCESS_KEYS, "time_sync": "server", "plugins": [seen.plugin]}

    async def main() -> None:
        async with ovh.AsyncClient("ovh-eu", transport=AsyncSandboxTransport(skew=500), **settings) as client:
            await client.get("/me")

    with seen.tracer.start_as_current_span("program") as program:
        if asynchronous:
            asyncio.run(main())
        else:
            ovh.Client("ovh-eu", transport=SandboxTransport(skew=500), **settings).get("/me")
    _, call, asking, exchange = seen.spans
    assert asking.attributes["url.full"] == "https://eu.api.ovh.com/1.0/auth/time"
    assert is_child(asking, program)
    assert is_child(exchange, call)
    assert "http.request.resend_count" not in exchange.attributes
    assert happenings(call) == []
    assert (seen.corrections, seen.renewals) == (1, 0)


def test_the_time_without_a_call(seen: Telemetry) -> None:
    client = ovh.Client("ovh-eu", transport=SandboxTransport(skew=500), plugins=[seen.plugin], **ACCESS_KEYS)
    with seen.tracer.start_as_current_span("program") as program:
        assert client.time_delta == pytest.approx(500, abs=1)
    _, asking = seen.spans
    assert is_child(asking, program)
    assert happenings(cast("Any", program)) == []
    assert seen.corrections == 1


def test_a_wrong_clock_is_corrected_within_a_call(seen: Telemetry) -> None:
    client = ovh.Client("ovh-eu", transport=SandboxTransport(skew=5000), plugins=[seen.plugin], **ACCESS_KEYS)
    client.get("/me")
    (call,) = seen.named("ovhcore GET")
    first, *_, last = [each for each in seen.named("GET") if is_child(each, call)]
    assert "http.request.resend_count" not in first.attributes
    assert last.attributes["http.request.resend_count"] == 1
    assert seen.corrections == 1


def test_under_trio(seen: Telemetry) -> None:
    async def main() -> None:
        keys: dict[str, Any] = {"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}
        async with (
            ovh.AsyncClient("ovh-eu", transport=AsyncSandboxTransport(), plugins=[seen.plugin], **keys) as client,
            trio.open_nursery() as nursery,
        ):
            for number in range(4):
                nursery.start_soon(work, client, number)

    async def work(client: ovh.AsyncClient, number: int) -> None:
        with seen.tracer.start_as_current_span(f"program {number}"):
            await client.get(f"/me/bill?orderId={number}")

    trio = pytest.importorskip("trio")
    trio.run(main)
    programs = {span.name.partition(" ")[2]: span for span in seen.spans if span.name.startswith("program")}
    calls = {span.attributes["url.full"].rpartition("=")[2]: span for span in seen.named("ovhcore GET")}
    exchanges = {span.attributes["url.full"].rpartition("=")[2]: span for span in seen.named("GET")}
    assert programs.keys() == calls.keys() == exchanges.keys() == set("0123")
    assert all(is_child(calls[key], programs[key]) and is_child(exchanges[key], calls[key]) for key in programs)
    (token,) = seen.named("POST")
    assert sum(is_child(token, program) for program in programs.values()) == 1
    assert seen.renewals == 1


@pytest.mark.parametrize("asynchronous", [False, True])
def test_a_token_is_fetched(asynchronous: bool, seen: Telemetry) -> None:
    settings: dict[str, Any] = {"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET, "plugins": [seen.plugin]}

    async def main() -> None:
        async with ovh.AsyncClient("ovh-eu", transport=AsyncSandboxTransport(), **settings) as client:
            await asyncio.gather(*(client.get("/me") for _ in range(3)))

    with seen.tracer.start_as_current_span("program") as program:
        if asynchronous:
            asyncio.run(main())
        else:
            ovh.Client("ovh-eu", transport=SandboxTransport(), **settings).get("/me")
    (token,) = seen.named("POST")
    assert is_child(token, program)
    assert token.attributes["url.full"].endswith("/auth/oauth2/token")
    calls = seen.named("ovhcore GET")
    assert all(happenings(call) == [] for call in calls)
    assert seen.renewals == 1
    exchanges = seen.named("GET")
    assert len(exchanges) == len(calls)
    assert all(sum(is_child(each, call) for each in exchanges) == 1 for call in calls)
    assert CLIENT_SECRET not in seen.everything


def test_no_secret_gets_in(seen: Telemetry) -> None:
    def respond(request: Request) -> Response:
        # An answer that repeats what it was sent.
        return Response(403, {"X-Ovh-Consumer": "sandbox-consumer-key"}, b'{"message": "sandbox-application-secret"}')

    class Declares:
        @ovh.hookimpl
        def ovhcore_redaction(self) -> Redaction:
            return Redaction(patterns=["eu.api.ovh.com", "CANARY"])

    client = ovh.Client(
        "ovh-eu",
        **ACCESS_KEYS,
        transport=Scripted(respond),
        plugins=[seen.plugin, Declares()],
        headers={"X-A": "CANARY"},
    )
    with pytest.raises(ovh.APIError):
        client.post("/me?password=CANARY&q=CANARY", password="CANARY")
    with pytest.raises(ovh.APIError):
        client.get("/me", token="CANARY")
    assert len(seen.spans) == 4
    assert "sandbox-" not in seen.everything
    assert "CANARY" not in seen.everything


# Many at once


def test_threads(seen: Telemetry) -> None:
    turns = threading.Barrier(8)

    def respond(request: Request) -> Response:
        turns.wait(60)
        return Response(200, {}, b"1")

    client = ovh.Client("ovh-eu", **ACCESS_KEYS, transport=Scripted(respond), plugins=[seen.plugin])

    def work(number: int) -> None:
        with seen.tracer.start_as_current_span(f"program {number}"):
            client.get(f"/me/bill/{number}")

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(32)))
    assert_each_has_its_own(seen, 32)


def test_tasks(seen: Telemetry) -> None:
    class Slow(AsyncScripted):
        async def send(self, request: Request) -> Response:
            await asyncio.sleep(0.001 * (int(request.url.rpartition("/")[2]) % 3))
            return await super().send(request)

    async def main() -> None:
        world = Slow(lambda request: Response(200, {}, b"1"))
        async with ovh.AsyncClient("ovh-eu", **ACCESS_KEYS, transport=world, plugins=[seen.plugin]) as client:

            async def work(number: int) -> None:
                with seen.tracer.start_as_current_span(f"program {number}"):
                    await client.get(f"/me/bill/{number}")

            await asyncio.gather(*map(work, range(32)))

    asyncio.run(main())
    assert_each_has_its_own(seen, 32)


def assert_each_has_its_own(seen: Telemetry, count: int) -> None:
    spans = seen.spans
    assert len(spans) == 3 * count
    calls = {span.attributes["url.full"]: span for span in spans if span.name == "ovhcore GET"}
    programs = {span.name.partition(" ")[2]: span for span in spans if span.name.startswith("program")}
    assert len(calls) == len(programs) == count
    for exchange in seen.named("GET"):
        url = exchange.attributes["url.full"]
        assert is_child(exchange, calls[url])
        assert is_child(calls[url], programs[url.rpartition("/")[2]])


def test_exchanges_without_a_call_overlap(seen: Telemetry) -> None:
    """Their numbers alone tell them apart, whoever tells of their ends."""
    observer = seen.observer
    for number in (1, 2, 3):
        with seen.tracer.start_as_current_span(f"program {number}"):
            observer(RequestSent("GET", URL, None, number))
    for number in (2, 3, 1):
        observer(ResponseReceived("GET", URL, 200 + number, None, 0.1, None, number))
    for number, exchange in enumerate(seen.named("GET"), 1):
        (program,) = seen.named(f"program {number}")
        assert is_child(exchange, program)
        assert exchange.attributes["http.response.status_code"] == 200 + number
        assert "http.request.resend_count" not in exchange.attributes
    assert_nothing_is_left(observer)


def test_a_client_that_calls_another(seen: Telemetry) -> None:
    """Each counts its calls and exchanges from 1."""
    inner = ovh.Client("ovh-eu", **ACCESS_KEYS, transport=unsteady(503, 200), plugins=[seen.plugin], retry=2)

    def respond(request: Request) -> Response:
        inner.get("/me/bill")
        return Response(200, {}, b"1")

    ovh.Client("ovh-eu", **ACCESS_KEYS, transport=Scripted(respond), plugins=[seen.plugin]).get("/me")
    outer, of_inner = seen.named("ovhcore GET")
    assert outer.parent is of_inner.parent is None
    assert [name for name, _ in happenings(of_inner)] == ["ovhcore.retry"]
    assert happenings(outer) == []
    exchange, *of_inner_too = seen.named("GET")
    assert is_child(exchange, outer)
    assert [is_child(each, of_inner) for each in of_inner_too] == [True, True]


# What an observer may be told besides


def test_events_whose_beginning_nobody_saw(seen: Telemetry) -> None:
    failed = Attempt(1, None, "Something with: a SECRET", None, 0.1, 0.0)
    observer = seen.tell(
        ResponseReceived("GET", URL, 200, "Q", 0.1, 7, 12),
        RequestFailed("GET", URL, "ReadTimeout", 0.1, 7, 13),
        ResponseReceived("GET", URL, 200, "Q", 0.1, None, 14),
        RequestFailed("GET", URL, "ReadTimeout", 0.1, 0, 15),
        RetryScheduled("GET", URL, failed, 0.1, 7),
        RetryScheduled("GET", URL, failed._replace(status=302), 0.1),
        Throttled("GET", URL, 0.1, "rate", 7),
        Throttled("GET", URL, 0.1, "rate"),
        CallEnded("GET", URL, 7, 200, None, "Q", 1, 0.1),
        cast("Event", SimpleNamespace(method="GET")),
    )
    assert seen.spans == []
    assert sum(point.count for point in seen.points("http.client.request.duration")) == 4
    assert [point.count for point in seen.points("ovhcore.client.call.duration")] == [1]
    points = seen.points("ovhcore.client.retries")
    assert {point.attributes["error.type"] for point in points} == {"_OTHER", "302"}
    with seen.tracer.start_as_current_span("program") as program:
        observer(RequestSent("GET", URL, 8, 16))
        observer(ResponseReceived("GET", URL, 200, "Q", 0.1, 8, 16))
    assert is_child(seen.named("GET")[0], program)
    assert_nothing_is_left(observer)


def test_numbers_that_tell_nothing(seen: Telemetry) -> None:
    """Of exchanges that nobody numbers there may be many at once: they are measured, and no more."""
    observer = seen.tell(
        CallStarted("GET", URL, 1),
        RequestSent("GET", URL, 1),
        RequestSent("GET", URL),
        ResponseReceived("GET", URL, 200, None, 0.1, 1),
        RequestFailed("GET", URL, "ReadTimeout", 0.1),
        RequestSent("GET", URL, 1, 1),
        RequestSent("GET", URL, 0, 2),
        RequestFailed("GET", URL, "ReadTimeout", 0.1, 0, 2),
        ResponseReceived("GET", URL, 200, None, 0.1, 1, 1),
        CallEnded("GET", URL, 1, 200, None, None, 2, 0.1),
    )
    call, exchange, other = seen.spans
    assert is_child(exchange, call)
    assert exchange.attributes["http.request.resend_count"] == 1
    assert other.parent is None
    assert other.attributes["error.type"] == "ReadTimeout"
    assert sum(point.count for point in seen.points("http.client.request.duration")) == 4
    assert_nothing_is_left(observer)


def test_what_belongs_to_no_call(seen: Telemetry) -> None:
    seen.tell(
        CallStarted("GET", URL, 1),
        TokenRenewed(None),
        ClockCorrected(-2.5),
        TokenRenewed(60.0),
        CallEnded("GET", URL, 1, None, "OAuth2FailureError", None, 1, 0.1),
    )
    assert happenings(seen.only) == []
    assert seen.only.attributes["error.type"] == "OAuth2FailureError"
    assert (seen.corrections, seen.renewals) == (1, 2)


@pytest.mark.parametrize(
    ("url", "known"),
    [
        ("http://127.0.0.1:8080/1.0/me", {"server.address": "127.0.0.1", "server.port": 8080}),
        ("http://[::1]/1.0/me", {"server.address": "::1", "server.port": 80}),
        ("other://somewhere/x", {"server.address": "somewhere"}),
        ("<redacted>", {}),
        ("https://[<redacted>/1.0/me", {}),
        ("https://a:<redacted>/1.0/me", {}),
    ],
)
def test_servers(url: str, known: dict[str, Any], seen: Telemetry) -> None:
    seen.tell(RequestSent("GET", url, None, 1), ResponseReceived("GET", url, 200, None, 0.1, None, 1))
    said = dict(seen.only.attributes)
    assert said == {"http.request.method": "GET", **known, "url.full": url, "http.response.status_code": 200}


def test_methods_of_which_there_may_be_many(seen: Telemetry) -> None:
    seen.tell(
        CallStarted("BREW", URL, 1),
        RequestSent("BREW", URL, 1, 1),
        ResponseReceived("BREW", URL, 418, None, 0.1, 1, 1),
        CallEnded("BREW", URL, 1, 418, None, None, 1, 0.1),
    )
    assert [span.name for span in seen.spans] == ["ovhcore HTTP", "HTTP"]
    for span in seen.spans:
        assert span.attributes["http.request.method"] == "_OTHER"
        assert span.attributes["http.request.method_original"] == "BREW"
    (point,) = seen.points("http.client.request.duration")
    assert point.attributes["http.request.method"] == "_OTHER"
    assert "http.request.method_original" not in point.attributes


# Memory


def assert_nothing_is_left(observer: Any) -> None:
    assert observer._calls == observer._exchanges == {}


def test_nothing_is_kept(seen: Telemetry) -> None:
    observers: list[Any] = []

    class Plugin(OpenTelemetry):
        @ovh.hookimpl
        def ovhcore_observer(self, settings: Settings) -> Observer:
            observer = super().ovhcore_observer(settings)
            observers.append(observer)
            return observer

    plugin = Plugin(seen.tracers, seen.meters)
    world = unsteady(503, 200, ovh.ReadTimeout("slow"), 404)
    one = ovh.Client("ovh-eu", **ACCESS_KEYS, transport=world, plugins=[plugin], retry=2)
    other = ovh.Client(transport="sandbox", plugins=[plugin])
    one.get("/me")
    for _ in range(2):
        with pytest.raises(ovh.APIError):
            one.post("/me")
    other.get("/me")
    assert len(observers) == 2
    assert observers[0] is not observers[1]
    for observer in observers:
        assert_nothing_is_left(observer)
    left = weakref.ref(observers.pop())
    del other, observer
    gc.collect()
    assert left() is None


def test_a_call_that_ends_elsewhere(seen: Telemetry) -> None:
    """A coroutine that nobody awaits to its end is closed in another context."""
    observer = seen.observer
    task = contextvars.copy_context()
    task.run(observer, CallStarted("GET", URL, 1))
    task.run(observer, RequestSent("GET", URL, 1, 1))
    observer(RequestFailed("GET", URL, "GeneratorExit", 0.0, 1, 1))
    observer(CallEnded("GET", URL, 1, None, "GeneratorExit", None, 1, 0.0))
    assert [span.attributes["error.type"] for span in seen.spans] == ["GeneratorExit"] * 2
    assert_nothing_is_left(observer)


def test_a_task_that_is_cancelled(seen: Telemetry) -> None:
    class Stuck(AsyncScripted):
        async def send(self, request: Request) -> Response:
            await asyncio.Event().wait()
            raise AssertionError

    async def main() -> None:
        world = Stuck(lambda request: Response(200))
        async with ovh.AsyncClient("ovh-eu", **ACCESS_KEYS, transport=world, plugins=[seen.plugin]) as client:
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.01):
                    await client.get("/me")

    asyncio.run(main())
    assert [span.attributes["error.type"] for span in seen.spans] == ["CancelledError"] * 2


# Being on


def test_it_is_off_unless_it_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "opentelemetry", None)
    for options in ({}, {"opentelemetry": False}, {"opentelemetry": "off"}):
        assert ovh.Client(transport="sandbox", options=options).get("/me")["firstname"] == "Ada"
    with pytest.raises(ovh.InvalidConfiguration, match=r"opentelemetry \(argument\) must be true or false"):
        ovh.Client(transport="sandbox", options={"opentelemetry": "perhaps"})


def test_it_is_not_loaded_unless_it_is_on() -> None:
    """The program's assertions would end it with an error."""
    program = (
        "import sys, ovhcore; ovhcore.Client(transport='sandbox').get('/me'); "
        "assert 'ovhcore_transports.hooks.opentelemetry' in sys.modules; "
        "assert not {'opentelemetry', 'ovhcore.flows.events'} & {*sys.modules}"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


def test_it_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "opentelemetry", None)
    hint = r'is not installed: pip install "ovhcore\[opentelemetry\]"'
    with pytest.raises(ovh.InvalidConfiguration, match=hint):
        ovh.Client(transport="sandbox", options={"opentelemetry": True})
    with pytest.raises(ovh.InvalidConfiguration, match=hint):
        ovh.Client(transport="sandbox", plugins=[OpenTelemetry()])


def test_it_is_listed() -> None:
    (found,) = [info for info in list_plugins() if info.name == "opentelemetry"]
    assert found.hooks == ("ovhcore_options", "ovhcore_observer")
    assert found.problem is None


@pytest.fixture(scope="module")
def of_the_process() -> Telemetry:
    """Global providers can be set once in a process. A client is made before that."""
    client = ovh.Client(transport="sandbox", options={"opentelemetry": True})
    client.get("/me")
    seen = Telemetry()
    trace.set_tracer_provider(seen.tracers)
    metrics.set_meter_provider(seen.meters)
    client.get("/me")
    return seen


@pytest.fixture
def worldwide(of_the_process: Telemetry) -> Iterator[Telemetry]:
    yield of_the_process
    of_the_process.exporter.clear()


def test_global_providers_may_be_set_after_a_client_is_made(worldwide: Telemetry) -> None:
    assert tuple(span.name for span in worldwide.spans) == OF_A_CALL
    assert sum(point.count for point in worldwide.points("ovhcore.client.call.duration")) == 1


@pytest.mark.parametrize("place", ["argument", "environment", "plugin"])
def test_global_providers(place: str, worldwide: Telemetry, monkeypatch: pytest.MonkeyPatch) -> None:
    worldwide.exporter.clear()
    before = sum(point.count for point in worldwide.points("ovhcore.client.call.duration"))
    settings: dict[str, Any] = {}
    if place == "argument":
        settings = {"options": {"opentelemetry": True}}
    elif place == "environment":
        monkeypatch.setenv("OVH_OPENTELEMETRY", "true")
    else:
        settings = {"plugins": [OpenTelemetry()]}
    ovh.Client(transport="sandbox", **settings).get("/me")
    assert tuple(span.name for span in worldwide.spans) == OF_A_CALL
    assert sum(point.count for point in worldwide.points("ovhcore.client.call.duration")) == before + 1


def test_instruments_are_made_once(seen: Telemetry, caplog: pytest.LogCaptureFixture) -> None:
    for _ in range(2):
        plugin = OpenTelemetry(seen.tracers, seen.meters)
        ovh.Client(transport="sandbox", plugins=[plugin]).get("/me")
        ovh.Client(transport="sandbox", plugins=[plugin]).get("/me")
    (point,) = seen.points("ovhcore.client.call.duration")
    assert point.count == 4
    assert caplog.text == ""


class OldMeter(NoOpMeter):
    """As it was before 1.30."""

    def create_histogram(self, name: str, unit: str = "", description: str = "") -> Any:  # type: ignore[override]
        return super().create_histogram(name, unit, description)


class OldMeterProvider(MeterProvider):
    def get_meter(self, name: str, version: str | None = None, schema_url: str | None = None, *_: Any) -> Meter:
        return OldMeter(name, version, schema_url)


def test_a_provider_that_takes_no_advice() -> None:
    plugin = OpenTelemetry(meter_provider=OldMeterProvider())
    assert ovh.Client(transport="sandbox", plugins=[plugin]).get("/me")["firstname"] == "Ada"
