"""Small schema documents of every form, and values that may stand anywhere in one."""

from __future__ import annotations

import copy
from typing import Any

from hypothesis import strategies as st

__all__ = ["NATIVE", "OLD", "OPENAPI", "mutated"]

NATIVE: dict[str, Any] = {
    "apiVersion": "1.0",
    "resourcePath": "/shop",
    "basePath": "https://eu.api.ovh.com/v1",
    "apis": [
        {
            "path": "/shop",
            "description": "Shops",
            "operations": [
                {
                    "httpMethod": "GET",
                    "apiStatus": {"value": "PRODUCTION", "description": "Stable"},
                    "parameters": [
                        {
                            "name": "iamTags",
                            "dataType": "map[string][]iam.resource.TagFilter",
                            "paramType": "query",
                            "required": False,
                        }
                    ],
                    "responseType": "string[]",
                    "noAuthentication": False,
                    "iamActions": [{"name": "shop:apiovh:get", "required": True}],
                    "errors": ["Client::Forbidden::No"],
                    "description": "List shops",
                }
            ],
        },
        {
            "path": "/shop/{shopName}",
            "operations": [
                {
                    "httpMethod": "GET",
                    "parameters": [
                        {
                            "name": "shopName",
                            "dataType": "string",
                            "fullType": "string",
                            "paramType": "path",
                            "required": True,
                        }
                    ],
                    "responseType": "shop.Shop",
                },
                {
                    "httpMethod": "PUT",
                    "apiStatus": {
                        "value": "DEPRECATED",
                        "deprecatedDate": "2026-01-01T00:00:00Z",
                        "deletionDate": "2027-01-01T00:00:00Z",
                        "replacement": "/1.0/shop/{shopName}/new",
                    },
                    "parameters": [
                        {"name": "shopName", "dataType": "string", "paramType": "path", "required": True},
                        {"dataType": "shop.Shop", "paramType": "body", "required": True},
                    ],
                    "responseType": "void",
                },
            ],
        },
        {
            "path": "/shop/public",
            "operations": [
                {
                    "httpMethod": "POST",
                    "noAuthentication": True,
                    "parameters": [
                        {"name": "kind", "dataType": "shop.KindEnum", "paramType": "body", "required": True},
                        {"name": "size", "dataType": "long", "paramType": "body", "required": False},
                        {"name": "X-Pagination-Cursor", "dataType": "string", "paramType": "header"},
                    ],
                    "responseType": "complexType.UnitAndValue<long>[]",
                }
            ],
        },
    ],
    "models": {
        "shop.Shop": {
            "id": "Shop",
            "namespace": "shop",
            "description": "A shop",
            "properties": {
                "name": {
                    "type": "string",
                    "fullType": "string",
                    "canBeNull": False,
                    "readOnly": True,
                    "required": False,
                },
                "kind": {"type": "shop.KindEnum", "canBeNull": True, "readOnly": False, "required": True},
                "owner": {"type": "string", "fullType": "coreTypes.AccountId:string", "canBeNull": False},
                "parent": {"type": "shop.Shop", "canBeNull": True},
            },
        },
        "shop.KindEnum": {"id": "KindEnum", "namespace": "shop", "enum": ["big", "small"], "enumType": "string"},
        "shop.VersionEnum": {"id": "VersionEnum", "namespace": "shop", "enum": ["4", "6", "other"], "enumType": "long"},
        "shop.RateEnum": {"id": "RateEnum", "namespace": "shop", "enum": ["0.5", 1], "enumType": "double"},
        "complexType.UnitAndValue<T>": {
            "id": "UnitAndValue",
            "generics": ["T"],
            "properties": {"unit": {"type": "string"}, "value": {"type": "T"}},
        },
        "complexType.UnitAndValue<long>": {
            "id": "UnitAndValue",
            "generics": ["T"],
            "properties": {"unit": {"type": "string"}, "value": {"type": "T"}},
        },
        "complexType.Odd<long": {"properties": {}},
    },
}

OLD: dict[str, Any] = {
    "apiVersion": "1.0",
    "resourcePath": "/old/",
    "basePath": "https://api.ovh.com/1.0",
    "apis": [
        {
            "path": "/old/{id}",
            "operations": [
                {
                    "httpMethod": "get",
                    "noAuthentication": 1,
                    "parameters": [{"name": "id", "dataType": "long", "paramType": "path", "required": 1}],
                    "responseTypes": {"400": "string", "200": "complexType.Pair<long,string>"},
                    "errors": [{"class": "Client::NotFound::Old"}],
                    "iamActions": ["old:apiovh:get"],
                },
                {"httpMethod": "DELETE", "parameters": None, "responseFullType": "old.Task", "responseType": "string"},
                {"httpMethod": "POST"},
            ],
        },
        {"path": "/old"},
    ],
    "models": {
        "old.Task": {
            "id": "Task",
            "properties": {"done": {"type": "boolean", "canBeNull": 0, "readOnly": "1", "required": 0}},
        },
        "complexType.Pair<T,U>": {"properties": {"left": {"type": "T"}, "right": {"type": "U[]"}}},
        "complexType.Pair<long,string>": {"properties": {"left": {"type": "T"}, "right": {"type": "U"}}},
        "old.NoTypeEnum": {"enum": ["a"]},
        "old.OddTypeEnum": {"enum": ["a"], "enumType": "old.Task"},
    },
}

