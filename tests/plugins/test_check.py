"""The plugin ``check``: calls are held against the catalogue before they are sent."""

from __future__ import annotations

import asyncio
import json
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import ovhcore as ovh
from ovhcore import schema
from ovhcore.protocol.messages import Request, Response
from ovhcore.schema.calls import check_call
from ovhcore.schema.files import store
from tests.servers import run_beside_a_sandbox
from tests.worlds import AsyncScripted, Scripted

KEYS = ("key-of-the-application", "secret-of-the-application", "key-of-the-consumer")


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(store, "_opened", {})


def respond(request: Request) -> Response:
    return Response(200, {"X-OVH-QUERYID": "q"}, b"null")


class Checked:
    """A client, what it has sent, and the warnings of a call."""

    def __init__(self, check: Any = "error", **arguments: Any) -> None:
        self.world = Scripted(respond)
        options = {} if check is None else {"check": check}
        arguments = {"endpoint": "ovh-eu", "time_sync": "off", **arguments}
        keys: dict[str, Any] = dict(zip(("application_key", "application_secret", "consumer_key"), KEYS, strict=True))
        self.client = ovh.Client(transport=self.world, options=options, **keys, **arguments)

    def warned(self, call: Any) -> list[warnings.WarningMessage]:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            call(self.client)
        return caught


WRONG: list[tuple[str, Any, str]] = [
    ("query", lambda c: c.get("/me/bill", orderid=3), "orderid: is no argument of the query; did you mean orderId?"),
    ("type of the query", lambda c: c.get("/me/bill", orderId="x"), "orderId: is text, and must be long"),
    ("query of a path", lambda c: c.get("/me/bill?datefrom=2026-01-01"), "datefrom: is no argument of the query"),
    ("path argument in the query", lambda c: c.get("/me/bill", billId="FR1"), "billId: is no argument of the query"),
    (
        "type in a path",
        lambda c: c.get("/domain/zone/{zone}/record/{id}", zone="a.eu", id="x"),
        "id: is text, and must be long",
    ),
    ("concrete path", lambda c: c.get("/domain/zone/a.eu/record/x"), "id: is text, and must be long"),
    ("field", lambda c: c.put("/me", citty="Lille"), "$.citty: is no field; did you mean city?"),
    ("type of a field", lambda c: c.put("/me", city=3), "$.city: is a number, and must be string"),
    ("read-only", lambda c: c.put("/me", nichandle="x"), "$.nichandle: cannot be written"),
    (
        "missing",
        lambda c: c.post("/domain/zone/{z}/record", z="a.eu", fieldType="A"),
        "$.target: is missing; it is required",
    ),
    ("whole body", lambda c: c.call("PUT", "/me", [1]), "$: the body must be an object, not a list"),
    ("no query", lambda c: c.delete("/domain/zone/a.eu/record/3", force=True), "force: is no argument of the query"),
    ("iterate", lambda c: list(c.iterate("/me/bill", ordrId=3)), "ordrId: is no argument of the query"),
    (
        "batch",
        lambda c: c.batch("/domain/zone/a.eu/record/{id}", [1, "x", 3]),
        "id: is text, and must be long",
    ),
    ("gather", lambda c: c.gather(["/me", ("PUT", "/me", {"citty": "Lille"})]), "did you mean city?"),
    ("wait", lambda c: c.wait("/me/bill/FR1", nothing=1), "nothing: is no argument of the query"),
    ("raw", lambda c: c.raw_call("GET", "/me/bill?x=1"), "x: is no argument of the query"),
]


@pytest.mark.parametrize(("call", "said"), [each[1:] for each in WRONG], ids=[each[0] for each in WRONG])
def test_what_is_wrong_is_refused(call: Any, said: str) -> None:
    checked = Checked()
    with pytest.raises(ovh.InvalidRequest, match="does not take this") as caught:
        call(checked.client)
    assert said in str(caught.value)
    assert str(caught.value).endswith("(nothing was sent)")
    assert all("/me?" not in each.url and each.method == "GET" for each in checked.world.sent)
    assert len(checked.world.sent) <= 1  # of gather, the call before


def test_what_is_wrong_is_warned_of() -> None:
    checked = Checked("warn")
    (warning,) = checked.warned(lambda client: client.put("/me", citty="Lille"))
    assert warning.category is schema.CheckWarning
    assert str(warning.message) == "PUT /me does not take this: $.citty: is no field; did you mean city?"
    assert warning.filename == __file__
    assert len(checked.world.sent) == 1


