"""The part of the conformance kit with TLS and proxies."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from pathlib import Path
from typing import Final

import pytest

from ...exceptions import ConnectTimeout, NetworkError, ProxyError, TLSError
from ...protocol.messages import Request, Timeout
from ..certificates import Authority
from ..faults import PATIENT
from ..server import Behaviour, Peer, WireServer, answer, in_turn
from .failures import failure_of
from .suite import Opener, Suite

__all__ = ["EncryptionConformance"]

_SECRETS: Final = {"X-Ovh-Consumer": "canary-consumer"}
_PASSWORD: Final = "canary-w%C3%B6rd"
_BASIC: Final = "Basic bWU6Y2FuYXJ5LXfDtnJk"

_HANDSHAKES: Final[dict[str, tuple[Behaviour, type[NetworkError], Timeout]]] = {
    "closed": (lambda peer: None, TLSError, PATIENT),
    "reset": (in_turn(Peer.pause, Peer.reset), TLSError, PATIENT),
    "in plain HTTP": (in_turn(Peer.pause, lambda peer: peer.send(answer(b"1")), Peer.drain), TLSError, PATIENT),
    "silent": (Peer.drain, ConnectTimeout, Timeout(0.5, 60)),
}
_TUNNELS: Final[dict[str, Callable[[Peer], object]]] = {
    "refused with 403": lambda peer: peer.send(answer(b"no", "403 Forbidden")),
    "refused with 407": lambda peer: peer.send(answer(b"no", "407 Proxy Authentication Required")),
    "refused with 502": lambda peer: peer.send(answer(b"no", "502 Bad Gateway")),
    "closed": lambda peer: None,
    "reset": Peer.reset,
    "garbled": lambda peer: peer.send(b"this is not HTTP at all\r\n\r\n"),
    "silent": lambda peer: peer.pause(),
}


class EncryptionConformance(Suite):
    """Tests that servers are verified, and that requests go through proxies."""

    def test_a_trusted_server(self, opened: Opener, tmp_path: Path) -> None:
        """A server with a certificate of the bundle is trusted; the connection is kept."""
        self.needs("TLS")
        authority = Authority(tmp_path)
        with WireServer(context=authority.server_context()) as server:
            transport = opened(ca_bundle=str(authority.bundle))
            for number in range(3):
                assert transport.send(Request("GET", f"{server.url}/{number}")).body == b'"/1.0/%d"' % number
            transport.close()
            assert server.all_closed()
            assert server.connections == 1

    @pytest.mark.parametrize("problem", ["untrusted", "wrong name", "expired"])
    def test_a_server_that_cannot_prove_who_it_is(self, opened: Opener, tmp_path: Path, problem: str) -> None:
        """Nothing is sent to such a server."""
        self.needs("TLS")
        authority = Authority(tmp_path)
        name = "other.example" if problem == "wrong name" else "127.0.0.1"
        with WireServer(context=authority.server_context(name, expired=problem == "expired")) as server:
            transport = opened(ca_bundle=None if problem == "untrusted" else str(authority.bundle))
            error = failure_of(transport, Request("GET", f"{server.url}/me", _SECRETS))
            assert type(error) is TLSError
            assert not error.may_have_arrived
            assert not server.received
            transport.close()
            assert server.all_closed()
            careless = opened(verify=False)
            assert careless.send(Request("GET", f"{server.url}/me")).status == 200

    @pytest.mark.parametrize("how", _HANDSHAKES)
    def test_a_handshake(self, opened: Opener, tmp_path: Path, how: str) -> None:
        """A handshake is broken off, or does not go on."""
        self.needs("TLS")
        behave, raises, timeout = _HANDSHAKES[how]
        with WireServer(behave) as server:
            transport = opened(timeout, ca_bundle=str(Authority(tmp_path).bundle))
            error = failure_of(transport, Request("GET", f"https://127.0.0.1:{server.port}/me", _SECRETS))
            assert type(error) is raises, repr(error)
            assert not error.may_have_arrived
            transport.close()
            assert server.all_closed()

    def test_a_body_cut_off_in_tls(self, opened: Opener, tmp_path: Path) -> None:
        """An answer that runs to the end of the connection is not whole if TLS was cut off."""
        self.needs("TLS")
        authority = Authority(tmp_path)

        def behave(peer: Peer) -> None:
            peer.receive()
            peer.send(answer(b"12345")[:-2])

        with WireServer(behave, authority.server_context()) as server:
            transport = opened(ca_bundle=str(authority.bundle))
            error = failure_of(transport, Request("GET", f"{server.url}/me", _SECRETS))
            assert type(error).__name__ == "ConnectionLost", repr(error)

    def test_a_client_certificate(self, opened: Opener, tmp_path: Path) -> None:
        """The client shows its certificate to a server that asks for one, from one file or two."""
        self.needs("TLS")
        self.needs("client certificate")
        authority = Authority(tmp_path)
        certificate, key = authority.client_files()
        both = tmp_path / "both.pem"
        both.write_bytes(certificate.read_bytes() + key.read_bytes())
        with WireServer(context=authority.asking_context()) as server:
            for files in ({"client_cert": str(certificate), "client_key": str(key)}, {"client_cert": str(both)}):
                transport = opened(ca_bundle=str(authority.bundle), **files)
                assert transport.send(Request("GET", f"{server.url}/me")).status == 200
            without = opened(ca_bundle=str(authority.bundle))
            with pytest.raises(NetworkError):
                without.send(Request("GET", f"{server.url}/me"))

    def test_a_proxy_for_http(self, opened: Opener, monkeypatch: pytest.MonkeyPatch) -> None:
        """The proxy gets the whole URL, and the credentials for it; also a proxy that the environment names."""
        self.needs("proxy")
        with WireServer(answer(b"1")) as proxy:
            address = f"http://me:{_PASSWORD}@127.0.0.1:{proxy.port}"
            url = "http://api.invalid/1.0/a%2Fb?q=%27"
            opened(proxy=address).send(Request("GET", url))
            monkeypatch.setenv("http_proxy", address)
            opened(proxy=None).send(Request("GET", url))
        for received in proxy.received:
            assert received.target == url
            assert received.fields["host"] == "api.invalid"
            assert received.fields["proxy-authorization"] == _BASIC

    def test_a_proxy_that_is_not_for_all(self, opened: Opener, monkeypatch: pytest.MonkeyPatch) -> None:
        """Hosts of ``NO_PROXY`` are reached without the proxy."""
        self.needs("proxy")
        monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
        monkeypatch.setenv("no_proxy", "127.0.0.1")
        with WireServer() as server:
            assert opened(proxy=None).send(Request("GET", f"{server.url}/me")).status == 200

    @pytest.mark.parametrize("kind", ["http", "https"])
    def test_a_tunnel_through_a_proxy(self, opened: Opener, tmp_path: Path, kind: str) -> None:
        """The proxy sees host and user, and nothing of the call; the server nothing of the user."""
        self.needs("TLS")
        self.needs("proxy" if kind == "http" else "https proxy")
        authority = Authority(tmp_path)
        inner = authority.server_context("api.invalid")

        def tunnel(peer: Peer) -> None:
            asked = peer.receive()
            assert asked is not None
            peer.send(b"HTTP/1.1 200 Connection established\r\n\r\n")
            if kind == "http":
                peer.secure(inner)
                peer.serve()
            else:
                _tls_in_tls(peer, inner)

        with WireServer(tunnel, authority.server_context() if kind == "https" else None) as proxy:
            transport = opened(proxy=f"{kind}://me:{_PASSWORD}@127.0.0.1:{proxy.port}", ca_bundle=str(authority.bundle))
            target = "/1.0/ip/1.2.3.0%2F24?q=%27%5B%5D"
            response = transport.send(
                Request("GET", f"https://api.invalid{target}", _SECRETS, timeout=Timeout(60, 60, 120))
            )
            assert response.status == 200
            transport.close()
            assert proxy.all_closed()
        asked, called = proxy.received
        assert asked.head.startswith(b"CONNECT api.invalid:443 HTTP/1.")
        assert asked.fields["proxy-authorization"] == _BASIC
        assert "x-ovh-consumer" not in asked.fields
        assert called.target == target
        assert called.fields["x-ovh-consumer"] == "canary-consumer"
        assert "proxy-authorization" not in called.fields

    @pytest.mark.parametrize("how", _TUNNELS)
    def test_a_tunnel_that_the_proxy_does_not_make(self, opened: Opener, how: str) -> None:
        """Whatever the proxy does instead, nothing was sent; the error names the proxy without its user."""
        self.needs("TLS")
        self.needs("proxy")

        def behave(peer: Peer) -> None:
            peer.receive()
            _TUNNELS[how](peer)

        with WireServer(behave) as proxy:
            timeout = Timeout(0.5, 0.5) if how == "silent" else PATIENT
            transport = opened(timeout, proxy=f"http://me:{_PASSWORD}@127.0.0.1:{proxy.port}")
            error = failure_of(transport, Request("GET", "https://api.invalid/me", _SECRETS))
            assert type(error) is ProxyError, repr(error)
            assert not error.may_have_arrived
            assert f"http://127.0.0.1:{proxy.port}" in str(error)
            transport.close()
            assert proxy.all_closed()

    def test_a_proxy_nobody_listens_at(self, opened: Opener) -> None:
        """The error says that the proxy was unreachable, and not the server."""
        self.needs("proxy")
        with WireServer() as proxy:
            pass
        for url in ("http://api.invalid/me", "https://api.invalid/me"):
            transport = opened(proxy=f"http://me:{_PASSWORD}@127.0.0.1:{proxy.port}")
            assert type(failure_of(transport, Request("GET", url, _SECRETS))) is ProxyError


def _tls_in_tls(peer: Peer, context: ssl.SSLContext) -> None:
    """Answer one request in TLS inside the TLS of a connection."""
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    inner = context.wrap_bio(incoming, outgoing, server_side=True)
    data = b""
    shaken = False
    while b"\r\n\r\n" not in data:
        try:
            if shaken:
                data += inner.read(65536)
            else:
                inner.do_handshake()
                shaken = True
        except ssl.SSLWantReadError:
            peer.send(outgoing.read())
            incoming.write(peer.read())
    peer.take(data)
    inner.write(answer(b"1"))
    peer.send(outgoing.read())
    peer.drain()
