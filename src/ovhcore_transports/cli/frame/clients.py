"""The client that a command calls with, as options and settings say."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from .groups import globals_of
from .text import folded, visible

if TYPE_CHECKING:
    from ovhcore import Client
    from ovhcore._internal import SettingsSources

__all__ = ["arguments_of_client", "client", "endpoint_said", "note"]


def client(**more: Any) -> Client:
    """Return a client.

    Args:
        more: arguments of the client that options do not say.

    Raises:
        InvalidConfiguration: a setting is missing, malformed or contradicts another.
        InvalidRegion: no endpoint is set, or an unknown one.
    """
    import ovhcore

    arguments = arguments_of_client()
    if "transport" not in arguments and not _says_how_to_send(arguments):
        arguments["transport"] = "stdlib"  # it is there in a fraction of the time that others take to load
    if globals_of().verbose or globals_of().debug:
        from .exchanges import ShownExchanges

        more["plugins"] = [*more.get("plugins", ()), ShownExchanges(_to_stderr)]
    return ovhcore.Client(**(arguments | more))


def _says_how_to_send(arguments: dict[str, Any]) -> bool:
    """Say whether a place names a transport, or wants what the standard library has not."""
    return _sources(arguments).says("transport", "http2")


def endpoint_said() -> str:
    """Return the endpoint that options or settings name, ``"ovh-eu"`` if none does; no client is made.

    Raises:
        InvalidConfiguration: a place cannot be read.
    """
    said = globals_of()
    if said.endpoint is not None:
        return said.endpoint
    found = _sources(arguments_of_client()).all_settings()
    return next((str(each.value).strip() for each in found if each.name == "endpoint" and each.first), "ovh-eu")


def _sources(arguments: dict[str, Any]) -> SettingsSources:
    from ovhcore._internal import SettingsSources

    who = {name: arguments.get(name) for name in ("endpoint", "profile")}
    return SettingsSources(who, config_file=arguments.get("config_file"))


def arguments_of_client() -> dict[str, Any]:
    """Return the arguments of a client that options say."""
    said = globals_of()
    names = {"endpoint": said.endpoint, "profile": said.profile, "config_file": said.config}
    names |= {"transport": said.transport, "timeout": said.timeout}
    return {name: value for name, value in names.items() if value is not None}


def note(text: str, *, folds: bool = False) -> None:
    """Tell the user something that is no result, unless nothing is to be told.

    Args:
        text: the line.
        folds: whether a terminal has it in several lines; a command in it could not be copied then.
    """
    if not globals_of().quiet:
        for line in folded(visible(text), sys.stderr) if folds else [visible(text)]:
            click.echo(line, err=True)


def _to_stderr(line: str) -> None:
    click.echo(line, err=True)
