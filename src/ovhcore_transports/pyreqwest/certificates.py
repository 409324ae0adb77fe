"""Certificates in files: those to trust, and the client's own; loaded for clients that have such files."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from typing import Final

from ovhcore import exceptions as exc

__all__ = ["fallback", "identity", "trusted"]

_BEGIN: Final = b"-----BEGIN CERTIFICATE-----"
_END: Final = b"-----END CERTIFICATE-----"


def trusted(ca_bundle: str) -> bytes:
    """Return the certificates of a file or a directory, as PEM.

    Raises:
        InvalidConfiguration: there are none, or they cannot be read.
    """
    files = [ca_bundle]
    try:
        if os.path.isdir(ca_bundle):
            files = [entry.path for entry in os.scandir(ca_bundle) if entry.is_file()]
        found = [one for file in sorted(files) for one in _certificates(_read(file))]
        problem = "no certificate as PEM"
    except OSError as error:
        found, problem = [], error.strerror or str(error)
    if not found:
        raise exc.InvalidConfiguration(f"ca_bundle {ca_bundle} holds no usable certificates: {problem}")
    return b"\n".join(dict.fromkeys(found))  # a directory has links to its files


def _certificates(text: bytes) -> Iterator[bytes]:
    for piece in text.split(_BEGIN)[1:]:
        content, end, _ = piece.partition(_END)
        if end:
            yield _BEGIN + content + _END


def identity(files: Iterable[str]) -> bytes:
    """Return what the files of a client's certificate and its key hold.

    Raises:
        InvalidConfiguration: they cannot be read.
    """
    named = [*files]
    try:
        return b"\n".join(map(_read, named))
    except OSError as error:
        problem = error.strerror or str(error)
    raise exc.InvalidConfiguration(f"client_cert: {' and '.join(named)} cannot be read: {problem}")


def fallback() -> bytes | None:
    """Return the certificates of certifi, None if it is not installed."""
    try:
        import certifi
    except ImportError:
        return None
    return _read(certifi.where())


def _read(file: str) -> bytes:
    with open(file, "rb") as opened:
        return opened.read()
