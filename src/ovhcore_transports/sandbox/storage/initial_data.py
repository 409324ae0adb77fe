"""What every sandbox holds at first: an account, bills, servers, a zone; and how lists of these are kept."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable
from copy import deepcopy
from typing import Any, Final

from ovhcore.exceptions import InvalidConfiguration

from .rows import Row, Rows

__all__ = [
    "PROJECT",
    "RESOURCES",
    "ROWS",
    "bill",
    "checksum",
    "completed",
    "new_zone",
    "rows_of",
    "vrack_services_state",
]

_NICHANDLE: Final = "aa1234-ovh"
PROJECT: Final = "5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a"
_POLICY: Final = "00000000-0000-4000-a000-"


def bill(number: int, date: str, cents: int) -> dict[str, Any]:
    """Return a bill of a day."""

    def price(amount: int) -> dict[str, Any]:
        return {"currencyCode": "EUR", "text": f"{amount / 100:.2f} €", "value": amount / 100}

    bill_id = f"FR{number}"
    return {
        "billId": bill_id,
        "category": "autorenew",
        "date": f"{date}T10:00:00+01:00",
        "orderId": 100_000_000 + number,
        "pdfUrl": f"https://www.ovh.com/cgi-bin/order/facture.pdf?reference={bill_id}",
        "priceWithTax": price(cents * 12 // 10),
        "priceWithoutTax": price(cents),
        "tax": price(cents * 2 // 10),
        "url": f"https://www.ovh.com/cgi-bin/order/bill.cgi?reference={bill_id}",
    }


def _iam(number: int, kind: str, name: str, display_name: str, tags: dict[str, str]) -> dict[str, Any]:
    return {
        "id": f"00000000-0000-4000-9000-{number:012d}",
        "urn": f"urn:v1:eu:resource:{kind}:{name}",
        "displayName": display_name,
        "tags": tags,
    }


def vrack_services_state(before: Row, target: Row) -> Row:
    """Return the state of a vRack Services that has become what it is to be."""
    own = {"productStatus": "DRAFT", "region": target.get("location", "eu-west-rbx"), "vrackId": None}
    return {**own, **before, **deepcopy(target)}


def _vrack_services(number: int, location: str, tags: dict[str, str]) -> dict[str, Any]:
    resource_id, display_name = f"vrs-demo-{number}", f"demonstration {number}"
    made: dict[str, Any] = {"displayName": display_name, "location": location, "subnets": []}
    return {
        "id": resource_id,
        "createdAt": "2025-11-03T10:00:00+00:00",
        "updatedAt": "2025-11-03T10:01:00+00:00",
        "resourceStatus": "READY",
        "currentState": vrack_services_state({"productStatus": "ACTIVE", "vrackId": f"pn-10000{number}"}, made),
        "targetSpec": deepcopy(made),
        "currentTasks": [],
        "checksum": checksum(made),
        "iam": {**_iam(100 + number, "vrackServices", resource_id, display_name, tags), "state": "OK"},
    }


def checksum(target: Any) -> str:
    """Return the checksum of what an object of version 2 is to be."""
    canonical = json.dumps(target, sort_keys=True, separators=(",", ":"))
    return hashlib.new("md5", canonical.encode("utf-8", "replace"), usedforsecurity=False).hexdigest()


def _server(number: int, datacenter: str, tags: dict[str, str]) -> dict[str, Any]:
    name = f"ns{number}.ip-192-0-2.eu"
    return {
        "name": name,
        "datacenter": datacenter,
        "ip": "192.0.2.10",
        "os": "debian12_64",
        "state": "ok",
        "iam": _iam(number, "dedicatedServer", name, name, tags),
        "burst": {"capacity": {"unit": "Mbps", "value": 1000}, "status": "inactive"},
    }


def _instance(number: int, name: str, region: str, status: str) -> dict[str, Any]:
    return {
        "instanceId": f"00000000-0000-4000-8000-{number:012d}",
        "name": name,
        "ip": f"198.51.100.{number}",
        "flavorId": "b2-7",
        "imageId": "debian12",
        "region": region,
        "status": status,
    }


def _policy(number: int) -> dict[str, Any]:
    return {
        "id": f"{_POLICY}{number:012d}",
        "name": f"policy {number}",
        "description": f"Demonstration {number}",
        "owner": _NICHANDLE,
        "readOnly": False,
        "createdAt": "2025-11-03T10:00:00+00:00",
        "updatedAt": "2025-12-01T08:30:00+00:00",
        "conditions": {
            "operator": "MATCH",
            "values": {"date(Europe/Paris).WeekDay.In": "monday,tuesday", "resource.Tag(security_level)": "high"},
        },
        "identities": [f"urn:v1:eu:identity:account:{_NICHANDLE}"],
        "resources": [{"urn": "urn:v1:eu:resource:dedicatedServer:ns1.ip-192-0-2.eu"}],
        "permissions": {
            "allow": [{"action": "dedicatedServer:apiovh:get"}],
            "except": [{"action": "dedicatedServer:apiovh:terminate"}],
        },
        "permissionsGroups": [],
    }


def new_zone(name: str) -> Row:
    """Return a DNS zone as it is at first."""
    return {
        "name": name,
        "dnssecSupported": True,
        "hasDnsAnycast": False,
        "lastUpdate": "2026-01-07T10:00:00+01:00",
        "nameServers": ["dns10.ovh.net", "ns10.ovh.net"],
        "soa": {
            "ttl": 3600,
            "nxDomainTtl": 300,
            "refresh": 86400,
            "expire": 3600000,
            "serial": 2026010700,
            "server": "dns10.ovh.net.",
            "email": "tech.ovh.net.",
        },
        "deployed": True,
        "history": [],
        "pending": [],
    }


def _record(number: int, field_type: str, sub_domain: str, target: str) -> dict[str, Any]:
    return {
        "id": number,
        "zone": "example.com",
        "fieldType": field_type,
        "subDomain": sub_domain,
        "target": target,
        "ttl": 3600,
    }


RESOURCES: Final[dict[str, Any]] = {
    "me": {
        "nichandle": _NICHANDLE,
        "firstname": "Ada",
        "name": "Lovelace",
        "email": "ada@example.com",
        "address": "2 rue Kellermann",
        "zip": "59100",
        "city": "Roubaix",
        "country": "FR",
        "phone": "+33.972520000",
        "phoneCountry": "FR",
        "fax": "",
        "organisation": "Example SAS",
        "legalform": "corporation",
        "ovhCompany": "ovh",
        "ovhSubsidiary": "FR",
        "customerCode": "1234-5678-90",
        "birthCity": "",
        "birthDay": "",
        "companyNationalIdentificationNumber": "",
        "nationalIdentificationNumber": "",
        "corporationType": "",
        "vat": "",
        "area": "",
        "sex": "female",
        "spareEmail": "",
        "italianSDI": "",
        "kycValidated": True,
        "currency": {"code": "EUR", "symbol": "€"},
        "language": "en_GB",
        "state": "complete",
    },
    "bills": [
        bill(54100001, "2025-11-03", 1199),
        bill(54100002, "2026-01-07", 4999),
        bill(54100003, "2026-03-02", 599),
        bill(54100004, "2026-06-21", 12900),
    ],
    "servers": [
        _server(1, "sbg1", {"environment": "production", "team": "web"}),
        _server(2, "sbg1", {"environment": "staging", "team": "web"}),
        _server(3, "gra2", {}),
    ],
    "instances": [
        _instance(1, "web-1", "BHS-1", "ACTIVE"),
        _instance(2, "web-2", "BHS-1", "ACTIVE"),
        _instance(3, "batch", "SBG-1", "SHUTOFF"),
    ],
    "project": {"project_id": PROJECT, "description": "demonstration", "status": "ok"},
    "records": [
        _record(1001, "A", "", "192.0.2.10"),
        _record(1002, "A", "www", "192.0.2.10"),
        _record(1003, "MX", "", "10 mail.example.com."),
        _record(1004, "TXT", "", '"v=spf1 -all"'),
    ],
    "zones": [new_zone("example.com")],
    "policies": [_policy(number) for number in range(1, 8)],
    "vrack_services": [
        _vrack_services(1, "eu-west-rbx", {"environment": "production"}),
        _vrack_services(2, "eu-west-lim", {}),
    ],
}


ROWS: Final[dict[str, tuple[str, tuple[str, str] | None, Callable[[int], Row]]]] = {
    "bills": ("billId", None, lambda number: bill(54300000 + number, "2026-01-07", 1199)),
    "servers": ("name", None, lambda number: _server(number, "gra2", {})),
    "instances": ("instanceId", None, lambda number: _instance(number % 250, "web", "BHS-1", "ACTIVE")),
    "records": ("id", ("zone", "subDomain"), lambda number: _record(number, "A", "", "192.0.2.10")),
    "policies": ("id", None, lambda number: _policy(number)),
    "zones": ("name", None, lambda number: new_zone("")),
    "vrack_services": ("id", None, lambda number: _vrack_services(number, "eu-west-rbx", {})),
}
"""By the name of each list: the member with the id, two more by which objects are found, and a maker of examples."""


def rows_of(name: str, objects: Iterable[Row]) -> Rows:
    """Return the objects of a resource as they are kept."""
    id_member, groups, _ = ROWS[name]
    return Rows(objects, id_member, groups)


def completed(name: str, objects: list[Any]) -> list[Row]:
    """Return objects of a resource with the members that they lack.

    Raises:
        InvalidConfiguration: one is no object, has no id, or a member of another kind.
    """
    id_member, _, example = ROWS[name]
    found: list[Row] = []
    for number, given in enumerate(objects):
        place = f"sandbox: {name}[{number}]"
        if not isinstance(given, dict):
            raise InvalidConfiguration(f"{place} must be a mapping, not {type(given).__name__}")
        if given.get(id_member) is None:
            raise InvalidConfiguration(f"{place} has no {id_member}")
        made = example(number + 1)
        for member, value in given.items():
            kind = type(made.get(member, value))
            if type(value) is not kind:
                raise InvalidConfiguration(f"{place}: {member} must be {_KINDS[kind]}, not {value!r}")
        found.append(made | given)
    return found


_KINDS: Final[dict[type, str]] = {
    str: "a text",
    int: "a whole number",
    bool: "true or false",
    dict: "a mapping",
    list: "a list",
}
