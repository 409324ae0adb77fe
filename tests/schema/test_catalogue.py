"""Looking operations up, guessing what was meant, and searching."""

from __future__ import annotations

import difflib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ovhcore import schema
from ovhcore.exceptions import InvalidRequest
from ovhcore.protocol.requests.access_rules import rule_covers
from ovhcore.protocol.requests.building import target
from ovhcore.protocol.urls import template_names
from ovhcore.schema.lookup.catalogue import Catalogue, heads_of
from ovhcore.schema.lookup.paths import Paths, plain_path
from ovhcore.schema.model import Family, Operation
from ovhcore.schema.reading import read_document
from ovhcore.schema.rules import access_rule_for
from ovhcore.schema.tables import Table
from ovhcore.schema.types import VOID
from tests.schema.documents import NATIVE, OLD, OPENAPI

pytestmark = pytest.mark.once


@pytest.fixture(scope="module")
def everything() -> list[Operation]:
    return list(schema.catalogue().operations())


def test_the_catalogue_has_every_family() -> None:
    catalogue = schema.catalogue()
    assert len(catalogue.families()) == 84
    assert {"/me", "/dedicated/server", "/v2/iam"} < set(catalogue.families())
    assert (catalogue.endpoint, catalogue.date) == ("ovh-eu", "2026-07-01")
    assert "84 families" in repr(catalogue)
    assert catalogue.family("/me") is catalogue.family("/me")
    with pytest.raises(InvalidRequest, match="has no family '/mee'; it has /allDom, "):
        catalogue.family("/mee")


@pytest.mark.parametrize(
    ("method", "path", "expected"),
    [
        ("GET", "/me", "/me"),
        ("get", "/me/", "/me"),
        ("GET", "/1.0/me/bill/FR1?x=/y", "/me/bill/{billId}"),
        ("GET", "/v1/me/bill", "/me/bill"),
        ("GET", "/me/bill/{billId}", "/me/bill/{billId}"),
        ("GET", "/me/bill/{id}", "/me/bill/{billId}"),
        ("PUT", "/ip/1.2.3.0%2F24/mitigation/1.2.3.4", "/ip/{ip}/mitigation/{ipOnMitigation}"),
        ("GET", "/v2/iam/policy/urn:v1:eu:x", "/v2/iam/policy/{policyId}"),
        ("GET", "/domain/zone", "/domain/zone"),
        ("GET", "/domain/zone.fr", "/domain/{serviceName}"),
        ("POST", "/email/domain/x/account", "/email/domain/{domain}/account"),
        ("GET", "/dedicated/installationTemplate", "/dedicated/installationTemplate"),
    ],
)
def test_operations_are_found(method: str, path: str, expected: str) -> None:
    found = schema.catalogue().find(method, path)
    assert found is not None
    assert str(found) == f"{method.upper()} {expected}"
    assert schema.catalogue().operation(method, path) is found


@pytest.mark.parametrize(
    "path", ["/mee", "/", "", "/v2", "/v2/me", "/me//bill", "me", "/domain/zone/{zoneName}/records", "/{x}"]
)
def test_what_is_not_there_is_not_found(path: str) -> None:
    assert schema.catalogue().find("GET", path) is None
    assert schema.catalogue().methods(path) == ()


