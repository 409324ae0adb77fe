"""What must never be shown, and how it is hidden.

Whatever shows something comes here: reprs, errors, events, logs, recordings. What is a secret is
decided once, for all of them, by its name, by its form, or because its value is known; see
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
    "Hiding",
    "Redaction",
    "Secret",
    "ShownURL",
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
    """Hide the secrets of a URL: its user and password, and query arguments that have the name of a secret."""
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

    def knowing(self, values: Iterable[str]) -> Hiding:
        """Return one that knows more secrets.

        Args:
            values: the secrets, as :func:`ovhcore.protocol.secrets.learning.of_request` finds them in a request.
        """
        other = Hiding(())
        other._full = self.full.knowing(values)
        return other


def redactor(secrets: Iterable[str]) -> Hiding:
    """Return a function that hides secrets in a text: ``secrets``, and what is one by its name or form.

    A known value is found however it is written: in base64, hexadecimal, upper case, percent-encoded,
    escaped as in HTML or JSON. One of less than four characters is taken for it where it stands alone.
    ``secrets`` is looked at when a first text comes.
    """
    return Hiding(secrets)


@cache
def _plain() -> Redactor:
    from .secrets.redacting import Redactor

    return Redactor()


def _of(hide: Callable[[str], str] | None) -> Redactor:
    if hide is None:
        return _plain()
    return hide.full if isinstance(hide, Hiding) else _plain().and_then(hide)
