"""State by the shape of paths, refusals, tasks, and that the sandbox says what it is."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

import ovhcore as ovh
from ovhcore import schema
from ovhcore.protocol import Request
from ovhcore.schema.files.store import catalogue as catalogue_of
from ovhcore_transports.sandbox import ACCESS_KEYS, Sandbox, SandboxTransport
from ovhcore_transports.sandbox.families import resources
from ovhcore_transports.sandbox.routes import listing
from ovhcore_transports.sandbox.routes.table import find_special
from tests.profiles import FULL
from tests.sandbox.generic.everything import NOW, Caller

pytestmark = pytest.mark.once

CATALOGUE = schema.catalogue()
TEXT_ID = "00000000-0000-4000-8000-00000000000a"


def refused(client: ovh.Client, status: int, method: str, path: str, body: Any = None) -> ovh.APIError:
    with pytest.raises(ovh.APIError) as caught:
        client.call(method, path, body)
    assert caught.value.status == status
    return caught.value


def test_what_is_made_can_be_read_listed_changed_and_deleted(client: ovh.Client) -> None:
    farms = f"/ipLoadbalancing/{client.get('/ipLoadbalancing')[0]}/http/farm"
    before = client.get(farms)
    made = client.post(farms, zone="gra", displayName="mine", port=8080)
    one = f"{farms}/{made['farmId']}"
    assert (made["displayName"], made["port"]) == ("mine", 8080)
    assert client.get(farms) == [*before, made["farmId"]]
    assert client.get(one) == made
    assert client.put(one, displayName="yours") is None
    assert client.get(one) == {**made, "displayName": "yours"}
    inner = client.post(f"{one}/server", address="192.0.2.7", status="active")
    assert client.get(f"{one}/server/{inner['serverId']}")["address"] == "192.0.2.7"
    assert client.delete(one) is None
    assert client.get(farms) == before
    for path in (one, f"{one}/server/{inner['serverId']}"):
        assert "does not exist" in str(refused(client, 404, "GET", path))
    # So can what was there at first.
    client.put(f"{farms}/{before[0]}", port=443)
    assert client.get(f"{farms}/{before[0]}")["port"] == 443
    client.delete(f"{farms}/{before[0]}")
    assert client.get(farms) == before[1:]


def test_names_are_ids_and_taken_once(client: ovh.Client) -> None:
    key = {"keyName": "new", "key": "ssh-ed25519 AAAA me"}
    assert client.call("POST", "/me/sshKey", key) is None
    assert "new" in client.get("/me/sshKey")
    assert client.get("/me/sshKey/new")["key"] == key["key"]
    refused(client, 409, "POST", "/me/sshKey", key)
    refused(client, 400, "POST", "/me/sshKey", {"keyName": "other", "key": "nonsense"})


def test_single_objects_can_be_changed_deleted_and_made(client: ovh.Client) -> None:
    soa = "/domain/zone/example.com/soa"
    client.call("PUT", soa, {**client.get(soa), "ttl": 7200})
    assert client.get(soa)["ttl"] == 7200
    refused(client, 400, "PUT", soa, {**client.get(soa), "ttl": 30})
    snapshot = f"/vps/{client.get('/vps')[0]}/snapshot"
    client.delete(snapshot)
    refused(client, 404, "GET", snapshot)


def test_lists_are_narrowed_and_come_in_each_way(client: ovh.Client) -> None:
    project = client.get("/cloud/project")[0]
    made = client.post(
        "/domain/zone/example.com/redirection", subDomain="old", target="https://example.org", type="visible"
    )
    assert client.get("/domain/zone/example.com/redirection", subDomain="old") == [made["id"]]
    fields = {"X-Pagination-Mode": "CachedObjectList-Pages", "X-Pagination-Size": "1"}
    (first,) = client.get("/vps", _headers=fields)
    assert first == client.get(f"/vps/{first['name']}")
    batch = client.get(f"/vps/{first['name']},none", _headers={"X-Ovh-Batch": ","})
    assert [each["error"] is None for each in batch] == [True, False]
    for volume in client.get(f"/cloud/project/{project}/volume"):
        assert client.get(f"/cloud/project/{project}/volume/{volume['id']}")["id"] == volume["id"]


def test_actions_have_effects_that_take_their_time(client: ovh.Client, transport: SandboxTransport) -> None:
    vps = f"/vps/{client.get('/vps')[0]}"
    task = client.post(f"{vps}/reboot")
    assert client.get(vps)["state"] == "rebooting"
    assert "Busy" in str(refused(client, 403, "POST", f"{vps}/stop").error_class)
    assert client.get(f"{vps}/tasks/{task['id']}")["state"] == "todo"
    transport.sleep(30)
    assert client.get(f"{vps}/tasks/{task['id']}")["state"] == "doing"
    transport.sleep(31)
    assert client.get(vps)["state"] == "running"
    assert client.get(f"{vps}/tasks/{task['id']}")["state"] == "done"
    refused(client, 409, "POST", f"{vps}/start")
    transport.sandbox.failing_tasks = True
    failed = client.post(f"{vps}/stop")
    transport.sleep(61)
    assert client.get(f"{vps}/tasks/{failed['id']}")["state"] in ("error", "blocked", "todo")


def test_instances_become_active(client: ovh.Client, transport: SandboxTransport) -> None:
    path = f"/cloud/project/{client.get('/cloud/project')[0]}/instance"
    body = {"name": "new", "region": "GRA11", "flavorId": TEXT_ID, "imageId": TEXT_ID}
    made = client.call("POST", path, body)
    assert (made["name"], made["status"]) == ("new", "BUILD")
    transport.sleep(61)
    assert client.get(f"{path}/{made['id']}")["status"] == "ACTIVE"
    assert made["id"] in [each["id"] for each in client.get(path)]
    client.delete(f"{path}/{made['id']}")
    assert made["id"] not in [each["id"] for each in client.get(path)]


def test_resources_of_version_2_become_what_they_are_to_be(client: ovh.Client, transport: SandboxTransport) -> None:
    path = f"/v2/zimbra/platform/{client.get('/v2/zimbra/platform')[0]['id']}/organization"
    made = client.call("POST", path, {"targetSpec": {"name": "new", "label": "n"}})
    one = f"{path}/{made['id']}"
    assert made["resourceStatus"] == "CREATING"
    refused(client, 423, "PUT", one, {"targetSpec": {"name": "newer"}})
    transport.sleep(61)
    ready = client.get(one)
    assert (ready["resourceStatus"], ready["currentState"]["name"]) == ("READY", "new")
    refused(client, 412, "PUT", one, {"checksum": "0" * 32, "targetSpec": {"name": "newer"}})
    client.call("PUT", one, {"checksum": ready["checksum"], "targetSpec": {"name": "newer"}})
    transport.sleep(61)
    assert client.get(one)["currentState"]["name"] == "newer"
    client.delete(one)
    transport.sleep(61)
    refused(client, 404, "GET", one)
    transport.sandbox.failing_tasks = True
    failed = client.call("POST", path, {"targetSpec": {"name": "new", "label": "n"}})
    transport.sleep(61)
    assert client.get(f"{path}/{failed['id']}")["resourceStatus"] == "ERROR"


@pytest.mark.parametrize(
    ("method", "path", "body", "said"),
    [
        ("POST", "/me/sshKey", {"keyName": "a"}, "[key] is missing"),
        ("POST", "/me/sshKey", {"keyName": 1, "key": "k"}, "[keyName] is a number"),
        ("POST", "/me/sshKey", {"keyName": "a", "key": "k", "b": 1}, "not described parameters: (b)"),
        ("POST", "/me/sshKey", ["a"], "must be an object"),
        ("POST", "/vps/vps-1a2b3c4d.vps.ovh.net/reboot", {}, "input body while none was expected"),
        ("PUT", "/vps/vps-1a2b3c4d.vps.ovh.net", {"state": "stopped"}, "read-only"),
        ("PUT", "/vps/vps-1a2b3c4d.vps.ovh.net", {"keymap": "xx"}, "does not belong to the vps.VpsKeymapEnum"),
        ("GET", "/vps?nothing=1", None, "not described parameters: (nothing)"),
        ("GET", "/vps/vps-1a2b3c4d.vps.ovh.net/tasks?state=lost", None, "does not belong to the vps.TaskStateEnum"),
        ("GET", "/vps/vps-1a2b3c4d.vps.ovh.net/tasks/many", None, "[id] Given data (many) is not valid for type long"),
        ("GET", "/me?nothing=1", None, "not described parameters: (nothing)"),
        ("GET", "/me/bill?orderid=1", None, "not described parameters: (orderid)"),
        ("POST", "/domain/zone/example.com/refresh?now=1", None, "not described parameters: (now)"),
        ("PUT", "/me", {"nothing": 1}, "not described parameters: (nothing)"),
        ("PUT", "/me", {"nichandle": "zz1-ovh"}, "read-only"),
        ("GET", "/dedicated/server/ns1.ip-192-0-2.eu/task?status=lost", None, "dedicated.TaskStatusEnum"),
        ("POST", "/ip/192.0.2.10%2F32/firewall", {"ipOnFirewall": "all"}, "not valid for type ipv4"),
    ],
)
def test_calls_that_are_not_described_are_refused(
    client: ovh.Client, method: str, path: str, body: Any, said: str
) -> None:
    error = refused(client, 400, method, path, body)
    assert said in str(error)
    assert error.error_class == "Client::BadRequest"


@pytest.mark.parametrize(
    ("record", "status", "said"),
    [
        ({"fieldType": "AA", "target": "192.0.2.1"}, 400, "does not belong"),
        ({"fieldType": "A", "target": "example.org"}, 400, "no IPv4 address"),
        ({"fieldType": "AAAA", "target": "192.0.2.1"}, 400, "no IPv6 address"),
        ({"fieldType": "A", "target": "192.0.2.1", "ttl": 30}, 400, "Invalid TTL 30"),
        ({"fieldType": "A", "target": "192.0.2.1", "ttl": "x"}, 400, "[ttl]"),
        ({"fieldType": "A", "target": "192.0.2.1", "subDomain": "a b"}, 400, "Invalid subdomain"),
        ({"fieldType": "CNAME", "target": "example.org.", "subDomain": "www"}, 409, "beside others"),
        ({"fieldType": "CNAME", "target": "example.org."}, 400, "root of a zone"),
        ({"fieldType": "CNAME", "target": "a b", "subDomain": "x"}, 400, "no name"),
        ({"fieldType": "MX", "target": "mail.example.com."}, 400, "Invalid target for MX"),
        ({"fieldType": "TXT", "target": " "}, 400, "must not be empty"),
        ({"fieldType": "TXT", "target": '"open'}, 400, "not closed"),
        ({"fieldType": "TXT", "target": '"one" ' + "more" * 900 + '"'}, 400, "not closed"),
        ({"fieldType": "MX", "target": "65536 mail.example.com."}, 400, "more than 65535"),
        ({"fieldType": "SRV", "target": "1 2 65536 x.example.com.", "subDomain": "_x._tcp"}, 400, "more than 65535"),
        ({"fieldType": "CAA", "target": '256 issue "example.com"'}, 400, "more than 255"),
        ({"fieldType": "CNAME", "target": "192.0.2.1", "subDomain": "x"}, 400, "is an address"),
        ({"fieldType": "MX", "target": "10 192.0.2.1"}, 400, "is an address"),
        ({"fieldType": "A", "target": "192.0.2.1", "subDomain": "-a"}, 400, "Invalid subdomain"),
        ({"fieldType": "A", "target": "192.0.2.1", "subDomain": "a.*"}, 400, "Invalid subdomain"),
        ({"fieldType": "A", "target": "192.0.2.10", "subDomain": "www"}, 409, "already exists"),
    ],
)
def test_records_that_dns_does_not_allow(client: ovh.Client, record: Any, status: int, said: str) -> None:
    before = client.get("/domain/zone/example.com/record")
    assert said in str(refused(client, status, "POST", "/domain/zone/example.com/record", record))
    assert client.get("/domain/zone/example.com/record") == before


def test_a_zone_is_exported_with_its_records(client: ovh.Client) -> None:
    client.post("/domain/zone/example.com/record", fieldType="TXT", subDomain="t", target='say "hi"', ttl=60)
    client.post("/domain/zone/example.com/record", fieldType="TXT", subDomain="u", target='"two" strings', ttl=60)
    assert 't\t60 IN TXT\t"say \\"hi\\""' in client.get("/domain/zone/example.com/export")


def test_an_sms_costs_credits(client: ovh.Client) -> None:
    account = "/sms/sms-ab1234-1"
    before = client.get(account)["creditsLeft"]
    report = client.post(f"{account}/jobs", message="hello", receivers=["+33612345678", "nobody"])
    assert (report["validReceivers"], report["invalidReceivers"]) == (["+33612345678"], ["nobody"])
    assert client.get(account)["creditsLeft"] == before - 1


def test_an_sms_that_is_too_dear_or_paid_by_nobody(client: ovh.Client) -> None:
    account = "/sms/sms-ab1234-1"
    many = ["+33612345678"] * 501
    assert "Not enough credits" in str(
        refused(client, 403, "POST", f"{account}/jobs", {"message": "hello", "receivers": many})
    )
    assert client.get(account)["creditsLeft"] == 500


def test_the_default_payment_method_stays(client: ovh.Client) -> None:
    methods = "/me/payment/method"
    for each in client.get(methods):
        path, default = f"{methods}/{each}", client.get(f"{methods}/{each}")["default"]
        if default:
            refused(client, 409, "DELETE", path)
        else:
            client.delete(path)
        assert (each in client.get(methods)) == default


def test_a_reverse_is_a_full_name(client: ovh.Client) -> None:
    reverses = "/ip/192.0.2.10%2F32/reverse"
    refused(client, 400, "POST", reverses, {"ipReverse": "192.0.2.10", "reverse": "server"})
    made = client.post(reverses, ipReverse="192.0.2.10", reverse="server.example.com")
    assert made["reverse"] == "server.example.com."
    client.delete(f"{reverses}/192.0.2.10")
    dotted = client.post(reverses, ipReverse="192.0.2.10", reverse="server.example.com.")
    assert dotted["reverse"] == made["reverse"]


def test_what_is_busy_is_neither_changed_nor_stopped(client: ovh.Client, transport: SandboxTransport) -> None:
    kubes = f"/cloud/project/{client.get('/cloud/project')[0]}/kube"
    made = client.post(kubes, region="GRA11", name="new")
    assert made["status"] == "INSTALLING"
    refused(client, 403, "PUT", f"{kubes}/{made['id']}", {"name": "newer"})
    transport.sleep(61)
    client.put(f"{kubes}/{made['id']}", name="newer")
    assert client.get(f"{kubes}/{made['id']}")["name"] == "newer"


def test_actions_take_what_the_body_says(client: ovh.Client, transport: SandboxTransport) -> None:
    volumes = f"/cloud/project/{client.get('/cloud/project')[0]}/volume"
    one = f"{volumes}/{client.get(volumes)[0]['id']}"
    client.post(f"{one}/upsize", size=2077)
    assert client.get(one)["size"] == 2077
    transport.sleep(61)
    assert client.get(one)["status"] == "available"
    tasks = "/domain/zone/example.com/task"
    task = f"{tasks}/{client.get(tasks)[0]}"
    said = refused(client, 409, "POST", f"{task}/cancel")
    assert "has to be todo" in str(said)


def test_what_a_checksum_looks_like(client: ovh.Client) -> None:
    path = f"/v2/zimbra/platform/{client.get('/v2/zimbra/platform')[0]['id']}/organization"
    one = f"{path}/{client.get(path)[0]['id']}"
    refused(client, 400, "PUT", one, {"checksum": "x", "targetSpec": {"name": "newer"}})


def test_families_add_to_what_has_routes_of_its_own(client: ovh.Client, transport: SandboxTransport) -> None:
    server = "/dedicated/server/ns1.ip-192-0-2.eu"
    before = client.get(f"{server}/task")
    made = client.post(f"{server}/reinstall", operatingSystem="debian12_64")
    assert client.get(f"{server}/task") == [*before, made["taskId"]]
    transport.sleep(5)
    assert client.get(f"{server}/task/{made['taskId']}")["status"] == made["status"]
    client.put(server, state="hacked")
    assert client.get(server)["state"] == "hacked"
    assert {each["name"]: each["state"] for each in client.iterate("/dedicated/server", _mode="pages")}[
        "ns1.ip-192-0-2.eu"
    ] == "hacked"
    assert isinstance(client.get("/dedicated/server/availabilities", country="FR"), list)


def test_an_address_is_moved_and_parked(client: ovh.Client, transport: SandboxTransport) -> None:
    path = "/ip/192.0.2.10%2F32"
    task = client.post(f"{path}/move", to="ns3.ip-192-0-2.eu")
    assert task["taskId"] in client.get(f"{path}/task")
    transport.sleep(61)
    assert client.get(path)["routedTo"]["serviceName"] == "ns3.ip-192-0-2.eu"
    client.post(f"{path}/park")
    transport.sleep(61)
    assert "routedTo" not in client.get(path)


def test_a_zone_is_signed_and_no_longer(client: ovh.Client, transport: SandboxTransport) -> None:
    dnssec = "/domain/zone/example.com/dnssec"
    refused(client, 409, "DELETE", dnssec)
    seen = []
    for method in ("POST", "DELETE"):
        client.call(method, dnssec)
        seen.append(client.get(dnssec)["status"])
        transport.sleep(61)
        seen.append(client.get(dnssec)["status"])
    assert seen == ["enableInProgress", "enabled", "disableInProgress", "disabled"]


def test_tags_of_resources(client: ovh.Client) -> None:
    (first, *_) = client.get("/v2/iam/resource")
    path = "/v2/iam/resource/" + quote(first["urn"], safe="")
    client.post(f"{path}/tag", key="mine", value="web")
    assert client.get(path)["tags"] == {**first["tags"], "mine": "web"}
    assert client.get("/v2/iam/resource")[0]["tags"]["mine"] == "web"
    client.delete(f"{path}/tag/mine")
    assert client.get(path)["tags"] == first["tags"]
    refused(client, 404, "DELETE", f"{path}/tag/mine")


def test_ids_are_made_as_a_table_says(client: ovh.Client) -> None:
    databases = "/hosting/web/example.com/database"
    before = client.get(databases)
    client.post(databases, capabilitie="sqlPerso", user="ada", type="mysql")
    (made,) = client.get(databases)[len(before) :]
    assert made == f"example{len(before) + 1}"


def test_a_task_can_be_cancelled_before_it_begins(client: ovh.Client) -> None:
    zone = "/domain/zone/example.com"
    task = client.post(f"{zone}/import", zoneFile="$TTL 3600")
    assert client.get(f"{zone}/task/{task['id']}")["status"] == "todo"
    client.post(f"{zone}/task/{task['id']}/cancel")
    assert client.get(f"{zone}/task/{task['id']}")["status"] == "cancelled"


@pytest.mark.parametrize("bound", ["_MOST_LISTS", "_MOST_OBJECTS"])
def test_lists_that_are_kept_expanded_are_bounded(
    bound: str, client: ovh.Client, transport: SandboxTransport, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listing, bound, 1)
    fields = {"X-Pagination-Mode": "CachedObjectList-Pages", "X-Pagination-Size": "1"}
    first = client.get("/vps", _headers=fields)
    assert client.get("/sms", _headers=fields)
    assert client.get("/vps", _headers=fields) == first
    assert len(transport.sandbox._state.expanded) == 1


def test_it_says_that_it_is_the_sandbox(transport: SandboxTransport, client: ovh.Client) -> None:
    said = [client.raw_call(method, path).headers["X-Ovhcore-Sandbox"] for method, path in SAID]
    assert said == ["made-up", "no-effect", "kept"]
    foreign = ovh.Client("ovh-eu", transport=transport, application_key="a", application_secret="b", consumer_key="c")
    with pytest.raises(ovh.InvalidKey) as caught:
        foreign.get("/me")
    assert "sandbox" in (caught.value.hint or "")
    root = transport.sandbox.handle(Request("GET", "https://sandbox.test/", {}, b""), NOW)
    assert "/vps" in json.loads(root.body)["families"]


SAID = (
    ("GET", "/vps"),
    ("POST", "/vps/vps-1a2b3c4d.vps.ovh.net/getConsoleUrl"),
    ("POST", "/vps/vps-1a2b3c4d.vps.ovh.net/reboot"),
)


@pytest.mark.parametrize("method", ["get", "Get", "HEAD", "PATCH", "OPTIONS", "FOO"])
@pytest.mark.parametrize("path", ["/vps", "/me", "/domain/zone/example.com/record"])
def test_methods_that_a_path_lacks(transport: SandboxTransport, method: str, path: str) -> None:
    caller = Caller(transport.sandbox, CATALOGUE)
    status, answer, _ = caller.call(method, path)
    assert (status, answer["class"]) == (404, "Client::NotFound")
    assert "GET" in answer["details"]["sandbox"]


def test_schemas_can_be_fetched_from_it(client: ovh.Client, tmp_path: Path) -> None:
    def fetch(paths: Sequence[str]) -> Any:
        return [client.call("GET", path, need_auth=False) for path in paths]

    schema.update(fetch, endpoint="sandbox", date="2099-01-01", cache=tmp_path)
    fetched = catalogue_of("sandbox", tmp_path)
    assert fetched.families() == CATALOGUE.families()
    for name in ("/vps", "/v2/iam", "/me"):
        assert fetched.family(name) == CATALOGUE.family(name)


def test_schemas_of_the_caller(tmp_path: Path) -> None:
    operation = {"httpMethod": "GET", "responseType": "long[]", "parameters": [], "noAuthentication": False}
    document = {"resourcePath": "/toy", "apis": [{"path": "/toy", "operations": [operation]}], "models": {}}
    (tmp_path / "toy.json").write_text(json.dumps(document), "utf-8")
    client = ovh.Client("ovh-eu", transport=SandboxTransport(Sandbox(schemas=tmp_path)), **ACCESS_KEYS)
    assert all(isinstance(each, int) for each in client.get("/toy"))
    refused(client, 404, "GET", "/vps")


def test_values_of_maps_are_looked_at(tmp_path: Path) -> None:
    parameters = [
        {"name": "quotas", "paramType": "body", "dataType": "map[string]long", "fullType": "map[string]long"},
        {"name": "owners", "paramType": "body", "dataType": "map[string]uuid", "fullType": "map[string]uuid"},
    ]
    operation = {"httpMethod": "POST", "responseType": "void", "parameters": parameters, "noAuthentication": False}
    document = {"resourcePath": "/toy", "apis": [{"path": "/toy", "operations": [operation]}], "models": {}}
    (tmp_path / "toy.json").write_text(json.dumps(document), "utf-8")
    client = ovh.Client("ovh-eu", transport=SandboxTransport(Sandbox(schemas=tmp_path)), **ACCESS_KEYS)
    client.post("/toy", quotas={"disk": "5", "memory": 6}, owners={"disk": TEXT_ID})
    said = str(refused(client, 400, "POST", "/toy", {"owners": {"disk": "nobody"}}))
    assert "[owners.disk] Given data (nobody) is not valid for type uuid" in said


SOME = ("/vps", "/domain", "/ip", "/sms", "/hosting/privateDatabase", "/v2/iam")
FAMILIES = CATALOGUE.families() if FULL else SOME
OPERATIONS = [each for name in FAMILIES for each in CATALOGUE.family(name).operations.values()]
JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.floats(allow_nan=False),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
CALLER = Caller(Sandbox(), CATALOGUE)


@given(operation=st.sampled_from(OPERATIONS), data=st.data())
def test_invalid_calls_are_refused_in_a_shape_of_the_api(operation: schema.Operation, data: st.DataObject) -> None:
    path = CALLER.path(operation)
    if "{" in operation.path and data.draw(st.booleans()):
        path = path.rpartition("/")[0] + "/" + data.draw(st.sampled_from(["%00", "%F0%9F", "none", "a%2Fb", "-1"]))
    query = data.draw(st.sampled_from(["?unknown=1", "?a=%ff", CALLER.query(operation)]))
    body = CALLER.body(operation) if operation.method in ("GET", "DELETE") else data.draw(JUNK)
    status, answer, _ = CALLER.call(operation.method, path + query, body)
    assert status in (200, 400, 403, 404, 409, 412, 423)
    special = find_special(operation.method, path) is not None
    if query.startswith("?unknown") and not (special and path.startswith(("/v2/", "/auth/"))):
        assert status in (400, 404)
    if status != 200:
        assert answer["message"]
        # Those of /auth/credential have the old form.
        assert answer.get("class", "Client::" if special and answer.get("errorCode") else "").startswith("Client::")
    CALLER.sandbox.reset()
    CALLER.renew()


def test_lists_see_the_tags_that_were_added(client: ovh.Client) -> None:
    urns = {each["urn"] for each in client.get("/v2/iam/resource")}
    for path, kind in (
        ("/dedicated/server", "dedicatedServer"),
        ("/domain/zone", "dnsZone"),
        ("/vps", "vps"),
        ("/v2/vrackServices/resource", "vrackServices"),
    ):
        listed = client.get(path)
        name = listed[-1]["id"] if isinstance(listed[-1], dict) else listed[-1]
        urn = f"urn:v1:eu:resource:{kind}:{name}"
        assert urn in urns
        wanted = {"iamTags": json.dumps({"team": [{"operator": "EQ", "value": "mine"}]})}
        assert client.get(path, **wanted) == []
        client.post("/v2/iam/resource/{urn}/tag", urn=urn, key="team", value="mine")
        found = [each["id"] if isinstance(each, dict) else each for each in client.get(path, **wanted)]
        assert found == [name]
        iam = client.get(f"{path}/{name}").get("iam", {"tags": {"team": "mine"}})
        assert iam["tags"]["team"] == "mine"
        assert client.get("/v2/iam/resource/{urn}", urn=urn)["tags"]["team"] == "mine"
        client.delete("/v2/iam/resource/{urn}/tag/team", urn=urn)
        assert client.get(path, **wanted) == []


def test_a_load_balancer_is_refreshed(client: ovh.Client) -> None:
    one = f"/ipLoadbalancing/{client.get('/ipLoadbalancing')[0]}"
    assert client.get(f"{one}/pendingChanges") == []
    farm = client.post(f"{one}/http/farm", zone="gra")["farmId"]
    client.put(f"{one}/http/farm/{farm}", port=80)
    client.post(f"{one}/http/farm/{farm}/server", address="192.0.2.7", status="active")
    client.post(f"{one}/tcp/farm", zone="rbx")
    client.delete(f"{one}/http/farm/{farm}")

    def pending() -> dict[str, int]:
        return {each["zone"]: each["number"] for each in client.get(f"{one}/pendingChanges")}

    assert pending() == {"gra": 3, "all": 1, "rbx": 1}
    task = client.post(f"{one}/refresh", zone="gra")
    assert task["action"] == "refreshIplb"
    assert client.get(f"{one}/task/{task['id']}")["action"] == "refreshIplb"
    assert pending() == {"all": 1, "rbx": 1}
    client.post(f"{one}/refresh")
    assert pending() == {}
    refused(client, 404, "GET", "/ipLoadbalancing/other/pendingChanges")


def test_tasks_say_what_they_do(client: ovh.Client, transport: SandboxTransport) -> None:
    vps = f"/vps/{client.get('/vps')[0]}"
    task = client.post(f"{vps}/createSnapshot", description="mine")
    assert (task["type"], task["state"], task["progress"]) == ("createSnapshot", "todo", 0)
    done = client.wait(f"{vps}/tasks/{task['id']}")
    assert (done["state"], done["progress"]) == ("done", 100)
    assert client.get(f"{vps}/snapshot")["description"] == "mine"
    image = client.get(f"{vps}/images/available")[-1]
    client.post(f"{vps}/rebuild", imageId=image)
    transport.sleep(60)
    assert client.get(f"{vps}/images/current")["id"] == image


def test_a_server_is_installed_and_does_nothing_else(client: ovh.Client, transport: SandboxTransport) -> None:
    server = f"/dedicated/server/{client.get('/dedicated/server')[0]}"
    task = client.post(f"{server}/reinstall", operatingSystem="ubuntu2404-server_64")
    assert (task["function"], task["status"]) == ("reinstallServer", "init")
    refused(client, 403, "POST", f"{server}/reboot")
    refused(client, 403, "POST", f"{server}/reinstall", {"operatingSystem": "debian12_64"})
    transport.sleep(60)
    assert client.get(f"{server}/task/{task['taskId']}")["status"] == "done"
    assert client.get(server)["os"] == "ubuntu2404-server_64"


def test_volumes_are_attached_and_detached(client: ovh.Client, transport: SandboxTransport) -> None:
    project = f"/cloud/project/{client.get('/cloud/project')[0]}"
    volume = client.post(f"{project}/volume", name="d", region="GRA11", size=10, type="classic")["id"]
    one = f"{project}/volume/{volume}"
    transport.sleep(60)
    client.post(f"{one}/attach", instanceId="i")
    transport.sleep(60)
    assert (client.get(one)["status"], client.get(one)["attachedTo"]) == ("in-use", ["i"])
    refused(client, 409, "DELETE", one)
    client.post(f"{one}/detach", instanceId="i")
    transport.sleep(60)
    client.delete(one)
    refused(client, 400, "POST", f"{project}/sshkey", {"name": "me", "publicKey": "x"})
    client.delete(f"{project}/sshkey/{client.get(f'{project}/sshkey')[0]['id']}")
    user = client.post(f"{project}/user", description="mine")
    again = client.post(f"{project}/user/{user['id']}/regeneratePassword")
    assert (again["id"], again["description"]) == (user["id"], "mine")


def test_what_an_sms_became(client: ovh.Client) -> None:
    sms = "/sms/sms-ab1234-1"
    (sent,) = client.post(f"{sms}/jobs", message="x" * 170, receivers=["+33600000001"])["ids"]
    assert client.get(f"{sms}/outgoing/{sent}")["numberOfSms"] == 2
    (later,) = client.post(f"{sms}/jobs", message="x", receivers=["+33600000001"], differedPeriod=60)["ids"]
    assert client.get(f"{sms}/jobs/{later}")["differedDelivery"] == 60
    assert later not in client.get(f"{sms}/outgoing")


def test_what_is_being_done_can_be_read_as_a_task(client: ovh.Client, transport: SandboxTransport) -> None:
    project = client.get("/v2/publicCloud/project")[0]["id"]
    spec = {"name": "r", "plan": "STANDARD"}
    made = client.post(f"/v2/publicCloud/project/{project}/rancher", targetSpec=spec)
    (task,) = made["currentTasks"]
    assert client.get(task["link"])["id"] == task["id"]
    assert task["id"] in [each["id"] for each in client.get(task["link"].rpartition("/")[0])]
    transport.sleep(60)
    assert client.get(task["link"].partition("/task/")[0])["currentTasks"] == []


def test_tables_speak_of_what_the_catalogue_has() -> None:
    for each in resources().values():
        above, _, last = each.path.rpartition("/")
        known = CATALOGUE.find("GET", each.path) or (CATALOGUE.find("GET", above) if last[0] == "{" else None)
        assert known is not None or each.actions, each.path
        for key, action in each.actions.items():
            method, _, more = key.partition(" ")
            found = CATALOGUE.find(method, f"{each.path}{more}")
            assert found is not None, (each.path, key)
            assert found.path == f"{each.path}{more}"
            for below in action.below:
                read = CATALOGUE.find("GET", f"{each.path}{below}")
                assert read is not None, (each.path, below)
                assert isinstance(read.answer, schema.Ref)
                assert isinstance(CATALOGUE.family(read.family).model(read.answer), schema.Model)
