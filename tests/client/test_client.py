from __future__ import annotations

import asyncio
import copy
import inspect
import logging
import os
import pickle
import threading
import traceback
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel, ConfigDict

import ovhcore as ovh
from ovhcore.client.base import BaseClient
from ovhcore.protocol.messages import Request, Response
from ovhcore_transports.sandbox import ACCESS_KEYS, Sandbox, SandboxTransport
from tests.servers import RawServer, Received, answer
from tests.worlds import AsyncScripted, Scripted

KEYS = ("canary-application-key", "canary-application-secret", "canary-consumer-key")


def echo(request: Request) -> Response:
    return Response(200, {}, b'{"method": "%b", "url": "%b"}' % (request.method.encode(), request.url.encode()))


def scripted(**options: Any) -> tuple[ovh.Client, Scripted]:
    transport = Scripted(echo)
    return ovh.Client("ovh-eu", *KEYS, transport=transport, **options), transport


def test_verbs_and_arguments() -> None:
    client, transport = scripted()
    base = "https://eu.api.ovh.com/1.0"
    assert client.get("/me/bill", **{"date.from": "2026-01-01"})["url"] == base + "/me/bill?date.from=2026-01-01"
    assert client.get("/a", _from="x", on=True, off=False, ids=[1, 2])["url"] == (
        base + "/a?from=x&on=true&off=false&ids=1&ids=2"
    )
    assert client.get("/a?b=c", d="e")["url"] == base + "/a?b=c&d=e"
    assert client.delete("/a", b="c")["url"] == base + "/a?b=c"
    client.put("/ip/{ip}", ip="1.2.3.0/24", status="active", none=None, _lambda=1)
    client.post("/a")
    client.post("/ip/{ip}", ip="1.2.3.4")
    client.call("PUT", "/b", [{"c": "é"}], True)
    client.call("post", "/b", {}, True)
    client.get("/v2/iam", _need_auth=False, _headers={"X-A": "b"}, _timeout=(1, 2))
    client.post("/a", self="me", path="p", method="m")
    sent = transport.sent
    assert [request.body for request in sent[:4]] == [b"", b"", b"", b""]
    assert sent[4].url == base + "/ip/1.2.3.0%2F24"
    assert sent[4].body == b'{"status":"active","none":null,"lambda":1}'
    assert sent[4].headers["Content-Type"] == "application/json"
    assert sent[5].body == sent[6].body == b""
    assert "content-type" not in sent[5].headers
    assert sent[7].body == b'[{"c":"\\u00e9"}]'
    assert (sent[8].method, sent[8].body) == ("POST", b"{}")
    assert sent[9].url == "https://eu.api.ovh.com/v2/iam"
    assert sent[9].headers["X-A"] == "b"
    assert sent[9].timeout == ovh.Timeout(1.0, 2.0)
    assert "x-ovh-consumer" not in sent[9].headers
    assert sent[9].headers["x-ovh-application"] == KEYS[0]
    assert sent[10].body == b'{"self":"me","path":"p","method":"m"}'


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda c: c.get("me"), "must start with '/'"),
        (lambda c: c.get("/a/{b}"), "needs the argument"),
        (lambda c: c.call("GET", "/a/{b}"), "needs the argument"),
        (lambda c: c.get("/a/{b}", b=""), "is empty"),
        (lambda c: c.get("/a/{b}", b=".."), "'..'"),
        (lambda c: c.get("/a", b=object()), "no text form"),
        (lambda c: c.post("/a", b={1, 2}), "cannot be written as JSON"),
        (lambda c: c.call("GET", "/a", {"b": 1}), "GET carries no body"),
        (lambda c: c.call("DELETE", "/a", {"b": 1}), "DELETE carries no body"),
        (lambda c: c.call("G T", "/a"), "method must be"),
        (lambda c: c.get("/a", _headers={"X-Ovh-Signature": "x"}), "written by the library"),
        (lambda c: c.get("/a", _timeout=0), "above 0"),
        (lambda c: c.get(None), "must be a string"),
        (lambda c: c.get(123, a=1), "must be a string"),
        (lambda c: c.get("/me", _headers=[("X", "1")]), "headers must be a mapping"),
        (lambda c: c.put("/me", {"firstname": "x"}), "need_auth must be True or False, not dict"),
        (lambda c: c.get("/me", {}), "passed by name"),
        (lambda c: c.get("/me", _need_auth="no"), "not str"),
        (lambda c: c.raw_call("GET", "/me", None, "no"), "not str"),
        (lambda c: c.get("/me", fieldType=None), "'fieldType' is None"),
        (lambda c: c.iterate("/me/bill", category=None), "'category' is None"),
        (lambda c: c.gather([("DELETE", "/me", {"a": None})]), "'a' is None"),
        (lambda c: c.new_consumer_key_request().add_rules("GET", "/me"), "methods is a list"),
        (lambda c: c.new_consumer_key_request().add_recursive_rules("GET", "/me"), "methods is a list"),
        (lambda c: c.request_consumerkey("GET"), "are lists"),
    ],
)
def test_bad_calls_send_nothing(call: Any, said: str) -> None:
    client, transport = scripted()
    with pytest.raises(ovh.InvalidRequest, match=said.replace(".", r"\.")) as caught:
        call(client)
    assert isinstance(caught.value, ValueError)
    assert not transport.sent


