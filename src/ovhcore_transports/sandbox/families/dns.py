"""Zones and domains: records that DNS allows, the SOA, redirections, DNSSEC, name servers."""

from __future__ import annotations

from typing import Final

from ..routes.calls import SandboxCall, begin, concrete
from ..routes.zones import import_zone, reset_zone, restore_zone
from ..state import ApiError
from .tables import Action, Change, Resource

__all__ = ["RESOURCES"]

_LEAST_SERVERS: Final = 2
_SIGNED: Final = {"status": "enabled"}
_UNSIGNED: Final = {"status": "disabled"}

_SERVERS: Final = {
    "1001": {"host": "dns10.ovh.net", "isUsed": True, "toDelete": False},
    "1002": {"host": "ns10.ovh.net", "isUsed": True, "toDelete": False},
}


def _name_servers(call: SandboxCall, change: Change) -> None:
    """Put name servers in the place of those that there are, when the task is over."""
    given = change.given.get("nameServers")
    if not given:
        return
    if len(given) < _LEAST_SERVERS or not all(isinstance(each, dict) and each.get("host") for each in given):
        raise ApiError.of_class(400, "BadRequest", f"[nameServers] There must be {_LEAST_SERVERS} or more, with a host")
    listed, held = concrete("/domain/{serviceName}/nameServer", change.arguments), call.state.held
    for number in call.read(listed):
        path = f"{listed}/{number}"
        held.keep(path, {**call.read(path), "toDelete": True})
        begin(call, path, "update", {"gone": True, "list": listed, "id": str(number)})
    for each in given:
        number = 20_000 + call.state.next()
        address = {"ip": each["ip"]} if each.get("ip") else {}
        made = {"host": each["host"], "id": number, "isUsed": False, "toDelete": False, **address}
        held.add(listed, f"{listed}/{number}", number, made)
        begin(call, f"{listed}/{number}", "update", {"then": {"isUsed": True}})


RESOURCES: Final = (
    Resource(
        "/domain/zone/{zoneName}",
        urn="dnsZone",
        actions={
            "POST /import": Action(does=import_zone, task={"function": "ZoneImport"}, busy=False),
            "POST /history/{creationDate}/restore": Action(
                does=restore_zone, task={"function": "ZoneRestore"}, busy=False
            ),
            "POST /reset": Action(does=reset_zone, busy=False),
        },
    ),
    Resource(
        "/domain/zone/{zoneName}/dnssec",
        shows=_UNSIGNED,
        actions={
            "POST": Action(sets={"status": "enableInProgress"}, then=_SIGNED, needs=_UNSIGNED),
            "DELETE": Action(sets={"status": "disableInProgress"}, then=_UNSIGNED, needs=_SIGNED),
        },
    ),
    Resource("/domain/zone/{zoneName}/redirection/{id}", unique=("subDomain",)),
    Resource("/domain/zone/{zoneName}/dynHost/login/{login}", unique=("login",)),
    Resource(
        "/domain/{serviceName}",
        ids=("example.com", "example.net"),
        urn="domain",
        actions={
            "POST /nameServers/update": Action(
                does=_name_servers, task={"function": "DomainDnsUpdate", "type": "domain"}, busy=False
            )
        },
    ),
    Resource("/v2/domain/name/{domainName}", same_as="/domain"),
    Resource("/domain/{serviceName}/nameServer/{id}", ids=tuple(map(int, _SERVERS)), each=_SERVERS, unique=("host",)),
    Resource(
        "/domain/zone/{zoneName}/task/{id}",
        actions={"POST /cancel": Action(sets={"status": "cancelled"}, needs={"status": "todo"}, busy=False)},
    ),
)
