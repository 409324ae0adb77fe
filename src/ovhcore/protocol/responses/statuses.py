"""Statuses of objects: they say whether an asynchronous operation has ended, well or badly.

The API has no common model: v2 resources have a ``resourceStatus`` and tasks; each product's v1 tasks have a
``status`` or ``state`` with an enum of its own. This module lists the words of all tasks in the
API's descriptions; enums are open, so other words say nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, Final

from ...exceptions import InvalidResponse, OperationFailed
from ..redaction import redact_text

__all__ = [
    "FAILED",
    "FINISHED",
    "RESOURCE_FAILED",
    "RUNNING",
    "UNDER_WAY",
    "fail_if",
    "is_done",
    "is_resource",
    "kind_of",
    "needed_status",
    "quoted",
    "status_of",
    "tasks_of",
]

FINISHED: Final = frozenset(
    {
        "active",
        "complete",
        "completed",
        "done",
        "finished",
        "ok",
        "paid",
        "ready",
        "succeeded",
        "success",
        "successful",
    }
)
"""Words, in lower case, with which an operation ends well.

They come from the tasks in the API's descriptions and from the public cloud."""

FAILED: Final = frozenset(
    {
        "aborted",
        "canceled",
        "cancelled",
        "customererror",
        "denied",
        "error",
        "expired",
        "failed",
        "failure",
        "ovherror",
        "problem",
        "refused",
        "rejected",
        "revoke",
        "revoked",
    }
)
"""Words, in lower case, with which an operation ends badly."""

UNDER_WAY: Final = frozenset(
    {
        "blocked",
        "checkvalidity",
        "creating",
        "deleting",
        "doing",
        "in progress",
        "in_progress",
        "init",
        "out_of_sync",
        "pause",
        "paused",
        "pending",
        "received",
        "retry",
        "running",
        "scheduled",
        "started",
        "todo",
        "updating",
        "validatingbycustomers",
    }
)
"""Words, in lower case, that end no operation. An operation that waits for somebody (paused, blocked, a customer's
confirmation) can go on, so its words are here, too."""

RESOURCE_FAILED: Final = frozenset({"error", "suspended"})
"""Statuses of a v2 resource, in lower case, with which a change of it ends badly."""

RUNNING: Final = frozenset({"pending", "running", "scheduled"})
"""Statuses, in lower case, of a v2 resource's current task that is not over."""


def status_of(value: Any) -> str | None:
    """Return the word that an object has for its status; None if it has none."""
    if isinstance(value, Mapping):
        for name in ("resourceStatus", "status", "state"):
            word = value.get(name)
            if isinstance(word, str):
                return word
    return None


def is_resource(value: Any) -> bool:
    """Say whether an object is a resource of v2."""
    return isinstance(value, Mapping) and isinstance(value.get("resourceStatus"), str)


def tasks_of(value: Mapping[str, Any], statuses: Collection[str]) -> list[Mapping[str, Any]]:
    """Return the current tasks of a v2 resource that have one of some statuses, in lower case."""
    tasks = value.get("currentTasks")
    listed = tasks if isinstance(tasks, list) else []
    return [task for task in listed if isinstance(task, Mapping) and str(task.get("status")).lower() in statuses]


def kind_of(task: Mapping[str, Any]) -> str:
    """Return the type of a task, for a message."""
    kind = task.get("type")
    return _short(kind) if isinstance(kind, str) else "of no type"


def is_done(value: Any, what: str, failed: Collection[str] | None = None, known: Sequence[object] = ()) -> bool:
    """Say whether the operation on an object has ended well.

    A v2 resource is done when it is READY and none of its current tasks is PENDING, RUNNING or
    SCHEDULED. It has failed in ERROR or SUSPENDED, or when it is READY and one of its tasks is in
    ERROR. Any other object is done, or has failed, with a word of :data:`FINISHED` or :data:`FAILED`.

    Args:
        value: the object.
        what: the name of the object in messages.
        failed: words, in lower case, with which the operation ends badly; None for the default.
        known: ids of tasks that failed in other operations.

    Raises:
        OperationFailed: the operation ended badly.
        InvalidResponse: the object has no status.
    """
    word = needed_status(value, what)
    fail_if(value, failed, what)
    if not is_resource(value):
        return word in FINISHED
    if word != "ready" or tasks_of(value, RUNNING):
        return False
    if any(task.get("id") not in known for task in tasks_of(value, {"error"})):
        raise _failure(value, what)
    return True


def needed_status(value: Any, what: str) -> str:
    """Return the status of an object, in lower case.

    Raises:
        InvalidResponse: the object has none.
    """
    status = status_of(value)
    if status is None:
        raise InvalidResponse(
            f"{what} has no resourceStatus, status or state to go by (the answer is of the type "
            f"{type(value).__name__}); wait until a function of the answer says that it is over"
        )
    return status.lower()


def fail_if(value: Any, failed: Collection[str] | None, what: str) -> None:
    """Raise if the status of an object is one of some words, in lower case; None for the usual words of its kind.

    Raises:
        OperationFailed: the status is one of them.
    """
    status = status_of(value)
    if failed is None:
        failed = RESOURCE_FAILED if is_resource(value) else FAILED
    if status is not None and status.lower() in failed:
        raise _failure(value, what)


def _failure(value: Any, what: str) -> OperationFailed:
    status = status_of(value)
    told = "; ".join(list(_problems(value))[:10])
    return OperationFailed(f"{what} ended with the status {quoted(status)}{': ' if told else ''}{told}", state=status)


def _problems(value: Mapping[str, Any]) -> Iterator[str]:
    """Yield the reasons for a failure that a task, or the tasks of a resource, give."""
    yield from _messages(value)
    for task in tasks_of(value, {"error"}):
        messages = ", ".join(_messages(task))
        yield f"task {kind_of(task)} failed{': ' if messages else ''}{messages}"


def _messages(value: Mapping[str, Any]) -> list[str]:
    errors = value.get("errors")
    listed = errors if isinstance(errors, list) else []
    said = [error.get("message") for error in listed if isinstance(error, Mapping)]
    return [_short(message) for message in said if isinstance(message, str) and message]


def _short(text: str) -> str:
    text = redact_text(text)
    return text if len(text) <= 300 else text[:300] + "..."


def quoted(status: str | None) -> str:
    """Return a status in the form for messages."""
    return repr(_short(status or ""))
