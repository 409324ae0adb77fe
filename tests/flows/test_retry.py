"""Retries: what the policy promises, over scripted outcomes."""

from __future__ import annotations

import asyncio
import itertools
import tempfile
import threading
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import ovhcore as ovh
from ovhcore import exceptions as exc
from ovhcore.flows import Clock, Flow, Send, Sleep, Uniform, run
from ovhcore.flows.events import CallEnded, Event, RetryScheduled
from ovhcore.flows.exchange import exchange, limited
from ovhcore.flows.resilience.after_failure import FailedAttempt, GiveUp, Policy, Wait, retry_after
from ovhcore.flows.resilience.retry import RetryPolicy, chosen_policy, retried
from ovhcore.flows.resilience.retry_budget import RetryBudget
from ovhcore.plugins import hookimpl
from ovhcore.protocol.clock import Now
from ovhcore.protocol.messages import Call, Request, Response, Timeout
from ovhcore.protocol.responses.attempts import Attempt
from ovhcore_transports import AsyncTransport, SyncTransport
from ovhcore_transports.recording import RecordTransport, ReplayTransport
from tests.profiles import tries
from tests.worlds import Scripted

KEYS: dict[str, Any] = {
    "application_key": "A" * 16,
    "application_secret": "canary-secret",
    "consumer_key": "canary-consumer",
}
NOW = Now(1_700_000_000.0, 50.0)


def request(method: str = "GET", **fields: Any) -> Request:
    return Request(method, "https://eu.api.ovh.com/1.0/me", **fields)


def failed(outcome: Any, method: str = "GET", attempt: int = 1, elapsed: float = 0.0, **fields: Any) -> FailedAttempt:
    asked = request(method, **fields)
    if isinstance(outcome, int):
        outcome = Response(outcome)
    if isinstance(outcome, Response):
        return FailedAttempt(asked, attempt, outcome, None, NOW, elapsed)
    if outcome.method is None:
        with pytest.raises(type(outcome)):  # as the exchange annotates it
            run(exchange(asked), Scripted(raising(outcome)))
    return FailedAttempt(asked, attempt, None, outcome, NOW, elapsed)


def raising(error: Exception) -> Callable[[Request], Response]:
    def respond(request: Request) -> Response:
        raise error

    return respond


def waits(decision: Wait | GiveUp) -> bool:
    return isinstance(decision, Wait)


MANY = settings(max_examples=tries(100, 5000))

# The policy by itself

NOT_SENT = [exc.ConnectError, exc.ConnectTimeout, exc.ProxyError, exc.PoolTimeout]
MAYBE_SENT = [exc.ReadTimeout, exc.ConnectionLost, exc.ProtocolError]


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE"])
def test_what_is_tried_again(method: str) -> None:
    policy, generous = RetryPolicy(), RetryPolicy(methods=("GET", "PUT", "DELETE"))
    for kind in NOT_SENT:
        assert waits(policy(failed(kind("no"), method)))
    assert waits(policy(failed(429, method)))
    for outcome in [*(kind("no") for kind in MAYBE_SENT), 408, 500, 502, 503, 504]:
        assert waits(policy(failed(outcome, method))) is (method == "GET")
        assert waits(generous(failed(outcome, method))) is (method != "POST")
    for outcome in [
        400,
        401,
        403,
        404,
        409,
        412,
        423,
        460,
        501,
        505,
        exc.TLSError("not trusted"),
        exc.TotalTimeout("too late"),
        exc.NoRecording("x"),
    ]:
        assert generous(failed(outcome, method)) == GiveUp()


def test_what_fails_on_the_way_is_tried_again_whatever_the_method() -> None:
    policy = RetryPolicy()
    for safe in (True, False):
        token = exc.OAuth2FailureError(
            "no", method="POST", url="https://www.ovh.com/auth/oauth2/token", retry_safe=safe
        )
        token.beforehand = True
        assert waits(policy(failed(token, "POST"))) is safe
    time = exc.ReadTimeout("no", method="GET", url="https://eu.api.ovh.com/1.0/auth/time", retry_safe=True)
    time.beforehand = True
    assert waits(policy(failed(time, "POST")))
    # What other middleware sends may come after the call itself.
    for kind in (exc.ReadTimeout, exc.ConnectTimeout):
        other = kind("no", method="GET", url="https://eu.api.ovh.com/1.0/other", retry_safe=True)
        assert policy(failed(other, "POST")) == GiveUp("POST may have been carried out")
        assert waits(policy(failed(other, "GET")))
        other.retry_safe = False
        assert policy(failed(other, "GET")) == GiveUp()
    own = exc.ReadTimeout("no", method="GET", url="https://eu.api.ovh.com/1.0/me", retry_safe=True)
    assert not waits(RetryPolicy(methods=[])(failed(own, "GET")))


