"""With every logger at DEBUG, and in every traceback with its locals, no transport shows what was sent."""

from __future__ import annotations

import asyncio
import logging
from base64 import b64encode
from collections.abc import Iterator, Mapping
from io import StringIO
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

from ovhcore.exceptions import APIError
from ovhcore.plugins import TransportSettings
from ovhcore.protocol.messages import Request, Timeout
from ovhcore.testing.certificates import Authority
from ovhcore_transports.http.libraries import logs
from tests.conformance.transports import PLACES, made
from tests.h2server import H2Server, Stream
from tests.servers import RawServer, Received

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
    return Request("POST", f"{url}/me?{query}", fields, body, timeout=Timeout(60, 60, 10))


def repeated(request: Received) -> bytes:
    """Return all that was sent, in one line."""
    return b" ".join((request.target.encode(), *(b"%s=%s" % pair for pair in pairs(request)), request.body))


def pairs(request: Received) -> list[tuple[bytes, bytes]]:
    return [(name.encode("latin-1"), value.encode("latin-1")) for name, value in request.pairs]


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


@pytest.mark.untraced
@pytest.mark.parametrize("answer", ANSWERS)
@pytest.mark.parametrize("way", PLACES)
def test_no_log_and_no_traceback_shows_what_was_sent(way: str, answer: str) -> None:
    with RawServer(ANSWERS[answer]) as server:
        server.hang_up = answer in ("is cut off", "is no HTTP")
        logged, failure = sent(way, PLACES[way], server.url, TransportSettings(proxy="none", max_response_size=8000))
        assert server.received
    assert (failure is None) == (answer in ("answered", "its reason")), failure
    assert leaks(logged) == [], logged
    if failure is not None:
        found = {(where, name) for where, text in told(failure) for name in leaks(text)}
        assert found == set()


@pytest.mark.parametrize("way", [way for way in PLACES if "httpx" in way])
def test_no_log_of_http_2_shows_what_was_sent(way: str, tmp_path: Path) -> None:
    def respond(stream: Stream) -> bytes:
        fields = [(name, value) for name, value in stream.fields if not name.startswith(":")]
        cookies = f"a={CANARIES['cookie']}; Path=/, b={CANARIES['second']}"
        stream.answer(stream.body, ("set-cookie", cookies), ("x-echo", str(fields)), *fields[1:6])
        return b""

    authority = Authority(tmp_path)
    settings = TransportSettings(proxy="none", ca_bundle=str(authority.bundle), http2=True)
    with H2Server(respond, authority.server_context()) as server:
        logged, failure = sent(way, PLACES[way], server.url, settings)
    assert failure is None
    assert "hpack" in logged
    assert leaks(logged) == [], logged


@pytest.mark.parametrize("way", PLACES)
def test_no_log_and_no_traceback_shows_who_the_proxy_is_asked_for(way: str) -> None:
    for refused in (b"HTTP/1.1 407 No\r\nContent-Length: 0\r\n\r\n", b"what is that\r\n\r\n"):
        with RawServer(refused) as proxy:
            named = proxy.url.replace("://", f"://user:{CANARIES['proxy']}@").partition("/1.0")[0]
            logged, failure = sent(way, PLACES[way], "https://eu.api.ovh.invalid/1.0", TransportSettings(proxy=named))
            assert proxy.received
        assert failure is not None
        assert leaks(logged) == [], logged
        assert {(where, name) for where, text in told(failure) for name in leaks(text)} == set()


def test_a_filter_is_no_cost_while_nothing_is_written() -> None:
    looked_at: list[str] = []

    def look(record: logging.LogRecord) -> str:
        looked_at.append(record.getMessage())
        return "seen"

    hides = logs._RedactingFilter(look)
    logger = logging.getLogger("test.guarded")
    logger.addFilter(hides)
    logger.setLevel(logging.INFO)
    logger.debug("not written")
    assert looked_at == []
    logger.info("written")
    assert looked_at == ["written"]


def test_a_record_with_an_exception_keeps_its_kind_alone(caplog: pytest.LogCaptureFixture) -> None:
    logs.redact_logs(["urllib3"])
    caplog.set_level(1)
    try:
        raise ValueError(CANARIES["token"])
    except ValueError:
        logging.getLogger("urllib3.connection").warning("Failed at %s", "/a?token=x1y2", exc_info=True)
    logging.getLogger("urllib3.connection").warning("Nothing is raised", exc_info=True)
    assert caplog.messages == ["Failed at /a?token=<redacted> (ValueError)", "Nothing is raised (no exception)"]
    assert leaks(caplog.text) == []


def test_what_httpcore_and_hpack_write() -> None:
    def shown(name: str, message: str, *args: Any) -> str:
        record = logging.LogRecord(name, 10, "", 1, message, args, None)
        assert logging.getLogger(name).filter(record)
        return record.getMessage()

    logs.redact_logs(["httpcore", "httpcore", "hpack"])
    assert len(logging.getLogger("httpcore.http11").filters) == 1
    fields = "[(b'Content-Length', b'2'), (b'X-A', b'it\\'s'), (b'X-B', b\"b's\")]"
    told = f"receive_response_headers.complete return_value=(b'HTTP/1.1', 200, b'FINE', {fields})"
    assert shown("httpcore.http11", told) == (
        "receive_response_headers.complete return_value=(b'HTTP/1.1', 200, ..., "
        "[(b'Content-Length', b'2'), (b'X-A', ...), (b'X-B', ...)])"
    )
    assert shown("httpcore.http11", "x.started request=<Request [b'GET']>") == "x.started request=<Request [b'GET']>"
    assert shown("httpcore.http11", "x.failed exception=E('what came')") == "x.failed exception=E(...)"
    assert shown("hpack.hpack", "Adding %s=%s, %s, %d", b"cookie", b"a", True, 3) == "Adding ...=..., True, 3"
    assert shown("hpack.hpack", "Nothing to add") == "Nothing to add"
