"""Collections against a server that gives them in every way, and fails in every place."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

import pytest
from hypothesis import event, given
from hypothesis import strategies as st

from ovhcore import exceptions as exc
from ovhcore.client.iterators import AsyncObjectIterator, ObjectIterator
from ovhcore.flows import Flow
from ovhcore.flows.collections.batches import BATCH_SIZE, ItemFetcher, is_refusal_of_mode
from ovhcore.flows.collections.fan_out import read_concurrency
from ovhcore.flows.collections.pager import PAGE_SIZE, Pager, read_mode, read_size
from ovhcore.flows.exchange import CallResult
from ovhcore.protocol.messages import Headers
from ovhcore_transports import AsyncTransport, SyncTransport

REFUSALS = (400, 405, 406, 415, 422, 500, 501)
ERRORS = {
    400: exc.BadParametersError,
    403: exc.Forbidden,
    404: exc.ResourceNotFoundError,
    429: exc.TooManyRequests,
    500: exc.ServerError,
    503: exc.GatewayError,
}


def error(status: int, message: str = "no") -> exc.APIError:
    return ERRORS.get(status, exc.APIError)(message, status=status)


@dataclass
class Server:
    """Gives ``ids`` and their objects, one way or the other. What it is asked stands in ``asked``."""

    ids: list[Any]
    version_2: bool = False
    pages: str = "on"  # or ignored, refused
    batches: str = "on"  # or ignored, refused, bare, single, gaps, shuffled, nonsense
    refusal: int = 400
    cap: int = 7
    lengths: list[int] = field(default_factory=list)  # of pages, before those of the usual one
    tells: frozenset[str] = frozenset({"Elements", "Number", "Size"})
    beyond: str = "empty"  # or last
    failing: Mapping[Any, int] = field(default_factory=dict)  # status by id, of the object asked for alone
    failing_pages: Mapping[int, int] = field(default_factory=dict)  # status by the number of a page, from 2
    asked: list[tuple[str, Mapping[str, str]]] = field(default_factory=list)

    def object(self, name: Any) -> dict[str, Any]:
        return {"id": name, "text": f"object {name}"}

    def fetch(self, path: str, fields: Mapping[str, str]) -> Flow[CallResult]:
        yield from ()
        self.asked.append((path, dict(fields)))
        if path.startswith("/list?") or path == "/list":
            return self._version_2(fields) if self.version_2 else self._list(fields)
        assert path.startswith("/list/")
        return self._object(path.removeprefix("/list/"), fields)

    def _list(self, fields: Mapping[str, str]) -> CallResult:
        mode = fields.get("X-Pagination-Mode")
        if mode is None or self.pages == "ignored":
            return CallResult(list(self.ids), Headers())
        if self.pages == "refused":
            raise error(self.refusal)
        if mode == "CachedObjectList-Cursor":
            return self._version_2(fields)
        assert mode == "CachedObjectList-Pages"
        number, size = int(fields["X-Pagination-Number"]), min(int(fields["X-Pagination-Size"]), self.cap)
        if number in self.failing_pages:
            raise error(self.failing_pages[number])
        last = max(1, -(-len(self.ids) // size))
        if number > last and self.beyond == "last":
            number = last
        start = self.start(number, size)
        page = [self.object(name) for name in self.ids[start : self.start(number + 1, size)]]
        told = {"Elements": len(self.ids), "Number": number, "Size": size}
        return CallResult(page, Headers([(f"X-Pagination-{name}", str(told[name])) for name in self.tells]))

    def start(self, number: int, size: int) -> int:
        """Return where a page begins."""
        before = self.lengths[: number - 1]
        return sum(before) + size * (number - 1 - len(before))

    def _version_2(self, fields: Mapping[str, str]) -> CallResult:
        number, start = map(int, fields.get("X-Pagination-Cursor", "1-0").split("-"))
        if number in self.failing_pages:
            raise error(self.failing_pages[number])
        length = self.lengths[number - 1] if number <= len(self.lengths) else self.cap
        end = start + length
        page = [self.object(name) for name in self.ids[start:end]]
        following = {"X-Pagination-Cursor-Next": f"{number + 1}-{end}"} if end < len(self.ids) else {}
        return CallResult(page, Headers(following))

    def _object(self, segment: str, fields: Mapping[str, str]) -> CallResult:
        names = {str(name): name for name in self.ids}
        if "X-Ovh-Batch" in fields and "," in segment and self.batches != "ignored":
            return self._batch([unquote(each) for each in segment.split(",")], names)
        name = names.get(unquote(segment))
        if name is None:
            raise error(404, "The requested object does not exist")
        if name in self.failing:
            raise error(self.failing[name])
        return CallResult(self.object(name), Headers())

    def _batch(self, asked: list[str], names: Mapping[str, Any]) -> CallResult:
        if self.batches == "refused":
            raise error(self.refusal)
        if self.batches == "single":  # as if it were one
            return CallResult(self.object(asked[0]), Headers())
        if self.batches == "nonsense":
            return CallResult([{"key": 1, "value": 2}, {"key": 3, "other": 4}], Headers())
        found = [names[each] for each in asked]
        if self.batches == "bare":
            return CallResult([self.object(name) for name in found if name not in self.failing], Headers())
        entries = [
            {
                "key": name,
                "value": None if name in self.failing else self.object(name),
                "error": {"message": "no"} if name in self.failing else None,
            }
            for name in found
        ]
        if self.batches == "gaps":
            entries = entries[::2]
        if self.batches == "shuffled":
            entries.reverse()
        return CallResult(entries, Headers())


IDS = st.one_of(
    st.lists(st.integers(1, 10**10), unique=True, max_size=60),
    st.lists(st.text("abcé,/ %{}", min_size=1, max_size=4), unique=True, max_size=30),
)
BATCHES = ("on", "ignored", "refused", "bare", "single", "gaps", "shuffled", "nonsense")


@st.composite
def servers(draw: st.DrawFn) -> Server:
    ids = draw(IDS)
    kind = draw(st.sampled_from(["ids", "pages", "ids", "cursor"]))
    server = Server(ids, version_2=kind == "cursor", cap=draw(st.integers(1, 10)))
    if kind == "cursor":
        server.lengths = draw(st.lists(st.integers(0, 5), max_size=20))
    elif kind == "pages":
        told = [{"Elements", "Number", "Size"}, {"Elements"}, {"Elements", "Number"}, {"Number"}]
        server.tells = frozenset(draw(st.sampled_from(told)))
        if "Elements" in server.tells and draw(st.booleans()):
            server.lengths = draw(st.lists(st.integers(0, server.cap), max_size=20))
        elif "Number" in server.tells:
            server.beyond = draw(st.sampled_from(["empty", "last"]))
    else:
        server.pages = draw(st.sampled_from(["ignored", "refused"]))
        server.batches = draw(st.sampled_from(BATCHES))
        server.refusal = draw(st.sampled_from(REFUSALS))
        if ids and draw(st.booleans()):
            server.failing = draw(
                st.dictionaries(st.sampled_from(ids), st.sampled_from([403, 404, 429, 500, 503]), max_size=3)
            )
    if kind != "ids" and draw(st.booleans()):
        server.failing_pages = {draw(st.integers(2, 6)): draw(st.sampled_from([400, 429, 503]))}
    return server


def pager(server: Server, **options: Any) -> Pager:
    options = {"limit": 3, **options}
    return Pager(server.fetch, "/list", version_2=server.version_2, **options)


Status = int | str | None


def expected(server: Server, mode: str) -> tuple[list[Any], Status]:
    """Return the objects that are to come, and the status of the exception after them, None for none."""
    objects = [server.object(name) for name in server.ids]
    if mode == "cursor":
        starts, start = {}, 0
        for number in range(1, len(server.ids) + 30):
            starts[number] = start
            if start >= len(server.ids) and number > 1:
                return objects, None
            if number in server.failing_pages:
                return objects[:start], server.failing_pages[number]
            start += server.lengths[number - 1] if number <= len(server.lengths) else server.cap
        return objects, None
    if mode == "pages":
        for number in sorted(server.failing_pages):
            start = server.start(number, server.cap)
            if start < len(server.ids):
                return objects[:start], server.failing_pages[number]
        return objects, None
    for position, name in enumerate(server.ids):
        if name in server.failing:
            return objects[:position], server.failing[name]
    return objects, None


def mode_of(server: Server) -> str:
    if server.version_2:
        return "cursor"
    return "pages" if server.pages == "on" else "ids"


class World(SyncTransport):
    """Threads, and nothing to send to."""


class AsyncWorld(AsyncTransport):
    """Tasks, and nothing to send to."""


def taken(server: Server, limit: int, errors: str = "raise", **options: Any) -> tuple[list[Any], Status]:
    world = World()
    objects: ObjectIterator[Any] = ObjectIterator(pager(server, limit=limit, **options), lambda: world, errors)
    found: list[Any] = []
    try:
        for each in objects:
            found.append(each)  # noqa: PERF402 - those before an exception count
    except exc.APIError as caught:
        return found, caught.status or type(caught).__name__
    return found, None


@given(servers(), st.sampled_from([1, 3]))
def test_objects_come_complete_once_each_in_order_or_the_exception_after_those_before(
    server: Server, limit: int
) -> None:
    mode = mode_of(server)
    wanted, status = expected(server, mode)
    event(f"{mode}, {server.batches if mode == 'ids' else ''}, {'fails' if status else 'complete'}")
    found, raised = taken(server, limit)
    if raised == "InvalidResponse":
        # As many empty pages, one after the other, as a server is not believed to have.
        assert mode == "pages"
        assert "0, 0, 0" in str(server.lengths)
        assert found == wanted[: len(found)]
        return
    if mode == "pages" and raised in server.failing_pages.values() and status is None:
        # It was asked for a page past the last one, to make sure.
        assert found == wanted
        return
    assert (found, raised) == (wanted, status)


@given(servers())
def test_the_same_in_tasks(server: Server) -> None:
    there, status = taken(server, 3)
    world = AsyncWorld()

    async def main() -> tuple[list[Any], Status]:
        objects: AsyncObjectIterator[Any] = AsyncObjectIterator(pager(server), lambda: world)
        found = []
        try:
            async for each in objects:
                found.append(each)  # noqa: PERF401 - those before an exception count
        except exc.APIError as caught:
            return found, caught.status or type(caught).__name__
        return found, None

    assert asyncio.run(main()) == (there, status)


@given(servers())
def test_errors_can_be_handed_out_in_the_place_of_objects(server: Server) -> None:
    server.pages, server.version_2 = "ignored", False
    found, raised = taken(server, 3, "return")
    assert raised is None
    assert len(found) == len(server.ids)
    for name, each in zip(server.ids, found, strict=True):
        if name in server.failing:
            assert each.status == server.failing[name]
        else:
            assert each == server.object(name)


@given(servers(), st.integers(0, 70))
def test_no_more_is_asked_for_than_is_taken_and_a_little_ahead(server: Server, taking: int) -> None:
    server.pages, server.batches, server.version_2, server.failing = "ignored", "ignored", False, {}
    world = World()
    with ObjectIterator[Any](pager(server, limit=3), lambda: world) as objects:
        for _, _ in zip(range(taking), objects, strict=False):
            pass
        assert len(server.asked) <= 2 + taking + 2 * 3


@pytest.mark.parametrize("count", [0, 1, 2, BATCH_SIZE, BATCH_SIZE + 1, 4 * BATCH_SIZE])
def test_batches_are_of_fifty_and_commas_stand_bare(count: int) -> None:
    server = Server(list(range(1, count + 1)), pages="ignored")
    assert taken(server, 3) == ([server.object(name) for name in server.ids], None)
    batches = [(path, fields) for path, fields in server.asked if "X-Ovh-Batch" in fields]
    assert len(batches) == (0 if count < 2 else max(1, count // BATCH_SIZE))
    for path, fields in batches:
        assert fields == {"X-Ovh-Batch": ","}
        assert path.count(",") == BATCH_SIZE - 1 if count >= BATCH_SIZE else path.count(",") == count - 1


def test_ids_that_hold_a_comma_or_are_long_are_asked_for_apart() -> None:
    server = Server(["d", "e", "a,b", "f" * 3000, "g" * 3000, "h"], pages="ignored")
    assert taken(server, 1) == ([server.object(name) for name in server.ids], None)
    assert [path.removeprefix("/list/")[:4] for path, _ in server.asked[1:]] == ["d,e", "a%2C", "ffff", "gggg"]
    assert server.asked[-1][0].endswith("g,h")
    odd = Server(["a,b", "c", "d"], pages="ignored")
    assert taken(odd, 1) == ([odd.object(name) for name in odd.ids], None)
    assert not any("X-Ovh-Batch" in fields for _, fields in odd.asked)


def test_a_server_without_any_of_the_modes_is_asked_twice_in_vain() -> None:
    server = Server([1, 2, 3], pages="refused", batches="ignored")
    assert taken(server, 1)[0] == [server.object(name) for name in (1, 2, 3)]
    paths = [path for path, _ in server.asked]
    assert paths == ["/list", "/list", "/list/1,2,3", "/list/1", "/list/2", "/list/3"]
    assert "X-Pagination-Mode" not in server.asked[1][1]


def test_the_first_page_is_fresh_and_the_others_fit_to_it() -> None:
    server = Server(list(range(30)), cap=10)
    assert taken(server, 3)[1] is None
    assert [fields.get("Pragma") for _, fields in server.asked] == ["no-cache", None, None]
    assert {fields["X-Pagination-Size"] for _, fields in server.asked} == {str(PAGE_SIZE)}
    cached = Server(list(range(30)), cap=10)
    assert taken(cached, 3, cached=True)[1] is None
    assert not any("Pragma" in fields for _, fields in cached.asked)


def test_cursors_on_version_1_are_an_expanded_list() -> None:
    server = Server(list(range(20)), lengths=[3, 0, 2, 0])
    assert taken(server, 3, mode="cursor") == ([server.object(name) for name in server.ids], None)
    assert server.asked[0][1]["X-Pagination-Mode"] == "CachedObjectList-Cursor"
    assert [fields.get("Pragma") for _, fields in server.asked][:2] == ["no-cache", None]
    ignoring = Server([1, 2], pages="ignored")
    with pytest.raises(exc.InvalidResponse, match="ignores X-Pagination-Mode"):
        list(ObjectIterator(pager(ignoring, mode="cursor"), World))


def test_what_was_named_is_not_replaced_by_another_mode() -> None:
    for mode, server in (
        ("pages", Server([1, 2], pages="ignored")),
        ("batch", Server([1, 2, 3], batches="nonsense")),
        ("batch", Server([1, 2, 3], batches="single")),
    ):
        with pytest.raises(exc.InvalidResponse, match=r"ignores|does not answer X-Ovh-Batch"):
            list(ObjectIterator(pager(server, mode=mode), World))
    assert taken(Server([1, 2], pages="refused", refusal=501), 1, mode="pages") == ([], 501)
    assert taken(Server([1, 2], batches="refused", refusal=400), 1, mode="batch") == ([], 400)
    single = Server([1, 2, 3])
    assert taken(single, 1, mode="single")[0] == [single.object(name) for name in (1, 2, 3)]
    assert [path for path, _ in single.asked] == ["/list", "/list/1", "/list/2", "/list/3"]
    named = Server([1, 2, 3])
    assert taken(named, 1, mode="batch")[0] == [named.object(name) for name in (1, 2, 3)]


def test_filters_that_a_server_ignores_are_not_passed_over() -> None:
    fields = {"X-Pagination-Filter": "state:eq=ok"}
    for server in (Server([1, 2], pages="ignored"), Server([1, 2], pages="refused")):
        with pytest.raises(exc.APIError, match=r"neither filtered nor sorted|no"):
            list(ObjectIterator(pager(server, fields=fields), World))
    told = Server([1, 2], tells=frozenset())
    with pytest.raises(exc.InvalidResponse, match="neither filtered nor sorted"):
        list(ObjectIterator(pager(told, fields=fields), World))
    assert list(ObjectIterator(pager(Server([], tells=frozenset()), fields=fields), World)) == []
    on = Server([1, 2])
    assert len(list(ObjectIterator(pager(on, fields=fields), World))) == 2
    assert on.asked[0][1]["X-Pagination-Filter"] == "state:eq=ok"


def scripted(*answers: Any, version_2: bool = False, **options: Any) -> ObjectIterator[Any]:
    """Return the objects of a server that answers with values, ``(value, headers)`` or exceptions, in turn."""
    left = list(answers)

    def fetch(path: str, fields: Mapping[str, str]) -> Flow[CallResult]:
        yield from ()
        answer = left.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return CallResult(*answer) if isinstance(answer, tuple) else CallResult(answer, Headers())

    return ObjectIterator(Pager(fetch, "/list", version_2=version_2, limit=1, **options), World)


@pytest.mark.parametrize("value", [{"a": 1}, None, 5, "text"])
@pytest.mark.parametrize("version_2", [True, False])
def test_what_is_no_list_is_said_to_be_none(value: Any, version_2: bool) -> None:
    with pytest.raises(exc.InvalidResponse, match="not with a list"):
        list(scripted(value, version_2=version_2))


def test_a_list_of_objects_needs_nothing_more() -> None:
    objects = scripted([{"id": 1}, {"id": 2}])
    assert list(objects) == [{"id": 1}, {"id": 2}]
    assert objects.total == objects.done == 2
    assert objects.mode == "plain"
    assert list(scripted([True, False])) == [True, False]


def test_a_list_of_values_that_lead_nowhere_is_handed_out_as_it_is() -> None:
    nowhere = error(404, "Got an invalid (or empty) URL")
    objects = scripted(["a", "b"], nowhere, nowhere)
    assert list(objects) == ["a", "b"]
    assert objects.mode == "plain"
    assert list(scripted(["a"], nowhere)) == ["a"]
    # There is such a path, and no such object.
    with pytest.raises(exc.ResourceNotFoundError, match="does not exist"):
        list(scripted(["a"], error(404, "This service does not exist")))
    # Nowhere for many together, somewhere for one.
    assert list(scripted(["a", "b"], nowhere, {"id": "a"}, {"id": "b"})) == [{"id": "a"}, {"id": "b"}]


def test_a_batch_that_fails_otherwise_stands_for_all_its_objects() -> None:
    failing = error(429)
    assert list(ObjectIterator(scripted(["a", "b", "c"], failing, {"id": "c"}, size=2)._source, World, "return")) == [
        failing,
        failing,
        {"id": "c"},
    ]
    later = [{"key": "a", "value": 1, "error": None}, {"key": "b", "value": 2, "error": None}]
    assert list(
        ObjectIterator(
            scripted(["a", "b", "c", "d"], later, error(404), {"id": "c"}, {"id": "d"}, size=2)._source, World
        )
    ) == [1, 2, {"id": "c"}, {"id": "d"}]
    failed = scripted(["a", "b", "c", "d"], later, failing, size=2)
    nothing = list(ObjectIterator[Any](failed._source, World, "return"))
    assert nothing == [1, 2, failing, failing]
    assert list(ObjectIterator(scripted(["a", "b", "c", "d"], later, {}, 3, 4, size=2)._source, World)) == [1, 2, 3, 4]


def test_objects_that_look_like_entries_of_a_batch_are_none() -> None:
    answer = [{"key": "a", "value": "x", "status": "ok"}, {"key": "b", "value": "y", "status": "ok"}]
    assert list(scripted(["a", "b"], answer, "A", "B")) == ["A", "B"]
    assert list(scripted(["a", "b"], [{"key": "a", "value": "x"}], "A", "B")) == ["A", "B"]
    foreign = [{"key": "z", "value": 1, "error": None}]
    assert list(scripted(["a", "b"], foreign, "A", "B")) == ["A", "B"]


def test_a_size_that_version_2_refuses_is_left_to_the_server() -> None:
    page = ([{"id": 1}], Headers({"X-Pagination-Cursor-Next": "n"}))
    assert list(scripted(error(400), page, [{"id": 2}], version_2=True)) == [{"id": 1}, {"id": 2}]
    with pytest.raises(exc.BadParametersError):
        list(scripted(error(400), version_2=True, size=5))
    with pytest.raises(exc.Forbidden):
        list(scripted(error(403), version_2=True))


def test_a_cursor_that_leads_to_itself_is_an_error_after_the_objects_before() -> None:
    page = ([{"id": 1}], Headers({"X-Pagination-Cursor-Next": "n"}))
    objects = scripted(page, page, version_2=True)
    assert next(objects) == {"id": 1}
    assert next(objects) == {"id": 1}
    with pytest.raises(exc.InvalidResponse, match="has no end"):
        next(objects)
    assert list(objects) == []


def test_version_2_hands_out_ids_unless_it_is_told_where_their_objects_are() -> None:
    page = (["a"], Headers({"X-Pagination-Cursor-Next": "n"}))
    assert list(scripted(page, ["b"], version_2=True)) == ["a", "b"]
    assert list(scripted(page, {"id": "a"}, ["b"], {"id": "b"}, version_2=True, mode="single")) == [
        {"id": "a"},
        {"id": "b"},
    ]
    told = scripted(page, {"id": "a"}, ["b"], {"id": "b"}, version_2=True, item=("/objects/", "/details"))
    assert list(told) == [{"id": "a"}, {"id": "b"}]


def test_pages_of_ids_are_followed_and_their_objects_fetched() -> None:
    told = Headers({"X-Pagination-Elements": "3", "X-Pagination-Number": "1", "X-Pagination-Size": "2"})
    second = Headers({"X-Pagination-Elements": "3", "X-Pagination-Number": "2", "X-Pagination-Size": "2"})
    answers = [([1, 2], told), error(404), {"id": 1}, {"id": 2}, ([3], second), {"id": 3}]
    assert list(scripted(*answers)) == [{"id": 1}, {"id": 2}, {"id": 3}]


def test_more_objects_than_promised_are_fetched_too() -> None:
    def told(number: int, elements: int) -> Headers:
        return Headers(
            {"X-Pagination-Elements": str(elements), "X-Pagination-Number": str(number), "X-Pagination-Size": "2"}
        )

    def page(number: int, elements: int, *names: int) -> Any:
        return [{"id": name} for name in names], told(number, elements)

    # It grew while it was read; and a first page that is short.
    grown = scripted(page(1, 4, 1, 2), page(2, 5, 3, 4), page(3, 5, 5))
    assert [each["id"] for each in grown] == [1, 2, 3, 4, 5]
    assert grown.total == 5
    short = scripted(page(1, 4, 1), page(2, 4, 2, 3), page(3, 4), page(4, 4, 4))
    assert [each["id"] for each in short] == [1, 2, 3, 4]
    # It told of fewer than there are.
    fewer = scripted(page(1, 3, 1, 2), page(2, 3, 3, 4), page(3, 3, 5), page(4, 3))
    assert [each["id"] for each in fewer] == [1, 2, 3, 4, 5]
    assert fewer.total is None
    none = scripted(page(1, 0, 1, 2), page(2, 0, 3), page(3, 0))
    assert [each["id"] for each in none] == [1, 2, 3]


def told(number: int, elements: int | None, *names: Any, size: int = 2) -> Any:
    fields = {"Elements": elements, "Number": number, "Size": size}
    headers = {f"X-Pagination-{name}": str(value) for name, value in fields.items() if value is not None}
    return [{"id": name} for name in names], Headers(headers)


@pytest.mark.parametrize(
    ("answers", "problem", "before"),
    [
        # It numbers them otherwise, or not at all.
        ([told(1, 5, 1, 2), told(1, 5, 1, 2)], "answered with page 1 when it was asked for page 2", 2),
        ([told(1, 5, 1), told(1, 5, 1)], "answered with page 1 when it was asked for page 2", 1),
        # It sends the first one each time.
        ([told(1, 5, 1, 2), told(2, 5, 1, 2), told(3, 5, 1, 2)], "answered with its first page for page 2", 2),
        ([told(1, None, 1, 2), told(2, None, 1, 2)], "answered with its first page for page 2", 2),
        # It has fewer than it tells.
        ([told(1, 5, 1, 2), told(2, 5, 3), told(3, 5), told(4, 5), told(5, 5)], "told of 5 objects, and 3 came", 3),
        ([told(1, 5), *(told(number, 5) for number in range(2, 11))], "told of 5 objects, and 0 came", 0),
        ([told(1, 10**10, 1, 2), *(told(number, 10**10) for number in range(2, 12))], "and 2 came", 2),
    ],
)
@pytest.mark.parametrize("limit", [1, 4])
def test_objects_that_are_missing_are_missed(answers: list[Any], problem: str, before: int, limit: int) -> None:
    by_number = dict(enumerate(answers, 1))

    def fetch(path: str, fields: Mapping[str, str]) -> Flow[CallResult]:
        yield from ()
        return CallResult(*by_number[int(fields["X-Pagination-Number"])])

    found: list[Any] = []
    with pytest.raises(exc.InvalidResponse, match=problem) as caught:  # noqa: PT012 - those before count
        for each in ObjectIterator[Any](Pager(fetch, "/list", limit=limit), World):
            found.append(each)  # noqa: PERF402
    assert found == [{"id": each + 1} for each in range(before)]
    assert caught.value.hint is not None


def test_a_list_whose_pages_begin_with_another_number_is_fetched_by_ids() -> None:
    first = told(0, 5, 1, 2)
    assert list(scripted(first, [1, 2], error(404), {"id": 1}, {"id": 2})) == [{"id": 1}, {"id": 2}]
    with pytest.raises(exc.InvalidResponse, match="answered with page 0"):
        list(scripted(first, told(1, 5, 3, 4), mode="pages"))


def test_a_failed_page_is_handed_out_and_the_others_come() -> None:
    server = Server(list(range(30)), cap=10, failing_pages={2: 503})
    found, raised = taken(server, 3, "return")
    assert raised is None
    assert len(found) == 21
    assert isinstance(found[10], exc.GatewayError)


@pytest.mark.parametrize("length", [1, 2, 3, 7])
def test_cursors_that_lead_in_a_circle_are_an_error(length: int) -> None:
    asked = []

    def fetch(path: str, fields: Mapping[str, str]) -> Flow[CallResult]:
        yield from ()
        number = int(fields.get("X-Pagination-Cursor", 0))
        asked.append(number)
        following = number + 1 if number < length + 2 else number + 1 - length
        return CallResult([{"id": number}], Headers({"X-Pagination-Cursor-Next": str(following)}))

    with pytest.raises(exc.InvalidResponse, match="has no end"):
        list(ObjectIterator(Pager(fetch, "/list", version_2=True, limit=1), World))
    assert len(asked) < 40


def test_a_cursor_that_cannot_be_sent_is_said_to_be_so() -> None:
    objects = scripted(([1], Headers({"X-Pagination-Cursor-Next": "é"})), version_2=True)
    assert next(objects) == 1
    with pytest.raises(exc.InvalidResponse, match="a cursor that cannot be sent"):
        next(objects)
    assert list(scripted(([1], Headers({"X-Pagination-Cursor-Next": "  "})), version_2=True)) == [1]


@pytest.mark.parametrize("mode", ["auto", "batch", "single"])
def test_an_id_that_cannot_be_sent_fails_alone(mode: str) -> None:
    for bad in ("", ".", "..", "a\nb", "\ud800"):
        server = Server(["a", "b", bad, "c", "d"], pages="ignored")
        assert taken(server, 1, mode=mode) == ([server.object("a"), server.object("b")], "InvalidRequest")
        found, raised = taken(server, 1, "return", mode=mode)
        assert raised is None
        assert [each for each in found if isinstance(each, dict)] == [server.object(name) for name in "abcd"]


def test_batches_are_as_long_as_their_path_is_when_it_is_written() -> None:
    server = Server([f"{number:02}{'é' * 70}" for number in range(40)], pages="ignored")
    assert taken(server, 1)[0] == [server.object(name) for name in server.ids]
    assert max(len(path) for path, _ in server.asked) < 4100


def test_a_page_that_fails_beside_others_does_so_in_its_place() -> None:
    server = Server(list(range(30)), cap=10, failing_pages={2: 503})
    assert taken(server, 3) == ([server.object(name) for name in range(10)], 503)
    assert taken(server, 1) == ([server.object(name) for name in range(10)], 503)


def test_numbers_that_are_none_are_not_taken_for_any() -> None:
    odd = Headers({"X-Pagination-Elements": "many", "X-Pagination-Number": "9" * 20})
    assert list(scripted(([{"id": 1}], odd))) == [{"id": 1}]


@pytest.mark.parametrize(
    ("problem", "batch", "refusal"),
    [
        (exc.InvalidSignature("no", status=400), False, False),
        (exc.QueryTimeOut("no", status=400), True, False),
        (exc.InvalidCredential("no", status=403, code="INVALID_CREDENTIAL"), True, False),
        (exc.NotGrantedCall("no", status=403, code="NOT_GRANTED_CALL"), True, True),
        (exc.Forbidden("no", status=403), True, True),
        (exc.Forbidden("no", status=403), False, False),
        (exc.GatewayError("no", status=500), True, False),
        (exc.ServerError("no", status=500), True, True),
        (exc.ConnectionLost("no"), True, False),
    ],
)
def test_which_errors_mean_that_a_mode_is_refused(problem: exc.APIError, batch: bool, refusal: bool) -> None:
    assert is_refusal_of_mode(problem, batch) is refusal


@pytest.mark.parametrize("size", [0, -1, True, 1.5, "5"])
def test_sizes_and_numbers_of_calls_are_checked(size: Any) -> None:
    with pytest.raises(exc.InvalidRequest, match="size must be"):
        read_size(size)
    with pytest.raises(exc.InvalidRequest, match="concurrency must be"):
        read_concurrency(size)
    with pytest.raises(exc.InvalidRequest, match="mode must be one of auto, cursor, pages, batch, single"):
        read_mode(size)
    assert read_size(None) is None
    assert read_concurrency(None) == 10
    assert read_concurrency(3) == 3


def test_progress_is_told_of_what_came_and_how_much_there_is() -> None:
    told: list[tuple[int, int | None]] = []
    server = Server(list(range(25)), cap=10)
    list(ObjectIterator(pager(server), World, progress=lambda done, total: told.append((done, total))))
    assert told == [(10, 25), (20, 25), (25, 25)]
    told.clear()
    list(
        ObjectIterator(pager(Server([1, 2, 3], version_2=True, cap=2)), World, progress=lambda *each: told.append(each))
    )
    assert told == [(2, None), (3, None)]


def test_details_of_nothing_are_nothing() -> None:
    details = ItemFetcher(Server([]).fetch, "/list/", limit=1)
    with pytest.raises(StopIteration) as ended:
        next(details.begin([]))
    assert list(ended.value.value.parts) == []


def test_a_page_beyond_the_last_one_may_be_the_last_one_again() -> None:
    first, last = told(1, None, 1, 2), told(2, None, 3, 4)
    assert [each["id"] for each in scripted(first, last, last, mode="pages")] == [1, 2, 3, 4]
