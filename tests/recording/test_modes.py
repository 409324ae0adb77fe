"""Modes, signatures, time; recording and replaying by configuration."""

from __future__ import annotations

import asyncio
import gc
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

import ovhcore as ovh
from ovhcore.exceptions import CassetteError, ClientClosed, ConnectError, InvalidConfiguration, NoRecording
from ovhcore.flows import Clock, Flow, Gather, Sleep, Uniform
from ovhcore.protocol.clock import Now
from ovhcore.protocol.messages import Request, Response
from ovhcore_transports import SyncTransport
from ovhcore_transports.recording import (
    AsyncRecordTransport,
    AsyncReplayTransport,
    Cassette,
    CassetteWarning,
    Interaction,
    RecordTransport,
    ReplayTransport,
)
from ovhcore_transports.recording.cassette.interactions import Draw, World
from ovhcore_transports.sandbox import ACCESS_KEYS, AsyncSandboxTransport, SandboxTransport
from tests.worlds import Scripted

KEYS: dict[str, Any] = {"endpoint": "ovh-eu", **ACCESS_KEYS}


def record(path: Path, *paths: str, mode: str = "once") -> None:
    with RecordTransport(SandboxTransport(), path, mode) as transport:
        client = ovh.Client(transport=transport, **KEYS)
        for each in paths:
            client.get(each)


def urls(path: Path) -> list[str]:
    return [each.url.partition("/1.0")[2] for each in Cassette.load(path)]


def test_none_never_sends(tmp_path: Path) -> None:
    path = tmp_path / "a.cassette"
    with pytest.raises(CassetteError, match=f"There is no cassette {path}, and nothing is recorded in mode 'none'"):
        RecordTransport(SandboxTransport(), path, "none")
    record(path, "/me")
    made: list[int] = []

    def inner() -> SandboxTransport:
        made.append(1)
        return SandboxTransport()

    transport = RecordTransport(inner, path, "none")
    client = ovh.Client(transport=transport)
    assert client.get("/me")["firstname"] == "Ada"
    with pytest.raises(NoRecording, match=r"nothing is sent in mode 'none'. Nearest: GET .*/me \(number 1"):
        client.get("/me/bill")
    client.close()
    transport.close()
    assert not made
    assert transport.offline
    assert repr(transport) == f"<RecordTransport {path}, mode none>"
    assert len(transport.cassette) == 1


