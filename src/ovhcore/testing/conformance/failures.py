"""The part of the conformance kit that misbehaves: each fault becomes the exception that the table names."""

from __future__ import annotations

import sys
import threading
import time
import traceback
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Final

import pytest

from ...exceptions import (
    ConnectError,
    ConnectionLost,
    ConnectTimeout,
    InvalidRequest,
    NetworkError,
    PoolTimeout,
    ReadTimeout,
)
from ...protocol.messages import Request, Response, Timeout
from ..driving import Driven
from ..faults import ANSWERS, CAP, FAULTS, PATIENT, QUICK, Fault, GoodAnswer
from ..server import Peer, WireServer, answer, in_turn, unaccepting
from .suite import FEATURES, Opener, Suite

__all__ = ["FaultConformance", "failure_of"]

_LIMIT: Final = 120.0
"""Seconds after which something hangs; no machine is so busy."""

_STRAYS: Final = {
    "an answer": b'HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n"wrong"',
    "garbage": b"garbage",
}

_SECRETS: Final = {"X-Ovh-Consumer": "canary-consumer", "X-Ovh-Signature": "$1$canary", "Authorization": "canary-a"}


class FaultConformance(Suite):
    """Tests that each fault becomes the documented exception, in time, and that afterwards all is as before."""

    @pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
    def test_fault(self, opened: Opener, fault: Fault) -> None:
        """Each fault on a new connection, then a good answer, then no connection left."""
        self._needs_for(fault)
        with WireServer(fault.behave) as server:
            transport = opened(fault.timeout, max_response_size=CAP)
            error = failure_of(transport, Request("POST", f"{server.url}/me", _SECRETS, b'{"canary": 1}'))
            assert type(error) is fault.raises, repr(error)
            assert error.may_have_arrived
            _is_as_before(transport, server)
            assert sum(received.method == "POST" for received in server.received) <= 1, "it was sent again"

    @pytest.mark.parametrize(
        "fault", [each for each in FAULTS if "when connected" not in each.name], ids=lambda f: f.name
    )
    def test_fault_on_a_connection_in_use(self, opened: Opener, fault: Fault) -> None:
        """Each fault on the second request of a connection."""
        self._needs_for(fault)

        def behave(peer: Peer) -> None:
            peer.serve(requests=1)
            fault.behave(peer)

        with WireServer(behave) as server:
            transport = opened(fault.timeout, max_response_size=CAP)
            _answer_in_time(transport, Request("GET", f"{server.url}/me"))
            error = failure_of(transport, Request("POST", f"{server.url}/me", _SECRETS, b'{"canary": 1}'))
            assert type(error) is fault.raises, repr(error)
            _is_as_before(transport, server)
            assert sum(received.method == "POST" for received in server.received) <= 1, "it was sent again"

    def _needs_for(self, fault: Fault) -> None:
        if fault.name in FEATURES:
            self.needs(fault.name)

    @pytest.mark.parametrize("good", ANSWERS, ids=lambda good: good.name)
    def test_answer(self, opened: Opener, good: GoodAnswer) -> None:
        """Each odd answer, twice; nothing is followed and nothing of one is left for the next."""
        with WireServer(good.behave) as server:
            transport = opened(max_response_size=CAP)
            for number in (1, 2):
                response = transport.send(Request(good.method, f"{server.url}/{number}"))
                assert (response.status, response.body) == (good.status, good.body)
            assert [received.target for received in server.received] == ["/1.0/1", "/1.0/2"]
            transport.close()
            assert server.all_closed()

    @pytest.mark.parametrize("what", _STRAYS)
    @pytest.mark.parametrize("when", ["at once", "later"])
    def test_bytes_after_an_answer_are_not_the_next(self, opened: Opener, what: str, when: str) -> None:
        """Bytes beyond those that the server announced are not taken for the next answer."""
        if (what, when) == ("garbage", "at once"):
            self.needs("an answer before garbage")
        first = answer(b'"first"')
        taken, sent = threading.Event(), threading.Event()

        def behave(peer: Peer) -> None:
            if peer.number > 1:
                peer.serve(lambda received: answer(b'"2"'))
            else:
                peer.receive()
                peer.send(first + _STRAYS[what] if when == "at once" else first)
                if when == "later":
                    taken.wait(30)
                    peer.send(_STRAYS[what])
                sent.set()
                peer.serve(lambda received: answer(b'"2"'))

        with WireServer(behave) as server:
            transport = opened()
            assert transport.send(Request("GET", f"{server.url}/1")).body == b'"first"'
            taken.set()
            assert sent.wait(30)
            transport.notice()
            assert transport.send(Request("GET", f"{server.url}/2")).body == b'"2"'

    @pytest.mark.parametrize("method", ["GET", "POST"])
    def test_a_connection_that_was_closed_while_idle(self, opened: Opener, method: str) -> None:
        """The server may close a connection between requests; the next one goes out on another."""
        with WireServer(lambda peer: peer.serve(requests=1)) as server:
            transport = opened()
            for number in range(3):
                transport.send(Request(method, f"{server.url}/{number}", body=b"1" * (method == "POST")))
                assert server.all_closed()
                transport.notice()
        assert len(server.received) == 3

    @pytest.mark.parametrize("method", ["GET", "POST"])
    def test_nothing_is_sent_twice(self, opened: Opener, method: str) -> None:
        """A request that a kept connection took and did not answer is lost, not sent again."""

        def behave(peer: Peer) -> None:
            peer.serve(requests=1)
            peer.receive()

        with WireServer(behave) as server:
            transport = opened()
            transport.send(Request("GET", f"{server.url}/1"))
            assert type(failure_of(transport, Request(method, f"{server.url}/2"))) is ConnectionLost
            assert [received.target for received in server.received] == ["/1.0/1", "/1.0/2"]

    def test_nobody_listens(self, opened: Opener) -> None:
        """A refused connection."""
        with WireServer() as server:
            pass
        error = failure_of(opened(), Request("GET", f"{server.url}/me", _SECRETS))
        assert type(error) is ConnectError
        assert not error.may_have_arrived
        assert error.__cause__ is not None

    def test_a_name_that_does_not_exist(self, opened: Opener) -> None:
        """No address for a host."""
        error = failure_of(opened(Timeout(2.0, 60.0)), Request("GET", "http://no-such-host.localhost.invalid:1/me"))
        assert isinstance(error, ConnectError)

    @pytest.mark.skipif(sys.platform != "linux", reason="other systems refuse instead of keeping silent")
    @pytest.mark.parametrize("total", [None, 0.3])
    def test_a_connection_that_is_not_answered(self, opened: Opener, total: float | None) -> None:
        """A server too busy to accept."""
        with unaccepting() as port:
            transport = opened(Timeout(0.4, 60.0, total))
            error = failure_of(transport, Request("GET", f"http://127.0.0.1:{port}/me"))
        if total is None:
            assert type(error) is ConnectTimeout
            assert not error.may_have_arrived
        else:
            assert isinstance(error, TimeoutError)

    def test_the_timeout_of_one_request(self, opened: Opener) -> None:
        """A request's own timeout counts before that of the settings."""
        # The server ends its silence before the timeouts of the settings would.
        with WireServer(in_turn(Peer.receive, Peer.pause)) as server:
            error = failure_of(opened(), Request("GET", f"{server.url}/me", timeout=QUICK))
            assert type(error) is ReadTimeout
            total = Request("GET", f"{server.url}/me", timeout=Timeout(60, 60, 0.4))
            assert isinstance(failure_of(opened(), total), TimeoutError)

    def test_waiting_for_a_connection(self, opened: Opener) -> None:
        """All connections in use for as long as the read timeout."""
        asked, go_on = threading.Event(), threading.Event()

        def when_told(peer: Peer) -> None:
            while peer.receive() is not None:
                asked.set()
                peer.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
                while not go_on.wait(0.02):
                    peer.send(b"1\r\n \r\n")  # each byte comes in time, all together do not
                peer.send(b"0\r\n\r\n")

        # A pool that is not exact may be another one for other timeouts.
        same = "an exact pool" in self.lacks
        with WireServer(when_told) as server, ThreadPoolExecutor(1) as pool:
            transport = opened(Timeout(60, 3.0 if same else 0.4), pool_size=1)
            first = pool.submit(transport.send, Request("GET", f"{server.url}/1", timeout=None if same else PATIENT))
            try:
                assert asked.wait(_LIMIT)
                error = failure_of(transport, Request("GET", f"{server.url}/2"))
            finally:
                go_on.set()
            assert type(error) is PoolTimeout, repr(error)
            assert not error.may_have_arrived
            assert first.result(_LIMIT).status == 200
            assert server.connections == 1
            assert transport.send(Request("GET", f"{server.url}/after", timeout=PATIENT)).status == 200

    @pytest.mark.parametrize("url", ["/1.0/me", "http://127.0.0.1", "ftp://127.0.0.1/me", "", "http://127.0.0.1:1?a"])
    def test_a_url_that_cannot_be_sent(self, opened: Opener, url: str) -> None:
        """Such a URL is refused, not guessed at."""
        with pytest.raises(InvalidRequest):
            opened().send(Request("GET", url))


