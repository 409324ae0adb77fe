"""What a call does no more often than it needs to: effects that it yields, secrets that it learns."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import ovhcore as ovh
from ovhcore.flows import Event, Flow, Send
from ovhcore.flows.effects import CLOCK
from ovhcore.flows.exchange import exchange, sent_now
from ovhcore.plugins import hookimpl
from ovhcore.protocol import Headers, Now, Request, Response, Timeout
from ovhcore.protocol.secrets import learning
from ovhcore_transports import SyncTransport

URL = "https://eu.api.ovh.com/1.0/me"
TIMEOUT = Timeout(1.0, 2.0, 10.0)
FIELDS = (("X-Ovh-Signature", "$1$"),)


class Transport(SyncTransport):
    """Answers at once, by a clock that stands still, and counts how often the clock is read."""

    def __init__(self) -> None:
        super().__init__()
        self.read = 0
        self.sent: list[Request] = []

    def clock(self) -> Now:
        self.read += 1
        return Now(1_700_000_000.0, 50.0)

    def send(self, request: Request) -> Response:
        self.sent.append(request)
        return Response(200, {"X-OVH-QUERYID": "EU.ext-1"}, b"{}")


def client_of(transport: Transport, **options: Any) -> ovh.Client:
    return ovh.Client("ovh-eu", "application", "application-secret", "consumer-key", transport=transport, **options)


def test_a_call_that_succeeds_reads_the_clock_three_times() -> None:
    """When it begins, when its first attempt begins, and when that is signed."""
    transport = Transport()
    client = client_of(transport)
    client.get("/me")
    transport.read = 0
    client.get("/me")
    assert transport.read == 3


def test_the_first_exchange_has_the_timeout_of_the_transport() -> None:
    transport = Transport()
    client_of(transport).get("/me")
    assert [(request.timeout, request.deadline) for request in transport.sent] == [(None, None)]


def sent(request: Request, now: float) -> Request | Exception:
    """Return what an exchange sends that begins with a clock that shows a time."""
    flow: Flow[Response] = exchange(request)
    try:
        effect = flow.send(None)
        if effect is CLOCK:  # it was not signed
            effect = flow.send(Now(0.0, now))
    except ovh.APIError as error:
        return error
    assert isinstance(effect, Send)
    return effect.request


@pytest.mark.parametrize("timeout", [TIMEOUT, None])
@pytest.mark.parametrize("passed", [0.0, 0.0005, 0.5, 9.9999, 10.0, 11.0])
def test_what_is_signed_has_as_much_time_as_what_is_not(timeout: Timeout | None, passed: float) -> None:
    total = 10.0 if timeout else 1e6
    request = Request("GET", URL, Headers(FIELDS), timeout=timeout, deadline=100.0 + total)
    plain = Request("GET", URL, timeout=timeout, deadline=100.0 + total)
    now = 100.0 + passed
    signed, unsigned = sent(sent_now(plain, FIELDS, now), now), sent(request, now)
    if isinstance(unsigned, Exception):
        assert type(signed) is type(unsigned) is ovh.TotalTimeout
        assert not signed.may_have_arrived
        return
    assert isinstance(signed, Request)
    assert (signed.headers, signed.timeout) == (unsigned.headers, unsigned.timeout)


class Watch:
    """Takes every event, with or without its contents."""

    def __init__(self, *, contents: bool) -> None:
        self.wants_contents = contents
        self.seen: list[Event] = []

    def __call__(self, event: Event) -> None:
        self.seen.append(event)

    @hookimpl
    def ovhcore_observer(self, settings: Any) -> Callable[[Event], None]:
        return self


@pytest.mark.parametrize("contents", [False, True])
def test_the_secrets_of_a_request_are_learnt_once(contents: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    learnt: list[str] = []
    real = learning.secrets_of_request

    def secrets_of_request(request: Request, redactor: Any) -> set[str]:
        learnt.append(request.method)
        return real(request, redactor)

    monkeypatch.setattr(learning, "secrets_of_request", secrets_of_request)
    watch = Watch(contents=contents)
    client = client_of(Transport(), plugins=[watch])
    client.post("/me/thing", password="a long password")
    assert learnt == ["POST"]
    assert [type(event).__name__ for event in watch.seen][-1] == "CallEnded"
    client.post("/me/thing", password="another password")
    assert learnt == ["POST", "POST"]
