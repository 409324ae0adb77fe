"""What must hold whatever happens: clocks that are wrong, an API that fails, many who need one token."""

from __future__ import annotations

import asyncio
import threading
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import ovhcore as ovh
from ovhcore import exceptions as exc
from ovhcore.flows.resilience.retry import RetryPolicy
from ovhcore.flows.resilience.retry_budget import RetryBudget
from ovhcore.plugins import builtin
from ovhcore.protocol.clock import Now
from ovhcore.protocol.messages import Request, Response, Timeout
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
from tests.profiles import tries

pytestmark = pytest.mark.untraced  # What runs together here has tests of its own; tracing would take as long again.

T = TypeVar("T")
RECORDS = "/domain/zone/{zoneName}/record"
POSTED = ("POST", "/domain/zone/example.com/record")
GOT = ("GET", "/me")
TOKENS = ("POST", "/auth/oauth2/token")
PATIENCE = Timeout(5, 5)


def record(name: int) -> dict[str, Any]:
    return {"zoneName": "example.com", "fieldType": "A", "target": "192.0.2.1", "subDomain": f"host-{name}"}


def made(box: Sandbox) -> Counter[str]:
    """Return how often each record was made."""
    names = Counter(one["subDomain"] for one in box.resources["records"] if one["subDomain"].startswith("host-"))
    assert names.total() == box.executed[POSTED]
    return names


# Clocks

TOLERANCE = 180
DAY = 86400.0

Skew = st.floats(-DAY, DAY)
Steps = st.lists(
    st.one_of(
        st.tuples(st.just("get"), st.just(0.0)),
        st.tuples(st.just("post"), st.just(0.0)),
        st.tuples(st.just("pass"), st.floats(0, 7200)),
        st.tuples(st.just("drift"), st.floats(-600, 600)),  # seconds per hour
        st.tuples(st.just("jump"), Skew),
    ),
    max_size=12,
)
Mode = st.sampled_from(["date", "server"])
DRIFTING = [("get", 0.0), ("drift", 300.0), *[("pass", 1800.0), ("post", 0.0)] * 5]
JUMPING = [("post", 0.0), ("jump", DAY), ("post", 0.0), ("jump", -DAY), ("post", 0.0), ("get", 0.0)]


class Session:
    """Steps of a session with a clock that goes wrong; counts what each call costs."""

    def __init__(self, client: Any, transport: Any) -> None:
        self.client = client
        self.transport = transport
        self.box: Sandbox = transport.sandbox
        self.posts = 0

    async def walk(self, steps: list[tuple[str, float]], sleep: Callable[[float], Awaitable[None]]) -> None:
        for kind, value in [("get", 0.0), *steps, ("post", 0.0), ("get", 0.0)]:
            if kind == "pass":
                await sleep(value)
            elif kind == "drift":
                self.transport.set_clock(drift=value)
            elif kind == "jump":
                self.transport.set_clock(skew=value)
            else:
                await self.call(kind)
        assert made(self.box) == {f"host-{number}": 1 for number in range(self.posts)}

    async def call(self, kind: str) -> None:
        time = self.client._ovhcore.auth.time
        first = time.must_ask  # mode "server" asks once
        wrong = abs(self.transport.skew - time.state.offset)
        before = self.box.received
        if kind == "post":
            done = self.client.post(RECORDS, **record(self.posts))
            self.posts += 1
        else:
            done = self.client.get("/me")
        if isinstance(done, Awaitable):
            await done
        cost = self.box.received - before
        asked = cost.pop(("GET", "/auth/time"), 0)
        assert asked == int(first)
        # Timestamps are whole seconds, hence the two that are left out.
        if first or wrong < TOLERANCE - 1:
            assert cost.total() == 1
        elif wrong > TOLERANCE + 1:
            assert cost.total() == 2
        else:
            assert cost.total() in (1, 2)


@given(Mode, Skew, Steps)
@example("date", -DAY, DRIFTING)
@example("server", DAY, DRIFTING)
@example("date", 0.0, JUMPING)
@example("server", 0.0, JUMPING)
def test_a_wrong_clock_costs_one_request_for_each_correction(
    mode: str, skew: float, steps: list[tuple[str, float]]
) -> None:
    transport = SandboxTransport(start=1_767_225_600.0, skew=skew)

    async def sleep(seconds: float) -> None:
        transport.sleep(seconds)

    client = ovh.Client("ovh-eu", transport=transport, time_sync=mode, retry=False, **ACCESS_KEYS)
    try:
        Session(client, transport).walk(steps, sleep).send(None)
    except StopIteration:
        return
    raise AssertionError("somebody waited")


