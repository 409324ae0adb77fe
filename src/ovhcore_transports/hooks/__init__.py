"""Plugins that need threads or other libraries: rate limits, the system's keyring, OpenTelemetry."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ovhcore._lazy import lazily

if TYPE_CHECKING:
    from .opentelemetry import OpenTelemetry
    from .throttle import Throttle

__all__ = ["OpenTelemetry", "Throttle"]

# OpenTelemetry's API is loaded only when it is used.
__getattr__ = lazily(__name__, {"opentelemetry": ("OpenTelemetry",), "throttle": ("Throttle",)})
