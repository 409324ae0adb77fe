"""Conversion of found values: every setting of a client but its credentials and its endpoint."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import Any

from ..exceptions import InvalidConfiguration, InvalidRequest
from ..flows.authentication.time_sync import MODES
from ..plugins.options import Option, read_number, read_switch, read_text
from ..plugins.settings import Settings
from ..plugins.transports import TransportSettings
from ..protocol.credentials import Credentials
from ..protocol.endpoints import Endpoint
from ..protocol.messages import DEFAULT_TIMEOUT, Timeout
from ..protocol.redaction import Redaction, Secret
from ..protocol.requests.building import field_problem
from ..protocol.requests.values import read_timeout
from .files import Environment, SettingsSource, expanded
from .leniency import Leniency

__all__ = ["convert_settings"]


def convert_settings(
    endpoint: Endpoint,
    credentials: Credentials | None,
    others: list[SettingsSource],
    variables: Environment,
    options: Mapping[str, Option],
    redaction: Redaction,
    leniency: Leniency,
) -> Settings:
    """Return the settings of a client, each converted to its type.

    Args:
        endpoint: the API.
        credentials: the credentials.
        others: the sources of all other settings, the arguments first.
        variables: the environment, for variables that other programs read, too.
        options: the settings that plugins define.
        redaction: the secrets that plugins declare.
        leniency: passes over bad values.

    Raises:
        InvalidConfiguration: a setting is malformed, or contradicts another.
    """

    def setting(name: str, read: Callable[[Any, str], Any], default: Any = None) -> Any:
        for source in others:
            if name in source.values:
                try:
                    return read(source.values[name], source.label(name))
                except InvalidConfiguration as error:
                    if not leniency.passes_over(name, None if source is not others[0] else leniency.arguments, error):
                        raise
        return default

    ca_bundle = setting("ca_bundle", _file)
    if ca_bundle is None:
        # requests, and so python-ovh, looks at these variables.
        for variable in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
            if path := variables.get(variable):
                ca_bundle = _file(path, variable)
                break
    client_cert, client_key = setting("client_cert", _file), setting("client_key", _file)
    if client_key is not None and client_cert is None:
        raise InvalidConfiguration("client_key is set and client_cert is not: a key needs its certificate")
    chosen = {name: value for name in options if (value := setting(name, options[name].read)) is not None}
    return Settings(
        endpoint,
        credentials,
        setting("transport", read_text),
        TransportSettings(
            setting("timeout", _timeout, DEFAULT_TIMEOUT),
            setting("proxy", read_text),
            ca_bundle,
            setting("max_response_size", read_number),
            setting("pool_size", read_number),
            setting("verify", read_switch, True),
            client_cert,
            client_key,
            setting("http2", read_switch, False),
            chosen,
            redaction,
        ),
        setting("user_agent", _user_agent),
        _headers(others, leniency),
        setting("time_sync", _time_sync, "date"),
        chosen,
        setting("strict_observers", read_switch, False),
    )


def _headers(others: list[SettingsSource], leniency: Leniency) -> tuple[tuple[str, str], ...]:
    """Return the header fields of all places; for each name, the field of the most specific place."""
    hidden: dict[str, tuple[str, Secret]] = {}
    for source in reversed(others):
        for name, value in source.headers.items():
            if problem := field_problem(name, value.reveal()):
                error = InvalidConfiguration(f"{problem} ({source.where})")
                if leniency.passes_over("headers", None if source is not others[0] else leniency.arguments, error):
                    continue
                raise error
            hidden[name.lower()] = (name, value)
    return tuple((name, value.reveal()) for name, value in hidden.values())


def _user_agent(value: Any, what: str) -> str:
    if field_problem("User-Agent", value):
        raise InvalidConfiguration(f"{what} must be a line of printable ASCII text without outer spaces")
    return str(value)


def _time_sync(value: Any, what: str) -> str:
    if value not in MODES:
        raise InvalidConfiguration(f"{what} must be one of {', '.join(MODES)}, not {value!r}")
    return str(value)


def _file(value: Any, what: str) -> str:
    path = expanded(value, what)
    if not os.path.exists(path):
        raise InvalidConfiguration(f"{what} names {path}, which does not exist")
    return path


def _timeout(value: Any, what: str) -> Timeout:
    try:
        return read_timeout(value, what)
    except InvalidRequest as error:
        raise InvalidConfiguration(str(error)) from None
