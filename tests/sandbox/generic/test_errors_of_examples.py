"""Errors that the API was seen to answer, and how a sandbox is brought to answer them: status, class and shape."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ovhcore.protocol import ApplicationKey, Request, sign_request
from ovhcore_transports.sandbox import ACCESS_KEYS, Faults, Sandbox
from ovhcore_transports.sandbox.storage import holding

pytestmark = pytest.mark.once

NOW = 1_780_000_000
ZONE = "/1.0/domain/zone/example.com"
FARMS = "/1.0/ipLoadbalancing/loadbalancer-0a1b2c3d4e5f/http/farm"
VRACK = "/v2/vrackServices/resource/vrs-demo-1"
VPS = "/1.0/vps/vps-1a2b3c4d.vps.ovh.net"
Answer = tuple[int, Any]


def call(box: Sandbox, method: str, path: str, body: Any = None, raw: bytes | None = None, **keys: str) -> Answer:
    sent = raw if raw is not None else b"" if body is None else json.dumps(body).encode()
    used = ApplicationKey(**{name: str(keys.get(name, value)) for name, value in ACCESS_KEYS.items()})
    request = Request(method, f"https://sandbox.test{path}", {"Content-Type": "application/json"}, sent)
    answer = box.handle(sign_request(request, used, NOW), NOW)
    kind = answer.headers["Content-Type"]
    return answer.status, json.loads(answer.body) if kind.startswith("application/json") else answer.body.decode()


def unsigned(box: Sandbox, *_: Any) -> Answer:
    answer = box.handle(
        Request("GET", "https://sandbox.test/1.0/me", {"X-Ovh-Application": ACCESS_KEYS["application_key"]}, b""), NOW
    )
    return answer.status, json.loads(answer.body)


def wrongly_signed(box: Sandbox, *_: Any) -> Answer:
    return call(box, "GET", "/1.0/me", application_secret="another")


def expired(box: Sandbox, *_: Any) -> Answer:
    box.expire(ACCESS_KEYS["consumer_key"])
    return call(box, "GET", "/1.0/me")


def not_granted(box: Sandbox, *_: Any) -> Answer:
    rules = {"accessRules": [{"method": "GET", "path": "/me"}]}
    key = call(box, "POST", "/1.0/auth/credential", rules)[1]["consumerKey"]
    box.validate(key)
    return call(box, "GET", "/1.0/domain", consumer_key=key)


def failing(kind: str) -> Callable[..., Answer]:
    def fail(box: Sandbox, *_: Any) -> Answer:
        box.faults = Faults(1, kinds=[kind])
        return call(box, "GET", "/1.0/domain/zone")

    return fail


def busy(box: Sandbox, *_: Any) -> Answer:
    call(box, "POST", f"{VPS}/reboot")
    return call(box, "POST", f"{VPS}/reboot")


def changed(box: Sandbox, checksum: str) -> Answer:
    target = {"displayName": "new", "location": "eu-west-rbx", "subnets": []}
    known = call(box, "GET", VRACK)[1].get("checksum", "0" * 32)
    return call(box, "PUT", VRACK, {"checksum": checksum or known, "targetSpec": target})


def locked(box: Sandbox, *_: Any) -> Answer:
    changed(box, "")
    return changed(box, "")


def full(box: Sandbox, patch: pytest.MonkeyPatch) -> Answer:
    patch.setattr(holding, "_MOST", 0)
    return call(box, "POST", FARMS, {"zone": "gra"})


NO_IP = {"fieldType": "A", "target": "example.org"}
TWICE = {"fieldType": "A", "subDomain": "www", "target": "192.0.2.10"}
PROVOKED: dict[str, tuple[int, str | None, Callable[..., Answer]]] = {
    "no login": (401, "Client::Unauthorized", unsigned),
    "signature": (400, None, wrongly_signed),
    "expired key": (403, None, expired),
    "not granted": (403, None, not_granted),
    "no such path": (404, "Client::NotFound", lambda box, _: call(box, "GET", "/1.0/dedicated/nvmeof")),
    "no service": (404, "Client::NotFound", lambda box, _: call(box, "GET", "/1.0/domain/zone/none.example/status")),
    "no object": (404, "Client::NotFound", lambda box, _: call(box, "GET", f"{ZONE}/record/1")),
    "not JSON": (400, "Client::BadRequest::InvalidJSON", lambda box, _: call(box, "PUT", VRACK, raw=b"{")),
    "bad record": (400, "Client::BadRequest", lambda box, _: call(box, "POST", f"{ZONE}/record", NO_IP)),
    "record there is": (409, "Client::Conflict", lambda box, _: call(box, "POST", f"{ZONE}/record", TWICE)),
    "bad checksum": (400, "Client::BadRequest::ChecksumBadFormat", lambda box, _: changed(box, "x")),
    "old checksum": (412, "Client::PreconditionFailed::ChecksumMismatch", lambda box, _: changed(box, "0" * 32)),
    "locked": (423, "Client::Locked", locked),
    "busy": (403, "Client::Forbidden::Busy", busy),
    "quota": (403, "Client::Forbidden::ItemQuotaReached", full),
    "broken": (500, "Server::InternalServerError", failing("error")),
}


@pytest.mark.parametrize("name", PROVOKED)
def test_errors_that_can_be_provoked(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    status, kind, provoke = PROVOKED[name]
    answered, body = provoke(Sandbox(), monkeypatch)
    assert (answered, bool(body["message"])) == (status, True)
    if kind is None:
        assert body["errorCode"]
        assert body["httpCode"].startswith(str(status))
    else:
        assert body["class"].startswith(kind)


def test_errors_of_other_shapes() -> None:
    status, page = failing("request-timeout")(Sandbox())
    assert (status, page[:15]) == (408, "<!DOCTYPE html>")
    assert failing("message-only")(Sandbox()) == (500, {"message": "Internal server error"})
    assert set(call(Sandbox(), "GET", "/1.0/none")[1]) == {"class", "message", "details"}


CANNOT = (
    *("/dbaas/logs", "/v2/publicCloud/project/{projectId}/rancher", "/cloud/project/{serviceName}/database"),
    *("/v2/vrackServices", "/domain/configurationRule", "/cloud/project/{serviceName}/containerRegistry"),
)
"""Families with errors for conditions of their own."""


def test_every_other_error_that_was_seen_has_a_status_that_can_be_provoked(shared_data: Path) -> None:
    rows = map(json.loads, (shared_data / "examples.jsonl").read_text("utf-8").splitlines())
    provoked = {status for status, _, _ in PROVOKED.values()} | {408}
    left: set[int] = set()
    for row in rows:
        seen = row["kind"] in ("recorded", "example") and row["status"] >= 400
        if seen and not row["path"].startswith(CANNOT):
            left |= {row["status"]} - provoked
    assert left <= {460}  # a service that has expired