def test_once_records_and_then_replays(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "er" / "a.cassette"
    record(path, "/me")
    before = path.read_bytes()
    with pytest.raises(NoRecording, match="mode 'once'"):
        record(path, "/me", "/me/bill")
    assert path.read_bytes() == before


def test_new_adds_what_is_missing(tmp_path: Path) -> None:
    path = tmp_path / "a.cassette"
    record(path, "/me", mode="new")
    record(path, "/me/bill", "/me", mode="new")
    assert urls(path) == ["/me", "/me/bill"]
    record(path, "/me", mode="new")
    assert urls(path) == ["/me", "/me/bill"]
    client = ovh.Client(transport=ReplayTransport(path))
    assert client.get("/me/bill")
    assert client.get("/me")


def test_all_records_anew(tmp_path: Path) -> None:
    path = tmp_path / "a.cassette"
    record(path, "/me", "/me/bill", mode="all")
    record(path, "/domain/zone", mode="all")
    assert urls(path) == ["/domain/zone"]
    assert [each.name for each in tmp_path.iterdir()] == ["a.cassette"]


def refused(request: Request) -> Response:
    raise ConnectError("nobody listens")


def test_what_was_not_answered_replaces_nothing(tmp_path: Path) -> None:
    path = tmp_path / "a.cassette"
    record(path, "/me")
    before = path.read_bytes()
    with RecordTransport(Scripted(refused), path, "all") as transport:
        client = ovh.Client(transport=transport, **KEYS)
        with pytest.raises(ConnectError):
            client.get("/me")
        assert len(list(tmp_path.iterdir())) == 2
    assert path.read_bytes() == before
    assert [each.name for each in tmp_path.iterdir()] == ["a.cassette"]
    replaced = tmp_path / "new.cassette"
    with RecordTransport(Scripted(refused), replaced, "all") as transport, pytest.raises(ConnectError):
        ovh.Client(transport=transport, **KEYS).get("/me")
    with pytest.raises(ConnectError, match="nobody listens"):
        ovh.Client(transport=ReplayTransport(replaced)).get("/me")


def test_failures_before_the_first_answer_are_kept_when_somebody_else_records(tmp_path: Path) -> None:
    path = tmp_path / "a.cassette"
    record(path, "/me")
    fails = [True]

    def answer(request: Request) -> Response:
        if fails.pop() if fails else False:
            raise ConnectError("not yet")
        return Response(200, {}, b"1")

    other = RecordTransport(SandboxTransport(), path, "new")
    ovh.Client(transport=other, **KEYS).get("/me/bill")
    with RecordTransport(Scripted(answer), path, "all") as transport:
        client = ovh.Client(transport=transport, retry=False, **KEYS)
        with pytest.raises(ConnectError):
            client.get("/a")
        client.get("/a")
        client.get("/b")
    other.close()
    cassette = Cassette.load(path)
    assert urls(path) == ["/me", "/me/bill", "/a", "/a", "/b"]
    assert not cassette.problems
    assert [each.name for each in tmp_path.iterdir()] == ["a.cassette"]


@pytest.mark.parametrize("mode", ["once", "new", "all"])
def test_where_nothing_was_called_nothing_is_written(mode: str, tmp_path: Path) -> None:
    path = tmp_path / "a.cassette"
    record(path, mode=mode)
    assert not list(tmp_path.iterdir())


def test_recordings_that_were_cut_off(tmp_path: Path) -> None:
    path = tmp_path / "a.cassette"
    record(path, "/me", "/me/bill")
    whole = path.read_bytes()
    path.write_bytes(whole[: whole.rindex(b'"request"') + 30])
    with pytest.warns(
        CassetteWarning, match=r"the record at line \d+ is cut off or damaged \(\d+ bytes; .*did not come to"
    ):
        cassette = Cassette.load(path)
    assert [each.url[-3:] for each in cassette] == ["/me"]
    assert "not whole" in repr(cassette)
    for mode in ("none", "once", "new"):
        with pytest.raises(
            CassetteError, match=r"is not whole: .*It holds 1 whole interactions. Record it again with mode 'all'"
        ):
            RecordTransport(SandboxTransport(), path, mode)
    record(path, "/me/bill", mode="all")
    assert urls(path) == ["/me/bill"]


def test_a_recorder_goes_on_where_one_was_killed(tmp_path: Path) -> None:
    path = tmp_path / "a.cassette"
    record(path, "/me")
    path.write_bytes(path.read_bytes().partition(b'\n{\n  "end"')[0])
    with pytest.warns(CassetteWarning, match="the recording did not come to its end"):
        Cassette.load(path)
    record(path, "/me/bill", mode="new")
    assert urls(path) == ["/me", "/me/bill"]
    assert path.read_bytes().count(b'"cassette"') == 1


def test_new_waits_for_a_record_that_is_being_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.cassette"
    record(path, "/me")
    whole = path.read_bytes()
    other = RecordTransport(SandboxTransport(), path, "new")
    ovh.Client(transport=other, **KEYS).get("/me/bill")
    now = path.read_bytes()
    path.write_bytes(now[:-20])
    waited: list[float] = []

    def sleep(seconds: float) -> None:
        waited.append(seconds)
        if len(waited) == 3:
            with path.open("ab") as file:
                file.write(now[-20:])

    monkeypatch.setattr(time, "sleep", sleep)
    third = RecordTransport(SandboxTransport(), path, "new")
    assert len(third.cassette) == 2
    assert len(waited) == 3
    other.close()
    assert whole != path.read_bytes()


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (
            ("a.cassette", "twice"),
            InvalidConfiguration,
            "mode of a recording must be one of none, once, new, all, not 'twice'",
        ),
        ((5,), InvalidConfiguration, "cassette must be the path of a file, not int"),
        ((Cassette(), "new"), InvalidConfiguration, "mode 'new' needs the path of a cassette"),
        (("a.yaml", "once"), CassetteError, "a.yaml would be a cassette of another tool: record to a name such as"),
        (("a.har", "all"), CassetteError, "a.har would be a cassette of another tool"),
    ],
)
def test_what_cannot_be_recorded_to(arguments: Any, error: type[Exception], message: str, tmp_path: Path) -> None:
    cassette, *rest = arguments
    where = tmp_path / cassette if isinstance(cassette, str) else cassette
    with pytest.raises(error, match=message):
        RecordTransport(SandboxTransport(), where, *rest)
    assert not list(tmp_path.iterdir())


