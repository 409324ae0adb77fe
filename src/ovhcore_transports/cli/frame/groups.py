"""Commands that are loaded when they are called, and options that stand before or after them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import wraps
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import click

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

__all__ = ["FORMATS", "Command", "CommandGroup", "Globals", "LazyGroup", "Listed", "globals_of", "in_context", "later"]

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
        output: the format of answers, where it was said before the command.
    """

    __slots__ = ("config", "debug", "endpoint", "output", "profile", "quiet", "timeout", "transport", "verbose")

    def __init__(self) -> None:
        self.endpoint: str | None = None
        self.profile: str | None = None
        self.config: str | None = None
        self.transport: str | None = None
        self.timeout: str | None = None
        self.verbose = False
        self.debug = False
        self.quiet = False
        self.output: str | None = None


def globals_of(context: click.Context | None = None) -> Globals:
    """Return what was said for all commands, of the context at hand."""
    found = click.get_current_context() if context is None else context
    return found.find_root().ensure_object(Globals)


Completer: TypeAlias = "Callable[[click.Context, click.Parameter, str], list[CompletionItem[str]]]"
"""Returns what may stand in the place of a word that was begun."""


def in_context(complete: Completer) -> Completer:
    """Let a completer ask for what was said for all commands."""

    @wraps(complete)
    def completed(context: click.Context, param: click.Parameter, begun: str) -> list[CompletionItem[str]]:
        with context.scope(cleanup=False):
            return complete(context, param, begun)

    return completed


def later(name: str, module: str = "words") -> Completer:
    """Return a completer of a module of ``completing``, which is loaded when a shell asks for it."""

    def completed(context: click.Context, param: click.Parameter, begun: str) -> list[CompletionItem[str]]:
        found: Completer = getattr(import_module(f"{_PACKAGE}.completing.{module}"), name)
        return found(context, param, begun)

    return completed


def _remember(context: click.Context, option: click.Parameter, value: Any) -> Any:
    if value and option.name is not None:  # behind the command it is said last, and counts
        setattr(globals_of(context), option.name, value)
        if option.name == "debug" and not context.resilient_parsing:
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
        option(
            "--endpoint",
            metavar="NAME",
            shell_complete=later("endpoints"),
            help="ovh-eu, ovh-us, ovh-ca ... or a URL; else as settings say.",
        ),
        option(
            "--profile",
            metavar="NAME",
            shell_complete=later("profiles"),
            help="One of several accounts: a section [profile NAME] of ovh.conf.",
        ),
        option(
            "--config",
            metavar="FILE",
            shell_complete=later("files"),
            help="A file of settings that is read before the usual ones.",
        ),
        option(
            "--transport",
            metavar="NAME",
            shell_complete=later("transports"),
            help="What sends: urllib3, stdlib, sandbox ...",
        ),
        option("--timeout", metavar="SECONDS", help="For connecting and each read, as 60, 5,60 or 5,60,90."),
        option("-v", "--verbose", is_flag=True, help="Show what is sent and what comes, without secrets."),
        option("--debug", is_flag=True, help="Show everything: also logs, and where an error came from."),
        option("-q", "--quiet", is_flag=True, help="Show nothing but results and errors."),
    ]


def _adding_options(params: list[click.Parameter]) -> None:
    taken = {name for param in params for name in param.opts}
    params += [option for option in _global_options(hidden=True) if taken.isdisjoint(option.opts)]


def _output_option() -> click.Option:
    """Return the option for the format of answers as it stands before a command."""
    return click.Option(
        ["-o", "--output"],
        expose_value=False,
        callback=_remember,
        type=click.Choice(FORMATS),
        help="How answers are printed; by default, a table on a terminal, else JSON.",
    )


FORMATS: Final = ("table", "json", "jsonl", "yaml", "csv", "name")
"""The formats of answers."""

_ALSO: Final = "Options of all commands, as --profile and -v, may stand here, too: see ovhcore --help."


class _Helped(click.Command):
    """A command with ``--help`` in English; click's own looks for translations, which takes a while."""

    _help: click.Option | None = None

    def get_help_option(self, ctx: click.Context) -> click.Option | None:
        """Return the option; it is made once."""
        if self._help is None:
            self._help = click.Option(
                self.get_help_option_names(ctx),
                is_flag=True,
                expose_value=False,
                is_eager=True,
                callback=_show_help,
                help="Show this message and exit.",
            )
        return self._help


def _show_help(context: click.Context, option: click.Parameter, wanted: bool) -> None:
    if wanted and not context.resilient_parsing:
        click.echo(context.get_help(), color=context.color)
        context.exit()


class Command(_Helped):
    """A command that takes the options of all commands behind its name, too."""

    def __init__(self, *args: Any, **more: Any) -> None:
        more.setdefault("epilog", _ALSO)
        super().__init__(*args, **more)
        self._prints_answers = any("-o" in param.opts for param in self.params)
        _adding_options(self.params)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command, unless something was said for it that it does not know."""
        if globals_of(ctx).output is not None and not self._prints_answers:
            raise click.UsageError("-o is for commands that print answers of the API; this one has no such format", ctx)
        return super().invoke(ctx)


class CommandGroup(_Helped, click.Group):
    """A group of such commands."""

    command_class = Command

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        _adding_options(self.params)


class Listed:
    """A command that is not loaded.

    Attributes:
        module: below this package.
        name: of the command there.
        help: one line of help.
    """

    __slots__ = ("help", "module", "name")

    def __init__(self, module: str, name: str, help: str) -> None:  # noqa: A002 - as click has it
        self.module = module
        self.name = name
        self.help = help


class LazyGroup(_Helped, click.Group):
    """A group whose commands are loaded when they are called.

    Args:
        sections: the commands, by headings.
        more: as for click's groups.
    """

    def __init__(self, sections: Mapping[str, Mapping[str, Listed]], **more: Any) -> None:
        super().__init__(**more)
        self.sections = sections
        self.listed = {name: each for commands in sections.values() for name, each in commands.items()}
        self.params += [*_global_options(hidden=False), _output_option()]

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
        if args and args[0] not in self.listed and not args[0].startswith("-") and not ctx.resilient_parsing:
            ctx.fail(f"There is no command {args[0]!r}.{_meant(args[0], self.listed)}")
        return super().resolve_command(ctx, args)

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem[str]]:
        """Return the commands that may be meant, and the options; no command is loaded for it."""
        from click.shell_completion import CompletionItem

        found = [
            CompletionItem(name, help=each.help) for name, each in self.listed.items() if name.startswith(incomplete)
        ]
        return [*found, *click.Command.shell_complete(self, ctx, incomplete)]

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of commands; none is loaded for it."""
        for heading, commands in self.sections.items():
            with formatter.section(heading):
                formatter.write_dl([(name, each.help) for name, each in commands.items()])


def _meant(word: str, known: Iterable[str]) -> str:
    from difflib import get_close_matches

    close = get_close_matches(word, known, 1)
    return f" Did you mean {close[0]}?" if close else ""
