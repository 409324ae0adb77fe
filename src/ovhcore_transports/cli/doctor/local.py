"""What can be seen on this machine: versions, plugins, files, settings."""

from __future__ import annotations

import os
import platform
import stat
from collections.abc import Iterator
from hashlib import sha256
from typing import Any, Final

from ovhcore import __version__
from ovhcore._internal import CONFIG_FILES, CREDENTIALS, FoundSetting, Plugins, SettingsSources, installed_version
from ovhcore.exceptions import InvalidConfiguration
from ovhcore.plugins import list_plugins
from ovhcore.protocol import Secret, redact_url

from ..account.conf_file import read_text
from ..account.conf_text import parsed
from ..frame.groups import globals_of
from .results import OK, PROBLEM, WARNING, CheckResult

__all__ = ["file_results", "plugin_results", "setting_results", "sources_of", "version_result"]

_LIBRARIES: Final = ("urllib3", "httpx", "httpx2", "aiohttp", "pyreqwest", "click", "rich", "keyring")


def version_result() -> CheckResult:
    """Return which versions are in use."""
    found = [f"{name} {version}" for name in _LIBRARIES if (version := installed_version(name)) is not None]
    system = f"{platform.system()} {platform.release()}"
    return CheckResult(
        "versions", OK, f"ovhcore {__version__}, Python {platform.python_version()}, {system}", None, (*found,)
    )


def sources_of() -> SettingsSources:
    """Return the places that say settings, with the options of the command.

    Raises:
        InvalidConfiguration: a place cannot be read.
    """
    said = globals_of()
    arguments: dict[str, Any] = {"endpoint": said.endpoint, "profile": said.profile}
    arguments |= {"transport": said.transport, "timeout": said.timeout}
    return SettingsSources(arguments, config_file=said.config)


def plugin_results(sources: SettingsSources) -> tuple[list[CheckResult], list[str]]:
    """Return what is wrong with plugins, and the names of the settings that the others define."""
    disabled, what = sources.disabled_plugins()
    infos = list_plugins(disabled, what)
    failing = {info.name for info in infos if info.problem is not None}
    broken = [info for info in infos if info.name in failing and info.enabled]
    on = ", ".join(info.name for info in infos if info.enabled and info.problem is None)
    results = [
        CheckResult(
            "plugins",
            PROBLEM,
            str(info.problem),
            f"update or remove the package {info.distribution or info.name}; "
            f"until then: OVH_DISABLED_PLUGINS={info.name}",
        )
        for info in broken
    ]
    names = [*Plugins(disabled={*disabled, *failing}).options()]
    return results or [CheckResult("plugins", OK, f"all can be loaded: {on}")], names


def file_results() -> Iterator[CheckResult]:
    """Yield what is to be said of each file of settings."""
    said = globals_of()
    named = [] if said.config is None else [said.config]
    for name in dict.fromkeys([*named, *CONFIG_FILES]):
        path = os.path.expanduser(name)
        if not os.path.lexists(path):
            if name in named:
                yield CheckResult("files", PROBLEM, f"{path}: there is none", "--config names a file that exists")
            else:
                yield CheckResult("files", OK, f"{path}: there is none")
            continue
        yield _of_file(path)


def _of_file(path: str) -> CheckResult:
    try:
        parser = parsed(read_text(path))
    except InvalidConfiguration as error:
        return CheckResult("files", PROBLEM, f"{path}: {error}", "mend the file, or let another place say more")
    sections = ", ".join(f"[{name}]" for name in parser.sections()) or "no sections"
    secret = any(parser.has_option(name, key) for name in parser.sections() for key in CREDENTIALS)
    mode = stat.S_IMODE(os.stat(path).st_mode)
    if secret and os.name == "posix" and mode & (stat.S_IROTH | stat.S_IWOTH):
        return CheckResult(
            "files", WARNING, f"{path}: every user of this machine can read its keys", f"chmod 600 {path}"
        )
    return CheckResult("files", OK, f"{path}: {sections}")


def setting_results(found: list[FoundSetting]) -> Iterator[CheckResult]:
    """Yield every setting with the place that says it; secrets by their fingerprints."""
    first = {each.name: each for each in found if each.first}
    lines: list[str] = []
    for each in found:
        by = first[each.name]
        line = f"{each.name} = {shown(each)}, from {_place(each)}"
        lines.append(line if each.first else f"{line}; passed over, for {_place(by)} is asked first")
    text = (
        f"{len(first)} setting{'' if len(first) == 1 else 's'}"
        if lines
        else "no settings: no argument, no variable, no file says any"
    )
    yield CheckResult("settings", OK, text, None, (*lines,))


def _place(setting: FoundSetting) -> str:
    return f"{setting.spelling} ({setting.place})" if setting.spelling != setting.name else setting.place


def shown(setting: FoundSetting) -> str:
    """Return the value of a setting: of a key what tells it from others, of a URL no password."""
    value = setting.value.reveal() if isinstance(setting.value, Secret) else str(setting.value)
    if setting.name in CREDENTIALS:
        digest = sha256(value.encode("utf-8", "surrogatepass")).hexdigest()[:8]
        return f"<{len(value)} characters, fingerprint {digest}>"
    if setting.name.startswith("header."):
        return "<redacted>"
    return redact_url(value) if "://" in value else value
