"""Reading schema documents: native ones, old ones, OpenAPI."""

# ruff: noqa: E501 - rows of tables are easier to compare than to read in pieces

from __future__ import annotations

import copy
import pickle
from typing import Any

import pytest
from hypothesis import given

from ovhcore.exceptions import SchemaError
from ovhcore.schema.files.packing import pack, unpack
from ovhcore.schema.model import Enumeration, Family, IamAction, Model, Parameter, Property, Status
from ovhcore.schema.reading import read_document, read_native, read_openapi
from ovhcore.schema.tables import Table
from ovhcore.schema.types import VOID, Ref, Scalar, parse_type
from tests.schema.documents import NATIVE, OLD, OPENAPI, mutated

pytestmark = pytest.mark.once


def properties(family: Family, name: str) -> dict[str, tuple[str, bool, bool, bool]]:
    model = family.models[name]
    assert isinstance(model, Model)
    return {
        key: (str(each.type), each.required, each.nullable, each.read_only) for key, each in model.properties.items()
    }


def test_a_native_document() -> None:
    family = read_document(NATIVE)
    assert repr(family) == "Family('/shop', 4 operations, 7 models)"
    assert list(family.operations) == ["GET /shop", "GET /shop/{shopName}", "PUT /shop/{shopName}", "POST /shop/public"]
    listing = family.operations["GET /shop"]
    assert (listing.version, listing.cursor, listing.authentication, listing.description) == (
        "1.0",
        False,
        True,
        "List shops",
    )
    assert (listing.iam_actions, listing.errors) == ((IamAction("shop:apiovh:get"),), ("Client::Forbidden::No",))
    assert str(listing.expanded) == "shop.Shop"
    assert str(listing.parameters[0].type) == "map[string]iam.resource.TagFilter[]"
    change = family.operations["PUT /shop/{shopName}"]
    assert change.status == Status(
        "DEPRECATED", "2026-01-01T00:00:00Z", "2027-01-01T00:00:00Z", "/1.0/shop/{shopName}/new"
    )
    assert change.status.deprecated
    assert not listing.status.deprecated
    assert (change.answer, change.body) == (VOID, Ref("shop.Shop"))
    assert [each.name for each in change.placed("path")] == ["shopName"]
    assert change.placed("body") == ()
    made = family.operations["POST /shop/public"]
    assert (made.authentication, made.cursor, made.body) == (False, True, None)
    assert made.parameter("size") == Parameter("size", "body", Scalar("long", "long"))
    assert made.parameter("") is made.parameter("sise") is None
    assert properties(family, "shop.Shop") == {
        "name": ("string", False, False, True),
        "kind": ("shop.KindEnum", True, True, False),
        "owner": ("coreTypes.AccountId:string", False, False, False),
        "parent": ("shop.Shop", False, True, False),
    }


def test_numbers_of_enumerations_are_numbers() -> None:
    family = read_document(NATIVE)
    assert family.models["shop.VersionEnum"] == Enumeration("shop.VersionEnum", (4, 6, "other"), "long")
    assert family.models["shop.RateEnum"] == Enumeration("shop.RateEnum", (0.5, 1), "double")


def test_generic_models() -> None:
    family = read_document(NATIVE)
    assert "complexType.UnitAndValue<T>" not in family.models
    generic = family.model("complexType.UnitAndValue")
    assert isinstance(generic, Model)
    assert generic.variables == ("T",)
    assert (
        family.model(Ref("complexType.UnitAndValue", (Scalar("long", "long"),)))
        is family.models["complexType.UnitAndValue<long>"]
    )
    assert properties(family, "complexType.UnitAndValue<long>")["value"][0] == "long"
    made = family.model(parse_type("complexType.UnitAndValue<shop.Shop[]>"))  # type: ignore[arg-type]
    assert isinstance(made, Model)
    assert made.name == "complexType.UnitAndValue<shop.Shop[]>"
    assert made.properties["value"] == Property("value", parse_type("shop.Shop[]"))
    assert family.model(Ref("complexType.UnitAndValue", (VOID, VOID))) is None
    assert family.model(Ref("shop.KindEnum", (VOID,))) is None
    assert family.model("shop.Nothing") is None


