"""The cassette: a file of JSON records, one after the other, each laid out over lines of its own.

::

    {
      "cassette": 1,              begins what one recorder wrote
      "recorder": "ovhcore 1.0"
    }
    {
      "request": {...},           one interaction
      "response": {...}
    }
    {
      "end": true                 the recorder was closed, not killed
    }

Records are only ever added, each by one write; a record that was cut off is found by its
braces, which stand at the beginning of a line and nowhere else do so.
"""

from __future__ import annotations

import gc
import json
import os
import re
import warnings
from collections.abc import Generator, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final

from ovhcore import __version__
from ovhcore.exceptions import CassetteError
from ovhcore.protocol import Redaction

from .interactions import Interaction, World

__all__ = [
    "PRIVATE",
    "VERSION",
    "Cassette",
    "CassetteWarning",
    "beginning",
    "collecting_no_garbage",
    "dumped",
    "end",
    "is_vcr",
    "reason_of",
    "write_whole",
]

VERSION: Final = 1
"""The version of the format. Cassettes of a later one are refused."""

PRIVATE: Final = 0o600
"""Permissions of a new file, since contents that are no secret may still be nobody else's business."""

_NOT_UTF_8: Final = re.compile("[\udc80-\udcff]")
_TOLD: Final = 20  # damaged records that the error tells of one by one
_decoder: Final = json.JSONDecoder()
# An empty file counts as one of this format, too, and as such is an error.
_BEGINNING: Final = re.compile(rb'(?:\xef\xbb\xbf)?\s*(?:\{\s*"cassette"\s*:|$)')


class CassetteWarning(UserWarning):
    """A cassette was opened that is not whole."""


class Cassette:
    """Interactions, and the problems of the file they came from.

    Args:
        interactions: the interactions, in the order in which they were answered.
        path: the file they came from.
        problems: the problems of the file, for people to read.
        unended: the number of recorders that did not close it: they were killed, or are still recording.
        between: the observations before an interaction, after a recorder had ended, by its number.
        tail: what was seen after the last interaction.
    """

    def __init__(
        self,
        interactions: Iterable[Interaction] = (),
        path: str | None = None,
        problems: Iterable[str] = (),
        *,
        unended: int = 0,
        between: dict[int, World] | None = None,
        tail: World = World(),  # noqa: B008 - immutable
    ) -> None:
        self.interactions = list(interactions)
        self.path = path
        self.torn = list(problems)
        self.unended = unended
        self.between = between or {}
        self.tail = tail

    @property
    def problems(self) -> list[str]:
        """The problems of the file; empty if there are none."""
        unended = (
            "the recording did not come to its end: the program was killed, or is still recording; a call that was "
            "under way is missing"
        )
        return [*self.torn, unended] if self.unended else self.torn

    @classmethod
    def load(
        cls,
        path: str | os.PathLike[str],
        *,
        warn: bool = True,
        redaction: Redaction = Redaction(),  # noqa: B008 - immutable
    ) -> Cassette:
        """Read a cassette, or one of vcrpy.

        The whole records of a file that was cut off are there, and :attr:`problems` says what is missing.

        Args:
            path: the file.
            warn: whether to warn, too, of a file that is not whole.
            redaction: secrets to hide in a cassette of vcrpy, besides those that are always hidden.

        Raises:
            CassetteError: there is no such file, or it is no cassette.
        """
        name = os.fspath(path)
        try:
            data = Path(path).read_bytes()
        except OSError as error:
            raise CassetteError(f"The cassette {name} cannot be read: {reason_of(error, name)}") from None
        cassette = cls.loads(data, name, redaction)
        if cassette.problems and warn:
            warnings.warn(f"The cassette {name}: {'; '.join(cassette.problems)}", CassetteWarning, stacklevel=2)
        return cassette

    @classmethod
    def loads(
        cls,
        data: bytes,
        name: str | None = None,
        redaction: Redaction = Redaction(),  # noqa: B008 - immutable
    ) -> Cassette:
        """Read the bytes of a cassette; see :meth:`load`."""
        try:
            with collecting_no_garbage():
                return _read(data, name) if _is_own(data) else _read_vcr(data, name, redaction)
        except CassetteError as error:
            raise CassetteError(f"The cassette {name or '(bytes)'} cannot be used: {error}") from None

    def dumps(self) -> bytes:
        """Return the bytes of a whole cassette."""
        records: list[dict[str, Any]] = [beginning()]
        for number, interaction in enumerate(self.interactions):
            if number in self.between:
                records += [end(self.between[number]), beginning()]
            records.append(interaction.record)
        return b"\n".join(map(dumped, [*records, end(self.tail)]))

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write a whole cassette; a file that is there is replaced.

        Raises:
            CassetteError: the file cannot be written; an old one is left as it was.
        """
        write_whole(path, self.dumps())

    def __len__(self) -> int:
        return len(self.interactions)

    def __iter__(self) -> Iterator[Interaction]:
        return iter(self.interactions)

    def __repr__(self) -> str:
        return f"<Cassette {self.path or ''} of {len(self)}{', not whole' if self.problems else ''}>"


@contextmanager
def collecting_no_garbage() -> Generator[None, None, None]:
    """Keep the collector from looking for garbage while a file is read, which takes longer than to read it."""
    paused = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if paused:
            gc.enable()


def beginning() -> dict[str, Any]:
    """Return the record that begins what a recorder writes."""
    return {"cassette": VERSION, "recorder": f"ovhcore {__version__}"}


def end(world: World) -> dict[str, Any]:
    """Return the record that ends what a recorder writes."""
    return {"end": True, **world.packed()}


def dumped(record: dict[str, Any]) -> bytes:
    """Return the bytes of a record."""
    try:
        text = json.dumps(record, indent=2, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        # A surrogate that stands alone has no UTF-8.
        text = json.dumps(record, indent=2).encode()
    return text + b"\n"


def write_whole(path: str | os.PathLike[str], data: bytes) -> None:
    """Write a file whole or not at all. Only its owner may read a new file; an old one keeps its permissions.

    Raises:
        CassetteError: the file cannot be written.
    """
    target = Path(os.path.realpath(path))  # a link stays one
    beside = target.with_name(f"{target.name}.{os.getpid()}.new")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        beside.unlink(missing_ok=True)  # a process that was killed may have left it
        with open(beside, "xb", opener=_of_ones_own) as file:
            file.write(data)
        if target.exists():
            beside.chmod(target.stat().st_mode & 0o7777)
        beside.replace(target)
    except OSError as error:
        with suppress(OSError):
            beside.unlink()
        raise CassetteError(f"{os.fspath(path)} cannot be written: {reason_of(error, os.fspath(path))}") from None


def _of_ones_own(path: str, flags: int) -> int:
    return os.open(path, flags, PRIVATE)


def reason_of(error: OSError, path: str) -> str:
    """Return why a file could not be used, and which one it was, if it is not the one at ``path``."""
    name = os.fsdecode(error.filename or path)
    return str(error.strerror) if name.startswith(path) else f"{error.strerror} ({name})"


def is_vcr(path: str | os.PathLike[str]) -> bool:
    """Say whether an existing file has another tool's format."""
    with open(path, "rb") as file:
        return not _is_own(file.read(200))


