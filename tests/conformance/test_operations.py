"""Every operation of the API's own descriptions, on every transport: what a socket receives is what was signed."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from ovhcore.plugins import TransportSettings
from ovhcore.protocol.messages import Timeout
from ovhcore.testing import WireServer
from ovhcore.testing.driving import driving
from tests.conformance.transports import PLACES, made
from tests.profiles import THOROUGH
from tests.test_wire import KEYS, check_signed

pytestmark = pytest.mark.once

STEP = 1 if THOROUGH else 40


def operations(file: Path) -> Iterator[tuple[str, str, str, dict[str, Any]]]:
    """Yield method, server path, template and operation of an OpenAPI document."""
    document = json.loads(file.read_text("utf-8"))
    base = re.sub(r"^https?://[^/]+", "", document["servers"][0]["url"]).rstrip("/")
    for template, item in document["paths"].items():
        for method, operation in item.items():
            if method in ("get", "post", "put", "delete", "patch"):
                operation["parameters"] = [*item.get("parameters", []), *operation.get("parameters", [])]
                yield method.upper(), base, template, operation


def example(schema: dict[str, Any]) -> Any:
    """Return a value for a parameter, a nasty one where the schema allows it."""
    if "example" in schema:
        return schema["example"]
    if schema.get("enum"):
        return schema["enum"][0]
    kind = schema.get("type")
    if kind == "array":
        return [example(schema.get("items", {})), example(schema.get("items", {}))]
    return {"integer": 2**60 + 1, "number": 1.5, "boolean": True}.get(str(kind), "1.2.3.0/24 é'[x]")


@pytest.mark.parametrize("place", PLACES.values(), ids=PLACES)
def test_every_operation_of_the_api(place: str, shared_data: Path) -> None:
    found = [each for file in sorted((shared_data / "openapi").glob("*.json")) for each in operations(file)]
    assert len(found) > 1000
    with WireServer() as server, driving("asyncio") as drive:
        transport = drive(made(place, TransportSettings(Timeout(60, 60), "none")))
        client = transport.client(server.url, time_sync="off", **KEYS)
        for method, base, template, operation in found[::STEP]:
            server.received.clear()
            names = re.findall(r"\{([^}]+)\}", template)
            schemas = {p["name"]: p.get("schema", {}) for p in operation["parameters"] if "name" in p}
            arguments = {name: example(schemas.get(name, {})) for name in names}
            if method in ("GET", "DELETE"):
                arguments |= {
                    p["name"]: example(p.get("schema", {})) for p in operation["parameters"] if p.get("in") == "query"
                }
            if method == "PATCH":
                transport.run(client.call, method, re.sub(r"\{[^}]+\}", "x", base + template), {"a": 1})
            else:
                more = {} if method in ("GET", "DELETE") else {"description": "é"}
                transport.run(partial(getattr(client, method.lower()), base + template, **arguments, **more))
            (received,) = server.received
            check_signed(server, received)
            assert received.target.count("/") == (base + template).count("/")
