"""Canaries of every kind, recorded over the login, OAuth2 and error paths, appear in no byte of what is written."""

from __future__ import annotations

import base64
import gzip
import json
import re
import zlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

import ovhcore as ovh
from ovhcore.exceptions import APIError, ReadTimeout
from ovhcore.plugins import hookimpl
from ovhcore.protocol.messages import Request, Response
from ovhcore.protocol.redaction import REDACTED, Redaction
from ovhcore_transports import SyncTransport
from ovhcore_transports.recording import Cassette, Interaction, RecordTransport, ReplayTransport
from ovhcore_transports.recording.cassette.scrubbing import Scrubber
from ovhcore_transports.recording.formats.har import to_har
from ovhcore_transports.recording.formats.vcr import from_vcr, to_vcr
from ovhcore_transports.sandbox import (
    ACCESS_KEYS,
    APPLICATION_SECRET,
    CLIENT_ID,
    CLIENT_SECRET,
    CONSUMER_KEY,
    Sandbox,
    SandboxTransport,
    serve,
)
from ovhcore_transports.sandbox.state import APPLICATION_KEY

pytestmark = pytest.mark.once

RULES = [{"method": "GET", "path": "/me"}, {"method": "GET", "path": "/auth/*"}, {"method": "POST", "path": "/auth/*"}]


class Listening(SyncTransport):
    """Passes everything on, and remembers what was said: secrets are looked for in it."""

    def __init__(self, inner: Any) -> None:
        super().__init__()
        self.inner = inner
        self.heard: list[tuple[Request, Response]] = []

    def send(self, request: Request) -> Response:
        response: Response = self.inner.send(request)
        self.heard.append((request, response))
        return response


def written(path: Path) -> Iterator[tuple[str, bytes]]:
    """Yield every form in which a recording is written."""
    interactions = Cassette.load(path).interactions
    yield "cassette", path.read_bytes()
    vcr = to_vcr(interactions)
    yield "vcr", vcr[0] if isinstance(vcr, tuple) else vcr
    yield "har", to_har(interactions)


def absent(path: Path, *secrets: str) -> None:
    for form, data in written(path):
        for secret in secrets:
            assert len(secret) >= 4
            for spelled in (secret, quote(secret, safe=""), json.dumps(secret)[1:-1]):
                assert spelled.encode() not in data, (form, spelled)
            assert base64.b64encode(secret.encode()).rstrip(b"=")[:-1] not in data, (form, secret)


def test_login(tmp_path: Path) -> None:
    path = tmp_path / "login.cassette"
    sandbox = Sandbox()
    listening = Listening(SandboxTransport(sandbox))
    with RecordTransport(listening, path) as transport:
        client = ovh.Client("ovh-eu", transport=transport, **ACCESS_KEYS)
        client.get("/me")
        asked = client.request_consumerkey(RULES, "https://example.com/back?token=CANARYBACK")
        with pytest.raises(ovh.InvalidCredential):
            client.get("/me")
        sandbox.validate(asked["consumerKey"])
        client.get("/auth/currentCredential")
        with pytest.raises(ovh.NotGrantedCall):
            client.put("/me", firstname="Grace")
        client.post("/auth/logout")
        with pytest.raises(APIError):
            client.get("/me")
    signatures = [
        request.headers["X-Ovh-Signature"] for request, _ in listening.heard if "X-Ovh-Signature" in request.headers
    ]
    assert len(signatures) == 6
    token = asked["validationUrl"].partition("credentialToken=")[2]
    keys = (APPLICATION_KEY, APPLICATION_SECRET, CONSUMER_KEY, asked["consumerKey"], asked["validationUrl"])
    absent(path, *keys, token, *signatures, *(each.removeprefix("$1$") for each in signatures), "CANARYBACK")
    # With other keys, and with none, it goes the same way.
    for keys in ({"application_key": "k", "application_secret": "s", "consumer_key": "c"}, {}):  # type: ignore[assignment]
        client = ovh.Client("ovh-eu", transport=ReplayTransport(path), **keys)  # type: ignore[arg-type]
        assert client.get("/me")["firstname"] == "Ada"
        again = client.request_consumerkey(RULES, "https://example.com/back?token=ANOTHER")
        assert again == {"validationUrl": REDACTED, "consumerKey": REDACTED, "state": "pendingValidation"}
        with pytest.raises(ovh.InvalidCredential):
            client.get("/me")


