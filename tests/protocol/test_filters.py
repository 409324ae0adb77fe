from __future__ import annotations

import datetime
import enum
import json
import re
import uuid
from typing import Any, NamedTuple
from urllib.parse import parse_qs, unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ovhcore.exceptions import InvalidRequest
from ovhcore.protocol.requests.building import checked_headers
from ovhcore.protocol.requests.filters import (
    PAGINATION_OPERATORS,
    TAG_OPERATORS,
    iam_tags,
    pagination_filter,
    pagination_sort,
)
from ovhcore.protocol.urls import encode_query


class Colour(enum.Enum):
    RED = "red"


class TagCondition(NamedTuple):
    operator: str
    value: str


def test_tags() -> None:
    assert iam_tags(
        {
            "env": "prod",
            "n": 3,
            "b": True,
            "c": Colour.RED,
            "empty": "",
            "name": ("like", "web%"),
            "there": ("EXISTS",),
            "both": [("NEQ", "a"), TagCondition("ILIKE", "b%"), "c", ("NEXISTS",)],
        }
    ) == {
        "env": [{"operator": "EQ", "value": "prod"}],
        "n": [{"operator": "EQ", "value": "3"}],
        "b": [{"operator": "EQ", "value": "true"}],
        "c": [{"operator": "EQ", "value": "red"}],
        "empty": [{"operator": "EQ", "value": ""}],
        "name": [{"operator": "LIKE", "value": "web%"}],
        "there": [{"operator": "EXISTS"}],
        "both": [
            {"operator": "NEQ", "value": "a"},
            {"operator": "ILIKE", "value": "b%"},
            {"operator": "EQ", "value": "c"},
            {"operator": "NEXISTS"},
        ],
    }
    assert iam_tags({}) == {}
    assert encode_query({"iamTags": iam_tags({"a": "b"})}) == (
        "iamTags=%7B%22a%22%3A%5B%7B%22operator%22%3A%22EQ%22%2C%22value%22%3A%22b%22%7D%5D%7D"
    )


@pytest.mark.parametrize(
    ("tags", "message"),
    [
        ("env", "tags must be a mapping"),
        ({"": "a"}, "key of a tag"),
        ({3: "a"}, "key of a tag"),
        ({"env": []}, "tag 'env' has no condition"),
        ({"env": None}, r"tag 'env' has no value; write \('EXISTS',\)"),
        ({"env": ["a", None]}, "has no value"),
        ({"env": {"operator": "EQ"}}, "plain value"),
        ({"env": [["a"]]}, "plain value"),
        ({"env": ("a", "b")}, "EQ, NEQ, LIKE, ILIKE, EXISTS, NEXISTS, not 'a'; several conditions are a list"),
        ({"env": ()}, "begins with one of"),
        ({"env": ([], 1)}, "begins with one of"),
        ({"env": ("EXISTS", "b")}, "EXISTS takes no value, not 1; of EQ, NEQ"),
        ({"env": ("LIKE",)}, "LIKE takes one value, not 0"),
        ({"env": ("EQ", "a", "b")}, "EQ takes one value, not 2"),
        ({"env": ("EQ", ["a"])}, "plain value"),
    ],
)
def test_tags_that_make_no_sense(tags: Any, message: str) -> None:
    with pytest.raises(InvalidRequest, match=message):
        iam_tags(tags)


VALUED = st.tuples(st.sampled_from([name for name in TAG_OPERATORS if "EXISTS" not in name]), st.text())
CONDITIONS = VALUED | st.tuples(st.sampled_from(["EXISTS", "NEXISTS"]))


@given(st.dictionaries(st.text(min_size=1), st.lists(CONDITIONS, min_size=1, max_size=3), max_size=3))
def test_tags_come_out_of_the_query_as_they_went_in(tags: dict[str, list[Any]]) -> None:
    (text,) = parse_qs(encode_query({"iamTags": iam_tags(tags)}), strict_parsing=True)["iamTags"]
    read = {
        key: [tuple(condition[name] for name in ("operator", "value") if name in condition) for condition in conditions]
        for key, conditions in json.loads(text).items()
    }
    assert read == tags


@pytest.mark.parametrize(
    ("conditions", "written"),
    [
        ({"status": "ok"}, "status:eq=ok"),
        ({"status": ["ok", "error"]}, "status:in=ok,error"),
        ({"status": {"ok", "error", "a"}}, "status:in=a,error,ok"),
        ({"name": ("like", "%web%")}, "name:like=%25web%25"),
        ({"name": ("IN", ("b", "a"))}, "name:in=b,a"),
        ({"a.b_c-d": ("nq", "é,&=: ")}, "a.b_c-d:nq=%C3%A9%2C%26%3D%3A%20"),
        ({"a": True, "b": datetime.date(2026, 1, 2), "c": 1.5}, "a:eq=true&b:eq=2026-01-02&c:eq=1.5"),
        ({"a": Colour.RED, "b": uuid.UUID(int=0)}, "a:eq=red&b:eq=00000000-0000-0000-0000-000000000000"),
        ([("size", "gt", 5), ["size", "lt", 10]], "size:gt=5&size:lt=10"),
        (
            iter([("d", "ne", datetime.datetime(2026, 1, 2, tzinfo=datetime.UTC))]),
            "d:ne=2026-01-02T00%3A00%3A00%2B00%3A00",
        ),
        ({"a": ""}, "a:eq="),
    ],
)
def test_filters(conditions: Any, written: str) -> None:
    assert pagination_filter(conditions) == written


