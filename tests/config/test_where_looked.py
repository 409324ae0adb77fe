"""Settings that say where they looked, keys that nobody has, files that others can read."""

from __future__ import annotations

import logging
import os
import shlex
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import ovhcore as ovh
from ovhcore.config.files import Environment
from ovhcore.config.settings_sources import SettingsSources
from ovhcore.exceptions import InvalidConfiguration, InvalidKey
from ovhcore.flows.pipeline import pipeline
from ovhcore.protocol.credentials import AccessToken, ApplicationKey, OAuth2Client, key_problem
from ovhcore.protocol.endpoints import resolve_endpoint, same_endpoint
from ovhcore.protocol.requests.building import build_request
from ovhcore_transports.sandbox import SandboxTransport
from tests.config.test_trust import answering, world
from tests.servers import RawServer

pytestmark = pytest.mark.once

KEYS = "application_key = AK\napplication_secret = canary\nconsumer_key = CK\n"


def hint(**arguments: Any) -> str:
    client = ovh.Client(transport=SandboxTransport(), **arguments)
    with pytest.raises(InvalidKey, match="This call needs credentials and there are none") as caught:
        client.get("/me")
    assert "canary" not in str(caught.value) + repr(caught.value)
    assert caught.value.hint is not None
    return f"{caught.value} {caught.value.hint}"


def test_everything_that_was_read_is_said() -> None:
    files = {"directory": "[default]\nendpoint = ovh-eu\n", "home": f"[ovh-ca]\n{KEYS}", "named": ""}
    with world({"OVH_TRANSPORT": ""}, files) as paths:
        said = hint(config_file=paths["named"])
    assert "The endpoint is ovh-eu, by endpoint (./ovh.conf, section [default])." in said
    for name in ("APPLICATION_KEY", "APPLICATION_SECRET", "CONSUMER_KEY", "CLIENT_ID", "CLIENT_SECRET", "ACCESS_TOKEN"):
        assert f"OVH_{name}" in said
    assert f"{paths['named']} (no sections)" in said
    assert "./ovh.conf ([default])" in said
    assert f"{paths['home']} ([ovh-ca])" in said
    assert f"{paths['system']} (there is none)" in said
    assert f"{paths['home']}: the credentials in [ovh-ca] are for that endpoint, and not for ovh-eu." in said
    with world():
        assert "The endpoint is ovh-us, by endpoint (argument)." in hint(endpoint="ovh-us")


@pytest.mark.parametrize("section", ["OVH-EU", "Ovh-eu", " ovh-eu ", "ovh_eu"])
def test_sections_that_are_nearly_right(section: str) -> None:
    with world({}, {"home": f"[{section}]\n{KEYS}"}):
        assert f"[{section}] must be spelt [ovh-eu]." in hint(endpoint="ovh-eu")


def test_credentials_of_a_profile_are_noticed() -> None:
    with world({}, {"home": f"[profile work]\nendpoint = ovh-eu\n{KEYS}"}):
        said = hint(endpoint="ovh-eu")
    assert "the credentials in [profile work] are for the profile work, which OVH_PROFILE or profile names." in said


def test_credentials_of_the_default_section_are_noticed() -> None:
    with world({}, {"home": f"[default]\n{KEYS}"}):
        assert "credentials in [default] do not count; they belong into [ovh-eu]." in hint(endpoint="ovh-eu")


@pytest.mark.parametrize(
    ("section", "endpoint"),
    [
        ("ovh-eu", "https://eu.api.ovh.com/1.0"),
        ("https://EU.api.ovh.com/1.0/", "ovh-eu"),
        ("OVH-CA", "https://ca.api.ovh.com/1.0"),
    ],
)
def test_sections_with_another_name_of_the_endpoint(section: str, endpoint: str) -> None:
    with world({}, {"home": f"[{section}]\n{KEYS}"}):
        said = hint(endpoint=endpoint)
    assert f"[{section}] is the same endpoint by another name: call the section [{endpoint}]." in said


def test_a_default_section_that_is_spelt_otherwise() -> None:
    with world({}, {"home": f"[Default]\n{KEYS}"}):
        assert "credentials in [Default] do not count; they belong into [ovh-eu]." in hint(endpoint="ovh-eu")


def test_a_section_of_the_endpoint_that_has_none_and_a_file_that_is_not_needed(tmp_path: Path) -> None:
    with world({}, {"home": "[ovh-eu]\ntimeout = 3\n[ovh-us]\n"}) as paths:
        assert f"Files and their sections: ./ovh.conf (there is none), {paths['home']} ([ovh-eu], [ovh-us])" in hint(
            endpoint="ovh-eu"
        )
    # Where the transport brings what it needs, a broken file is no error.
    broken = tmp_path / "broken"
    broken.write_text("nothing")
    places = SettingsSources({}, environment=Environment({}), files=(str(broken),))
    assert places.looked() == ""
    places.settings(defaults={"endpoint": "ovh-eu"}, isolated=True)
    assert f"{broken} (not usable)" in places.looked()
    places = SettingsSources({"endpoint": "ovh-eu"}, environment=Environment({}), files=())
    places.settings()
    assert "Files and their sections: none." in places.looked()


