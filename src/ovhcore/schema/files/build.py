"""Builds the shipped catalogue: ``python -m ovhcore.schema.files.build FOLDER OUT DATE``.

FOLDER holds schema documents, OUT is the folder of parts, DATE is the documents' date. Descriptions are left
out. The same documents and date make the same bytes.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from ...exceptions import SchemaError
from .documents import families_of
from .store import write_folder

__all__ = ["build", "main"]


def build(source: Path, out: Path, date: str, endpoint: str = "ovh-eu") -> int:
    """Write the catalogue of a folder of documents; return its size in bytes.

    Args:
        source: the documents.
        out: the folder of parts. Parts of an older catalogue are removed from it.
        date: the date of the documents, ISO 8601.
        endpoint: the endpoint whose API the documents describe.

    Raises:
        SchemaError: a document cannot be read.
        OSError: the parts cannot be written.
    """
    families = list(families_of(source))
    for part in out.glob("*.z"):
        part.unlink()
    write_folder(families, out, endpoint=endpoint, date=date, descriptions=False)
    return sum(part.stat().st_size for part in out.iterdir())


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return its exit status."""
    given = sys.argv[1:] if arguments is None else arguments
    if len(given) != 3:
        print("usage: python -m ovhcore.schema.files.build FOLDER OUT DATE", file=sys.stderr)
        return 2
    try:
        size = build(Path(given[0]), Path(given[1]), given[2])
    except (SchemaError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    print(f"{size} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
