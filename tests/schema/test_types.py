"""The language of types."""

from __future__ import annotations

import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ovhcore.exceptions import SchemaError
from ovhcore.schema.types import ANY, SCALARS, Array, Map, Ref, Scalar, Type, parse_type, references, substitute

pytestmark = pytest.mark.once

STRING = Scalar("string", "string")
LONG = Scalar("long", "long")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("string", STRING),
        ("ipBlock", Scalar("ipBlock", "string")),
        ("any", ANY),
        ("me.Bill", Ref("me.Bill")),
        ("countryCode2LettersEnum", Ref("countryCode2LettersEnum")),
        ("long[]", Array(LONG)),
        ("long[][]", Array(Array(LONG))),
        ("map[string]long", Map(STRING, LONG)),
        ("map[string]long[]", Map(STRING, Array(LONG))),
        ("map[string][]iam.TagFilter", Map(STRING, Array(Ref("iam.TagFilter")))),
        ("[]map[string]long", Array(Map(STRING, LONG))),
        ("map[a.KeyEnum]map[string]any", Map(Ref("a.KeyEnum"), Map(STRING, ANY))),
        ("complexType.UnitAndValue<long>", Ref("complexType.UnitAndValue", (LONG,))),
        ("c.Pair<long,string[]>[]", Array(Ref("c.Pair", (LONG, Array(STRING))))),
        ("common.TaskWithInputs<map[x.TaskEnum]any>", Ref("common.TaskWithInputs", (Map(Ref("x.TaskEnum"), ANY),))),
        ("coreTypes.AccountId:string", Scalar("coreTypes.AccountId", "string")),
        ("coreTypes.ServiceId[]:long[]", Array(Scalar("coreTypes.ServiceId", "long"))),
        ("coreTypes.ServiceId:long[]", Array(Scalar("coreTypes.ServiceId", "long"))),
        ("duration:string", Scalar("duration", "string")),
        ("x.Some:me.Bill", Ref("me.Bill")),
        ("x.Odd<long>:string", STRING),
    ],
)
def test_types_are_read(text: str, expected: Type) -> None:
    assert parse_type(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "map[",
        "map[string",
        "map[string]",
        "x<",
        "x<long",
        "x<long>>",
        "<long>",
        "a b",
        "long]",
        "a:",
        ":a",
        "a,b",
    ],
)
def test_what_is_no_type_is_refused(text: str) -> None:
    with pytest.raises(SchemaError, match="is not a type such as 'string'"):
        parse_type(text)


@pytest.mark.parametrize("text", ["[]" * 5000 + "x", "x" + "[]" * 5000, "map[" * 5000, "x<" * 5000, "a:" * 5000 + "a"])
def test_types_are_not_nested_for_ever(text: str) -> None:
    with pytest.raises(SchemaError, match="nested more than 32 deep") as caught:
        parse_type(text)
    assert len(str(caught.value)) < 400


names = st.from_regex(r"[a-z]{1,3}\.[A-Z][a-z]{1,3}", fullmatch=True)
types: st.SearchStrategy[Type] = st.recursive(
    st.sampled_from(sorted(SCALARS)).map(lambda name: Scalar(name, SCALARS[name]))
    | st.builds(Scalar, names, st.sampled_from(["string", "long"]))
    | st.builds(Ref, names),
    lambda inner: (
        st.builds(Array, inner)
        | st.builds(Map, inner, inner)
        | st.builds(lambda name, arguments: Ref(name, tuple(arguments)), names, st.lists(inner, min_size=1, max_size=2))
    ),
    max_leaves=6,
)


@given(types)
def test_a_type_is_read_as_it_was_written(type_: Type) -> None:
    assert parse_type(str(type_)) == type_
    assert pickle.loads(pickle.dumps(type_)) == type_


def test_variables_are_replaced_wherever_they_stand() -> None:
    generic = parse_type("map[T]c.Pair<T[],U>")
    assert str(substitute(generic, {"T": STRING, "U": LONG})) == "map[string]c.Pair<string[],long>"
    assert [str(each) for each in references(generic)] == ["T", "c.Pair<T[],U>", "T", "U"]
    assert list(references(LONG)) == []
