"""What the sandbox knows: keys, tokens, resources. All of it made up."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass, field
from datetime import date, timedelta
from hashlib import sha256
from typing import Any, Final, TypedDict

from .generic.kept.holding import Held
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


def _vrack_services(number: int, location: str, tags: dict[str, str]) -> dict[str, Any]:
    resource_id, display_name = f"vrs-demo-{number}", f"demonstration {number}"
    made: dict[str, Any] = {"displayName": display_name, "location": location, "subnets": []}
    return {
        "id": resource_id,
        "createdAt": "2025-11-03T10:00:00+00:00",
        "updatedAt": "2025-11-03T10:01:00+00:00",
        "resourceStatus": "READY",
        "currentState": made,
        "targetSpec": deepcopy(made),
        "currentTasks": [],
        "iam": {**_iam(100 + number, "vrackServices", resource_id, display_name, tags), "state": "OK"},
    }


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
        "identities": [f"urn:v1:eu:identity:account:{_NICHANDLE}"],
        "resources": [{"urn": "urn:v1:eu:resource:dedicatedServer:ns1.ip-192-0-2.eu"}],
        "permissions": {"allow": [{"action": "dedicatedServer:apiovh:get"}]},
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
    "policies": [_policy(number) for number in range(1, 8)],
    "vrack_services": [
        _vrack_services(1, "eu-west-rbx", {"environment": "production"}),
        _vrack_services(2, "eu-west-lim", {}),
    ],
}


_GROWING: Final = ("records", "vrack_services")
"""Resources that calls add to."""

_MOST: Final = 250_000
"""Of those, and of what was begun, together."""


@dataclass
class Operation:
    """Something that takes its time.

    Attributes:
        subject: the name or id of what it is done to.
        kind: what is done.
        number, uuid: its ids in versions 1 and 2.
        begun: when, in seconds since 1970.
        seconds: what it takes.
        fails: whether it fails in the end.
        settled: whether its end was carried out.
        steps: what it changes on its way, as data.
    """

    subject: str
    kind: str
    number: int
    uuid: str
    begun: float
    seconds: float
    fails: bool
    settled: bool = False
    steps: dict[str, Any] = field(default_factory=dict)

    def since(self, phase: int) -> float:
        """Return when a phase begins: 0 is to be accepted, 1 to wait, 2 to be carried out, 3 to be over."""
        return self.begun + self.seconds * (0, 1 / 6, 1 / 3, 1)[phase]

    def phase(self, now: float) -> int:
        """Return in which phase it is."""
        return max(phase for phase in range(4) if phase == 0 or now >= self.since(phase))

    def over(self, now: float) -> bool:
        """Return whether it is over."""
        return self.phase(now) == 3


class State:
    """Everything one sandbox holds; nothing in it depends on chance."""

    def __init__(self, *, auto_validate: bool = False, token_lifetime: int = 3599, task_seconds: float = 60.0) -> None:
        self.auto_validate = auto_validate
        self.token_lifetime = token_lifetime
        self.resources: dict[str, Any] = deepcopy(_RESOURCES)
        self.keys = KeyRing()
        self.task_seconds = task_seconds
        self.failing_tasks = False
        self.operations: dict[str, list[Operation]] = {}
        self.expanded: dict[str, list[dict[str, Any]]] = {}
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
        return sha256(f"{kind} {self.next()}".encode()).hexdigest()[:32]

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

    def check_room(self, size: int) -> None:
        """Refuse to hold more, where there is no room left.

        Args:
            size: of what was sent, in bytes.

        Raises:
            ApiError: there is none.
        """
        own = sum(map(len, self.operations.values())) + sum(len(self.resources.get(name, ())) for name in _GROWING)
        if own >= _MOST or self.held.full(size):
            message = "Quota reached: the sandbox holds no more objects; delete some, or reset it"
            raise ApiError.of_class(403, "Forbidden::ItemQuotaReached", message)

    def begin(self, subject: str, kind: str, now: float) -> Operation:
        """Begin something that takes its time."""
        operation = Operation(
            subject, kind, 500_000 + self.next(), self.uuid("task"), now, self.task_seconds, self.failing_tasks
        )
        self.operations.setdefault(subject, []).append(operation)
        return operation
