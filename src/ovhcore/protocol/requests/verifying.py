"""Checks of signatures, for servers and for tests; clients do not load them."""

from __future__ import annotations

import re
from hmac import compare_digest
from typing import Final, NamedTuple

from ...exceptions import InvalidRequest
from ..messages import Request
from .signing import canonical_or_problem, signature_of

__all__ = ["DEFAULT_TOLERANCE", "Verification", "verify", "verify_request"]

DEFAULT_TOLERANCE: Final = 180
"""Seconds a timestamp may be off when verifying. OVHcloud documents no figure; this is a choice."""

_TIMESTAMP: Final = "-?[0-9]{1,18}"


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
    canonical = canonical_or_problem(application_secret, consumer_key, method, url, body, timestamp)
    problem = canonical if isinstance(canonical, str) else _odd(signature, received_consumer_key, now, tolerance)
    if problem or isinstance(canonical, str):
        del application_secret, consumer_key, received_consumer_key, body, canonical
        raise InvalidRequest(problem)
    return Verification(
        signature=_same(signature_of(canonical), signature),
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
    timestamp = int(sent) if re.fullmatch(_TIMESTAMP, sent) and str(int(sent)) == sent else None
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
