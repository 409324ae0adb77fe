"""Public cloud: instances, volumes, Kubernetes, networks, users and what they are made with."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from hashlib import blake2b
from typing import Any, Final

from ..generic.running import begin
from ..routes.calls import SandboxCall, concrete
from ..state import ApiError
from .tables import Action, Change, Resource, is_ssh_key

__all__ = ["RESOURCES"]

_PROJECT: Final = "/cloud/project/{serviceName}"
_ACTIVE: Final = {"status": "ACTIVE"}
_READY: Final = {"status": "READY"}


def _detached(change: Change) -> None:
    if change.kind == "delete" and change.object.get("attachedTo"):
        raise ApiError.of_class(409, "Conflict", "The volume is attached to an instance; detach it first")


def _ssh_key(change: Change) -> None:
    if change.kind == "create" and not is_ssh_key(change.given.get("publicKey")):
        raise ApiError.of_class(400, "BadRequest", "[publicKey] This is no public SSH key")


_REGIONS: Final = ("GRA11", "SBG5", "BHS5")
_STORAGE_REGIONS: Final = ("GRA", "SBG", "BHS", "DE", "UK", "WAW")
"""Regions that have nothing but object storage."""
_SIZES: Final = {"d2-2": (1, 2, 25), "b3-8": (2, 8, 50), "c3-4": (2, 4, 50), "r3-16": (2, 16, 50)}
"""Of flavors: processors, memory and disk, in GB."""
_IMAGES: Final = {
    "Debian 12": ("linux", "debian", 0),
    "Ubuntu 24.04": ("linux", "ubuntu", 0),
    "Windows Server 2022 Standard (Desktop)": ("windows", "admin", 50),
}
"""Of images: the kind of system, who logs in, and the least disk, in GB."""


def _id(text: str) -> str:
    mark = blake2b(text.encode(), digest_size=16).hexdigest()
    return f"{mark[:8]}-{mark[8:12]}-4{mark[13:16]}-8{mark[17:20]}-{mark[20:]}"


def _flavors(_: Mapping[str, str]) -> dict[str, dict[str, Any]]:
    """Return the flavors of all regions: each region has its own."""
    return {
        _id(f"{region} {name}"): {
            "name": name,
            "region": region,
            "vcpus": vcpus,
            "ram": ram * 1000,
            "disk": disk,
            "osType": "linux",
            "type": "ovh.ssd.eg",
            "available": True,
            "planCodes": {"hourly": f"{name}.consumption", "monthly": f"{name}.monthly.postpaid"},
        }
        for region in _REGIONS
        for name, (vcpus, ram, disk) in _SIZES.items()
    }


def _images(_: Mapping[str, str]) -> dict[str, dict[str, Any]]:
    """Return the images of all regions."""
    return {
        _id(f"{region} {name}"): {
            "name": name,
            "region": region,
            "type": kind,
            "user": user,
            "minDisk": disk,
            "status": "active",
            "visibility": "public",
        }
        for region in _REGIONS
        for name, (kind, user, disk) in _IMAGES.items()
    }


def _made_of(change: Change) -> None:
    """Let a new instance show the flavor and image that it is made of, where there are such ones."""
    if change.kind != "create":
        return
    if "monthlyBilling" in change.object and not change.given.get("monthlyBilling"):
        change.object["monthlyBilling"] = None
    for name, known in (("flavor", _flavors({})), ("image", _images({}))):
        one = known.get(str(change.object.get(f"{name}Id")))
        if one is not None and isinstance(change.object.get(name), dict):
            change.object[name] |= {"id": change.object[f"{name}Id"], **one}


def _pay_monthly(call: SandboxCall, change: Change) -> dict[str, Any]:
    """Let an instance be paid by the month; that takes its time."""
    if change.object.get("monthlyBilling"):
        raise ApiError.of_class(409, "Conflict", "This instance is paid by the month already")
    since = datetime.fromtimestamp(int(call.now), UTC).isoformat()
    pending, active = ({"since": since, "status": status} for status in ("activationPending", "ok"))
    path = concrete(f"{_PROJECT}/instance/{{instanceId}}", change.arguments)
    call.state.held.keep(path, {**change.object, "monthlyBilling": pending})
    begin(call, path, change.kind, {"then": {"monthlyBilling": active}})
    return {**change.object, "monthlyBilling": pending}


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
    Resource("/cloud/project/{serviceName}", urn="publicCloudProject"),
    Resource(f"{_PROJECT}/flavor/{{flavorId}}", at_first=_flavors),
    Resource(f"{_PROJECT}/image/{{imageId}}", at_first=_images),
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
            "POST /rescueMode": Action(sets={"status": "RESCUING"}, then={"status": "RESCUED"}),
            "POST /reinstall": Action(sets={"status": "REBUILD"}, then=_ACTIVE),
            "POST /resize": Action(sets={"status": "RESIZE"}, then={**_ACTIVE, "flavorId": "{flavorId}"}),
            "POST /activeMonthlyBilling": Action(does=_pay_monthly),
            "PUT": Action(sets={"name": "{instanceName}"}, busy=False),
        },
    ),
    Resource(
        f"{_PROJECT}/instance/{{instanceId}}/interface/{{interfaceId}}",
        rules=(_with_address,),
        shows={"state": "ACTIVE", "type": "private"},
    ),
    Resource(
        f"{_PROJECT}/volume/{{volumeId}}",
        rules=(_detached,),
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
    ),
    Resource(f"{_PROJECT}/kube/{{kubeId}}/nodepool/{{nodePoolId}}", shows=_READY, starts={"status": "INSTALLING"}),
    Resource(f"{_PROJECT}/network/private/{{networkId}}", shows=_ACTIVE, starts={"status": "BUILDING"}),
    Resource(f"{_PROJECT}/user/{{userId}}", shows={"status": "ok"}, starts={"status": "creating"}),
    Resource(f"{_PROJECT}/sshkey/{{keyId}}", unique=("name",), rules=(_ssh_key,)),
    Resource(
        f"{_PROJECT}/region/{{regionName}}/storage/{{name}}",
        rules=(_hosted,),
        shows={"objects": [], "objectsCount": 0, "objectsSize": 0},
    ),
    Resource(f"{_PROJECT}/region/{{regionName}}", ids=(*_REGIONS, *_STORAGE_REGIONS), shows={"status": "UP"}),
)
