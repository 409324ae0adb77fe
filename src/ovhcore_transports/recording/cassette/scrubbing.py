"""Hide secrets before anything reaches the disk: by name, by pattern, and by value wherever a known one turns up."""

from __future__ import annotations

import gzip
import json
import re
import zlib
from base64 import b64decode, b64encode
from collections.abc import Iterable, Iterator
from contextlib import suppress
from functools import lru_cache
from typing import Any, Final
from urllib.parse import parse_qsl, quote, quote_plus, unquote, unquote_plus

from ovhcore.protocol.messages import Headers, Request, Response
from ovhcore.protocol.redaction import (
    REDACTED,
    SECRET_FIELDS,
    SECRET_HEADERS,
    Redaction,
    is_secret_header,
    redact_json,
    redact_text,
    redact_url,
)

from ...base.forks import renew_after_fork
from ...base.locks import Lock
from .bodies import Packed

__all__ = ["Redaction", "Scrubber"]

_FORM: Final = "application/x-www-form-urlencoded"
_FORM_TEXT: Final = re.compile(r"[\w.%+~-]+=[^&=\s]*(?:&[\w.%+~-]+=[^&=\s]*)*")
# What OAuth2 sends (RFC 6749, 7521, 7636) besides what is a secret anywhere.
_OAUTH2: Final = frozenset({"assertion", "client_assertion", "client_id", "code", "code_verifier"})
_SCHEME: Final = re.compile(r"(?:Bearer|Basic|Digest|Token|ApiKey)\s+", re.IGNORECASE)
_BASIC: Final = re.compile(r"Basic\s+", re.IGNORECASE)
_SHORTEST: Final = 6  # a shorter value is likely to be a word of other texts, too
_RANDOM: Final = re.compile(r"(?=.*[0-9])(?=.*[A-Za-z]).{8,}|.{16,}", re.DOTALL)
_WORD: Final = re.compile("[A-Za-z]{1,8}")
# What other tools write in the place of secrets is none, and may be a word.
_PLACEHOLDER: Final = re.compile(r"\W*(?:redacted|filtered|dummy|placeholder|xx+)\W*", re.IGNORECASE)
_ARGUMENT: Final = re.compile(r"[?&;#]([^=&#;?]+)=([^&#;]+)")
_USER: Final = re.compile(r"(?<=://)[^/@\s\"'<>?#]+(?=@)")
# "newPassword", "private_key" and the like: the word that makes it one stands last.
_COMPOUND: Final = re.compile(
    r"(?:.*[^a-z])?(?:passwords?|passwd|passphrase|pwd|secrets?|tokens?|(?:private|secret|access|api)_?keys?)"
)
_HUMP: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


@lru_cache(maxsize=4096)
def _is_compound(name: str) -> bool:
    return _COMPOUND.fullmatch(_HUMP.sub("_", name).lower().replace("-", "_")) is not None


