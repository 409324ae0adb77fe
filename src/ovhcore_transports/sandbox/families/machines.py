"""Machines and what they stand in: dedicated servers, VPS, IP addresses, vRacks, load balancers."""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import ip_address, ip_interface
from typing import Any, Final

from ..generic.values.words import SSH_KEY
from ..routes.calls import SandboxCall, concrete
from ..routes.operations import reinstall
from ..state import ApiError
from .interfaces import OF_SERVERS, OF_VRACKS
from .tables import Action, Change, Resource

__all__ = ["RESOURCES"]


def _reverse(change: Change) -> None:
    """A reverse is a name; the API gives it its last dot."""
    name = change.object.get("reverse")
    if change.kind != "create" or not isinstance(name, str):
        return
    block = ip_interface(change.arguments["ip"]).network
    if ip_address(str(change.object["ipReverse"])) not in block:
        raise ApiError.of_class(400, "BadRequest", f"[ipReverse] {change.object['ipReverse']} is not in {block}")
    if "." not in name.strip(".") or " " in name:
        raise ApiError.of_class(400, "BadRequest", f"[reverse] Invalid reverse {name[:100]!r}: it must be a full name")
    if not name.endswith("."):
        change.object["reverse"] = f"{name}."


def _count(call: SandboxCall, balancer: str, changed: Mapping[str, Any]) -> None:
    """Count a change that a refresh has to bring to the load balancer, in its zone."""
    path, held = f"{balancer}/pendingChanges", call.state.held
    counts, zone = dict(held.objects.get(path, {})), str(changed.get("zone") or "all")
    held.keep(path, {**counts, zone: counts.get(zone, 0) + 1})


def _pending(call: SandboxCall) -> list[dict[str, Any]]:
    path = concrete("/ipLoadbalancing/{serviceName}/pendingChanges", call.path)
    return [{"zone": zone, "number": number} for zone, number in call.state.held.objects.get(path, {}).items()]


def _bring(call: SandboxCall, change: Change) -> None:
    """Bring what was changed to the load balancer: in a zone, or in all."""
    path, held = concrete("/ipLoadbalancing/{serviceName}/pendingChanges", change.arguments), call.state.held
    zone = change.given.get("zone")
    left = {name: number for name, number in held.objects.get(path, {}).items() if zone not in (None, name)}
    held.keep(path, left)


def _boot(change: Change) -> None:
    """A server boots what there is to boot from."""
    boot = change.given.get("bootId") if change.kind == "change" else None
    if boot is not None and str(boot) not in _BOOTS:
        raise ApiError.of_class(404, "NotFound", f"The requested object (bootId = {boot}) does not exist")


def _netboot(kind: str, kernel: str, description: str) -> dict[str, str]:
    return {"bootType": kind, "kernel": kernel, "description": description}


_BOOTS: Final = {
    "1": _netboot("harddisk", "hd", "Boot from the hard disk, no netboot"),
    "1122": _netboot("rescue", "rescue-customer", "Rescue system for customers"),
    "46371": _netboot("rescue", "rescue12-customer", "Rescue system for customers, Debian 12"),
    "38": _netboot("network", "ipxe-shell", "Shell of iPXE"),
    "136": _netboot("power", "poweroff", "Power off instead of booting"),
    "40": _netboot("internal", "memtest", "Test of the memory"),
}
"""What a dedicated server can boot from, by the number of each."""

_SYSTEMS: Final = ("debian12_64", "debian13_64", "ubuntu2404-server_64", "rocky9_64", "proxmox8_64", "win2022-std_64")
"""What can be installed on a dedicated server."""

_DISKS: Final = {
    "capacity": {"unit": "GB", "value": 960},
    "diskGroupId": 1,
    "names": ["c0:0", "c0:1"],
    "speed": {},
    "type": "SSD",
}

_BACK_UP: Final = {"state": "running"}

