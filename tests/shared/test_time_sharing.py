"""The API's time, which one process learns for all that share a store, whatever their own clocks show."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from email.utils import formatdate
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import ovhcore as ovh
from ovhcore.exceptions import APIError
from ovhcore.flows import TimeSync
from ovhcore.protocol import Request, Response
from ovhcore_transports import sandbox as sb
from ovhcore_transports.recording import RecordTransport, ReplayTransport
from ovhcore_transports.sandbox import Controls, Sandbox, serve
from ovhcore_transports.shared.keeper import keeper_of
from ovhcore_transports.shared.stores.base import StoreFailure
from tests.profiles import tries
from tests.shared.clients import PATIENT
from tests.worlds import AsyncScripted, Scripted

pytestmark = pytest.mark.once

KEYS: dict[str, Any] = {
    "application_key": "k" * 16,
    "application_secret": "s" * 32,
    "consumer_key": "c" * 32,
}
TOLERATED = 30
START = 1_700_000_000.0


class World:
    """An API with a clock, a store with another, and machines with theirs; all go on together."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.passed = 0.0
        self.store_behind = 0.0
        self.asked = 0
        self.refused = 0
        self.answered = 0
        self.fails = False
        self.dateless = False
        self.machines: list[Scripted] = []
        self.questions: list[str] = []
        self.keeper = keeper_of(url)
        self.store = self.keeper.store
        answer = partial(type(self.store).answer, self.store)

        def answering(question: Any, now: int | None = None) -> Any:
            self.questions.append(question[0])
            return answer(question, int((START + self.passed - self.store_behind) * 1e6))

        self.store.answer = answering  # type: ignore[method-assign]

    def __call__(self, request: Request) -> Response:
        now = START + self.passed
        headers = {"Content-Type": "application/json", "X-Ovh-Queryid": "q", "Date": formatdate(now, usegmt=True)}
        if request.url.endswith("/auth/time"):
            self.asked += 1
            return Response(503, headers, b"{}") if self.fails else Response(200, headers, str(int(now)).encode())
        if "X-Ovh-Timestamp" in request.headers:
            if abs(int(request.headers["X-Ovh-Timestamp"]) - now) > TOLERATED:
                self.refused += 1
                if self.dateless:
                    del headers["Date"]
                body = b'{"errorCode": "QUERY_TIME_OUT", "message": "Query out of time"}'
                return Response(400, headers, body)
            self.answered += 1
        return Response(200, headers, b"1")

    def machine(self, ahead: float = 0.0) -> Scripted:
        """Return a machine whose clock is ahead of the API's."""
        self.machines.append(Scripted(self, start=START + self.passed + ahead))
        return self.machines[-1]

    def go_on(self, seconds: float) -> None:
        self.passed += seconds
        for machine in self.machines:
            machine.sleep(seconds)

    def client(self, transport: Any, mode: str = "date", **more: Any) -> ovh.Client:
        return ovh.Client(
            "ovh-eu",
            **KEYS,
            transport=transport,
            time_sync=mode,
            config=False,
            retry=False,
            options={"limit_store": self.url},
            **more,
        )


@pytest.fixture
def world(store_url: str) -> Iterator[World]:
    made = World(store_url)
    yield made
    made.store._rests_until = float("-inf")  # other tests have the same one


@pytest.mark.parametrize("store_behind", [0.0, 4000.0, -90.0])
def test_one_process_is_refused_for_its_time_and_no_other(world: World, store_behind: float) -> None:
    world.store_behind = store_behind
    for ahead in (-500.0, -500.0, 700.0, 0.0, 86_400.0):  # two processes of a machine, and others of others
        world.client(world.machine(ahead)).get("/me")
        world.go_on(60)
    assert (world.refused, world.asked, world.answered) == (1, 0, 5)


@settings(max_examples=tries(20, 500))
@given(
    st.sampled_from(["date", "server"]),
    st.floats(-1e6, 1e6),
    st.lists(st.tuples(st.floats(-1e6, 1e6), st.floats(0, 600)), min_size=2, max_size=6),
)
def test_whatever_clocks_machines_and_store_have(
    tmp_path_factory: pytest.TempPathFactory, mode: str, store_behind: float, machines: list[tuple[float, float]]
) -> None:
    world = World(f"file://{tmp_path_factory.mktemp('s')}/shared")
    world.store_behind = store_behind
    for ahead, passes in machines:
        client = world.client(world.machine(ahead), mode)
        client.get("/me")
        offset = client._ovhcore.auth.time.state.offset
        assert abs(offset + ahead) <= (TOLERATED if mode == "date" else 3.0)
        world.go_on(passes)
    assert world.refused <= (mode == "date")
    assert world.asked == (mode == "server")
    world.store.close()


@pytest.mark.parametrize("store_behind", [0.0, 4000.0])
def test_one_process_asks_for_the_time_and_no_other(world: World, store_behind: float) -> None:
    world.store_behind = store_behind
    for ahead in (-500.0, -500.0, 700.0, 0.0):
        client = world.client(world.machine(ahead), "server")
        client.get("/me")
        assert abs(client.time_delta + ahead) <= 1.5
        world.go_on(60)
    assert (world.refused, world.asked, world.answered) == (0, 1, 4)


