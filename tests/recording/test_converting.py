"""Cassettes are converted whole or not at all, and repaired in their place."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest

from ovhcore import Client
from ovhcore.exceptions import CassetteError, ReadTimeout
from ovhcore.protocol.messages import Headers, Request, Response
from ovhcore_transports.recording.blocking import RecordTransport
from ovhcore_transports.recording.cassette.cassettes import Cassette, beginning, dumped
from ovhcore_transports.recording.cassette.interactions import Interaction
from ovhcore_transports.recording.cassette.writing import Writer
from ovhcore_transports.recording.formats.converting import convert, repair
from ovhcore_transports.sandbox import ACCESS_KEYS, SandboxTransport

pytestmark = pytest.mark.once

URL = "https://eu.api.ovh.com/1.0/me"
ANSWERED = Interaction.of(Request("GET", URL), Response(200, (), b"[1]"), at=5.0)
FAILED = Interaction.of(Request("GET", URL), ReadTimeout("late"))


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "source.json"
    Cassette([ANSWERED, FAILED, ANSWERED]).save(path)
    return path


@pytest.mark.parametrize("suffix", [".yaml", ".YML"])
def test_to_vcrpy(source: Path, suffix: str) -> None:
    target = source.with_name(f"target{suffix}")
    assert convert(source, str(target)) == (
        f"Wrote 2 interactions to {target} in vcrpy's format; left out 1 that failed, which it cannot tell."
    )
    assert [each.record for each in Cassette.load(target)] == [ANSWERED.record] * 2


def test_to_har(source: Path) -> None:
    target = source.parent / "new" / "target.har"
    assert convert(source, target) == f"Wrote 3 interactions to {target} in HAR."
    assert len(json.loads(target.read_bytes())["log"]["entries"]) == 3


def test_to_ovhcore(source: Path) -> None:
    target = source.with_name("target.json")
    assert convert(source, target) == f"Wrote 3 interactions to {target} in ovhcore's format."
    assert target.read_bytes() == source.read_bytes()
    Cassette([ANSWERED]).save(source)
    assert convert(source, target) == f"Wrote 1 interaction to {target} in ovhcore's format."


def test_a_real_recording_to_ovhcore_and_back(shared_data: Path, tmp_path: Path) -> None:
    for path in sorted((shared_data / "cassettes").glob("*.yaml")):
        own, back = tmp_path / "own.json", tmp_path / "back.yaml"
        convert(path, own)
        convert(own, back)
        first, second, third = (Cassette.load(each) for each in (path, own, back))
        assert first.interactions == second.interactions
        assert [each.response.body for each in third if each.response] == [
            each.response.body for each in first if each.response
        ]


def test_secrets_of_vcrpy_are_in_none_of_the_outputs(tmp_path: Path) -> None:
    source = tmp_path / "source.yaml"
    source.write_text(
        "interactions:\n"
        "- request:\n"
        "    method: GET\n"
        f"    uri: {URL}?access_token=firstsecret\n"
        "    body: 'again firstsecret, thirdsecret'\n"
        "    headers: {X-Ovh-Consumer: [secondsecret]}\n"
        "  response:\n"
        "    status: {code: 200, message: OK}\n"
        "    headers: {Set-Cookie: [a=thirdsecret]}\n"
        '    body: {string: \'{"consumerKey": "fourthsecret", "a": "secondsecret"}\'}\n'
        "version: 1\n"
    )
    for suffix in ("json", "yaml", "har"):
        target = tmp_path / f"target.{suffix}"
        convert(source, target)
        data = target.read_bytes()
        assert URL.encode() in data
        for secret in (b"firstsecret", b"secondsecret", b"thirdsecret", b"fourthsecret"):
            assert secret not in data


def test_a_damaged_one_is_not_converted(source: Path) -> None:
    source.write_bytes(source.read_bytes()[:-40])
    target = source.with_name("target.har")
    with pytest.raises(CassetteError, match=r"source\.json is not whole: .*'ovhcore cassette repair .*source\.json'"):
        convert(source, target)
    assert not target.exists()


def test_what_cannot_be_read_or_written(source: Path) -> None:
    with pytest.raises(CassetteError, match=r"none\.json cannot be read"):
        convert(source.with_name("none.json"), source.with_name("target.har"))
    directory = source.with_name("directory.har")
    directory.mkdir()
    with pytest.raises(CassetteError, match=r"directory\.har cannot be written"):
        convert(source, directory)
    har = source.with_name("target.har")
    convert(source, har)
    with pytest.raises(CassetteError, match="looks like a HAR file"):
        convert(har, source)


def test_without_pyyaml(source: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "yaml", None)
    target = source.with_name("target.yaml")
    with pytest.raises(CassetteError, match=r'pip install "ovhcore\[vcr\]"'):
        convert(source, target)
    assert not target.exists()


def test_a_whole_one_is_not_touched(source: Path) -> None:
    # Written in another way than ovhcore does.
    data = source.read_bytes().replace(b"\n", b"\r\n")
    source.write_bytes(data)
    before = source.stat()
    assert repair(source) == f"The cassette {source} is whole, with 3 interactions; it was left as it is."
    assert source.read_bytes() == data
    assert source.stat().st_ino == before.st_ino


def test_what_is_whole_is_kept(source: Path) -> None:
    records = [beginning(), ANSWERED.record, FAILED.record, ANSWERED.record]
    data = b"\n".join(map(dumped, records))
    source.write_bytes(data[:-20])
    said = repair(str(source))
    assert said.startswith(f"Kept 2 interactions of the cassette {source}; lost: the record at line ")
    assert "the recording did not come to its end" in said
    cassette = Cassette.load(source)
    assert cassette.problems == []
    assert cassette.interactions == [ANSWERED, FAILED]
    assert "is whole" in repair(source)


def test_a_recorder_that_was_killed_before_any_answer(source: Path) -> None:
    source.write_bytes(dumped(beginning()))
    assert repair(source).startswith(f"Kept 0 interactions of the cassette {source}; lost: the recording did not come")
    assert len(Cassette.load(source)) == 0


def test_nothing_is_thrown_away_if_nothing_is_whole(source: Path) -> None:
    data = b"\n".join([dumped(beginning()), dumped(ANSWERED.record)[:-20]])
    source.write_bytes(data)
    with pytest.raises(CassetteError, match=r"No interaction of the cassette .* is whole"):
        repair(source)
    assert source.read_bytes() == data


def test_who_records_is_not_disturbed(source: Path) -> None:
    pytest.importorskip("fcntl")
    writer = Writer(str(source))
    writer.prepare()
    writer.write(ANSWERED.record, answered=True)
    with pytest.raises(CassetteError, match="is being recorded to: close the recorder first"):
        repair(source)
    writer.close(Cassette().tail)
    assert "is whole, with 4 interactions" in repair(source)


def test_what_cannot_be_repaired(source: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source.write_bytes(source.read_bytes()[:-10])

    def refuse(path: str, flags: int, *args: int) -> int:
        raise PermissionError(13, "Permission denied")

    with monkeypatch.context() as patched:
        patched.setattr(os, "open", refuse)
        with pytest.raises(CassetteError, match=r"source\.json cannot be written: Permission denied"):
            repair(source)
    with pytest.raises(CassetteError, match="cannot be read"):
        repair(source.with_name("none.json"))


def test_a_cassette_of_vcrpy_needs_no_repair(source: Path) -> None:
    target = source.with_name("target.yaml")
    convert(source, target)
    assert "is whole, with 2 interactions" in repair(target)
    target.write_bytes(target.read_bytes()[:-40])
    with pytest.raises(CassetteError, match="cannot be used"):
        repair(target)


def test_header_fields_and_bytes_survive(tmp_path: Path) -> None:
    fields = Headers([("Via", "a"), ("Via", "b"), ("X-Text", "caf\xe9")])
    first = Interaction.of(Request("PUT", URL, fields, b"\xff"), Response(200, fields, b"\x00"))
    own, there, back = tmp_path / "own.json", tmp_path / "there.yaml", tmp_path / "back.json"
    Cassette([first]).save(own)
    convert(own, there)
    convert(there, back)
    assert back.read_bytes() == own.read_bytes()


def test_nothing_is_written_over_a_recording_under_way(tmp_path: Path) -> None:
    source, target = tmp_path / "a.cassette", tmp_path / "b.cassette"
    Cassette().save(source)
    transport = RecordTransport(SandboxTransport(), target)
    Client("ovh-eu", transport=transport, **ACCESS_KEYS).get("/me")
    with pytest.raises(CassetteError, match=r"b.cassette is being recorded to: close the recorder first"):
        convert(source, target)
    transport.close()
    assert len(Cassette.load(target)) == 1
    convert(source, target)
    assert len(Cassette.load(target)) == 0
