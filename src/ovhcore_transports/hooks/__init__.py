"""Plugins that use the outside world: rate limits of a process, the system's keyring, OpenTelemetry."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ovhcore._lazy import lazily

if TYPE_CHECKING:
    from .opentelemetry import OpenTelemetry
    from .throttle import Throttle

__all__ = ["OpenTelemetry", "Throttle"]

# OpenTelemetry's API is loaded only for those who use it.
__getattr__ = lazily(__name__, {"opentelemetry": ("OpenTelemetry",), "throttle": ("Throttle",)})
