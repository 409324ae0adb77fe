"""Public cloud: instances, volumes, Kubernetes, networks, users and what they are made with."""

from __future__ import annotations

from ipaddress import ip_interface
from typing import Any, Final

from ..routes.calls import SandboxCall, begin, concrete, date_of
from ..state import ApiError
from .tables import Action, Change, Resource, is_ssh_key

__all__ = ["RESOURCES"]

_PROJECT: Final = "/cloud/project/{serviceName}"
_ACTIVE: Final = {"status": "ACTIVE"}
_READY: Final = {"status": "READY"}
_COUNTS: Final = ("currentNodes", "availableNodes", "upToDateNodes")


def _detached(change: Change) -> None:
    if change.kind == "delete" and change.object.get("attachedTo"):
        raise ApiError.of_class(409, "Conflict", "The volume is attached to an instance; detach it first")


def _ssh_key(change: Change) -> None:
    if change.kind == "create" and not is_ssh_key(change.given.get("publicKey")):
        raise ApiError.of_class(400, "BadRequest", "[publicKey] This is no public SSH key")


def _larger(change: Change) -> None:
    wanted = change.given.get("size")
    if change.kind == "POST /upsize" and wanted is not None and wanted <= change.object.get("size", 0):
        raise ApiError.of_class(400, "BadRequest", f"[size] must be more than {change.object['size']} GB")


def _rescue(call: SandboxCall, change: Change) -> None:
    """Let an instance begin in rescue mode, or as usual."""
    into = change.given.get("rescue")
    path = concrete(f"{_PROJECT}/instance/{{instanceId}}", change.arguments)
    call.state.held.keep(path, {**change.object, "status": "RESCUING" if into else "UNRESCUING"})
    begin(call, path, change.kind, {"then": {"status": "RESCUED" if into else "ACTIVE"}})


def _month(call: SandboxCall, change: Change) -> None:
    """Let an instance be billed by month."""
    path, since = concrete(f"{_PROJECT}/instance/{{instanceId}}", change.arguments), date_of(call.now)
    change.object["monthlyBilling"] = {"since": since, "status": "activationPending"}
    call.state.held.keep(path, change.object)
    begin(call, path, change.kind, {"then": {"monthlyBilling": {"since": since, "status": "ok"}}})


def _made_of(change: Change) -> None:
    """Let a new instance show the flavor and image that it is made of, where there are such ones."""
    if change.kind != "create":
        return
    if not change.given.get("monthlyBilling"):
        change.object["monthlyBilling"] = None
    for name, known in (("flavor", _FLAVORS), ("image", _IMAGES)):
        one = known.get(str(change.object.get(f"{name}Id")))
        if one is not None and isinstance(change.object.get(name), dict):
            change.object[name] |= {"id": change.object[f"{name}Id"], **one}


def _nodes(change: Change) -> None:
    """A node pool has the nodes that are desired, between the least and the most."""
    if change.kind not in ("create", "change"):
        return
    pool = change.object
    if change.kind == "create":
        least, most = (change.given.get(name) for name in ("minNodes", "maxNodes"))
        wanted = change.given.get("desiredNodes", least or 1)
        pool["minNodes"], pool["maxNodes"] = least or 0, most or max(100, wanted)
        pool["desiredNodes"] = wanted
    if not pool["minNodes"] <= pool["desiredNodes"] <= pool["maxNodes"]:
        raise ApiError.of_class(400, "BadRequest", "[desiredNodes] must be from minNodes to maxNodes")
    pool |= dict.fromkeys(_COUNTS, pool["desiredNodes"])


def _subnet(change: Change) -> None:
    if change.kind == "create":
        given, subnet = change.given, change.object
        pool = {name: given[name] for name in ("dhcp", "end", "network", "region", "start")}
        subnet |= {"cidr": given["network"], "dhcpEnabled": given["dhcp"], "ipPools": [pool]}
        subnet.pop("gatewayIp", None)
        if not given["noGateway"]:
            network = ip_interface(given["network"]).network
            subnet["gatewayIp"] = str(network.network_address + 1)


