"""What must never be shown, and how it is hidden.

Whatever shows something comes here: reprs, errors, events, logs, recordings. What is a secret is
decided once, for all of them, by its name, by its form, or because its value is known; see
:mod:`ovhcore.protocol.secrets.redacting`. Nothing is hidden, and nothing loaded for it, while calls succeed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from .frozen import Frozen, put

if TYPE_CHECKING:
    from ..exceptions import APIError
    from .messages import Request
    from .secrets.redacting import Redactor

__all__ = [
    "PLAIN_HEADERS",
    "REDACTED",
    "SECRET_HEADERS",
    "Hiding",
    "Redaction",
    "Secret",
    "ShownURL",
    "as_secret",
    "conceal",
    "is_secret_header",
    "is_secret_name",
    "redact_headers",
    "redact_json",
    "redact_text",
    "redact_url",
    "redactor",
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


def redact_json(value: Any, hide: Callable[[str], str] | None = None) -> Any:
    """Return a copy of a JSON value with secrets hidden, at any depth.

    Args:
        value: what JSON can hold.
        hide: what hides known values in a string; as :func:`redactor` returns it, or a function of your own.

    Raises:
        RecursionError: it is nested too deeply.
    """
    return _of(hide).json(value)


def redact_text(text: str) -> str:
    """Hide what is secret by its form, and what follows a secret's name.

    In prose, a log line, JSON whole or cut off, a form, YAML, XML, multipart.
    """
    return _of(None).text(text) if text else text


def redact_url(url: str) -> str:
    """Hide the secrets of a URL: who it names, and the values of query arguments that have the name of a secret."""
    return _of(None).url(url) if "?" in url or "#" in url or "@" in url or "%" in url or "$" in url else url


def redact_headers(pairs: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return header fields with secrets hidden."""
    return _of(None).headers(pairs)


def is_secret_name(name: str) -> bool:
    """Say whether a JSON member, whatever its spelling, has the name of a secret.

    >>> is_secret_name("adminPassword"), is_secret_name("passwordLastUpdate")
    (True, False)
    """
    return _of(None).is_secret(name)


class ShownURL:
    """A URL, or path with its query, that is shown without secrets. Nothing is looked at until it is."""

    __slots__ = ("_url",)

    def __init__(self, url: str) -> None:
        self._url = url

    def __str__(self) -> str:
        return redact_url(self._url)

    __repr__ = __str__


def is_secret_header(name: str) -> bool:
    """Say whether a header field is, or by its name may be, secret."""
    return _of(None).is_secret_header(name)


class Hiding:
    """Hides secrets in texts. It looks at the known ones when a first text comes.

    Args:
        secrets: known values.
    """

    __slots__ = ("_full", "_secrets")

    def __init__(self, secrets: Iterable[str]) -> None:
        self._secrets: Iterable[str] = secrets
        self._full: Redactor | None = None

    @property
    def full(self) -> Redactor:
        """What hides in everything else, too."""
        if self._full is None:
            from .secrets.redacting import OWN

            self._full = _of(None).knowing(self._secrets, OWN)
            self._secrets = ()
        return self._full

    def __call__(self, text: str) -> str:
        """Return a text without secrets."""
        return self.full.text(text)

    def and_then(self, hide: Callable[[str], str]) -> Hiding:
        """Return one that leaves the last word on every text to a function."""
        other = Hiding(())
        other._full = self.full.and_then(hide)
        return other

    def of_request(self, request: Request) -> Hiding:
        """Return one that knows the secrets of a request, too: an answer may repeat them."""
        from .secrets.learning import of_request

        full = self.full
        other = Hiding(())
        other._full = full.knowing(of_request(request, full))
        return other


def redactor(secrets: Iterable[str]) -> Hiding:
    """Return a function that hides secrets in a text: ``secrets``, and what is one by its name or form.

    A known value is found however it is written: in base64, hexadecimal, upper case, percent-encoded,
    escaped as in HTML or JSON. One of less than four characters is taken for it where it stands alone.
    ``secrets`` is looked at when a first text comes.
    """
    return Hiding(secrets)


def conceal(error: APIError, hide: Hiding) -> None:
    """Take known secrets out of an exception that says why there was no answer.

    What answered earlier attempts may have repeated one, and a path may have one.

    Args:
        error: the exception; what a text in it says besides is left as it is.
        hide: knows the secrets.
    """
    known = hide.full.known
    error.args = tuple(known(each) if isinstance(each, str) else each for each in error.args)
    error.url, error.hint, error.query_id = (each and known(each) for each in (error.url, error.hint, error.query_id))
    error.history = tuple(attempt.shown(known) for attempt in error.history)
    if notes := getattr(error, "__notes__", None):
        error.__notes__ = [known(note) for note in notes]


@cache
def _plain() -> Redactor:
    from .secrets.redacting import Redactor

    return Redactor()


def _of(hide: Callable[[str], str] | None) -> Redactor:
    if hide is None:
        return _plain()
    return hide.full if isinstance(hide, Hiding) else _plain().and_then(hide)
