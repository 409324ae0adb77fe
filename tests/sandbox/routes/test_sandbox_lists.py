"""Lists by cursor, in pages and by many ids at once; filters; services that lack them."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

import ovhcore as ovh
from ovhcore.protocol.messages import Response
from ovhcore_transports.cli import command as cli
from ovhcore_transports.sandbox import ACCESS_KEYS, Faults, Modes, Sandbox, SandboxTransport, Server

pytestmark = pytest.mark.once

PAGES = {"X-Pagination-Mode": "CachedObjectList-Pages"}
CURSOR = {"X-Pagination-Mode": "cachedobjectlist-CURSOR"}
BILLS = "/me/bill"
POLICIES = "/v2/iam/policy"
RECORDS = "/domain/zone/example.com/record"


def client_of(sandbox: Sandbox) -> ovh.Client:
    return ovh.Client("ovh-eu", transport=SandboxTransport(sandbox), **ACCESS_KEYS)


@pytest.fixture
def sandbox() -> Sandbox:
    return Sandbox()


@pytest.fixture
def client(sandbox: Sandbox) -> ovh.Client:
    return client_of(sandbox)


def asked(client: ovh.Client, path: str, headers: dict[str, str]) -> Response:
    response = client.raw_call("GET", path, headers=headers)
    assert response.status == 200, response.text
    return response


def listed(client: ovh.Client, path: str, **headers: str) -> Any:
    fields = {f"X-Pagination-{name.replace('_', '-')}": value for name, value in headers.items()}
    return json.loads(asked(client, path, {**PAGES, **fields}).body)


def walked(client: ovh.Client, path: str, headers: dict[str, str]) -> list[list[Any]]:
    """Return the pages that cursors lead to."""
    pages: list[list[Any]] = []
    cursor: str | None = ""
    while cursor is not None:
        response = asked(client, path, {**headers, "X-Pagination-Cursor": cursor} if cursor else headers)
        pages.append(json.loads(response.body))
        cursor = response.headers.get("X-Pagination-Cursor-Next")
        assert cursor is None or not cursor.isdecimal()
    return pages


@given(
    count=st.integers(0, 40),
    size=st.none() | st.integers(1, 50),
    modes=st.builds(
        Modes, max_page_size=st.integers(1, 20), default_page_size=st.integers(1, 20), short_pages=st.booleans()
    ),
)
def test_cursors_lead_to_each_object_once_and_in_order(count: int, size: int | None, modes: Modes) -> None:
    sandbox = Sandbox(modes=modes)
    sandbox.add_bills(count)
    sandbox.resources["policies"] = [{"id": number} for number in range(count)]
    client = client_of(sandbox)
    asked_for = {} if size is None else {"X-Pagination-Size": str(size)}
    for path, headers, expected in (
        (POLICIES, asked_for, sandbox.resources["policies"]),
        (BILLS, CURSOR | asked_for, sandbox.resources["bills"]),
    ):
        pages = walked(client, path, headers)
        assert [item for page in pages for item in page] == expected
        most = min(size or modes.default_page_size, modes.max_page_size)
        assert max(map(len, pages)) <= most
        if not modes.short_pages:
            assert len(pages) == max(1, -(-len(expected) // most))


@given(count=st.integers(0, 40), size=st.integers(1, 50), most=st.integers(1, 20))
def test_numbers_lead_to_each_object_once_and_in_order(count: int, size: int, most: int) -> None:
    sandbox = Sandbox(modes=Modes(max_page_size=most, short_pages=True))
    sandbox.resources["bills"].clear()
    sandbox.add_bills(count)
    client = client_of(sandbox)
    found: list[Any] = []
    number = 1
    while True:
        response = asked(client, BILLS, {**PAGES, "X-Pagination-Number": str(number), "X-Pagination-Size": str(size)})
        page = json.loads(response.body)
        assert response.headers["X-Pagination-Elements"] == str(count)
        assert response.headers["X-Pagination-Number"] == str(number)
        assert response.headers["X-Pagination-Size"] == str(min(size, most))
        assert "X-Pagination-Sort" not in response.headers
        if not page:
            break
        found += page
        number += 1
    assert found == sandbox.resources["bills"]
    assert number == 1 - (-count // min(size, most))


def test_short_pages_may_be_empty_before_the_end() -> None:
    client = client_of(Sandbox(modes=Modes(short_pages=True)))
    lengths = [len(page) for page in walked(client, POLICIES, {"X-Pagination-Size": "4"})]
    assert lengths == [2, 0, 4, 1, 0]


def test_a_list_is_whole_where_nothing_is_asked_for(client: ovh.Client) -> None:
    assert len(client.get(POLICIES)) == 7
    assert client.raw_call("GET", POLICIES).headers.get("X-Pagination-Cursor-Next") is None


def test_a_cursor_belongs_to_its_list(client: ovh.Client) -> None:
    def cursor(path: str, headers: dict[str, str]) -> str:
        return asked(client, path, {**headers, "X-Pagination-Size": "1"}).headers["X-Pagination-Cursor-Next"]

    good = cursor(POLICIES, {})
    assert (
        asked(client, POLICIES, {"X-Pagination-Cursor": good, "X-Pagination-Size": "6"}).json()[0]["name"] == "policy 2"
    )
    sorted_by_date = {**CURSOR, "X-Pagination-Sort": "date"}
    tagless = "?iamTags=" + quote('{"a":[{"operator":"NEXISTS"}]}')
    for path, headers, given_ in (
        (POLICIES + tagless, {}, good),
        ("/v2/vrackServices/resource", {}, good),
        (POLICIES, {}, cursor(POLICIES + tagless, {})),
        (POLICIES, {}, "3"),
        (POLICIES, {}, "A"),
        (POLICIES, {}, good + "A"),
        (POLICIES, {}, good[:-1]),
        (POLICIES, {}, "MS4xLjAwMDAwMDAwMDAwMDAwMDA"),
        (BILLS, sorted_by_date, cursor(BILLS, CURSOR)),
    ):
        with pytest.raises(ovh.BadParametersError, match=r"^invalid cursor\b"):
            client.get(path, _headers={**headers, "X-Pagination-Cursor": given_})


def test_pages_hold_the_objects_that_ids_stand_for(client: ovh.Client) -> None:
    assert client.get(BILLS) == [bill["billId"] for bill in listed(client, BILLS)]
    for path in ("/dedicated/server", "/domain/zone", "/cloud/project", RECORDS):
        assert listed(client, path) == [client.get(f"{path}/{item_id}") for item_id in client.get(path)]
    instances = client.get("/instance")
    assert listed(client, "/instance") == instances
    assert listed(client, "/me")["firstname"] == "Ada"
    assert client.get(BILLS, _headers={"X-Pagination-Mode": "Other", "X-Pagination-Size": "0"}) == client.get(BILLS)
    with pytest.raises(ovh.ResourceNotFoundError, match="This service does not exist"):
        client.get("/domain/zone/{zoneName}/record", zoneName="example.org", _headers=PAGES)


@pytest.mark.parametrize("name", ["Number", "Size"])
@pytest.mark.parametrize("value", ["0", "-1", "many", "1" * 10])
def test_pages_that_do_not_exist(client: ovh.Client, name: str, value: str) -> None:
    with pytest.raises(ovh.BadParametersError, match="Invalid pagination"):
        client.get(BILLS, _headers={**PAGES, f"X-Pagination-{name}": value})


def test_objects_in_pages_may_be_old(client: ovh.Client, sandbox: Sandbox) -> None:
    assert len(listed(client, RECORDS)) == 4
    client.put(RECORDS + "/1001", target="192.0.2.99")
    client.delete(RECORDS + "/1002")
    assert len(client.get(RECORDS)) == 3
    old = listed(client, RECORDS)
    assert [record["target"] for record in old[:2]] == ["192.0.2.10", "192.0.2.10"]
    assert [record["id"] for record in listed(client, RECORDS + "?fieldType=A")] == [1001]
    new = json.loads(asked(client, RECORDS, {**PAGES, "Pragma": "no-cache"}).body)
    assert [record["id"] for record in new] == [1001, 1003, 1004]
    assert new[0]["target"] == "192.0.2.99"
    assert listed(client, RECORDS) == new


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("billId:eq=FR54100002", [2]),
        ("billId:eq=FR54100002,FR54100003", [2, 3]),
        ("billId:in=FR54100004,FR54100001", [1, 4]),
        ("billId:ne=FR54100002", [1, 3, 4]),
        ("billId:nq=FR54100002", [1, 3, 4]),
        ("billId:like=%25100002", [2]),
        ("billId:like=fr%253", [3]),
        ("billId:like=54100003", []),
        ("billId:nlike=%253,%254", [1, 2]),
        ("priceWithTax.value:gt=59.5", [2, 4]),
        ("priceWithTax.value:eq=154.80", [4]),
        ("priceWithTax.value:gt=8&priceWithTax.value:lt=100", [1, 2]),
        ("orderId:lt=154100003", [1, 2]),
        ("date:gt=2026-01-01&date:lt=2026-06-01", [2, 3]),
        ("url:like=%25%3Freference%3D%25%26%25", []),
        ("url:like=%25%3Freference%3D%25", [1, 2, 3, 4]),
        ("priceWithTax:like=%25EUR%25", [1, 2, 3, 4]),
        ("nothing.at.all:eq=null", [1, 2, 3, 4]),
        ("billId.deeper:ne=null", []),
    ],
)
def test_filters(client: ovh.Client, condition: str, expected: list[int]) -> None:
    wanted = [f"FR5410000{number}" for number in expected]
    assert [bill["billId"] for bill in listed(client, BILLS, Filter=condition)] == wanted
    pages = walked(client, BILLS, {**CURSOR, "X-Pagination-Filter": condition, "X-Pagination-Size": "1"})
    assert [bill["billId"] for page in pages for bill in page] == wanted


def test_filters_on_booleans(client: ovh.Client) -> None:
    assert len(listed(client, "/domain/zone", Filter="dnssecSupported:eq=true")) == 1
    assert listed(client, "/domain/zone", Filter="hasDnsAnycast:eq=true") == []


@pytest.mark.parametrize(
    "condition", ["billId", "billId=1", "billId:xx=1", ":eq=1", "billId:eq=1&", "orderId:eq=many", "orderId:gt=nan"]
)
def test_filters_that_cannot_be_read(client: ovh.Client, condition: str) -> None:
    with pytest.raises(ovh.BadParametersError, match="Invalid filter"):
        client.get(BILLS, _headers={**PAGES, "X-Pagination-Filter": condition})


def test_sorting(client: ovh.Client, sandbox: Sandbox) -> None:
    sandbox.resources["bills"][0]["note"] = "b"
    sandbox.resources["bills"][1]["note"] = 5
    sandbox.resources["bills"][2]["note"] = "a"

    def order(field: str, **headers: str) -> list[int]:
        return [int(bill["billId"][-1]) for bill in listed(client, BILLS, Sort=field, **headers)]

    assert order("priceWithTax.value") == [3, 1, 2, 4]
    assert order("priceWithTax.value", Sort_Order="desc") == [4, 2, 1, 3]
    assert order("note") == [4, 2, 3, 1]
    assert order("priceWithTax.value", Sort_Order="DESC", Filter="orderId:gt=154100001", Size="2", Number="2") == [3]
    response = asked(client, BILLS, {**PAGES, "X-Pagination-Sort": "date", "X-Pagination-Sort-Order": "desc"})
    assert response.headers["X-Pagination-Sort"] == "date"
    assert response.headers["X-Pagination-Sort-Order"] == "DESC"
    with pytest.raises(ovh.BadParametersError, match="ASC or DESC"):
        client.get(BILLS, _headers={**PAGES, "X-Pagination-Sort": "date", "X-Pagination-Sort-Order": "up"})


def test_a_batch(client: ovh.Client, sandbox: Sandbox) -> None:
    answer = client.get(RECORDS + "/1002,99,,1001,x", _headers={"X-Ovh-Batch": ","})
    assert [(item["key"], (item["value"] or {}).get("target")) for item in answer] == [
        (1002, "192.0.2.10"),
        (99, None),
        ("", None),
        (1001, "192.0.2.10"),
        ("x", None),
    ]
    assert answer[0]["error"] is None
    message = "The requested object (id = 99) does not exist"
    assert answer[1]["error"] == {"class": "Client::NotFound", "message": message}
    assert sandbox.executed == {("GET", RECORDS + "/1002,99,,1001,x"): 1}


def test_a_batch_has_the_separator_it_is_given(client: ovh.Client, sandbox: Sandbox) -> None:
    sandbox.resources["bills"][0]["billId"] = "a,b"
    (one, two) = client.get(BILLS + "/a%2Cb;FR54100002/", _headers={"X-Ovh-Batch": ";"})
    assert (one["key"], one["value"]["orderId"], two["value"]["orderId"]) == ("a,b", 154100001, 154100002)
    (only,) = client.get(BILLS + "/a%2Cb", _headers={"X-Ovh-Batch": ","})
    assert only["value"]["billId"] == "a,b"
    for wrong in ("", ",,"):
        with pytest.raises(ovh.BadParametersError, match="X-Ovh-Batch must be the one character"):
            client.get(BILLS + "/a,b", _headers={"X-Ovh-Batch": wrong})


def test_where_there_is_no_batch(client: ovh.Client) -> None:
    with pytest.raises(ovh.ResourceNotFoundError):
        client.call("PUT", RECORDS + "/1001,1002", {"ttl": 60}, headers={"X-Ovh-Batch": ","})
    assert client.get(BILLS, _headers={"X-Ovh-Batch": "no separator"}) == client.get(BILLS)


def test_a_batch_needs_the_rights_for_its_path() -> None:
    transport = SandboxTransport()
    client = ovh.Client("ovh-eu", transport=transport, **ACCESS_KEYS)
    request = client.new_consumer_key_request()
    request.add_rule("GET", RECORDS + "/1001")
    request.request()
    assert client.get(RECORDS + "/1001", _headers={"X-Ovh-Batch": ","})[0]["key"] == 1001
    with pytest.raises(ovh.NotGrantedCall):
        client.get(RECORDS + "/1001,1002", _headers={"X-Ovh-Batch": ","})


def test_a_batch_of_values_alone() -> None:
    client = client_of(Sandbox(modes=Modes(plain_batch=True)))
    found, lost = client.get(RECORDS + "/1001,99", _headers={"X-Ovh-Batch": ","})
    assert (found["id"], lost) == (1001, None)


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        ({"environment": [{"operator": "EQ", "value": "production"}]}, [1]),
        ({"team": [{"value": "web"}]}, [1, 2]),
        ({"environment": [{"operator": "NEQ", "value": "production"}]}, [2, 3]),
        ({"team": [{"operator": "EXISTS"}], "environment": [{"value": "staging"}]}, [2]),
        ({"team": [{"operator": "NEXISTS"}]}, [3]),
        ({"environment": [{"operator": "LIKE", "value": "%ing"}]}, [2]),
        ({"environment": [{"operator": "LIKE", "value": "PROD%"}]}, []),
        ({"environment": [{"operator": "ILIKE", "value": "PROD%"}]}, [1]),
        ({"environment": [{"operator": "LIKE", "value": "%g%"}, {"operator": "NEQ", "value": "x"}]}, [2]),
        ({}, [1, 2, 3]),
    ],
)
def test_tags(client: ovh.Client, tags: Any, expected: list[int]) -> None:
    found = client.get("/dedicated/server", iamTags=json.dumps(tags))
    assert found == [f"ns{number}.ip-192-0-2.eu" for number in expected]


def test_tags_in_version_2(client: ovh.Client) -> None:
    production = json.dumps({"environment": [{"value": "production"}]})
    (found,) = client.get("/v2/vrackServices/resource", iamTags=production)
    assert found["iam"]["tags"] == {"environment": "production"}
    assert client.get(POLICIES, iamTags=production) == []


@pytest.mark.parametrize(
    "value",
    [
        "",
        "{",
        "[]",
        '{"a": "b"}',
        '{"a": ["b"]}',
        '{"a": [{}]}',
        '{"a": [{"operator": "eq", "value": "b"}]}',
        '{"a": [{"operator": "EXISTS", "value": "b"}]}',
        '{"a": [{"operator": [], "value": "b"}]}',
        "[" * 100_000,
    ],
)
def test_tags_that_cannot_be_read(client: ovh.Client, value: str) -> None:
    with pytest.raises(ovh.BadParametersError, match="iamTags"):
        client.get("/dedicated/server", iamTags=value)


def test_tags_in_the_form_that_is_refused(client: ovh.Client) -> None:
    with pytest.raises(ovh.BadParametersError, match="iamTags"):
        client.get("/dedicated/server", **{"iamTags[environment][value]": "production"})


def test_errors_say_nothing_of_pages(client: ovh.Client, sandbox: Sandbox) -> None:
    fields = {**PAGES, "X-Pagination-Sort": "date", "X-Pagination-Number": "0"}
    response = client.raw_call("GET", BILLS, headers=fields)
    assert response.status == 400
    sandbox.faults = Faults(1, kinds=["bad-gateway"])
    other = client_of(sandbox).raw_call("GET", POLICIES, headers={"X-Pagination-Size": "1"}, options={"retry": False})
    assert other.status == 502
    for answer in (response, other):
        assert not [name for name in answer.headers if name.lower().startswith("x-pagination")]


def test_a_service_that_ignores_what_is_asked_for() -> None:
    sandbox = Sandbox(modes=Modes("ignored", "ignored", "ignored", "ignored", default_page_size=2))
    client = client_of(sandbox)
    everything = asked(client, POLICIES, {"X-Pagination-Size": "2", "X-Pagination-Cursor": "x"})
    assert len(everything.json()) == 7
    assert "X-Pagination-Cursor-Next" not in everything.headers
    assert len(client.get(POLICIES)) == 7
    for mode in (PAGES, CURSOR):
        assert client.get(BILLS, _headers={**mode, "X-Pagination-Size": "0"}) == client.get(BILLS)
    with pytest.raises(ovh.ResourceNotFoundError, match=r"id = 1001,1002"):
        client.get(RECORDS + "/1001,1002", _headers={"X-Ovh-Batch": ","})
    sandbox.modes = Modes(filters="ignored")
    assert len(listed(client, BILLS, Filter="billId:eq=none")) == 4


def test_a_service_that_refuses_what_is_asked_for() -> None:
    sandbox = Sandbox(modes=Modes("refused", "refused", "refused", "refused"))
    client = client_of(sandbox)
    for path, headers in (
        (POLICIES, {"X-Pagination-Size": "2"}),
        (POLICIES, {"X-Pagination-Cursor": "x"}),
        (BILLS, PAGES),
        (BILLS, CURSOR),
        (RECORDS + "/1001", {"X-Ovh-Batch": ","}),
    ):
        with pytest.raises(ovh.BadParametersError, match="is not supported"):
            client.get(path, _headers=headers)
    assert len(client.get(POLICIES)) == 7
    assert len(client.get(BILLS)) == 4
    sandbox.modes = Modes(filters="refused")
    assert len(client.get(BILLS, _headers=PAGES)) == 4
    with pytest.raises(ovh.BadParametersError, match="X-Pagination-Filter is not supported"):
        client.get(BILLS, _headers={**PAGES, "X-Pagination-Filter": "billId:eq=x"})


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"cursors": "off"}, "cursors must be one of on, ignored, refused, not 'off'"),
        ({"pages": None}, "pages must be one of"),
        ({"batch": True}, "batch must be one of"),
        ({"filters": []}, "filters must be one of"),
        ({"max_page_size": 0}, "max_page_size must be a whole number, 1 or more, not 0"),
        ({"max_page_size": True}, "max_page_size"),
        ({"default_page_size": 2.0}, "default_page_size"),
        ({"short_pages": 1}, "short_pages must be True or False, not 1"),
        ({"plain_batch": "yes"}, "plain_batch"),
    ],
)
def test_modes_that_do_not_exist(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ovh.InvalidConfiguration, match=f"modes: {message}"):
        Modes(**arguments)


def test_the_command_serves_one_that_lacks_them(monkeypatch: pytest.MonkeyPatch) -> None:
    served: list[Modes] = []

    def interrupted(server: Server) -> None:
        served.append(server.sandbox.modes)
        raise KeyboardInterrupt

    monkeypatch.setattr(Server, "wait", interrupted)
    for lacks in ([], ["--lacks", "cursors", "--lacks", "batch"]):
        assert CliRunner().invoke(cli._commands(), ["sandbox", *lacks]).exit_code == 0
    assert served == [Modes(), Modes(cursors="ignored", batch="ignored")]
    assert CliRunner().invoke(cli._commands(), ["sandbox", "--lacks", "time"]).exit_code == 2


def test_bills_as_many_as_wanted(client: ovh.Client, sandbox: Sandbox) -> None:
    sandbox.add_bills(150)
    sandbox.add_bills(150)
    other = Sandbox()
    other.add_bills(300)
    assert sandbox.resources["bills"] == other.resources["bills"]
    ids = client.get(BILLS)
    assert len(ids) == len(set(ids)) == 304
    assert client.get(BILLS + "/{billId}", billId=ids[-1])["billId"] == "FR54200300"
    assert len(listed(client, BILLS)) == 100
