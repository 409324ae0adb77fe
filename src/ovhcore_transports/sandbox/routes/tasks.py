"""What takes its time: tasks of servers (version 1), and resources that become what they are to be (version 2).

Nothing runs meanwhile. How far a task is follows from the time at which it is asked for.
"""

from __future__ import annotations

import re
from collections.abc import MutableSequence, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from ..families.tables import Change
from ..state import ApiError
from ..storage.initial_data import checksum, vrack_services_state
from ..storage.lazy_list import LazyList
from ..storage.rows import Row, find, ids_of
from ..storage.running_task import RunningTask
from .calls import SandboxCall, concrete, find_or_404
from .filters import tagged

__all__ = [
    "begin_task",
    "cancel_task",
    "change_vrack_services",
    "delete_vrack_services",
    "installation",
    "new_vrack_services",
    "one_vrack_services",
    "reboot",
    "reinstall",
    "server_task",
    "server_tasks",
    "vrack_services",
    "vrack_services_task",
    "vrack_services_tasks",
]

_DELETION: Final = "VrackServicesDeletion"
_NOT_THERE_YET: Final = 0.25
"""Seconds for which a new task of version 1 is listed and cannot be read; a tenth of what it takes, if that is less."""


def _date(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat()


_COMMENTS: Final = {"hardReboot": "Reboot asked for", "reinstallServer": "Installation asked for"}


def _task(running: RunningTask, now: float) -> dict[str, Any]:
    phase = running.phase(now)
    last = "cancelled" if running.steps.get("cancelled") else "customerError" if running.fails else "done"
    return {
        "taskId": running.number,
        "function": running.kind,
        "status": ("init", "todo", "doing", last)[phase],
        "comment": _COMMENTS.get(running.kind, "Change of the network asked for"),
        "startDate": _date(running.begun),
        "lastUpdate": _date(running.since(phase)),
        "doneDate": _date(running.since(phase)) if running.over(now) else None,
    }


_STEPS: Final = ("Starting the installer", "Partitioning the disks", "Installing the system", "Booting the system")
"""What an installation consists of, each as long as the others."""


def installation(call: SandboxCall) -> dict[str, Any]:
    """Return how far the installation of a server is.

    Raises:
        ApiError: none goes on.
    """
    last = _running_tasks(call)[-1:]
    if not last or last[0].kind != "reinstallServer" or last[0].over(call.now):
        message = "Server is not being installed or reinstalled at the moment"
        raise ApiError.of_class(404, "NotFound", message)
    elapsed = call.now - last[0].begun
    now = int(elapsed / last[0].seconds * len(_STEPS))
    steps = [
        {"comment": step, "status": "done" if number < now else "doing" if number == now else "todo"}
        for number, step in enumerate(_STEPS)
    ]
    return {"elapsedTime": int(elapsed), "progress": steps}


def _running_tasks(call: SandboxCall) -> list[RunningTask]:
    name = call.path["serviceName"]
    find_or_404(call.state.resources["servers"], "name", name)
    return call.state.operations.get(name, [])


def reboot(call: SandboxCall) -> dict[str, Any]:
    """Reboot a server; one that is busy refuses."""
    return begin_task(call, "hardReboot")


def reinstall(call: SandboxCall, change: Change) -> dict[str, Any]:
    """Install a server anew; one that is busy refuses."""
    task = begin_task(call, "reinstallServer")
    del task["lastUpdate"]  # the type of this answer has none
    return task


def begin_task(call: SandboxCall, kind: str) -> dict[str, Any]:
    """Begin a task of a server; one that is busy refuses."""
    if any(not running.over(call.now) for running in _running_tasks(call)[-1:]):
        message = "An operation is already running on this server. Please retry later"
        raise ApiError.of_class(403, "Forbidden::Busy", message)
    return _task(call.state.begin(call.path["serviceName"], kind, call.now), call.now)


def cancel_task(call: SandboxCall, change: Change) -> None:
    """Cancel a task of a server that is not over."""
    running = [each for each in _running_tasks(call) if str(each.number) == change.arguments["taskId"]]
    if change.object["status"] in ("done", "cancelled", "customerError", "ovhError"):
        raise ApiError.of_class(403, "Forbidden", f"This task is {change.object['status']}")
    if running:
        running[0].seconds, running[0].steps = call.now - running[0].begun, {"cancelled": True}
        return
    path = concrete("/dedicated/server/{serviceName}/task/{taskId}", change.arguments)
    call.state.held.keep(path, {**change.object, "status": "cancelled"})
    call.state.held.end(path)


def server_tasks(call: SandboxCall) -> list[int]:
    """Return the ids of a server's tasks, of those with the status and function that are asked for."""
    tasks = [_task(running, call.now) for running in _running_tasks(call)]
    wanted = {name: call.query[name] for name in ("status", "function") if name in call.query}
    return [task["taskId"] for task in tasks if all(task[name] == value for name, value in wanted.items())]


def server_task(call: SandboxCall) -> dict[str, Any]:
    """Return a task of a server, unless it is so new that it cannot be found."""
    there = [
        _task(running, call.now)
        for running in _running_tasks(call)
        if str(running.number) == call.path["taskId"]
        and call.now - running.begun >= min(_NOT_THERE_YET, running.seconds / 10)
    ]
    return find_or_404(there, "taskId", call.path["taskId"])


def _settle(call: SandboxCall, resource_id: str) -> None:
    """Carry out what has happened to a resource until now."""
    state = call.state
    resources: MutableSequence[Row] = state.resources["vrack_services"]
    resource = find(resources, "id", resource_id)
    done = state.operations.get(resource_id)
    if resource is None or not done or done[-1].settled:
        state.unsettled.pop(resource_id, None)
        return
    last = done[-1]
    last.settled = last.over(call.now)
    resource["currentTasks"] = [_current_task(last, call.now)]
    if not last.settled:
        return
    del state.unsettled[resource_id]
    resource["updatedAt"] = _date(last.begun + last.seconds)
    if last.fails:
        resource["resourceStatus"] = "ERROR"
    elif resource["resourceStatus"] == "DELETING":
        resources.remove(resource)
    else:
        resource |= {"resourceStatus": "READY", "currentTasks": []}
        resource["currentState"] = vrack_services_state(resource["currentState"], resource["targetSpec"])


def _current_task(running: RunningTask, now: float) -> dict[str, Any]:
    task = _vrack_services_task(running, now)
    status = "PENDING" if task["status"] == "SCHEDULED" else task["status"]
    return {name: task[name] for name in ("id", "type", "link", "errors")} | {"status": status}


def _vrack_services_task(running: RunningTask, now: float) -> dict[str, Any]:
    phase = running.phase(now)
    status = ("SCHEDULED", "SCHEDULED", "RUNNING", "ERROR" if running.fails else "DONE")[phase]
    over = running.over(now)
    failed = over and running.fails
    return {
        "id": running.uuid,
        "type": running.kind,
        "status": status,
        "message": "",
        "link": f"/v2/vrackServices/resource/{running.subject}/task/{running.uuid}",
        "progress": [{"name": running.kind, "status": status}],
        "errors": [{"message": "The sandbox was told to let tasks fail"}] if failed else None,
        "createdAt": _date(running.begun),
        "startedAt": _date(running.since(2)) if phase >= 2 else None,
        "updatedAt": _date(running.since(phase)),
        "finishedAt": _date(running.since(phase)) if over else None,
    }


def _begin(call: SandboxCall, resource: dict[str, Any], kind: str, status: str) -> dict[str, Any]:
    running = call.state.begin(resource["id"], kind, call.now)
    resource |= {
        "resourceStatus": status,
        "updatedAt": _date(call.now),
        "currentTasks": [_current_task(running, call.now)],
        "checksum": checksum(resource["targetSpec"]),
    }
    return resource


def vrack_services(call: SandboxCall) -> Sequence[Row]:
    """Return the vRack Services, of those with the tags that are asked for."""
    state, rows = call.state, call.state.resources["vrack_services"]
    by_tags = any(name.startswith("iamTags") for name in call.query)
    for each in list(state.unsettled):
        last = state.operations[each][-1]
        if by_tags or (last.kind == _DELETION and last.over(call.now)):
            _settle(call, each)

    def read(resource_id: str) -> Row:
        _settle(call, resource_id)
        return find_or_404(rows, "id", resource_id)

    return tagged(call, rows) if by_tags else LazyList([str(each) for each in ids_of(rows, "id")], read)


def one_vrack_services(call: SandboxCall) -> Row:
    """Return one vRack Services."""
    resource_id = call.path["vrackServicesId"]
    _settle(call, resource_id)
    return find_or_404(call.state.resources["vrack_services"], "id", resource_id)


def new_vrack_services(call: SandboxCall) -> dict[str, Any]:
    """Begin to make a vRack Services."""
    target = call.member("targetSpec", dict)
    resource_id = f"vrs-{call.state.next():04x}"
    resource = {
        "id": resource_id,
        "createdAt": _date(call.now),
        "currentState": {},
        "targetSpec": target,
        "iam": {
            "id": call.state.uuid("resource"),
            "urn": f"urn:v1:eu:resource:vrackServices:{resource_id}",
            "displayName": target.get("displayName") or resource_id,
            "tags": {},
            "state": "OK",
        },
    }
    call.state.resources["vrack_services"].append(resource)
    return _begin(call, resource, "VrackServicesCreation", "CREATING")


def change_vrack_services(call: SandboxCall) -> dict[str, Any]:
    """Begin to make a vRack Services what it is to be, if nobody changed that meanwhile."""
    resource = one_vrack_services(call)
    sent, target = call.member("checksum"), call.member("targetSpec", dict)
    if not re.fullmatch("[0-9a-f]{32}", sent):
        raise ApiError.of_class(400, "BadRequest::ChecksumBadFormat", "The checksum has a bad format")
    if sent != checksum(resource["targetSpec"]):
        message = "The checksum is not that of the current target spec"
        raise ApiError.of_class(412, "PreconditionFailed::ChecksumMismatch", message)
    _check_unlocked(resource, "READY")
    resource["targetSpec"] = target
    return _begin(call, resource, "VrackServicesUpdate", "UPDATING")


def delete_vrack_services(call: SandboxCall) -> dict[str, Any]:
    """Begin to delete a vRack Services; one that failed can be deleted, too."""
    resource = one_vrack_services(call)
    _check_unlocked(resource, "READY", "ERROR")
    return _begin(call, resource, _DELETION, "DELETING")


def _check_unlocked(resource: dict[str, Any], *allowed: str) -> None:
    status = resource["resourceStatus"]
    if status not in allowed:
        message = f"The resource is {status}, and has to be {' or '.join(allowed)}"
        raise ApiError.of_class(423, "Locked::ResourceNotReady", message)


def vrack_services_tasks(call: SandboxCall) -> list[dict[str, Any]]:
    """Return the tasks of a vRack Services."""
    resource = one_vrack_services(call)
    return [_vrack_services_task(each, call.now) for each in call.state.operations.get(resource["id"], [])]


def vrack_services_task(call: SandboxCall) -> dict[str, Any]:
    """Return one of them."""
    return find_or_404(vrack_services_tasks(call), "id", call.path["taskId"])
