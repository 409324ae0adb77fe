"""Many objects and many calls, through both clients."""

from __future__ import annotations

import asyncio
import inspect
import threading
import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import ovhcore as ovh
from ovhcore.client.iterators import ObjectIterator
from ovhcore.flows import Clock, Flow
from ovhcore.protocol.messages import Request, Response
from ovhcore.protocol.requests.building import around_id, described_call
from ovhcore_transports.recording import AsyncReplayTransport, RecordTransport, ReplayTransport
from ovhcore_transports.sandbox import (
    ACCESS_KEYS,
    AsyncSandboxTransport,
    Modes,
    Sandbox,
    SandboxTransport,
)
from tests.threads import threads_of_test
from tests.worlds import AsyncScripted, Scripted

Make = Callable[[Sandbox], "Both"]
BILL = "/me/bill/{billId}"


class Both:
    """A client of either kind, whose results are plain."""

    def __init__(self, sandbox: Sandbox, asynchronous: bool) -> None:
        self.sandbox = sandbox
        self.asynchronous = asynchronous
        transport: Any = AsyncSandboxTransport(sandbox) if asynchronous else SandboxTransport(sandbox)
        kind: Any = ovh.AsyncClient if asynchronous else ovh.Client
        self.client: Any = kind("ovh-eu", transport=transport, **ACCESS_KEYS)

    def __getattr__(self, name: str) -> Any:
        method = getattr(self.client, name)

        def call(*args: Any, **kwargs: Any) -> Any:
            async def awaited() -> Any:
                result = method(*args, **kwargs)
                return [each async for each in result] if hasattr(result, "__aiter__") else await result

            if self.asynchronous:
                return asyncio.run(awaited())
            result = method(*args, **kwargs)
            return list(result) if hasattr(result, "__next__") else result

        return call


@pytest.fixture(params=[False, True], ids=["threads", "tasks"])
def both(request: pytest.FixtureRequest) -> Make:
    return lambda sandbox: Both(sandbox, request.param)


def filled(count: int = 100, **options: Any) -> Sandbox:
    sandbox = Sandbox(auto_validate=True, **options)
    sandbox.add_bills(count)
    return sandbox


def bills(sandbox: Sandbox) -> list[Any]:
    return list(sandbox.resources["bills"])


@pytest.mark.parametrize(
    ("modes", "requests"),
    [
        (Modes(), 1),
        (Modes(max_page_size=30), 4),
        (Modes(pages="ignored"), 1 + 3),
        (Modes(pages="refused"), 2 + 3),
        (Modes(pages="ignored", plain_batch=True), 1 + 1 + 104),
        (Modes(pages="ignored", batch="ignored"), 1 + 1 + 104),
        (Modes(pages="refused", batch="refused"), 2 + 1 + 104),
    ],
)
def test_a_collection_is_iterated_whatever_the_server_has(both: Make, modes: Modes, requests: int) -> None:
    client = both(filled(modes=modes))
    assert client.iterate("/me/bill") == bills(client.sandbox)
    assert client.sandbox.received.total() == requests


@pytest.mark.parametrize("mode", ["cursor", "pages", "batch", "single"])
def test_a_way_can_be_named(both: Make, mode: str) -> None:
    client = both(filled(60))
    assert client.iterate("/me/bill", _mode=mode, _size=7, _concurrency=5) == bills(client.sandbox)


def test_version_2_has_cursors_short_pages_and_empty_ones(both: Make) -> None:
    client = both(Sandbox(modes=Modes(short_pages=True)))
    policies = client.sandbox.resources["policies"]
    assert client.iterate("/v2/iam/policy", _size=2) == policies
    assert client.iterate("/v2/iam/policy", _size=3, _mode="cursor") == policies
    client.sandbox.modes = Modes(cursors="ignored")
    assert client.iterate("/v2/iam/policy", _size=2) == policies


