"""Cassettes, and what is made of them, are made for their owner alone, and are at no moment open to more."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

import ovhcore as ovh
from ovhcore_transports.recording import RecordTransport
from ovhcore_transports.recording.formats.converting import convert, repair
from ovhcore_transports.sandbox import SandboxTransport

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such permissions")

_watched: list[tuple[Path, dict[str, set[int]]]] = []
_hooked: list[bool] = []


def _look(event: str, arguments: Any) -> None:
    """Look at what a directory has whenever something is about to be done to a file, and so after what was before."""
    if _watched and event.partition(".")[0] in ("open", "os", "shutil"):
        directory, found = _watched[0]
        _watched.clear()  # looking is such an event, too
        try:
            for each in directory.rglob("*"):
                found.setdefault(each.name, set()).add(each.lstat().st_mode & 0o777)
        finally:
            _watched.append((directory, found))


@contextmanager
def watching(directory: Path) -> Iterator[dict[str, set[int]]]:
    """Yield the permissions that each file of a directory is seen to have, at every moment."""
    if not _hooked:
        sys.addaudithook(_look)  # can never be taken away
        _hooked.append(True)
    found: dict[str, set[int]] = {}
    before = os.umask(0)
    _watched.append((directory, found))
    try:
        yield found
        _look("os.end", ())
    finally:
        _watched.clear()
        os.umask(before)


def recorded(path: Path, **options: Any) -> None:
    with RecordTransport(SandboxTransport(), path, **options) as transport:
        client = ovh.Client("ovh-eu", transport=transport)
        client.get("/auth/time", _need_auth=False)


def test_a_recording_is_made_for_its_owner(tmp_path: Path) -> None:
    with watching(tmp_path) as seen:
        recorded(tmp_path / "a.cassette")
        recorded(tmp_path / "a.cassette", mode="all")
    assert len(seen) >= 2, "what is to replace the cassette stands beside it"
    assert set().union(*seen.values()) == {0o600}, seen


@pytest.mark.parametrize("name", ["b.cassette", "b.yaml", "b.har"])
def test_so_is_what_is_converted(name: str, tmp_path: Path) -> None:
    recorded(tmp_path / "a.cassette")
    with watching(tmp_path) as seen:
        convert(tmp_path / "a.cassette", tmp_path / name)
        convert(tmp_path / "a.cassette", tmp_path / name)
    assert len(seen) >= 3
    assert set().union(*seen.values()) == {0o600}, seen


def test_so_is_what_is_repaired(tmp_path: Path) -> None:
    path = tmp_path / "a.cassette"
    recorded(path)
    path.write_bytes(path.read_bytes()[:-5])
    with watching(tmp_path) as seen:
        assert repair(path).startswith("Kept ")
    assert len(seen) >= 2
    assert set().union(*seen.values()) == {0o600}, seen


def test_the_permissions_that_a_file_was_given_stay(tmp_path: Path) -> None:
    path, target = tmp_path / "a.cassette", tmp_path / "b.yaml"
    recorded(path)
    convert(path, target)
    path.chmod(0o640)
    target.chmod(0o644)
    with watching(tmp_path) as seen:
        recorded(path, mode="all")
        convert(path, target)
    assert path.stat().st_mode & 0o777 == 0o640
    assert target.stat().st_mode & 0o777 == 0o644
    assert set().union(*seen.values()) == {0o600, 0o640, 0o644}


def test_what_a_killed_process_left_is_in_nobodys_way(tmp_path: Path) -> None:
    recorded(tmp_path / "a.cassette")
    left = tmp_path / f"b.har.{os.getpid()}.new"
    left.write_text("half")
    left.chmod(0o666)
    with watching(tmp_path) as seen:
        convert(tmp_path / "a.cassette", tmp_path / "b.har")
    assert seen["b.har"] == {0o600}
    assert not left.exists()
