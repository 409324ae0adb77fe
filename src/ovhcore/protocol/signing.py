"""Signatures: the string to sign, sign, verify. Usable alone, on the standard library.

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
from hmac import compare_digest
from typing import Final, NamedTuple

from ..exceptions import InvalidRequest
from .messages import Request

__all__ = ["DEFAULT_TOLERANCE", "Verification", "canonical_string", "sign", "verify", "verify_request"]

DEFAULT_TOLERANCE: Final = 180
"""Seconds a timestamp may be off when verifying. OVHcloud documents no figure; this is a choice."""

_METHODS: Final = frozenset({"GET", "POST", "PUT", "DELETE"})
_METHOD = re.compile(r"[A-Za-z]+")
_TIMESTAMP = re.compile(r"-?[0-9]{1,18}")


class Verification(NamedTuple):
    """The result of a check of a signature; None stands for "not checked".

    True in a condition only if nothing failed.
    """

    signature: bool
    """Whether the signature is that of the secret, key and request given."""
    time: bool | None = None
    """Whether the timestamp is close enough to now."""
    key: bool | None = None
    """Whether the request came with the keys that were expected."""

    def __bool__(self) -> bool:
        return self.signature and self.time is not False and self.key is not False

    @property
    def failed(self) -> tuple[str, ...]:
        """The names of the checks that failed, of ``"time"``, ``"key"`` and ``"signature"``."""
        return tuple(name for name in ("time", "key", "signature") if getattr(self, name) is False)


def canonical_string(
    *, application_secret: str, consumer_key: str, method: str, url: str, body: bytes, timestamp: int
) -> bytes:
    """Return the bytes whose SHA-1 is the signature. They hold the secret.

    Raises:
        InvalidRequest: an argument is of the wrong kind; the message holds no secret.
    """
    canonical = _canonical(application_secret, consumer_key, method, url, body, timestamp)
    if isinstance(canonical, bytes):
        return canonical
    # The frame of a raised exception keeps its variables.
    del application_secret, consumer_key, body
    raise InvalidRequest(canonical)


def _signature(canonical: bytes) -> str:
    return "$1$" + sha1(canonical, usedforsecurity=False).hexdigest()


def _canonical(secret: str, key: str, method: str, url: str, body: bytes, timestamp: int) -> bytes | str:
    """Return the canonical string; or a str that says what is wrong."""
    if (
        isinstance(body, bytes)
        and isinstance(timestamp, int)
        and type(timestamp) is not bool
        and isinstance(method, str)
        and (method in _METHODS or _METHOD.fullmatch(method))
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
    canonical = _canonical(application_secret, consumer_key, method, url, body, timestamp)
    if isinstance(canonical, bytes):
        return _signature(canonical)
    del application_secret, consumer_key, body
    raise InvalidRequest(canonical)


def verify(
    *,
    application_secret: str,
    consumer_key: str,
    method: str,
    url: str,
    body: bytes,
    timestamp: int,
    signature: str,
    received_consumer_key: str | None = None,
    now: float | None = None,
    tolerance: float = DEFAULT_TOLERANCE,
) -> Verification:
    """Check a signature, in constant time, and say which of time, key or signature failed.

    Args:
        application_secret, consumer_key, method, url, body, timestamp: as for :func:`sign`.
        signature: the received value of ``X-Ovh-Signature``.
        received_consumer_key: the received value of ``X-Ovh-Consumer``; None leaves it unchecked.
        now: seconds since 1970; None leaves the time unchecked.
        tolerance: seconds the timestamp may be off.

    Raises:
        InvalidRequest: an argument is of the wrong kind; the message holds no secret.

    >>> verify(application_secret="AS", consumer_key="CK", method="GET", url="https://eu.api.ovh.com/1.0/me",
    ...        body=b"", timestamp=1700000000, signature="$1$" + "0" * 40, now=1700000500).failed
    ('time', 'signature')
    """
    canonical = _canonical(application_secret, consumer_key, method, url, body, timestamp)
    problem = canonical if isinstance(canonical, str) else _odd(signature, received_consumer_key, now, tolerance)
    if problem or isinstance(canonical, str):
        del application_secret, consumer_key, received_consumer_key, body, canonical
        raise InvalidRequest(problem)
    return Verification(
        signature=_same(_signature(canonical), signature),
        time=None if now is None else abs(now - timestamp) <= tolerance,
        key=None if received_consumer_key is None else _same(consumer_key, received_consumer_key),
    )


def _odd(signature: object, received_key: object, now: object, tolerance: object) -> str | None:
    """Return what is wrong with the values to check; None if nothing is."""
    if not isinstance(signature, str):
        return f"signature must be a str, not {type(signature).__name__}"
    if received_key is not None and not isinstance(received_key, str):
        return f"received_consumer_key must be a str, not {type(received_key).__name__}"
    for name, value in (("now", 0 if now is None else now), ("tolerance", tolerance)):
        if not isinstance(value, (int, float)):
            return f"{name} must be a number of seconds, not {type(value).__name__}"
    return None


def verify_request(
    request: Request,
    *,
    application_secret: str,
    consumer_key: str,
    application_key: str | None = None,
    now: float | None = None,
    tolerance: float = DEFAULT_TOLERANCE,
) -> Verification:
    """Check a signed request by its own four ``X-Ovh-`` headers.

    A header that is missing or malformed counts as failed.
    """
    header = request.headers.get
    sent = header("x-ovh-timestamp", "")
    timestamp = int(sent) if _TIMESTAMP.fullmatch(sent) and str(int(sent)) == sent else None
    found = verify(
        application_secret=application_secret,
        consumer_key=consumer_key,
        method=request.method,
        url=request.url,
        body=request.body,
        timestamp=timestamp or 0,
        signature=header("x-ovh-signature", ""),
        received_consumer_key=header("x-ovh-consumer", ""),
        now=now,
        tolerance=tolerance,
    )
    key = bool(found.key) and (application_key is None or _same(application_key, header("x-ovh-application", "")))
    if timestamp is None:
        return Verification(signature=False, time=False, key=key)
    return found._replace(key=key)


def _same(expected: str, given: str) -> bool:
    return compare_digest(expected.encode("utf-8", "surrogatepass"), given.encode("utf-8", "surrogatepass"))