@pytest.mark.parametrize("mode", ["warn", "error"])
@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda c: c.get("/domain/zones/a.eu"), "has no GET of this path; did you mean /domain/zone/{zoneName}?"),
        (lambda c: c.delete("/me"), "The catalogue of ovh-eu has no DELETE for this path; it has GET, PUT"),
        (lambda c: c.get("/qwzx" * 12), "The catalogue of ovh-eu has no GET of this path"),
        (
            lambda c: c.post("/domain/zone/a.eu/record", fieldType="NEW", target="x"),
            "$.fieldType: 'NEW' is not among the values of",
        ),
    ],
)
def test_what_may_be_right_elsewhere_is_sent(mode: str, call: Any, said: str) -> None:
    checked = Checked(mode)
    (warning,) = checked.warned(call)
    assert warning.category is schema.CheckWarning
    assert said in str(warning.message)
    assert len(checked.world.sent) == 1


RIGHT: list[Any] = [
    lambda c: c.get("/me"),
    lambda c: c.get("/1.0/me"),
    lambda c: c.get("/me/bill", **{"date.from": "2026-01-01", "orderId": 3}),
    lambda c: c.get("/me/bill/{billId}", billId="FR1"),
    lambda c: c.put("/me", city="Lille"),
    lambda c: c.post("/domain/zone/a.eu/record", fieldType="A", target="192.0.2.1", ttl=60),
    lambda c: c.batch("/domain/zone/a.eu/record/{id}", [1, 2]),
    lambda c: c.batch("/domain/zone/a.eu/record/{id}", [1]),
    lambda c: c.get("/v2/iam/resource", resourceType=["vps", "domain"]),
    lambda c: c.get("/dedicated/server", iamTags={"a": [{"operator": "EQ", "value": "b"}]}),
    lambda c: c.get("/ip/{ip}", ip="192.0.2.0/24"),
]


@pytest.mark.parametrize("call", RIGHT, ids=range(len(RIGHT)))
def test_what_is_right_is_sent_without_a_word(call: Any) -> None:
    checked = Checked()
    assert checked.warned(call) == []
    assert checked.world.sent


def test_values_of_a_query_that_are_no_json() -> None:
    checked = Checked()
    for value in ("x", "3"):
        with pytest.raises(ovh.InvalidRequest, match="iamTags: is text"):
            checked.client.get("/dedicated/server", iamTags=value)


def test_each_deprecated_operation_is_warned_of_once() -> None:
    operations = [each for each in schema.catalogue().operations() if each.status.deprecated]
    old = [each for each in operations if each.method == "GET" and not each.placed("query")]
    several = [each for each in old if each.status.replacement][:1] + [each for each in old if "{" not in each.path][:2]
    for mode in ("warn", "error"):
        checked = Checked(mode)
        for each in several:
            path = each.path.replace("{", "").replace("}", "")
            if schema.catalogue().find("GET", path) != each:
                continue
            caught = checked.warned(lambda client, path=path: [client.get(path) for _ in range(3)])
            (told,) = [one for one in caught if one.category is schema.DeprecatedOperationWarning]
            assert f"{each} is deprecated" in str(told.message)
            assert issubclass(told.category, DeprecationWarning)
            if each.status.replacement:
                assert str(told.message).endswith(f"; use {each.status.replacement}")


def test_dates_of_a_deprecation() -> None:
    status = schema.Status("DEPRECATED", "2024-01-01", "2026-01-01", None)
    operation = schema.catalogue().operation("GET", "/me").replacing(status=status)
    catalogue = schema.Catalogue.of([schema.Family("/me", {"GET /me": operation}, {})])
    checked = check_call(catalogue, "GET", "/me")
    assert checked.deprecation == "GET /me is deprecated (since 2024-01-01,until 2026-01-01)"
    assert check_call(catalogue, "GET", "/nothing/like/it/at/all").unknown == "The catalogue has no GET of this path"


