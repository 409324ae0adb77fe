"""Which recording answers, in which order, and what a miss says."""

from __future__ import annotations

import json
import random
import threading
from collections.abc import Hashable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ovhcore.exceptions import CassetteError, InvalidConfiguration, NoRecording
from ovhcore.protocol.messages import Request, Response
from ovhcore_transports.recording import Cassette, Interaction, ReplayTransport
from ovhcore_transports.recording.replay.matching import MATCHERS

pytestmark = pytest.mark.once

BASE = "https://eu.api.ovh.com/1.0"


def request(method: str = "GET", path: str = "/me", body: Any = None, headers: dict[str, str] | None = None) -> Request:
    sent = b"" if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
    return Request(method, BASE + path, headers or {}, sent)


def cassette(*requests: Request) -> Cassette:
    """Return a cassette in which each answer is the number of its request."""
    return Cassette([Interaction.of(each, Response(200, {}, str(n).encode())) for n, each in enumerate(requests)])


def number(transport: ReplayTransport, asked: Request) -> int:
    return int(transport.send(asked).body)


def test_repeated_requests_are_answered_in_order_and_once() -> None:
    transport = ReplayTransport(cassette(request(), request(path="/b"), request(), request()))
    assert [number(transport, request()) for _ in range(3)] == [0, 2, 3]
    with pytest.raises(NoRecording, match=r"number 1, which was played already\): equal"):
        transport.send(request())
    assert [each.url for each in transport.unplayed] == [f"{BASE}/b"]


def test_the_last_of_a_kind_may_be_repeated() -> None:
    transport = ReplayTransport(cassette(request(), request()), repeat=True)
    assert [number(transport, request()) for _ in range(4)] == [0, 1, 1, 1]


NAMES = st.sampled_from(["a", "b", "date.from", "é", "x y"])
VALUES = st.sampled_from(["1", "2", "", "a+b", "é", "%", "&=", "a b"])


@given(st.lists(st.tuples(NAMES, VALUES), max_size=5), st.randoms(use_true_random=False))
def test_the_order_of_a_querys_names_does_not_count(pairs: list[tuple[str, str]], chance: random.Random) -> None:
    from urllib.parse import quote, quote_plus

    def query(arguments: list[tuple[str, str]], write: Any) -> str:
        return "&".join(f"{write(name)}={write(value)}" for name, value in arguments)

    groups: dict[str, list[str]] = {}
    for name, value in pairs:
        groups.setdefault(name, []).append(value)
    order = list(groups)
    chance.shuffle(order)
    shuffled = [(name, value) for name in order for value in groups[name]]
    transport = ReplayTransport(cassette(request(path=f"/a?{query(pairs, quote)}")))
    assert number(transport, request(path=f"/a?{query(shuffled, quote_plus)}")) == 0


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)


@given(JSON, JSON)
def test_bodies_are_compared_as_values(one: Any, other: Any) -> None:
    transport = ReplayTransport(cassette(request("POST", body={"v": one})))
    spaced = json.dumps({"v": one}, indent=3, sort_keys=True).encode()
    assert number(transport, request("POST", body=spaced)) == 0
    transport = ReplayTransport(cassette(request("POST", body={"v": one})))
    if json.dumps(one, sort_keys=True) != json.dumps(other, sort_keys=True):
        with pytest.raises(NoRecording):
            transport.send(request("POST", body={"v": other}))


@given(st.lists(st.sampled_from(["/a", "/b", "/c?x=1"]), max_size=12), st.randoms(use_true_random=False))
def test_every_recording_answers_once_whatever_the_order(paths: list[str], chance: random.Random) -> None:
    transport = ReplayTransport(cassette(*[request(path=path) for path in paths]))
    asked = paths.copy()
    chance.shuffle(asked)
    answered: dict[str, list[int]] = {}
    for path in asked:
        answered.setdefault(path, []).append(number(transport, request(path=path)))
    for path, numbers in answered.items():
        assert numbers == [n for n, each in enumerate(paths) if each == path]
    transport.check_played()


def test_threads_share_the_recordings_without_giving_one_out_twice() -> None:
    transport = ReplayTransport(cassette(*[request() for _ in range(400)]))
    numbers: list[int] = []

    def work() -> None:
        numbers.extend(number(transport, request()) for _ in range(50))

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(numbers) == list(range(400))


def test_pages_and_batches_are_told_apart() -> None:
    pages = [request(path="/v2/x", headers={"X-Pagination-Cursor": cursor}) for cursor in "abc"]
    transport = ReplayTransport(cassette(request(path="/v2/x"), *pages))
    assert [number(transport, each) for each in reversed(pages)] == [3, 2, 1]
    with pytest.raises(NoRecording, match="query had no x-pagination-cursor, has x-pagination-cursor=z"):
        transport.send(request(path="/v2/x", headers={"x-pagination-cursor": "z"}))
    assert number(transport, request(path="/v2/x", headers={"X-Ovh-Timestamp": "5", "X-Other": "z"})) == 0


