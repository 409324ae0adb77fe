"""One token of a service account for all processes, encrypted, renewed by one of them."""

from __future__ import annotations

import gc
import json
import logging
import sys
import threading
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import ovhcore as ovh
from ovhcore.exceptions import OAuth2FailureError
from ovhcore.flows import Send
from ovhcore.protocol import Request, Response
from ovhcore_transports.recording import RecordTransport, ReplayTransport
from ovhcore_transports.shared.keeper import keeper_of
from ovhcore_transports.shared.store_commands.records import KEPT
from ovhcore_transports.shared.stores.opening import open_store
from tests.profiles import tries
from tests.servers import eventually
from tests.shared.conftest import Server
from tests.worlds import Scripted

pytest.importorskip("cryptography")
pytestmark = pytest.mark.once

LEASE = 10_000_000
START = 1_700_000_000_000_000


class Tokens:
    """An API and its token endpoint: tokens are numbered, and one at a time is taken."""

    def __init__(self, lifetime: float = 3600.0) -> None:
        self.issued = 0
        self.lifetime = lifetime
        self.valid = set[str]()
        self.fails = False
        self.seen: list[str] = []

    def __call__(self, request: Request) -> Response:
        if request.url.endswith("/token"):
            assert request.body is not None
            assert parse_qs(request.body.decode())["client_secret"] == ["geheim" * 4]
            if self.fails:
                return Response(503, {}, b"later")
            self.issued += 1
            token = f"token-number-{self.issued}"
            self.valid = {token}
            body = {"access_token": token, "expires_in": self.lifetime, "token_type": "Bearer"}
            return Response(200, {"Content-Type": "application/json"}, json.dumps(body).encode())
        token = request.headers["Authorization"].removeprefix("Bearer ")
        self.seen.append(token)
        if token in self.valid:
            return Response(200, {"Content-Type": "application/json"}, b"1")
        return Response(
            401, {"X-Ovh-Queryid": "q", "Content-Type": "application/json"}, b'{"class": "Client::Unauthorized"}'
        )


def client(transport: Any, url: str | None, **options: Any) -> ovh.Client:
    return ovh.Client(
        "ovh-eu",
        client_id="i" * 16,
        client_secret="geheim" * 4,
        token_url="https://www.ovh.com/auth/oauth2/token",
        transport=transport,
        config=False,
        retry=False,
        options={} if url is None else {"limit_store": url, **options},
    )