def test_raw_call_returns_any_status() -> None:
    client = ovh.Client(transport=Scripted(lambda request: Response(404, {"A": "b"}, b"{}")), endpoint="ovh-eu")
    response = client.raw_call("GET", "/me", need_auth=False)
    assert (response.status_code, response.ok, response.text, response.json()) == (404, False, "{}", {})
    with pytest.raises(ovh.InvalidKey, match="needs credentials"):
        client.get("/me")
    with pytest.raises(ovh.InvalidKey, match="needs an application key"):
        client.request_consumerkey([{"method": "GET", "path": "/me"}])


def test_headers_of_every_request() -> None:
    client, transport = scripted(user_agent="mine/1", headers={"accept": "text/plain", "X-Team": "t"})
    client.get("/me")
    client.get("/me", _headers={"x-team": "other"})
    assert transport.sent[0].headers["User-Agent"] == f"mine/1 ovhcore/{ovh.__version__}"
    assert transport.sent[0].headers["Accept"] == "text/plain"
    assert transport.sent[0].headers["X-Team"] == "t"
    assert transport.sent[1].headers["X-Team"] == "other"
    client.raw_call("POST", "/me", {}, headers={"Content-type": "text/plain"})
    assert [pair for pair in transport.sent[2].headers.pairs if pair[0].lower() == "content-type"] == [
        ("Content-Type", "application/json")
    ]


def test_a_subclass_may_override_call() -> None:
    class Logged(ovh.Client):
        def call(self, method: str, path: str, data: Any = None, need_auth: bool = True) -> Any:  # type: ignore[override]
            return ("called", method, path, data, need_auth)

    client = Logged("ovh-eu", *KEYS, transport=Scripted(echo))
    assert client.get("/me") == ("called", "GET", "/me", None, True)
    assert client.post("/me", False, a=1) == ("called", "POST", "/me", {"a": 1}, False)
    with pytest.raises(NotImplementedError):
        BaseClient.call(client, "GET", "/me")


def test_consumer_keys() -> None:
    transport = SandboxTransport(Sandbox())
    client = ovh.Client("ovh-eu", "sandbox-application-key", "sandbox-application-secret", transport=transport)
    with pytest.raises(ovh.InvalidKey, match="needs a consumer key") as caught:
        client.get("/me")
    assert "new_consumer_key_request" in (caught.value.hint or "")
    request = client.new_consumer_key_request()
    request.add_rule("GET", "/me")
    request.add_rules(ovh.API_READ_WRITE_SAFE, "/a")
    request.add_recursive_rules(ovh.API_READ_WRITE, "/me")
    validation = request.request(redirect_url="https://example.com/", allowedIPs=["192.0.2.0/24"])
    assert validation["state"] == "pendingValidation"
    with pytest.raises(ovh.InvalidCredential):
        client.get("/me")
    transport.sandbox.validate(validation["consumerKey"])
    assert client.get("/me")["firstname"] == "Ada"
    assert validation["consumerKey"] not in repr(client)


