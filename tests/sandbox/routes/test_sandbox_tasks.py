"""What takes its time: tasks of version 1, resources of version 2."""

from __future__ import annotations

from typing import Any

import pytest

import ovhcore as ovh
from ovhcore.protocol.messages import Request
from ovhcore_transports.sandbox import ACCESS_KEYS, Sandbox, SandboxTransport

pytestmark = pytest.mark.once

SERVER = "/dedicated/server/ns1.ip-192-0-2.eu"
RESOURCES = "/v2/vrackServices/resource"
START = 1_767_225_600


class World:
    """A client, its sandbox, and the time, which passes only when it is told to."""

    def __init__(self, **arguments: Any) -> None:
        self.sandbox = Sandbox(**arguments)
        self.transport = SandboxTransport(self.sandbox, start=START)
        self.client = ovh.Client("ovh-eu", transport=self.transport, **ACCESS_KEYS)

    def wait_until(self, second: float) -> None:
        self.transport.sleep(second - self.transport.clock().monotonic)

    def refused(self, error: type[ovh.APIError], method: str, path: str, data: Any = None) -> tuple[int | None, str]:
        with pytest.raises(error) as caught:
            self.client.call(method, path, data)
        return caught.value.status, str(caught.value.error_class)


@pytest.fixture
def world() -> World:
    return World()


def test_a_task_moves_with_the_clock(world: World) -> None:
    client = world.client
    task = client.post(SERVER + "/reboot")
    assert task == {
        "taskId": task["taskId"],
        "function": "hardReboot",
        "status": "init",
        "comment": "Reboot asked for",
        "startDate": "2026-01-01T00:00:00+00:00",
        "lastUpdate": "2026-01-01T00:00:00+00:00",
        "doneDate": None,
    }
    one = f"{SERVER}/task/{task['taskId']}"
    assert client.get(SERVER + "/task") == [task["taskId"]]
    assert client.get(SERVER + "/task", _headers={"X-Pagination-Mode": "CachedObjectList-Pages"}) == []
    assert world.refused(ovh.ResourceNotFoundError, "GET", one) == (404, "Client::NotFound")
    seen = []
    for second in (3, 9, 10, 19, 20, 59, 60, 1000):
        world.wait_until(second)
        seen.append(client.get(one)["status"])
    assert seen == ["init", "init", "todo", "todo", "doing", "doing", "done", "done"]
    assert client.get(one)["doneDate"] == client.get(one)["lastUpdate"] == "2026-01-01T00:01:00+00:00"


def test_tasks_that_are_asked_for(world: World) -> None:
    client = world.client
    first = client.post(SERVER + "/reboot")["taskId"]
    world.wait_until(60)
    second = client.post(SERVER + "/reboot")["taskId"]
    assert client.get(SERVER + "/task") == [first, second]
    assert client.get(SERVER + "/task", status="done") == [first]
    assert client.get(SERVER + "/task", status="init", function="hardReboot") == [second]
    assert client.get(SERVER + "/task", function="reinstallServer") == []
    assert client.get("/dedicated/server/ns2.ip-192-0-2.eu/task") == []
    world.wait_until(64)
    answer = client.get(f"{SERVER}/task/{first},{second},7", _headers={"X-Ovh-Batch": ","})
    assert [(item["key"], (item["value"] or {}).get("status")) for item in answer] == [
        (first, "done"),
        (second, "init"),
        (7, None),
    ]
    for method, path in (("POST", "reboot"), ("GET", "task"), ("GET", "task/1")):
        assert world.refused(ovh.ResourceNotFoundError, method, f"/dedicated/server/none/{path}")[0] == 404


def test_a_server_that_is_busy(world: World) -> None:
    world.client.post(SERVER + "/reboot")
    with pytest.raises(ovh.Forbidden, match=r"An operation is already running .*Please retry later") as caught:
        world.client.post(SERVER + "/reboot")
    assert (caught.value.status, caught.value.error_class) == (403, "Client::Forbidden::Busy")
    assert world.client.post("/dedicated/server/ns2.ip-192-0-2.eu/reboot")["status"] == "init"
    world.wait_until(60)
    assert world.client.post(SERVER + "/reboot")["status"] == "init"
    assert world.refused(ovh.BadParametersError, "POST", SERVER + "/reboot", {}) == (400, "Client::BadRequest")