def test_ovhcore_token_sharing_fetches_one_for_all(store_url: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    api = Tokens()
    clients = [client(Scripted(api), store_url) for _ in range(20)]
    threads = [threading.Thread(target=each.get, args=("/me",)) for each in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (api.issued, len(api.seen)) == (1, 20)
    assert "token-number" not in caplog.text


def test_another_waits_while_one_fetches(store_url: str) -> None:
    api = Tokens()
    waiting = Scripted(api)
    thread = threading.Thread(target=client(waiting, store_url).get, args=("/me",))

    def respond(request: Request) -> Response:
        if request.url.endswith("/token"):
            thread.start()
            eventually(lambda: waiting.monotonic > 0)  # it has slept
        return api(request)

    client(Scripted(respond), store_url).get("/me")
    thread.join()
    assert (api.issued, len(api.seen)) == (1, 2)


def test_a_token_is_used_until_its_end_and_then_one_is_fetched(store_url: str) -> None:
    api = Tokens(lifetime=3600)
    world = Scripted(api)
    one, other = client(world, store_url), client(world, store_url)
    one.get("/me")
    other.get("/me")
    world.sleep(3580)
    other.get("/me")
    assert api.issued == 1
    world.sleep(20)  # it is at its end for both; the store's time has not passed, so what it holds counts
    one.get("/me")
    assert api.issued == 1
    store = open_store(store_url)
    key = f"token:{next(iter(_keys(store_url)))}"
    store.ask(("put", key, "x", "", "", 0))
    store.close()
    world.sleep(3600)
    one.get("/me")
    other.get("/me")
    assert api.issued == 2


def _keys(url: str) -> set[str]:
    from ovhcore_transports.shared.scopes import scope_of

    return {scope_of(client(Scripted(Tokens()), url).settings)}


def test_a_token_that_is_refused_is_renewed_once_for_all(store_url: str) -> None:
    api = Tokens()
    clients = [client(Scripted(api), store_url) for _ in range(5)]
    for each in clients:
        each.get("/me")
    api.valid = set()
    for each in clients:
        each.get("/me")
    assert api.issued == 2


def test_who_fails_to_fetch_leaves_it_to_the_next(store_url: str) -> None:
    api = Tokens()
    api.fails = True
    one, other = client(Scripted(api), store_url), client(Scripted(api), store_url)
    with pytest.raises(OAuth2FailureError):
        one.get("/me")
    keeper_of(store_url).renew()
    api.fails = False
    other.get("/me")
    assert api.issued == 1


def test_a_flow_that_is_dropped_leaves_it_to_the_next(store_url: str) -> None:
    api = Tokens()
    one = client(Scripted(api), store_url)
    core = one._ovhcore
    world = core.transport
    flow = core.handle(core.request("GET", "/me", None, True, None, None))
    effect: Any = next(flow)
    while not isinstance(effect, Send):
        if hasattr(effect, "flow"):
            flow = effect.flow
            effect = next(flow)
        else:
            effect = flow.send(effect.store.ask(effect.question) if hasattr(effect, "store") else world.clock())
    del flow, effect
    gc.collect()
    keeper_of(store_url).renew()
    client(Scripted(api), store_url).get("/me")
    assert api.issued == 1


@pytest.mark.parametrize("missing", ["store", "cryptography"])
def test_without_the_store_or_encryption_each_has_its_own(
    missing: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = f"file://{tmp_path}/shared"
    if missing == "store":
        url = f"file://{tmp_path}/nowhere/shared"
    else:
        monkeypatch.setitem(sys.modules, "cryptography.fernet", None)
    api = Tokens()
    for _ in range(2):
        client(Scripted(api), url).get("/me")
    assert api.issued == 2


def test_what_the_store_keeps_of_a_token_cannot_be_read(tmp_path: Path) -> None:
    url = f"file://{tmp_path}/shared"
    client(Scripted(Tokens()), url).get("/me")
    keeper_of(url).store.close()
    kept = b"".join(file.read_bytes() for file in tmp_path.iterdir())
    assert b"token:" in kept
    assert b"token-number" not in kept
    assert b"geheim" not in kept


def test_what_others_cannot_open_is_fetched(tmp_path: Path) -> None:
    url = f"file://{tmp_path}/shared"
    api = Tokens()
    one = client(Scripted(api), url)
    (scope,) = _keys(url)
    keeper_of(url).store.ask(("put", f"token:{scope}", "x", "damaged", "tag", LEASE))
    one.get("/me")
    assert api.issued == 1


def test_a_recording_holds_the_request_for_a_token(tmp_path: Path) -> None:
    url, path = f"file://{tmp_path}/shared", tmp_path / "a.cassette"
    api = Tokens()
    client(Scripted(api), url).get("/me")
    with RecordTransport(Scripted(api), path) as transport:
        client(transport, url).get("/me")
    assert api.issued == 2
    with ReplayTransport(path) as replay:
        assert client(replay, "file:///nowhere/at/all").get("/me") == 1
        replay.check_played()


NAMES = st.sampled_from(["one", "two"])
PASSED = st.integers(0, 2 * LEASE)
OPERATIONS = st.one_of(
    st.tuples(st.just("token"), PASSED, NAMES, st.sampled_from(["", "a", "b"]), st.just(LEASE)),
    st.tuples(st.just("put"), PASSED, NAMES, st.just("v"), st.sampled_from(["a", "b"]), st.integers(0, 3 * LEASE)),
    st.tuples(st.just("drop"), PASSED, NAMES),
)


@settings(max_examples=tries(40, 2000), suppress_health_check=[*HealthCheck])
@given(st.lists(OPERATIONS, min_size=1, max_size=12))
def test_a_server_and_a_file_hold_the_same_tokens(
    server: Server, tmp_path_factory: pytest.TempPathFactory, commands: list[tuple[Any, ...]]
) -> None:
    stores: list[Any] = [open_store(server.url), open_store(f"file://{tmp_path_factory.mktemp('s')}/shared")]
    stores[0]._asked("FLUSHALL")
    now = START
    for command, passed, *arguments in commands:
        now += passed
        one, other = (store.answer((command, "token:x", *arguments), now) for store in stores)
        assert one == other, (command, arguments)
    assert now - START < KEPT
    for store in stores:
        store.close()