def test_a_directory_that_cannot_be_written_is_noticed_before_anything_is_sent(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    inner = Scripted(lambda request: Response(200, {}, b"1"))
    for mode in ("once", "all"):
        transport = RecordTransport(inner, tmp_path / "file" / "a.cassette", mode)
        with pytest.raises(CassetteError, match=r"The cassette .*a.cassette cannot be written: "):
            ovh.Client(transport=transport, **KEYS).get("/me")
    assert not inner.sent


def test_closed_transports_answer_no_more(tmp_path: Path) -> None:
    path = tmp_path / "a.cassette"
    inner = Scripted(lambda request: Response(200, {}, b"1"))
    transport = RecordTransport(inner, path)
    client = ovh.Client(transport=transport, **KEYS)
    client.get("/me")
    for _ in range(2):
        transport.close()
    assert inner.closed == 2
    with pytest.raises(ClientClosed):
        client.get("/me")
    with pytest.raises(ClientClosed):
        transport._session.answer(Request("GET", "https://h/"))
    with pytest.raises(CassetteError, match=r"a.cassette was ended while GET was under way"):
        transport._session.keep(Request("GET", "https://h/"), Response(200), Now(0, 0), Now(0, 0))
    assert len(Cassette.load(path)) == 1


def test_a_recording_ends_though_nobody_closes_it(tmp_path: Path) -> None:
    path = tmp_path / "a.cassette"
    client = ovh.Client(transport=RecordTransport(SandboxTransport(), path), **KEYS)
    client.get("/me")
    with pytest.warns(CassetteWarning, match="or is still recording"):
        Cassette.load(path)
    del client
    gc.collect()
    assert not Cassette.load(path).problems


# Signatures


def test_a_change_of_what_is_signed_is_caught(tmp_path: Path) -> None:
    path = tmp_path / "a.cassette"
    record(path, "/me")
    client = ovh.Client(transport=ReplayTransport(path), **KEYS)
    assert client.get("/me")
    for signatures in ("check", "require"):
        other = {**KEYS, "application_secret": "another-secret"}
        client = ovh.Client(transport=ReplayTransport(path, signatures=signatures), **other)
        with pytest.raises(
            CassetteError, match=r"The signature of GET .*/me is not the recorded one, .*application secret is another"
        ) as caught:
            client.get("/me")
        assert "another-secret" not in str(caught.value)
    assert ovh.Client(transport=ReplayTransport(path, signatures="ignore"), **other).get("/me")


def test_signatures_that_cannot_be_compared(tmp_path: Path) -> None:
    path = tmp_path / "a.cassette"
    record(path, "/me")
    other = {**KEYS, "consumer_key": "another"}
    assert ovh.Client(transport=ReplayTransport(path), **other).get("/me")
    with pytest.raises(
        CassetteError, match=r"cannot be compared: the recorded one was made with other keys, at another time"
    ):
        ovh.Client(transport=ReplayTransport(path, signatures="require"), **other).get("/me")
    transport = ReplayTransport(path, signatures="require")
    transport.sleep(100)
    client = ovh.Client(transport=transport, **KEYS)
    client.run(flow_of(Clock()))
    transport.sleep(100)
    with pytest.raises(CassetteError, match="cannot be compared"):
        client.get("/me")
    # What is not signed need not be compared.
    assert ovh.Client("ovh-eu", access_token="t" * 20, transport=ReplayTransport(path, signatures="require")).get("/me")
    with pytest.raises(InvalidConfiguration, match="signatures of a recording must be one of check, require, ignore"):
        ReplayTransport(path, signatures="yes")


# Time and chance


def flow_of(effect: Any) -> Flow[Any]:
    return (yield effect)


def test_retries_take_no_time_and_draw_the_same(tmp_path: Path) -> None:
    path = tmp_path / "a.cassette"

    def retrying(client: Any) -> Flow[list[Any]]:
        seen: list[Any] = []
        for attempt in range(3):
            now = yield Clock()
            jitter = yield Uniform(0, 1)
            seen += [now, jitter]
            yield Sleep(1e6 * 2**attempt + jitter)  # whoever really waited would not come back
        return seen

    with RecordTransport(SandboxTransport(), path) as transport:
        client = ovh.Client(transport=transport, **KEYS)
        recorded = client.run(retrying(client))
        client.get("/me")
    client = ovh.Client(transport=ReplayTransport(path))
    assert client.run(retrying(client)) == recorded
    # Beyond what was recorded time passes by sleeping alone, and chance goes on.
    client.get("/me")
    now = client.run(flow_of(Clock()))
    client.run(flow_of(Sleep(7)))
    assert client.run(flow_of(Clock())) == Now(now.wall + 7, now.monotonic + 7)
    assert 3 <= client.run(flow_of(Uniform(3, 4))) <= 4


def interactions(*clocks: list[Now], draws: tuple[Draw, ...] = ()) -> Cassette:
    return Cassette(
        Interaction.of(Request("GET", f"https://h/{n}"), Response(200), world=World(tuple(clock), draws))
        for n, clock in enumerate(clocks)
    )


def test_a_program_that_looks_at_the_clock_less_often_does_not_fall_behind() -> None:
    transport = ReplayTransport(interactions([Now(10, 1), Now(20, 2)], [Now(30, 3)], [Now(40, 4)]))
    assert transport.clock() == Now(10, 1)
    transport.send(Request("GET", "https://h/0"))
    transport.send(Request("GET", "https://h/1"))
    assert transport.clock() == Now(40, 4)
    transport.send(Request("GET", "https://h/2"))
    assert transport.clock() == Now(40, 4)


def test_a_program_that_looks_at_the_clock_not_at_all_sees_it_move() -> None:
    transport = ReplayTransport(interactions([Now(10, 1), Now(20, 2)], []))
    transport.send(Request("GET", "https://h/0"))
    assert transport.clock() == Now(20, 2)


def test_time_never_runs_backwards() -> None:
    """After more sleep than was recorded, or when the machine was started anew between two recordings."""
    transport = ReplayTransport(interactions([Now(100, 50)], [Now(5000, 3)], [Now(5001, 4)]))
    assert transport.clock() == Now(100, 50)
    transport.send(Request("GET", "https://h/0"))
    assert transport.clock() == Now(5000, 50)
    transport.sleep(9)
    transport.send(Request("GET", "https://h/1"))
    assert transport.clock() == Now(5009, 59)
    # In another order than recorded.
    transport = ReplayTransport(interactions([Now(100, 50)], [Now(200, 60)], [Now(300, 70)]))
    transport.send(Request("GET", "https://h/2"))
    transport.send(Request("GET", "https://h/0"))
    assert transport.clock() == Now(300, 70)


def test_draws_between_other_bounds() -> None:
    transport = ReplayTransport(interactions([], draws=(Draw(0, 1, 0.25), Draw(2, 2, 2), Draw(0, 1, 0.5))))
    assert [transport.uniform(0, 4), transport.uniform(8, 9), transport.uniform(0, 1)] == [1.0, 8.0, 0.5]


def test_side_by_side_is_one_after_the_other_in_a_replay(tmp_path: Path) -> None:
    path = tmp_path / "a.cassette"
    flows = [f"/me/bill/FR5410000{n}" for n in (1, 2, 3)]

    def each(client: Any) -> Flow[list[int]]:
        answers = yield Gather(
            [client._ovhcore.handle(client._ovhcore.request("GET", p, None, True, None, None)) for p in flows], 3
        )
        return [answer.status for answer in answers]

    with RecordTransport(SandboxTransport(), path) as transport:
        client = ovh.Client(transport=transport, **KEYS)
        assert client.run(each(client)) == [200] * 3
    client = ovh.Client(transport=ReplayTransport(path))
    assert client.run(each(client)) == [200] * 3

    async def main() -> None:
        async with AsyncReplayTransport(path) as transport:
            client = ovh.AsyncClient(transport=transport)
            assert await client.run(each(client)) == [200] * 3
            await client.run(flow_of(Sleep(1000)))
        again = tmp_path / "b.cassette"
        async with AsyncRecordTransport(AsyncSandboxTransport, again) as recorder:
            client = ovh.AsyncClient(transport=recorder, **KEYS)
            await client.run(flow_of(Sleep(10)))
            assert await client.run(each(client)) == [200] * 3
            with pytest.raises(ovh.ResourceNotFoundError):
                await client.get("/nothing")
        assert len(Cassette.load(again)) == 4

    asyncio.run(main())


# By configuration


def test_a_program_is_recorded_and_replayed_by_its_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from ovhcore_transports.sandbox import serve

    path = tmp_path / "run.cassette"
    program = "import ovhcore as ovh; print(ovh.Client().get('/me')['firstname'])"

    def run(**variables: str) -> str:
        environment = {name: value for name, value in os.environ.items() if not name.startswith("OVH_")}
        environment |= {f"OVH_{name}": value for name, value in variables.items()}
        command = [sys.executable, "-c", program]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, cwd=tmp_path)
        assert not done.stderr
        return done.stdout.strip()

    with serve() as server:
        keys = {name.upper(): str(value) for name, value in ACCESS_KEYS.items()}
        recorded = run(TRANSPORT="record", CASSETTE=str(path), ENDPOINT=server.url, PROXY="none", **keys)
    assert recorded == "Ada"
    # Nobody closed the client, and no credentials are needed.
    assert run(TRANSPORT="replay", CASSETTE=str(path)) == "Ada"
    assert run(TRANSPORT="record", CASSETTE=str(path), RECORD_MODE="none", ENDPOINT="ovh-eu", **keys) == "Ada"


