"""Credentials from the system's keyring: what is read, when it is read again, and what errors say."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import keyring
import pytest
from keyring.backend import KeyringBackend
from keyring.errors import KeyringLocked, NoKeyringError

import ovhcore as ovh
from ovhcore.protocol.credentials import AccessToken, OAuth2Client
from ovhcore_transports.hooks.keyring import read_keyring
from ovhcore_transports.sandbox import ACCESS_KEYS, CLIENT_ID, CLIENT_SECRET, Sandbox, SandboxTransport, serve
from tests.flows.test_credential_providers import EXPIRED, answered
from tests.worlds import AsyncScripted, Scripted

KEYRING: dict[str, Any] = {"keyring": "ovh"}


class Ring(KeyringBackend):
    """A keyring in memory."""

    priority = 1  # type: ignore[assignment,unused-ignore]

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call,unused-ignore]
        self.entries: dict[tuple[str, str], Any] = {}
        self.asked: list[tuple[str, str]] = []
        self.problem: Exception | None = None

    def get_password(self, service: str, username: str) -> str | None:
        self.asked.append((service, username))
        if self.problem is not None:
            raise self.problem
        return self.entries.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.entries[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        del self.entries[service, username]


@pytest.fixture
def ring() -> Iterator[Ring]:
    before = keyring.get_keyring()
    ring = Ring()
    keyring.set_keyring(ring)
    yield ring
    keyring.set_keyring(before)


def store(endpoint: str = "ovh-eu", **values: str) -> None:
    for name, value in values.items():
        keyring.set_password("ovh", f"{endpoint}/{name}", value)


def refused(endpoint: str = "ovh-eu", **settings: Any) -> str:
    """Return what the client says that cannot be made; nothing of it may show what the keyring holds."""
    with pytest.raises(ovh.InvalidConfiguration) as caught:
        ovh.Client(endpoint, **settings or {"options": KEYRING})
    shown = "".join(traceback.TracebackException.from_exception(caught.value, capture_locals=True).format())
    assert "canary" not in shown
    return str(caught.value)


def test_nothing_is_asked_without_the_setting(ring: Ring, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "keyring", None)
    client = ovh.Client("ovh-eu", transport=SandboxTransport())
    with pytest.raises(ovh.InvalidKey, match="there are none"):
        client.get("/me")
    assert ring.asked == []


def test_an_application_key(ring: Ring) -> None:
    store(**ACCESS_KEYS)
    client = ovh.Client("ovh-eu", transport=SandboxTransport(), options=KEYRING)
    assert ring.asked == [
        ("ovh", f"ovh-eu/{name}")
        for name in (
            "application_key",
            "application_secret",
            "consumer_key",
            "client_id",
            "client_secret",
            "access_token",
        )
    ]
    asked = len(ring.asked)
    assert client.get("/me")["firstname"] == client.get("/me")["firstname"] == "Ada"
    assert len(ring.asked) == asked
    assert "'sand...'" in repr(client)


def test_a_service_account_and_a_token(ring: Ring) -> None:
    box = Sandbox()
    store(client_id=CLIENT_ID, client_secret=CLIENT_SECRET)
    with serve(box) as server:
        store(server.url, client_id=CLIENT_ID, client_secret=CLIENT_SECRET)
        client = ovh.Client(server.url, token_url=server.token_url, options=KEYRING, proxy="none")
        assert client.get("/me")["firstname"] == "Ada"
        client.close()
    assert read_keyring("ovh", "ovh-eu") == OAuth2Client(CLIENT_ID, CLIENT_SECRET)
    store("ovh-ca", access_token="canary-token")
    assert read_keyring("ovh", "ovh-ca") == AccessToken("canary-token")


def test_the_setting_in_the_environment(ring: Ring, monkeypatch: pytest.MonkeyPatch) -> None:
    store(**ACCESS_KEYS)
    monkeypatch.setenv("OVH_KEYRING", "ovh")
    assert ovh.Client("ovh-eu", transport=SandboxTransport()).get("/me")["firstname"] == "Ada"


def test_the_setting_in_a_file(ring: Ring, tmp_path: Path) -> None:
    store("ovh-ca", **ACCESS_KEYS)
    file = tmp_path / "ovh.conf"
    file.write_text("[default]\nendpoint = ovh-ca\nkeyring = ovh\n")
    client = ovh.Client(transport=SandboxTransport(), config_file=file)
    assert client.get("/me")["firstname"] == "Ada"
    assert {entry.partition("/")[0] for _, entry in ring.asked} == {"ovh-ca"}


def test_what_has_credentials_does_not_ask(ring: Ring, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OVH_KEYRING", "ovh")
    assert ovh.Client("ovh-eu", transport=SandboxTransport(), **ACCESS_KEYS).get("/me")["firstname"] == "Ada"
    assert ovh.Client(transport="sandbox").get("/me")["firstname"] == "Ada"
    for name, value in ACCESS_KEYS.items():
        monkeypatch.setenv(f"OVH_{name.upper()}", str(value))
    assert ovh.Client("ovh-eu", transport=SandboxTransport()).get("/me")["firstname"] == "Ada"
    assert ring.asked == []


def test_a_url_has_its_own_entries(ring: Ring) -> None:
    url = "https://api.example/1.0"
    store(**ACCESS_KEYS)
    assert f"keyring set ovh {url}/application_key," in refused(f"{url}/")
    store(url, **ACCESS_KEYS)
    assert ovh.Client(f"{url}/", options=KEYRING).settings.endpoint.name == url


def test_none_are_there(ring: Ring) -> None:
    assert refused() == (
        "The keyring has no credentials for ovh-eu under the service 'ovh'. To store an application key: "
        "keyring set ovh ovh-eu/application_key, and so application_secret and consumer_key; or client_id and "
        "client_secret; or access_token"
    )
    assert "keyring set 'my ring' ovh-eu/application_key," in refused(options={"keyring": "my ring"})


@pytest.mark.parametrize(
    ("there", "lacking"),
    [
        ("application_key", "application_secret"),
        ("application_secret", "application_key"),
        ("consumer_key", "application_key"),
        ("client_id", "client_secret"),
        ("client_secret", "client_id"),
    ],
)
def test_half_a_set(ring: Ring, there: str, lacking: str) -> None:
    store(**{there: "canary-value", lacking: ""})
    assert refused() == (
        f"The keyring has half a set of credentials for ovh-eu under the service 'ovh': {there} and no {lacking}. "
        f"To store it: keyring set ovh ovh-eu/{lacking}"
    )


def test_two_kinds(ring: Ring) -> None:
    store(consumer_key="canary-key", client_id="canary-id", client_secret="canary-secret")
    assert refused() == (
        "The keyring has two kinds of credentials for ovh-eu under the service 'ovh': consumer_key and client_id. "
        "To remove one: keyring del ovh ovh-eu/client_id"
    )


def test_values_that_cannot_be_credentials(ring: Ring) -> None:
    store(access_token="canary token")
    said = refused()
    assert said.startswith("access_token is empty, or holds a space")
    assert said.endswith("(keyring, service 'ovh', ovh-eu)")
    ring.entries["ovh", "ovh-eu/access_token"] = b"canary-bytes"
    assert refused().startswith("access_token must be a string, not bytes")


def test_a_service_account_where_there_are_none(ring: Ring) -> None:
    store("kimsufi-eu", client_id="canary-id", client_secret="canary-secret")
    assert "has no OAuth2 token URL" in refused("kimsufi-eu")


def test_a_keyring_that_cannot_be_read(ring: Ring) -> None:
    ring.problem = NoKeyringError("No recommended backend was available.")
    assert "there is none that can be used here" in refused()
    for problem in (KeyringLocked("canary"), RuntimeError("canary")):
        ring.problem = problem
        assert refused() == (
            "The keyring cannot be read for service 'ovh', entry ovh-eu/application_key: "
            f"{type(problem).__name__}; `keyring get ovh ovh-eu/application_key` shows more"
        )


def test_the_package_is_not_installed(ring: Ring, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "keyring", None)
    assert refused().endswith('is not installed: pip install "ovhcore[keyring]"')


def test_a_name_that_is_none(ring: Ring) -> None:
    assert "keyring" in refused(options={"keyring": 5})
    assert ring.asked == []


def test_keys_that_were_rotated_are_read_again(ring: Ring) -> None:
    box = Sandbox(auto_validate=True)
    store(**ACCESS_KEYS)
    client = ovh.Client("ovh-eu", transport=SandboxTransport(box), options=KEYRING)
    assert client.get("/me")["firstname"] == "Ada"
    login = ovh.Client("ovh-eu", transport=SandboxTransport(box), **ACCESS_KEYS)
    store(consumer_key=login.request_consumerkey([{"method": "GET", "path": "/*"}])["consumerKey"])
    box.expire(ACCESS_KEYS["consumer_key"])
    assert client.get("/me")["firstname"] == "Ada"
    ring.problem = KeyringLocked("canary")
    box.expire(keyring_entry(ring, "consumer_key"))
    with pytest.raises(ovh.InvalidConfiguration, match="KeyringLocked"):
        client.get("/me")


def keyring_entry(ring: Ring, name: str) -> str:
    return str(ring.entries["ovh", f"ovh-eu/{name}"])


def test_keys_that_were_not_rotated(ring: Ring) -> None:
    store(access_token="canary-token")
    world = Scripted(lambda request: EXPIRED)
    client = ovh.Client("ovh-eu", transport=world, options=KEYRING)
    with pytest.raises(ovh.InvalidCredential):
        client.get("/me")
    assert len(world.sent) == 1


async def _rotated(ring: Ring) -> None:
    world = AsyncScripted(
        lambda request: answered("yes") if request.headers.get("authorization") == "Bearer canary-two" else EXPIRED
    )
    async with ovh.AsyncClient("ovh-eu", transport=world, options=KEYRING) as client:
        store(access_token="canary-two")
        assert await client.get("/me") == "yes"


def test_asyncio(ring: Ring) -> None:
    import asyncio

    store(access_token="canary-one")
    asyncio.run(_rotated(ring))


def test_logging_in_with_an_application_of_the_keyring(ring: Ring) -> None:
    store(application_key=ACCESS_KEYS["application_key"], application_secret=ACCESS_KEYS["application_secret"])
    client = ovh.Client("ovh-eu", transport=SandboxTransport(Sandbox(auto_validate=True)), options=KEYRING)
    client.request_consumerkey([{"method": "GET", "path": "/me"}])
    assert client.get("/me")["firstname"] == "Ada"