@given(Mode, Skew, Steps)
@example("date", -DAY, DRIFTING)
@example("server", DAY, JUMPING)
def test_a_wrong_clock_costs_tasks_no_more(mode: str, skew: float, steps: list[tuple[str, float]]) -> None:
    async def main() -> None:
        transport = AsyncSandboxTransport(start=1_767_225_600.0, skew=skew)
        async with ovh.AsyncClient("ovh-eu", transport=transport, time_sync=mode, retry=False, **ACCESS_KEYS) as client:
            await Session(client, transport).walk(steps, transport.sleep)

    asyncio.run(main())


class SetOnTheWay(SandboxTransport):
    """Somebody sets the clock while one request is on its way."""

    at = -1
    to = 0.0
    after = False
    exchanges = 0

    def send(self, request: Request) -> Response:
        hit, self.exchanges = self.exchanges == self.at, self.exchanges + 1
        if hit and not self.after:
            self.set_clock(skew=self.to)
        response = super().send(request)
        if hit and self.after:
            self.set_clock(skew=self.to)
        return response


@given(Mode, Skew, Skew, st.integers(0, 6), st.booleans())
def test_a_clock_that_is_set_while_a_request_is_on_its_way(
    mode: str, skew: float, to: float, at: int, after: bool
) -> None:
    transport = SetOnTheWay(start=1_767_225_600.0, skew=skew)
    transport.at, transport.to, transport.after = at, to, after
    client = ovh.Client("ovh-eu", transport=transport, time_sync=mode, retry=False, **ACCESS_KEYS)
    for number in range(8):
        before = transport.exchanges
        client.post(RECORDS, **record(number))
        # An answer during which the clock was set tells nothing of it: then the time is asked for, too.
        hit = before <= at < transport.exchanges
        assert transport.exchanges - before <= (3 if hit else 2)
    assert made(transport.sandbox) == {f"host-{number}": 1 for number in range(8)}
    before = transport.exchanges
    client.get("/me")
    assert transport.exchanges - before == 1


# An API that fails


class Watched(RetryBudget):
    """A budget that remembers how low it was."""

    all: list[Watched]

    def __init__(self, size: int = 100) -> None:
        super().__init__(size)
        self.lowest = self.left
        self.all.append(self)

    def take(self) -> bool:
        taken = super().take()
        self.lowest = min(self.lowest, self.left)
        return taken


@pytest.fixture
def budgets(monkeypatch: pytest.MonkeyPatch) -> list[Watched]:
    """Return the budgets of the clients that are made from now on."""
    Watched.all = []
    monkeypatch.setattr(builtin, "RetryBudget", Watched)
    return Watched.all


class Posts:
    """What became of POST requests."""

    def __init__(self, box: Sandbox) -> None:
        self.box = box
        self.succeeded: list[int] = []
        self.failed: dict[int, exc.APIError] = {}

    def post(self, client: ovh.Client, number: int) -> None:
        try:
            client.post(RECORDS, **record(number))
        except exc.APIError as error:
            self.failed[number] = error
        else:
            self.succeeded.append(number)

    async def apost(self, client: ovh.AsyncClient, number: int) -> None:
        try:
            await client.post(RECORDS, **record(number))
        except exc.APIError as error:
            self.failed[number] = error
        else:
            self.succeeded.append(number)

    def check(self, count: int) -> None:
        """Say that none was carried out twice, and each that succeeded once."""
        times = made(self.box)
        assert len(self.succeeded) + len(self.failed) == count
        assert set(times.values()) == {1}
        assert all(times[f"host-{number}"] == 1 for number in self.succeeded)
        in_vain = Counter(times[f"host-{number}"] for number, error in self.failed.items())
        assert in_vain[1] > count / 20  # whoever sent these again would have done them twice
        assert len(self.succeeded) > count / 2
        for number, error in self.failed.items():
            if not error.may_have_arrived or error.status in (429, 503):
                assert times[f"host-{number}"] == 0
            else:
                assert times[f"host-{number}"] == 1 or isinstance(error, exc.ConnectionLost)


def each(threads: int, job: Callable[[int], object], count: int) -> None:
    """Do a job for each number, in so many threads."""
    if threads == 1:
        for number in range(count):
            job(number)
        return
    with ThreadPoolExecutor(threads) as pool:
        for done in [pool.submit(job, number) for number in range(count)]:
            done.result()


