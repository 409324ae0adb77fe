"""Schemas as the API serves them: an index of each version, and a document of each family."""

from __future__ import annotations

from typing import Any, Final

from ovhcore.schema import Catalogue, Enumeration, Family, Model, Operation, Type

__all__ = ["document", "known_here", "native"]

_VERSIONS: Final = {"/1.0": "1.0", "/v1": "1.0", "/v2": "v2"}


def document(catalogue: Catalogue, base: str, path: str, origin: str) -> dict[str, Any] | None:
    """Return the schema document of a path, None if it is none.

    Args:
        catalogue: whose families there are.
        base: ``"/1.0"``, ``"/v1"`` or ``"/v2"``.
        path: what follows it: ``"/"``, or ``"/me.json"``.
        origin: of the sandbox, as ``"http://127.0.0.1:8080"``.
    """
    version = _VERSIONS[base]
    if path in ("", "/"):
        apis = [
            {"path": name, "schema": "{path}.{format}", "format": ["json"], "description": ""}
            for name in _names(catalogue, version)
        ]
        return {"apis": apis, "basePath": f"{origin}{base}"}
    name = path.removesuffix(".json")
    if name == path or name not in _names(catalogue, version):
        return None
    return native(catalogue.family(f"/v2{name}" if version == "v2" else name), f"{origin}{base}")


def _names(catalogue: Catalogue, version: str) -> list[str]:
    of_v2 = [name.startswith("/v2/") for name in catalogue.families()]
    both = zip(catalogue.families(), of_v2, strict=True)
    return [name.removeprefix("/v2") if new else name for name, new in both if new == (version == "v2")]


def known_here(catalogue: Catalogue, origin: str) -> dict[str, Any]:
    """Return what a sandbox says of itself at its root."""
    return {
        "sandbox": "This is a sandbox of ovhcore, and not the API. What it answers is made up, nothing is ordered.",
        "catalogue": {"endpoint": catalogue.endpoint, "date": catalogue.date, "source": catalogue.source},
        "families": list(catalogue.families()),
        "schemas": [f"{origin}/1.0/", f"{origin}/v2/"],
        "page": f"{origin}/_sandbox/",
    }


def native(family: Family, base_path: str) -> dict[str, Any]:
    """Return a family as a native document."""
    prefix = "/v2" if base_path.endswith("/v2") else ""
    by_path: dict[str, list[Operation]] = {}
    for each in family.operations.values():
        by_path.setdefault(each.path, []).append(each)
    return {
        "apiVersion": "1.0",
        "basePath": base_path,
        "resourcePath": family.name.removeprefix(prefix),
        "apis": [
            {
                "path": path.removeprefix(prefix),
                "description": "",
                "operations": [_operation(each) for each in operations],
            }
            for path, operations in by_path.items()
        ],
        "models": {_model_name(name, each): _model(name, each) for name, each in family.models.items()},
    }


def _operation(each: Operation) -> dict[str, Any]:
    status: dict[str, Any] = {"value": each.status.value, "description": ""}
    dates = (("deprecatedDate", each.status.deprecated_on), ("deletionDate", each.status.deleted_on))
    status |= {name: value for name, value in (*dates, ("replacement", each.status.replacement)) if value is not None}
    made: dict[str, Any] = {
        "httpMethod": each.method,
        "apiStatus": status,
        "description": each.description,
        "noAuthentication": not each.authentication,
        "parameters": [
            {
                "name": parameter.name or None,
                "paramType": parameter.place,
                "dataType": str(parameter.type),
                "fullType": str(parameter.type),
                "required": parameter.required,
                "description": parameter.description,
            }
            for parameter in each.parameters
        ],
        "responseType": str(each.answer),
    }
    if each.iam_actions:
        made["iamActions"] = [{"name": action.name, "required": action.required} for action in each.iam_actions]
    if each.errors:
        made["errors"] = list(each.errors)
    return made


def _model_name(name: str, each: Model | Enumeration) -> str:
    if isinstance(each, Model) and each.variables and "<" not in name:
        return f"{name}<{','.join(each.variables)}>"
    return name


def _model(name: str, each: Model | Enumeration) -> dict[str, Any]:
    head: dict[str, Any] = {
        "id": name.rpartition(".")[2],
        "namespace": name.rpartition(".")[0],
        "description": each.description,
    }
    if isinstance(each, Enumeration):
        return {**head, "enum": list(each.values), "enumType": each.base}
    properties = {key: _property(value.type, value) for key, value in each.properties.items()}
    generics = {"generics": list(each.variables)} if each.variables else {}
    return {**head, **generics, "properties": properties}


def _property(type_: Type, value: Any) -> dict[str, Any]:
    return {
        "type": str(type_),
        "fullType": str(type_),
        "canBeNull": value.nullable,
        "readOnly": value.read_only,
        "required": value.required,
        "description": value.description,
    }
