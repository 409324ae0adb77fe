"""``--wait``: what a call has begun, and where to look whether it is over."""

from __future__ import annotations

from contextlib import nullcontext
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import quote

from ..frame.clients import note
from ..output.terminal import shows_progress, told_nothing, waiting

if TYPE_CHECKING:
    from ovhcore import Client
    from ovhcore.schema import Catalogue, Operation

__all__ = ["followed", "task_path"]


def followed(client: Client, catalogue: Catalogue | None, method: str, path: str, answer: Any) -> Any:
    """Wait until what a call has begun is over; return it, or the answer if there is nothing to wait for.

    Args:
        client: what made the call.
        catalogue: what the API is known to have.
        method: of the call.
        path: of the call.
        answer: what came.

    Raises:
        OperationFailed: it has failed.
        WaitTimeout: it is not over after an hour.
    """
    path = path.partition("?")[0].rstrip("/")
    where, until = _where(client, catalogue, method, path, answer)
    if where is None:
        note("There is nothing to wait for: the answer names no task.")
        return answer
    try:
        with waiting(where) if shows_progress() else nullcontext(told_nothing) as tell:
            return client.wait(where, _until=until, _progress=tell)
    except KeyboardInterrupt:
        note(f"It goes on without being waited for; to wait again: ovhcore wait {where} --until {until}")
        raise


def _where(
    client: Client, catalogue: Catalogue | None, method: str, path: str, answer: Any
) -> tuple[str | None, Literal["done", "gone"]]:
    if client.endpoint.is_version_2(path):
        if method == "DELETE":
            return path, "gone"
        if method != "POST":
            return path, "done"
        made = answer.get("id") if isinstance(answer, dict) and "resourceStatus" in answer else None
        return (None if made is None else f"{path}/{quote(str(made), safe='')}"), "done"
    return task_path(catalogue, method, path, answer), "done"


def task_path(catalogue: Catalogue | None, method: str, path: str, answer: Any) -> str | None:
    """Return the path of the task that a call of version 1 was answered with, None if it was none.

    It is one of the same family that is answered with the same type, and knows all but its own id from the call.
    """
    operation = None if catalogue is None else catalogue.find(method, path)
    if catalogue is None or operation is None or not isinstance(answer, dict):
        return None
    known = _arguments(operation.path, path)
    for other in sorted(_alike(catalogue, operation), key=lambda each: -len(each.path)):
        *names, own = [part[1:-1] for part in other.path.split("/") if part.startswith("{")]
        name = next((each for each in (own, "taskId", "id") if isinstance(answer.get(each), (int, str))), None)
        if name is not None and all(each in known for each in names):
            found = {**known, own: quote(str(answer[name]), safe="")}
            parts = (found[part[1:-1]] if part.startswith("{") else part for part in other.path.split("/"))
            return "/".join(parts)
    return None


def _alike(catalogue: Catalogue, operation: Operation) -> list[Operation]:
    if "task" not in str(operation.answer).lower():
        return []
    operations = catalogue.family(operation.family).operations.values()
    return [
        each
        for each in operations
        if each.method == "GET" and each.answer == operation.answer and each.path.endswith("}")
    ]


def _arguments(template: str, path: str) -> dict[str, str]:
    parts = path.removeprefix("/1.0").removeprefix("/v1").split("/")
    return {name[1:-1]: value for name, value in zip(template.split("/"), parts, strict=False) if name.startswith("{")}
