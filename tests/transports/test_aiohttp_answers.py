"""Header fields of aiohttp's answers, decoded when they are looked at: as :class:`.Headers` of the same fields."""

from __future__ import annotations

import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ovhcore.protocol import Headers

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
    received = responses.Received(tuple((n.encode("latin-1"), f"\t{v} ".encode("latin-1")) for n, v in pairs))
    if indexed:
        len(received)
    assert received.get(key) == plain.get(key)
    assert received.get(key, "") == plain.get(key, "")
    assert received.pairs == plain.pairs
    assert received == plain
    assert pickle.loads(pickle.dumps(received)) == plain
