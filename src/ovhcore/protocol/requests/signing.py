"""Signatures: the string to sign, and how to sign it. Usable alone, on the standard library.

The rule, as OVHcloud documents it ("First steps with the OVHcloud APIs")::

    "$1$" + SHA1_HEX(
        application secret "+" consumer key "+" METHOD "+" URL "+" body "+" timestamp
    )

over UTF-8 bytes. The URL is the absolute one, percent-encoded, exactly as sent; the body
the exact bytes sent. These functions take both as they are given and change nothing.
"""

from __future__ import annotations

import re
from hashlib import sha1
from typing import Final

from ...exceptions import InvalidRequest

__all__ = ["canonical_or_problem", "canonical_string", "sign", "signature_of"]

_METHODS: Final = frozenset({"GET", "POST", "PUT", "DELETE"})
_METHOD: Final = "[A-Za-z]+"


def canonical_string(
    *, application_secret: str, consumer_key: str, method: str, url: str, body: bytes, timestamp: int
) -> bytes:
    """Return the bytes whose SHA-1 is the signature. They hold the secret.

    Raises:
        InvalidRequest: an argument is of the wrong kind; the message holds no secret.
    """
    canonical = canonical_or_problem(application_secret, consumer_key, method, url, body, timestamp)
    if isinstance(canonical, bytes):
        return canonical
    # The frame of a raised exception keeps its variables.
    del application_secret, consumer_key, body
    raise InvalidRequest(canonical)


def signature_of(canonical: bytes) -> str:
    """Return the signature of a canonical string."""
    return "$1$" + sha1(canonical, usedforsecurity=False).hexdigest()


def canonical_or_problem(secret: str, key: str, method: str, url: str, body: bytes, timestamp: int) -> bytes | str:
    """Return the canonical string; or a str that says what is wrong."""
    if (
        isinstance(body, bytes)
        and isinstance(timestamp, int)
        and type(timestamp) is not bool
        and isinstance(method, str)
        and (method in _METHODS or re.fullmatch(_METHOD, method))
        and isinstance(url, str)
        and isinstance(secret, str)
        and isinstance(key, str)
    ):
        try:
            return b"%b%b+%d" % (f"{secret}+{key}+{method.upper()}+{url}+".encode(), body, timestamp)
        except UnicodeEncodeError:
            pass
    return f"cannot sign: {_problem(secret, key, method, url, body, timestamp)}"


def _problem(secret: object, key: object, method: object, url: object, body: object, timestamp: object) -> str:
    for name, value in (("application_secret", secret), ("consumer_key", key), ("method", method), ("url", url)):
        if not isinstance(value, str):
            return f"{name} must be a str, not {type(value).__name__}"
        if any("\ud800" <= character <= "\udfff" for character in value):
            return f"{name} holds a surrogate that stands alone"
    if not isinstance(body, bytes):
        return f"body must be bytes, not {type(body).__name__}"
    if isinstance(timestamp, bool) or not isinstance(timestamp, int):
        return f"timestamp must be an int, whole seconds since 1970, not {type(timestamp).__name__}"
    return f"method must be an HTTP method such as GET, not {method!r}"


def sign(*, application_secret: str, consumer_key: str, method: str, url: str, body: bytes, timestamp: int) -> str:
    """Sign a request.

    Args:
        application_secret: secret of the application.
        consumer_key: key of the user on whose behalf the call is made.
        method: HTTP method; upper-cased, as the rule has it.
        url: absolute URL, percent-encoded as it will be sent.
        body: the bytes that will be sent; empty for none.
        timestamp: seconds since 1970 on the API's clock, as in ``X-Ovh-Timestamp``.

    Returns:
        ``"$1$"`` and 40 lower-case hex digits, for ``X-Ovh-Signature``.

    Raises:
        InvalidRequest: an argument is of the wrong kind; the message holds no secret.

    >>> sign(application_secret="AS", consumer_key="CK", method="GET",
    ...      url="https://eu.api.ovh.com/1.0/domain/zone", body=b"", timestamp=1700000000)
    '$1$09deb620e4cc90d8141187a1746e56af76db079a'
    """
    canonical = canonical_or_problem(application_secret, consumer_key, method, url, body, timestamp)
    if isinstance(canonical, bytes):
        return signature_of(canonical)
    del application_secret, consumer_key, body
    raise InvalidRequest(canonical)
