"""What arguments keep out: variables and files, settings that an empty one shields, bad values of others."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import pytest

import ovhcore as ovh
from ovhcore.config import leniency
from ovhcore.config.files import CREDENTIALS, OTHERS
from ovhcore.protocol.credentials import ApplicationKey, OAuth2Client
from ovhcore.protocol.messages import Request, Response
from tests.worlds import Scripted

KEYS: dict[str, Any] = {
    "application_key": "key-of-argument",
    "application_secret": "secret-of-argument",
    "consumer_key": "user",
}
CONF = """
[default]
endpoint = ovh-ca
[ovh-ca]
application_key = key-of-file
application_secret = secret-of-file
consumer_key = user-of-file
user_agent = file
[ovh-eu]
client_id = id-of-file
client_secret = secret-of-file
"""


def answer(request: Request) -> Response:
    return Response(200, {}, b"null")


def made(**arguments: Any) -> Any:
    return ovh.Client(transport=Scripted(answer), **arguments)


@pytest.fixture
def everywhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Settings in the environment and in a file."""
    file = tmp_path / "ovh.conf"
    file.write_text(CONF)
    monkeypatch.setattr("ovhcore.config.settings_sources.CONFIG_FILES", (str(file),))
    for name in ("application_key", "application_secret", "consumer_key"):
        monkeypatch.setenv(f"OVH_{name.upper()}", f"{name}-of-environment")
    monkeypatch.setenv("OVH_TIMEOUT", "7")
    monkeypatch.setenv("OVH_RETRY", "0")
    monkeypatch.setattr(leniency, "_said", set())


@pytest.mark.usefixtures("everywhere")
def test_neither_variables_nor_files(tmp_path: Path) -> None:
    assert made().settings.credentials.application_key == "application_key-of-environment"
    client = made(endpoint="ovh-eu", config=False)
    assert client.settings.credentials is None
    assert client.settings.connection.timeout == ovh.Timeout(180, 180)
    assert client.settings.user_agent is None
    assert client.settings.retry is not None
    with pytest.raises(ovh.InvalidConfiguration, match="needs credentials"):
        client.get("/me")
    with pytest.raises(ovh.InvalidRegion, match="No endpoint"):
        made(config=False)
    # A file that is named is passed, too.
    assert made(config=False, config_file=tmp_path / "ovh.conf").settings.credentials.application_key == "key-of-file"
    with pytest.raises(ovh.InvalidConfiguration, match="config must be True or False; the path of a file"):
        made(config=str(tmp_path / "ovh.conf"))


def test_what_belongs_to_the_machine_still_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bundle = tmp_path / "bundle.pem"
    bundle.touch()
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(bundle))
    assert made(endpoint="ovh-eu", config=False).settings.connection.ca_bundle == str(bundle)


@pytest.mark.usefixtures("everywhere")
def test_an_empty_argument_shields_its_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    pair = {name: KEYS[name] for name in ("application_key", "application_secret")}
    taken = made(endpoint="ovh-ca", **pair).settings.credentials
    assert taken == ApplicationKey(**pair)  # the consumer key of another application key is not for it
    monkeypatch.delenv("OVH_APPLICATION_KEY")
    monkeypatch.delenv("OVH_APPLICATION_SECRET")
    assert made(endpoint="ovh-ca", **pair).settings.credentials.consumer_key.reveal() == "consumer_key-of-environment"
    assert made(endpoint="ovh-ca", **pair, consumer_key="").settings.credentials == ApplicationKey(**pair)
    assert made(endpoint="ovh-ca", consumer_key="").settings.credentials == ApplicationKey(
        "key-of-file", "secret-of-file"
    )
    for name in ("application_key", "application_secret"):
        assert made(endpoint="ovh-ca", **{name: ""}).settings.credentials is None
    assert made(endpoint="ovh-eu", application_key="").settings.credentials == OAuth2Client(
        "id-of-file", "secret-of-file"
    )
    assert made(endpoint="ovh-eu", application_key="", client_secret="").settings.credentials is None
    shielded = made(endpoint="ovh-ca", timeout="", user_agent="").settings
    assert (shielded.connection.timeout, shielded.user_agent) == (ovh.Timeout(180, 180), None)
    with pytest.raises(ovh.InvalidRegion, match="No endpoint is set"):
        made(endpoint="")


