"""Clients that share a limit: in one process and in several, blocking and not, with a store and without an answer."""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any
from weakref import ref

import pytest
import trio

import ovhcore as ovh
from ovhcore.exceptions import InvalidConfiguration, SharedStoreError, TotalTimeout
from ovhcore.flows import Clock, Consult, Flow, Limits, Send, Throttled, arun, run
from ovhcore.plugins import hookimpl
from ovhcore.protocol import Now, Request, Response
from ovhcore_transports.recording import AsyncRecordTransport, RecordTransport, ReplayTransport
from ovhcore_transports.sandbox import ACCESS_KEYS, AsyncSandboxTransport, SandboxTransport
from ovhcore_transports.shared import keeper as keepers
from ovhcore_transports.shared.answers import ALONE, GO, WAIT
from ovhcore_transports.shared.keeper import Keeper, keeper_of
from ovhcore_transports.shared.opening import open_store, read_store
from ovhcore_transports.shared.stores import Store
from ovhcore_transports.shared.throttling import SharedLimit, shared_throttle
from tests.shared.conftest import Server
from tests.worlds import AsyncScripted, Scripted

GET = Request("GET", "https://eu.api.ovh.com/1.0/me")
KEYS = ("ovh-eu", "k" * 16, "s" * 32, "c" * 32)
LEASE = 10_000_000


def ok(request: Request) -> Response:
    return Response(200, {}, b'{"me": 1}')


def slowing(request: Request) -> Response:
    return Response(429, {"Retry-After": "7"}, b'{"message": "slow down"}')


class Waits:
    """Notes how long requests wait, and for what."""

    def __init__(self) -> None:
        self.seen: list[float] = []

    @hookimpl
    def ovhcore_observer(self, settings: Any) -> Any:
        return lambda event: self.seen.append(event.wait) if isinstance(event, Throttled) else None


def client(transport: Any, url: str, *, asynchronous: bool = False, **options: Any) -> Any:
    waits = Waits()
    kind = ovh.AsyncClient if asynchronous else ovh.Client
    made: Any = kind(
        *KEYS,
        transport=transport,
        config=False,
        retry=False,
        timeout=(9, 9, None),
        plugins=[waits],
        options={"limit_store": url, **options},
    )
    made.waits = waits.seen
    return made


def test_clients_with_the_same_credentials_share_their_limit(store_url: str) -> None:
    one, other = (client(Scripted(ok), store_url, rate_limit="1/hour") for _ in range(2))
    one.get("/me")
    assert one.waits == []
    other.get("/me")
    other.get("/me")
    assert [round(wait / 3600, 1) for wait in other.waits] == [1.0, 2.1]  # 97 % of the limit is given out
    named = client(Scripted(ok), store_url, rate_limit="1/hour", limit_scope="another")
    named.get("/me")
    assert named.waits == []


@pytest.mark.parametrize("loop", ["asyncio", "trio"])
def test_asynchronous_clients_share_the_same_limit(store_url: str, loop: str) -> None:
    client(Scripted(ok), store_url, rate_limit="100/second").get("/me")
    other = client(AsyncScripted(ok), store_url, asynchronous=True, rate_limit="100/second")

    async def calls() -> None:
        for _ in range(3):
            await other.get("/me")
        await other.close()

    if loop == "trio":
        trio.run(calls)
    else:
        asyncio.run(calls())
    assert other.waits
    assert all(0 < wait < 0.011 for wait in other.waits)


def test_a_429_seen_by_one_slows_all(store_url: str) -> None:
    refused, other = (client(Scripted(answer), store_url, rate_limit=1000) for answer in (slowing, ok))
    with pytest.raises(ovh.TooManyRequests):
        refused.get("/me")
    with pytest.raises(TotalTimeout):  # the time of the store passes more slowly than that of this transport
        other.get("/me", _timeout=(1, 1, 60))
    assert 5 < other.waits[0] <= 7


def test_a_call_that_would_be_over_before_its_turn_is_not_sent(store_url: str) -> None:
    world = Scripted(ok)
    one = client(world, store_url, rate_limit="1/hour")
    one.get("/me")
    with pytest.raises(TotalTimeout, match="the limit that processes share") as caught:
        one.get("/me", _timeout=(1, 1, 5))
    assert not caught.value.may_have_arrived
    assert caught.value.retry_safe
    assert len(world.sent) == 1


