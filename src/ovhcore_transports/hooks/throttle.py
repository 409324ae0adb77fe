"""The plugin ``throttle``: limits that a client sets itself, off by default.

The limiter is in :mod:`ovhcore.flows.resilience.throttle`; this module has the settings. Most clients have
no limits, so the limiter is loaded only for clients with limits.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Final

from ovhcore.exceptions import InvalidConfiguration
from ovhcore.plugins import Option, hookimpl, read_number
from ovhcore.protocol import shown

if TYPE_CHECKING:
    from ovhcore.config import Settings
    from ovhcore.flows import Limiter, Limits, Middleware, Notifier

__all__ = ["Throttle", "ovhcore_middleware", "ovhcore_options", "read_rate"]

_UNITS: Final = {
    "s": 1.0,
    "sec": 1.0,
    "second": 1.0,
    "m": 60.0,
    "min": 60.0,
    "minute": 60.0,
    "h": 3600.0,
    "hour": 3600.0,
}
_RATE: Final = r"([0-9]{1,20}(?:\.[0-9]{1,20})?) *(?:/ *([a-z]+))?"
_NAMES: Final = ("rate_limit", "rate_burst")
_LOWEST: Final = 1e-6  # per second; below it waits would be too long to sleep
_HIGHEST: Final = 1e6
_SCOPES: Final = ("client", "credentials")
_SCOPE: Final = r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}"


def read_rate(value: Any, what: str) -> float:
    """Return requests per second, from a number or from text as ``"60/minute"``.

    Raises:
        InvalidConfiguration: the value is neither, or not above 0.
    """
    rate = 0.0
    if isinstance(value, str):
        match = re.fullmatch(_RATE, value.strip().lower())
        unit = _UNITS.get(match[2] or "s") if match else None
        if match and unit:
            rate = float(match[1]) / unit
    elif isinstance(value, (int, float)) and not isinstance(value, bool) and value < _HIGHEST * 2:
        rate = float(value)
    if not _LOWEST <= rate <= _HIGHEST:
        raise InvalidConfiguration(
            f"{what} must be a rate above 0, as '10/second', '60/minute' or '1000/hour', not {shown(value)}"
        )
    return rate


def _read_scope(value: Any, what: str) -> str:
    scope = value.strip() if isinstance(value, str) else ""
    if scope.lower() in _SCOPES:
        return scope.lower()
    if not re.fullmatch(_SCOPE, scope):
        raise InvalidConfiguration(
            f"{what} must be {' or '.join(_SCOPES)}, not {shown(value)}; with a limit_store it may be a name of "
            "letters, digits, '.', '_' and '-'"
        )
    return scope


def _read_store(value: Any, what: str) -> str:
    from ..shared.stores.opening import read_store

    return read_store(value, what)


def _read_down(value: Any, what: str) -> bool:
    """Return whether a process keeps to limits alone while the store gives no answer."""
    if value not in ("own", "fail"):
        raise InvalidConfiguration(f"{what} must be own or fail, not {shown(value)}")
    return bool(value == "own")


def _limits(rate: float | None, burst: int | None, concurrency: int | None, names: tuple[str, str]) -> Limits:
    if burst is not None and rate is None:
        raise InvalidConfiguration(f"{names[1]} is part of a rate, and {names[0]} is not set")
    from ovhcore.flows import Limits

    return Limits(rate, burst, concurrency)


class Throttle:
    """A plugin that limits clients of a program: ``Client(plugins=[Throttle(rate=10)])``.

    All clients with the same object share its limits. Without any limit it holds
    requests back only after the API has asked to slow down.

    Args:
        rate: requests per second on average, or text as ``"60/minute"``; None for no limit.
        concurrency: requests at the same time; None for no limit.
        burst: requests that may be sent at once after a time without any; those of one second by default.

    Raises:
        InvalidConfiguration: a limit is not usable, or there is a burst without a rate.
    """

    def __init__(
        self, rate: float | str | None = None, concurrency: int | None = None, burst: int | None = None
    ) -> None:
        from ..shared.limiters import ProcessLimiter

        self._limiter = ProcessLimiter(
            _limits(
                None if rate is None else read_rate(rate, "rate"),
                None if burst is None else read_number(burst, "burst"),
                None if concurrency is None else read_number(concurrency, "concurrency"),
                ("rate", "burst"),
            )
        )

    @property
    def limiter(self) -> Limiter:
        """The limiter, to look at its state."""
        return self._limiter

    @hookimpl(trylast=True)
    def ovhcore_middleware(self, settings: Settings, notify: Notifier) -> Middleware:
        """Return middleware that limits every attempt."""
        from ovhcore._internal import throttled

        return throttled(self._limiter, notify)


@hookimpl
def ovhcore_options() -> Iterable[Option]:
    """Define the limits."""
    return (
        Option("rate_limit", read_rate, "requests in a second, or as 60/minute; no limit by default"),
        Option(
            "rate_burst",
            read_number,
            "requests that may be sent at once after a time without any; those of a second by default",
        ),
        Option("max_concurrency", read_number, "requests at the same time; no limit by default"),
        Option(
            "limit_scope",
            _read_scope,
            "client, the default: for each client; credentials: for all clients of this process with the same ones; "
            "with a limit_store these are the default, and another word names whose limit it is",
        ),
        Option(
            "limit_store",
            _read_store,
            "redis://HOST:6379/0, valkey:// and the like, or file:///PATH: limits are shared with other processes",
            leads=True,
        ),
        Option(
            "limit_store_down",
            _read_down,
            "own, the default: while limit_store gives no answer, each process keeps to limits alone; fail: calls fail",
        ),
    )


@hookimpl(trylast=True)
def ovhcore_middleware(settings: Settings, notify: Notifier) -> Middleware | None:
    """Return middleware that limits every attempt, if a limit is set."""
    options = settings.options
    rate, burst, concurrency = (options.get(name) for name in ("rate_limit", "rate_burst", "max_concurrency"))
    scope, store = options.get("limit_scope"), options.get("limit_store")
    if store is None and scope not in (None, *_SCOPES):
        raise InvalidConfiguration(
            f"limit_scope must be {' or '.join(_SCOPES)}, not {scope!r}: limit_store is not set, so no name tells whose"
        )
    if rate is None and burst is None and concurrency is None:
        return None
    if store is not None:
        return _shared(settings, notify, _limits(rate, burst or (rate and 1), concurrency, _NAMES), scope, store)
    limits = _limits(rate, burst, concurrency, _NAMES)
    from ovhcore._internal import throttled

    from ..shared.limiters import ProcessLimiter, limiters_of_process

    if scope == "credentials" and settings.credentials is not None:
        return throttled(limiters_of_process.limiter((settings.endpoint.url, settings.credentials), limits), notify)
    return throttled(ProcessLimiter(limits), notify)


def _shared(settings: Settings, notify: Notifier, limits: Limits, scope: str | None, store: str) -> Middleware:
    if scope == "client":
        raise InvalidConfiguration(
            "limit_scope is client, and limits in a limit_store are not those of one client: leave limit_scope out, or "
            "name whose limits they are"
        )
    from ..shared.keeper import keeper_of
    from ..shared.scopes import scope_of
    from ..shared.throttling import SharedLimit, shared_throttle

    keeper = keeper_of(store)
    name = scope_of(settings) if scope in (None, "credentials") else scope
    alone = settings.options.get("limit_store_down", True)
    return shared_throttle(SharedLimit(keeper.store, keeper, name, limits, alone=alone), notify)
