"""``ovhcore schema``: what is looked up, and what is fetched from a server, whole or not at all."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ovhcore import schema
from ovhcore_transports.cli.schema import _definition
from tests.cli.conftest import Runner
from tests.schema.documents import NATIVE
from tests.schema.test_store import DOCUMENTS, kept
from tests.servers import RawServer, Received, answer


def documents(request: Received) -> bytes:
    found = DOCUMENTS.get(request.target)
    return answer(b'{"message": "no"}', "404 Not Found") if found is None else answer(json.dumps(found).encode())


def test_words_are_searched_for(run: Runner) -> None:
    ran = run("schema", "search", "zone", "record", "--limit", "3")
    assert (ran.code, len(ran.out.splitlines())) == (0, 3)
    assert "/domain/zone/{zoneName}/record" in ran.out
    assert run("schema", "search", "qqqqqq").code == 1


def test_an_operation_is_shown(run: Runner) -> None:
    ran = run("schema", "show", "post", "/domain/zone/example.com/record")
    assert ran.code == 0, ran.err
    lines = ran.out.splitlines()
    assert lines[0] == "POST /domain/zone/{zoneName}/record"
    assert "path    zoneName: string" in lines
    assert any(line.startswith("body    fieldType: ") for line in lines)
    assert any(line.startswith("answer  ") for line in lines)
    assert any(line.startswith("IAM     dnsZone:apiovh:record/create") for line in lines)
    old = next(each for each in schema.catalogue().operations() if each.status.replacement)
    assert f"(deprecated, use {old.status.replacement})" in run("schema", "show", old.method, old.path).out
    gone = next(
        each for each in schema.catalogue().operations() if each.status.value == "DEPRECATED" != each.status.replacement
    )
    assert "(deprecated" in run("schema", "show", gone.method, gone.path).out
    ran = run("schema", "show", "GET", "/mee")
    assert ran.code != 0
    assert "/me" in ran.err


def test_an_operation_may_be_one_argument(run: Runner) -> None:
    ran = run("schema", "show", "GET /domain/zone/{zoneName}/record")
    assert ran.out == run("schema", "show", "get", "/domain/zone/example.com/record").out
    assert any(line.startswith("domain.zone.RecordTypeEnum: A, AAAA, ") for line in ran.out.splitlines())


def test_members_of_models_are_shown_once_with_the_values_of_theirs(run: Runner) -> None:
    lines = run("schema", "show", "GET", "/domain/zone/example.com/record/5").out.splitlines()
    at = lines.index("domain.zone.Record")
    assert "  ttl: long (or null, read-only)" in lines[at:]
    assert sum(line.startswith("domain.zone.RecordTypeEnum: ") for line in lines) == 1
    assert _definition(None) == []  # a type that no document describes


def test_all_operations_of_a_path_are_shown(run: Runner) -> None:
    lines = run("schema", "show", "/domain/zone/example.com/record").out.splitlines()
    shown = [line.split()[0] for line in lines if line.endswith(" /domain/zone/{zoneName}/record")]
    assert shown == ["GET", "POST"]
    ran = run("schema", "show", "/mee")
    assert ran.code == 2
    assert "did you mean /me" in ran.err
    ran = run("schema", "show", "get")
    assert ran.code == 2
    assert "Which path? As in: ovhcore schema show GET /me" in ran.err


def test_todays_descriptions_are_fetched(run: Runner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    with RawServer(documents) as server:
        url = f"http://127.0.0.1:{server.port}/1.0"
        ran = run("--endpoint", url, "--transport", "urllib3", "schema", "update")
        assert ran.code == 0, ran.err
        assert not any("x-ovh-signature" in each.fields for each in server.received)
    assert ran.out.strip() == schema.catalogue(url).source
    assert schema.catalogue(url).families() == ("/old", "/shop", "/v2/shop")
    shown = run("--endpoint", url, "schema", "show", "GET", "/shop").out
    assert "List shops" in shown
    assert run("--endpoint", url, "--timeout", "2", "schema", "update").code != 0  # nobody listens any more
    assert schema.catalogue(url).families() == ("/old", "/shop", "/v2/shop")


def test_the_endpoint_of_the_settings_is_looked_up(
    run: Runner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    kept(tmp_path / "ovhcore" / "schema", endpoint="ovh-us")
    assert run("schema", "show", "GET", "/shop").code == 2
    monkeypatch.setenv("OVH_ENDPOINT", "ovh-us")
    assert "List shops" in run("schema", "show", "GET", "/shop").out
    assert "GET    /shop" in run("schema", "search", "shop").out
    assert run("schema", "show", "GET", "/shop", "--endpoint", "ovh-eu").code == 2
    monkeypatch.setenv("OVH_ENDPOINT", "ovh-nowhere")
    assert run("schema", "search", "shop").code == 3


def test_what_has_changed_between_two_dates(run: Runner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    alone = run("schema", "diff")
    assert alone.code == 2
    assert "ovhcore schema update" in alone.err
    cache = tmp_path / "ovhcore" / "schema"
    kept(cache, "3000-01-02")
    less = {**NATIVE, "apis": NATIVE["apis"][1:]}
    kept(cache, "3000-02-02", "ovh-eu", less)
    ran = run("schema", "diff")
    assert (ran.code, ran.err) == (1, "ovh-eu 3000-01-02 -> ovh-eu 3000-02-02\n")
    path = NATIVE["apis"][0]["path"]
    assert f"- GET {path}" in ran.out.splitlines()
    turned = run("-q", "schema", "diff", "3000-02", "3000-01", "--json")
    assert json.loads(turned.out.splitlines()[0]) == {"kind": "added", "what": f"GET {path}", "details": []}
    assert turned.err == ""
    same = run("schema", "diff", "3000-01", "3000-01")
    assert (same.code, same.out) == (0, "")
    assert "- GET /me" in run("schema", "diff", "shipped").out.splitlines()


def test_what_has_changed_between_documents(run: Runner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    old, new = tmp_path / "old.json", tmp_path / "new.json"
    old.write_text(json.dumps(NATIVE))
    changed = json.loads(json.dumps(NATIVE))
    changed["apis"][0]["operations"][0]["responseType"] = "long"
    new.write_text(json.dumps(changed))
    ran = run("schema", "diff", str(old), str(new))
    assert ran.code == 1, ran
    assert any(line.startswith("~ ") for line in ran.out.splitlines())
    assert any(line.startswith("    answer: ") and line.endswith(" -> long") for line in ran.out.splitlines())
    assert ran.err == f"{old} -> {new}\n"
    wrong = run("schema", "diff", "1999", str(new))
    assert wrong.code == 2
    assert "neither the date of a catalogue" in wrong.err
