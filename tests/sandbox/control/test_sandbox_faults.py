"""Failures that are asked for, and clocks that go wrong."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import urllib3

import ovhcore as ovh
from ovhcore import exceptions as exc
from ovhcore.protocol.messages import Request, Timeout
from ovhcore_transports.sandbox import (
    ACCESS_KEYS,
    CLIENT_ID,
    CLIENT_SECRET,
    AsyncSandboxTransport,
    Failure,
    Faults,
    Sandbox,
    SandboxTransport,
    serve,
)
from tests.servers import eventually

ORIGIN = "https://eu.api.ovh.com"
NOW = 1_767_225_600
DATE = "Thu, 01 Jan 2026 00:00:00 GMT"
RECORDS = "/domain/zone/{zoneName}/record"
NEW: dict[str, Any] = {"zoneName": "example.com", "fieldType": "A", "target": "192.0.2.1"}
POSTED = ("POST", "/domain/zone/example.com/record")
TIME = Request("GET", ORIGIN + "/1.0/auth/time")


def failing(*kinds: Failure, **others: Any) -> Sandbox:
    return Sandbox(faults=Faults(1, kinds=kinds, **others))


def outcome(box: Sandbox, request: Request) -> object:
    try:
        return box.handle(request, NOW).status
    except exc.NetworkError as error:
        return type(error)


@pytest.mark.parametrize(
    ("failure", "status", "error", "retry_after"),
    [
        (Failure.THROTTLED, 429, "Client::TooManyRequests", "7"),
        (Failure.THROTTLED_UNTIL, 429, "Client::TooManyRequests", "Thu, 01 Jan 2026 00:00:07 GMT"),
        (Failure.THROTTLED_PLAIN, 429, "Client::TooManyRequests", None),
        (Failure.UNAVAILABLE, 503, None, None),
        (Failure.ERROR, 500, "Server::InternalServerError", None),
        (Failure.BAD_GATEWAY, 502, None, None),
        (Failure.GATEWAY_TIMEOUT, 504, None, None),
    ],
)
def test_answers_that_fail(failure: Failure, status: int, error: str | None, retry_after: str | None) -> None:
    box = failing(failure, retry_after=7)
    response = box.handle(TIME, NOW)
    assert response.status == status
    assert response.headers["date"] == DATE
    assert response.headers.get("retry-after") == retry_after
    if error is None:
        assert response.headers["content-type"] == "text/html; charset=utf-8"
        assert response.text.startswith("<!DOCTYPE html>")
    else:
        assert response.headers["content-type"] == "application/json; charset=utf-8"
        assert response.json()["class"] == error
    done = int(failure.carried_out)
    assert box.received == {("GET", "/auth/time"): 1}
    assert box.executed == ({("GET", "/auth/time"): 1} if done else {})
    assert box.failed == {failure: 1}


@pytest.mark.parametrize(
    ("failure", "error", "arrived", "done"),
    [
        (Failure.REFUSED, exc.ConnectError, 0, 0),
        (Failure.LOST, exc.ConnectionLost, 1, 1),
        (Failure.SILENT, exc.ReadTimeout, 1, 1),
    ],
)
def test_no_answer_at_all(failure: Failure, error: type[exc.NetworkError], arrived: int, done: int) -> None:
    transport = SandboxTransport(failing(failure), timeout=Timeout(3, 5))
    client = ovh.Client("ovh-eu", transport=transport, **ACCESS_KEYS)
    with pytest.raises(error) as caught:
        client.post(RECORDS, **NEW)
    assert type(caught.value) is error
    assert caught.value.may_have_arrived is bool(arrived)
    if arrived:
        assert transport.clock().monotonic == (5 if failure is Failure.SILENT else 0)
    box = transport.sandbox
    attempts = caught.value.attempts
    assert attempts == (1 if arrived else 5)  # nothing was done where nothing arrived
    assert box.failed == {failure: attempts}
    assert (box.received[POSTED], box.executed[POSTED]) == (arrived, done)


def test_the_total_timeout_may_be_the_shorter_one() -> None:
    async def main() -> None:
        transport = AsyncSandboxTransport(failing(Failure.SILENT))
        for total, error, seconds in ((4, exc.TotalTimeout, 4), (20, exc.ReadTimeout, 9)):
            begun = transport.clock().monotonic
            with pytest.raises(exc.TransportTimeout, match=rf"{seconds} s") as caught:
                await transport.send(Request("GET", TIME.url, timeout=Timeout(1, 9, total)))
            assert type(caught.value) is error
            assert transport.clock().monotonic == begun + seconds

    asyncio.run(main())


def test_one_number_for_a_timeout() -> None:
    transport = SandboxTransport(failing(Failure.SILENT), timeout=7)
    with pytest.raises(exc.ReadTimeout, match="silent for 7 s"):
        transport.send(TIME)
    assert transport.clock().monotonic == 7


def test_what_is_refused_was_not_executed() -> None:
    box = Sandbox(token_errors_status=200)
    assert box.handle(Request("GET", ORIGIN + "/1.0/me"), NOW).status == 403
    assert box.handle(Request("POST", ORIGIN + "/auth/oauth2/token"), NOW).status == 200
    assert box.handle(Request("GET", ORIGIN + "/v2/nothing"), NOW).status == 404
    assert box.received == {("GET", "/me"): 1, ("POST", "/auth/oauth2/token"): 1, ("GET", "/v2/nothing"): 1}
    assert box.executed == {}
    client = ovh.Client(
        "ovh-eu", client_id=CLIENT_ID, client_secret=CLIENT_SECRET, transport=SandboxTransport(box), retry=False
    )
    client.get("/me")
    client.get("/v2/iam/policy?x=1")
    assert box.executed == {("POST", "/auth/oauth2/token"): 1, ("GET", "/me"): 1, ("GET", "/v2/iam/policy"): 1}
    box.executed.clear()  # a copy
    assert sum(box.executed.values()) == 3


def test_refusals_fail_too_after_they_were_made() -> None:
    box = failing(Failure.BAD_GATEWAY)
    assert box.handle(Request("GET", ORIGIN + "/1.0/me"), NOW).status == 502
    assert (sum(box.received.values()), sum(box.executed.values())) == (1, 0)


def test_what_is_spared() -> None:
    box = failing(*Failure, spare=("/auth/time", "/auth/oauth2/token"))
    assert outcome(box, TIME) == 200
    assert outcome(box, Request("GET", ORIGIN + "/v1/auth/time")) == 200
    assert outcome(box, Request("POST", ORIGIN + "/auth/oauth2/token")) == 400
    assert outcome(box, Request("GET", ORIGIN + "/auth/?credentialToken=x")) == 404  # the page of a user
    assert box.failed == {}
    assert Faults(spare="/me").spare == {"/me"}
    box.faults = Faults(1, kinds="error")
    assert outcome(box, TIME) == 500
    box.faults = None
    assert outcome(box, TIME) == 200


def test_the_share_and_the_ways() -> None:
    box = Sandbox(faults=Faults(0.3, seed=1))
    for _ in range(5000):
        outcome(box, TIME)
    failed = box.failed
    assert 0.28 < failed.total() / 5000 < 0.32
    assert set(failed) == set(Faults().kinds)
    assert max(failed.values()) < 1.5 * min(failed.values())
    assert box.received.total() == 5000 - failed[Failure.REFUSED]


def test_never_and_always() -> None:
    box = Sandbox(faults=Faults(0))
    assert {outcome(box, TIME) for _ in range(50)} == {200}
    box.faults = Faults(1, kinds=["error"])
    assert {outcome(box, TIME) for _ in range(50)} == {500}


def test_the_same_fate_for_the_same_requests() -> None:
    requests = [
        Request("GET", f"{ORIGIN}/1.0/auth/time?n={number % 40}", {"X-Ovh-Timestamp": str(number)})
        for number in range(400)
    ]

    def fates(box: Sandbox, threads: int, origin: str = ORIGIN) -> Counter[tuple[str, object]]:
        def one(request: Request) -> tuple[str, object]:
            return request.url, outcome(box, Request("GET", request.url.replace(ORIGIN, origin), request.headers))

        with ThreadPoolExecutor(threads) as pool:
            return Counter(pool.map(one, requests))

    alone = fates(Sandbox(faults=Faults(0.5, seed=3)), 1)
    assert fates(Sandbox(faults=Faults(0.5, seed=3)), 8) == alone
    assert fates(Sandbox(faults=Faults(0.5, seed=3)), 1, "http://127.0.0.1:1") == alone
    assert fates(Sandbox(faults=Faults(0.5, seed=4)), 1) != alone


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"rate": -0.1}, "rate must be a number from 0 to 1"),
        ({"rate": float("nan")}, "rate must be a number from 0 to 1"),
        ({"retry_after": -1}, "retry_after must be 0 or more"),
        ({"kinds": ()}, "kinds are one or more of refused, throttled, "),
        ({"kinds": "sometimes"}, r"not \('sometimes',\)"),
    ],
)
def test_values_out_of_range(values: dict[str, Any], said: str) -> None:
    with pytest.raises(exc.InvalidConfiguration, match=said):
        Faults(**values)


def test_faults_are_values() -> None:
    assert Faults(kinds=["lost", Failure.ERROR]) == Faults(0.3, 0, (Failure.LOST, Failure.ERROR))
    assert Faults(0.1, retry_after=0) != Faults(0.1)
    assert len({Faults(), Faults()}) == 1
    with pytest.raises(AttributeError):
        Faults().rate = 1  # type: ignore[misc]
    assert "rate=0.3, seed=0" in repr(Faults())


# Served


def send(url: str, timeout: float = 10) -> int:
    return urllib3.request("GET", url, retries=False, timeout=timeout).status


@pytest.mark.parametrize("failure", [Failure.LOST, Failure.REFUSED])
def test_a_served_connection_ends(failure: Failure, capfd: pytest.CaptureFixture[str]) -> None:
    with serve(failing(failure)) as server:
        with urllib3.HTTPConnectionPool(server.origin.removeprefix("http://"), maxsize=1) as pool:
            for _ in range(3):
                with pytest.raises(urllib3.exceptions.ProtocolError, match="Remote end closed connection"):
                    pool.request("GET", "/1.0/auth/time", retries=False, timeout=60)
            server.sandbox.faults = None
            assert pool.request("GET", "/1.0/auth/time", retries=False).status == 200
        done = 3 if failure is Failure.LOST else 0
        assert server.sandbox.executed["GET", "/auth/time"] == done + 1
    assert capfd.readouterr() == ("", "")


def test_a_served_sandbox_is_silent_until_the_client_gives_up(capfd: pytest.CaptureFixture[str]) -> None:
    with serve(failing(Failure.SILENT)) as server:
        with pytest.raises(urllib3.exceptions.ReadTimeoutError):
            send(server.url + "/auth/time", 0.1)
        eventually(lambda: server.sandbox.executed["GET", "/auth/time"])
        assert server.sandbox.executed["GET", "/auth/time"] == 1
    assert capfd.readouterr() == ("", "")


def test_a_silent_sandbox_can_be_stopped(capfd: pytest.CaptureFixture[str]) -> None:
    with ThreadPoolExecutor(1) as pool:
        with serve(failing(Failure.SILENT)) as server:
            waiting = pool.submit(send, server.url + "/auth/time")
            while not server.sandbox.received:
                time.sleep(0.01)
        with pytest.raises(urllib3.exceptions.ProtocolError):
            waiting.result(60)
    assert capfd.readouterr() == ("", "")


def test_served_answers_that_fail() -> None:
    forwarded = {"X-Forwarded-For": "192.0.2.1"}  # which is no address of a connection
    with serve(failing(Failure.THROTTLED, retry_after=3)) as server:
        reply = urllib3.request("GET", server.url + "/auth/time", headers=forwarded, retries=False)
        assert (reply.status, reply.headers["Retry-After"]) == (429, "3")
        server.sandbox.faults = Faults(1, kinds="lost")
        with pytest.raises(urllib3.exceptions.ProtocolError):
            urllib3.request("GET", server.url + "/auth/time", headers=forwarded, retries=False)


# Clocks


def test_a_clock_is_set_and_goes_wrong() -> None:
    transport = SandboxTransport(start=NOW, skew=10)

    def times() -> tuple[float, float, float, object]:
        now = transport.clock()
        return now.wall - NOW, now.monotonic, transport.skew, transport.send(TIME).json() - NOW

    assert times() == (0, 0, 10, 10)
    transport.sleep(5)
    assert times() == (5, 5, 10, 15)
    transport.set_clock(skew=-100)  # jumps to 110 s later
    assert times() == (115, 5, -100, 15)
    transport.set_clock(drift=36)
    assert times() == (115, 5, -100, 15)
    transport.sleep(1800)
    assert times() == (1897, 1805, -82, 1815)
    transport.set_clock(skew=0)
    transport.sleep(100)
    assert times() == (1914, 1905, 1, 1915)
    transport.set_clock(drift=0)
    transport.sleep(100)
    assert times() == (2014, 2005, 1, 2015)
    transport.set_clock()
    assert transport.skew == 1


def test_transports_by_name() -> None:
    client = ovh.Client("ovh-eu", transport="sandbox", timeout=3, retry=False, **ACCESS_KEYS)
    assert client.get("/me")["firstname"] == "Ada"
    assert isinstance(client._ovhcore.transport, SandboxTransport)
    client._ovhcore.transport.sandbox.faults = Faults(1, kinds=["silent"])
    with pytest.raises(exc.ReadTimeout, match="silent for 3 s"):
        client.get("/me")

    async def main() -> None:
        async with ovh.AsyncClient("ovh-eu", transport="sandbox", **ACCESS_KEYS) as client:
            assert (await client.get("/me"))["firstname"] == "Ada"

    asyncio.run(main())


def test_clocks_of_both_transports() -> None:
    async def main() -> None:
        transport = AsyncSandboxTransport(start=NOW)
        async with ovh.AsyncClient("ovh-eu", transport=transport, **ACCESS_KEYS) as client:
            await client.get("/me")
            transport.set_clock(skew=1000)
            await client.get("/me")
        assert transport.skew == 1000
        assert transport.sandbox.received == {("GET", "/me"): 3}
        assert transport.sandbox.executed == {("GET", "/me"): 2}

    asyncio.run(main())


def test_tasks_sleep_at_the_same_time() -> None:
    async def main() -> None:
        transport = AsyncSandboxTransport(start=0.0)
        woke: list[tuple[float, float]] = []

        async def sleep(*seconds: float) -> None:
            for one in seconds:
                await transport.sleep(one)
            woke.append((sum(seconds), transport.clock().monotonic))

        await asyncio.gather(sleep(3), sleep(1), sleep(2, 2), sleep(2, 0), sleep(10), sleep(-1))
        assert woke == [(-1, 0), (1, 1), (2, 2), (3, 3), (4, 4), (10, 10)]
        cancelled = asyncio.ensure_future(transport.sleep(1))
        await asyncio.sleep(0)
        cancelled.cancel()
        await sleep(5)
        assert transport.clock().monotonic == 15

    asyncio.run(main())


def test_tasks_of_trio() -> None:
    trio = pytest.importorskip("trio")

    async def main() -> None:
        box = Sandbox(faults=Faults(0.3, seed=6))
        transport = AsyncSandboxTransport(box, timeout=5)
        async with ovh.AsyncClient("ovh-eu", transport=transport, timeout=5, retry=12, **ACCESS_KEYS) as client:
            for number in range(60):
                assert await client.get("/me/bill", orderId=number) == []
        assert Failure.SILENT in box.failed

    trio.run(main)


def test_time_that_threads_let_pass_adds_up() -> None:
    transport = SandboxTransport()
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(transport.sleep, [0.5] * 4000))
    assert transport.clock().monotonic == 2000


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this platform")
def test_a_fork_while_another_thread_reads_the_clock() -> None:
    transport = SandboxTransport()
    with transport._clocks.lock:  # as another thread holds it
        child = os.fork()
        if child == 0:
            signal.alarm(10)
            try:
                os._exit(0 if transport.clock().monotonic == 0 else 1)
            finally:
                os._exit(1)
    assert os.waitpid(child, 0)[1] == 0


def test_a_lock_of_its_own() -> None:
    transport = SandboxTransport()
    with transport._clocks.lock:
        transport.after_fork()
        assert transport.clock().monotonic == 0


@pytest.mark.parametrize(
    ("kind", "status", "kind_of_error", "done"),
    [("request-timeout", 408, ovh.GatewayError, 0), ("message-only", 500, ovh.APIError, 1)],
)
def test_shapes_of_errors_that_are_asked_for(kind: str, status: int, kind_of_error: Any, done: int) -> None:
    box = Sandbox(faults=Faults(1, kinds=[kind]))
    client = ovh.Client("ovh-eu", transport=SandboxTransport(box), retry=False, **ACCESS_KEYS)
    with pytest.raises(kind_of_error) as caught:
        client.post("/domain/zone/example.com/refresh")
    assert (caught.value.status, caught.value.error_class) == (status, None)
    assert box.executed.total() == done