OPENAPI: dict[str, Any] = {
    "openapi": "3.0.0",
    "info": {"title": "x", "version": "1"},
    "servers": [{"url": "https://eu.api.ovh.com/v2"}],
    "paths": {
        "/shop": {
            "parameters": [{"$ref": "#/components/parameters/Cursor"}],
            "get": {
                "summary": "List shops",
                "security": [{"oAuth2AuthCode": []}],
                "x-badges": [{"color": "blue", "label": "Beta version"}],
                "x-iam-actions": [{"name": "shop:apiovh:get", "required": True}],
                "x-expanded-response": "ShopShop",
                "responses": {
                    "200": {
                        "description": "ok",
                        "content": {"application/json": {"schema": {"type": "array", "items": {"type": "string"}}}},
                    },
                    "404": {
                        "description": "no",
                        "content": {
                            "application/json": {"examples": {"Client::NotFound::X": {"value": 1}, "other": {}}}
                        },
                    },
                },
            },
            "post": {
                "deprecated": True,
                "x-deprecation-date": "2026-01-01T00:00:00Z",
                "x-deletion-date": "2027-01-01T00:00:00Z",
                "x-replacement-route": "/v2/store",
                "requestBody": {
                    "required": True,
                    "content": {
                        "application/json": {
                            "schema": {
                                "type": "object",
                                "required": ["kind"],
                                "properties": {
                                    "kind": {"$ref": "#/components/schemas/shop.KindEnum"},
                                    "colours": {"type": "array", "items": {"type": "string", "enum": ["red", "blue"]}},
                                },
                            }
                        }
                    },
                },
                "responses": {"201": {"$ref": "#/components/responses/Made"}},
            },
        },
        "/shop/{name}": {
            "get": {
                "parameters": [{"in": "path", "name": "name", "schema": {"type": "string"}}],
                "responses": {
                    "200": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/shop.Shop"}}}}
                },
            },
            "put": {
                "parameters": [
                    {
                        "in": "path",
                        "name": "name",
                        "required": True,
                        "content": {"text/plain": {"schema": {"type": "string"}}},
                    },
                    {"in": "query", "name": "force"},
                    {"in": "query", "name": "fields[a, b]", "schema": {"type": "string", "enum": ["x"]}},
                    {"in": "cookie", "name": "sid", "schema": {"type": "string"}},
                ],
                "requestBody": {
                    "content": {"application/json": {"schema": {"$ref": "#/components/schemas/shop.Shop"}}}
                },
                "responses": {"default": {"description": "nothing"}},
            },
            "delete": {"requestBody": {"content": {}}, "responses": {}},
        },
    },
    "components": {
        "parameters": {"Cursor": {"in": "header", "name": "X-Pagination-Cursor", "schema": {"type": "string"}}},
        "responses": {
            "Made": {
                "content": {
                    "application/json": {"schema": {"type": "object", "properties": {"id": {"type": "integer"}}}}
                }
            }
        },
        "schemas": {
            "any": {"description": "anything"},
            "email": {"type": "string", "format": "email"},
            "coreTypes.AccountId": {"type": "string"},
            "shop.KindEnum": {"type": "string", "enum": ["big", "small"]},
            "shop.Numbers": {"enum": [4, 6]},
            "shop.Rates": {"enum": [0.5, 1]},
            "shop.Flags": {"enum": [True, None]},
            "shop.Mixed": {"enum": ["a", 1]},
            "shop.Empty": {"type": "object"},
            "text": {"type": "object", "properties": {"a": {"$ref": "#/components/schemas/Odd Name: [1]"}}},
            "Odd Name: [1]": {"type": "object", "properties": {"b": {"$ref": "#/components/schemas/text"}}},
            "": {"type": "object", "properties": {"c": {"$ref": "#/components/schemas/"}}},
            "X<Y<Z>>": {"type": "object", "properties": {"c": {"$ref": "#/components/schemas/X%3CY%3CZ%3E%3E"}}},
            "X<": {"type": "object", "properties": {"c": {"$ref": "#/components/schemas/X<"}}},
            "shop.Free": {"type": "object", "additionalProperties": {"type": "integer"}},
            "shop.Choice": {"oneOf": [{"type": "string"}, {"type": "null"}]},
            "shop.Loop": {"type": "array", "items": {"$ref": "#/components/schemas/shop.Loop"}},
            "complexType.UnitAndValue_long": {"type": "object", "properties": {"value": {"type": "integer"}}},
            "a.Task_complexType.UnitAndValue_long": {"type": "object", "properties": {"x": {"type": "string"}}},
            "plain_long": {"type": "object"},
            "shop.Base": {
                "type": "object",
                "required": ["name"],
                "properties": {"name": {"type": "string", "readOnly": True}},
            },
            "shop.Shop": {
                "allOf": [{"$ref": "#/components/schemas/shop.Base"}, {"description": "only words"}],
                "properties": {
                    "kind": {
                        "allOf": [{"$ref": "#/components/schemas/shop.KindEnum"}],
                        "nullable": True,
                        "readOnly": True,
                    },
                    "owner": {"$ref": "#/components/schemas/coreTypes.AccountId"},
                    "mail": {"$ref": "#/components/schemas/email"},
                    "at": {"type": "string", "format": "date-time"},
                    "block": {"type": "string", "format": "ip-block"},
                    "odd": {"type": "string", "format": "no-such"},
                    "ratio": {"type": "number"},
                    "on": {"type": ["boolean", "null"]},
                    "either": {"oneOf": [{"type": "string"}, {"type": "integer"}]},
                    "maybe": {"anyOf": [{"type": "string"}, {"type": "null"}]},
                    "several": {"type": ["string", "integer"]},
                    "anything": {},
                    "yes": True,
                    "both": {"allOf": [{"$ref": "#/components/schemas/shop.Base"}, {"properties": {"b": {}}}]},
                    "again": {"allOf": [{"$ref": "#/components/schemas/shop.KindEnum"}, {"type": "string"}]},
                    "bare": {"allOf": [{"type": "string"}, {"type": "string", "nullable": True}]},
                    "words": {"allOf": [{"description": "only words"}]},
                    "things": {"type": "object", "additionalProperties": True},
                    "inner": {"properties": {"deep": {"type": "string", "enum": ["x", None]}}},
                    "unit": {"$ref": "#/components/schemas/complexType.UnitAndValue_long"},
                    "parent": {"$ref": "#/components/schemas/shop.Shop"},
                    "elsewhere": {"$ref": "#/components/parameters/Cursor/schema"},
                },
            },
            "shop.Shop.inner": {"type": "object", "properties": {"other": {"type": "string"}}},
        },
    },
}

