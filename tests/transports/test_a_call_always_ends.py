"""With default settings a call ends, whatever the server drips; the end is only shorter here than it is."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable
from typing import Any

import pytest
import trio
import trustme
from hypothesis import given
from hypothesis import strategies as st

import ovhcore as ovh
from ovhcore.exceptions import InvalidRequest
from ovhcore.flows import exchange as exchanges
from ovhcore.flows.resilience.retry import RetryPolicy
from ovhcore.plugins import TransportSettings
from ovhcore.protocol.clock import Now
from ovhcore.protocol.messages import DEFAULT_TIMEOUT, DEFAULT_TOTAL, Request, Response, Timeout
from ovhcore.protocol.requests.values import LONGEST_WAIT, read_timeout
from ovhcore.testing import Peer, WireServer, answer
from ovhcore_transports import SyncTransport
from ovhcore_transports.base.asynchronous import within
from ovhcore_transports.base.loop_timers import LoopDeadlines, deadlines_of

KEYS: dict[str, Any] = {"application_key": "AK", "application_secret": "AS", "consumer_key": "CK", "time_sync": "off"}
PLACES = [
    *(("threads", name) for name in ("urllib3", "stdlib", "httpx", "httpx2", "pyreqwest")),
    *(("asyncio", name) for name in ("aiohttp", "httpx", "httpx2", "pyreqwest", "urllib3", "stdlib")),
    *(("trio", name) for name in ("httpx", "httpx2")),
]
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
END = 0.25
PAUSE = 0.02


def dripping(begin: bytes, piece: bytes) -> Callable[[Peer], None]:
    """Return what answers with a piece now and then, and never comes to an end."""

    def behave(peer: Peer) -> None:
        if peer.receive() is not None:
            peer.send(begin)
            while peer.pause(PAUSE):
                peer.send(piece)

    return behave


DRIPS = {
    "a head": dripping(HEAD + b"X-Slow: ", b"a"),
    "a body": dripping(HEAD + b"Content-Length: 60000\r\n\r\n", b" "),
    "a body without a length": dripping(HEAD + b"Connection: close\r\n\r\n", b" "),
    "chunks": dripping(HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\n \r\n"),
    "the size of a chunk": dripping(HEAD + b"Transfer-Encoding: chunked\r\n\r\n1;", b"a"),
    "announcements": dripping(b"", b"HTTP/1.1 102 Processing\r\n\r\n"),
}


@pytest.fixture(autouse=True)
def _shorter(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the end that holds where nobody says anything be sooner."""
    shorter = DEFAULT_TIMEOUT._replace(total=END)
    monkeypatch.setattr("ovhcore.config.converting.DEFAULT_TIMEOUT", shorter)
    monkeypatch.setattr(exchanges, "DEFAULT_TIMEOUT", shorter)


@pytest.fixture(scope="module")
def secure(tmp_path_factory: pytest.TempPathFactory) -> tuple[ssl.SSLContext, str]:
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    file = tmp_path_factory.mktemp("ca") / "ca.pem"
    authority.cert_pem.write_to_path(str(file))
    return context, str(file)


def call(place: tuple[str, str], url: str, method: str = "get", *arguments: Any, **settings: Any) -> Any:
    """Make a call with a client of default settings; return the value or the exception."""
    kind, transport = place

    async def awaited() -> Any:
        async with ovh.AsyncClient(url, transport=transport, proxy="none", **KEYS, **settings) as client:
            try:
                return await getattr(client, method)(*arguments)
            except ovh.APIError as error:
                return error

    if kind == "asyncio":
        return asyncio.run(awaited())
    if kind == "trio":
        return trio.run(awaited)
    with ovh.Client(url, transport=transport, proxy="none", **KEYS, **settings) as client:
        try:
            return getattr(client, method)(*arguments)
        except ovh.APIError as error:
            return error


@pytest.mark.spread
@pytest.mark.parametrize("drip", DRIPS)
@pytest.mark.parametrize("place", PLACES, ids=" ".join)
def test_a_drip_is_ended(place: tuple[str, str], drip: str) -> None:
    with WireServer(DRIPS[drip]) as server:
        error = call(place, server.url, "get", "/me")
        assert type(error) is ovh.TotalTimeout, repr(error)
        assert len(server.received) <= 1  # it is not begun again
        assert server.all_closed()


@pytest.mark.usefixtures("usual")
@pytest.mark.parametrize("total", [60, None])
@pytest.mark.parametrize("place", PLACES, ids=" ".join)
def test_what_comes_in_time_is_the_answer(place: tuple[str, str], total: int | None) -> None:
    with WireServer(answer(b"1")) as server:
        assert call(place, server.url, "get", "/me", timeout=(60, 60, total)) == 1


