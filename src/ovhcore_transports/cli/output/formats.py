"""Values as JSON, JSON Lines, YAML, CSV and names: text that commands no terminal."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterable
from typing import Any, Final

import click

from ..frame.text import visible

__all__ = ["as_csv", "as_json", "as_names", "as_yaml", "cell", "csv_safe"]

# A number may begin with a sign; a formula does more.
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n")
_NUMBER: Final = r"[-+]?[0-9][0-9 .,()/-]*"


def as_json(value: Any, indent: int | None = None) -> str:
    """Return JSON that the terminal shows as it is: nothing in it commands that, or is lost in its encoding."""
    text = json.dumps(value, ensure_ascii=False, indent=indent)
    try:
        text.encode(sys.stdout.encoding or "utf-8")  # None where it is no real stream
    except UnicodeEncodeError:
        return json.dumps(value, indent=indent)
    return text if text.replace("\n", "").isprintable() else json.dumps(value, indent=indent)


def as_yaml(value: Any) -> str:
    """Return YAML, members in their order.

    Raises:
        click.UsageError: PyYAML is not installed.
    """
    try:
        import yaml
    except ModuleNotFoundError:
        raise click.UsageError('-o yaml needs PyYAML, which is not installed: pip install "ovhcore[cli]"') from None
    text: str = yaml.safe_dump(value, sort_keys=False, allow_unicode=True, default_flow_style=False)
    if not isinstance(value, (dict, list)):
        text = text.removesuffix("...\n")
    plain = text.rstrip("\n")
    if plain.replace("\n", "").isprintable():
        return plain
    escaped: str = yaml.safe_dump(value, sort_keys=False, default_flow_style=False)
    return escaped.rstrip("\n")


def as_names(value: Any, path: str = "") -> list[str]:
    """Return what objects are called by, a line each.

    Args:
        value: an object, or a list.
        path: of the call that was answered with it.
    """
    from .shaping import name_of, naming

    listed = value if isinstance(value, list) else [value]
    objects = [each for each in listed if isinstance(each, dict)]
    of_all = naming(objects, path) if len(objects) == len(listed) else None
    names = (each[of_all] if of_all is not None else name_of(each, path) for each in listed)
    return [visible(cell(name)) for name in names if name is not None]


def as_csv(value: Any, columns: list[str] | None = None) -> str:
    """Return CSV with a line of headings; a program that calculates takes nothing in it for a formula.

    Args:
        value: an object, or a list; what is no object has the column ``value``.
        columns: the members, where they are known.
    """
    from .shaping import columns_of

    listed = value if isinstance(value, list) else [value]
    rows = [each if isinstance(each, dict) else {"value": each} for each in listed]
    names = columns_of(rows) if columns is None else columns
    lines = [_line(map(csv_safe, names))] if names else []
    lines += [_line(csv_safe(row.get(name)) for name in names) for row in rows]
    return "\n".join(lines)


def _line(cells: Iterable[str]) -> str:
    import csv
    import io

    written = io.StringIO()
    csv.writer(written, lineterminator="\r\n").writerow(cells)  # so that either sign in a cell puts it in quotes
    return written.getvalue().removesuffix("\r\n")


def csv_safe(value: Any) -> str:
    """Return a cell of CSV. Text that would be a formula gets an apostrophe before it, which makes it text."""
    if not isinstance(value, str):
        return "" if value is None else cell(value)
    return f"'{value}" if value.startswith(_FORMULA) and not re.fullmatch(_NUMBER, value) else value


def cell(value: Any) -> str:
    """Return a value on one line: text as it is, nothing for null, all else as JSON."""
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
