"""How cassettes differ, and whether they still fit the API."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import ovhcore as ovh
from ovhcore import schema
from ovhcore.exceptions import ReadTimeout
from ovhcore.protocol import Request, Response
from ovhcore.protocol.redaction import REDACTED
from ovhcore_transports.recording import Cassette, Interaction
from ovhcore_transports.recording.cassette.comparing import checked, compared
from ovhcore_transports.sandbox import ACCESS_KEYS
from tests.cli.conftest import (
    Runner,
    run,  # noqa: F401 - a fixture
)

pytestmark = pytest.mark.once

JSON = {"Content-Type": "application/json"}


def call(method: str, path: str, answer: Any = None, status: int = 200, *, body: Any = None) -> Interaction:
    sent = b"" if body is None else json.dumps(body).encode()
    url = f"https://eu.api.ovh.com{path}"
    return Interaction.of(Request(method, url, JSON, sent), Response(status, JSON, json.dumps(answer).encode()))


def differences(old: list[Interaction], new: list[Interaction]) -> list[str]:
    return [*compared(Cassette(old), Cassette(new))]


def test_the_same_is_no_difference() -> None:
    one = [call("GET", "/1.0/me", {"a": 1}), call("GET", "/1.0/me/bill?a=b", ["x"])]
    assert differences(one, one) == []
    other = Interaction.of(Request("GET", "http://127.0.0.1/1.0/me"), Response(200, {}, b'{"a": 1}'), at=1.0)
    assert differences(one[:1], [other]) == []


def test_calls_that_come_and_go() -> None:
    old = [call("GET", "/1.0/a"), call("GET", "/1.0/b"), call("GET", "/1.0/c")]
    new = [call("GET", "/1.0/a"), call("GET", "/1.0/c"), call("GET", "/1.0/d?x=1")]
    assert differences(old, new) == ["- GET /1.0/b", "+ GET /1.0/d?x=1"]


def test_what_calls_sent_and_got() -> None:
    before = {"a": 1, "b": {"c": [1, 2]}, "gone": None, "list": [1], "o": {}}
    after = {"a": 2, "b": {"c": [1, 3]}, "new": {"x": 1}, "list": [1, 2], "o": "text" * 50}
    old = [call("POST", "/1.0/x", before, body={"ttl": 1})]
    new = [call("POST", "/1.0/x", after, 201, body={"ttl": 2})]
    assert differences(old, new) == [
        "~ POST /1.0/x",
        "    request.ttl: 1 -> 2",
        "    answer: 200 -> 201",
        "    answer.a: 1 -> 2",
        "    answer.b.c[1]: 2 -> 3",
        "    - answer.gone",
        "    answer.list: a list of 1 -> a list of 2",
        f"    answer.o: an object of 0 -> '{('text' * 50)[:59]}...",
        "    + answer.new: an object of 1",
    ]
    failed = Interaction.of(Request("POST", "https://eu.api.ovh.com/1.0/x"), ReadTimeout("late"))
    text = Interaction.of(Request("POST", "https://eu.api.ovh.com/1.0/x"), Response(200, {}, b"<p>"))
    assert differences([failed], [text]) == [
        "~ POST /1.0/x",
        "    answer: ReadTimeout -> 200",
        "    answer: None -> 3 bytes",
    ]
    many = {str(number): number for number in range(30)}
    assert differences([call("GET", "/x", {})], [call("GET", "/x", many)])[-1] == "    and 10 more"


def problems(*calls: Interaction, **more: Any) -> list[str]:
    return [*checked(Cassette(calls, **more), schema.catalogue())]


def test_a_cassette_that_fits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "bills.cassette"
    monkeypatch.setenv("OVH_CASSETTE", str(path))
    with ovh.Client("ovh-eu", transport="record+sandbox", **ACCESS_KEYS) as client:
        client.get("/me")
        client.post("/domain/zone/example.com/record", fieldType="A", subDomain="www", target="192.0.2.1", ttl=60)
        for mode in ("auto", "pages", "batch", "single"):
            assert [*client.iterate("/me/bill", _mode=mode)]
    assert problems(*Cassette.load(path).interactions) == []


def test_a_cassette_that_does_not() -> None:
    assert problems(call("GET", "/1.0/nothing"), call("GET", "/1.0/nothing")) == [
        "1: GET /1.0/nothing: the catalogue has no such operation"
    ]
    assert problems(problems=["torn"]) == ["torn"]
    assert problems(call("GET", "/1.0/me/bill", {"a": 1}))[0].startswith("1: GET /me/bill: $: ")
    assert problems(call("GET", "/1.0/me/bill", {"message": "no"}, 404)) == []
    assert problems(call("PUT", "/1.0/domain/zone/example.com/record/1", None, body={"ttl": "many"}))[0].startswith(
        "1: PUT /domain/zone/{zoneName}/record/{id}: $.ttl: "
    )
    assert problems(call("PUT", "/1.0/domain/zone/example.com/record/1", None, body={"ttl": REDACTED})) == []
    hidden = {"billId": REDACTED, "priceWithTax": {"value": REDACTED}}
    assert problems(call("GET", "/1.0/me/bill/{billId}", hidden)) == []
    assert problems(call("GET", "/1.0/me/bill", [REDACTED, 1])) == [
        "1: GET /me/bill: $[1]: is a number, and must be string"
    ]
    operations = [*schema.catalogue().operations()]
    old = next(each for each in operations if each.status.deprecated and each.status.replacement)
    assert f"{old}: is deprecated, use {old.status.replacement}" in "\n".join(
        problems(
            Interaction.of(
                Request(old.method, f"https://x/1.0{old.path}".replace("{", "").replace("}", "")), ReadTimeout("")
            )
        )
    )
    old = next(each for each in operations if each.status.deprecated and not each.status.replacement)
    told = problems(
        Interaction.of(
            Request(old.method, "https://x/1.0" + old.path.replace("{", "").replace("}", "")), ReadTimeout("")
        )
    )
    assert any(each.endswith(f"{old}: is deprecated") for each in told)


def test_the_commands(run: Runner, tmp_path: Path) -> None:  # noqa: F811
    one, other = tmp_path / "one.cassette", tmp_path / "other.cassette"
    Cassette([call("GET", "/1.0/me/bill", ["a"])]).save(one)
    Cassette([call("GET", "/1.0/me/bill", ["b"]), call("GET", "/1.0/nothing")]).save(other)
    same = run("cassette", "diff", str(one), str(one))
    assert (same.code, same.out) == (0, "")
    ran = run("cassette", "diff", str(one), str(other))
    assert ran.code == 1
    assert ran.out == "~ GET /1.0/me/bill\n    answer[0]: 'a' -> 'b'\n+ GET /1.0/nothing\n"
    assert run("cassette", "check", str(one)) == (0, "", "1 call, all well.\n")
    assert run("cassette", "check", str(other)).code == 1