def test_two_clients_of_one_process_have_places_of_their_own(store_url: str) -> None:
    seen: list[int] = []

    def nested(request: Request) -> Response:
        first.get("/me")
        return ok(request)

    def counted(request: Request) -> Response:
        seen.extend(map(len, keeper_of(store_url)._places.values()))
        return ok(request)

    first = client(Scripted(counted), store_url, max_concurrency=2)
    client(Scripted(nested), store_url, max_concurrency=2).get("/me")
    assert seen == [2]


class Unsure(Store):
    """Answers from a list."""

    def __init__(self, *answers: Any) -> None:
        super().__init__("here")
        self.answers = list(answers)
        self.questions: list[Any] = []

    def answer(self, question: Any, now: int | None = None) -> Any:
        self.questions.append(question)
        return self.answers.pop(0) if question[0] != "renew" else (0,)


def sending(request: Request) -> Flow[Response]:
    response: Response = yield Send(request)
    return response


def limited(store: Store, *, alone: bool = True, **limits: Any) -> Any:
    limit = SharedLimit(store, Keeper(store), "x", Limits(**limits), alone=alone)
    return shared_throttle(limit)(sending)


def test_who_waits_for_a_place_only_as_long_as_the_call_may_last() -> None:
    store = Unsure(*[(WAIT, 400_000, 0, 1)] * 3)
    world = Scripted(ok)
    handle = limited(store, concurrency=1)
    with pytest.raises(TotalTimeout):
        run(handle(GET.due(None, 1.0)), world)
    assert world.sent == []
    assert world.monotonic >= 1.0


def test_a_request_that_comes_late_for_its_turn_takes_another_and_the_third_counts() -> None:
    class Slow(Scripted):
        def sleep(self, seconds: float) -> None:
            super().sleep(seconds + 0.5)

    store = Unsure(*[(GO, 100_000, 0, 1)] * 3)
    world = Slow(ok)
    run(limited(store, rate=10)(GET), world)
    assert len(store.questions) == 3
    assert len(world.sent) == 1
    store.answers = [(GO, 100_000, 0, 1)]
    run(limited(store, rate=10)(GET), Scripted(ok))
    assert len(store.questions) == 4


@pytest.fixture
def nowhere(tmp_path: Path) -> str:
    return f"unix://{tmp_path}/nobody"


def test_without_an_answer_each_process_keeps_to_the_limits_alone(
    nowhere: str, caplog: pytest.LogCaptureFixture
) -> None:
    pytest.importorskip("redis")
    world = Scripted(ok)
    one = client(world, nowhere, rate_limit=10, max_concurrency=2)
    for _ in range(12):
        one.get("/me")
    assert world.monotonic == pytest.approx(1.1)  # a limiter of its own, with one request at once
    told = [each for each in caplog.records if each.levelno >= logging.WARNING]
    assert len(told) == 1
    assert "does not answer" in told[0].getMessage()


def test_without_an_answer_calls_fail_if_they_are_to(nowhere: str) -> None:
    pytest.importorskip("redis")
    world = Scripted(ok)
    one = client(world, nowhere, rate_limit=10, limit_store_down="fail")
    for _ in range(2):
        with pytest.raises(SharedStoreError) as caught:
            one.get("/me")
    assert caught.value.url == GET.url
    assert caught.value.retry_safe
    assert not caught.value.may_have_arrived
    assert world.sent == []


def test_a_store_that_is_silent_holds_nobody_up() -> None:
    pytest.importorskip("redis")
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        one = client(Scripted(ok), f"redis://user:geheim@127.0.0.1:{port}/0", rate_limit=10)
        assert one.get("/me") == {"me": 1}
        store = open_store(f"redis://user:geheim@127.0.0.1:{port}/0")
        assert store.name == f"redis://127.0.0.1:{port}/0"
        with pytest.raises(SharedStoreError) as caught:
            store.ask(("renew", "limit:x", 1, 0))
        assert "geheim" not in str(caught.value)
        store.close()
        assert "geheim" not in repr(one.settings)


