"""Requests that other clients' own tests send: answers of the type that the schema says, or the API's refusal.

Methods, paths and members of bodies are those of the tests of go-ovh and ovhcloud-cli. Ids that those make up are ids
that the sandbox has: ``{project}`` and so on stand for them.
"""

from __future__ import annotations

from typing import Any

import pytest

from ovhcore import schema
from ovhcore_transports.sandbox import Sandbox
from tests.sandbox.generic.everything import Caller
from tests.sandbox.generic.validating import Validators

pytestmark = pytest.mark.once

PROJECT = "/cloud/project/{project}"
RANCHER = "/v2/publicCloud/project/{project}"
REQUESTS: tuple[tuple[str, str, Any], ...] = (
    # ovhcloud-cli
    (
        "POST",
        "/me/api/oauth2/client",
        {
            "callbackUrls": ["https://example.com/callback"],
            "description": "a client",
            "flow": "AUTHORIZATION_CODE",
            "name": "client",
        },
    ),
    ("GET", f"{PROJECT}/containerRegistry", None),
    ("GET", f"{PROJECT}/containerRegistry/{{registry}}/plan", None),
    ("GET", f"{PROJECT}/region", None),
    ("GET", f"{PROJECT}/region/{{region}}", None),
    (
        "POST",
        f"{PROJECT}/database/mysql",
        {"nodesList": [{"flavor": "db1-4", "region": "DE"}], "plan": "essential", "version": "8"},
    ),
    ("GET", f"{PROJECT}/database/service/{{database}}", None),
    ("GET", f"{PROJECT}/database/mysql/{{mysql}}", None),
    (
        "PUT",
        f"{PROJECT}/database/mysql/{{mysql}}",
        {
            "backupTime": "09:10:00",
            "backups": {"regions": ["DE", "GRA"], "time": "09:10:00"},
            "deletionProtection": False,
            "description": "described",
            "disk": {"size": 80},
            "enablePrometheus": False,
            "flavor": "db1-4",
            "ipRestrictions": [],
            "maintenanceTime": "13:16:00",
            "nodeNumber": 1,
            "plan": "discovery",
            "storage": {"size": {"unit": "GB", "value": 80}},
            "version": "8",
        },
    ),
    ("GET", f"{PROJECT}/database/capabilities", None),
    ("GET", f"{PROJECT}/kube", None),
    ("GET", f"{PROJECT}/kube/{{kube}}", None),
    (
        "POST",
        f"{PROJECT}/region/{{region}}/network",
        {
            "gateway": {"model": "s", "name": "gateway"},
            "name": "network",
            "subnet": {"cidr": "10.0.0.2/24", "enableDhcp": False, "enableGatewayIp": True, "ipVersion": 4},
        },
    ),
    ("GET", f"{PROJECT}/operation/{{operation}}", None),
    ("GET", f"{PROJECT}/network/private", None),
    ("GET", f"{PROJECT}/region/{{region}}/network/{{network}}/subnet", None),
    ("GET", f"{PROJECT}/region/{{region}}/gateway?subnetId=c59a3fdc-9b0f-11f0-ac97-0050568ce122", None),
    (
        "POST",
        f"{PROJECT}/network/private/{{private}}/subnet",
        {
            "dhcp": False,
            "end": "192.168.1.24",
            "network": "192.168.1.0/24",
            "noGateway": False,
            "region": "BHS5",
            "start": "192.168.1.12",
        },
    ),
    (
        "POST",
        f"{RANCHER}/rancher",
        {"targetSpec": {"name": "rancher", "plan": "OVHCLOUD_EDITION", "version": "2.11.3"}},
    ),
    ("GET", f"{RANCHER}/reference/rancher/version", None),
    ("GET", f"{RANCHER}/reference/rancher/plan", None),
    ("GET", "/vps", None),
    ("GET", "/vps/{vps}", None),
    ("GET", "/vps/{vps}/datacenter", None),
    # go-ovh
    ("GET", "/auth/time", None),
    ("GET", "/auth/details", None),
)
LISTS = {
    "project": "/cloud/project",
    "registry": f"{PROJECT}/containerRegistry",
    "region": f"{PROJECT}/region",
    "database": f"{PROJECT}/database/service",
    "mysql": f"{PROJECT}/database/mysql",
    "kube": f"{PROJECT}/kube",
    "operation": f"{PROJECT}/operation",
    "network": f"{PROJECT}/region/{{region}}/network",
    "private": f"{PROJECT}/network/private",
    "vps": "/vps",
}


