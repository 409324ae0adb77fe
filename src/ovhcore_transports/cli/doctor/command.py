"""``ovhcore doctor``."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator

import click

from ovhcore.exceptions import APIError

from ..frame.clients import client
from ..frame.groups import Command, globals_of
from ..frame.text import folded, one_line
from ..output.formats import as_json
from ..output.terminal import is_terminal
from .results import PROBLEM, SKIPPED, WARNING, CheckResult, passed_over

__all__ = ["doctor_command"]

_COLOURS = {"ok": "green", WARNING: "yellow", PROBLEM: "red", SKIPPED: None}


@click.command("doctor", cls=Command)
@click.option("--json", "as_json_", is_flag=True, help="Print the findings as JSON.")
@click.option("--offline", is_flag=True, help="Look at this machine alone; send nothing.")
def doctor_command(as_json_: bool, offline: bool) -> None:
    """Look for what is wrong, and say what to do about it.

    Versions, plugins, files, settings and where each comes from; then the way to the API (name, proxy, connection,
    TLS), its clock, and the keys with their rights and their end. Secrets are shown by fingerprints. The exit code
    is 1 if there is a problem.

    \b
    ovhcore doctor
    ovhcore doctor --profile work --json
    """  # noqa: D301
    found: list[CheckResult] = []
    for result in _results(offline):
        found.append(result)
        if not as_json_:
            _print(result)
    problems = sum(result.state == PROBLEM for result in found)
    if as_json_:
        click.echo(as_json([result.as_json() for result in found], indent=2))
    elif not globals_of().quiet:
        warnings = sum(result.state == WARNING for result in found)
        also = f", {_number(warnings, 'warning')}" if warnings else ""
        click.echo(f"{_number(problems, 'problem')}{also}.")
    if problems:
        raise SystemExit(1)


def _number(number: int, what: str) -> str:
    return f"{number or 'No'} {what}{'' if number == 1 else 's'}"


def _results(offline: bool) -> Iterator[CheckResult]:
    from .local import file_results, plugin_results, setting_results, sources_of, version_result

    yield version_result()
    yield from file_results()
    try:
        sources = sources_of()
        plugins, options = plugin_results(sources)
        found = sources.all_settings(options)
    except APIError as error:
        yield CheckResult("settings", PROBLEM, str(error), error.hint or "correct the place that it names")
        yield passed_over("network", "settings are wrong")
        return
    yield from plugins
    yield from setting_results(found)
    if any(result.state == PROBLEM for result in plugins):
        yield passed_over("network", "a plugin cannot be loaded, so no client can be made")
        return
    try:
        caller = client()
    except APIError as error:
        step = "ovhcore login makes keys, and saves where they are for"
        none = str(error).startswith("No endpoint is set")
        yield CheckResult(
            "client", PROBLEM, str(error), step if none else error.hint or "correct the setting that it names"
        )
        yield passed_over("network", "there is no endpoint" if none else "settings are wrong")
        return
    with caller:
        if offline:
            yield passed_over("network", "--offline")
            return
        from .api import api_results

        blocked = False
        if caller.settings.transport in ("sandbox", "replay"):
            yield passed_over("network", f"the transport {caller.settings.transport} needs none")
        else:
            from .network import network_results

            for result in network_results(caller.endpoint.url, caller.settings.connection):
                blocked |= result.state == PROBLEM
                yield result
        yield from api_results(caller, found, blocked=blocked)


def _print(result: CheckResult) -> None:
    state = result.state
    if globals_of().quiet and state in ("ok", SKIPPED):
        return
    word = f"{state:<8}"
    if is_terminal(sys.stdout) and not os.environ.get("NO_COLOR"):
        word = click.style(word, fg=_COLOURS[state])
    first, *more = _folded(f"{result.check}: {result.text}")
    more += [folded for line in result.details for folded in _folded(line)]
    if result.next is not None:
        more += _folded(f"next: {result.next}")
    click.echo(f"{word} {first}")
    for line in more:
        click.echo(f"{'':<9}{line}")


def _folded(text: str) -> list[str]:
    """Return a text in lines that fit behind a state."""
    return folded(one_line(text), sys.stdout, 9)