@given(
    st.builds(
        RetryPolicy,
        attempts=st.integers(1, 1000),
        deadline=st.floats(0, 1000),
        base=st.floats(0, 100),
        longest=st.floats(0, 100),
        retry_after=st.floats(0, 500),
    ),
    st.integers(1, 1000),
    st.floats(0, 1000),
    st.none() | st.integers(0, 10**6),
    st.none() | st.floats(0, 1000),
)
def test_every_wait_is_within_its_bounds(
    policy: RetryPolicy, attempt: int, elapsed: float, asked: int | None, total: float | None
) -> None:
    fields = {} if asked is None else {"Retry-After": str(asked)}
    deadline = None if total is None else NOW.monotonic - elapsed + total
    decision = policy(failed(Response(503, fields), attempt=attempt, elapsed=elapsed, deadline=deadline))
    if isinstance(decision, GiveUp):
        late = elapsed + (asked or 0) >= min(policy.deadline, 1e9 if total is None else total) - 1e-6
        assert attempt >= policy.attempts or late or (asked or 0) > policy.retry_after
        return
    assert attempt < policy.attempts
    assert 0 <= decision.low <= decision.high
    assert decision.ends_by is not None
    assert NOW.monotonic + decision.high < decision.ends_by or decision.low == decision.high == 0
    if asked is None:
        assert decision.low == 0
        assert decision.high <= min(policy.longest, policy.base * 2.0 ** (attempt - 1))
    else:
        assert decision.low == asked <= policy.retry_after
        assert decision.high <= asked + policy.base


@pytest.mark.parametrize(
    ("text", "date", "seconds"),
    [
        ("7", None, 7.0),
        (" 7 ", None, 7.0),
        ("Tue, 14 Nov 2023 22:13:30 GMT", None, 10.0),
        ("Tue, 14 Nov 2023 22:13:30 GMT", "Tue, 14 Nov 2023 22:13:00 GMT", 30.0),
        ("Tue, 14 Nov 2023 22:13:30 GMT", "nonsense", 10.0),
        ("Tue, 14 Nov 2023 20:00:00 GMT", None, 0.0),
        ("-1", None, None),
        ("1.5", None, None),
        ("\u0661", None, None),
        ("soon", None, None),
        ("99999999999", None, None),
        (None, None, None),
    ],
)
def test_retry_after(text: str | None, date: str | None, seconds: float | None) -> None:
    fields = [(name, value) for name, value in (("retry-after", text), ("Date", date)) if value is not None]
    assert retry_after(Response(429, fields), 1_700_000_000.0) == seconds


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"attempts": 0}, "attempts must be a whole number from 1 to 1000, not 0"),
        ({"attempts": True}, "attempts must be"),
        ({"attempts": "3"}, "attempts must be"),
        ({"deadline": -1}, "deadline must be a number of seconds, not -1"),
        ({"base": float("nan")}, "base must be"),
        ({"longest": True}, "longest must be"),
        ({"retry_after": "5"}, "retry_after must be"),
        ({"methods": ["POST"]}, "methods may be GET, PUT, DELETE, not POST"),
        ({"methods": "PATCH"}, "methods may be"),
    ],
)
def test_policies_that_are_none(values: dict[str, Any], said: str) -> None:
    with pytest.raises(ovh.InvalidConfiguration, match=said):
        RetryPolicy(**values)


def test_policies_are_replaced_not_changed() -> None:
    policy = RetryPolicy(methods="PUT")
    assert policy.replacing(attempts=2) == RetryPolicy(2, methods=["PUT"])
    assert policy == RetryPolicy(methods=["PUT"])


# The budget


@given(st.integers(1, 20), st.lists(st.booleans(), max_size=200))
def test_a_budget_is_what_a_counter_says(size: int, steps: list[bool]) -> None:
    budget, halves = RetryBudget(size), 2 * size
    for take in steps:
        if take:
            assert budget.take() is (halves >= 2)
            halves -= 2 if halves >= 2 else 0
        else:
            budget.succeeded()
            halves = min(2 * size, halves + 1)
        assert budget.left == halves // 2


def test_a_budget_is_never_overdrawn_by_threads() -> None:
    budget = RetryBudget(100)
    begin = threading.Barrier(8)

    def take(_: int) -> int:
        begin.wait(60)
        return sum(budget.take() for _ in range(100))

    with ThreadPoolExecutor(8) as pool:
        taken = sum(pool.map(take, range(8)))
    # Who finds half of one gives it back; another may have missed it meanwhile.
    assert 93 <= taken <= 100
    assert taken + budget.left == 100


# State machines: any outcomes, on all drivers


class Outcome(NamedTuple):
    """What happens to a request: a status, or the name of an exception; whether it arrived; how long it takes."""

    what: int | str
    seconds: float
    after: str | None


OUTCOMES = st.builds(
    Outcome,
    st.sampled_from([200, 204, 400, 404, 408, 429, 429, 500, 502, 503, 503, 504])
    | st.sampled_from(["ConnectError", "ReadTimeout", "ConnectionLost", "PoolTimeout", "TLSError", "ProtocolError"]),
    st.floats(0, 20).map(lambda seconds: round(seconds * 64) / 64),
    st.none() | st.sampled_from(["0", "3", "59", "61", "Tue, 14 Nov 2023 22:14:00 GMT", "?"]),
)
POLICIES = st.builds(
    RetryPolicy,
    attempts=st.integers(1, 6),
    deadline=st.sampled_from([0, 1, 10, 60, 180]),
    methods=st.sets(st.sampled_from(["GET", "PUT", "DELETE"])),
    base=st.sampled_from([0, 0.5, 4]),
    longest=st.sampled_from([0, 2, 20]),
    retry_after=st.sampled_from([0, 5, 60]),
)