class Scrubber:
    """Hides what is secret. It remembers the values it has seen: keys, tokens, passwords, cookies.

    What is a secret by its name is hidden wherever it turns up from then on. A short word in an answer is not
    looked for elsewhere: it would be found where it is no secret.
    Safe to use from many threads.

    Args:
        redaction: what is secret besides what always is.
    """

    def __init__(self, redaction: Redaction = Redaction()) -> None:  # noqa: B008 - immutable
        self._names = SECRET_FIELDS | redaction.names
        self._form_names = self._names | _OAUTH2
        self._patterns = redaction.patterns
        self._known: set[str] = set()
        self._spelled: tuple[str, ...] = ()
        self._lock = Lock()
        self.hide(value.reveal() for value in redaction.values)
        renew_after_fork(self)

    def after_fork(self) -> None:
        """Be free in the child of a fork."""
        self._lock = Lock()

    def hide(self, values: Iterable[str]) -> None:
        """Hide values wherever they stand from now on, however short."""
        self._remember({value for value in values if value})

    def learn(
        self, request: Request, asked: Packed, response: Response | None = None, came: Packed | None = None
    ) -> None:
        """Remember the secrets of an exchange, to hide them wherever they turn up from now on."""
        sent = {
            *self._of_headers(request.headers, strictly=False),
            *self._of_url(request.url),
            *self._of_body(asked, request.headers),
        }
        found = {value for value in sent if len(value) >= _SHORTEST}
        if response is not None:
            answered = {
                *self._of_headers(response.headers, strictly=True),
                *self._of_body(came or {}, response.headers),
            }
            found.update(value for value in answered if len(value) >= _SHORTEST and not _WORD.fullmatch(value))
        self._remember({value for value in found if not _PLACEHOLDER.fullmatch(value)})

    def _remember(self, values: set[str]) -> None:
        with self._lock:
            new = values - self._known
            if new:
                self._known |= new
                spelled = {spelling for value in new for spelling in _spellings(value)}
                # The longest first, for one may be a part of another.
                self._spelled = tuple(sorted({*self._spelled, *spelled}, key=lambda each: (-len(each), each)))

    def _is_secret(self, name: str) -> bool:
        return name.lower() in self._names or _is_compound(name)

    def _is_secret_of_form(self, name: str) -> bool:
        name = unquote_plus(name)
        return name.lower() in self._form_names or _is_compound(name)

    def _is_secret_header(self, name: str) -> bool:
        return is_secret_header(name) or self._is_secret(name)

    def _of_headers(self, headers: Headers, *, strictly: bool) -> Iterator[str]:
        for name, value in headers.pairs:
            lowered = name.lower()
            if lowered == "x-ovh-signature" or not self._is_secret_header(name):
                continue  # a signature is found by its form, and is another each time
            if lowered in ("cookie", "set-cookie"):
                cookies = value.split(";")
                for each in cookies[:1] if lowered == "set-cookie" else cookies:
                    yield each.partition("=")[2].strip().strip('"')
            elif not strictly or lowered in SECRET_HEADERS or _RANDOM.fullmatch(value):
                yield _SCHEME.sub("", value, count=1).strip()
                if _BASIC.match(value):
                    with suppress(ValueError):
                        user = b64decode(_BASIC.sub("", value, count=1)).decode("utf-8", "replace")
                        yield user.partition(":")[2]

    def _of_url(self, url: str) -> Iterator[str]:
        for user in _USER.findall(url):
            yield unquote(user.partition(":")[2] or user)
        for found in _ARGUMENT.finditer(url):
            if self._is_secret(unquote_plus(found[1])):
                yield unquote_plus(found[2])

    def _of_body(self, packed: Packed, headers: Headers) -> Iterator[str]:
        if "json" in packed:
            yield from self._of_json(packed["json"])
        elif "text" in packed:
            text: str = packed["text"]
            if _is_form(text, headers):
                yield from (value for name, value in parse_qsl(text) if self._is_secret_of_form(name))
                return
            # JSON that libraries read otherwise than it stands there: a member twice, NaN, a byte order mark.
            members: list[dict[str, Any]] = []

            def collect(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
                members.extend({name: value} for name, value in pairs)
                return dict(pairs)

            with suppress(ValueError, RecursionError):
                json.loads(text.removeprefix("\ufeff"), object_pairs_hook=collect)
            yield from self._of_json(members)

    def _of_json(self, value: Any) -> Iterator[str]:
        if isinstance(value, list):
            for item in value:
                yield from self._of_json(item)
        elif isinstance(value, dict):
            for name, item in value.items():
                if self._is_secret(name):
                    yield from _texts(item)
                else:
                    yield from self._of_json(item)

    def text(self, text: str) -> str:
        """Return a text with its secrets hidden."""
        return self._hidden(redact_text(text, self._names))

    def _hidden(self, text: str) -> str:
        text = _USER.sub(REDACTED, text) if "@" in text else text
        for spelled in self._spelled:
            if spelled in text:
                text = text.replace(spelled, REDACTED)
        for pattern in self._patterns:
            text = pattern.sub(REDACTED, text)
        return text

    def url(self, url: str) -> str:
        """Return a URL with its secrets hidden."""
        return self._hidden(redact_url(url, lambda name: self._is_secret(unquote_plus(name))))

    def headers(self, pairs: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
        """Return header fields with their secrets hidden."""
        return [(name, self._header(name, value)) for name, value in pairs]

    def _header(self, name: str, value: str) -> str:
        if self._is_secret_header(name):
            return REDACTED
        return self.url(self.text(value)) if "?" in value else self.text(value)

    def body(self, packed: Packed, headers: Headers) -> Packed:
        """Return a body with its secrets hidden."""
        if "json" in packed:
            hidden = redact_json(packed["json"], self._json_text, self._is_secret)
            return {**packed, "json": hidden}
        if "text" in packed:
            text: str = packed["text"]
            return {"text": self._form(text) if _is_form(text, headers) else self.text(text)}
        if "base64" in packed:
            return self._bytes(packed["base64"])
        return {}

    def _json_text(self, text: str) -> str:
        """Hide what stands in a string of JSON, which may hold JSON itself."""
        if text[:1] in ("{", "["):
            with suppress(ValueError, RecursionError):
                inner = json.loads(text)
                hidden = redact_json(inner, self._json_text, self._is_secret)
                if hidden != inner:
                    text = json.dumps(hidden, ensure_ascii=False)
        return self._hidden(text)

    def _form(self, text: str) -> str:
        fields: list[str] = []
        for field in text.split("&"):
            name, equals, value = field.partition("=")
            fields.append(name + equals + (REDACTED if self._is_secret_of_form(name) else self.text(value)))
        return "&".join(fields)

    def _bytes(self, encoded: str) -> Packed:
        data = b64decode(encoded)
        # Every byte is a character of Latin-1: what is ASCII in it looks the same.
        readable = data.decode("latin-1")
        hidden = self.text(readable)
        if hidden != readable:
            return {"base64": b64encode(hidden.encode("latin-1")).decode("ascii")}
        for text in _other_readings(data):
            if self.text(text) != text:
                return {"text": REDACTED}
        return {"base64": encoded}


def _is_form(text: str, headers: Headers) -> bool:
    return headers.get("content-type", "").lower().startswith(_FORM) or _FORM_TEXT.fullmatch(text) is not None


def _texts(value: Any) -> Iterator[str]:
    """Yield the texts and numbers of what is a secret as a whole."""
    if isinstance(value, str):
        yield value
        yield from (unquote_plus(found[2]) for found in _ARGUMENT.finditer(value))
    elif isinstance(value, int) and not isinstance(value, bool):
        yield str(value)
    elif isinstance(value, (list, dict)):
        for item in value.values() if isinstance(value, dict) else value:
            yield from _texts(item)


def _other_readings(data: bytes) -> Iterator[str]:
    """Yield what bytes that are no UTF-8 may say: compressed, or two bytes a character."""
    for decompress in (gzip.decompress, zlib.decompress):
        with suppress(OSError, EOFError, zlib.error):
            yield decompress(data).decode("utf-8", "replace")
    for encoding in ("utf-16", "utf-16-be"):
        yield data.decode(encoding, "replace")


def _spellings(value: str) -> set[str]:
    """Return a value as it is spelled in texts, URLs, forms and JSON."""
    written = value.encode("utf-8", "replace").decode()
    encoded = {quote(written, safe=""), quote_plus(written), quote(written)}
    lower = {re.sub("%[0-9A-F]{2}", lambda escape: escape[0].lower(), each) for each in encoded}
    return {value, *encoded, *lower, json.dumps(value)[1:-1]}