def test_arguments_of_a_list_filters_and_order(both: Make) -> None:
    client = both(filled())
    found = client.iterate("/me/bill", **{"date.from": "2026-01-01"})
    assert [bill["billId"] for bill in found] == ["FR54100002", "FR54100003", "FR54100004"]
    dear = client.iterate("/me/bill", _filter={"priceWithTax.value": ("gt", 100)}, _sort="-date")
    wanted = [bill for bill in bills(client.sandbox) if bill["priceWithTax"]["value"] > 100]
    assert dear == sorted(wanted, key=lambda bill: bill["date"], reverse=True)
    assert [record["id"] for record in client.iterate("/domain/zone/{zoneName}/record", zoneName="example.com")] == [
        1001,
        1002,
        1003,
        1004,
    ]
    tagged = client.iterate("/dedicated/server", iamTags=ovh.iam_tags({"environment": "production"}))
    assert [server["name"] for server in tagged] == ["ns1.ip-192-0-2.eu"]


def test_a_filter_that_the_server_ignores_is_an_error(both: Make) -> None:
    client = both(filled(modes=Modes(pages="ignored")))
    with pytest.raises(ovh.InvalidResponse, match="neither filtered nor sorted"):
        client.iterate("/me/bill", _filter={"category": "autorenew"})


def test_objects_may_be_elsewhere(both: Make) -> None:
    client = both(filled(3, modes=Modes(pages="ignored")))
    names = client.iterate("/dedicated/server", _item="/dedicated/server/{serviceName}/burst")
    assert names == [server["burst"] for server in client.sandbox.resources["servers"]]


@pytest.mark.parametrize("mode", ["auto", "batch", "single"])
def test_many_objects_by_their_ids(both: Make, mode: str) -> None:
    client = both(filled())
    wanted = bills(client.sandbox)
    ids = [bill["billId"] for bill in wanted]
    assert client.batch(BILL, ids, _mode=mode) == wanted
    assert client.batch(BILL, iter([*ids[:3], ids[0]]), _mode=mode) == [*wanted[:3], wanted[0]]
    assert client.batch(BILL, [], _mode=mode) == []
    pairs = client.batch(BILL, ids, _mode=mode, _as_completed=True)
    assert sorted(pairs, key=lambda pair: ids.index(pair[0])) == list(zip(ids, wanted, strict=True))
    records = "/domain/zone/{zoneName}/record/{id}"
    assert [r["id"] for r in client.batch(records, [1003, 1001], zoneName="example.com", _mode=mode)] == [1003, 1001]


def test_errors_of_objects_are_raised_or_returned(both: Make) -> None:
    client = both(filled(10))
    ids = ["FR54100001", "missing", "FR54100002"]
    with pytest.raises(ovh.ResourceNotFoundError, match="missing"):
        client.batch(BILL, ids)
    first, error, last = client.batch(BILL, ids, _errors="return")
    assert (first["billId"], last["billId"]) == (ids[0], ids[2])
    assert isinstance(error, ovh.ResourceNotFoundError)
    unsent, bill = client.batch(BILL, ["..", "FR54100001"], _errors="return")
    assert isinstance(unsent, ovh.InvalidRequest)
    assert bill["billId"] == "FR54100001"
    pairs = dict(client.batch(BILL, ids, _errors="return", _as_completed=True))
    assert isinstance(pairs["missing"], ovh.ResourceNotFoundError)
    assert list(pairs) != []


def test_batches_are_none_of_version_2(both: Make) -> None:
    client = both(Sandbox(task_seconds=0))
    ids = ["vrs-demo-1", "vrs-demo-2"]
    found = client.batch("/v2/vrackServices/resource/{id}", ids)
    assert [resource["id"] for resource in found] == ids


def test_many_calls_at_once(both: Make) -> None:
    client = both(filled())
    wanted = bills(client.sandbox)
    calls: list[Any] = ["/me", ("GET", BILL, {"billId": wanted[0]["billId"]}), ["PUT", "/me", {"name": "Byron"}]]
    me, bill, nothing = client.gather(calls)
    assert (me["firstname"], bill, nothing) == ("Ada", wanted[0], None)
    many = (("get", BILL, {"billId": each["billId"]}) for each in wanted)
    assert client.gather(many, _concurrency=7) == wanted
    pairs = client.gather([("GET", "/me", None, True)] * 20, _as_completed=True)
    assert sorted(number for number, _ in pairs) == list(range(20))
    assert client.gather([]) == []
    time, nobody = client.gather([("GET", "/auth/time"), ("GET", "/auth/time", None, False)], _need_auth=False)
    assert abs(time - nobody) <= 1


def test_flows_of_ones_own_are_gathered_too(both: Make) -> None:
    def flow() -> Flow[float]:
        now = yield Clock()
        return float(now.monotonic)

    client = both(Sandbox())
    value, me = client.gather([flow(), "/me"])
    assert value >= 0
    assert me["firstname"] == "Ada"