def test_settings_of_a_file(tmp_path: Path) -> None:
    path = tmp_path / "a.cassette"
    record(path, "/me")
    conf = tmp_path / "ovh.conf"
    conf.write_text(f"[default]\nendpoint = ovh-eu\ntransport = replay\ncassette = {path}\n")
    assert ovh.Client(config_file=conf).get("/me")["firstname"] == "Ada"

    async def main() -> None:
        async with ovh.AsyncClient(config_file=conf) as client:
            assert (await client.get("/me"))["firstname"] == "Ada"

    asyncio.run(main())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"transport": "replay"}, "need a cassette: set OVH_CASSETTE"),
        (
            {"transport": "replay", "options": {"casette": "a"}},
            "options has 'casette', which no plugin knows that is switched on; there are: .*cassette, record_mode",
        ),
        ({"transport": "replay", "options": "a.cassette"}, "options must be a mapping"),
        ({"transport": "replay", "options": {"cassette": 5}}, "cassette .argument. must be a line of text"),
        ({"transport": "replay+urllib3", "options": {"cassette": "a"}}, "replay sends by itself, and wraps no other"),
        ({"transport": "record+nothing", "options": {"cassette": "a"}}, "Transport 'nothing' is not known"),
        ({"transport": "record+aiohttp", "options": {"cassette": "a"}}, "'aiohttp' cannot be used with Client"),
        (
            {"transport": "record", "http2": True, "options": {"cassette": "a"}},
            "transport 'urllib3' cannot speak HTTP/2",
        ),
    ],
)
def test_settings_that_are_wrong(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidConfiguration, match=message):
        ovh.Client(**KEYS, **arguments).get("/me")


