"""A table of faults on the wire, and the exception that each must become on every transport.

:data:`FAULTS` is the table; the conformance kit runs all of it. ``Fault.behave`` is a
behaviour for a :class:`.WireServer`, so that a program of your own can be tried with it too.
"""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Callable, Iterator
from typing import Final, NamedTuple

from ..exceptions import (
    ConnectionLost,
    NetworkError,
    ProtocolError,
    ReadTimeout,
    TotalTimeout,
)
from ..protocol.messages import Timeout
from .server import Behaviour, Peer, answer

__all__ = ["ANSWERS", "CAP", "FAULTS", "PATIENT", "QUICK", "Fault", "GoodAnswer"]

PATIENT: Final = Timeout(60.0, 60.0)
"""Timeouts that nothing runs into, however busy the machine is."""

QUICK: Final = Timeout(60.0, 0.4)
"""Timeouts for a server that keeps silent: the one for reading strikes."""

_LATE: Final = Timeout(60.0, 150.0)
"""A transport that reports a fault only when this read timeout strikes counts as one that hangs."""

CAP: Final = 100_000
"""The ``max_response_size`` that the faults are for."""

_HEAD: Final = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
_BODY: Final = b'{"amount": 12.5, "paid": false}'
_WHOLE: Final = answer(_BODY, "200 OK", "Content-Type: application/json")


class Fault(NamedTuple):
    """One way to misbehave.

    Attributes:
        name: the name of the case.
        behave: the behaviour of the server.
        raises: the kind of exception that it must become, exactly.
        timeout: the timeout of the transport.
    """

    name: str
    behave: Behaviour
    raises: type[NetworkError]
    timeout: Timeout = PATIENT


class GoodAnswer(NamedTuple):
    """An answer that looks odd and is fine.

    Attributes:
        name: the name of the case.
        behave: the behaviour of the server.
        status: the status of the response.
        body: the body of the response.
        method: the method of the request.
    """

    name: str
    behave: Behaviour
    status: int = 200
    body: bytes = _BODY
    method: str = "GET"


def _after_request(act: Callable[[Peer], object]) -> Behaviour:
    def behave(peer: Peer) -> None:
        if peer.receive() is not None:
            act(peer)

    return behave


def _saying(data: bytes) -> Behaviour:
    """Send these bytes, then end the connection."""

    def act(peer: Peer) -> None:
        peer.send(data)
        # The connection is not reset, so that the bytes arrive, and the end after them.
        peer.close()

    return _after_request(act)


def _then_well(data: bytes) -> Behaviour:
    """Answer with these bytes once; from then on all is well, on this connection too."""

    def act(peer: Peer) -> None:
        peer.send(data)
        peer.serve()

    return _after_request(act)


def _then_reset(data: bytes) -> Behaviour:
    def act(peer: Peer) -> None:
        peer.send(data)
        peer.pause(0.1)  # else the bytes may be lost with the reset
        peer.reset()

    return _after_request(act)


def _then_silence(data: bytes) -> Behaviour:
    def act(peer: Peer) -> None:
        peer.send(data)
        peer.pause()

    return _after_request(act)


def _and_wait(data: bytes) -> Behaviour:
    """Send these bytes and leave the connection open: a transport that waits for more has misread them."""
    return _then_silence(data)


def _in_parts(*parts: bytes) -> Behaviour:
    """Send these bytes with pauses between them, which the client may read at once or not, and wait."""

    def act(peer: Peer) -> None:
        for part in parts:
            peer.send(part)
            peer.pause(0.05)
        peer.pause()

    return _after_request(act)


def _chunked(*chunks: bytes, end: bytes = b"0\r\n\r\n") -> bytes:
    body = b"".join(b"%x\r\n%b\r\n" % (len(chunk), chunk) for chunk in chunks)
    return _HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + body + end


def _coded(body: bytes, coding: str) -> bytes:
    return answer(body, "200 OK", f"Content-Encoding: {coding}")


def _lengthy(peer: Peer) -> None:
    peer.send(_HEAD + b"Content-Length: 99999999999\r\n\r\n")
    while True:  # until the client has had enough
        peer.send(b" " * 0x8000)


def _endless(peer: Peer) -> None:
    peer.send(_HEAD + b"Transfer-Encoding: chunked\r\n\r\n")
    chunk = b"8000\r\n" + b" " * 0x8000 + b"\r\n"
    while True:
        peer.send(chunk)