BAD = {
    "OVH_TIMEOUT": "x",
    "OVH_MAX_RESPONSE_SIZE": "much",
    "OVH_POOL_SIZE": "0.5",
    "OVH_HTTP2": "perhaps",
    "OVH_TIME_SYNC": "never",
    "OVH_USER_AGENT": "é",
    "OVH_STRICT_OBSERVERS": "perhaps",
    "OVH_DISABLED_PLUGINS": "nobody",
    "OVH_HTTP_HEADERS_1": "no colon",
    "OVH_HTTP_HEADERS_2": "Host: example.com",
    "OVH_RETRY": "perhaps",
    "OVH_RATE_LIMIT": "often",
    "OVH_MAX_CONCURRENCY": "all",
}


@pytest.mark.parametrize("variable", BAD)
@pytest.mark.parametrize("endpoint", [{"endpoint": "ovh-eu"}, {}])
def test_bad_values_of_others_are_one_warning(
    variable: str, endpoint: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leniency, "_said", set())
    monkeypatch.setenv("OVH_ENDPOINT", "ovh-eu")
    monkeypatch.setenv(variable, BAD[variable])
    with pytest.raises(ovh.InvalidConfiguration):
        made(**endpoint)
    with pytest.warns(ovh.ConfigurationWarning, match="passed over") as caught:
        client = made(**endpoint, **KEYS)
    assert client.get("/me") is None
    assert len(caught) == 1
    assert caught[0].filename == __file__
    assert variable in str(caught[0].message) or "environment" in str(caught[0].message)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        made(**endpoint, **KEYS)
        made(endpoint="ovh-eu", **KEYS, config=False)


@pytest.mark.parametrize("name", ["sms", "pyreqwest+urllib3", "not-installed"])
def test_a_transport_that_is_not_there(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    class Plugin:
        @ovh.hookimpl
        def ovhcore_transports(self) -> list[Any]:
            from ovhcore.plugins import TransportSpec

            return [TransportSpec("not-installed", sync="a:b", requires=("not_installed_at_all",))]

    monkeypatch.setattr(leniency, "_said", set())
    monkeypatch.setenv("OVH_TRANSPORT", name)
    with pytest.raises(ovh.InvalidConfiguration):
        ovh.Client("ovh-eu", plugins=[Plugin()])
    with pytest.warns(ovh.ConfigurationWarning, match="OVH_TRANSPORT|Transport"):
        client = ovh.Client("ovh-eu", plugins=[Plugin()], **KEYS)
    assert client.settings.transport is None
    with pytest.raises(ovh.InvalidConfiguration):
        ovh.Client("ovh-eu", plugins=[Plugin()], transport=name, **KEYS)


def test_other_credentials_beside_the_arguments(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in CREDENTIALS:
        monkeypatch.setenv(f"OVH_{name.upper()}", "x")
    assert made(endpoint="ovh-eu", **KEYS).settings.credentials == ApplicationKey(**KEYS)
    with pytest.raises(ovh.InvalidConfiguration, match="Two kinds"):
        made(endpoint="ovh-eu")


@pytest.mark.parametrize("variable", ["OVH_PROXY", "OVH_CA_BUNDLE", "OVH_VERIFY", "OVH_CLIENT_CERT"])
def test_whom_to_trust_is_never_passed_over(variable: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(variable, "/nowhere")
    with pytest.raises(ovh.InvalidConfiguration):
        ovh.Client("ovh-eu", **KEYS, transport="urllib3").get("/me")


@pytest.mark.parametrize("name", [name for name in OTHERS if name != "token_url"])
def test_arguments_are_never_passed_over(name: str) -> None:
    bad: dict[str, Any] = {name: object()}
    with pytest.raises(ovh.InvalidConfiguration):
        ovh.Client("ovh-eu", **KEYS, **bad).get("/me")
