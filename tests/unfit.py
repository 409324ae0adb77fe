"""Transports whose library is installed in a version they do not work with, and the tests that need them.

Clients refuse such a transport by name, and the default passes it over; so its tests are skipped, and say why.
"""

from __future__ import annotations

import re
from functools import cache

import pytest

from ovhcore.exceptions import InvalidConfiguration
from ovhcore.plugins import TransportSpec
from ovhcore_transports.plugin import ovhcore_transports


def unfit_among(specs: list[TransportSpec]) -> dict[str, str]:
    """Return by name what clients say of the transports that they refuse."""
    found = {}
    for spec in specs:
        try:
            spec.check()
        except InvalidConfiguration as error:
            if "is installed" in str(error):
                found[spec.name] = str(error)
    return found


@cache
def unfit_transports() -> dict[str, str]:
    """Return by name what clients say of the transports of this project that they refuse here."""
    return unfit_among(ovhcore_transports())


def transports_of(item: pytest.Item) -> set[str]:
    """Return the words by which a test may name the transports that it is for: a mark, a place, arguments."""
    texts = [str(mark.args[0]) for mark in item.iter_markers("transport")]
    texts.append(getattr(getattr(item, "cls", None), "place", ""))
    for value in getattr(getattr(item, "callspec", None), "params", {}).values():
        texts += [part for part in (value if isinstance(value, tuple) else (value,)) if isinstance(part, str)]
    return {word for text in texts for word in re.findall(r"[a-z0-9]+", text)}
