"""DNS records that the API takes: their targets by their types, what may stand beside what, times to live."""

from __future__ import annotations

import re
from ipaddress import ip_address
from typing import Any, Final

from ..state import ApiError

__all__ = ["check_record", "check_ttl", "refused"]

_TYPES: Final = (
    *("A", "AAAA", "CAA", "CNAME", "DKIM", "DMARC", "DNAME", "HTTPS", "LOC", "MX", "NAPTR", "NS", "PTR", "RP", "SPF"),
    *("SRV", "SSHFP", "SVCB", "TLSA", "TXT"),
)
_QUOTED: Final = ("TXT", "SPF", "DKIM", "DMARC")
_LABEL: Final = r"(?!-)[^\s.*]{1,63}(?<!-)"
_NAME: Final = re.compile(rf"(?=.{{1,255}}\Z)(\*|{_LABEL})(\.{_LABEL})*\.?|\.")
_FORMS: Final = {
    "MX": re.compile(r"[0-9]{1,5}\s+\S+"),
    "SRV": re.compile(r"([0-9]{1,5}\s+){3}\S+"),
    "CAA": re.compile(r"[0-9]{1,3}\s+(issue|issuewild|iodef|contactemail|contactphone)\s+\S.*"),
    "TLSA": re.compile(r"([0-9]{1,3}\s+){3}[0-9A-Fa-f\s]+"),
    "SSHFP": re.compile(r"([0-9]{1,3}\s+){2}[0-9A-Fa-f\s]+"),
}
_NAMES: Final = ("CNAME", "DNAME", "NS", "PTR")
_MOST: Final = {
    "MX": (65535,),
    "SRV": (65535, 65535, 65535),
    "CAA": (255,),
    "TLSA": (255, 255, 255),
    "SSHFP": (255, 255),
}
"""The largest values of the numbers that a target begins with, by the type of the record."""
_STRINGS: Final = re.compile(r'\s*+(?:(?:"(?:\\.|[^"\\])*+"|(?:\\.|[^"\\\s])++)\s*+)++', re.DOTALL)
_LEAST_TTL: Final = 60


def refused(message: str) -> ApiError:
    """Return the API's answer to what is wrong."""
    return ApiError.of_class(400, "BadRequest", message)


def check_ttl(value: Any) -> None:
    """Refuse a time to live that is neither 0, for the one of the zone, nor 60 s and more.

    Raises:
        ApiError: it is one.
    """
    if value is not None and (not isinstance(value, int) or isinstance(value, bool)):
        raise refused(f"[ttl] Given data ({value}) is not valid for type long")
    if value and not _LEAST_TTL <= value <= 2**31 - 1:
        raise refused(f"[ttl] Invalid TTL {value}: it must be 0, for the TTL of the zone, or {_LEAST_TTL} and more")


def check_record(record: dict[str, Any], beside: list[dict[str, Any]]) -> None:
    """Refuse a record that DNS does not allow, or not beside others of its zone; quote its text.

    Args:
        record: the record.
        beside: the other records of its name.

    Raises:
        ApiError: it is refused.
    """
    kind, target, name = record["fieldType"], str(record["target"]), str(record.get("subDomain") or "")
    if kind not in _TYPES:
        message = f"[fieldType] Given value ({kind}) does not belong to the domain.zone.RecordTypeEnum enumeration"
        raise refused(message)
    if not target.strip():
        raise refused("[target] must not be empty")
    if name and not _NAME.fullmatch(name):
        raise refused(f"[subDomain] Invalid subdomain {name!r}")
    _check_target(kind, target)
    check_ttl(record.get("ttl"))
    if kind in _QUOTED and not target.startswith('"'):
        record["target"] = '"' + target.replace("\\", "\\\\").replace('"', '\\"') + '"'
    elif kind in _QUOTED and not _STRINGS.fullmatch(target):
        raise refused(f"[target] Invalid target for {kind}: a quotation mark is not closed in {target[:100]!r}")
    if kind == "CNAME" and not name:
        raise refused("A CNAME record is not allowed at the root of a zone")
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
            raise refused(f"[target] Invalid target for {kind}: {target[:100]!r} is no IPv{version} address")
    if kind in _NAMES and not _NAME.fullmatch(target):
        raise refused(f"[target] Invalid target for {kind}: {target[:100]!r} is no name")
    form = _FORMS.get(kind)
    if form is not None and not form.fullmatch(target):
        raise refused(f"[target] Invalid target for {kind}: {target[:100]!r}")
    for number, most in zip(target.split(), _MOST.get(kind, ()), strict=False):
        if int(number) > most:
            raise refused(f"[target] Invalid target for {kind}: {number} is more than {most}")
    if kind in (*_NAMES, "MX", "SRV") and _is_address(target.split()[-1]):
        raise refused(f"[target] Invalid target for {kind}: {target[:100]!r} is an address, and has to be a name")


def _is_address(text: str) -> bool:
    try:
        ip_address(text.rstrip("."))
    except ValueError:
        return False
    return True