def test_an_old_document() -> None:
    family = read_document(OLD)
    assert family.name == "/old"
    operation = family.operations["GET /old/{id}"]
    assert not operation.authentication
    assert str(operation.answer) == "complexType.Pair<long,string>"
    assert operation.parameters[0].required
    assert (operation.errors, operation.iam_actions) == (("Client::NotFound::Old",), (IamAction("old:apiovh:get"),))
    assert str(family.operations["DELETE /old/{id}"].answer) == "old.Task"
    assert family.operations["POST /old/{id}"].answer == VOID
    assert properties(family, "old.Task") == {"done": ("boolean", False, False, True)}
    pair = family.model(operation.answer)  # type: ignore[arg-type]
    assert isinstance(pair, Model)
    assert [str(each.type) for each in pair.properties.values()] == ["long", "string"]
    other = family.model(parse_type("complexType.Pair<string,old.Task>"))  # type: ignore[arg-type]
    assert isinstance(other, Model)
    assert [str(each.type) for each in other.properties.values()] == ["string", "old.Task[]"]
    assert family.models["old.OddTypeEnum"] == Enumeration("old.OddTypeEnum", ("a",), "string")


def test_a_document_may_lack_nearly_everything() -> None:
    assert read_document({"resourcePath": "/x"}).operations == {}
    assert read_document({"apis": [{"path": "/x/y"}]}).name == "/x/y"
    assert read_native({"resourcePath": "/x"}, version="v2").name == "/v2/x"
    assert read_native({"resourcePath": "/x", "basePath": "https://eu.api.ovh.com/v2/"}).name == "/v2/x"
    assert read_openapi({}).name == "/"
    assert read_openapi({"paths": {"/a/b/c": {}, "/a/d": {}, "/a/{x}": {}}}).name == "/a"


def test_an_openapi_document() -> None:
    family = read_document(OPENAPI)
    assert family.name == "/v2/shop"
    listing = family.operations["GET /v2/shop"]
    assert (listing.version, listing.cursor, listing.authentication, listing.description) == (
        "v2",
        True,
        True,
        "List shops",
    )
    assert (listing.status, listing.errors) == (Status("BETA"), ("Client::NotFound::X",))
    assert (str(listing.answer), str(listing.expanded)) == ("string[]", "shop.Shop")
    assert listing.iam_actions == (IamAction("shop:apiovh:get"),)
    made = family.operations["POST /v2/shop"]
    assert made.status == Status("DEPRECATED", "2026-01-01T00:00:00Z", "2027-01-01T00:00:00Z", "/v2/store")
    assert not made.authentication
    assert {each.name: (str(each.type), each.required) for each in made.placed("body")} == {
        "kind": ("shop.KindEnum", True),
        "colours": ("shop.post.body.colours[]", False),
    }
    assert family.models["shop.post.body.colours"] == Enumeration("shop.post.body.colours", ("red", "blue"))
    assert properties(family, str(made.answer)) == {"id": ("long", False, False, False)}
    change = family.operations["PUT /v2/shop/{name}"]
    assert (change.answer, str(change.body)) == (VOID, "shop.Shop")
    assert [(each.name, each.place, each.required) for each in change.parameters] == [
        ("name", "path", True),
        ("force", "query", False),
        ("fields[a, b]", "query", False),
        ("", "body", False),
    ]
    assert family.operations["DELETE /v2/shop/{name}"].parameters == ()
    assert family.operations["GET /v2/shop/{name}"].parameters[0].required


def test_schemas_of_openapi() -> None:
    family = read_document(OPENAPI)
    found = {key: (type_, null, read) for key, (type_, _, null, read) in properties(family, "shop.Shop").items()}
    assert found == {
        "name": ("string", False, True),
        "kind": ("shop.KindEnum", True, True),
        "owner": ("coreTypes.AccountId:string", False, False),
        "mail": ("email", False, False),
        "at": ("datetime", False, False),
        "block": ("ipBlock", False, False),
        "odd": ("string", False, False),
        "ratio": ("double", False, False),
        "on": ("boolean", True, False),
        "either": ("any", False, False),
        "maybe": ("string", True, False),
        "several": ("any", False, False),
        "anything": ("any", False, False),
        "yes": ("any", False, False),
        "both": ("shop.Shop.both", False, False),
        "again": ("shop.KindEnum", False, False),
        "bare": ("string", True, False),
        "words": ("any", False, False),
        "things": ("map[string]any", False, False),
        "inner": ("shop.Shop.inner_", False, False),
        "unit": ("complexType.UnitAndValue<long>", False, False),
        "parent": ("shop.Shop", False, False),
        "elsewhere": ("string", False, False),
    }
    assert properties(family, "shop.Shop.inner_") == {"deep": ("shop.Shop.inner_.deep", False, True, False)}
    assert "a.Task<complexType.UnitAndValue<long>>" in family.models
    assert "plain_long" in family.models
    assert properties(family, "shop.Shop.both") == {
        "name": ("string", True, False, True),
        "b": ("any", False, False, False),
    }
    assert [properties(family, name) for name in ("text_", "Odd_Name_1_", "_", "X<Y<Z>>", "X_")] == [
        {"a": ("Odd_Name_1_", False, False, False)},
        {"b": ("text_", False, False, False)},
        {"c": ("_", False, False, False)},
        {"c": ("X<Y<Z>>", False, False, False)},
        {"c": ("X_", False, False, False)},
    ]
    assert not {"shop.Free", "shop.Loop", "any", "email", "coreTypes.AccountId"} & set(family.models)
    enumerations = {
        name: (each.values, each.base) for name, each in family.models.items() if isinstance(each, Enumeration)
    }
    assert enumerations["shop.Numbers"] == ((4, 6), "long")
    assert enumerations["shop.Rates"] == ((0.5, 1), "double")
    assert enumerations["shop.Flags"] == ((True,), "boolean")
    assert enumerations["shop.Mixed"] == (("a", 1), "string")


