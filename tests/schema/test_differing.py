"""What two catalogues say differently."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from ovhcore import schema
from ovhcore.schema import Catalogue, Difference, differences
from ovhcore.schema.model import Enumeration, Family, Model, Operation, Parameter, Property
from ovhcore.schema.reading import read_document
from ovhcore.schema.types import parse_type
from tests.schema.documents import NATIVE

pytestmark = pytest.mark.once


def of(*documents: Any) -> Catalogue:
    return Catalogue.of(read_document(each) for each in documents)


def told(old: Catalogue, new: Catalogue) -> dict[str, Difference]:
    return {each.what: each for each in differences(old, new)}


def test_a_catalogue_is_the_same_as_itself() -> None:
    assert not [*differences(schema.catalogue(), schema.catalogue())]


def test_operations_that_come_and_go() -> None:
    new = copy.deepcopy(NATIVE)
    gone = new["apis"].pop(0)
    keys = {f"{each['httpMethod']} {gone['path']}" for each in gone["operations"]}
    there = told(of(NATIVE), of(new))
    assert {each.what for each in there.values() if each.kind == "removed"} == keys
    assert {each.what for each in told(of(new), of(NATIVE)).values() if each.kind == "added"} == keys


def operation(**more: Any) -> Operation:
    parameters = (Parameter("id", "path", parse_type("long"), True), Parameter("a", "query", parse_type("string")))
    return Operation("GET", "/x/{id}", "/x", more.pop("parameters", parameters), parse_type("x.One"), **more)


def family(operation_: Operation, **models: Any) -> Catalogue:
    return Catalogue.of([Family("/x", {str(operation_): operation_}, models)])


def model(**properties: str) -> Model:
    return Model("One", {name: Property(name, parse_type(each)) for name, each in properties.items()})


def test_what_has_changed() -> None:
    other = (
        Parameter("id", "path", parse_type("string"), True),
        Parameter("b", "query", parse_type("string")),
        Parameter("a", "query", parse_type("string"), True),
        Parameter("", "body", parse_type("string[]"), True),
    )
    changed = Operation(
        "GET",
        "/x/{id}",
        "/x",
        other,
        parse_type("x.One[]"),
        authentication=False,
        iam_actions=(schema.IamAction("x:get", False),),
        status=schema.Status("DEPRECATED", "2026-01-01", replacement="/y"),
        expanded=parse_type("x.One"),
    )
    (found,) = differences(family(operation()), family(changed))
    assert (found.kind, found.what) == ("changed", "GET /x/{id}")
    assert found.details == (
        "path id: long, required -> string, required",
        "query a: string -> string, required",
        "+ query b: string",
        "+ body: string[], required",
        "answer: x.One -> x.One[]",
        "status: PRODUCTION -> DEPRECATED, since 2026-01-01, use /y",
        "needs a key: yes -> no",
        "objects of a list: no -> x.One",
        "+ IAM x:get: optional",
    )
    one = operation(iam_actions=(schema.IamAction("x:get"),))
    (found,) = differences(family(one), family(operation(iam_actions=(schema.IamAction("x:get", False),))))
    assert found.details == ("IAM x:get: required -> optional",)


def test_models_that_have_changed() -> None:
    kinds = {"Kind": Enumeration("Kind", ("a", "b"))}
    old = family(operation(), One=model(a="string", b="long"), Gone=model(), **kinds)
    written = Model("One", {"a": Property("a", parse_type("string"), nullable=True, read_only=True)})
    new = family(operation(), One=written, New=model(), Kind=Enumeration("Kind", ("b", "c")))
    there = told(old, new)
    assert {each.what: each.kind for each in there.values()} == {
        "/x: Gone": "removed",
        "/x: New": "added",
        "/x: One": "changed",
        "/x: Kind": "changed",
    }
    assert there["/x: One"].details == ("member a: string -> string, nullable, read-only", "- member b: long")
    assert there["/x: Kind"].details == ("- value a", "+ value c")
