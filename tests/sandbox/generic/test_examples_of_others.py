"""What the API answered once, beside what the sandbox answers: the same members, of the same kinds."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from ovhcore import schema
from ovhcore_transports.sandbox import Sandbox
from tests.sandbox.generic.everything import Caller

pytestmark = pytest.mark.once

# Members that the schema lacks, or whose names are the caller's; bodies that today's schema does not know.
CANNOT = (
    *("/order/catalog/public/eco", "/domain/{serviceName}/nameServers/update", "/service/{serviceId}/renew"),
    "/cloud/project/{serviceName}/containerRegistry/{registryID}/openIdConnect",
    "/v2/vrackServices/resource/{vrackServicesId}/task/",  # there is none at first
)
MORE = ("PUT /v2/vrackServices/resource/{vrackServicesId}",)  # whose examples answer more than they were sent
YOUNG = ("conditions", "doneDate")  # within those of a policy; of a task that is not over
OWN = {
    # What was changed was no address; and resources without tags stand beside others.
    "PUT /domain/zone/{zoneName}/record/{id}": "/domain/zone/example.com/record/1004",
    "GET /v2/iam/resource/{resourceURN}": "/v2/iam/resource/urn:v1:eu:resource:dedicatedServer:ns1.ip-192-0-2.eu",
}


def missing(recorded: Any, made: Any, place: str = "$") -> list[str]:
    """Return the places where an answer lacks what another has, or has another kind of value."""
    if isinstance(recorded, dict):
        if not isinstance(made, dict):
            return [f"{place} is no object"]
        lacks = [f"{place}.{name} is absent" for name in recorded.keys() - made.keys() - set(YOUNG)]
        both = recorded.keys() & made.keys()
        return lacks + [each for name in both for each in missing(recorded[name], made[name], f"{place}.{name}")]
    if isinstance(recorded, list):
        if not isinstance(made, list):
            return [f"{place} is no list"]
        return missing(recorded[0], made[0], f"{place}[0]") if recorded and made else []
    if recorded is None or (isinstance(recorded, (int, float)) and isinstance(made, (int, float))):
        return []
    return [] if type(recorded) is type(made) else [f"{place} is {type(made)}"]


def test_answers_have_the_members_of_recorded_ones(shared_data: Path) -> None:
    catalogue, found, count = schema.catalogue(), list[str](), Counter[str]()
    rows = map(json.loads, (shared_data / "examples.jsonl").read_text("utf-8").splitlines())
    sandbox = Sandbox()
    caller = Caller(sandbox, catalogue)
    for row in rows:
        wanted = row["kind"] in ("recorded", "example") and row["status"] == 200 and row.get("shape_known", True)
        operation = catalogue.find(row["method"], row["path"]) if wanted and not row.get("batch") else None
        if operation is None or row["path"].startswith(("/auth", *CANNOT)) or str(operation) in MORE:
            count["left out"] += wanted
            continue
        body = row["request"] if isinstance(row["request"], (dict, list)) else caller.body(operation)
        path = OWN.get(str(operation)) or caller.path(operation)
        status, answer, _ = caller.call(row["method"], path + caller.query(operation), body)
        problems = [str(answer)] if status != 200 else missing(row["response"], answer)
        if problems:
            found.append(f"{operation}: {problems}")
        count["compared"] += 1
        if row["method"] != "GET":
            sandbox.reset()
            caller.renew()
    assert found == []
    assert count["compared"] > 40
