"""Values and arguments held against the schema; a well-kept library finds the same."""

# ruff: noqa: E501 - rows of tables are easier to compare than to read in pieces

from __future__ import annotations

import datetime
import enum
import ipaddress
import uuid
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ovhcore import schema
from ovhcore.schema.checking import Finding, check_answer, check_arguments, check_value
from ovhcore.schema.model import Enumeration, Family, Model
from ovhcore.schema.reading import read_document
from ovhcore.schema.types import Array, Map, Ref, Scalar, Type, parse_type
from tests.schema.documents import NATIVE, OPENAPI
from tests.schema.oracle import places

pytestmark = pytest.mark.once

SHOP = read_document(NATIVE)


def told(findings: list[Finding]) -> list[str]:
    return [str(each) for each in findings]


@pytest.mark.parametrize(
    ("type_", "value", "expected"),
    [
        ("string", "x", []),
        ("string", 5, ["$: is a number, and must be string"]),
        ("string", None, ["$: is null, and must be string"]),
        ("long", 5, []),
        ("long", 5.0, []),
        ("long", 5.5, ["$: is a number, and must be long"]),
        ("long", float("inf"), ["$: is a number, and must be long"]),
        ("long", True, ["$: is true, and must be long"]),
        ("long", "5", ["$: is text, and must be long"]),
        ("double", 5, []),
        ("double", False, ["$: is false, and must be double"]),
        ("boolean", True, []),
        ("boolean", 1, ["$: is a number, and must be boolean"]),
        ("ip", "192.0.2.0/32", []),
        ("ipBlock", "192.0.2.7/24", []),
        ("datetime", "2024-06-21 08:38:09", []),
        ("any", None, []),
        ("any", {"a": [1]}, []),
        ("void", None, []),
        ("void", {"odd": 1}, []),
        ("string[]", ["a", 1], ["$[1]: is a number, and must be string"]),
        ("string[]", {}, ["$: is an object, and must be a list, string[]"]),
        ("map[string]long", {"a": 1, "b": None, "c": "x"}, ["$.c: is text, and must be long"]),
        ("map[string]long", [1], ["$: is a list, and must be an object, map[string]long"]),
        ("shop.KindEnum", "quite new", []),
        ("shop.KindEnum", 4, ["$: is a number, and must be string, of shop.KindEnum"]),
        ("shop.VersionEnum", 8, []),
        ("shop.VersionEnum", "4", ["$: is text, and must be long, of shop.VersionEnum"]),
        ("shop.Nothing", object(), []),
        ("shop.Shop", {}, []),
        ("shop.Shop", {"name": None, "kind": None, "new": 1}, ["$.name: is null, and must be string"]),
        ("shop.Shop", {"parent": {"parent": {"name": 1}}}, ["$.parent.parent.name: is a number, and must be string"]),
        ("shop.Shop", 5, ["$: is a number, and must be an object, shop.Shop"]),
        ("complexType.UnitAndValue<shop.Shop>", {"value": {"name": 1}}, ["$.value.name: is a number, and must be string"]),
        ("complexType.UnitAndValue<long>[]", [{"value": "x"}], ["$[0].value: is text, and must be long"]),
    ],
)  # fmt: skip
def test_answers_are_held_with_tolerance(type_: str, value: Any, expected: list[str]) -> None:
    assert told(check_value(SHOP, parse_type(type_), value)) == expected


class Colour(enum.Enum):
    RED = "red"
    BIG = "big"


@pytest.mark.parametrize(
    ("type_", "value", "expected"),
    [
        ("shop.KindEnum", "big", []),
        ("shop.KindEnum", Colour.BIG, []),
        ("shop.KindEnum", Colour.RED, ["$: 'red' is not among the values of shop.KindEnum: big, small"]),
        ("datetime", datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC), []),
        ("uuid", uuid.UUID(int=1), []),
        ("ip", ipaddress.ip_address("192.0.2.1"), []),
        ("long", datetime.date(2026, 1, 1), ["$: is a date, and must be long"]),
        ("string", Decimal(1), ["$: is a Decimal, and must be string"]),
        ("void", 1, ["$: is a number, and must be void"]),
        ("shop.Shop", {"kind": "big", "name": "x"}, ["$.name: cannot be written"]),
        ("shop.Shop", {"knd": "big"}, ["$.knd: is no field; did you mean kind?", "$.kind: is missing; it is required"]),
        ("shop.Shop", {"kind": None, "zzz": 1}, ["$.zzz: is no field; there are: kind, owner, parent"]),
        ("shop.Shop", {"KIND": "big"}, ["$.KIND: is no field; did you mean kind?", "$.kind: is missing; it is required"]),
        ("shop.Shop", {"kind": "big", "owner": None}, ["$.owner: is null, and must be coreTypes.AccountId:string"]),
    ],
)  # fmt: skip
def test_what_is_sent_is_held_to_more(type_: str, value: Any, expected: list[str]) -> None:
    assert told(check_value(SHOP, parse_type(type_), value, sent=True)) == expected


