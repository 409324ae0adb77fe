from __future__ import annotations

import json
from typing import Any

import pytest

import ovhcore as ovh
from ovhcore_transports.sandbox import ACCESS_KEYS, Sandbox, SandboxTransport

pytestmark = pytest.mark.once


@pytest.fixture
def client() -> ovh.Client:
    return ovh.Client("ovh-eu", transport=SandboxTransport(), **ACCESS_KEYS)


def test_me(client: ovh.Client) -> None:
    assert client.put("/me", firstname="Grace") is None
    assert client.get("/me")["firstname"] == "Grace"
    assert client.call("PUT", "/me") is None
    with pytest.raises(ovh.BadParametersError, match="must be an object"):
        client.call("PUT", "/me", [])
    with pytest.raises(ovh.BadParametersError, match=r"\[firstname\] is required and must be a str"):
        client.put("/me", firstname=1)


def test_bills(client: ovh.Client) -> None:
    assert len(client.get("/me/bill")) == 4
    assert client.get("/me/bill", **{"date.from": "2026-01-01", "date.to": "2026-03-31"}) == [
        "FR54100002",
        "FR54100003",
    ]
    (bill_id,) = client.get("/me/bill", orderId=154100004)
    assert client.get("/me/bill/{billId}", billId=bill_id)["priceWithTax"]["value"] == 154.8
    with pytest.raises(ovh.ResourceNotFoundError, match=r"billId = no"):
        client.get("/me/bill/no")


def test_servers_and_burst(client: ovh.Client) -> None:
    first = client.get("/dedicated/server")[0]
    assert client.get("/dedicated/server/{serviceName}", serviceName=first)["datacenter"] == "sbg1"
    path = "/dedicated/server/{serviceName}/burst"
    assert client.put(path, serviceName=first, status="active") is None
    assert client.get(path, serviceName=first) == {
        "capacity": {"unit": "Mbps", "value": 1000},
        "status": "active",
    }
    with pytest.raises(ovh.BadParametersError, match="enum"):
        client.put(path, serviceName=first, status="on fire")
    with pytest.raises(ovh.BadParametersError, match="required"):
        client.call("PUT", f"/dedicated/server/{first}/burst")
    with pytest.raises(ovh.ResourceNotFoundError):
        client.get(path, serviceName="none")


def test_instances(client: ovh.Client) -> None:
    instances = client.get("/instance")
    assert client.get("/instance/{instanceId}", instanceId=instances[0]["instanceId"])["name"] == "web-1"
    (project,) = client.get("/cloud/project")
    path = "/cloud/project/{serviceName}/instance"
    assert [instance["id"] for instance in client.get(path, serviceName=project)] == [
        instance["instanceId"] for instance in instances
    ]
    (far,) = client.get(path, serviceName=project, region="SBG-1")
    assert (far["name"], far["ipAddresses"][0]["ip"]) == ("batch", "198.51.100.3")


def test_zone(client: ovh.Client) -> None:
    assert client.get("/domain/zone") == ["example.com"]
    records = "/domain/zone/{zoneName}/record"
    zone: dict[str, Any] = {"zoneName": "example.com"}
    assert client.get(records, **zone, fieldType="A", subDomain="www") == [1002]
    made = client.post(records, **zone, fieldType="TXT", subDomain="é", target="x")
    one: dict[str, Any] = {**zone, "id": made["id"]}
    assert client.put(records + "/{id}", **one, ttl=60, target="y") is None
    assert client.get(records + "/{id}", **one) == {**made, "ttl": 60, "target": '"y"'}
    assert client.call("PUT", f"/domain/zone/example.com/record/{made['id']}") is None
    assert client.delete(records + "/{id}", **one) is None
    with pytest.raises(ovh.ResourceNotFoundError):
        client.get(records + "/{id}", **one)
    assert client.post("/domain/zone/{zoneName}/refresh", **zone) is None
    with pytest.raises(ovh.ResourceNotFoundError, match="This service does not exist"):
        client.get(records, zoneName="example.org")


def test_a_slash_at_the_end_changes_nothing(client: ovh.Client) -> None:
    assert client.get("/dedicated/server/") == client.get("/dedicated/server")
    assert client.get("/me/")["firstname"] == "Ada"


def test_bodies_that_a_call_does_not_describe(client: ovh.Client) -> None:
    with pytest.raises(ovh.BadParametersError, match=r"Received not described parameters: \(a, b\)"):
        client.post("/domain/zone/{zoneName}/record", zoneName="example.com", fieldType="A", target="x", a=1, b=2)
    with pytest.raises(ovh.BadParametersError, match="input body while none was expected"):
        client.call("POST", "/domain/zone/example.com/refresh", {})
    with pytest.raises(ovh.BadParametersError, match="must be an object"):
        client.call("POST", "/domain/zone/example.com/record", ["A"])


def test_what_is_not_imitated(client: ovh.Client) -> None:
    with pytest.raises(ovh.ResourceNotFoundError, match=r"invalid \(or empty\) URL") as caught:
        client.get("/emails/domains")
    told = caught.value.details["sandbox"]
    assert told.startswith("GET /emails/domains is not among the calls that the sandbox")
    assert "GET / lists" in told
    assert (caught.value.hint or "").startswith(told)
    with pytest.raises(ovh.ResourceNotFoundError) as caught:
        client.delete("/vps")
    assert caught.value.details["sandbox"].endswith("its catalogue has GET for this path")
    with pytest.raises(ovh.ResourceNotFoundError) as caught:
        ovh.Client("http://127.0.0.1:1", transport=SandboxTransport(), **ACCESS_KEYS).get("/me")
    assert caught.value.details["sandbox"].startswith("GET /me is not among")


def test_policies_come_in_pages(client: ovh.Client) -> None:
    assert len(client.get("/v2/iam/policy")) == 7
    response = client.raw_call("GET", "/v2/iam/policy", headers={"X-Pagination-Size": "4"})
    assert len(json.loads(response.body)) == 4
    cursor = response.headers["X-Pagination-Cursor-Next"]
    rest = client.raw_call("GET", "/v2/iam/policy", headers={"X-Pagination-Size": "4", "X-Pagination-Cursor": cursor})
    assert len(json.loads(rest.body)) == 3
    assert "X-Pagination-Cursor-Next" not in rest.headers
    for size in ("0", "many"):
        with pytest.raises(ovh.BadParametersError):
            client.get("/v2/iam/policy", _headers={"X-Pagination-Size": size})


def test_states_are_separate() -> None:
    one, other = Sandbox(), Sandbox()
    one.resources["me"]["firstname"] = "Grace"
    assert other.resources["me"]["firstname"] == "Ada"
