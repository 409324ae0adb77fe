"""octodns-ovh: populate, plan and apply a zone."""

from here import KEYS, said
from octodns.record import Record
from octodns.zone import Zone
from octodns_ovh import OvhProvider

provider = OvhProvider("here", "ovh-eu", **KEYS, strict_supports=False)


def populated(name: str = "example.com.") -> list:
    zone = Zone(name, [])
    exists = provider.populate(zone, lenient=True)
    return [exists, sorted(repr(record) for record in zone.records)]


def applied() -> list:
    desired = Zone("example.com.", [])
    provider.populate(desired, lenient=True)
    for name, values in (("www", ["192.0.2.9"]), ("new", ["192.0.2.10", "192.0.2.11"])):
        record = Record.new(desired, name, {"type": "A", "ttl": 300, "values": values})
        desired.add_record(record, replace=True)
    text = Record.new(desired, "txt", {"type": "TXT", "ttl": 60, "value": "v=test é"}, lenient=True)
    desired.add_record(text, lenient=True)
    for record in list(desired.records):
        if record._type == "MX":
            desired.remove_record(record)
    plan = provider.plan(desired)
    changes = sorted(repr(change) for change in plan.changes)
    return [changes, provider.apply(plan)]


said({"before": populated, "no zone": lambda: populated("none.example."), "apply": applied, "after": populated})
