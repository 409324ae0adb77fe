"""Reading of OpenAPI 3 documents, as OVHcloud and others write them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from ...exceptions import SchemaError
from ..model import Family, IamAction, Model, Operation, Parameter, Status
from ..tables import Table
from ..types import VOID, Array, Ref, Scalar, Type, parse_type
from .native import answers_below
from .openapi_types import Schemas
from .places import DocumentValue

__all__ = ["read_openapi"]

_METHODS: Final = ("get", "put", "post", "delete", "patch", "head", "options", "trace")
_PLACES: Final = frozenset({"path", "query", "header"})
_BADGES: Final = {"stable": "PRODUCTION", "beta": "BETA", "alpha": "ALPHA", "deprecated": "DEPRECATED"}
_VERSION = re.compile(r"/(?:1\.0|v1|v2)(?=/|$)")


def read_openapi(document: Any, file: str = "schema") -> Family:
    """Read a document of OpenAPI 3.0 or 3.1.

    Where a schema leaves open which of several it is (``oneOf``), the type is ``any``.

    Args:
        document: the document, as ``json.loads`` returns it.
        file: the origin of the document, for messages.

    Raises:
        SchemaError: the document is not OpenAPI; file and place are named.
    """
    try:
        return _read(DocumentValue(document, file))
    except RecursionError:
        pass
    raise SchemaError("schemas are nested too deeply", file=file, place="$")


def _read(top: DocumentValue) -> Family:
    if top.has("swagger"):
        raise top.child("swagger").error("documents of Swagger are not read; convert it to OpenAPI 3")
    version = top.child("openapi")
    if version.value is not None and not str(version.value).startswith("3"):
        raise version.error(f"only documents of OpenAPI 3 are read, not of {version.value!r}")
    prefix = _prefix(top)
    items = [(_template(at, path, prefix), at) for path, at in top.child("paths").members() if path.startswith("/")]
    reader = _Reader(top)
    family = _common([path for path, _ in items]) or prefix or "/"
    operations: dict[str, Operation] = {}
    for path, item in items:
        for operation in reader.operations(item, path, family):
            operations.setdefault(str(operation), operation)
    below = answers_below(operations.values())
    for key in reader.listing:
        operations[key] = operations[key].replacing(expanded=reader.expanded(operations[key], below))
    return Family(family, Table(operations), Table(reader.schemas.models))


def _prefix(top: DocumentValue) -> str:
    for server in top.child("servers").items():
        url = (server.optional("url") or "").rstrip("/")
        return "/v2" if url.endswith("/v2") else ""
    return ""


def _template(at: DocumentValue, path: str, prefix: str) -> str:
    version = _VERSION.match(path)
    if version is None:
        return prefix + path
    return path if version[0] == "/v2" else path[version.end() :] or "/"


def _common(paths: Sequence[str]) -> str:
    """Return the path that all paths begin with, without arguments."""
    split = [path.split("/") for path in paths]
    common: list[str] = []
    for segments in zip(*split, strict=False):
        if len(set(segments)) > 1 or "{" in segments[0]:
            break
        common.append(segments[0])
    return "/".join(common)


class _Reader:
    def __init__(self, top: DocumentValue) -> None:
        self.top = top
        self.schemas = Schemas(top)
        self.find = self.schemas.find
        self.listing: dict[str, str] = {}
        self._mangled: dict[str, list[str]] = {}

    def operations(self, item: DocumentValue, path: str, family: str) -> Iterator[Operation]:
        item = self.find(item)
        shared = [self.find(each) for each in item.child("parameters").items()]
        for method in _METHODS:
            if item.has(method):
                yield self.operation(self.find(item.child(method)), method.upper(), path, family, shared)

    def operation(
        self, at: DocumentValue, method: str, path: str, family: str, shared: Sequence[DocumentValue]
    ) -> Operation:
        words = re.findall(r"\w+", re.sub(r"\{[^}]*\}", "", path.removeprefix("/v2")))
        name = ".".join([*words, method.lower()])
        own = [self.find(each) for each in at.child("parameters").items()]
        placed = {(each.child("in").text(), each.child("name").text()): each for each in [*shared, *own]}
        parameters = [
            self.parameter(each, place, key, f"{name}.{key}")
            for (place, key), each in placed.items()
            if place in _PLACES
        ]
        if at.has("requestBody"):
            parameters += self.body(self.find(at.child("requestBody")), f"{name}.body")
        answer, errors = self.answers(at.child("responses"), f"{name}.answer")
        security = at.child("security") if at.child("security").value is not None else self.top.child("security")
        if (named := at.optional("x-expanded-response")) is not None:
            self.listing[f"{method} {path}"] = named
        return Operation(
            method,
            path,
            family,
            tuple(parameters),
            answer,
            any(dict(each.members()) for each in security.items()),
            tuple(
                IamAction(each.child("name").text(), each.flag("required", True))
                for each in at.child("x-iam-actions").items()
            ),
            _status(at),
            errors,
            None,
            at.described("summary") or at.described(),
        )

    def parameter(self, at: DocumentValue, place: str, key: str, name: str) -> Parameter:
        schema = at.child("schema")
        if at.has("content"):
            schema = self.media(at) or schema
        type_ = self.schemas.type(schema, name) if schema.value is not None else Scalar("string", "string")
        return Parameter(key, place, type_, place == "path" or at.flag("required"), at.described())

    def media(self, at: DocumentValue) -> DocumentValue | None:
        """Return the schema of the content, the JSON one first, or None."""
        kinds = dict(at.child("content").members())
        chosen = next((each for kind, each in kinds.items() if "json" in kind), next(iter(kinds.values()), None))
        return chosen.child("schema") if chosen is not None and chosen.has("schema") else None

    def body(self, at: DocumentValue, name: str) -> list[Parameter]:
        schema = self.media(at)
        if schema is None:
            return []
        if not schema.has("properties") or schema.has("allOf"):
            return [Parameter("", "body", self.schemas.type(schema, name), at.flag("required"), at.described())]
        fields = self.schemas._properties(schema, name, 0)
        return [Parameter(each.name, "body", each.type, each.required, each.description) for each in fields.values()]

    def answers(self, at: DocumentValue, name: str) -> tuple[Type, tuple[str, ...]]:
        """Return the type of a successful answer, and the classes of errors that the document names."""
        codes = dict(at.members())
        good = sorted(code for code in codes if code.startswith("2")) or [code for code in codes if code == "default"]
        answer: Type = VOID
        if good and (schema := self.media(self.find(codes[good[0]]))) is not None:
            answer = self.schemas.type(schema, name)
        errors: list[str] = []
        for code, each in codes.items():
            if code.startswith(("4", "5")):
                errors += self.errors(self.find(each))
        return answer, tuple(dict.fromkeys(errors))

    def errors(self, at: DocumentValue) -> list[str]:
        """Return the classes of errors after which the examples of an answer are named."""
        return [
            name
            for _, media in at.child("content").members()
            for name, _ in media.child("examples").members()
            if "::" in name
        ]

    def mangled(self) -> dict[str, list[str]]:
        """Return the names of models, by their spelling in lists of ids."""
        if not self._mangled:
            for name in self.schemas.models:
                self._mangled.setdefault(_mangled(name), []).append(name)
        return self._mangled

    def expanded(self, each: Operation, below: Mapping[str, Type]) -> Type | None:
        """Return the type of the objects that a list of ids can return.

        The list writes the type's name without dots and in capitals, which may stand for several types; then the
        answer to the GET of one object decides.
        """
        item = each.answer.item if isinstance(each.answer, Array) else None
        if item is None or (isinstance(item, Ref) and isinstance(self.schemas.models.get(str(item)), Model)):
            return None  # the list holds objects already
        named = self.listing[str(each)]
        found = self.mangled().get(named, [])
        one = str(below.get(each.path))
        return parse_type(one if one in found else found[0]) if found else None


def _mangled(name: str) -> str:
    return "".join(word[:1].upper() + word[1:] for word in re.split(r"[._<>,]", name))


def _status(at: DocumentValue) -> Status:
    value = "PRODUCTION"
    for badge in at.child("x-badges").items():
        label = badge.optional("label") or ""
        value = _BADGES.get(label.partition(" ")[0].lower(), label.upper() or value)
    if at.flag("deprecated"):
        value = "DEPRECATED"
    return Status(
        value,
        at.optional("x-deprecation-date"),
        at.optional("x-deletion-date"),
        at.optional("x-replacement-route"),
    )
