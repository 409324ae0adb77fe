"""Zones are imported, restored, reset and refreshed; what name servers have is what was refreshed."""

from __future__ import annotations

import sys
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import ovhcore as ovh
from ovhcore_transports.sandbox import SandboxTransport
from ovhcore_transports.sandbox.families.zone_files import read_zone, zone_text
from ovhcore_transports.sandbox.routes import zones
from ovhcore_transports.sandbox.state import ApiError
from ovhcore_transports.sandbox.storage.initial_data import new_zone

pytestmark = pytest.mark.once

ZONE = "/domain/zone/example.com"
FILE = '$TTL 3600\nwww 60 IN A 192.0.2.7\n@ IN MX 5 mail.example.com.\n@ IN TXT "v=spf1 -all"\n'


def records(client: ovh.Client) -> set[tuple[str, str, str, int]]:
    found = [client.get(f"{ZONE}/record/{each}") for each in client.get(f"{ZONE}/record")]
    return {(each["subDomain"], each["fieldType"], each["target"], each["ttl"]) for each in found}


def test_a_zone_is_imported_and_restored(client: ovh.Client, transport: SandboxTransport) -> None:
    pytest.importorskip("dns")
    before = records(client)
    task = client.post(f"{ZONE}/import", zoneFile=FILE)
    assert (task["function"], task["status"]) == ("ZoneImport", "todo")
    assert records(client) == before
    assert client.wait(f"{ZONE}/task/{task['id']}")["status"] == "done"
    imported = {
        ("www", "A", "192.0.2.7", 60),
        ("", "MX", "5 mail.example.com.", 0),
        ("", "TXT", '"v=spf1 -all"', 0),
    }
    assert records(client) == imported
    first, second = client.get(f"{ZONE}/history")
    assert client.get(f"{ZONE}/history", **{"creationDate.from": second}) == [second]
    assert client.get(f"{ZONE}/history/{{creationDate}}", creationDate=first)["creationDate"] == first
    restoring = client.post(f"{ZONE}/history/{{creationDate}}/restore", creationDate=first)
    assert restoring["function"] == "ZoneRestore"
    transport.sleep(60)
    assert {each[:3] for each in records(client)} == {each[:3] for each in before}
    with pytest.raises(ovh.ResourceNotFoundError):
        client.post(f"{ZONE}/history/{{creationDate}}/restore", creationDate="2001-01-01T00:00:00+00:00")


def test_an_import_that_fails_changes_nothing(client: ovh.Client, transport: SandboxTransport) -> None:
    pytest.importorskip("dns")
    before = records(client)
    transport.sandbox.failing_tasks = True
    client.post(f"{ZONE}/import", zoneFile=FILE)
    transport.sleep(60)
    assert records(client) == before


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("\nwww IN A 192.0.2", "Invalid zone file: line 2: "),
        ("$INCLUDE /etc/passwd", "not allowed"),
        ("$GENERATE 1-1000000000 a$ A 192.0.2.$", "not allowed"),
        ("www IN CNAME a.\nwww IN A 192.0.2.1", "Invalid zone file"),
        ("www IN HINFO a b", "does not belong to the domain.zone.RecordTypeEnum"),
        ("www 5 IN A 192.0.2.1", "Invalid TTL 5"),
        ("; " + "x" * 2**20, "too long"),
    ],
)
def test_files_that_are_no_zones_are_refused(client: ovh.Client, text: str, said: str) -> None:
    pytest.importorskip("dns")
    before = records(client)
    with pytest.raises(ovh.BadParametersError, match=said):
        client.post(f"{ZONE}/import", zoneFile=text)
    assert records(client) == before


