"""The report on a request that nobody recorded: the nearest recordings, and exactly what differs."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from difflib import SequenceMatcher
from typing import Any, Final

from ovhcore.protocol import Request

from ..cassette.differences import MISSING, Steps, differences
from .matching import Body, ComparedRequest, Key, RecordedSlot, Shelf

__all__ = ["nearest"]

_SHOWN: Final = 3
_LOOKED_AT: Final = 100
_LONGEST: Final = 120
_BEFORE_PATH: Final = frozenset({"scheme", "host"})


def nearest(shelf: Shelf, request: Request) -> list[str]:
    """Return lines that tell of the nearest recordings.

    Args:
        shelf: the recordings.
        request: the request, its secrets hidden.
    """
    asked = ComparedRequest.now(request)
    key = shelf.key(asked)
    # The number of parts that are equal says most, and costs little; the rest is looked at closely.
    roughly = sorted(shelf.slots, key=lambda slot: -sum(map(_equal, slot.key, key)))[:_LOOKED_AT]
    counts = not _BEFORE_PATH.isdisjoint(name for name, _ in shelf.matchers)
    closely = sorted(roughly, key=lambda slot: (-_likeness(slot, asked, key, counts), slot.number in shelf.played))
    return [_line(shelf, slot, asked, key, counts) for slot in closely[:_SHOWN]]


def _equal(one: object, other: object) -> bool:
    return one == other


def _likeness(slot: RecordedSlot, asked: ComparedRequest, key: Key, origin_counts: bool) -> float:
    urls = [url if origin_counts else _target(url) for url in (slot.interaction.url, asked.url)]
    # Long texts take long, and differ in their beginning as in their end.
    one, other = (url if len(url) <= 200 else url[:100] + url[-100:] for url in urls)
    url = SequenceMatcher(None, one, other, autojunk=False).ratio()
    return sum(map(_equal, slot.key, key)) + url


def _target(url: str) -> str:
    """Return path and query."""
    start = url.find("/", url.find("://") + 3)
    return url[start:] if start >= 0 else ""


def _line(shelf: Shelf, slot: RecordedSlot, asked: ComparedRequest, key: Key, origin_counts: bool) -> str:
    played = ", which was played already" if slot.number in shelf.played else ""
    url = slot.interaction.url
    target = _target(url)
    # Another host that does not count would look like the difference.
    if not origin_counts and url.removesuffix(target) != asked.url.removesuffix(_target(asked.url)):
        url = target or "/"
    where = f"{slot.interaction.method} {url} (number {slot.number + 1}{played})"
    differences = [
        each
        for name, recorded, asked in zip((name for name, _ in shelf.matchers), slot.key, key, strict=True)
        if recorded != asked
        for each in _differences(name, recorded, asked)
    ]
    if not differences:
        return f"{where}: equal; it may answer again with repeat"
    return f"{where}: {'; '.join(differences)}"


def _differences(name: str, recorded: Any, asked: Any) -> Iterator[str]:
    if isinstance(recorded, Body) and isinstance(asked, Body):
        if recorded.kind == asked.kind == "json":
            yield from _of_json(name, json.loads(recorded.text), json.loads(asked.text))
        else:
            yield _changed(name, recorded.text or "none", asked.text or "none")
    elif name == "query":
        yield from _of_json(name, _grouped(recorded), _grouped(asked))
    else:
        yield _changed(name, recorded, asked)


def _grouped(pairs: Iterable[Any]) -> dict[str, str | list[str]]:
    grouped: dict[str, list[str]] = {}
    for name, value in pairs:
        grouped.setdefault(name.removesuffix(":"), []).append(value)
    return {name: values[0] if len(values) == 1 else values for name, values in grouped.items()}


def _of_json(where: str, recorded: Any, asked: Any) -> Iterator[str]:
    for steps, one, other in differences(recorded, asked):
        if other is MISSING:
            yield f"{_at(where, steps[:-1])} had {steps[-1]}={_shown(one)}, has none"
        elif one is MISSING:
            yield f"{_at(where, steps[:-1])} had no {steps[-1]}, has {steps[-1]}={_shown(other)}"
        else:
            yield _changed(_at(where, steps), one, other)


def _at(where: str, steps: Steps) -> str:
    return where + "".join(f"[{step}]" if isinstance(step, int) else f" {step}" for step in steps)


def _changed(what: str, recorded: object, asked: object) -> str:
    return f"{what} was {_shown(recorded)}, is {_shown(asked)}"


def _shown(value: object) -> str:
    text = value if isinstance(value, str) else repr(value)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."
