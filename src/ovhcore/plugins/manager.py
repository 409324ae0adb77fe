"""One manager per client: built-in plugins, then entry points, then the caller's."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from typing import TYPE_CHECKING, Any, Final

import pluggy

from .._version import __version__
from ..exceptions import APIError, InvalidConfiguration, InvalidRequest
from ..flows.interpreter_exit import at_exit
from ..protocol.credentials import AccessToken, ApplicationKey, OAuth2Client
from ..protocol.redaction import Redaction
from ..protocol.requests.values import shown
from . import hookspecs
from .builtin import BUILT_IN, RETRY_OPTIONS
from .discovery import OWN, EntryPoint, installed, load_object
from .marks import Marked
from .options import Option
from .settings import CREDENTIALS, OTHERS
from .transports import TransportSpec

if TYPE_CHECKING:
    from ..flows.authentication.oauth2 import TokenSharing
    from ..flows.authentication.providers import CredentialsProvider
    from ..flows.authentication.time_sync import TimeSyncFactory
    from ..flows.effects import Middleware
    from ..flows.observation import Notifier, Observer
    from ..flows.resilience.after_failure import Policy
    from ..protocol.credentials import Credentials
    from .info import PluginInfo
    from .settings import Settings

__all__ = ["Plugins", "list_plugins"]

_CALLED: Final = (
    "ovhcore_token_sharing",
    "ovhcore_time_sync",
    "ovhcore_retry_policy",
    "ovhcore_observer",
    "ovhcore_middleware",
)
"""Hooks whose answers are called."""


class _Awaitable:
    """A mark for an awaitable answer, which nobody awaits here."""


@cache
def _installed() -> tuple[EntryPoint, ...]:
    """Return every entry point: looked up once per process."""
    return tuple(installed(hookspecs.PROJECT, __version__).values())


def _listed(plugins: Iterable[object]) -> list[object]:
    if isinstance(plugins, Iterable) and not isinstance(plugins, (str, bytes)):
        listed = list(plugins)
        for plugin in listed:
            if isinstance(plugin, type):
                raise InvalidConfiguration(f"plugins has the class {plugin.__name__}; a plugin is an object of it")
        return listed
    raise InvalidConfiguration(f"plugins must be a list of plugins, not {type(plugins).__name__}")


class Plugins:
    """The plugins of one client.

    Args:
        plugins: the caller's, in addition to those found by entry point.
        disabled: names of built-in and installed plugins that are not used, nor even loaded.
        what: the setting that disables them, for messages.

    Raises:
        InvalidConfiguration: a plugin cannot be loaded or has an unknown hook; or a name
            in ``disabled`` is unknown.
    """

    def __init__(
        self, plugins: Iterable[object] = (), disabled: Iterable[str] = (), what: str = "disabled_plugins"
    ) -> None:
        self._specs: dict[str, TransportSpec] | None = None
        self._options: dict[str, Option] | None = None
        self._manager = manager = Marked(hookspecs.PROJECT)
        manager.add_hookspecs(hookspecs)
        off = _known(disabled, what)
        for name, plugin in BUILT_IN.items():
            if name not in off:
                self._register(plugin, name)
        for point in _installed():
            if point.name not in off:
                self._register(_loaded(point), point.name)
        for plugin in _listed(plugins):
            self._register(plugin, _name_of(plugin))
            if not manager.get_hookcallers(plugin):
                raise InvalidConfiguration(
                    f"The plugin {plugin!r} has no hook: a hook is a function marked with ovhcore.hookimpl"
                )
        try:
            manager.check_pending()
        except pluggy.PluginValidationError as error:
            raise InvalidConfiguration(f"A plugin has a hook that ovhcore does not know: {error}") from error

    def _register(self, plugin: object, name: str) -> None:
        # The caller may give two plugins of one class; both are registered.
        numbered, number = name, 1
        while self._manager.has_plugin(numbered):
            number += 1
            numbered = f"{name} {number}"
        try:
            self._manager.register(plugin, numbered)
        except (ValueError, pluggy.PluginValidationError) as error:
            raise InvalidConfiguration(f"The plugin {name!r} cannot be used: {error}") from error

    def _each(self, hook: str, **arguments: Any) -> Iterator[tuple[str, Any]]:
        """Yield the name and the answer of each plugin that has a hook, the foremost first."""
        implementations = getattr(self._manager.hook, hook).get_hookimpls()
        having = [each for each in implementations if not (each.wrapper or each.hookwrapper)]
        wrapped = len(having) < len(implementations)
        for one in reversed(having):
            try:
                if wrapped:  # hook wrappers wrap each implementation
                    others = [each.plugin for each in having if each is not one]
                    answer = self._manager.subset_hook_caller(hook, others)(**arguments)
                    answer = answer[0] if isinstance(answer, list) and answer else answer or None
                else:  # each implementation alone, to know which plugin answers
                    answer = one.function(*(arguments[name] for name in one.argnames))
                if inspect.isawaitable(answer):
                    if inspect.iscoroutine(answer):
                        answer.close()
                    answer = _Awaitable
                elif answer is not None and hook in ("ovhcore_transports", "ovhcore_options"):
                    answer = list(answer)
            except APIError:
                raise
            except Exception as error:
                if (ended := at_exit(error)) is not None:
                    raise ended from None
                raise InvalidConfiguration(
                    f"The plugin {one.plugin_name!r} failed in {hook}: {type(error).__name__}: {error}"
                ) from error
            if answer is _Awaitable:
                raise TypeError(
                    f"the {hook} of plugin {one.plugin_name!r} is asynchronous; hooks are plain functions that build "
                    "objects"
                )
            if answer is not None:
                if hook in _CALLED and not callable(answer):
                    raise InvalidConfiguration(
                        f"The {hook} of plugin {one.plugin_name!r} returned {type(answer).__name__}, not a function"
                    )
                yield one.plugin_name, answer

    def _first(self, hook: str, **arguments: Any) -> Any:
        return next((answer for _, answer in self._each(hook, **arguments)), None)

    def transports(self) -> dict[str, TransportSpec]:
        """Return the transports that plugins offer, by name.

        Raises:
            InvalidConfiguration: two plugins offer the same name.
        """
        if self._specs is None:
            specs: dict[str, TransportSpec] = {}
            for _, offered in self._each("ovhcore_transports"):
                for spec in offered:
                    if spec.name in specs:
                        raise InvalidConfiguration(f"Two plugins offer a transport named {spec.name!r}")
                    specs[spec.name] = spec
            self._specs = specs
        return self._specs

    def transport(self, name: str, *, asynchronous: bool = False) -> TransportSpec:
        """Return the transport of a name; of ``"outer+inner"``, the outer one.

        Raises:
            InvalidConfiguration: no transport has this name, or none for this kind of client; or it wraps no other.
        """
        outer, plus, _ = name.partition("+")
        specs = self.transports()
        usable = {n: s for n, s in sorted(specs.items()) if (s.asynchronous if asynchronous else s.sync) is not None}
        kind = "AsyncClient" if asynchronous else "Client"
        if outer in usable:
            if plus and not usable[outer].wraps:
                raise InvalidConfiguration(f"Transport {name!r}: {outer} sends by itself, and wraps no other")
            return usable[outer]
        problem = f"cannot be used with {kind}" if outer in specs else "is not known"
        there = [n if s.installed else f'{n} (pip install "{s.extra}")' for n, s in usable.items()]
        raise InvalidConfiguration(
            f"Transport {outer!r} {problem}. For {kind} there are: {', '.join(there) or 'none'}; "
            f"others come from packages that offer them as plugins{_lost()}"
        )

    def options(self) -> dict[str, Option]:
        """Return the settings that plugins and transports define, by name.

        Raises:
            InvalidConfiguration: two plugins define the same one, or one that every client has.
        """
        if self._options is None:
            stated = [option for spec in self.transports().values() for option in spec.options]
            options = [option if isinstance(option, Option) else Option(option) for option in stated]
            found = {option.name: option for option in options}
            for plugin, options in reversed(list(self._each("ovhcore_options"))):
                for option in options:
                    if not _is_plain(option.name):
                        problem = ": a name is of lower-case letters, digits and underscores"
                    elif option.name in found or option.name in ("endpoint", "headers", *CREDENTIALS, *OTHERS):
                        problem = ", which there is already"
                    else:
                        found[option.name] = option
                        continue
                    raise InvalidConfiguration(f"The plugin {plugin!r} defines the setting {option.name!r}{problem}")
            self._options = found
        return self._options

    def per_call(self, given: Mapping[str, Any], of_client: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Return the settings of one call.

        Args:
            given: settings by name.
            of_client: the settings of its client; without them, needed settings are not looked for.

        Raises:
            InvalidRequest: there is no such setting, or it is not for single calls, or malformed, or without another.
        """
        known = {name: option for name, option in self.options().items() if option.per_call}
        if not isinstance(given, Mapping):
            raise InvalidRequest(f"the options of a call must be a mapping, as {{'retry': False}}, not {shown(given)}")
        given = {name: value for name, value in given.items() if name in known or name not in RETRY_OPTIONS}
        for name in given:
            if name not in known:
                raise InvalidRequest(
                    f"the options of a call have {name!r}; single calls may have: {', '.join(known) or 'none'}"
                )
            if (needed := known[name].needs) and of_client is not None and needed not in of_client:
                raise InvalidRequest(f"{name} of a call needs the setting {needed}, which this client does not have")
        try:
            return {name: known[name].read(value, f"{name} of a call") for name, value in given.items()}
        except InvalidConfiguration as error:
            raise InvalidRequest(str(error)) from None

    def redaction(self) -> Redaction:
        """Return the secrets that plugins declare."""
        declared = Redaction()
        for name, each in self._each("ovhcore_redaction"):
            if not isinstance(each, Redaction):
                raise InvalidConfiguration(
                    f"The ovhcore_redaction of plugin {name!r} returned {type(each).__name__}, not a Redaction"
                )
            declared |= each
        return declared

    def credentials(self, settings: Settings) -> Credentials | CredentialsProvider | None:
        """Return credentials, or a provider of them; None if no plugin supplies any."""
        for name, answer in self._each("ovhcore_credentials", settings=settings):
            if isinstance(answer, (ApplicationKey, OAuth2Client, AccessToken)) or callable(answer):
                return answer  # type: ignore[no-any-return]
            kind, answer = type(answer).__name__, None
            raise InvalidConfiguration(
                f"The ovhcore_credentials of plugin {name!r} returned {kind}: ApplicationKey, OAuth2Client, "
                "AccessToken or a function that returns one is wanted"
            )
        return None

    def time_sync(self, settings: Settings) -> TimeSyncFactory | str:
        """Return the maker of the :class:`.TimeSync`; ``"off"``, the clock of the machine, if no plugin has one."""
        return self._first("ovhcore_time_sync", settings=settings) or "off"

    def token_sharing(self, settings: Settings) -> TokenSharing | None:
        """Return what gets tokens for several processes; None if each gets its own."""
        return self._first("ovhcore_token_sharing", settings=settings)  # type: ignore[no-any-return]

    def retry_policy(self, settings: Settings) -> Policy | None:
        """Return the retry policy; None to try nothing again."""
        return self._first("ovhcore_retry_policy", settings=settings)  # type: ignore[no-any-return]

    def middleware(self, settings: Settings, notify: Notifier) -> list[Middleware]:
        """Return the middleware for a client, innermost first."""
        return [made for _, made in self._each("ovhcore_middleware", settings=settings, notify=notify)][::-1]

    def observers(self, settings: Settings) -> list[tuple[str, Observer]]:
        """Return the observers of a client, and the names of their plugins."""
        return list(self._each("ovhcore_observer", settings=settings))[::-1]

    def listed(self) -> list[PluginInfo]:
        """Return the plugins in use."""
        from .info import PluginInfo

        points = {point.name: point for point in _installed()}
        found: list[PluginInfo] = []
        for name, plugin in self._manager.list_name_plugin():
            if name in BUILT_IN and plugin is BUILT_IN[name]:
                origin: tuple[str | None, str | None] = ("ovhcore", __version__)
            elif name in points and plugin is _loaded(points[name]):
                origin = (points[name].distribution, points[name].version)
            else:
                origin = (None, None)
            hooks = {caller.name for caller in self._manager.get_hookcallers(plugin) or ()}
            found.append(PluginInfo(name, *origin, tuple(hook for hook in hookspecs.hook_names() if hook in hooks)))
        return found


