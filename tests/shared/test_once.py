"""A POST of a name is sent at most once, whoever dies when; what is not known is told."""

from __future__ import annotations

import asyncio
import gc
import json
import os
import random
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import ovhcore as ovh
from ovhcore.exceptions import (
    ConnectError,
    InvalidConfiguration,
    InvalidRequest,
    OutcomeUnknown,
    ReadTimeout,
    SharedStoreError,
    TotalTimeout,
)
from ovhcore.flows import Clock, Consult
from ovhcore.protocol import AccessToken, ApplicationKey, Now, Request, Response
from ovhcore_transports.recording import RecordTransport, ReplayTransport
from ovhcore_transports.shared.keeper import LeaseKeeper, keeper_of
from ovhcore_transports.shared.sealing import Seal
from ovhcore_transports.shared.store_commands.records import KEPT
from ovhcore_transports.shared.stores.base import Store
from ovhcore_transports.shared.stores.opening import open_store
from tests.profiles import FULL, tries
from tests.shared.clients import PATIENT
from tests.shared.conftest import Server
from tests.worlds import AsyncScripted, Scripted

pytest.importorskip("cryptography")
pytestmark = pytest.mark.once

KEYS = ("ovh-eu", "k" * 16, "s" * 32, "c" * 32)
LEASE = 10_000_000
START = 1_700_000_000_000_000


def client(transport: Any, url: str, *, asynchronous: bool = False, **further: Any) -> Any:
    kind = ovh.AsyncClient if asynchronous else ovh.Client
    options = {"limit_store": url, **further.pop("options", {})}
    arguments = {"transport": transport, "config": False, "options": options, **further}
    return kind(*KEYS, **arguments)


def ordered(request: Request) -> Response:
    fields = {"Content-Type": "application/json", "X-Ovh-Queryid": "q.1", "Set-Cookie": "a=b"}
    return Response(200, fields, b'{"orderId": 17}')


def test_the_first_is_sent_and_the_others_get_its_answer(store_url: str) -> None:
    worlds = [Scripted(ordered), Scripted(ordered)]
    one, other = (client(world, store_url) for world in worlds)
    assert one.post("/me/order", _once="invoice-17", item=1) == {"orderId": 17}
    assert other.post("/me/order", _once="invoice-17", item=1) == {"orderId": 17}
    response = one.raw_call("POST", "/me/order", {"item": 1}, options={"once": "invoice-17"})
    assert response.headers["X-OVH-QUERYID"] == "q.1"
    assert "Set-Cookie" not in response.headers
    assert [len(world.sent) for world in worlds] == [1, 0]
    one.post("/me/order", _once="invoice-18", _options={"retry": False}, item=1)
    assert len(worlds[0].sent) == 2
    with pytest.raises(InvalidRequest, match="'invoice-17' was used for another path or body"):
        other.post("/me/order", _once="invoice-17", item=2)
    assert worlds[1].sent == []


def test_those_with_other_credentials_do_other_things(store_url: str) -> None:
    world = Scripted(ordered)
    client(world, store_url).post("/me/order", _once="a")
    other = ovh.Client(
        "ovh-eu", "x" * 16, "s" * 32, "c" * 32, transport=world, config=False, options={"limit_store": store_url}
    )
    other.post("/me/order", _once="a")
    assert len(world.sent) == 2


@pytest.mark.parametrize(
    ("status", "again"),
    [
        (403, "kept"),  # nothing was done; those who wait get it, too
        (429, "free"),
        (500, "unknown"),
        (408, "unknown"),
    ],
)
def test_what_an_answer_makes_of_a_name(status: int, again: str, store_url: str) -> None:
    answers = [
        Response(status, {"Content-Type": "application/json"}, b'{"message": "no"}'),
        ordered(Request("GET", "")),
    ]
    world = Scripted(lambda request: answers.pop(0))
    one = client(world, store_url, retry=False)
    with pytest.raises(ovh.APIError) as first:
        one.post("/me/order", _once="a")
    if again == "free":
        assert one.post("/me/order", _once="a") == {"orderId": 17}
        return
    with pytest.raises(ovh.APIError) as second:
        one.post("/me/order", _once="a")
    assert len(world.sent) == 1
    if again == "unknown":
        assert isinstance(second.value, OutcomeUnknown)
        assert second.value.method == "POST"
        assert second.value.hint is not None
        assert not second.value.may_have_arrived
    else:
        assert type(second.value) is type(first.value)


