"""The command ``ovhcore``: log in, call the API, find out what is wrong, work offline.

Needs the extra ``cli``; what a call goes through, and what cassettes are read with, may need others. Nothing is loaded
before it is known which command is meant.
"""

from __future__ import annotations

import atexit
import errno
import gc
import io
import os
import sys
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from .frame.groups import Globals

__all__ = ["main"]

_OURS: Final = ("click", "rich", "jmespath", "uvicorn", "urllib3")
"""What the extra ``cli`` brings."""
_OF_OUTPUT: Final = (errno.EPIPE, errno.ENOSPC, errno.EFBIG, errno.EIO)
"""What goes wrong where the output goes."""
_SELDOM: Final = (200_000, 10, 10)
"""How many new objects there must be before garbage is looked for."""


def main() -> None:
    """Run the command, with what was typed; ends the process with its exit code."""
    code = 130
    gc.set_threshold(*_SELDOM)  # nothing of what is loaded is garbage, and to look for some takes a while
    atexit.register(gc.freeze)  # nor need anybody look when the process ends, as it does now
    try:
        _have_streams()
        code = _run()
    except KeyboardInterrupt:
        pass
    except OSError as error:  # of the output: all others are told
        _let_go_of_output()
        if error.errno == errno.EPIPE:
            code = 141
        else:
            print(f"Error: The output cannot be written: {error.strerror or error}", file=sys.stderr)
            code = 1
    sys.exit(code)


def _have_streams() -> None:
    """Have an output and a place for errors where the program was started without: what is written goes nowhere."""
    sys.stdout = sys.stdout or open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115 - until the end
    sys.stderr = sys.stderr or open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115


def _run() -> int:
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # not every terminal has a euro sign
    try:
        import click

        from .frame.groups import Globals
    except ModuleNotFoundError as error:
        return _missing(error)
    said = Globals()
    try:
        commands = _commands()
        if asked := os.environ.get("_OVHCORE_COMPLETE"):
            return _complete(asked, commands, said)
        with commands.make_context(_program(), sys.argv[1:], obj=said) as context:
            _tell_warnings(said)
            commands.invoke(context)
        sys.stdout.flush()
    except click.exceptions.Exit as ended:
        sys.stdout.flush()
        return ended.exit_code
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except click.Abort:
        if sys.stderr.isatty():
            print(file=sys.stderr)  # behind the question that was not answered
        return 130
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in _OURS:
            return _report(error, said)
        return _missing(error)
    except Exception as error:
        if isinstance(error, OSError) and error.errno in _OF_OUTPUT and error.filename is None:
            raise
        return _report(error, said)
    return 0


def _complete(asked: str, commands: Any, said: Globals) -> int:
    """Tell a shell what may be typed; in a prompt there is no place for errors."""
    from .completing.shells import answer

    try:
        text = answer(asked, commands, said)
    except Exception:
        return 1
    if text:
        print(text)
    return 0


def _commands() -> Any:
    from .frame.command_list import SECTIONS
    from .frame.groups import LazyGroup

    return LazyGroup(
        SECTIONS,
        name="ovhcore",
        params=_version_option(),
        context_settings={"help_option_names": ["-h", "--help"]},
        help="OVHcloud's API from a terminal: log in, look, change, find out what is wrong.\n\n"
        "With --transport sandbox no account is needed.",
        epilog="ovhcore COMMAND --help tells of one command.",
    )


def _version_option() -> list[Any]:
    from click import Context, Option, Parameter, echo

    from ovhcore import __version__

    def show(context: Context, option: Parameter, wanted: bool) -> None:
        if wanted:
            echo(f"ovhcore, version {__version__}")
            context.exit()

    help_ = "Show the version and exit."
    return [Option(["--version"], is_flag=True, expose_value=False, is_eager=True, callback=show, help=help_)]


def _program() -> str:
    """Return how the command was called, for its help."""
    return "python -m ovhcore" if os.path.basename(sys.argv[0]) == "__main__.py" else "ovhcore"


def _missing(error: ModuleNotFoundError) -> int:
    print(f'The command needs {error.name}, which is not installed: pip install "ovhcore[cli]"', file=sys.stderr)
    return 1


def _tell_warnings(said: Globals) -> None:
    """Let a warning be a line for the user, without the place in a program."""
    import warnings

    def show(message: Warning | str, *where: object, **more: object) -> None:
        from .frame.text import one_line

        if not said.quiet:
            print(f"Warning: {one_line(str(message))}", file=sys.stderr)

    warnings.showwarning = show


def _report(error: Exception, said: Globals) -> int:
    """Tell of an error; return the exit code."""
    from .frame.errors import error_lines, exit_code
    from .frame.text import folded

    sys.stdout.flush()
    if said.debug:
        import traceback

        traceback.print_exception(error)
    for line in error_lines(error):
        for part in folded(line, sys.stderr):
            print(part, file=sys.stderr)
    return int(exit_code(error))


def _let_go_of_output() -> None:
    """Let nothing be written any more: the interpreter would try to when it ends, and complain."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:
            with open(os.devnull, "w") as nothing:
                os.dup2(nothing.fileno(), stream.fileno())
