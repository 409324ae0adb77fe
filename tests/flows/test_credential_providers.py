"""Credentials that a plugin supplies: once for all who need them, and again when the API refuses them."""

from __future__ import annotations

import asyncio
import json
import threading
import time
import traceback
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

import ovhcore as ovh
from ovhcore.flows import Flow, Send, Sleep, pipeline, run
from ovhcore.flows.authentication.providers import RenewableProvider
from ovhcore.flows.events import Event, TokenRenewed
from ovhcore.plugins import hookimpl
from ovhcore.protocol.credentials import AccessToken, ApplicationKey, Credentials, OAuth2Client
from ovhcore.protocol.endpoints import resolve_endpoint
from ovhcore.protocol.messages import Request, Response
from ovhcore.protocol.requests.building import build_request
from ovhcore_transports.sandbox import ACCESS_KEYS, AsyncSandboxTransport, Sandbox, SandboxTransport
from tests.worlds import AsyncScripted, Scripted

KEYS = ApplicationKey(**ACCESS_KEYS)
APPLICATION = ApplicationKey(ACCESS_KEYS["application_key"], ACCESS_KEYS["application_secret"])
ONE, TWO = AccessToken("canary-one"), AccessToken("canary-two")
VAULT = Request("GET", "https://vault.example/token", need_auth=False)
TOKEN_URL = "https://www.ovh.com/auth/oauth2/token"


def answered(body: Any, status: int = 200) -> Response:
    return Response(status, {}, json.dumps(body).encode())


EXPIRED = answered({"errorCode": "INVALID_CREDENTIAL", "message": "This credential is not valid"}, 403)
MISMATCH = answered({"errorCode": "INVALID_SIGNATURE", "message": "Invalid signature"}, 400)
UNKNOWN = answered({"message": "no such token"}, 401)


class Supply:
    """A plugin that offers credentials or a supplier."""

    def __init__(self, offered: Any) -> None:
        self.offered = offered

    @hookimpl
    def ovhcore_credentials(self, settings: Any) -> Any:
        return self.offered


class Source:
    """A supplier that gives each of some credentials in turn, and notes what it was asked with."""

    def __init__(self, *given: Any) -> None:
        self.left = list(given)
        self.asked: list[Credentials | None] = []

    def __call__(self, refused: Credentials | None) -> Any:
        self.asked.append(refused)
        return self.left.pop(0)


def accepting(token: str, otherwise: Response = EXPIRED) -> Callable[[Request], Response]:
    def respond(request: Request) -> Response:
        return answered("yes") if request.headers.get("authorization") == f"Bearer {token}" else otherwise

    return respond


def client_of(offered: Any, respond: Callable[[Request], Response], *plugins: object) -> tuple[ovh.Client, Scripted]:
    world = Scripted(respond)
    return ovh.Client("ovh-eu", transport=world, plugins=[Supply(offered), *plugins]), world


# Credentials at once


def test_credentials_of_a_plugin() -> None:
    client = ovh.Client("ovh-eu", transport=SandboxTransport(), plugins=[Supply(KEYS)])
    assert client.get("/me")["firstname"] == "Ada"
    assert client.settings.credentials == KEYS
    assert "'sand...'" in repr(client)


def test_none_leaves_it_to_the_next() -> None:
    plugins = [Supply(KEYS), Supply(None)]
    assert ovh.Client("ovh-eu", transport=SandboxTransport(), plugins=plugins).get("/me")["firstname"] == "Ada"
    first, second = Source(ONE), Source(TWO)
    client = ovh.Client(
        "ovh-eu", transport=Scripted(accepting("canary-two")), plugins=[Supply(first), Supply(second), Supply(None)]
    )
    assert client.get("/me") == "yes"
    assert (first.asked, second.asked) == ([], [None])


def test_nobody_has_any() -> None:
    client = ovh.Client("ovh-eu", transport=SandboxTransport(), plugins=[Supply(None)])
    assert client.get("/auth/time", False) > 0
    with pytest.raises(ovh.InvalidKey, match="there are none"):
        client.get("/me")


