from __future__ import annotations

import os
import threading
import traceback
from pathlib import Path
from typing import Any

import pytest

from ovhcore import exceptions as exc
from ovhcore.config import Settings
from ovhcore.config.files import Environment
from ovhcore.config.settings_sources import SettingsSources
from ovhcore.protocol.credentials import AccessToken, ApplicationKey, OAuth2Client
from ovhcore.protocol.messages import DEFAULT_TIMEOUT, Timeout

KEY = {"application_key": "ak-canary", "application_secret": "as-canary"}
ENV_KEY = {"OVH_APPLICATION_KEY": "env-ak", "OVH_APPLICATION_SECRET": "env-as", "OVH_CONSUMER_KEY": "env-ck"}


def load(
    arguments: dict[str, Any] | None = None, env: dict[str, str] | None = None, *files: Path, **options: Any
) -> Settings:
    names = tuple(str(file) for file in files)
    config_file = options.pop("config_file", None)
    places = SettingsSources(arguments or {}, config_file=config_file, environment=Environment(env or {}), files=names)
    return places.settings(**options)


def conf(path: Path, text: str) -> Path:
    path.write_text(text, "utf-8")
    return path


def refused(kind: type[exc.APIError], *args: Any, **options: Any) -> str:
    with pytest.raises(kind) as caught:
        load(*args, **options)
    error: BaseException | None = caught.value
    trace: Any = caught.value.__traceback__
    caught.value.__traceback__ = trace.tb_next.tb_next  # without the frames of this test
    shown = "".join(traceback.TracebackException.from_exception(caught.value, capture_locals=True).format())
    while error is not None:
        assert "canary" not in repr(error) + str(error)
        error = error.__cause__ or error.__context__
    assert "canary" not in shown
    return str(caught.value)


def keys_of(settings: Settings) -> tuple[str, ...]:
    assert settings.credentials is not None
    return tuple(settings.credentials.secrets())


FILE = """
[default]
endpoint = ovh-ca
transport = file
timeout = 5,60
header.X-Team = file
[ovh-ca]
application_key = file-ak
application_secret = file-as
consumer_key = file-ck
user_agent = file-agent
header.X-Other = other
[ovh-eu]
client_id = id
client_secret = secret
"""


def test_most_specific_first(tmp_path: Path) -> None:
    near = conf(tmp_path / "near", "[default]\nendpoint=ovh-ca\n[ovh-ca]\nconsumer_key = near-ck\ntransport = near\n")
    far = conf(tmp_path / "far", FILE)
    settings = load({}, {}, near, far)
    assert settings.endpoint.name == "ovh-ca"
    assert keys_of(settings) == ("file-ak", "file-as", "near-ck")
    assert settings.transport == "near"
    assert settings.connection.timeout == Timeout(5, 60)
    assert settings.user_agent == "file-agent"
    assert settings.headers == (("x-team", "file"), ("x-other", "other"))
    from_env = load({}, {**ENV_KEY, "OVH_TRANSPORT": "env", "OVH_HTTP_HEADERS_1": "X-Team: env"}, near, far)
    assert keys_of(from_env) == ("env-ak", "env-as", "env-ck")
    assert from_env.transport == "env"
    assert dict(from_env.headers)["X-Team"] == "env"
    given = load({**KEY, "timeout": 3, "headers": {"X-TEAM": "me"}}, ENV_KEY, far)
    assert keys_of(given) == ("ak-canary", "as-canary")
    assert given.connection.timeout == Timeout(3, 3)
    assert ("X-TEAM", "me") in given.headers
    assert load({"endpoint": "ovh-eu"}, {}, near, far).credentials == OAuth2Client("id", "secret")
    assert load({}, {"OVH_ENDPOINT": "ovh-eu"}, far).credentials == OAuth2Client("id", "secret")


