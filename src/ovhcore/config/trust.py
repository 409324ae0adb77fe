"""The rule that says which place may decide where the secrets of another place go.

Credentials go only where the place they came from, or a more trusted one, sends them. The
order says who controls a place, and is not the order in which settings are looked for:
``./ovh.conf`` is asked before ``~/.ovh.conf``, but whoever made the directory wrote it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from ..exceptions import InvalidConfiguration
from ..protocol.endpoints import OAUTH2_TOKEN_URLS, is_known_endpoint, is_unencrypted
from .files import SettingsSource, Trust

if TYPE_CHECKING:
    from ..plugins.settings import Settings

__all__ = ["SettingOrigin", "Trust", "check_trust", "deciding_origins", "first", "other_secrets"]


class SettingOrigin:
    """A setting and the place that says it; ``source`` is None for credentials that a plugin supplies."""

    __slots__ = ("name", "source")

    def __init__(self, name: str, source: SettingsSource | None) -> None:
        self.name = name
        self.source = source

    @property
    def trust(self) -> Trust:
        """Return how far the place is trusted."""
        return Trust.OWN if self.source is None else self.source.trust

    def __str__(self) -> str:
        if self.source is None:
            return "what a plugin supplies as credentials"
        return f"{self.name} ({self.source.where})" if " " in self.name else self.source.label(self.name)


def first(sources: Iterable[SettingsSource], name: str) -> tuple[Any, SettingsSource] | None:
    """Return a setting and its place, from the first place that has the setting."""
    for source in sources:
        if name in source.values:
            return source.values[name], source
    return None


def deciding_origins(
    places: list[SettingsSource], others: list[SettingsSource], settings: Settings, options: Iterable[str]
) -> list[SettingOrigin]:
    """Return the settings that decide where the secrets of a client go, or who can read them on the way.

    Args:
        places: the places that may say the endpoint, most specific first.
        others: the places that may say everything else.
        settings: the settings of all places together.
        options: the settings of plugins that decide where secrets go, too.
    """
    endpoint, connection = settings.endpoint, settings.connection
    decides = {
        "proxy": connection.proxy is not None,
        "ca_bundle": connection.ca_bundle is not None,
        "client_cert": connection.client_cert is not None,
        "client_key": connection.client_key is not None,
        "verify": not connection.verify,
        "allow_http": any(url is not None and is_unencrypted(url) for url in (endpoint.url, endpoint.token_url)),
        **dict.fromkeys(options, True),
    }
    addresses = {
        "endpoint": not is_known_endpoint(endpoint.url),
        "token_url": endpoint.token_url not in OAUTH2_TOKEN_URLS.values(),
    }
    said = [(name, first(places, name)) for name, does in addresses.items() if does]
    said += [(name, first(others, name)) for name, does in decides.items() if does]
    return [SettingOrigin(name, found[1]) for name, found in said if found is not None]


def other_secrets(others: Iterable[SettingsSource]) -> list[SettingOrigin]:
    """Return settings that may be secret besides credentials: header fields, and the client's certificate and key."""
    listed = list(others)
    fields: dict[str, SettingOrigin] = {}
    for source in reversed(listed):
        fields |= {name.lower(): SettingOrigin(f"header {name}", source) for name in source.headers}
    keys = [(name, first(listed, name)) for name in ("client_cert", "client_key")]
    return [*fields.values(), *(SettingOrigin(name, found[1]) for name, found in keys if found is not None)]


def check_trust(deciding: Iterable[SettingOrigin], secrets: Iterable[SettingOrigin]) -> None:
    """Make sure that no secret is led by a place that is less trusted than its own.

    Args:
        deciding: the settings that decide where secrets go.
        secrets: the settings that are or hold secrets.

    Raises:
        InvalidConfiguration: a secret is; the message names both places.
    """
    held = list(secrets)
    for leader in deciding:
        for secret in held:
            # A section that has the URL as its name says itself that its contents are for that URL.
            named = leader.name == "endpoint" and secret.source is not None and secret.source.of_endpoint
            if leader.trust < secret.trust and not named:
                beside = "" if secret.source is None or " " in secret.name else f", or in the place of {secret.name}"
                raise InvalidConfiguration(
                    f"{leader} must not decide where {secret} goes, for it is in a less trusted place. Remove "
                    f"{leader.name} there; or, if you trust it, set it as an argument, as "
                    f"OVH_{leader.name.upper()}{beside}"
                )
