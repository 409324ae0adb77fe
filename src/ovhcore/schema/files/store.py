"""The store of catalogues: the shipped one, and those fetched since, in the user's cache directory.

A catalogue is a folder: ``index`` names the families and their parts. In the cache each endpoint has a folder of its
own, with a folder for each fetched catalogue and a file ``current`` that names the one that counts. That file is
replaced in one step, after everything else is written: a reader sees the old catalogue or the new one.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from ...exceptions import SchemaError
from ...protocol.endpoints import resolve_endpoint
from ..lookup.catalogue import Catalogue, heads_of
from ..model import Family
from .packing import FORMAT, pack, squeeze, unpack, unsqueeze

__all__ = ["cache_folder", "catalogue", "catalogues", "keep", "write_folder"]

_SHIPPED: Final = Path(__file__).parent.parent / "shipped"
_INDEX: Final = "index"
_CURRENT: Final = "current"
_DEFAULT: Final = "ovh-eu"
_KEPT: Final = 6
"""The number of fetched catalogues to keep for each endpoint."""
_FILE_NAME = re.compile(r"[\w.%~-]+")
_DAMAGED: Final = "is damaged; fetch it again, or remove the folder"

_opened: dict[str, tuple[str, Catalogue]] = {}


def cache_folder() -> Path:
    """Return the folder of fetched catalogues: ``ovhcore/schema`` in the user's cache directory."""
    base = os.environ.get("XDG_CACHE_HOME") or os.environ.get("LOCALAPPDATA")
    home = Path(base) if base and os.path.isabs(base) else Path(os.path.expanduser("~"), ".cache")
    return home / "ovhcore" / "schema"