def test_what_may_be_newer_than_the_schema_is_not_certain() -> None:
    assert [each.certain for each in check_value(SHOP, Ref("shop.KindEnum"), "new", sent=True)] == [False]
    null = check_value(SHOP, Ref("shop.Shop"), {"kind": "big", "owner": None}, sent=True)
    assert [each.certain for each in null] == [False]
    assert [each.certain for each in check_value(SHOP, Ref("shop.Shop"), {"name": None})] == [True]


def test_many_values_are_listed_in_part() -> None:
    document = {"resourcePath": "/x", "models": {"x.E": {"enum": [f"v{n}" for n in range(30)]}}}
    (finding,) = check_value(read_document(document), Ref("x.E"), "w", sent=True)
    assert finding.problem.endswith("v18, v19, ...")


def test_a_value_that_is_nested_for_ever_ends() -> None:
    value: dict[str, Any] = {}
    value["parent"] = value
    assert check_value(SHOP, Ref("shop.Shop"), value) == []


def arguments(call: str, **given: Any) -> list[str]:
    operation = schema.catalogue().operation(*call.split(" "))
    return told(check_arguments(schema.catalogue().family(operation.family), operation, **given))


@pytest.mark.parametrize(
    ("call", "given", "expected"),
    [
        ("GET /me/bill/{billId}", {"path": {"billId": "FR1"}}, []),
        ("GET /me/bill/{billId}", {"path": {"billid": "FR1"}}, [
            "billid: is no argument of the path; did you mean billId?",
            "billId: is missing; it is a required argument of the path",
        ]),
        ("GET /me/bill/{billId}", {}, []),
        ("GET /domain/zone/{zoneName}/record/{id}", {"path": {"zoneName": "x", "id": "12"}}, []),
        ("GET /domain/zone/{zoneName}/record/{id}", {"path": {"zoneName": "x", "id": "a"}}, ["id: is text, and must be long"]),
        ("GET /me/bill", {"query": {"date.from": datetime.date(2026, 1, 1), "date.to": None}}, []),
        ("GET /me/bill", {"query": {"date.form": "2026-01-01"}}, ["date.form: is no argument of the query; did you mean date.from?"]),
        ("GET /me", {"query": {"x": 1}}, ["x: is no argument of the query; there are: none"]),
        ("GET /domain/zone/{zoneName}/record", {"query": {"fieldType": "A"}}, []),
        ("GET /dedicated/server", {"query": {"iamTags": {"a": [{"operator": "EQ", "value": "b"}]}}}, []),
        ("PUT /me", {"body": {"city": "Lille"}}, []),
        ("PUT /me", {"body": {"nichandle": "x"}}, ["$.nichandle: cannot be written"]),
        ("PUT /me", {"body": [1]}, ["$: the body must be an object, not a list"]),
        ("PUT /me", {}, ["$: the body is missing"]),
        ("POST /domain/zone/{zoneName}/record", {"body": {"fieldType": "A", "target": "192.0.2.1", "subdomain": "x"}}, [
            "$.subdomain: is no field; did you mean subDomain?",
        ]),
        ("POST /domain/zone/{zoneName}/record", {"body": {"fieldType": "A", "target": 1}}, [
            "$.target: is a number, and must be string",
        ]),
        ("POST /me/sshKey", {}, ["$.key: is missing; it is required", "$.keyName: is missing; it is required"]),
        ("POST /domain/zone/{zoneName}/record", {}, ["$: the body is missing"]),
        ("POST /domain/zone/{zoneName}/refresh", {}, []),
        ("POST /domain/zone/{zoneName}/refresh", {"body": {"x": 1}}, ["$.x: is no field; there are: none"]),
    ],
)  # fmt: skip
def test_arguments_are_held_to_their_operation(call: str, given: dict[str, Any], expected: list[str]) -> None:
    assert arguments(call, **given) == expected


