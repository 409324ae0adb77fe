"""Header fields of aiohttp's answers, decoded when they are looked at: as :class:`.Headers` of the same fields."""

from __future__ import annotations

import asyncio
import pickle
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ovhcore.protocol import Headers
from ovhcore_transports.http.libraries.late_headers import LateHeaders

aiohttp = pytest.importorskip("aiohttp")
ResponseHandler = pytest.importorskip("aiohttp.client_proto").ResponseHandler
responses = pytest.importorskip("ovhcore_transports.aiohttp.responses")

NAMES = st.sampled_from(["Date", "date", "DATE", "X-Ovh-QueryId", "Via"])
VALUES = st.text(st.characters(max_codepoint=255, exclude_characters="\r\n\0"), max_size=8).map(
    lambda text: text.strip(" \t")
)


@given(
    st.lists(st.tuples(NAMES, VALUES)),
    st.one_of(NAMES, st.sampled_from(["x", "d\u212ate", "Dat\u00e9"])),
    st.booleans(),
)
def test_they_are_as_headers(pairs: list[tuple[str, str]], key: str, indexed: bool) -> None:
    plain = Headers(pairs)
    received = responses.AiohttpHeaders(tuple((n.encode("latin-1"), f"\t{v} ".encode("latin-1")) for n, v in pairs))
    if indexed:
        len(received)
    assert received.get(key) == plain.get(key)
    assert received.get(key, "") == plain.get(key, "")
    assert received.pairs == plain.pairs
    assert received == plain
    assert pickle.loads(pickle.dumps(received)) == plain


def test_a_nul_in_a_field_is_refused_whatever_the_library_takes() -> None:
    answer = SimpleNamespace(status=200, raw_headers=((b"A", b"1"), (b"B", b"2\0")))
    assert responses.refusal(answer) == "A header field of the answer has a NUL"
    answer.raw_headers = answer.raw_headers[:1]
    assert responses.refusal(answer) is None


def test_a_base_alone_reads_nothing() -> None:
    with pytest.raises(NotImplementedError):
        len(LateHeaders(()))


def test_a_name_beyond_ascii_is_no_other_name() -> None:
    assert responses.AiohttpHeaders(((b"date", b"now"),)).get("d\u212ate") is None


@pytest.mark.parametrize("left", [0, 2], ids=["at once", "after looking twice"])
@pytest.mark.parametrize(
    ("then", "more"),
    [
        (lambda content: content.feed_data(b"more"), b"more"),
        (lambda content: content.feed_eof(), b""),
        (lambda content: content.set_exception(ConnectionResetError()), ConnectionResetError),
        (lambda content: None, aiohttp.ClientPayloadError),
    ],
    ids=["more", "its end", "its failure", "nothing"],
)
def test_what_comes_of_a_body_whose_connection_closes(
    then: Callable[[Any], None], more: bytes | type[Exception], left: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(responses, "_LOOK", 0.001)
    looks = iter([False] * left)

    async def main() -> bytes:
        loop = asyncio.get_running_loop()
        protocol = ResponseHandler(loop)
        protocol.connection_made(asyncio.Transport())
        content = aiohttp.StreamReader(protocol, 1 << 16, loop=loop)

        def is_closing() -> bool:
            if next(looks, True):
                then(content)
                return True
            return False

        body: bytes = await responses.more_of(content, is_closing)
        return body

    if isinstance(more, bytes):
        assert asyncio.run(main()) == more
    else:
        with pytest.raises(more):
            asyncio.run(main())