@pytest.mark.parametrize("arrived", [True, False])
def test_what_a_failure_makes_of_a_name(arrived: bool, store_url: str) -> None:
    failures: list[Exception] = [ReadTimeout("silent") if arrived else ConnectError("refused")]

    def answer(request: Request) -> Response:
        if failures:
            raise failures.pop()
        return ordered(request)

    world = Scripted(answer)
    one = client(world, store_url, retry=False)
    with pytest.raises(ReadTimeout if arrived else ConnectError):
        one.post("/me/order", _once="a")
    if arrived:
        with pytest.raises(OutcomeUnknown, match="'a' may have been carried out"):
            one.post("/me/order", _once="a")
    else:
        assert one.post("/me/order", _once="a") == {"orderId": 17}


def test_an_interrupt_in_the_midst_leaves_what_nobody_knows(store_url: str) -> None:
    def interrupted(request: Request) -> Response:
        raise KeyboardInterrupt

    one = client(Scripted(interrupted), store_url)
    with pytest.raises(KeyboardInterrupt):
        one.post("/me/order", _once="a")
    keeper_of(store_url).renew()  # as its thread does
    with pytest.raises(OutcomeUnknown):
        client(Scripted(ordered), store_url).post("/me/order", _once="a")


def test_a_flow_that_is_dropped_while_it_claims_leaves_the_name_free(store_url: str) -> None:
    one = client(Scripted(ordered), store_url)
    core = one._ovhcore
    request = core.request("POST", "/me/order", None, True, None, None, {"once": "a"})
    flow = core.handle(request)
    effect = next(flow)
    while not isinstance(effect, Consult):
        effect = flow.send(Now(1.0, 1.0) if isinstance(effect, Clock) else None)
    effect.store.ask(effect.question)
    del flow, effect
    gc.collect()
    keeper_of(store_url).renew()
    assert one.post("/me/order", _once="a") == {"orderId": 17}


def test_others_wait_for_the_answer(store_url: str) -> None:
    begun, go_on = threading.Event(), threading.Event()

    def slowly(request: Request) -> Response:
        begun.set()
        assert go_on.wait(60)
        return ordered(request)

    got: list[Any] = []
    one = client(Scripted(slowly), store_url)
    thread = threading.Thread(target=lambda: got.append(one.post("/me/order", _once="a")))
    thread.start()
    assert begun.wait(60)
    world = AsyncScripted(ordered)

    async def other() -> Any:
        async with client(world, store_url, asynchronous=True) as waiting:
            with pytest.raises(TotalTimeout, match="another process is still at _once='a'"):
                await waiting.post("/me/order", _once="a", _timeout=(1, 1, 0.05))
            asyncio.get_running_loop().call_later(0.05, go_on.set)
            return await waiting.post("/me/order", _once="a")

    assert asyncio.run(other()) == {"orderId": 17}
    thread.join()
    assert got == [{"orderId": 17}]
    assert world.sent == []


def test_without_the_store_nothing_is_sent(tmp_path: Path) -> None:
    world = Scripted(ordered)
    url = f"file://{tmp_path}/nowhere/shared"
    with pytest.raises(SharedStoreError) as caught:
        client(world, url).post("/me/order", _once="a")
    assert caught.value.url == "https://eu.api.ovh.com/1.0/me/order"
    assert world.sent == []
    assert client(world, url).post("/me/order") == {"orderId": 17}


def test_a_store_that_goes_after_the_claim_takes_no_answer_away(tmp_path: Path) -> None:
    url = f"file://{tmp_path}/shared"

    def going(request: Request) -> Response:
        for file in tmp_path.iterdir():
            file.unlink()
        keeper_of(url).store._connection.close()  # type: ignore[attr-defined]
        tmp_path.rmdir()
        return ordered(request)

    one = client(Scripted(going), url)
    assert one.post("/me/order", _once="a") == {"orderId": 17}
    tmp_path.mkdir()


@pytest.mark.parametrize(
    ("call", "problem"),
    [
        ({"_once": ""}, "must be text of 1 to 200 characters"),
        ({"_once": "a\n"}, "must be text of 1 to 200 characters"),
        ({"_once": 17}, "must be text of 1 to 200 characters"),
        ({"_once": "a", "_options": 7}, "must be a mapping"),
    ],
)
def test_names_that_are_none(call: dict[str, Any], problem: str, tmp_path: Path) -> None:
    with pytest.raises(InvalidRequest, match=problem):
        client(Scripted(ordered), f"file://{tmp_path}/shared").post("/me/order", **call)