def test_errors_of_calls_are_raised_or_returned(both: Make) -> None:
    client = both(filled(3))
    calls = ["/me", "/nowhere", ("POST", "/me"), ("GET", BILL), 5, "/me"]
    values = client.gather(calls, _errors="return")
    kinds = [type(value).__name__ for value in values]
    assert kinds == ["dict", *["ResourceNotFoundError"] * 2, *["InvalidRequest"] * 2, "dict"]
    with pytest.raises(ovh.ResourceNotFoundError):
        client.gather(["/me", "/nowhere", "/me"])


@pytest.mark.parametrize(
    ("calls", "problem"),
    [
        (["/me", 5], "call 1: a call is a path to GET, or method, path and arguments"),
        (["/me", ("GET",)], "call 1: a call is a path"),
        (["/me", ("GET", BILL, {"other": 1})], "call 1: path /me/bill/{billId} needs the argument"),
        (["me"], "call 0: path must start with '/'"),
        ([("BREW ", "/me")], "call 0: method must be an HTTP method"),
        ([("GET", "/me", [1])], "call 0: GET carries no body"),
        ([("GET", "/me", None, "yes")], "call 0: need_auth must be True or False"),
        ([(5, "/me", {})], "call 0: method must be"),
        ("/me", "The calls are a list"),
        ({"a": 1}, "The calls are a list"),
    ],
)
def test_calls_are_checked_before_anything_is_sent(both: Make, calls: Any, problem: str) -> None:
    client = both(Sandbox())
    with pytest.raises(ovh.InvalidRequest) as caught:
        client.gather(calls)
    assert problem in str(caught.value)
    assert not client.sandbox.received


@pytest.mark.parametrize(
    ("call", "problem"),
    [
        (lambda client: client.iterate("/me/bill", _mode="fast"), "mode must be one of auto, cursor"),
        (lambda client: client.iterate("/me/bill", _size=0), "size must be a whole number"),
        (lambda client: client.iterate("/me/bill", _concurrency=0), "concurrency must be a whole number from 1"),
        (lambda client: client.iterate("/me/bill", _errors="ignore"), "errors must be 'raise' or 'return'"),
        (lambda client: client.iterate("me"), "path must start with"),
        (lambda client: client.iterate("/me/bill/{billId}"), "needs the argument(s) billId"),
        (lambda client: client.iterate("/me/bill", _item="/me/bill"), "needs one name in braces for the id"),
        (lambda client: client.iterate("/me/bill", _filter={"a": ("near", 1)}), "near"),
        (lambda client: client.iterate("/me/bill", _mode="batch", _sort="date"), "filters and sorts lists of objects"),
        (lambda client: client.iterate("/v2/iam/policy", _mode="pages"), "Version 2 of the API has cursors"),
        (lambda client: client.iterate("/me/bill", _headers={"Host": "x"}), "is written by the library"),
        (lambda client: client.iterate("/me/bill", size=5), "size is an option, and written _size"),
        (lambda client: client.iterate("/me/bill", mode="pages"), "'/path?mode=...'"),
        (lambda client: client.iterate("/me/bill", _sizes=5), "There is no option _sizes; did you mean _size?"),
        (lambda client: client.iterate("/me/bill", _x=5), "There is no option _x; there are _mode, _size"),
        (lambda client: client.iterate("/me/bill", _progress=5), "progress must be a function"),
        (lambda client: client.iterate("/me/bill", _item="b/{id}"), "path must start with"),
        (lambda client: client.iterate("/me/bill", _item="/b/{id}/{id}"), "has {id} twice"),
        (lambda client: client.batch(BILL, ["a"], errors="return"), "errors is an option"),
        (lambda client: client.batch(BILL, 5), "The ids are a list, as ['FR1', 'FR2'], not int"),
        (lambda client: client.gather(None), "The calls are a list"),
        (lambda client: client.gather([], errors="return"), "no option errors; did you mean _errors?"),
        (lambda client: client.gather([], _concurency=2), "no option _concurency; did you mean _concurrency?"),
        (lambda client: client.gather([], zone="a"), "no option zone; there are _concurrency, _as_completed, _errors"),
        (lambda client: client.gather([], need_auth=False), "no option need_auth; did you mean _need_auth?"),
        (lambda client: client.gather([("GET", "/me", {1: 2})]), "call 0: arguments of a call have names, not 1"),
        (lambda client: client.batch(BILL, "FR1"), "The ids are a list"),
        (lambda client: client.batch(BILL, ["FR1", ""]), "path argument 'id' is empty"),
        (lambda client: client.batch(BILL, ["FR1"], billId=1), "needs one name in braces for the id"),
        (lambda client: client.batch("/a/{b}/{c}", ["FR1"]), "/a/{b}/{c} has b, c"),
        (lambda client: client.batch(BILL, ["FR1"], _mode="pages"), "mode must be one of auto, batch, single"),
    ],
)
def test_what_cannot_be_is_said_at_once(both: Make, call: Callable[[Any], Any], problem: str) -> None:
    client = both(Sandbox())
    with pytest.raises(ovh.InvalidRequest) as caught:
        call(client)
    assert problem in str(caught.value)
    assert not client.sandbox.received


