"""Operations that take time, through both clients, on the sandbox: nothing really waits."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

import ovhcore as ovh
from ovhcore.flows.operations.waiting import Waiting
from ovhcore_transports.sandbox import ACCESS_KEYS, AsyncSandboxTransport, Faults, Sandbox, SandboxTransport

SERVER = "ns1.ip-192-0-2.eu"
TASK = "/dedicated/server/{serviceName}/task/{taskId}"
RESOURCE = "/v2/vrackServices/resource/{id}"
Program = Callable[[Any, Callable[[Any], Any]], Any]


class Both:
    """Makes the calls of a client of either kind, and returns what comes of them."""

    def __init__(self, sandbox: Sandbox, asynchronous: bool) -> None:
        self.sandbox = sandbox
        transport: Any = AsyncSandboxTransport(sandbox) if asynchronous else SandboxTransport(sandbox)
        kind: Any = ovh.AsyncClient if asynchronous else ovh.Client
        self._client: Any = kind("ovh-eu", transport=transport, **ACCESS_KEYS)
        self._asynchronous = asynchronous

    def __getattr__(self, name: str) -> Any:
        def call(*args: Any, **kwargs: Any) -> Any:
            async def awaited() -> Any:
                return await getattr(self._client, name)(*args, **kwargs)

            return asyncio.run(awaited()) if self._asynchronous else getattr(self._client, name)(*args, **kwargs)

        return call


@pytest.fixture(params=[False, True], ids=["threads", "tasks"])
def both(request: pytest.FixtureRequest) -> Callable[[Sandbox], Both]:
    return lambda sandbox: Both(sandbox, request.param)


def test_a_task_is_waited_for_from_before_it_can_be_seen(both: Callable[[Sandbox], Both]) -> None:
    client = both(Sandbox(task_seconds=600))
    task = client.post("/dedicated/server/{serviceName}/reboot", serviceName=SERVER)
    told: list[Waiting] = []
    done = client.wait(TASK, serviceName=SERVER, taskId=task["taskId"], _progress=told.append)
    assert done["status"] == "done"
    assert told[0].status is None
    assert isinstance(told[0].error, ovh.ResourceNotFoundError)
    words = list(dict.fromkeys(each.status for each in told if each.status))
    assert words == ["init", "todo", "doing", "done"]
    assert 600 <= told[-1].elapsed <= 640
    assert told[-1].polls == len(told) < 40


def test_a_task_that_fails_says_how(both: Callable[[Sandbox], Both]) -> None:
    client = both(Sandbox())
    client.sandbox.failing_tasks = True
    task = client.post("/dedicated/server/{serviceName}/reboot", serviceName=SERVER)
    with pytest.raises(ovh.OperationFailed) as caught:
        client.wait(TASK, serviceName=SERVER, taskId=task["taskId"])
    assert caught.value.state == "customerError"
    assert "customerError" in str(caught.value)


def test_a_deadline_ends_the_waiting(both: Callable[[Sandbox], Both]) -> None:
    client = both(Sandbox(task_seconds=600))
    task = client.post("/dedicated/server/{serviceName}/reboot", serviceName=SERVER)
    with pytest.raises(ovh.WaitTimeout) as caught:
        client.wait(TASK, serviceName=SERVER, taskId=task["taskId"], _deadline=300, _interval=(5, 20))
    assert isinstance(caught.value, TimeoutError)
    assert caught.value.state == "doing"
    assert 300 <= caught.value.elapsed < 301


def test_polls_that_fail_are_no_end(both: Callable[[Sandbox], Both]) -> None:
    client = both(Sandbox(task_seconds=300))
    task = client.post("/dedicated/server/{serviceName}/reboot", serviceName=SERVER)
    client.sandbox.faults = Faults(rate=0.5, kinds=["error", "bad-gateway", "lost", "throttled"])
    done = client.wait(TASK, serviceName=SERVER, taskId=task["taskId"], _options={"retry": False})
    assert done["status"] == "done"


def test_until_can_be_a_status_or_a_function(both: Callable[[Sandbox], Both]) -> None:
    client = both(Sandbox())
    task = client.post("/dedicated/server/{serviceName}/reboot", serviceName=SERVER)
    where = {"serviceName": SERVER, "taskId": task["taskId"]}
    assert client.wait(TASK, _until={"doing"}, **where)["status"] == "doing"
    assert client.wait(TASK, _until=lambda value: value["doneDate"] is not None, **where)["status"] == "done"
    with pytest.raises(ovh.OperationFailed):
        client.wait(TASK, _until={"never"}, _failed={"done"}, **where)


def test_a_resource_of_version_2_from_its_making_to_its_end(both: Callable[[Sandbox], Both]) -> None:
    client = both(Sandbox())
    made = client.post(
        "/v2/vrackServices/resource", targetSpec={"displayName": "a", "subnets": [{"cidr": "10.0.0.0/24"}]}
    )
    assert made["resourceStatus"] == "CREATING"
    here = {"id": made["id"]}
    # It is waited for before it is changed, and after that.
    changed = client.update(RESOURCE, {"displayName": "b"}, **here)
    assert changed["resourceStatus"] == "READY"
    assert changed["targetSpec"] == {"displayName": "b", "subnets": [{"cidr": "10.0.0.0/24"}]}
    assert changed["currentState"].items() >= changed["targetSpec"].items()

    def another(target: dict[str, Any]) -> None:
        target["subnets"].append({"cidr": "10.1.0.0/24"})

    answered = client.update(RESOURCE, another, _wait=False, **here)
    assert answered["resourceStatus"] == "UPDATING"
    assert len(client.wait(RESOURCE, **here)["currentState"]["subnets"]) == 2
    puts = client.sandbox.executed["PUT", f"/v2/vrackServices/resource/{made['id']}"]
    client.update(RESOURCE, {"displayName": "b"}, **here)
    assert client.sandbox.executed["PUT", f"/v2/vrackServices/resource/{made['id']}"] == puts == 2
    client.delete(RESOURCE, **here)
    assert client.wait(RESOURCE, _until="gone", **here) is None


def test_who_changes_a_resource_meanwhile_is_not_undone(both: Callable[[Sandbox], Both]) -> None:
    client = both(Sandbox())
    resource = next(iter(client.sandbox.resources["vrack_services"]))
    other = ovh.Client("ovh-eu", transport=SandboxTransport(client.sandbox), **ACCESS_KEYS)
    turns: list[int] = []

    def change(target: dict[str, Any]) -> None:
        if not turns:
            other.put(RESOURCE, id=resource["id"], checksum=resource["checksum"], targetSpec={**target, "theirs": 1})
        turns.append(1)
        target["ours"] = 1

    target = client.update(RESOURCE, change, id=resource["id"])["targetSpec"]
    assert (target["theirs"], target["ours"], len(turns)) == (1, 1, 2)


@pytest.mark.parametrize(
    ("call", "problem"),
    [
        (lambda client: client.wait(TASK), "needs the argument(s)"),
        (lambda client: client.wait("/me", _deadline=-1), "deadline"),
        (lambda client: client.wait("/me", _interval="5"), "interval"),
        (lambda client: client.wait("/me", deadline=5), "deadline is an option, and written _deadline"),
        (lambda client: client.wait("/me", _deadlin=5), "There is no option _deadlin; did you mean _deadline?"),
        (lambda client: client.update("/me", {}, wait=False), "wait is an option"),
        (lambda client: client.wait("/me", _until="finished"), "until"),
        (lambda client: client.update("/me", 5), "change must be a mapping or a function"),
    ],
)
def test_what_cannot_be_is_said_at_once(
    both: Callable[[Sandbox], Both], call: Callable[[Any], Any], problem: str
) -> None:
    client = both(Sandbox())
    with pytest.raises(ovh.InvalidRequest) as caught:
        call(client)
    assert problem in str(caught.value)
    assert not client.sandbox.received


def test_what_has_no_target_is_not_updated(both: Callable[[Sandbox], Both]) -> None:
    client = both(Sandbox())
    with pytest.raises(ovh.InvalidRequest, match=r"client\.put"):
        client.update("/me", {"name": "x"})
    assert set(client.sandbox.received) == {("GET", "/me")}