class Script:
    """Answers with outcomes in turn, the last one for ever; writes down what it is asked."""

    def __init__(self, outcomes: list[Outcome]) -> None:
        self.outcomes = outcomes
        self.now = Now(1_700_000_000.0, 1000.0)
        self.sent: list[tuple[float, Request, Outcome]] = []
        self.slept: list[float] = []
        self.drawn: list[tuple[float, float]] = []
        self.chance = itertools.cycle([0.0, 1.0, 0.5, 0.25])

    def pass_time(self, seconds: float) -> None:
        self.now = Now(self.now.wall + seconds, self.now.monotonic + seconds)

    def answer(self, request: Request) -> Response:
        outcome = self.outcomes[min(len(self.sent), len(self.outcomes) - 1)]
        self.sent.append((self.now.monotonic, request, outcome))
        limit = request.timeout and request.timeout.total
        if limit is not None and outcome.seconds > limit:
            self.pass_time(limit)
            raise exc.TotalTimeout("too late")
        self.pass_time(outcome.seconds)
        if isinstance(outcome.what, str):
            raise getattr(exc, outcome.what)("scripted")
        return Response(outcome.what, [("Retry-After", outcome.after)] if outcome.after else [], b"7")

    def sleep_for(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.pass_time(seconds)

    def draw(self, low: float, high: float) -> float:
        self.drawn.append((low, high))
        return low + (high - low) * next(self.chance)


class SyncScript(Script, SyncTransport):
    def __init__(self, outcomes: list[Outcome]) -> None:
        SyncTransport.__init__(self)
        Script.__init__(self, outcomes)

    def send(self, request: Request) -> Response:
        return self.answer(request)

    def sleep(self, seconds: float) -> None:
        self.sleep_for(seconds)

    def clock(self) -> Now:
        return self.now

    def uniform(self, low: float, high: float) -> float:
        return self.draw(low, high)


class AsyncScript(Script, AsyncTransport):
    def __init__(self, outcomes: list[Outcome]) -> None:
        AsyncTransport.__init__(self)
        Script.__init__(self, outcomes)

    async def send(self, request: Request) -> Response:
        await asyncio.sleep(0)
        return self.answer(request)

    async def sleep(self, seconds: float) -> None:
        self.sleep_for(seconds)

    def clock(self) -> Now:
        return self.now

    def uniform(self, low: float, high: float) -> float:
        return self.draw(low, high)


Result = tuple[Any, ...]


def result_of(call: Callable[[], Response]) -> Result:
    try:
        response = call()
    except exc.APIError as error:
        return (type(error), str(error), error.attempts, error.history)
    return (response.status, response.body, max(1, len(response.history)), response.history)


Arguments = dict[str, Any]


def sync_call(outcomes: list[Outcome], arguments: Arguments, method: str) -> tuple[Result, Script]:
    world = SyncScript(outcomes)
    client = ovh.Client("ovh-eu", transport=world, time_sync="off", **arguments, **KEYS)
    return result_of(lambda: client.raw_call(method, "/me")), world


def async_call(outcomes: list[Outcome], arguments: Arguments, method: str) -> tuple[Result, Script]:
    world = AsyncScript(outcomes)
    client = ovh.AsyncClient("ovh-eu", transport=world, time_sync="off", **arguments, **KEYS)
    return result_of(lambda: asyncio.run(client.raw_call(method, "/me"))), world


def replayed_call(outcomes: list[Outcome], arguments: Arguments, method: str) -> Result:
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "a.cassette"
        with RecordTransport(SyncScript(outcomes), path) as recorder:
            client = ovh.Client("ovh-eu", transport=recorder, time_sync="off", **arguments, **KEYS)
            recorded = result_of(lambda: client.raw_call(method, "/me"))
        with ReplayTransport(path) as replay:
            client = ovh.Client("ovh-eu", transport=replay, time_sync="off", **arguments, **KEYS)
            played = result_of(lambda: client.raw_call(method, "/me"))
    assert played == recorded
    return played


ARRIVED = {"ReadTimeout", "ConnectionLost", "ProtocolError", 200, 204, 408, 500, 502, 503, 504}


def check(result: Result, world: Script, policy: RetryPolicy, total: float | None, method: str) -> None:
    begun = world.sent[0][0]
    end = begun + min(policy.deadline, 1e9 if total is None else total)
    assert len(world.sent) <= policy.attempts
    # Never after it may have been done, unless the method may be repeated.
    for _, _, outcome in world.sent[:-1]:
        assert outcome.what != "TLSError"
        assert outcome.what not in (200, 204, 400, 404)
        if outcome.what in ARRIVED:
            assert method in policy.methods
    # Never past the deadline: neither begun nor going on.
    for when, asked, _ in world.sent[1:]:
        assert when < end
        assert asked.timeout is not None
        assert asked.timeout.total is not None
        assert when + asked.timeout.total <= end + 1e-6
    if len(world.sent) > 1:
        assert world.now.monotonic <= end + 1e-6
    # Every wait as drawn, within its bounds.
    assert len(world.slept) == len(world.drawn) == len(world.sent) - 1
    for number, (slept, (low, high), (_, _, outcome)) in enumerate(
        zip(world.slept, world.drawn, world.sent, strict=False)
    ):
        assert low <= slept <= high
        if outcome.after in ("0", "3", "59") and isinstance(outcome.what, int):
            assert int(outcome.after) == low <= policy.retry_after
        elif outcome.after is None:
            assert (low, high <= min(policy.longest, policy.base * 2**number)) == (0, True)
    # The history tells it all.
    made, history = result[-2:]
    assert made == len(world.sent)
    if made > 1:
        assert [attempt.number for attempt in history] == list(range(1, made + 1))
        for attempt, (_, _, outcome), waited in zip(history, world.sent, [0.0, *world.slept], strict=True):
            assert attempt.waited == waited
            if isinstance(outcome.what, int) and attempt.status is not None:
                assert attempt.status == outcome.what
            else:
                assert attempt.error is not None


@MANY
@given(
    st.lists(OUTCOMES, min_size=1, max_size=7),
    POLICIES,
    st.sampled_from(["GET", "POST", "PUT", "DELETE"]),
    st.none() | st.sampled_from([1.0, 30.0]),
)
def test_any_outcomes_on_all_drivers(
    outcomes: list[Outcome], policy: RetryPolicy, method: str, total: float | None
) -> None:
    arguments: Arguments = {"retry": policy}
    if total is not None:
        arguments["timeout"] = (5, 5, total)
    result, world = sync_call(outcomes, arguments, method)
    check(result, world, policy, total, method)
    again, other = async_call(outcomes, arguments, method)
    assert again == result
    assert [asked for _, asked, _ in other.sent] == [asked for _, asked, _ in world.sent]
    assert (other.slept, other.drawn) == (world.slept, world.drawn)
    played = replayed_call(outcomes, arguments, method)
    assert played[:3] == result[:3]
    assert [attempt[:4] for attempt in played[3]] == [attempt[:4] for attempt in result[3]]


# Several outcomes of several kinds in one call: the time, tokens and retries together


class Api(Script):
    """An API whose answers, time and tokens fail as scripted; it counts what it has carried out."""

    def __init__(self, outcomes: list[Outcome], skew: float) -> None:
        super().__init__(outcomes)
        self.skew = skew
        self.done = 0
        self.tokens = 0
        self.asked = 0
        self.valid = ""

    def answer(self, request: Request) -> Response:
        outcome = self.outcomes[len(self.sent)] if len(self.sent) < len(self.outcomes) else Outcome(200, 0, None)
        self.sent.append((self.now.monotonic, request, outcome))
        self.pass_time(min(outcome.seconds, 1.0))
        if isinstance(outcome.what, str) and outcome.what not in ARRIVED:
            raise getattr(exc, outcome.what)("scripted")
        if isinstance(outcome.what, int) and outcome.what in (429, 400, 404):
            return Response(outcome.what, {}, b"{}")
        response = self.processed(request)
        if isinstance(outcome.what, str):
            raise getattr(exc, outcome.what)("scripted")
        return response if outcome.what in (200, 204) else Response(outcome.what, {}, b"")

    def processed(self, request: Request) -> Response:
        server = int(self.now.wall + self.skew)
        if request.url.endswith("/auth/oauth2/token"):
            self.tokens += 1
            self.valid = f"token-{self.tokens}"
            return Response(200, {}, b'{"access_token": "%s", "expires_in": 20}' % self.valid.encode())
        if request.url.endswith("/auth/time"):
            self.asked += 1
            return Response(200, {}, str(server).encode())
        stamp = request.headers.get("x-ovh-timestamp")
        if stamp is not None and abs(int(stamp) - server) > 30:
            return Response(400, {}, b'{"errorCode": "QUERY_TIME_OUT", "message": "Query out of time"}')
        if stamp is None and request.headers.get("authorization") != f"Bearer {self.valid}":
            return Response(401, {}, b'{"class": "Client::Unauthorized", "message": "no"}')
        self.done += 1
        return Response(200, {}, b"7")


class SyncApi(Api, SyncTransport):
    def __init__(self, outcomes: list[Outcome], skew: float) -> None:
        SyncTransport.__init__(self)
        Api.__init__(self, outcomes, skew)

    send = Api.answer
    sleep = Script.sleep_for
    uniform = Script.draw

    def clock(self) -> Now:
        return self.now


class AsyncApi(Api, AsyncTransport):
    def __init__(self, outcomes: list[Outcome], skew: float) -> None:
        AsyncTransport.__init__(self)
        Api.__init__(self, outcomes, skew)

    async def send(self, request: Request) -> Response:
        return self.answer(request)

    async def sleep(self, seconds: float) -> None:
        self.sleep_for(seconds)

    uniform = Script.draw

    def clock(self) -> Now:
        return self.now


CREDENTIALS: dict[str, dict[str, Any]] = {
    "keys": dict(KEYS),
    "oauth2": {"client_id": "id", "client_secret": "canary-secret"},
}


@MANY
@given(
    st.lists(OUTCOMES, max_size=8),
    st.sampled_from([0.0, 5000.0, -86400.0]),
    st.sampled_from(["keys", "oauth2"]),
    st.sampled_from(["date", "server"]),
    st.lists(st.sampled_from(["GET", "POST"]), min_size=1, max_size=4),
    st.integers(1, 5),
)
def test_retries_time_and_tokens_together(
    outcomes: list[Outcome], skew: float, kind: str, mode: str, methods: list[str], attempts: int
) -> None:
    def calls(client: Any) -> Iterator[tuple[str, Callable[[], Any]]]:
        for method in methods:
            yield method, lambda method=method: client.call(method, "/me")  # type: ignore[misc]

    arguments = {"time_sync": mode, "retry": attempts, **CREDENTIALS[kind]}
    seen: list[list[Any]] = []
    for asynchronous in (False, True):
        world: Any = AsyncApi(outcomes, skew) if asynchronous else SyncApi(outcomes, skew)
        client: Any = (ovh.AsyncClient if asynchronous else ovh.Client)("ovh-eu", transport=world, **arguments)
        results: list[Any] = []
        for method, call in calls(client):
            before = (world.done, len(world.sent))
            try:
                value = asyncio.run(call()) if asynchronous else call()
            except exc.APIError as error:
                value = (type(error), str(error), error.attempts, getattr(error, "__notes__", []))
            assert "canary" not in repr(value)
            assert value == 7 or value[2] <= attempts
            done = world.done - before[0]
            results.append((value, done, len(world.sent) - before[1]))
            # Never a second POST after one may have been received.
            assert done <= 1 or method == "GET"
            assert done >= 1 or value != 7
            # Of each attempt: at most the time or a token before, a refusal, the same after, and the call itself.
            assert len(world.sent) - before[1] <= 5 * attempts
        seen.append([*results, world.slept, [(asked.method, asked.url) for _, asked, _ in world.sent]])
    assert seen[0] == seen[1]


# In a client


def answering(*outcomes: int | Exception) -> Scripted:
    left = list(outcomes)

    def respond(request: Request) -> Response:
        outcome = left.pop(0) if len(left) > 1 else left[0]
        if isinstance(outcome, Exception):
            raise outcome
        return Response(outcome, {"X-OVH-QUERYID": f"Q{outcome}"}, b"7" if outcome == 200 else b"")

    return Scripted(respond)


def test_the_error_says_how_many_attempts_were_made() -> None:
    world = answering(503, exc.ReadTimeout("silent"), 503)
    with pytest.raises(ovh.ServerError) as caught:
        ovh.Client("ovh-eu", transport=world, retry=3, **KEYS).get("/me")
    error = caught.value
    assert (error.attempts, len(error.history), len(world.sent)) == (3, 3, 3)
    assert error.history[1].error == "ReadTimeout: silent"
    assert [attempt.query_id for attempt in error.history] == ["Q503", None, "Q503"]
    (note,) = [note for note in error.__notes__ if "attempt" in note]
    assert note.startswith(
        "3 attempts were made; attempt 1: status 503 (after 0.00 s, query id Q503); attempt 2: waited "
    )
    assert note.endswith("and no other followed: 3 are allowed")
    assert world.sent[0].headers["x-ovh-signature"]


def test_errors_without_retries_say_nothing_of_them() -> None:
    for outcome in (404, exc.TLSError("not trusted")):
        with pytest.raises(ovh.APIError) as caught:
            ovh.Client("ovh-eu", transport=answering(outcome), **KEYS).get("/me")
        assert (caught.value.attempts, caught.value.history) == (1, ())
        assert not any("attempt" in note for note in caught.value.__notes__)


def test_every_attempt_is_signed_anew() -> None:
    world = answering(503, 503, 200)
    assert ovh.Client("ovh-eu", transport=world, retry=RetryPolicy(base=40, longest=100), **KEYS).get("/me") == 7
    stamps = [int(sent.headers["x-ovh-timestamp"]) for sent in world.sent]
    assert stamps[0] < stamps[2]


def test_responses_of_raw_call_have_their_history() -> None:
    response = ovh.Client("ovh-eu", transport=answering(503, 200), **KEYS).raw_call("GET", "/me")
    assert [attempt.status for attempt in response.history] == [503, 200]
    once = ovh.Client("ovh-eu", transport=answering(200), **KEYS).raw_call("GET", "/me")
    assert once.history == ()


def test_single_calls_have_their_own() -> None:
    world = answering(503)
    client = ovh.Client("ovh-eu", transport=world, retry=2, **KEYS)

    def sent(call: Callable[[], object]) -> int:
        before = len(world.sent)
        with pytest.raises(ovh.ServerError):
            call()
        return len(world.sent) - before

    assert sent(lambda: client.get("/me")) == 2
    assert sent(lambda: client.get("/me", _options={"retry": False})) == 1
    assert sent(lambda: client.get("/me", _options={"retry": 4})) == 4
    assert sent(lambda: client.get("/me", _options={"retry": True})) == 2
    assert sent(lambda: client.get("/me", _options={"retry": RetryPolicy(3)})) == 3
    assert sent(lambda: client.put("/me", name="x")) == 1
    assert sent(lambda: client.put("/me", name="x", _options={"retry_methods": "PUT"})) == 2
    assert sent(lambda: client.delete("/me", _options={"retry": 3, "retry_methods": ["delete"]})) == 3
    assert sent(lambda: client.post("/me", name="x", _options={"retry": 3})) == 1
    world.latency = 2.0
    assert sent(lambda: client.get("/me", _options={"retry_deadline": 1})) == 1
    assert sent(lambda: client.call("GET", "/me", options={"retry": 3})) == 3
    off = ovh.Client("ovh-eu", transport=world, retry=False, **KEYS)
    assert sent(lambda: off.get("/me")) == 1
    assert sent(lambda: off.get("/me", _options={"retry": 2})) == 2
    assert off.settings.retry is None


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"retries": 3}, "the options of a call have 'retries'; single calls may have: retry, retry_methods"),
        ({"cassette": "a"}, "the options of a call have 'cassette'"),
        ({"retry": "often"}, "retry of a call must be on, off, how often to try at most"),
        ({"retry": 0.5}, "retry of a call must be"),
        ({"retry": 1001}, "retry of a call must be"),
        ({"retry_methods": "POST"}, "retry_methods of a call: retry: methods may be GET, PUT, DELETE, not POST"),
        ({"retry_methods": 5}, "retry_methods of a call must be methods, as 'GET,PUT', not 5"),
        ({"retry_methods": [5]}, "retry_methods of a call must be methods"),
        ({"retry_deadline": "soon"}, "retry_deadline of a call must be a number of seconds above 0, not 'soon'"),
        ([("retry", 1)], "the options of a call must be a mapping"),
    ],
)
def test_options_of_a_call_that_are_wrong(options: Any, said: str) -> None:
    world = answering(200)
    with pytest.raises(ovh.InvalidRequest, match=said):
        ovh.Client("ovh-eu", transport=world, **KEYS).get("/me", _options=options)
    assert not world.sent


