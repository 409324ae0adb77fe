"""Credentials go only where their own place or a more trusted one sends them."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from hypothesis import event, given
from hypothesis import strategies as st

import ovhcore as ovh
from ovhcore.client.transport import InsecureWarning
from ovhcore.exceptions import APIError, InvalidConfiguration
from ovhcore.plugins import hookimpl
from ovhcore.protocol.credentials import AccessToken
from ovhcore.protocol.endpoints import resolve_endpoint
from tests.servers import RawServer, Received, answer

# Most specific first, as settings are looked for; and how far each is trusted, told apart from the code.
PLACES = ("argument", "environment", "named", "directory", "home", "system")
RANK = {"argument": 2, "environment": 2, "named": 2, "home": 2, "system": 2, "directory": 1}
KINDS = {
    "key": ("application_key", "application_secret", "consumer_key"),
    "account": ("client_id", "client_secret"),
    "token": ("access_token",),
}


@contextmanager
def world(
    env: dict[str, str] | None = None, files: dict[str, str] | None = None, mode: int = 0o600
) -> Iterator[dict[str, Path]]:
    """Enter a directory with configuration files where they are looked for."""
    old = os.getcwd()
    with tempfile.TemporaryDirectory() as name:
        root = Path(name).resolve()
        (root / "home").mkdir()
        (root / "project").mkdir()
        paths = {
            "named": root / "named.conf",
            "directory": root / "project" / "ovh.conf",
            "home": root / "home" / ".ovh.conf",
            "system": root / "system.conf",
        }
        for place, text in (files or {}).items():
            paths[place].write_text(text, "utf-8")
            paths[place].chmod(mode)
        usual = ("./ovh.conf", "~/.ovh.conf", str(paths["system"]))
        with (
            mock.patch("ovhcore.config.settings_sources.CONFIG_FILES", usual),
            mock.patch.dict(os.environ, {"HOME": str(root / "home"), **(env or {})}),
        ):
            os.chdir(root / "project")
            try:
                yield paths
            finally:
                os.chdir(old)


def answering(request: Received) -> bytes:
    if request.method == "CONNECT":
        return answer(b"", "502 Bad Gateway")
    if request.target.endswith("/token"):
        return answer(b'{"access_token": "issued", "token_type": "Bearer", "expires_in": 3600}')
    return answer(b'"Ada"')


LED = ("endpoint", "token_url", "proxy", "verify")
some_places = st.sets(st.sampled_from(PLACES), max_size=2)


@st.composite
def situations(draw: st.DrawFn) -> dict[str, Any]:
    endpoints = draw(
        st.dictionaries(st.sampled_from(PLACES), st.sampled_from(["ovh-eu", "URL", "URL"]), min_size=1, max_size=3)
    )
    return {
        "kind": draw(st.sampled_from(sorted(KINDS))),
        "endpoints": endpoints,
        "credentials": draw(some_places),
        "token_url": draw(some_places),
        "proxy": draw(some_places),
        "verify": draw(some_places),
        "header": draw(some_places),
    }


def secret(name: str, place: str) -> str:
    return f"canary-{name}-of-{place}".replace("_", "-")


def verdict(situation: dict[str, Any]) -> tuple[tuple[str, str] | None, dict[str, str]]:
    """Return a place that leads the secret of another one astray and that one; and the place of each setting."""
    with_all = "argument" in situation["endpoints"] and "argument" in situation["credentials"]
    asked = [place for place in PLACES if not with_all or place in ("argument", "environment", "named")]
    # The endpoint and where tokens come from are part of who calls.
    who = [place for place in asked if not (with_all and place == "environment")]
    counts: dict[str, str] = {}
    for name, places, order in (
        ("endpoint", situation["endpoints"], who),
        ("credentials", situation["credentials"], who),
        ("token_url", situation["token_url"], who),
        ("proxy", situation["proxy"], asked),
        ("verify", situation["verify"], asked),
        ("header", situation["header"], asked),
    ):
        having = [place for place in order if place in places]
        if having:
            counts[name] = having[0]
    url = situation["endpoints"][counts["endpoint"]] == "URL"
    for leader in LED:
        if leader not in counts or (leader == "endpoint" and not url):
            continue
        for held in ("credentials", "header"):
            own_section = leader == "endpoint" and held == "credentials" and counts.get(held) not in PLACES[:2]
            if held in counts and RANK[counts[leader]] < RANK[counts[held]] and not own_section:
                return (leader, held), counts
    return None, counts


def told(situation: dict[str, Any], origin: str) -> tuple[dict[str, Any], dict[str, str], dict[str, str]]:
    """Return arguments, variables and files that say what a situation has."""
    url = f"{origin}/1.0"
    arguments: dict[str, Any] = {}
    env: dict[str, str] = {}
    files: dict[str, str] = {}
    for place in PLACES:
        default: dict[str, str] = {}
        if place in situation["endpoints"]:
            default["endpoint"] = url if situation["endpoints"][place] == "URL" else "ovh-eu"
        if place in situation["token_url"]:
            default["token_url"] = f"{origin}/token"
        if place in situation["proxy"]:
            default["proxy"] = origin
        if place in situation["verify"]:
            default["verify"] = "false"
        keys: dict[str, str] = {}
        if place in situation["credentials"]:
            keys = {name: secret(name, place) for name in KINDS[situation["kind"]]}
        header = secret("header", place) if place in situation["header"] else None
        if place == "argument":
            arguments = {**default, **keys, "headers": {"X-Secret": header} if header else None}
        elif place == "environment":
            env = {f"OVH_{name.upper()}": value for name, value in {**default, **keys}.items()}
            env |= {"OVH_HTTP_HEADERS_1": f"X-Secret: {header}"} if header else {}
        else:
            lines = ["[default]", *(f"{name} = {value}" for name, value in default.items())]
            lines += [f"header.X-Secret = {header}"] if header else []
            for section in ("ovh-eu", url):
                lines += [f"[{section}]", *(f"{name} = {value}" for name, value in keys.items())]
            files[place] = "\n".join(lines) + "\n"
    return arguments, env, files


@pytest.mark.filterwarnings("ignore::ovhcore.client.transport.InsecureWarning")
@given(situations())
def test_no_server_gets_what_a_less_trusted_place_led_there(situation: dict[str, Any]) -> None:
    astray, counts = verdict(situation)
    event("refused" if astray else "led by its own")
    with RawServer(answering) as server:
        arguments, env, files = told(situation, server.origin)
        with world(env, files) as paths:
            made: Any = None
            try:
                made = ovh.Client(transport="urllib3", config_file=paths["named"], retry=False, timeout=20, **arguments)
            except InvalidConfiguration as error:
                message = str(error)
                assert astray is not None or "token URL" in message, message
                assert "canary" not in message
                if astray is not None:
                    assert "must not decide where" in message
                    for name in astray:
                        place = counts[name]
                        where = {"directory": "./ovh.conf"}.get(place, str(paths.get(place, place)))
                        assert f"({where}" in message, (name, message)
            else:
                assert astray is None, (astray, counts)
                # The known endpoint is never reached from here: only what leads to this server is called.
                if situation["endpoints"][counts["endpoint"]] == "URL" or "proxy" in counts:
                    with suppress(APIError):
                        made.get("/me", "credentials" in counts)
                made.close()
        received = b"".join(request.head + request.body for request in server.received)
    if astray is not None:
        assert not received
    for place in PLACES:
        for name in (*KINDS[situation["kind"]], "header"):
            kind = "header" if name == "header" else "credentials"
            if secret(name, place).encode() in received:
                assert counts[kind] == place
    if made is not None and situation["endpoints"][counts["endpoint"]] == "URL":
        assert received  # so that the test can tell


TOKEN = {"OVH_ACCESS_TOKEN": "canary-token"}
ACCOUNT = "[ovh-eu]\nclient_id = canary-id\nclient_secret = canary-secret\n"


@pytest.mark.parametrize(
    ("env", "home", "directory", "said"),
    [
        (TOKEN, "", "endpoint = http://127.0.0.1:{port}/1.0", ["OVH_ACCESS_TOKEN (environment)", "OVH_ENDPOINT"]),
        ({}, ACCOUNT, "endpoint = ovh-eu\ntoken_url = http://127.0.0.1:{port}/t", ["client_id (", "OVH_TOKEN_URL"]),
        (TOKEN, "", "endpoint = ovh-eu\nproxy = http://127.0.0.1:{port}", ["OVH_PROXY"]),
        (TOKEN, "", "endpoint = ovh-eu\nverify = off", ["OVH_VERIFY"]),
        (TOKEN, "", "endpoint = ovh-eu\nca_bundle = {file}", ["OVH_CA_BUNDLE"]),
        (TOKEN, "", "endpoint = ovh-eu\nclient_cert = {file}", ["OVH_CLIENT_CERT"]),
        (TOKEN, "", "endpoint = ovh-eu\nclient_cert = {file}\nclient_key = {file}", ["OVH_CLIENT_CERT"]),
        (TOKEN, "", "endpoint = http://api.example/1.0\nallow_http = on", ["OVH_ENDPOINT"]),
        (
            {**TOKEN, "OVH_ENDPOINT": "http://api.example/1.0"},
            "",
            "allow_http = on",
            ["allow_http (./ovh.conf", "OVH_ALLOW_HTTP"],
        ),
        (TOKEN, "", "endpoint = ovh-eu\ntransport = record\ncassette = c.cassette", ["OVH_CASSETTE"]),
        ({}, "[default]\nheader.X-Key = canary", "endpoint = http://127.0.0.1:{port}/1.0", ["header x-key ("]),
        ({}, "[default]\nclient_cert = {file}", "endpoint = http://127.0.0.1:{port}/1.0", ["client_cert ("]),
    ],
)
def test_each_setting_that_leads_is_named(env: dict[str, str], home: str, directory: str, said: list[str]) -> None:
    with RawServer(answering) as server:
        filled = {"port": server.port, "file": __file__}
        files = {"home": home.format(**filled), "directory": "[default]\n" + directory.format(**filled)}
        with world(env, files), pytest.raises(InvalidConfiguration) as caught:
            ovh.Client()
        assert not server.received
    message = str(caught.value)
    assert "(./ovh.conf, section [default])" in message
    assert "canary" not in message
    for text in said:
        assert text in message


@pytest.mark.parametrize(
    "directory",
    [
        "endpoint = ovh-ca",
        "endpoint = https://eu.api.ovh.com/v2",
        "endpoint = https://api.eu.ovhcloud.com:443/1.0\ntime_sync = off\ntimeout = 3",
        "endpoint = ovh-eu\nverify = true\nallow_http = off\nuser_agent = mine\nheader.X-Team = a",
        "endpoint = ovh-eu\nallow_http = on",
        "endpoint = ovh-eu\ntoken_url = https://www.ovh.com/auth/oauth2/token",
        "endpoint = ovh-eu\ntransport = replay\ncassette = c.cassette",
    ],
)
def test_a_directory_may_say_what_leads_nowhere_else(directory: str) -> None:
    with world(TOKEN, {"directory": f"[default]\n{directory}\n"}):
        assert ovh.Client().settings.credentials == AccessToken("canary-token")


def test_a_directory_leads_what_is_its_own() -> None:
    text = "[default]\nendpoint = {0}\nproxy = none\n[{0}]\naccess_token = own\nheader.X-Own = own\n"
    with RawServer(answering) as server, world({}, {"directory": text.format(f"{server.origin}/1.0")}):
        assert ovh.Client().get("/me") == "Ada"
        assert server.received[0].fields["authorization"] == "Bearer own"
    with world({}, {"directory": "[default]\nendpoint = https://api.example/1.0\n"}):
        assert ovh.Client().endpoint.name == "https://api.example/1.0"


def test_without_a_home_its_file_is_one_of_the_directory() -> None:
    with (
        world(TOKEN),
        mock.patch("os.path.expanduser", str),
        mock.patch("ovhcore.config.settings_sources.CONFIG_FILES", ("~/.ovh.conf",)),
    ):
        Path("~").mkdir()
        Path("~/.ovh.conf").write_text("[default]\nendpoint = https://api.example/1.0\n")
        with pytest.raises(InvalidConfiguration, match="must not decide where"):
            ovh.Client()


class Supplying:
    asked = 0

    @hookimpl
    def ovhcore_credentials(self, settings: Any) -> AccessToken:
        self.asked += 1
        return AccessToken("canary-supplied")


@pytest.mark.parametrize("arguments", [{"application_key": ""}, {"consumer_key": ""}, {"config": True}])
def test_an_empty_argument_makes_no_place_more_trusted(arguments: dict[str, Any]) -> None:
    directory = "[default]\nendpoint = ovh-eu\ntoken_url = http://127.0.0.1:9/token\nconsumer_key = c\n"
    home = "[ovh-eu]\nclient_id = someone\nclient_secret = canary\n"
    with (
        world(files={"directory": directory, "home": home}),
        pytest.raises(InvalidConfiguration, match=r"token_url \(./ovh.conf"),
    ):
        ovh.Client(**arguments)


def test_what_a_plugin_supplies_is_led_by_users_and_not_by_directories() -> None:
    text = "[default]\nendpoint = {}/1.0\n"
    with RawServer(answering) as server:
        said = text.format(server.origin)
        with world({}, {"directory": said}):
            with pytest.raises(InvalidConfiguration) as caught:
                ovh.Client(plugins=[Supplying()])
            said_of_both = "endpoint (./ovh.conf, section [default]) must not decide where what a plugin supplies as"
            assert said_of_both in str(caught.value)
        assert not server.received
        with world({}, {"home": said}):
            assert ovh.Client(plugins=[Supplying()]).get("/me") == "Ada"


def test_sandboxes_know_no_foreign_secrets() -> None:
    with (
        world(TOKEN, {"directory": "[default]\nendpoint = https://api.example/1.0\nverify = off\n"}),
        pytest.warns(InsecureWarning),
    ):
        assert ovh.Client(transport="sandbox").endpoint.name == "https://api.example/1.0"


# Without TLS


@pytest.mark.parametrize(
    "url",
    [
        "http://localhost:1/1.0",
        "http://LOCALHOST./1.0",
        "http://a.localhost/1.0",
        "http://127.0.0.1/1.0",
        "http://127.255.3.4:80/",
        "http://[::1]:8080/1.0",
        "http://[::ffff:127.0.0.1]/1.0",
        "http://[0:0:0:0:0:0:0:1]/1.0",
        "https://eu.api.ovh.com/1.0",
    ],
)
def test_what_stays_on_this_machine_needs_no_tls(url: str) -> None:
    assert resolve_endpoint(url, url).token_url is not None


@pytest.mark.parametrize(
    "url",
    [
        "http://eu.api.ovh.com/1.0",
        "HTTP://api.example",
        "http://127.0.0.1.example/1.0",
        "http://localhost.example/",
        "http://mylocalhost/",
        "http://128.0.0.1/",
        "http://127.0.0.256/",
        "http://0.0.0.0/",
        "http://10.0.0.1/",
        "http://[::2]/",
        "http://[::ffff:8.8.8.8]/",
        "http://[::1:1]/",
        "http://[ffff::1]/",
        "http://[::ffff:7f00:1]/",
    ],
)
def test_without_tls_nothing_leaves_this_machine(url: str) -> None:
    for arguments in ((url,), ("ovh-eu", url)):
        with pytest.raises(InvalidConfiguration, match="allow_http"):
            resolve_endpoint(*arguments)
        resolve_endpoint(*arguments, allow_http=True)
    with pytest.raises(InvalidConfiguration, match=r"allow_http.*It is set by endpoint \(argument\)"):
        ovh.Client(url)
    with pytest.raises(InvalidConfiguration, match=r"token URL.*allow_http.*It is set by token_url \(argument\)"):
        ovh.Client("ovh-eu", token_url=url)
    assert ovh.Client(url, token_url=url, allow_http=True).endpoint.url.startswith("http://")
    with world({"OVH_ALLOW_HTTP": "yes", "OVH_ENDPOINT": url}):
        assert ovh.Client().endpoint.url.startswith("http://")
