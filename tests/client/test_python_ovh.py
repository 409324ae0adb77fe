"""What programs written for python-ovh do besides using its public names."""

from __future__ import annotations

import copy
import inspect
import os
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from types import ModuleType
from typing import Any
from unittest import mock

import pytest

import ovhcore as ovh
from ovhcore.protocol.messages import Request, Response
from tests.servers import refusing_port
from tests.worlds import Scripted

KEYS = ("canary-application-key", "canary-application-secret", "canary-consumer-key")


@pytest.fixture
def untouched() -> Iterator[None]:
    """As if no test had looked at what the module ``config`` has for programs."""

    def forget() -> None:
        for name in ("CONFIG_PATH", "config"):
            vars(ovh.config).pop(name, None)

    forget()
    yield
    forget()


def echo(request: Request) -> Response:
    if request.url.endswith("/token"):
        return Response(200, {}, b'{"access_token": "canary-token", "expires_in": 3600}')
    return Response(200, {}, b"1000100" if request.url.endswith("/auth/time") else b"null")


def scripted(*keys: str, **more: Any) -> tuple[Any, Scripted]:
    transport = Scripted(echo)
    arguments: tuple[Any, ...] = keys
    return ovh.Client("ovh-eu", *arguments, transport=transport, **more), transport


def test_private_names_that_are_read() -> None:
    client, _ = scripted(*KEYS)
    assert client._endpoint == "https://eu.api.ovh.com/1.0"
    assert (client._application_key, client._application_secret, client._consumer_key) == KEYS
    assert (client._client_id, client._client_secret, client._oauth2) == (None, None, None)
    assert client._timeout == 180
    assert client._get_target("/v2/iam") == "https://eu.api.ovh.com/v2/iam"
    assert getattr(client, "_session", None) is None
    with pytest.raises(AttributeError, match="see the arguments proxy, ca_bundle"):
        client._session  # noqa: B018
    assert "canary" not in repr(client) + repr(vars(client))
    nobody, _ = scripted()
    assert (nobody._application_key, nobody._application_secret, nobody._consumer_key) == (None, None, None)
    pair, _ = scripted(*KEYS[:2])
    assert pair._consumer_key is None


def test_private_names_that_are_set() -> None:
    client, transport = scripted(*KEYS)
    client._consumer_key = "other-consumer-key"
    client.get("/me")
    assert transport.sent[0].headers["X-Ovh-Consumer"] == "other-consumer-key"
    client._time_delta = -3600
    assert client.time_delta == client._time_delta == -3600
    client.get("/me")
    assert transport.sent[1].headers["X-Ovh-Timestamp"] == str(1_000_000 - 3600)
    client._time_delta = None
    assert client._time_delta is None
    assert client.time_delta == 100
    assert transport.sent[2].headers["X-Ovh-Application"] == KEYS[0]
    for name in ("_session", "_client_id"):
        with pytest.raises(AttributeError):
            setattr(client, name, "x")


def test_another_endpoint_and_other_keys() -> None:
    client, transport = scripted(*KEYS)
    client._time_delta = 7
    client._endpoint = "https://ca.api.ovh.com/1.0"
    client._application_key = "canary-other-key"
    client._application_secret = "canary-other-secret"
    client.get("/me")
    assert client._endpoint == "https://ca.api.ovh.com/1.0" == client.endpoint.url
    assert (client._application_key, client._application_secret) == ("canary-other-key", "canary-other-secret")
    assert client._consumer_key == KEYS[2]
    assert client._time_delta == 7
    (sent,) = transport.sent
    assert sent.url == "https://ca.api.ovh.com/1.0/me"
    assert sent.headers["X-Ovh-Application"] == "canary-other-key"
    # An answer to a call that took a key before may show it.
    assert {*KEYS[:2], "canary-other-secret"} <= {*client._ovhcore.secrets()}
    assert "canary" not in repr(client) + repr(vars(client)) + repr(vars(client._ovhcore))
    client._application_key = None
    assert client._application_key is None
    with pytest.raises(ovh.MissingCredentials):
        client.get("/me")
    with pytest.raises(ovh.InvalidRegion):
        client._endpoint = "nowhere"


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0)])
def test_keys_that_are_set_one_after_the_other(order: tuple[int, ...]) -> None:
    client, transport = scripted()
    names = ("_application_key", "_application_secret", "_consumer_key")
    for number in order:
        with pytest.raises(ovh.InvalidConfiguration):
            client.get("/me")
        setattr(client, names[number], KEYS[number])
        assert getattr(client, names[number]) == KEYS[number]
    client.get("/me")
    assert transport.sent[0].headers["X-Ovh-Consumer"] == KEYS[2]