def list_plugins(disabled: Iterable[str] = (), what: str = "disabled_plugins") -> list[PluginInfo]:
    """Return all built-in and installed plugins, also those that are off or cannot be loaded.

    Args:
        disabled: names of the plugins that are to count as off.
        what: the setting that disables them, for messages.
    """
    from .info import PluginInfo

    off = _known(disabled, what)
    problems: dict[str, str] = {}
    for point in _installed():
        try:
            Plugins(disabled=[each.name for each in _installed() if each is not point] + [*BUILT_IN])
        except InvalidConfiguration as error:
            problems[point.name] = str(error)
    used = {info.name: info for info in Plugins(disabled=problems).listed()}
    found = [used[name]._replace(enabled=name not in off) for name in BUILT_IN]
    for point in _installed():
        if point.name in problems:
            found.append(
                PluginInfo(
                    point.name, point.distribution, point.version, (), point.name not in off, problems[point.name]
                )
            )
        else:
            found.append(used[point.name]._replace(enabled=point.name not in off))
    return found


def _known(disabled: Iterable[str], what: str) -> frozenset[str]:
    """Return the names of plugins that are off; a name that is not known is likely misspelt."""
    names = [disabled] if isinstance(disabled, str) else list(disabled)
    known = [*BUILT_IN, *(point.name for point in _installed())]
    for name in names:
        if name not in known:
            raise InvalidConfiguration(f"{what} has {name!r}, which there is not; there are: {', '.join(known)}")
    return frozenset(names)


@cache
def _loaded(point: EntryPoint) -> Any:
    try:
        return load_object(point.value)
    except Exception as error:
        raise InvalidConfiguration(
            f"The installed plugin {point.name!r} ({point.value}, from {point.distribution}) cannot be loaded: "
            f"{type(error).__name__}: {error}. To do without it: OVH_DISABLED_PLUGINS={point.name}"
        ) from error


def _is_plain(name: str) -> bool:
    return name.isidentifier() and name.isascii() and name.islower() and not name.startswith("_")


def _lost() -> str:
    """Return a sentence about missing parts of ovhcore; empty if none is missing."""
    lost = [module for name, module in OWN.items() if name not in {point.name for point in _installed()}]
    if not lost:
        return ""
    return (
        f". {', '.join(lost)}, which belongs to ovhcore, cannot be imported: a frozen program or a copy must "
        f"include all of {lost[0].rpartition('.')[0]}"
    )


def _name_of(plugin: object) -> str:
    """Return the name of a caller's plugin for messages."""
    if inspect.ismodule(plugin):
        return plugin.__name__
    kind = plugin if isinstance(plugin, type) else type(plugin)
    return f"{kind.__module__}.{kind.__qualname__}"
