"""The schema of the API as frozen data: families of operations, and the models they refer to.

Two families may have models of the same name that differ, so a name means something within its family:
:meth:`Family.model` looks one up.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from ..protocol.frozen import Frozen, put
from .tables import Table
from .types import Ref, Type, substitute

__all__ = [
    "CURSOR",
    "Enumeration",
    "Family",
    "IamAction",
    "Model",
    "Operation",
    "Parameter",
    "Property",
    "Status",
]

CURSOR: Final = "X-Pagination-Cursor"
"""The header of operations that list by cursor."""


class Status(Frozen):
    """The status of an operation: stable, in beta, deprecated and the like.

    Attributes:
        value: ``"PRODUCTION"``, ``"BETA"``, ``"ALPHA"``, ``"DEPRECATED"``, or another word of the API's.
        deprecated_on: the date since which it is deprecated, ISO 8601, or None.
        deleted_on: the date on which it is removed, ISO 8601, or None.
        replacement: path of the operation to use instead, or None.
    """

    __slots__ = ("value", "deprecated_on", "deleted_on", "replacement")  # noqa: RUF023 - the order of __init__

    value: str
    deprecated_on: str | None
    deleted_on: str | None
    replacement: str | None

    def __init__(
        self,
        value: str = "PRODUCTION",
        deprecated_on: str | None = None,
        deleted_on: str | None = None,
        replacement: str | None = None,
    ) -> None:
        put(self, "value", value)
        put(self, "deprecated_on", deprecated_on)
        put(self, "deleted_on", deleted_on)
        put(self, "replacement", replacement)

    @property
    def deprecated(self) -> bool:
        """Whether new programs should not use the operation."""
        return self.value == "DEPRECATED"


class IamAction(Frozen):
    """An action that an IAM policy has to allow.

    Attributes:
        name: ``"dnsZone:apiovh:record/get"``.
        required: whether the call is refused without it.
    """

    __slots__ = ("name", "required")

    name: str
    required: bool

    def __init__(self, name: str, required: bool = True) -> None:
        put(self, "name", name)
        put(self, "required", required)


class Parameter(Frozen):
    """An argument of an operation.

    Attributes:
        name: its name; empty for the body as a whole.
        place: ``"path"``, ``"query"``, ``"header"`` or ``"body"``.
        type: the type of its value.
        required: whether a call must have it.
        description: the description, in words; empty where only facts are kept.
    """

    __slots__ = ("name", "place", "type", "required", "description")  # noqa: RUF023 - the order of __init__

    name: str
    place: str
    type: Type
    required: bool
    description: str

    def __init__(
        self,
        name: str,
        place: str,
        type: Type,  # noqa: A002 - the attribute
        required: bool = False,
        description: str = "",
    ) -> None:
        put(self, "name", name)
        put(self, "place", place)
        put(self, "type", type)
        put(self, "required", required)
        put(self, "description", description)


class Operation(Frozen):
    """A method on a path.

    Attributes:
        method: ``"GET"`` and so on.
        path: the template as a client takes it, with ``/v2`` before those of version 2.
        family: name of the family it belongs to.
        parameters: the parameters, in the order of the schema.
        answer: type of a successful answer; :data:`~ovhcore.schema.types.VOID` for none.
        authentication: whether the call has to be authenticated.
        iam_actions: the actions that an IAM policy has to allow.
        status: whether it is stable, in beta, deprecated ...
        errors: the classes of errors that it may answer, as ``"Client::NotFound::ServiceNotFound"``; seldom all.
        expanded: the type of an object, for a list of ids that can return the objects instead; else None.
        description: the description, in words; empty where only facts are kept.
    """

    __slots__ = (  # noqa: RUF023 - the order of __init__
        "method",
        "path",
        "family",
        "parameters",
        "answer",
        "authentication",
        "iam_actions",
        "status",
        "errors",
        "expanded",
        "description",
    )

    method: str
    path: str
    family: str
    parameters: tuple[Parameter, ...]
    answer: Type
    authentication: bool
    iam_actions: tuple[IamAction, ...]
    status: Status
    errors: tuple[str, ...]
    expanded: Type | None
    description: str

    def __init__(
        self,
        method: str,
        path: str,
        family: str,
        parameters: tuple[Parameter, ...],
        answer: Type,
        authentication: bool = True,
        iam_actions: tuple[IamAction, ...] = (),
        status: Status = Status(),  # noqa: B008 - immutable
        errors: tuple[str, ...] = (),
        expanded: Type | None = None,
        description: str = "",
    ) -> None:
        put(self, "method", method)
        put(self, "path", path)
        put(self, "family", family)
        put(self, "parameters", parameters)
        put(self, "answer", answer)
        put(self, "authentication", authentication)
        put(self, "iam_actions", iam_actions)
        put(self, "status", status)
        put(self, "errors", errors)
        put(self, "expanded", expanded)
        put(self, "description", description)

    def __str__(self) -> str:
        return f"{self.method} {self.path}"

    @property
    def version(self) -> str:
        """Version of the API it belongs to, ``"1.0"`` or ``"v2"``."""
        return "v2" if self.path.startswith("/v2/") else "1.0"

    @property
    def cursor(self) -> bool:
        """Whether the operation lists by cursor."""
        return any(each.place == "header" and each.name.lower() == CURSOR.lower() for each in self.parameters)

    @property
    def body(self) -> Type | None:
        """Type of the body as a whole; None if it has none, or one of named fields (``placed("body")``)."""
        return next((each.type for each in self.parameters if each.place == "body" and not each.name), None)

    def placed(self, place: str) -> tuple[Parameter, ...]:
        """Return the named parameters of a place."""
        return tuple(each for each in self.parameters if each.place == place and each.name)

    def parameter(self, name: str) -> Parameter | None:
        """Return the parameter of a name, in whichever place, or None."""
        return next((each for each in self.parameters if name and each.name == name), None)


class Property(Frozen):
    """A member of a model, or a field of a body.

    Attributes:
        name: its name.
        type: the type of its value.
        required: whether a body has to have it. It says little about answers.
        nullable: whether it may be null.
        read_only: whether it cannot be written.
        description: the description, in words; empty where only facts are kept.
    """

    __slots__ = ("name", "type", "required", "nullable", "read_only", "description")  # noqa: RUF023 - as __init__

    name: str
    type: Type
    required: bool
    nullable: bool
    read_only: bool
    description: str

    def __init__(
        self,
        name: str,
        type: Type,  # noqa: A002 - the attribute
        required: bool = False,
        nullable: bool = False,
        read_only: bool = False,
        description: str = "",
    ) -> None:
        put(self, "name", name)
        put(self, "type", type)
        put(self, "required", required)
        put(self, "nullable", nullable)
        put(self, "read_only", read_only)
        put(self, "description", description)


class Model(Frozen):
    """The members of an object.

    Attributes:
        name: the name by which types refer to it; that of a generic model has no variables:
            ``"complexType.UnitAndValue"``.
        properties: the members, by name.
        variables: the variables of a generic model, as ``("T",)``; types refer to them as if they were models.
        description: the description, in words; empty where only facts are kept.
    """

    __slots__ = ("name", "properties", "variables", "description")  # noqa: RUF023 - the order of __init__

    name: str
    properties: Mapping[str, Property]
    variables: tuple[str, ...]
    description: str

    def __init__(
        self,
        name: str,
        properties: Mapping[str, Property],
        variables: tuple[str, ...] = (),
        description: str = "",
    ) -> None:
        put(self, "name", name)
        put(self, "properties", properties)
        put(self, "variables", variables)
        put(self, "description", description)

    @property
    def writable(self) -> Mapping[str, Property]:
        """The properties that can be written; all of them if every one is read-only, a mark then meant for answers."""
        kept = {name: each for name, each in self.properties.items() if not each.read_only}
        return Table(kept) if kept else self.properties

    def with_arguments(self, arguments: tuple[Type, ...]) -> Model:
        """Return a generic model with types in the place of its variables."""
        given = dict(zip(self.variables, arguments, strict=False))
        changed = {name: each.replacing(type=substitute(each.type, given)) for name, each in self.properties.items()}
        return Model(str(Ref(self.name, arguments)), Table(changed), (), self.description)


class Enumeration(Frozen):
    """A set of values.

    Attributes:
        name: the name by which types refer to it.
        values: the values: text, or numbers where the base is one. The API adds new ones at any time.
        base: ``"string"``, ``"long"``, ``"double"`` or ``"boolean"``.
        description: the description, in words; empty where only facts are kept.
    """

    __slots__ = ("name", "values", "base", "description")  # noqa: RUF023 - the order of __init__

    name: str
    values: tuple[str | int | float, ...]
    base: str
    description: str

    def __init__(
        self, name: str, values: tuple[str | int | float, ...], base: str = "string", description: str = ""
    ) -> None:
        put(self, "name", name)
        put(self, "values", values)
        put(self, "base", base)
        put(self, "description", description)


class Family(Frozen):
    """The operations of one part of the API, and the models they refer to.

    Attributes:
        name: the path that the operations begin with, as ``"/dedicated/server"`` or ``"/v2/iam"``.
        operations: the operations, by method and path: ``family.operations["GET /me/bill"]``.
        models: the models, by name. A generic model stands under its name alone, and where the schema lists it with
            certain arguments, under ``"complexType.UnitAndValue<long>"``, too.
    """

    __slots__ = ("name", "operations", "models")  # noqa: RUF023 - the order of __init__

    name: str
    operations: Mapping[str, Operation]
    models: Mapping[str, Model | Enumeration]

    def __init__(
        self, name: str, operations: Mapping[str, Operation], models: Mapping[str, Model | Enumeration]
    ) -> None:
        put(self, "name", name)
        put(self, "operations", operations)
        put(self, "models", models)

    def __repr__(self) -> str:
        return f"Family({self.name!r}, {len(self.operations)} operations, {len(self.models)} models)"

    def model(self, ref: Ref | str) -> Model | Enumeration | None:
        """Return the model of a reference here, a generic one with its arguments in place; None if there is none."""
        found = self.models.get(str(ref))
        if found is None and isinstance(ref, Ref) and ref.arguments:
            generic = self.models.get(ref.name)
            if isinstance(generic, Model) and len(generic.variables) == len(ref.arguments):
                found = generic.with_arguments(ref.arguments)
        return found

    def body_fields(self, operation: Operation) -> Mapping[str, Property] | None:
        """Return the fields that the body of an operation may hold, without those that cannot be written.

        None if the body is not an object of known fields: a list, a map, or anything.
        """
        whole = operation.body
        if whole is None:
            named = operation.placed("body")
            return Table({each.name: Property(each.name, each.type, each.required) for each in named})
        model = self.model(whole) if isinstance(whole, Ref) else None
        if not isinstance(model, Model):
            return None
        return model.writable
