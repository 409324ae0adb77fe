"""Reading of schema documents from a file or a folder, native or OpenAPI, JSON or YAML."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from ...exceptions import SchemaError
from ..lookup.catalogue import Catalogue
from ..model import Family
from ..reading import read_document

__all__ = ["families_of", "load", "parse_json", "parse_yaml"]

_KINDS: Final = (".json", ".yaml", ".yml")


def load(source: str | os.PathLike[str]) -> Catalogue:
    """Return the catalogue of schema documents of your own.

    Args:
        source: a file, or a folder that is searched for ``.json``, ``.yaml`` and ``.yml`` files, those within its
            folders, too. The members of a document tell whether it is native or OpenAPI; an index of the API
            (``/1.0/``) beside them is ignored. YAML needs PyYAML.

    Raises:
        SchemaError: something cannot be read; file and place are named.
    """
    return Catalogue.of(families_of(source), source=str(source))


def families_of(source: str | os.PathLike[str]) -> Iterator[Family]:
    """Yield the families of a file or a folder, as :func:`load` reads them.

    Raises:
        SchemaError: something cannot be read, or nothing is there.
    """
    path = Path(source)
    files = sorted(each for each in path.rglob("*") if each.suffix.lower() in _KINDS) if path.is_dir() else [path]
    if not files:
        raise SchemaError(f"holds no schema documents ({', '.join(_KINDS)})", file=str(path))
    for file in files:
        document = _document(file)
        if not _is_index(document):
            yield read_document(document, str(file))


def _is_index(document: Any) -> bool:
    apis = document.get("apis") if isinstance(document, dict) else None
    return isinstance(apis, list) and any(isinstance(each, dict) and "schema" in each for each in apis)


def _document(file: Path) -> Any:
    try:
        data = file.read_bytes()
    except OSError as error:
        problem = f"cannot be read: {error.strerror}"
    else:
        return (parse_json if file.suffix.lower() == ".json" else parse_yaml)(data, str(file))
    raise SchemaError(problem, file=str(file))


def parse_json(data: bytes, file: str) -> Any:
    """Return the value of a JSON document.

    Raises:
        SchemaError: it is not JSON.
    """
    try:
        return json.loads(data)
    except RecursionError:
        problem = "it is nested too deeply"
    except ValueError as error:
        problem = str(error)
    raise SchemaError(f"is not JSON: {problem}", file=file)


def parse_yaml(data: bytes, file: str) -> Any:
    """Return the value of a YAML document, with the scalars that JSON has: dates and ``NO`` stay text.

    Raises:
        SchemaError: it is not YAML, or PyYAML is not installed.
    """
    try:
        from .yaml_reading import yaml_value
    except ImportError:
        raise SchemaError("needs PyYAML to be read: pip install pyyaml", file=file) from None
    try:
        return yaml_value(data)
    except RecursionError:
        problem = "it is nested too deeply"
    except ValueError as error:
        problem = str(error)
    raise SchemaError(f"is not YAML: {problem}", file=file)