def test_oauth2(tmp_path: Path) -> None:
    path = tmp_path / "oauth2.cassette"
    sandbox = Sandbox()
    listening = Listening(SandboxTransport(sandbox))
    with RecordTransport(listening, path) as transport:
        client = ovh.Client("ovh-eu", transport=transport, client_id=CLIENT_ID, client_secret=CLIENT_SECRET)
        client.get("/me")
        sandbox.revoke_tokens()
        client.get("/me/bill")
        wrong = ovh.Client("ovh-eu", transport=transport, client_id="CANARYID", client_secret="CANARY+SECRET/=")
        with pytest.raises(ovh.OAuth2FailureError):
            wrong.get("/me")
    tokens = [json.loads(a.body)["access_token"] for r, a in listening.heard if "oauth2" in r.url and a.status == 200]
    assert len(tokens) == 2
    absent(path, CLIENT_ID, CLIENT_SECRET, *tokens, "CANARYID", "CANARY+SECRET/=", "CANARY%2BSECRET")
    client = ovh.Client(transport=ReplayTransport(path), client_id="another", client_secret="one")
    assert client.get("/me")["firstname"] == "Ada"
    # Somebody with keys asks for no token, and is answered all the same.
    assert ovh.Client(transport=ReplayTransport(path)).get("/me")["firstname"] == "Ada"


class Echo(SyncTransport):
    """Answers with all that it was sent, in every way."""

    def __init__(self, kind: str, status: int = 400) -> None:
        super().__init__()
        self.kind = kind
        self.status = status

    def send(self, request: Request) -> Response:
        said = " | ".join([request.url, *(f"{name}={value}" for name, value in request.headers.pairs)])
        body = request.body.decode("utf-8", "replace")
        cookie = ("Set-Cookie", "session=CANARYSESSION; Path=/; Secure")
        headers = [cookie, ("X-Echo", said[:2000]), ("X-Auth-Token", "CANARYHEADER")]
        if self.kind == "json":
            answer = json.dumps({"message": said, "seen": {"deep": [body, {"password": "CANARYPASSWORD"}]}}).encode()
            return Response(self.status, [*headers, ("Content-Type", "application/json")], answer)
        if self.kind == "html":
            return Response(self.status, [*headers, ("Content-Type", "text/html")], f"<p>{said}</p>{body}".encode())
        if self.kind == "binary":
            return Response(self.status, headers, b"\x00\xff" + f"{said}{body}".encode("latin-1", "replace"))
        raise ReadTimeout(f"nothing came for {said} {body}")


