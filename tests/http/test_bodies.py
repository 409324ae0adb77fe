"""Bodies are whole, or an error; and never larger than allowed."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ovhcore.exceptions import ProtocolError
from ovhcore_transports.http.bodies import decompressed

LIMIT = 1000


def bare(body: bytes) -> bytes:
    one = zlib.compressobj(wbits=-15)
    return one.compress(body) + one.flush()


PACKED: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "X-GZIP": gzip.compress,
    "deflate": zlib.compress,
    " Deflate ": bare,
}


@given(st.binary(max_size=LIMIT), st.sampled_from(sorted(PACKED)))
def test_what_was_compressed_comes_back(body: bytes, encoding: str) -> None:
    assert decompressed(PACKED[encoding](body), encoding, LIMIT) == body


@given(st.binary(max_size=LIMIT), st.sampled_from(sorted(PACKED)), st.data())
def test_half_a_body_is_an_error(body: bytes, encoding: str, data: st.DataObject) -> None:
    packed = PACKED[encoding](body)
    cut = packed[: data.draw(st.integers(1, len(packed) - 1))]
    with pytest.raises(ProtocolError, match="cannot be decompressed"):
        decompressed(cut, encoding, LIMIT)


@pytest.mark.parametrize("encoding", sorted(PACKED))
def test_the_limit_holds_while_decompressing(encoding: str) -> None:
    packed = PACKED[encoding](b"x" * (LIMIT + 1))
    with pytest.raises(ProtocolError, match="larger than max_response_size, 1000 bytes"):
        decompressed(packed, encoding, LIMIT)
    assert decompressed(PACKED[encoding](b"x" * LIMIT), encoding, LIMIT) == b"x" * LIMIT


def test_members_and_padding() -> None:
    assert decompressed(gzip.compress(b"a") + gzip.compress(b"b") + b"\0" * 8, "gzip", LIMIT) == b"ab"
    with pytest.raises(ProtocolError, match="larger"):
        decompressed(gzip.compress(b"a" * LIMIT) + gzip.compress(b"b"), "gzip", LIMIT)
    with pytest.raises(ProtocolError, match="cannot be decompressed"):
        decompressed(gzip.compress(b"a") + b"rest", "gzip", LIMIT)


def test_members_without_end() -> None:
    assert decompressed(gzip.compress(b"") * 16, "gzip", LIMIT) == b""
    with pytest.raises(ProtocolError, match="in too many pieces"):
        decompressed(gzip.compress(b"") * 17, "gzip", LIMIT)


def test_what_is_not_compressed() -> None:
    assert decompressed(b"text", "", LIMIT) == decompressed(b"text", "identity", LIMIT) == b"text"
    assert decompressed(b"", "br", LIMIT) == b""
    for encoding in ("br", "gzip, gzip", "zstd"):
        with pytest.raises(ProtocolError, match="was not asked for"):
            decompressed(b"text", encoding, LIMIT)
    with pytest.raises(ProtocolError, match="cannot be decompressed"):
        decompressed(b"nonsense", "gzip", LIMIT)
