"""What made-up values look like, by the name of what holds them: names, places, ids, amounts as the API writes them."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Final

__all__ = ["LONGS", "PREFERRED", "SSH_KEY", "date_like", "long_like", "text_like"]

PREFERRED: Final = (
    *("ok", "active", "ACTIVE", "running", "READY", "ready", "enabled", "ENABLED", "OK", "done", "DONE", "online"),
    *("complete", "installed", "validated", "delivered", "up", "available", "paid", "valid", "published", "EUR"),
    *("VALID", "RUNNING", "HEALTHY", "ONLINE", "created", "CREATED", "enable", "started", "finished", "success"),
    *("FR", "fr_FR", "ovh-eu", "EU", "eu", "public", "none", "1.2"),
)
"""Values of enumerations that a healthy service shows; the first that an enumeration has is taken."""

SSH_KEY: Final = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIE1hZGVCeVRoZVNhbmRib3hOb3RBUmVhbEtleSE ada@example.com"
"""What a public SSH key looks like; nobody has its private part."""

_HEX: Final = "{:016x}"
_NAMES: Final = ("web", "mail", "api", "shop", "backup", "build", "cache", "db")
_FIRST: Final = ("Ada", "Grace", "Alan", "Edsger", "Barbara", "Donald")
_LAST: Final = ("Lovelace", "Hopper", "Turing", "Dijkstra", "Liskov", "Knuth")
_CITIES: Final = ("Roubaix", "Strasbourg", "Gravelines", "Lille", "Paris")
_REGIONS: Final = ("GRA11", "SBG5", "BHS5")
_DOMAINS: Final = ("example.com", "example.net", "example.org")

_EXACT: Final[dict[str, tuple[str, ...]]] = {
    "firstname": _FIRST,
    "lastname": _LAST,
    "city": _CITIES,
    "region": _REGIONS,
    "regionname": _REGIONS,
    "openstackregion": _REGIONS,
    "datacenter": ("gra3", "rbx8", "sbg3", "bhs6"),
    "availabilityzone": ("eu-west-par-a", "eu-west-par-b", "eu-west-par-c"),
    "location": ("eu-west-gra", "eu-west-rbx", "eu-west-sbg"),
    "country": ("FR", "DE", "ES", "IT"),
    "countrycode": ("FR", "DE", "ES", "IT"),
    "zip": ("59100", "67000", "75009"),
    "zipcode": ("59100", "67000", "75009"),
    "language": ("fr_FR", "en_GB"),
    "currency": ("EUR",),
    "currencycode": ("EUR",),
    "domain": _DOMAINS,
    "domainname": _DOMAINS,
    "zone": ("gra", "rbx", "sbg"),
    "birthzip": ("59100", "67000", "75009"),
    "zonename": _DOMAINS,
    "fqdn": tuple(f"www.{each}" for each in _DOMAINS),
    "subdomain": ("www", "mail", "api"),
    "nichandle": ("aa1234-ovh",),
    "account": ("aa1234-ovh",),
    "owner": ("aa1234-ovh",),
    "login": ("ada", "grace", "alan"),
    "username": ("ada", "grace", "alan"),
    "user": ("ada", "grace", "alan"),
    "description": ("Production", "Staging", "Tests of the team"),
    "comment": ("Made by the sandbox",),
    "message": ("Made by the sandbox",),
    "version": ("1.31", "2.0", "8.4"),
    "plancode": ("vps-2025-model1", "b3-8.consumption", "24rise01-v1"),
    "flavor": ("b3-8", "c3-16", "r3-32"),
    "flavorid": ("b3-8", "c3-16", "r3-32"),
    "image": ("Debian 12", "Ubuntu 24.04"),
    "os": ("debian12_64", "ubuntu2404-server_64"),
    "path": ("/home/data", "/www", "/var/backup"),
    "home": ("/home/ada", "/www"),
    "unit": ("GB", "MB"),
    "target": ("192.0.2.10", "198.51.100.20"),
    "text": ("Made by the sandbox",),
    "label": ("first", "second"),
    "title": ("Weekly report", "Alerts"),
    "brand": ("OVHcloud",),
    "vendor": ("OVHcloud",),
    "company": ("Example SAS",),
    "organisation": ("Example SAS",),
    "protocol": ("tcp", "udp"),
    "cron": ("0 3 * * *",),
    "cidr": ("192.0.2.0/24", "198.51.100.0/24"),
    "phone": ("+33.320200958",),
    "fax": ("+33.320200959",),
    "publickey": (SSH_KEY,),
    "address": ("2 rue Kellermann", "1 place de la Bourse"),
    "street": ("rue Kellermann",),
    "reverse": ("www.example.com.", "mail.example.com."),
    "datacentre": ("gra3", "rbx8"),
    "rack": ("G312A08", "R51B12"),
    "duration": ("P1M", "P1Y"),
    "pricingmode": ("default",),
    "range": ("2025", "2024"),
    "offer": ("start", "perso", "pro"),
    "error": ("none",),
    "schedule": ("0 3 * * *",),
}


def _date_text(name: str, chance: int) -> str:
    return date_like(name, chance).isoformat()


_MAKERS: Final[tuple[tuple[str, Callable[[str, int], str]], ...]] = (
    (r"e?mail(address)?$|^activationemail$", lambda _, n: f"{_FIRST[n % 6].lower()}@{_DOMAINS[n // 7 % 3]}"),
    (r"(ur[li]|link|endpoint|href)$", lambda name, n: f"https://www.example.com/{name.lower()}/{n % 9999}"),
    (r"urn$", lambda name, n: f"urn:v1:eu:resource:sandbox:{name.lower()}-{n % 9999}"),
    (r"^contact|nic(handle)?$", lambda _, n: "aa1234-ovh"),
    (r"ipv6|ip6", lambda _, n: f"2001:db8::{n % 65535:x}"),
    (r"^ip$|(?<!z)ip(v4|address)?$|^gateway$", lambda _, n: f"192.0.2.{n % 253 + 1}"),
    (r"netmask", lambda _, n: "255.255.255.0"),
    (r"mac(address)?$", lambda _, n: "02:00:00:" + ":".join(f"{n >> s & 255:02x}" for s in (0, 8, 16))),
    (r"(date|datetime|edat|resat|ionat)$", _date_text),
    (r"checksum|hash|fingerprint|digest|md5", lambda _, n: _HEX.format(n) * 2),
    (r"token|secret|password", lambda name, n: f"made-up-{name.lower()}-{n % 9999}"),
    (r"(hostname|server|host)$", lambda _, n: f"{_NAMES[n % 8]}-{n // 8 % 90 + 1}.example.com"),
    (r"phone|mobile|(calling|called)number", lambda _, n: f"003397252{n % 10000:04d}"),
    (r"(id|uuid|reference|serial)$", lambda _, n: _HEX.format(n)),
    (r"name$", lambda _, n: f"{_NAMES[n % 8]}-{n // 8 % 90 + 1}"),
    (r"size|quota|memory|storage|disk", lambda _, n: f"{2 ** (n % 6) * 10} GB"),
    (r"size|speed|bandwidth", lambda _, n: "1000 Mbps"),
)
_RULES: Final = tuple((re.compile(pattern), make) for pattern, make in _MAKERS)


def text_like(name: str, chance: int) -> str:
    """Return a text as stands under a name.

    Args:
        name: of the property or argument, as ``"firstName"``.
        chance: a number that decides between what is possible; the same brings the same.
    """
    lowered = name.lower().replace("_", "")
    known = _EXACT.get(lowered)
    if known is not None:
        return known[chance % len(known)]
    for pattern, make in _RULES:
        if pattern.search(lowered):
            return make(name, chance)
    return f"{name or 'value'}-{chance % 9000 + 1000}"


LONGS: Final[tuple[tuple[re.Pattern[str], int, int], ...]] = tuple(
    (re.compile(pattern), low, high)
    for pattern, low, high in (
        (r"^ttl$", 60, 3600),
        (r"port$", 1024, 49151),
        (r"vlan", 2, 4094),
        (r"(progress|percent)", 0, 100),
        (r"timestamp$", 1_735_689_600, 1_766_000_000),
        (r"inucents$", 1_00000000, 100_00000000),
        (r"^period$", 1, 1),
        (r"^possiblerenewperiod$", 1, 12),
        (r"version$", 4, 4),
        (r"^(hour|hours)$", 0, 23),
        (r"^(day|days)$", 1, 28),
        (r"^(month|months)$", 1, 12),
        (r"^year", 2024, 2026),
        (r"(orderid|serviceid)$", 100_000_000, 300_000_000),
        (r"(id|^number)$", 4_000_000_000, 6_000_000_000),
        (r"(pending|errors?|failed)$", 0, 0),
        (r"(ram|memory)", 2, 256),
        (r"(vcpus|cores|cpu|threads)", 1, 32),
        (r"(size|quota|capacity|disk|storage)", 10, 2000),
        (r"(count|quantity|number|total|max|min)", 1, 20),
    )
)
"""Ranges of numbers, by what their names look like."""


def long_like(name: str, chance: int) -> int:
    """Return a whole number as stands under a name; arguments as for :func:`text_like`."""
    lowered = name.lower().replace("_", "")
    for pattern, low, high in LONGS:
        if pattern.search(lowered):
            return low + chance % (high - low + 1)
    return 1 + chance % 100


_LATER: Final = re.compile("expir|end|engage|renew|next|until|delet|terminat|deadline|validto|due|to$")
_RECENT: Final = re.compile("updat|last|done|finish|modif|^date$|now|current")
_BEGUN: Final = datetime(2024, 1, 15, 9, tzinfo=UTC)


def date_like(name: str, chance: int) -> datetime:
    """Return a time as stands under a name: what ends does so after what was changed, and that was made before."""
    lowered = name.lower()
    days = 1200 if _LATER.search(lowered) else 420 if _RECENT.search(lowered) else 0
    return _BEGUN + timedelta(days=days + chance % 300, seconds=chance // 300 % 36000)
