"""Many objects take little memory, and are read as they were kept."""

from __future__ import annotations

import json
import tracemalloc
from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ovhcore_transports.sandbox import Sandbox
from ovhcore_transports.sandbox.control.snapshots import as_snapshot, of_snapshot
from ovhcore_transports.sandbox.storage import packing
from ovhcore_transports.sandbox.storage.holding import Held
from ovhcore_transports.sandbox.storage.packing import Objects, RunningTasks
from ovhcore_transports.sandbox.storage.running_task import RunningTask

pytestmark = pytest.mark.once

HELD = ".kept.holding:Held"

PATHS = st.sampled_from([f"/list/{number}" for number in range(6)])
PLAIN = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()
VALUES = st.dictionaries(
    st.sampled_from(["", "id", "é"]) | st.text(max_size=3),
    st.recursive(PLAIN, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3)),
    max_size=4,
)
STEPS = st.lists(st.tuples(st.sampled_from(["keep", "change", "remove", "copy", "snapshot"]), PATHS, VALUES))


@given(st.integers(0, 3), STEPS)
def test_objects_are_as_a_dictionary_has_them(most_open: int, steps: list[tuple[str, str, Any]]) -> None:
    held, plain = Objects(most_open), dict[str, Any]()
    for step, path, value in steps:
        if step == "keep":
            held[path] = deepcopy(value)
            plain[path] = deepcopy(value)
        elif step == "change" and path in plain and most_open:
            held[path].update(deepcopy(value))
            plain[path].update(deepcopy(value))
        elif step == "remove":
            assert held.pop(path, None) == plain.pop(path, None)
        elif step == "copy":
            held = deepcopy(held)
        elif step == "snapshot":
            kept = json.loads(json.dumps(as_snapshot(Held(objects=held))))
            held = of_snapshot(kept)["objects"]
            assert type(held) is Objects
        assert (path in held) == (path in plain)
    assert list(held.items()) == list(plain.items())
    assert len(held) == len(plain)


def test_what_many_have_in_common_is_held_once() -> None:
    held, text = Objects(), json.dumps({f"member{n}": {"value": n, "text": "the same"} for n in range(20)})
    tracemalloc.start()
    try:
        for number in range(3000):
            held[f"/list/{number}"] = {**json.loads(text), "id": number}
        size, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert size / 3000 < len(text)
    assert held["/list/0"] == {**json.loads(text), "id": 0}


def test_shapes_without_end_are_held_without_examples(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packing, "_MOST_EXAMPLES", 2)
    held = Objects(1)
    for number in range(10):
        held[str(number)] = {f"member{number}": "x" * 9000}
    assert [held[str(number)] for number in range(10)] == [{f"member{n}": "x" * 9000} for n in range(10)]
    assert len(held._packing._examples) == 3


def test_a_snapshot_of_before_is_held() -> None:
    """Objects were written as they are."""
    box = Sandbox()
    box.add({"/vps/vps-mine.example.net": {"displayName": "mine"}})
    shown, kept = box.held(), box.snapshot()
    kept["state"]["held"]["$object"]["objects"] = shown
    other = Sandbox()
    other.restore(json.loads(json.dumps(kept)))
    assert other.held() == shown


def test_what_is_being_done_is_packed_and_read_again() -> None:
    held = RunningTasks(1)
    for number in range(3):
        held[f"/list/{number}"] = RunningTask("", "create", number, 1.5, 60.0, False, steps={"then": {"n": number}})
    assert [held[f"/list/{number}"].steps for number in range(3)] == [{"then": {"n": number}} for number in range(3)]
    assert held["/list/0"].uuid != held["/list/1"].uuid


def test_a_snapshot_of_before_has_operations_with_an_id_more() -> None:
    kept = as_snapshot(Held(running={"/list/1": RunningTask("", "create", 1, 1.5, 60.0, False)}))  # type: ignore[arg-type]
    kept["state"]["running"]["/list/1"]["$object"]["uuid"] = "old"
    held = of_snapshot({"format": kept["format"], "state": {"held": {"$object": kept["state"], "$class": HELD}}})[
        "held"
    ]
    assert type(held.running) is RunningTasks
    assert held.running["/list/1"].seconds == 60.0