def test_a_server_that_is_started_anew_is_asked_again(
    server: Server, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    from ovhcore_transports.shared import stores

    monkeypatch.setattr(stores, "_REST", 0.0)
    caplog.set_level(logging.INFO, "ovhcore")
    one = client(Scripted(ok), server.url, rate_limit=1000)
    one.get("/me")
    server.stop()
    try:
        assert one.get("/me") == {"me": 1}
        assert one.get("/me") == {"me": 1}
    finally:
        server.start()
    assert one.get("/me") == {"me": 1}
    told = [each.getMessage() for each in caplog.records if "store" in each.getMessage()]
    assert len(told) == 2
    assert "answers again" in told[1]
    # A kept connection of before, and a script that the new server has not: no call notices.
    server.stop()
    server.start()
    assert one.get("/me") == {"me": 1}
    assert len([each for each in caplog.records if "store" in each.getMessage()]) == 2


def test_a_429_whose_store_has_gone_is_an_answer_all_the_same(nowhere: str) -> None:
    class Going(Unsure):
        def answer(self, question: Any, now: int | None = None) -> Any:
            if question[0] == "slow":
                raise stores.StoreFailure("gone")
            return ALONE

    from ovhcore_transports.shared import stores

    assert run(limited(Going(), rate=10)(GET), Scripted(slowing)).status == 429


def test_places_are_given_back_when_a_call_ends_however_it_ends(store_url: str) -> None:
    keeper = keeper_of(store_url)
    store = keeper.store
    limit = SharedLimit(store, keeper, "y", Limits(concurrency=1), alone=False)
    handle = shared_throttle(limit)(sending)

    def under_way() -> int:
        keeper.renew()
        return int(store.ask(("renew", limit.key, LEASE, 0))[0])

    def failing(request: Request) -> Response:
        assert under_way() == 1
        raise OSError("lost")

    with pytest.raises(OSError, match="lost"):
        run(handle(GET), Scripted(failing))
    assert under_way() == 0
    run(handle(GET), Scripted(ok))
    assert under_way() == 0
    flow = handle(GET)
    effect = next(flow)
    while not isinstance(effect, Send):
        effect = flow.send(Now(1.0, 1.0) if isinstance(effect, Clock) else store.ask(effect.question))  # type: ignore[union-attr]
    assert under_way() == 1
    del flow, effect
    gc.collect()
    assert under_way() == 0
    store.close()


def test_places_are_kept_for_calls_that_last(store_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    keeper = Keeper(open_store(store_url))
    keeper.lease = 30_000
    renewed = threading.Event()
    monkeypatch.setattr(keeper.store, "ask", lambda question: renewed.set())
    keeper.hold("limit:z", "p")
    assert renewed.wait(30)
    keeper.leave("limit:z", "p")
    deadline = time.monotonic() + 30
    while keeper._runs.locked():  # with nothing to keep, the thread ends
        assert time.monotonic() < deadline
        time.sleep(0.01)
    monkeypatch.setattr(keepers, "_IDLE", 2)
    keeper._bell.put(None)
    keeper._bell.put(None)
    keeper._runs.acquire()
    keeper._work()  # the same where a debugger sees it
    assert not keeper._runs.locked()


def test_what_comes_while_the_thread_ends_is_kept_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keepers, "_IDLE", 0)
    keeper = Keeper(Unsure())
    woken: list[bool] = []
    keeper._runs.acquire()
    monkeypatch.setattr(keeper, "_wake", lambda: woken.append(True))
    keeper._work()
    assert woken == []
    keeper._places["limit:z"] = {"p": None}
    keeper._runs.acquire()
    keeper._work()
    assert woken == [True]


def test_at_the_end_of_the_interpreter_no_thread_is_missed(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuses(*arguments: Any) -> None:
        raise RuntimeError("can't start new thread at interpreter shutdown")

    monkeypatch.setattr(keepers, "start_new_thread", refuses)
    keeper = Keeper(Unsure())
    keeper.leave("limit:z", "p")
    assert not keeper._runs.locked()
    assert keeper.released("limit:z") == ["p", -1]


def test_what_a_process_has_left_is_freed_when_it_ends(store_url: str) -> None:
    keeper = Keeper(open_store(store_url))
    keeper._runs.acquire()  # its thread would do it, too
    limit = SharedLimit(keeper.store, keeper, "e", Limits(concurrency=1), alone=False)
    run(shared_throttle(limit)(sending)(GET), Scripted(ok))
    assert keeper.store.ask(("renew", limit.key, LEASE, 0)) == [1]
    keepers._at_exit(ref(keeper))
    assert keeper.store.ask(("renew", limit.key, LEASE, 0)) == [0]
    keeper.store.close()
    gone = ref(keeper)
    del keeper, limit
    gc.collect()
    keepers._at_exit(gone)


PROGRAM = """
import sys, time
import ovhcore as ovh
from ovhcore_transports.shared.keeper import keeper_of
url, what = sys.argv[1:]
client = ovh.Client(transport="sandbox", config=False, options={
    "limit_store": url, "limit_scope": "x", **({"max_concurrency": 1} if what == "hold" else {"rate_limit": 200})})
if what == "hold":
    keeper = keeper_of(url)
    assert keeper.store.ask(("take", "limit:x", 0, 1, 1, -1, -1, "held", 10_000_000))[0] == 0
    print("held", flush=True)
    time.sleep(600)
for _ in range(25):
    client.get("/me")
print(time.monotonic())
"""


def test_a_killed_process_holds_a_place_for_one_lease(store_url: str) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, store_url, "hold"], stdout=subprocess.PIPE, text=True, env=dict(os.environ)
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    process.kill()
    process.wait()
    process.stdout.close()
    store = open_store(store_url)
    clock = store.ask if store_url.startswith("unix") else None
    take = ("take", "limit:x", 0, 1, 1, -1, -1, "next", LEASE)
    assert store.ask(take)[0] == WAIT
    now = time.time_ns() // 1000 if clock else time.monotonic_ns() // 1000
    assert store.answer(take, now + LEASE + 1_000_000)[0] == GO
    store.close()


def test_processes_share_one_limit(store_url: str) -> None:
    begun = time.monotonic()
    processes = [
        subprocess.Popen([sys.executable, "-c", PROGRAM, store_url, "call"], stdout=subprocess.PIPE, text=True)
        for _ in range(4)
    ]
    ends = [float(process.communicate()[0]) for process in processes]
    assert [process.returncode for process in processes] == [0] * 4
    # In memory a sleep takes no time, so only the turns tell: all 100 were given, one after the other.
    store = open_store(store_url)
    verdict, wait, *_ = store.ask(("take", "limit:x", 5155, 1, 0, -1, -1, "last", LEASE))
    assert max(ends) - begun + wait / 1e6 >= 100 * 0.005155 - (0.1 if verdict == GO else 0.0)
    store.close()


def test_nobody_uses_the_files_and_leases_of_a_parent(tmp_path: Path) -> None:
    store: Any = open_store(f"file://{tmp_path}/shared")
    take = ("take", "limit:x", 1_000_000, 1, 0, -1, -1, "a", LEASE)
    assert store.ask(take)[0] == GO
    mine = store._connection
    store.after_fork()  # as in the child, where nothing is measured
    assert store.ask(take)[0] == WAIT
    assert store._of_parents == [mine]
    store.close()
    mine.close()


def test_nobody_uses_the_connections_of_a_parent(server: Server) -> None:
    store: Any = open_store(server.url)
    assert store.ask(("renew", "limit:x", 1, 0)) == [0]
    store._asked("SCRIPT", "FLUSH")  # as in a server that was started anew
    assert store.ask(("renew", "limit:x", 1, 0)) == [0]
    (mine,) = store._idle
    store.after_fork()
    assert store.ask(("renew", "limit:x", 1, 0)) == [0]
    assert store._idle != [mine]
    mine.disconnect()
    store.close()


def test_an_interrupt_while_a_server_answers_costs_the_connection(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    store: Any = open_store(server.url)
    assert store.ask(("renew", "limit:x", 1, 0)) == [0]
    (connection,) = store._idle

    def interrupted(*arguments: Any, **options: Any) -> Any:
        raise KeyboardInterrupt

    monkeypatch.setattr(connection, "read_response", interrupted)
    with pytest.raises(KeyboardInterrupt):
        store.ask(("renew", "limit:x", 1, 0))
    assert store._idle == []
    assert store.ask(("take", "limit:x", 0, 1, 0, -1, -1, "a", LEASE))[:2] == [GO, 0]
    store.close()


def test_who_does_not_come_for_a_place_holds_up_nobody_for_long(store_url: str) -> None:
    store = open_store(store_url)
    now = 1_700_000_000_000_000
    for name in ("holder", "gone", "next"):
        verdict, *_ = store.answer(("take", "limit:x", 0, 1, 1, -1, -1, name, 60 * LEASE), now)
    assert verdict == WAIT
    assert store.answer(("renew", "limit:x", LEASE, 0, "holder", 5), now) == [0]
    verdict, *_ = store.answer(("take", "limit:x", 0, 1, 1, -1, -1, "next", LEASE), now + 1000)
    assert verdict == WAIT
    verdict, *_ = store.answer(("take", "limit:x", 0, 1, 1, -1, -1, "next", LEASE), now + 1_500_000)
    assert verdict == GO
    store.close()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_the_child_of_a_fork_asks_by_itself(store_url: str) -> None:
    keeper = Keeper(open_store(store_url))
    assert keeper.store.ask(("take", "limit:f", 1_000_000, 5, 0, -1, -1, "a", LEASE))[:2] == [GO, 0]
    keeper._runs.acquire()
    keeper.hold("limit:f", "a")
    name = keeper._name
    child = os.fork()
    if not child:
        fine = False
        try:
            fine = keeper.store.ask(("take", "limit:f", 1_000_000, 5, 0, -1, -1, "b", LEASE))[:2] == [GO, 0]
            fine = fine and keeper._name != name and not keeper._places and not keeper._runs.locked()
        finally:
            os._exit(0 if fine else 1)
    assert os.waitpid(child, 0)[1] == 0
    assert keeper.store.ask(("take", "limit:f", 1_000_000, 5, 0, -1, -1, "c", LEASE))[:2] == [GO, 0]
    keeper.store.close()


# Recordings


class Known(Store):
    """Answers with the answer that another process got."""

    def answer(self, question: Any, now: int | None = None) -> Any:
        return Response(200, {"Content-Type": "application/json"}, b'{"of": "another"}')


def asking(store: Store, *, omitted: bool = False) -> Flow[Any]:
    answer = yield Consult(store, ("x", "k"), "alone", request=GET, omitted=omitted)
    if isinstance(answer, Response):
        return answer.body
    response: Response = yield Send(GET)
    return response.body


def test_what_another_process_got_is_in_the_recording(tmp_path: Path) -> None:
    path = tmp_path / "a.cassette"
    with RecordTransport(Scripted(ok), path) as transport:
        assert run(asking(Known("here")), transport) == b'{"of": "another"}'
        assert run(asking(Known("here"), omitted=True), transport) == b'{"me": 1}'
    with ReplayTransport(path) as replay:
        assert run(asking(Unsure()), replay) == b'{"of": "another"}'
        assert run(asking(Unsure(), omitted=True), replay) == b'{"me": 1}'
        replay.check_played()


def test_the_same_for_asynchronous_recordings(tmp_path: Path) -> None:
    path = tmp_path / "a.cassette"

    async def record() -> None:
        inner = AsyncScripted(ok)
        async with AsyncRecordTransport(inner, path) as transport:
            assert await arun(asking(Known("here")), transport) == b'{"of": "another"}'
            assert await arun(asking(Known("here"), omitted=True), transport) == b'{"me": 1}'
        async with AsyncRecordTransport(transport, tmp_path / "b.cassette") as outer:
            with pytest.raises(ovh.ClientClosed):
                await arun(asking(Known("here")), outer)

    asyncio.run(record())
    with RecordTransport(RecordTransport(Scripted(ok), tmp_path / "c.cassette"), tmp_path / "d.cassette") as both:
        assert run(asking(Known("here")), both) == b'{"of": "another"}'


def test_a_replay_asks_no_store(tmp_path: Path) -> None:
    path = tmp_path / "a.cassette"
    store = f"file://{tmp_path}/shared"
    client(RecordTransport(Scripted(ok), path), store, rate_limit="1/hour", max_concurrency=1).get("/me")
    (tmp_path / "shared").unlink()
    replayed = client(ReplayTransport(path), store, rate_limit="1/hour", max_concurrency=1)
    assert replayed.get("/me") == {"me": 1}
    assert not (tmp_path / "shared").exists()


def test_the_sandbox_asks_the_store(store_url: str) -> None:
    world = SandboxTransport()
    one = ovh.Client(
        "ovh-eu", transport=world, options={"limit_store": store_url, "rate_limit": "1/hour"}, **ACCESS_KEYS
    )
    one.get("/me")
    one.get("/me", _timeout=(1, 1, None))
    one.close()
    assert world.clock().monotonic == pytest.approx(3600 / 0.97, rel=0.01)

    async def other() -> None:
        aworld = AsyncSandboxTransport()
        two = ovh.AsyncClient(
            "ovh-eu", transport=aworld, options={"limit_store": store_url, "rate_limit": "1/hour"}, **ACCESS_KEYS
        )
        await two.get("/me", _timeout=(1, 1, None))
        assert aworld.clock().monotonic == pytest.approx(7200 / 0.97, rel=0.01)

    asyncio.run(other())


# Settings


@pytest.mark.parametrize(
    "url",
    [
        "redis://:geheim@h:6379/0",
        "rediss://h",
        "valkey://h",
        "valkeys://h:1/2",
        "unix:///run/s?db=1",
        "file:///var/limits",
    ],
)
def test_urls_of_stores(url: str) -> None:
    assert read_store(url, "limit_store") == url


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        (7, "no text without blanks"),
        ("file:///a b", "no text without blanks"),
        ("redis://:geheim@h:port", "its port is none"),
        ("redis://", "it has no host"),
        ("unix://", "it has no path"),
        ("file://limits", "the path is to begin with /"),
        ("geheim://h", "it begins with none of these"),
    ],
)
def test_what_is_no_url_of_a_store_is_refused_without_showing_it(url: Any, problem: str) -> None:
    with pytest.raises(InvalidConfiguration, match=problem) as caught:
        read_store(url, "limit_store (argument)")
    assert "geheim" not in str(caught.value)


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"limit_scope": "batch", "rate_limit": 1}, "limit_store is not set"),
        ({"limit_scope": "client", "limit_store": "file:///x"}, "are not those of one client"),
        ({"limit_scope": "a b"}, "must be client or credentials, not .*; with a limit_store it may be a name"),
        ({"limit_scope": 7}, "must be client or credentials"),
        ({"limit_store_down": "perhaps"}, "must be own or fail"),
        ({"limit_store": "redis://h/0?socket_timeout=long"}, "has a query or database that the package redis refuses"),
    ],
)
def test_settings_that_cannot_be_meant(options: dict[str, Any], problem: str) -> None:
    with pytest.raises(InvalidConfiguration, match=problem):
        ovh.Client(*KEYS, transport=Scripted(ok), config=False, options={"rate_limit": 1, **options})