@pytest.mark.parametrize("kind", ["json", "html", "binary", "failure"])
def test_errors_that_repeat_what_was_sent(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "echo.cassette"
    proxy = "http://canaryuser:CANARYPROXY@127.0.0.1:9"
    keys: dict[str, Any] = {
        "application_key": "CANARYAPP",
        "application_secret": "CANARYSECRET",
        "consumer_key": "CANARYCONSUMER",
    }

    class Plugin:
        @hookimpl
        def ovhcore_transports(self) -> Any:
            return [ovh.plugins.TransportSpec("echo", sync=lambda settings: Echo(kind))]

        @hookimpl
        def ovhcore_redaction(self) -> Redaction:
            return Redaction(["pin", "X-Team"], [r"INV-\d+"], ["CANARYVALUE"])

    client = ovh.Client(
        "ovh-eu",
        transport="record+echo",
        options={"cassette": path, "record_mode": "all"},
        plugins=[Plugin()],
        proxy=proxy,
        headers={"Cookie": "a=CANARYCOOKIE; b=x", "X-Api-Key": "CANARYAPIKEY", "X-Team": "CANARYTEAM"},
        **keys,
    )
    body = {
        "password": "CANARYWORD",
        "pin": "CANARYPIN",
        "note": "INV-777 CANARYVALUE CANARYPROXY",
        "n": {"secret": "CANARYDEEP"},
    }
    for _ in range(2):
        with pytest.raises(APIError):
            client.post("/me/CANARYDEEP/x?token=CANARYQUERY", **body)
    client.close()
    absent(
        path, "CANARYAPP", "CANARYSECRET", "CANARYCONSUMER", "CANARYCOOKIE", "CANARYAPIKEY", "CANARYTEAM", "CANARYWORD",
        "CANARYPIN", "INV-777", "CANARYVALUE", "CANARYPROXY", "CANARYQUERY", "CANARYSESSION", "CANARYHEADER",
        "CANARYPASSWORD", "CANARYDEEP", "$1$0", "$1$a",
    )  # fmt: skip
    # The program replays with other secrets of its own.
    other = ovh.Client(transport="replay", options={"cassette": path})
    with pytest.raises(APIError):
        other.post(
            "/me/OTHER/x?token=OTHER",
            **{**body, "password": "OTHER", "pin": "O", "note": "INV-1 ELSE OTHERS", "n": {"secret": "s"}},
        )


def test_over_a_real_server(tmp_path: Path) -> None:
    path = tmp_path / "served.cassette"
    with serve() as server:
        client = ovh.Client(
            server.url,
            transport="record+urllib3",
            options={"cassette": str(path)},
            proxy="none",
            client_id=CLIENT_ID,
            client_secret=CLIENT_SECRET,
            token_url=server.token_url,
        )
        recorded = client.get("/me")
        client.close()
    absent(path, CLIENT_ID, CLIENT_SECRET)
    assert ovh.Client(transport="replay", options={"cassette": path}).get("/me") == recorded


SECRET = st.text(st.characters(exclude_categories=["Cs"]), min_size=6, max_size=20).filter(
    lambda secret: secret not in REDACTED and not secret.isspace()
)


@given(SECRET, st.sampled_from(["password", "token", "consumerKey", "accessToken", "clientSecret"]))
def test_a_secret_that_was_named_once_is_hidden_everywhere(secret: str, name: str) -> None:
    secret = f"Zq{secret}"
    request = Request(
        "POST", f"https://h/1.0/a?x={quote(secret, safe='')}", {"X-A": "b"}, json.dumps({name: secret}).encode()
    )
    for body in (json.dumps([secret, {"k": f"<{secret}>"}]), json.dumps({"k": secret}, ensure_ascii=False)):
        response = Response(200, {"Content-Type": "application/json"}, body.encode())
        interaction = Interaction.of(request, response)
        text = json.dumps(interaction.record, ensure_ascii=False)
        for spelled in (json.dumps(secret, ensure_ascii=False)[1:-1], json.dumps(secret)[1:-1], quote(secret, safe="")):
            assert spelled not in text
        assert secret not in interaction.response.text  # type: ignore[union-attr]


def test_a_form_and_a_cookie_are_read_for_secrets() -> None:
    form = {"Content-Type": "application/x-www-form-urlencoded", "Cookie": "a=cookie-1; b=cookie-2"}
    request = Request("POST", "https://h/token", form, b"grant_type=x&code=the-code&client_id=the-client&scope=all")
    response = Response(200, {"Set-Cookie": "s=cookie-3; Path=/"}, b"the-code the-client cookie-1 cookie-2 cookie-3")
    interaction = Interaction.of(request, response)
    assert interaction.request.body == b"grant_type=x&code=<redacted>&client_id=<redacted>&scope=all"
    assert interaction.response is not None
    assert interaction.response.text == " ".join([REDACTED] * 5)


def test_a_redaction_is_declared_once_and_put_together() -> None:
    both = Redaction(["A"], ["x"], ["v"]) | Redaction(["b"], [], ["w"])
    assert both.names == {"a", "b"}
    assert [value.reveal() for value in both.values] == ["v", "w"]
    assert "'v'" not in repr(both)
    with pytest.raises(TypeError, match="names must be a list of strings"):
        Redaction("password")


def test_imported_cassettes_lose_their_secrets() -> None:
    data = b"""
version: 1
interactions:
- request: {method: GET, uri: 'https://h/1.0/me?token=CANARYA', body: null, headers: {Authorization: [Bearer CANARYB]}}
  response:
    status: {code: 200, message: OK}
    headers: {Set-Cookie: [s=CANARYCOOKIE]}
    body: {string: '"CANARYB CANARYCOOKIE"'}
"""
    (interaction,) = from_vcr(data)
    assert "CANARY" not in json.dumps(interaction.record)


def test_what_other_tools_write_in_place_of_secrets_is_none() -> None:
    request = Request("GET", "https://h/", {"Authorization": "[REDACTED]", "X-Ovh-Consumer": "redacted"})
    interaction = Interaction.of(request, Response(200, {}, b"REDACTED redacted"))
    assert interaction.response == Response(200, {}, b"REDACTED redacted")


S = "q7Zk-secret-91"


@pytest.mark.parametrize(
    "name",
    [
        "newPassword",
        "rootPassword",
        "passwd",
        "secretKey",
        "privateKey",
        "userToken",
        "authenticationSecret",
        "X-Auth-Token",
        "api_key",
        "DB_PASSWORD",
    ],
)
def test_names_that_end_in_a_secrets_word(name: str) -> None:
    for body in (json.dumps({name: S}), json.dumps({name: [S, {"a": S}]}), f"x=1&{name}={S}"):
        interaction = Interaction.of(Request("PUT", "https://h/a", {}, body.encode()), Response(200, {}, body.encode()))
        assert S not in json.dumps(interaction.record)


@pytest.mark.parametrize("name", ["tokenType", "passwordLastUpdate", "keyboard", "secretary", "tokens_left"])
def test_names_that_only_speak_of_secrets(name: str) -> None:
    interaction = Interaction.of(Request("GET", "https://h/a"), Response(200, {}, json.dumps({name: "plain"}).encode()))
    assert interaction.response is not None
    assert interaction.response.json() == {name: "plain"}


@pytest.mark.parametrize(
    "body",
    [
        f'{{"name":"é","password":"{S}"}}'.encode("latin-1"),
        f"nom=é&password={S}".encode("latin-1"),
        json.dumps({"password": S}).encode("utf-16"),
        gzip.compress(json.dumps({"password": S}).encode(), mtime=0),
        zlib.compress(json.dumps({"password": S}).encode()),
        b'--x\r\nContent-Disposition: form-data; name="password"\r\n\r\n' + S.encode() + b"\r\n--x--",
        f"<a><password>{S}</password></a>".encode(),
        f"<a><x:userToken lang='x'>{S}</x:userToken></a>".encode(),
        f'{{ "token" : ["aaaaaa1","{S}"], "f":NaN}}'.encode(),
        f'{{ "secret" : {{"a":1,"id":"{S}"}}, "a":1, "a":2}}'.encode(),
        f'\ufeff{{"clientSecret": "{S}"}}'.encode(),
        f"grant_type=x&code={S}".encode(),
        f"grant_type=x&client%5Fsecret={S}".encode(),
        json.dumps({"log": json.dumps({"password": S})}).encode(),
        json.dumps({"log": json.dumps({"deep": json.dumps([{"password": S}])})}).encode(),
        json.dumps({"token": [S], "other": S}).encode(),
        json.dumps({"url": f"https://me:{S}@host/a"}).encode(),
        f"see https://{S}@host/".encode(),
    ],
    ids=range(18),
)
def test_bodies_of_every_kind(body: bytes) -> None:
    """Also what is no JSON, no form and no UTF-8."""
    interaction = Interaction.of(Request("POST", "https://h/a", {}, body), Response(200, {}, body))
    for written in (json.dumps(interaction.record), *map(str, _readings(interaction))):
        assert S not in written


def _readings(interaction: Interaction) -> Iterator[str]:
    response = interaction.response
    assert response is not None
    for data in (interaction.request.body, response.body):
        yield data.decode("latin-1")
        yield data.decode("utf-16", "replace")
        for decompress in (gzip.decompress, zlib.decompress):
            try:
                yield decompress(data).decode()
            except (OSError, EOFError, zlib.error):
                continue


def test_a_body_that_hides_nothing_stays_as_it_is() -> None:
    for body in (b"\xff\xfe\x00", gzip.compress(b"hello", mtime=0), b"\x89PNG\r\n\x1a\n\x00"):
        interaction = Interaction.of(Request("POST", "https://h/a", {}, body), Response(200, {}, body))
        assert interaction.request.body == body
        assert interaction.response == Response(200, {}, body)


@pytest.mark.parametrize(
    ("headers", "said"),
    [
        ({"Authorization": f"Bearer\t{S}"}, S),
        ({"Authorization": f"ApiKey {S}"}, S),
        ({"Authorization": "Basic " + base64.b64encode(f"user:{S}".encode()).decode()}, S),
        ({"Authorization": "Basic !!"}, "nothing"),
        ({"Cookie": f'a="{S}"'}, S),
        ({"X-Ovh-Consumer": "ab/cd+ef12"}, "ab%2fcd%2bef12"),
        ({"Location": f"https://h/?pin={S}#access_token={S}"}, S),
        ({"Location": f"https://me:{S}@h/"}, S),
    ],
)
def test_headers_of_every_kind(headers: dict[str, str], said: str) -> None:
    body = said.encode() if said != "nothing" else b""
    request = Request("GET", f"https://me:{S}@h/a;token={S}?consumer%4Bey={S}", headers)
    interaction = Interaction.of(request, Response(200, headers, body), scrubber=Scrubber(Redaction(["pin"])))
    assert S not in json.dumps(interaction.record)
    assert said == "nothing" or said not in json.dumps(interaction.record)


@pytest.mark.parametrize(
    "body",
    [
        f'{{ "pin" :  "{S}" }}',
        f'{{"pin":"{S}","pin":"{S}"}}',
        f'{{"pin":"{S}","n":NaN}}',
        json.dumps({"p": json.dumps({"pin": S})}),
        f"a=1&pin={S}",
        f"the pin={S}, they say",
        f"<pin>{S}</pin>",
    ],
)
def test_declared_names_count_everywhere(body: str) -> None:
    scrubber = Scrubber(Redaction(["pin"], [r"INV-[0-9]+"], ["ab1"]))
    request = Request("POST", "https://h/INV-1/ab1", {}, body.encode())
    interaction = Interaction.of(request, Response(200, {}, body.encode()), scrubber=scrubber)
    text = json.dumps(interaction.record)
    assert S not in text
    assert "INV-1" not in text
    assert "ab1" not in text


def test_json_within_json_that_hides_nothing_stays_as_it_is() -> None:
    body = json.dumps({"log": '{"a":  1}', "odd": "{not JSON"}).encode()
    interaction = Interaction.of(Request("GET", "https://h/a"), Response(200, {}, body))
    assert interaction.response == Response(200, {}, body)


def test_words_of_an_answer_are_not_looked_for_elsewhere() -> None:
    headers = [("Set-Cookie", "country=FRANCE; path=/"), ("X-Token-Expires", "1795596561"), ("X-Auth-Mode", "default")]
    body = b'{"country":"FRANCE","until":"1795596561","mode":"default","token":"domain","path":"domain"}'
    interaction = Interaction.of(Request("GET", "https://h/a"), Response(200, headers, body))
    assert interaction.response is not None
    found = interaction.response.json()
    assert found == {"country": "FRANCE", "until": "1795596561", "mode": "default", "token": REDACTED, "path": "domain"}


def test_hidden_names_stay_apart() -> None:
    headers = {"X-Ovh-Application": "AKAKAKAK1", "X-Ovh-Consumer": "CKCKCKCK1"}
    body = b'{"AKAKAKAK1":1,"CKCKCKCK1":2}'
    interaction = Interaction.of(Request("GET", "https://h/a", headers), Response(200, {}, body))
    assert interaction.response is not None
    assert sorted(interaction.response.json().values()) == [1, 2]


def test_a_clients_secrets_are_known_though_never_sent(tmp_path: Path) -> None:
    keys: dict[str, Any] = {**ACCESS_KEYS, "application_secret": "supersecret-AS-1"}
    for number in range(2):
        path = tmp_path / f"{number}.cassette"
        if number:
            given: Any = RecordTransport(SandboxTransport(), path)
            client = ovh.Client("ovh-eu", transport=given, **keys)
        else:
            client = ovh.Client("ovh-eu", transport="record+sandbox", options={"cassette": path}, **keys)
        with pytest.raises(APIError):
            client.get("/me/supersecret-AS-1")
        client.close()
        assert b"supersecret-AS-1" not in path.read_bytes()


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ((["a"], [re.compile(b"x")]), TypeError, "patterns must be strings; there is one of Pattern"),
        (([b"pin"],), TypeError, "names must be strings; there is one of bytes"),
        ((5,), TypeError, "names must be a list of strings, not int"),
        (([], ["("]), ValueError, r"the pattern '\(' is no regular expression: missing \)"),
        (([], [], [123]), TypeError, "values must be strings; there is one of int"),
    ],
)
def test_declarations_that_hide_nothing(arguments: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        Redaction(*arguments)


def test_many_secrets_cost_little() -> None:
    scrubber = Scrubber()
    for number in range(3000):
        request = Request("GET", "https://h/a", {"Cookie": f"session=cookie-{number}-{number}"})
        scrubber.learn(request, {})
    assert scrubber.text("x cookie-2999-2999 y") == f"x {REDACTED} y"
    assert scrubber.url("https://a/" + "?" * 50_000)


def test_imported_secrets_that_are_declared() -> None:
    data = (
        b"interactions:\n- request: {method: GET, uri: 'https://h/?pin=PINPIN99'}\n  response: {status: {code: 200}}\n"
    )
    (interaction,) = from_vcr(data + b"version: 1\n", Redaction(["pin"]))
    assert "PINPIN99" not in json.dumps(interaction.record)


@pytest.mark.untraced
def test_threads_share_a_scrubber() -> None:
    scrubber = Scrubber()

    def work(number: int) -> None:
        for each in range(100):
            key = f"consumer-{number}-{each}-key"
            scrubber.learn(Request("GET", "https://h/a", {"X-Ovh-Consumer": key}), {})
            assert scrubber.text(f"it is {key}") == f"it is {REDACTED}"

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(8)))


def test_a_scrubber_knows_in_the_child_of_a_fork_what_it_knew() -> None:
    scrubber = Scrubber()
    scrubber.hide(["consumer-key"])
    scrubber.after_fork()
    assert scrubber.text("consumer-key") == REDACTED