def test_options_of_asynchronous_calls() -> None:
    async def main() -> None:
        world = AsyncScript([Outcome(503, 0, None)])
        client = ovh.AsyncClient("ovh-eu", transport=world, **KEYS)
        with pytest.raises(ovh.ServerError):
            await client.get("/me", _options={"retry": 2})
        assert len(world.sent) == 2

    asyncio.run(main())


@pytest.mark.parametrize(
    ("retry", "policy"),
    [
        ("off", None),
        ("0", None),
        ("no", None),
        ("on", RetryPolicy()),
        ("true", RetryPolicy()),
        ("3", RetryPolicy(3)),
        ("1", RetryPolicy(1)),
        (" ON ", RetryPolicy()),
    ],
)
def test_retry_in_the_environment_and_in_files(
    retry: str, policy: RetryPolicy | None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("OVH_RETRY", retry)
    assert ovh.Client(transport="sandbox").settings.retry == policy
    monkeypatch.delenv("OVH_RETRY")
    file = tmp_path / "ovh.conf"
    file.write_text(f"[default]\nretry = {retry}\nretry_methods = get, put\nretry_deadline = 9\n")
    monkeypatch.setattr("ovhcore.config.settings_sources.CONFIG_FILES", (str(file),))
    wanted = policy and policy.replacing(methods=("GET", "PUT"), deadline=9.0)
    assert ovh.Client(transport="sandbox").settings.retry == wanted
    assert ovh.Client(transport="sandbox", retry=7).settings.retry == RetryPolicy(7, 9.0, ("GET", "PUT"))
    mine = RetryPolicy(4)
    assert ovh.Client(transport="sandbox", options={"retry": mine, "retry_deadline": 5}).settings.retry == RetryPolicy(
        4, 5.0, ("GET", "PUT")
    )


def test_a_broken_api_is_not_hammered() -> None:
    world = answering(503)
    client = ovh.Client("ovh-eu", transport=world, retry=RetryPolicy(5), **KEYS)
    errors = []
    for _ in range(200):
        with pytest.raises(ovh.ServerError) as caught:
            client.get("/me")
        errors.append(caught.value)
    # 200 calls and the 100 retries of the budget, not 1,000.
    assert len(world.sent) == 300
    assert errors[-1].attempts == 1
    assert errors[-1].history[0].stopped == "the retry budget of this client is used up"
    assert "1 attempt was made; attempt 1: status 503" in "".join(errors[-1].__notes__)
    # It fills with successes.
    world.respond = answering(200).respond
    for _ in range(4):
        client.get("/me")
    world.respond = answering(503, 503, 200).respond
    assert client.get("/me") == 7


def test_budgets_are_used_up_by_failures_without_answers_too() -> None:
    client = ovh.Client("ovh-eu", transport=answering(exc.ConnectError("no")), retry=200, **KEYS)
    with pytest.raises(ovh.ConnectError) as caught:
        client.get("/me", _options={"retry": RetryPolicy(200, 1e6, longest=0)})
    assert caught.value.attempts == 101


def test_sleeping_longer_than_asked_ends_it() -> None:
    class Oversleeps(Scripted):
        def sleep(self, seconds: float) -> None:
            super().sleep(seconds + 1000 if seconds else 0.0)

    for outcome, kind in ((503, ovh.ServerError), (exc.ConnectError("no"), ovh.ConnectError)):
        world = Oversleeps(answering(outcome).respond)
        world.uniform = lambda low, high: high  # type: ignore[method-assign]
        with pytest.raises(kind) as caught:
            ovh.Client("ovh-eu", transport=world, **KEYS).get("/me")
        assert (len(world.sent), caught.value.attempts) == (1, 1)
        assert caught.value.history[0].stopped == "the time for the call was over after the wait"


def test_observers_are_told_of_retries() -> None:
    events: list[Event] = []

    class Watch:
        @hookimpl
        def ovhcore_observer(self, settings: Any) -> Any:
            return events.append

    client = ovh.Client("ovh-eu", transport=answering(503, 200), plugins=[Watch()], **KEYS)
    client.get("/me", token="canary")
    names = [type(event).__name__ for event in events]
    assert names == [
        "CallStarted",
        "RequestSent",
        "ResponseReceived",
        "RetryScheduled",
        "RequestSent",
        "ResponseReceived",
        "CallEnded",
    ]
    (retry,) = [event for event in events if isinstance(event, RetryScheduled)]
    assert (retry.call, retry.failed.status) == (1, 503)
    assert retry.url == "https://eu.api.ovh.com/1.0/me?token=<redacted>"
    assert 0 <= retry.wait <= 0.5
    ended = events[-1]
    assert isinstance(ended, CallEnded)
    assert (ended.attempts, ended.status, ended.query_id, ended.call) == (2, 200, "Q200", 1)
    assert "canary" not in repr(events)


# The hook


NO_END = (180, 180, None)


class Chosen:
    def __init__(self, policy: Policy | None) -> None:
        self.policy = policy

    @hookimpl
    def ovhcore_retry_policy(self, settings: Any) -> Policy | None:
        return self.policy


def test_ovhcore_retry_policy_replaces_the_built_in_one() -> None:
    world = answering(404, 404, 200)
    seen: list[FailedAttempt] = []

    def patient(failed: FailedAttempt) -> Wait | GiveUp:
        seen.append(failed)
        return Wait(1.0, 2.0) if failed.response is not None and failed.response.status == 404 else GiveUp()

    client = ovh.Client(
        "ovh-eu", transport=world, plugins=[Chosen(RetryPolicy(1)), Chosen(patient)], timeout=NO_END, **KEYS
    )
    assert client.settings.retry is patient
    assert client.post("/me", x=1) == 7
    assert [failure.attempt for failure in seen] == [1, 2]
    assert world.sent[1].timeout is None
    assert 2 <= world.monotonic <= 4
    assert ovh.Client("ovh-eu", plugins=[Chosen(None)], **KEYS).settings.retry == RetryPolicy()
    world.respond = answering(503).respond
    with pytest.raises(ovh.ServerError) as caught:
        client.get("/me", _options={"retry": 2})
    assert caught.value.attempts == 2
    with pytest.raises(ovh.InvalidRequest, match="retry_deadline cannot be set for a retry policy that is not a Retry"):
        client.get("/me", _options={"retry_deadline": 2})


def test_what_the_user_says_comes_before_plugins(monkeypatch: pytest.MonkeyPatch) -> None:
    def policy(**arguments: Any) -> Policy | None:
        plugins = [Chosen(lambda failed: GiveUp())]
        return ovh.Client("ovh-eu", plugins=plugins, **arguments, **KEYS).settings.retry

    assert policy(retry=False) is None
    assert policy(retry=3) == RetryPolicy(3)
    monkeypatch.setenv("OVH_RETRY", "off")
    assert policy() is None
    assert policy(retry=2) == RetryPolicy(2)
    monkeypatch.setenv("OVH_RETRY_METHODS", "PUT")
    assert policy() is None
    monkeypatch.delenv("OVH_RETRY")
    with pytest.raises(ovh.InvalidConfiguration, match="retry_methods cannot be set"):
        policy()


def test_what_must_not_be_tried_again_says_so() -> None:
    for outcome in (503, exc.ReadTimeout("silent")):
        with pytest.raises(ovh.APIError) as caught:
            ovh.Client("ovh-eu", transport=answering(outcome), **KEYS).put("/me", name="x")
        assert caught.value.attempts == 1
        assert caught.value.history[0].stopped == "PUT may have been carried out"


def test_a_policy_that_answers_otherwise() -> None:
    client = ovh.Client("ovh-eu", transport=answering(503), plugins=[Chosen(lambda failed: True)], **KEYS)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match=r"a retry policy returns Wait\(low, high\) or GiveUp\(why\), not bool"):
        client.get("/me")