def test_the_pure_pipeline_knows_no_places() -> None:
    flow = pipeline(resolve_endpoint("ovh-eu"), None).handle
    with pytest.raises(InvalidKey, match="there are none") as caught:
        flow(build_request(resolve_endpoint("ovh-eu"), "GET", "/me"))
    assert caught.value.hint is not None
    assert "Files" not in caught.value.hint


URLS = [
    "https://api.example/1.0",
    "https://API.Example:443/1.0/",
    "HTTPS://api.example/1.0",
    "https://api.example:443/1.0",
]


@pytest.mark.parametrize("section", URLS)
@pytest.mark.parametrize("endpoint", URLS)
def test_a_url_is_the_same_in_every_spelling(section: str, endpoint: str) -> None:
    with world({}, {"home": f"[default]\nendpoint = {endpoint}\n[{section}]\n{KEYS}"}):
        assert ovh.Client().settings.credentials == ApplicationKey("AK", "canary", "CK")
        assert ovh.Client().endpoint.url == "https://api.example/1.0"


def test_the_same_spelling_comes_first_and_another_url_is_another() -> None:
    text = f"[{URLS[1]}]\naccess_token = other\n[{URLS[0]}]\naccess_token = same\n"
    with world({}, {"home": text}):
        assert ovh.Client(URLS[0]).settings.credentials == AccessToken("same")
        assert ovh.Client(URLS[1]).settings.credentials == AccessToken("other")
        assert ovh.Client(URLS[2]).settings.credentials == AccessToken("other")
    for other in ("https://api.example/v2", "https://api.example:444/1.0", "http://api.example/1.0", "https:///", "a"):
        assert not same_endpoint(other, URLS[0])
    assert not same_endpoint("ftp://a/", "ftp://A/")


# Keys that nobody has

NO_KEYS = [
    '"AK"',
    "'AK'",
    '"AK',
    "AK'",
    "`AK`",
    "A K",
    "A\tK",
    "A\x00K",
    "A\x7fK",
    "A\nK",
    "é",
    "A\u200bK",
    "\u201cAK\u201d",
]
GOOD: dict[str, dict[str, str]] = {
    "application_key": {"application_key": "a", "application_secret": "b", "consumer_key": "c"},
    "client_id": {"client_id": "a", "client_secret": "b"},
    "access_token": {"access_token": "a"},
}
CLASSES: dict[str, type[ApplicationKey | OAuth2Client | AccessToken]] = {
    "application_key": ApplicationKey,
    "client_id": OAuth2Client,
    "access_token": AccessToken,
}
NAMES = [(kind, name) for kind, names in GOOD.items() for name in names]


@pytest.mark.parametrize("value", NO_KEYS)
@pytest.mark.parametrize(("kind", "name"), NAMES)
def test_what_no_key_can_hold_is_refused_where_it_is_read(kind: str, name: str, value: str) -> None:
    keys = {**GOOD[kind], name: value}
    places = Environment({f"OVH_{each.upper()}": text for each, text in keys.items()})
    with pytest.raises(InvalidConfiguration) as caught:
        SettingsSources({"endpoint": "ovh-eu"}, environment=places, files=()).settings()
    assert f"OVH_{name.upper()} " in str(caught.value)
    assert "(environment)" in str(caught.value)
    assert value not in str(caught.value)
    assert ("quote" in str(caught.value)) == (value[0] in "\"'`" or value[-1] in "\"'`")
    if "\n" not in value:
        text = "[ovh-eu]\n" + "\n".join(f"{each} = {text}" for each, text in keys.items())
        with world({}, {"home": text}) as paths, pytest.raises(InvalidConfiguration) as caught:
            ovh.Client("ovh-eu")
        assert f"{name} " in str(caught.value)
        assert f"({paths['home']}, section [ovh-eu])" in str(caught.value)


@pytest.mark.parametrize("value", NO_KEYS)
@pytest.mark.parametrize(("kind", "name"), NAMES)
def test_a_client_can_be_made_of_it_and_the_first_authenticated_call_refuses(kind: str, name: str, value: str) -> None:
    keys: dict[str, Any] = {**GOOD[kind], name: value}
    with RawServer(answering) as server:
        url = f"{server.origin}/1.0"
        client = ovh.Client(url, token_url=f"{server.origin}/token", transport="urllib3", time_sync="server", **keys)
        assert value not in repr(client) + repr(client.settings)
        with pytest.raises(InvalidKey, match=f"cannot be sent: {name} ") as caught:
            client.get("/me")
        assert value not in str(caught.value)
        assert not server.received
        assert client.get("/auth/details", False) == "Ada"
        if kind == "application_key":
            assert (client._application_key, client._consumer_key) == (keys["application_key"], keys["consumer_key"])
            with pytest.raises(InvalidKey, match=rf"needs an application key and secret, and {name} "):
                client.request_consumerkey([])
        (received,) = server.received
        assert "x-ovh-application" not in received.fields
        client.close()