def test_fields_of_the_caller_are_sent_unless_the_mode_has_its_own(both: Make) -> None:
    client = both(filled(3))
    headers = {"X-Mine": "yes", "x-pagination-mode": "CachedObjectList-Cursor"}
    assert client.iterate("/me/bill", _headers=headers, _mode="single") == bills(client.sandbox)
    assert client.iterate("/me/bill", _headers=headers, _mode="pages") == bills(client.sandbox)


def test_an_argument_of_the_api_may_have_the_name_of_an_option(both: Make) -> None:
    client = both(filled(3))
    for path, arguments in (("/me/bill", {"mode": "besteffort", "_from": "x"}), ("/me/bill?size=5", {})):
        with pytest.raises(ovh.BadParametersError, match="not described parameters"):  # so they were sent
            list(client.iterate(path, **arguments))


def test_arguments_of_objects_are_not_sent_with_the_list() -> None:
    transport = Scripted(lambda request: Response(200, {}, b"[1]" if "?" in request.url else b'{"a": 1}'))
    client = ovh.Client("ovh-eu", transport=transport, **ACCESS_KEYS)
    assert list(client.iterate("/a", b=1, _item="/c/{d}/{id}", d="x")) == [{"a": 1}]
    assert [request.url.rpartition("1.0")[2] for request in transport.sent] == ["/a?b=1", "/c/x/1"]


def test_progress_is_told(both: Make) -> None:
    client = both(filled(96))
    told: list[tuple[int, int | None]] = []
    client.iterate("/me/bill", _mode="batch", _progress=lambda done, total: told.append((done, total)))
    assert told == [(50, 100), (100, 100)]
    told.clear()
    client.gather(["/me"] * 3, _progress=lambda *each: told.append(each))
    assert told == [(1, 3), (2, 3), (3, 3)]
    told.clear()
    client.gather(iter(["/me"]), _progress=lambda *each: told.append(each))
    client.batch(BILL, ["FR54100001"], _progress=lambda *each: told.append(each))
    assert told == [(1, None), (1, 1)]


def test_a_closed_client_makes_none_of_these_calls() -> None:
    client = ovh.Client(transport="sandbox")
    objects = client.iterate("/me/bill", _size=1)
    next(objects)
    client.close()
    with pytest.raises(ovh.ClientClosed):
        list(objects)
    with pytest.raises(ovh.ClientClosed):
        client.gather(["/me"])
    with pytest.raises(ovh.ClientClosed):
        client.batch(BILL, ["FR1"])


def test_one_asks_at_a_time() -> None:
    client = ovh.Client(transport="sandbox")
    objects: ObjectIterator[Any] = client.iterate("/me/bill", _progress=lambda done, total: next(objects))
    with pytest.raises(RuntimeError, match="each needs one of its own"):
        next(objects)
    assert list(objects) == []

    async def main() -> None:
        async with ovh.AsyncClient(transport="sandbox") as client:
            coming = client.iterate("/me/bill", _mode="single")
            results = await asyncio.gather(*[anext(coming) for _ in range(3)], return_exceptions=True)
            assert [type(result).__name__ for result in results] == ["dict", "RuntimeError", "RuntimeError"]
            assert len([each async for each in coming]) == 3

    asyncio.run(main())


