"""Comparison of a cassette with another one, and with the API as it is now."""

from __future__ import annotations

import re
from collections.abc import Iterator
from difflib import SequenceMatcher
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qsl, urlsplit

from ovhcore._internal import REDACTED, parse_json

from .cassettes import Cassette
from .differences import MISSING, differences
from .interactions import Interaction

if TYPE_CHECKING:
    from ovhcore.schema import Catalogue

__all__ = ["checked", "compared"]

_STEP: Final = re.compile(r"\.([^.\[\]]+)|\[([0-9]+)\]")
_OTHER_SHAPES: Final = frozenset({"x-pagination-mode", "x-ovh-batch"})
"""Header fields that ask for the objects of a list, or for those of several paths."""
_MOST: Final = 20
"""The largest number of differences of one answer that are shown."""


def compared(old: Cassette, new: Cassette) -> Iterator[str]:
    """Yield how a cassette differs from another one, a line each; calls are held against each other in their order.

    Hosts, times, header fields and signatures are passed over.

    Args:
        old: the cassette before.
        new: the cassette after.
    """
    before, after = [_called(each) for each in old.interactions], [_called(each) for each in new.interactions]
    for kind, a, b, c, d in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if kind == "equal":
            for ours, theirs in zip(old.interactions[a:b], new.interactions[c:d], strict=True):
                yield from _changes(ours, theirs)
        else:
            yield from (f"- {each}" for each in before[a:b])
            yield from (f"+ {each}" for each in after[c:d])


def _called(interaction: Interaction) -> str:
    parts = urlsplit(interaction.url)
    return f"{interaction.method} {parts.path}" + (f"?{parts.query}" if parts.query else "")


def _changes(old: Interaction, new: Interaction) -> Iterator[str]:
    found = [*_differing("request", _body(old.request.body), _body(new.request.body))]
    before, after = _outcome(old), _outcome(new)
    if before != after:
        found.append(f"answer: {before} -> {after}")
    found += _differing("answer", _answer(old), _answer(new))
    if found:
        yield f"~ {_called(new)}"
        yield from (f"    {each}" for each in found[:_MOST])
        if len(found) > _MOST:
            yield f"    and {len(found) - _MOST} more"


def _outcome(interaction: Interaction) -> str:
    record = interaction.record
    return str(record["response"]["status"] if "response" in record else record["failure"]["error"])


def _answer(interaction: Interaction) -> Any:
    response = interaction.response
    return None if response is None else _body(response.body)


def _body(data: bytes) -> Any:
    """Return the value of a body of JSON, else the bytes; None for none."""
    if not data:
        return None
    try:
        return parse_json(data)
    except ValueError:
        return data


def _differing(place: str, old: Any, new: Any) -> Iterator[str]:
    for steps, ours, theirs in differences(old, new):
        at = place + "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in steps)
        if theirs is MISSING:
            yield f"- {at}"
        elif ours is MISSING:
            yield f"+ {at}: {_shown(theirs)}"
        else:
            yield f"{at}: {_shown(ours)} -> {_shown(theirs)}"


def _shown(value: Any) -> str:
    if isinstance(value, list):
        return f"a list of {len(value)}"
    if isinstance(value, dict):
        return f"an object of {len(value)}"
    text = f"{len(value)} bytes" if isinstance(value, bytes) else repr(value)
    return text if len(text) <= 60 else f"{text[:60]}..."


def checked(cassette: Cassette, catalogue: Catalogue) -> Iterator[str]:
    """Yield what is wrong with a cassette, a line each: it is not whole, or a call no longer fits the API.

    Args:
        cassette: the cassette.
        catalogue: the catalogue of the API that was recorded.
    """
    yield from cassette.problems
    told: set[str] = set()
    for number, each in enumerate(cassette.interactions, 1):
        for problem in _wrong(each, catalogue):
            if problem not in told:
                told.add(problem)
                yield f"{number}: {problem}"


def _wrong(interaction: Interaction, catalogue: Catalogue) -> Iterator[str]:
    from ovhcore._internal import check_value
    from ovhcore.schema import Array, check_answer, check_arguments

    parts = urlsplit(interaction.url)
    operation = catalogue.find(interaction.method, parts.path)
    if operation is None:
        yield f"{interaction.method} {parts.path}: the catalogue has no such operation"
        return
    if operation.status.deprecated:
        instead = f", use {operation.status.replacement}" if operation.status.replacement else ""
        yield f"{operation}: is deprecated{instead}"
    family = catalogue.family(operation.family)
    query, sent = dict(parse_qsl(parts.query)), _body(interaction.request.body)
    for each in check_arguments(family, operation, query=query, body=sent):
        if each.certain and not _is_hidden(sent, each.place):
            yield f"{operation}: {each}"
    response = interaction.response
    if response is None or not 200 <= response.status < 300:
        return
    came = _body(response.body)
    if all(name.lower() not in _OTHER_SHAPES for name in interaction.request.headers):
        findings = check_answer(family, operation, came)
    elif operation.expanded is not None and "x-ovh-batch" not in interaction.request.headers:
        findings = check_value(family, Array(operation.expanded), came)
    else:
        return
    yield from (f"{operation}: {each}" for each in findings if not _is_hidden(came, each.place))


def _is_hidden(value: Any, place: str) -> bool:
    """Say whether there was a secret in a place, as ``"$.contacts[0].email"``."""
    for name, number in _STEP.findall(place):
        if isinstance(value, dict):
            value = value.get(name)
        else:
            value = value[int(number)] if isinstance(value, list) and number else None
    return isinstance(value, str) and REDACTED in value
