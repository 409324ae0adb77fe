"""The kit for transports can fail, and its parts do what they say."""

from __future__ import annotations

import re
import socket
import time
from functools import partial
from typing import Any

import pytest
from hypothesis import Phase, find, settings

from ovhcore.exceptions import ConnectionLost, ReadTimeout
from ovhcore.plugins import TransportSettings
from ovhcore.protocol.credentials import AccessToken, ApplicationKey, OAuth2Client
from ovhcore.protocol.messages import Request, Response, Timeout
from ovhcore.testing import FAULTS, TransportConformance, WireServer, answer, strategies
from ovhcore.testing.conformance.failures import _answer_in_time, failure_of
from ovhcore.testing.driving import driving
from ovhcore.testing.faults import ANSWERS
from ovhcore.testing.server import Peer, in_turn
from ovhcore.testing.strategies import _is_taken
from ovhcore_transports import SyncTransport
from ovhcore_transports.urllib3 import open_async, open_sync
from tests.servers import eventually

pytestmark = pytest.mark.once

pytest_plugins = ["pytester"]

BROKEN = """
from ovhcore.exceptions import NetworkError
from ovhcore.protocol.messages import Headers, Request, Response
from ovhcore.testing import TransportConformance
from ovhcore_transports.urllib3 import Urllib3Transport


class Kit(TransportConformance):
    __test__ = False
    examples = 20
    calls = 50

    def open(self, settings):
        return self.broken(settings)
"""
ONE = """
class Broken{number}(Urllib3Transport):
    {body}


class Test{number}_(Kit):
    __test__ = True
    broken = Broken{number}
"""
ONE_FAILURE_EACH = """
import pytest
from ovhcore.testing import WireServer

# One of them never closes a connection: nobody need wait long to see it.
WireServer.all_closed.__defaults__ = (1.0,)
failed = set()

def pytest_runtest_setup(item):
    if item.cls in failed:
        pytest.skip("one failure is enough")

@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item):
    outcome = yield
    if outcome.get_result().failed:
        failed.add(item.cls)
"""
# What is wrong with a transport, and a test of the kit that has to notice.
BREAKS = {
    "def send(self, request): return super().send(Request(request.method, request.url.replace('%20', '+')))": (
        "test_what_is_received_is_what_was_signed"
    ),
    "def send(self, request): return super().send(request.adding(('X-Tracking', '1')))": (
        "test_requests_go_out_as_they_are"
    ),
    "def send(self, request): super().send(request); return super().send(request)": "test_answer",
    """
    def send(self, request):
        try: return super().send(request)
        except NetworkError: return super().send(request)
""": "test_fault",
    """
    def send(self, request):
        try: return super().send(request)
        except NetworkError as error: raise NetworkError(str(error)) from None
""": "test_nobody_listens",
    """
    def send(self, request):
        try: return super().send(request)
        except NetworkError as error:
            fields = dict(request.headers)
            raise
""": "test_nobody_listens",
    "def close(self): pass": "test_each_gets_its_own_answer",
    "def send(self, request): r = super().send(request); return Response(r.status, Headers(), r.body)": (
        "test_fields_of_an_answer_are_kept"
    ),
}


def test_each_broken_transport_fails(pytester: pytest.Pytester) -> None:
    classes = [ONE.format(number=number, body=body) for number, body in enumerate(BREAKS)]
    pytester.makeconftest(ONE_FAILURE_EACH)
    pytester.makepyfile(test_broken=BROKEN + "".join(classes))
    chosen = " or ".join(f"(Test{number}_ and {test})" for number, test in enumerate(BREAKS.values()))
    found = pytester.runpytest_subprocess("-q", "-rf", "-p", "no:cacheprovider", "-k", chosen)
    assert found.ret == pytest.ExitCode.TESTS_FAILED
    failed = set(re.findall(r"^FAILED test_broken\.py::Test(\d+)_::", found.stdout.str(), re.MULTILINE))
    assert [body for number, body in enumerate(BREAKS) if str(number) not in failed] == []


