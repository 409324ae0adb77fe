"""Arguments and options that the methods of a client share, and the base class of methods that make many calls."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from keyword import iskeyword
from typing import TYPE_CHECKING, Any, Final

from ..exceptions import InvalidRequest
from ..protocol.requests.building import BODILESS, split_arguments, target
from ..protocol.requests.values import read_need_auth
from ..python_ovh.installing import is_installed, query_arguments

if TYPE_CHECKING:
    from .core import ClientCore

__all__ = ["CallMethods", "call_arguments", "checked_need_auth", "refuse_misspelt", "refuse_options", "refuse_unknown"]

_OF_CALLS: Final = ("need_auth", "headers", "timeout", "options")


def call_arguments(
    method: str, path: str, arguments: Mapping[str, Any], headers: Any, timeout: Any, options: Any
) -> tuple[str, Any, dict[str, Any]]:
    """Return path, data and further arguments for :meth:`.Client.call`.

    Further arguments are left out unless they were given, so that a subclass may override ``call``
    with python-ovh's four parameters.

    Raises:
        InvalidRequest: an argument is written like an option that does not exist, or cannot stand in the path or query.
    """
    if arguments:
        refuse_misspelt(arguments, path)
    further = {} if headers is None else {"headers": headers}
    if timeout is not None:
        further["timeout"] = timeout
    if options is not None:
        further["options"] = options
    if method in BODILESS:
        if arguments and is_installed():
            arguments = query_arguments(path, arguments)
        return (target(path, arguments) if arguments else path), None, further
    if arguments:
        path, rest = split_arguments(path, arguments)
        return path, rest or None, further
    return path, None, further


def refuse_options(arguments: Mapping[str, Any], *options: str) -> None:
    """Refuse arguments that are meant as options of a method; the method would send them to the API as they are.

    Args:
        arguments: the arguments, by name.
        options: the options of the method, without the underscore; those of every call are added.

    Raises:
        InvalidRequest: an argument begins with an underscore, or is the name of an option without it. ``mode`` may
            pass with a value that is not one of the modes.
    """
    options += _OF_CALLS
    for name, value in arguments.items():
        if name.startswith("_") and not iskeyword(name[1:]):
            raise _no_option(name, options)
        if name in options and not (name == "mode" and _is_argument_of_api(value)):
            raise InvalidRequest(
                f"{name} is an option, and written _{name}. An argument of the API by this name is written into the "
                f"path, as '/path?{name}=...'"
            )


def refuse_misspelt(arguments: Iterable[str], path: object, *options: str) -> None:
    """Refuse arguments of a call that begin like options: no argument of the API begins with an underscore.

    Args:
        arguments: the names.
        path: the path of the call; names in its braces may begin with an underscore.
        options: as for :func:`refuse_options`.

    Raises:
        InvalidRequest: an argument begins with an underscore, and is neither a keyword of Python nor in the path.
    """
    for name in arguments:
        if name[:1] == "_" and not iskeyword(name[1:]) and f"{{{name}}}" not in str(path):
            raise _no_option(name, options + _OF_CALLS)


def checked_need_auth(value: Any, call: str) -> bool:
    """Return the ``need_auth`` of a method that makes many calls, as a bool.

    Args:
        value: the value that the method was given.
        call: the method called with arguments, for the message.

    Raises:
        InvalidRequest: the value is text or a container, and was rather meant as arguments.
    """
    return read_need_auth(value, f"Arguments of the API are passed by name, as {call}")


def refuse_unknown(arguments: Iterable[str], *options: str) -> None:
    """Refuse all arguments besides options, for a method that takes no arguments of the API.

    Args:
        arguments: the names.
        options: as for :func:`refuse_options`.

    Raises:
        InvalidRequest: there is an argument; the message names the option that may be meant.
    """
    for name in arguments:
        raise _no_option(name, options + _OF_CALLS)


def _no_option(name: str, options: tuple[str, ...]) -> InvalidRequest:
    from difflib import get_close_matches

    near = get_close_matches(name.removeprefix("_"), options, 1)
    meant = f"did you mean _{near[0]}?" if near else f"there are {', '.join('_' + each for each in options)}"
    return InvalidRequest(f"There is no option {name}; {meant}")


def _is_argument_of_api(mode: Any) -> bool:
    """Say whether a ``mode`` is an argument of the API: two of its lists have one, with values of their own."""
    from ..flows.collections.pager import MODES

    return mode not in MODES


class CallMethods:
    """The part of a client that these methods use: one attribute, so that subclasses may use every other name."""

    _ovhcore: ClientCore