@pytest.mark.once
@pytest.mark.parametrize("threads", [1, 16])
def test_an_api_that_fails_three_times_in_ten(threads: int, budgets: list[Watched]) -> None:
    box = Sandbox(faults=Faults(0.3, seed=1))
    transport = SandboxTransport(box, timeout=PATIENCE)
    # The time that one thread waits passes for all of them, so that the end of a call would come too early.
    policy: Any = 12 if threads == 1 else RetryPolicy(attempts=12, deadline=1e6)
    client = ovh.Client("ovh-eu", transport=transport, retry=policy, timeout=(5, 5, None), **ACCESS_KEYS)
    # Each has a query of its own, so that each meets the same failures whichever thread comes first.
    each(threads, lambda number: client.get("/me/bill", orderId=number), tries(3000, 10_000))
    assert set(box.failed) == set(Faults().kinds)
    assert 0.28 < box.failed.total() / (box.received["GET", "/me/bill"] + box.failed[Failure.REFUSED]) < 0.32
    (budget,) = budgets
    assert budget.lowest > 30  # at most one retry for two successes: it lasts up to a third of failures
    posts = Posts(box)
    each(threads, lambda number: posts.post(client, number), 1000)
    posts.check(1000)
    assert budget.lowest > 30


def test_requests_for_the_time_may_fail_as_often(budgets: list[Watched]) -> None:
    transport = SandboxTransport(Sandbox(faults=Faults(0.3, seed=2)), timeout=PATIENCE)
    client = ovh.Client("ovh-eu", transport=transport, retry=12, timeout=5, time_sync="server", **ACCESS_KEYS)
    each(1, lambda number: client.get("/me/bill", orderId=number), 1000)
    assert transport.sandbox.executed["GET", "/auth/time"] >= 1
    assert budgets[0].lowest > 30


def test_the_budget_bounds_what_is_sent_to_an_api_that_is_down(budgets: list[Watched]) -> None:
    box = Sandbox(faults=Faults(1))
    client = ovh.Client("ovh-eu", transport=SandboxTransport(box, timeout=PATIENCE), retry=12, timeout=5, **ACCESS_KEYS)
    for number in range(200):
        with pytest.raises(exc.APIError):
            client.get("/me/bill", orderId=number)
    assert box.failed.total() == 200 + 100
    assert budgets[0].left == 0


def test_tasks_and_an_api_that_fails(budgets: list[Watched]) -> None:
    async def main() -> None:
        box = Sandbox(faults=Faults(0.3, seed=3))
        transport = AsyncSandboxTransport(box, timeout=PATIENCE)
        async with ovh.AsyncClient("ovh-eu", transport=transport, retry=12, timeout=5, **ACCESS_KEYS) as client:
            await many_tasks(100, lambda number: client.get("/me/bill", orderId=number), 2000)
            posts = Posts(box)
            await many_tasks(100, lambda number: posts.apost(client, number), 500)
            posts.check(500)
        assert set(box.failed) == set(Faults().kinds)
        assert budgets[0].lowest > 30

    asyncio.run(main())


async def many_tasks(tasks: int, job: Callable[[int], Awaitable[object]], count: int) -> None:
    """Do a job for each number, in so many tasks."""
    numbers = iter(range(count))

    async def work() -> None:
        for number in numbers:
            await job(number)

    await asyncio.gather(*(work() for _ in range(tasks)))


QUICK = RetryPolicy(attempts=12, base=0.001, longest=0.005)


@pytest.fixture
def failing_server() -> Iterator[Any]:
    # One that is silent would need a timeout that a busy machine may exceed with any other.
    kinds = [kind for kind in Faults().kinds if kind is not Failure.SILENT]
    with serve(Sandbox(faults=Faults(0.3, seed=4, retry_after=0, kinds=kinds))) as server:
        yield server


def test_threads_and_a_server_that_fails(failing_server: Any, budgets: list[Watched]) -> None:
    pytest.importorskip("urllib3")
    box: Sandbox = failing_server.sandbox
    with ovh.Client(
        failing_server.url, transport="urllib3", proxy="none", retry=QUICK, timeout=60, **ACCESS_KEYS
    ) as client:
        each(8, lambda number: client.get("/me/bill", orderId=number), 300)
        posts = Posts(box)
        each(8, lambda number: posts.post(client, number), 200)
    posts.check(200)
    assert set(box.failed) == set(Faults().kinds) - {Failure.SILENT}
    assert budgets[0].lowest > 30


def test_tasks_and_a_server_that_fails(failing_server: Any, budgets: list[Watched]) -> None:
    pytest.importorskip("aiohttp")
    box: Sandbox = failing_server.sandbox

    async def main() -> None:
        async with ovh.AsyncClient(
            failing_server.url, transport="aiohttp", proxy="none", retry=QUICK, timeout=60, **ACCESS_KEYS
        ) as client:
            await many_tasks(20, lambda number: client.get("/me/bill", orderId=number), 300)
            posts = Posts(box)
            await many_tasks(20, lambda number: posts.apost(client, number), 200)
        posts.check(200)

    asyncio.run(main())
    assert set(box.failed) == set(Faults().kinds) - {Failure.SILENT}
    assert budgets[0].lowest > 30


# Tokens