def test_what_is_not_there_is_told_with_what_may_have_been_meant() -> None:
    catalogue = schema.catalogue()
    with pytest.raises(InvalidRequest, match=r"^The catalogue has no GET /mee; did you mean /me\b"):
        catalogue.operation("GET", "/mee")
    with pytest.raises(InvalidRequest, match=r"^The catalogue has no POST for /me; it has GET, PUT$"):
        catalogue.operation("post", "/me")
    with pytest.raises(InvalidRequest, match=r"nothing like it is known$"):
        catalogue.operation("GET", "/zzzzzz/qqqqqq/xxxxxx/yyyyyy")


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/mee", "/me"),
        ("/ME/Bill", "/me/bill"),
        ("me/bill", "/me/bill"),
        ("/domain/zones/example.com", "/domain/zone/{zoneName}"),
        ("/domain/zone/example.com/records/12", "/domain/zone/{zoneName}/record/{id}"),
        ("/domain/zone/{zoneName}/recrod", "/domain/zone/{zoneName}/record"),
        ("/dedicated/servers", "/dedicated/server"),
        ("/iam/policy", "/v2/iam/policy"),
        ("/v2/iam/polici", "/v2/iam/policy"),
        ("/v1/vps/vps-1.ovh.net/rebot", "/vps/{serviceName}/reboot"),
        ("/me/bill/FR1/details/x/", "/me/bill/{billId}/details/{billDetailId}"),
        ("/domain/zone/example.com/{x}/record", "/domain/zone/{zoneName}/record"),
    ],
)
def test_what_may_have_been_meant(path: str, expected: str) -> None:
    assert schema.catalogue().suggest(path)[0] == expected


def test_suggestions_keep_to_a_method_and_to_a_number() -> None:
    catalogue = schema.catalogue()
    assert catalogue.suggest("/vps/x/reboots", "get") != ["/vps/{serviceName}/reboot"]
    assert catalogue.suggest("/vps/x/reboots", "post")[0] == "/vps/{serviceName}/reboot"
    assert len(catalogue.suggest("/me/bil", limit=1)) == 1
    assert catalogue.suggest("/zone/example.com/record/12")[:1] == ["/domain/zone/{zoneName}/record/{id}"]
    assert catalogue.suggest("/zzz/qqq") == []


def test_a_rule_allows_the_operation_and_not_its_list(everything: list[Operation]) -> None:
    operation = schema.catalogue().operation("GET", "/domain/zone/example.com/record/12")
    rule = access_rule_for(operation)
    assert rule == {"method": "GET", "path": "/domain/zone/*/record/*"}
    assert rule_covers(rule, "GET", "/domain/zone/example.com/record/12")
    assert not rule_covers(rule, "GET", "/domain/zone/example.com/record")
    for each in everything:
        filled = target(each.path, dict.fromkeys(template_names(each.path), "x"))
        assert rule_covers(access_rule_for(each), each.method, filled)


def test_every_operation_is_found_by_a_concrete_path(everything: list[Operation]) -> None:
    catalogue = schema.catalogue()
    assert len(everything) == 6624
    for each in everything:
        assert catalogue.find(each.method, each.path) is each
        filled = target(each.path, dict.fromkeys(template_names(each.path), "a/b c.é"))
        found = catalogue.find(each.method, filled)
        assert found is each, (str(each), filled, str(found))


@given(st.data())
def test_a_slip_of_the_pen_is_seen_through(data: st.DataObject) -> None:
    catalogue = schema.catalogue()
    family = catalogue.family(data.draw(st.sampled_from(["/me", "/domain", "/dedicated/server", "/v2/iam", "/vps"])))
    template = data.draw(st.sampled_from(sorted({each.path for each in family.operations.values()})))
    segments = template.split("/")
    long = [at for at, word in enumerate(segments) if len(word) >= 5 and "{" not in word]
    if not long:
        return
    at = data.draw(st.sampled_from(long))
    cut = data.draw(st.integers(1, len(segments[at]) - 1))
    segments[at] = segments[at][:cut] + segments[at][cut + 1 :]
    wrong = "/".join(segments)
    if not catalogue.methods(wrong):
        # Another path may be as near: by difflib's own measure none that is suggested is far.
        near = catalogue.suggest(wrong, limit=5)
        assert template in near or all(difflib.SequenceMatcher(None, wrong, each).ratio() > 0.8 for each in near[:1])
        assert near


paths = st.lists(st.sampled_from(["a", "b", "ab", "{x}", "{y}", "{x}.txt", "v{n}"]), min_size=1, max_size=4).map(
    lambda segments: "/" + "/".join(segments)
)


