"""The base of all code about secrets: the mark, names of header fields, and the records that hold secrets."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, Final

from .frozen import Frozen, put

__all__ = ["PLAIN_HEADERS", "REDACTED", "SECRET_HEADERS", "Redaction", "Secret", "as_secret"]

REDACTED: Final = "<redacted>"

SECRET_HEADERS: Final = frozenset(
    {
        "authorization",
        "cookie",
        "proxy-authorization",
        "set-cookie",
        "x-ovh-application",
        "x-ovh-consumer",
        "x-ovh-signature",
    }
)
"""Header names, lower-case, whose values are never shown."""

PLAIN_HEADERS: Final = frozenset(
    {
        "accept",
        "accept-encoding",
        "connection",
        "content-encoding",
        "content-length",
        "content-type",
        "date",
        "retry-after",
        "server",
        "transfer-encoding",
        "user-agent",
        "x-ovh-queryid",
        "x-ovh-timestamp",
    }
)
"""Header names, lower-case, whose values a repr shows."""


class Secret:
    """A string that prints as ``<redacted>``; :meth:`reveal` gives it back.

    Never pickled, so that it cannot leave the process by accident.
    """

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """Return the secret itself. Do not keep it in a variable that outlives its use."""
        return self._value

    def __repr__(self) -> str:
        return REDACTED

    __str__ = __repr__

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._value == self._value

    def __hash__(self) -> int:
        return hash(self._value)

    def __copy__(self) -> Secret:
        return self

    def __deepcopy__(self, memo: object) -> Secret:
        return self

    def __reduce__(self) -> Any:
        raise TypeError("a secret is not pickled; pass the credentials to the other process by configuration")


def as_secret(value: Any) -> Secret:
    """Wrap a value so that it does not print."""
    return value if isinstance(value, Secret) else Secret(value)


class Redaction(Frozen):
    """The secrets that a program declares, besides those that are always hidden.

    Attributes:
        names: names of header fields, JSON members, form fields and query arguments, in lower case;
            their values are hidden.
        patterns: regular expressions; every match is hidden, wherever it stands.
        values: texts that are hidden wherever they stand.

    Raises:
        TypeError: an argument is no list of strings.
        ValueError: a pattern is no regular expression.
    """

    __slots__ = ("names", "patterns", "values")

    names: frozenset[str]
    patterns: tuple[re.Pattern[str], ...]
    values: tuple[Secret, ...]

    def __init__(
        self,
        names: Iterable[str] = (),
        patterns: Iterable[str | re.Pattern[str]] = (),
        values: Iterable[str | Secret] = (),
    ) -> None:
        put(self, "names", frozenset(name.lower() for name in _strings("names", names)))
        put(self, "patterns", tuple(map(_compiled, _strings("patterns", patterns))))
        put(self, "values", tuple(map(as_secret, _strings("values", values))))

    def __or__(self, other: Redaction) -> Redaction:
        return Redaction(self.names | other.names, self.patterns + other.patterns, self.values + other.values)


def _strings(what: str, given: Iterable[Any]) -> list[Any]:
    """Return the declared values; all but strings are refused, since they would hide nothing."""
    if isinstance(given, (str, bytes)) or not isinstance(given, Iterable):
        raise TypeError(f"{what} must be a list of strings, not {type(given).__name__}")
    listed = list(given)
    for each in listed:
        text = each.pattern if isinstance(each, re.Pattern) and what == "patterns" else each
        if not isinstance(text, str) and not isinstance(each, Secret):
            raise TypeError(f"{what} must be strings; there is one of {type(each).__name__}")
    return listed


def _compiled(pattern: str | re.Pattern[str]) -> re.Pattern[str]:
    try:
        return re.compile(pattern)
    except re.error as error:
        problem = str(error)
    raise ValueError(f"the pattern {pattern!r} is no regular expression: {problem}")
