"""Clients that share a limit: in one process and in several, blocking and not, with a store and without an answer."""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import trio

import ovhcore as ovh
from ovhcore.exceptions import InvalidConfiguration, SharedStoreError, TotalTimeout
from ovhcore.flows import Clock, Limits, Send, run
from ovhcore.protocol import Now, Request, Response
from ovhcore_transports.shared.keeper import LeaseKeeper, keeper_of
from ovhcore_transports.shared.store_commands.answers import ALONE, GO, LATE, NEW, WAIT
from ovhcore_transports.shared.stores.base import Store, StoreFailure
from ovhcore_transports.shared.stores.opening import open_store
from ovhcore_transports.shared.throttling import SharedLimit, shared_throttle
from tests.shared.clients import GET, KEYS, LEASE, PATIENT, Unsure, client, ok, sending
from tests.worlds import AsyncScripted, Scripted


def slowing(request: Request) -> Response:
    return Response(429, {"Retry-After": "7"}, b'{"message": "slow down"}')


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
    client(Scripted(ok), store_url, rate_limit="8/second").get("/me")
    other = client(AsyncScripted(ok), store_url, asynchronous=True, rate_limit="8/second")

    async def calls() -> None:
        for _ in range(3):
            await other.get("/me")
        await other.close()

    if loop == "trio":
        trio.run(calls)
    else:
        asyncio.run(calls())
    assert other.waits
    assert all(0 < wait < 0.14 for wait in other.waits)


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
        seen.extend(map(len, keeper_of(store_url)._slots.values()))
        return ok(request)

    first = client(Scripted(counted), store_url, max_concurrency=2)
    client(Scripted(nested), store_url, max_concurrency=2).get("/me")
    assert seen == [2]


def limited(store: Store, *, alone: bool = True, **limits: Any) -> Any:
    limit = SharedLimit(store, LeaseKeeper(store), "x", Limits(**limits), alone=alone)
    return shared_throttle(limit)(sending)


def test_who_waits_for_a_place_only_as_long_as_the_call_may_last() -> None:
    store = Unsure(*[(WAIT, 400_000, 0, 1, 0)] * 3)
    world = Scripted(ok)
    handle = limited(store, concurrency=1)
    with pytest.raises(TotalTimeout):
        run(handle(GET.due(None, 1.0)), world)
    assert world.sent == []
    assert world.monotonic >= 1.0


class Sleepy(Scripted):
    """Wakes late, and takes a while for an answer."""

    late = 0.5

    def sleep(self, seconds: float) -> None:
        super().sleep(seconds + self.late)


def test_a_request_that_comes_much_too_late_asks_again_and_the_third_turn_counts() -> None:
    store = Unsure(*[(GO, 100_000, 0, 1, 7)] * 3)
    world = Sleepy(ok)
    run(limited(store, rate=10)(GET), world)
    assert [question[6] for question in store.questions if question[0] == "take"] == [NEW, LATE, LATE]
    assert [question[-2:] for question in store.questions[1:3]] == [("@7", -1_000_000)] * 2
    assert len(world.sent) == 1


def test_a_request_that_comes_late_goes_and_says_so() -> None:
    class Unheard(LeaseKeeper):
        def _wake(self) -> None:
            """Leave it to questions to take along what is to be said."""

    def answering(request: Request) -> Response:
        world.monotonic += 0.3
        return ok(request)

    store = Unsure(*[(GO, 100_000, 0, 1, turn) for turn in (1_000_000, 2_000_000, 3_000_000)])
    limit = SharedLimit(store, Unheard(store), "x", Limits(rate=10), alone=True)
    world = Sleepy(answering)
    handle = shared_throttle(limit)(sending)
    for world.late in (0.1, 0.125, 0.0):
        run(handle(GET), world)
    said = [question[10:] for question in store.questions]
    assert said[0] == ()
    assert said[1][0] == "@1000000"
    assert said[1][1] == pytest.approx(100_000, abs=2)
    # The first request of a process may have come at any time until its answer did.
    assert int(said[1][2][1:]) == pytest.approx(1_100_000, abs=2)
    assert said[1][3] == pytest.approx(400_000, abs=2)
    assert said[2][0] == "@2000000"
    assert said[2][1] == pytest.approx(125_000, abs=2)
    assert limit.keeper.take_released(limit.key) == []
    store.answers = [(GO, 0, 0, 1, 7)]
    places = SharedLimit(store, limit.keeper, "y", Limits(concurrency=1), alone=True)
    run(shared_throttle(places)(sending)(GET), world)
    assert not str(limit.keeper.take_released(places.key)[0]).startswith("@")


def test_an_answer_that_was_long_on_its_way_does_not_make_the_turn_late() -> None:
    store = Unsure()
    limit = SharedLimit(store, LeaseKeeper(store), "x", Limits(rate=10), alone=True)
    assert limit.due(10.0, 10.25, 1.0, 501_000_000) == 11.25  # noted: the store's clock is ahead by 489.75
    assert limit.due(20.0, 20.125, 1.0, 511_000_000) == 21.125  # that was faster: 489.875
    assert limit.due(30.0, 32.0, 1.0, 521_000_000) == 31.125
    assert limit.due(40.0, 41.0, 1.0, 500_000_000) == 42.0  # it cannot be there: a clock was set
    assert limit.due(50.0, 50.5, 1.0, 508_500_000) == 51.5


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


def test_a_store_that_is_silent_holds_nobody_up(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("redis")
    monkeypatch.setattr("ovhcore_transports.shared.stores.server.TIMEOUT", 0.1)
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


def test_a_429_whose_store_has_gone_is_an_answer_all_the_same(nowhere: str) -> None:
    class Going(Unsure):
        def answer(self, question: Any, now: int | None = None) -> Any:
            if question[0] == "slow":
                raise StoreFailure("gone")
            return ALONE

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


PROGRAM = (
    PATIENT
    + """
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
)


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


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"limit_scope": "batch", "rate_limit": 1}, "limit_store is not set"),
        ({"limit_scope": "client", "limit_store": "file:///x"}, "are not those of one client"),
        ({"limit_scope": "a b"}, "must be client or credentials, not .*; with a limit_store it may be a name"),
        ({"limit_scope": 7}, "must be client or credentials"),
        ({"limit_store_down": "perhaps"}, "must be own or fail"),
        ({"limit_store": "redis://h/0?socket_timeout=long"}, "its query may have db, and nothing else"),
    ],
)
def test_settings_that_cannot_be_meant(options: dict[str, Any], problem: str) -> None:
    with pytest.raises(InvalidConfiguration, match=problem):
        ovh.Client(*KEYS, transport=Scripted(ok), config=False, options={"rate_limit": 1, **options})


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