class Later:
    """The clock of a transport, set forward: a token comes near its end without anybody waiting."""

    def __init__(self, transport: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        self.seconds = 0.0
        self._clock: Callable[[], Now] = transport.clock
        monkeypatch.setattr(transport, "clock", self.read)

    def read(self) -> Now:
        now = self._clock()
        return Now(now.wall, now.monotonic + self.seconds)


LIFETIME = 3600
MANY = 200


def account(server: Any) -> dict[str, Any]:
    return {
        "endpoint": server.url,
        "client_id": CLIENT_ID,
        "client_secret": CLIENT_SECRET,
        "token_url": server.token_url,
        "proxy": "none",
    }


def requested(box: Sandbox) -> int:
    """Return how many tokens were asked for."""
    assert box.executed[TOKENS] == box.received[TOKENS]
    return box.executed[TOKENS]


def test_two_hundred_threads_renew_one_token(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("urllib3")
    box = Sandbox(token_lifetime=LIFETIME)
    with serve(box) as server, ovh.Client(transport="urllib3", retry=False, **account(server)) as client:
        later = Later(client._ovhcore.transport, monkeypatch)
        with ThreadPoolExecutor(MANY) as pool:

            def all_at_once() -> None:
                gate = threading.Barrier(MANY)

                def call(_: int) -> Any:
                    gate.wait(60)
                    return client.get("/me")

                assert len(list(pool.map(call, range(MANY)))) == MANY

            all_at_once()
            assert requested(box) == 1
            later.seconds += LIFETIME - 20
            all_at_once()
            assert requested(box) == 1
            later.seconds += 15  # still valid, but not for long
            all_at_once()
            assert requested(box) == 2
            before = box.received[GOT]
            box.revoke_tokens()
            all_at_once()
            assert requested(box) == 3
            assert box.received[GOT] - before <= 2 * MANY
        assert box.executed[GOT] == 4 * MANY


def test_two_hundred_tasks_renew_one_token(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("aiohttp")
    box = Sandbox(token_lifetime=LIFETIME)

    async def main(server: Any) -> None:
        async with ovh.AsyncClient(transport="aiohttp", retry=False, **account(server)) as client:
            later = Later(client._ovhcore.transport, monkeypatch)

            async def all_at_once() -> None:
                await asyncio.gather(*(client.get("/me") for _ in range(MANY)))

            await all_at_once()
            assert requested(box) == 1
            later.seconds += LIFETIME - 20
            await all_at_once()
            assert requested(box) == 1
            later.seconds += 15
            await all_at_once()
            assert requested(box) == 2
            before = box.received[GOT]
            box.revoke_tokens()
            await all_at_once()
            assert requested(box) == 3
            assert box.received[GOT] - before <= 2 * MANY
        assert box.executed[GOT] == 4 * MANY

    with serve(box) as server:
        asyncio.run(main(server))


def first_fails(failure: Failure, path: str) -> Sandbox:
    """Return a sandbox whose first answer on a path fails in one way, and no other."""

    class Once(Sandbox):
        def handle(self, request: Request, now: float) -> Response:
            self.faults = Faults(1, kinds=[failure]) if path in request.url and not self.failed else None
            return super().handle(request, now)

    return Once()


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("failure", list(Failure))
def test_a_token_request_that_fails_is_made_again(failure: Failure, method: str) -> None:
    """Whatever the method of the call: asking for a token twice does nothing twice."""
    box = first_fails(failure, "/auth/oauth2/token")
    transport = SandboxTransport(box, timeout=PATIENCE)
    client = ovh.Client("ovh-eu", transport=transport, client_id=CLIENT_ID, client_secret=CLIENT_SECRET)
    client.call(method, "/me" if method == "GET" else "/auth/logout")
    assert box.failed == {failure: 1}
    assert box.executed[TOKENS] == 1 + failure.carried_out


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("failure", list(Failure))
def test_a_request_for_the_time_that_fails_is_made_again(failure: Failure, method: str) -> None:
    box = first_fails(failure, "/auth/time")
    transport = SandboxTransport(box, timeout=PATIENCE)
    client = ovh.Client("ovh-eu", transport=transport, time_sync="server", **ACCESS_KEYS)
    client.call(method, "/me" if method == "GET" else "/auth/logout")
    assert box.failed == {failure: 1}
    assert box.executed["GET", "/auth/time"] == 1 + failure.carried_out


@pytest.mark.parametrize("failure", [Failure.THROTTLED, Failure.THROTTLED_UNTIL])
@pytest.mark.parametrize("path", ["/auth/oauth2/token", "/auth/time"])
def test_the_wait_that_such_an_answer_asks_for_is_kept(failure: Failure, path: str) -> None:
    transport = SandboxTransport(first_fails(failure, path))
    keys: Any = {"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET} if "token" in path else ACCESS_KEYS
    client = ovh.Client("ovh-eu", transport=transport, time_sync="server", **keys)
    client.get("/me")
    assert 1 <= transport.clock().monotonic <= 1.5
