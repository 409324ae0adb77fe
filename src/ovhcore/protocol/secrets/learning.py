"""Secrets that an exchange shows: values with the name of a secret, in header fields, the URL or a body."""

from __future__ import annotations

import json
import re
from base64 import b64decode
from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qsl, unquote, unquote_plus

from .redacting import OAUTH2, Redactor, is_form
from .shapes import secret_members

if TYPE_CHECKING:
    from ..messages import Request

__all__ = [
    "is_placeholder",
    "secrets_of_body",
    "secrets_of_headers",
    "secrets_of_json",
    "secrets_of_request",
    "secrets_of_url",
]

_SCHEME: Final = re.compile(r"(?:Bearer|Basic|Digest|Token|ApiKey)\s+", re.IGNORECASE)
_BASIC: Final = re.compile(r"Basic\s+", re.IGNORECASE)
_ARGUMENT: Final = re.compile(r"[?&;#]([^=&#;?]++)=([^&#;]++)")
_USER: Final = re.compile(r"(?<=://)[^/@\s\"'<>?#]+(?=@)")
_FOLDED: Final = re.compile(r",\s*+(?=[!#$%&'*+.^`|~\w-]++=)")
# Other tools write this in the place of secrets. It is no secret itself, and may be a common word.
_PLACEHOLDER: Final = re.compile(r"\W*(?:redacted|filtered|dummy|placeholder|xx+|\*+)?\W*", re.IGNORECASE)


def secrets_of_request(request: Request, redactor: Redactor) -> set[str]:
    """Return the secrets that a request shows by the names they have."""
    found = {
        *secrets_of_headers(request.headers.pairs, redactor),
        *secrets_of_url(request.url, redactor),
        *secrets_of_body(request.body.decode("utf-8", "replace"), request.headers.get("content-type", ""), redactor),
    }
    return {value for value in found if not is_placeholder(value)}


def is_placeholder(value: str) -> bool:
    """Say whether a value only stands in the place of a secret."""
    return _PLACEHOLDER.fullmatch(value) is not None


def secrets_of_headers(pairs: Iterable[tuple[str, str]], redactor: Redactor) -> Iterator[str]:
    """Yield the secrets of header fields, except signatures: those are found by their form, and each is used once."""
    for name, value in pairs:
        lowered = name.lower()
        if lowered == "x-ovh-signature" or not redactor.is_secret_header(name):
            continue
        if lowered == "set-cookie":
            for cookie in _FOLDED.split(value):
                yield cookie.partition(";")[0].partition("=")[2].strip().strip('"')
        elif lowered == "cookie":
            for cookie in value.split(";"):
                yield cookie.partition("=")[2].strip().strip('"')
        else:
            yield _SCHEME.sub("", value, count=1).strip()
            if _BASIC.match(value):
                with suppress(ValueError):
                    user = b64decode(_BASIC.sub("", value, count=1)).decode("utf-8", "replace")
                    yield user.partition(":")[2]


def secrets_of_url(url: str, redactor: Redactor) -> Iterator[str]:
    """Yield the secrets of a URL: its user and password, and arguments of its query."""
    if "@" in url:
        for user in _USER.findall(url):
            yield unquote(user.partition(":")[2] or user)
    for found in _ARGUMENT.finditer(url):
        if redactor.is_secret(unquote_plus(found[1]), loose=True):
            yield unquote_plus(found[2])


def secrets_of_body(text: str, content_type: str, redactor: Redactor) -> Iterator[str]:
    """Yield the secrets of a body: a form, or JSON, even if parsers disagree about it."""
    if not text:
        return
    if is_form(text, content_type):
        for name, value in parse_qsl(text):
            if name.lower() in OAUTH2 or redactor.is_secret(name, loose=True):
                yield value
        return
    # A member may occur twice; what libraries take for JSON may have NaN, or a byte order mark.
    objects: list[dict[str, Any]] = []

    def collect(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        members = dict(pairs)
        objects.append(members)
        if len(members) != len(pairs):
            objects.extend({name: value} for name, value in pairs)
        return members

    with suppress(ValueError, RecursionError):
        json.loads(text.removeprefix("\ufeff"), object_pairs_hook=collect)
    for members in objects:
        yield from _secret_texts(members, redactor)


def secrets_of_json(value: Any, redactor: Redactor) -> Iterator[str]:
    """Yield the secrets of a JSON value."""
    if isinstance(value, list):
        for item in value:
            yield from secrets_of_json(item, redactor)
    elif isinstance(value, dict):
        yield from _secret_texts(value, redactor)
        for item in value.values():
            yield from secrets_of_json(item, redactor)


def _secret_texts(members: dict[str, Any], redactor: Redactor) -> Iterator[str]:
    by_shape = secret_members(members)
    for name, item in members.items():
        if name in by_shape or redactor.is_secret(name):
            yield from _texts(item)


def _texts(value: Any) -> Iterator[str]:
    """Yield the texts and numbers in a value that is secret as a whole."""
    if isinstance(value, str):
        yield value
        yield from (unquote_plus(found[2]) for found in _ARGUMENT.finditer(value))
    elif isinstance(value, int) and not isinstance(value, bool):
        yield str(value)
    elif isinstance(value, (list, dict)):
        for item in value.values() if isinstance(value, dict) else value:
            yield from _texts(item)
