"""Secrets that are recognised by their form, whatever stands before them."""

from __future__ import annotations

import re
from base64 import b64decode
from collections.abc import Iterator
from typing import Final

from .spans import Span

__all__ = ["by_form"]

_SIGNATURE: Final = re.compile(r"\$1\$[0-9a-fA-F]{40}")
# A key in PEM up to its last line; or, where that line is missing, as far as the key can go.
_PEM: Final = re.compile(
    r"-----BEGIN[ +A-Z0-9]{0,40}PRIVATE[ +]KEY(?:[ +]BLOCK)?-----"
    r"(?:(?:[^-]++|-(?!----))*+-----END[^-]{0,60}+-----|[A-Za-z0-9+/=\s\\:,.]*+)"
)
_PUTTY: Final = re.compile(r"Private-Lines: *\d+\s+[A-Za-z0-9+/=\s]*+(?:Private-MAC: *[0-9a-f]+)?")
_PEM_IN_BASE64: Final = re.compile(r"LS0tLS1CRUdJTi[A-Za-z0-9+/_-]{16,}+={0,2}")
_TOKEN: Final = re.compile(r"(?<![\w-])[A-Za-z0-9_-]{8,}+(?:\.[A-Za-z0-9_-]*+){2,4}")
_JWT: Final = re.compile(r"eyJ[A-Za-z0-9_-]{5,}+\.(?:[A-Za-z0-9_-]{3,}+\.|\.?[A-Za-z0-9_-]{6,})[A-Za-z0-9_.-]*+")
_BEARER: Final = re.compile(r"(?i)(?<![^\W_])Bearer(?:\s{1,4}+|\+|=)([A-Za-z0-9._~+/-]++=*+)")
_BASIC: Final = re.compile(r"(?i)(?<![^\W_])Basic(?:\s{1,4}+|\+)([A-Za-z0-9+/_-]{4,}+={0,2}+)")
_UNSPACED: Final = re.compile(r'[^\s"<>]++')
_USER: Final = re.compile(r"[^/?#@:]*+(:?)")
_PORT: Final = re.compile(r"\d{1,5}(?=[/?#,;)\]}']|$)")

# Words that may follow the word "Bearer" in a sentence.
_WORDS: Final = frozenset(
    [
        "a",
        "and",
        "are",
        "as",
        "at",
        "auth",
        "authentication",
        "authorization",
        "by",
        "can",
        "cannot",
        "could",
        "credential",
        "credentials",
        "error",
        "errors",
        "expired",
        "for",
        "format",
        "from",
        "has",
        "have",
        "header",
        "headers",
        "http",
        "in",
        "invalid",
        "is",
        "it",
        "method",
        "missing",
        "must",
        "need",
        "needs",
        "not",
        "of",
        "on",
        "only",
        "or",
        "realm",
        "required",
        "scheme",
        "schemes",
        "security",
        "should",
        "than",
        "that",
        "the",
        "to",
        "token",
        "tokens",
        "type",
        "types",
        "value",
        "values",
        "was",
        "were",
        "which",
        "will",
        "with",
        "without",
    ]
)


def by_form(text: str) -> Iterator[Span]:
    """Yield where secrets stand, by form: PEM keys, JSON web tokens, signatures, users in URLs, Bearer and Basic."""
    if "$1$" in text:
        yield from (match.span() for match in _SIGNATURE.finditer(text))
    if "-----BEGIN" in text:
        yield from (match.span() for match in _PEM.finditer(text))
    if "Private-Lines" in text:
        yield from (match.span() for match in _PUTTY.finditer(text))
    if "LS0tLS1CRUdJTi" in text:
        yield from (match.span() for match in _PEM_IN_BASE64.finditer(text) if _is_private(match[0]))
    if "eyJ" in text:
        for match in _TOKEN.finditer(text):
            inner = _JWT.search(match[0])
            if inner is not None:
                yield match.start() + inner.start(), match.start() + inner.end()
    yield from _scheme_credentials(text)
    if "://" in text and "@" in text:
        yield from _users(text)


def _is_private(encoded: str) -> bool:
    head = encoded[:64].replace("-", "+").replace("_", "/")
    return b"PRIVATE" in b64decode(head[: len(head) // 4 * 4])


def _scheme_credentials(text: str) -> Iterator[Span]:
    lowered = text.lower()
    if "bearer" in lowered:
        for match in _BEARER.finditer(text):
            if match[1].rstrip("=.").lower() not in _WORDS:
                yield match.span(1)
    if "basic" in lowered:
        for match in _BASIC.finditer(text):
            if _names_a_user(match[1]):
                yield match.span(1)


def _names_a_user(encoded: str) -> bool:
    try:
        return b":" in b64decode(encoded.rstrip("=").replace("-", "+").replace("_", "/") + "==")
    except ValueError:
        return False


def _users(text: str) -> Iterator[Span]:
    """Yield the users and passwords of URLs; a password may have a slash, or an at sign."""
    for run in _UNSPACED.finditer(text):
        last, first = run[0].rfind("@"), run[0].find("://")
        while 0 <= first < last:
            begin = first + 3
            user = _USER.match(run[0], begin)
            assert user is not None  # the pattern also matches an empty text
            end = user.end()
            if user[1] and _PORT.match(run[0], end) is None:
                yield run.start() + begin, run.start() + last
                break
            if not user[1] and run[0][end : end + 1] == "@" and end > begin:
                yield run.start() + begin, run.start() + end
            first = run[0].find("://", end)
