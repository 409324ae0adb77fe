"""Decompression of bodies that other tools recorded compressed, with libraries that nothing else here needs."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any, Final

from ovhcore.exceptions import CassetteError, ProtocolError

from ...http.bodies import codings_of, decompressed
from .bodies import readable

__all__ = ["plain_body"]

_LARGEST: Final = 1 << 28  # a body that grows beyond is left as it is


def _all_of(module: Any) -> Callable[[bytes], bytes]:
    decompress: Callable[[bytes], bytes] = module.decompress
    return decompress


def _streamed(module: Any) -> Callable[[bytes], bytes]:
    def decompress(data: bytes) -> bytes:
        found: bytes = module.ZstdDecompressor().stream_reader(data, read_across_frames=True).read()
        return found

    return decompress


# By coding: the package to install, and the modules that may be there.
_OTHERS: Final[dict[str, tuple[str, tuple[tuple[str, Callable[[Any], Callable[[bytes], bytes]]], ...]]]] = {
    "br": ("brotli", (("brotli", _all_of), ("brotlicffi", _all_of))),
    "zstd": ("zstandard", (("compression.zstd", _all_of), ("backports.zstd", _all_of), ("zstandard", _streamed))),
}


def plain_body(body: bytes, encoding: str, what: str) -> bytes:
    """Return a body decompressed, or as it is if it was decompressed before, or cannot be.

    Args:
        body: the body, as it was recorded.
        encoding: the value of ``Content-Encoding``.
        what: the owner of the body, for an error.

    Raises:
        CassetteError: no module that decompresses it is installed.
    """
    plain = body
    for coding in reversed(codings_of(encoding)):
        try:
            plain = _other(plain, coding, what) if coding in _OTHERS else decompressed(plain, coding, _LARGEST)
        except ProtocolError:
            return body
    return plain


def _other(body: bytes, coding: str, what: str) -> bytes:
    if readable(body) is not None:
        return body  # no body that is still compressed is a text
    package, modules = _OTHERS[coding]
    for name, found_in in modules:
        try:
            decompress = found_in(import_module(name))
        except ImportError:
            continue
        try:
            return decompress(body)
        except Exception:  # each has a kind of its own, with no common base
            raise ProtocolError("it cannot be decompressed") from None
    raise CassetteError(
        f"{what} whose body is compressed with {coding} (Content-Encoding), which nothing here can decompress: "
        f"pip install {package}"
    )
