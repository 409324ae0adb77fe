"""What must never be shown, and how it is hidden.

One place knows which header and field names carry secrets; reprs, errors and events
all come here. Besides names, :func:`redactor` hides known *values*, wherever an
answer happens to repeat them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from typing import Any, Final

from .frozen import Frozen, put

__all__ = [
    "PLAIN_HEADERS",
    "REDACTED",
    "SECRET_FIELDS",
    "SECRET_HEADERS",
    "Redaction",
    "Secret",
    "as_secret",
    "is_secret_header",
    "redact_json",
    "redact_text",
    "redact_url",
    "redactor",
    "secret_header_values",
]

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

SECRET_FIELDS: Final = frozenset(
    {
        "access_token",
        "accesstoken",
        "application_key",
        "application_secret",
        "applicationkey",
        "applicationsecret",
        "client_secret",
        "clientsecret",
        "consumer_key",
        "consumerkey",
        "credentialtoken",
        "id_token",
        "password",
        "refresh_token",
        "refreshtoken",
        "secret",
        "token",
        "validationurl",
    }
)
"""Names of JSON members, form fields and query arguments, lower-case, whose values are never shown."""

_WORDS: Final = frozenset({"password", "secret", "token"})
_SECRET_HEADER = re.compile("auth|cookie|key|pass|secret|session|token", re.IGNORECASE)
_SIGNATURE = re.compile(r"\$1\$[0-9a-fA-F]{40}")
_QUERY_ARGUMENT = re.compile(r"(?<=[?&#;])([^=&#;?]*)=([^&#;\s]*)")


@cache
def _named(fields: frozenset[str]) -> tuple[re.Pattern[str], re.Pattern[str], re.Pattern[str]]:
    # Compiled when an error first needs it. "password: must be long" is a sentence: words in lower case are left alone
    # behind the names that occur in sentences.
    names = "|".join(map(re.escape, sorted(fields - _WORDS)))
    words = "|".join(sorted(_WORDS))
    sentence = r"\s+(?-i:[a-z]{1,15}\s+[a-z])"
    every = rf"(?:{names}|\w*(?:{words}))"
    return (
        re.compile(
            rf"(?i)([\"']?\b(?:(?:{names})\b[\"']?\s*[:=]|(?:\w*(?:{words}))\b[\"']?\s*(?:=|:(?!{sentence})))\s*)"
            rf"(\"(?:[^\"\\]|\\.)*\"?|'[^']*'?|[^\s,;&}}\[{{]+)"
        ),
        re.compile(rf"(?i)(<(?:\w+:)?{every}(?:\s[^<>]*)?>)[^<>]+"),
        re.compile(rf"(?i)(name=\"?{every}\"?[^\n]*\n(?:[^\r\n]{{1,998}}\r?\n){{0,20}}\r?\n)[^\r\n]+"),
    )


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
    """Return a value that does not print."""
    return value if isinstance(value, Secret) else Secret(value)


class Redaction(Frozen):
    """What a program declares as secret, besides what always is.

    Attributes:
        names: of header fields, JSON members, form fields and query arguments, in lower case;
            their values are hidden.
        patterns: what matches one of them is hidden, wherever it stands.
        values: are hidden wherever they stand.

    Raises:
        TypeError: what stands there is no list of strings.
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
    """Return what was declared; anything but strings would hide nothing."""
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


def _is_secret_field(name: str) -> bool:
    return name.lower() in SECRET_FIELDS


def redact_json(
    value: Any, hide: Callable[[str], str] | None = None, is_secret: Callable[[str], bool] = _is_secret_field
) -> Any:
    """Return a copy of a JSON value with secrets hidden, at any depth.

    Args:
        value: what JSON can hold.
        hide: what hides known values in a string, besides what has a secret's name.
        is_secret: says of the name of a member whether it is a secret.
    """
    if isinstance(value, dict):
        hidden: dict[str, Any] = {}
        for name, item in value.items():
            key = str(name) if hide is None else hide(str(name))
            if key in hidden:  # two that are hidden must not become one
                key = f"{key} {len(hidden)}"
            secret = item is not None and is_secret(str(name))
            hidden[key] = REDACTED if secret else redact_json(item, hide, is_secret)
        return hidden
    if isinstance(value, list):
        return [redact_json(item, hide, is_secret) for item in value]
    if isinstance(value, str):
        return redact_text(value) if hide is None else hide(redact_text(value))
    return value


def redact_text(text: str, names: frozenset[str] = SECRET_FIELDS) -> str:
    """Hide signatures, and what follows a secret's name: in JSON that does not parse, a form, XML, a log line.

    Args:
        text: any.
        names: of secrets, in lower case.
    """
    member, element, part = _named(names)
    text = member.sub(lambda match: match[1] + REDACTED, text)
    if "<" in text:
        text = element.sub(lambda match: match[1] + REDACTED, text)
    if "form-data" in text:
        text = part.sub(lambda match: match[1] + REDACTED, text)
    return _SIGNATURE.sub(REDACTED, text)


def redact_url(url: str, is_secret: Callable[[str], bool] = _is_secret_field) -> str:
    """Hide the values of query arguments that have the name of a secret.

    Args:
        url: or whatever holds a query.
        is_secret: says of the name of an argument whether it is a secret.
    """
    if "?" not in url and "#" not in url:
        return url
    return _QUERY_ARGUMENT.sub(lambda match: f"{match[1]}={REDACTED}" if is_secret(match[1]) else match[0], url)


def is_secret_header(name: str) -> bool:
    """Say whether a header field is, or by its name may be, secret."""
    return name.lower() in SECRET_HEADERS or _SECRET_HEADER.search(name) is not None


def secret_header_values(fields: Iterable[tuple[str, str]]) -> Iterator[str]:
    """Yield the values of header fields that are, or by their names may be, secret."""
    for name, value in fields:
        if is_secret_header(name):
            yield value


def redactor(secrets: Iterable[str]) -> Callable[[str], str]:
    """Return a function that hides every one of ``secrets``, longest first, in a text.

    Values shorter than four characters are left alone: hiding them would garble
    ordinary words and hide nothing worth hiding. ``secrets`` is looked at when a first
    text comes.
    """
    pattern: re.Pattern[str] | None = None

    def hide(text: str) -> str:
        nonlocal pattern
        if pattern is None:
            known = sorted({secret for secret in secrets if len(secret) >= 4}, key=len, reverse=True)
            pattern = re.compile("|".join(map(re.escape, known)) or r"(?!)")
        return pattern.sub(REDACTED, text)

    return hide