@pytest.mark.parametrize(
    ("conditions", "message"),
    [
        ({}, "a filter needs a condition"),
        ([], "a filter needs a condition"),
        ("status=ok", "mapping or a list of tuples, not str"),
        (b"x", "not bytes"),
        (3, "not int"),
        (["abc"], "a condition has a field, an operator and a value"),
        ([("a", "eq")], "a condition has"),
        (("a", "eq", 1), "a condition has"),
        ({"a": ("like",)}, "a condition has"),
        ({"a": ("like", "b", "c")}, "a condition has"),
        (
            {"a": ("contains", "b")},
            "filter of 'a': the operator is one of eq, ne, nq, lt, gt, like, nlike, in, not 'cont",
        ),
        ({"a": (3, "b")}, "the operator is one of"),
        ({"a": None}, "filter of 'a' must be a plain value"),
        ({"a": []}, "in takes a list of values that is not empty"),
        ({"a": ("in", "abc")}, "in takes a list"),
        ({"a": ("in", b"abc")}, "in takes a list"),
        ({"a": ("in", 3)}, "in takes a list"),
        ({"a": ("eq", ["b"])}, "must be a plain value"),
        ({"a": [["b"]]}, "must be a plain value"),
        ({"a": "\ud800"}, "surrogate"),
        ({"": 1}, "a field's name is letters"),
        ({"a:b": 1}, "a field's name is letters"),
        ({"-a": 1}, "a field's name is letters"),
        ({"é": 1}, "a field's name is letters"),
        ({3: 1}, "a field's name is letters"),
        ({"a\n": 1}, "a field's name is letters"),
    ],
)
def test_filters_that_make_no_sense(conditions: Any, message: str) -> None:
    with pytest.raises(InvalidRequest, match=message):
        pagination_filter(conditions)


def decoded(written: str) -> list[tuple[str, str, Any]]:
    read: list[tuple[str, str, Any]] = []
    for condition in written.split("&"):
        match = re.fullmatch(r"([^:=,]+):([a-z]+)=([^:=&]*)", condition)
        assert match is not None
        field, operator, text = match.groups()
        values = [unquote(value, errors="strict") for value in text.split(",")]
        read.append((field, operator, values if operator == "in" else values[0]))
        assert operator == "in" or len(values) == 1
    return read


FIELDS = st.from_regex(r"[A-Za-z0-9_.][A-Za-z0-9_.\-]*", fullmatch=True)
SINGLE = st.tuples(FIELDS, st.sampled_from([name for name in PAGINATION_OPERATORS if name != "in"]), st.text())
SEVERAL = st.tuples(FIELDS, st.just("in"), st.lists(st.text(), min_size=1, max_size=4))


@given(st.lists(SINGLE | SEVERAL, min_size=1, max_size=5))
def test_filters_are_read_as_they_were_meant(conditions: list[tuple[str, str, Any]]) -> None:
    written = pagination_filter(conditions)
    assert checked_headers({"X-Pagination-Filter": written})
    assert decoded(written) == conditions


@given(
    st.dictionaries(FIELDS, st.text() | st.lists(st.text(), min_size=1) | st.sets(st.text(), min_size=1), min_size=1)
)
def test_mappings_are_read_as_they_were_meant(conditions: dict[str, Any]) -> None:
    for (field, operator, value), (name, meant) in zip(
        decoded(pagination_filter(conditions)), conditions.items(), strict=True
    ):
        assert (field, operator) == (name, "eq" if isinstance(meant, str) else "in")
        assert (set(value) if isinstance(meant, set) else value) == meant


def test_sorting() -> None:
    assert pagination_sort("date") == {"X-Pagination-Sort": "date", "X-Pagination-Sort-Order": "ASC"}
    assert pagination_sort("-a.b-c") == {"X-Pagination-Sort": "a.b-c", "X-Pagination-Sort-Order": "DESC"}
    assert checked_headers(pagination_sort("-date"))
    wrong: list[Any] = ["", "-", "--date", "a b", "date,name", None, 3, ["date"]]
    for sort in wrong:
        with pytest.raises(InvalidRequest, match="a field's name is letters"):
            pagination_sort(sort)
