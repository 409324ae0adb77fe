"""How the sandbox fails when it is asked to: which share of its answers, and in which ways."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from email.utils import formatdate
from enum import StrEnum
from hashlib import sha256
from typing import Final

from ovhcore.exceptions import ConnectError, ConnectionLost, InvalidConfiguration, ReadTimeout

__all__ = ["Failure", "Faults", "fail"]


class Failure(StrEnum):
    """One way to fail. The first five and ``request-timeout`` do so before anything is done, the others after that."""

    REFUSED = "refused"
    """There is no connection, hence ``ConnectError``. Where the sandbox is served, it ends at once instead."""
    THROTTLED = "throttled"
    """Status 429, ``Retry-After`` in seconds."""
    THROTTLED_UNTIL = "throttled-until"
    """Status 429, ``Retry-After`` as a date."""
    THROTTLED_PLAIN = "throttled-plain"
    """Status 429 without ``Retry-After``."""
    UNAVAILABLE = "unavailable"
    """Status 503, a page in HTML."""
    ERROR = "error"
    """Status 500, JSON in the API's shape."""
    BAD_GATEWAY = "bad-gateway"
    """Status 502, a page in HTML."""
    GATEWAY_TIMEOUT = "gateway-timeout"
    """Status 504, a page in HTML."""
    LOST = "lost"
    """The connection ends before the answer, hence ``ConnectionLost``."""
    SILENT = "silent"
    """No answer until the timeout has passed, hence ``ReadTimeout``, or ``TotalTimeout`` if that is shorter."""
    REQUEST_TIMEOUT = "request-timeout"
    """Status 408, a page in HTML, as a load balancer answers; only where it is named."""
    MESSAGE_ONLY = "message-only"
    """Status 500, JSON with a message and no class; only where it is named."""

    @property
    def carried_out(self) -> bool:
        """Whether what was asked for is done all the same."""
        return self not in _NOTHING_DONE


_NOTHING_DONE: Final = frozenset(
    {
        Failure.REFUSED,
        Failure.THROTTLED,
        Failure.THROTTLED_UNTIL,
        Failure.THROTTLED_PLAIN,
        Failure.UNAVAILABLE,
        Failure.REQUEST_TIMEOUT,
    }
)
_USUAL: Final = tuple(each for each in Failure if each not in (Failure.REQUEST_TIMEOUT, Failure.MESSAGE_ONLY))


@dataclass(frozen=True, init=False)
class Faults:
    """Which answers of a sandbox fail, and how.

    Whether an answer fails, and how, depends on the seed, on the method, target and body of
    its request, and on how often the sandbox got just this request before. So the same
    program meets the same failures each time, in however many threads or tasks it calls.

    Calls of the API fail, ``/auth/time`` and requests for a token among them; the page where
    consumer keys are validated never does.

    Args:
        rate: the share of answers that fail, from 0 to 1.
        seed: the number from which the failures are derived.
        kinds: the ways to fail, all equally often; by default all but ``request-timeout`` and ``message-only``.
        spare: paths that never fail, as ``"/auth/time"`` and ``"/auth/oauth2/token"``;
            without the version if that is 1.
        retry_after: seconds that ``Retry-After`` asks to wait.

    Raises:
        InvalidConfiguration: a value out of range.
    """

    rate: float
    seed: int
    kinds: tuple[Failure, ...]
    spare: frozenset[str]
    retry_after: int

    def __init__(
        self,
        rate: float = 0.3,
        seed: int = 0,
        kinds: Iterable[Failure | str] = _USUAL,
        spare: Iterable[str] = (),
        retry_after: int = 1,
    ) -> None:
        if not 0 <= rate <= 1:
            raise InvalidConfiguration(f"faults: rate must be a number from 0 to 1, not {rate!r}")
        if retry_after < 0:
            raise InvalidConfiguration(f"faults: retry_after must be 0 or more, not {retry_after!r}")
        names = (kinds,) if isinstance(kinds, str) else tuple(kinds)
        known = frozenset(Failure)
        if not names or not known.issuperset(names):
            raise InvalidConfiguration(f"faults: kinds are one or more of {', '.join(Failure)}, not {names!r}")
        put = object.__setattr__
        put(self, "rate", float(rate))
        put(self, "seed", seed)
        put(self, "kinds", tuple(map(Failure, names)))
        put(self, "spare", frozenset((spare,) if isinstance(spare, str) else spare))
        put(self, "retry_after", retry_after)

    def fate(self, name: bytes, earlier: int) -> Failure | None:
        """Return how the answer to a request fails, None if it does not.

        Args:
            name: tells the request from others.
            earlier: how often it was sent before.
        """
        drawn = sha256(b"%d %d " % (self.seed, earlier) + name).digest()
        if int.from_bytes(drawn[:8], "big") >= self.rate * 2**64:
            return None
        return self.kinds[int.from_bytes(drawn[8:16], "big") % len(self.kinds)]


_PAGES: Final = {
    Failure.UNAVAILABLE: (503, "Service Unavailable"),
    Failure.BAD_GATEWAY: (502, "Bad Gateway"),
    Failure.GATEWAY_TIMEOUT: (504, "Gateway Timeout"),
    Failure.REQUEST_TIMEOUT: (408, "Request Timeout"),
}


def fail(failure: Failure, faults: Faults, now: float, headers: dict[str, str]) -> tuple[int, bytes | dict[str, str]]:
    """Return the status of an answer that fails, and its body: a page in HTML, or what is to be JSON.

    Args:
        failure: how it fails.
        faults: of the sandbox.
        now: seconds since 1970 on the sandbox's clock.
        headers: of the answer; what belongs to the failure is added.

    Raises:
        ConnectError: there is no connection.
        ConnectionLost: there is no answer.
        ReadTimeout: there is none, either; the time is still to pass.
    """
    if failure is Failure.REFUSED:
        raise ConnectError("The sandbox refused the connection")
    if failure is Failure.LOST:
        raise ConnectionLost("The sandbox closed the connection before it answered")
    if failure is Failure.SILENT:
        raise ReadTimeout("The sandbox was silent for longer than the read timeout")
    if failure in _PAGES:
        status, phrase = _PAGES[failure]
        return status, f"<!DOCTYPE html><title>{status} {phrase}</title><h1>{phrase}</h1>".encode()
    if failure is Failure.ERROR:
        return 500, {"class": "Server::InternalServerError", "message": "Internal server error"}
    if failure is Failure.MESSAGE_ONLY:
        return 500, {"message": "Internal server error"}
    if failure is Failure.THROTTLED:
        headers["Retry-After"] = str(faults.retry_after)
    elif failure is Failure.THROTTLED_UNTIL:
        headers["Retry-After"] = formatdate(now + faults.retry_after, usegmt=True)
    return 429, {"class": "Client::TooManyRequests", "message": "Too many requests"}