def test_no_plugin_is_asked_where_there_are_credentials() -> None:
    class Unwanted:
        @hookimpl
        def ovhcore_credentials(self, settings: Any) -> Any:
            raise AssertionError

    ovh.Client("ovh-eu", transport=SandboxTransport(), plugins=[Unwanted()], **ACCESS_KEYS)
    ovh.Client(transport="sandbox", plugins=[Unwanted()])
    with pytest.raises(ovh.InvalidConfiguration, match=r"Unwanted' failed in ovhcore_credentials: AssertionError"):
        ovh.Client("ovh-eu", transport=SandboxTransport(), plugins=[Unwanted()])


# A supplier


def test_a_supplier_is_asked_with_the_first_call_that_needs_it() -> None:
    source = Source(KEYS)
    client = ovh.Client("ovh-eu", transport=SandboxTransport(), plugins=[Supply(source)])
    assert client.get("/auth/time", False) > 0
    assert source.asked == []
    assert client.settings.credentials is None
    assert "None" in repr(client)
    assert client.get("/me")["firstname"] == client.get("/me")["firstname"] == "Ada"
    assert source.asked == [None]
    assert "'sand...'" in repr(client)


def test_calls_without_authentication_say_the_application_once_it_is_known() -> None:
    client, world = client_of(Source(ApplicationKey("k" * 16, "s" * 32, "c" * 32)), lambda request: answered(1))
    client.get("/auth/time", False)
    client.get("/me")
    client.get("/auth/time", False)
    assert [request.headers.get("x-ovh-application") for request in world.sent] == [None, "k" * 16, "k" * 16]
    assert "x-ovh-signature" not in world.sent[-1].headers


def test_a_refusal_of_a_call_without_authentication_asks_nobody() -> None:
    source = Source(ONE)
    client, _ = client_of(source, accepting("canary-one"))
    client.get("/me")
    with pytest.raises(ovh.InvalidCredential):
        client.get("/me", False)
    assert source.asked == [None]


def test_fifty_threads_share_one_asking() -> None:
    asked: list[Credentials | None] = []
    begin = threading.Barrier(50)

    def slow(refused: Credentials | None) -> Credentials:
        asked.append(refused)
        time.sleep(0.1)
        return ONE if refused is None else TWO

    client = ovh.Client("ovh-eu", transport=Real(), plugins=[Supply(slow)])

    def call(number: int) -> Any:
        begin.wait(60)
        return client.get("/me")

    with ThreadPoolExecutor(50) as pool:
        assert set(pool.map(call, range(50))) == {"yes"}
    assert asked == [None, ONE]


class Real(Scripted):
    """Accepts the second token, on the real clock."""

    def __init__(self) -> None:
        super().__init__(accepting("canary-two"))

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)


def test_fifty_tasks_share_one_asking() -> None:
    asked: list[Credentials | None] = []

    def slow(refused: Credentials | None) -> Flow[Credentials]:
        asked.append(refused)
        yield Sleep(0.05)
        return ONE if refused is None else TWO

    async def main() -> None:
        world = AsyncScripted(accepting("canary-two"))
        async with ovh.AsyncClient("ovh-eu", transport=world, plugins=[Supply(slow)]) as client:
            assert await asyncio.gather(*(client.get("/me") for _ in range(50))) == ["yes"] * 50

    asyncio.run(main())
    assert asked == [None, ONE]


def test_a_supplier_that_is_a_flow_sends_requests() -> None:
    def fetch(refused: Credentials | None) -> Flow[Credentials]:
        response: Response = yield Send(VAULT)
        return AccessToken(json.loads(response.body))

    tokens = ["canary-one", "canary-two"]

    def respond(request: Request) -> Response:
        return answered(tokens.pop(0)) if request.url == VAULT.url else accepting("canary-two")(request)

    client, world = client_of(fetch, respond)
    assert client.get("/me") == "yes"
    assert [request.url == VAULT.url for request in world.sent] == [True, False, True, False]
    assert "authorization" not in world.sent[2].headers