def test_a_file_that_is_named_comes_before_the_usual_ones(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    conf(tmp_path / "mine.conf", "[default]\nendpoint = ovh-us\n")
    far = conf(tmp_path / "far", FILE)
    settings = load({}, {}, far, config_file="~/mine.conf")
    assert settings.endpoint.name == "ovh-us"
    assert settings.credentials is None
    message = refused(exc.InvalidConfiguration, {}, {}, config_file=tmp_path / "no.conf")
    assert "no.conf does not exist" in message


def test_environment_wins_as_a_set(tmp_path: Path) -> None:
    far = conf(tmp_path / "far", FILE)
    settings = load({}, {"OVH_ENDPOINT": "ovh-ca", "OVH_CLIENT_ID": "i", "OVH_CLIENT_SECRET": "s"}, far)
    assert settings.credentials == OAuth2Client("i", "s")
    assert load({}, {"OVH_ACCESS_TOKEN": "t"}, far).credentials == AccessToken("t")


def test_who_says_it_all_meets_neither_variables_nor_files(tmp_path: Path) -> None:
    broken = conf(tmp_path / "broken", "canary before any section")
    env = {**ENV_KEY, "OVH_ENDPOINT": "ovh-us", "OVH_TRANSPORT": "env"}
    settings = load({"endpoint": "ovh-eu", **KEY, "consumer_key": "ck-canary"}, env, broken)
    assert settings.credentials == ApplicationKey("ak-canary", "as-canary", "ck-canary")
    assert settings.transport == "env"
    named = conf(tmp_path / "named", "[default]\ntransport = named\n")
    assert load({"endpoint": "ovh-eu", **KEY}, {}, broken, config_file=named).transport == "named"


def test_a_complete_environment_survives_broken_files(tmp_path: Path) -> None:
    broken = conf(tmp_path / "broken", "canary before any section")
    assert load({}, {**ENV_KEY, "OVH_ENDPOINT": "ovh-us"}, broken).endpoint.name == "ovh-us"
    assert "broken is not usable: line 1" in refused(exc.InvalidConfiguration, {}, ENV_KEY, broken)


def test_a_file_that_nobody_needs_may_be_unusable(tmp_path: Path) -> None:
    """As /etc/ovh.conf that only root may read, beside a user's own complete file."""
    directory = tmp_path / "directory"
    directory.mkdir()
    mine = conf(tmp_path / "mine", FILE)
    assert keys_of(load({}, {}, mine, directory)) == ("file-ak", "file-as", "file-ck")
    assert "cannot be read" in refused(exc.InvalidConfiguration, {}, {}, directory, mine)
    only_keys = conf(tmp_path / "keys", FILE.replace("endpoint = ovh-ca", ""))
    assert "cannot be read" in refused(exc.InvalidConfiguration, {}, {}, only_keys, directory)
    assert keys_of(load({"endpoint": "ovh-ca"}, {}, only_keys, directory))[0] == "file-ak"
    only_endpoint = conf(tmp_path / "endpoint", "[default]\nendpoint = ovh-ca\n")
    assert "cannot be read" in refused(exc.InvalidConfiguration, {}, {}, only_endpoint, directory)


def test_a_consumer_key_completes_its_own_application_key(tmp_path: Path) -> None:
    pair = {"endpoint": "ovh-ca", "application_key": "file-ak", "application_secret": "as"}
    file = conf(tmp_path / "file", FILE)
    assert keys_of(load(pair, {}, file)) == ("file-ak", "as", "file-ck")
    assert keys_of(load(pair, {"OVH_CONSUMER_KEY": "env-ck"}, file)) == ("file-ak", "as", "env-ck")
    assert keys_of(load({**pair, "application_key": "other"}, {}, file)) == ("other", "as")
    assert keys_of(load(pair, {"OVH_ACCESS_TOKEN": "t"}, file)) == ("file-ak", "as")
    mixed = {"OVH_ACCESS_TOKEN": "t", "OVH_CONSUMER_KEY": "env-ck"}
    assert keys_of(load(pair, mixed, file)) == ("file-ak", "as")
    assert keys_of(load(pair, {})) == ("file-ak", "as")
    oauth2 = {"endpoint": "ovh-ca", "client_id": "i", "client_secret": "s"}
    assert keys_of(load(oauth2, {"OVH_CONSUMER_KEY": "env-ck"}, file)) == ("i", "s")


def test_empty_is_unset(tmp_path: Path) -> None:
    far = conf(tmp_path / "far", FILE + "\n")
    near = conf(
        tmp_path / "near", "[default]\nendpoint =\n[ovh-ca]\nconsumer_key = \nnothing\n".replace("nothing\n", "")
    )
    settings = load(
        {"endpoint": None, "consumer_key": None}, {"OVH_ENDPOINT": " ", "OVH_HTTP_HEADERS_2": ""}, near, far
    )
    assert keys_of(settings) == ("file-ak", "file-as", "file-ck")


def test_credentials_of_the_default_section_do_not_count(tmp_path: Path) -> None:
    file = conf(tmp_path / "file", "[default]\nendpoint=ovh-eu\napplication_key=a\napplication_secret=b\n")
    assert load({}, {}, file).credentials is None


@pytest.mark.parametrize(
    ("arguments", "env", "said"),
    [
        ({"application_key": "canary"}, {}, "application_key (argument) is set and application_secret is not"),
        ({}, {"OVH_CLIENT_SECRET": "canary"}, "OVH_CLIENT_SECRET (environment) is set and OVH_CLIENT_ID is not"),
        ({**KEY, "client_id": "canary"}, {}, "Two kinds of credentials in one place (argument)"),
        ({}, {"OVH_ACCESS_TOKEN": "canary", "OVH_CLIENT_ID": "canary"}, "OVH_CLIENT_ID and OVH_ACCESS_TOKEN"),
        ({"consumer_key": "canary"}, {}, "consumer_key (argument) needs application_key"),
        ({"access_token": "canary", "consumer_key": "canary"}, {}, "consumer_key (argument) belongs to an application"),
        ({"consumer_key": "canary"}, {"OVH_ACCESS_TOKEN": "canary"}, "not to OVH_ACCESS_TOKEN (environment)"),
        ({}, {"OVH_APPLICATION_KEY": "canary é", "OVH_APPLICATION_SECRET": "x"}, "OVH_APPLICATION_KEY is empty, or"),
        ({"access_token": 7}, {}, "access_token must be a string, not int (argument)"),
        ({}, {"OVH_HTTP_HEADERS_1": "canary"}, "OVH_HTTP_HEADERS_1 must read 'Name: value'"),
        ({}, {"OVH_HTTP_HEADERS_1": "X-A: canary \x01"}, "'X-A' has a value"),
        ({"headers": {"Host": "canary"}}, {}, "written by the library"),
        ({"timeout": -1}, {}, "timeout (argument) must be a number of seconds"),
        ({"timeout": True}, {}, "timeout (argument)"),
        ({}, {"OVH_TIMEOUT": "1,2,3,4"}, "OVH_TIMEOUT (environment)"),
        ({"timeout": object}, {}, "timeout"),
        ({"max_response_size": "much"}, {}, "max_response_size (argument) must be a whole number above 0, not 'much'"),
        ({"max_response_size": 0}, {}, "above 0"),
        ({"ca_bundle": "/does/not/exist"}, {}, "ca_bundle (argument) names /does/not/exist"),
        ({"user_agent": "a\nb"}, {}, "user_agent (argument) must be a line of printable"),
        ({"user_agent": "é"}, {}, "must be a line of printable ASCII text"),
        ({"token_url": "nonsense"}, {}, "token URL is not a usable URL"),
        ({"max_response_size": float("inf")}, {}, "above 0"),
        ({"headers": ["X-A"]}, {}, "headers (argument) must be a mapping"),
        ({"timeout": (10**400, 1)}, {}, "timeout (argument) must be"),
        ({"transport": "a\nb"}, {}, "transport (argument) must be a line of text"),
        ({"token_url": 5}, {}, "token URL must be a string, not int"),
        ({"proxy": "http://u:canary@h\n"}, {}, "proxy (argument) must be a line of text"),
        ({"proxy": "http://u:canary@h", "time_sync": "x"}, {}, "time_sync"),
        ({"headers": {"X-Token": "canary"}, "time_sync": "x"}, {}, "time_sync"),
        ({"headers": {"X-Token": "canary", "X-Other": "canary\n"}}, {}, "'X-Other' has a value"),
        ({"ca_bundle": 5}, {}, "ca_bundle (argument) must be the path of a file, not int"),
        ({}, {"OVH_TIME_SYNC": "often"}, "OVH_TIME_SYNC (environment) must be one of date, server, off, not 'often'"),
        ({"time_sync": []}, {}, "time_sync (argument) must be one of"),
    ],
)
def test_each_mistake_is_named(arguments: dict[str, Any], env: dict[str, str], said: str) -> None:
    assert said in refused(exc.InvalidConfiguration, {"endpoint": "ovh-eu", **arguments}, env)


def test_endpoints(tmp_path: Path) -> None:
    message = refused(exc.InvalidRegion, {}, {}, tmp_path / "a", config_file=None)
    assert "ovh-eu" in message
    assert "OVH_ENDPOINT" in message
    named = conf(tmp_path / "named", "")
    assert "named" in refused(exc.InvalidRegion, {}, {}, config_file=named)
    message = refused(exc.InvalidRegion, {}, {"OVH_ENDPOINT": "ovh-xx"})
    assert "Unknown endpoint 'ovh-xx'" in message
    assert "OVH_ENDPOINT (environment)" in message
    assert "must be a string" in refused(exc.InvalidConfiguration, {"endpoint": 3})
    assert "endpoint (argument)" in refused(exc.InvalidConfiguration, {"endpoint": "https://user:word@host/"})
    settings = load({"endpoint": "http://127.0.0.1:8080/1.0/", "token_url": "http://127.0.0.1:8080/token"})
    assert settings.endpoint.url == "http://127.0.0.1:8080/1.0"
    assert settings.endpoint.token_url == "http://127.0.0.1:8080/token"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"application_secret = canary\n", "line 1 stands before any [section]"),
        (b"[default]\ncanary without equals\n", "line 2 is not 'name = value'"),
        (b"[default]\nendpoint = \xff canary", "not UTF-8"),
        (None, "cannot be read: Is a directory"),
    ],
)
def test_files_that_cannot_be_used(tmp_path: Path, content: bytes | None, said: str) -> None:
    path = tmp_path / "ovh.conf"
    if content is None:
        path.mkdir()
    else:
        path.write_bytes(content)
    message = refused(exc.InvalidConfiguration, {}, {}, path)
    assert str(path) in message
    assert said in message


