"""Making a client: from the caller's arguments to the core that carries out its calls."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterable, Mapping
from typing import Any

from ..config.loading import SettingsSources
from ..plugins.manager import Plugins
from .call_pipeline import CallPipeline
from .core import ClientCore, ClientKind
from .transport import ClientTransport, InsecureWarning, select_transport

__all__ = ["assemble"]


def assemble(
    kind: ClientKind,
    arguments: Mapping[str, Any],
    *,
    transport: Any,
    plugins: Iterable[object],
    config_file: str | os.PathLike[str] | None,
    config: bool,
) -> ClientCore:
    """Put a client together; files are read, and no HTTP library is imported.

    Args:
        kind: for ``def`` or for ``async def`` code.
        arguments: what the caller gave, by name; None counts as not given.
        transport: a name, or the caller's own.
        plugins: of the caller.
        config_file: a file to read before the usual ones.
        config: whether variables and the usual files are looked at.

    Raises:
        InvalidConfiguration: a setting is missing, malformed or contradicts another.
        InvalidRegion: no endpoint is set, or an unknown one.
    """
    # All sources of settings are read once. Which settings there are depends on the plugins, and which plugins on a
    # setting; what a transport brings along fills gaps, and its name is a setting, too. Hence this order.
    sources = SettingsSources(
        arguments, config_file=config_file, apart=config if not isinstance(config, bool) else not config
    )
    del arguments  # a traceback would show them
    used = sources.with_disabled(lambda names, what: Plugins(plugins, names, what))
    selection = sources.with_transport(
        lambda name: select_transport(transport, name, used, kind.default_transports, asynchronous=kind.asynchronous)
    )
    found = sources.settings(
        defaults=selection.defaults, isolated=selection.isolated, options=used.options(), redaction=used.redaction()
    )
    calls = CallPipeline(found, used, sources)
    connection = calls.settings.connection
    selection.check(connection)
    if selection.spec is not None and not connection.verify:
        warnings.warn(
            "verify is off: whoever is between this program and the API reads and changes what is sent. "
            "To trust a certificate of your own, name it as ca_bundle",
            InsecureWarning,
            stacklevel=3,
        )
    sources.leniency.warn(3)
    return ClientCore(kind, used, ClientTransport(selection, connection, calls.secrets()), calls, sources)