def test_arguments_of_every_form() -> None:
    parameters = [
        {"name": "tags", "dataType": "long[]", "paramType": "query", "required": True},
        {"name": "from", "dataType": "boolean", "paramType": "query"},
        {"name": "rate", "dataType": "double", "paramType": "query"},
        {"name": "name", "dataType": "string", "paramType": "query"},
        {"name": "kind", "dataType": "x.E", "paramType": "query"},
        {"dataType": "long[]", "paramType": "body"},
    ]
    operation = {"httpMethod": "POST", "parameters": parameters}
    enums = {"x.E": {"enum": [4, 6], "enumType": "long"}}
    family = read_document({"apis": [{"path": "/x", "operations": [operation]}], "models": enums})
    post = family.operations["POST /x"]
    for query in (
        {"tags": 1}, {"tags": [1, "2"]}, {"tags": (1,)}, {"tags": {1}}, {"tags": 1, "_from": "true"},
        {"tags": 1, "from": True, "rate": "1.5", "name": 5, "kind": "4"}, {"tags": 1, "name": True, "kind": 6},
    ):  # fmt: skip
        assert check_arguments(family, post, query=query) == []
    assert told(check_arguments(family, post, query={"tags": ["a"], "from": "yes", "rate": "x", "kind": 5})) == [
        "tags[0]: is text, and must be long",
        "from: is text, and must be boolean",
        "rate: is text, and must be double",
        "kind: 5 is not among the values of x.E: 4, 6",
    ]
    assert told(check_arguments(family, post)) == ["tags: is missing; it is a required argument of the query"]
    assert told(check_arguments(family, post, query={"tags": 1}, body=["x"])) == ["$[0]: is text, and must be long"]
    assert check_arguments(family, post, query={"tags": 1}, body=[1]) == []


def test_a_model_of_which_nothing_can_be_written_was_marked_for_answers() -> None:
    inner = {"a": {"type": "long", "readOnly": True, "required": True}}
    models = {"x.Outer": {"properties": {"inner": {"type": "x.Inner"}}}, "x.Inner": {"properties": inner}}
    family = read_document({"resourcePath": "/x", "models": models})
    assert check_value(family, Ref("x.Outer"), {"inner": {"a": 1}}, sent=True) == []
    assert told(check_value(family, Ref("x.Outer"), {"inner": {}}, sent=True)) == [
        "$.inner.a: is missing; it is required"
    ]


def test_fields_of_a_body() -> None:
    change, made = SHOP.operations["PUT /shop/{shopName}"], SHOP.operations["POST /shop/public"]
    assert list(SHOP.body_fields(change) or ()) == ["kind", "owner", "parent"]
    assert {name: each.required for name, each in (SHOP.body_fields(made) or {}).items()} == {
        "kind": True,
        "size": False,
    }
    assert SHOP.body_fields(SHOP.operations["GET /shop"]) == {}
    listed = change.replacing(parameters=(change.parameters[1].replacing(type=parse_type("shop.Shop[]")),))
    assert SHOP.body_fields(listed) is None
    assert (
        SHOP.body_fields(change.replacing(parameters=(change.parameters[1].replacing(type=Ref("shop.KindEnum")),)))
        is None
    )


# Against the library.

_LEAVES: st.SearchStrategy[Any] = st.sampled_from([None, True, False, 0, 1, 2.5, 3.0, "", "x", "4"])
_ANYTHING = st.recursive(
    _LEAVES,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(["a", "name"]), inner, max_size=2),
)


def values(family: Family, type_: Type, depth: int = 0) -> st.SearchStrategy[Any]:
    """Values that are mostly of a type."""
    if isinstance(type_, Array):
        right: st.SearchStrategy[Any] = st.lists(values(family, type_.item, depth + 1), max_size=2)
    elif isinstance(type_, Map):
        right = st.dictionaries(st.sampled_from(["a", "b"]), values(family, type_.value, depth + 1), max_size=2)
    elif isinstance(type_, Scalar):
        right = {"string": st.just("x"), "long": st.just(4), "double": st.just(2.5), "boolean": st.just(True)}.get(
            type_.base, _ANYTHING
        )
    else:
        model = family.model(type_)
        if isinstance(model, Enumeration):
            right = st.sampled_from([*model.values, "new"])
        elif isinstance(model, Model) and depth < 4:
            right = st.fixed_dictionaries(
                {}, optional={name: values(family, each.type, depth + 1) for name, each in model.properties.items()}
            )
        else:
            right = _ANYTHING
    return st.one_of(right, right, right, right, right, _ANYTHING)


@given(st.data())
def test_the_library_finds_the_same(data: st.DataObject) -> None:
    families: list[Family] = [SHOP, read_document(OPENAPI)]
    families += map(schema.catalogue().family, ("/ip", "/domain", "/v2/iam", "/dedicated/server"))
    family = data.draw(st.sampled_from(families))
    operation = data.draw(st.sampled_from(sorted(family.operations.values(), key=str)))
    value = data.draw(values(family, operation.answer))
    assert {each.place for each in check_answer(family, operation, value)} == places(family, operation.answer, value)
