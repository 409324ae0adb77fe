"""Spans and metrics of one client's calls, as the plugin ``opentelemetry`` reports them.

The names follow OpenTelemetry's conventions for HTTP clients, where these have any.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeAlias
from urllib.parse import urlsplit
from weakref import WeakKeyDictionary

from ovhcore import __version__
from ovhcore.exceptions import InvalidConfiguration
from ovhcore.flows import (
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

if TYPE_CHECKING:
    from opentelemetry.context import Context
    from opentelemetry.metrics import CallbackOptions, Histogram, Meter, MeterProvider, Observation
    from opentelemetry.trace import Span, SpanKind, TracerProvider

__all__ = ["Reporter"]

_Attributes: TypeAlias = dict[str, str | int]

_SCOPE: Final = "ovhcore"
_SCHEMA: Final = "https://opentelemetry.io/schemas/1.23.1"  # since this version conventions for HTTP are stable
_SECONDS: Final = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0)
_METHODS: Final = frozenset({"CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "TRACE"})
_OTHER: Final = "_OTHER"  # the convention's word for values of unlimited number
_PORTS: Final = {"https": 443, "http": 80}


class _Running:
    """A call or an exchange under way."""

    __slots__ = ("about", "sent", "span")

    def __init__(self, span: Span, about: _Attributes) -> None:
        self.span = span
        self.about = about
        self.sent = 0  # the number of requests of a call


class _Instruments:
    """The instruments of one meter provider."""

    def __init__(self, meter: Meter) -> None:
        self.requests = _histogram(meter, "http.client.request.duration", "Duration of HTTP client requests.")
        self.calls = _histogram(meter, "ovhcore.client.call.duration", "Duration of calls, retries and waits included.")
        self.retries = meter.create_counter("ovhcore.client.retries", "{retry}", "Attempts that followed a failed one.")
        self.corrections = meter.create_counter(
            "ovhcore.client.clock_corrections", "{correction}", "Changes of the offset to the API's clock."
        )
        self.renewals = meter.create_counter(
            "ovhcore.client.credential_renewals", "{renewal}", "New tokens, or other new credentials."
        )
        self.active = meter.create_up_down_counter(
            "http.client.active_requests", "{request}", "Requests that have no answer yet: connections in use."
        )
        self.delays = _histogram(meter, "ovhcore.client.retry.delay", "Waits before attempts that follow a failed one.")
        self.held = _histogram(meter, "ovhcore.client.throttle.delay", "Waits of requests for limits.")
        # What each client had left when it last tried again.
        self.budgets: WeakKeyDictionary[Reporter, int] = WeakKeyDictionary()
        meter.create_observable_gauge(
            "ovhcore.client.retry.budget",
            [self._least_left],
            "{retry}",
            "Retries that the client with the fewest had left when it last tried again.",
        )
        meter.create_observable_up_down_counter(
            "http.client.open_connections",
            [_idle],
            "{connection}",
            "Connections of this process that are kept and not in use.",
        )

    def _least_left(self, options: CallbackOptions) -> list[Observation]:
        from opentelemetry.metrics import Observation

        left = [*self.budgets.values()]
        return [Observation(min(left))] if left else []


def _idle(options: CallbackOptions) -> list[Observation]:
    from opentelemetry.metrics import Observation

    from ..http.idle import idle_connections

    state: _Attributes = {"http.connection.state": "idle"}
    return [Observation(number, {**state, **_server(origin)}) for origin, number in idle_connections().items()]


def _histogram(meter: Meter, name: str, meaning: str) -> Histogram:
    try:
        return meter.create_histogram(name, "s", meaning, explicit_bucket_boundaries_advisory=_SECONDS)
    except TypeError:  # the argument came with 1.30
        return meter.create_histogram(name, "s", meaning)


class _Global:
    """A key for the global provider, which a program may set later."""


# SDKs warn of an instrument that is made twice, so all clients share these.
_made: WeakKeyDictionary[object, _Instruments] = WeakKeyDictionary()


class Reporter:
    """An observer that makes spans and metrics for one client.

    Args:
        tracers: the provider that takes spans; None for the global one.
        meters: the provider that takes metrics; None for the global one.

    Raises:
        InvalidConfiguration: OpenTelemetry is not installed.
    """

    def __init__(self, tracers: TracerProvider | None, meters: MeterProvider | None) -> None:
        try:
            from opentelemetry import metrics, trace
        except ImportError as error:
            raise InvalidConfiguration(
                'opentelemetry is on, but is not installed: pip install "ovhcore[opentelemetry]"'
            ) from error
        self._tracer = trace.get_tracer(_SCOPE, __version__, tracers, _SCHEMA)
        whose = _Global if meters is None else meters
        instruments = _made.get(whose)
        if instruments is None:
            instruments = _made[whose] = _Instruments(metrics.get_meter(_SCOPE, __version__, meters, _SCHEMA))
        self._instruments = instruments
        self._client, self._internal = trace.SpanKind.CLIENT, trace.SpanKind.INTERNAL
        self._within = trace.set_span_in_context
        self._error = trace.StatusCode.ERROR
        self._calls: dict[int, _Running] = {}
        self._exchanges: dict[int, _Running] = {}

    def __call__(self, event: Event) -> None:
        """Report an event to OpenTelemetry. Unknown kinds are ignored."""
        measures = self._instruments
        match event:
            case CallStarted():
                self._calls[event.call] = self._begin(event, f"{_SCOPE} ", self._internal, None, {})
            case RequestSent():
                self._request_sent(event)
            case ResponseReceived() | RequestFailed():
                exchange = self._exchanges.pop(event.exchange, None)
                if exchange is not None:
                    measures.active.add(-1, exchange.about)
                self._end(event, exchange, measures.requests)
            case CallEnded():
                call = self._calls.pop(event.call, None)
                if call is not None:
                    call.span.set_attribute("ovhcore.attempts", event.attempts)
                self._end(event, call, measures.calls)
            case RetryScheduled():
                self._retry_scheduled(event)
            case Throttled():
                self._throttled(event)
            case ClockCorrected():
                measures.corrections.add(1)
            case TokenRenewed():
                measures.renewals.add(1)

    def _request_sent(self, event: RequestSent) -> None:
        call = self._call_of(event)
        more: _Attributes = {}
        if call is not None:
            if call.sent:
                more["http.request.resend_count"] = call.sent
            call.sent += 1
        if event.exchange:  # without a number its end cannot be found: it gets metrics, and no span
            within = None if call is None else self._within(call.span)
            exchange = self._exchanges[event.exchange] = self._begin(event, "", self._client, within, more)
            self._instruments.active.add(1, exchange.about)

    def _retry_scheduled(self, event: RetryScheduled) -> None:
        failed = event.failed
        why = _kind((failed.error or "").partition(":")[0]) if failed.status is None else str(failed.status)
        call = self._call_of(event)
        if call is not None:
            call.span.add_event(
                "ovhcore.retry", {"ovhcore.attempt": failed.number, "ovhcore.wait": event.wait, "error.type": why}
            )
        about = _about(event.method, event.url) if call is None else call.about
        measures = self._instruments
        measures.retries.add(1, {**about, "error.type": why})
        measures.delays.record(event.wait, about)
        if event.budget_left is not None:
            measures.budgets[self] = event.budget_left

    def _throttled(self, event: Throttled) -> None:
        call = self._call_of(event)
        if call is not None:
            call.span.add_event("ovhcore.throttled", {"ovhcore.wait": event.wait, "ovhcore.reason": event.reason})
        about = _about(event.method, event.url) if call is None else call.about
        self._instruments.held.record(event.wait, {**about, "ovhcore.limit": _limit(event.reason)})

    def _call_of(self, event: RequestSent | RetryScheduled | Throttled) -> _Running | None:
        return self._calls.get(event.call) if event.call else None

    def _begin(
        self, event: CallStarted | RequestSent, prefix: str, kind: SpanKind, within: Context | None, more: _Attributes
    ) -> _Running:
        about = _about(event.method, event.url)
        attributes = {**about, "url.full": event.url, **more}
        name = event.method
        if name not in _METHODS:
            attributes["http.request.method_original"], name = name, "HTTP"
        return _Running(self._tracer.start_span(prefix + name, within, kind, attributes), about)

    def _end(
        self, event: ResponseReceived | RequestFailed | CallEnded, running: _Running | None, measure: Histogram
    ) -> None:
        # An exchange ends in an event with a status or in one with an error; a call's event has both, one of them None.
        status, query_id = getattr(event, "status", None), getattr(event, "query_id", None)
        result: _Attributes = {}
        if status is None:
            result["error.type"] = _kind(getattr(event, "error", None))
        else:
            result["http.response.status_code"] = status
            if status >= 400:
                result["error.type"] = str(status)
        if running is not None:  # the observer saw its beginning
            span = running.span
            span.set_attributes(result)
            if query_id is not None:
                span.set_attribute("ovh.query_id", query_id)
            if "error.type" in result:
                span.set_status(self._error)
            span.end()
        about = _about(event.method, event.url) if running is None else running.about
        measure.record(event.elapsed, {**about, **result})


def _about(method: str, url: str) -> _Attributes:
    """Return the attributes of a request for spans and metrics; each takes few values."""
    return {"http.request.method": method if method in _METHODS else _OTHER, **_server(url)}


def _server(url: str) -> _Attributes:
    """Return the attributes of a server."""
    found: _Attributes = {}
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port or _PORTS.get(parts.scheme)
    except ValueError:  # a secret that was a part of the host is hidden in the URL
        return found
    if host:
        found["server.address"] = host
    if port:
        found["server.port"] = port
    return found


def _kind(error: str | None) -> str:
    # Other code may put anything into an event: no message and no secret may get through.
    return error if error and error.isidentifier() else _OTHER


def _limit(reason: str) -> str:
    """Return which limit is kept; the reason itself names the rate, which changes."""
    if reason.endswith("at the same time"):
        return "concurrency"
    return "rate" if reason.startswith("at most") else "api" if "API" in reason else _OTHER
