"""Access rules in words, for somebody who is to grant them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

__all__ = ["VALIDITIES", "Right", "duration", "rights"]

_VERBS: Final = {
    "GET": "read",
    "POST": "create and run",
    "PUT": "change",
    "PATCH": "change parts of",
    "DELETE": "delete",
}
_ALL: Final = ("GET", "POST", "PUT", "DELETE")

VALIDITIES: Final[dict[str, float | None]] = {
    "1 hour": 3600.0,
    "1 day": 86400.0,
    "2 days": 172800.0,
    "7 days": 604800.0,
    "30 days": 2592000.0,
    "Unlimited": None,
}
"""For how long a consumer key may be granted, in seconds."""


class Right(NamedTuple):
    """What several rules allow together.

    Attributes:
        verbs: what may be done, as ``"Read and change"``.
        what: with what, as ``"/me and everything below it"``.
        rules: the rules themselves, as ``"GET /me"``.
        dangerous: whether more than reading is allowed of everything there is.
    """

    verbs: str
    what: str
    rules: tuple[str, ...]
    dangerous: bool


def rights(rules: Iterable[Mapping[str, str]]) -> list[Right]:
    """Return rules in words; each rule is part of one of them.

    >>> [right] = rights([{"method": "GET", "path": "/me"}, {"method": "GET", "path": "/me/*"}])
    >>> right.verbs, right.what
    ('Read', '/me and everything below it')
    """
    scopes: dict[tuple[str, str], set[bool]] = {}
    for rule in rules:
        method, path = rule["method"].upper(), rule["path"]
        below = path.endswith("/*")
        scopes.setdefault((path[:-2] if below else path, method), set()).add(below)
    together: dict[tuple[str, frozenset[bool]], list[str]] = {}
    for (place, method), scope in scopes.items():
        together.setdefault((place, frozenset(scope)), []).append(method)
    return [_right(place, scope, methods) for (place, scope), methods in together.items()]


def _right(place: str, scope: frozenset[bool], methods: list[str]) -> Right:
    ordered = sorted(methods, key=lambda method: list(_VERBS).index(method) if method in _VERBS else len(_VERBS))
    anything = not place and True in scope
    what = "everything in your account" if anything else _place(place, scope)
    if set(ordered) >= set(_ALL):
        verbs = "Read, create, change, run and delete"
    else:
        verbs = _joined([_VERBS.get(method, method) for method in ordered])
        verbs = verbs[:1].upper() + verbs[1:]
    spelled = [f"{method} {place}{'/*' if below else ''}" for method in ordered for below in sorted(scope)]
    return Right(verbs, what, tuple(spelled), anything and set(ordered) != {"GET"})


def _place(place: str, scope: frozenset[bool]) -> str:
    anything = " (where * stands for anything)" if "*" in place else ""
    if scope == {True, False}:
        return f"{place}{anything} and everything below it"
    return f"everything below {place}{anything}" if True in scope else f"{place}{anything}, and nothing below it"


def _joined(words: list[str]) -> str:
    """Return words with commas and an "and".

    >>> _joined(["read", "change", "delete"])
    'read, change and delete'
    """
    return " and ".join(filter(None, (", ".join(words[:-1]), words[-1])))


def duration(seconds: float | None) -> str:
    """Return how long a key is good, in words.

    >>> duration(None), duration(86400.0)
    ('until you revoke it', 'for 1 day')
    """
    if seconds is None:
        return "until you revoke it"
    named = next((name for name, length in VALIDITIES.items() if length == seconds), None)
    return f"for {named or f'{seconds:g} seconds'}"
