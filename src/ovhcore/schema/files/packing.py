"""The compact form of a family: one compressed part; the first use of an operation or a model makes it.

A part is compressed JSON. Texts stand in one list; elsewhere stand their numbers. Default
values at the end of a row are left out. Descriptions are optional.
"""

from __future__ import annotations

import json
import zlib
from collections import Counter
from collections.abc import Sequence
from typing import Any, Final

from ...exceptions import SchemaError
from ..model import Enumeration, Family, IamAction, Model, Operation, Parameter, Property, Status
from ..tables import Table
from ..types import Type, parse_type

__all__ = ["FORMAT", "pack", "squeeze", "unpack", "unsqueeze"]

FORMAT: Final = 1
"""The number of this form; parts of another form are refused."""

_PLACES: Final = ("path", "query", "header", "body")
_DAMAGED: Final = (ValueError, TypeError, KeyError, IndexError, AttributeError, zlib.error, RecursionError, SchemaError)


def squeeze(value: Any) -> bytes:
    """Return a JSON value as compressed bytes, the same for the same value."""
    return zlib.compress(json.dumps(value, separators=(",", ":")).encode("ascii"), 9)


def unsqueeze(data: bytes) -> Any:
    """Return the value of compressed bytes.

    Raises:
        ValueError: the bytes are damaged.
    """
    try:
        return json.loads(zlib.decompress(data))
    except (zlib.error, RecursionError) as error:
        raise ValueError(str(error)) from None


class _Words:
    """Texts and their numbers: the most frequent text has the smallest; 0 stands for no text."""

    def __init__(self) -> None:
        self.count: Counter[str] = Counter()
        self.numbers: dict[str, int] = {}

    def __call__(self, text: object) -> int:
        word = str(text)
        self.count[word] += 1
        return self.numbers.get(word, 0)

    def settle(self) -> list[str]:
        del self.count[""]
        words = sorted(self.count, key=lambda word: (-self.count[word], word))
        self.numbers = {word: number for number, word in enumerate(words, 1)}
        return words


class _Rows:
    """Rows that occur several times, and their numbers."""

    def __init__(self) -> None:
        self.numbers: dict[str, int] = {}
        self.rows: list[Any] = []

    def __call__(self, row: Any) -> int:
        key = json.dumps(row)
        if key not in self.numbers:
            self.numbers[key] = len(self.rows)
            self.rows.append(row)
        return self.numbers[key]


def _trimmed(row: list[Any]) -> list[Any]:
    while row and row[-1] in (0, "", None, []):
        row.pop()
    return row


def pack(family: Family, *, descriptions: bool = False) -> bytes:
    """Return the compact form of a family: the same bytes for the same family.

    Args:
        family: the family to pack.
        descriptions: whether to keep descriptions.
    """
    words = _Words()
    _packed(family, words, descriptions)  # counts
    listed = words.settle()
    return squeeze({"format": FORMAT, "family": family.name, "words": listed, **_packed(family, words, descriptions)})


def _packed(family: Family, words: _Words, descriptions: bool) -> dict[str, Any]:
    parameters, statuses, errors, paths = _Rows(), _Rows(), _Rows(), _Rows()

    def told(text: str) -> str:
        return text if descriptions else ""

    def parameter(each: Parameter) -> int:
        flags = 2 * _PLACES.index(each.place) + each.required
        return parameters(_trimmed([words(each.name), words(each.type), flags, told(each.description)]))

    def operation(each: Operation) -> list[Any]:
        status = each.status
        return _trimmed(
            [
                words(each.method),
                paths(each.path),
                words(each.answer),
                [parameter(one) for one in each.parameters],
                [words(action.name) * 2 + action.required for action in each.iam_actions],
                statuses([status.value, status.deprecated_on, status.deleted_on, status.replacement]),
                0 if each.authentication else 1,
                errors([words(one) for one in each.errors]) + 1 if each.errors else 0,
                words(each.expanded) if each.expanded is not None else 0,
                told(each.description),
            ]
        )

    def model(each: Model | Enumeration) -> list[Any]:
        if isinstance(each, Enumeration):
            return _trimmed([words(each.name), words(each.base), list(each.values), told(each.description)])
        columns = list(each.properties.values())
        row: list[Any] = [
            words(each.name),
            [words(one.name) for one in columns],
            [words(one.type) for one in columns],
            [one.required + 2 * one.nullable + 4 * one.read_only for one in columns],
            list(each.variables),
            told(each.description),
        ]
        if descriptions:
            row.append([one.description for one in columns])
        return _trimmed(row)

    operations = [operation(each) for each in family.operations.values()]
    models = [model(each) for each in family.models.values()]
    return {
        "paths": paths.rows,
        "parameters": parameters.rows,
        "statuses": statuses.rows,
        "errors": errors.rows,
        "operations": operations,
        "models": models,
    }