def test_an_asynchronous_client_by_name(tmp_path: Path) -> None:
    path = tmp_path / "a.cassette"

    async def main() -> None:
        options = {"cassette": path, "record_mode": "new"}
        async with ovh.AsyncClient(transport="record+sandbox", options=options, **KEYS) as client:
            assert (await client.get("/me"))["firstname"] == "Ada"
        async with ovh.AsyncClient(transport="replay", options={"cassette": path}) as client:
            assert (await client.get("/me"))["firstname"] == "Ada"

    asyncio.run(main())
    assert len(Cassette.load(path)) == 1


def test_the_package_has_its_names() -> None:
    from ovhcore_transports import recording

    for name in recording.__all__:
        assert getattr(recording, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        recording.nothing  # noqa: B018


def test_replaying_loads_no_http_library(tmp_path: Path) -> None:
    path = tmp_path / "a.cassette"
    record(path, "/me")
    code = (
        "import sys, ovhcore; ovhcore.Client(transport='replay', options={'cassette': sys.argv[1]}).get('/me'); "
        "assert not {'urllib3', 'httpx', 'ssl', 'yaml', 'asyncio'} & set(sys.modules), sorted(sys.modules)"
    )
    environment = {name: value for name, value in os.environ.items() if not name.startswith("COV")}
    subprocess.run([sys.executable, "-c", code, str(path)], check=True, timeout=60, env=environment)


class Interrupted(SyncTransport):
    def send(self, request: Request) -> Response:
        raise KeyboardInterrupt


def test_what_was_interrupted_is_not_recorded(tmp_path: Path) -> None:
    path = tmp_path / "a.cassette"
    with RecordTransport(Interrupted(), path) as transport, pytest.raises(KeyboardInterrupt):
        ovh.Client(transport=transport, **KEYS).get("/me")
    assert len(Cassette.load(path)) == 0


def test_unplayed_recordings_are_named(tmp_path: Path) -> None:
    path = tmp_path / "a.cassette"
    record(path, *["/me", "/me/bill"] * 4)
    transport = ReplayTransport(path)
    with pytest.raises(CassetteError, match=r"8 of 8 interactions in .* were not played: GET .*/me; .* and 3 more"):
        transport.check_played()
    recorder = RecordTransport(SandboxTransport(), path, "all")
    assert recorder.unplayed == []
    recorder.check_played()
    record(path, "/me", mode="all")
    transport = ReplayTransport(path)
    with pytest.raises(CassetteError, match=r"were not played: GET [^;]*/me. Record"):
        transport.check_played()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this platform")
def test_a_child_of_a_fork_goes_on_recording_and_replaying(tmp_path: Path) -> None:
    path = tmp_path / "a.cassette"
    recorder = RecordTransport(SandboxTransport(), path)
    client = ovh.Client(transport=recorder, **KEYS)
    client.get("/me")
    with recorder._session._lock:  # another thread holds it
        child = os.fork()
        if child == 0:
            client.get("/me/bill")
            os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    client.get("/domain/zone")
    recorder.close()
    assert urls(path) == ["/me", "/me/bill", "/domain/zone"]
    replay = ReplayTransport(path)
    client = ovh.Client(transport=replay)
    with replay._session._lock, replay._session._shelf._lock, replay._session._world._lock:  # type: ignore[union-attr]
        child = os.fork()
        if child == 0:
            client.get("/me")
            os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    for thing in (replay._session, replay._session._shelf, replay._session._world):
        lock = thing._lock  # type: ignore[union-attr]
        thing.after_fork()  # type: ignore[union-attr]
        assert thing._lock is not lock  # type: ignore[union-attr]
    with pytest.raises(AssertionError, match="a replay sends nothing"):
        replay._inner  # noqa: B018


def test_several_clients_of_one_program(tmp_path: Path) -> None:
    """By configuration, and one after the other: what the second does is added."""
    for mode in ("once", "all"):
        path = tmp_path / f"{mode}.cassette"
        if mode == "all":
            record(path, "/domain/zone")
        for each in ("/me", "/me/bill", "/me"):
            options = {"cassette": path, "record_mode": mode}
            with ovh.Client(transport="record+sandbox", options=options, **KEYS) as client:
                client.get(each)
        assert urls(path) == ["/me", "/me/bill", "/me"]
        assert not Cassette.load(path).problems


def test_what_is_no_cassette_is_not_replaced(tmp_path: Path) -> None:
    program = tmp_path / "bills.py"
    program.write_text("import ovhcore")
    with pytest.raises(CassetteError, match=r"bills.py is there and is no cassette: it is not replaced"):
        RecordTransport(SandboxTransport(), program, "all")
    assert program.read_text() == "import ovhcore"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("urllib3",), "must be a transport or a function that makes one, not str; by name it is Client"),
        ((None,), "not NoneType"),
        ((SandboxTransport(), {"redaction": "pin"}), "redaction must be a Redaction, not str"),
        ((SandboxTransport(), {"repeat": "no"}), "repeat must be True or False, not str"),
    ],
)
def test_arguments_that_are_wrong(arguments: Any, message: str, tmp_path: Path) -> None:
    inner, *rest = arguments
    with pytest.raises(InvalidConfiguration, match=message):
        RecordTransport(inner, tmp_path / "a.cassette", **(rest[0] if rest else {}))


