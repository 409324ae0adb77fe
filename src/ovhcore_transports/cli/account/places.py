"""Where keys are kept: a section of a file, or the keyring."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from ovhcore._internal import CONFIG_FILES, CREDENTIALS, FoundSetting, SettingsSources
from ovhcore.exceptions import APIError, InvalidConfiguration
from ovhcore.protocol import Secret, resolve_endpoint

from ..frame.groups import globals_of
from .conf_file import change_file, read_text
from .conf_text import parsed

__all__ = ["credential_settings", "file_of", "found_settings", "keep", "profiles_there", "remove_entries", "section_of"]


def file_of() -> str:
    """Return the file that keys are written to: that of ``--config``, else the user's own."""
    return os.path.expanduser(globals_of().config or CONFIG_FILES[1])


def section_of(endpoint: str, profile: str | None, path: str) -> str:
    """Return the section that keys belong into: of those that have the endpoint's URL, the one that is read first."""
    if profile is not None:
        return f"profile {profile}"
    if "/" in endpoint:
        sections = parsed(read_text(path)).sections()
        if endpoint not in sections:  # one with the same spelling is read before others
            return next((name for name in sections if "/" in name and _url(name) == _url(endpoint)), endpoint)
    return endpoint


def _url(text: str) -> str:
    try:
        return resolve_endpoint(text, allow_http=True).url
    except APIError:
        return text


def found_settings() -> list[FoundSetting]:
    """Return what all places say, with the options of the command."""
    said = globals_of()
    arguments: dict[str, Any] = {"endpoint": said.endpoint, "profile": said.profile}
    return SettingsSources(arguments, config_file=said.config).all_settings(("keyring",))


def credential_settings() -> list[FoundSetting]:
    """Return the settings of credentials of the place that is asked first, and of the keyring if that is."""
    found = [each for each in found_settings() if each.name in (*CREDENTIALS, "keyring")]
    return [each for each in found if each.place == found[0].place] if found else []


def profiles_there() -> list[str]:
    """Return the names of the profiles in the file of ``--config`` and the usual ones.

    Raises:
        InvalidConfiguration: a file cannot be read.
    """
    named = [file for file in (globals_of().config, *CONFIG_FILES) if file is not None]
    sections = [name for file in named for name in parsed(read_text(os.path.expanduser(file))).sections()]
    return [*dict.fromkeys(name.partition(" ")[2].strip() for name in sections if name.startswith("profile "))]


def keep(
    endpoint: str,
    secrets: Mapping[str, Secret],
    *,
    profile: str | None,
    path: str,
    keyring: str | None,
    token_url: str | None = None,
) -> tuple[str, str | None]:
    """Keep keys in a file, or in the keyring with a setting in a file that says so.

    Args:
        endpoint: name or URL.
        secrets: by name.
        profile: whose section they belong into, or None for that of the endpoint.
        path: of the file.
        keyring: the service of the keyring; None for the file.
        token_url: of a service account at an endpoint of one's own.

    Returns:
        The section, and the path of the copy of the file as it was, or None.

    Raises:
        InvalidConfiguration: they cannot be written; nothing is, then.
    """
    section = section_of(endpoint, profile, path)
    options: dict[str, str | None] = {} if profile is None else {"endpoint": endpoint}
    options |= dict.fromkeys(CREDENTIALS)  # two kinds in one place would be an error
    options["keyring"] = keyring
    if token_url is not None:
        options["token_url"] = token_url
    if keyring is None:
        options |= {name: secret.reveal() for name, secret in secrets.items()}
    changes = {section: options}
    if profile is None and not _has_endpoint(path):
        changes = {"default": {"endpoint": endpoint}, **changes}
    if keyring is not None:
        _store(keyring, endpoint, secrets)
    return section, change_file(path, changes)


def _has_endpoint(path: str) -> bool:
    """Say whether a file says already which endpoint is meant."""
    return bool(parsed(read_text(path)).get("default", "endpoint", fallback="").strip())


def _keyring() -> Any:
    try:
        import keyring
    except ImportError:
        raise InvalidConfiguration(
            'The keyring needs the package keyring, which is not installed: pip install "ovhcore[keyring]"'
        ) from None
    return keyring


def _store(service: str, endpoint: str, secrets: Mapping[str, Secret]) -> None:
    keyring = _keyring()
    try:
        for name in CREDENTIALS:
            if name in secrets:
                keyring.set_password(service, f"{endpoint}/{name}", secrets[name].reveal())
            elif keyring.get_password(service, f"{endpoint}/{name}"):
                keyring.delete_password(service, f"{endpoint}/{name}")
        return
    except Exception as error:  # backends raise what they like, and may say anything in it
        problem = type(error).__name__
    raise InvalidConfiguration(f"The keyring cannot be written for service {service!r}: {problem}")


def remove_entries(service: str, endpoint: str) -> None:
    """Take the credentials of an endpoint out of the keyring.

    Raises:
        InvalidConfiguration: it cannot be changed.
    """
    _store(service, endpoint, {})
