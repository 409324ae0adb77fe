"""Readers of schema documents, native and OpenAPI; pure."""

from __future__ import annotations

from typing import Any

from ...exceptions import SchemaError
from ..model import Family
from .native import read_native
from .openapi import read_openapi

__all__ = ["read_document", "read_native", "read_openapi"]


def read_document(document: Any, file: str = "schema") -> Family:
    """Read a document of either kind.

    Args:
        document: the document, as ``json.loads`` returns it.
        file: the origin of the document, for messages.

    Raises:
        SchemaError: the document is neither, or something in it is wrong; file and place are named.
    """
    if isinstance(document, dict):
        if "openapi" in document or "paths" in document:
            return read_openapi(document, file)
        if not {"apis", "models", "resourcePath"}.isdisjoint(document):
            return read_native(document, file)
    raise SchemaError(
        "is neither a native document, with 'apis' and 'models', nor one of OpenAPI 3, with 'openapi' and 'paths'",
        file=file,
        place="$",
    )
