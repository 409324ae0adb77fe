"""Profiles: sections ``[profile NAME]`` of ``ovh.conf``, for several accounts at one endpoint.

python-ovh looks at sections that have an endpoint's name, and at no others; a file may have both.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

from ..exceptions import InvalidConfiguration
from ..protocol.endpoints import same_endpoint
from .sources import CREDENTIALS, OTHERS, ParsedFile, SettingsSource, from_section

if TYPE_CHECKING:
    from configparser import RawConfigParser

__all__ = ["Profile", "find_profile", "profile_names", "profile_section", "without_credentials"]

_PREFIX: Final = "profile "


def profile_section(name: str) -> str:
    """Return the name of a profile's section.

    Raises:
        InvalidConfiguration: no section can have such a name.
    """
    if not isinstance(name, str) or not name.isprintable() or not name.strip() or "]" in name or name != name.strip():
        raise InvalidConfiguration(
            f"The profile {name!r} cannot be: its name is a line without brackets and outer blanks, as 'work'"
        )
    return _PREFIX + name


def profile_names(sections: Iterable[str]) -> list[str]:
    """Return the names of the profiles among sections."""
    found = (name.removeprefix(_PREFIX).strip() for name in sections if name.startswith(_PREFIX))
    return [name for name in dict.fromkeys(found) if name]


def without_credentials(source: SettingsSource, *names: str) -> SettingsSource:
    """Return a source without its credentials, and without some other settings."""
    hidden = {*CREDENTIALS, *names}
    return source.without(hidden) if hidden & source.values.keys() else source


class Profile:
    """The section of a profile, in the first file that has one.

    Attributes:
        name: the name of the profile.
        chosen_by: the place that names it.
    """

    def __init__(self, name: str, chosen_by: SettingsSource, file: ParsedFile, section: str) -> None:
        self.name = name
        self.chosen_by = chosen_by
        self._file = file
        self._section = section

    def source(self, options: tuple[str, ...] = ()) -> SettingsSource:
        """Return the settings of the profile.

        Args:
            options: the settings that plugins define.
        """
        readable = ("endpoint", *CREDENTIALS, *OTHERS, *options)
        return from_section(self._file, self._section, readable, of_endpoint=False)

    def looked(self, endpoint: str) -> str:
        """Say that the profile has no credentials, for the error of a call that needs some."""
        return (
            f"The endpoint is {endpoint}. The profile {self.name} ({self._file.path}, section [{self._section}]), "
            f"which {self.chosen_by.named('profile')} names, has no credentials, and those of other sections do not "
            f"count for it. None of these is set there: {', '.join(CREDENTIALS)}."
        )


def find_profile(given: SettingsSource, env: SettingsSource, parsed: Iterable[ParsedFile]) -> Profile:
    """Return the profile that an argument, else a variable, names; one of them does.

    Raises:
        InvalidConfiguration: there is no such section, or another place contradicts it.
    """
    by = given if "profile" in given.values else env
    name = by.values["profile"]
    section = profile_section(name)
    known: list[str] = []
    looked: list[str] = []
    for file in parsed:
        if isinstance(file.parser, InvalidConfiguration):
            raise file.parser  # this file may have the profile
        parser: RawConfigParser = file.parser
        found = [each for each in parser.sections() if each.partition(" ")[0] == "profile"]
        for each in found:
            if each == section or profile_names([each]) == [name]:
                profile = Profile(name, by, file, each)
                _check(profile, given, env)
                return profile
        known += profile_names(found)
        looked.append(file.path)
    there = f"There are: {', '.join(dict.fromkeys(known))}" if known else "No file has any"
    raise InvalidConfiguration(
        f"No file has the profile {name}, which {by.named('profile')} names: a section [{section}]. {there}. "
        f"Looked at: {', '.join(looked) or 'no file, for there is none'}"
    )


def _check(profile: Profile, given: SettingsSource, env: SettingsSource) -> None:
    """Make sure that it is clear who calls, and that credentials go only to the endpoint they are for."""
    own = profile.source()
    has = next((name for name in CREDENTIALS if name in own.values), None)
    if has is not None and "endpoint" not in own.values:
        raise InvalidConfiguration(f"{own.named(has)} needs an endpoint beside it, which says whose account that is")
    others = [given] if profile.chosen_by is given else [given, env]
    for source in others:
        endpoint = source.values.get("endpoint")
        if endpoint and "endpoint" in own.values and not same_endpoint(str(endpoint), str(own.values["endpoint"])):
            raise InvalidConfiguration(
                f"{source.named('endpoint')} is not the endpoint of the profile {profile.name} ({own.where}), "
                f"which is {own.values['endpoint']}: leave one of them out"
            )
    named = next((name for name in CREDENTIALS if name in env.values), None)
    if profile.chosen_by is env and named is not None:
        raise InvalidConfiguration(
            f"{env.spelling('profile')} and {env.named(named)} both say who calls: unset one of them, or name the "
            "profile as an argument"
        )
