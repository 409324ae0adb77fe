"""Making a client: from the caller's arguments to the core that carries out its calls."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterable, Mapping
from typing import Any

from ..config.settings_sources import SettingsSources
from ..exceptions import InvalidConfiguration
from ..plugins.manager import Plugins
from .call_pipeline import CallPipeline
from .core import ClientCore, ClientKind
from .transport import ClientTransport, InsecureWarning, TransportSelection, select_transport

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

    Each step uses what the steps before it have returned:

    1. The sources: every place of settings, read once.
    2. The plugins. A setting says which installed ones are off.
    3. The transport, selected but not made. Its name is a setting, and a plugin offers it.
    4. The settings of all sources. Plugins define some of them, and the transport may bring defaults.
    5. The pipeline for calls. Plugins supply missing credentials, the retry policy and the middleware.
    6. The checks: whether the transport can do what the settings say. Then the warnings: of servers that are not
       verified, and of bad settings that were passed over.

    A bad setting of a variable or a file is passed over, with a warning, if the caller gave a whole set of
    credentials as arguments: such a caller is not stopped by what stands elsewhere.

    Args:
        kind: the kind of client: for ``def`` or for ``async def`` code.
        arguments: the caller's arguments, by name; None counts as not given.
        transport: the name of a transport, or the caller's own transport.
        plugins: the caller's plugins.
        config_file: a file to read before the usual ones.
        config: whether variables and the usual files are looked at.

    Raises:
        InvalidConfiguration: a setting is missing, malformed or contradicts another.
        InvalidRegion: no endpoint is set, or an unknown one.
    """
    # What is no bool goes on as it is: SettingsSources refuses it.
    sources = SettingsSources(
        arguments, config_file=config_file, apart=config if not isinstance(config, bool) else not config
    )
    del arguments  # a traceback would show them
    used = _plugins(sources, plugins)
    selection = _selection(sources, used, transport, kind)
    settings = sources.settings(
        defaults=selection.defaults, isolated=selection.isolated, options=used.options(), redaction=used.redaction()
    )
    calls = CallPipeline(settings, used, sources)
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


def _plugins(sources: SettingsSources, plugins: Iterable[object]) -> Plugins:
    names, setting = sources.disabled_plugins()
    try:
        return Plugins(plugins, names, setting)
    except InvalidConfiguration as error:
        if not sources.passes_over("disabled_plugins", error):
            raise
    return Plugins(plugins)


def _selection(sources: SettingsSources, plugins: Plugins, transport: Any, kind: ClientKind) -> TransportSelection:
    order, asynchronous = kind.default_transports, kind.asynchronous
    try:
        return select_transport(transport, sources.transport(), plugins, order, asynchronous=asynchronous)
    except InvalidConfiguration as error:
        if not sources.passes_over("transport", error):
            raise
    return select_transport(transport, None, plugins, order, asynchronous=asynchronous)
