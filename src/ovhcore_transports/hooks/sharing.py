"""The plugin ``sharing``: processes with the same ``limit_store`` share more than limits.

They send a named POST at most once, fetch one token of a service account for all, and tell each other the API's time.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable
from typing import TYPE_CHECKING, Any

from ovhcore.exceptions import InvalidConfiguration
from ovhcore.plugins import Option, hookimpl

if TYPE_CHECKING:
    from ovhcore.config import Settings
    from ovhcore.flows import Middleware, TimeSyncFactory, TokenSharing

__all__ = ["ovhcore_middleware", "ovhcore_options", "ovhcore_time_sync", "ovhcore_token_sharing"]


def _read_name(value: Any, what: str) -> str:
    if not isinstance(value, str) or not 0 < len(value) <= 200 or not value.isprintable():
        raise InvalidConfiguration(f"{what} must be text of 1 to 200 characters, as 'invoice-17'")
    return value


@hookimpl
def ovhcore_options() -> Iterable[Option]:
    """Define the option of a call."""
    meaning = "of one POST: names what is to be done, which is sent once at most; needs limit_store"
    return (Option("once", _read_name, meaning, per_call=True, needs="limit_store"),)


@hookimpl
def ovhcore_middleware(settings: Settings) -> Middleware | None:
    """Return middleware that sends a named call at most once, if a store is set."""
    if "once" in settings.options:
        raise InvalidConfiguration("once names what one call does: client.post(path, _once='invoice-17')")
    store = settings.options.get("limit_store")
    if store is None:
        return None
    from ..shared.wiring import once_of

    return once_of(settings, store)


@hookimpl
def ovhcore_token_sharing(settings: Settings) -> TokenSharing | None:
    """Return the sharing of tokens, if a store is set."""
    store = settings.options.get("limit_store")
    if store is None:
        return None
    from ..shared.wiring import tokens_of

    return tokens_of(settings, store)


@hookimpl(wrapper=True)
def ovhcore_time_sync(
    settings: Settings,
) -> Generator[None, TimeSyncFactory | None, TimeSyncFactory | None]:
    """Let what another plugin has chosen share the API's time, if a store is set."""
    chosen = yield
    store = settings.options.get("limit_store")
    if store is None or chosen is None:
        return chosen
    from ..shared.wiring import time_of

    return time_of(settings, store, chosen)
