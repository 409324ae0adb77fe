"""The plugin ``opentelemetry``: spans and metrics of what a client does, off unless it is asked for.

On with the setting ``opentelemetry``, and then to the global providers; or with
``Client(plugins=[OpenTelemetry(...)])``, to those that are given. Names are those of
OpenTelemetry's conventions for HTTP clients, where there are any.

This module is loaded with every client, OpenTelemetry itself only when it is on.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Final, TypeAlias
from urllib.parse import urlsplit
from weakref import WeakKeyDictionary

from ovhcore import __version__
from ovhcore.config import Settings
from ovhcore.exceptions import InvalidConfiguration
from ovhcore.flows import (
    CallEnded,
    CallStarted,
    ClockCorrected,
    Event,
    Observer,
    RequestFailed,
    RequestSent,
    ResponseReceived,
    RetryScheduled,
    Throttled,
    TokenRenewed,
)
from ovhcore.plugins import Option, hookimpl, read_switch

if TYPE_CHECKING:
    from opentelemetry.context import Context
    from opentelemetry.metrics import CallbackOptions, Histogram, Meter, MeterProvider, Observation
    from opentelemetry.trace import Span, SpanKind, TracerProvider

__all__ = ["OpenTelemetry", "ovhcore_observer", "ovhcore_options"]

_Attributes: TypeAlias = dict[str, str | int]

_SCOPE: Final = "ovhcore"
_SCHEMA: Final = "https://opentelemetry.io/schemas/1.23.1"  # where the conventions for HTTP became stable
_SECONDS: Final = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0)
_METHODS: Final = frozenset({"CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "TRACE"})
_OTHER: Final = "_OTHER"  # the convention's word for a value that may be anything
_PORTS: Final = {"https": 443, "http": 80}


class _Running:
    """A call, or an exchange, that is not over."""

    __slots__ = ("about", "sent", "span")

    def __init__(self, span: Span, about: _Attributes) -> None:
        self.span = span
        self.about = about
        self.sent = 0  # requests of a call


class _Instruments:
    """The instruments of one meter provider, which measure."""

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
        self.budgets: WeakKeyDictionary[_Observer, int] = WeakKeyDictionary()
        meter.create_observable_gauge(
            "ovhcore.client.retry.budget",
            [self._least_left],
            "{retry}",
            "Retries that the client with the fewest had left when it last tried again.",
        )

    def _least_left(self, options: CallbackOptions) -> list[Observation]:
        from opentelemetry.metrics import Observation

        left = [*self.budgets.values()]
        return [Observation(min(left))] if left else []


def _histogram(meter: Meter, name: str, meaning: str) -> Histogram:
    try:
        return meter.create_histogram(name, "s", meaning, explicit_bucket_boundaries_advisory=_SECONDS)
    except TypeError:  # before 1.30 there is no such argument
        return meter.create_histogram(name, "s", meaning)


class _Global:
    """Stands for the global provider, which may be set later."""


# SDKs complain of an instrument that is made twice, as a second client would do.
_made: WeakKeyDictionary[object, _Instruments] = WeakKeyDictionary()


class _Observer:
    """An observer that makes spans and measures, for one client.

    Args:
        tracers: where spans go; None for the global provider.
        meters: where measures go; None for the global provider.

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
        """Tell OpenTelemetry of an event. Kinds that it does not know are passed over."""
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
        if event.exchange:  # without a number its end cannot be found: then it is only measured
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
        # An exchange ends in an event with a status or in one with an error; a call's has both, and one is None.
        status, query_id = getattr(event, "status", None), getattr(event, "query_id", None)
        result: _Attributes = {}
        if status is None:
            result["error.type"] = _kind(getattr(event, "error", None))
        else:
            result["http.response.status_code"] = status
            if status >= 400:
                result["error.type"] = str(status)
        if running is not None:  # its beginning was seen
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
    """Return the attributes of a request in spans and metrics: each has few values."""
    about: _Attributes = {"http.request.method": method if method in _METHODS else _OTHER}
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port or _PORTS.get(parts.scheme)
    except ValueError:  # what a program declares as secret may have been a part of the host
        return about
    if host:
        about["server.address"] = host
    if port:
        about["server.port"] = port
    return about


def _kind(error: str | None) -> str:
    # The name in an event of other code may be anything: neither a message nor a secret is to get in.
    return error if error and error.isidentifier() else _OTHER


def _limit(reason: str) -> str:
    """Return which limit is kept; the reason itself names the rate, which changes."""
    if reason.endswith("at the same time"):
        return "concurrency"
    return "rate" if reason.startswith("at most") else "api" if "API" in reason else _OTHER


class OpenTelemetry:
    """Spans and metrics of clients, as a plugin of theirs: ``Client(plugins=[OpenTelemetry()])``.

    It may be given to many clients. If the setting ``opentelemetry`` is on as well, all is told twice.

    Args:
        tracer_provider: where spans go; the global one by default.
        meter_provider: where metrics go; the global one by default.
    """

    def __init__(
        self, tracer_provider: TracerProvider | None = None, meter_provider: MeterProvider | None = None
    ) -> None:
        self._tracers = tracer_provider
        self._meters = meter_provider

    @hookimpl
    def ovhcore_observer(self, settings: Settings) -> Observer:
        """Return the observer of a client.

        Raises:
            InvalidConfiguration: OpenTelemetry is not installed.
        """
        return _Observer(self._tracers, self._meters)


@hookimpl
def ovhcore_options() -> Iterable[Option]:
    """Define the switch."""
    return (
        Option(
            "opentelemetry",
            read_switch,
            "true: spans and metrics go to OpenTelemetry's global providers; off by default",
        ),
    )


@hookimpl
def ovhcore_observer(settings: Settings) -> Observer | None:
    """Return the observer of a client, if the setting is on.

    Raises:
        InvalidConfiguration: the setting is on, but OpenTelemetry is not installed.
    """
    return _Observer(None, None) if settings.options.get("opentelemetry") else None
