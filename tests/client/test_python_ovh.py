"""What programs written for python-ovh do besides using its public names."""

from __future__ import annotations

import copy
import subprocess
import sys
from typing import Any

import pytest

import ovhcore as ovh
from ovhcore.protocol.messages import Request, Response
from tests.worlds import Scripted

KEYS = ("canary-application-key", "canary-application-secret", "canary-consumer-key")


def echo(request: Request) -> Response:
    return Response(200, {}, b"1000100" if request.url.endswith("/auth/time") else b"null")


def scripted(*keys: str) -> tuple[Any, Scripted]:
    transport = Scripted(echo)
    arguments: tuple[Any, ...] = keys
    return ovh.Client("ovh-eu", *arguments, transport=transport), transport


def test_private_names_that_are_read() -> None:
    client, _ = scripted(*KEYS)
    assert client._endpoint == "https://eu.api.ovh.com/1.0"
    assert (client._application_key, client._application_secret, client._consumer_key) == KEYS
    assert client._get_target("/v2/iam") == "https://eu.api.ovh.com/v2/iam"
    assert getattr(client, "_session", None) is None
    with pytest.raises(AttributeError, match="see the arguments proxy, ca_bundle"):
        client._session  # noqa: B018
    assert "canary" not in repr(client) + repr(vars(client))
    nobody, _ = scripted()
    assert (nobody._application_key, nobody._application_secret, nobody._consumer_key) == (None, None, None)
    with pytest.raises(ovh.InvalidKey, match="belongs to an application key"):
        nobody._consumer_key = "x"
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
    for name in ("_endpoint", "_session", "_application_key"):
        with pytest.raises(AttributeError):
            setattr(client, name, "x")


def test_other_spellings() -> None:
    client, transport = scripted(*KEYS)
    client.get(_target="/me", a=1)
    client.put(_target="/me", _need_auth=False, _headers={"X-A": "b"}, self="s")
    assert [request.url.removeprefix(client._endpoint) for request in transport.sent] == ["/me?a=1", "/me"]
    assert copy.copy(client) is client
    from ovhcore.client import ResourceNotFoundError
    from ovhcore.consumer_key import ConsumerKeyRequest

    assert ResourceNotFoundError is ovh.ResourceNotFoundError
    assert ConsumerKeyRequest is ovh.ConsumerKeyRequest
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        ovh.client.nothing  # type: ignore[attr-defined]  # noqa: B018


LIBRARY = """
import ovhcore
ovhcore.install_as_ovh()
import ovh
import ovh.exceptions
from ovh.client import Client
from ovh.consumer_key import ConsumerKeyRequest
from ovh.exceptions import APIError, ResourceNotFoundError
client = Client(transport="sandbox")
try:
    client.get("/me/bill/none")
except ResourceNotFoundError:
    print("caught", ovh.exceptions.APIError is ovhcore.APIError, ovh.API_READ_ONLY)
"""


def test_libraries_that_cannot_be_edited() -> None:
    done = subprocess.run([sys.executable, "-c", LIBRARY], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout == "caught True ['GET']\n"


def test_installed_in_this_process(monkeypatch: pytest.MonkeyPatch) -> None:
    names = ["ovh", *(f"ovh.{name}" for name in ("client", "config", "consumer_key", "exceptions"))]
    for name in names:
        monkeypatch.delitem(sys.modules, name, raising=False)
    monkeypatch.setitem(sys.modules, "ovh", sys)
    with pytest.raises(RuntimeError, match="python-ovh is imported already"):
        ovh.install_as_ovh()
    monkeypatch.delitem(sys.modules, "ovh")
    with monkeypatch.context() as patched:
        for name in names:
            patched.setitem(sys.modules, name, ovh)  # so that they go again
            del sys.modules[name]
        ovh.install_as_ovh()
        ovh.install_as_ovh()
        assert sys.modules["ovh"] is ovh
        assert sys.modules["ovh.exceptions"] is ovh.exceptions
    assert "ovh" not in sys.modules
