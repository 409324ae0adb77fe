"""The overloads of the methods of a client: one or a few for each operation."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Final

from ..lookup.catalogue import Catalogue
from ..model import Family, Model
from ..types import Array, Ref, Type
from .models import PATCHED, READ, SENT, Models
from .naming import Names, literal
from .uses import Argument, Use

__all__ = ["PATH", "Signatures", "has_status"]

PATH: Final = "<path>"
"""The mark for the path, or for several, in an overload."""
_BY_DICT: Final = "dict: "


class Signatures:
    """Writes overloads.

    Args:
        catalogue: the catalogue of the operations.
        models: collects the classes that the overloads refer to.
        names: gives names to further classes.
        texts: takes these further classes.
        asynchronous: whether the overloads belong to :class:`.AsyncClient`.
    """

    def __init__(
        self, catalogue: Catalogue, models: Models, names: Names, texts: dict[str, str], *, asynchronous: bool
    ) -> None:
        self._catalogue = catalogue
        self._models = models
        self._names = names
        self._asynchronous = asynchronous
        self._define = "async def" if asynchronous else "def"
        self._objects = "AsyncObjectIterator" if asynchronous else "ObjectIterator"
        self._writers: Mapping[str, Callable[[Use, Family], Iterator[str]]] = {
            "get": self._with_query,
            "delete": self._with_query,
            "post": self._with_body,
            "put": self._with_body,
            "iterate": self._iterate,
            "batch": self._batch,
            "gather": self._gather,
            "wait": self._wait,
            "update": self._update,
        }
        self._texts = texts

    def of(self, method: str, use: Use) -> tuple[list[str], list[str]]:
        """Return the overloads of a method for an operation; none if the method has no use for it.

        In overloads of whole families :data:`PATH` stands for the path, since many operations share an overload.

        Returns:
            overloads; and overloads of calls with a dict. These must come after all others, in this order: a dict may
            fulfil all of them, so those that require most stand first.
        """
        written = list(self._writers[method](use, self._catalogue.family(use.operation.family)))
        by_dict = [each.removeprefix(_BY_DICT) for each in reversed(written) if each.startswith(_BY_DICT)]
        return [each for each in written if not each.startswith(_BY_DICT)], by_dict

    # Single calls

    def _with_query(self, use: Use, family: Family) -> Iterator[str]:
        arguments = [*self._path_arguments(use, family), *self._query_arguments(use, family)]
        yield from self._call(use, family, arguments)

    def _with_body(self, use: Use, family: Family) -> Iterator[str]:
        arguments = self._path_arguments(use, family)
        fields = family.body_fields(use.operation)
        if fields is None:  # a map with names of the caller's; call() sends a list
            yield from self._call(use, family, arguments, "**_: Any")
            return
        of_path = {each.key for each in arguments}
        says_null = use.operation.body is not None  # schemas do not say which of single fields may be null
        for each in fields.values():
            if each.name not in of_path:  # the path takes the others
                text = self._models.member(family, each, SENT)
                text += "" if says_null or each.required or text == "Any" else " | None"
                arguments.append(Argument(each.name, text, each.required))
        yield from self._call(use, family, arguments)

    def _call(self, use: Use, family: Family, arguments: list[Argument], rest: str = "") -> Iterator[str]:
        head = f"{self._define} {use.operation.method.lower()}"
        yield from self._overloads(head, use, "", arguments, "CallOptions", self._answer(use, family), rest)

    def _overloads(
        self, head: str, use: Use, second: str, arguments: list[Argument], options: str, answer: str, rest: str = ""
    ) -> Iterator[str]:
        """Yield an overload, and for names that only a dict can pass another one, which only a dict fulfils."""
        named = _written(arguments)
        before = f"{head}(self, _target: {_path(use)}, /, {second}_need_auth"
        yield (f"{before}: bool = ..., {'*, ' if named else ''}{named}{rest or f'**_: Unpack[{options}]'}) -> {answer}")
        if any(each.name != each.key for each in arguments):
            yield f"{_BY_DICT}{before}: Any = ..., **_: Unpack[{self._dictionary(arguments, options)}]) -> {answer}"

    def _dictionary(self, arguments: list[Argument], options: str) -> str:
        """Return the name of a class of arguments some of which only a dict can pass.

        The class requires these, so only ``**`` of a dict fulfils it. A type checker takes such a dict to have any
        name, and holds its values against all arguments at once; so every argument has the type ``Any``.
        """
        rows = [f"{each.key!r}: Required[Any]" for each in arguments if each.name != each.key]
        rows += [f"{each.name!r}: NotRequired[Any]" for each in arguments if each.name]
        key = (options, *rows)
        name = self._names.of(key, "ByDict")
        self._texts[name] = (
            f'{name}Names = TypedDict(\n    "{name}Names",\n    {{{", ".join(rows)}}},\n)\n'
            f"class {name}(Any{options}, {name}Names):\n    pass\n"
        )
        return name

    # Many objects

    def _iterate(self, use: Use, family: Family) -> Iterator[str]:
        listed, expanded = use.operation.answer, use.operation.expanded
        if not isinstance(listed, Array):
            return
        value = self._models.annotation(family, expanded or listed.item, READ)
        arguments = [*self._path_arguments(use, family), *self._query_arguments(use, family)]
        for options, item in (("Options", value), ("Errors", f"{value} | ovhcore.APIError")):
            answer = f"{self._objects}[{item}]"
            yield from self._overloads("def iterate", use, "", arguments, f"List{options}", answer)
        # The path does not tell the type of objects that are not below the list.
        yield from self._overloads("def iterate", use, "", arguments, "ItemOptions", f"{self._objects}[Any]")

    def _batch(self, use: Use, family: Family) -> Iterator[str]:
        path = self._path_arguments(use, family)
        of_id = next((each for each in reversed(path) if use.free in (None, each.key)), None)
        if of_id is None or (use.is_whole_family and not use.path.endswith("}")):
            return
        others = [each for each in path if each is not of_id] + self._query_arguments(use, family)
        value = self._answer(use, family)
        for kind, item in (("", value), ("Errors", f"{value} | ovhcore.APIError")):
            ids = f"_ids: Iterable[{of_id.annotation}], "
            head, answer = f"{self._define} batch", f"list[{item}]"
            yield from self._overloads(head, use, ids, others, f"Batch{kind or 'Options'}", answer)
            pairs = f"{self._objects}[tuple[{of_id.annotation}, {item}]]"
            yield from self._overloads("def batch", use, ids, others, f"BatchPairs{kind}", pairs)

    def _gather(self, use: Use, family: Family) -> Iterator[str]:
        if use.operation.method != "GET":
            return
        path = _path(use)
        calls = f'AnyCall[Literal["GET"], {path}]'
        if not use.names:
            calls = f"{path} | {calls}"
        value = self._answer(use, family)
        for kind, item in (("", value), ("Errors", f"{value} | ovhcore.APIError"))[: 1 if use.is_whole_family else 2]:
            given = f"self, _calls: Iterable[{calls}], **_: Unpack[Gather"
            yield f"{self._define} gather({given}{kind or 'Options'}]) -> list[{item}]"
            if not use.is_whole_family:
                yield f"def gather({given}Pairs{kind}]) -> {self._objects}[tuple[int, {item}]]"

    # Operations that take time

    def _wait(self, use: Use, family: Family) -> Iterator[str]:
        if use.is_whole_family and not has_status(family, use.operation.answer):
            return
        arguments = [*self._path_arguments(use, family), *self._query_arguments(use, family)]
        head = f"{self._define} wait"
        yield from self._overloads(head, use, "", arguments, "WaitOptions", self._answer(use, family))

    def _update(self, use: Use, family: Family) -> Iterator[str]:
        read = self._catalogue.find("GET", use.operation.path)
        sent = _target_spec(family, use.operation.body)
        if read is None or sent is None or _target_spec(family, read.answer) is None:
            return
        change = f"{self._models.annotation(family, sent, PATCHED)} | Callable[[dict[str, Any]], object]"
        answer = self._models.annotation(family, read.answer, READ)
        arguments = self._path_arguments(use, family)
        head = f"{self._define} update"
        yield from self._overloads(head, use, f"_change: {change}, ", arguments, "UpdateOptions", answer)

    # Arguments and answers

    def _answer(self, use: Use, family: Family) -> str:
        return self._models.annotation(family, use.operation.answer, READ)

    def _path_arguments(self, use: Use, family: Family) -> list[Argument]:
        types = {use.renamed.get(each.name): each.type for each in use.operation.placed("path")}
        return [
            Argument(name, self._models.argument(family, types[name]) if name in types else "Any", True)
            for name in use.names
        ]

    def _query_arguments(self, use: Use, family: Family) -> list[Argument]:
        written = use.path.partition("?")[2]
        found = []
        for each in use.operation.placed("query"):
            text = self._models.argument(family, each.type)
            required = each.required and f"{each.name}=" not in written
            found.append(Argument(each.name, text if required or text == "Any" else f"{text} | None", required))
        return [each for each in found if each.key not in use.names]  # the path takes those


def _path(use: Use) -> str:
    return PATH if use.is_whole_family else literal([use.path])


def _written(arguments: list[Argument]) -> str:
    ordered = sorted(arguments, key=lambda each: not each.required)
    return "".join(
        f"{each.name}: {each.annotation}{'' if each.required else ' = ...'}, " for each in ordered if each.name
    )


def _target_spec(family: Family, type_: Type | None) -> Type | None:
    """Return the type of ``targetSpec`` in a resource of version 2."""
    model = family.model(type_) if isinstance(type_, Ref) else None
    found = model.properties.get("targetSpec") if isinstance(model, Model) else None
    return found.type if found is not None and isinstance(found.type, Ref) else None


def has_status(family: Family, type_: Type) -> bool:
    """Say whether an object has a status, so that a client can wait for it."""
    model = family.model(type_) if isinstance(type_, Ref) else None
    return isinstance(model, Model) and any("stat" in name.lower() for name in model.properties)