@pytest.mark.parametrize("name", ["record+record", "record+"])
def test_recording_what_records(name: str, tmp_path: Path) -> None:
    with pytest.raises(InvalidConfiguration, match=r"name one that sends by itself|Transport '' is not known"):
        ovh.Client(transport=name, options={"cassette": tmp_path / "a"}, **KEYS)
    with pytest.raises(
        InvalidConfiguration, match=r"record_mode \(OVH_RECORD_MODE, ovh.conf or options\) must be one of"
    ):
        ovh.Client(transport="record", options={"cassette": tmp_path / "a", "record_mode": "new_episodes"}, **KEYS).get(
            "/me"
        )


def test_signing_that_was_left_out_is_caught(tmp_path: Path) -> None:
    path = tmp_path / "a.cassette"
    record(path, "/me")
    url = "https://eu.api.ovh.com/1.0/me"
    keys = {"X-Ovh-Application": ACCESS_KEYS["application_key"], "X-Ovh-Consumer": ACCESS_KEYS["consumer_key"]}
    for headers in ({}, keys, {"X-Ovh-Signature": "$1$" + "0" * 40}):
        with pytest.raises(CassetteError, match="is missing or incomplete, and was there when it was recorded"):
            ReplayTransport(path).send(Request("GET", url, headers))
    assert ReplayTransport(path).send(Request("GET", url, need_auth=False)).status == 200


