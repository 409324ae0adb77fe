"""What a sandbox holds, kept and brought back."""

from __future__ import annotations

import json
import stat
from collections import Counter, OrderedDict
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

import ovhcore as ovh
from ovhcore_transports.sandbox import ACCESS_KEYS, Failure, Sandbox, SandboxTransport
from ovhcore_transports.sandbox.api import _ResolvedPath
from ovhcore_transports.sandbox.control import snapshots
from ovhcore_transports.sandbox.control.snapshots import as_snapshot, of_snapshot
from ovhcore_transports.sandbox.state import RunningTask

pytestmark = pytest.mark.once

NOW = 1_767_225_600


def client_of(box: Sandbox) -> ovh.Client:
    return ovh.Client("ovh-eu", transport=SandboxTransport(box, start=NOW), **ACCESS_KEYS)


def used() -> Sandbox:
    box = Sandbox()
    client = client_of(box)
    client.put("/me", firstname="Grace")
    client.post("/dedicated/server/ns1.ip-192-0-2.eu/reboot")
    client.post("/domain/zone/example.com/record", fieldType="A", subDomain="new", target="192.0.2.1")
    client.request_consumerkey([{"method": "GET", "path": "/*"}])
    return box


def seen(box: Sandbox) -> Any:
    client = client_of(box)
    task = "/dedicated/server/ns1.ip-192-0-2.eu/task"
    return [client.get("/me"), client.get(task), client.get("/domain/zone/example.com/record"), box._state.keys]


def test_to_a_file_and_back(tmp_path: Path) -> None:
    box, file = used(), tmp_path / "before.json"
    box.save(file)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    expected = seen(box)
    other = Sandbox()
    assert seen(other) != expected
    other.load(file)
    assert seen(other) == expected
    # What happens from now on is the same in both.
    box, again = used(), Sandbox()
    box.save(file)
    again.load(file)
    made = [client_of(each).post("/dedicated/server/ns2.ip-192-0-2.eu/reboot") for each in (box, again)]
    assert made[0] == made[1]


def test_a_snapshot_does_not_change_later() -> None:
    box = used()
    before = seen(box)
    snapshot = box.snapshot()
    box.keep("before")
    client_of(box).put("/me", firstname="Joan")
    assert seen(box) != before
    box.restore(snapshot)
    assert seen(box) == before
    client_of(box).put("/me", firstname="Joan")
    box.go_back("before")
    assert seen(box) == before
    with pytest.raises(ovh.InvalidConfiguration, match="there is no snapshot 'after'; there are: before"):
        box.go_back("after")
    for number in range(25):
        box.keep(str(number))
    assert box.kept == [str(number) for number in range(5, 25)]


def test_a_sandbox_without_snapshots() -> None:
    with pytest.raises(ovh.InvalidConfiguration, match="there are: none"):
        Sandbox().go_back("before")


@pytest.mark.parametrize(
    "damaged",
    [
        {}, {"format": "ovhcore sandbox 1"}, {"format": "ovhcore sandbox 2", "state": {}},
        {"format": "ovhcore sandbox 1", "state": {"keys": {"$object": {}}}},
        {"format": "ovhcore sandbox 1", "state": {}},
        *({"format": "ovhcore sandbox 1", "state": {"keys": {"$object": {}, "$class": name}}} for name in (
            "os:path", "subprocess:Popen", ".state:nothing", ".nothing:State", ".state:ACCESS_KEYS", ".state:deepcopy",
            ".api:Counter", "", ".state:", ".state:State.next", 5)),
        {"format": "ovhcore sandbox 1", "state": {"keys": {"$bytes": 5}}},
        {"format": "ovhcore sandbox 1", "state": {"keys": {"$enum": [".faults:Failure", "no"]}}},
    ],
)  # fmt: skip
def test_snapshots_that_are_none(damaged: Any) -> None:
    box = used()
    before = seen(box)
    with pytest.raises(ovh.InvalidConfiguration, match="sandbox: this"):
        box.restore(damaged)
    assert seen(box) == before


class Held:
    """Stands for the state of a sandbox."""

    volatile = ("cache",)

    def __init__(self, **members: Any) -> None:
        vars(self).update(members)


VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text() | st.binary(max_size=10)
    | st.datetimes(timezones=st.just(UTC)) | st.dates() | st.sampled_from(Failure)
    | st.builds(RunningTask, st.text(), st.text(), st.integers(), st.text(), *[st.floats(0, 1)] * 2, st.booleans()),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3)
    | st.tuples(inner, inner) | st.dictionaries(st.integers() | st.sampled_from(["$set", "$dict"]), inner, max_size=3)
    | st.sets(st.integers()) | st.frozensets(st.text()) | st.builds(Counter, st.dictionaries(st.text(), st.integers()))
    | st.builds(_ResolvedPath, st.text(), st.text(), st.text(), st.none(), st.text()),
    max_leaves=8,
)  # fmt: skip


@given(VALUES)
def test_whatever_a_state_is_made_of_comes_back(value: Any) -> None:
    text = json.dumps(as_snapshot(Held(value=value, cache=object())))
    [(name, back)] = of_snapshot(json.loads(text)).items()
    assert name == "value"
    assert back == value
    assert type(back) is type(value)


