"""Zones as files in the form of RFC 1035: written as the API exports them, and read."""

from __future__ import annotations

import re
from typing import Any, Final

from .records import refused

__all__ = ["read_zone", "zone_text"]

_LONGEST: Final = 2**20


def zone_text(soa: dict[str, Any], name_servers: list[str], records: list[dict[str, Any]]) -> str:
    """Return a zone as its export has it."""
    times = (soa["serial"], soa["refresh"], 3600, soa["expire"], soa["nxDomainTtl"])
    lines = [f"$TTL {soa['ttl']}", f"@\tIN SOA {soa['server']} {soa['email']} ({' '.join(map(str, times))})"]
    lines += [f"\tIN NS\t{server.rstrip('.')}." for server in name_servers]
    for each in records:
        ttl = f"{each['ttl']} " if each.get("ttl") else ""
        kind = _WRITTEN.get(each["fieldType"], each["fieldType"])
        lines.append(f"{each.get('subDomain') or '@'}\t{ttl}IN {kind}\t{each['target']}")
    return "\n".join(lines) + "\n"


_WRITTEN: Final = {"DKIM": "TXT", "DMARC": "TXT"}
"""Types of the API that DNS does not have."""


def read_zone(zone: str, text: str, ttl: int = 3600) -> list[dict[str, Any]]:
    """Return the records of a zone's file, without its SOA and its own name servers.

    Args:
        zone: its name.
        text: the file.
        ttl: seconds to live, of records for which the file says nothing.

    Raises:
        ApiError: it cannot be read.
        ModuleNotFoundError: dnspython is not installed.
    """
    import dns.exception
    import dns.rdatatype
    import dns.zone

    if len(text) > _LONGEST:
        raise refused(f"[zoneFile] The file is too long: {len(text):,} characters, of {_LONGEST:,} at most")
    try:
        # $INCLUDE would read files of this machine, $GENERATE could make any number of records.
        read = dns.zone.from_text(f"$TTL {ttl}\n{text}", zone, check_origin=False, allow_directives={"TTL", "ORIGIN"})
    except (dns.exception.DNSException, ValueError) as error:
        problem = re.sub("<string>:([0-9]+)", lambda found: f"line {int(found[1]) - 1}", str(error))
        raise refused(f"[zoneFile] Invalid zone file: {problem[:300] or type(error).__name__}") from None
    found: list[dict[str, Any]] = []
    for name, rdataset in read.iterate_rdatasets():
        sub_domain = "" if str(name) == "@" else str(name)
        kind = dns.rdatatype.to_text(rdataset.rdtype)
        if kind == "SOA" or (kind == "NS" and not sub_domain):
            continue
        for each in rdataset:
            target = each.to_text(origin=read.origin, relativize=False)
            found.append({"fieldType": kind, "subDomain": sub_domain, "target": target, "ttl": rdataset.ttl})
    return found
