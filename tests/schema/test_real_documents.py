"""The API's own documents, and answers of it: nothing is lost, and what differs is listed."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from ovhcore import schema
from ovhcore.schema.checking import check_answer
from ovhcore.schema.files.documents import families_of
from ovhcore.schema.files.packing import pack, unpack
from ovhcore.schema.lookup.catalogue import Catalogue
from ovhcore.schema.model import Enumeration, Family, Model, Operation
from ovhcore.schema.types import Array, Map, Scalar, Type, references
from tests.schema.oracle import places

# Long loops over what others cover: tracing would take as long again.
pytestmark = [pytest.mark.once, pytest.mark.untraced]


@pytest.fixture(scope="module")
def native(shared_data: Path) -> dict[str, Family]:
    return {family.name: family for family in families_of(shared_data / "native")}


@pytest.fixture(scope="module")
def openapi(shared_data: Path) -> list[Family]:
    return list(families_of(shared_data / "openapi"))


def documents(folder: Path) -> list[Any]:
    return [json.loads(file.read_text("utf-8")) for file in sorted(folder.rglob("[!_]*.json"))]


def test_no_native_operation_is_lost(native: dict[str, Family], shared_data: Path) -> None:
    expected: Counter[tuple[str, str]] = Counter()
    for document in documents(shared_data / "native"):
        prefix = "/v2" if document["basePath"].endswith("/v2") else ""
        for api in document.get("apis", []):
            expected.update((each["httpMethod"], prefix + api["path"]) for each in api["operations"])
    found = Counter((each.method, each.path) for family in native.values() for each in family.operations.values())
    assert found == expected
    assert found.total() == 6624


def test_no_openapi_operation_is_lost(openapi: list[Family], shared_data: Path) -> None:
    expected: Counter[tuple[str, str]] = Counter()
    for document in documents(shared_data / "openapi"):
        prefix = "/v2" if document["servers"][0]["url"].endswith("/v2") else ""
        for path, item in document["paths"].items():
            expected.update((method.upper(), prefix + path) for method in item)
    found = Counter((each.method, each.path) for family in openapi for each in family.operations.values())
    assert found == expected
    assert found.total() == 1687


def test_no_model_property_or_value_is_lost(native: dict[str, Family], shared_data: Path) -> None:
    for document in documents(shared_data / "native"):
        prefix = "/v2" if document["basePath"].endswith("/v2") else ""
        family = native[prefix + document["resourcePath"]]
        assert len(family.models) == len(document["models"])
        for name, raw in document["models"].items():
            model = family.models[name.partition("<T>")[0] if name.endswith("<T>") else name]
            if isinstance(model, Model):
                assert list(model.properties) == list(raw["properties"])
            else:
                assert list(map(str, model.values)) == list(map(str, raw["enum"]))


@pytest.mark.parametrize("source", ["native", "openapi"])
def test_every_reference_leads_somewhere(shared_data: Path, source: str) -> None:
    for family in families_of(shared_data / source):
        for model in family.models.values():
            if isinstance(model, Model):
                for each in model.properties.values():
                    for ref in references(each.type):
                        assert family.model(ref) or ref.name in model.variables, (family, model.name, each.name)
        for operation in family.operations.values():
            for type_ in (operation.answer, *(each.type for each in operation.parameters)):
                assert all(family.model(ref) for ref in references(type_)), operation


def test_number_enumerations_hold_numbers(native: dict[str, Family]) -> None:
    long = [
        each
        for family in native.values()
        for each in family.models.values()
        if isinstance(each, Enumeration) and each.base == "long"
    ]
    assert len(long) == 41
    assert all(isinstance(value, int) for each in long for value in each.values)


def test_the_compact_form_loses_nothing(native: dict[str, Family], openapi: list[Family]) -> None:
    for family in (*native.values(), *openapi):
        assert unpack(pack(family, descriptions=True)) == family


def test_what_is_shipped_is_the_documents_without_descriptions(native: dict[str, Family]) -> None:
    catalogue = schema.catalogue()
    assert catalogue.families() == tuple(sorted(native))
    for name, family in native.items():
        assert catalogue.family(name) == unpack(pack(family)), name


# Where both kinds of document speak of the same operation.


def reduced(type_: Type) -> str:
    """A type without what only native documents tell: aliases of scalars, and kinds of text."""
    if isinstance(type_, Scalar):
        return type_.base
    if isinstance(type_, Array):
        return f"{reduced(type_.item)}[]"
    if isinstance(type_, Map):
        return f"map[string]{reduced(type_.value)}"
    return str(type_)


def inputs(operation: Operation) -> set[tuple[Any, ...]]:
    return {(each.place, each.name, reduced(each.type), each.required) for each in operation.parameters}


LOGS = "/dbaas/logs/{serviceName}/output/"
LOGS_OUTPUTS = {
    f"GET {LOGS}{each}"
    for each in ("graylog/dashboard", "graylog/stream", "opensearch/alias", "opensearch/index", "opensearch/osd")
}
"""Younger documents know IAM tags of these."""
SECONDARY = "/dedicated/server/{serviceName}/secondaryDnsDomains/{domain}"
"""Its model was renamed, from secondaryDns.SecondaryDNS."""


def test_both_kinds_of_document_agree(native: dict[str, Family], openapi: list[Family]) -> None:
    by_key = {key: each for family in native.values() for key, each in family.operations.items()}
    pairs = [(by_key[key], each) for family in openapi for key, each in family.operations.items() if key in by_key]
    assert len(pairs) == 1591  # the other 96 are gone, or not yet there: the documents are of different years
    assert {str(a) for a, b in pairs if a.authentication != b.authentication} == set()
    assert {str(a) for a, b in pairs if a.cursor != b.cursor} == set()
    assert {str(a) for a, b in pairs if reduced(a.answer) != reduced(b.answer)} == {
        f"GET {SECONDARY}",
        "GET /hosting/web/{serviceName}/extraSqlPerso",  # string[], now long[]
        *(f"{each}/{{{each.rsplit('/', 1)[1]}Id}}" for each in LOGS_OUTPUTS),
    }
    assert {str(a) for a, b in pairs if inputs(a) != inputs(b)} == {
        f"PUT {SECONDARY}",
        "POST /ip/{ip}/firewall/{ipOnFirewall}/rule",  # new arguments
        *LOGS_OUTPUTS,
    }
    assert {str(a) for a, b in pairs if set(a.iam_actions) != set(b.iam_actions)} == {
        "GET /ip/{ip}/move",
        "POST /ip/{ip}/move",
    }
    # Native documents do not tell what lists can be expanded to; ours is what a GET of one object answers.
    assert {str(a) for a, b in pairs if a.expanded != b.expanded} == {
        "GET /dedicated/server/{serviceName}/secondaryDnsDomains",
        "GET /ip",
        *LOGS_OUTPUTS,
    }
    # What was not deprecated is now; nothing the other way round.
    assert Counter((b.status.deprecated, a.status.deprecated) for a, b in pairs) == {
        (False, False): 1521,
        (True, True): 45,
        (False, True): 25,
    }


def test_models_of_both_kinds_agree(native: dict[str, Family], openapi: list[Family]) -> None:
    types: set[str] = set()
    flags: set[str] = set()
    compared = 0
    for family in openapi:
        known: dict[str, Model | Enumeration] = {}
        for other in native.values():
            if not set(family.operations).isdisjoint(other.operations):
                known.update(other.models)
        for name, model in family.models.items():
            other_model = known.get(name)
            assert other_model is None or type(other_model) is type(model)
            if not isinstance(model, Model) or not isinstance(other_model, Model):
                continue
            for key in model.properties.keys() & other_model.properties.keys():
                a, b = other_model.properties[key], model.properties[key]
                compared += 1
                if reduced(a.type) != reduced(b.type):
                    types.add(f"{name}.{key}")
                if (a.nullable, a.read_only, a.required) != (b.nullable, b.read_only, b.required):
                    flags.add(f"{name}.{key}")
    assert compared > 5500
    assert types == {
        "dbaas.logs.LogSubscription.resource",
        "dbaas.logs.MetricSubscription.resource",
        "pack.xdsl.addressMove.MoveOffer.operator",
        "pack.xdsl.migration.MigrationOffer.operator",
    }
    # Changed since, but for generic models, whose flags in native documents are those of the last family.
    assert {each for each in flags if not each.startswith("complexType.")} == {
        "dedicated.server.reinstall.Storage.diskGroupId",
        "dedicated.server.reinstall.storage.HardwareRaid.arrays",
        "dedicated.server.reinstall.storage.HardwareRaid.disks",
        "dedicated.server.reinstall.storage.HardwareRaid.raidLevel",
        "dedicated.server.reinstall.storage.HardwareRaid.spares",
        "dedicated.server.reinstall.storage.Partitioning.disks",
        "dedicated.server.reinstall.storage.partitioning.Layout.raidLevel",
        "iam.policy.Condition.operator",
    }


# Answers.

GONE = {
    "GET /dbaas/logs/{serviceName}/output/metric/tenant/{tenantId}",
    "GET /dbaas/logs/{serviceName}/output/metric/tenant/{tenantId}/url",
}
"""In the OpenAPI documents of 2025, and no longer in the native ones."""


def test_answers_are_as_their_operation_says(shared_data: Path, openapi: list[Family]) -> None:
    catalogue, older = schema.catalogue(), Catalogue.of(openapi)
    held = 0
    odd: set[tuple[str, bool]] = set()
    for line in (shared_data / "examples.jsonl").read_text("utf-8").splitlines():
        row = json.loads(line)
        if row["kind"] == "mock" or not row["status"] or row["status"] >= 300 or row.get("shape_known") is False:
            continue
        call = f"{row['method']} {row['path']}"
        source = older if call in GONE else catalogue
        operation = source.operation(row["method"], row["path"])
        if row["concrete"]:
            assert source.find(row["method"], row["concrete"]) is operation
        family = source.family(operation.family)
        findings = {each.place for each in check_answer(family, operation, row["response"])}
        assert findings == places(family, operation.answer, row["response"]), call
        held += 1
        if findings:
            odd.add((call, row.get("batch", False)))
    assert held == 108
    assert odd == {("GET /domain/zone/{zoneName}/record/{id}", True)}  # X-Ovh-Batch answers a list of results instead