@pytest.mark.parametrize("place", PLACES, ids=" ".join)
def test_a_drip_in_tls_is_ended(place: tuple[str, str], secure: tuple[ssl.SSLContext, str]) -> None:
    context, bundle = secure
    with WireServer(DRIPS["a body"], context) as server:
        assert type(call(place, server.url, "get", "/me", ca_bundle=bundle)) is ovh.TotalTimeout


class Virtual(SyncTransport):
    """Takes so long for each exchange, on a clock of its own."""

    def __init__(self, seconds: float, *statuses: int) -> None:
        super().__init__()
        self.passed = 0.0
        self.asked: list[Timeout | None] = []
        self._seconds = seconds
        self._statuses = list(statuses)

    def send(self, request: Request) -> Response:
        self.asked.append(request.timeout)
        total = (request.timeout or DEFAULT_TIMEOUT).total
        if total is not None and total < self._seconds:
            self.passed += total
            raise ovh.TotalTimeout("virtual")
        self.passed += self._seconds
        return Response(self._statuses.pop(0) if self._statuses else 200, {}, b"1")

    def clock(self) -> Now:
        return Now(1e9 + self.passed, self.passed)

    def sleep(self, seconds: float) -> None:
        self.passed += seconds


@pytest.fixture
def usual(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ovhcore.config.converting.DEFAULT_TIMEOUT", DEFAULT_TIMEOUT)
    monkeypatch.setattr(exchanges, "DEFAULT_TIMEOUT", DEFAULT_TIMEOUT)


@pytest.mark.usefixtures("usual")
def test_the_end_is_of_each_call_and_of_all_its_attempts() -> None:
    world = Virtual(250)
    client = ovh.Client("ovh-eu", transport=world, **KEYS)
    assert client.gather(["/me"] * 4, _concurrency=1) == [1] * 4  # together they take longer
    assert world.asked == [None] * 4  # nothing has been used up: what the transport has itself holds
    world = Virtual(250, 503, 503, 503)
    client = ovh.Client("ovh-eu", transport=world, retry=RetryPolicy(9, deadline=1e6), **KEYS)
    with pytest.raises(ovh.TotalTimeout):
        client.get("/me")
    assert world.passed == pytest.approx(600)
    assert [timeout and timeout[:2] for timeout in world.asked] == [None, (180, 180), (180, 180)]
    world = Virtual(250, 503, 503, 503)
    client = ovh.Client("ovh-eu", transport=world, retry=RetryPolicy(9, deadline=1e6), timeout=(5, 9, None), **KEYS)
    assert client.get("/me") == 1


@pytest.mark.usefixtures("usual")
def test_what_a_call_says_comes_before_the_client_and_that_before_the_transport() -> None:
    world = Virtual(1)
    client = ovh.Client("ovh-eu", transport=world, timeout=(5, 9, 60), **KEYS)
    client.get("/me")
    client.get("/me", _timeout=7)
    client.get("/me", _timeout=(7, 8, None))
    client.get("/me", _timeout=(7, None))
    assert world.asked == [(5, 9, 60), (7, 7, 60), (7, 8, None), (7, 60, 60)]


@pytest.mark.spread
@pytest.mark.parametrize("place", PLACES, ids=" ".join)
def test_who_takes_the_end_away_waits(place: tuple[str, str]) -> None:
    def slow(peer: Peer) -> None:
        peer.receive()
        for piece in (HEAD, b"Content-Length: 2\r\n\r\n", b" ", b"1"):
            peer.pause(END / 3)
            peer.send(piece)

    with WireServer(slow) as server:
        assert call(place, server.url, "get", "/me", timeout=(180, 180, None)) == 1
        assert call(place, server.url, "call", "GET", "/me", None, True, None, (180, 180, None)) == 1
        pair = call(place, server.url, "call", "GET", "/me", None, True, None, (20, 20), timeout=(180, 180, None))
        assert pair == 1  # what it does not say is the client's


def test_the_end_is_generous_and_documented() -> None:
    assert DEFAULT_TIMEOUT == Timeout(180, 180, 600) == TransportSettings().timeout
    assert Timeout(1, 2).total == DEFAULT_TOTAL == 600
    assert ovh.Client(transport="sandbox").settings.connection.timeout.total == END  # the fixture's


def test_what_was_waited_for_before_counts() -> None:
    """A token comes late, and the call has what is left."""

    def respond(peer: Peer) -> None:
        while (received := peer.receive()) is not None:
            if "/token" in received.target:
                peer.pause(END * 0.8)
                peer.send(answer(b'{"access_token": "t", "expires_in": 3600}'))
            else:
                peer.pause(END * 0.8)
                peer.send(answer(b"1"))

    with WireServer(respond) as server:
        client = ovh.Client(
            server.url, client_id="id", client_secret="secret", token_url=f"{server.origin}/token", proxy="none"
        )
        with client, pytest.raises(ovh.TotalTimeout):
            client.get("/me")


def test_a_token_that_drips_ends_the_call() -> None:
    with WireServer(DRIPS["a body"]) as server:
        client = ovh.Client(
            server.url, client_id="id", client_secret="secret", token_url=f"{server.origin}/token", proxy="none"
        )
        with client, pytest.raises(ovh.TotalTimeout):
            client.get("/me")


# What a timeout may be.


@pytest.mark.parametrize(
    ("value", "timeout"),
    [
        (5, (5, 5, 600)),
        ((3, 7), (3, 7, 600)),
        ((3, None), (3, 600, 600)),
        ("3,none", (3, 600, 600)),
        ((3, None, 20), (3, 20, 20)),
        ((3, 7, None), (3, 7, None)),
        (" 3, 7 , None ", (3, 7, None)),
        ((3, None, None), (3, LONGEST_WAIT, None)),
        (Timeout(3, 7, None), (3, 7, None)),
        (1e8, (LONGEST_WAIT, LONGEST_WAIT, 600)),
    ],
)
def test_timeouts_and_their_ends(value: Any, timeout: tuple[float, float, float | None]) -> None:
    assert read_timeout(value) == timeout


@pytest.mark.parametrize("value", ["none", None, (3, True), "3,,", (3, 0), [], "3,7,no"])
def test_what_is_no_timeout(value: Any) -> None:
    with pytest.raises(InvalidRequest, match="None takes one away"):
        read_timeout(value)


SECONDS = st.floats(0.001, 1e6)


@given(SECONDS, st.none() | SECONDS, st.none() | SECONDS, st.none() | SECONDS)
def test_text_and_tuple_mean_the_same(connect: float, read: float | None, total: float | None, usual: Any) -> None:
    values = (connect, read, total)
    text = ",".join("none" if each is None else repr(each) for each in values)
    assert read_timeout(text, total=usual) == read_timeout(values, total=usual)
    assert read_timeout(values[:2], total=usual).total == usual
    assert read_timeout(connect, total=usual) == (connect, connect, usual)
    read_back = read_timeout(values)
    assert (read_back.connect, read_back.total) == (connect, total)
    assert read_timeout(read_back) == read_back


# The timer of a loop.


def test_only_what_is_due_is_ended() -> None:
    async def main() -> list[Any]:
        never = asyncio.get_running_loop().create_future()
        short, long = (
            asyncio.ensure_future(within(Timeout(1, 1, total), "http://x", never_ending())) for total in (0.05, 600)
        )
        await asyncio.wait([short])
        assert not long.done()
        long.cancel()
        never.cancel()
        return list(await asyncio.gather(short, long, return_exceptions=True))

    async def never_ending() -> None:
        await asyncio.Event().wait()

    short, long = asyncio.run(main())
    assert type(short) is ovh.TotalTimeout
    assert type(long) is asyncio.CancelledError


def test_a_longer_one_first() -> None:
    async def wait() -> None:
        await asyncio.Event().wait()

    async def main() -> list[Any]:
        works = [within(Timeout(1, 1, total), "http://x", wait()) for total in (0.2, 0.1, 0.05, 0.15)]
        return await asyncio.gather(*works, return_exceptions=True)

    assert [type(error) for error in asyncio.run(main())] == [ovh.TotalTimeout] * 4


def test_what_fails_because_of_the_end_is_the_end() -> None:
    async def clumsy() -> None:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            raise KeyError from None

    async def other() -> None:
        raise KeyError

    async def deaf() -> int:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            return 7
        return 0

    async def main() -> None:
        with pytest.raises(ovh.TotalTimeout):
            await within(Timeout(1, 1, 0.01), "http://x", clumsy())
        with pytest.raises(KeyError):
            await within(Timeout(1, 1, 30), "http://x", other())
        assert await within(Timeout(1, 1, 0.01), "http://x", deaf()) == 7
        task = asyncio.current_task()
        assert task is not None
        assert not task.cancelling()

    asyncio.run(main())


def test_who_is_cancelled_by_others_at_the_same_time_is_cancelled() -> None:
    async def main() -> None:
        task = asyncio.ensure_future(within(Timeout(1, 1, 30), "http://x", asyncio.Event().wait()))
        await asyncio.sleep(0)
        alarms = deadlines_of(asyncio.get_running_loop())
        (end,) = alarms._ends
        end.passed = True
        end.task.cancel()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(main())


def test_each_loop_has_its_own() -> None:
    async def mine() -> LoopDeadlines:
        loop = asyncio.get_running_loop()
        assert deadlines_of(loop) is deadlines_of(loop)
        return deadlines_of(loop)

    assert asyncio.run(mine()) is not asyncio.run(mine())