@pytest.mark.parametrize(
    "body", [b"{}", b"[]", b'{"consumerKey": null}', b'{"consumerKey": 3}', b'{"consumerKey": "a b"}']
)
def test_consumer_keys_that_are_none(body: bytes) -> None:
    client = ovh.Client("ovh-eu", *KEYS, transport=Scripted(lambda request: Response(200, {}, body)))
    with pytest.raises(ovh.InvalidResponse, match="consumerKey"):
        client.request_consumerkey([{"method": "GET", "path": "/me"}])


def test_closing() -> None:
    client = ovh.Client(transport="sandbox")
    with client as same:
        assert same is client
        client.get("/me")
    client.close()
    assert client.closed
    assert "closed" in repr(client)
    with pytest.raises(ovh.ClientClosed, match="make a new one"):
        client.get("/me")
    untouched = ovh.Client(transport="sandbox")
    untouched.close()
    with pytest.raises(ovh.ClientClosed):
        untouched.time_delta  # noqa: B018
    given, transport = scripted()
    given.close()
    assert transport.closed == 0


def test_transports_of_the_wrong_kind() -> None:
    with pytest.raises(ovh.InvalidConfiguration, match=r"name or an object with send\(request\), not object"):
        ovh.Client("ovh-eu", transport=object())
    with pytest.raises(ovh.InvalidConfiguration, match=r"must be an object: SandboxTransport\(\.\.\.\), not the class"):
        ovh.Client("ovh-eu", transport=SandboxTransport)
    with pytest.raises(ovh.InvalidConfiguration, match="needs a synchronous transport"):
        ovh.Client("ovh-eu", transport=AsyncScripted(echo))
    with pytest.raises(ovh.InvalidConfiguration, match="needs an asynchronous transport"):
        ovh.AsyncClient("ovh-eu", transport=Scripted(echo))
    with pytest.raises(ovh.InvalidConfiguration, match="must be one of date, server, off"):
        ovh.Client("ovh-eu", transport="sandbox", time_sync="often")
    with pytest.raises(ovh.InvalidConfiguration, match="has no OAuth2 token URL"):
        ovh.Client("kimsufi-eu", client_id="i", client_secret="s", transport="sandbox")


def test_copies_and_pickles() -> None:
    client, _ = scripted()
    assert copy.deepcopy({"client": client})["client"] is client
    with pytest.raises(TypeError, match="not pickled"):
        pickle.dumps(client)

    class Model(BaseModel):
        model_config = ConfigDict(arbitrary_types_allowed=True)
        client: ovh.Client

    assert Model(client=client).client is client
    assert Model(client=client).model_copy(deep=True).client is client


