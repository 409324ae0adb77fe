"""The plugins that every client has unless they are switched off by name."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import TYPE_CHECKING, Any, Final, cast

from ..exceptions import InvalidConfiguration
from ..flows.authentication.time_sync import TimeSync, TimeSyncFactory
from ..flows.resilience.retry import RetryPolicy, retried
from ..flows.resilience.retry_budget import RetryBudget
from ..protocol.requests.values import shown
from .hookspecs import hookimpl
from .options import Option, read_seconds

if TYPE_CHECKING:
    from ..flows.effects import Flow, Handler, Middleware
    from ..flows.observation import Notifier, Observer
    from ..flows.resilience.after_failure import Policy
    from ..protocol.messages import Request, Response
    from .settings import Settings

__all__ = ["BUILT_IN", "RETRY_OPTIONS"]

RETRY_OPTIONS: Final = ("retry", "retry_methods", "retry_deadline")
"""Options that programs may give even if their user has switched the plugin off; nothing is tried again then."""


class _TimeSyncPlugin:
    """Signs with the API's time, as the setting ``time_sync`` says."""

    @hookimpl
    def ovhcore_time_sync(self, settings: Settings) -> TimeSyncFactory:
        return partial(TimeSync, settings.time_sync)


class _RetryPlugin:
    """Tries failed calls again."""

    @hookimpl
    def ovhcore_options(self) -> Iterable[Option]:
        return (
            Option("retry", read_retry, "off, on, or how often to try at most; on by default", per_call=True),
            Option(
                "retry_methods",
                _read_methods,
                "what may be sent again although it may have arrived: some of GET, PUT, DELETE; GET by default",
                per_call=True,
            ),
            Option("retry_deadline", read_seconds, "seconds a call with its retries may take", per_call=True),
        )

    @hookimpl
    def ovhcore_retry_policy(self, settings: Settings) -> Policy | None:
        return RetryPolicy()

    @hookimpl
    def ovhcore_middleware(self, settings: Settings, notify: Notifier) -> Middleware:
        return retried(settings.retry, RetryBudget(), notify, settings.connection.timeout)


def read_retry(value: Any, what: str) -> bool | int | Policy:
    """Return whether, or how often at most, to try again; or the policy that is given.

    Raises:
        InvalidConfiguration: the value is none of these.
    """
    if isinstance(value, bool):
        return value
    if callable(value) and not isinstance(value, type):
        return cast("Policy", value)
    text = str(value).lower() if isinstance(value, (str, int)) else ""
    if text in ("on", "true", "yes"):
        return True
    if text in ("off", "false", "no", "0"):
        return False
    if text.isascii() and text.isdigit() and 0 < int(text[:5]) <= 1000:
        return int(text)
    raise InvalidConfiguration(
        f"{what} must be on, off, how often to try at most (1 to 1000), or a RetryPolicy, not {shown(value)}"
    )


def _read_methods(value: Any, what: str) -> frozenset[str]:
    names = value.split(",") if isinstance(value, str) else value
    try:
        methods = frozenset(name.strip().upper() for name in names if name != "")
        return RetryPolicy(methods=methods).methods
    except (TypeError, AttributeError):
        problem = shown(value)
    except InvalidConfiguration as error:
        raise InvalidConfiguration(f"{what}: {error}") from None
    raise InvalidConfiguration(f"{what} must be methods, as 'GET,PUT', not {problem}")


class _LoggingPlugin:
    """Logs calls to the logger ``ovhcore``: INFO one line for each, DEBUG all that happens."""

    @hookimpl
    def ovhcore_observer(self, settings: Settings) -> Observer:
        from .log import LogObserver

        return LogObserver()


class _CheckPlugin:
    """Holds calls against the catalogue of operations before they are sent, if the setting ``check`` says so."""

    @hookimpl
    def ovhcore_options(self) -> Iterable[Option]:
        meaning = (
            "whether calls are held against the catalogue before they are sent: off, warn or error; off by default"
        )
        return (Option("check", _read_check, meaning, per_call=True),)

    @hookimpl
    def ovhcore_middleware(self, settings: Settings) -> Middleware:
        mode, endpoint = settings.options.get("check", "off"), settings.endpoint
        told: set[str] = set()

        def middleware(handler: Handler) -> Handler:
            def handle(request: Request) -> Flow[Response]:
                call = request.call
                chosen = mode if call is None else call.options.get("check", mode)
                return handler(request) if chosen == "off" else checked(request, chosen)

            def checked(request: Request, chosen: str) -> Flow[Response]:
                from .check import check_request  # it loads the schemas

                check_request(endpoint, request, chosen, told)
                return (yield from handler(request))

            return handle

        return middleware


def _read_check(value: Any, what: str) -> str:
    """Return how calls are checked: ``"off"``, ``"warn"`` or ``"error"``.

    Raises:
        InvalidConfiguration: the value is none of these.
    """
    text = "off" if value is False else str(value).lower()
    if text not in ("off", "warn", "error"):
        raise InvalidConfiguration(f"{what} must be off, warn or error, not {shown(value)}")
    return text


BUILT_IN: Final = {
    "time-sync": _TimeSyncPlugin(),
    "retry": _RetryPlugin(),
    "logging": _LoggingPlugin(),
    "check": _CheckPlugin(),
}
"""The built-in plugins by name, innermost first."""
