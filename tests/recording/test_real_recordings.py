"""Recordings of the real API, made with vcrpy by a DNS tool: the same program runs on ovhcore against them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import ovhcore as ovh
from ovhcore.protocol.messages import Request
from ovhcore_transports.recording import AsyncReplayTransport, Cassette, ReplayTransport, convert

pytestmark = pytest.mark.once

DOMAIN = "pacalis.net"
CHALLENGE = '"challengetoken"'


class Provider:
    """A DNS tool's view of a zone: relative names, no duplicates, the zone refreshed after each change."""

    def __init__(self, client: ovh.Client, domain: str = DOMAIN) -> None:
        self.client = client
        self.domain = domain

    def authenticate(self) -> None:
        if self.domain not in self.client.get("/domain/zone/"):
            raise LookupError(f"{self.domain} is not managed by this account")
        status = self.client.get("/domain/zone/{zone}/status", zone=self.domain)
        assert status["isDeployed"]

    def list(self, kind: str | None = None, name: str | None = None) -> list[dict[str, Any]]:
        given = {"fieldType": kind, "subDomain": name}
        filters = {name: value for name, value in given.items() if value is not None}
        ids = self.client.get("/domain/zone/{zone}/record", zone=self.domain, **filters)
        return [self.client.get("/domain/zone/{zone}/record/{id}", zone=self.domain, id=each) for each in ids]

    def create(self, kind: str, name: str, target: str) -> None:
        if any(record["target"] in (target, f'"{target}"') for record in self.list(kind, name)):
            return
        path = "/domain/zone/{zone}/record"
        self.client.post(path, zone=self.domain, fieldType=kind, subDomain=name, target=target, ttl=3600)
        self.refresh()

    def update(self, number: int, name: str, target: str) -> None:
        self.client.put("/domain/zone/{zone}/record/{id}", zone=self.domain, id=number, subDomain=name, target=target)
        self.refresh()

    def delete(self, number: int) -> None:
        self.client.delete("/domain/zone/{zone}/record/{id}", zone=self.domain, id=number)
        self.refresh()

    def refresh(self) -> None:
        assert self.client.post("/domain/zone/{zone}/refresh", zone=self.domain) is None


def creating(kind: str, name: str, *targets: str) -> Callable[[Provider], None]:
    def program(provider: Provider) -> None:
        for target in targets:
            provider.create(kind, name, target)

    return program


def listing(name: str, *targets: str) -> Callable[[Provider], None]:
    def program(provider: Provider) -> None:
        creating("TXT", name, *targets)(provider)
        records = provider.list("TXT", name)
        assert {record["subDomain"] for record in records} == {name}
        assert [record["target"].strip('"') for record in records] == [target.strip('"') for target in targets]

    return program


def creating_twice(provider: Provider) -> None:
    listing("_acme-challenge.noop", "challengetoken")(provider)
    provider.create("TXT", "_acme-challenge.noop", "challengetoken")


def deleting(name: str) -> Callable[[Provider], None]:
    def program(provider: Provider) -> None:
        provider.create("TXT", name, CHALLENGE)
        for record in provider.list("TXT", name):
            provider.delete(record["id"])
        assert provider.list("TXT", name) == []

    return program


def deleting_one_of_two(provider: Provider) -> None:
    name = "_acme-challenge.deleterecordinset"
    creating("TXT", name, '"challengetoken1"', '"challengetoken2"')(provider)
    first, _ = provider.list("TXT", name)
    provider.delete(first["id"])
    assert [record["target"] for record in provider.list("TXT", name)] == ['"challengetoken2"']


def updating(name: str, new: str, target: str) -> Callable[[Provider], None]:
    def program(provider: Provider) -> None:
        provider.create("TXT", name, CHALLENGE)
        (record,) = provider.list("TXT", name)
        provider.update(record["id"], new, target)

    return program


def listing_all(provider: Provider) -> None:
    records = provider.list()
    assert len(records) == 23
    assert {"A", "MX", "NS", "CNAME", "TXT"} <= {record["fieldType"] for record in records}


def nothing_more(provider: Provider) -> None:
    pass