def test_the_same_without_a_client() -> None:
    endpoint = resolve_endpoint("ovh-eu")
    source = Source(ONE, TWO)
    api = pipeline(endpoint, source)
    world = Scripted(accepting("canary-two"))
    assert run(api.handle(build_request(endpoint, "GET", "/me")), world).body == b'"yes"'
    assert source.asked == [None, ONE]


def test_asyncio() -> None:
    source = Source(ONE, KEYS)

    async def main() -> None:
        async with ovh.AsyncClient("ovh-eu", transport=AsyncSandboxTransport(), plugins=[Supply(source)]) as client:
            assert (await client.get("/auth/time", False)) > 0
            assert (await client.get("/me"))["firstname"] == "Ada"
            assert client._consumer_key == ACCESS_KEYS["consumer_key"]

    asyncio.run(main())
    assert source.asked == [None, ONE]


def test_an_application_without_a_user_is_not_refused_as_nothing_is_sent() -> None:
    source = Source(APPLICATION)
    client = ovh.Client("ovh-eu", transport=SandboxTransport(), plugins=[Supply(source)])
    with pytest.raises(ovh.InvalidKey, match="needs a consumer key"):
        client.get("/me")
    assert source.asked == [None]


def test_what_a_supplier_raises_is_raised_by_the_call_and_the_next_one_asks_again() -> None:
    problems = [LookupError("the vault is sealed"), LookupError("the vault is sealed")]

    def supplier(refused: Credentials | None) -> Credentials:
        if problems and (refused is None) == (len(problems) == 2):
            raise problems.pop()
        return TWO if refused else ONE

    client, world = client_of(supplier, accepting("canary-two"))
    for sent in (0, 1):
        with pytest.raises(LookupError, match="sealed"):
            client.get("/me")
        assert len(world.sent) == sent
    assert client.get("/me") == "yes"
    assert len(world.sent) == 3


# Refused


@pytest.mark.parametrize("refusal", [EXPIRED, UNKNOWN, MISMATCH])
def test_refused_ones_are_asked_for_again_and_the_call_is_sent_once_more(refusal: Response) -> None:
    source = Source(ONE, TWO)
    client, world = client_of(source, accepting("canary-two", refusal))
    assert client.post("/me/task", amount=5) == "yes"
    assert source.asked == [None, ONE]
    assert [(request.method, request.body) for request in world.sent] == [("POST", b'{"amount":5}')] * 2


def test_the_others_are_refused_too() -> None:
    source = Source(ONE, TWO, ONE)
    client, world = client_of(source, accepting("nobody"))
    with pytest.raises(ovh.InvalidCredential):
        client.post("/me/task")
    assert len(world.sent) == 2
    with pytest.raises(ovh.InvalidCredential):
        client.post("/me/task")
    assert source.asked == [None, ONE, TWO]


def test_there_are_no_others() -> None:
    source = Source(ONE, AccessToken("canary-one"))
    client, world = client_of(source, accepting("nobody"))
    with pytest.raises(ovh.InvalidCredential):
        client.post("/me/task")
    assert len(world.sent) == 1


@pytest.mark.parametrize("status", [400, 403, 404, 500])
def test_other_answers_ask_nobody(status: int) -> None:
    source = Source(ONE)
    client, _ = client_of(source, lambda request: answered({"message": "no"}, status))
    with pytest.raises(ovh.APIError):
        client.post("/me/task")
    assert source.asked == [None]


def test_another_thread_has_got_new_ones() -> None:
    # Both are refused with the first credentials; who comes second finds the second ones.
    both = threading.Barrier(2)
    asked: list[Credentials | None] = []

    def respond(request: Request) -> Response:
        if request.headers.get("authorization") == "Bearer canary-one":
            number = both.wait(60)
            if number:
                arrived.wait(60)
            return EXPIRED
        arrived.set()
        return answered("yes")

    arrived = threading.Event()

    def supplier(refused: Credentials | None) -> Credentials:
        asked.append(refused)
        return ONE if refused is None else TWO

    client, world = client_of(supplier, respond)
    with ThreadPoolExecutor(2) as pool:
        assert list(pool.map(client.get, ["/me", "/me"])) == ["yes", "yes"]
    assert asked == [None, ONE]
    assert len(world.sent) == 4