def test_service_accounts() -> None:
    client, transport = scripted(client_id="canary-id", client_secret="canary-secret")
    assert (client._client_id, client._client_secret) == ("canary-id", "canary-secret")
    assert client._application_key is None
    account = client._oauth2
    assert (account.client_id, account.client_secret) == ("canary-id", "canary-secret")
    assert account.token_url == ovh.client.OAUTH2_TOKEN_URLS["ovh-eu"]
    assert account.token == {"access_token": "canary-token", "token_type": "Bearer"}
    client.get("/me")
    assert len(transport.sent) == 2  # the token is that of the client
    assert "canary" not in repr(account)
    with pytest.raises(AttributeError, match="no requests session"):
        account.session  # noqa: B018
    client._endpoint = "http://127.0.0.1:1/1.0"
    assert client._oauth2.token_url == ovh.client.OAUTH2_TOKEN_URLS["ovh-eu"]
    with pytest.raises(ovh.InvalidKey, match="this client has other credentials"):
        client._application_key = "x"
    alone = ovh.oauth2.OAuth2("canary-id", "canary-secret", "https://example.com/token")
    assert alone.client_secret == "canary-secret"
    with pytest.raises(ovh.OAuth2FailureError, match="fetched by clients"):
        alone.token  # noqa: B018


def test_timeouts_of_clients() -> None:
    client, transport = scripted(*KEYS, timeout=(3, None))
    assert client._timeout == (3, 600)
    client._timeout = 7
    assert client._timeout == 7
    client.get("/me")
    client.get("/me", _timeout=(1, None))
    client._timeout = None
    client.get("/me")
    assert [request.timeout for request in transport.sent] == [(7, 7, 600), (1, 600, 600), (3, 600, 600)]
    assert scripted(*KEYS, timeout=(1, 2, 3))[0]._timeout == (1, 2, 3)
    assert ovh.client.TIMEOUT == 180


@pytest.mark.parametrize("need_auth", [None, 0, 1, 0.0, object(), False, True])
def test_truthy_and_falsy_need_auth(need_auth: Any) -> None:
    client, transport = scripted(*KEYS)
    client.get("/me", _need_auth=need_auth)
    client.call("POST", "/me", {"a": 1}, need_auth)
    client.raw_call("PUT", "/me", None, need_auth)
    assert [bool(need_auth)] * 3 == ["X-Ovh-Signature" in request.headers for request in transport.sent]


def test_a_wrapper_that_builds_its_own_calls() -> None:
    theirs = pytest.importorskip("ovh", reason="python-ovh is not installed")
    arguments = {"_from": "a b", "on": True, "off": False, "none": None, "ids": [1, 2], "é": "&", "_other": 1.5}
    reference = theirs.Client("ovh-eu", *KEYS)
    client, transport = scripted(*KEYS)
    plain = client._canonicalize_kwargs(arguments)
    assert plain == reference._canonicalize_kwargs(arguments)
    query = client._prepare_query_string(plain)
    assert query == reference._prepare_query_string(plain)
    client.call("GET", f"/me?{query}", {}, True)
    assert transport.sent[0].url.endswith(f"/me?{query}")


def test_a_consumer_key_without_rules() -> None:
    transport = Scripted(lambda request: Response(200, {}, b'{"consumerKey": "x"}'))
    client = ovh.Client("ovh-eu", *KEYS, transport=transport)
    client.request_consumerkey([])
    assert transport.sent[0].body == b'{"accessRules":[]}'