PROGRAMS = {
    "authenticate": nothing_more,
    "when_calling_create_record_for_A_with_valid_name_and_content": creating("A", "localhost", "127.0.0.1"),
    "when_calling_create_record_for_CNAME_with_valid_name_and_content": creating("CNAME", "docs", "docs.example.com"),
    "when_calling_create_record_for_TXT_with_full_name_and_content": creating("TXT", "_acme-challenge.full", CHALLENGE),
    "when_calling_create_record_for_TXT_with_valid_name_and_content": creating(
        "TXT", "_acme-challenge.test", CHALLENGE
    ),
    "when_calling_create_record_multiple_times_should_create_record_set": creating(
        "TXT", "_acme-challenge.createrecordset", '"challengetoken1"', '"challengetoken2"'
    ),
    "when_calling_create_record_with_duplicate_records_should_be_noop": creating_twice,
    "when_calling_delete_record_by_filter_with_fqdn_name_should_remove_record": deleting("delete.testfqdn"),
    "when_calling_delete_record_by_filter_with_full_name_should_remove_record": deleting("delete.testfull"),
    "when_calling_delete_record_by_identifier_should_remove_record": deleting("delete.testid"),
    "when_calling_delete_record_with_record_set_by_content_should_leave_others_untouched": deleting_one_of_two,
    "when_calling_list_records_after_setting_ttl": listing("ttl.fqdn", "ttlshouldbe3600"),
    "when_calling_list_records_should_handle_record_sets": listing(
        "_acme-challenge.listrecordset", '"challengetoken1"', '"challengetoken2"'
    ),
    "when_calling_list_records_with_fqdn_name_filter_should_return_record": listing(
        "random.fqdntest", "challengetoken"
    ),
    "when_calling_list_records_with_full_name_filter_should_return_record": listing(
        "random.fulltest", "challengetoken"
    ),
    "when_calling_list_records_with_name_filter_should_return_record": listing("random.test", "challengetoken"),
    "when_calling_list_records_with_no_arguments_should_list_all": listing_all,
    "when_calling_update_record_should_modify_record": updating("orig.test", "updated.test", CHALLENGE),
    "when_calling_update_record_should_modify_record_name_specified": updating(
        "orig.nameonly.test", "orig.nameonly.test", "updated"
    ),
    "when_calling_update_record_with_full_name_should_modify_record": updating(
        "orig.testfull", "updated.testfull", CHALLENGE
    ),
}


@pytest.fixture(params=["vcr", "own"])
def cassette(request: pytest.FixtureRequest, shared_data: Path, tmp_path: Path) -> Callable[[str], Path]:
    """Return the path of a recording: as it is, or converted to ovhcore's format."""

    def find(name: str) -> Path:
        path = shared_data / "cassettes" / f"test_provider_{name}.yaml"
        if request.param == "vcr":
            return path
        convert(path, tmp_path / "converted.cassette")
        return tmp_path / "converted.cassette"

    return find


@pytest.mark.parametrize("name", PROGRAMS)
def test_the_program_that_made_it(name: str, cassette: Callable[[str], Path]) -> None:
    transport = ReplayTransport(cassette(name))
    # As python-ovh, the tool asks for the time first.
    provider = Provider(ovh.Client(transport=transport, time_sync="server"))
    provider.authenticate()
    PROGRAMS[name](provider)
    transport.check_played()
    assert transport.clock().wall // 86400 == 17693  # the day it was recorded, in days since 1970


def test_a_zone_of_somebody_else(cassette: Callable[[str], Path]) -> None:
    transport = ReplayTransport(cassette("authenticate_with_unmanaged_domain_should_fail"))
    with pytest.raises(LookupError):
        Provider(ovh.Client(transport=transport, time_sync="server"), "example.com").authenticate()
    transport.check_played()


def files(shared_data: Path) -> list[Path]:
    found = sorted((shared_data / "cassettes").glob("*.y*ml"))
    assert found
    return found


def asked(request: Request) -> tuple[str, str, Any, bool]:
    path = request.url.partition("/1.0")[2] or request.url
    body = json.loads(request.body) if request.body else None
    return request.method, path, body, not path.startswith("/auth/time")


def test_every_recording_replays_on_both_drivers(shared_data: Path) -> None:
    for path in files(shared_data):
        cassette = Cassette.load(path)
        assert cassette.interactions
        transport = ReplayTransport(path)
        client = ovh.Client(transport=transport, time_sync="off")
        for interaction in cassette:
            response = client.raw_call(*asked(interaction.request))
            assert response == interaction.response
        transport.check_played()

        async def main(path: Path = path, cassette: Cassette = cassette) -> None:
            async with AsyncReplayTransport(path) as transport:
                client = ovh.AsyncClient(transport=transport, time_sync="off")
                for interaction in cassette:
                    assert (await client.raw_call(*asked(interaction.request))) == interaction.response
                transport.check_played()

        asyncio.run(main())