@pytest.mark.parametrize(
    ("servers", "path", "expected"),
    [
        ([], "/shop", "/shop"),
        ([{"url": "https://eu.api.ovh.com/1.0"}], "/shop", "/shop"),
        ([{"url": "https://eu.api.ovh.com/v2/"}], "/shop", "/v2/shop"),
        ([{}], "/v1/shop", "/shop"),
        ([], "/1.0/shop", "/shop"),
        ([], "/v2/shop", "/v2/shop"),
        ([], "/v1", "/"),
    ],
)
def test_the_version_of_an_openapi_document(servers: Any, path: str, expected: str) -> None:
    document = {"openapi": "3.1.0", "servers": servers, "paths": {path: {"get": {}}, "x-other": {}}}
    assert list(read_openapi(document).operations) == [f"GET {expected}"]


def test_security_of_the_document_counts_where_an_operation_says_nothing() -> None:
    item = {"get": {}, "put": {"security": []}, "post": {"security": [{}]}, "delete": {"security": [{"key": []}]}}
    document = {"openapi": "3.0.0", "security": [{"key": []}], "paths": {"/x": item}}
    found = {each.method: each.authentication for each in read_openapi(document).operations.values()}
    assert found == {"GET": True, "PUT": False, "POST": False, "DELETE": True}


def test_names_in_capitals_may_stand_for_several() -> None:
    def document(below: str) -> Any:
        ref = {"$ref": f"#/components/schemas/{below}"}
        array = {"type": "array", "items": {"type": "string"}}

        def answering(schema: Any) -> Any:
            return {"responses": {"200": {"content": {"application/json": {"schema": schema}}}}}

        lists = {"x-expanded-response": "ABC", **answering(array)}
        objects = {"x-expanded-response": "ABC", **answering({"type": "array", "items": ref})}
        nothing = {"x-expanded-response": "Nothing", **answering(array)}
        model = {"type": "object"}
        return {
            "openapi": "3.0.0",
            "paths": {
                "/l": {"get": lists, "post": objects, "put": nothing, "delete": {"x-expanded-response": "ABC"}},
                "/l/{id}": {"get": answering(ref)},
            },
            "components": {"schemas": {"a.b.C": model, "a.b.c": model, "a.other": model}},
        }

    for below, expected in (("a.b.C", "a.b.C"), ("a.b.c", "a.b.c"), ("a.other", "a.b.C")):
        operations = read_openapi(document(below)).operations
        assert str(operations["GET /l"].expanded) == expected
        assert [operations[f"{each} /l"].expanded for each in ("POST", "PUT", "DELETE")] == [None, None, None]


def changed(document: Any, value: Any, *way: Any) -> Any:
    document = copy.deepcopy(document)
    holder = document
    for key in way[:-1]:
        holder = holder[key]
    holder[way[-1]] = value
    return document


