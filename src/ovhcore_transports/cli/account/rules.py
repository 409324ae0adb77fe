"""What a key may do: presets, rules as they are typed, and rights in words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final
from urllib.parse import quote

import click

from ovhcore._internal import access_rules
from ovhcore.protocol import API_READ_ONLY, API_READ_WRITE, API_READ_WRITE_SAFE

__all__ = ["OWN_RULES", "PRESETS", "in_words", "rules_of", "rules_query", "with_own"]

PRESETS: Final[Mapping[str, Sequence[str]]] = {
    "read-only": API_READ_ONLY,
    "no-delete": API_READ_WRITE_SAFE,
    "everything": API_READ_WRITE,
}
"""Methods on every path, by the names of presets."""

OWN_RULES: Final = ({"method": "GET", "path": "/auth/currentCredential"}, {"method": "POST", "path": "/auth/logout"})
"""What every key of ours may do: say what it may do (whoami), and end itself (logout)."""

_VERBS: Final = {"GET": "read", "POST": "create and start", "PUT": "change", "PATCH": "change", "DELETE": "delete"}


def rules_of(preset: str | None, typed: Iterable[str], recursive: bool) -> list[dict[str, str]]:
    """Return access rules.

    Args:
        preset: one of :data:`PRESETS`, or None.
        typed: as ``"GET /me"`` or ``"GET,PUT /domain/zone"``.
        recursive: whether those cover what is below their paths, too.

    Raises:
        click.UsageError: one is not written so.
        InvalidRequest: no such method.
    """
    rules = [] if preset is None else access_rules(PRESETS[preset], "/*")
    for each in typed:
        methods, blank, path = each.strip().partition(" ")
        path = path.strip()
        if not blank or not path.startswith("/"):
            raise click.UsageError(f"A rule is written 'METHODS /path', as 'GET,PUT /domain/zone/*', not {each!r}")
        named = [method for method in methods.split(",") if method]
        if recursive:
            base = path.rstrip("*/")
            rules += access_rules(named, base) if base else []
            path = f"{base}/*"
        rules += access_rules(named, path)
    return rules


def with_own(rules: list[dict[str, str]]) -> list[dict[str, str]]:
    """Return rules and those that every key of ours has, none twice."""
    from ovhcore._internal import rule_covers

    own = [rule for rule in OWN_RULES if not any(rule_covers(each, rule["method"], rule["path"]) for each in rules)]
    return [*rules, *own]


def rules_query(rules: Iterable[Mapping[str, str]]) -> str:
    """Return rules as the page that makes keys takes them, in its query: ``GET=/me&GET=/me/*``."""
    return "&".join(f"{rule['method']}={quote(rule['path'], safe='/*')}" for rule in rules)


def in_words(rules: Any) -> list[str]:
    """Return rights in words, a line for each path: ``"/me and all below it: read, change"``."""
    if not isinstance(rules, list):
        return ["unknown"]
    methods: dict[str, set[str]] = {}
    for rule in rules:
        methods.setdefault(str(rule.get("path", "")), set()).add(str(rule.get("method", "")).upper())
    own = {(rule["path"], rule["method"]) for rule in OWN_RULES}
    lines: list[str] = []
    for path, granted in methods.items():
        if all((path, method) in own for method in granted):
            continue
        granted = granted - methods.get(f"{path}/*", set())  # that is said with what is below it
        if not granted:
            continue
        base = path.removesuffix("/*")
        whole = path == "/*" or (path.endswith("/*") and "*" not in base and base in methods)
        where = "everything" if path == "/*" else f"{base} and all below it" if whole else path
        lines.append(f"{where}: {_verbs(granted)}")
    return lines or ["nothing but to say what it may do"]


def _verbs(methods: set[str]) -> str:
    words = [word for method, word in _VERBS.items() if method in methods]
    words += sorted(methods - _VERBS.keys())
    said = ", ".join(dict.fromkeys(words))
    return said if methods & {"POST", "PUT", "PATCH", "DELETE"} else f"{said}; change nothing"
