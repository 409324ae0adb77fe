"""The plugin ``sharing``: what processes with the same ``limit_store`` have in common besides limits.

A POST of a name, which is sent at most once; the tokens of a service account, of which one is fetched for all.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from ovhcore.exceptions import InvalidConfiguration
from ovhcore.plugins import Option, hookimpl

if TYPE_CHECKING:
    from ovhcore.config import Settings
    from ovhcore.flows import Middleware, TokenSharing

__all__ = ["ovhcore_middleware", "ovhcore_options", "ovhcore_token_sharing"]


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
    """Guard calls that have a name, if there is a store."""
    if "once" in settings.options:
        raise InvalidConfiguration("once names what one call does: client.post(path, _once='invoice-17')")
    store = settings.options.get("limit_store")
    if store is None:
        return None
    from ..shared.wiring import guard_of

    return guard_of(settings, store)


@hookimpl
def ovhcore_token_sharing(settings: Settings) -> TokenSharing | None:
    """Share tokens, if there is a store."""
    store = settings.options.get("limit_store")
    if store is None:
        return None
    from ..shared.wiring import tokens_of

    return tokens_of(settings, store)
