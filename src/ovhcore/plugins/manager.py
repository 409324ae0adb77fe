"""One manager per client: built-in plugins, then entry points, then the caller's."""

from __future__ import annotations

import inspect
from collections.abc import Iterable
from functools import cache
from typing import TYPE_CHECKING, Any

import pluggy

from ..exceptions import InvalidConfiguration
from ..protocol.redaction import Redaction
from . import hookspecs
from .discovery import find_entry_points, load
from .transports import TransportSpec

if TYPE_CHECKING:
    from ..config import Settings
    from ..flows.effects import Middleware
    from ..flows.events import Observer

__all__ = ["Plugins"]


@cache
def _entry_points() -> tuple[tuple[str, Any], ...]:
    """Return name and plugin of every entry point: looked up once per process."""
    found: list[tuple[str, Any]] = []
    for name, value in find_entry_points(hookspecs.PROJECT).items():
        try:
            found.append((name, load(value)))
        except Exception as error:
            raise InvalidConfiguration(
                f"The installed plugin {name!r} ({value}) cannot be loaded: {type(error).__name__}: {error}"
            ) from error
    return tuple(found)


def _listed(plugins: Iterable[object]) -> list[object]:
    if isinstance(plugins, Iterable):
        return list(plugins)
    raise InvalidConfiguration(f"plugins must be a list of plugins, not {type(plugins).__name__}")


class Plugins:
    """The plugins of one client.

    Args:
        plugins: the caller's, in addition to those found by entry point.

    Raises:
        InvalidConfiguration: a plugin cannot be loaded or has a hook that is unknown.
    """

    def __init__(self, plugins: Iterable[object] = ()) -> None:
        self._specs: dict[str, TransportSpec] | None = None
        self._manager = manager = pluggy.PluginManager(hookspecs.PROJECT)
        manager.add_hookspecs(hookspecs)
        for name, plugin in _entry_points():
            self._register(plugin, name)
        for plugin in _listed(plugins):
            self._register(plugin, None)
            if not manager.get_hookcallers(plugin):
                raise InvalidConfiguration(
                    f"The plugin {plugin!r} has no hook: a hook is a function marked with ovhcore.hookimpl"
                )
        try:
            manager.check_pending()
        except pluggy.PluginValidationError as error:
            raise InvalidConfiguration(f"A plugin has a hook that ovhcore does not know: {error}") from error

    def _register(self, plugin: object, name: str | None) -> None:
        try:
            self._manager.register(plugin, name)
        except (ValueError, pluggy.PluginValidationError) as error:
            raise InvalidConfiguration(f"The plugin {name or plugin!r} cannot be used: {error}") from error

    def _call(self, hook: str, **arguments: Any) -> list[Any]:
        """Return what the plugins answer, those registered first first."""
        answers: list[Any] = getattr(self._manager.hook, hook)(**arguments)
        for answer in answers:
            if inspect.isawaitable(answer):
                if inspect.iscoroutine(answer):
                    answer.close()
                raise TypeError(f"a plugin's {hook} is asynchronous; hooks are plain functions that build objects")
        return answers[::-1]

    def transports(self) -> dict[str, TransportSpec]:
        """Return what is offered, by name.

        Raises:
            InvalidConfiguration: two plugins offer the same name.
        """
        if self._specs is None:
            specs: dict[str, TransportSpec] = {}
            for offered in self._call("ovhcore_transports"):
                for spec in offered:
                    if spec.name in specs:
                        raise InvalidConfiguration(f"Two plugins offer a transport named {spec.name!r}")
                    specs[spec.name] = spec
            self._specs = specs
        return self._specs

    def transport(self, name: str, *, asynchronous: bool = False) -> TransportSpec:
        """Return the transport of a name; of ``"outer+inner"``, the outer one.

        Raises:
            InvalidConfiguration: none of this name, or not for this kind of client; or it wraps none.
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
            "others come from packages that offer them as plugins"
        )

    def options(self) -> tuple[str, ...]:
        """Return the names of the settings that transports define themselves."""
        return tuple(dict.fromkeys(name for spec in self.transports().values() for name in spec.options))

    def redaction(self) -> Redaction:
        """Return what plugins declare as secret."""
        declared = Redaction()
        for each in self._call("ovhcore_redaction"):
            declared |= each
        return declared

    def middleware(self, settings: Settings) -> list[Middleware]:
        """Return the brackets for a client, innermost first."""
        return [made for made in self._call("ovhcore_middleware", settings=settings) if made is not None]

    def observers(self, settings: Settings) -> list[Observer]:
        """Return who wants to be told what a client does."""
        return [made for made in self._call("ovhcore_observer", settings=settings) if made is not None]
