"""``python -m ovhcore.schema.stubs``: does the work of ``ovhcore types`` where only ovhcore is installed."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from ...exceptions import APIError
from ..files.store import catalogue
from .command import PATHS, write_types

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return its exit status."""
    parser = argparse.ArgumentParser("python -m ovhcore.schema.stubs", description="Types for the calls of a program.")
    parser.add_argument("--scan", type=Path, action="append", default=[], help="a file or folder; may be repeated")
    parser.add_argument("--families", default="", metavar="NAME,...", help="whole families, as domain,me")
    parser.add_argument("--output", type=Path, help="the module to write; by default, ovh_types.py beside the program")
    parser.add_argument("--paths", choices=PATHS, default="auto", help="made at write_types time or not")
    parser.add_argument("--endpoint", default="ovh-eu", help="whose API the program calls; by default, ovh-eu")
    parser.add_argument("--check", action="store_true", help="write nothing; say whether the module is up to date")
    given = parser.parse_args(arguments)
    families = [each for each in given.families.split(",") if each]
    if not given.scan and not families:
        parser.error("what is it to know? --scan a program, or name --families")
    try:
        return write_types(
            catalogue(given.endpoint),
            scan=given.scan,
            families=families,
            output=given.output,
            paths=given.paths,
            check=given.check,
            endpoint=given.endpoint,
            warn=lambda line: print(line, file=sys.stderr),
        )
    except (APIError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
