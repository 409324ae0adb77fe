"""Data frames with the types that the API's catalogue knows: dates, whole numbers, numbers, truth values, categories.

Run it: OVH_TRANSPORT=sandbox python typed_tables.py
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from typing import Any

import pandas as pd
import polars as pl

import ovhcore as ovh
from ovhcore.schema import Array, Enumeration, Model, Ref, Scalar, Type, catalogue


def columns(path: str) -> dict[str, Scalar | Enumeration]:
    """Return the columns that the objects of a list have, as ``priceWithTax.value``, with their types."""
    operation = catalogue().operation("GET", path)
    family = catalogue().family(operation.family)
    found: dict[str, Scalar | Enumeration] = {}

    def look(kind: Type | None, name: str, above: tuple[Type, ...] = ()) -> None:
        meaning = family.model(kind) if isinstance(kind, Ref) else kind
        if isinstance(meaning, Model) and kind not in above:  # a model may hold itself
            for each, member in meaning.properties.items():
                look(member.type, f"{name}.{each}" if name else each, (*above, kind))
        elif isinstance(meaning, Scalar | Enumeration):
            found[name] = meaning

    answer = operation.answer
    look(operation.expanded or (answer.item if isinstance(answer, Array) else answer), "")
    return found


def flat(thing: Mapping[str, Any], above: str = "") -> dict[str, Any]:
    """Return an object without objects in it; lists stay."""
    row: dict[str, Any] = {}
    for name, value in thing.items():
        row |= flat(value, f"{above}{name}.") if isinstance(value, dict) else {above + name: value}
    return row


def values(rows: list[dict[str, Any]], name: str, kind: Scalar | Enumeration | None) -> list[Any]:
    """Return a column, with dates in the place of their texts."""
    found = [row.get(name) for row in rows]
    match kind:
        case Scalar(name="datetime"):  # with all offsets that occur, winter and summer: UTC is one
            return [each and datetime.fromisoformat(each).astimezone(UTC) for each in found]
        case Scalar(name="date"):
            return [each and date.fromisoformat(each) for each in found]
    return found


def categories(kind: Enumeration, column: list[Any]) -> list[str]:
    """Return those of the catalogue, and after them those that the API has added since."""
    return list(dict.fromkeys(str(each) for each in [*kind.values, *column] if each is not None))


def pandas_frame(objects: Iterable[Mapping[str, Any]], path: str) -> pd.DataFrame:
    """Return objects of a list as a frame of pandas; what the catalogue lacks has the type that pandas gives it."""
    rows, kinds = [flat(each) for each in objects], columns(path)
    frame: dict[str, Any] = {}
    for name in dict.fromkeys(name for row in rows for name in row):
        kind = kinds.get(name)
        column = values(rows, name, kind)
        match kind:
            case Enumeration(base="string"):
                frame[name] = pd.Series(column, dtype=pd.CategoricalDtype(categories(kind, column)))
            case Scalar(name="datetime"):
                frame[name] = pd.Series(column, dtype="datetime64[us, UTC]")
            case Scalar(name="date"):
                frame[name] = pd.Series(column, dtype="datetime64[s]")
            case Scalar(base=base) | Enumeration(base=base):
                dtype = {"string": "string", "long": "Int64", "double": "Float64", "boolean": "boolean"}.get(base)
                frame[name] = pd.Series(column, dtype=dtype)
            case _:
                frame[name] = pd.Series(column)
    return pd.DataFrame(frame)


def polars_frame(objects: Iterable[Mapping[str, Any]], path: str) -> pl.DataFrame:
    """Return objects of a list as a frame of Polars; what the catalogue lacks has the type that Polars gives it."""
    rows, kinds = [flat(each) for each in objects], columns(path)
    frame: list[pl.Series] = []
    for name in dict.fromkeys(name for row in rows for name in row):
        kind = kinds.get(name)
        column = values(rows, name, kind)
        dtype: Any = None
        match kind:
            case Enumeration(base="string"):
                dtype = pl.Enum(categories(kind, column))
            case Scalar(name="datetime"):
                dtype = pl.Datetime("us", "UTC")
            case Scalar(name="date"):
                dtype = pl.Date
            case Scalar(base=base) | Enumeration(base=base):
                known = {"string": pl.String, "long": pl.Int64, "double": pl.Float64, "boolean": pl.Boolean}
                dtype = known.get(base)
        frame.append(pl.Series(name, column, dtype=dtype, strict=dtype is not pl.Float64))
    return pl.DataFrame(frame)


if __name__ == "__main__":
    with ovh.Client() as client:
        bills = list(client.iterate("/me/bill"))
    print(pandas_frame(bills, "/me/bill").dtypes)
    print(polars_frame(bills, "/me/bill").schema)
