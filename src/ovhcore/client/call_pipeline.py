"""The pipeline for the calls of a client: middleware around authentication around the exchange."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from .._version import __version__
from ..config.settings_sources import SettingsSources
from ..flows.authentication import Authentication
from ..flows.effects import Handler
from ..flows.exchange import limited
from ..flows.observation import Contents, Notifier
from ..flows.pipeline import observed_calls, pipeline
from ..flows.resilience.retry import chosen_policy
from ..plugins.manager import Plugins
from ..plugins.settings import Settings
from ..protocol.messages import Headers

__all__ = ["CallPipeline"]

_AGENT: Final = f"ovhcore/{__version__}"


class CallPipeline:
    """The pipeline that carries out the calls of a client.

    Args:
        settings: the settings as they were found.
        plugins: the plugins of the client.
        sources: where the settings were found.

    Attributes:
        settings: the settings, with the decisions of plugins.
        headers: fields sent with every request.
        auth: signs and sends, inside of all middleware.
        handle: answers a request.
    """

    def __init__(self, settings: Settings, plugins: Plugins, sources: SettingsSources) -> None:
        credentials = settings.credentials or plugins.credentials(settings)
        if settings.credentials is None and credentials is not None:
            sources.check_provided()
        if credentials is not None and not callable(credentials):
            settings = settings.replacing(credentials=credentials)
        time_sync = plugins.time_sync(settings)
        policy = plugins.retry_policy(settings)
        if policy is not None:  # the user's settings come before the plugins' policy
            policy = chosen_policy(policy, settings.options)
        self.settings = settings = settings.replacing(retry=policy)
        self.headers = _default_headers(settings)
        declared = settings.connection.redaction
        observers = plugins.observers(settings)
        contents = Contents(self.secrets, declared)
        notify = Notifier(observers, strict=settings.strict_observers, url=contents.url, text=contents.text)
        self.auth: Authentication = pipeline(
            settings.endpoint,
            credentials,
            time_sync=time_sync,
            headers=self.headers,
            observer=notify if observers else None,
            declared=declared,
            looked=sources.looked,
            contents=contents,
            share=plugins.token_sharing(settings),
        )
        handler: Handler = self.auth.handle
        for middleware in plugins.middleware(settings, notify):
            handler = middleware(handler)
        handler = limited(handler, settings.connection.timeout)
        self.handle = observed_calls(handler, notify, contents) if observers else handler

    def secrets(self) -> Iterator[str]:
        """Yield the values that no error may show, even if an answer repeats them."""
        yield from self.auth.secrets()
        yield from self.settings.secrets()


def _default_headers(settings: Settings) -> Headers:
    agent = f"{settings.user_agent} {_AGENT}" if settings.user_agent else _AGENT
    fields = {"user-agent": ("User-Agent", agent), "accept": ("Accept", "application/json")}
    fields.update((name.lower(), (name, value)) for name, value in settings.headers)
    return Headers(fields.values())
