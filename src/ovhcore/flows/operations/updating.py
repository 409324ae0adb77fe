"""Change a v2 resource: read it, edit its target, send the target back, wait until the resource is as it says.

The cycle, with what may come in between::

    GET  ──  busy? wait until it takes a change
     │
    edit a copy of targetSpec  ──  nothing changed? done
     │
    PUT {targetSpec, checksum} ──  412 or 423: somebody else changes it; begin again
     │                             400, checksum not described: PUT without it
    GET until READY

The checksum keeps two programs that change a resource at the same time from undoing each other's
change: it belongs to the target that was read, and the API refuses it once there is another. A
failure that leaves open whether the PUT was carried out is raised as it is.

Sources: "Manage services with API v2" of OVHcloud's guides; which models have a checksum, the
API's descriptions.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Final

from ...exceptions import APIError, BadParametersError, InvalidRequest, PreconditionFailed, ResourceLocked
from ...protocol.clock import Now
from ...protocol.requests.values import json_text
from ...protocol.responses.decoding import parse_json
from ...protocol.responses.statuses import RUNNING, fail_if, is_done, is_resource, needed_status, status_of, tasks_of
from ..collections.fan_out import refuse_awaitable
from ..effects import CLOCK, Flow
from .waiting import GROWTH, Plan, Waiting, asked_to_wait, late, make_plan, pause, poll

__all__ = ["update_resource"]

_CONFLICTS: Final = 5
# The words of the API, and those of the plugin ``check`` before anything is sent.
_NOT_DESCRIBED = re.compile(r"not described parameters:?\s*\(\s*checksum\s*\)|\$\.checksum: is no", re.IGNORECASE)
_BUSY: Final = frozenset({"CREATING", "UPDATING"})
_FREE: Final = frozenset({"ready", "out_of_sync"})


def update_resource(
    get: Callable[[], Flow[Any]],
    put: Callable[[dict[str, Any]], Flow[Any]],
    change: Mapping[str, Any] | Callable[[dict[str, Any]], Any],
    *,
    wait: bool = True,
    deadline: float = 3600.0,
    interval: float | tuple[float, float] = (1.0, 30.0),
    progress: Callable[[Waiting], object] | None = None,
    what: str = "",
) -> Flow[Any]:
    """Change the ``targetSpec`` of a v2 resource, and wait until it is READY.

    A mapping is merged into the target as RFC 7386 says: objects are merged, at any depth; None
    removes a member; anything else, a list as well, takes the place of what was there. A
    function gets a copy of the target, which it edits, or returns another in its place; it is
    called again for each target that is read. Where nothing changes, nothing is sent.

    A resource that is CREATING or UPDATING, or OUT_OF_SYNC with tasks that go on, is waited for
    first: no new target is taken before. In any other status it is for the API to refuse.
    When somebody else changed the resource (412) it is read and changed again, at most 5 times;
    while it is locked (423), until the deadline.

    Args:
        get: makes the flow that reads the resource.
        put: makes the flow that sends a body.
        change: what to merge, or a function of the target.
        wait: whether to wait until the resource is READY with the new target.
        deadline: seconds for the whole.
        interval: the first and the longest wait between polls, in seconds.
        progress: a function that is called after each poll.
        what: the name of the resource, for messages.

    Returns:
        The flow of the resource: as it was read last, or as the PUT answered it without ``wait``.

    Raises:
        InvalidRequest: the resource has no ``targetSpec``, or the change makes no sense.
        PreconditionFailed: others changed the resource again and again.
        OperationFailed: the resource, or a task of the change, ended in error.
        WaitTimeout: the resource was locked, busy or not READY at the deadline.
        APIError: the API refuses the change.
    """
    if not callable(change) and not isinstance(change, Mapping):
        raise InvalidRequest(f"change must be a mapping or a function, not {type(change).__name__}")
    plan = make_plan(
        until="done",
        failed=None,
        deadline=deadline,
        interval=interval,
        # The resource was just read.
        grace=0.0,
        progress=progress,
        what=what or "the resource",
    )
    return _update(get, put, change, plan, wait)


def _update(
    get: Callable[[], Flow[Any]],
    put: Callable[[dict[str, Any]], Flow[Any]],
    change: Mapping[str, Any] | Callable[[dict[str, Any]], Any],
    plan: Plan,
    wait: bool,
) -> Flow[Any]:
    """Read, change and send until the API takes the change; then wait as planned, if ``wait`` is true."""
    begun: Now = yield CLOCK
    conflicts, step, last = 0, plan.interval[0], False
    answer: Any = None
    resource = yield from get()
    while True:
        if _is_busy(resource):
            resource = yield from poll(_beginning_with(resource, get), _until_free(plan), begun.monotonic)
        body = _body(resource, change, plan.what)
        if body is None:
            return resource
        if wait and not is_resource(resource):
            raise InvalidRequest(f"{plan.what} has no resourceStatus to wait for; change it with wait=False")
        refusal: APIError | None = None
        try:
            answer = yield from _send(put, body)
        except (PreconditionFailed, ResourceLocked) as failure:
            refusal = failure
        if refusal is None:
            break
        now: Now = yield CLOCK
        elapsed = now.monotonic - begun.monotonic
        left = plan.deadline - elapsed
        last = last or left <= 0
        try:
            if isinstance(refusal, PreconditionFailed):
                conflicts += 1
                if conflicts > _CONFLICTS or last:
                    refusal.add_note(f"{plan.what} was changed by others each time ({conflicts}) it had been read")
                    raise refusal
            elif last:
                raise late(plan._replace(goal="unlocked"), elapsed, resource) from refusal
            asked = asked_to_wait(refusal, now.wall, plan)
        finally:
            refusal = None  # or the exception would hold this frame, which holds it
        last = yield from pause(step, left, asked)
        step = min(step * GROWTH, plan.interval[1])
        resource = yield from get()
    if wait:
        # Tasks that failed before do not belong to this change.
        known = [task.get("id") for task in tasks_of(resource, {"error"})]
        ready = plan._replace(over=partial(is_done, what=plan.what, known=known), goal="ready")
        answer = yield from poll(get, ready, begun.monotonic)
    elif answer is None:
        answer = yield from get()
    return answer


def _send(put: Callable[[dict[str, Any]], Flow[Any]], body: dict[str, Any]) -> Flow[Any]:
    """Send a body; if the API has no checksum for this model, which it says before any change, send without."""
    try:
        answer = yield from put(body)
        return answer
    except (BadParametersError, InvalidRequest) as error:
        if "checksum" not in body or not _NOT_DESCRIBED.search(error.message):
            raise
    answer = yield from put({"targetSpec": body["targetSpec"]})
    return answer


# The body of the PUT


def _body(
    resource: Any, change: Mapping[str, Any] | Callable[[dict[str, Any]], Any], what: str
) -> dict[str, Any] | None:
    """Return the body of the PUT, None if there is nothing to change."""
    target = resource.get("targetSpec") if isinstance(resource, Mapping) else None
    if not isinstance(target, Mapping):
        raise InvalidRequest(
            f"{what} has no targetSpec that could be changed; send what its PUT takes, as the API console "
            "describes it, with client.put"
        )
    before = _as_json(target)
    if callable(change):
        edited = _as_json(target)
        returned = refuse_awaitable(change(edited), "change")
        after = edited if returned is None else returned
        if not isinstance(after, Mapping):
            raise InvalidRequest(
                f"change returned a value of the type {type(after).__name__}; it must edit the target it is given, "
                "and return nothing, or return the whole new one"
            )
    else:
        if "targetSpec" in change and "targetSpec" not in before:
            raise InvalidRequest("change is merged into the targetSpec; write {'displayName': ...} without that level")
        after = _merged(before, change)
    after = _as_json(after)
    if json.dumps(before, sort_keys=True) == json.dumps(after, sort_keys=True):
        return None
    checksum = resource.get("checksum")
    return {"targetSpec": after} if checksum is None else {"targetSpec": after, "checksum": checksum}


def _as_json(value: Mapping[str, Any]) -> dict[str, Any]:
    """Return a deep copy, as the API would read it.

    Raises:
        InvalidRequest: the value cannot be written as JSON.
    """
    copied: dict[str, Any] = parse_json(json_text(dict(value), "the new targetSpec").encode("ascii"))
    return copied


def _merged(target: Any, patch: Any) -> Any:
    """Merge as the pseudocode in section 2 of RFC 7386 does; the target is left alone."""
    if not isinstance(patch, Mapping):
        return patch
    merged: dict[str, Any] = dict(target) if isinstance(target, Mapping) else {}
    for name, value in patch.items():
        if value is None:
            merged.pop(name, None)
        else:
            merged[name] = _merged(merged.get(name), value)
    return merged


# The time to send it


def _is_busy(resource: Any) -> bool:
    status = (status_of(resource) or "").upper() if is_resource(resource) else ""
    return status in _BUSY or (status == "OUT_OF_SYNC" and bool(tasks_of(resource, RUNNING)))


def _until_free(plan: Plan) -> Plan:
    """Return the plan to wait until a busy resource takes a change."""

    def over(value: Any) -> bool:
        fail_if(value, None, plan.what)
        return needed_status(value, plan.what) in _FREE and not _is_busy(value)

    return plan._replace(over=over, goal="ready to be changed")


def _beginning_with(value: Any, get: Callable[[], Flow[Any]]) -> Callable[[], Flow[Any]]:
    """Return a function that polls with ``get``, except for the first time: that answer is known already."""
    known = [value]

    def next_poll() -> Flow[Any]:
        if known:
            return known.pop()
        answer = yield from get()
        return answer

    return next_poll