def test_what_cannot_be_done_once_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    url = f"file://{tmp_path}/shared"
    world = Scripted(ordered)
    with pytest.raises(InvalidRequest, match="once of a call needs the setting limit_store"):
        ovh.Client(*KEYS, transport=world, config=False).post("/me/order", _once="a")
    with pytest.raises(InvalidRequest, match="_once is for POST; PUT may be sent again"):
        client(world, url).put("/me", _options={"once": "a"})
    with pytest.raises(InvalidRequest, match="no option _once"):
        client(world, url).get("/me", _once="a")
    with pytest.raises(InvalidConfiguration, match="once names what one call does"):
        client(world, url, options={"once": "a"})
    unknown = ovh.Client("ovh-eu", transport=world, config=False, options={"limit_store": url})
    with pytest.raises(InvalidRequest, match="needs credentials that are known"):
        unknown.post("/auth/credential", False, _once="a")
    assert unknown.post("/auth/credential", False) == {"orderId": 17}
    monkeypatch.setitem(sys.modules, "cryptography.fernet", None)
    with pytest.raises(InvalidRequest, match="needs the package cryptography"):
        client(world, url).post("/me/order", _once="a")
    assert len(world.sent) == 1


def test_what_the_store_keeps_cannot_be_read(tmp_path: Path) -> None:
    one = client(Scripted(ordered), f"file://{tmp_path}/shared")
    one.post("/me/order", _once="invoice-17")
    keeper_of(f"file://{tmp_path}/shared").store.close()
    kept = b"".join(file.read_bytes() for file in tmp_path.iterdir())
    assert b"once:" in kept
    for secret in (b"orderId", b"invoice-17", b"k" * 16, b"s" * 32):
        assert secret not in kept
    sealed = Seal(ApplicationKey("k" * 16, "s" * 32)).close(b"x")
    assert Seal(ApplicationKey("j" * 16, "s" * 32)).open(sealed) == b"x"
    with pytest.raises(SharedStoreError, match="these credentials do not open"):
        Seal(AccessToken("t" * 20)).open(sealed)
    assert Seal(ovh.protocol.OAuth2Client("i" * 16, "s" * 32)).open(sealed) == b"x"


def test_a_recording_has_the_answer_that_another_process_got(tmp_path: Path) -> None:
    url, path = f"file://{tmp_path}/shared", tmp_path / "a.cassette"
    client(Scripted(ordered), url).post("/me/order", _once="a")
    world = Scripted(ordered)
    with RecordTransport(world, path) as transport:
        assert client(transport, url).post("/me/order", _once="a") == {"orderId": 17}
    assert world.sent == []
    with ReplayTransport(path) as replay:
        assert client(replay, "file:///nowhere/at/all").post("/me/order", _once="a") == {"orderId": 17}


# The functions, and the same in a server's script

OWNERS = st.sampled_from(["one", "two"])
PRINTS = st.sampled_from(["p", "q"])
PASSED = st.integers(0, 2 * LEASE)
OPERATIONS = st.one_of(
    st.tuples(st.just("claim"), PASSED, OWNERS, PRINTS, st.just(LEASE)),
    st.tuples(st.just("settle"), PASSED, OWNERS, PRINTS, st.sampled_from("duf"), st.just("v"), st.just(KEPT)),
    st.tuples(st.just("hold"), PASSED, OWNERS, st.just(LEASE)),
)


@settings(max_examples=tries(60, 2000), suppress_health_check=[*HealthCheck])
@given(st.lists(OPERATIONS, min_size=1, max_size=12))
def test_a_server_and_a_file_know_the_same(
    server: Server,
    opened: Callable[[str], Store],
    tmp_path_factory: pytest.TempPathFactory,
    commands: list[tuple[Any, ...]],
) -> None:
    stores = [opened(server.url), opened(f"file://{tmp_path_factory.mktemp('s')}/shared")]
    stores[0]._asked("FLUSHALL")  # type: ignore[attr-defined]
    now, claimed, done = START, "", False
    for command, passed, *arguments in commands:
        now += passed
        one, other = (store.answer((command, "once:x", *arguments), now) for store in stores)
        assert one == other, (command, arguments)
        if command == "claim" and one[0] == "mine":
            assert claimed in ("", arguments[0])
            assert not done
            claimed = arguments[0]
        elif command == "settle" and one[0] == "kept":
            done = arguments[2] != "f"
            claimed = arguments[0] if done else ""
    for store in stores:
        store.close()