def test_progress_must_be_plain(both: Make) -> None:
    async def progress(done: int, total: int | None) -> None: ...

    with pytest.raises(TypeError, match="progress must be a plain function"):
        both(Sandbox()).gather(["/me"], _progress=progress)


def test_who_closes_an_iterator_that_another_waits_for_ends_it() -> None:
    started, release = threading.Event(), threading.Event()

    class Slow(Scripted):
        def send(self, request: Request) -> Response:
            self.sent.append(request)
            if len(self.sent) > 1:
                started.set()
                assert release.wait(60)
            return Response(200, {}, b"[1, 2]")

    transport = Slow(lambda request: Response(200))
    objects = ovh.Client("ovh-eu", transport=transport, **ACCESS_KEYS).iterate("/list", _mode="single", _concurrency=2)
    found: list[Any] = []
    thread = threading.Thread(target=lambda: found.extend(objects))
    thread.start()
    assert started.wait(60)
    objects.close()
    thread.join(60)
    release.set()
    assert found == []
    assert len(transport.sent) <= 3


def test_who_closes_an_iterator_that_another_task_waits_for_ends_it() -> None:
    async def main() -> None:
        waiting = asyncio.Event()

        class Slow(AsyncScripted):
            async def send(self, request: Request) -> Response:
                self.sent.append(request)
                if len(self.sent) > 1:
                    waiting.set()
                    await asyncio.sleep(60)
                return Response(200, {}, b"[1, 2]")

        transport = Slow(lambda request: Response(200))
        client = ovh.AsyncClient("ovh-eu", transport=transport, **ACCESS_KEYS)
        objects = client.iterate("/list", _mode="single")
        task = asyncio.ensure_future(anext(objects, None))
        await waiting.wait()
        await objects.aclose()
        assert await task is None
        assert len(transport.sent) == 3

    asyncio.run(main())


def test_iterators_can_be_closed_and_used_in_with() -> None:
    client = ovh.Client(transport="sandbox")
    with client.iterate("/me/bill", _mode="single", _concurrency=2) as objects:
        assert next(objects)["billId"] == "FR54100001"
        assert (objects.mode, objects.total) == ("single", 4)
        assert repr(objects).startswith("<ObjectIterator mode=single, ")
        assert objects.done <= 4
    assert list(objects) == []
    assert client.gather(["/me"], _as_completed=True).mode == "single"
    assert client.batch(BILL, ["FR1"], _as_completed=True).mode == "auto"

    async def main() -> None:
        async with ovh.AsyncClient(transport="sandbox") as client:
            async with client.iterate("/me/bill", _mode="single", _concurrency=2) as objects:
                assert (await anext(objects))["billId"] == "FR54100001"
            assert [each async for each in objects] == []

    asyncio.run(main())


def test_leaving_a_loop_lets_no_thread_go_on() -> None:
    started = threading.Event()
    release = threading.Event()

    class Slow(Scripted):
        def send(self, request: Request) -> Response:
            if request.url.endswith("/list"):
                return Response(200, {}, b"[1, 2, 3, 4, 5, 6, 7, 8, 9]")
            self.sent.append(request)
            if not request.url.endswith("/1"):
                started.set()
                assert release.wait(60)
            return Response(200, {}, b"{}")

    transport = Slow(lambda request: Response(200))
    client = ovh.Client("ovh-eu", transport=transport, **ACCESS_KEYS)
    for each in client.iterate("/list", _mode="single", _concurrency=3):
        assert each == {}
        assert started.wait(60)
        break
    sent = len(transport.sent)
    release.set()
    for thread in threads_of_test("ovhcore-"):
        thread.join(60)
        assert not thread.is_alive()
    assert len(transport.sent) == sent <= 4


