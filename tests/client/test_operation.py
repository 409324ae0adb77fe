"""What a client knows of an operation, and that an heir may have its own."""

from __future__ import annotations

from typing import Any

import pytest

import ovhcore as ovh
from ovhcore.protocol.messages import Response
from tests.worlds import Scripted


@pytest.mark.parametrize("kind", [ovh.Client, ovh.AsyncClient])
def test_operations(kind: Any, tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    client = kind("ovh-ca")
    assert str(client.operation("GET", "/me/bill/FR1").answer) == "billing.Bill"
    assert client.operation("get", "/me/bill/{id}") is client.operation("GET", "/1.0/me/bill/{billId}")
    with pytest.raises(ovh.InvalidRequest, match=r"did you mean /me/bill/\{billId\}"):
        client.operation("GET", "/me/bills/{billId}")


def test_an_heir_may_have_its_own() -> None:
    class Heir(ovh.Client):
        operation: Any = "mine"

    client = Heir("ovh-eu", transport=Scripted(lambda request: Response(404, {"X-OVH-QUERYID": "q"}, b"{}")))
    with pytest.raises(ovh.ResourceNotFoundError):
        client.get("/mee", False)
    assert client.operation == "mine"
