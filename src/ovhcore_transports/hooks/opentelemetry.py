"""The plugin ``opentelemetry``: spans and metrics of a client's calls, off by default.

The setting ``opentelemetry`` sends them to the global providers;
``Client(plugins=[OpenTelemetry(...)])`` sends them to given ones.

This module is loaded with every client, what reports and OpenTelemetry itself only when it is on.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from ovhcore.plugins import Option, hookimpl, read_switch

if TYPE_CHECKING:
    from opentelemetry.metrics import MeterProvider
    from opentelemetry.trace import TracerProvider

    from ovhcore.config import Settings
    from ovhcore.flows import Observer

__all__ = ["OpenTelemetry", "ovhcore_observer", "ovhcore_options"]


class OpenTelemetry:
    """A plugin for spans and metrics of clients: ``Client(plugins=[OpenTelemetry()])``.

    Many clients may share it. If the setting ``opentelemetry`` is on as well, everything is reported twice.

    Args:
        tracer_provider: the provider that takes spans; the global one by default.
        meter_provider: the provider that takes metrics; the global one by default.
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
        from .spans_and_metrics import Reporter

        return Reporter(self._tracers, self._meters)


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
    return OpenTelemetry().ovhcore_observer(settings) if settings.options.get("opentelemetry") else None
