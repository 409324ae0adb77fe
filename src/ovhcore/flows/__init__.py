"""The control flow of calls: generators over a closed set of effects.

A flow yields effects and is resumed with their results; :func:`run` and :func:`arun` drive it with a transport,
and so may any loop of your own. A flow is used once.

The names below are promised, those beyond effects and drivers are loaded when they are first used. The modules in
which they live are not promised: their names and places may change.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from .._lazy import lazily
from .effects import (
    Clock,
    Consult,
    Effect,
    Flow,
    Gather,
    Handler,
    Middleware,
    Once,
    Send,
    SharedStore,
    Sleep,
    Uniform,
)
from .pipeline import pipeline
from .transports.driver import arun, run

if TYPE_CHECKING:
    from .authentication.oauth2 import TokenSharing
    from .authentication.providers import CredentialsProvider, RenewableProvider
    from .authentication.time_sync import TimeSync, TimeSyncFactory
    from .events import (
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
    from .observation import Contents, Notifier, Observer
    from .operations.waiting import Waiting
    from .resilience.after_failure import FailedAttempt, GiveUp, Policy, Wait, retry_after
    from .resilience.retry import RetryPolicy
    from .resilience.throttle import Limiter, Limits
    from .transports.extensions import (
        Cancellable,
        CancellableTransport,
        ConsultingTransport,
        GlancingTransport,
        HidingTransport,
        TransportWithDefaults,
        WarmableTransport,
    )

_HOMES: Final = {
    "transports.extensions": (
        "Cancellable",
        "CancellableTransport",
        "ConsultingTransport",
        "GlancingTransport",
        "HidingTransport",
        "TransportWithDefaults",
        "WarmableTransport",
    ),
    "authentication.oauth2": ("TokenSharing",),
    "authentication.providers": (
        "CredentialsProvider",
        "RenewableProvider",
    ),
    "authentication.time_sync": (
        "TimeSync",
        "TimeSyncFactory",
    ),
    "events": (
        "CallEnded",
        "CallStarted",
        "ClockCorrected",
        "Event",
        "RequestFailed",
        "RequestSent",
        "ResponseReceived",
        "RetryScheduled",
        "Throttled",
        "TokenRenewed",
    ),
    "observation": ("Contents", "Notifier", "Observer"),
    "operations.waiting": ("Waiting",),
    "resilience.after_failure": (
        "FailedAttempt",
        "GiveUp",
        "Policy",
        "Wait",
        "retry_after",
    ),
    "resilience.retry": ("RetryPolicy",),
    "resilience.throttle": (
        "Limiter",
        "Limits",
    ),
}

__all__ = [
    "CallEnded",
    "CallStarted",
    "Cancellable",
    "CancellableTransport",
    "Clock",
    "ClockCorrected",
    "Consult",
    "ConsultingTransport",
    "Contents",
    "CredentialsProvider",
    "Effect",
    "Event",
    "FailedAttempt",
    "Flow",
    "Gather",
    "GiveUp",
    "GlancingTransport",
    "Handler",
    "HidingTransport",
    "Limiter",
    "Limits",
    "Middleware",
    "Notifier",
    "Observer",
    "Once",
    "Policy",
    "RenewableProvider",
    "RequestFailed",
    "RequestSent",
    "ResponseReceived",
    "RetryPolicy",
    "RetryScheduled",
    "Send",
    "SharedStore",
    "Sleep",
    "Throttled",
    "TimeSync",
    "TimeSyncFactory",
    "TokenRenewed",
    "TokenSharing",
    "TransportWithDefaults",
    "Uniform",
    "Wait",
    "Waiting",
    "WarmableTransport",
    "arun",
    "pipeline",
    "retry_after",
    "run",
]

__getattr__ = lazily(__name__, _HOMES)


def __dir__() -> list[str]:
    return sorted(__all__)
