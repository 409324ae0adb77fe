"""The settings that arguments keep out: those shielded by an empty argument, and bad values that do not matter then."""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from typing import Final

from ..exceptions import InvalidConfiguration
from .files import SettingsSource

__all__ = ["ConfigurationWarning", "Leniency", "beneath", "shielded"]

# These say whom to trust and whom to send through: without one of them, requests would go where nobody wanted.
_DECISIVE: Final = frozenset({"proxy", "ca_bundle", "verify", "client_cert", "client_key"})
_APPLICATION: Final = frozenset({"application_key", "application_secret"})
_ACCOUNT: Final = frozenset({"client_id", "client_secret"})

_said: set[str] = set()


class ConfigurationWarning(UserWarning):
    """A setting that has nothing to do with the credentials given as arguments has a bad value; it has no effect."""


class Leniency:
    """Passes over bad values of variables and files, where a whole set of credentials was given as arguments.

    Args:
        on: whether a whole set was given.
        arguments: the source of the arguments, whose values are never passed over.
    """

    def __init__(self, on: bool, arguments: SettingsSource) -> None:
        self._on = on
        self.arguments = arguments
        self._problems: list[str] = []

    def passes_over(self, name: str, source: SettingsSource | None, error: InvalidConfiguration) -> bool:
        """Say whether a setting that cannot be used is passed over; if not, the caller raises the error.

        Args:
            name: the name of the setting.
            source: where it stands; None for the environment.
            error: the problem of the setting.
        """
        if not self._on or name in _DECISIVE or source is self.arguments:
            return False
        self._problems.append(str(error))
        return True

    def warn(self, stacklevel: int) -> None:
        """Warn of the settings that were passed over; of each problem once in a process."""
        for problem in self._problems:
            if problem not in _said:
                _said.add(problem)
                warnings.warn(
                    f"{problem}. It is passed over: the credentials were given as arguments. With config=False "
                    "variables and files are not looked at",
                    ConfigurationWarning,
                    stacklevel=stacklevel + 1,
                )


def shielded(arguments: SettingsSource) -> frozenset[str]:
    """Return the settings that empty arguments keep from being looked for; both settings of a pair."""
    names = set(arguments.empty)
    if names & _APPLICATION:
        # A consumer key belongs to its application.
        names |= {*_APPLICATION, "consumer_key"}
    if names & _ACCOUNT:
        names |= _ACCOUNT
    return frozenset(names)


def beneath(arguments: SettingsSource, sources: Iterable[SettingsSource]) -> list[SettingsSource]:
    """Return sources without the settings that empty arguments shield."""
    hidden = shielded(arguments)
    return [source.without(hidden) if hidden & source.values.keys() else source for source in sources]