def test_without_the_plugin_nothing_is_tried_again() -> None:
    world = answering(503)
    client = ovh.Client("ovh-eu", transport=world, disabled_plugins=["retry"], **KEYS)
    with pytest.raises(ovh.ServerError):
        client.get("/me")
    assert len(world.sent) == 1
    assert ovh.Client("ovh-eu", disabled_plugins=["retry"], retry=False, **KEYS).settings.retry is None
    # What a program says does not matter where whoever runs it has switched the plugin off.
    assert ovh.Client("ovh-eu", disabled_plugins=["retry"], retry=3, **KEYS).settings.retry is None
    with pytest.raises(ovh.ServerError):
        client.get("/me", _options={"retry": 3, "retry_methods": "PUT"})
    assert len(world.sent) == 2
    with pytest.raises(ovh.InvalidRequest, match="single calls may have: check"):
        client.get("/me", _options={"retries": 1})
    for options in ([("a", "canary")], 5):
        with pytest.raises(ovh.InvalidConfiguration, match=r"options must be a mapping, .*, not (list|int)") as caught:
            ovh.Client("ovh-eu", retry=3, options=options, **KEYS)  # type: ignore[arg-type]
        assert "canary" not in str(caught.value)


def test_a_post_that_was_answered_is_not_sent_again_for_what_comes_after_it() -> None:
    class Follows:
        @hookimpl(trylast=True)
        def ovhcore_middleware(self, settings: Any) -> Any:
            def middleware(handler: Any) -> Any:
                def handle(asked: Request) -> Flow[Response]:
                    yield from handler(asked)
                    response: Response = yield from handler(Request("GET", "https://eu.api.ovh.com/1.0/after"))
                    return response

                return handle

            return middleware

    class Ships:
        @hookimpl
        def ovhcore_observer(self, settings: Any) -> Any:
            def observe(event: Event) -> None:
                if type(event).__name__ == "ResponseReceived":
                    raise exc.ConnectTimeout("metrics are away")

            return observe

    def respond(asked: Request) -> Response:
        if asked.url.endswith("/after"):
            raise exc.ConnectTimeout("no")
        return Response(200, {}, b"7")

    world = Scripted(respond)
    with pytest.raises(exc.ConnectTimeout):
        ovh.Client("ovh-eu", transport=world, plugins=[Follows()], **KEYS).post("/me", x=1)
    assert [asked.method for asked in world.sent] == ["POST", "GET"]
    world = answering(200)
    with pytest.raises(RuntimeError, match="An observer failed at ResponseReceived: plugin test_retry"):
        ovh.Client("ovh-eu", transport=world, plugins=[Ships()], strict_observers=True, **KEYS).post("/me", x=1)
    assert len(world.sent) == 1


