"""Servers with users and passwords, in cluster mode, without scripts, and with TLS."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from ovhcore.exceptions import InvalidConfiguration, SharedStoreError
from ovhcore_transports.shared.store_commands.answers import GO
from ovhcore_transports.shared.stores import opening
from ovhcore_transports.shared.stores.opening import open_store, read_store
from tests.shared.conftest import Server

pytestmark = pytest.mark.once

TAKE = ("take", "limit:x", 1_000_000, 1, 0, -1, -1, "a", 10_000_000)
CLAIM = ("claim", "once:x", "a", "p", 10_000_000)
USER = "on >ge%he/im#1 ~ovhcore:* +evalsha +script|load +get +set +del +time"


def refused(url: str) -> str:
    store = open_store(read_store(url, "limit_store"))
    try:
        with pytest.raises(SharedStoreError) as caught:
            store.ask(TAKE)
    finally:
        store.close()
    assert "geheim" not in str(caught.value)
    assert "ge%he" not in str(caught.value)
    return str(caught.value)


def test_users_and_passwords(program: str, tmp_path: Path) -> None:
    (tmp_path / "users").write_text(f"user default off\nuser limits {USER}\nuser reads on >geheim2 +get ~*\n")
    server = Server(program, "--aclfile", f"{tmp_path}/users", who="limits:ge%25he%2Fim%231@")
    try:
        with closing(open_store(server.url)) as store:
            assert store.ask(TAKE)[0] == GO
            assert store.ask(CLAIM) == ["mine", ""]
            assert "ge%" not in store.name
            assert store.name.startswith("unix:///")
        socket_of = server.url.rpartition("@")[2]
        assert "invalid username-password" in refused(f"unix://limits:geheim@{socket_of}")
        assert "uthentication" in refused(f"unix://{socket_of}")
        assert "no permissions" in refused(f"unix://reads:geheim2@{socket_of}")
    finally:
        server.end()


def test_a_node_of_a_cluster_is_told(program: str) -> None:
    server = Server(program, "--cluster-enabled", "yes")
    try:
        assert "a node of a cluster, which is not supported" in refused(server.url)
    finally:
        server.end()


@contextmanager
def answering(reply: bytes, context: ssl.SSLContext | None = None) -> Iterator[int]:
    """Answer whatever comes with the same line; yield the port."""

    def serve() -> None:
        while True:
            try:
                one, _ = listener.accept()
            except OSError:
                return
            try:
                with one if context is None else context.wrap_socket(one, server_side=True) as asked:
                    while asked.recv(65536):
                        asked.sendall(reply)
            except OSError:
                pass

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield listener.getsockname()[1]
        listener.shutdown(socket.SHUT_RDWR)
    thread.join(10)


def test_a_server_without_scripts_is_told() -> None:
    pytest.importorskip("redis")
    with answering(b"-ERR unknown command 'SCRIPT', with args beginning with: 'LOAD'\r\n") as port:
        assert "of a sentinel, name the server that it watches" in refused(f"redis://127.0.0.1:{port}/0")


def test_with_tls_the_name_has_to_be_that_of_the_certificate(tmp_path: Path) -> None:
    pytest.importorskip("redis")
    trustme = pytest.importorskip("trustme")
    authority, context = trustme.CA(), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    with answering(b"$3\r\nabc\r\n", context) as port:
        assert "certificate" in refused(f"rediss://localhost:{port}/0").lower()  # nobody trusts the authority
        trusted = f"ssl_ca_certs={tmp_path}/ca.pem"
        assert "mismatch" in refused(f"rediss://127.0.0.1:{port}/0?{trusted}").lower()
        with closing(open_store(f"valkeys://localhost:{port}/0?{trusted}")) as store:
            assert store._asked("GET", "x") == b"abc"  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("redis", "it begins with none of these"),
        ("file:limits", "it begins with none of these"),
        ("redis://[::1", "its host or query is none"),
        ("redis://h/0?geheim", "its host or query is none"),
        ("redis://h:70000", "its port is none"),
        ("redis://h/geheim", "its database is no number"),
        ("redis://h/-1", "its database is no number"),
        ("unix:///s?db=geheim", "its database is no number"),
        ("redis://h?geheim=1", "its query may have db, and nothing else"),
        ("redis://h?password=geheim", "its query may have db, and nothing else"),
        ("rediss://h?ssl_cert_reqs=none", "its query may have db and ssl_ca_certs and ssl_certfile and ssl_keyfile"),
        ("redis://:geheim/@h", "in a password, characters as / "),
        ("redis://:geheim#@h", "in a password, characters as / "),
        ("redis://:geheim@1@h", "in a password, characters as / "),
        ("redis://h1:1,h2:2/0", "a cluster or a sentinel is not supported"),
        ("redis+sentinel://h/main", "a cluster or a sentinel is not supported"),
        ("rediscluster://h", "a cluster or a sentinel is not supported"),
    ],
)
def test_urls_that_lead_nowhere(url: str, problem: str) -> None:
    with pytest.raises(InvalidConfiguration, match="OVH_LIMIT_STORE must be redis://HOST:PORT/0, ") as caught:
        read_store(url, "OVH_LIMIT_STORE")
    assert problem in str(caught.value)
    assert "geheim" not in str(caught.value)


def test_no_repr_shows_a_password() -> None:
    pytest.importorskip("redis")
    address = opening._read("redis://limits:geheim@localhost:6379/0")
    assert "limits" in repr(address)
    assert "geheim" not in repr(address)
    with closing(open_store("redis://limits:geheim@localhost:6379/0")) as store:
        assert "geheim" not in repr(vars(store))
        assert "geheim" not in repr(store._connect())  # type: ignore[attr-defined]


def test_a_scheme_in_capitals_is_one(tmp_path: Path) -> None:
    with closing(open_store(read_store(f"FILE://{tmp_path}/a%20b", "limit_store"))) as store:
        assert store.ask(CLAIM) == ["mine", ""]
    assert (tmp_path / "a b").exists()