def unpack(data: bytes, file: str = "part") -> Family:
    """Return the family of a compact form. The first use of an operation or a model makes it.

    Args:
        data: the bytes that :func:`pack` returned.
        file: the origin of the data, for messages.

    Raises:
        SchemaError: the data is damaged, or of another format.
    """
    try:
        return _Part(unsqueeze(data)).family()
    except _DAMAGED:
        pass
    raise SchemaError("is damaged, or written by another version of ovhcore", file=file)


def _at(row: Sequence[Any], number: int, default: Any) -> Any:
    return row[number] if len(row) > number else default


class _Part:
    def __init__(self, content: Any) -> None:
        if content["format"] != FORMAT:
            raise ValueError("format")
        self.name: str = content["family"]
        self.words: list[str] = ["", *content["words"]]
        self.paths: list[str] = content["paths"]
        self.parameters: list[Any] = content["parameters"]
        self.statuses: list[Any] = content["statuses"]
        self.errors: list[list[int]] = content["errors"]
        self.operations: list[Any] = content["operations"]
        self.models: list[Any] = content["models"]
        self.made: dict[int, Parameter] = {}

    def family(self) -> Family:
        words, paths = self.words, self.paths
        operations = {f"{words[row[0]]} {paths[row[1]]}": row for row in self.operations}
        models = {words[_at(row, 0, 0)]: row for row in self.models}
        return Family(self.name, Table(operations, self.operation), Table(models, self.model))

    def type(self, number: int) -> Type:
        return parse_type(self.words[number])

    def parameter(self, number: int) -> Parameter:
        made = self.made.get(number)
        if made is None:
            row = self.parameters[number]
            flags = _at(row, 2, 0)
            made = Parameter(
                self.words[_at(row, 0, 0)],
                _PLACES[flags >> 1],
                self.type(_at(row, 1, 0)),
                bool(flags & 1),
                _at(row, 3, ""),
            )
            self.made[number] = made
        return made

    def operation(self, row: Sequence[Any]) -> Operation:
        errors, expanded = _at(row, 7, 0), _at(row, 8, 0)
        return Operation(
            self.words[row[0]],
            self.paths[row[1]],
            self.name,
            tuple(self.parameter(number) for number in _at(row, 3, ())),
            self.type(_at(row, 2, 0)),
            not _at(row, 6, 0),
            tuple(IamAction(self.words[number >> 1], bool(number & 1)) for number in _at(row, 4, ())),
            Status(*self.statuses[_at(row, 5, 0)]),
            tuple(self.words[number] for number in self.errors[errors - 1]) if errors else (),
            self.type(expanded) if expanded else None,
            _at(row, 9, ""),
        )

    def model(self, row: Sequence[Any]) -> Model | Enumeration:
        name = self.words[_at(row, 0, 0)]
        second = _at(row, 1, [])
        if isinstance(second, int):
            return Enumeration(name, tuple(_at(row, 2, ())), self.words[second], _at(row, 3, ""))
        told = _at(row, 6, None) or [""] * len(second)
        types, flags = _at(row, 2, []), _at(row, 3, [])
        properties = {
            self.words[number]: Property(
                self.words[number],
                self.type(types[at]),
                bool(flags[at] & 1),
                bool(flags[at] & 2),
                bool(flags[at] & 4),
                told[at],
            )
            for at, number in enumerate(second)
        }
        return Model(name, Table(properties), tuple(_at(row, 4, ())), _at(row, 5, ""))
