"""Commands that are loaded when they are called, and options that stand before or after them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from importlib import import_module
from typing import Any, Final, NamedTuple

import click

__all__ = ["Command", "CommandGroup", "Globals", "LazyGroup", "Listed", "globals_of"]

_PACKAGE: Final = __name__.rpartition(".frame.")[0]  # also in a copy that has another name


class Globals:
    """What was said for all commands.

    Attributes:
        endpoint: name or URL of the endpoint.
        profile: name of the profile.
        config: a file that is read before the usual ones.
        transport: name of the transport.
        timeout: in seconds, as a setting has it.
        verbose: whether exchanges are shown.
        debug: whether everything is.
        quiet: whether nothing is but results and errors.
    """

    __slots__ = ("config", "debug", "endpoint", "profile", "quiet", "timeout", "transport", "verbose")

    def __init__(self) -> None:
        self.endpoint: str | None = None
        self.profile: str | None = None
        self.config: str | None = None
        self.transport: str | None = None
        self.timeout: str | None = None
        self.verbose = False
        self.debug = False
        self.quiet = False


def globals_of(context: click.Context | None = None) -> Globals:
    """Return what was said for all commands, of the context at hand."""
    found = click.get_current_context() if context is None else context
    return found.find_root().ensure_object(Globals)


def _remember(context: click.Context, option: click.Parameter, value: Any) -> Any:
    if value and option.name is not None:  # behind the command it is said last, and counts
        setattr(globals_of(context), option.name, value)
        if option.name == "debug":
            _log_everything()
    return value


def _log_everything() -> None:
    import logging
    import sys

    form = "%(asctime)s %(name)s %(levelname)s %(message)s"
    logging.basicConfig(level=logging.DEBUG, stream=sys.stderr, format=form)


def _global_options(*, hidden: bool) -> list[click.Option]:
    def option(*names: str, **more: Any) -> click.Option:
        return click.Option(names, expose_value=False, callback=_remember, hidden=hidden, **more)

    return [
        option("--endpoint", metavar="NAME", help="ovh-eu, ovh-us, ovh-ca ... or a URL; else as settings say."),
        option("--profile", metavar="NAME", help="One of several accounts: a section [profile NAME] of ovh.conf."),
        option("--config", metavar="FILE", help="A file of settings that is read before the usual ones."),
        option("--transport", metavar="NAME", help="What sends: urllib3, stdlib, sandbox ..."),
        option("--timeout", metavar="SECONDS", help="For connecting and each read, as 60, 5,60 or 5,60,90."),
        option("-v", "--verbose", is_flag=True, help="Show what is sent and what comes, without secrets."),
        option("--debug", is_flag=True, help="Show everything: also logs, and where an error came from."),
        option("-q", "--quiet", is_flag=True, help="Show nothing but results and errors."),
    ]


def _adding_options(params: list[click.Parameter]) -> None:
    taken = {name for param in params for name in param.opts}
    params += [option for option in _global_options(hidden=True) if taken.isdisjoint(option.opts)]


_ALSO: Final = "Options of all commands, as --profile and -v, may stand here, too: see ovhcore --help."


class Command(click.Command):
    """A command that takes the options of all commands behind its name, too."""

    def __init__(self, *args: Any, **more: Any) -> None:
        more.setdefault("epilog", _ALSO)
        super().__init__(*args, **more)
        _adding_options(self.params)


class CommandGroup(click.Group):
    """A group of such commands."""

    command_class = Command

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        _adding_options(self.params)


class Listed(NamedTuple):
    """A command that is not loaded.

    Attributes:
        module: below this package.
        name: of the command there.
        help: one line of help.
    """

    module: str
    name: str
    help: str


class LazyGroup(click.Group):
    """A group whose commands are loaded when they are called.

    Args:
        sections: the commands, by headings.
        more: as for click's groups.
    """

    def __init__(self, sections: Mapping[str, Mapping[str, Listed]], **more: Any) -> None:
        super().__init__(**more)
        self.sections = sections
        self.listed = {name: each for commands in sections.values() for name, each in commands.items()}
        self.params += _global_options(hidden=False)

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of the commands, in the order of use."""
        return [*self.listed]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return a command; it is loaded."""
        if cmd_name not in self.listed:
            return None
        found = self.listed[cmd_name]
        command: click.Command = getattr(import_module(f"{_PACKAGE}.{found.module}"), found.name)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command that is called; one that there is not may be a slip of the pen."""
        if args and args[0] not in self.listed and not args[0].startswith("-"):
            ctx.fail(f"There is no command {args[0]!r}.{_meant(args[0], self.listed)}")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of commands; none is loaded for it."""
        for heading, commands in self.sections.items():
            with formatter.section(heading):
                formatter.write_dl([(name, each.help) for name, each in commands.items()])


def _meant(word: str, known: Iterable[str]) -> str:
    from difflib import get_close_matches

    close = get_close_matches(word, known, 1)
    return f" Did you mean {close[0]}?" if close else ""