def write_folder(families: Iterable[Family], folder: Path, *, endpoint: str, date: str, descriptions: bool) -> None:
    """Write a catalogue into a folder; make the folder if it is missing.

    Args:
        families: the families of the catalogue.
        folder: the folder; files of the same names in it are overwritten.
        endpoint: the endpoint whose API it describes.
        date: the date of the catalogue, ISO 8601.
        descriptions: whether to keep descriptions.

    Raises:
        OSError: it cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    rows: list[list[Any]] = []
    taken: set[str] = set()
    for family in sorted(families, key=lambda each: each.name):
        name = quote(family.name.strip("/").replace("/", "."), safe="") + ".z"
        while name.lower() in taken:  # file systems may ignore case
            name = f"_{name}"
        taken.add(name.lower())
        (folder / name).write_bytes(pack(family, descriptions=descriptions))
        rows.append([family.name, name, list(heads_of(family))])
    index = {"format": FORMAT, "endpoint": endpoint, "date": date, "families": rows}
    (folder / _INDEX).write_bytes(squeeze(index))


def _opened_folder(folder: Path) -> Catalogue:
    """Return the catalogue of a folder.

    Raises:
        SchemaError: its index is damaged.
    """
    try:
        index = unsqueeze((folder / _INDEX).read_bytes())
        if index["format"] != FORMAT:
            raise ValueError("of another version of ovhcore")
        files = {str(name): _FILE_NAME.fullmatch(file)[0] for name, file, _ in index["families"]}  # type: ignore[index]
        heads = {str(name): tuple(map(str, heads)) for name, _, heads in index["families"]}
        return Catalogue(
            heads,
            lambda name: _loaded(folder / files[name]),
            endpoint=str(index["endpoint"]),
            date=str(index["date"]),
            source=str(folder),
        )
    except (OSError, ValueError, TypeError, KeyError):
        pass
    raise SchemaError(_DAMAGED, file=str(folder / _INDEX))


def _loaded(part: Path) -> Family:
    try:
        return unpack(part.read_bytes(), str(part))
    except OSError as error:
        problem = f"cannot be read: {error.strerror}"
    raise SchemaError(f"{problem}; fetch the catalogue again, or remove the folder", file=str(part))


def catalogue(endpoint: str = _DEFAULT, cache: Path | None = None) -> Catalogue:
    """Return the catalogue of an endpoint: the fetched one, if it is newer than the shipped one.

    The shipped one is that of ``ovh-eu``, with facts only. It stands in for endpoints whose own was not fetched.

    Args:
        endpoint: its name, or its URL.
        cache: folder of fetched catalogues, if not the user's.

    Raises:
        InvalidRegion: there is no endpoint of this name.
        InvalidConfiguration: the endpoint's URL cannot be used.
        SchemaError: the catalogue is damaged.
    """
    home = (cache_folder() if cache is None else cache) / quote(endpoint, safe="")
    current = ""
    with suppress(OSError, UnicodeDecodeError):  # none was fetched
        current = (home / _CURRENT).read_text("utf-8")
    known = _opened.get(str(home))
    if known is None or known[0] != current:
        if not current:
            resolve_endpoint(endpoint, allow_http=True)
        known = _opened[str(home)] = (current, _chosen(home, current))
    return known[1]


def catalogues(endpoint: str = _DEFAULT, cache: Path | None = None) -> list[Catalogue]:
    """Return the catalogues of an endpoint: the shipped one, then the fetched ones that are kept, by date.

    Damaged catalogues, and those of another version of ovhcore, are left out.

    Args:
        endpoint: its name, or its URL.
        cache: folder of fetched catalogues, if not the user's.
    """
    home = (cache_folder() if cache is None else cache) / quote(endpoint, safe="")
    found: list[Catalogue] = []
    with suppress(OSError):  # none was fetched
        for folder in home.iterdir():
            with suppress(SchemaError):
                found += [_opened_folder(folder)] if (folder / _INDEX).is_file() else []
    return [_opened_folder(_SHIPPED), *sorted(found, key=lambda each: each.date)]


def _chosen(home: Path, current: str) -> Catalogue:
    ours = _opened_folder(_SHIPPED)
    if not _FILE_NAME.fullmatch(current) or not (home / current / _INDEX).is_file():
        return ours
    try:
        index = unsqueeze((home / current / _INDEX).read_bytes())
        if index["format"] != FORMAT:
            return ours  # written by another version of ovhcore
    except (OSError, ValueError, TypeError, KeyError):
        pass  # opening it reports the damage
    fetched = _opened_folder(home / current)
    return fetched if fetched.date > ours.date or fetched.endpoint != ours.endpoint else ours


def keep(families: Iterable[Family], *, endpoint: str, date: str, cache: Path | None = None) -> Path:
    """Keep a fetched catalogue in the cache, with its descriptions, and use it from now on.

    If this fails, the previous catalogue stays in use.

    Args:
        families: all families of the catalogue.
        endpoint: the endpoint whose API it describes.
        date: the date of the fetch, ISO 8601.
        cache: folder of fetched catalogues, if not the user's.

    Returns:
        the folder of the catalogue.

    Raises:
        OSError: it cannot be written.
    """
    from shutil import rmtree  # these two take longer to import than a family to read
    from tempfile import mkdtemp

    home = (cache_folder() if cache is None else cache) / quote(endpoint, safe="")
    home.mkdir(parents=True, exist_ok=True)
    before = ""
    with suppress(OSError, UnicodeDecodeError):
        before = (home / _CURRENT).read_text("utf-8")
    folder = Path(mkdtemp(prefix=f"{quote(date, safe='')}.", dir=home))
    pointer = home / f"{folder.name}.{_CURRENT}"
    try:
        write_folder(families, folder, endpoint=endpoint, date=date, descriptions=True)
        pointer.write_text(folder.name, "utf-8")
        pointer.replace(home / _CURRENT)
    except BaseException:
        pointer.unlink(missing_ok=True)
        rmtree(folder, ignore_errors=True)
        raise
    # Another program may write a folder that has no index yet, or read the previous catalogue.
    complete = [each for each in home.iterdir() if (each / _INDEX).is_file()]
    older = sorted(each for each in complete if each.name not in (before, folder.name))
    for each in older[: max(0, len(complete) - _KEPT)]:
        rmtree(each, ignore_errors=True)
    return folder
