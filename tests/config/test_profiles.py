"""Profiles: several accounts at one endpoint, and no doubt about which one calls."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import ovhcore as ovh
from ovhcore.config import Settings
from ovhcore.config.files import Environment
from ovhcore.config.profiles import profile_names, profile_section
from ovhcore.config.settings_sources import SettingsSources
from ovhcore.exceptions import InvalidConfiguration
from ovhcore.protocol.credentials import ApplicationKey, OAuth2Client
from ovhcore_transports.sandbox import SandboxTransport

pytestmark = pytest.mark.once

FILE = """
[default]
endpoint = ovh-eu
timeout = 7

[ovh-eu]
application_key = main-ak
application_secret = main-as
consumer_key = main-ck
user_agent = main

[profile work]
endpoint = ovh-eu
client_id = work-id
client_secret = work-secret

[profile  shop ]
endpoint = ovh-ca
application_key = shop-ak
application_secret = shop-as
consumer_key = shop-ck
proxy = none

[profile none]
endpoint = ovh-us

[profile lost]
access_token = tokentoken

[profiled]
"""
KEYS = {"OVH_APPLICATION_KEY": "env-ak", "OVH_APPLICATION_SECRET": "env-as", "OVH_CONSUMER_KEY": "env-ck"}


@pytest.fixture
def file(tmp_path: Path) -> str:
    path = tmp_path / "ovh.conf"
    path.write_text(FILE, "utf-8")
    return str(path)


def load(file: str, arguments: dict[str, Any] | None = None, env: dict[str, str] | None = None) -> Settings:
    return SettingsSources(arguments or {}, environment=Environment(env or {}), files=(file,)).settings()


def who(settings: Settings) -> tuple[str, ...]:
    assert isinstance(settings.credentials, (ApplicationKey, OAuth2Client))
    return (settings.endpoint.name, *settings.credentials.secrets())


def test_an_argument_or_a_variable_names_one(file: str) -> None:
    assert who(load(file)) == ("ovh-eu", "main-ak", "main-as", "main-ck")
    shop = load(file, {"profile": "shop"})
    assert who(shop) == ("ovh-ca", "shop-ak", "shop-as", "shop-ck")
    assert shop.connection.proxy == "none"
    work = load(file, {}, {"OVH_PROFILE": "work"})
    assert isinstance(work.credentials, OAuth2Client)
    assert (work.user_agent, work.connection.timeout.read) == ("main", 7)
    assert who(load(file, {"profile": "shop"}, {"OVH_PROFILE": "work"}))[0] == "ovh-ca"
    assert who(load(file, {"profile": ""}, {"OVH_PROFILE": "work"}))[1] == "main-ak"


def test_one_that_is_named_as_an_argument_counts_before_variables(file: str) -> None:
    env = {**KEYS, "OVH_ENDPOINT": "ovh-us", "OVH_TIMEOUT": "3", "OVH_TOKEN_URL": "https://other.example/token"}
    shop = load(file, {"profile": "shop"}, env)
    assert who(shop) == ("ovh-ca", "shop-ak", "shop-as", "shop-ck")
    assert shop.connection.timeout.read == 3
    assert shop.endpoint.token_url == "https://ca.ovh.com/auth/oauth2/token"


def test_credentials_of_the_same_call_count_before_it(file: str) -> None:
    own = {"application_key": "ak", "application_secret": "as", "consumer_key": "ck"}
    assert who(load(file, {"profile": "shop", **own})) == ("ovh-ca", "ak", "as", "ck")
    assert who(load(file, {"endpoint": "ovh-us", **own}, {"OVH_PROFILE": "work"})) == ("ovh-us", "ak", "as", "ck")
    with pytest.raises(InvalidConfiguration, match="No file has the profile shop"):
        load(file, {"endpoint": "ovh-us", "profile": "shop", **own})


@pytest.mark.parametrize(
    ("arguments", "env", "problem"),
    [
        ({"profile": "job"}, {}, r"No file has the profile job, which profile \(argument\) names: a section "),
        ({"profile": "job"}, {}, r"There are: work, shop, none, lost\. Looked at: /"),
        ({"profile": "a]b"}, {}, r"The profile 'a\]b' cannot be"),
        ({"profile": " a"}, {}, "cannot be"),
        ({"profile": 3}, {}, "cannot be"),
        ({"profile": "lost"}, {}, r"access_token \(/.*, section \[profile lost\]\) needs an endpoint beside it"),
        ({"profile": "shop", "endpoint": "ovh-eu"}, {}, r"endpoint \(argument\) is not the endpoint of the profile"),
        ({}, {"OVH_PROFILE": "shop", "OVH_ENDPOINT": "ovh-eu"}, r"OVH_ENDPOINT \(environment\) is not the endpoint"),
        ({}, {"OVH_PROFILE": "shop", **KEYS}, r"OVH_PROFILE and OVH_APPLICATION_KEY \(environment\) both say who"),
    ],
)
def test_what_leaves_doubt_is_an_error(file: str, arguments: Any, env: Any, problem: str) -> None:
    with pytest.raises(InvalidConfiguration, match=problem):
        load(file, arguments, env)


def test_the_first_file_that_has_it_counts_and_a_broken_one_may_have_it(file: str, tmp_path: Path) -> None:
    near = tmp_path / "near"
    near.write_text("[profile shop]\nendpoint = ovh-ca\naccess_token = near-token\n", "utf-8")
    broken = tmp_path / "broken"
    broken.write_text("nothing", "utf-8")

    def settings(*files: Any) -> Settings:
        return SettingsSources({"profile": "shop"}, environment=Environment({}), files=(*map(str, files),)).settings()

    found = settings(near, file).credentials
    assert found is not None
    assert [*found.secrets()] == ["near-token"]
    with pytest.raises(InvalidConfiguration, match="broken is not usable"):
        settings(broken, file)
    assert settings(file, broken).endpoint.name == "ovh-ca"
    with pytest.raises(InvalidConfiguration, match=r"No file has any\. Looked at: no file, for there is none"):
        settings(tmp_path / "none")


def test_one_without_credentials_takes_none_of_other_sections(file: str) -> None:
    client = ovh.Client(transport=SandboxTransport(), config_file=file, profile="none")
    assert client.endpoint.name == "ovh-us"
    with pytest.raises(ovh.MissingCredentials) as caught:
        client.get("/me")
    said = str(caught.value)
    assert f"The profile none ({file}, section [profile none]), which profile (argument) names, has no" in said


def test_a_place_that_is_less_trusted_does_not_lead_its_credentials(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "home.conf"
    home.write_text("[profile work]\nendpoint = ovh-eu\naccess_token = canarycanary\n", "utf-8")
    (tmp_path / "ovh.conf").write_text("[default]\nendpoint = ovh-eu\nproxy = http://proxy.example\n", "utf-8")
    monkeypatch.chdir(tmp_path)
    sources = SettingsSources({"profile": "work"}, environment=Environment({}), files=("./ovh.conf", str(home)))
    with pytest.raises(InvalidConfiguration, match=r"proxy \(./ovh.conf, section \[default\]\) must not decide"):
        sources.settings()


def test_names_of_sections() -> None:
    assert profile_section("work") == "profile work"
    assert profile_names(["default", "profile a", "profile  b ", "profile ", "profiles", "profile a"]) == ["a", "b"]


def test_every_setting_is_told_with_its_place(file: str, tmp_path: Path) -> None:
    (tmp_path / "broken").write_text("nothing")
    env = Environment(
        {"OVH_TIMEOUT": "3", "OVH_ENDPOINT": "ovh-us", "OVH_HTTP_HEADERS_1": "X-A: b", "OVH_KEYRING": "k"}
    )
    arguments = {"profile": "shop"}
    sources = SettingsSources(arguments, environment=env, files=(file, str(tmp_path / "broken")))
    told = [(each.name, each.spelling, each.place, each.first) for each in sources.all_settings(("keyring",))]
    shop, default = f"{file}, section [profile  shop ]", f"{file}, section [default]"
    assert ("timeout", "OVH_TIMEOUT", "environment", True) in told
    assert ("timeout", "timeout", default, False) in told
    assert ("keyring", "OVH_KEYRING", "environment", True) in told
    assert ("header.X-A", "header.X-A", "environment", True) in told
    assert told.count(("application_key", "application_key", shop, True)) == 1
    assert [each for each in told if each[0] == "endpoint"] == [
        ("endpoint", "endpoint", shop, True),
        ("endpoint", "endpoint", default, False),
    ]
    found = {each.name: each for each in sources.all_settings() if each.first}
    assert "shop-as" not in repr(found)
    assert (found["proxy"].file, found["proxy"].section) == (file, "profile  shop ")
    (problem,) = sources.problems()
    assert problem.startswith(f"The configuration file {tmp_path / 'broken'} is not usable: line 1 stands before any ")