def test_other_spellings() -> None:
    client, transport = scripted(*KEYS)
    client.get(_target="/me", a=1)
    client.put(_target="/me", _need_auth=False, _headers={"X-A": "b"}, self="s")
    assert [request.url.removeprefix(client._endpoint) for request in transport.sent] == ["/me?a=1", "/me"]
    assert copy.copy(client) is client
    from ovhcore.client import ResourceNotFoundError
    from ovhcore.consumer_key import ConsumerKeyRequest
    from ovhcore.python_ovh import PythonOvhNames

    assert ResourceNotFoundError is ovh.ResourceNotFoundError
    assert ConsumerKeyRequest is ovh.ConsumerKeyRequest
    assert issubclass(ovh.Client, PythonOvhNames)
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        ovh.client.nothing  # type: ignore[attr-defined]  # noqa: B018
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        ovh.config.nothing  # noqa: B018
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        ovh.python_ovh.nothing  # noqa: B018


def test_modules_have_what_those_of_python_ovh_have() -> None:
    theirs = pytest.importorskip("ovh", reason="python-ovh is not installed")
    from importlib import import_module

    for name in ("client", "config", "consumer_key", "exceptions", "oauth2"):
        module, ours = import_module(f"ovh.{name}"), import_module(f"ovhcore.{name}")
        for each, value in vars(module).items():
            is_own = getattr(value, "__module__", "ovh").startswith("ovh") and not isinstance(value, ModuleType)
            # A session of requests, for which there is no counterpart.
            if is_own and not each.startswith("__") and each != "RefreshOAuth2Session":
                assert hasattr(ours, each), f"{name}.{each}"
    for name, _ in inspect.getmembers(theirs.Client, callable):
        if not name.startswith("__"):
            assert callable(getattr(ovh.Client, name)), name


@pytest.mark.usefixtures("untouched")
def test_configuration_that_programs_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    file, further = tmp_path / "a.conf", tmp_path / "b.conf"
    file.write_text("[default]\nendpoint = ovh-ca\n[ovh-ca]\napplication_key = one\n")
    further.write_text("[ovh-ca]\napplication_key = two\n")
    assert ovh.config.CONFIG_PATH[-1] == os.path.realpath("./ovh.conf")
    ovh.config.CONFIG_PATH.append(str(file))
    manager = ovh.config.ConfigurationManager()
    assert manager.get("default", "endpoint") == "ovh-ca"
    assert manager.get("ovh-ca", "application_key") == "one"
    assert manager.get("ovh-ca", "consumer_key") is manager.get("ovh-us", "x") is None
    manager.read(further)
    assert manager.get("ovh-ca", "application_key") == "two"
    monkeypatch.setenv("OVH_APPLICATION_KEY", "three")
    assert manager.get("ovh-ca", "application_key") == "three"
    assert ovh.config.config.get("default", "endpoint") == "ovh-ca"
    assert ovh.config.config is ovh.config.config


