"""What the sandbox knows: keys, tokens, resources. All of it made up."""

from __future__ import annotations

from copy import deepcopy
from hashlib import sha256
from typing import Any, Final, TypedDict

__all__ = [
    "ACCESS_KEYS",
    "APPLICATION_KEY",
    "APPLICATION_SECRET",
    "CLIENT_ID",
    "CLIENT_SECRET",
    "CONSUMER_KEY",
    "AccessKeys",
    "ApiError",
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

_METHODS: Final = ("GET", "POST", "PUT", "DELETE", "PATCH")
_NICHANDLE: Final = "aa1234-ovh"


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


def _server(name: str, datacenter: str, burst: str) -> dict[str, Any]:
    return {
        "name": name,
        "datacenter": datacenter,
        "ip": "192.0.2.10",
        "os": "debian12_64",
        "state": "ok",
        "burst": {"capacity": 1000, "status": burst},
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
        "country": "FR",
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
        _server("ns1.ip-192-0-2.eu", "sbg1", "inactive"),
        _server("ns2.ip-192-0-2.eu", "sbg1", "inactive"),
        _server("ns3.ip-192-0-2.eu", "gra2", "inactive"),
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
    "policies": [
        {"id": f"policy-{number}", "name": f"policy {number}", "owner": _NICHANDLE, "readOnly": False}
        for number in range(1, 8)
    ],
}


class State:
    """Everything one sandbox holds; nothing in it depends on chance."""

    def __init__(self, *, auto_validate: bool = False, token_lifetime: int = 3599) -> None:
        self.auto_validate = auto_validate
        self.token_lifetime = token_lifetime
        self.resources: dict[str, Any] = deepcopy(_RESOURCES)
        self.credentials: dict[str, dict[str, Any]] = {}
        self.tokens: dict[str, float] = {}
        self._count = 0
        every = [{"method": method, "path": "/*"} for method in _METHODS]
        self._add_credential(CONSUMER_KEY, every, "validated")

    def next(self) -> int:
        """Return the next number: of a query, a key, a record."""
        self._count += 1
        return self._count

    def opaque(self, kind: str) -> str:
        """Return 32 characters that look like chance and are not."""
        return sha256(f"{kind} {self.next()}".encode()).hexdigest()[:32]

    def _add_credential(self, key: str, rules: list[dict[str, str]], state: str) -> dict[str, Any]:
        credential = {
            "consumerKey": key,
            "credentialId": 1000 + len(self.credentials),
            "credentialToken": self.opaque("credential token"),
            "rules": rules,
            "allowedIPs": None,
            "redirection": None,
            "state": state,
        }
        self.credentials[key] = credential
        return credential

    def new_credential(self, rules: list[dict[str, str]], ips: Any, redirection: str | None) -> dict[str, Any]:
        """Return a new consumer key, to be validated by its user."""
        state = "validated" if self.auto_validate else "pendingValidation"
        credential = self._add_credential(self.opaque("consumer key"), rules, state)
        credential |= {"allowedIPs": ips, "redirection": redirection}
        return credential

    def new_token(self, now: float) -> str:
        """Return a new access token."""
        token = self.opaque("access token")
        self.tokens[token] = now + self.token_lifetime
        return token
