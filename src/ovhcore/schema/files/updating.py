"""Fetching of the live schemas: the index, and every family that it names. Pure: the caller makes the requests."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from ...exceptions import ResourceNotFoundError, SchemaError
from ..model import Family
from ..reading import read_document, read_native
from ..reading.places import DocumentValue
from .store import keep

__all__ = ["INDEXES", "fetched_families", "schema_paths", "update"]

INDEXES: Final = {"1.0": "/1.0/", "v2": "/v2/"}
"""The path of the index of each version of the API."""

Fetch = Callable[[Sequence[str]], Iterable[Any]]


def schema_paths(index: Any, version: str) -> list[str]:
    """Return the paths of the families that an index names.

    Args:
        index: the answer of the API.
        version: ``"1.0"`` or ``"v2"``.

    Raises:
        SchemaError: the answer is no index, or names nothing.
    """
    base = INDEXES[version].rstrip("/")
    top = DocumentValue(index, f"GET {INDEXES[version]}")
    paths: list[str] = []
    for api in top.child("apis").items():
        path = api.child("path").text()
        schema = api.optional("schema") or "{path}.{format}"
        if not path.startswith("/"):
            raise api.child("path").error(f"a path must start with '/', not {path!r}")
        paths.append(base + schema.replace("{path}", path).replace("{format}", "json"))
    if not paths:
        raise top.error("names no families")
    return paths


def fetched_families(fetch: Fetch) -> Iterator[Family]:
    """Yield the families of an endpoint, of version 1.0 and v2. Endpoints without v2 have those of 1.0 alone.

    Args:
        fetch: returns what the API answers to a GET of each path, in their order, without authentication:
            ``lambda paths: client.gather(paths, _need_auth=False)``. Its exceptions are passed on.

    Raises:
        SchemaError: an answer is not what it should be; the message names it.
    """
    for version, index_path in INDEXES.items():
        try:
            index = next(iter(fetch([index_path])), None)
        except ResourceNotFoundError:
            if version == "1.0":
                raise
            continue
        paths = schema_paths(index, version)
        answers = iter(fetch(paths))
        for path in paths:
            document = next(answers, None)
            file = f"GET {path}"
            if isinstance(document, dict) and "openapi" in document:
                yield read_document(document, file)
            else:
                yield read_native(document, file, version)


def update(fetch: Fetch, *, endpoint: str, date: str, cache: Path | None = None) -> Path:
    """Fetch the schemas of an endpoint, and keep them in the user's cache.

    Nothing is kept before everything has come and was read; if this fails, the previous catalogue stays in use.

    Args:
        fetch: as for :func:`fetched_families`.
        endpoint: the endpoint of the schemas, its name or its URL.
        date: the present time, ISO 8601.
        cache: folder of fetched catalogues, if not the user's.

    Returns:
        the folder of the catalogue.

    Raises:
        SchemaError: an answer is not what it should be.
        APIError: the kind that an answer calls for, or a failure of the network.
        OSError: the cache cannot be written.
    """
    families: dict[str, Family] = {}
    for family in fetched_families(fetch):
        if family.name in families:
            raise SchemaError(f"two documents are of the family {family.name!r}", file=endpoint)
        families[family.name] = family
    return keep(families.values(), endpoint=endpoint, date=date, cache=cache)
