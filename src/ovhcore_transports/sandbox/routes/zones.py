"""DNS zones: their records, their SOA, what is deployed, and the states that can be restored.

Records count at once for whoever reads them here; name servers would have them after a refresh, as ``status`` says.
"""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from datetime import datetime
from typing import Final
from urllib.parse import quote

from ..families.records import check_record, check_ttl
from ..families.tables import Change
from ..families.zone_files import read_zone, zone_text
from ..state import ApiError, State
from ..storage.initial_data import new_zone
from ..storage.rows import Row, Rows, find, ids_of
from .calls import SandboxCall, date_of, find_or_404
from .filters import tagged
from .iam import urn_of

__all__ = [
    "RECORD",
    "change_record",
    "change_soa",
    "delete_record",
    "export",
    "history",
    "hold_soa",
    "import_zone",
    "new_record",
    "record",
    "records",
    "refresh",
    "reset_zone",
    "restore_point",
    "restore_zone",
    "soa",
    "status",
    "zone",
    "zones",
]

_MOST_POINTS: Final = 20
_MOST_TEXT: Final = 4 * 2**20
"""The most characters that all restore points of a zone have together."""
_OUTSIDE: Final = ("name", "dnssecSupported", "hasDnsAnycast", "lastUpdate", "nameServers")
RECORD: Final = ("fieldType", "subDomain", "target", "ttl")
_MX: Final = ("1 mx1.mail.ovh.net.", "5 mx2.mail.ovh.net.", "100 mx3.mail.ovh.net.")


def _kept(state: State) -> Rows:
    """Return all records."""
    found = state.resources["records"]
    if not isinstance(found, Rows):  # somebody put a list there
        found = state.resources["records"] = Rows(found, "id", ("zone", "subDomain"))
    return found


def _of(state: State, name: str) -> list[Row]:
    """Return the records of a zone, in order."""
    return [each for each in _kept(state) if each["zone"] == name]


def _one(call: SandboxCall) -> Row:
    """Return a zone after what has happened to it until now.

    Raises:
        ApiError: there is none.
    """
    name, rows = call.path["zoneName"], call.state.resources["zones"]
    found = find(rows, "name", name)
    if found is None:
        if name not in _kept(call.state).firsts():
            raise ApiError.of_class(404, "NotFound", "This service does not exist")
        found = new_zone(name)
        rows.append(found)
    while found["pending"] and call.now >= found["pending"][0]["at"]:
        due = found["pending"].pop(0)
        _replace(call.state, found, due["records"], due["at"])
    return found


def _touch(state: State, found: Row) -> None:
    """Let a zone be changed: what it holds can be restored, and is not yet on the name servers afterwards."""
    _points(state, found)
    found["deployed"] = False


def zones(call: SandboxCall) -> list[str]:
    """Return the names of the zones, of those with the tags that are asked for."""
    named_so = {*ids_of(call.state.resources["zones"], "name"), *_kept(call.state).firsts()}
    every = [{"name": name, "iam": {"urn": urn_of("dnsZone", name)}} for name in named_so]
    return sorted(each["name"] for each in tagged(call, every))


def zone(call: SandboxCall) -> Row:
    """Return a zone."""
    found = _one(call)
    signed = call.state.held.objects.get(f"/domain/zone/{quote(found['name'], safe='')}/dnssec") or {}
    active = signed.get("status") in ("enabled", "disableInProgress")
    return {name: found[name] for name in _OUTSIDE} | {"dnssecActivated": active}


def status(call: SandboxCall) -> Row:
    """Return whether the name servers have what the zone holds."""
    return {"isDeployed": _one(call)["deployed"], "errors": [], "warnings": []}


def soa(call: SandboxCall) -> Row:
    """Return the SOA of a zone."""
    return dict(_one(call)["soa"])


def change_soa(call: SandboxCall) -> None:
    """Change the SOA of a zone."""
    found = _one(call)
    changed = dict(found["soa"])
    for name in call.body or ():  # which the schema has
        changed[name] = call.member(name, type(changed[name]))
    for name in ("ttl", "nxDomainTtl"):
        check_ttl(changed[name])
    _touch(call.state, found)
    found["soa"] = changed


# Records


def records(call: SandboxCall) -> list[int]:
    """Return the ids of a zone's records, of those of the type and name that are asked for."""
    name = _one(call)["name"]
    kind, sub_domain = call.query.get("fieldType"), call.query.get("subDomain")
    if kind is None and sub_domain is None:
        return _kept(call.state).group_ids(name)
    found = _of(call.state, name) if sub_domain is None else _kept(call.state).group(name, sub_domain)
    return [each["id"] for each in found if kind in (None, each["fieldType"])]


def _record(call: SandboxCall) -> Row:
    name = _one(call)["name"]
    found = find_or_404(_kept(call.state), "id", call.path["id"])
    if found["zone"] != name:
        message = f"The requested object (id = {call.path['id']}) does not exist"
        raise ApiError.of_class(404, "NotFound", message)
    return found


def hold_soa(state: State, arguments: Mapping[str, str], value: Row) -> None:
    """Let a zone have an SOA that nobody gave it by a call."""
    find_or_404(state.resources["zones"], "name", arguments["zoneName"])["soa"] |= value


def record(call: SandboxCall) -> Row:
    """Return a record."""
    return _record(call)


def new_record(call: SandboxCall) -> Row:
    """Make a record."""
    found = _one(call)
    made = {
        "id": 2000 + call.state.next(),
        "zone": found["name"],
        "fieldType": call.member("fieldType"),
        "subDomain": call.body.get("subDomain") or "",
        "target": call.member("target"),
        "ttl": call.body.get("ttl") or 0,
    }
    check_record(made, _kept(call.state).group(made["zone"], made["subDomain"]))
    _touch(call.state, found)
    _kept(call.state).append(made)
    return made


