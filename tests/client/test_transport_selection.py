"""Which transport a client uses, and when it is made."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import ovhcore as ovh
from ovhcore.client.transport import ClientTransport, select_transport
from ovhcore.plugins import TransportSettings, TransportSpec, hookimpl
from ovhcore.plugins.manager import Plugins
from ovhcore.protocol.messages import Request, Response
from ovhcore_transports import SyncTransport

KEYS: dict[str, Any] = {"endpoint": "ovh-eu", "application_key": "k", "application_secret": "s", "consumer_key": "c"}


class Offering:
    """A plugin with transports that note what was wanted of them."""

    def __init__(self, *specs: TransportSpec) -> None:
        self.specs = specs

    @hookimpl
    def ovhcore_transports(self) -> tuple[TransportSpec, ...]:
        return self.specs


class Silent(SyncTransport):
    """Answers null."""

    def __init__(self, settings: TransportSettings) -> None:
        super().__init__()
        self.settings = settings

    def send(self, request: Request) -> Response:
        return Response(200, {}, b"null")


HERE = TransportSpec("here", sync=Silent, http2=())
ABSENT = TransportSpec("absent", sync=Silent, requires=("no_such_module",), extra="x[absent]")


def test_the_first_of_the_order_that_is_installed() -> None:
    plugins = Plugins([Offering(HERE, ABSENT)])
    selection = select_transport(None, None, plugins, ("absent", "here"), asynchronous=False)
    selection.check(TransportSettings())
    choice = ClientTransport(selection, TransportSettings(), ())
    assert type(choice.open()) is Silent
    assert choice.open() is choice.open()
    (opened,) = choice.closing()
    assert opened is choice.open()


def test_nothing_of_the_order_is_installed() -> None:
    selection = select_transport(None, None, Plugins([Offering(ABSENT)]), ("absent",), asynchronous=False)
    with pytest.raises(ovh.InvalidConfiguration, match=r'needs no_such_module, .*: pip install "x\[absent\]"'):
        selection.check(TransportSettings())


def test_one_that_was_named_is_not_replaced_by_another() -> None:
    with pytest.raises(ovh.InvalidConfiguration, match="'absent' needs no_such_module"):
        ovh.Client(**KEYS, transport="absent", plugins=[Offering(HERE, ABSENT)])
    with pytest.raises(ovh.InvalidConfiguration, match=r'absent \(pip install "x\[absent\]"\), here'):
        ovh.Client(**KEYS, transport="abscent", plugins=[Offering(HERE, ABSENT)])


def test_a_closed_client_opens_nothing() -> None:
    selection = select_transport("here", "here", Plugins([Offering(HERE)]), ("here",), asynchronous=False)
    choice = ClientTransport(selection, TransportSettings(), ())
    assert choice.closing() == []
    with pytest.raises(ovh.ClientClosed):
        choice.open()


def test_what_the_client_wants_reaches_the_transport(tmp_path: Path) -> None:
    pem = tmp_path / "a.pem"
    pem.touch()
    client = ovh.Client(
        **KEYS,
        transport="here",
        plugins=[Offering(HERE)],
        timeout=(1, 2, 3),
        pool_size=5,
        client_cert=pem,
        client_key=str(pem),
        http2=True,
    )
    client.get("/me")
    assert client._ovhcore.transport.settings == TransportSettings(
        ovh.Timeout(1, 2, 3), None, None, None, 5, True, str(pem), str(pem), True
    )
    assert client.settings.connection is client._ovhcore.transport.settings


def test_variables_say_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"TRANSPORT": "here", "POOL_SIZE": "7", "HTTP2": "yes", "TIMEOUT": "1,2,3"}.items():
        monkeypatch.setenv(f"OVH_{name}", value)
    client = ovh.Client(**KEYS, plugins=[Offering(HERE)])
    client.get("/me")
    settings = client._ovhcore.transport.settings
    assert (settings.pool_size, settings.http2, settings.timeout) == (7, True, ovh.Timeout(1, 2, 3))


@pytest.mark.parametrize("off", [False, "off"])
def test_not_to_verify_is_warned_of(off: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    if off == "off":
        monkeypatch.setenv("OVH_VERIFY", off)
    with pytest.warns(ovh.InsecureWarning, match="To trust a certificate of your own, name it as ca_bundle") as caught:
        client = ovh.Client(**KEYS, transport="here", plugins=[Offering(HERE)], verify=False if off is False else None)
    assert caught[0].filename == __file__
    assert client.settings.connection.verify is False


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ({"pool_size": 0}, "pool_size (argument) must be a whole number above 0, not 0"),
        ({"pool_size": 1.5}, "pool_size (argument) must be a whole number above 0, not 1.5"),
        ({"pool_size": True}, "pool_size (argument) must be a whole number"),
        ({"verify": "maybe"}, "verify (argument) must be true or false, not 'maybe'"),
        ({"http2": 7}, "http2 (argument) must be true or false, not 7"),
        ({"client_cert": "/does/not/exist"}, "client_cert (argument) names /does/not/exist, which does not exist"),
        ({"client_key": __file__}, "client_key is set and client_cert is not"),
        ({"http2": True, "transport": "absent"}, "'absent' needs no_such_module"),
        ({"http2": True, "transport": "plain"}, "http2 is on, and transport 'plain' cannot speak HTTP/2"),
        ({"http2": True, "transport": "half"}, "for it transport 'half' needs no_such_module, which is not installed"),
    ],
)
def test_settings_that_cannot_be(setting: dict[str, Any], said: str) -> None:
    plain, half = TransportSpec("plain", sync=Silent), TransportSpec("half", sync=Silent, http2=("no_such_module",))
    with pytest.raises(ovh.InvalidConfiguration) as caught:
        ovh.Client(**{**KEYS, "transport": "here", **setting}, plugins=[Offering(HERE, ABSENT, plain, half)])
    assert said in str(caught.value)


class SendsAlone:
    def send(self, request: Request) -> Response:
        return Response(200)


def test_an_object_that_is_half_a_transport() -> None:
    with pytest.raises(ovh.InvalidConfiguration) as caught:
        ovh.Client(**KEYS, transport=SendsAlone())
    assert "SendsAlone has no sleep, clock, uniform, once, gather, stream, close" in str(caught.value)
    assert "derive it from ovhcore_transports.SyncTransport" in str(caught.value)