def _dripping(peer: Peer) -> None:
    while peer.receive() is not None:
        peer.drip(_WHOLE, 0.001)


def _bomb() -> bytes:
    return _coded(gzip.compress(b"[" + b" " * 20_000_000 + b"]", 6), "gzip")


def _faults() -> Iterator[Fault]:
    whole, lost, garbled = _WHOLE, ConnectionLost, ProtocolError
    headers_end = whole.index(b"\r\n\r\n")
    cuts = {
        "before the answer": 0,
        "in the status line": 9,
        "after the status line": whole.index(b"\r\n") + 2,
        "in the headers": 30,
        "before the end of the headers": headers_end + 2,
        "before the body": headers_end + 4,
        "in the body": len(whole) - 5,
    }
    yield Fault("closed when connected", Peer.close, lost)
    yield Fault("reset when connected", Peer.reset, lost)
    for where, at in cuts.items():
        yield Fault(f"closed {where}", _saying(whole[:at]), lost)
        yield Fault(f"reset {where}", _then_reset(whole[:at]), lost)
        yield Fault(f"silent {where}", _then_silence(whole[:at]), ReadTimeout, QUICK)
    chunked = _chunked(_BODY[:9], _BODY[9:])
    for where, at in {
        "in a chunk": len(chunked) - 10,
        "between chunks": chunked.index(_BODY[:9]) + 11,
        "before the last chunk": len(chunked) - 5,
    }.items():
        yield Fault(f"closed {where}", _saying(chunked[:at]), lost)
        yield Fault(f"silent {where}", _then_silence(chunked[:at]), ReadTimeout, QUICK)
    yield Fault("reset in a body without a length", _then_reset(_HEAD + b"Connection: close\r\n\r\n" + _BODY[:9]), lost)
    yield Fault("garbage", _saying(b"\x16\x03\x01\x02\x00 this is not HTTP\r\n\r\n"), garbled)
    yield Fault("text without a head", _saying(b"<html>no head</html>\r\n\r\n"), garbled)
    yield Fault("a status that is no number", _saying(b"HTTP/1.1 OK 200\r\nContent-Length: 0\r\n\r\n"), garbled)
    yield Fault("another protocol's version", _saying(b"RTSP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n"), garbled)
    yield Fault("a length that is no number", _and_wait(_HEAD + b"Content-Length: many\r\n\r\n" + _BODY), garbled)
    yield Fault("a negative length", _and_wait(_HEAD + b"Content-Length: -5\r\n\r\n" + _BODY), garbled)
    yield Fault("two lengths", _and_wait(_HEAD + b"Content-Length: 31\r\nContent-Length: 5\r\n\r\n" + _BODY), garbled)
    yield Fault(
        "a chunk size that is no number",
        _and_wait(_HEAD + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n" + _BODY + b"\r\n0\r\n\r\n"),
        garbled,
    )
    begun = _HEAD + b"Transfer-Encoding: chunked\r\n\r\n2\r\n[1\r\n"
    yield Fault("a later chunk size that is no number", _in_parts(begun, b"zz\r\n"), garbled, _LATE)
    for what, fields, body in (
        ("two lengths in one field", b"Content-Length: 31, 5", _BODY),
        ("a length with a sign", b"Content-Length: +31", _BODY),
        ("a field without a colon", b"no colon\r\nContent-Length: 31", _BODY),
        ("NUL in a field", b"X-A: a\0b\r\nContent-Length: 31", _BODY),
        ("a chunk longer than its size", b"Transfer-Encoding: chunked", b"4\r\nabcde\r\n0\r\n\r\n"),
        ("a chunk size with a sign", b"Transfer-Encoding: chunked", b"+5\r\nabcde\r\n0\r\n\r\n"),
    ):
        yield Fault(what, _and_wait(_HEAD + fields + b"\r\n\r\n" + body), garbled)
    yield Fault("a header of 2 MiB", _saying(_HEAD + b"X-Long: " + b"a" * 2**21 + b"\r\n\r\n"), garbled)
    yield Fault("100,000 headers", _saying(_HEAD + b"X-Many: many headers\r\n" * 100_000 + b"\r\n"), garbled)
    yield Fault(
        "an upgrade nobody asked for",
        _and_wait(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: nonsense\r\nConnection: Upgrade\r\n\r\n"),
        garbled,
    )
    yield Fault("a body above the cap", _then_well(answer(b" " * (CAP + 1))), garbled)
    yield Fault("a length above the cap", _after_request(_lengthy), garbled)
    yield Fault("an endless body", _after_request(_endless), garbled)
    yield Fault("a gzip bomb", _then_well(_bomb()), garbled)
    packed = gzip.compress(_BODY)
    yield Fault("gzip that is cut off", _then_well(_coded(packed[:-9], "gzip")), garbled)
    yield Fault("gzip that is none", _then_well(_coded(_BODY, "gzip")), garbled)
    yield Fault("a coding nobody asked for", _then_well(_coded(_BODY, "br")), garbled)

    def drip(peer: Peer) -> None:
        peer.send(whole[:headers_end] + b"\r\nX-Long: ")
        peer.drip(b"a" * 3000, 0.02)  # a minute, if the client let it

    whole_in_time = Timeout(60.0, 60.0, 0.4)
    yield Fault("dripping for longer than the total", _after_request(drip), TotalTimeout, whole_in_time)
    yield Fault("silent for longer than the total", _then_silence(b""), TotalTimeout, whole_in_time)
    body_first = whole[: headers_end + 9]
    yield Fault("stuck in the body beyond the total", _then_silence(body_first), TotalTimeout, whole_in_time)


def _answers() -> Iterator[GoodAnswer]:
    def always(data: bytes) -> Behaviour:
        return lambda peer: peer.serve(lambda received: data)

    yield GoodAnswer("whole", always(_WHOLE))
    yield GoodAnswer("byte by byte", _dripping)
    for code in (301, 302, 303, 307, 308):
        yield GoodAnswer(
            f"{code} with a location", always(answer(_BODY, f"{code} Moved", "Location: http://127.0.0.1:9/x")), code
        )
    for code in (400, 401, 403, 404, 407, 408, 409, 418, 423, 429, 460, 500, 502, 503, 504, 599):
        yield GoodAnswer(f"status {code}", always(answer(_BODY, f"{code} Said", "Retry-After: 0")), code)
    early = b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 102 Wait\r\n\r\n"
    yield GoodAnswer("announced", always(early + _WHOLE))
    yield GoodAnswer("204", always(b"HTTP/1.1 204 No Content\r\n\r\n"), 204, b"", "DELETE")
    yield GoodAnswer("304", always(b'HTTP/1.1 304 Not Modified\r\nETag: "a"\r\n\r\n'), 304, b"")
    yield GoodAnswer("an empty body", always(answer(b"")), 200, b"", "PUT")
    yield GoodAnswer("to HEAD", always(_HEAD + b"Content-Length: 31\r\n\r\n"), 200, b"", "HEAD")
    yield GoodAnswer("without a reason", always(_WHOLE.replace(b" OK", b" ", 1)))
    yield GoodAnswer("until the end of the connection", _saying(_HEAD + b"Connection: close\r\n\r\n" + _BODY))
    yield GoodAnswer("of HTTP/1.0", _saying(b"HTTP/1.0 200 OK\r\nContent-Type: a/b\r\n\r\n" + _BODY))
    yield GoodAnswer("in chunks", always(_chunked(_BODY[:1], _BODY[1:])))
    yield GoodAnswer("in chunks with trailers", always(_chunked(_BODY, end=b"0\r\nX-Check: 1\r\n\r\n")))
    yield GoodAnswer("gzip", always(_coded(gzip.compress(_BODY), "gzip")))
    packed = gzip.compress(_BODY)
    coded = _chunked(packed[:7], packed[7:]).replace(_HEAD, _HEAD + b"Content-Encoding: gzip\r\n", 1)
    yield GoodAnswer("gzip in chunks", always(coded))
    yield GoodAnswer("deflate", always(_coded(zlib.compress(_BODY), "deflate")))
    yield GoodAnswer("60 KiB of headers", always(answer(_BODY, "200 OK", *(f"X-{n}: {'a' * 3000}" for n in range(20)))))
    yield GoodAnswer("exactly as large as allowed", always(answer(b" " * CAP)), 200, b" " * CAP)


FAULTS: Final[tuple[Fault, ...]] = tuple(_faults())
"""Faults of a server that speaks plain HTTP."""

ANSWERS: Final[tuple[GoodAnswer, ...]] = tuple(_answers())
"""Answers that every transport takes."""