def test_kinds_of_containers_and_slots() -> None:
    class Slotted:
        __slots__ = ("a", "b")

    Slotted.__module__, Slotted.__qualname__ = snapshots.__name__, "Slotted"
    snapshots.Slotted = Slotted  # type: ignore[attr-defined]
    try:
        thing: Any = Slotted()
        thing.a = 1
        back = of_snapshot(
            as_snapshot(Held(a=OrderedDict(x=date(2026, 1, 1)), b=thing, c=datetime(2026, 1, 1, tzinfo=UTC)))
        )
        assert back["a"] == OrderedDict(x=date(2026, 1, 1))
        assert back["b"].a == 1
        assert not hasattr(back["b"], "b")
    finally:
        del snapshots.Slotted  # type: ignore[attr-defined]


class Foreign(NamedTuple):
    value: int


@pytest.mark.parametrize("value", [Foreign(1), object(), len, lambda: None, {"a": [Path("x")]}])
def test_what_cannot_be_kept(value: Any) -> None:
    with pytest.raises(ovh.InvalidConfiguration, match=r"cannot be kept in a snapshot: it holds a "):
        as_snapshot(Held(value=value))


@pytest.mark.parametrize("name", ["r.json", "r.yaml", "r.YML"])
def test_resources_of_a_file(name: str, tmp_path: Path) -> None:
    file = tmp_path / name
    file.write_text('{"me": {"firstname": "Grace", "birthDay": "1906-12-09"}}', "utf-8")
    box = Sandbox()
    box.add_file(file)
    assert client_of(box).get("/me")["firstname"] == "Grace"


def test_dates_in_yaml_are_text(tmp_path: Path) -> None:
    file = tmp_path / "r.yaml"
    file.write_text("me:\n  birthDay: 1906-12-09\n", "utf-8")
    box = Sandbox()
    box.add_file(file)
    assert box.resources["me"]["birthDay"] == "1906-12-09"


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("r.json", "{", "is not JSON"),
        ("r.json", "[" * 100_000, "is not JSON"),
        ("r.json", "[]", "must hold a mapping with names, not list"),
        ("r.yaml", "1: 2", "there are no resources '1'"),
        ("r.yaml", "a: [", "is not YAML that JSON could hold"),
        ("r.yaml", "a: !!python/object:os.path {}", "is not YAML that JSON could hold"),
        ("r.yaml", "{2026-01-01: 1}", "is not YAML that JSON could hold"),
        ("r.json", "\udcff", "cannot be read"),
    ],
)
def test_files_that_cannot_be_used(name: str, text: str, said: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(ovh.InvalidConfiguration, match=said):
        Sandbox().add_file(tmp_path / name)
    with pytest.raises(ovh.InvalidConfiguration, match="cannot be read"):
        Sandbox().load(tmp_path / "none.json")


def test_yaml_without_what_reads_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "yaml", None)
    (tmp_path / "r.yaml").write_text("a: 1")
    with pytest.raises(ovh.InvalidConfiguration, match="needs PyYAML"):
        Sandbox().add_file(tmp_path / "r.yaml")


def test_a_file_that_cannot_be_written_is_left_as_it_was(tmp_path: Path) -> None:
    from ovhcore_transports.sandbox.control.files import write_json

    file = tmp_path / "s.json"
    file.write_text("before")
    with pytest.raises(TypeError):
        write_json(file, {"a": object()})
    assert file.read_text() == "before"
    assert list(tmp_path.iterdir()) == [file]
    with pytest.raises(OSError, match="none"):
        Sandbox().save(tmp_path / "none" / "s.json")


def test_a_snapshot_of_before_the_modules_had_their_names_is_read() -> None:
    box = used()
    kept = json.dumps(box.snapshot()).replace(".kept.operation:", ".state:").replace(".kept.", ".generic.")
    other = Sandbox()
    other.restore(json.loads(kept))
    assert ".generic.holding:Held" in kept
    assert ".state:Operation" in kept
    assert other.snapshot() == box.snapshot()


def test_a_snapshot_of_before_services_had_names_is_read() -> None:
    box = used()
    kept = box.snapshot()
    assert kept["state"].pop("display_names") == {}
    other = Sandbox()
    other.restore(kept)
    assert other.snapshot() == box.snapshot()


def test_bytes_are_kept() -> None:
    kept = snapshots._packed({"a": b"\xff"}, "")
    assert snapshots._unpacked(json.loads(json.dumps(kept))) == {"a": b"\xff"}


@pytest.mark.parametrize(
    "value",
    [
        (1, (2,)),
        {1},
        frozenset({"a"}),
        b"\x00",
        date(2026, 1, 2),
        datetime(2026, 1, 2, tzinfo=UTC),
        {1: "a"},
        {"$a": 1},
        OrderedDict(a=1),
        Counter("aab"),
        Failure.UNAVAILABLE,
    ],
)
def test_each_kind_of_value_comes_back(value: Any) -> None:
    back = of_snapshot(json.loads(json.dumps(as_snapshot(Held(value=value)))))["value"]
    assert back == value
    assert type(back) is type(value)


def test_a_named_tuple_is_kept() -> None:
    place = _ResolvedPath("https://sandbox.test", "/1.0/me", "", "/1.0", "/me")
    assert snapshots._unpacked(json.loads(json.dumps(snapshots._packed(place, "")))) == place
