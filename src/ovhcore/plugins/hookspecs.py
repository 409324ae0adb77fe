"""The hooks. All of them are called while a client is made and never during a call.

Hooks build objects; the objects do the work. Hooks are plain functions and must not block:
an awaitable is refused with :class:`TypeError`. A hook may leave out arguments that it does
not need. An exception of a hook ends the making of the client: an :class:`.APIError` as it is,
any other one as an :class:`.InvalidConfiguration` that names the plugin.

They are called in the order of this page. For each hook, the caller's plugins come first, the
last of them foremost; then the installed ones; then the built-in ones. ``tryfirst`` and
``trylast`` of pluggy change that.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Final

import pluggy

if TYPE_CHECKING:
    from ..flows.authentication.oauth2 import TokenSharing
    from ..flows.authentication.providers import CredentialsProvider
    from ..flows.authentication.time_sync import TimeSyncFactory
    from ..flows.effects import Middleware
    from ..flows.observation import Notifier, Observer
    from ..flows.resilience.after_failure import Policy
    from ..protocol.credentials import Credentials
    from ..protocol.redaction import Redaction
    from .options import Option
    from .settings import Settings
    from .transports import TransportSpec

__all__ = [
    "PROJECT",
    "hookimpl",
    "ovhcore_credentials",
    "ovhcore_middleware",
    "ovhcore_observer",
    "ovhcore_options",
    "ovhcore_redaction",
    "ovhcore_retry_policy",
    "ovhcore_time_sync",
    "ovhcore_token_sharing",
    "ovhcore_transports",
]

PROJECT: Final = "ovhcore"
"""Name of the pluggy project and of the entry point group."""

hookimpl = pluggy.HookimplMarker(PROJECT)
"""Marks the functions of a plugin that are hooks."""

_hookspec = pluggy.HookspecMarker(PROJECT)


@_hookspec
def ovhcore_transports() -> Iterable[TransportSpec]:  # type: ignore[empty-body]
    """Offer transports. A name that another plugin offers too is an error."""


@_hookspec
def ovhcore_options() -> Iterable[Option]:  # type: ignore[empty-body]
    """Define settings, read from arguments, environment and files. A name that is taken is an error."""


@_hookspec
def ovhcore_redaction() -> Redaction | None:
    """Declare secrets, besides those that are always hidden, for what is written down: recordings and events.

    The declarations of several plugins are put together. None for nothing.
    """


@_hookspec(firstresult=True)
def ovhcore_credentials(settings: Settings) -> Credentials | CredentialsProvider | None:
    """Supply credentials, or a provider that is asked when they are first needed and when they are refused.

    The hook is called if arguments, environment, files and transport have none. None leaves it to the
    next plugin; the first answer counts.
    """


@_hookspec(firstresult=True)
def ovhcore_time_sync(settings: Settings) -> TimeSyncFactory | None:
    """Choose the maker of the :class:`.TimeSync`, which knows the API's time.

    None leaves it to the next plugin; the first answer counts. The built-in plugin
    ``time-sync`` answers as the setting ``time_sync`` says; without it the clock of the
    machine is trusted. The plugin ``sharing`` lets a plain :class:`.TimeSync` share the time if a store is set.
    """


@_hookspec(firstresult=True)
def ovhcore_retry_policy(settings: Settings) -> Policy | None:
    """Choose the retry policy.

    None leaves it to the next plugin; the first answer counts. The built-in plugin ``retry``
    answers with a :class:`.RetryPolicy`. Settings of the user are applied to the answer.
    """


@_hookspec
def ovhcore_observer(settings: Settings) -> Observer | None:
    """Observe a client by the events of :mod:`ovhcore.flows.events`, and change nothing. None for no observer.

    An observer that raises is logged under the name of its plugin and breaks no call, unless
    ``strict_observers`` is on.
    """


@_hookspec(firstresult=True)
def ovhcore_token_sharing(settings: Settings) -> TokenSharing | None:
    """Choose what gets the tokens of a service account for several processes.

    None leaves it to the next plugin; the first answer counts. If all do, each client fetches its own.
    """


@_hookspec
def ovhcore_middleware(settings: Settings, notify: Notifier) -> Middleware | None:
    """Wrap the exchanges of a client; ``notify`` tells its observers of an event.

    The caller's plugins are outermost, then the installed ones, then retries. Middleware marked
    ``trylast`` is inside of retries and wraps every attempt. All are outside of
    authentication, so a request that is sent again is signed again. None for a client that
    needs nothing.
    """


def hook_names() -> list[str]:
    """Return the names of all hooks, in the order in which they are called."""
    found: dict[str, Any] = globals()
    return [name for name in found if name.startswith("ovhcore_")]
