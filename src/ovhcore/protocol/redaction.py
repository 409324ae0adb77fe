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

__all__ = [
    "PLAIN_HEADERS",
    "REDACTED",
    "SECRET_FIELDS",
    "SECRET_HEADERS",
    "Secret",
    "as_secret",
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
_QUERY_ARGUMENT = re.compile(r"(?<=[?&])([^=&#]*)=([^&#]*)")


@cache
def _text_member() -> re.Pattern[str]:
    # Compiled when an error first needs it. "password: must be long" is a sentence: words in lower case are left alone
    # behind the names that occur in sentences.
    names = "|".join(sorted(SECRET_FIELDS - _WORDS))
    words = "|".join(sorted(_WORDS))
    sentence = r"\s+(?-i:[a-z]{1,15}\s+[a-z])"
    return re.compile(
        rf"(?i)([\"']?\b(?:(?:{names})\b[\"']?\s*[:=]|(?:{words})\b[\"']?\s*(?:=|:(?!{sentence})))\s*)"
        rf"(\"(?:[^\"\\]|\\.)*\"?|'[^']*'?|[^\s,;&}}]+)"
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


def redact_json(value: Any, hide: Callable[[str], str] = lambda text: text) -> Any:
    """Return a copy of a JSON value with secrets hidden, at any depth.

    Args:
        value: what JSON can hold.
        hide: what hides known values in a string, besides the names of :data:`SECRET_FIELDS`.
    """
    if isinstance(value, dict):
        return {
            hide(str(name)): REDACTED
            if str(name).lower() in SECRET_FIELDS and item is not None
            else redact_json(item, hide)
            for name, item in value.items()
        }
    if isinstance(value, list):
        return [redact_json(item, hide) for item in value]
    return hide(redact_text(value)) if isinstance(value, str) else value


def redact_text(text: str) -> str:
    """Hide signatures, and what follows a secret's name: in JSON that does not parse, a form, a log line."""
    return _SIGNATURE.sub(REDACTED, _text_member().sub(lambda match: match[1] + REDACTED, text))


def redact_url(url: str) -> str:
    """Hide the values of query arguments named in :data:`SECRET_FIELDS`."""
    if "?" not in url:
        return url
    return _QUERY_ARGUMENT.sub(
        lambda match: f"{match[1]}={REDACTED}" if match[1].lower() in SECRET_FIELDS else match[0], url
    )


def secret_header_values(fields: Iterable[tuple[str, str]]) -> Iterator[str]:
    """Yield the values of header fields that are, or by their names may be, secret."""
    for name, value in fields:
        if name.lower() in SECRET_HEADERS or _SECRET_HEADER.search(name):
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