def test_the_consumer_key_may_be_replaced_by_one_that_can_be_sent() -> None:
    with RawServer(answering) as server:
        client = ovh.Client(f"{server.origin}/1.0", "ak", "as", '"ck"', transport="urllib3", time_sync="off")
        with pytest.raises(InvalidKey, match="consumer_key begins or ends with a quote"):
            client.get("/me")
        client._consumer_key = "ck"
        assert client.get("/me") == "Ada"
        assert server.received[0].fields["x-ovh-consumer"] == "ck"
        client.close()


@given(st.text(st.characters(min_codepoint=0, max_codepoint=0x24F), max_size=8))
def test_what_a_key_can_hold(value: str) -> None:
    fits = bool(value) and all("!" <= char <= "~" for char in value) and not {value[0], value[-1]} & set("\"'`")
    assert (key_problem(value) is None) == fits
    for kind, name in NAMES:
        made = CLASSES[kind]
        keys: dict[str, Any] = {**GOOD[kind], name: value}
        problem = made.unchecked(**keys).problem
        assert (problem is None) == fits
        if fits:
            assert made.unchecked(**keys) == made(**keys)
        else:
            with pytest.raises(InvalidConfiguration):
                made(**keys)
    with pytest.raises(InvalidConfiguration, match="access_token must be a string, not int"):
        AccessToken.unchecked(access_token=7)


# Files that others can read


@pytest.mark.skipif(os.name != "posix", reason="elsewhere the mode says nothing of who can read a file")
def test_a_header_field_may_be_a_secret(caplog: pytest.LogCaptureFixture) -> None:
    for field, secret in (("X-Auth-Token", True), ("X-Team", False)):
        text = f"[default]\nendpoint = ovh-eu\nheader.{field} = canary\n"
        with caplog.at_level(logging.WARNING, "ovhcore"), world({}, {"home": text}, 0o644):
            ovh.Client("ovh-eu")
        assert len(caplog.records) == secret
        caplog.clear()


@pytest.mark.skipif(os.name != "posix", reason="elsewhere the mode says nothing of who can read a file")
def test_a_file_with_secrets_that_others_can_read_is_warned_of_once(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, "ovhcore"), world({}, {"home": f"[ovh-eu]\n{KEYS}"}, 0o644) as paths:
        for _ in range(3):
            ovh.Client("ovh-eu")
        (record,) = caplog.records
        assert (record.levelname, record.name) == ("WARNING", "ovhcore")
        message = record.getMessage()
        assert message.endswith(f"To mend it: chmod 600 {paths['home']}")
        assert "canary" not in message
        command = shlex.split(message.partition("To mend it: ")[2])
        assert command[0] == "chmod"
        os.chmod(command[2], int(command[1], 8))
        caplog.clear()
    for text, mode in (
        (f"[ovh-eu]\n{KEYS}", 0o600),
        (f"[ovh-eu]\n{KEYS}", 0o640),
        ("[default]\nendpoint = ovh-eu\nproxy = http://proxy:1\n[ovh-eu]\napplication_key =\n", 0o644),
    ):
        with caplog.at_level(logging.WARNING, "ovhcore"), world({}, {"home": text}, mode):
            ovh.Client("ovh-eu")
            assert not caplog.records


@pytest.mark.skipif(os.name != "posix", reason="elsewhere the mode says nothing of who can read a file")
def test_a_proxys_password_is_a_secret_and_the_file_of_another_user_stays_readable(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 1)
    text = "[default]\nendpoint = ovh-eu\nproxy = http://me:canary@proxy:1\n"
    with caplog.at_level(logging.WARNING, "ovhcore"), world({}, {"home": text}, 0o644) as paths:
        ovh.Client()
    assert caplog.records[0].getMessage().endswith(f"chmod o-rwx {paths['home']}")


def test_where_modes_say_nothing_nobody_is_warned(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    with world({}, {"home": f"[ovh-eu]\n{KEYS}"}, 0o644):
        monkeypatch.setattr("ovhcore.config.files.os.name", "nt")
        try:
            SettingsSources({"endpoint": "ovh-eu"}, files=(os.environ["HOME"] + "/.ovh.conf",))
        finally:
            monkeypatch.undo()
    assert not caplog.records
