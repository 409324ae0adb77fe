"""Which families a path may be of: those with a beginning of it, segment by segment, in their order."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ovhcore.schema import Catalogue, Family

pytestmark = pytest.mark.once

PATHS = st.lists(st.sampled_from(["a", "b", "ab", "v2", ""]), max_size=4).map(lambda words: "/".join(["", *words]))


def never(name: str) -> Family:
    raise AssertionError(name)


@given(st.dictionaries(st.sampled_from("xyz"), st.lists(PATHS, max_size=3)), PATHS)
def test_families_are_those_whose_paths_begin_so(heads: dict[str, list[str]], path: str) -> None:
    wanted = [name for name, some in heads.items() if any(f"{path}/".startswith(f"{head}/") for head in some)]
    assert Catalogue(heads, never)._candidates(path) == wanted