def test_one_that_passes_passes(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(BROKEN + ONE.format(number="", body="pass"))
    found = pytester.runpytest_subprocess("-q", "-p", "no:cacheprovider", "-k", "test_answer or nobody")
    assert found.ret == pytest.ExitCode.OK
    assert found.parseoutcomes()["passed"] > len(ANSWERS)


def test_a_suite_without_a_transport() -> None:
    with pytest.raises(NotImplementedError):
        TransportConformance().open(TransportSettings())


def test_there_are_at_least_25_kinds_of_faults() -> None:
    assert len({fault.name for fault in FAULTS}) == len(FAULTS) >= 25


_FIRST = settings(phases=[Phase.generate])  # the first that is found, not the smallest


def test_credentials_of_every_kind() -> None:
    for kind in (ApplicationKey, OAuth2Client, AccessToken):
        found = find(strategies.credentials(), partial(_is_of, kind), settings=_FIRST)
        assert type(found) is kind


def _is_of(kind: type, made: object) -> bool:
    return type(made) is kind


def test_paths_that_no_call_can_have_are_not_drawn() -> None:
    assert not _is_taken("/a/../b")
    assert not _is_taken("/{name}")
    assert _is_taken("/a?{}")


def test_requests_name_their_server() -> None:
    drawn = strategies.requests("http://127.0.0.1:1/1.0")
    request = find(drawn, lambda request: request.body != b"", settings=_FIRST)
    assert request.url.startswith("http://127.0.0.1:1/1.0/")


def test_a_client_that_hangs_up_in_the_middle() -> None:
    seen: list[Any] = []
    with WireServer(lambda peer: seen.append(peer.receive())) as server:
        for sent in (b"", b"GET / HT", b"POST / HTTP/1.1\r\nContent-Length: 5\r\n\r\n123"):
            with socket.create_connection(("127.0.0.1", server.port)) as connection:
                connection.sendall(sent)
        eventually(lambda: len(seen) == 3)
    assert seen == [None, None, None]
    assert not server.received


def test_a_server_does_what_it_is_told_in_turn() -> None:
    steps = in_turn(Peer.receive, lambda peer: peer.pause(0.01), lambda peer: peer.send(answer(b"1")))
    with WireServer(steps) as server:
        with socket.create_connection(("127.0.0.1", server.port)) as connection:
            connection.sendall(b"GET /a HTTP/1.1\r\n\r\n")
            assert connection.recv(1000).endswith(b"1")
        assert server.all_closed()
        with socket.create_connection(("127.0.0.1", server.port)):
            while server.connections < 2:
                time.sleep(0.01)
            assert not server.all_closed(within=0.1)


def test_a_reset_is_not_a_polite_end() -> None:
    reset = in_turn(Peer.read, Peer.reset)
    with WireServer(reset) as server, socket.create_connection(("127.0.0.1", server.port), 10) as connection:
        connection.sendall(b"x")
        with pytest.raises(ConnectionResetError):
            connection.recv(1)


def test_who_asks_for_it_is_hung_up_on() -> None:
    with WireServer() as server, socket.create_connection(("127.0.0.1", server.port)) as connection:
        connection.sendall(b"GET /a HTTP/1.1\r\nConnection: Close\r\n\r\n")
        with connection.makefile("rb") as lines:
            assert lines.read().endswith(b'"/a"')


def test_a_fault_for_who_asks_nothing() -> None:
    for fault in FAULTS:
        with WireServer(fault.behave) as server:
            socket.create_connection(("127.0.0.1", server.port)).close()
            assert server.all_closed()


class Faulty(SyncTransport):
    """Raises what shows a secret in a way that cannot be printed."""

    def send(self, request: Request) -> Response:
        class Unprintable:
            def __repr__(self) -> str:
                raise RuntimeError

        secret: Any = Unprintable()
        raise ConnectionLost("lost") if secret else ValueError


def test_what_cannot_be_printed_is_no_leak() -> None:
    with driving("asyncio") as drive:
        error = failure_of(drive(Faulty()), Request("GET", "http://h/"))
        assert type(error) is ConnectionLost


def test_an_asynchronous_run_of_a_plain_transport() -> None:
    with WireServer() as server, driving("asyncio") as drive:
        transport = drive(open_sync(TransportSettings(Timeout(60, 60), "none")))
        assert transport.send(Request("GET", f"{server.url}/me")).json() == "/1.0/me"


def test_a_fault_waits_for_a_request_and_ends_without_one() -> None:
    fault = next(each for each in FAULTS if "_after_request" in each.behave.__qualname__)
    done: list[bool] = []

    def behave(peer: Peer) -> None:
        fault.behave(peer)
        done.append(True)

    with WireServer(behave) as server:
        socket.create_connection(("127.0.0.1", server.port)).close()
        eventually(lambda: done)


class Late(SyncTransport):
    """Takes too long for some requests."""

    def __init__(self, times: int) -> None:
        super().__init__()
        self.times = times

    def send(self, request: Request) -> Response:
        self.times -= 1
        if self.times >= 0:
            raise ReadTimeout("late")
        return Response(200, {}, b"1")


def test_what_a_busy_machine_does_not_answer_in_time_is_sent_once_more() -> None:
    request = Request("GET", "http://h/")
    with driving("asyncio") as drive:
        assert _answer_in_time(drive(Late(3)), request).body == b"1"
        with pytest.raises(ReadTimeout):
            _answer_in_time(drive(Late(1000)), request)


def test_tasks_that_are_left() -> None:
    with driving("asyncio") as drive:
        transport = drive(open_async(TransportSettings()))
        assert transport.settled(transport.tasks())
        assert not transport.settled(-1, within=0.02)
