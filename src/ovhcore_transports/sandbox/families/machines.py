"""Machines and what they stand in: dedicated servers, VPS, IP addresses, vRacks, load balancers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from ipaddress import ip_address, ip_interface
from typing import Any, Final
from urllib.parse import quote

from ..generic.values.words import SSH_KEY
from ..routes.calls import SandboxCall, begin, concrete
from ..routes.tasks import cancel_task, reinstall
from ..state import ApiError
from ..storage.initial_data import PROJECT
from .everywhere import keep_part
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


def _hosts(call: SandboxCall, arguments: Mapping[str, str]) -> list[str]:
    """Return the first address of a block: what it is asked for exists there at first."""
    network = ip_interface(arguments["ip"]).network
    return [str(network[1 if network.num_addresses > 1 else 0])]


def _in_block(change: Change) -> None:
    """An address on a firewall is one of its block."""
    if change.kind == "create":
        block, address = ip_interface(change.arguments["ip"]).network, str(list(change.arguments.values())[-1])
        if ip_address(address) not in block:
            raise ApiError.of_class(400, "BadRequest", f"[ip] {address} is not in {block}")


def _routed(call: SandboxCall) -> list[str]:
    """Return the blocks that lead to a service."""
    service = call.path["serviceName"]
    blocks = {each: call.read(f"/ip/{quote(each, safe='')}").get("routedTo") or {} for each in call.read("/ip")}
    return [each for each, target in blocks.items() if target.get("serviceName") == service]


def _move_here(call: SandboxCall, change: Change) -> None:
    """Let a block lead to a server, when the task is over."""
    block = str(change.given.get("ip"))
    path = f"/ip/{quote(block, safe='')}"
    if block not in call.read("/ip"):
        return
    keep_part(call, path, {})
    begin(call, path, change.kind, {"then": {"routedTo": {"serviceName": change.arguments["serviceName"]}}})


def _vracks_of(call: SandboxCall, arguments: Mapping[str, str]) -> list[str]:
    """Return the vRacks that a server is in."""
    server = arguments["serviceName"]
    return [each for each in call.read("/vrack") if server in call.read(f"/vrack/{each}/dedicatedServer")]


def _in_vrack(*members: tuple[str, ...]) -> Callable[[SandboxCall, Mapping[str, str]], tuple[str, ...]]:
    """Return what returns the members of a vRack at first, given those of each."""
    by_name: dict[str, tuple[str, ...]] = dict(zip(_VRACKS, members, strict=True))
    return lambda _, arguments: by_name.get(arguments["serviceName"], ())


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

_DISKS: Final = {
    "capacity": {"unit": "GB", "value": 960},
    "diskGroupId": 1,
    "names": ["c0:0", "c0:1"],
    "speed": {},
    "type": "SSD",
}

_VRACKS: Final[tuple[str, ...]] = ("pn-100001", "pn-100002")
_TEMPLATES: Final = ["debian12_64", "debian13_64", "ubuntu2404-server_64", "rocky9_64"]
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
                sets={"state": "installing"},
                then=_BACK_UP,
                below={"/images/current": {"id": "{imageId}"}},
                task={"type": "reinstallVm"},
            ),
            "POST /reinstall": Action(sets={"state": "installing"}, then=_BACK_UP, task={"type": "reinstallVm"}),
            "POST /abortSnapshot": Action(sets=_BACK_UP, busy=False),
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
        actions={
            **OF_SERVERS,
            "POST /reinstall": Action(does=reinstall, then={"os": "{operatingSystem}"}),
            "POST /ipMove": Action(does=_move_here, task={"function": "genericMoveFloatingIp"}, busy=False),
        },
    ),
    Resource("/dedicated/installationTemplate/{templateName}", ids=tuple(_TEMPLATES)),
    Resource(
        "/dedicated/server/{serviceName}/install/hardwareRaidProfile",
        shows={"controllers": [{"disks": [_DISKS], "model": "MegaRAID 9361-4i", "type": "raid"}]},
    ),
    Resource("/dedicated/nasha/{serviceName}", ids=("zpool-100001", "zpool-100002"), urn="nasHA"),
    Resource("/dedicated/server/{serviceName}/install/compatibleTemplates", shows={"ovh": _TEMPLATES}),
    Resource(
        "/dedicated/server/{serviceName}/task/{taskId}", actions={"POST /cancel": Action(does=cancel_task, busy=False)}
    ),
    Resource("/dedicated/server/{serviceName}/ips", listed=_routed),
    Resource("/dedicated/server/{serviceName}/vrack/{vrack}", ids=_vracks_of),
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
        shows={"version": 4, "type": "failover", "country": "fr", "bringYourOwnIp": False, "isAdditionalIp": True},
        each={
            "192.0.2.10/32": {
                "type": "dedicated",
                "isAdditionalIp": False,
                "canBeTerminated": False,
                "routedTo": {"serviceName": "ns1.ip-192-0-2.eu"},
            },
            "198.51.100.16/28": {"routedTo": {"serviceName": "ns2.ip-192-0-2.eu"}, "canBeTerminated": True},
        },
        urn="ip",
        actions={
            "POST /move": Action(
                then={"routedTo": {"serviceName": "{to}"}}, task={"destination": {"serviceName": "{to}"}}
            ),
            "POST /park": Action(then={"routedTo": None}),
        },
    ),
    Resource("/ip/{ip}/reverse/{ipReverse}", rules=(_reverse,), ids=_hosts, again="always"),
    Resource("/ip/{ip}/mitigation/{ipOnMitigation}", rules=(_in_block,), ids=_hosts, again="first"),
    Resource("/ip/{ip}/game/{ipOnGame}", ids=_hosts),
    Resource(
        "/ip/{ip}/firewall/{ipOnFirewall}",
        shows={"state": "ok", "enabled": False},
        starts={"state": "enableFirewallPending"},
        rules=(_in_block,),
        ids=_hosts,
        again="first",
    ),
    Resource("/vrack/{serviceName}", ids=_VRACKS, new_id="pn-10{n:04d}", urn="vrack", actions=OF_VRACKS),
    Resource(
        "/ipLoadbalancing/{serviceName}",
        ids=("loadbalancer-0a1b2c3d4e5f", "loadbalancer-1b2c3d4e5f60"),
        urn="loadbalancer",
        below=_count,
        actions={"POST /refresh": Action(does=_bring, task={"action": "refreshIplb"}, busy=False)},
    ),
    Resource("/ipLoadbalancing/{serviceName}/zone/{name}", ids=("gra", "rbx", "sbg"), shows={"state": "ok"}),
    Resource(
        "/vrack/{serviceName}/dedicatedServer/{dedicatedServer}",
        ids=_in_vrack(("ns3.ip-192-0-2.eu",), ("ns1.ip-192-0-2.eu",)),
    ),
    Resource(
        "/vrack/{serviceName}/cloudProject/{project}",
        ids=_in_vrack((PROJECT,), ()),
    ),
    Resource("/ipLoadbalancing/{serviceName}/pendingChanges", listed=_pending),
)