@pytest.mark.usefixtures("untouched")
def test_the_files_of_config_path_count(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usual, first, last = (tmp_path / name for name in ("usual.conf", "first.conf", "last.conf"))
    usual.write_text("[default]\nendpoint = ovh-us\n")
    first.write_text("[default]\nendpoint = ovh-ca\n")
    last.write_text("[default]\nendpoint = ovh-eu\n")
    monkeypatch.setattr("ovhcore.config.settings_sources.CONFIG_FILES", (str(usual),))
    assert ovh.Client(transport=Scripted(echo)).endpoint.name == "ovh-us"
    assert ovh.config.CONFIG_PATH  # looked at, and not changed
    assert ovh.Client(transport=Scripted(echo)).endpoint.name == "ovh-us"
    ovh.config.CONFIG_PATH += [str(first), str(last)]
    assert ovh.Client(transport=Scripted(echo)).endpoint.name == "ovh-eu"
    for path in ([last, first], str(first), first):
        with mock.patch("ovhcore.config.CONFIG_PATH", path):
            assert ovh.Client(transport=Scripted(echo)).endpoint.name == "ovh-ca"


def test_a_client_without_credentials_says_that_it_is_not_configured() -> None:
    client, transport = scripted()
    client.get("/auth/time", _need_auth=False)
    for method, arguments in (("get", "/me"), ("request_consumerkey", [])):
        with pytest.raises(ovh.InvalidConfiguration) as caught:
            getattr(client, method)(arguments)
        assert isinstance(caught.value, ovh.InvalidKey)
    assert len(transport.sent) == 1


def test_network_errors_are_those_of_python() -> None:
    with refusing_port() as port:
        url = f"http://127.0.0.1:{port}/1.0"
        client = ovh.Client(url, *KEYS, proxy="none", retry=False)
        with pytest.raises(ConnectionError) as caught:
            client.get("/me")
    assert type(caught.value) is ovh.ConnectError
    assert str(caught.value)

    def silence(request: Request) -> Response:
        raise ovh.ReadTimeout("silence")

    silent = ovh.Client("ovh-eu", *KEYS, retry=False, transport=Scripted(silence))
    with pytest.raises(TimeoutError, match="silence"):
        silent.get("/me")


def test_responses_are_used_as_those_of_requests() -> None:
    with ovh.Client(transport="sandbox") as client:
        good = client.raw_call("GET", "/me")
        bad = client.raw_call("GET", "/me/bill/none")
    assert (good.ok, bool(good), good.reason, good.url) == (True, True, "OK", "https://eu.api.ovh.com/1.0/me")
    assert (bad.ok, bool(bad), bad.reason, bad.status_code) == (False, False, "Not Found", 404)
    assert good.request is not None
    assert (good.request.method, good.request.url, good.encoding) == ("GET", good.url, "utf-8")
    assert good.elapsed >= timedelta(0)
    assert good.json(parse_int=str)["nichandle"] == good.value()["nichandle"]
    good.raise_for_status()
    with pytest.raises(ovh.ResourceNotFoundError) as caught:
        bad.raise_for_status()
    error = caught.value.response
    assert error is not None
    assert (type(error), error.ok, bool(error), error.url, error.reason) == (
        Response,
        False,
        False,
        bad.url,
        "Not Found",
    )
    assert error.elapsed == timedelta(0)
    with pytest.raises(ovh.ResourceNotFoundError):
        bad.value()
    with good as entered:
        assert entered is good
        good.close()


def test_bodies_in_pieces() -> None:
    response = Response(299, {}, "é\r\nb\n".encode())
    assert [*response.iter_lines()] == ["é".encode(), b"b"]
    assert [*response.iter_lines(decode_unicode=True)] == ["é", "b"]
    assert [*response.iter_lines(delimiter=b"\r\n")] == ["é".encode(), b"b\n"]
    assert [*response.iter_content(3)] == ["é".encode() + b"\r", b"\nb\n"]
    assert [*response.iter_content(None, decode_unicode=True)] == ["é\r\nb\n"]
    assert (response.url, response.request, response.reason, response.elapsed) == ("", None, "", timedelta(0))


def test_responses_travel_without_what_hides_secrets() -> None:
    import pickle

    client, _ = scripted(*KEYS)
    response = client.raw_call("GET", "/me")
    again = pickle.loads(pickle.dumps(response))
    assert again == response
    assert (again.url, again.elapsed) == (response.url, response.elapsed)
    assert b"canary" not in pickle.dumps(response)


def test_exceptions_of_responses_hide_secrets() -> None:
    def repeat(request: Request) -> Response:
        return Response(400, {}, f'{{"message": "{request.headers["X-Ovh-Consumer"]} and {KEYS[1]}"}}'.encode())

    client = ovh.Client("ovh-eu", *KEYS, transport=Scripted(repeat))
    response = client.raw_call("GET", "/me?password=canary-password", headers={"X-Token": "canary-token"})
    with pytest.raises(ovh.BadParametersError) as caught:
        response.raise_for_status()
    shown = caught.value.response
    assert shown is not None
    assert shown.request is not None
    texts = [str(caught.value), shown.text, shown.url, repr(shown.request), repr(caught.value.__notes__)]
    assert "canary" not in "".join(texts)


def test_header_fields_value_and_errors_of_one_call() -> None:
    with ovh.Client(transport="sandbox") as client:
        response = client.raw_call("GET", "/me/bill")
        assert response.value() == client.get("/me/bill")
        assert response.query_id == response.headers["X-Ovh-QueryID"]
    with pytest.raises(ovh.InvalidResponse, match="page in HTML"):
        Response(200, {}, b"<html>").value()
    assert Response(200).value() is None


@pytest.mark.parametrize("kind", [ovh.Client, ovh.AsyncClient])
def test_heirs_have_every_other_name(kind: type[Any]) -> None:
    """One that sets every attribute, and overrides every method, that python-ovh's client does not have."""
    theirs: Any = pytest.importorskip("ovh.client", reason="python-ovh is not installed").Client
    kept = {*vars(theirs), *vars(theirs("ovh-eu", *KEYS)), "_ovhcore", "_ovhcore_kind"}
    plain = kind(transport="sandbox")
    names = {name for name in {*dir(plain), *vars(plain)} if not name.startswith("__")} - kept
    assert {"endpoint", "settings", "plugins", "closed", "run", "iterate", "batch", "gather", "wait", "close"} <= names

    def taken(*arguments: Any, **more: Any) -> None:
        raise AssertionError("what an heir has by this name is none of ours")

    methods: dict[str, Any] = {name: taken for name in names if callable(getattr(plain, name))}

    def begin(self: Any) -> None:
        for name in names - {*methods}:
            setattr(self, name, f"heir's {name}")
        kind.__init__(self, transport="sandbox")
        for name in names:
            setattr(self, name, f"heir's {name}")

    import asyncio

    heir_class = type("Heir", (kind,), {**methods, "__init__": begin})

    async def use(heir: Any) -> None:
        async def result(value: Any) -> Any:
            return await value if inspect.isawaitable(value) else value

        assert (await result(heir.get("/me")))["firstname"] == "Ada"
        assert (await result(heir.raw_call("GET", "/me"))).ok
        assert await result(heir.put("/me", firstname="Ada")) is None
        assert isinstance(await result(heir.time_delta), int)
        rules = [{"method": "GET", "path": "/me"}]
        assert (await result(heir.request_consumerkey(rules)))["consumerKey"] == heir._consumer_key
        assert (await result(heir.new_consumer_key_request().request()))["state"] == "pendingValidation"
        assert "Heir" in repr(heir)
        assert all(getattr(heir, name) == f"heir's {name}" for name in names)
        # What ovhcore does for many objects does not go through these names, either.
        listed = kind.gather(heir, ["/auth/time"], _need_auth=False)
        assert len(await result(listed)) == 1
        bills = kind.iterate(heir, "/cloud/project", _need_auth=False, _errors="return")
        assert bills.done == 0
        if kind is ovh.Client:
            with heir:
                pass
        else:
            async with heir:
                pass
        with pytest.raises(ovh.ClientClosed):
            await result(heir.get("/me"))

    asyncio.run(use(heir_class()))


def test_what_heirs_set_can_be_taken_away_again() -> None:
    class Heir(ovh.Client):
        endpoint = "mine"  # type: ignore[assignment]

    assert Heir("ovh-eu", *KEYS, transport=Scripted(echo)).get("/me") is None
    client, _ = scripted()
    client.endpoint = "mine"
    assert client.endpoint == "mine"
    del client.endpoint
    assert client.endpoint.name == "ovh-eu"
    with pytest.raises(AttributeError, match="endpoint"):
        del client.endpoint
    assert isinstance(ovh.Client.endpoint, property)


def test_mocks_of_clients() -> None:
    with mock.patch("ovhcore.client.Client.call", autospec=True, return_value=[1]) as call:
        client, _ = scripted(*KEYS)
        assert client.get("/me") == [1]
        call.assert_called_with(client, "GET", "/me", None, True)
    with mock.patch("ovhcore.client.Client.get", autospec=True, return_value={}) as get:
        assert client.get("/me", a=1) == {}
        get.assert_called_with(client, "/me", a=1)
    spec = mock.create_autospec(ovh.Client, instance=True)
    spec.get.return_value = 7
    assert spec.get("/me") == 7
