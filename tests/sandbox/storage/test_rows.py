"""A list of which most is packed is as a plain list of objects, and is searched without being read through."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ovhcore_transports.sandbox.storage import rows as rows_module
from ovhcore_transports.sandbox.storage.rows import Rows, find, ids_of

pytestmark = pytest.mark.once

IDS = st.integers(0, 5) | st.sampled_from(["a", "b", "3", ""])
OBJECTS = st.fixed_dictionaries(
    {"zone": st.sampled_from("xy"), "name": st.sampled_from(["", "www"])}, optional={"id": IDS, "note": st.text()}
)
STEPS = st.lists(
    st.tuples(
        st.sampled_from(["append", "insert", "put", "slice", "delete", "cut", "remove", "change", "clear", "copy"]),
        st.integers(0, 4),
        OBJECTS,
    ),
    max_size=15,
)


def found_in(plain: list[dict[str, Any]], value: str) -> dict[str, Any] | None:
    return next((each for each in plain if "id" in each and str(each["id"]) == value), None)


@pytest.mark.parametrize("most_open", [2, 1000])
@given(steps=STEPS)
def test_rows_are_as_a_list_has_them(most_open: int, steps: list[tuple[str, int, dict[str, Any]]]) -> None:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(rows_module, "_MOST_OPEN", most_open)
        _compare(steps)


def _compare(steps: list[tuple[str, int, dict[str, Any]]]) -> None:
    rows, plain = Rows(id_member="id", groups=("zone", "name")), list[dict[str, Any]]()
    rows.lent = True
    for step, index, value in steps:
        place = index % len(plain) if plain else 0
        if step == "append":
            rows.append(deepcopy(value))
            plain.append(deepcopy(value))
        elif step == "insert":
            rows.insert(index, deepcopy(value))
            plain.insert(index, deepcopy(value))
        elif step == "clear":
            rows.clear()
            plain.clear()
        elif step == "copy":
            rows = deepcopy(rows)
        elif step == "slice":
            rows[index:] = [deepcopy(value)]
            plain[index:] = [deepcopy(value)]
        elif step == "cut":
            del rows[index:]
            del plain[index:]
        elif not plain:
            continue
        elif step == "put":
            rows[place] = deepcopy(value)
            plain[place] = deepcopy(value)
        elif step == "delete":
            del rows[place]
            del plain[place]
        elif step == "remove":
            rows.remove(deepcopy(plain[place]))
            plain.remove(plain[place])
        else:
            rows[place].update(deepcopy(value))
            plain[place].update(deepcopy(value))
        assert len(rows) == len(plain)
        assert rows.ids() == [each.get("id") for each in plain]
        for text in ("a", "3", "5", ""):
            found, expected = rows.find(text), found_in(plain, text)
            assert (found is None, str((found or {}).get("id"))) == (expected is None, str((expected or {}).get("id")))
        for zone in "xy":
            assert rows.group_ids(zone) == [each.get("id") for each in plain if each["zone"] == zone]
            for name in ("", "www"):
                expected_group = [each for each in plain if (each["zone"], each["name"]) == (zone, name)]
                assert sorted(map(repr, rows.group(zone, name))) == sorted(map(repr, expected_group))
        assert sorted(rows.firsts()) == sorted({each["zone"] for each in plain})
    assert rows == plain
    assert list(reversed(rows)) == plain[::-1]
    assert rows[::2] == plain[::2]
    assert rows != (plain,)
    with pytest.raises(IndexError, match="fewer"):
        _ = rows[len(plain)]
    with pytest.raises(ValueError, match="no such object"):
        rows.remove({"zone": "z"})


def test_what_is_changed_inside_is_found_anew() -> None:
    rows = Rows([{"id": 1, "zone": "x", "name": "www"}], groups=("zone", "name"))
    (one,) = rows
    one["name"] = "mail"
    rows.changed(one)
    rows.changed({"id": 7})
    assert (rows.group("x", "mail"), rows.group("x", "www")) == ([one], [])
    assert repr(rows) == "<Rows of 1>"


def test_plain_lists_are_searched_too() -> None:
    plain: list[dict[str, Any]] = [{"id": 1}, {"name": "a"}]
    assert (ids_of(plain, "id"), find(plain, "name", "a")) == ([1, None], {"name": "a"})
    assert find(Rows(plain), "name", "b") is None


def test_objects_are_put_between_others() -> None:
    rows = Rows([{"id": 1}, {"id": 3}])
    rows.insert(1, {"id": 2})
    assert rows.ids() == [1, 2, 3]


@pytest.mark.parametrize("most_open", [1, 1000])
def test_one_of_each(most_open: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rows_module, "_MOST_OPEN", most_open)
    rows = Rows([{"id": number, "zone": "x", "name": "www"} for number in range(5)], groups=("zone", "name"))
    rows.lent = True
    rows[0] = {"id": "a", "zone": "y", "name": ""}
    rows[3:] = [{"id": 3, "zone": "x", "name": "www"}]
    del rows[1]
    del rows[1:2]
    assert rows.ids() == ["a", 3]
    rows.append({"id": 3, "zone": "x"})
    assert rows.ids() == ["a", 3, 3]
    assert (rows.group_ids("x"), rows.group_ids("y"), sorted(rows.firsts())) == ([3, 3], ["a"], ["x", "y"])
    rows.remove({"id": 3, "zone": "x", "name": "www"})
    assert rows.find("3") == {"id": 3, "zone": "x"}
    rows[1]["zone"] = "y"
    rows[0]["id"] = "b"
    assert rows.group_ids("y") == ["b", 3]
    assert rows.find("a") is None
    assert rows.find("b") == rows[0]
    assert rows[-1] == {"id": 3, "zone": "y"}
    assert rows[::-1] == [rows[1], rows[0]]
    with pytest.raises(ValueError, match="no such object"):
        rows.remove({"id": 9})
    with pytest.raises(IndexError, match="fewer"):
        _ = rows[2]
    assert rows == [{"id": "b", "zone": "y", "name": ""}, {"id": 3, "zone": "y"}]
    assert rows != "b"
    plain = Rows([{"id": 1}, {"id": 2}, {"id": 3}])
    plain.lent = True
    plain[0]["id"] = 4
    assert plain.ids() == [4, 2, 3]
    plain.clear()
    assert (len(plain), plain.ids()) == (0, [])