def test_a_store_answers() -> None:
    with pytest.raises(NotImplementedError):
        Store("here").ask(("renew", "limit:x", 1, 0))


def test_a_store_needs_no_limit(tmp_path: Path) -> None:
    store = {"limit_store": f"file://{tmp_path}/shared"}
    one = ovh.Client(*KEYS, transport=Scripted(ok), config=False, time_sync="off", options=store)
    assert one.get("/me") == {"me": 1}
    assert not (tmp_path / "shared").exists()


def test_libraries_that_are_missing_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "redis", None)
    with pytest.raises(InvalidConfiguration, match=r'pip install "ovhcore\[redis\]"'):
        open_store("redis://h")
    monkeypatch.setitem(sys.modules, "sqlite3", None)
    with pytest.raises(InvalidConfiguration, match="sqlite3, which this Python lacks"):
        open_store("file:///x")


def test_a_file_that_cannot_be_used_is_a_store_without_an_answer(tmp_path: Path) -> None:
    with pytest.raises(SharedStoreError, match="does not answer: FileNotFoundError"):
        open_store(f"file://{tmp_path}/nowhere/shared").ask(("renew", "limit:x", 1, 0))
    (tmp_path / "other").write_text("no database at all, and longer than its head would be" * 10)
    with pytest.raises(SharedStoreError, match="does not answer: DatabaseError"):
        open_store(f"file://{tmp_path}/other").ask(("renew", "limit:x", 1, 0))