def _add_region(call: SandboxCall, change: Change) -> None:
    """Let a private network be in one more region."""
    path, region = concrete(f"{_PROJECT}/network/private/{{networkId}}", change.arguments), change.given["region"]
    before = [each for each in change.object.get("regions", ()) if each["region"] != region]
    change.object["regions"] = [*before, {"openstackId": call.state.uuid("network"), "region": region, **_ACTIVE}]
    call.state.held.keep(path, change.object)


def _allow(call: SandboxCall, change: Change) -> None:
    """Let pages of an origin read a container, or not any more."""
    origin = change.given.get("origin") or call.query.get("origin")
    others = [each for each in change.object.get("cors", ()) if each != origin]
    change.object["cors"] = others if change.kind.startswith("DELETE") else [*others, origin]
    call.state.held.keep(concrete(f"{_PROJECT}/storage/{{containerId}}", change.arguments), change.object)


def _kind_of_container(change: Change) -> None:
    kind = change.object.get("containerType")
    if change.kind in ("create", "change") and kind is not None:
        change.object["public"] = kind == "public"
    if change.kind == "create":
        change.object.update(cors=[], objects=[], storedBytes=0, storedObjects=0)


def _flavors() -> dict[str, dict[str, Any]]:
    kinds = (("b3-8", 2, 8, 50), ("c3-16", 8, 16, 200))
    return {
        f"00000000-0000-4000-8001-{place:06d}{number:06d}": {
            "name": name,
            "vcpus": cores,
            "ram": memory,
            "disk": disk,
            "region": region,
            "osType": "linux",
            "available": True,
            "type": "ovh.vps-ssd",
        }
        for place, region in enumerate(_REGIONS)
        for number, (name, cores, memory, disk) in enumerate(kinds)
    }


def _images() -> dict[str, dict[str, Any]]:
    return {
        f"00000000-0000-4000-8002-{place:06d}{number:06d}": {
            "name": name,
            "region": region,
            "type": "linux",
            "status": "active",
            "visibility": "public",
            "user": "debian",
            "flavorType": "ovh.vps-ssd",
        }
        for place, region in enumerate(_REGIONS)
        for number, name in enumerate(("Debian 13", "Ubuntu 24.04", "Debian 12"))
    }


_REGIONS: Final = ("GRA11", "SBG5", "BHS5")
_STORAGE_REGIONS: Final = ("GRA", "SBG", "BHS", "DE", "UK", "WAW")
"""Regions that have nothing but object storage."""
_FLAVORS: Final = _flavors()
_IMAGES: Final = _images()


def _hosted(change: Change) -> None:
    """Let a new container have an address."""
    if change.kind == "create":
        region = change.arguments["regionName"].lower()
        change.object["virtualHost"] = f"https://{change.object['name']}.s3.{region}.io.cloud.ovh.net/"


def _with_address(change: Change) -> None:
    """Let a new interface of an instance have the address that was asked for."""
    address, fixed = change.given.get("ip"), change.object.get("fixedIps")
    if change.kind == "create" and isinstance(address, str) and isinstance(fixed, list) and fixed:
        change.object["fixedIps"] = [{**fixed[0], "ip": address}]