def test_a_miss_says_exactly_what_differed() -> None:
    record = request("POST", "/domain/zone/example.com/record", {"ttl": 3600, "target": "x", "list": [1, {"a": 2}]})
    transport = ReplayTransport(cassette(request(), request(path="/me/bill?a=1&b=2"), record))

    def miss(asked: Request) -> str:
        with pytest.raises(NoRecording) as caught:
            transport.send(asked)
        assert caught.value.method == asked.method
        assert not caught.value.retry_safe
        assert not caught.value.may_have_arrived
        return str(caught.value)

    body = {"ttl": 60, "list": [1, {"a": 3}], "new": True}
    message = miss(request("POST", "/domain/zone/example.com/record", body))
    assert "was not recorded in (in memory) (3 interactions, 3 not played yet)" in message
    first = message.partition("Nearest: ")[2]
    assert first == (
        f"POST {BASE}/domain/zone/example.com/record (number 3): body list[1] a was 2, is 3; "
        "body had target=x, has none; body ttl was 3600, is 60; body had no new, has new=True"
    )
    assert "(number 2): query b was 2, is 3" in miss(request(path="/me/bill?a=1&b=3"))
    assert "(number 1): method was GET, is DELETE" in miss(request("DELETE"))
    assert "(number 1): path was /1.0/me, is /1.0/mee" in miss(request(path="/mee"))
    assert "body was none, is text" in miss(request("GET", "/me", b"text"))
    long = miss(request("GET", "/me", b"y" * 500))
    assert f"is {'y' * 120}..." in long
    assert len(transport.misses) == 6
    with pytest.raises(CassetteError, match=r"6 calls were not recorded. The first: POST"):
        transport.check_played()
    with pytest.raises(NoRecording, match="Nothing was recorded"):
        ReplayTransport(Cassette()).send(request())


def test_a_miss_shows_no_secret() -> None:
    transport = ReplayTransport(cassette(request("POST", "/a", {"password": "recorded"})))
    asked = request("POST", "/b?token=CANARY1", {"password": "CANARY2", "x": "CANARY2"}, {"X-Ovh-Consumer": "CANARY3"})
    with pytest.raises(NoRecording) as caught:
        transport.send(asked)
    assert "CANARY" not in str(caught.value) + str(caught.value.url) + str(transport.misses)


def test_what_is_hidden_agrees_with_anything_in_its_place() -> None:
    transport = ReplayTransport(
        cassette(
            request("POST", "/a", {"password": "s3cret-1", "user": "u", "more": ["s3cret-1 in text", 1]}),
            request("GET", "/key/x-consumer-key-x/rest", headers={"X-Ovh-Consumer": "x-consumer-key-x"}),
            request("GET", "/page?token=abcdefgh&n=1"),
        )
    )
    with pytest.raises(NoRecording):
        transport.send(request("POST", "/a", {"password": "other", "user": "v", "more": ["other in text", 1]}))
    with pytest.raises(NoRecording):
        transport.send(request("POST", "/a", {"password": "other", "user": "u", "more": ["other in text"]}))
    with pytest.raises(NoRecording):
        transport.send(request("POST", "/a", {"password": "other", "user": "u", "more": "other"}))
    assert (
        number(transport, request("POST", "/a", {"user": "u", "password": "other", "more": ["other in text", 1]})) == 0
    )
    assert number(transport, request("GET", "/key/another/rest")) == 1
    assert number(transport, request("GET", "/page?n=1&token=zzz")) == 2
    with pytest.raises(NoRecording, match="which was played already"):
        transport.send(request("GET", "/page?n=1&token=zzz"))


def test_what_is_hidden_may_be_repeated() -> None:
    transport = ReplayTransport(cassette(request("POST", "/a", {"password": "s3cret-1"})), repeat=True)
    for _ in range(3):
        assert number(transport, request("POST", "/a", {"password": "another one"})) == 0


def test_matchers_are_chosen_and_written() -> None:
    two = [Request("GET", f"https://{host}.api.ovh.com/1.0/me", {"X-Region": host}) for host in ("eu", "ca")]
    eu, ca = two
    transport = ReplayTransport(cassette(*two), match_on=["method", "path", "host", "scheme"])
    assert (number(transport, ca), number(transport, eu)) == (1, 0)

    def region(asked: Request) -> Hashable:
        return asked.headers.get("X-Region")

    transport = ReplayTransport(cassette(*two), match_on=["method", region])
    assert number(transport, Request("GET", "https://elsewhere/x", {"X-Region": "ca"})) == 1
    with pytest.raises(NoRecording, match="region was ca, is us"):
        transport.send(Request("GET", "https://elsewhere/x", {"X-Region": "us"}))
    assert set(MATCHERS) == {"method", "scheme", "host", "path", "query", "body"}


@pytest.mark.parametrize(
    ("match_on", "message"),
    [
        ("method", "match_on must be a list of matchers"),
        (5, "match_on must be a list of matchers"),
        (["uri"], "one of method, scheme, host, path, query, body, not 'uri'"),
    ],
)
def test_matchers_that_are_none(match_on: Any, message: str) -> None:
    with pytest.raises(InvalidConfiguration, match=message):
        ReplayTransport(Cassette(), match_on=match_on)