def failure_of(transport: Driven, request: Request, limit: float = _LIMIT) -> NetworkError:
    """Send a request that must fail; check that its exception shows no secret, and return it.

    Args:
        transport: sends the request.
        request: the request; it may hold values with "canary" in them.
        limit: seconds after which it hangs.
    """
    begin = time.monotonic()
    with pytest.raises(NetworkError) as caught:
        transport.send(request)
    assert time.monotonic() - begin < limit, "it hung"
    error = caught.value
    leaks = [found for found in _shown_by(error) if "canary" in found]
    assert not leaks, "a secret or the body of the request is in the exception, what it came from, or their frames"
    assert error.__suppress_context__ or error.__context__ is None, "raise it outside of the except block"
    return error


def _shown_by(error: BaseException) -> Iterator[str]:
    """Yield all that an exception, its chain and the frames of its traceback would show."""
    link: BaseException | None = error
    while link is not None:
        yield from (str(link), repr(link), repr(link.args), repr(vars(link)))
        yield from getattr(link, "__notes__", ())
        for frame, _ in traceback.walk_tb(link.__traceback__):
            if not frame.f_globals.get("__name__", "").startswith("ovhcore.testing"):
                frame_locals = frame.f_locals.items()
                yield from (f"{frame.f_code.co_qualname}: {name} = {_repr(value)}" for name, value in frame_locals)
        link = link.__cause__ or link.__context__


def _repr(value: object) -> str:
    try:
        return repr(value)
    except Exception:  # as for objects whose life is over
        return ""


def _answer_in_time(transport: Driven, request: Request) -> Response:
    """Send a request again until it is answered in time: a busy machine may exceed the timeouts."""
    for _ in range(50):
        with suppress(TimeoutError):
            return transport.send(request)
    return transport.send(request)


def _is_as_before(transport: Driven, server: WireServer) -> None:
    tasks = transport.tasks() if transport.asynchronous else 0
    server.behave = Peer.serve
    for number in range(2):
        answered = _answer_in_time(transport, Request("GET", f"{server.url}/{number}"))
        assert answered.body == b'"/1.0/%d"' % number
    if transport.asynchronous:
        assert transport.settled(tasks), "a task is left"
    transport.close()
    assert server.all_closed(), "a connection is left"