@pytest.mark.parametrize("recorded_at", ["quiet", "watched"])
def test_a_replay_comes_out_the_same_whoever_watches(recorded_at: str, tmp_path: Path) -> None:
    class Watch:
        @hookimpl
        def ovhcore_observer(self, settings: Any) -> Any:
            return lambda event: None

    def call(transport: Any, watched: bool) -> Any:
        plugins = [Watch()] if watched else []
        client = ovh.Client("ovh-eu", transport=transport, plugins=plugins, **KEYS)
        response = client.raw_call("GET", "/me")
        return response.status, response.history

    outcomes = [Outcome(503, 0.5, "55")] * 4 + [Outcome(200, 0.25, None)]
    path = tmp_path / "a.cassette"
    with RecordTransport(SyncScript(outcomes), path) as recorder:
        recorded = call(recorder, recorded_at == "watched")
    assert recorded[0] == 200
    for watched in (False, True):
        with ReplayTransport(path) as replay:
            assert call(replay, watched) == recorded


def test_the_calls_own_total_timeout_holds_whatever_the_policy() -> None:
    world = answering(423)
    client = ovh.Client("ovh-eu", transport=world, retry=lambda failed: Wait(5, 10), **KEYS)
    with pytest.raises(ovh.ResourceLocked) as caught:
        client.get("/me", _timeout=(1, 1, 2))
    assert world.monotonic == 0
    assert caught.value.history[0].stopped == "the time for the call is over, or would be after the wait"
    world.uniform = lambda low, high: high  # type: ignore[method-assign]
    with pytest.raises(ovh.ResourceLocked) as caught:
        client.get("/me", _timeout=(1, 1, 12))
    assert world.monotonic < 12
    assert caught.value.attempts == 2


