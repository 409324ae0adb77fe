"""What was recorded and what is replayed: equal results, exceptions and effects, on both drivers."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import ovhcore as ovh
from ovhcore.exceptions import APIError, ReadTimeout, TotalTimeout
from ovhcore.flows import Clock, Flow, Gather, Sleep, Uniform
from ovhcore.protocol.clock import Now
from ovhcore.protocol.messages import Request, Response
from ovhcore_transports.recording import (
    AsyncRecordTransport,
    AsyncReplayTransport,
    Cassette,
    RecordTransport,
    ReplayTransport,
)
from ovhcore_transports.sandbox import (
    ACCESS_KEYS,
    CLIENT_ID,
    CLIENT_SECRET,
    AsyncSandboxTransport,
    SandboxTransport,
)

pytestmark = pytest.mark.once

TEXT = st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=12).filter(
    lambda text: text not in (".", "..")
)
CALLS = st.one_of(
    st.tuples(st.just("GET"), st.sampled_from(["/me", "/me/bill", "/domain/zone", "/nothing", "/v2/iam/policy"])),
    st.tuples(st.just("GET"), st.sampled_from(["/auth/time"]), st.none(), st.just(False)),
    st.tuples(st.just("GET"), st.dates().map(lambda date: f"/me/bill?date.from={date.isoformat()}")),
    st.tuples(
        st.just("GET"), st.sampled_from(["/me/bill/FR54100001", "/me/bill/FR1", "/domain/zone/example.com/record"])
    ),
    st.tuples(st.just("PUT"), st.just("/me"), st.fixed_dictionaries({"firstname": TEXT})),
    st.tuples(
        st.just("POST"),
        st.just("/domain/zone/example.com/record"),
        st.fixed_dictionaries({"fieldType": st.sampled_from(["A", "TXT"]), "subDomain": TEXT, "target": TEXT}),
    ),
    st.tuples(st.just("DELETE"), st.sampled_from([f"/domain/zone/example.com/record/{n}" for n in (1001, 1002, 7)])),
)
STEPS = st.one_of(
    CALLS,
    st.tuples(st.just("sleep"), st.floats(0, 5000)),
    st.tuples(st.just("uniform"), st.floats(0, 1), st.floats(1, 100)),
    st.tuples(st.just("clock")),
    st.tuples(st.just("gather"), st.lists(CALLS, min_size=1, max_size=3)),
)
KINDS: dict[str, dict[str, Any]] = {
    "keys": {**ACCESS_KEYS},
    "oauth2": {"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET},
}


class Shaky:
    """A sandbox that loses some answers on the way, and takes its time."""

    def __init__(self, lost: set[int], skew: float) -> None:
        self.sandbox = SandboxTransport(skew=skew, start=1_700_000_000.25)
        self.lost = lost
        self.count = 0

    def send(self, request: Request) -> Response:
        self.count += 1
        self.sandbox.sleep(0.015625)
        if self.count in self.lost:
            if self.count % 2:
                raise ReadTimeout("eu.api.ovh.com was silent for 3 s")
            error = TotalTimeout("The time was over before it was sent")
            error.may_have_arrived = False
            raise error
        return self.sandbox.send(request)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.sandbox, name)


class AsyncShaky(Shaky):
    def __init__(self, lost: set[int], skew: float) -> None:
        super().__init__(lost, skew)
        self.clock_of = AsyncSandboxTransport()

    async def send(self, request: Request) -> Response:  # type: ignore[override]
        await asyncio.sleep(0)
        return super().send(request)

    async def sleep(self, seconds: float) -> None:
        self.sandbox.sleep(seconds)

    async def close(self) -> None:
        pass


Trace = list[tuple[Any, ...]]


def traced(transport: Any, trace: Trace) -> Any:
    """Have a transport write down every effect that it carries out."""
    asynchronous = isinstance(transport, AsyncRecordTransport)
    send, sleep, clock, uniform = transport.send, transport.sleep, transport.clock, transport.uniform

    def sent(request: Request) -> Response:
        trace.append(("send", request.method, request.url, request.body))
        answer: Response = send(request)
        trace.append(("answer", answer.status, answer.headers, answer.body))
        return answer

    async def async_sent(request: Request) -> Response:
        trace.append(("send", request.method, request.url, request.body))
        answer: Response = await send(request)
        trace.append(("answer", answer.status, answer.headers, answer.body))
        return answer

    def slept(seconds: float) -> Any:
        trace.append(("sleep", seconds))
        return sleep(seconds)

    def read() -> Now:
        now: Now = clock()
        trace.append(("clock", now))
        return now

    def drawn(low: float, high: float) -> float:
        number: float = uniform(low, high)
        trace.append(("uniform", low, high, number))
        return number

    transport.send = async_sent if asynchronous else sent
    transport.sleep, transport.clock, transport.uniform = slept, read, drawn
    return transport


def told(error: APIError) -> tuple[Any, ...]:
    return (
        type(error),
        str(error),
        error.status,
        error.code,
        error.error_class,
        dict(error.details),
        error.query_id,
        error.method,
        error.url,
        error.retry_safe,
        error.may_have_arrived,
        error.hint,
        [note for note in getattr(error, "__notes__", []) if not note.startswith("Replayed from")],
    )


def flow_of(step: tuple[Any, ...], call: Callable[..., Flow[Any]]) -> Flow[Any]:
    kind, *rest = step
    if kind == "sleep":
        yield Sleep(rest[0])
        return None
    if kind == "uniform":
        number = yield Uniform(*rest)
        return number
    if kind == "clock":
        now = yield Clock()
        return now
    if kind == "gather":
        answers = yield Gather([call(*each) for each in rest[0]], 1)
        return answers
    answer = yield from call(kind, *rest)
    return answer


def calling(client: Any) -> Callable[..., Flow[Any]]:
    """Return the client's own pipeline, as a flow."""

    def call(method: str, path: str, data: Any = None, need_auth: bool = True) -> Flow[Any]:
        response = yield from client._ovhcore.handle(client._ovhcore.request(method, path, data, need_auth, None, None))
        return client._ovhcore.decoded(response, client._ovhcore.request(method, path, data, need_auth, None, None))

    return call


