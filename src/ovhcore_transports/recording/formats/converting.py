"""Conversion of cassettes to and from other formats, and the repair of damaged ones."""

from __future__ import annotations

import os
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from ovhcore.exceptions import CassetteError
from ovhcore.protocol import Redaction

from ..cassette.cassettes import Cassette, reason_of, write_whole
from ..cassette.writing import nobody_records
from .har import to_har
from .vcr import to_vcr

__all__ = ["convert", "repair"]


def convert(
    source: str | os.PathLike[str],
    target: str | os.PathLike[str],
    redaction: Redaction = Redaction(),  # noqa: B008 - immutable
) -> str:
    """Write a cassette in another format.

    Args:
        source: a cassette of ovhcore, or of vcrpy.
        target: the file to write: ``.yaml`` or ``.yml`` for vcrpy's format, ``.har`` for HAR, anything
            else for ovhcore's. An old file is replaced.
        redaction: secrets to hide in a cassette of vcrpy, besides those that are always hidden.

    Returns:
        What was written, and what was left out, for people.

    Raises:
        CassetteError: the source is no cassette, or is not whole, or the target cannot be written.
    """
    name, to = os.fspath(source), os.fspath(target)
    cassette = Cassette.load(source, warn=False, redaction=redaction)
    if cassette.problems:
        raise CassetteError(
            f"The cassette {name} is not whole: {'; '.join(cassette.problems)}. "
            f"Keep what is whole of it with 'ovhcore cassette repair {name}', or record again"
        )
    left_out = 0
    suffix = Path(target).suffix.lower()
    if suffix in (".yaml", ".yml"):
        form = "vcrpy's format"
        data, left_out = to_vcr(cassette)
    elif suffix == ".har":
        form = "HAR"
        data = to_har(cassette)
    else:
        form = "ovhcore's format"
        data = cassette.dumps()
    if os.path.exists(to):
        with _left_alone(to):
            write_whole(target, data)
    else:
        write_whole(target, data)
    said = f"Wrote {_counted(len(cassette) - left_out)} to {to} in {form}"
    return f"{said}; left out {left_out} that failed, which it cannot tell." if left_out else f"{said}."


def repair(path: str | os.PathLike[str]) -> str:
    """Keep the whole records of a damaged cassette, in its place. A whole cassette is not touched.

    Args:
        path: a cassette.

    Returns:
        What was kept and what was lost, for people.

    Raises:
        CassetteError: the file is no cassette, no record of it is whole, another process records to it, or
            it cannot be written. The file is left as it was.
    """
    name = os.fspath(path)
    cassette = Cassette.load(path, warn=False)
    if not cassette.problems:
        return f"The cassette {name} is whole, with {_counted(len(cassette))}; it was left as it is."
    with _left_alone(name):
        if cassette.torn and not len(cassette):
            raise CassetteError(f"No interaction of the cassette {name} is whole; it was left as it is: record again")
        cassette.save(path)
    return f"Kept {_counted(len(cassette))} of the cassette {name}; lost: {'; '.join(cassette.problems)}."


@contextmanager
def _left_alone(path: str) -> Generator[None, None, None]:
    """Make sure that nobody records to a file that is to be replaced, nor begins to.

    Raises:
        CassetteError: another process records to it, or the file cannot be written.
    """
    try:
        with nobody_records(path) as alone:
            if not alone:
                raise CassetteError(f"{path} is being recorded to: close the recorder first")
            yield
    except OSError as error:
        raise CassetteError(f"{path} cannot be written: {reason_of(error, path)}") from None


def _counted(number: int) -> str:
    return f"{number} interaction{'' if number == 1 else 's'}"
