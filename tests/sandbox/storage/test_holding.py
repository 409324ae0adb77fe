"""What is held of changes: as much as fits, found without a search, and the same after a snapshot."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import ovhcore as ovh
from ovhcore.protocol import Request, Response
from ovhcore_transports.sandbox import ACCESS_KEYS, Sandbox, SandboxTransport, state
from ovhcore_transports.sandbox.control.admin import answer_admin
from ovhcore_transports.sandbox.storage import holding
from ovhcore_transports.sandbox.storage.holding import Held
from ovhcore_transports.sandbox.storage.running_task import RunningTask

pytestmark = pytest.mark.once

NOW = 1_780_000_000.0
FARMS = "/ipLoadbalancing/loadbalancer-0a1b2c3d4e5f/http/farm"


def client_of(box: Sandbox) -> ovh.Client:
    return ovh.Client("ovh-eu", transport=SandboxTransport(box, start=NOW), **ACCESS_KEYS)


def full(client: ovh.Client, method: str, path: str, body: Any = None) -> None:
    with pytest.raises(ovh.APIError, match="the sandbox holds no more objects") as caught:
        client.call(method, path, body)
    assert (caught.value.status, caught.value.error_class) == (403, "Client::Forbidden::ItemQuotaReached")


def test_routes_of_their_own_hold_no_more_than_fits(monkeypatch: pytest.MonkeyPatch) -> None:
    client = client_of(Sandbox())
    held = len(client.get("/domain/zone/example.com/record"))
    monkeypatch.setattr(state, "_MOST", held + 5)  # and the two vRack Services, and the zone
    record = {"fieldType": "A", "subDomain": "new", "target": "192.0.2.1"}
    made = client.call("POST", "/domain/zone/example.com/record", record)
    client.post("/dedicated/server/ns1.ip-192-0-2.eu/reboot")
    full(client, "POST", "/domain/zone/example.com/record", {**record, "subDomain": "newer"})
    full(client, "POST", "/dedicated/server/ns2.ip-192-0-2.eu/reboot")
    client.delete(f"/domain/zone/example.com/record/{made['id']}")
    client.post("/dedicated/server/ns2.ip-192-0-2.eu/reboot")


def test_what_is_long_is_held_as_far_as_it_fits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(holding, "_MOST_TEXT", 30_000)
    client = client_of(Sandbox())
    made = [client.post(FARMS, zone="gra", displayName="x" * 9_000)["farmId"] for _ in range(3)]
    full(client, "POST", FARMS, {"zone": "gra", "displayName": "x" * 9_000})
    client.post(FARMS, zone="gra", displayName="short")
    client.put(f"{FARMS}/{made[0]}", displayName="short")
    made.append(client.post(FARMS, zone="gra", displayName="x" * 9_000)["farmId"])
    client.delete(f"{FARMS}/{made[1]}")
    client.post(FARMS, zone="gra", displayName="x" * 9_000)
    full(client, "POST", FARMS, {"zone": "gra", "displayName": "x" * 9_000})


def test_what_is_deleted_takes_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(holding, "_MOST", 1)
    client = client_of(Sandbox())
    first, second, *_ = client.get(FARMS)
    client.delete(f"{FARMS}/{first}")
    full(client, "DELETE", f"{FARMS}/{second}")
    full(client, "PUT", f"{FARMS}/{second}", {"port": 80})


SEGMENTS = st.lists(st.sampled_from("abc"), min_size=1, max_size=4)
STEPS = st.lists(
    st.tuples(st.sampled_from(["keep", "run", "add", "remove", "gone", "snapshot"]), SEGMENTS), max_size=20
)


@given(STEPS)
def test_nothing_is_left_below_what_is_removed(steps: list[tuple[str, list[str]]]) -> None:
    held = Held()
    for step, segments in steps:
        path = "/" + "/".join(segments)
        parent = path.rpartition("/")[0]
        if step == "keep":
            held.keep(path, {})
        elif step == "run":
            held.run(path, RunningTask("", "", 1, 0.0, 1.0, False, steps={"gone": True}))
        elif step == "add":
            held.add(parent, path, segments[-1], {})
        elif step == "snapshot":
            names = ("added", "removed", "objects", "gone", "running", "long")
            held = Held(**{name: getattr(held, name) for name in names})
        else:
            held.remove(parent if step == "remove" else None, path, segments[-1])
            every = (*held._all, held.removed, held.long)
            assert not [each for kept in every for each in kept if each.startswith(f"{path}/")]
            assert path not in held.objects
            assert path not in held.running
            assert held.gone.get(path, False) == (step == "gone")
        leaving = [each for each in held.running if parent == each.rpartition("/")[0]]
        assert sorted(held.leaving(parent)) == sorted(leaving)
    known = {path for kept in (held.added, held.removed, held.gone) for path in kept}
    known |= {path.rpartition("/")[0] for kept in (held.objects, held.running) for path in kept}
    assert known <= {path for beside in held._below.values() for path in beside} | {""}


def test_a_snapshot_holds_what_families_hold() -> None:
    box = Sandbox()
    client = client_of(box)
    made = client.post(FARMS, zone="gra", displayName="mine")
    client.post(f"{FARMS}/{made['farmId']}/server", address="192.0.2.7", status="active")
    client.delete(f"{FARMS}/{client.get(FARMS)[0]}")
    project = client.get("/cloud/project")[0]
    network = client.post(f"/cloud/project/{project}/network/private", name="n")
    kept = json.loads(json.dumps(box.snapshot()))
    assert "_below" not in json.dumps(kept)

    def seen(client: ovh.Client) -> Any:
        one = f"{FARMS}/{made['farmId']}"
        return [
            client.get(FARMS),
            client.get(one),
            client.get(f"{one}/server"),
            client.get(f"/cloud/project/{project}/network/private/{network['id']}"),
        ]

    other = Sandbox()
    other.restore(kept)
    again = client_of(other)
    assert seen(again) == seen(client)
    again.delete(f"{FARMS}/{made['farmId']}")
    assert made["farmId"] not in again.get(FARMS)
    assert seen(client)


VPS = "/vps/vps-mine.example.net"


def test_objects_are_added_by_their_paths(tmp_path: Path) -> None:
    file = tmp_path / "resources.json"
    file.write_text(json.dumps({VPS: {"displayName": "mine"}, f"{VPS}/disks/7": {"state": "connected"}}), "utf-8")
    box = Sandbox()
    box.add_file(file)
    client = client_of(box)
    for _ in range(2):
        assert client.get("/vps")[-1] == "vps-mine.example.net"
        assert (client.get(VPS)["displayName"], client.get(VPS)["name"]) == ("mine", "vps-mine.example.net")
        assert client.get(f"{VPS}/disks")[-1] == 7
        assert client.get(f"{VPS}/disks/7")["id"] == 7
        assert box.held(VPS).keys() == {VPS}
        assert box.held(f"{VPS}/disks").keys() == {f"{VPS}/disks/7"}
        client.delete("/me/sshKey/work")
        box.reset()
    box.add({"/domain/zone/example.com/soa": {"ttl": 7200}, "/vps/vps-mine.example.net/status": {}})
    assert client.get("/domain/zone/example.com/soa")["ttl"] == 7200


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        ("/nothing", {}, "no object at /nothing"),
        ("/vps", ["a"], "no object at /vps"),
        ("/me", {"city": "Lille"}, "/me has a name instead: me, bills"),
        ("/vps/other/disks/7", {}, "there is no /vps/other; add it before"),
        (VPS, [], "it is a vps.VPS"),
        (VPS, {"colour": "red"}, "colour is no member"),
        (VPS, {"displayName": 1}, "displayName does not fit"),
        (VPS, {"displayName": {1}}, "JSON cannot hold it: Object of type set"),
        (VPS, {"state": "lost"}, "does not belong to the vps.VpsStateEnum"),
    ],
)
def test_what_cannot_be_added_is_named_and_nothing_is(path: str, value: Any, said: str) -> None:
    box = Sandbox()
    with pytest.raises(ovh.InvalidConfiguration, match=re.escape(said)):
        box.add({"/vps/vps-first.example.net": {}, path: value})
    assert box.held() == {}
    assert "vps-first.example.net" not in client_of(box).get("/vps")


def test_what_families_hold_is_shown() -> None:
    box = Sandbox()
    box.add({VPS: {"displayName": "<mine>"}})

    def shown(target: str) -> str:
        return box_answer(box, target).body.decode()

    assert f"{VPS}" in json.loads(shown("/_sandbox/resources"))
    page = shown("/_sandbox/")
    assert 'href="?resource=%2Fvps"' in page
    assert "1 made or changed" in page
    one = shown("/_sandbox/?resource=%2Fvps")
    assert "vps-mine.example.net" in one
    assert "&lt;mine&gt;" in one
    assert box_answer(box, "/_sandbox/?resource=%2Fsms").status == 404


def box_answer(box: Sandbox, target: str) -> Response:
    return answer_admin(box, Request("GET", f"http://127.0.0.1{target}", {}, b""))


def test_what_is_being_deleted_is_known_after_a_snapshot() -> None:
    gone = RunningTask("", "DELETING", 0, 0.0, 60.0, False, steps={"gone": True})
    held = Held()
    held.add("/list", "/list/1", "1", {})
    held.run("/list/1", gone)
    held.add("/list", "/list/a%2Fb", "a/b", {})
    held.run("/list/a%2Fb", RunningTask("", "UPDATING", 0, 0.0, 60.0, False))
    again = Held(objects=held.objects, running=held.running)
    assert held.leaving("/list") == again.leaving("/list") == ["/list/1"]
    held.end("/list/1")
    assert held.leaving("/list") == []


def test_what_was_deleted_can_be_made_again() -> None:
    held = Held()
    held.remove("/list", "/list/1", "1")
    held.remove("/list", "/list/1", "1")
    assert (held.removed, held._deleted) == ({"/list": {"1": True}}, 1)
    held.add("/list", "/list/1", "1", {})
    assert (held.removed, held._deleted) == ({"/list": {}}, 0)
