"""Recordings, replays and the sandbox where a flow asks a store."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

import ovhcore as ovh
from ovhcore.flows import Consult, Flow, Send, arun, run
from ovhcore.protocol import Request, Response
from ovhcore_transports.recording import AsyncRecordTransport, RecordTransport, ReplayTransport
from ovhcore_transports.sandbox import ACCESS_KEYS, AsyncSandboxTransport, SandboxTransport
from ovhcore_transports.shared.keeper import keeper_of
from ovhcore_transports.shared.stores.base import Store
from tests.shared.clients import GET, Unsure, client, ok
from tests.worlds import AsyncScripted, Scripted


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
    limits: dict[str, Any] = {"rate_limit": "1/hour", "max_concurrency": 1}
    client(RecordTransport(Scripted(ok), path), f"file://{tmp_path}/recorded", **limits).get("/me")
    assert [*tmp_path.glob("recorded*")]
    replayed = client(ReplayTransport(path), f"file://{tmp_path}/replayed", **limits)
    assert replayed.get("/me") == {"me": 1}
    assert not [*tmp_path.glob("replayed*")]


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


def says_nothing(url: str) -> bool:
    keeper = keeper_of(url)
    keeper.renew()
    return not (keeper._to_tell or keeper._claims or any(keeper._released.values()) or any(keeper._slots.values()))


def test_a_replay_of_calls_that_fail_tells_no_store_anything(tmp_path: Path) -> None:
    pytest.importorskip("cryptography")
    path = tmp_path / "a.cassette"
    limits: dict[str, Any] = {"rate_limit": "1/hour", "max_concurrency": 1}

    def calls(transport: Any, store: str) -> Any:
        account = ovh.Client(
            "ovh-eu", client_id="i" * 16, client_secret="s" * 20, transport=transport, config=False, retry=False,
            options={"limit_store": store, **limits},
        )  # fmt: skip
        with pytest.raises(ovh.exceptions.APIError):  # no token
            account.get("/me")
        application = client(transport, store, **limits)
        with pytest.raises(ovh.exceptions.APIError):
            application.post("/order", _once="invoice-17")
        return account, application

    def refusing(request: Request) -> Response:
        return Response(503, {"X-OVH-QUERYID": "q", "Content-Type": "application/json"}, b'{"message": "later"}')

    with RecordTransport(Scripted(refusing), path) as transport:
        calls(transport, f"file://{tmp_path}/recorded")
    (tmp_path / "replayed").mkdir()
    url = f"file://{tmp_path}/replayed/shared"
    with ReplayTransport(path) as replay:
        kept = calls(replay, url)
        assert says_nothing(url)
        del kept
    assert not any((tmp_path / "replayed").iterdir())


@pytest.mark.parametrize("options", [{"once": "invoice-17"}, {}])
def test_a_replay_that_is_interrupted_leaves_no_store_what_nobody_knows(
    options: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("cryptography")
    path = tmp_path / "a.cassette"
    limits: dict[str, Any] = {} if options else {"max_concurrency": 1}
    with RecordTransport(Scripted(ok), path) as transport:
        client(transport, f"file://{tmp_path}/recorded", **limits).call("POST", "/order", options=options)
    (tmp_path / "replayed").mkdir()
    url = f"file://{tmp_path}/replayed/shared"

    def interrupted(request: Request) -> Response:
        raise KeyboardInterrupt

    with ReplayTransport(path) as replay:
        monkeypatch.setattr(replay, "send", interrupted)
        one = client(replay, url, **limits)
        with pytest.raises(KeyboardInterrupt):
            one.call("POST", "/order", options=options)
        assert says_nothing(url)
    assert not any((tmp_path / "replayed").iterdir())