def test_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OVH_CHECK", "error")
    checked = Checked(None)
    with pytest.raises(ovh.InvalidRequest, match="did you mean city"):
        checked.client.put("/me", citty="Lille")
    # A single call may have another.
    checked.client.put("/me", _options={"check": False}, citty="Lille")
    assert len(checked.warned(lambda client: client.put("/me", _options={"check": "WARN"}, citty="Lille"))) == 1
    monkeypatch.setenv("OVH_CHECK", "off")
    checked = Checked(None)
    assert checked.warned(lambda client: client.put("/me", citty="Lille")) == []
    with pytest.raises(ovh.InvalidRequest, match="did you mean city"):
        checked.client.put("/me", _options={"check": "error"}, citty="Lille")
    with pytest.raises(ovh.InvalidRequest, match="check of a call must be off, warn or error, not 'on'"):
        checked.client.get("/me", _options={"check": "on"})
    with pytest.raises(ovh.InvalidConfiguration, match="must be off, warn or error, not 3"):
        Checked(3)
    assert "check" in [each.name for each in checked.client.plugins]
    with pytest.raises(ovh.InvalidConfiguration, match="check"):
        Checked("warn", disabled_plugins=["check"])


def test_asynchronous_clients() -> None:
    async def program() -> None:
        world = AsyncScripted(respond)
        client = ovh.AsyncClient("ovh-eu", *KEYS, transport=world, options={"check": "error"}, time_sync="off")
        with pytest.raises(ovh.InvalidRequest, match="did you mean city"):
            await client.put("/me", citty="Lille")
        with pytest.raises(ovh.InvalidRequest, match="is no argument"):
            async for _ in client.iterate("/me/bill", ordrId=3):
                pass
        with pytest.raises(ovh.InvalidRequest, match="is no argument"):
            await client.gather(["/me/bill?x=1"])
        assert world.sent == []
        with pytest.warns(schema.CheckWarning, match="has no GET") as caught:
            await client.get("/mee")
        assert caught[0].filename == __file__

    asyncio.run(program())


def test_a_resource_without_a_checksum_is_updated() -> None:
    """Its model has none: a client finds out, and sends it without."""

    def answer(request: Request) -> Response:
        if request.method == "PUT":
            bodies.append(json.loads(request.body))
        resource = {"id": "a", "checksum": "c", "resourceStatus": "READY", "targetSpec": {"name": "a"}}
        return Response(200, {}, json.dumps(resource).encode())

    bodies: list[Any] = []
    client = ovh.Client("ovh-eu", *KEYS, transport=Scripted(answer), options={"check": "error"}, time_sync="off")
    path = "/v2/webhosting/resource/{name}/website/{websiteId}"
    client.update(path, {"name": "b"}, _wait=False, name="x", websiteId="y")
    assert bodies == [{"targetSpec": {"name": "b"}}]
    with pytest.raises(ovh.InvalidRequest, match="nam: is no field; did you mean name"):
        client.update(path, {"nam": "b"}, _wait=False, name="x", websiteId="y")
    assert len(bodies) == 1


def test_a_catalogue_that_is_damaged_stands_in_nobodys_way(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "_SHIPPED", tmp_path / "nowhere")
    checked = Checked()
    (warning,) = checked.warned(lambda client: client.put("/me", citty="Lille"))
    assert "Calls cannot be checked" in str(warning.message)
    assert len(checked.world.sent) == 1


def test_other_urls_are_left_alone() -> None:
    from ovhcore.plugins.check import check_request

    endpoint = Checked().client.settings.endpoint
    check_request(endpoint, Request("GET", "https://elsewhere.example/mee"), "error", set())


@pytest.mark.once
@given(
    path=st.from_regex(r"(/[a-z]{1,5}){1,4}", fullmatch=True),
    query=st.dictionaries(st.text(max_size=4), st.one_of(st.integers(), st.text(max_size=4)), max_size=2),
)
def test_what_is_not_known_is_always_sent(path: str, query: dict[str, Any]) -> None:
    if schema.catalogue().find("GET", path) is not None:
        return
    checked = Checked()
    checked.warned(lambda client: client.call("GET", path + "?" + "&".join(f"a{n}=1" for n, _ in enumerate(query))))
    assert len(checked.world.sent) == 1


def operations() -> Iterator[schema.Operation]:
    return schema.catalogue().operations()


@pytest.mark.untraced
@pytest.mark.once
def test_no_operation_breaks_it() -> None:
    catalogue = schema.catalogue()
    for each in operations():
        concrete = each.path.replace("{", "").replace("}", "")
        checked = check_call(catalogue, each.method, concrete + "?a=1&a=2&b=%7B", b'{"x": 1}', ",")
        assert checked.operation is not None


OFF = """
import sys
import ovhcore as ovh
client = ovh.Client()
client.put("/me", city="Lille")
assert not [each for each in sys.modules if each.startswith("ovhcore.schema")], "loaded"
"""


def test_nothing_is_loaded_while_it_is_off() -> None:
    """The program's assertions would end it with an error."""
    run_beside_a_sandbox(OFF)