def test_tasks_that_fail() -> None:
    world = World(task_seconds=6)
    assert world.sandbox.failing_tasks is False
    world.sandbox.failing_tasks = True
    task = world.client.post(SERVER + "/reboot")["taskId"]
    world.sandbox.failing_tasks = False
    world.wait_until(0.9)
    assert world.client.get(f"{SERVER}/task/{task}")["status"] == "init"
    world.wait_until(6)
    assert world.client.get(f"{SERVER}/task/{task}")["status"] == "customerError"


def test_tasks_that_take_no_time() -> None:
    world = World(task_seconds=0)
    task = world.client.post(SERVER + "/reboot")
    assert task["status"] == "done"
    assert world.client.get(f"{SERVER}/task/{task['taskId']}") == task
    made = world.client.post(RESOURCES, targetSpec={})
    assert world.client.get(f"{RESOURCES}/{made['id']}")["resourceStatus"] == "READY"


@pytest.mark.parametrize("seconds", [-1, float("nan")])
def test_times_that_do_not_exist(seconds: float) -> None:
    with pytest.raises(ovh.InvalidConfiguration, match="task_seconds must be 0 or more"):
        Sandbox(task_seconds=seconds)


def test_a_resource_becomes_what_it_is_to_be(world: World) -> None:
    client = world.client
    before, other = client.get(RESOURCES)
    assert client.get(f"{RESOURCES}/{before['id']}") == before
    assert before["resourceStatus"] == other["resourceStatus"] == "READY"
    assert before["checksum"] != other["checksum"]
    assert before["iam"]["state"] == "OK"
    path = f"{RESOURCES}/{before['id']}"
    target = {**before["targetSpec"], "displayName": "é"}
    answer = client.put(path, checksum=before["checksum"], targetSpec=target)
    (task,) = answer["currentTasks"]
    assert answer == {
        **before,
        "updatedAt": "2026-01-01T00:00:00+00:00",
        "resourceStatus": "UPDATING",
        "targetSpec": target,
        "checksum": answer["checksum"],
        "currentTasks": [task],
    }
    assert answer["checksum"] != before["checksum"]
    assert len(answer["checksum"]) == 32
    assert (task["status"], task["type"], task["errors"]) == ("PENDING", "VrackServicesUpdate", None)
    assert task["link"] == f"{path}/task/{task['id']}"
    seen = []
    for second in (19, 20, 59, 60):
        world.wait_until(second)
        current = client.get(path)
        running = [one["status"] for one in current["currentTasks"]]
        full = client.get(task["link"])
        assert client.get(path + "/task") == [full]
        seen.append((current["resourceStatus"], running, full["status"], full["finishedAt"]))
    assert seen == [
        ("UPDATING", ["PENDING"], "SCHEDULED", None),
        ("UPDATING", ["RUNNING"], "RUNNING", None),
        ("UPDATING", ["RUNNING"], "RUNNING", None),
        ("READY", [], "DONE", "2026-01-01T00:01:00+00:00"),
    ]
    assert current["currentState"] == {**before["currentState"], **target}
    assert current["updatedAt"] == "2026-01-01T00:01:00+00:00"
    assert client.get(RESOURCES)[1] == other
    assert world.refused(ovh.ResourceNotFoundError, "GET", path + "/task/none") == (404, "Client::NotFound")
    back = client.put(path, checksum=current["checksum"], targetSpec=before["targetSpec"])
    assert back["checksum"] == before["checksum"]


def test_changes_that_are_refused(world: World) -> None:
    path = RESOURCES + "/vrs-demo-1"
    good = world.client.get(path)["checksum"]
    call = world.refused
    bad = "Client::BadRequest"
    assert call(ovh.BadParametersError, "PUT", path, {"targetSpec": {}}) == (400, bad)
    assert call(ovh.BadParametersError, "PUT", path, {"checksum": good}) == (400, bad)
    assert call(ovh.BadParametersError, "PUT", path, {"checksum": good, "targetSpec": []}) == (400, bad)
    assert call(ovh.BadParametersError, "PUT", path, {"checksum": good, "targetSpec": {}, "x": 1}) == (400, bad)
    malformed = {"checksum": "abc", "targetSpec": {}}
    assert call(ovh.BadParametersError, "PUT", path, malformed) == (400, "Client::BadRequest::ChecksumBadFormat")
    stale = {"checksum": "0" * 32, "targetSpec": {}}
    mismatch = (412, "Client::PreconditionFailed::ChecksumMismatch")
    assert call(ovh.PreconditionFailed, "PUT", path, stale) == mismatch
    new = world.client.put(path, checksum=good, targetSpec={"a": 1})["checksum"]
    assert call(ovh.PreconditionFailed, "PUT", path, {"checksum": good, "targetSpec": {}}) == mismatch
    locked = (423, "Client::Locked::ResourceNotReady")
    assert call(ovh.ResourceLocked, "PUT", path, {"checksum": new, "targetSpec": {}}) == locked
    assert call(ovh.ResourceLocked, "DELETE", path) == locked
    assert call(ovh.ResourceNotFoundError, "PUT", RESOURCES + "/none", stale)[0] == 404