def test_a_wait_without_an_end_takes_the_earlier_end_away() -> None:
    world = answering(503, 423, 200)
    usual = RetryPolicy(deadline=20)

    def patient(failed: FailedAttempt) -> Wait | GiveUp:
        locked = failed.response is not None and failed.response.status == 423
        return Wait(60, 60) if locked else usual(failed)

    assert ovh.Client("ovh-eu", transport=world, retry=patient, timeout=NO_END, **KEYS).get("/me") == 7
    assert world.sent[2].timeout is None


@pytest.mark.parametrize("wait", [Wait(-1, 1), Wait(2, 1), Wait(0, float("inf")), Wait(float("nan"), 1)])
def test_waits_that_are_none(wait: Wait) -> None:
    client = ovh.Client("ovh-eu", transport=answering(503), retry=lambda failed: wait, **KEYS)
    with pytest.raises(ValueError, match="its bounds are seconds, 0 <= low <= high"):
        client.get("/me")


def test_answers_that_are_errors_show_that_the_api_is_well() -> None:
    world = answering(503)
    client = ovh.Client("ovh-eu", transport=world, **KEYS)
    for _ in range(30):
        with pytest.raises(ovh.ServerError):
            client.get("/me")
    world.respond = answering(404).respond
    for _ in range(2):
        with pytest.raises(ovh.ResourceNotFoundError):
            client.get("/me")
    world.respond = answering(503, 200).respond
    assert client.get("/me") == 7


