"""What calls bring about: in families that people script, and where only paths and bodies say what they do."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

import ovhcore as ovh
from ovhcore import schema
from ovhcore_transports.sandbox import SandboxTransport
from tests.sandbox.generic.everything import Caller
from tests.sandbox.generic.test_any_schema import box, client_of, enumeration, model, operation

pytestmark = pytest.mark.once

PROJECT = "/cloud/project/5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a"
ANY = "00000000-0000-4000-8000-00000000000a"


def refused(client: ovh.Client, status: int, method: str, path: str, body: Any = None) -> str:
    with pytest.raises(ovh.APIError) as caught:
        client.call(method, path, body)
    assert caught.value.status == status
    return str(caught.value)


# Money


def test_a_cart_becomes_an_order_that_is_paid(client: ovh.Client, transport: SandboxTransport) -> None:
    cart = f"/order/cart/{client.post('/order/cart', ovhSubsidiary='FR')['cartId']}"
    assert client.get(cart)["items"] == client.get(f"{cart}/item") == []
    item = client.post(f"{cart}/vps", planCode="vps-le-2", duration="P1M", pricingMode="default", quantity=1)
    assert client.get(f"{cart}/item") == client.get(cart)["items"] == [item["itemId"]]
    one = f"{cart}/item/{item['itemId']}"
    label = client.post(f"{one}/configuration", label="datacenter", value="GRA")["id"]
    assert client.get(one)["configurations"] == [label]
    made = client.call("POST", f"{cart}/checkout", {})
    assert "cartId" not in made
    order = f"/me/order/{made['orderId']}"
    assert made["orderId"] in client.get("/me/order")
    assert client.get(order)["priceWithTax"] == made["prices"]["withTax"]
    assert client.get(f"{order}/status") == "notPaid"
    assert "not paid" in refused(client, 404, "GET", f"{order}/payment")
    assert "already" in refused(client, 409, "POST", f"{cart}/checkout")
    bills = client.get("/me/bill")
    client.post(f"{order}/payWithRegisteredPaymentMean", paymentMean="creditCard")
    assert client.get(f"{order}/status") == "delivering"
    transport.sleep(60)
    assert client.get(f"{order}/status") == "delivered"
    (bill,) = set(client.get("/me/bill")) - set(bills)
    assert client.get(f"/me/bill/{bill}")["orderId"] == made["orderId"]
    assert client.get(f"{order}/payment")["paymentType"] == "creditCard"
    assert client.get(f"{order}/associatedObject") == {"id": bill, "type": "Bill"}
    refused(client, 409, "POST", f"{order}/pay", {"paymentMethod": {"id": 1}})


def test_a_cart_is_paid_by_the_way_and_an_order_there_was(client: ovh.Client) -> None:
    cart = f"/order/cart/{client.get('/order/cart')[0]}"
    made = client.post(f"{cart}/checkout", autoPayWithPreferredPaymentMethod=True)
    assert client.get(f"/me/order/{made['orderId']}/status") == "delivering"
    paid, unpaid, _ = client.get("/me/order")
    assert client.get(f"/me/order/{paid}/status") == "delivered"
    assert client.get(f"/me/order/{paid}/payment")["paymentDate"]
    client.call("POST", f"/me/order/{unpaid}/pay", {"paymentMethod": {"id": 10001}})
    assert client.get(f"/me/order/{unpaid}/payment")["paymentType"] == "creditCard"


def test_there_is_one_default_payment_method(client: ovh.Client) -> None:
    methods = "/me/payment/method"

    def defaults() -> list[int]:
        return [each for each in client.get(methods) if client.get(f"{methods}/{each}")["default"]]

    first, second = client.get(methods)
    assert defaults() == [first]
    client.put(f"{methods}/{second}", default=True)
    assert defaults() == [second]
    client.put(f"{methods}/{second}", description="mine")
    urls = dict.fromkeys(("cancel", "error", "failure", "pending", "success"), "https://example.com")
    made = client.post(methods, paymentType="CREDIT_CARD", default=True, callbackUrl=urls)["paymentMethodId"]
    assert defaults() == [made]
    refused(client, 409, "DELETE", f"{methods}/{made}")
    client.delete(f"{methods}/{first}")
    client.post(f"{methods}/{made}/finalize")
    assert client.get(f"{methods}/{made}")["status"] == "VALID"


def test_credits_are_counted_and_given_away(client: ovh.Client) -> None:
    one, other = (f"/sms/{each}" for each in client.get("/sms"))
    client.post(f"{one}/transferCredits", credits=100.5, smsAccountTarget=other[5:])
    assert [client.get(each)["creditsLeft"] for each in (one, other)] == [399.5, 600.5]
    client.post(f"{other}/transferCredits", credits=1, smsAccountTarget=one[5:])
    assert [client.get(each)["creditsLeft"] for each in (one, other)] == [400.5, 599.5]
    refused(client, 404, "POST", f"{one}/transferCredits", {"credits": 1, "smsAccountTarget": "sms-none"})
    refused(client, 403, "POST", f"{one}/transferCredits", {"credits": 1000, "smsAccountTarget": other[5:]})


@pytest.mark.parametrize(
    ("text", "kind", "most", "parts"),
    [
        ("x" * 160, "7bits", 160, 1),
        ("x" * 161, "7bits", 153, 2),
        ("я" * 70, "unicode", 70, 1),
        ("я" * 135, "unicode", 67, 3),
    ],
)
def test_what_an_sms_is_going_to_be(client: ovh.Client, text: str, kind: str, most: int, parts: int) -> None:
    body = {"message": text, "noStopClause": True, "senderType": "alpha"}
    found = {"characters": len(text), "charactersClass": kind, "maxCharactersPerPart": most, "parts": parts}
    assert client.call("POST", "/sms/estimate", body) == found


# Services


def test_contacts_change_when_the_new_one_accepts(client: ovh.Client) -> None:
    vps = f"/vps/{client.get('/vps')[0]}"
    client.put(f"{vps}/serviceInfos", renew={**client.get(f"{vps}/serviceInfos")["renew"], "automatic": False})
    wanted = {"contactAdmin": "bb2-ovh", "contactTech": "bb2-ovh", "contactBilling": "cc3-ovh"}
    ids = client.call("POST", f"{vps}/changeContact", wanted)
    tasks = [client.get(f"/me/task/contactChange/{each}") for each in ids]
    assert [each["toAccount"] for each in tasks] == ["bb2-ovh", "cc3-ovh"]
    assert {*ids} <= {*client.get("/me/task/contactChange")}
    client.post(f"/me/task/contactChange/{ids[0]}/accept", token="t")
    client.post(f"/me/task/contactChange/{ids[1]}/refuse", token="t")
    infos = client.get(f"{vps}/serviceInfos")
    assert (infos["contactAdmin"], infos["contactTech"], infos["contactBilling"]) == (
        "bb2-ovh",
        "bb2-ovh",
        "aa1234-ovh",
    )
    assert [client.get(f"/me/task/contactChange/{each}")["state"] for each in ids] == ["done", "refused"]
    refused(client, 409, "POST", f"/me/task/contactChange/{ids[0]}/accept", {"token": "t"})
    there = client.get("/me/task/contactChange")[0]
    client.post(f"/me/task/contactChange/{there}/accept", token="t")  # of a service that nobody knows
    client.call("POST", f"{vps}/confirmTermination", {"token": "t"})
    assert client.get(f"{vps}/serviceInfos")["renew"]["deleteAtExpiration"] is True
    assert client.get(f"{vps}/serviceInfos")["renew"]["automatic"] is False


def test_name_servers_are_replaced_when_the_task_is_over(client: ovh.Client, transport: SandboxTransport) -> None:
    servers = "/domain/example.com/nameServer"
    before = client.get(servers)
    update = f"{servers}s/update"
    given = [{"host": "ns1.example.net"}, {"host": "ns2.example.net", "ip": "192.0.2.53"}]
    assert "2 or more" in refused(client, 400, "POST", update, {"nameServers": given[:1]})
    client.call("POST", update, {"nameServers": []})
    task = client.call("POST", update, {"nameServers": given})
    assert task["function"] == "DomainDnsUpdate"
    assert [client.get(f"{servers}/{each}")["toDelete"] for each in before] == [True, True]
    transport.sleep(60)
    now = [client.get(f"{servers}/{each}") for each in client.get(servers)]
    assert [(each["host"], each["isUsed"], each.get("ip")) for each in now] == [
        ("ns1.example.net", True, None),
        ("ns2.example.net", True, "192.0.2.53"),
    ]
    assert client.get(f"/domain/example.com/task/{task['id']}")["status"] == "done"
    client.call("POST", servers, {"nameServer": [{"host": "ns3.example.net"}, {"host": "ns4.example.net"}]})
    hosts = [client.get(f"{servers}/{each}")["host"] for each in client.get(servers)]
    assert hosts[2:] == ["ns3.example.net", "ns4.example.net"]
    glue = "/domain/example.com/glueRecord"
    client.call("POST", glue, {"host": "ns1.example.com", "ips": ["192.0.2.1"]})
    client.call("POST", f"{glue}/ns1.example.com/update", {"ips": ["192.0.2.2"]})
    assert client.get(f"{glue}/ns1.example.com")["ips"] == ["192.0.2.2"]


def test_a_zone_says_whether_it_is_signed(client: ovh.Client, transport: SandboxTransport) -> None:
    zone = "/domain/zone/example.com"
    assert client.get(zone)["dnssecActivated"] is False
    client.post(f"{zone}/dnssec")
    transport.sleep(60)
    assert client.get(f"{zone}/dnssec")["status"] == "enabled"
    assert client.get(zone)["dnssecActivated"] is True


def test_addresses_lead_to_the_servers_that_list_them(client: ovh.Client, transport: SandboxTransport) -> None:
    block, (first, second, _) = "198.51.100.16/28", client.get("/dedicated/server")
    assert client.get(f"/dedicated/server/{second}/ips") == [block]
    task = client.post(f"/ip/{quote(block, safe='')}/move", to=first)
    assert task["destination"] == {"serviceName": first}
    transport.sleep(60)
    assert client.get(f"/dedicated/server/{first}/ips") == ["192.0.2.10/32", block]
    assert client.get("/ip", **{"routedTo.serviceName": first, "version": 4}) == ["192.0.2.10/32", block]
    task = client.post(f"/dedicated/server/{second}/ipMove", ip=block)
    assert task["function"] == "genericMoveFloatingIp"
    transport.sleep(60)
    assert client.get(f"/dedicated/server/{second}/ips") == [block]
    client.post(f"/dedicated/server/{second}/ipMove", ip="203.0.113.0/28")
    client.post(f"/ip/{quote(block, safe='')}/park")
    transport.sleep(60)
    assert client.get(f"/dedicated/server/{second}/ips") == []


def test_what_is_on_a_block_is_in_it(client: ovh.Client) -> None:
    block = f"/ip/{quote('198.51.100.16/28', safe='')}"
    assert client.get(f"{block}/firewall") == client.get(f"{block}/reverse") == ["198.51.100.17"]
    assert "is not in" in refused(client, 400, "POST", f"{block}/firewall", {"ipOnFirewall": "203.0.113.1"})
    client.post(f"{block}/firewall", ipOnFirewall="198.51.100.17")
    refused(client, 409, "POST", f"{block}/firewall", {"ipOnFirewall": "198.51.100.17"})
    client.delete(f"{block}/firewall/198.51.100.17")
    assert client.get(f"{block}/firewall") == []
    for name in ("a.example.com", "b.example.com"):
        client.post(f"{block}/reverse", ipReverse="198.51.100.17", reverse=name)
        assert client.get(f"{block}/reverse/198.51.100.17")["reverse"] == f"{name}."
    assert client.get(f"{block}/reverse") == ["198.51.100.17"]
    client.delete(f"{block}/reverse/198.51.100.17")
    assert client.get(f"{block}/reverse") == []
    assert client.get("/ip/192.0.2.10%2F32/reverse") == ["192.0.2.10"]


def test_a_vrack_and_its_servers_say_the_same(client: ovh.Client) -> None:
    first, second = client.get("/vrack")
    server = client.get(f"/vrack/{second}/dedicatedServer")[0]
    assert client.get(f"/dedicated/server/{server}/vrack") == [second]
    task = client.post(f"/vrack/{first}/dedicatedServer", dedicatedServer=server)
    assert task["function"] == "createDedicatedServer"
    client.delete(f"/vrack/{second}/dedicatedServer/{server}")
    assert client.get(f"/dedicated/server/{server}/vrack") == [first]


def test_a_server_tells_how_far_its_installation_is(client: ovh.Client, transport: SandboxTransport) -> None:
    server = f"/dedicated/server/{client.get('/dedicated/server')[0]}"
    assert client.raw_call("GET", f"{server}/install/status").status == 404
    system = client.get(f"{server}/install/compatibleTemplates")["ovh"][1]
    task = client.post(f"{server}/reinstall", operatingSystem=system)
    words = []
    for _ in range(4):
        words.append([each["status"] for each in client.get(f"{server}/install/status")["progress"]])
        transport.sleep(15)
    assert words[0] == ["doing", "todo", "todo", "todo"]
    assert words[2:] == [["done", "done", "doing", "todo"], ["done", "done", "done", "doing"]]
    assert client.raw_call("GET", f"{server}/install/status").status == 404
    assert (client.get(server)["os"], client.get(f"{server}/task/{task['taskId']}")["status"]) == (system, "done")


def test_tasks_are_cancelled(client: ovh.Client, transport: SandboxTransport) -> None:
    server = f"/dedicated/server/{client.get('/dedicated/server')[0]}"
    ids = [client.post(f"{server}/reboot")["taskId"]]
    ids.append(client.post(f"{server}/features/ipmi/access", ttl=5, type="kvmipHtml5URL")["taskId"])
    transport.sleep(10)
    for each in ids:
        client.post(f"{server}/task/{each}/cancel")
        assert client.get(f"{server}/task/{each}")["status"] == "cancelled"
    transport.sleep(60)
    assert [client.get(f"{server}/task/{each}")["status"] for each in ids] == ["cancelled"] * 2
    refused(client, 403, "POST", f"{server}/task/{ids[0]}/cancel")
    client.post(f"{server}/reboot")  # it is free again
    zone = client.post("/domain/zone/example.com/import", zoneFile="@ IN A 192.0.2.1\n")["id"]
    client.post(f"/domain/zone/example.com/task/{zone}/cancel")
    assert client.get(f"/domain/zone/example.com/task/{zone}")["status"] == "cancelled"


def test_settings_of_a_database_server_change(client: ovh.Client, transport: SandboxTransport) -> None:
    server = f"/hosting/privateDatabase/{client.get('/hosting/privateDatabase')[0]}"
    wanted = [{"key": "max_connections", "value": "200"}]
    assert client.call("POST", f"{server}/config/update", {"parameters": wanted})["status"] == "updating"
    transport.sleep(60)
    config = client.get(f"{server}/config")
    assert (config["status"], [each["value"] for each in config["details"]]) == ("applied", ["200", "/tmp"])
    assert "none" in refused(
        client, 400, "POST", f"{server}/config/update", {"parameters": [{"key": "none", "value": "1"}]}
    )
    client.post(f"{server}/changeVersion", version="mysql_8.4")
    assert client.get(server)["version"] == "mysql_8.4"


def test_resources_say_of_what_type_they_are(client: ovh.Client) -> None:
    found = client.get("/v2/iam/resource", resourceType="vps")
    assert [(each["type"], each["name"]) for each in found] == [("vps", name) for name in client.get("/vps")]
    urns = [each["urn"] for each in found]
    assert client.get("/v2/iam/resource", resourceURN=urns[0]) == found[:1]
    check = client.post(f"/v2/iam/resource/{urns[0]}/authorization/check", actions=["vps:apiovh:get"])
    assert check == {"authorizedActions": ["vps:apiovh:get"], "unauthorizedActions": []}
    several = client.post("/v2/iam/authorization/check", actions=["vps:apiovh:get"], resourceURNs=urns)
    assert several == [{"resourceURN": urn, **check} for urn in urns]


# Cloud


def test_instances_are_rescued_kept_and_made_in_number(client: ovh.Client, transport: SandboxTransport) -> None:
    instances = f"{PROJECT}/instance"
    flavor = client.get(f"{PROJECT}/flavor", region="GRA11")[0]
    image = client.get(f"{PROJECT}/image", region="GRA11")[0]
    assert (flavor["region"], image["region"]) == ("GRA11", "GRA11")
    body = {"name": "new", "region": "GRA11", "flavorId": flavor["id"], "imageId": image["id"]}
    many = client.call("POST", f"{instances}/bulk", {**body, "number": 3})
    assert {each["id"] for each in many} <= {each["id"] for each in client.get(instances)}
    assert [(each["status"], each["flavor"]["id"]) for each in many] == [("BUILD", flavor["id"])] * 3
    transport.sleep(60)
    one = f"{instances}/{many[0]['id']}"
    for rescue, on_the_way, after in ((True, "RESCUING", "RESCUED"), (False, "UNRESCUING", "ACTIVE")):
        assert client.post(f"{one}/rescueMode", rescue=rescue)["adminPassword"]
        assert client.get(one)["status"] == on_the_way
        transport.sleep(60)
        assert client.get(one)["status"] == after
    kept = client.post(f"{one}/snapshot", snapshotName="before")["snapshotId"]
    snapshot = f"{PROJECT}/snapshot/{kept}"
    assert (client.get(one)["status"], client.get(snapshot)["status"]) == ("SNAPSHOTTING", "queued")
    transport.sleep(60)
    assert (client.get(one)["status"], client.get(snapshot)["status"]) == ("ACTIVE", "active")
    assert (client.get(snapshot)["name"], client.get(snapshot)["region"]) == ("before", "GRA11")
    client.post(f"{one}/reinstall", imageId="another")
    transport.sleep(60)
    assert (client.get(one)["imageId"], client.get(one)["image"]["id"]) == ("another", "another")
    assert client.post(f"{one}/activeMonthlyBilling")["monthlyBilling"]["status"] == "activationPending"
    transport.sleep(60)
    assert client.get(one)["monthlyBilling"]["status"] == "ok"
    client.put(one, instanceName="renamed")
    assert client.get(one)["name"] == "renamed"
    client.delete(snapshot)
    refused(client, 404, "GET", snapshot)


def test_volumes_are_kept_and_grow(client: ovh.Client, transport: SandboxTransport) -> None:
    volume = client.post(f"{PROJECT}/volume", name="v", region="GRA11", size=10, type="classic")
    one = f"{PROJECT}/volume/{volume['id']}"
    transport.sleep(60)
    kept = client.post(f"{one}/snapshot", name="s", description="d")
    assert (kept["status"], kept["volumeId"], kept["size"], kept["name"]) == ("creating", volume["id"], 10, "s")
    transport.sleep(60)
    assert client.get(f"{PROJECT}/volume/snapshot/{kept['id']}") == {**kept, "status": "available"}
    assert client.get(one)["name"] == "v"
    assert "more than 10" in refused(client, 400, "POST", f"{one}/upsize", {"size": 10})
    client.post(f"{one}/upsize", size=20)
    assert client.get(one)["size"] == 20


def test_networks_have_regions_and_subnets(client: ovh.Client) -> None:
    networks = f"{PROJECT}/network/private"
    made = client.post(networks, name="n", regions=["GRA11"], vlanId=42)
    one = f"{networks}/{made['id']}"
    assert ([each["region"] for each in made["regions"]], made["type"]) == (["GRA11"], "private")
    refused(client, 409, "POST", networks, {"name": "o", "regions": ["GRA11"], "vlanId": 42})
    client.post(f"{one}/region", region="SBG5")
    assert [each["region"] for each in client.get(one)["regions"]] == ["GRA11", "SBG5"]
    assert client.get(f"{one}/subnet") == []
    body = {"dhcp": True, "start": "10.0.0.2", "end": "10.0.0.9", "network": "10.0.0.0/24", "region": "GRA11"}
    for without, gateway in ((False, "10.0.0.1"), (True, None)):
        subnet = client.call("POST", f"{one}/subnet", {**body, "noGateway": without})
        assert (subnet["cidr"], subnet.get("gatewayIp"), subnet["ipPools"][0]["end"]) == (
            "10.0.0.0/24",
            gateway,
            "10.0.0.9",
        )
    client.delete(f"{one}/subnet/{subnet['id']}")
    assert len(client.get(f"{one}/subnet")) == 1


def test_a_cluster_brings_its_node_pool_and_ends(client: ovh.Client, transport: SandboxTransport) -> None:
    pool = {"name": "first", "flavorName": "b3-8", "desiredNodes": 2}
    made = client.call("POST", f"{PROJECT}/kube", {"name": "k", "region": "GRA7", "nodepool": pool})
    one = f"{PROJECT}/kube/{made['id']}"
    (first,) = client.get(f"{one}/nodepool")
    assert (first["name"], first["flavor"], first["currentNodes"]) == ("first", "b3-8", 2)
    transport.sleep(60)
    client.put(f"{one}/nodepool/{first['id']}", desiredNodes=5)
    assert client.get(f"{one}/nodepool/{first['id']}")["currentNodes"] == 5
    refused(client, 400, "PUT", f"{one}/nodepool/{first['id']}", {"desiredNodes": 101})
    client.put(f"{one}/updatePolicy", updatePolicy="NEVER_UPDATE")
    assert client.get(one)["updatePolicy"] == "NEVER_UPDATE"
    restrictions = f"{one}/ipRestrictions"
    assert client.post(restrictions, ips=["192.0.2.0/24"]) == ["192.0.2.0/24"]
    assert client.put(restrictions, ips=["192.0.2.0/24", "198.51.100.0/24"]) == client.get(restrictions)
    client.delete(f"{restrictions}/{quote('192.0.2.0/24', safe='')}")
    assert client.get(restrictions) == ["198.51.100.0/24"]
    assert client.put(restrictions, ips=[]) == client.get(restrictions) == []
    client.delete(f"{one}/nodepool/{first['id']}")
    assert client.get(f"{one}/nodepool")[0]["status"] == "DELETING"
    client.delete(one)
    assert client.get(one)["status"] == "DELETING"
    transport.sleep(60)
    refused(client, 404, "GET", one)
    assert made["id"] not in client.get(f"{PROJECT}/kube")


def test_users_have_the_roles_they_are_given(client: ovh.Client) -> None:
    user = client.post(f"{PROJECT}/user", description="d")
    roles = f"{PROJECT}/user/{user['id']}/role"
    assert client.get(roles) == []
    assert client.post(roles, roleId="1")["id"] == user["id"]
    assert client.put(roles, rolesIds=["1", "2"])["id"] == user["id"]
    client.put(roles, rolesIds=["2"])
    assert [each["id"] for each in client.get(roles)] == ["2"]


def test_containers_are_read_by_pages_that_are_allowed(client: ovh.Client) -> None:
    made = client.post(f"{PROJECT}/storage", containerName="files", region="GRA", archive=False)
    one = f"{PROJECT}/storage/{made['id']}"
    assert (made["name"], client.get(one)["name"], client.get(one)["objects"]) == ("files", "files", [])
    for origin in ("https://a.example", "https://b.example"):
        client.post(f"{one}/cors", origin=origin)
    client.delete(f"{one}/cors", origin="https://a.example")
    assert client.get(one)["cors"] == ["https://b.example"]
    client.put(one, containerType="private")
    assert (client.get(one)["public"], client.get(one)["name"]) == (False, "files")
    client.post(f"{one}/static")
    assert client.get(one)["containerType"] == "static"


# Whatever has the shape


def test_accounts_are_known_by_their_logins(client: ovh.Client) -> None:
    client.post("/me/identity/user", description="", email="b@example.com", login="bob", password="p")
    assert client.get("/me/identity/user/bob")["status"] == "OK"
    client.post("/me/identity/user/bob/disable")
    assert client.get("/me/identity/user/bob")["status"] == "DISABLED"
    client.post("/me/identity/group", name="writers")
    client.post("/me/identity/group/writers/user", user="bob")
    assert client.get("/me/identity/group/writers/user") == ["bob"]
    client.delete("/me/identity/group/writers/user/bob")
    assert client.get("/me/identity/group/writers/user") == []


def toys(tmp_path: Path) -> SandboxTransport:
    body, one, second = ("body", "values", "string[]"), ("path", "id", "string"), ("path", "id2", "long")
    names = {"boxName": "string", "open": "boolean", "port": "long", "parts": "string[]", "sides": "any", "lids": "any"}
    given = [("body", name, type_) for name, type_ in names.items()]
    paths = {
        "/toy": [operation("GET", "string[]"), operation("POST", "toy.Toy", ("body", "name", "string"))],
        "/toy/{id}": [operation("GET", "toy.Toy", one), operation("DELETE", "void", one)],
        "/toy/{id}/words": [
            operation("GET", "string[]", one),
            operation("PUT", "string[]", one, body),
            operation("POST", "void", one, ("body", "", "string[]")),
            operation("DELETE", "void", one, ("query", "word", "string")),
        ],
        "/toy/{id}/parts": [
            operation("GET", "toy.Part[]", one),
            operation("POST", "toy.Task", one, ("body", "size", "long"), ("body", "other", "string")),
            operation("PUT", "void", one, ("body", "", "toy.Part[]")),
        ],
        "/toy/{id}/bits": [operation("GET", "toy.Bit[]", one), operation("PUT", "void", one, body)],
        "/toy/{id}/sizes": [operation("GET", "long[]", one), operation("PUT", "void", one, ("body", "", "string"))],
        "/toy/{id}/notes": [operation("GET", "toy.Part[]", one), operation("POST", "toy.Toy", one)],
        "/toy/{id}/enable": [operation("POST", "void", one)],
        "/toy/{id}/rename": [operation("POST", "void", one, ("body", "name", "string"))],
        "/toy/{id}/copy": [operation("POST", "void", one, ("body", "name", "string"), ("body", "size", "string"))],
        "/toy/{id}/weigh": [operation("POST", "long", one)],
        "/toy/{id}/count": [operation("GET", "long", one)],
        "/toy/{id}/count/enable": [operation("POST", "void", one)],
        "/toy/word/{id}": [operation("POST", "void", one)],
        "/lone/do": [operation("POST", "void")],
        "/toy/{id}/box": [operation("GET", "string[]", one), operation("POST", "toy.Box", one, *given)],
        "/toy/{id}/box/{name}": [operation("GET", "toy.Box", one, ("path", "name", "string"))],
        "/toy/{id}/box/{name}/side": [
            operation("GET", "long[]", one, ("path", "name", "string")),
            operation("POST", "toy.Side", one, ("path", "name", "string"), ("body", "size", "long")),
        ],
        "/toy/{id}/box/{name}/side/{id2}": [operation("GET", "toy.Side", one, ("path", "name", "string"), second)],
        "/toy/{id}/box/{name}/lid": [operation("GET", "long[]", one, ("path", "name", "string"))],
    }
    models = {
        "toy.Toy": model(id="string", name="string", enabled="boolean", size="string", status="toy.Status"),
        "toy.Part": model(size="long", id="long"),
        "toy.Bit": model(size="long"),
        "toy.Box": model(name="string", open="string", port="string", parts="toy.Bit[]", status="toy.Making"),
        "toy.Side": model(id2="long", size="long", state="toy.Never"),
        "toy.Making": enumeration("creating", "failing", "error", "pending", "calm"),
        "toy.Never": enumeration("creating", "pending"),
        "toy.Status": enumeration("building", "running"),
        "toy.Task": model(id="long", status="toy.Steps"),
        "toy.Steps": enumeration("todo", "doing", "done"),
    }
    return box(tmp_path, paths, models)


def test_lists_of_values_are_added_to_and_replaced(tmp_path: Path) -> None:
    client = client_of(toys(tmp_path))
    one = f"/toy/{client.get('/toy')[0]}"
    words = f"{one}/words"
    before = client.get(words)
    client.call("POST", words, ["a", "b", "a"])
    assert client.get(words) == [*before, "a", "b"]
    assert client.call("PUT", words, {"values": ["c", "d"]}) == client.get(words) == ["c", "d"]
    client.delete(words, word="c")
    assert client.get(words) == ["d"]
    client.delete(words)
    assert client.get(words) == []
    parts = len(client.get(f"{one}/parts"))
    client.call("POST", f"{one}/parts", {"size": 7})
    assert client.get(f"{one}/parts")[parts]["size"] == 7
    client.call("POST", f"{one}/parts", {"other": "x"})  # which says nothing of a part
    client.call("PUT", f"{one}/parts", [{"size": 8}, {"id": 9}])
    assert [each.get("size") for each in client.get(f"{one}/parts")][:1] == [8]
    assert client.get(f"{one}/parts")[1]["id"] == 9
    bits = client.get(f"{one}/bits")
    client.call("PUT", f"{one}/bits", {"values": ["x"]})  # which are no bits
    assert client.get(f"{one}/bits") == []
    assert bits
    client.call("POST", f"{one}/notes")  # does something else
    sizes = client.get(f"{one}/sizes")
    client.call("PUT", f"{one}/sizes", "x")  # which is no list
    assert client.get(f"{one}/sizes") == sizes


def test_words_and_bodies_say_what_is_done(tmp_path: Path) -> None:
    transport = toys(tmp_path)
    client, caller = client_of(transport), Caller(transport.sandbox, schema.load(tmp_path))
    made = client.post("/toy", name="ball")
    one = f"/toy/{made['id']}"
    assert made["status"] == "building"
    transport.sleep(60)
    assert client.get(one)["status"] == "running"
    client.post(f"{one}/rename", name="top")
    client.post(f"{one}/enable")
    assert (client.get(one)["name"], client.get(one)["enabled"]) == ("top", True)
    client.post(f"{one}/copy", name="other", size="7")
    assert (client.get(one)["name"], client.get(one)["size"]) == ("top", "7")
    for path, effect in (("weigh", "no-effect"), ("rename", "kept"), ("count/enable", "no-effect")):
        body = {"name": "x"} if path == "rename" else None
        assert caller.call("POST", f"{one}/{path}", body)[2]["X-Ovhcore-Sandbox"] == effect
    for path in ("/toy/word/x", "/lone/do"):
        assert caller.call("POST", path)[2]["X-Ovhcore-Sandbox"] == "no-effect"


def test_what_is_given_by_other_names_and_in_other_forms(tmp_path: Path) -> None:
    transport = toys(tmp_path)
    client = client_of(transport)
    boxes = f"/toy/{client.get('/toy')[0]}/box"
    before = client.get(boxes)
    body = {"boxName": "blue", "open": True, "port": 80, "parts": ["x"]}
    made = client.call("POST", boxes, {**body, "sides": [{"size": 1}, "x", {"size": 2}], "lids": {"size": 1}})
    assert (made["name"], made["open"], made["port"], made["status"]) == ("blue", "true", "80", "creating")
    sides = client.get(f"{boxes}/blue/side")
    assert [client.get(f"{boxes}/blue/side/{each}")["size"] for each in sides] == [1, 2]
    assert client.get(f"{boxes}/blue/lid")  # nothing says that calls add to it
    transport.sleep(60)
    assert client.get(f"{boxes}/blue")["status"] == "calm"
    client.call("POST", boxes, {"sides": [{"size": 1}, "x"]})
    assert len(client.get(boxes)) == len(before) + 2
    assert client.get(f"{boxes}/blue/side/{sides[0]}")["state"] in ("creating", "pending")


def test_other_tasks_than_the_current_one(client: ovh.Client) -> None:
    project = client.get("/v2/publicCloud/project")[0]["id"]
    rancher = f"/v2/publicCloud/project/{project}/rancher"
    one = f"{rancher}/{client.get(rancher)[0]['id']}"
    client.call("PUT", one, {"targetSpec": {"name": "n", "plan": "STANDARD", "version": "v1"}})
    first, *_, last = client.get(f"{one}/task")
    assert client.get(f"{one}/task/{first['id']}") == first
    assert client.get(f"{one}/task/{last['id']}")["status"] == "RUNNING"


def test_new_services_say_who_they_are(transport: SandboxTransport, client: ovh.Client) -> None:
    transport.sandbox.add({"/vps/vps-mine.example.net": {"displayName": "mine"}})
    iam = client.get("/vps/vps-mine.example.net")["iam"]
    assert (iam["displayName"], iam["tags"]) == ("vps-mine.example.net", {})
    urn = "urn:v1:eu:resource:vps:vps-mine.example.net"
    assert iam["urn"] == urn
    client.post(f"/v2/iam/resource/{urn}/tag", key="team", value="web")
    wanted = '{"team":[{"operator":"EQ","value":"web"}]}'
    assert client.get("/vps", iamTags=wanted) == ["vps-mine.example.net"]