def test_the_store_is_asked_at_the_first_call_alone(world: World) -> None:
    first, second = world.client(world.machine(-500.0)), world.client(world.machine(3.0))
    for _ in range(5):
        first.get("/me")
        second.get("/me")
        world.go_on(7)
    assert world.questions == ["token", "put", "token"]


def test_who_does_not_sign_asks_no_store(world: World) -> None:
    world.client(world.machine()).get("/auth/time", False)
    client = ovh.Client(
        "ovh-eu", access_token="t" * 20, transport=world.machine(), config=False, options={"limit_store": world.url}
    )
    client.get("/me")
    assert world.questions == []


def test_what_a_process_has_seen_itself_is_newer(world: World) -> None:
    world.client(world.machine(-500.0)).get("/me")
    world.go_on(60)
    world.store_behind = -400.0  # the store's clock was set
    client = world.client(world.machine(-500.0))
    client.get("/auth/time", False)
    client.get("/me")
    assert world.refused == 1
    world.client(world.machine(20.0)).get("/me")  # and it told the others
    assert world.refused == 1


def test_a_time_that_is_wrong_by_now_is_refused_once_and_then_right_for_all(world: World) -> None:
    world.client(world.machine(-500.0), "server").get("/me")
    world.store_behind = -100.0  # its clock was set forward
    for _ in range(3):
        world.client(world.machine(-500.0), "server").get("/me")
    assert (world.refused, world.asked, world.answered) == (1, 1, 4)


def test_a_refusal_that_shows_no_time_makes_one_process_ask(world: World) -> None:
    world.dateless = True
    for ahead in (-500.0, 900.0):
        world.client(world.machine(ahead)).get("/me")
    assert (world.refused, world.asked, world.answered) == (1, 1, 2)


@pytest.mark.parametrize("store_behind", [-3600.0, 3600.0])
def test_what_is_old_or_from_a_later_time_is_not_used(world: World, store_behind: float) -> None:
    world.client(world.machine(), "server").get("/me")
    world.store_behind = store_behind
    for _ in range(2):
        world.client(world.machine(), "server").get("/me")
    assert (world.refused, world.asked) == (0, 2)


@pytest.mark.parametrize("mode", ["date", "server"])
@pytest.mark.parametrize("kept", ["", "noon", "1e400", "-5", "9" * 400])
def test_what_no_process_wrote_breaks_no_call(world: World, mode: str, kept: str) -> None:
    client = world.client(world.machine(-500.0), mode)
    time: Any = client._ovhcore.auth.time
    world.store.ask(("put", time._key, "", kept, "time", 3_000_000_000))
    assert client.get("/me") == 1


@pytest.mark.parametrize("mode", ["date", "server"])
def test_without_its_store_each_learns_by_itself(tmp_path: Path, mode: str, caplog: pytest.LogCaptureFixture) -> None:
    world = World(f"file://{tmp_path}/nowhere/shared")
    for _ in range(2):
        client = world.client(world.machine(-500.0), mode)
        client.get("/me")
        world.go_on(5)
        client.get("/me")
    assert (world.refused, world.asked) == ((2, 0) if mode == "date" else (0, 2))
    assert len(caplog.messages) == 1


def test_a_store_that_fails_later_breaks_no_call(world: World) -> None:
    client = world.client(world.machine(-500.0))
    answer = world.store.answer

    def failing(question: Any, now: int | None = None) -> Any:
        if question[0] == "put":
            raise StoreFailure("it is full")
        return answer(question, now)

    world.store.answer = failing  # type: ignore[method-assign]
    for _ in range(3):
        assert client.get("/me") == 1
        world.go_on(5)
    assert world.refused == 1


def held_by_another(world: World, client: ovh.Client) -> str:
    """Let another process be about to ask for the time; return where that is in the store."""
    key: str = client._ovhcore.auth.time._key  # type: ignore[attr-defined]
    world.store.ask(("token", key, "another", "", 2_000_000))
    return key


def test_who_waits_for_another_process_takes_over_what_it_is_told(world: World) -> None:
    machine = world.machine(-500.0)
    client = world.client(machine, "server")
    key = held_by_another(world, client)
    sleep, slept = machine.sleep, list[float]()

    def sleeping(seconds: float) -> None:
        sleep(seconds)
        if seconds:
            slept.append(seconds)
        if len(slept) == 3:
            world.store.ask(("put", key, "another", str(int((START + world.passed) * 1e6)), "time", 3_600_000_000))

    machine.sleep = sleeping  # type: ignore[method-assign]
    client.get("/me")
    assert (len(slept), world.asked, world.refused) == (3, 0, 0)


