"""When a sandbox answers, how often, by which clock, and what it remembers of what came."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import ovhcore as ovh
from ovhcore.protocol import ApplicationKey, Request, sign_request
from ovhcore_transports import sandbox as sb
from ovhcore_transports.sandbox import (
    ACCESS_KEYS,
    AsyncSandboxTransport,
    Controls,
    Faults,
    Modes,
    Sandbox,
    SandboxTransport,
    VirtualClock,
)
from ovhcore_transports.sandbox.control.journal import BoundedCounter

pytestmark = pytest.mark.once

NOW = 1_767_225_600
ORIGIN = "https://eu.api.ovh.com"
KEYS = ApplicationKey(sb.APPLICATION_KEY, sb.APPLICATION_SECRET, sb.CONSUMER_KEY)


def signed(method: str, path: str, body: bytes = b"", *, now: float = NOW) -> Request:
    return sign_request(Request(method, ORIGIN + path, {}, body), KEYS, int(now))


def client_of(box: Sandbox, **options: Any) -> tuple[ovh.Client, SandboxTransport]:
    transport = SandboxTransport(box, start=NOW, timeout=options.pop("patience", 180.0))
    return ovh.Client("ovh-eu", transport=transport, **ACCESS_KEYS, **options), transport


def test_answers_that_take_their_time() -> None:
    client, transport = client_of(Sandbox(controls=Controls(latency=2.5)))
    client.get("/me")
    client.get("/me")
    assert transport.clock().monotonic == 5.0


def test_answers_that_take_longer_than_somebody_waits() -> None:
    box = Sandbox(controls=Controls(latency=30))
    client, transport = client_of(box, timeout=10, retry=False)
    with pytest.raises(ovh.ReadTimeout):
        client.get("/me")
    assert transport.clock().monotonic == 10.0
    assert box.executed["GET", "/me"] == 1


def test_answers_that_take_their_time_for_asyncio() -> None:
    async def calls() -> list[float]:
        transport = AsyncSandboxTransport(Sandbox(controls=Controls(latency=3)), start=NOW, timeout=5.0)
        async with ovh.AsyncClient("ovh-eu", transport=transport, timeout=5.0, retry=False, **ACCESS_KEYS) as client:
            await asyncio.gather(client.get("/me"), client.get("/me"))
            passed = transport.clock().monotonic
            transport.sandbox.controls = Controls(latency=5)
            with pytest.raises(ovh.ReadTimeout):
                await client.get("/me")
            return [passed, transport.clock().monotonic]

    assert asyncio.run(calls()) == [3.0, 8.0]


@given(st.floats(0, 100), st.floats(0, 100), st.integers(0, 10**6))
def test_how_much_longer(latency: float, jitter: float, number: int) -> None:
    controls = Controls(latency=latency, jitter=jitter)
    assert latency <= controls.delay(number) <= latency + jitter
    assert controls.delay(number) == controls.delay(number)


def test_jitter_differs() -> None:
    assert len({Controls(jitter=1).delay(number) for number in range(100)}) == 100


def test_more_calls_than_a_minute_takes() -> None:
    box = Sandbox(controls=Controls(rate_limit="3/minute"))
    for second in range(3):
        assert box.handle(signed("GET", "/1.0/me", now=NOW + second), NOW + second).status == 200
    refused = box.handle(signed("GET", "/1.0/me"), NOW + 15)
    assert (refused.status, refused.headers["retry-after"]) == (429, "45")
    assert refused.json()["class"] == "Client::TooManyRequests"
    # Others have a number of their own.
    assert box.handle(Request("GET", ORIGIN + "/1.0/auth/time"), NOW + 15).status == 200
    assert box.handle(signed("GET", "/1.0/me"), NOW + 60).status == 200
    assert box.executed["GET", "/me"] == 4


def test_a_client_keeps_to_the_limit() -> None:
    client, transport = client_of(Sandbox(controls=Controls(rate_limit="2/second")))
    for _ in range(6):
        client.get("/me")
    assert 2.0 <= transport.clock().monotonic < 10.0


def test_a_limit_for_many_callers_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ovhcore_transports.sandbox.control.settings._MOST", 100)
    box = Sandbox(controls=Controls(rate_limit="1/hour"))
    for number in range(150):
        box.handle(Request("GET", ORIGIN + "/1.0/auth/time", {"X-Ovh-Application": str(number)}), NOW)
    assert len(box._limiter._windows) == 100


def test_a_clock_that_is_wrong() -> None:
    box = Sandbox(controls=Controls(skew=1000))
    client, _ = client_of(box)
    assert client.get("/me")["firstname"] == "Ada"  # it learns
    assert client.get("/auth/time", _need_auth=False) == NOW + 1000
    assert box.handle(signed("GET", "/1.0/me"), NOW).json()["errorCode"] == "QUERY_TIME_OUT"


def test_time_that_is_moved() -> None:
    box = Sandbox(task_seconds=3600, token_lifetime=100)
    client, transport = client_of(box)
    path = "/dedicated/server/ns1.ip-192-0-2.eu"
    task = client.post(path + "/reboot")
    box.clock.advance(1800)
    assert client.get(f"{path}/task/{task['taskId']}")["status"] == "doing"
    box.clock.advance(1800)
    assert client.get(f"{path}/task/{task['taskId']}")["status"] == "done"
    assert box.received["GET", "/me"] == 0
    assert client.get("/auth/time", _need_auth=False) == NOW  # programs call as before
    assert transport.clock().monotonic == 0.0
    form = f"grant_type=client_credentials&client_id={sb.CLIENT_ID}&client_secret={sb.CLIENT_SECRET}".encode()
    token = box.handle(Request("POST", ORIGIN + "/auth/oauth2/token", {}, form), NOW).json()["access_token"]
    bearer = Request("GET", ORIGIN + "/1.0/me", {"Authorization": f"Bearer {token}"})
    box.clock.advance(99)
    assert box.handle(bearer, NOW).status == 200
    box.clock.advance(1)
    assert box.handle(bearer, NOW).status == 401


def test_time_that_stands() -> None:
    clock = VirtualClock()
    assert clock.at(100) == 100
    clock.freeze()
    assert [clock.at(200), clock.now(), clock.frozen] == [100, 100, 100]
    clock.advance(50)
    assert clock.at(300) == 150
    clock.resume()
    assert [clock.at(300), clock.at(301), clock.frozen, clock.offset] == [150, 151, None, -150]
    clock.resume()
    clock.freeze("2026-01-01T00:00:00+00:00")
    assert clock.at(0) == NOW
    clock.freeze(7)
    assert clock.at(0) == 7
    assert repr(clock) == "<VirtualClock offset=-150 frozen=7.0>"
    clock.reset()
    assert clock.at(12) == 12


@pytest.mark.parametrize("at", ["soon", "2026-01-01", -1, True, float("nan")])
def test_times_that_are_none(at: Any) -> None:
    with pytest.raises(ovh.InvalidConfiguration, match="at must be"):
        VirtualClock().freeze(at)
    with pytest.raises(ovh.InvalidConfiguration, match="seconds must be a number, 0 or more"):
        VirtualClock().advance(-1)


@pytest.mark.parametrize(
    "wrong",
    [{"latency": -1}, {"latency": "1"}, {"jitter": None}, {"skew": True}, {"skew": float("inf")},
     {"rate_limit": "often"}, {"rate_limit": 5}, {"rate_limit": "0/second"}],
)  # fmt: skip
def test_controls_that_are_out_of_range(wrong: dict[str, Any]) -> None:
    with pytest.raises(ovh.InvalidConfiguration, match=f"sandbox: {next(iter(wrong))} must be"):
        Controls(**wrong)


def test_settings_by_name() -> None:
    box = Sandbox()
    first = box.settings()
    box.configure(
        {
            "latency": 0.5,
            "rate_limit": "5/second",
            "faults": {"rate": 0.5, "kinds": ["lost"], "spare": ["/me"]},
            "modes": {"pages": "refused"},
            "token_lifetime": 10.0,
            "auto_validate": True,
        }
    )
    assert box.controls == Controls(latency=0.5, rate_limit="5/second")
    assert box.faults == Faults(0.5, kinds=["lost"], spare=["/me"])
    assert box.modes == Modes(pages="refused")
    box.configure({"modes": {"batch": "ignored"}, "failing_tasks": True, "task_seconds": 5})
    assert box.modes == Modes(pages="refused", batch="ignored")
    assert box.failing_tasks
    now = box.settings()
    assert json.loads(json.dumps(now)) == now
    assert (now["token_lifetime"], now["auto_validate"], now["task_seconds"]) == (10, True, 5.0)
    assert now["faults"]["spare"] == ["/me"]
    other = Sandbox()
    other.configure(now)
    assert other.settings() == now
    box.configure(first)
    assert box.settings() == first == Sandbox().settings()


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"latencey": 1}, "there is no setting 'latencey'; there are latency, jitter"),
        ({"latency": 1, "faults": 3}, "faults must be a mapping, not 3"),
        ({"latency": 1, "faults": {"ratio": 1}}, "faults must be a mapping with some of rate, seed"),
        ({"latency": 1, "faults": {"rate": "x"}}, "faults must be a mapping with some of rate, seed"),
        ({"latency": 1, "modes": {"pages": "off"}}, "pages must be one of"),
        ({"latency": 1, "auto_validate": "yes"}, "auto_validate must be true or false, not 'yes'"),
        ({"latency": 1, "task_seconds": -1}, "task_seconds must be a number, 0 or more"),
    ],
)
def test_settings_that_are_wrong_change_nothing(settings: dict[str, Any], said: str) -> None:
    box = Sandbox()
    with pytest.raises(ovh.InvalidConfiguration, match=said):
        box.configure(settings)
    assert box.settings() == Sandbox().settings()


def test_what_came_is_kept_without_secrets() -> None:
    box = Sandbox()
    body = json.dumps({"firstname": "Grace", "password": "hunter2", "note": sb.CONSUMER_KEY}).encode()
    box.handle(signed("PUT", "/1.0/me?token=abc", body), NOW)
    form = f"grant_type=client_credentials&client_id={sb.CLIENT_ID}&client_secret={sb.CLIENT_SECRET}".encode()
    token = box.handle(Request("POST", ORIGIN + "/auth/oauth2/token", {}, form), NOW).json()["access_token"]
    box.handle(Request("GET", ORIGIN + f"/1.0/me/{token}", {"Authorization": f"Bearer {token}"}), NOW)
    box.faults = Faults(1, kinds=["lost"])
    with pytest.raises(ovh.ConnectionLost):
        box.handle(signed("POST", "/1.0/auth/logout", b"x" * 9000), NOW)
    box.faults = None
    box.handle(Request("POST", ORIGIN + "/1.0/me", {}, b"[" * 100_000), NOW)
    box.handle(Request("POST", ORIGIN + "/1.0/me", {}, b"[" * 900 + b"]" * 900), NOW)
    log = box.log()
    text = json.dumps(log)
    for secret in (sb.CONSUMER_KEY, sb.CLIENT_SECRET, sb.APPLICATION_SECRET, token, "hunter2", "abc"):
        assert secret not in text
    assert [entry["status"] for entry in log] == [400, 200, 404, 0, 404, 404]
    assert [entry["number"] for entry in log] == [1, 2, 3, 4, 5, 6]
    assert log[0]["body"]["firstname"] == "Grace"
    assert log[0]["path"] == "/1.0/me"
    assert log[0]["time"] == "2026-01-01T00:00:00.000+00:00"
    assert log[0]["queryId"].startswith("SB.ext-1.")
    assert "X-Ovh-Timestamp" in dict(log[0]["headers"])
    assert log[1]["body"].startswith("grant_type=client_credentials&client_id=<redacted>")
    assert (log[3]["length"], log[3]["body"]) == (9000, "x" * 8192 + " ...")
    assert box.log(1) == log[-1:]
    many = Request("GET", f"{ORIGIN}/1.0/{'x' * 9000}?t={token}", [(f"X-{n}", token) for n in range(200)])
    box.handle(many, NOW)
    [last] = box.log(1)
    assert (len(last["headers"]), len(last["path"])) == (100, 8192 - len(ORIGIN))
    assert token not in json.dumps(last)
    assert box.log(0) == []


def test_what_came_is_bounded() -> None:
    box = Sandbox()
    for number in range(1100):
        box.handle(Request("GET", f"{ORIGIN}/1.0/none/{number}"), NOW)
    assert [entry["number"] for entry in box.log()] == list(range(101, 1101))
    counter: BoundedCounter[int] = BoundedCounter()
    for number in range(50_100):
        counter[number] += 1
    assert len(counter) == 50_000
    assert counter[0] == 0
    assert counter[50_099] == 1


def test_resources_are_added() -> None:
    box = Sandbox()
    box.add({"me": {"firstname": "Grace"}, "bills": []})
    client, _ = client_of(box)
    assert client.get("/me")["firstname"] == "Grace"
    assert client.get("/me")["name"] == "Lovelace"
    assert client.get("/me/bill") == []
    with pytest.raises(ovh.InvalidConfiguration, match="there are no resources 'cars'; there are me, bills"):
        box.add({"me": {"firstname": "Joan"}, "cars": []})
    with pytest.raises(ovh.InvalidConfiguration, match="bills must be a list, not dict"):
        box.add({"me": {"firstname": "Joan"}, "bills": {}})
    with pytest.raises(ovh.InvalidConfiguration, match="me must be a mapping, not list"):
        box.add({"me": []})
    assert client.get("/me")["firstname"] == "Grace"


def test_begin_anew() -> None:
    box = Sandbox(token_lifetime=5)
    box.configure({"task_seconds": 7, "latency": 1})
    box.add({"me": {"firstname": "Grace"}})
    client, _ = client_of(box)
    client.put("/me", firstname="Joan")
    client.delete("/domain/zone/example.com/record/1001")
    box.clock.advance(100)
    box.reset()
    assert (box.log(), box.clock.offset, box.executed.total()) == ([], 0, 0)
    assert client.get("/me")["firstname"] == "Grace"
    assert 1001 in client.get("/domain/zone/example.com/record")
    settings = box.settings()
    assert (settings["task_seconds"], settings["latency"], settings["token_lifetime"]) == (7.0, 1, 5)


@pytest.mark.parametrize(
    ("resources", "said"),
    [
        ({"bills": [5]}, "bills[0] must be a mapping, not int"),
        ({"servers": [{"name": "a"}, {"ip": "192.0.2.1"}]}, "servers[1] has no name"),
        ({"records": [{"id": 1, "target": 5}]}, "records[0]: target must be a text, not 5"),
        ({"servers": [{"name": "a", "burst": None}]}, "servers[0]: burst must be a mapping, not None"),
        ({"zones": {"name": "a"}}, "zones must be a list, not dict"),
    ],
)
def test_mistakes_in_resources_are_named_and_nothing_is_added(resources: Any, said: str) -> None:
    box = Sandbox()
    before = box.own()
    with pytest.raises(ovh.InvalidConfiguration) as caught:
        box.add(resources)
    assert str(caught.value) == f"sandbox: {said}"
    assert box.own() == before


def test_what_resources_lack_is_made_up() -> None:
    box = Sandbox()
    box.add({"servers": [{"name": "mine"}], "bills": [{"billId": "FR1"}]})
    transport = SandboxTransport(box)
    client = ovh.Client("ovh-eu", transport=transport, **ACCESS_KEYS)
    assert client.get("/dedicated/server") == ["mine"]
    assert client.get("/dedicated/server/mine/burst")["status"] == "inactive"
    assert client.get("/me/bill", **{"date.from": "2020-01-01"}) == ["FR1"]