def test_a_file_is_for_its_user_alone_and_an_interrupt_leaves_it_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store: Any = open_store(f"file://{tmp_path}/shared")
    take = ("take", "limit:x", 1_000_000, 1, 0, -1, -1, "a", LEASE)
    assert store.ask(take)[0] == GO
    assert {file.stat().st_mode & 0o077 for file in tmp_path.iterdir()} == {0}

    def interrupted(*arguments: Any, **options: Any) -> str:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("ovhcore_transports.shared.file_store.json.dumps", interrupted)
        with pytest.raises(KeyboardInterrupt):
            store.ask(take)
    assert store.ask(take)[0] == WAIT
    del store


@pytest.mark.parametrize("keys", [{}, {"access_token": "t" * 20}, {"client_id": "i" * 16, "client_secret": "s" * 16}])
def test_limits_of_every_kind_of_credentials(keys: dict[str, str], tmp_path: Path) -> None:
    url = f"file://{tmp_path}/shared"
    for _ in range(2):
        one = ovh.Client(
            "ovh-eu",
            transport=Scripted(ok),
            config=False,
            timeout=(9, 9, None),
            options={"limit_store": url, "rate_limit": "1/hour"},
            **keys,  # type: ignore[arg-type]
        )
        one.get("/auth/time", _need_auth=False)
    store = open_store(url)
    assert store.ask(("take", "limit:unused", 1, 1, 0, -1, -1, "a", LEASE))[0] == GO
    store.close()
