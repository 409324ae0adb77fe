"""Every setting with the place that says it, for people who look for what is wrong."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from .files import SettingsSource

__all__ = ["FoundSetting", "listed"]


class FoundSetting(NamedTuple):
    """A setting, as one place says it.

    Attributes:
        name: the name of the setting, as files have it; that of a header field is ``header.NAME``.
        value: its value; one that may hold a secret is a :class:`~ovhcore.protocol.Secret`, which does not print.
        place: the place, as ``"argument"``, ``"environment"`` or ``"~/.ovh.conf, section [ovh-eu]"``.
        spelling: its name in this place, as ``"OVH_ENDPOINT"``.
        first: whether no place that is asked earlier says the setting, too.
        file: the path of the file, None for other places.
        section: the section of the file, or None.
    """

    name: str
    value: Any
    place: str
    spelling: str
    first: bool
    file: str | None
    section: str | None


def listed(sources: Iterable[SettingsSource]) -> Iterator[FoundSetting]:
    """Yield the settings of places, the most specific place first; a place that is named twice counts once."""
    seen: set[str] = set()
    places: set[str] = set()
    for source in sources:
        if source.where in places:
            continue
        places.add(source.where)
        said: dict[str, Any] = dict(source.values)
        said |= {f"header.{name}": value for name, value in source.headers.items()}
        for name, value in said.items():
            spelling = name if name.startswith("header.") else source.spelling(name)
            yield FoundSetting(name, value, source.where, spelling, name not in seen, source.file, source.section)
            seen.add(name)
