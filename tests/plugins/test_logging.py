"""The logging plugin, and what events show of contents."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import ovhcore as ovh
from ovhcore import exceptions as exc
from ovhcore.flows.events import (
    CallEnded,
    CallStarted,
    ClockCorrected,
    Event,
    RequestFailed,
    RequestSent,
    ResponseReceived,
    RetryScheduled,
    Throttled,
    TokenRenewed,
)
from ovhcore.flows.observation import SHOWN, Contents, Notifier
from ovhcore.plugins import hookimpl
from ovhcore.plugins.log import LogObserver
from ovhcore.protocol.messages import Headers, Request, Response
from ovhcore.protocol.redaction import Redaction
from ovhcore.protocol.responses.attempts import Attempt
from tests.worlds import Scripted

KEYS: dict[str, Any] = {
    "application_key": "A" * 16,
    "application_secret": "canary-secret",
    "consumer_key": "canary-consumer",
}


def client(*outcomes: Any, **arguments: Any) -> ovh.Client:
    left = list(outcomes)

    def respond(request: Request) -> Response:
        outcome = left.pop(0)
        if isinstance(outcome, BaseException):
            raise outcome
        return outcome if isinstance(outcome, Response) else Response(outcome, {"X-OVH-QUERYID": "Q"}, b'{"a": 1}')

    return ovh.Client("ovh-eu", transport=Scripted(respond, latency=0.5), **arguments, **KEYS)


def test_at_info_a_call_is_one_line(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    client(200).get("/me", password="canary")
    (record,) = caplog.records
    assert (record.name, record.levelname) == ("ovhcore", "INFO")
    assert record.getMessage() == (
        "GET https://eu.api.ovh.com/1.0/me?password=<redacted>: status 200 within 0.500 s, attempts: 1, query id: Q"
    )
    assert record.msg == "%s %s: status %s within %.3f s, attempts: %s, query id: %s"
    fields = {name: value for name, value in vars(record).items() if name.startswith("ovh_")}
    assert fields == {
        "ovh_event": "CallEnded",
        "ovh_method": "GET",
        "ovh_url": "https://eu.api.ovh.com/1.0/me?password=<redacted>",
        "ovh_call": 1,
        "ovh_status": 200,
        "ovh_error": None,
        "ovh_query_id": "Q",
        "ovh_attempts": 1,
        "ovh_elapsed": 0.5,
    }


def test_failures_and_retries_at_info(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "ovhcore")
    with pytest.raises(exc.ReadTimeout):
        client(503, exc.ReadTimeout("silent"), retry=2).get("/me")
    again, ended = (record.getMessage() for record in caplog.records)
    assert again.startswith("Trying GET https://eu.api.ovh.com/1.0/me again in 0.")
    assert again.endswith("s after attempt 1: status 503 (after 0.50 s, query id Q)")
    assert ended.startswith("GET https://eu.api.ovh.com/1.0/me: ReadTimeout within 1.")
    assert ended.endswith(" s, attempts: 2")


def test_at_debug_everything_is_there_but_secrets(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "ovhcore")
    answer = Response(
        200,
        {"X-OVH-QUERYID": "Q\n forged", "Set-Cookie": "a=canary"},
        json.dumps({"consumerKey": "canary", "text": "it was canary-secret", "ok": "shown"}).encode(),
    )
    client(answer).put("/me", password="canary", name="shown too")
    text = "\n".join(record.getMessage() for record in caplog.records)
    assert [record.msg.partition(" ")[0] for record in caplog.records] == ["Call", "Sent", "Received", "%s"]
    assert "canary" not in text + repr([vars(record) for record in caplog.records])
    assert '"name":"shown too"' in text
    assert '"ok":"shown"' in text
    assert "('X-Ovh-Signature', '<redacted>')" in text
    assert "\n forged" not in text
    assert "\\n forged" in text


def test_nothing_is_done_where_nobody_reads(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING, "ovhcore")
    client(200).get("/me")
    assert not caplog.records
    observer = LogObserver()
    assert not observer.active
    assert not observer.wants_contents
    observer(TokenRenewed(None))
    assert not caplog.records


def test_where_logging_is_not_loaded_nobody_reads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "logging")
    assert not LogObserver().active


def test_a_program_without_logging_does_not_load_it() -> None:
    program = (
        "import sys, ovhcore; client = ovhcore.Client('ovh-eu', 'k' * 16, 's' * 32, 'c' * 32); "
        "print('logging' in sys.modules, 'ovhcore.plugins.log' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "True"]
    assert done.stderr == ""


EVENTS: list[Event] = [
    CallStarted("GET", "https://x/", 1),
    RequestSent("GET", "https://x/", 1, 1, (("a", "b"),), "body"),
    ResponseReceived("GET", "https://x/", 200, "Q", 0.5, 1, 1, (("a", "b"),), "body"),
    RequestFailed("GET", "https://x/", "ReadTimeout", 0.5, 1),
    RetryScheduled("GET", "https://x/", Attempt(1, 503, None, None, 0.5, 0.0), 1.5, 1),
    Throttled("GET", "https://x/", 0.25, "at most 1 requests in a second", 1),
    ClockCorrected(-2.0),
    TokenRenewed(3599.0),
    CallEnded("GET", "https://x/", 1, 200, None, "Q", 1, 0.5),
    CallEnded("GET", "https://x/", 1, None, "ReadTimeout", None, 1, 0.5),
]


def test_the_messages_are_stable(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "ovhcore")
    observer = LogObserver()
    for event in EVENTS:
        observer(event)
    assert [(record.levelname, record.getMessage()) for record in caplog.records] == [
        ("DEBUG", "Call 1: GET https://x/"),
        ("DEBUG", "Sent GET https://x/ (('a', 'b'),) body"),
        ("DEBUG", "Received 200 for GET https://x/ within 0.500 s, query id: Q (('a', 'b'),) body"),
        ("DEBUG", "No answer to GET https://x/: ReadTimeout within 0.500 s"),
        ("INFO", "Trying GET https://x/ again in 1.500 s after attempt 1: status 503 (after 0.50 s)"),
        ("DEBUG", "Holding GET https://x/ back for 0.250 s: at most 1 requests in a second"),
        ("INFO", "The API's clock is -2.000 s ahead of this machine's"),
        ("DEBUG", "New credentials, lifetime in seconds: 3599.0"),
        ("INFO", "GET https://x/: status 200 within 0.500 s, attempts: 1, query id: Q"),
        ("INFO", "GET https://x/: ReadTimeout within 0.500 s, attempts: 1"),
    ]
    assert {record.__dict__["ovh_event"] for record in caplog.records} == {type(event).__name__ for event in EVENTS}


# Contents


SECRET = "canary-0123456789"


def test_bodies_are_cut_after_they_are_redacted() -> None:
    contents = Contents(lambda: [SECRET])
    assert contents.body(b"") == ""
    assert contents.body(b'{"password": "x", "a": "\\u0000 canary-0123456789"}') == (
        '{"password":"<redacted>","a":"\\u0000 <redacted>"}'
    )
    assert contents.body(b"grant_type=x&client_secret=abc&b=1") == "grant_type=x&client_secret=<redacted>&b=1"
    assert contents.body(b"\xff" + SECRET.encode()) == "\ufffd<redacted>"
    assert contents.body(b"[" * 20_000).startswith("[[[[")
    long = contents.body(b"a" * (SHOWN + 1))
    assert long == "a" * SHOWN + f"... ({SHOWN + 1} bytes)"
    assert contents.body(b"a" * 40_000) == "(40000 bytes)"
    large = b'{"a": "' + b"\\u0063anary-0123456789 " * 8_000 + b'"}'
    assert contents.body(large).startswith('{"a":"<redacted> <redacted>')
    assert contents.body(large * 2) == f"({2 * len(large)} bytes)"


@given(st.integers(0, 60_000), st.integers(1, 400), st.booleans())
def test_secrets_are_never_cut_in_two(before: int, times: int, as_json: bool) -> None:
    body = b"x" * before + SECRET.encode() * times
    shown = Contents(lambda: [SECRET]).body(b'{"password": "x", "b": "%s"}' % body if as_json else body)
    assert "canary" not in shown
    assert "0123456789" not in shown


def test_urls_are_searched_for_what_is_secret_however_it_is_written() -> None:
    contents = Contents(lambda: [SECRET], Redaction(["pin"], [], ["ada@example.org"]))
    url = f"https://x/me/ada%40example.org/{SECRET}?q=ada%40example.org&pin=1"
    assert contents.url(url) == "https://x/me/<redacted>/<redacted>?q=<redacted>&pin=<redacted>"
    assert contents.headers(Headers({"Location": "https://x/?pin=778899"})) == (
        ("Location", "https://x/?pin=<redacted>"),
    )
    assert contents.body(b'{"next": "https://x/?pin=445566"}') == '{"next":"https://x/?pin=<redacted>"}'


def test_failures_that_are_told_are_redacted() -> None:
    seen: list[Event] = []
    contents = Contents(lambda: [SECRET])
    notify = Notifier([("mine", seen.append)], url=contents.url, text=contents.text)
    notify(
        RetryScheduled("GET", "https://x/", Attempt(1, None, f"OAuth2FailureError: {SECRET}", None, 0.5, 0.0), 1.5, 1)
    )
    assert SECRET not in repr(seen)


def test_what_plugins_declare_is_hidden_from_observers() -> None:
    events: list[Event] = []

    class Mine:
        @hookimpl
        def ovhcore_redaction(self) -> Redaction:
            return Redaction(["pin"], [r"INV-\d+"], ["canary-value"])

        @hookimpl
        def ovhcore_observer(self, settings: Any) -> Any:
            class Everything:
                wants_contents = True

                def __call__(self, event: Event) -> None:
                    events.append(event)

            return Everything()

    answer = Response(200, {"X-Pin": "1", "pin": "canary"}, b'{"pin": "canary", "text": "INV-123 canary-value"}')
    client(answer, plugins=[Mine()]).post("/me?pin=canary&bill=INV-123", pin="canary", note="INV-5")
    assert "canary" not in repr(events)
    assert "INV-" not in repr(events)
    sent = next(event for event in events if isinstance(event, RequestSent))
    assert sent.url == "https://eu.api.ovh.com/1.0/me?pin=<redacted>&bill=<redacted>"
    assert sent.body == '{"pin":"<redacted>","note":"<redacted>"}'


def test_headers_that_may_be_shown() -> None:
    shown = Contents(lambda: [SECRET], Redaction(["x-mine"])).headers(
        Headers({"Authorization": "Bearer a", "Accept": "application/json", "X-Mine": "b", "X-Any": f"is {SECRET}"})
    )
    assert shown == (
        ("Authorization", "<redacted>"),
        ("Accept", "application/json"),
        ("X-Mine", "<redacted>"),
        ("X-Any", "is <redacted>"),
    )


def test_calls_that_are_abandoned_end_too() -> None:
    events: list[Event] = []

    class Watch:
        @hookimpl
        def ovhcore_observer(self, settings: Any) -> Any:
            return events.append

    mine = client(KeyboardInterrupt(), 200, plugins=[Watch()], time_sync="off")
    with pytest.raises(KeyboardInterrupt):
        mine.get("/me")
    assert [type(event).__name__ for event in events] == ["CallStarted", "RequestSent", "RequestFailed", "CallEnded"]
    ended = events[-1]
    assert isinstance(ended, CallEnded)
    assert (ended.error, ended.elapsed) == ("KeyboardInterrupt", 0.5)
    events.clear()
    flow = mine._ovhcore.handle(mine._ovhcore.request("GET", "/me", None, True, None, None))
    value = None
    for _ in range(40):
        effect = flow.send(value)
        if type(effect).__name__ == "Send":
            break
        value = mine._ovhcore.transport.clock()
    flow.close()
    assert [type(event).__name__ for event in events] == ["CallStarted", "RequestSent", "RequestFailed", "CallEnded"]
    ended = events[-1]
    assert isinstance(ended, CallEnded)
    assert ended.error == "GeneratorExit"


def test_notifiers_know_who_wants_what() -> None:
    class Wants:
        def __init__(self, active: bool, contents: bool) -> None:
            self.active, self.wants_contents = active, contents

        def __call__(self, event: Event) -> None: ...

    assert not Notifier([]).active
    assert Notifier([("a", lambda event: None)]).active
    assert not Notifier([("a", lambda event: None)]).wants_contents
    assert not Notifier([("a", Wants(False, False))]).active
    assert Notifier([("a", Wants(False, False)), ("b", Wants(True, True))]).wants_contents
    assert Notifier([("a", Wants(False, False)), ("b", lambda event: None)]).active