def change_record(call: SandboxCall) -> None:
    """Change a record."""
    found = _record(call)
    changed = dict(found)
    for name in RECORD[1:]:
        if call.body and name in call.body:
            changed[name] = call.member(name, int if name == "ttl" else str)
    beside = _kept(call.state).group(changed["zone"], changed["subDomain"])
    check_record(changed, [each for each in beside if each is not found])
    _touch(call.state, _one(call))
    found.update(changed)
    _kept(call.state).changed(found)


def delete_record(call: SandboxCall) -> None:
    """Delete a record."""
    found = _record(call)
    _touch(call.state, _one(call))
    _kept(call.state).remove(found)


# The whole zone


def export(call: SandboxCall) -> str:
    """Return a zone as a file."""
    return _text(call.state, _one(call))


def _text(state: State, found: Row) -> str:
    return zone_text(found["soa"], found["nameServers"], _of(state, found["name"]))


def refresh(call: SandboxCall) -> None:
    """Bring a zone to the name servers."""
    _deploy(call.state, _one(call), call.now)


def _deploy(state: State, found: Row, now: float) -> None:
    if found["deployed"]:
        return
    found["soa"]["serial"] += 1
    found["deployed"], found["lastUpdate"] = True, date_of(now)
    _keep_point(state, found, now)


def _keep_point(state: State, found: Row, now: float) -> None:
    """Keep what the zone holds as a state that can be restored; the oldest ones are forgotten."""
    points = [each for each in found["history"] if each["creationDate"] != date_of(now)]
    points.append({"creationDate": date_of(now), "zoneFile": _text(state, found)})
    while len(points) > _MOST_POINTS or (
        len(points) > 1 and sum(len(each["zoneFile"]) for each in points) > _MOST_TEXT
    ):
        del points[0]
    found["history"] = points


def history(call: SandboxCall) -> list[str]:
    """Return when the states were kept that can be restored."""
    first, last = (call.query.get(f"creationDate.{end}", "") for end in ("from", "to"))
    found = [each["creationDate"] for each in _points(call.state, _one(call))]
    return [each for each in found if each >= first and (not last or each[: len(last)] <= last)]


def _points(state: State, found: Row) -> list[Row]:
    """Return the states of a zone that can be restored; the first is what it held when nothing had changed it."""
    if not found["history"]:
        _keep_point(state, found, datetime.fromisoformat(found["lastUpdate"]).timestamp())
    points: list[Row] = found["history"]
    return points


def restore_point(call: SandboxCall) -> Row:
    """Return a state that can be restored."""
    found = find_or_404(_points(call.state, _one(call)), "creationDate", call.path["creationDate"])
    name = call.path["zoneName"]
    return {
        "creationDate": found["creationDate"],
        "zoneFileUrl": f"https://www.example.com/zones/{name}/{found['creationDate'][:10]}.txt",
    }


def import_zone(call: SandboxCall, change: Change) -> None:
    """Begin to replace the records of a zone by those of a file."""
    _begin(call, change, str(change.given.get("zoneFile", "")))


def restore_zone(call: SandboxCall, change: Change) -> None:
    """Begin to restore a zone as it was."""
    point = find_or_404(_points(call.state, _one(call)), "creationDate", change.arguments["creationDate"])
    _begin(call, change, point["zoneFile"])


def _begin(call: SandboxCall, change: Change, text: str) -> None:
    found, state = _one(call), call.state
    try:
        made = read_zone(found["name"], text, found["soa"]["ttl"])
    except ModuleNotFoundError:
        call.answer_headers["X-Ovhcore-Sandbox"] = 'no-effect; reading zone files needs dnspython: "ovhcore[cli]"'
        return
    made = _checked(found, made)
    if not state.failing_tasks:
        found["pending"].append({"at": call.now + state.task_seconds, "records": made})


def reset_zone(call: SandboxCall, change: Change) -> None:
    """Give a zone the records of a new one."""
    found = _one(call)
    given = [each for each in change.given.get("DnsRecords") or () if isinstance(each, dict)]
    made = [{"fieldType": each["fieldType"], "subDomain": "", "target": each.get("target") or ""} for each in given]
    kinds = {each["fieldType"] for each in made}
    if not change.given.get("minimized"):
        usual = [("A", "", "192.0.2.1"), ("A", "www", "192.0.2.1"), *(("MX", "", each) for each in _MX)]
        made += [
            {"fieldType": kind, "subDomain": name, "target": target}
            for kind, name, target in usual
            if name or kind not in kinds
        ]
    _replace(call.state, found, _checked(found, made), call.now)


def _checked(found: Row, made: list[Row]) -> list[Row]:
    """Return records as a zone keeps them.

    Raises:
        ApiError: one is not allowed.
    """
    ttl, by_name = found["soa"]["ttl"], dict[str, list[Row]]()
    for each in made:
        each["zone"] = found["name"]
        each["ttl"] = 0 if each.get("ttl", ttl) == ttl else each["ttl"]
        beside = by_name.setdefault(each["subDomain"], [])
        check_record(each, beside)
        beside.append(each)
    return made


def _replace(state: State, found: Row, made: list[Row], now: float) -> None:
    rows = _kept(state)
    state.check_room(0, len(made))
    _touch(state, found)
    for each in [each for each in rows if each["zone"] == found["name"]]:
        rows.remove(each)
    for each in made:
        rows.append({"id": 2000 + state.next(), **deepcopy(each)})
    _deploy(state, found, now)
