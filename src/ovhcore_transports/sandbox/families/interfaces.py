"""Network interfaces of dedicated servers: alone, joined by link aggregation (OLA), and in vRacks."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import blake2b
from typing import Any, Final

from ..generic.running import settle
from ..routes.calls import SandboxCall, begin, concrete
from ..routes.tasks import begin_task
from ..state import ApiError
from ..storage.rows import ids_of
from .tables import Action, Change, Resource

__all__ = ["OF_SERVERS", "OF_VRACKS", "RESOURCES"]

_SERVER: Final = "/dedicated/server/{serviceName}"
_CONTROLLER: Final = f"{_SERVER}/networkInterfaceController/{{mac}}"
_INTERFACE: Final = f"{_SERVER}/virtualNetworkInterface/{{uuid}}"
_IN_VRACK: Final = "/vrack/{serviceName}/dedicatedServerInterface"
_VRACKS: Final = {"pn-100001": "ns2.ip-192-0-2.eu", "pn-100002": "ns3.ip-192-0-2.eu"}
"""The server of which an interface is in a vRack at first."""


def _mark(text: str) -> str:
    return blake2b(text.encode("utf-8", "replace"), digest_size=12).hexdigest()


def _interfaces(arguments: Mapping[str, str]) -> dict[str, dict[str, Any]]:
    """Return the virtual interfaces of a server as they are at first: one to the Internet, one for vRacks."""
    server, found = arguments["serviceName"], dict[str, dict[str, Any]]()
    for number, (name, mode) in enumerate((("public", "public"), ("private", "vrack"))):
        mark = _mark(f"{server} {name}")
        uuid = f"{mark[:8]}-{mark[8:12]}-4{mark[13:16]}-8{mark[17:20]}-{mark[20:]}{number:08x}"
        own = [vrack for vrack, owner in _VRACKS.items() if owner == server and mode == "vrack"]
        found[uuid] = {
            "enabled": True,
            "mode": mode,
            "name": name,
            "networkInterfaceController": [f"02:00:00:{mark[:2]}:{mark[2:4]}:{mark[4:6]}"],
            "serverName": server,
            "uuid": uuid,
            "vrack": own[0] if own else None,
        }
    return found


def _controllers(arguments: Mapping[str, str]) -> dict[str, dict[str, Any]]:
    """Return the controllers of a server as they are at first: one for each virtual interface."""
    kinds = {"public": "public", "vrack": "private"}
    return {
        mac: {"mac": mac, "linkType": kinds[each["mode"]], "virtualNetworkInterface": uuid}
        for uuid, each in _interfaces(arguments).items()
        for mac in each["networkInterfaceController"]
    }


def _in_vrack(arguments: Mapping[str, str]) -> dict[str, dict[str, Any]]:
    """Return what is in a vRack at first."""
    vrack = arguments["serviceName"]
    server = _VRACKS.get(vrack, "ns3.ip-192-0-2.eu")
    (uuid,) = [uuid for uuid, each in _interfaces({"serviceName": server}).items() if each["mode"] == "vrack"]
    return {uuid: {"dedicatedServerInterface": uuid, "vrack": vrack}}


def _members(call: SandboxCall, list_path: str, first: Mapping[str, Any]) -> list[str]:
    """Return the ids of a list as they are now."""
    held = call.state.held
    for path in held.leaving(list_path):
        settle(held, path, call.now)
    removed = held.removed.get(list_path, {})
    return [each for each in first if each not in removed] + list(held.added.get(list_path, ()))


def _now(call: SandboxCall, server: str, uuid: str) -> dict[str, Any] | None:
    """Return a virtual interface of a server as it is now, None if there is none."""
    first, path = _interfaces({"serviceName": server}), concrete(_INTERFACE, {"serviceName": server, "uuid": uuid})
    if uuid not in _members(call, path.rpartition("/")[0], first):
        return None
    return _kept(call, path, first[uuid])


def _kept(call: SandboxCall, path: str, first: dict[str, Any]) -> dict[str, Any]:
    """Return an object as it is now, if it is not as it was at first."""
    settle(call.state.held, path, call.now)
    return dict(call.state.held.objects.get(path, first))


def _missing(name: str, value: object) -> ApiError:
    return ApiError.of_class(404, "NotFound", f"The requested object ({name} = {value}) does not exist")


def _for_vracks(call: SandboxCall, uuid: str) -> dict[str, Any] | None:
    """Return a virtual interface for vRacks, of whichever server; None if there is none."""
    for server in ids_of(call.state.resources["servers"], "name"):
        if uuid in _interfaces({"serviceName": server}):
            found = _now(call, server, uuid)
            if found is not None and found["mode"].startswith("vrack"):
                return found
    return None


def _set_vrack(call: SandboxCall, interface: dict[str, Any], vrack: str | None) -> None:
    path = concrete(_INTERFACE, {"serviceName": interface["serverName"], "uuid": interface["uuid"]})
    call.state.held.keep(path, {**interface, "vrack": vrack})


def _enter(call: SandboxCall, change: Change) -> None:
    """Let a virtual interface into a vRack."""
    uuid, vrack = str(change.given["dedicatedServerInterface"]), change.arguments["serviceName"]
    interface = _for_vracks(call, uuid)
    if interface is None:
        raise _missing("dedicatedServerInterface", uuid)
    if interface["vrack"] is not None:
        raise ApiError.of_class(409, "Conflict", "This interface is in a vRack already")
    path = concrete(_IN_VRACK, change.arguments)
    call.state.held.add(path, f"{path}/{uuid}", uuid, {"dedicatedServerInterface": uuid, "vrack": vrack})
    _set_vrack(call, interface, vrack)


def _leave(call: SandboxCall, change: Change) -> None:
    """Take a virtual interface out of a vRack."""
    uuid = change.arguments["dedicatedServerInterface"]
    path = concrete(_IN_VRACK, change.arguments)
    call.state.held.remove(path, f"{path}/{uuid}", uuid)
    interface = _for_vracks(call, uuid)
    if interface is not None:
        _set_vrack(call, interface, None)


def _details(call: SandboxCall) -> list[dict[str, Any]]:
    """Return what is in a vRack, with the servers."""
    uuids = _members(call, concrete(_IN_VRACK, call.path), _in_vrack(call.path))
    return [
        {"dedicatedServer": each["serverName"], "dedicatedServerInterface": uuid, "name": each["name"]}
        for uuid in uuids
        if (each := _for_vracks(call, uuid)) is not None
    ]


def _chosen(call: SandboxCall, change: Change, uuids: list[str]) -> list[dict[str, Any]]:
    server = change.arguments["serviceName"]
    found = [_now(call, server, uuid) for uuid in dict.fromkeys(uuids)]
    for uuid, each in zip(dict.fromkeys(uuids), found, strict=True):
        if each is None:
            raise _missing("virtualNetworkInterface", uuid)
        if each["vrack"] is not None:
            raise ApiError.of_class(409, "Conflict", f"The interface {each['name']} is in a vRack; take it out first")
    return [each for each in found if each is not None]


def _become(call: SandboxCall, path: str, now: dict[str, Any], steps: dict[str, Any]) -> None:
    """Let an object be another one when a task of now is over."""
    call.state.held.keep(path, now)
    begin(call, path, "ola", steps)


def _join(call: SandboxCall, change: Change) -> dict[str, Any]:
    """Join virtual interfaces: the first becomes all of them, for vRacks alone."""
    server, uuids = change.arguments["serviceName"], [str(each) for each in change.given["virtualNetworkInterfaces"]]
    chosen = _chosen(call, change, uuids)
    if len(chosen) < 2:
        raise ApiError.of_class(400, "BadRequest", "[virtualNetworkInterfaces] There must be two interfaces, or more")
    task = begin_task(call, "INFRA_002_VirtualNetworkInterface_group")
    first, macs = chosen[0], [mac for each in chosen for mac in each["networkInterfaceController"]]
    joined = {"mode": "vrack_aggregation", "name": change.given["name"], "networkInterfaceController": macs}
    _become(call, concrete(_INTERFACE, {"serviceName": server, "uuid": first["uuid"]}), first, {"then": joined})
    for each in chosen[1:]:
        path = concrete(_INTERFACE, {"serviceName": server, "uuid": each["uuid"]})
        _become(call, path, each, {"gone": True, "list": path.rpartition("/")[0], "id": each["uuid"]})
    _link(call, server, dict.fromkeys(macs, ("private_lag", first["uuid"])))
    return task


def _part(call: SandboxCall, change: Change) -> dict[str, Any]:
    """Let what was joined be as it was at first."""
    server = change.arguments["serviceName"]
    (chosen,) = _chosen(call, change, [str(change.given["virtualNetworkInterface"])])
    if not chosen["mode"].endswith("_aggregation"):
        raise ApiError.of_class(409, "Conflict", f"The interface {chosen['name']} is not joined to another one")
    task = begin_task(call, "INFRA_002_VirtualNetworkInterface_ungroup")
    own = chosen["networkInterfaceController"]
    for uuid, each in _interfaces({"serviceName": server}).items():
        path = concrete(_INTERFACE, {"serviceName": server, "uuid": uuid})
        if uuid == chosen["uuid"]:
            then = {name: each[name] for name in ("mode", "name", "networkInterfaceController")}
            _become(call, path, chosen, {"then": then})
        else:
            call.state.held.add(path.rpartition("/")[0], path, uuid, {**each, "vrack": None})
    links = _controllers({"serviceName": server})
    _link(call, server, {mac: (links[mac]["linkType"], links[mac]["virtualNetworkInterface"]) for mac in own})
    return task


def _link(call: SandboxCall, server: str, links: Mapping[str, tuple[str, str]]) -> None:
    """Let controllers be of another kind of link, and of another virtual interface."""
    for mac, (kind, uuid) in links.items():
        arguments = {"serviceName": server, "mac": mac}
        path = concrete(_CONTROLLER, arguments)
        now = _kept(call, path, _controllers(arguments)[mac])
        _become(call, path, now, {"then": {"linkType": kind, "virtualNetworkInterface": uuid}})


RESOURCES: Final = (
    Resource(_CONTROLLER, at_first=_controllers),
    Resource(_INTERFACE, at_first=_interfaces),
    Resource(f"{_IN_VRACK}/{{dedicatedServerInterface}}", at_first=_in_vrack),
    Resource("/vrack/{serviceName}/dedicatedServerInterfaceDetails", listed=_details),
)

OF_SERVERS: Final = {
    "POST /ola/aggregation": Action(does=_join, busy=False),
    "POST /ola/group": Action(does=_join, busy=False),
    "POST /ola/reset": Action(does=_part, busy=False),
    "POST /ola/ungroup": Action(does=lambda call, change: [_part(call, change)], busy=False),
}
"""What is done to the interfaces of a server."""

OF_VRACKS: Final = {
    "POST /dedicatedServerInterface": Action(does=_enter, busy=False),
    "DELETE /dedicatedServerInterface/{dedicatedServerInterface}": Action(does=_leave, busy=False),
}
"""What is done to a vRack's interfaces."""