def test_observers_are_told() -> None:
    events: list[Event] = []

    class Watch:
        @hookimpl
        def ovhcore_observer(self, settings: object) -> Callable[[Event], None]:
            return events.append

    client, _ = client_of(Source(ONE, TWO), accepting("canary-two"), Watch())
    client.get("/me")
    assert [event for event in events if isinstance(event, TokenRenewed)] == [TokenRenewed(None)] * 2
    assert "canary" not in repr(events)


# Service accounts, which the token endpoint refuses


def accounts(request: Request, status: int = 400) -> Response:
    if request.url != TOKEN_URL:
        return answered("yes")
    if b"new-secret" in request.body:
        return answered({"access_token": "canary-token", "expires_in": 3600})
    return answered({"error": "invalid_client", "error_description": "no canary-secret"}, status)


def test_a_service_account_whose_secret_was_rotated() -> None:
    source = Source(OAuth2Client("canary-id", "canary-secret"), OAuth2Client("canary-id", "new-secret"))
    client, world = client_of(source, accounts)
    assert client.post("/me/task") == "yes"
    assert source.asked == [None, OAuth2Client("canary-id", "canary-secret")]
    assert [request.url == TOKEN_URL for request in world.sent] == [True, True, False]


def test_a_service_account_that_is_the_same_still() -> None:
    account = OAuth2Client("canary-id", "canary-secret")
    client, world = client_of(Source(account, account), accounts)
    with pytest.raises(ovh.OAuth2FailureError) as caught:
        client.get("/me")
    assert "canary" not in str(caught.value)
    assert len(world.sent) == 1


def test_a_token_endpoint_that_is_ill_asks_nobody() -> None:
    source = Source(OAuth2Client("canary-id", "canary-secret"))
    world = Scripted(lambda request: accounts(request, 503))
    client = ovh.Client("ovh-eu", transport=world, plugins=[Supply(source)], retry=False)
    with pytest.raises(ovh.OAuth2FailureError):
        client.get("/me")
    assert source.asked == [None]


def test_a_service_account_for_an_endpoint_that_has_none() -> None:
    plugins = [Supply(Source(OAuth2Client("canary-id", "canary-secret")))]
    client = ovh.Client("kimsufi-eu", transport=Scripted(accounts), plugins=plugins)
    with pytest.raises(ovh.InvalidConfiguration, match="no OAuth2 token URL"):
        client.get("/me")


# What is wrong, and what must not be seen


def shown(error: BaseException) -> str:
    """Return the traceback with the variables of all frames but the test's own."""
    assert error.__traceback__ is not None
    frames = error.__traceback__.tb_next
    return "".join(traceback.TracebackException(type(error), error, frames, capture_locals=True).format())


async def asynchronous(refused: Credentials | None) -> Credentials:
    raise AssertionError


def flow(refused: Credentials | None) -> Flow[Any]:
    yield Sleep(0)
    return "canary"


@pytest.mark.parametrize(
    ("supplier", "kind"),
    [
        (lambda refused: None, "NoneType"),
        (lambda refused: {"application_key": "canary"}, "dict"),
        (flow, "str"),
        (asynchronous, "coroutine"),
    ],
)
def test_a_supplier_that_returns_something_else(supplier: Any, kind: str) -> None:
    client, world = client_of(supplier, accepting("canary-one"))
    with pytest.raises(ovh.InvalidConfiguration) as caught:
        client.get("/me")
    assert str(caught.value) == (
        f"What supplies credentials returned {kind}: ApplicationKey, OAuth2Client or AccessToken is wanted, "
        "or a flow that returns one"
    )
    assert "canary" not in shown(caught.value)
    assert world.sent == []


def test_others_that_are_something_else() -> None:
    client, _ = client_of(Source(ONE, None), accepting("canary-two"))
    with pytest.raises(ovh.InvalidConfiguration, match="returned NoneType"):
        client.get("/me")


