"""Who calls, with which timestamp, and with which token."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from email.utils import formatdate
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import ovhcore as ovh
from ovhcore import exceptions as exc
from ovhcore.flows import Flow, Once, run
from ovhcore.flows.authentication.time_sync import TimeSync
from ovhcore.flows.events import Event, RequestSent, TokenRenewed
from ovhcore.plugins import hookimpl
from ovhcore.protocol.messages import Request, Response
from ovhcore_transports.sandbox import (
    ACCESS_KEYS,
    CLIENT_ID,
    CLIENT_SECRET,
    AsyncSandboxTransport,
    Sandbox,
    SandboxTransport,
    serve,
)
from tests.worlds import AsyncScripted, Scripted

OAUTH2: dict[str, Any] = {"client_id": "canary-id", "client_secret": "canary-secret"}
TOKEN_URL = "https://www.ovh.com/auth/oauth2/token"


def answered(body: Any, status: int = 200, **headers: str) -> Response:
    return Response(status, headers, json.dumps(body).encode())


class Watch:
    """A plugin that keeps the events."""

    def __init__(self) -> None:
        self.events: list[Event] = []

    @hookimpl
    def ovhcore_observer(self, settings: object) -> Callable[[Event], None]:
        return self.events.append


def asked(watch: Watch) -> int:
    """Return how often the API was asked for the time."""
    return sum(isinstance(event, RequestSent) and event.url.endswith("/auth/time") for event in watch.events)


def tokens(*replies: Response, api: Callable[[Request], Response] | None = None) -> Callable[[Request], Response]:
    """Answer the token endpoint with each reply in turn, and the API with what ``api`` says."""
    left = list(replies)

    def respond(request: Request) -> Response:
        if request.url == TOKEN_URL:
            return left.pop(0)
        return answered({"as": request.headers.get("authorization")}) if api is None else api(request)

    return respond


# Tokens


def test_a_token_is_fetched_kept_and_renewed_before_its_end() -> None:
    watch = Watch()
    world = Scripted(
        tokens(answered({"access_token": "one", "expires_in": 100}), answered({"access_token": "two"})), latency=1.0
    )
    client = ovh.Client("ovh-eu", transport=world, plugins=[watch], **OAUTH2)
    assert client.get("/me") == client.get("/me") == {"as": "Bearer one"}
    assert world.sent[0].body == (
        b"grant_type=client_credentials&client_id=canary-id&client_secret=canary-secret&scope=all"
    )
    assert "authorization" not in world.sent[0].headers
    world.sleep(85)
    assert client.get("/me") == {"as": "Bearer one"}
    world.sleep(5)
    assert client.get("/me") == {"as": "Bearer two"}
    assert [r.url == TOKEN_URL for r in world.sent] == [True, False, False, False, True, False]
    assert [event for event in watch.events if isinstance(event, TokenRenewed)] == [
        TokenRenewed(100.0),
        TokenRenewed(3600.0),
    ]
    assert "canary" not in repr(watch.events)
    assert "one" not in repr(client)


def test_a_token_where_nobody_watches() -> None:
    world = Scripted(tokens(answered({"access_token": "one"})))
    client = ovh.Client("ovh-eu", transport=world, disabled_plugins=["logging"], **OAUTH2)
    assert client.get("/me") == {"as": "Bearer one"}


def test_a_token_that_was_replaced_is_not_shown_either() -> None:
    def api(request: Request) -> Response:
        return answered({"message": "no canary-one, no canary-two"}, 401)

    world = Scripted(
        tokens(answered({"access_token": "canary-one"}), answered({"access_token": "canary-two"}), api=api)
    )
    with pytest.raises(exc.Unauthorized) as caught:
        ovh.Client("ovh-eu", transport=world, **OAUTH2).get("/me")
    assert str(caught.value) == "no <redacted>, no <redacted>"


def test_two_clients_on_one_transport_share_no_token() -> None:
    gate = threading.Event()

    class Slow(SandboxTransport):
        def send(self, request: Request) -> Response:
            if request.url == TOKEN_URL and b"wrong" not in request.body:
                gate.wait(60)
            return super().send(request)

    world = Slow()
    good = ovh.Client("ovh-eu", transport=world, client_id=CLIENT_ID, client_secret=CLIENT_SECRET)
    bad = ovh.Client("ovh-eu", transport=world, client_id=CLIENT_ID, client_secret="wrong")
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(good.get, "/me")
        with pytest.raises(exc.OAuth2FailureError):
            bad.get("/me")
        gate.set()
        assert waiting.result(60)["firstname"] == "Ada"


def test_a_token_that_is_refused_is_replaced_once() -> None:
    def api(request: Request) -> Response:
        return answered({"message": "no two two"}, 401)

    world = Scripted(tokens(answered({"access_token": "one"}), answered({"access_token": "tw-two"}), api=api))
    client = ovh.Client("ovh-eu", transport=world, **OAUTH2)
    with pytest.raises(exc.Unauthorized, match="no two two"):
        client.get("/me")
    assert [r.headers.get("authorization") for r in world.sent] == [None, "Bearer one", None, "Bearer tw-two"]


@pytest.mark.parametrize("expires", [None, "soon", -1, 0, 1e300, [], "3600"])
def test_lifetimes_that_are_odd(expires: Any) -> None:
    world = Scripted(tokens(answered({"access_token": "one", "expires_in": expires})))
    client = ovh.Client("ovh-eu", transport=world, **OAUTH2)
    client.get("/me")
    world.sleep(3500)
    assert client.get("/me") == {"as": "Bearer one"}


@pytest.mark.parametrize(
    ("reply", "said"),
    [
        (answered({"error": "invalid_client", "error_description": "unknown"}, 400), "invalid_client: unknown"),
        (answered({"error": "invalid_client", "error_description": "unknown"}), "invalid_client: unknown"),
        (answered({"error": "invalid_client"}, 401), ": invalid_client"),
        (answered({"message": "canary-secret is wrong"}, 400), "<redacted> is wrong"),
        (answered({"access_token": "with\nline"}), "{"),
        (answered({"access_token": "é"}), "{"),
        (answered({"access_token": 1}), "{"),
        (answered({"access_token": ""}), "{"),
        (answered({"access_token": "canary-token "}), "{"),
        (answered({"access_token": ["a", "canary-token"]}), "{"),
        (answered({"access_token": {"value": "canary-token"}}), "{"),
        (answered([1]), "[1]"),
        (Response(502, {}, b"<html>"), "a page in HTML"),
        (Response(200, {}, b""), "empty answer"),
        (answered({"access_token": "canary-secret"}, 500), "{"),
    ],
)
def test_no_token_to_be_had(reply: Response, said: str) -> None:
    client = ovh.Client("ovh-eu", transport=Scripted(tokens(reply)), retry=False, **OAUTH2)
    with pytest.raises(exc.OAuth2FailureError) as caught:
        client.get("/me")
    error = caught.value
    assert "The token endpoint gave no access token" in str(error)
    assert said in str(error)
    assert (error.method, error.url) == ("POST", TOKEN_URL)
    assert error.retry_safe is (reply.status >= 500)
    assert "canary" not in repr(vars(error)) + str(error) + getattr(error.response, "text", "")


def test_no_token_url() -> None:
    with pytest.raises(exc.InvalidConfiguration, match="Endpoint 'kimsufi-eu' has no OAuth2 token URL"):
        ovh.Client("kimsufi-eu", transport="sandbox", **OAUTH2)


def test_given_tokens_are_sent_and_never_renewed() -> None:
    world = Scripted(lambda request: answered({"message": "canary-token expired"}, 401))
    client = ovh.Client("ovh-eu", access_token="canary-token", transport=world)
    with pytest.raises(exc.Unauthorized, match=r"^<redacted> expired"):
        client.get("/me")
    with pytest.raises(exc.Unauthorized):
        client.get("/auth/time", _need_auth=False)
    assert [r.headers.get("authorization") for r in world.sent] == ["Bearer canary-token", None]


def test_without_credentials() -> None:
    world = Scripted(lambda request: answered(1))
    client = ovh.Client("ovh-eu", transport=world)
    assert client.get("/auth/time", _need_auth=False) == 1
    with pytest.raises(exc.InvalidKey, match="needs credentials"):
        client.get("/me")
    assert len(world.sent) == 1
    world.respond = lambda request: answered({"message": "not here"}, 404)
    for one in (client, ovh.Client("ovh-eu", transport=world, **OAUTH2)):
        with pytest.raises(exc.ResourceNotFoundError, match="not here"):
            one.get("/nothing", _need_auth=False)


def test_who_comes_second_takes_the_token_of_the_first() -> None:
    world = Scripted(tokens(answered({"access_token": "one"})))
    client = ovh.Client("ovh-eu", transport=world, **OAUTH2)
    flows = [client._ovhcore.auth.handle(Request("GET", "https://eu.api.ovh.com/1.0/me")) for _ in range(2)]
    onces: list[Once] = []
    for flow in flows:
        next(flow)
        once = flow.send(world.clock())
        assert isinstance(once, Once)
        onces.append(once)
    assert onces[0].key == onces[1].key
    assert [run(once.flow, world).reveal() for once in onces] == ["one", "one"]
    assert len(world.sent) == 1


def test_two_hundred_callers_share_one_renewal() -> None:
    box = Sandbox(token_lifetime=3600)
    with serve(box) as server:
        keys: dict[str, Any] = {"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET, "token_url": server.token_url}
        watch = Watch()
        with ovh.Client(server.url, proxy="none", plugins=[watch], **keys) as client:
            threads = [threading.Thread(target=client.get, args=("/me",)) for _ in range(200)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join(60)
        assert sum(isinstance(event, TokenRenewed) for event in watch.events) == 1

    async def main() -> None:
        watch = Watch()
        world = AsyncSandboxTransport(box)
        async with ovh.AsyncClient("ovh-eu", transport=world, plugins=[watch], **{**keys, "token_url": None}) as client:
            await asyncio.gather(*(client.get("/me") for _ in range(200)))
            box.revoke_tokens()
            await asyncio.gather(*(client.get("/me") for _ in range(200)))
        assert sum(isinstance(event, TokenRenewed) for event in watch.events) == 2

    asyncio.run(main())


# Time


@given(st.floats(-86400, 86400), st.sampled_from(["date", "server"]), st.lists(st.floats(0, 200), max_size=4))
def test_a_wrong_clock_costs_one_request_at_most(skew: float, mode: str, pauses: list[float]) -> None:
    watch = Watch()
    world = SandboxTransport(skew=skew, start=1_700_000_000.0)
    client = ovh.Client("ovh-eu", transport=world, time_sync=mode, plugins=[watch], **ACCESS_KEYS)
    for pause in pauses:
        client.get("/me")
        world.sleep(pause)
    client.get("/me")
    assert asked(watch) <= 1
    assert abs(client.time_delta - skew) <= 1.5


def test_off_trusts_the_clock_whatever_is_known() -> None:
    world = Scripted(lambda r: Response(200, {}, b"1000500" if r.url.endswith("/auth/time") else b"null"))
    client = ovh.Client("ovh-eu", "key", "secret", "consumer", transport=world, time_sync="off")
    assert client.time_delta == 500
    client.get("/me")
    assert world.sent[-1].headers["X-Ovh-Timestamp"] == "1000000"


def test_two_clients_on_one_transport_share_no_time() -> None:
    asking, gate = threading.Event(), threading.Event()

    def respond(request: Request) -> Response:
        if request.url == "https://eu.api.ovh.com/1.0/auth/time":
            asking.set()
            gate.wait(120)
            return Response(200, {}, b"1001000")
        return Response(200, {}, b"1050000" if request.url.endswith("/auth/time") else b"null")

    world = Scripted(respond)
    one = ovh.Client("ovh-eu", "key", "secret", "consumer", transport=world, time_sync="server")
    other = ovh.Client("ovh-us", "key", "secret", "consumer", transport=world, time_sync="server")
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(lambda: one.time_delta)
        assert asking.wait(60)
        second = pool.submit(lambda: other.time_delta)
        try:
            assert second.result(60) == 50_000
        finally:
            gate.set()
        assert first.result(60) == 1000


def test_errors_of_asking_for_the_time_show_no_secret() -> None:
    told = b'{"message": "bad canary-header canary-application-key"}'
    world = Scripted(lambda request: Response(400, {}, told))
    keys = ("canary-application-key", "secret", "consumer")
    client = ovh.Client("ovh-eu", *keys, transport=world, time_sync="server", headers={"X-Auth-Token": "canary-header"})
    with pytest.raises(exc.BadParametersError, match=r"^bad <redacted> <redacted>\n"):
        client.get("/me")


def test_a_consumer_key_that_was_replaced_is_not_shown() -> None:
    def respond(request: Request) -> Response:
        client._consumer_key = "canary-new-key"
        return answered({"message": "no canary-old-key, no canary-new-key"}, 403)

    client: Any = ovh.Client("ovh-eu", "key", "secret", "canary-old-key", transport=Scripted(respond))
    with pytest.raises(exc.Forbidden, match=r"^no <redacted>, no <redacted>\n"):
        client.get("/me")


def test_requests_for_a_token_say_who_asks() -> None:
    world = Scripted(tokens(answered({"access_token": "one"})))
    client = ovh.Client("ovh-eu", transport=world, user_agent="mine/1", headers={"X-Team": "t"}, **OAUTH2)
    client.get("/me")
    assert world.sent[0].headers["User-Agent"] == f"mine/1 ovhcore/{ovh.__version__}"
    assert "x-team" not in world.sent[0].headers  # meant for the API


def test_off_trusts_the_clock() -> None:
    world = SandboxTransport(skew=1000, start=1_700_000_000.0)
    client = ovh.Client("ovh-eu", transport=world, time_sync="off", **ACCESS_KEYS)
    with pytest.raises(exc.QueryTimeOut):
        client.get("/me")


def test_dates_teach_without_asking() -> None:
    def respond(request: Request) -> Response:
        return Response(200, {"Date": formatdate(world.wall + 1000, usegmt=True)}, b"null")

    world = Scripted(respond)
    client = ovh.Client("ovh-eu", "key", "secret", "consumer", transport=world)
    for _ in range(3):
        client.get("/me")
    assert [request.url for request in world.sent] == ["https://eu.api.ovh.com/1.0/me"] * 3
    stamps = [int(request.headers["x-ovh-timestamp"]) for request in world.sent]
    assert stamps[0] == 1_000_000
    assert abs(stamps[1] - 1_001_000) <= 1


@pytest.mark.parametrize("date", ["", "yesterday"])
def test_dates_that_say_nothing(date: str) -> None:
    world = Scripted(lambda request: Response(200, {"Date": date} if date else {}, b"null"))
    client = ovh.Client("ovh-eu", "key", "secret", "consumer", transport=world)
    client.get("/me")
    client.get("/me")
    assert world.sent[1].headers["x-ovh-timestamp"] == "1000000"


def test_what_was_asked_for_is_not_moved_by_dates() -> None:
    def respond(request: Request) -> Response:
        date = formatdate(world.wall + 5000, usegmt=True)
        return Response(200, {"Date": date}, b"1000100" if request.url.endswith("/auth/time") else b"null")

    world = Scripted(respond)
    client = ovh.Client("ovh-eu", "key", "secret", "consumer", transport=world)
    assert round(client.time_delta) == 100
    client.get("/me")
    client.get("/me")
    assert [request.headers.get("x-ovh-timestamp") for request in world.sent] == [None, "1000100", "1000100"]


@pytest.mark.parametrize("body", [b'"now"', b"-1", b"true", b"1e400", b"99999999999999999999", b"null"])
def test_a_time_that_is_none(body: bytes) -> None:
    client = ovh.Client(
        "ovh-eu", "key", "secret", "consumer", time_sync="server", transport=Scripted(lambda r: Response(200, {}, body))
    )
    with pytest.raises(exc.InvalidResponse, match="did not answer with a number of seconds") as caught:
        client.get("/me")
    assert "time was asked for, to sign with" in (caught.value.hint or "")
    assert caught.value.hint in caught.value.__notes__


def test_asking_for_the_time_fails() -> None:
    """Who called something else is told why /auth/time was."""

    def respond(request: Request) -> Response:
        if request.url.endswith("/auth/time"):
            return Response(403, {}, b'{"errorCode": "INVALID_KEY", "message": "Invalid application key"}')
        return Response(400, {}, b'{"errorCode": "QUERY_TIME_OUT", "message": "Query out of time"}')

    client = ovh.Client("ovh-eu", "key", "secret", "consumer", transport=Scripted(respond))
    with pytest.raises(exc.InvalidKey) as caught:
        client.get("/me")
    assert caught.value.url == "https://eu.api.ovh.com/1.0/auth/time"
    assert "belong to one region" in (caught.value.hint or "")


def test_a_mode_that_is_none() -> None:
    with pytest.raises(exc.InvalidConfiguration, match="must be one of date, server, off"):
        ovh.Client("ovh-eu", transport="sandbox", time_sync="often")


def without_date(response: Response) -> Response:
    fields = [(name, value) for name, value in response.headers.pairs if name != "Date"]
    return Response(response.status, fields, response.body)


@pytest.mark.parametrize("dated", [True, False])
def test_tasks_correct_the_clock_together(dated: bool) -> None:
    class World(AsyncSandboxTransport):
        async def send(self, request: Request) -> Response:
            response = await super().send(request)
            return response if dated else without_date(response)

    async def main() -> None:
        watch = Watch()
        client = ovh.AsyncClient("ovh-eu", transport=World(skew=5000), plugins=[watch], **ACCESS_KEYS)
        await asyncio.gather(*(client.get("/me") for _ in range(20)))
        assert asked(watch) == (0 if dated else 1)

    asyncio.run(main())


@pytest.mark.parametrize("dated", [True, False])
def test_threads_correct_the_clock_together(dated: bool) -> None:
    watch = Watch()
    denied = threading.Barrier(20, timeout=60)
    box = Sandbox()

    class Slow(SandboxTransport):
        """Answers no request before all threads have signed with the wrong time."""

        def send(self, request: Request) -> Response:
            if request.need_auth and abs(int(request.headers["x-ovh-timestamp"]) - self.clock().wall) < 10:
                denied.wait()
            response = super().send(request)
            return response if dated else without_date(response)

    client = ovh.Client("ovh-eu", transport=Slow(box, skew=5000), plugins=[watch], **ACCESS_KEYS)
    with ThreadPoolExecutor(20) as pool:
        assert all(me["firstname"] == "Ada" for me in pool.map(lambda _: client.get("/me"), range(20)))
    assert asked(watch) == (0 if dated else 1)


def test_a_clock_that_another_call_corrected_meanwhile_is_not_asked_for_again() -> None:
    def unreachable(request: Request) -> Flow[Response]:
        raise AssertionError(request)

    time = TimeSync("date", Request("GET", "https://eu.api.ovh.com/1.0/auth/time"), unreachable)
    time.answers = 1  # when the request was signed, there were none
    assert list(time.correct(0)) == []


def test_a_date_that_misleads_is_outranked_by_asking() -> None:
    class Behind(SandboxTransport):
        """Something in between writes the date of its own clock."""

        def send(self, request: Request) -> Response:
            response = without_date(super().send(request))
            return Response(
                response.status, {**response.headers, "Date": "Thu, 01 Jan 2026 00:00:00 GMT"}, response.body
            )

    watch = Watch()
    client = ovh.Client("ovh-eu", transport=Behind(skew=5000), plugins=[watch], **ACCESS_KEYS)
    assert client.get("/me")["firstname"] == "Ada"
    assert client.get("/me")["firstname"] == "Ada"
    sent = [event.url.rpartition("/")[2] for event in watch.events if isinstance(event, RequestSent)]
    assert sent == ["me", "me", "time", "me", "me"]


def test_asynchronous_worlds_sign_too() -> None:
    async def main() -> None:
        world = AsyncScripted(lambda request: answered({}))
        await ovh.AsyncClient("ovh-eu", "key", "secret", "consumer", transport=world).get("/me")
        assert world.sent[0].headers["x-ovh-signature"].startswith("$1$")

    asyncio.run(main())


@pytest.mark.parametrize("fields", [{}, {"Date": formatdate(1_000_000, usegmt=True)}], ids=["no date", "the same date"])
def test_a_refusal_whose_date_explains_nothing_is_told(fields: dict[str, str]) -> None:
    world = Scripted(
        lambda request: Response(400, fields, b'{"errorCode": "QUERY_TIME_OUT", "message": "Query out of time"}')
    )
    client = ovh.Client("ovh-eu", "key", "secret", "consumer", transport=world)
    with pytest.raises(exc.QueryTimeOut, match="out of time"):
        client.get("/me")