@pytest.mark.untraced
@pytest.mark.parametrize("mode", ["cursor", "pages"])
def test_memory_does_not_grow_with_the_number_of_objects(mode: Any) -> None:
    class Endless(Scripted):
        """A list of so many objects that are made when they are asked for."""

        def __init__(self, count: int) -> None:
            super().__init__(lambda request: Response(200))
            self.count = count

        def send(self, request: Request) -> Response:
            size = int(request.headers["x-pagination-size"])
            number = int(request.headers.get("x-pagination-number") or request.headers.get("x-pagination-cursor") or 1)
            first, end = (number - 1) * size, min(number * size, self.count)
            body = ", ".join(f'{{"id": {each}, "text": "{"x" * 50}"}}' for each in range(first, end))
            headers = {
                "X-Pagination-Elements": str(self.count),
                "X-Pagination-Number": str(number),
                "X-Pagination-Size": str(size),
            }
            if mode == "cursor":
                headers = {"X-Pagination-Cursor-Next": str(number + 1)} if end < self.count else {}
            return Response(200, headers, f"[{body}]".encode())

    client = ovh.Client("ovh-eu", transport=Endless(30_000), **ACCESS_KEYS)

    def peak(keep: bool) -> int:
        tracemalloc.start()
        try:
            kept, last = [], -1
            for each in client.iterate("/list", _mode=mode, _size=100, _concurrency=4):
                assert each["id"] == last + 1
                last = each["id"]
                if keep:
                    kept.append(each)
            assert last == 29_999
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    # Of 300 pages those are there that four threads have fetched in advance.
    assert peak(keep=False) < peak(keep=True) / 4


def test_a_recording_is_replayed_in_its_order(tmp_path: Path) -> None:
    cassette = tmp_path / "many.cassette"
    sandbox = filled(10, modes=Modes(pages="ignored"))
    with RecordTransport(SandboxTransport(sandbox), cassette) as transport:
        client = ovh.Client("ovh-eu", transport=transport, **ACCESS_KEYS)
        found = list(client.iterate("/me/bill", _mode="single", _concurrency=4))
        assert client.gather(["/me"] * 3, _concurrency=3)[0]["firstname"] == "Ada"
    assert found == bills(sandbox)
    with ReplayTransport(cassette) as transport:
        client = ovh.Client("ovh-eu", transport=transport, **ACCESS_KEYS)
        assert list(client.iterate("/me/bill", _mode="single", _concurrency=4)) == found
        assert client.gather(["/me"] * 3, _concurrency=3)[0]["firstname"] == "Ada"
        transport.check_played()

    async def main() -> None:
        async with AsyncReplayTransport(cassette) as transport:
            client = ovh.AsyncClient("ovh-eu", transport=transport, **ACCESS_KEYS)
            assert [each async for each in client.iterate("/me/bill", _mode="single", _concurrency=4)] == found
            assert len(await client.gather(["/me"] * 3, _concurrency=3)) == 3
            transport.check_played()

    asyncio.run(main())


TEXTS = st.text(st.characters(exclude_characters="{}?", exclude_categories=["Cs", "Cc"]), min_size=1, max_size=5)


@given(TEXTS.filter(lambda text: text not in (".", "..")), st.integers())
def test_the_path_of_one_object_is_that_of_its_template(name: str, other: int) -> None:
    before, after = around_id("/a/{b}/c/{d}/e", {"b": name, "f": other}, query=True)
    request = ovh.Client("ovh-eu", transport=Scripted(lambda request: Response(200)), **ACCESS_KEYS)._ovhcore.request(
        "GET", f"{before}X{after}", None, True, None, None
    )
    method, path, data = described_call(("GET", "/a/{b}/c/{d}/e", {"b": name, "d": "X", "f": other}))
    assert (request.method, request.url) == (method, f"https://eu.api.ovh.com/1.0{path}")
    assert data is None
    assert around_id("/a/{b}/c/{d}", {"b": name, "f": other}, query=False)[1] == ""


def test_calls_are_described_as_the_methods_have_them() -> None:
    assert described_call("/a") == ("GET", "/a", None)
    assert described_call(("DELETE", "/a/{b}", {"b": 1, "c": 2})) == ("DELETE", "/a/1?c=2", None)
    assert described_call(("PUT", "/a/{b}", {"b": 1, "c": 2})) == ("PUT", "/a/1", {"c": 2})
    assert described_call(("POST", "/a/{b}", {"b": 1})) == ("POST", "/a/1", None)
    assert described_call(("POST", "/a", [1], False)) == ("POST", "/a", [1], False)
    with pytest.raises(ovh.InvalidRequest):
        described_call("/a/{b}")


def test_both_clients_have_the_same_methods() -> None:
    for name in ("iterate", "batch", "gather", "wait", "update"):
        assert inspect.signature(getattr(ovh.Client, name)) == inspect.signature(getattr(ovh.AsyncClient, name))
    assert Iterator.__subclasshook__(type(ovh.Client(transport="sandbox").iterate("/me/bill")))
