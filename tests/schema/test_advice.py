"""What the catalogue adds to the hint of an error; and that it is left alone otherwise."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import ovhcore as ovh
from ovhcore import exceptions as exc
from ovhcore import schema
from ovhcore.protocol.messages import Request, Response
from ovhcore.protocol.responses.decoding import rehint
from ovhcore.schema.files import store
from ovhcore.schema.lookup.advice import advice
from tests.servers import run_beside_a_sandbox
from tests.worlds import AsyncScripted, Scripted

pytestmark = pytest.mark.once

KEYS = ("key-of-the-application", "secret-of-the-application", "key-of-the-consumer")
NO_ROUTE = {"class": "Client::NotFound", "message": "Got an invalid (or empty) URL"}
NOT_GRANTED = {"class": "Client::Forbidden", "message": "This call has not been granted"}


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(store, "_opened", {})


def failing(status: int, body: Any, endpoint: str = "ovh-eu") -> ovh.Client:
    raw = json.dumps(body).encode()
    transport = Scripted(lambda request: Response(status, {"X-OVH-QUERYID": "q"}, raw))
    return ovh.Client(endpoint, *KEYS, transport=transport, time_sync="off", retry=False)


def hint_of(status: int, body: Any, path: str, method: str = "get", endpoint: str = "ovh-eu", **arguments: Any) -> str:
    with pytest.raises(exc.APIError) as caught:
        getattr(failing(status, body, endpoint), method)(path, **arguments)
    hint = caught.value.hint or ""
    assert (hint in caught.value.__notes__) is bool(hint)
    assert len([note for note in caught.value.__notes__ if note and note in hint]) == bool(hint)
    return hint


@pytest.mark.parametrize("endpoint", ["ovh-eu", "https://eu.api.ovh.com/v1", "http://127.0.0.1:8080/prefix/1.0"])
@pytest.mark.parametrize(
    ("method", "path", "arguments", "meant"),
    [
        ("get", "/domain/zones/example.com", {}, "did you mean /domain/zone/{zoneName}?"),
        ("get", "/domain/zones/{zone}", {"zone": "example.com"}, "did you mean /domain/zone/{zoneName}?"),
        ("get", "/me/bills?date.from=2026-01-01", {}, "did you mean /me/bill"),
        ("get", "/mee", {}, "did you mean /me?"),
        ("get", "/v2/iam/polici", {}, "did you mean /v2/iam/policy"),
        ("delete", "/me", {}, "There is no DELETE for this path; there is GET, PUT."),
        ("get", "/me", {}, "GET /me is in the catalogue of ovh-eu; this endpoint does not have it, or no longer."),
    ],
)
def test_a_path_that_the_api_does_not_have(
    method: str, path: str, arguments: dict[str, Any], meant: str, endpoint: str
) -> None:
    hint = hint_of(404, NO_ROUTE, path, method, endpoint, **arguments)
    assert meant in hint
    assert hint.startswith("The API has no such path")
    assert "example.com" not in hint


def test_unknown_paths_in_other_words() -> None:
    assert "/domain/zone/{zoneName}" in hint_of(404, {"message": "Resource not found"}, "/domain/zones/a")
    assert hint_of(404, {"message": "Resource not found"}, "/domain/zone/a") == ""
    assert "did you mean /me/bill/{billId}?" in hint_of(403, NOT_GRANTED, "/me/bil/FR1")
    assert "did you mean" not in hint_of(404, NO_ROUTE, "/%s" % "/".join("qwzx" * 9))


def test_what_is_deprecated() -> None:
    gone = next(each for each in schema.catalogue().operations() if each.status.replacement and each.method == "GET")
    path = gone.path.replace("{", "").replace("}", "")
    assert f"and deprecated: use {gone.status.replacement}; this endpoint" in hint_of(404, NO_ROUTE, path)
    old = next(
        each
        for each in schema.catalogue().operations()
        if each.status.deprecated and not each.status.replacement and each.method == "GET"
    )
    assert "and deprecated; this endpoint" in hint_of(404, NO_ROUTE, old.path.replace("{", "").replace("}", ""))


def test_the_rule_that_is_missing() -> None:
    hint = hint_of(403, NOT_GRANTED, "/domain/zone/example.com")
    assert "allows it: GET /domain/zone/* (/domain/zone does not cover it)." in hint
    assert "The IAM action of GET /domain/zone/{zoneName}: dnsZone:apiovh:get." in hint
    assert "new_consumer_key_request" in hint
    hint = hint_of(403, NOT_GRANTED, "/domain/zone/example.com/record")
    assert "GET /domain/zone/*/record." in hint
    assert "does not cover" not in hint
    refused = {
        "class": "Client::Forbidden",
        "message": "User not granted for this request",
        "details": {"unauthorizedActionsByIAM": "vps:apiovh:reboot"},
    }
    hint = hint_of(403, refused, "/vps/a/reboot", "post")
    assert hint.startswith("No IAM policy of this identity allows: vps:apiovh:reboot. The access rule")
    # A business answer is none of rights.
    assert hint_of(403, {"message": "Not available for this server"}, "/vps/a") == ""


def test_the_arguments_there_are() -> None:
    unknown = {"class": "Client::BadRequest", "message": "Received not described parameters: (citty)"}
    hint = hint_of(400, unknown, "/me", "put", citty="Lille")
    assert hint.startswith("PUT /me takes in its body: address,")
    assert hint.endswith("; did you mean city?")
    hint = hint_of(400, {"message": "Parameter date is odd"}, "/me/bill")
    assert hint == "GET /me/bill takes in its query: category, date.from, date.to, orderId."
    hint = hint_of(400, {"message": "accessRules isn't formated correctly"}, "/auth/credential", "post", a=1)
    assert "accessRules (required), allowedIPs" in hint
    assert hint_of(400, {"message": "Unknown parameter x"}, "/me") == "GET /me takes no arguments."
    assert (
        hint_of(400, {"message": "Unknown parameter x"}, "/me/bill/FR1")
        == "GET /me/bill/{billId} takes no arguments but those of its path."
    )
    # Of something else nothing is said, nor of a path that is not known.
    assert hint_of(400, {"message": "Come back later"}, "/me/bill") == ""
    assert hint_of(400, {"message": "Unknown parameter x"}, "/mee") == ""
    assert "takes" not in hint_of(400, {"message": "Invalid signature"}, "/me")


def test_bodies_of_no_fields_and_of_many(monkeypatch: pytest.MonkeyPatch) -> None:
    catalogue = schema.catalogue()
    operations = [each for each in catalogue.operations() if each.method in ("POST", "PUT")]
    free = next(
        each for each in operations if each.body is not None and catalogue.family(each.family).body_fields(each) is None
    )
    error = exc.BadParametersError("parameter x", status=400)
    said = advice(catalogue, error, free.method, free.path)
    assert said is not None
    assert f"takes a body of the type {free.body}" in said
    monkeypatch.setattr("ovhcore.schema.lookup.advice._LISTED", 2)
    assert advice(catalogue, error, "PUT", "/me") == "PUT /me takes in its body: address, area, ...."


def test_access_rules_know_no_other_method() -> None:
    operation = schema.catalogue().operation("GET", "/me").replacing(method="HEAD", iam_actions=())
    family = schema.Family("/me", {"HEAD /me": operation}, {})
    error = exc.NotGrantedCall("This call has not been granted", status=403)
    assert advice(schema.Catalogue.of([family]), error, "HEAD", "/me") is None
    other = exc.Forbidden("no", status=403)
    assert advice(schema.Catalogue.of([family]), other, "HEAD", "/me") is None


@given(path=st.from_regex(r"(/[a-z0-9%{}._-]{0,6}){1,5}", fullmatch=True), status=st.sampled_from([400, 403, 404]))
def test_whatever_the_path_the_error_of_the_api_comes(path: str, status: int) -> None:
    client = failing(status, {"class": "Client::Anything", "message": "Unknown parameter of this call"})
    with pytest.raises(exc.APIError) as caught:
        client.get(path)
    assert isinstance(caught.value, exc.InvalidRequest) or caught.value.status == status


def test_asynchronous_clients() -> None:
    async def program() -> None:
        transport = AsyncScripted(lambda request: Response(404, {}, json.dumps(NO_ROUTE).encode()))
        client = ovh.AsyncClient("ovh-eu", *KEYS, transport=transport, time_sync="off")
        with pytest.raises(exc.ResourceNotFoundError) as caught:
            await client.get("/domain/zones/example.com")
        assert "did you mean /domain/zone/{zoneName}?" in (caught.value.hint or "")

    asyncio.run(program())


def test_many_calls() -> None:
    client = failing(404, NO_ROUTE)
    for made in (
        lambda: list(client.iterate("/domain/zones", _mode="single")),
        lambda: client.gather(["/domain/zones"]),
        lambda: client.wait("/domain/zones"),
    ):
        with pytest.raises(exc.ResourceNotFoundError) as caught:
            made()
        assert "did you mean /domain/zone" in (caught.value.hint or "")


def test_a_catalogue_that_is_lost_or_damaged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "_SHIPPED", tmp_path / "nowhere")
    assert hint_of(404, NO_ROUTE, "/mee").startswith("The API has no such path")
    folder = tmp_path / "damaged"
    shipped = Path(schema.__file__).parent / "shipped"
    folder.mkdir()
    for each in shipped.iterdir():
        (folder / each.name).write_bytes(each.read_bytes() if each.name == "index" else b"damaged")
    monkeypatch.setattr(store, "_SHIPPED", folder)
    monkeypatch.setattr(store, "_opened", {})
    for status, body in ((404, NO_ROUTE), (403, NOT_GRANTED), (400, {"message": "parameter"})):
        with pytest.raises(exc.APIError) as caught:
            failing(status, body).get("/me")
        assert caught.value.status == status


def test_answers_to_other_urls_are_left_alone() -> None:
    client = failing(404, NO_ROUTE)
    error = exc.ResourceNotFoundError("Got an invalid (or empty) URL", status=404)
    client._ovhcore.advise(error, Request("GET", "https://elsewhere.example/mee"))
    assert error.hint is None
    assert client.settings.endpoint.path_of("https://eu.api.ovh.com/v2/iam?a=1") == "/v2/iam?a=1"
    assert client.settings.endpoint.path_of("https://eu.api.ovh.com") is None


def test_another_hint() -> None:
    error = exc.APIError("no")
    rehint(error, "first\n")
    rehint(error, "second")
    assert (error.hint, error.__notes__) == ("second", ["second"])


UNTOUCHED = """
import sys
import ovhcore as ovh
client = ovh.Client()
client.get("/me")
list(client.iterate("/me/bill"))
for path, kind in (("/me/bill/none", ovh.ResourceNotFoundError),):
    try:
        client.get(path)
    except kind:
        pass
assert not [each for each in sys.modules if each.startswith("ovhcore.schema")], "loaded"
"""


def test_calls_that_succeed_and_objects_that_are_missing_load_nothing() -> None:
    """The program's assertions would end it with an error."""
    run_beside_a_sandbox(UNTOUCHED)