def test_replaced_credentials_are_not_shown_either() -> None:
    old = ApplicationKey("canary-key-1", "canary-secret-1", "canary-user-1")
    new = ApplicationKey("canary-key-2", "canary-secret-2", "canary-user-2")

    def respond(request: Request) -> Response:
        spoken = {"errorCode": "INVALID_CREDENTIAL", "message": f"neither {' '.join([*old.secrets(), *new.secrets()])}"}
        return answered(spoken, 403)

    client, _ = client_of(Source(old, new, new), respond)
    for _ in range(2):
        with pytest.raises(ovh.InvalidCredential) as caught:
            client.get("/me")
        assert str(caught.value).startswith("neither <redacted> <redacted>")
        assert "canary" not in shown(caught.value)
    assert "canary-secret" not in repr(client)
    assert "canary-user" not in repr(client.settings)


# Application keys


def test_python_ovhs_names() -> None:
    client = ovh.Client("ovh-eu", transport=SandboxTransport(), plugins=[Supply(Source(KEYS))])
    assert (client._application_key, client._application_secret, client._consumer_key) == (None, None, None)
    client.get("/me")
    assert client._application_key == ACCESS_KEYS["application_key"]
    assert client._application_secret == ACCESS_KEYS["application_secret"]
    assert client._consumer_key == ACCESS_KEYS["consumer_key"]
    client._consumer_key = "canary-user"
    assert client._consumer_key == "canary-user"


def test_asking_for_a_consumer_key_with_an_application_that_is_at_hand() -> None:
    box = Sandbox()
    source = Source(APPLICATION, APPLICATION)
    client = ovh.Client(
        "ovh-eu", transport=SandboxTransport(box), plugins=[Supply(RenewableProvider(APPLICATION, source))]
    )
    assert client._application_key == ACCESS_KEYS["application_key"]
    key = client.request_consumerkey([{"method": "GET", "path": "/me"}])["consumerKey"]
    with pytest.raises(ovh.InvalidCredential):
        client.get("/me")
    # That the application is still the same does not take away the key that waits for its user.
    assert source.asked == [APPLICATION]
    box.validate(key)
    assert client.get("/me")["firstname"] == "Ada"


def test_asking_for_a_consumer_key_after_a_call() -> None:
    box = Sandbox(auto_validate=True)
    client = ovh.Client("ovh-eu", transport=SandboxTransport(box), plugins=[Supply(Source(KEYS))])
    client.get("/me")
    key = client.request_consumerkey([{"method": "GET", "path": "/me"}])["consumerKey"]
    assert client._consumer_key == key
    assert client.get("/me")["firstname"] == "Ada"


def test_asking_for_a_consumer_key_asks_for_the_application_first() -> None:
    rules = [{"method": "GET", "path": "/me"}]
    source = Source(APPLICATION)
    box = Sandbox(auto_validate=True)
    client = ovh.Client("ovh-eu", transport=SandboxTransport(box), plugins=[Supply(source)])
    assert client.request_consumerkey(rules)["consumerKey"] == client._consumer_key
    assert client.get("/me")["firstname"] == "Ada"
    assert source.asked == [None]

    async def main() -> None:
        plugins = [Supply(Source(APPLICATION))]
        async with ovh.AsyncClient("ovh-eu", transport=AsyncSandboxTransport(box), plugins=plugins) as client:
            assert (await client.request_consumerkey(rules))["consumerKey"] == client._consumer_key
            assert (await client.get("/me"))["firstname"] == "Ada"

    asyncio.run(main())


def test_renewable_ones() -> None:
    source = Source(TWO, TWO)
    client, _ = client_of(RenewableProvider(ONE, source), accepting("canary-two"))
    assert source.asked == []
    assert client.get("/me") == client.get("/me") == "yes"
    assert source.asked == [ONE]
    with pytest.raises(ovh.InvalidConfiguration, match="returned str") as caught:
        client_of(RenewableProvider("canary", source), accepting("canary-two"))  # type: ignore[arg-type]
    assert "canary" not in str(caught.value)
    with pytest.raises(ovh.InvalidConfiguration, match="no OAuth2 token URL"):
        ovh.Client(
            "kimsufi-eu", plugins=[Supply(RenewableProvider(OAuth2Client("canary-id", "canary-secret"), source))]
        )
