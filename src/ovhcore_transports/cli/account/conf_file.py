"""Writes an ``ovh.conf``: whole or not at all, for its owner alone, with a copy of what was there before.

A process that is killed at any moment leaves the old file or the new one.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from secrets import token_hex
from typing import Final

from ovhcore.exceptions import InvalidConfiguration

from .conf_text import changed, parsed

__all__ = ["BACKUP", "change_file", "forget_in_copy", "read_text"]

BACKUP: Final = ".bak"
"""What the name of the copy ends with."""

_TRIES: Final = 5
_OWNER_ONLY: Final = 0o600


def read_text(path: str) -> str:
    """Return what is in a file, empty if there is none.

    Raises:
        InvalidConfiguration: it cannot be read, or is no UTF-8 text.
    """
    try:
        with open(path, encoding="utf-8", newline="") as file:
            return file.read()
    except FileNotFoundError:
        return ""
    except UnicodeDecodeError:
        problem = "it is not UTF-8 text"
    except OSError as error:
        problem = error.strerror or type(error).__name__
    raise InvalidConfiguration(f"The configuration file {path} cannot be changed: {problem}")


def change_file(path: str, changes: Mapping[str, Mapping[str, str | None]], *, keeps_copy: bool = True) -> str | None:
    """Change options in a file; return the path of the copy of what it was, None if there is none.

    Args:
        path: of the file; a link is followed.
        changes: for each section values by name; None takes an option away.
        keeps_copy: whether what it was is kept beside it.

    Raises:
        InvalidConfiguration: it cannot be read, changed or written.
    """
    real = os.path.realpath(os.path.expanduser(path))
    for _ in range(_TRIES):
        known = _state(real)
        before = text = read_text(real)
        for section, options in changes.items():
            text = changed(text, section, options)
        if text == before:
            return None
        try:
            backup = _replaced(real, before, text, known, keeps_copy)
        except OSError as error:
            problem = error.strerror or type(error).__name__
            raise InvalidConfiguration(f"The configuration file {real} cannot be written: {problem}") from None
        if backup is not _CHANGED:
            return backup or None
    raise InvalidConfiguration(f"The configuration file {real} is being changed by another program")


_CHANGED: Final = "\0"


def forget_in_copy(path: str, section: str, values: Mapping[str, str]) -> bool:
    """Take options out of the copy beside a file, where they have these values; say whether it had any.

    Args:
        path: of the file.
        section: of the options.
        values: by name.

    Raises:
        InvalidConfiguration: the copy cannot be read or changed.
    """
    copy = os.path.realpath(os.path.expanduser(path)) + BACKUP
    there = parsed(read_text(copy))
    same = [name for name, value in values.items() if there.get(section, name, fallback=None) == value]
    if same:
        change_file(copy, {section: dict.fromkeys(same)}, keeps_copy=False)
    return bool(same)


def _replaced(path: str, before: str, text: str, known: tuple[int, ...] | None, keeps_copy: bool) -> str:
    """Put a new file in the place of one; return the path of the copy, or that it was changed meanwhile."""
    backup = ""
    if known is not None and keeps_copy:
        backup = path + BACKUP
        _written(backup, before, path)
    temporary = _temporary(path, text, path)
    try:
        if _state(path) != known:
            return _CHANGED
        os.replace(temporary, path)
        temporary = ""
    finally:
        if temporary:
            os.unlink(temporary)
    _settle(path)
    return backup


def _written(path: str, text: str, like: str) -> None:
    temporary = _temporary(path, text, like)
    os.replace(temporary, path)


def _temporary(path: str, text: str, like: str) -> str:
    """Write a file beside another, to the disk, for its owner alone; return its path."""
    temporary = f"{path}.{token_hex(8)}.tmp"
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _OWNER_ONLY)
    try:
        with open(descriptor, "w", encoding="utf-8", newline="") as file:
            _keep_owner(file.fileno(), like)
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
    except BaseException:
        os.unlink(temporary)
        raise
    return temporary


def _keep_owner(descriptor: int, like: str) -> None:
    """Let a new file belong to the owner of the file in whose place it comes."""
    if os.name != "posix":
        return
    try:
        found = os.stat(like)
    except FileNotFoundError:
        return
    if found.st_uid != os.geteuid():
        os.fchown(descriptor, found.st_uid, found.st_gid)


def _state(path: str) -> tuple[int, ...] | None:
    """Return what tells whether a file was changed, None if there is none."""
    try:
        found = os.stat(path)
    except FileNotFoundError:
        return None
    if not stat.S_ISREG(found.st_mode):
        raise InvalidConfiguration(f"The configuration file {path} is not a regular file")
    return found.st_ino, found.st_size, found.st_mtime_ns


def _settle(path: str) -> None:
    """Let the name of a new file reach the disk, where directories can be told to."""
    if os.name != "posix":
        return
    descriptor = os.open(os.path.dirname(path), os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
