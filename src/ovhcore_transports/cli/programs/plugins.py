"""``ovhcore plugins``: which plugins there are, and which settings they define."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from ..frame.groups import Command, globals_of

if TYPE_CHECKING:
    from rich.table import Table

    from ovhcore.plugins import Option, PluginInfo

__all__ = ["plugins_command"]


@click.command("plugins", cls=Command)
@click.option("--settings", is_flag=True, help="List the settings that plugins define, too.")
@click.option("--json", "as_json_", is_flag=True, help="Print JSON, for programs.")
def plugins_command(settings: bool, as_json_: bool) -> None:
    """List the built-in and installed plugins.

    What disabled_plugins switches off, in the environment or in ovh.conf, is shown as off.

    \b
    ovhcore plugins
    ovhcore plugins --settings --json
    """  # noqa: D301 - click's sign for lines that are not to be joined
    from rich.console import Console
    from rich.markup import escape

    from ovhcore._internal import Plugins, SettingsSources
    from ovhcore.plugins import list_plugins

    said = globals_of()
    settings_of = {"endpoint": said.endpoint, "profile": said.profile}
    disabled, what = SettingsSources(settings_of, config_file=said.config).disabled_plugins()
    infos = list_plugins(disabled, what)
    broken = [info for info in infos if info.problem is not None]
    options: list[Option] = []
    if settings:
        options = [*Plugins(disabled={*disabled, *(info.name for info in broken)}).options().values()]
    if as_json_:
        from ..output.formats import as_json

        told: dict[str, Any] = {"plugins": [{**info._asdict(), "hooks": list(info.hooks)} for info in infos]}
        if settings:
            told["settings"] = [_setting(option) for option in options]
        click.echo(as_json(told, indent=2))
        return
    console = Console()
    table = _table("Plugins", "Plugin", "State", "Distribution", "Version", "Hooks")
    for info in infos:
        hooks = "\n".join(hook.removeprefix("ovhcore_") for hook in info.hooks)
        origin = (info.distribution or "", info.version or "")
        table.add_row(*(escape(text) for text in (info.name, _state(info), *origin, hooks)))
    console.print(table)
    for info in broken:
        console.print(f"{info.name}: {info.problem}", style="red", markup=False, highlight=False)
    if settings:
        table = _table("Their settings", "Setting", "Variable", "For a call", "Meaning")
        for option in options:
            shown = _setting(option)
            row = (option.name, shown["variable"], "yes" if option.per_call else "", option.meaning)
            table.add_row(*map(escape, row))
        console.print(table)


def _table(title: str, *headings: str) -> Table:
    """Return a table that shows its cells whole, also where the terminal is narrow."""
    from rich.table import Table

    table = Table(title=title, title_justify="left")
    for heading in headings:
        table.add_column(heading, overflow="fold")
    return table


def _setting(option: Option) -> dict[str, Any]:
    variable = f"OVH_{option.name.upper()}"
    return {"name": option.name, "variable": variable, "per_call": option.per_call, "meaning": option.meaning}


def _state(info: PluginInfo) -> str:
    if not info.enabled:
        return "off"
    return "on" if info.problem is None else "broken"
