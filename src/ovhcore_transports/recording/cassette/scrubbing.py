"""The scrubber: it hides secrets before anything reaches the disk, also those that earlier exchanges have shown."""

from __future__ import annotations

import gzip
import re
import zlib
from base64 import b64decode, b64encode
from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import Final

from ovhcore._internal import (
    REDACTED,
    SECRET_HEADERS,
    WITHIN,
    Redactor,
    is_form,
    is_placeholder,
    secrets_of_body,
    secrets_of_headers,
    secrets_of_json,
    secrets_of_url,
)
from ovhcore.protocol import Headers, Redaction, Request, Response

from ...base.forks import renew_after_fork
from ...base.locks import Lock
from .bodies import Packed

__all__ = ["Redaction", "Scrubber"]

_SHORTEST: Final = 6  # a shorter value of an answer is likely to be a word of other texts, too
_RANDOM: Final = re.compile(r"(?=.*[0-9])(?=.*[A-Za-z]).{8,}|.{16,}", re.DOTALL)
_WORD: Final = re.compile("[A-Za-z]{1,8}")


class Scrubber:
    """Hides secrets. It remembers the values it has seen: keys, tokens, passwords, cookies.

    A value with a secret's name is hidden wherever it turns up from then on. A short word in an answer is not
    looked for elsewhere: it would be found where it is no secret.
    Safe to use from many threads.

    Args:
        redaction: secrets, besides those that are always hidden.
    """

    def __init__(self, redaction: Redaction = Redaction()) -> None:  # noqa: B008 - immutable
        self._redactor = Redactor((), redaction)
        self._known: set[str] = set()
        self._lock = Lock()
        renew_after_fork(self)

    def after_fork(self) -> None:
        """Make a new lock in the child of a fork."""
        self._lock = Lock()

    def hide(self, values: Iterable[str]) -> None:
        """Hide values wherever they stand from now on, however short."""
        self._remember({value for value in values if value}, 1)

    def learn(
        self, request: Request, asked: Packed, response: Response | None = None, came: Packed | None = None
    ) -> None:
        """Remember the secrets of an exchange, to hide them wherever they turn up from now on."""
        redactor = self._redactor
        found = {
            *secrets_of_headers(request.headers.pairs, redactor),
            *secrets_of_url(request.url, redactor),
            *_of_body(asked, request.headers, redactor),
        }
        if response is not None:
            answered = {
                *secrets_of_headers(_telling(response.headers), redactor),
                *_of_body(came or {}, response.headers, redactor),
            }
            found.update(value for value in answered if len(value) >= _SHORTEST and not _WORD.fullmatch(value))
        self._remember({value for value in found if value and not is_placeholder(value)})

    def _remember(self, values: set[str], within: int = WITHIN) -> None:
        with self._lock:
            new = values - self._known
            if new:
                self._known |= new
                self._redactor = self._redactor.knowing(new, within)

    def text(self, text: str) -> str:
        """Return a text with its secrets hidden."""
        return self._redactor.text(text)

    def url(self, url: str) -> str:
        """Return a URL with its secrets hidden."""
        return self._redactor.url(url)

    def headers(self, pairs: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
        """Return header fields with their secrets hidden."""
        return self._redactor.headers(pairs)

    def body(self, packed: Packed, headers: Headers, *, named: str = "") -> Packed:
        """Return a body with its secrets hidden.

        Args:
            packed: the body, as it stands in a cassette.
            headers: the header fields of the message.
            named: the name of the whole body, such as the last part of a path.
        """
        redactor = self._redactor
        if "json" in packed:
            return {**packed, "json": redactor.json(packed["json"], named=named)}
        if "text" in packed:
            text: str = packed["text"]
            return {"text": redactor.form(text) if _is_form(text, headers) else redactor.text(text)}
        if "base64" in packed:
            return self._bytes(packed["base64"])
        return {}

    def _bytes(self, encoded: str) -> Packed:
        data = b64decode(encoded)
        # Every byte is a character of Latin-1: ASCII looks the same in it.
        readable = data.decode("latin-1")
        hidden = self.text(readable)
        if hidden != readable:
            return {"base64": b64encode(hidden.encode("latin-1")).decode("ascii")}
        for text in _other_readings(data):
            if self.text(text) != text:
                return {"text": REDACTED}
        return {"base64": encoded}


def _of_body(packed: Packed, headers: Headers, redactor: Redactor) -> Iterator[str]:
    if "json" in packed:
        return secrets_of_json(packed["json"], redactor)
    return secrets_of_body(packed.get("text", ""), headers.get("content-type", ""), redactor)


def _telling(headers: Headers) -> list[tuple[str, str]]:
    """Return the fields of an answer whose names tell for certain that their values are secrets."""
    return [
        (name, value) for name, value in headers.pairs if name.lower() in SECRET_HEADERS or _RANDOM.fullmatch(value)
    ]


def _is_form(text: str, headers: Headers) -> bool:
    return is_form(text, headers.get("content-type", ""))


def _other_readings(data: bytes) -> Iterator[str]:
    """Yield the texts that bytes may hold if they are no UTF-8: compressed, or two bytes a character."""
    for decompress in (gzip.decompress, zlib.decompress):
        with suppress(OSError, EOFError, zlib.error):
            yield decompress(data).decode("utf-8", "replace")
    for encoding in ("utf-16", "utf-16-be"):
        yield data.decode(encoding, "replace")
