"""What the sandbox knows: keys, tokens, resources. All of it made up."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, MutableSequence
from copy import deepcopy
from datetime import date, timedelta
from typing import Any, ClassVar, Final, TypedDict

from ovhcore.exceptions import InvalidConfiguration

from .kept.holding import Held
from .kept.operation import Operation
from .kept.rows import Row, Rows
from .login.keys import KeyRing, new_application, new_client, new_credential

__all__ = [
    "ACCESS_KEYS",
    "APPLICATION_KEY",
    "APPLICATION_SECRET",
    "CLIENT_ID",
    "CLIENT_SECRET",
    "CONSUMER_KEY",
    "AccessKeys",
    "ApiError",
    "Operation",
    "State",
    "checksum",
    "completed",
    "new_zone",
    "rows_of",
    "vrack_services_state",
]


class AccessKeys(TypedDict):
    """What a signed call needs."""

    application_key: str
    application_secret: str
    consumer_key: str


APPLICATION_KEY: Final = "sandbox-application-key"
APPLICATION_SECRET: Final = "sandbox-application-secret"
CONSUMER_KEY: Final = "sandbox-consumer-key"
CLIENT_ID: Final = "sandbox-client-id"
CLIENT_SECRET: Final = "sandbox-client-secret"

ACCESS_KEYS: Final[AccessKeys] = {
    "application_key": APPLICATION_KEY,
    "application_secret": APPLICATION_SECRET,
    "consumer_key": CONSUMER_KEY,
}
"""Credentials that every sandbox accepts, as arguments of a client."""

_NICHANDLE: Final = "aa1234-ovh"
_POLICY: Final = "00000000-0000-4000-a000-"


class ApiError(Exception):
    """An answer that is no success."""

    def __init__(self, status: int, body: dict[str, Any]) -> None:
        super().__init__(status)
        self.status = status
        self.body = body

    @classmethod
    def of_class(cls, status: int, error_class: str, message: str) -> ApiError:
        """Return an error in the current shape."""
        return cls(status, {"class": f"Client::{error_class}", "message": message})

    @classmethod
    def of_code(cls, status: int, phrase: str, code: str, message: str) -> ApiError:
        """Return an error in the shape of the authentication layer."""
        return cls(status, {"errorCode": code, "httpCode": f"{status} {phrase}", "message": message})


def _bill(number: int, date: str, cents: int) -> dict[str, Any]:
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


_RESOURCES: Final[dict[str, Any]] = {
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
        _bill(54100001, "2025-11-03", 1199),
        _bill(54100002, "2026-01-07", 4999),
        _bill(54100003, "2026-03-02", 599),
        _bill(54100004, "2026-06-21", 12900),
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
    "project": {"project_id": "5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a", "description": "demonstration", "status": "ok"},
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


_ROWS: Final[dict[str, tuple[str, tuple[str, str] | None, Callable[[int], Row]]]] = {
    "bills": ("billId", None, lambda number: _bill(54300000 + number, "2026-01-07", 1199)),
    "servers": ("name", None, lambda number: _server(number, "gra2", {})),
    "instances": ("instanceId", None, lambda number: _instance(number % 250, "web", "BHS-1", "ACTIVE")),
    "records": ("id", ("zone", "subDomain"), lambda number: _record(number, "A", "", "192.0.2.10")),
    "policies": ("id", None, lambda number: _policy(number)),
    "zones": ("name", None, lambda number: new_zone("")),
    "vrack_services": ("id", None, lambda number: _vrack_services(number, "eu-west-rbx", {})),
}
"""Of the resources that are lists: the member with the id, those by which they are found, too, and an example."""


def rows_of(name: str, objects: Iterable[Row]) -> Rows:
    """Return the objects of a resource as they are kept."""
    key, groups, _ = _ROWS[name]
    return Rows(objects, key, groups)


def completed(name: str, objects: list[Any]) -> list[Row]:
    """Return objects of a resource with the members that they lack.

    Raises:
        InvalidConfiguration: one is no object, has no id, or a member of another kind.
    """
    key, _, example = _ROWS[name]
    found: list[Row] = []
    for number, given in enumerate(objects):
        place = f"sandbox: {name}[{number}]"
        if not isinstance(given, dict):
            raise InvalidConfiguration(f"{place} must be a mapping, not {type(given).__name__}")
        if given.get(key) is None:
            raise InvalidConfiguration(f"{place} has no {key}")
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

_GROWING: Final = ("records", "vrack_services", "zones")
"""Resources that calls add to."""

_MOST: Final = 250_000
"""Of those, and of what was begun, together."""


class State:
    """Everything one sandbox holds; nothing in it depends on chance.

    Attributes:
        begun: how many operations there are.
        unsettled: the subjects of operations whose end was not carried out.
    """

    volatile: ClassVar = ("begun", "unsettled")
    """What follows from the rest, and is not kept in a snapshot."""

    def __init__(self, *, auto_validate: bool = False, token_lifetime: int = 3599, task_seconds: float = 60.0) -> None:
        self.auto_validate = auto_validate
        self.token_lifetime = token_lifetime
        self.resources: dict[str, Any] = {
            name: rows_of(name, deepcopy(value)) if name in _ROWS else deepcopy(value)
            for name, value in _RESOURCES.items()
        }
        self.keys = KeyRing()
        self.task_seconds = task_seconds
        self.failing_tasks = False
        self.operations: dict[str, list[Operation]] = {}
        self.begun = 0
        self.unsettled: dict[str, bool] = {}
        self.expanded: dict[str, MutableSequence[Row]] = {}
        self.held = Held()
        self._count = 0
        self._bills = 0
        every = [{"method": method, "path": "/*"} for method in ("GET", "POST", "PUT", "DELETE", "PATCH")]
        about = "What every sandbox knows"
        application = new_application(self, "Sandbox application", about, APPLICATION_KEY, APPLICATION_SECRET)
        new_credential(self, application, every, 0.0, state="validated", key=CONSUMER_KEY)
        flow = "CLIENT_CREDENTIALS"
        new_client(self, "Sandbox account", about, flow, [], 0.0, client_id=CLIENT_ID, secret=CLIENT_SECRET)

    def next(self) -> int:
        """Return the next number: of a query, a key, a record."""
        self._count += 1
        return self._count

    def opaque(self, kind: str) -> str:
        """Return 32 characters that look like chance and are not."""
        return hashlib.sha256(f"{kind} {self.next()}".encode()).hexdigest()[:32]

    def uuid(self, kind: str) -> str:
        """Return an id in the form of a UUID that looks like chance and is not."""
        text = self.opaque(kind)
        return f"{text[:8]}-{text[8:12]}-4{text[13:16]}-8{text[17:20]}-{text[20:]}"

    def add_bills(self, count: int) -> None:
        """Add bills, of days in no order."""
        for _ in range(count):
            self._bills += 1
            day = date(2020, 1, 1) + timedelta(days=self._bills * 331 % 1999)
            self.resources["bills"].append(_bill(54200000 + self._bills, day.isoformat(), self._bills * 37 % 9973))

    def check_room(self, size: int, more: int = 1) -> None:
        """Refuse to hold more, where there is no room left.

        Args:
            size: of what was sent, in bytes.
            more: how many objects are to be held.

        Raises:
            ApiError: there is none.
        """
        own = self.begun + sum(len(self.resources.get(name, ())) for name in _GROWING)
        if own + more > _MOST or self.held.full(size):
            message = "Quota reached: the sandbox holds no more objects; delete some, or reset it"
            raise ApiError.of_class(403, "Forbidden::ItemQuotaReached", message)

    def begin(self, subject: str, kind: str, now: float) -> Operation:
        """Begin something that takes its time."""
        number = 500_000 + self.next()
        operation = Operation(subject, kind, number, now, self.task_seconds, self.failing_tasks)
        self.operations.setdefault(subject, []).append(operation)
        self.begun += 1
        self.unsettled[subject] = True
        return operation

    def restored(self) -> None:
        """Keep what a snapshot had as it is kept here."""
        self.begun = sum(map(len, self.operations.values()))
        self.unsettled = {name: True for name, each in self.operations.items() if not each[-1].settled}
        for name, value in self.resources.items():
            if name in _ROWS and not isinstance(value, Rows):
                self.resources[name] = rows_of(name, value)
