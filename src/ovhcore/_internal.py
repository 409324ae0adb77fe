"""Names for ``ovhcore_transports``, which comes in the same distribution; they are promised to nobody else.

The packages of ovhcore hand on what is promised. ``ovhcore_transports`` needs a little more, and takes it from here, so
that modules of ovhcore can move without it. The first use of a name loads its module.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ._lazy import lazily

if TYPE_CHECKING:
    from .config.files import CONFIG_FILES
    from .config.found import FoundSetting
    from .config.settings_sources import SettingsSources
    from .flows.interpreter_exit import at_exit
    from .flows.resilience.throttle import throttled
    from .flows.transports.protocols import AsyncStream, AsyncTransportLike, Stream, TransportLike
    from .plugins.manager import Plugins
    from .plugins.settings import CREDENTIALS
    from .plugins.versions import installed_version
    from .protocol.clock import parse_http_date
    from .protocol.messages import DEFAULT_TIMEOUT
    from .protocol.redaction import REDACTED, SECRET_HEADERS, is_secret_header, is_secret_name, redact_headers
    from .protocol.requests.access_rules import access_rules, rule_covers
    from .protocol.responses.decoding import parse_json
    from .protocol.secrets.known import WITHIN
    from .protocol.secrets.learning import (
        is_placeholder,
        secrets_of_body,
        secrets_of_headers,
        secrets_of_json,
        secrets_of_url,
    )
    from .protocol.secrets.redacting import Redactor, is_form
    from .schema.checking import check_value
    from .schema.stubs.command import write_types
    from .schema.types import references

_HOMES: Final = {
    "config.found": ("FoundSetting",),
    "config.settings_sources": ("SettingsSources",),
    "config.files": ("CONFIG_FILES",),
    "flows.interpreter_exit": ("at_exit",),
    "flows.resilience.throttle": ("throttled",),
    "flows.transports.protocols": ("AsyncStream", "AsyncTransportLike", "Stream", "TransportLike"),
    "plugins.manager": ("Plugins",),
    "plugins.settings": ("CREDENTIALS",),
    "plugins.versions": ("installed_version",),
    "protocol.clock": ("parse_http_date",),
    "protocol.messages": ("DEFAULT_TIMEOUT",),
    "protocol.redaction": ("REDACTED", "SECRET_HEADERS", "is_secret_header", "is_secret_name", "redact_headers"),
    "protocol.requests.access_rules": ("access_rules", "rule_covers"),
    "protocol.responses.decoding": ("parse_json",),
    "protocol.secrets.known": ("WITHIN",),
    "protocol.secrets.learning": (
        "is_placeholder",
        "secrets_of_body",
        "secrets_of_headers",
        "secrets_of_json",
        "secrets_of_url",
    ),
    "protocol.secrets.redacting": ("Redactor", "is_form"),
    "schema.checking": ("check_value",),
    "schema.stubs.command": ("write_types",),
    "schema.types": ("references",),
}

__all__ = [
    "CONFIG_FILES",
    "CREDENTIALS",
    "DEFAULT_TIMEOUT",
    "REDACTED",
    "SECRET_HEADERS",
    "WITHIN",
    "AsyncStream",
    "AsyncTransportLike",
    "FoundSetting",
    "Plugins",
    "Redactor",
    "SettingsSources",
    "Stream",
    "TransportLike",
    "access_rules",
    "at_exit",
    "check_value",
    "installed_version",
    "is_form",
    "is_placeholder",
    "is_secret_header",
    "is_secret_name",
    "parse_http_date",
    "parse_json",
    "redact_headers",
    "references",
    "rule_covers",
    "secrets_of_body",
    "secrets_of_headers",
    "secrets_of_json",
    "secrets_of_url",
    "throttled",
    "write_types",
]

__getattr__ = lazily(__name__, _HOMES, below=__package__)
