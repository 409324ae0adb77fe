"""What ovhcore finds by entry point: every transport here, loaded when first needed."""

from __future__ import annotations

from ovhcore.plugins import TransportSpec, hookimpl

__all__ = ["ovhcore_transports"]


@hookimpl
def ovhcore_transports() -> list[TransportSpec]:
    """Offer urllib3, httpx and the sandbox."""
    return [
        TransportSpec(
            "urllib3",
            sync="ovhcore_transports.urllib3:open_sync",
            requires=("urllib3",),
            extra="ovhcore[urllib3]",
        ),
        TransportSpec(
            "httpx",
            asynchronous="ovhcore_transports.httpx:open_async",
            requires=("httpx",),
            extra="ovhcore[httpx]",
        ),
        TransportSpec(
            "sandbox",
            sync="ovhcore_transports.sandbox.memory:open_sync",
            asynchronous="ovhcore_transports.sandbox.memory:open_async",
            defaults={
                "endpoint": "ovh-eu",
                "application_key": "sandbox-application-key",
                "application_secret": "sandbox-application-secret",
                "consumer_key": "sandbox-consumer-key",
            },
        ),
    ]
