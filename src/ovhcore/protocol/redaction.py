"""Functions that redact: they hide secrets in everything that is shown.

Reprs, errors, events, logs and recordings all use them. What is a secret is decided once, for
all of them, by its name, by its form, or because its value is known; see
:mod:`ovhcore.protocol.secrets.redacting`. Nothing is hidden, and nothing loaded for it, while calls succeed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cache
from typing import TYPE_CHECKING, Any

from .secret_types import PLAIN_HEADERS, REDACTED, SECRET_HEADERS, Redaction, Secret, as_secret

if TYPE_CHECKING:
    from .secrets.redacting import Redactor

__all__ = [
    "PLAIN_HEADERS",
    "REDACTED",
    "SECRET_HEADERS",
    "Redaction",
    "Secret",
    "ShownURL",
    "TextRedactor",
    "as_secret",
    "is_secret_header",
    "is_secret_name",
    "redact_headers",
    "redact_json",
    "redact_text",
    "redact_url",
    "redactor",
]


def redact_json(value: Any, hide: Callable[[str], str] | None = None) -> Any:
    """Return a copy of a JSON value with secrets hidden, at any depth.

    Args:
        value: any value that JSON can hold.
        hide: a function that hides known values in a string: one from :func:`redactor`, or your own.

    Raises:
        RecursionError: the value is nested too deeply.
    """
    return _redactor_of(hide).json(value)


def redact_text(text: str) -> str:
    """Hide secrets in a text: those that have a secret's form, and values that follow a secret's name.

    The text may be prose, a log line, JSON whole or cut off, a form, YAML, XML or multipart.
    """
    return _redactor_of(None).text(text) if text else text


def redact_url(url: str) -> str:
    """Hide the secrets of a URL: its user and password, and query arguments that have the name of a secret."""
    return _redactor_of(None).url(url) if "?" in url or "#" in url or "@" in url or "%" in url or "$" in url else url


def redact_headers(pairs: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return header fields with secrets hidden."""
    return _redactor_of(None).headers(pairs)


def is_secret_name(name: str) -> bool:
    """Say whether a JSON member, whatever its spelling, has the name of a secret.

    >>> is_secret_name("adminPassword"), is_secret_name("passwordLastUpdate")
    (True, False)
    """
    return _redactor_of(None).is_secret(name)


class ShownURL:
    """A URL, or a path with its query, that prints without secrets. Secrets are looked for only when it prints."""

    __slots__ = ("_url",)

    def __init__(self, url: str) -> None:
        self._url = url

    def __str__(self) -> str:
        return redact_url(self._url)

    __repr__ = __str__


def is_secret_header(name: str) -> bool:
    """Say whether a header field is, or by its name may be, secret."""
    return _redactor_of(None).is_secret_header(name)


class TextRedactor:
    """A redactor of texts: a function. It reads the known secrets when the first text comes.

    Args:
        secrets: known values.
    """

    __slots__ = ("_full", "_secrets")

    def __init__(self, secrets: Iterable[str]) -> None:
        self._secrets: Iterable[str] = secrets
        self._full: Redactor | None = None

    @property
    def full(self) -> Redactor:
        """The redactor behind this function, which also redacts JSON, URLs and header fields."""
        if self._full is None:
            from .secrets.redacting import OWN

            self._full = _redactor_of(None).knowing(self._secrets, OWN)
            self._secrets = ()
        return self._full

    def __call__(self, text: str) -> str:
        """Return a text without secrets."""
        return self.full.text(text)

    def and_then(self, redact: Callable[[str], str]) -> TextRedactor:
        """Return a copy that passes every text through another function at the end."""
        other = TextRedactor(())
        other._full = self.full.and_then(redact)
        return other

    def knowing(self, values: Iterable[str]) -> TextRedactor:
        """Return a copy that knows more secrets.

        Args:
            values: the secrets, as :func:`.secrets_of_request` finds them in a request.
        """
        other = TextRedactor(())
        other._full = self.full.knowing(values)
        return other


def redactor(secrets: Iterable[str]) -> TextRedactor:
    """Return a function that hides secrets in a text: ``secrets``, and values that are secret by name or form.

    A known value is found however it is written: in base64, hexadecimal, upper case, percent-encoded,
    escaped as in HTML or JSON. A value of fewer than four characters is found only where it stands alone.
    ``secrets`` is read when the first text comes.
    """
    return TextRedactor(secrets)


@cache
def _plain() -> Redactor:
    from .secrets.redacting import Redactor

    return Redactor()


def _redactor_of(hide: Callable[[str], str] | None) -> Redactor:
    if hide is None:
        return _plain()
    return hide.full if isinstance(hide, TextRedactor) else _plain().and_then(hide)