def test_nobody_waits_long_for_a_process_that_was_killed(world: World) -> None:
    machine = world.machine(-500.0)
    client = world.client(machine, "server")
    held_by_another(world, client)
    client.get("/me")
    assert (world.asked, world.refused) == (1, 0)
    assert 2.0 <= machine.monotonic <= 2.25
    world.client(world.machine(3.0), "server").get("/me")
    assert world.asked == 1


def test_who_fails_to_ask_leaves_it_to_the_next(world: World) -> None:
    world.fails = True
    client = world.client(world.machine(-500.0), "server")
    with pytest.raises(APIError) as caught:
        client.get("/me")
    assert caught.value.beforehand
    end = time.monotonic() + 30
    while "drop" not in world.questions:
        assert time.monotonic() < end
        time.sleep(0.001)
    while world.keeper.renew():
        pass
    world.fails = False
    machine = world.machine(-500.0)
    world.client(machine, "server").get("/me")
    client.get("/me")
    assert (world.asked, world.refused) == (2, 0)


def test_who_fails_to_ask_without_others_tells_no_store(tmp_path: Path) -> None:
    world = World(f"file://{tmp_path}/nowhere/shared")
    world.fails = True
    with pytest.raises(APIError):
        world.client(world.machine(), "server").get("/me")
    world.keeper.renew()
    assert world.questions == ["token"]


def test_tasks_that_begin_together_read_the_store_once(world: World) -> None:
    async def main() -> None:
        transport = AsyncScripted(world)
        async with ovh.AsyncClient(
            "ovh-eu",
            **KEYS,
            transport=transport,
            time_sync="server",
            config=False,
            options={"limit_store": world.url},
        ) as client:
            await asyncio.gather(*(client.get("/me") for _ in range(10)))

    world.passed = time.time() - START  # the clock of this transport is this machine's
    asyncio.run(main())
    assert (world.asked, world.answered) == (1, 10)
    assert world.questions == ["token", "put"]


def test_a_call_that_another_prepared_meanwhile_asks_nothing(world: World) -> None:
    client = world.client(world.machine(), "server")
    client.get("/me")
    client.run(client._ovhcore.auth.time.prepare())
    assert (world.asked, world.questions) == (1, ["token", "put"])


@pytest.mark.parametrize("mode", ["date", "server"])
def test_a_recording_holds_what_is_sent_without_others(world: World, mode: str, tmp_path: Path) -> None:
    path = tmp_path / "a.cassette"
    world.client(world.machine(-500.0), mode).get("/me")
    before = len(world.questions)
    with RecordTransport(world.machine(-500.0), path) as transport:
        assert world.client(transport, mode).get("/me") == 1
    assert (world.refused, world.asked) == ((2, 0) if mode == "date" else (0, 2))
    with ReplayTransport(path) as replay:
        assert world.client(replay, mode).get("/me") == 1
        replay.check_played()
    assert len(world.questions) == before
    with ReplayTransport(path) as replay:
        client = ovh.Client("ovh-eu", **KEYS, transport=replay, time_sync=mode, config=False, retry=False)
        assert client.get("/me") == 1
        replay.check_played()


class Own(TimeSync):
    """What a plugin has for the time."""


class Owner:
    @ovh.hookimpl
    def ovhcore_time_sync(self) -> Any:
        return partial(Own, "server")


@pytest.mark.parametrize(
    ("more", "kind"),
    [({"plugins": [Owner()]}, Own), ({"disabled_plugins": ["time-sync"]}, TimeSync), ({"mode": "off"}, TimeSync)],
)
def test_ovhcore_time_sync_leaves_alone_what_others_chose(world: World, more: dict[str, Any], kind: type) -> None:
    client = world.client(world.machine(), **more)
    client.get("/me")
    assert type(client._ovhcore.auth.time) is kind
    assert world.questions == []


PROGRAM = (
    PATIENT
    + """
import sys
import ovhcore as ovh
client = ovh.Client(
    sys.argv[2], application_key=sys.argv[4], application_secret=sys.argv[5], consumer_key=sys.argv[6],
    time_sync=sys.argv[3], config=False, options={"limit_store": sys.argv[1]})
print(client.get("/me")["nichandle"])
"""
)


@pytest.mark.parametrize("mode", ["date", "server"])
def test_real_processes_learn_the_time_from_the_first(tmp_path: Path, mode: str) -> None:
    sandbox = Sandbox(controls=Controls(skew=5000))
    keys = [sb.APPLICATION_KEY, sb.APPLICATION_SECRET, sb.CONSUMER_KEY]
    with serve(sandbox) as server:
        command = [sys.executable, "-c", PROGRAM, f"file://{tmp_path}/shared", server.url, mode, *keys]
        for number in (1, 3):
            started = [
                subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=dict(os.environ))
                for _ in range(number)
            ]
            assert all(process.communicate()[0] for process in started)
            assert [process.returncode for process in started] == [0] * number
    seen = [(entry["path"], entry["status"]) for entry in sandbox.log()]
    first = ("/1.0/auth/time", 200) if mode == "server" else ("/1.0/me", 400)
    assert seen == [first, *[("/1.0/me", 200)] * 4]
