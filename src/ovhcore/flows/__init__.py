"""What happens in which order: generators over a closed set of effects.

A flow yields :mod:`effects <ovhcore.flows.effects>` and is resumed with what they
brought; :func:`run` and :func:`arun` drive it with a transport, and so may any loop of
your own. A flow is used once.
"""

from __future__ import annotations

from .driver import AsyncStream, AsyncTransport, Stream, Transport, arun, run
from .effects import Clock, Effect, Flow, Gather, Handler, Middleware, Once, Send, Sleep, Uniform
from .pipeline import pipeline

__all__ = [
    "AsyncStream",
    "AsyncTransport",
    "Clock",
    "Effect",
    "Flow",
    "Gather",
    "Handler",
    "Middleware",
    "Once",
    "Send",
    "Sleep",
    "Stream",
    "Transport",
    "Uniform",
    "arun",
    "pipeline",
    "run",
]