@pytest.fixture(scope="module")
def ids() -> dict[str, str]:
    caller, found = Caller(Sandbox(), schema.catalogue()), dict[str, str]()
    for name, path in LISTS.items():
        status, listed, _ = caller.call("GET", path.format(**found))
        assert status == 200, (path, listed)
        first = listed[0]
        found[name] = first["id"] if isinstance(first, dict) else first
    return found


@pytest.mark.parametrize(("method", "path", "body"), REQUESTS)
def test_requests_of_other_clients_are_answered(method: str, path: str, body: Any, ids: dict[str, str]) -> None:
    catalogue = schema.catalogue()
    caller, path = Caller(Sandbox(), catalogue), path.format(**ids)
    status, answer, _ = caller.call(method, path, body)
    assert status == 200, answer
    operation = catalogue.find(method, path.partition("?")[0])
    assert operation is not None
    if operation.path == "/auth/details":
        assert answer.pop("allowedRoutes") is None  # every route
    assert Validators(catalogue.family(operation.family)).problems(operation.answer, answer) == []


@pytest.mark.parametrize(
    ("path", "also"),
    [
        ("/cloud/project", "/v2/publicCloud/project"),
        ("/domain", "/v2/domain/name"),
        ("/hosting/web", "/v2/webhosting/resource"),
        ("/services", "/service"),
    ],
)
def test_what_two_lists_have_is_the_same(path: str, also: str) -> None:
    caller = Caller(Sandbox(), schema.catalogue())

    def ids(path: str) -> set[Any]:
        status, listed, _ = caller.call("GET", path)
        assert status == 200, listed
        return {each.get("id", each.get("name")) if isinstance(each, dict) else each for each in listed}

    assert ids(path) == ids(also)
    one = min(ids(path), key=str)
    status, _, _ = caller.call("GET", f"{also}/{one}")
    assert status == 200
    caller.call("DELETE", f"{path}/{one}")
    assert ids(path) == ids(also)


def test_what_two_lists_have_is_made_in_one() -> None:
    sandbox = Sandbox()
    sandbox.add({"/domain/example.dev": {}})
    caller = Caller(sandbox, schema.catalogue())
    assert "example.dev" in caller.call("GET", "/domain")[1]
    status, one, _ = caller.call("GET", "/v2/domain/name/example.dev")
    assert (status, one["id"]) == (200, "example.dev")


def test_a_task_in_a_list_that_has_a_route_of_its_own_goes_on() -> None:
    sandbox, server = Sandbox(task_seconds=0), "/dedicated/server/ns1.ip-192-0-2.eu"
    caller = Caller(sandbox, schema.catalogue())
    asked = {"type": "kvmipHtml5URL", "ttl": 15}
    status, task, _ = caller.call("POST", f"{server}/features/ipmi/access", asked)
    assert (status, task["status"]) == (200, "init")
    assert task["taskId"] in caller.call("GET", f"{server}/task")[1]
    assert caller.call("GET", f"{server}/task/{task['taskId']}")[1]["status"] == "done"


def test_a_body_that_needs_nothing_need_not_be_sent() -> None:
    caller = Caller(Sandbox(), schema.catalogue())
    _, cart, _ = caller.call("POST", "/order/cart", {"ovhSubsidiary": "FR"})
    status, order, _ = caller.call("POST", f"/order/cart/{cart['cartId']}/checkout")
    assert (status, type(order["orderId"])) == (200, int)
    status, refused, _ = caller.call("POST", f"/order/cart/{cart['cartId']}/domain")
    assert (status, refused["class"]) == (400, "Client::BadRequest")