RESOURCES: Final = (
    Resource(f"{_PROJECT}/flavor/{{flavorId}}", ids=tuple(_FLAVORS), each=_FLAVORS),
    Resource(f"{_PROJECT}/image/{{imageId}}", ids=tuple(_IMAGES), each=_IMAGES),
    Resource(
        f"{_PROJECT}/snapshot/{{imageId}}",
        shows={"status": "active", "visibility": "private", "type": "linux"},
        starts={"status": "queued"},
    ),
    Resource(
        f"{_PROJECT}/volume/snapshot/{{snapshotId}}", shows={"status": "available"}, starts={"status": "creating"}
    ),
    Resource(
        f"{_PROJECT}/network/private/{{networkId}}/subnet/{{subnetId}}",
        rules=(_subnet,),
    ),
    Resource(
        f"{_PROJECT}/storage/{{containerId}}",
        rules=(_kind_of_container,),
        actions={
            "POST /cors": Action(does=_allow),
            "DELETE /cors": Action(does=_allow),
            "POST /static": Action(sets={"containerType": "static"}),
        },
    ),
    Resource("/cloud/project/{serviceName}", urn="publicCloudProject"),
    Resource("/v2/publicCloud/project/{projectId}", same_as="/cloud/project"),
    Resource(
        f"{_PROJECT}/instance/{{instanceId}}",
        rules=(_made_of,),
        shows=_ACTIVE,
        starts={"status": "BUILD"},
        actions={
            "POST /reboot": Action(sets={"status": "REBOOT"}, then=_ACTIVE),
            "POST /start": Action(sets={"status": "RESUMING"}, then=_ACTIVE, needs={"status": "SHUTOFF"}),
            "POST /stop": Action(sets={"status": "SUSPENDED"}, then={"status": "SHUTOFF"}, needs=_ACTIVE),
            "POST /shelve": Action(sets={"status": "SHELVING"}, then={"status": "SHELVED_OFFLOADED"}, needs=_ACTIVE),
            "POST /unshelve": Action(
                sets={"status": "UNSHELVING"}, then=_ACTIVE, needs={"status": "SHELVED_OFFLOADED"}
            ),
            "POST /resume": Action(sets={"status": "RESUMING"}, then=_ACTIVE),
            "POST /rescueMode": Action(does=_rescue),
            "POST /activeMonthlyBilling": Action(does=_month),
            "POST /snapshot": Action(
                sets={"status": "SNAPSHOTTING"}, then=_ACTIVE, makes=f"{_PROJECT}/snapshot/{{imageId}}"
            ),
            "POST /reinstall": Action(sets={"status": "REBUILD"}, then={**_ACTIVE, "imageId": "{imageId}"}),
            "POST /resize": Action(sets={"status": "RESIZE"}, then={**_ACTIVE, "flavorId": "{flavorId}"}),
        },
    ),
    Resource(
        f"{_PROJECT}/volume/{{volumeId}}",
        rules=(_detached, _larger),
        shows={"status": "available", "attachedTo": []},
        starts={"status": "creating"},
        actions={
            "POST /attach": Action(
                sets={"status": "attaching"},
                then={"status": "in-use", "attachedTo": ["{instanceId}"]},
                needs={"status": "available"},
            ),
            "POST /detach": Action(
                sets={"status": "detaching"}, then={"status": "available", "attachedTo": []}, needs={"status": "in-use"}
            ),
            "POST /upsize": Action(sets={"status": "extending", "size": "{size}"}, then={"status": "available"}),
        },
    ),
    Resource(
        f"{_PROJECT}/kube/{{kubeId}}",
        shows=_READY,
        starts={"status": "INSTALLING"},
        actions={
            "POST /reset": Action(sets={"status": "RESETTING"}, then=_READY),
            "POST /update": Action(sets={"status": "UPDATING"}, then=_READY),
            "POST /restart": Action(sets={"status": "REDEPLOYING"}, then=_READY),
        },
        busy=True,
        ends={"status": "DELETING"},
    ),
    Resource(
        f"{_PROJECT}/kube/{{kubeId}}/nodepool/{{nodePoolId}}",
        shows={**_READY, "minNodes": 0, "maxNodes": 100, **dict.fromkeys(("desiredNodes", *_COUNTS), 3)},
        starts={"status": "INSTALLING"},
        rules=(_nodes,),
        ends={"status": "DELETING"},
    ),
    Resource(
        f"{_PROJECT}/network/private/{{networkId}}",
        shows={**_ACTIVE, "type": "private"},
        starts={"status": "BUILDING"},
        unique=("vlanId",),
        actions={"POST /region": Action(does=_add_region, busy=False)},
    ),
    Resource(
        f"{_PROJECT}/user/{{userId}}",
        shows={"status": "ok"},
        starts={"status": "creating"},
    ),
    Resource(f"{_PROJECT}/sshkey/{{keyId}}", unique=("name",), rules=(_ssh_key,)),
    Resource(
        f"{_PROJECT}/region/{{regionName}}/storage/{{name}}",
        rules=(_hosted,),
        shows={"objects": [], "objectsCount": 0, "objectsSize": 0},
    ),
    Resource(f"{_PROJECT}/region/{{regionName}}", ids=(*_REGIONS, *_STORAGE_REGIONS), shows={"status": "UP"}),
    Resource(
        f"{_PROJECT}/instance/{{instanceId}}/interface/{{interfaceId}}",
        rules=(_with_address,),
        shows={"state": "ACTIVE", "type": "private"},
    ),
)