def test_a_resource_is_made_and_deleted(world: World) -> None:
    client = world.client
    target = {"displayName": "mine", "location": "anywhere", "subnets": [{"x": True}]}
    made = client.post(RESOURCES, targetSpec=target)
    assert (made["resourceStatus"], made["currentState"], made["targetSpec"]) == ("CREATING", {}, target)
    assert made["iam"]["displayName"] == "mine"
    assert made["createdAt"] == made["updatedAt"] == "2026-01-01T00:00:00+00:00"
    assert len(client.get(RESOURCES)) == 3
    path = f"{RESOURCES}/{made['id']}"
    world.wait_until(60)
    ready = client.get(path)
    assert (ready["resourceStatus"], ready["currentTasks"]) == ("READY", [])
    assert ready["currentState"] == {**target, "productStatus": "DRAFT", "region": "anywhere", "vrackId": None}
    assert client.delete(path)["resourceStatus"] == "DELETING"
    world.wait_until(119)
    assert client.get(path)["resourceStatus"] == "DELETING"
    world.wait_until(120)
    for gone in (path, path + "/task"):
        assert world.refused(ovh.ResourceNotFoundError, "GET", gone) == (404, "Client::NotFound")
    assert world.refused(ovh.ResourceNotFoundError, "DELETE", path)[0] == 404
    assert len(client.get(RESOURCES)) == len(world.sandbox.resources["vrack_services"]) == 2
    for body in (None, {}, {"targetSpec": "x"}, {"targetSpec": {}, "name": "x"}):
        assert world.refused(ovh.BadParametersError, "POST", RESOURCES, body)[0] == 400


def test_a_resource_that_fails(world: World) -> None:
    client, path = world.client, RESOURCES + "/vrs-demo-2"
    world.sandbox.failing_tasks = True
    before = client.get(path)
    changed = client.put(path, checksum=before["checksum"], targetSpec={"a": 1})
    world.wait_until(60)
    failed = client.get(path)
    assert (failed["resourceStatus"], failed["currentState"]) == ("ERROR", before["currentState"])
    (task,) = failed["currentTasks"]
    assert (task["status"], task["errors"]) == ("ERROR", [{"message": "The sandbox was told to let tasks fail"}])
    assert client.get(task["link"])["status"] == "ERROR"
    body = {"checksum": changed["checksum"], "targetSpec": {}}
    assert world.refused(ovh.ResourceLocked, "PUT", path, body)[0] == 423
    world.sandbox.failing_tasks = False
    assert client.delete(path)["resourceStatus"] == "DELETING"
    world.wait_until(120)
    assert [one["id"] for one in client.get(RESOURCES)] == ["vrs-demo-1"]


def test_resources_come_by_cursor(world: World) -> None:
    first = world.client.raw_call("GET", RESOURCES, headers={"X-Pagination-Size": "1"})
    cursor = first.headers["X-Pagination-Cursor-Next"]
    (second,) = world.client.get(RESOURCES, _headers={"X-Pagination-Cursor": cursor})
    assert second["id"] == "vrs-demo-2"


def test_the_same_calls_bring_the_same_answers() -> None:
    def answers() -> list[Any]:
        world = World()
        made = world.client.post(RESOURCES, targetSpec={})
        rebooted = world.client.post(SERVER + "/reboot")
        world.wait_until(30)
        return [made, rebooted, world.client.get(made["currentTasks"][0]["link"])]

    assert answers() == answers()


def test_version_1_has_no_resources_of_version_2(world: World) -> None:
    assert world.refused(ovh.ResourceNotFoundError, "GET", "/vrackServices/resource")[0] == 404
    assert world.sandbox.handle(Request("GET", "https://eu.api.ovh.com" + RESOURCES), START).status == 403