def test_a_setting_is_blamed_on_its_own_section(tmp_path: Path) -> None:
    file = conf(tmp_path / "file", "[default]\nendpoint = ovh-fr\n")
    assert f"endpoint ({file}, section [default])" in refused(exc.InvalidRegion, {}, {}, file)
    text = "[default]\nendpoint = ovh-eu\ntimeout = 3\nproxy = p\n[ovh-eu]\ntimeout = x\n"
    file = conf(tmp_path / "file", text)
    assert f"timeout ({file}, section [ovh-eu]) must be" in refused(exc.InvalidConfiguration, {}, {}, file)
    file = conf(tmp_path / "file", text.replace("= x", "= 7"))
    settings = load({}, {}, file)
    assert (settings.connection.timeout, settings.connection.proxy) == (Timeout(7, 7), "p")


def test_a_file_that_is_no_path() -> None:
    assert "config_file must be the path of a file, not int" in refused(exc.InvalidConfiguration, config_file=5)


def test_files_that_never_end(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    assert "not a regular file" in refused(exc.InvalidConfiguration, {}, {}, tmp_path / "fifo")
    big = conf(tmp_path / "big", "# canary\n" * 200_000)
    assert "is larger than 1048576 characters" in refused(exc.InvalidConfiguration, {}, {}, big)


def test_sections_of_urls(tmp_path: Path) -> None:
    text = "[{}]\napplication_key = a\napplication_secret = s\n"
    for section in ("http://127.0.0.1:1/1.0", "http://127.0.0.1:1/1.0/"):
        file = conf(tmp_path / "file", text.format(section))
        for endpoint in ("http://127.0.0.1:1/1.0", " http://127.0.0.1:1/1.0/ "):
            assert keys_of(load({"endpoint": endpoint}, {}, file)) == ("a", "s")
    assert keys_of(load({"endpoint": " ovh-eu "}, {}, conf(tmp_path / "file", text.format("ovh-eu"))))[0] == "a"


def test_who_a_proxy_is_asked_for_must_not_be_shown() -> None:
    def secrets(proxy: str | None) -> list[str]:
        return list(load({"endpoint": "ovh-eu", "proxy": proxy}).secrets())

    assert secrets("http://me:p%40ss@host:1") == ["p%40ss", "p@ss", "bWU6cEBzcw=="]
    assert secrets("only-a-token@host:1") == ["only-a-token", "only-a-token", "b25seS1hLXRva2Vu"]
    assert secrets("http://host:1") == secrets(None) == []


def test_where_tokens_come_from_is_part_of_who_calls() -> None:
    oauth2 = {"client_id": "i", "client_secret": "s"}
    env = {"OVH_TOKEN_URL": "https://other.example/token", "OVH_ENDPOINT": "ovh-us"}
    assert load({"endpoint": "ovh-us", **oauth2}, env).endpoint.token_url == "https://us.ovhcloud.com/auth/oauth2/token"
    assert load(oauth2, env).endpoint.token_url == "https://other.example/token"


def test_a_pipe_that_is_named(tmp_path: Path) -> None:
    """As in ``config_file=/dev/fd/63``, which shells make."""
    os.mkfifo(tmp_path / "fifo")
    writer = threading.Thread(target=lambda: (tmp_path / "fifo").write_text(FILE))
    writer.start()
    assert load({}, {}, config_file=tmp_path / "fifo").endpoint.name == "ovh-ca"
    writer.join()


def test_other_settings(tmp_path: Path) -> None:
    bundle = conf(tmp_path / "ca.pem", "")
    settings = load(
        {"endpoint": "ovh-eu", "timeout": (1, 2), "proxy": "http://u:canary@p:1", "time_sync": "server"},
        {"CURL_CA_BUNDLE": str(bundle), "OVH_MAX_RESPONSE_SIZE": "10"},
    )
    assert (settings.connection.timeout, settings.connection.ca_bundle, settings.time_sync) == (
        Timeout(1, 2),
        str(bundle),
        "server",
    )
    assert settings.connection.max_response_size == 10
    assert "canary" not in repr(settings)
    assert load({"endpoint": "ovh-eu"}).connection.timeout == DEFAULT_TIMEOUT
    assert load({"endpoint": "ovh-eu", "ca_bundle": bundle}).connection.ca_bundle == str(bundle)


def test_what_a_transport_brings_along_comes_last() -> None:
    defaults = {"endpoint": "ovh-us", "application_key": "d", "application_secret": "d", "consumer_key": "d"}
    assert keys_of(load({"transport": "mine"}, {}, defaults=defaults)) == ("d", "d", "d")
    settings = load({"endpoint": "ovh-eu", **KEY}, {}, defaults=defaults)
    assert (settings.endpoint.name, keys_of(settings)[0]) == ("ovh-eu", "ak-canary")


def test_what_a_transport_brings_along_stands_for_what_is_meant_for_the_api(tmp_path: Path) -> None:
    """A program whose real keys are in the environment or a file runs on the sandbox unchanged."""
    defaults = {"endpoint": "ovh-us", "application_key": "d", "application_secret": "d", "consumer_key": "d"}
    file = conf(tmp_path / "file", FILE)
    broken = conf(tmp_path / "broken", "no section")
    for env in ({}, ENV_KEY):
        settings = load({}, env, file, broken, defaults=defaults, isolated=True)
        assert (settings.endpoint.name, keys_of(settings)) == ("ovh-ca", ("d", "d", "d"))
    assert load({}, {}, broken, defaults=defaults, isolated=True).endpoint.name == "ovh-us"
    assert keys_of(load(KEY, ENV_KEY, file, defaults=defaults, isolated=True))[0] == "ak-canary"


def test_the_real_environment_and_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    conf(tmp_path / "ovh.conf", FILE)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("ovhcore.config.settings_sources.CONFIG_FILES", ("./ovh.conf",))
    monkeypatch.setenv("OVH_CONSUMER_KEY", "env-ck")
    assert keys_of(SettingsSources({}).settings()) == ("file-ak", "file-as", "env-ck")
    assert "OVH_CONSUMER_KEY" in os.environ