def test_a_url_without_a_path_has_an_empty_one() -> None:
    transport = ReplayTransport(cassette(Request("GET", "https://host"), Request("POST", "https://host/")))
    assert number(transport, Request("GET", "https://host")) == 0
    with pytest.raises(NoRecording, match="path was /, is "):
        transport.send(Request("POST", "https://host"))


def test_bytes_are_compared_as_they_are() -> None:
    transport = ReplayTransport(cassette(request("POST", "/a", b"\xff\x00"), request("POST", "/a", b"text")))
    assert number(transport, request("POST", "/a", b"text")) == 1
    assert number(transport, request("POST", "/a", b"\xff\x00")) == 0


CK = {"X-Ovh-Consumer": "SECRETCK12345"}


def test_what_is_hidden_answers_nothing_else() -> None:
    """Neither across the parts of a path or a form, nor in place of what was recorded as it is."""
    recorded = cassette(
        request(path="/me/cred/SECRETCK12345", headers=CK),
        request(path="/x/SECRETCK12345", headers=CK),
        request(path="/x/bill"),
        request("POST", "/f", b"token=SECRETCK12345&amount=5", CK),
        request("POST", "/j", {"z": "SECRETCK12345", "n": 1}, CK),
        request("POST", "/t", {"token": "SECRETCK12345"}, CK),
        request(path="/q?json=foo&z=SECRETCK12345", headers=CK),
    )
    transport = ReplayTransport(recorded)
    for asked in (
        request(path="/me/cred/77/application/5/rules"),
        request("POST", "/f", b"token=a&evil=9&amount=5"),
        request("POST", "/f", b"token=a&amount=6"),
        request("POST", "/j", {"z": "other", "n": True}),
        request("POST", "/j", {"z": "other", "n": 1, "more": 1}),
        request("POST", "/j", ["z"]),
        request("POST", "/j", b"z"),
        request("POST", "/t", {"token": None}),
        request(path="/q?json=bar&z=OTHER"),
    ):
        with pytest.raises(NoRecording):
            transport.send(asked)
    assert number(transport, request(path="/x/bill")) == 2
    with pytest.raises(NoRecording):
        transport.send(request(path="/x/bill"))
    assert number(transport, request(path="/q?json=foo&z=OTHER")) == 6
    assert number(transport, request("POST", "/f", b"token=other&amount=5")) == 3
    assert number(transport, request("POST", "/t", {"token": [1, 2]})) == 5
    assert number(transport, request(path="/me/cred/77")) == 0


def test_long_texts_with_much_hidden_are_compared_quickly() -> None:
    text = "SECRETCK12345, " * 300 + "end"
    transport = ReplayTransport(
        cassette(request("POST", "/j", {"a": text}, CK), request("POST", "/j", text.encode(), CK))
    )
    for body in ({"a": "a, " * 3000 + "END"}, ("a, " * 3000 + "END").encode(), {"a": "a, " * 10 + "end"}):
        with pytest.raises(NoRecording):
            transport.send(request("POST", "/j", body))
    assert number(transport, request("POST", "/j", {"a": "b, " * 300 + "end"})) == 0


@pytest.mark.parametrize(
    "body", [b'{"a" :1}', b"1.10", b"{}\n", b"1E5", b'"\\/"', b"[1e22]", b'{"a": 1,"b":2}', b'{"a":1,"a":2}', b"{"]
)
def test_json_that_nobody_calls_json(body: bytes) -> None:
    for headers in ({}, {"Content-Type": "text/plain"}, {"Content-Type": "application/json"}):
        asked = request("POST", "/a", body, headers)
        assert number(ReplayTransport(cassette(asked)), asked) == 0


def test_bytes_with_a_secret_in_them() -> None:
    asked = request("POST", "/a", b"\xff SECRETCK12345", CK)
    assert number(ReplayTransport(cassette(asked)), asked) == 0
    assert number(ReplayTransport(cassette(asked)), request("POST", "/a", b"\xff other")) == 0


def test_several_functions_are_several_matchers() -> None:
    parts = [lambda asked: asked.url.partition("?")[0], lambda asked: asked.url.partition("?")[2]]
    transport = ReplayTransport(cassette(request(path="/x?a=1")), match_on=parts)
    with pytest.raises(NoRecording, match="<lambda> was"):
        transport.send(request(path="/OTHER?a=1"))
    assert number(transport, request(path="/x?a=1")) == 0
    with pytest.raises(InvalidConfiguration, match="match_on is empty"):
        ReplayTransport(Cassette(), match_on=[])


def test_a_miss_among_long_addresses_is_told_quickly() -> None:
    recorded = cassette(*[request(path=f"/{'ab' * 1000}{n}?{'ids=1&' * 200}") for n in range(60)])
    with pytest.raises(NoRecording, match="Nearest"):
        ReplayTransport(recorded).send(request(path=f"/{'ab' * 1000}?{'ids=1&' * 201}"))
