"""Zones and domains: records that DNS allows, the SOA, redirections, DNSSEC, name servers."""

from __future__ import annotations

from typing import Final

from ..routes.zones import import_zone, reset_zone, restore_zone
from .tables import Action, Resource

__all__ = ["RESOURCES"]

_SIGNED: Final = {"status": "enabled"}
_UNSIGNED: Final = {"status": "disabled"}

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
    Resource("/domain/{serviceName}", ids=("example.com", "example.net"), urn="domain"),
    Resource("/v2/domain/name/{domainName}", same_as="/domain"),
    Resource("/domain/{serviceName}/nameServer/{id}", unique=("host",)),
    Resource(
        "/domain/zone/{zoneName}/task/{id}",
        actions={"POST /cancel": Action(sets={"status": "cancelled"}, needs={"status": "todo"}, busy=False)},
    ),
)
