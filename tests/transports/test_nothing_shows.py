"""With every logger at DEBUG, and in every traceback with its locals, no transport shows what was sent."""

from __future__ import annotations

import asyncio
import logging
import ssl
import sys
from base64 import b64encode
from collections.abc import Iterator, Mapping
from io import StringIO
from types import FrameType
from typing import Any

import pytest
from conformance.transports import PLACES, made
from h2server import H2Server, Stream
from servers import RawServer, Received

from ovhcore.exceptions import APIError
from ovhcore.plugins import TransportSettings
from ovhcore.protocol.messages import DEFAULT_TIMEOUT, Request, Timeout
from ovhcore.testing.certificates import server_context

pytestmark = [
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

CANARIES = {
    "token": "Canary-Token-11",
    "password": "Canary-Password-22",
    "application": "Canary-Application-33",
    "consumer": "Canary-Consumer-44",
    "signature": "$1$" + "c0ffee" * 6 + "c0ff",
    "member": "Canary-Member-55",
    "cookie": "Canary-Cookie-66",
    "second": "Canary-Second-77",
    "proxy": "Canary-Proxy-88",
}


def asked(url: str) -> Request:
    fields = {
        "X-Ovh-Application": CANARIES["application"],
        "X-Ovh-Consumer": CANARIES["consumer"],
        "X-Ovh-Signature": CANARIES["signature"],
        "Accept": "application/json",
        "User-Agent": "test",
        "Content-Type": "application/json",
    }
    body = b'{"password": "%s"}' % CANARIES["member"].encode()
    query = f"token={CANARIES['token']}&password={CANARIES['password']}&a=1"
    return Request("POST", f"{url}/me?{query}", fields, body, timeout=Timeout(5, 5, 10))


def repeated(request: Received) -> bytes:
    """Return all that was sent, in one line."""
    return b" ".join((request.target.encode(), *(b"%s=%s" % pair for pair in pairs(request)), request.body))


def pairs(request: Received) -> list[tuple[bytes, bytes]]:
    return [(name.encode("latin-1"), value.encode("latin-1")) for name, value in request.headers]


def reply(request: Received, status: bytes, *fields: bytes, body: bytes = b"") -> bytes:
    cookies = b"Set-Cookie: a=%s; Path=/, b=%s; Path=/" % (CANARIES["cookie"].encode(), CANARIES["second"].encode())
    echo = b"X-Echo: " + repeated(request)
    length = b"Content-Length: %d" % len(body)
    return b"\r\n".join((b"HTTP/1.1 " + status, cookies, echo, length, *fields, b"", body))


ANSWERS = {
    "answered": lambda request: reply(request, b"200 OK", body=b"{}"),
    "its reason": lambda request: reply(request, b"400 " + repeated(request)[:150], body=repeated(request)),
    "cannot be decompressed": lambda request: reply(
        request, b"200 OK", b"Content-Encoding: gzip", body=repeated(request)
    ),
    "is cut off": lambda request: reply(request, b"200 OK", body=repeated(request) * 2)[:-100],
    "is compressed otherwise": lambda request: reply(
        request, b"200 OK", b"Content-Encoding: " + CANARIES["consumer"].encode(), body=b"x"
    ),
    "is no HTTP": repeated,
    "has a wrong field": lambda request: reply(request, b"200 OK", repeated(request)),
    "has a wrong chunk": lambda request: (
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nX-Echo: "
        + repeated(request)
        + b"\r\n\r\n"
        + repeated(request)
        + b"\r\n"
    ),
    "is not a final one": lambda request: reply(request, b"101 Switching", body=b""),
    "is too large": lambda request: reply(request, b"200 OK", body=repeated(request) * 40),
    "does not come": lambda request: None,
}


def texts(value: Any, depth: int = 4) -> Iterator[str]:
    """Yield what anybody can show of a value: its repr, and those of what it contains."""
    if isinstance(value, (bytes, bytearray)):
        yield bytes(value).decode("latin-1")
        return
    try:
        yield repr(value)
    except Exception:
        return
    if depth and isinstance(value, Mapping):
        for each in [*value.keys(), *value.values()]:
            yield from texts(each, depth - 1)
    elif depth and isinstance(value, (list, tuple, set, frozenset)):
        for each in value:
            yield from texts(each, depth - 1)
    elif depth and isinstance(value, BaseException):
        for each in value.args:
            yield from texts(each, depth - 1)


def told(error: BaseException) -> Iterator[tuple[str, str]]:
    """Yield where and what a chain of exceptions shows, with the locals of all its frames; but for those of tests."""
    todo: list[BaseException | None] = [error]
    seen: list[BaseException] = []
    while todo:
        link = todo.pop()
        if link is None or link in seen:
            continue
        seen.append(link)
        todo += [link.__cause__, link.__context__, *getattr(link, "exceptions", ())]
        for text in (str(link), *texts(vars(link)), *texts(link)):
            yield type(link).__name__, text
        traceback = link.__traceback__
        while traceback is not None:
            yield from locals_of(traceback.tb_frame)
            traceback = traceback.tb_next


def locals_of(frame: FrameType) -> Iterator[tuple[str, str]]:
    if frame.f_code.co_filename == __file__:
        return
    for name, value in frame.f_locals.items():
        for text in texts(value):
            yield f"{frame.f_code.co_qualname} {name}", text


def leaks(text: str) -> list[str]:
    lowered = text.lower()
    spelled = {
        name: (value, value.encode().hex(), b64encode(value.encode()).decode("ascii").rstrip("=")[:-1])
        for name, value in CANARIES.items()
    }
    return [name for name, ways in spelled.items() if any(way.lower() in lowered for way in ways)]


class Everything:
    """Takes what every logger writes, at every level, and leaves them as they were."""

    def __enter__(self) -> StringIO:
        self.stream = StringIO()
        self.handler = logging.StreamHandler(self.stream)
        self.handler.setFormatter(logging.Formatter("%(name)s %(message)s"))
        root = logging.getLogger()
        self.levels = {root: root.level}
        for name in list(logging.Logger.manager.loggerDict):
            logger = logging.getLogger(name)
            self.levels[logger] = logger.level
        for logger in self.levels:
            logger.setLevel(1)
        root.addHandler(self.handler)
        return self.stream

    def __exit__(self, *exception: object) -> None:
        logging.getLogger().removeHandler(self.handler)
        for logger, level in self.levels.items():
            logger.setLevel(level)


def sent(way: str, place: str, url: str, settings: TransportSettings) -> tuple[str, BaseException | None]:
    """Send a request, and return what was logged, and what was raised."""
    transport = made(place, settings)
    failure: BaseException | None = None
    with Everything() as logged:
        try:
            if way.endswith("async"):
                asyncio.run(awaited(transport, asked(url)), debug=True)
            else:
                try:
                    transport.send(asked(url))
                finally:
                    transport.close()
        except APIError as error:
            failure = error
    return logged.getvalue(), failure


async def awaited(transport: Any, request: Request) -> None:
    try:
        await transport.send(request)
    finally:
        await transport.close()


@pytest.mark.parametrize("answer", ANSWERS)
@pytest.mark.parametrize("way", PLACES)
def test_no_log_and_no_traceback_shows_what_was_sent(way: str, answer: str) -> None:
    with RawServer(ANSWERS[answer]) as server:
        logged, failure = sent(way, PLACES[way], server.url, TransportSettings(proxy="none", max_response_size=8000))
        assert server.received
    assert (failure is None) == (answer in ("answered", "its reason")), failure
    assert leaks(logged) == [], logged
    if failure is not None:
        found = {(where, name) for where, text in told(failure) for name in leaks(text)}
        assert found == set()
