"""Zones and domains: records that DNS allows, the SOA, redirections, DNSSEC, name servers."""

from __future__ import annotations

import re
from ipaddress import ip_address
from typing import Any, Final

from ..state import ApiError
from .tables import Action, Change, Resource

__all__ = ["RESOURCES", "check_record", "check_ttl", "zone_text"]

_TYPES: Final = (
    *("A", "AAAA", "CAA", "CNAME", "DKIM", "DMARC", "DNAME", "HTTPS", "LOC", "MX", "NAPTR", "NS", "PTR", "RP", "SPF"),
    *("SRV", "SSHFP", "SVCB", "TLSA", "TXT"),
)
_QUOTED: Final = ("TXT", "SPF", "DKIM", "DMARC")
_NAME: Final = re.compile(r"(?=.{1,255}\Z)(\*|[^\s.]{1,63})(\.[^\s.]{1,63})*\.?|\.")
_FORMS: Final = {
    "MX": re.compile(r"[0-9]{1,5}\s+\S+"),
    "SRV": re.compile(r"([0-9]{1,5}\s+){3}\S+"),
    "CAA": re.compile(r"[0-9]{1,3}\s+(issue|issuewild|iodef|contactemail|contactphone)\s+\S.*"),
    "TLSA": re.compile(r"([0-9]{1,3}\s+){3}[0-9A-Fa-f\s]+"),
    "SSHFP": re.compile(r"([0-9]{1,3}\s+){2}[0-9A-Fa-f\s]+"),
}
_NAMES: Final = ("CNAME", "DNAME", "NS", "PTR")
_LEAST_TTL: Final = 60


def _refused(message: str) -> ApiError:
    return ApiError.of_class(400, "BadRequest", message)


def check_ttl(value: Any) -> None:
    """Refuse a time to live that is neither 0, for the one of the zone, nor 60 s and more.

    Raises:
        ApiError: it is one.
    """
    if value is not None and (not isinstance(value, int) or isinstance(value, bool)):
        raise _refused(f"[ttl] Given data ({value}) is not valid for type long")
    if value and not _LEAST_TTL <= value <= 2**31 - 1:
        raise _refused(f"[ttl] Invalid TTL {value}: it must be 0, for the TTL of the zone, or {_LEAST_TTL} and more")


def check_record(record: dict[str, Any], others: list[dict[str, Any]]) -> None:
    """Refuse a record that DNS does not allow, or not beside others of its zone; quote its text.

    Raises:
        ApiError: it is refused.
    """
    kind, target, name = record["fieldType"], str(record["target"]), str(record.get("subDomain") or "")
    if kind not in _TYPES:
        message = f"[fieldType] Given value ({kind}) does not belong to the domain.zone.RecordTypeEnum enumeration"
        raise _refused(message)
    if not target.strip():
        raise _refused("[target] must not be empty")
    if name and not _NAME.fullmatch(name):
        raise _refused(f"[subDomain] Invalid subdomain {name!r}")
    _check_target(kind, target)
    check_ttl(record.get("ttl"))
    if kind in _QUOTED and not target.startswith('"'):
        record["target"] = '"' + target.replace("\\", "\\\\").replace('"', '\\"') + '"'
    beside = [each for each in others if str(each.get("subDomain") or "") == name]
    if kind == "CNAME" and not name:
        raise _refused("A CNAME record is not allowed at the root of a zone")
    if beside and (kind == "CNAME" or any(each["fieldType"] == "CNAME" for each in beside)):
        message = f"Invalid zone: a CNAME record cannot stand beside others at {name or '@'}"
        raise ApiError.of_class(409, "Conflict", message)
    if any(each["fieldType"] == kind and each["target"] == record["target"] for each in beside):
        raise ApiError.of_class(409, "Conflict", "Record already exists")


def _check_target(kind: str, target: str) -> None:
    version = {"A": 4, "AAAA": 6}.get(kind)
    if version is not None:
        try:
            right = ip_address(target).version == version
        except ValueError:
            right = False
        if not right:
            raise _refused(f"[target] Invalid target for {kind}: {target[:100]!r} is no IPv{version} address")
    if kind in _NAMES and not _NAME.fullmatch(target):
        raise _refused(f"[target] Invalid target for {kind}: {target[:100]!r} is no name")
    form = _FORMS.get(kind)
    if form is not None and not form.fullmatch(target):
        raise _refused(f"[target] Invalid target for {kind}: {target[:100]!r}")


def zone_text(zone: str, records: list[dict[str, Any]]) -> str:
    """Return a zone as its export has it."""
    lines = ["$TTL 3600", f"@\tIN SOA dns10.ovh.net. tech.ovh.net. ({2026010100} 86400 3600 3600000 60)"]
    lines += ["\tIN NS\tdns10.ovh.net.", "\tIN NS\tns10.ovh.net."]
    for each in records:
        ttl = f"{each['ttl']} " if each.get("ttl") else ""
        lines.append(f"{each.get('subDomain') or ''}\t{ttl}IN {each['fieldType']}\t{each['target']}")
    return "\n".join(lines) + "\n"


def _soa(change: Change) -> None:
    for name in ("ttl", "nxDomainTtl"):
        check_ttl(change.object.get(name))


_SIGNED: Final = {"status": "enabled"}
_UNSIGNED: Final = {"status": "disabled"}

RESOURCES: Final = (
    Resource("/domain/zone/{zoneName}/status", shows={"isDeployed": True}),
    Resource(
        "/domain/zone/{zoneName}/soa",
        shows={"ttl": 3600, "nxDomainTtl": 300, "refresh": 86400, "expire": 3600000, "serial": 2026010100}
        | {"server": "dns10.ovh.net.", "email": "tech.ovh.net."},
        rules=(_soa,),
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
    Resource("/domain/{serviceName}", ids=("example.com", "example.net")),
    Resource("/v2/domain/name/{domainName}", same_as="/domain"),
    Resource("/domain/{serviceName}/nameServer/{id}", unique=("host",)),
    Resource(
        "/domain/zone/{zoneName}/task/{id}",
        actions={"POST /cancel": Action(sets={"status": "cancelled"}, needs={"status": "todo"}, busy=False)},
    ),
)
