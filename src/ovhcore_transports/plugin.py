"""The plugin that ovhcore finds by entry point: it offers every transport here, loaded when first needed."""

from __future__ import annotations

from typing import Final

from ovhcore.plugins import Option, TransportSpec, hookimpl

__all__ = ["REPLAY_DEFAULTS", "ovhcore_transports"]


_HOME: Final = __name__.rpartition(".")[0]  # also in a copy that has another name
_CASSETTE: Final = Option("cassette", meaning="the file of a recording", leads=True)

REPLAY_DEFAULTS: Final = {
    "endpoint": "ovh-eu",
    "application_key": "replay-application-key",
    "application_secret": "replay-application-secret",
    "consumer_key": "replay-consumer-key",
}
"""The default settings of a client that replays: a recording checks no credentials."""


@hookimpl
def ovhcore_transports() -> list[TransportSpec]:
    """Offer urllib3, httpx, httpx2, aiohttp, pyreqwest, the standard library, the sandbox, and recordings."""
    return [
        TransportSpec(
            "urllib3",
            sync=f"{_HOME}.urllib3:open_sync",
            asynchronous=f"{_HOME}.urllib3:open_async",
            requires=("urllib3",),
            extra="ovhcore[urllib3]",
            versions={"urllib3": ">=2.2,<3"},
        ),
        TransportSpec(
            "httpx",
            sync=f"{_HOME}.httpx:open_sync",
            asynchronous=f"{_HOME}.httpx:open_async",
            requires=("httpx",),
            extra="ovhcore[httpx]",
            versions={"httpx": ">=0.28,<1", "httpcore": ">=1.0.1,<2"},
            http2=("h2",),
        ),
        TransportSpec(
            "httpx2",
            sync=f"{_HOME}.httpx:open_sync_2",
            asynchronous=f"{_HOME}.httpx:open_async_2",
            requires=("httpx2",),
            extra="ovhcore[httpx2]",
            versions={"httpx2": ">=2.16,<3"},
            http2=("h2",),
        ),
        TransportSpec(
            "aiohttp",
            asynchronous=f"{_HOME}.aiohttp:open_async",
            requires=("aiohttp",),
            extra="ovhcore[aiohttp]",
            versions={"aiohttp": ">=3.11,<4"},
        ),
        TransportSpec(
            "pyreqwest",
            sync=f"{_HOME}.pyreqwest:open_sync",
            asynchronous=f"{_HOME}.pyreqwest:open_async",
            requires=("pyreqwest",),
            extra="ovhcore[pyreqwest]",
            versions={"pyreqwest": ">=0.15,<0.16"},
            http2=(),
        ),
        TransportSpec(
            "stdlib",
            sync=f"{_HOME}.stdlib:open_sync",
            asynchronous=f"{_HOME}.stdlib:open_async",
        ),
        TransportSpec(
            "sandbox",
            sync=f"{_HOME}.sandbox.memory:open_sync",
            asynchronous=f"{_HOME}.sandbox.memory:open_async",
            defaults={
                "endpoint": "ovh-eu",
                "application_key": "sandbox-application-key",
                "application_secret": "sandbox-application-secret",
                "consumer_key": "sandbox-consumer-key",
            },
            http2=(),
            isolated=True,
        ),
        TransportSpec(
            "record",
            sync=f"{_HOME}.recording.blocking:open_record",
            asynchronous=f"{_HOME}.recording.asynchronous:open_async_record",
            wraps=True,
            options=(_CASSETTE, Option("record_mode", meaning="none, once, new or all; once by default")),
        ),
        TransportSpec(
            "replay",
            sync=f"{_HOME}.recording.blocking:open_replay",
            asynchronous=f"{_HOME}.recording.asynchronous:open_async_replay",
            defaults=REPLAY_DEFAULTS,
            http2=(),
            options=(_CASSETTE,),
        ),
    ]