def _is_own(data: bytes) -> bool:
    return _BEGINNING.match(data) is not None


def _read_vcr(data: bytes, name: str | None, redaction: Redaction) -> Cassette:
    from ..formats.vcr import from_vcr

    return Cassette(from_vcr(data, redaction), name)


def _read(data: bytes, name: str | None) -> Cassette:
    records, torn = _records(data)
    if not records and not torn:
        raise CassetteError("it is empty")
    interactions: list[Interaction] = []
    between: dict[int, World] = {}
    carried = World()
    open_now = 0
    for record, line in records:
        if "cassette" in record:
            _check_version(record["cassette"])
            open_now += 1
        elif not open_now and not interactions:
            raise CassetteError(f"line {line} does not begin a cassette")
        elif "end" in record:
            open_now -= 1
            carried = World.unpacked(record)
        else:
            try:
                interactions.append(Interaction(record))
            except CassetteError as error:
                raise CassetteError(f"line {line}: {error}") from None
            if carried != World():
                between[len(interactions) - 1] = carried
                carried = World()
    return Cassette(interactions, name, torn, unended=max(0, open_now), between=between, tail=carried)


def _check_version(version: Any) -> None:
    if version != VERSION:
        raise CassetteError(
            f"its format has version {version!r}, and this ovhcore reads version {VERSION}: update ovhcore, or record "
            "again"
        )


def _records(data: bytes) -> tuple[list[tuple[dict[str, Any], int]], list[str]]:
    """Return the records with their lines, and what cannot be read."""
    # A record that was cut off may end within a character. Git may have changed the ends of lines.
    text = data.decode("utf-8-sig", "surrogateescape").replace("\r\n", "\n")
    records: list[tuple[dict[str, Any], int]] = []
    torn: list[str] = []
    left_out = 0
    line = 1
    for part in _parts(text):
        at = counted = 0
        # Read from the part alone: the decoder counts the lines before an error from where its text begins.
        while (at := _skip(part, at)) < len(part):
            line += part.count("\n", counted, at)
            counted = at
            try:
                record, after = _decoder.raw_decode(part, at)
                if isinstance(record, dict) and not _NOT_UTF_8.search(part, at, after):
                    records.append((record, line))
                    at = after
                    continue
                problem = "it is no JSON object" if not isinstance(record, dict) else "it is not UTF-8"
            except json.JSONDecodeError as error:
                problem = error.msg
            except (ValueError, RecursionError) as error:
                problem = str(error)
            if len(torn) < _TOLD:
                size = len(part[at:].encode("utf-8", "surrogateescape"))
                torn.append(f"the record at line {line} is cut off or damaged ({size} bytes; {problem})")
            else:
                left_out += 1
            break
        line += part.count("\n", counted)
    if left_out:
        torn.append(f"{left_out} more are")
    return records, torn


def _parts(text: str) -> Iterator[str]:
    """Yield a text in parts that begin with a brace at the beginning of a line, as records do and nothing in them."""
    begin = 0
    while begin < len(text):
        end = text.find("\n{", begin) + 1 or len(text)
        yield text[begin:end]
        begin = end


def _skip(text: str, position: int) -> int:
    while position < len(text) and text[position] in " \t\n\r":
        position += 1
    return position
