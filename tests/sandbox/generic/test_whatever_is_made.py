"""What a POST makes in any family can be listed, read, changed and deleted; nothing of it is left."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest

from ovhcore import schema
from ovhcore.schema import Array, Family, Model, Operation
from ovhcore_transports.sandbox import Sandbox
from ovhcore_transports.sandbox.generic.api_shape import id_member
from tests.sandbox.generic.everything import Caller

pytestmark = pytest.mark.once

CATALOGUE = schema.catalogue()


def made_in(family: Family) -> list[tuple[Operation, str]]:
    """Return what makes objects of a list, each with the path of one of these."""
    found: list[tuple[Operation, str]] = []
    for each in family.operations.values():
        read = family.operations.get(f"GET {each.path}")
        if each.method != "POST" or read is None or not isinstance(read.answer, Array):
            continue
        items = [
            one.path
            for one in family.operations.values()
            if one.method == "GET" and one.path.rpartition("/")[0] == each.path and one.path.endswith("}")
        ]
        found += [(each, item) for item in items[:1]]
    return found


def life_of(operation: Operation, item: str, family: Family) -> str | None:
    """Make an object, and return what goes wrong until it is gone; None where the least body is refused."""
    caller = Caller(Sandbox(task_seconds=0), CATALOGUE)
    operations = family.operations
    path, listing = caller.path(operation), operations[f"GET {operation.path}"]
    every = path + caller.query(listing)
    before = caller.call("GET", every)[1]
    status, answer, fields = caller.call("POST", path + caller.query(operation), caller.body(operation))
    if status in (400, 404, 409):
        return None
    if status != 200 or fields["X-Ovhcore-Sandbox"] != "kept":
        return f"made: {status} {answer}"
    new = [each for each in caller.call("GET", every)[1] if each not in before]
    if len(new) != 1:
        return f"listed: {new}"
    own_id: Any = new[0]
    if isinstance(own_id, dict):
        assert isinstance(listing.answer, Array)
        model = family.model(str(listing.answer.item))
        assert isinstance(model, Model)
        own_id = own_id[id_member(model, item, item.rpartition("{")[2][:-1]) or ""]
    one = f"{path}/{quote(str(own_id), safe='')}"
    for method in ("GET", "PUT", "DELETE"):
        known = operations.get(f"{method} {item}")
        if known is not None:
            status, answer, _ = caller.call(method, one + caller.query(known), caller.body(known))
            if status != 200:
                return f"{method}: {status} {answer}"
            if method == "DELETE":
                after = caller.call("GET", one + caller.query(operations[f"GET {item}"]))[0]
                left = len(caller.call("GET", every)[1])
                return "" if (after, left) == (404, len(before)) else f"left: {after}, {left}"
    return ""


@pytest.mark.untraced
def test_what_is_made_lives_and_ends() -> None:
    lives = {
        str(operation): life_of(operation, item, family)
        for family in map(CATALOGUE.family, CATALOGUE.families())
        for operation, item in made_in(family)
    }
    assert {name: problem for name, problem in lives.items() if problem} == {}
    refused = [name for name, problem in lives.items() if problem is None]
    assert len(lives) > 400
    assert len(refused) < 20, refused
