"""What programs that set machines up ask for: boots, interfaces, services and their names, flavors, numbers as text."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import ovhcore as ovh
from ovhcore import schema
from ovhcore_transports.sandbox import ACCESS_KEYS, Modes, Sandbox, SandboxTransport
from ovhcore_transports.sandbox.families import resources
from ovhcore_transports.sandbox.families.tables import Change
from ovhcore_transports.sandbox.state import ApiError
from tests.sandbox.generic.everything import NOW, Caller

pytestmark = pytest.mark.once

SERVER = "/dedicated/server/ns1.ip-192-0-2.eu"
CATALOGUE = schema.catalogue()


def status(client: ovh.Client, method: str, path: str, body: Any = None) -> int:
    return client.raw_call(method, path, body).status


def test_a_server_boots_what_there_is(client: ovh.Client) -> None:
    boots = {each["kernel"]: each for each in client.batch(f"{SERVER}/boot/{{bootId}}", client.get(f"{SERVER}/boot"))}
    kinds = {"hd": "harddisk", "rescue-customer": "rescue", "ipxe-shell": "network", "poweroff": "power"}
    assert {name: boots[name]["bootType"] for name in kinds} == kinds
    assert client.get(SERVER)["bootId"] == boots["hd"]["bootId"]
    rescue = client.get(f"{SERVER}/boot", bootType="rescue")
    assert rescue == [each["bootId"] for each in boots.values() if each["bootType"] == "rescue"]
    client.put(SERVER, bootId=rescue[0])
    assert client.get(SERVER)["bootId"] == rescue[0]
    assert status(client, "PUT", SERVER, {"bootId": 2}) == 404
    assert client.get(SERVER)["bootId"] == rescue[0]


def test_how_far_an_installation_is(client: ovh.Client, transport: SandboxTransport) -> None:
    path = f"{SERVER}/install/status"
    assert "is not being installed" in client.raw_call("GET", path).text
    client.post(f"{SERVER}/reboot")
    assert status(client, "GET", path) == 404
    transport.sleep(60)
    (system, *_) = client.get(f"{SERVER}/install/compatibleTemplates")["ovh"]
    assert client.get(f"/dedicated/installationTemplate/{system}")["templateName"] == system
    client.post(f"{SERVER}/reinstall", operatingSystem=system)
    transport.sleep(30)
    found = client.get(path)
    assert (found["elapsedTime"], [each["status"] for each in found["progress"]]) == (
        30, ["done", "done", "doing", "todo"],
    )  # fmt: skip
    transport.sleep(30)
    assert status(client, "GET", path) == 404


def test_what_is_paid_for_is_a_service_in_each_family(client: ovh.Client) -> None:
    for path in (SERVER, "/vps/vps-1a2b3c4d.vps.ovh.net", "/domain/example.com"):
        infos = client.get(f"{path}/serviceInfos")
        number, name = infos["serviceId"], path.rpartition("/")[2]
        assert infos["domain"] == name
        assert number in client.get("/services")
        assert number in client.get("/service")
        whole = client.get(f"/services/{number}")
        assert (whole["serviceId"], whole["resource"]["name"], whole["route"]["url"]) == (number, name, path)
        assert client.get(f"/service/{number}")["resource"]["name"] == name
        assert number in client.get("/services", resourceName=name)
    assert client.get("/services", resourceName="nobody") == []
    route = "/dedicated/server/{serviceName}"
    assert len(client.get(f"/services?routes={route.replace('{', '%7B').replace('}', '%7D')}")) == 3
    assert status(client, "GET", "/services/1") == 404


@pytest.mark.parametrize("path", ["/services", "/service"])
def test_a_service_is_given_a_name(client: ovh.Client, path: str) -> None:
    other = "/vps/vps-1a2b3c4d.vps.ovh.net"
    client.put(other, keymap="fr")
    for resource in (SERVER, other):
        number = client.get(f"{resource}/serviceInfos")["serviceId"]
        before = client.get(resource)["iam"]["displayName"]
        body = {"displayName": "front"} if path == "/services" else {"resource": {"displayName": "front"}}
        client.put(f"{path}/{number}", **body)
        assert client.get(resource)["iam"]["displayName"] == "front" != before
        assert {client.get(f"{each}/{number}")["resource"]["displayName"] for each in ("/services", "/service")} == {
            "front"
        }
        client.put(f"/services/{number}", terminationPolicy="empty")
        assert client.get(resource)["iam"]["displayName"] == "front"
    client.put(SERVER, monitoring=False)
    assert client.get(SERVER)["iam"]["displayName"] == "front"
    client.put("/vps/vps-5e6f7a8b.vps.ovh.net", keymap="fr")
    assert client.get("/vps/vps-5e6f7a8b.vps.ovh.net")["iam"]["displayName"] == "vps-5e6f7a8b.vps.ovh.net"


def test_what_becomes_of_an_engagement(client: ovh.Client) -> None:
    service = f"/services/{client.get(f'{SERVER}/serviceInfos')['serviceId']}"
    rule = client.get(service)["billing"]["engagement"]["endRule"]
    wanted = next(each for each in rule["possibleStrategies"] if each != rule["strategy"])
    end = f"{service}/billing/engagement/endRule"
    client.put(end, strategy=wanted)
    assert client.get(service)["billing"]["engagement"]["endRule"] == {**rule, "strategy": wanted}
    assert status(client, "PUT", end, {"strategy": "STOP_ENGAGEMENT_KEEP_PRICE"}) == 400
    client.put(service, displayName="mine")
    assert client.get(service)["resource"]["displayName"] == "mine"
    does = resources()["/services/{serviceId}"].actions["PUT /billing/engagement/endRule"].does
    assert does is not None
    with pytest.raises(ApiError) as caught:
        does(Any, Change("PUT", {}, {"strategy": wanted}, {"billing": {}}, list))  # type: ignore[arg-type]
    assert caught.value.status == 409


def test_services_that_were_added_and_answers_that_are_lean() -> None:
    box = Sandbox(modes=Modes(lean=True))
    box.add({"/services/42": {"resource": {"displayName": "of a file"}, "billing": {"plan": {"code": "x"}}}})
    client = ovh.Client("ovh-eu", transport=SandboxTransport(box, start=NOW), **ACCESS_KEYS)
    assert client.get("/services/42")["resource"]["displayName"] == "of a file"
    assert client.get("/service/42")["resource"]["displayName"]
    number = client.get(f"{SERVER}/serviceInfos")["serviceId"]
    assert "route" not in client.get(f"/services/{number}")


def interfaces(client: ovh.Client, server: str = SERVER) -> dict[str, Any]:
    path = f"{server}/virtualNetworkInterface"
    return {each["name"]: each for each in client.batch(f"{path}/{{uuid}}", client.get(path))}


def links(client: ovh.Client) -> dict[str, tuple[str, str]]:
    path = f"{SERVER}/networkInterfaceController"
    found = client.batch(f"{path}/{{mac}}", client.get(path))
    return {each["mac"]: (each["linkType"], each["virtualNetworkInterface"]) for each in found}


def test_interfaces_are_joined_and_parted(client: ovh.Client, transport: SandboxTransport) -> None:
    before, linked = interfaces(client), links(client)
    assert linked == {
        each["networkInterfaceController"][0]: ("public" if name == "public" else "private", each["uuid"])
        for name, each in before.items()
    }
    uuids, macs = [each["uuid"] for each in before.values()], [*linked]
    body: dict[str, Any] = {"name": "bond", "virtualNetworkInterfaces": uuids}
    assert status(client, "POST", f"{SERVER}/ola/aggregation", {**body, "virtualNetworkInterfaces": uuids[:1]}) == 400
    task = client.post(f"{SERVER}/ola/aggregation", **body)
    assert status(client, "POST", f"{SERVER}/ola/aggregation", body) == 403  # busy
    assert interfaces(client) == before
    transport.sleep(60)
    assert client.get(f"{SERVER}/task/{task['taskId']}")["status"] == "done"
    (joined,) = interfaces(client).values()
    assert (joined["name"], joined["mode"]) == ("bond", "vrack_aggregation")
    assert joined["networkInterfaceController"] == macs
    assert links(client) == dict.fromkeys(macs, ("private_lag", joined["uuid"]))
    assert client.get(f"{SERVER}/networkInterfaceController", linkType="private_lag") == macs
    client.post(f"{SERVER}/ola/reset", virtualNetworkInterface=joined["uuid"])
    transport.sleep(60)
    assert interfaces(client) == before
    assert links(client) == linked
    assert status(client, "POST", f"{SERVER}/ola/reset", {"virtualNetworkInterface": joined["uuid"]}) == 409
    strange = "00000000-0000-4000-8000-000000000001"
    assert status(client, "POST", f"{SERVER}/ola/reset", {"virtualNetworkInterface": strange}) == 404


def test_interfaces_enter_and_leave_a_vrack(client: ovh.Client) -> None:
    own, path = interfaces(client), "/vrack/pn-100001/dedicatedServerInterface"
    first = client.get(path)
    (details,) = client.get(f"{path}Details")
    assert details == {
        "dedicatedServer": "ns2.ip-192-0-2.eu", "dedicatedServerInterface": first[0], "name": "private",
    }  # fmt: skip
    assert interfaces(client, "/dedicated/server/ns2.ip-192-0-2.eu")["private"]["vrack"] == "pn-100001"
    assert own["private"]["vrack"] is None
    uuid = own["private"]["uuid"]
    assert client.post(path, dedicatedServerInterface=uuid)["status"] == "init"
    assert client.get(path) == [*first, uuid]
    assert client.get(f"{path}/{uuid}") == {"dedicatedServerInterface": uuid, "vrack": "pn-100001"}
    assert [each["dedicatedServer"] for each in client.get(f"{path}Details")][1:] == ["ns1.ip-192-0-2.eu"]
    assert interfaces(client)["private"]["vrack"] == "pn-100001"
    body = {"dedicatedServerInterface": uuid}
    assert status(client, "POST", "/vrack/pn-100002/dedicatedServerInterface", body) == 409
    both = {"name": "b", "virtualNetworkInterfaces": [each["uuid"] for each in own.values()]}
    assert status(client, "POST", f"{SERVER}/ola/aggregation", both) == 409
    client.delete(f"{path}/{uuid}")
    assert client.get(path) == first
    assert interfaces(client) == own
    assert status(client, "POST", path, {"dedicatedServerInterface": own["public"]["uuid"]}) == 404


def test_what_was_of_a_server_that_is_gone_leaves_a_vrack(client: ovh.Client, transport: SandboxTransport) -> None:
    path = "/vrack/pn-100001/dedicatedServerInterface"
    (uuid,) = client.get(path)
    del transport.sandbox.resources["servers"][1]
    assert client.get(f"{path}Details") == []
    client.delete(f"{path}/{uuid}")
    assert client.get(path) == []


def test_a_block_of_one_address_need_not_say_so(client: ovh.Client) -> None:
    assert client.get("/ip/192.0.2.10") == client.get("/ip/{ip}", ip="192.0.2.10/32")
    client.post("/ip/192.0.2.10/reverse", ipReverse="192.0.2.10", reverse="a.example.com")
    assert client.get("/ip/192.0.2.10%2F32/reverse/192.0.2.10")["reverse"] == "a.example.com."
    assert status(client, "GET", "/ip/192.0.2.11") == 404
    assert status(client, "GET", "/ip/nonsense") in (400, 404)
    nas = f"/dedicated/nasha/{client.get('/dedicated/nasha')[0]}/partition"
    access = f"{nas}/{client.get(nas)[0]}/access"
    client.post(access, ip="203.0.113.7", type="readonly")
    assert "203.0.113.7/32" in client.get(access)
    assert client.get(f"{access}/203.0.113.7")["ip"] == "203.0.113.7/32"
    client.delete(f"{access}/203.0.113.7")
    assert "203.0.113.7/32" not in client.get(access)


def test_numbers_may_be_sent_as_text(client: ovh.Client) -> None:
    firewall = "/ip/198.51.100.16%2F28/firewall"
    client.post(firewall, ipOnFirewall="198.51.100.18")
    rules = f"{firewall}/198.51.100.18/rule"
    rule = {"sequence": "3", "action": "permit", "protocol": "tcp", "destinationPort": "443"}
    client.post(rules, **rule)
    assert client.get(rules) == [3]
    assert status(client, "POST", rules, {**rule, "sequence": "4", "destinationPort": "https"}) == 400
    assert status(client, "POST", rules, {**rule, "sequence": "20"}) == 400
    wide = {"from": "1", "to": "x"}
    assert status(client, "POST", rules, {**rule, "sequence": "5", "destinationPortRange": wide}) == 400
    client.post("/domain/zone/example.com/record", fieldType="A", subDomain="n", target="192.0.2.1", ttl="300")
    (number,) = client.get("/domain/zone/example.com/record", subDomain="n")
    assert client.get(f"/domain/zone/example.com/record/{number}")["ttl"] == 300


@given(st.sampled_from(sorted(CATALOGUE.family("/ipLoadbalancing").operations)), st.integers(-(10**15), 10**15))
def test_a_number_is_the_same_as_text(key: str, number: int) -> None:
    operation = CATALOGUE.family("/ipLoadbalancing").operations[key]
    longs = [each.name for each in operation.placed("body") if str(each.type) == "long"]
    if operation.method != "POST" or not longs:
        return
    answers = []
    for value in (number, str(number)):
        caller = Caller(Sandbox(), CATALOGUE)
        body = {**(caller.body(operation) or {}), longs[0]: value}
        answers.append(caller.call("POST", caller.path(operation), body)[:2])
    assert answers[0] == answers[1]


def test_who_reads_an_object_may_say_what_it_has(client: ovh.Client) -> None:
    vps = "/vps/vps-1a2b3c4d.vps.ovh.net"
    assert client.get(vps, displayName="another") == client.get(vps)
    assert status(client, "GET", f"{vps}?nonsense=1") == 400
    assert status(client, "GET", "/vps?displayName=x") == 400
    assert status(client, "PUT", f"{vps}?displayName=x", {"keymap": "fr"}) == 400


def test_nothing_is_in_what_is_new(client: ovh.Client) -> None:
    project = f"/cloud/project/{client.get('/cloud/project')[0]}"
    user = client.post(f"{project}/user", description="mine")["id"]
    keys = f"{project}/user/{user}/s3Credentials"
    assert client.get(keys) == []
    made = client.post(keys)
    assert [each["access"] for each in client.get(keys)] == [made["access"]]
    others = client.get(f"{project}/user")[0]["id"]
    assert client.get(f"{project}/user/{others}/s3Credentials")
    cluster = client.post(f"{project}/kube", region="GRA11")["id"]
    assert client.get(f"{project}/kube/{cluster}/nodepool") == []
    assert client.get(f"{project}/kube/{cluster}/flavors")  # which nothing can be added to


def test_an_instance_of_a_flavor_and_an_image(client: ovh.Client, transport: SandboxTransport) -> None:
    project = f"/cloud/project/{client.get('/cloud/project')[0]}"
    flavors, images = (client.get(f"{project}/{kind}", region="SBG5") for kind in ("flavor", "image"))
    assert {each["region"] for each in (*flavors, *images)} == {"SBG5"}
    flavor = next(each for each in flavors if each["name"] == "b3-8")
    image = next(each for each in images if each["name"] == "Debian 12")
    assert client.get(f"{project}/flavor/{flavor['id']}") == flavor
    made = client.post(f"{project}/instance", name="a", region="SBG5", flavorId=flavor["id"], imageId=image["id"])
    one = f"{project}/instance/{made['id']}"
    assert (made["flavor"]["name"], made["image"]["name"], made["monthlyBilling"]) == ("b3-8", "Debian 12", None)
    assert [each["id"] for each in client.get(f"{project}/instance", region="SBG5")] == [made["id"]]
    assert made["id"] not in [each["id"] for each in client.get(f"{project}/instance", region="GRA11")]
    transport.sleep(60)
    assert client.post(f"{one}/activeMonthlyBilling")["monthlyBilling"]["status"] == "activationPending"
    transport.sleep(60)
    assert client.get(one)["monthlyBilling"]["status"] == "ok"
    card = client.post(f"{one}/interface", ip="10.0.0.7", networkId="n")
    assert [each["ip"] for each in card["fixedIps"]] == ["10.0.0.7"]
    client.delete(f"{one}/interface/{card['id']}")
    assert client.get(f"{one}/interface") == []
    monthly = client.post(
        f"{project}/instance", name="b", region="SBG5", flavorId="x", imageId="y", monthlyBilling=True
    )
    assert monthly["monthlyBilling"]["status"] == "ok"


def test_a_new_container_is_empty(client: ovh.Client) -> None:
    storage = f"/cloud/project/{client.get('/cloud/project')[0]}/region/GRA/storage"
    made = client.post(storage, name="mine")
    assert (made["objectsCount"], made["objects"]) == (0, [])
    assert made["virtualHost"] == "https://mine.s3.gra.io.cloud.ovh.net/"
    client.delete(f"{storage}/mine")
    assert "mine" not in [each["name"] for each in client.get(storage)]


def test_tasks_that_other_calls_begin_are_narrowed_like_others(client: ovh.Client) -> None:
    client.post(f"{SERVER}/reboot")
    asked = client.post(f"{SERVER}/features/ipmi/resetInterface")
    assert asked["taskId"] in client.get(f"{SERVER}/task")
    assert asked["taskId"] not in client.get(f"{SERVER}/task", function="hardReboot")
    assert client.get(f"{SERVER}/task", function=asked["function"]) == [asked["taskId"]]