def test_without_dnspython_it_says_that_nothing_happens(client: ovh.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [each for each in sys.modules if each.partition(".")[0] == "dns"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "dns", None)
    answer = client.raw_call("POST", f"{ZONE}/import", {"zoneFile": FILE})
    assert answer.headers["X-Ovhcore-Sandbox"].startswith("no-effect; reading zone files needs dnspython")


def test_a_zone_is_reset(client: ovh.Client) -> None:
    client.post(f"{ZONE}/reset", minimized=True)
    assert records(client) == set()
    assert client.get("/domain/zone") == ["example.com"]
    client.post(f"{ZONE}/reset", DnsRecords=[{"fieldType": "A", "target": "192.0.2.99"}])
    kinds = sorted((kind, name) for name, kind, _, _ in records(client))
    assert kinds == [("A", ""), ("A", "www"), ("MX", ""), ("MX", ""), ("MX", "")]
    assert ("", "A", "192.0.2.99", 0) in records(client)


def test_name_servers_have_what_was_refreshed(client: ovh.Client, transport: SandboxTransport) -> None:
    assert client.get(f"{ZONE}/status")["isDeployed"] is True
    serial = client.get(f"{ZONE}/soa")["serial"]
    made = client.post(f"{ZONE}/record", fieldType="A", subDomain="new", target="192.0.2.1")
    assert client.get(f"{ZONE}/status")["isDeployed"] is False
    transport.sleep(5)
    client.post(f"{ZONE}/refresh")
    client.post(f"{ZONE}/refresh")
    assert client.get(f"{ZONE}/status")["isDeployed"] is True
    assert client.get(f"{ZONE}/soa")["serial"] == serial + 1
    assert client.get(ZONE)["lastUpdate"] == "2026-05-28T20:26:45+00:00"
    assert len(client.get(f"{ZONE}/history")) == 2
    client.put(f"{ZONE}/soa", ttl=7200)
    assert client.get(f"{ZONE}/export").startswith("$TTL 7200\n")
    with pytest.raises(ovh.BadParametersError, match="Invalid TTL 5"):
        client.put(f"{ZONE}/soa", nxDomainTtl=5)
    client.delete(f"{ZONE}/record/{made['id']}")
    client.delete(f"{ZONE}/record/1001")
    assert client.get(f"{ZONE}/record", fieldType="A") == [1002]


def test_restore_points_are_bounded(
    client: ovh.Client, transport: SandboxTransport, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(zones, "_MOST_POINTS", 3)
    for number in range(5):
        transport.sleep(1)
        client.put(f"{ZONE}/record/1002", target=f"192.0.2.{number}")
        client.post(f"{ZONE}/refresh")
    assert len(client.get(f"{ZONE}/history")) == 3


def test_other_zones_are_added(client: ovh.Client, transport: SandboxTransport) -> None:
    record = {"id": 1, "zone": "example.org", "fieldType": "A", "subDomain": "", "target": "192.0.2.1", "ttl": 0}
    transport.sandbox.resources["records"] = [record]
    assert client.get("/domain/zone") == ["example.com", "example.org"]
    assert client.get("/domain/zone/example.org/record") == [1]
    assert client.get("/domain/zone/example.org")["name"] == "example.org"
    with pytest.raises(ovh.ResourceNotFoundError, match="id = 1"):
        client.get(f"{ZONE}/record/1")
    with pytest.raises(ovh.ResourceNotFoundError, match="This service"):
        client.get("/domain/zone/example.net")
    transport.sandbox.add({"zones": [{"name": "example.net"}], "/domain/zone/example.net/soa": {"ttl": 60}})
    assert "example.net" in client.get("/domain/zone")
    assert client.get("/domain/zone/example.net/soa")["ttl"] == 60


NAMES = st.sampled_from(["", "www", "a.b", "*"])
ADDRESSES = st.tuples(NAMES, st.just("A"), st.ip_addresses(v=4).map(str))
TEXTS = st.tuples(NAMES, st.just("TXT"), st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=40))
MAIL = st.tuples(NAMES, st.just("MX"), st.integers(0, 9).map(lambda number: f"{number} mail.example.net."))


@settings(max_examples=25)
@given(st.lists(ADDRESSES | TEXTS | MAIL, max_size=6, unique=True), st.sampled_from([0, 60, 3600]))
def test_what_is_exported_is_what_is_imported(made: list[tuple[str, str, str]], ttl: int) -> None:
    pytest.importorskip("dns")
    written = [
        {"subDomain": name, "fieldType": kind, "target": _quoted(kind, target), "ttl": ttl}
        for name, kind, target in made
    ]
    zone: dict[str, Any] = new_zone("example.com")
    read = read_zone("example.com", zone_text(zone["soa"], zone["nameServers"], written))

    def seen(found: list[dict[str, Any]]) -> list[tuple[Any, ...]]:
        return sorted((each["subDomain"], each["fieldType"], each["target"], each["ttl"] or 3600) for each in found)

    assert seen(read) == sorted(set(seen(written)))


def _quoted(kind: str, target: str) -> str:
    return '"' + target.replace("\\", "\\\\").replace('"', '\\"') + '"' if kind == "TXT" else target


def test_a_zone_that_holds_what_cannot_be_is_not_read() -> None:
    pytest.importorskip("dns")
    with pytest.raises(ApiError):
        read_zone("example..com", "www A 192.0.2.1")