@given(st.lists(st.tuples(st.sampled_from(["GET", "PUT"]), paths), max_size=12), st.sampled_from(["GET", "PUT"]), paths)
def test_matching_agrees_with_regular_expressions(operations: list[tuple[str, str]], method: str, wanted: str) -> None:
    import re

    path = wanted.replace("{x}", "1").replace("{y}", "b").replace("{n}", "2")
    fits = [
        template
        for name, template in operations
        if name == method and re.fullmatch(re.sub(r"\\\{\w\\\}", "[^/]+", re.escape(template)), path)
    ]
    found = Paths(operations).find(method, path)
    assert (found in fits) if fits else found is None
    assert Paths(operations).methods(path) == sorted(
        {name for name, _ in operations if Paths(operations).find(name, path)}
    )


def test_plain_paths() -> None:
    assert [plain_path(each) for each in ("/1.0", "/v1/", "/v10/x", "/v2/x", "/", "/me?/", "x")] == [
        "/", "/", "/v10/x", "/v2/x", "/", "/me", "x",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("zone record create", "POST /domain/zone/{zoneName}/record"),
        ("dynhost delete", "DELETE /domain/zone/{zoneName}/dynHost/login/{login}"),
        ("reboot servers", "POST /dedicated/server/{serviceName}/reboot"),
        ("/me/bill", "GET /me/bill"),
        ("iam polic", "GET /v2/iam/policy"),
        ("get billingaccount callsGenerated", "GET /telephony/{billingAccount}/conference/{serviceName}/histories"),
    ],
)
def test_search(words: str, expected: str) -> None:
    found = [str(each) for each in schema.search(words)]
    assert found[0] == expected or words.startswith("get billingaccount")


def test_search_finds_nothing_where_there_is_nothing() -> None:
    assert schema.search("") == []
    assert schema.search("xylophone") == []
    assert len(schema.search("zone", limit=2)) == 2
    assert [str(each) for each in schema.search("address ss")] == [str(each) for each in schema.search("ss address")]


def test_search_puts_what_is_deprecated_last() -> None:
    found = Catalogue.of([read_document(NATIVE)]).search("shop")
    assert str(found[-1]) == "PUT /shop/{shopName}"
    assert Catalogue.of([read_document(NATIVE)]).search("coreTypes pagination") == []
    assert [str(each) for each in Catalogue.of([read_document(NATIVE)]).search("pagination")] == ["POST /shop/public"]


def test_families_of_one_name_are_kept_apart() -> None:
    catalogue = Catalogue.of([read_document(each) for each in (NATIVE, OLD, NATIVE, OPENAPI)], source="here")
    assert catalogue.families() == ("/old", "/shop", "/shop~2", "/v2/shop")
    assert catalogue.source == "here"
    assert catalogue.family("/shop~2").operations["GET /shop"].family == "/shop~2"
    assert catalogue.operation("GET", "/shop/x").family == "/shop"
    assert str(catalogue.operation("GET", "/shop/public")) == "GET /shop/{shopName}"
    assert str(catalogue.operation("POST", "/shop/public")) == "POST /shop/public"


def test_the_heads_of_a_family_cover_what_it_has() -> None:
    def family(*paths: str) -> Family:
        return Family(
            "/a/b", Table({f"GET {path}": Operation("GET", path, "/a/b", (), VOID) for path in paths}), Table({})
        )

    assert heads_of(family("/a/b", "/a/b/c")) == ("/a/b",)
    assert heads_of(family("/a/b", "/a/bc/d/e", "/a/{x}/y")) == ("/a", "/a/b", "/a/bc")
    odd = family("/{x}", "/a/b/{y}")
    assert Catalogue.of([odd]).find("GET", "/anything") is not None


def test_nothing_is_no_argument_of_a_path() -> None:
    with pytest.raises(InvalidRequest):
        schema.catalogue().operation("GET", "/domain/zone//record")


def test_nothing_is_suggested_that_has_no_word_like_the_path() -> None:
    known = schema.catalogue("ovh-eu")
    for path in ("/nosuch", "/vps-1a2b3c4d.vps.example"):
        assert known.suggest(path, "GET") == []  # any list of objects would be as near
    assert known.suggest("/vpss/vps-1a2b3c4d.vps.example", "GET") == ["/vps/{serviceName}"]