RESOURCES: Final = (
    Resource(
        "/vps/{serviceName}",
        ids=("vps-1a2b3c4d.vps.ovh.net", "vps-5e6f7a8b.vps.ovh.net"),
        shows={"name": "{id}", "displayName": "{id}", "state": "running", "netbootMode": "local", "zone": "Region GRA"},
        actions={
            "POST /reboot": Action(sets={"state": "rebooting"}, then=_BACK_UP),
            "POST /start": Action(sets={"state": "rebooting"}, then=_BACK_UP, needs={"state": "stopped"}),
            "POST /stop": Action(sets={"state": "stopping"}, then={"state": "stopped"}, needs={"state": "running"}),
            "POST /rebuild": Action(
                sets={"state": "installing"}, then=_BACK_UP, below={"/images/current": {"id": "{imageId}"}}
            ),
            "POST /reinstall": Action(sets={"state": "installing"}, then=_BACK_UP),
            "POST /createSnapshot": Action(
                sets={"state": "backuping"}, then=_BACK_UP, below={"/snapshot": {"description": "{description}"}}
            ),
            "POST /snapshot/revert": Action(sets={"state": "installing"}, then=_BACK_UP),
            "POST /setPassword": Action(sets={"state": "rebooting"}, then=_BACK_UP),
        },
        busy=True,
        urn="vps",
    ),
    Resource(
        "/dedicated/server/{serviceName}",
        rules=(_boot,),
        shows={
            "bootId": 1,
            "bootScript": "#!ipxe\nexit\n",
            "commercialRange": "advance-1",
            "efiBootloaderPath": "\\efi\\debian\\grubx64.efi",
            "linkSpeed": 1000,
            "noIntervention": False,
            "powerState": "poweron",
            "rescueSshKey": SSH_KEY,
            "rootDevice": "/dev/sda1",
        },
        urn="dedicatedServer",
        actions={"POST /reinstall": Action(does=reinstall, then={"os": "{operatingSystem}"}), **OF_SERVERS},
    ),
    Resource("/dedicated/installationTemplate/{templateName}", ids=_SYSTEMS),
    Resource("/dedicated/server/{serviceName}/install/compatibleTemplates", shows={"ovh": list(_SYSTEMS)}),
    Resource(
        "/dedicated/server/{serviceName}/install/hardwareRaidProfile",
        shows={"controllers": [{"disks": [_DISKS], "model": "MegaRAID 9361-4i", "type": "raid"}]},
    ),
    Resource("/dedicated/nasha/{serviceName}", ids=("zpool-100001", "zpool-100002"), urn="nasHA"),
    Resource("/v2/vrackServices/resource/{vrackServicesId}", urn="vrackServices"),
    Resource("/dedicated/server/{serviceName}/boot/{bootId}", ids=tuple(map(int, _BOOTS)), each=_BOOTS),
    Resource(
        "/dedicated/server/{serviceName}/features/ipmi",
        shows={
            "activated": True,
            "supportedFeatures": {
                "kvmipHtml5URL": True,
                "kvmipJnlp": True,
                "serialOverLanSshKey": True,
                "serialOverLanURL": False,
            },
        },
    ),
    Resource(
        "/ip/{ip}",
        ids=("192.0.2.10/32", "198.51.100.16/28"),
        shows={"routedTo": {"serviceName": "ns1.ip-192-0-2.eu"}},
        actions={
            "POST /move": Action(then={"routedTo": {"serviceName": "{to}"}}),
            "POST /park": Action(then={"routedTo": None}),
        },
    ),
    Resource("/ip/{ip}/reverse/{ipReverse}", rules=(_reverse,)),
    Resource(
        "/ip/{ip}/firewall/{ipOnFirewall}",
        shows={"state": "ok", "enabled": False},
        starts={"state": "enableFirewallPending"},
    ),
    Resource(
        "/vrack/{serviceName}",
        ids=("pn-100001", "pn-100002"),
        new_id="pn-10{n:04d}",
        urn="vrack",
        actions=OF_VRACKS,
    ),
    Resource(
        "/ipLoadbalancing/{serviceName}",
        ids=("loadbalancer-0a1b2c3d4e5f", "loadbalancer-1b2c3d4e5f60"),
        urn="loadbalancer",
        below=_count,
        actions={"POST /refresh": Action(does=_bring, task={"action": "refreshIplb"}, busy=False)},
    ),
    Resource("/ipLoadbalancing/{serviceName}/pendingChanges", listed=_pending),
)