def test_signatures_of_what_is_written_otherwise_are_not_compared(tmp_path: Path) -> None:
    path = tmp_path / "a.cassette"
    with RecordTransport(Scripted(lambda request: Response(200, {}, b"1")), path) as transport:
        client = ovh.Client(transport=transport, **KEYS)
        client.get("/x", a=1, b=2)
        client.post("/pw", password="hunter22x", user="u")
    replay = ReplayTransport(path)
    client = ovh.Client(transport=replay, **KEYS)
    assert client.get("/x", b=2, a=1) == 1
    assert client.post("/pw", user="u", password="another1") == 1
    replay.check_played()


def test_signature_errors_hide_what_is_declared(tmp_path: Path) -> None:
    path = tmp_path / "a.cassette"
    redaction = ovh.protocol.redaction.Redaction(["pin"])
    with RecordTransport(Scripted(lambda request: Response(200, {}, b"1")), path, redaction=redaction) as transport:
        ovh.Client(transport=transport, **KEYS).get("/x", pin=9876543)
    replay = ReplayTransport(path, redaction=redaction, signatures="require")
    with pytest.raises(CassetteError, match="cannot be compared") as caught:
        ovh.Client(transport=replay, **KEYS).get("/x", pin=9876543)
    assert "9876543" not in str(caught.value)


class Late(ConnectError):
    """A kind that ovhcore does not have."""


def test_failures_of_other_kinds_are_the_nearest_one(tmp_path: Path) -> None:
    path = tmp_path / "a.cassette"

    def respond(request: Request) -> Response:
        raise Late("late")

    with RecordTransport(Scripted(respond), path) as transport, pytest.raises(Late):
        ovh.Client(transport=transport, retry=False, **KEYS).get("/me")
    with pytest.raises(ConnectError, match="late") as caught:
        ovh.Client(transport=ReplayTransport(path), retry=False).get("/me")
    assert f"Replayed from {path}, number 1: so it went when it was recorded." in caught.value.__notes__


def test_bytes_that_are_no_utf_8_are_damage(tmp_path: Path) -> None:
    path = tmp_path / "a.cassette"
    record(path, "/me")
    path.write_bytes(path.read_bytes().replace(b"Ada", b"Zo\xe9"))
    with pytest.warns(CassetteWarning, match="it is not UTF-8"):
        assert len(Cassette.load(path)) == 0


def test_a_recording_that_ends_while_a_call_looks_for_its_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    inner = Scripted(lambda request: Response(200, {}, b"1"))
    transport = RecordTransport(inner, tmp_path / "a.cassette", "new")
    monkeypatch.setattr(type(transport._session._shelf), "take", lambda *_: transport.close())
    with pytest.raises(ClientClosed):
        transport.send(Request("GET", "http://a/"))
    assert inner.sent == []


def test_a_recording_that_ends_while_a_call_is_under_way_has_it(tmp_path: Path) -> None:
    def respond(request: Request) -> Response:
        transport.close()
        return Response(200, {}, b"1")

    transport = RecordTransport(Scripted(respond), tmp_path / "a.cassette", "once")
    assert transport.send(Request("GET", "http://a/")).body == b"1"
    assert urls(tmp_path / "a.cassette") == [""]