def run_sync(transport: Any, steps: list[tuple[Any, ...]], options: dict[str, Any]) -> tuple[list[Any], Trace]:
    trace: Trace = []
    results: list[Any] = []
    client = ovh.Client("ovh-eu", transport=traced(transport, trace), **options)
    for step in steps:
        try:
            results.append(client.run(flow_of(step, calling(client))))
        except APIError as error:
            results.append(told(error))
    transport.close()
    return results, trace


def run_async(transport: Any, steps: list[tuple[Any, ...]], options: dict[str, Any]) -> tuple[list[Any], Trace]:
    async def main() -> tuple[list[Any], Trace]:
        trace: Trace = []
        results: list[Any] = []
        client = ovh.AsyncClient("ovh-eu", transport=traced(transport, trace), **options)
        for step in steps:
            try:
                results.append(await client.run(flow_of(step, calling(client))))
            except APIError as error:
                results.append(told(error))
        await transport.close()
        return results, trace

    return asyncio.run(main())


@given(
    st.lists(STEPS, max_size=10),
    st.sets(st.integers(1, 8), max_size=3),
    st.sampled_from([0.0, 3.0, -86400.0, 86400.0]),
    st.sampled_from(sorted(KINDS)),
    st.sampled_from(["date", "server", "off"]),
    st.sampled_from(["sync", "async"]),
)
def test_every_sequence_comes_out_the_same(
    steps: list[tuple[Any, ...]], lost: set[int], skew: float, kind: str, time_sync: str, recorder: str
) -> None:
    options = {**KINDS[kind], "time_sync": time_sync}
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "calls.cassette"
        if recorder == "sync":
            recorded = run_sync(RecordTransport(Shaky(lost, skew), path), steps, options)
        else:
            recorded = run_async(AsyncRecordTransport(AsyncShaky(lost, skew), path), steps, options)
        if not path.exists():
            # Where nothing was sent, nothing was recorded.
            assert not any(effect[0] == "send" for effect in recorded[1])
            return
        signatures = "require" if kind == "keys" else "check"
        for replayed in (
            run_sync(ReplayTransport(path, signatures=signatures), steps, options),
            run_async(AsyncReplayTransport(path, signatures=signatures), steps, options),
        ):
            # Tokens are hidden in the recording.
            assert hidden(replayed) == hidden(recorded)
        replay = ReplayTransport(path)
        run_sync(replay, steps, options)
        replay.check_played()
        assert Cassette.load(path).dumps() == path.read_bytes()


def hidden(run: tuple[list[Any], Trace]) -> tuple[list[Any], Trace]:
    """Leave out the tokens, which the recording does not have."""
    results, trace = run
    return results, [step[:3] if b"access_token" in repr(step).encode() else step for step in trace]


def test_order_of_effects_is_compared_as_a_whole() -> None:
    steps: list[tuple[Any, ...]] = [
        ("uniform", 0.0, 2.0),
        ("GET", "/me"),
        ("sleep", 7.5),
        ("GET", "/me/bill"),
        ("clock",),
    ]
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "calls.cassette"
        recorded = run_sync(RecordTransport(Shaky(set(), 500), path), steps, KINDS["keys"])
        assert run_sync(ReplayTransport(path), steps, KINDS["keys"]) == recorded
        assert [step[0] for step in recorded[1]].count("sleep") == 1


@pytest.mark.parametrize("mode", ["once", "new", "all"])
def test_a_recording_that_goes_on_tells_the_truth(mode: str, tmp_path: Path) -> None:
    """The client sees what it would see without the recorder."""
    steps: list[tuple[Any, ...]] = [("GET", "/me"), ("sleep", 3.0), ("GET", "/nothing"), ("uniform", 0.0, 1.0)]
    plain: Trace = []
    shaky = Shaky({2}, 0)
    client = ovh.Client("ovh-eu", transport=traced(shaky, plain), **ACCESS_KEYS)
    results = []
    for step in steps:
        try:
            results.append(client.run(flow_of(step, calling(client))))
        except APIError as error:
            results.append(told(error))
    recorded = run_sync(RecordTransport(Shaky({2}, 0), tmp_path / "a.cassette", mode), steps, KINDS["keys"])
    assert recorded[0] == results
    assert recorded[1] == plain