def test_a_pool_of_threads() -> None:
    with ovh.Client(transport="sandbox") as client:
        names: list[str] = []
        threads = [threading.Thread(target=lambda: names.append(client.get("/me")["firstname"])) for _ in range(30)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert names == ["Ada"] * 30


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this platform")
def test_after_a_fork() -> None:
    with RawServer(lambda request: answer(b'"%b"' % request.target.encode())) as server:
        client = ovh.Client(server.url, *KEYS, proxy="none")
        assert client.get("/a") == "/1.0/a"
        reader, writer = os.pipe()
        child = os.fork()
        if child == 0:
            try:
                os.write(writer, str(client.get("/child")).encode())
            finally:
                os._exit(0)
        os.waitpid(child, 0)
        assert os.read(reader, 99) == b"/1.0/child"
        os.close(reader)
        os.close(writer)
        assert client.get("/b") == "/1.0/b"
        client.close()
    assert server.connections == 2


def test_time_is_learnt_without_a_request() -> None:
    transport = SandboxTransport(skew=170)
    client = ovh.Client("ovh-eu", transport=transport, **ACCESS_KEYS)
    client.get("/me")
    client.get("/me")
    assert client.time_delta == 170
    assert client.time_delta == 170


def test_async_client() -> None:
    async def main() -> None:
        async with ovh.AsyncClient(transport="sandbox") as client:
            assert (await client.get("/me"))["firstname"] == "Ada"
            assert await client.put("/me", firstname="Grace") is None
            made = await client.post("/domain/zone/example.com/record", fieldType="A", target="192.0.2.1")
            assert await client.delete("/domain/zone/example.com/record/{id}", id=made["id"]) is None
            assert (await client.raw_call("GET", "/nothing")).status == 404
            assert await client.time_delta == 0
            assert await client.time_delta == 0
            request = client.new_consumer_key_request()
            request.add_rule("GET", "/me")
            assert (await request.request())["state"] == "pendingValidation"
            with pytest.raises(ovh.NotGrantedCall):
                await client.get("/me/bill")
        with pytest.raises(ovh.ClientClosed):
            await client.get("/me")
        await client.aclose()
        given = AsyncScripted(echo)
        other = ovh.AsyncClient("ovh-eu", *KEYS, transport=given)
        await other.close()
        assert given.closed == 0

    asyncio.run(main())


def test_the_clients_have_one_surface() -> None:
    def surface(kind: type) -> dict[str, Any]:
        names = [name for name in dir(kind) if not name.startswith("_") and name not in ("aclose", "open")]
        return {n: list(inspect.signature(f).parameters) for n in names if callable(f := getattr(kind, n))}

    assert surface(ovh.Client) == surface(ovh.AsyncClient)


# python-ovh


def test_names_of_python_ovh() -> None:
    theirs = pytest.importorskip("ovh", reason="python-ovh is not installed")
    for name in dir(theirs.exceptions):
        kind = getattr(theirs.exceptions, name)
        if isinstance(kind, type) and issubclass(kind, Exception):
            assert issubclass(getattr(ovh.exceptions, name), ovh.APIError)
            assert getattr(ovh, name) is getattr(ovh.exceptions, name)
    for name in ("get", "put", "post", "delete", "call", "raw_call", "request_consumerkey"):
        mine = list(inspect.signature(getattr(ovh.Client, name)).parameters)
        wanted = [p for p in inspect.signature(getattr(theirs.Client, name)).parameters if p != "kwargs"]
        assert mine[: len(wanted)] == wanted
    wanted = list(inspect.signature(theirs.Client.__init__).parameters)
    assert list(inspect.signature(ovh.Client.__init__).parameters)[: len(wanted)] == wanted


SCRIPT = """
import ovhcore as ovh

client = ovh.Client(endpoint='ovh-eu', application_key='sandbox-application-key',
                    application_secret='sandbox-application-secret', consumer_key='sandbox-consumer-key')
print("Welcome", client.get('/me')['firstname'])
bills = client.get('/me/bill')
for bill in bills:
    details = client.get('/me/bill/%s' % bill)
print(len(bills), client.time_delta)
client.put('/dedicated/server/ns1.ip-192-0-2.eu/burst', status='active')
try:
    client.call('GET', '/me/bill/none', None, True)
except ovh.exceptions.ResourceNotFoundError as error:
    print(error, error.query_id is not None, error.response.status_code)
except ovh.APIError:
    print('not reached')
ck = client.new_consumer_key_request()
ck.add_rules(ovh.API_READ_ONLY, "/me")
ck.add_recursive_rules(ovh.API_READ_WRITE, "/sms")
validation = ck.request()
print(sorted(validation))
"""


def test_a_script_for_python_ovh_runs(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("OVH_TRANSPORT", "sandbox")
    exec(compile(SCRIPT, "script.py", "exec"), {})
    assert capsys.readouterr().out.splitlines() == [
        "Welcome Ada",
        "4 0",
        "The requested object (billId = none) does not exist True 404",
        "['consumerKey', 'state', 'validationUrl']",
    ]


# Secrets


def shown_by(error: BaseException) -> str:
    parts = traceback.TracebackException.from_exception(error, capture_locals=True).format()
    # Frames of this module hold the keys themselves.
    return "".join(part for part in parts if __file__ not in part)


def repeat_secrets(request: Received) -> bytes:
    fields = request.fields
    told = f"{fields.get('x-ovh-consumer')} {fields.get('x-ovh-application')} {fields.get('x-ovh-signature')}"
    body = f'{{"message": "no: {told}", "errorCode": "INVALID_SIGNATURE", "details": {{"a": "{told}"}}}}'
    if "html" in request.target:
        return answer(f"<html>{told}".encode(), "502 Bad", f"X-Echo: {told}")
    if "text" in request.target:
        return answer(told.encode(), "200 OK")
    if "plain" in request.target:
        return answer(b'{"message": "no"}', "404 Not Found")
    if "cut" in request.target:
        return b"nonsense " + told.encode() + b"\r\n\r\n"
    return answer(body.encode(), "400 Bad", f"X-Echo: {told}")


@pytest.mark.parametrize("asynchronous", [False, True])
@pytest.mark.parametrize("path", ["/plain", "/json", "/html", "/text", "/cut"])
def test_canaries_are_found_nowhere(path: str, asynchronous: bool, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with RawServer(repeat_secrets) as server:
        if asynchronous:

            async def main() -> None:
                async with ovh.AsyncClient(server.url, *KEYS, proxy="none") as client:
                    await client.get(path)

            with pytest.raises(ovh.APIError) as caught:
                asyncio.run(main())
        else:
            with ovh.Client(server.url, *KEYS, proxy="none") as client, pytest.raises(ovh.APIError) as caught:
                client.get(path)
            assert "canary" not in repr(client) + repr(client.settings) + repr(vars(client))
    error = caught.value
    again = pickle.loads(pickle.dumps(error))
    texts = [str(error), repr(error), repr(vars(error)), shown_by(error), repr(vars(again)), repr(again.__notes__)]
    if error.response is not None:
        texts += [error.response.text, repr(error.response.headers)]
    # At DEBUG httpcore logs the headers a server sends, and these servers send back what they were sent.
    logs = [r.getMessage() for r in caplog.records if path == "/plain" or not r.name.startswith("httpcore")]
    for text in [*texts, *logs]:
        for key in (*KEYS, server.received[0].fields["x-ovh-signature"]):
            assert key not in text


@pytest.mark.parametrize(
    "arguments",
    [
        {"endpoint": "ovh-xx"},
        {"timeout": "never"},
        {"client_id": "canary-id"},
        {"consumer_key": b"canary"},
        {"transport": "nothing"},
        {"time_sync": "often"},
        {"headers": {"X-Secret": "canary\n"}},
        {"headers": [("X-Secret", "canary")]},
        {"headers": {"X-Secret": "canary"}, "proxy": "http://u:canary@h", "time_sync": "often"},
    ],
)
def test_canaries_of_clients_that_cannot_be_made(arguments: dict[str, Any]) -> None:
    keys = dict(zip(("application_key", "application_secret", "consumer_key"), KEYS, strict=True))
    with pytest.raises(ovh.APIError) as caught:
        ovh.Client(**{"endpoint": "ovh-eu", **keys, **arguments})
    assert "canary" not in shown_by(caught.value)
    assert "canary" not in repr(vars(caught.value)) + str(caught.value)


def test_files_and_variables_together(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "ovh.conf"
    file.write_text("[default]\nendpoint = ovh-ca\n[ovh-ca]\napplication_key = k\napplication_secret = s\n")
    monkeypatch.setenv("OVH_CONSUMER_KEY", "c")
    client = ovh.Client(config_file=file, transport=Scripted(echo))
    assert client.get("/me")["url"] == "https://ca.api.ovh.com/1.0/me"
    assert client.endpoint.name == "ovh-ca"