_STRANGE: list[Any] = [
    None, True, 0, 1, -1, 2.5, float("nan"), "", "x", "/", "/x/{a}", "string", "a.b", "[]", "map[", "200", "$ref",
    "#/paths", "#/components/schemas/shop.Shop", "\ud800", [], [None], [[]], ["x"], {}, {"x": {}}, {"$ref": "#/x"},
    {"type": "object", "properties": None}, {"enum": [None]}, {"allOf": [{}]}, {"allOf": [{"allOf": []}]}, 10**30,
]  # fmt: skip


def _places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    found = [path]
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, each in items:
        found += _places(each, (*path, key))
    return found


@st.composite
def mutated(draw: st.DrawFn) -> Any:
    """A document with some values put in the place of others, left out, or moved."""
    document = copy.deepcopy(draw(st.sampled_from([NATIVE, OLD, OPENAPI])))
    for _ in range(draw(st.integers(1, 4))):
        places = _places(document)
        *way, last = draw(st.sampled_from(places[1:])) if len(places) > 1 else (None,)
        holder = document
        for key in way:
            holder = holder[key]
        kind = draw(st.sampled_from(["replace", "delete", "move", "rename"]))
        if last is None or not isinstance(holder, (dict, list)):
            return draw(st.sampled_from(_STRANGE))
        if kind == "delete":
            del holder[last]
        elif kind == "rename" and isinstance(holder, dict):
            holder[
                draw(
                    st.sampled_from(
                        [
                            "",
                            "$ref",
                            "x.y<T>",
                            "x.y<long>",
                            "x_long",
                            "a.b_long",
                            "é",
                            "a b",
                            "a[b]",
                            "a:b",
                            "text",
                            "<",
                        ]
                    )
                )
            ] = holder.pop(last)
        elif kind == "move":
            source: Any = document
            for key in draw(st.sampled_from(places)):
                source = source[key]
            holder[last] = copy.deepcopy(source)
        else:
            holder[last] = copy.deepcopy(draw(st.sampled_from(_STRANGE)))
    return document