OPERATION = ("apis", 0, "operations", 0)
SCHEMAS = ("components", "schemas")
SHOP = ("paths", "/shop")


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ([], r"^f: \$: is neither a native document"),
        ({"x": 1}, r"^f: \$: is neither a native document"),
        ({"models": {}}, r"^f: \$: a document without 'resourcePath' must have 'apis'$"),
        (changed(NATIVE, 5, *OPERATION, "httpMethod"), r"^f: \$\.apis\[0\]\.operations\[0\]\.httpMethod: must be text, not a number$"),
        (changed(NATIVE, "G T", *OPERATION, "httpMethod"), r"\.httpMethod: 'G T' is no method of HTTP$"),
        (changed(NATIVE, "shop", "apis", 0, "path"), r"^f: \$\.apis\[0\]\.path: a path must start with '/', not 'shop'$"),
        (changed(NATIVE, "x<", *OPERATION, "responseType"), r"\.responseType: 'x<' is not a type"),
        (changed(NATIVE, {}, "apis"), r"^f: \$\.apis: must be a list, not an object$"),
        (changed(NATIVE, [], "models"), r"^f: \$\.models: must be an object, not a list$"),
        (changed(NATIVE, None, "apis", 0), r"^f: \$\.apis\[0\]: must be an object, not null$"),
        (changed(NATIVE, 2, *OPERATION, "noAuthentication"), r"\.noAuthentication: must be true or false, not a number$"),
        (changed(NATIVE, [1.0], "models", "a b", ), r"^f: \$\.models\['a b'\]: must be an object, not a list$"),
        (changed(NATIVE, "cookie", *OPERATION, "parameters", 0, "paramType"), "must be path, query, header or body, not 'cookie'$"),
        (changed(NATIVE, "", *OPERATION, "parameters", 0, "name"), r"parameters\[0\]: a parameter of the query needs a name$"),
        (changed(NATIVE, [None], "models", "shop.KindEnum", "enum"), "a value of an enumeration must be text or a number$"),
        ({"swagger": "2.0", "paths": {}}, r"^f: \$\.swagger: documents of Swagger are not read; convert it to OpenAPI 3$"),
        ({"openapi": 2}, r"^f: \$\.openapi: only documents of OpenAPI 3 are read, not of 2$"),
        (changed(OPENAPI, {"$ref": "other.yaml#/x"}, *SCHEMAS, "shop.Free"), "refers to another document, 'other.yaml#/x'"),
        (changed(OPENAPI, {"$ref": "#/components/schemas/no"}, *SCHEMAS, "shop.Free"), "refers to the schema 'no', which is not there$"),
        (changed(OPENAPI, {"$ref": "#/no/a"}, *SHOP, "get", "responses", "200"), "refers to '#/no/a', which is not there$"),
        (changed(OPENAPI, {"$ref": "#/components/responses/Made"}, "components", "responses", "Made"), "refers to itself$"),
        (changed(OPENAPI, {"$ref": "get.yml"}, *SHOP, "get"), r"\['/shop'\]\.get: refers to another document, 'get.yml'"),
        (changed(OPENAPI, {"type": "file"}, *SCHEMAS, "shop.Free"), "must be string, integer, number, boolean, array or object, not 'file'$"),
    ],
)  # fmt: skip
def test_an_error_names_file_and_place(document: Any, message: str) -> None:
    with pytest.raises(SchemaError, match=message) as caught:
        read_document(document, "f")
    assert caught.value.file == "f"
    assert caught.value.place is not None
    assert not caught.value.may_have_arrived
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)


def test_schemas_may_be_nested_but_not_for_ever() -> None:
    deep: Any = {"type": "string"}
    for _ in range(200):
        deep = {"type": "array", "items": deep}
    circle: Any = {"allOf": [{"$ref": "#/components/schemas/x.A"}, {"properties": {}}]}
    chain: Any = {
        f"x.{n}": {"type": "array", "items": {"$ref": f"#/components/schemas/x.{n + 1}"}} for n in range(2000)
    }
    for components in ({"x.A": deep}, {"x.A": circle}, {**chain, "x.2000": {}}):
        with pytest.raises(SchemaError, match=r"nested (more than 64|too) deep"):
            read_openapi({"openapi": "3.0.0", "components": {"schemas": components}})


def test_a_long_chain_of_models_is_read() -> None:
    models = {
        f"x.M{n}": {"type": "object", "properties": {"next": {"$ref": f"#/components/schemas/x.M{n + 1}"}}}
        for n in range(2000)
    }
    models["x.M2000"] = {"type": "object", "properties": {}}
    assert len(read_openapi({"openapi": "3.0.0", "components": {"schemas": models}}).models) == 2001


@given(mutated())
def test_whatever_a_document_holds_it_is_read_or_refused(document: Any) -> None:
    try:
        family = read_document(document, "file.json")
    except SchemaError as error:
        assert error.file == "file.json"  # noqa: PT017
        return
    for descriptions in (True, False):
        copied = unpack(pack(family, descriptions=descriptions))
        assert list(copied.operations) == list(family.operations)
        assert list(copied.models) == list(family.models)
        assert pack(copied, descriptions=descriptions) == pack(family, descriptions=descriptions)


def test_tables() -> None:
    made: list[int] = []

    def make(row: int) -> int:
        made.append(row)
        return row * 2

    table = Table({"a": 1, "b": 2}, make)
    assert "a" in table
    assert made == []
    assert (table["a"], table["a"], made) == (2, 2, [1])
    assert table == {"a": 2, "b": 4}
    assert (len(table), hash(table), repr(table)) == (2, hash(Table({"b": 0, "a": 0})), "Table(a, b)")
    assert pickle.loads(pickle.dumps(table)) == table
    assert (list(table.keys()), list(table.items()), made) == (["a", "b"], [("a", 2), ("b", 4)], [1, 2])
    assert (table.get("a"), table.get("c"), table.get("c", 3)) == (2, None, 3)
    with pytest.raises(KeyError):
        table["c"]