def test_a_claim_is_kept_while_its_process_says_so(store_url: str) -> None:
    store = open_store(store_url)
    claim = ("claim", "once:x", "one", "p", LEASE)
    other = ("claim", "once:x", "two", "p", LEASE)
    assert store.answer(claim, START) == ["mine", ""]
    assert store.answer(other, START + LEASE - 1) == ["busy", ""]
    store.answer(("hold", "once:x", "one", LEASE), START + LEASE - 1)
    assert store.answer(other, START + LEASE + 1) == ["busy", ""]
    assert store.answer(other, START + 2 * LEASE) == ["unknown", ""]
    assert store.answer(("settle", "once:x", "two", "p", "d", "v", KEPT), START + 2 * LEASE) == ["lost", ""]
    assert store.answer(("settle", "once:x", "one", "p", "d", "v", KEPT), START + 2 * LEASE) == ["kept", ""]
    assert store.answer(other, START + 2 * LEASE) == ["done", "v"]
    store.close()


def test_the_thread_keeps_claims(store_url: str) -> None:
    keeper = LeaseKeeper(open_store(store_url))
    keeper._runs.acquire()
    keeper.store.ask(("claim", "once:x", "one", "p", 1))
    keeper.hold_claim("once:x", "one", "p")
    assert keeper.renew()
    assert keeper.store.ask(("claim", "once:x", "two", "p", LEASE)) == ["busy", ""]
    keeper.abandon_claim("once:x", "one")
    assert not keeper.renew()
    assert keeper.store.ask(("claim", "once:x", "two", "p", LEASE)) == ["unknown", ""]
    keeper.store.close()


# Processes that are killed

CALLER = (
    PATIENT
    + """
import sys
import ovhcore as ovh
from ovhcore_transports.shared.keeper import keeper_of
url, endpoint = sys.argv[1:]
keeper_of(url).lease = 400_000
options = {"limit_store": url}
client = ovh.Client(endpoint, "k" * 16, "s" * 32, "c" * 32, transport="stdlib", config=False, options=options)
print("ready", flush=True)
for name in sys.stdin:
    try:
        print(client.post("/order", _once=name.strip())["number"], flush=True)
    except ovh.exceptions.OutcomeUnknown:
        print("unknown", flush=True)
"""
)


@contextmanager
def counting() -> Iterator[tuple[str, list[str]]]:
    posted: list[str] = []

    class Counting(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            posted.append(self.path)
            body = json.dumps({"number": len(posted)}).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("X-OVH-QUERYID", "q")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *arguments: Any) -> None:
            pass

    api = ThreadingHTTPServer(("127.0.0.1", 0), Counting)
    thread = threading.Thread(target=api.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{api.server_port}/1.0", posted
    finally:
        api.shutdown()
        thread.join()
        api.server_close()


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="processes are killed by a signal of POSIX")
def test_processes_that_are_killed_at_any_moment_never_send_twice(store_url: str) -> None:
    """Half of the processes of a round are killed at random; the full profile has more of them, and more rounds."""
    number, rounds = (12, 20) if FULL else (4, 3)
    chance = random.Random(17)
    command = [sys.executable, "-c", CALLER, store_url]
    told: dict[str, int] = {}

    def start(endpoint: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [*command, endpoint], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=dict(os.environ)
        )

    with counting() as (endpoint, posted):
        callers: list[subprocess.Popen[str]] = []
        for turn in range(rounds):
            callers += [start(endpoint) for _ in range(number - len(callers))]
            before = len(posted)
            for caller in callers:
                assert caller.stdin is not None
                assert caller.stdout is not None
                if not hasattr(caller, "ready"):
                    assert caller.stdout.readline() == "ready\n"
                    caller.ready = True  # type: ignore[attr-defined]
                caller.stdin.write(f"invoice-{turn}\n")
                caller.stdin.flush()
            chance.shuffle(callers)
            for caller in callers[: number // 2]:
                threading.Event().wait(chance.uniform(0, 0.004))
                caller.kill()
                caller.communicate()
            answers = []
            for caller in callers[number // 2 :]:
                assert caller.stdout is not None
                answers.append(caller.stdout.readline().strip())
            assert len(posted) - before <= 1
            assert all(answers)
            for answer in set(answers):
                told[answer] = told.get(answer, 0) + 1
            numbers = {answer for answer in answers if answer != "unknown"}
            assert len(numbers) <= 1
            assert len(posted) - before == 1 or not numbers
            callers = callers[number // 2 :]
        for caller in callers:
            caller.communicate()
    assert told
