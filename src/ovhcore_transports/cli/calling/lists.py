"""The objects of a list: as they come, or in a table."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Any

import click

from ..frame.clients import note
from ..output.filtering import Condition, meets
from ..output.shaping import is_list_of_ids
from ..output.terminal import counting, shows_progress, told_nothing

if TYPE_CHECKING:
    from ovhcore import Client

    from ..output.writing import Output

__all__ = ["write_every", "write_expanded"]


def write_every(
    client: Client, path: str, arguments: dict[str, Any], conditions: list[Condition], output: Output
) -> None:
    """Print every object of a list."""
    left_out = 0
    held: list[Any] = []
    progress = (
        counting(path, transient=not output.lines) if shows_progress() else nullcontext((told_nothing, click.echo))
    )
    with progress as (tell, write), client.iterate(path, _progress=tell, **arguments) as coming:
        for value in coming:
            if not meets(value, conditions):
                left_out += 1
            elif output.lines:
                write(output.line(value))
            else:
                held.append(value)
    if not output.lines:
        output.write(held, path)
    if left_out:
        note(f"The server passed over the filter; {left_out} objects that it should have left out are left out here.")


def write_expanded(client: Client, path: str, arguments: dict[str, Any], ids: Any, output: Output) -> None:
    """Print the objects of a list of ids to a person; the ids, if no objects can be had for them."""
    if not is_list_of_ids(ids):
        output.write(ids)
        return
    found = _objects(client, path, arguments)
    objects = [each for each in found if not isinstance(each, Exception)]
    if not any(isinstance(each, dict) for each in objects):
        output.write(ids)
        return
    output.write(objects, path)
    if len(found) > len(objects):
        note(f"{len(found) - len(objects)} objects could not be fetched; --ids shows all ids.")


def _objects(client: Client, path: str, arguments: dict[str, Any]) -> list[Any]:
    from ovhcore.exceptions import APIError

    try:
        with (
            _progress(path, transient=True) as (tell, _),
            client.iterate(path, _progress=tell, _errors="return", **arguments) as coming,
        ):
            return list(coming)
    except APIError:  # they are ids of nothing that can be fetched
        return []


def _progress(
    path: str, *, transient: bool
) -> AbstractContextManager[tuple[Callable[[int, int | None], None], Callable[[str], None]]]:
    return counting(path, transient=transient) if shows_progress() else nullcontext((told_nothing, click.echo))