# By itself, for whoever drives flows


def test_middleware_by_itself() -> None:
    handler = limited(retried(None)(exchange), Timeout(1, 1))
    world = answering(503)
    assert run(handler(request()), world).status == 503
    policy = {"retry": RetryPolicy(2, base=0)}
    assert run(handler(request(call=Call(0, policy))), world).status == 503
    assert len(world.sent) == 3
    assert chosen_policy(None, {"retry": True}) == RetryPolicy()
    assert chosen_policy(None, {"retry_methods": {"PUT"}, "retry_deadline": 1}) is None


def test_a_flow_that_is_left_while_it_waits() -> None:
    flow: Flow[Response] = retried(RetryPolicy())(exchange)(request())
    assert isinstance(flow, Generator)
    assert isinstance(next(flow), Clock)
    assert isinstance(flow.send(NOW), Send)
    assert isinstance(flow.send(Response(503)), Clock)
    assert isinstance(flow.send(NOW), Uniform)
    assert isinstance(flow.send(0.25), Sleep)
    flow.close()


def test_chance_that_is_out_of_bounds_is_brought_back() -> None:
    world = answering(503, 200)
    world.uniform = lambda low, high: -5.0  # type: ignore[method-assign]
    assert ovh.Client("ovh-eu", transport=world, **KEYS).get("/me") == 7


def test_attempts_print() -> None:
    assert str(Attempt(1, 503, None, "Q", 0.25, 0.0)) == "attempt 1: status 503 (after 0.25 s, query id Q)"
    assert str(Attempt(2, None, "ReadTimeout: no", None, 1, 2, "why")) == (
        "attempt 2: waited 2.00 s, then ReadTimeout: no (after 1.00 s), and no other followed: why"
    )


def test_calls_and_settings_are_told_apart() -> None:
    assert hash(Call(1, {"retry": [1]})) == hash(Call(1, {"retry": [2]}))
    assert Call(1, {"retry": [1]}) != Call(1, {"retry": [2]})
    one, other = (ovh.Client("ovh-eu", disabled_plugins=["logging"], **KEYS).settings for _ in range(2))
    assert one == other
    assert hash(one) == hash(other)


def test_a_wait_beyond_what_is_allowed_is_given_up() -> None:
    decision = RetryPolicy(retry_after=60)(failed(Response(503, {"Retry-After": "61"})))
    assert decision == GiveUp("the API asks to wait 61 s, more than the 60 s allowed")
