"""Who is reached without a proxy: as urllib.request says of the whole address, and as requests where it knows more."""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import urlsplit
from urllib.request import proxy_bypass_environment  # type: ignore[attr-defined]

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ovhcore_transports.http.proxies import Proxy, proxy_for
from tests.profiles import tries

pytestmark = pytest.mark.once

MANY: Final = tries(200, 5000)
PROXY: Final = Proxy("http://proxy:3128", None)


def is_direct(monkeypatch: pytest.MonkeyPatch, origin: str, without: str) -> bool:
    with monkeypatch.context() as patch:
        for scheme in ("http", "https"):
            patch.setenv(f"{scheme}_proxy", "http://proxy:3128")
        patch.setenv("no_proxy", without)
        found = proxy_for(None, origin)
    assert found in (None, PROXY)
    return found is None


@pytest.mark.parametrize(
    ("origin", "without", "direct"),
    [
        ("http://localhost:8080", "localhost:8080", True),
        ("http://localhost:8081", "localhost:8080", False),
        ("http://localhost:8080", "localhost", True),
        ("http://localhost:8080", "LOCALHOST:8080", True),
        ("http://localhost:8080", " other , localhost:8080 ,", True),
        ("http://127.0.0.1:8080", "127.0.0.1:8080", True),
        ("http://127.0.0.1:8081", "127.0.0.1:8080", False),
        ("http://127.0.0.1:8080", "127.0.0.1", True),
        ("http://127.0.0.1:8080", "127.0.0.0/8", True),
        ("http://[::1]:8080", "[::1]:8080", True),
        ("http://[::1]:8081", "[::1]:8080", False),
        ("http://[::1]:8080", "[::1]", True),
        ("http://[::1]", "[::1]", True),
        ("http://[::1]:8080", "::1", True),
        ("http://[::1]:8080", "0:0:0:0:0:0:0:1", True),
        ("http://[::1]:8080", "[0:0::1]:8080", True),
        ("http://[::2]:8080", "[::1],::1", False),
        ("http://[fd00::12]", "fd00::/8", True),
        ("https://eu.api.ovh.com", "eu.api.ovh.com:443", True),
        ("https://eu.api.ovh.com", "eu.api.ovh.com:80", False),
        ("https://[::1]", "[::1]:443", True),
        ("https://[::1]", "[::1]:80", False),
        ("https://eu.api.ovh.com:8443", ".ovh.com:8443", True),
        ("https://eu.api.ovh.com", ".ovh.com", True),
        ("https://eu.api.ovh.com", "ovh.com", True),
        ("https://eu.api.notovh.com", "ovh.com", False),
        ("https://eu.api.ovh.com", "OVH.com", True),
        ("https://eu.api.ovh.com", "*", True),
        ("https://eu.api.ovh.com", "[not an address],http://eu.api.ovh.com/", False),
        ("https://eu.api.ovh.com", "", False),
        ("https://eu.api.ovh.com", " , ,", False),
    ],
)
def test_entries_of_no_proxy(monkeypatch: pytest.MonkeyPatch, origin: str, without: str, direct: bool) -> None:
    assert is_direct(monkeypatch, origin, without) is direct


def test_no_proxy_at_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("no_proxy", "localhost")
    assert proxy_for(None, "http://example.com") is None


HOSTS: Final = ["localhost", "127.0.0.1", "10.1.2.3", "[::1]", "[fd00::12]", "eu.api.ovh.com", "ovh.com", "a.b", "b"]
PORTS: Final = ["", ":8080", ":80", ":443", ":12"]
hosts = st.builds(lambda host, port: host + port, st.sampled_from(HOSTS), st.sampled_from(PORTS))
entries = st.one_of(
    hosts,
    hosts.map(str.upper),
    hosts.map(lambda host: f".{host}"),
    hosts.map(lambda host: f" {host}\t"),
    hosts.map(lambda host: host.strip("[]")),
    st.sampled_from(
        ["*", "", "10.0.0.0/8", "fd00::/8", "10.1.2.3/32", "::", "nonsense/99", "[", "]:1", "[::1", ":8080"]
    ),
    st.text("ab.:*/[]01", max_size=6),
)
lists = st.lists(entries, max_size=3).map(",".join)


@settings(max_examples=MANY, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    origin=st.builds(lambda scheme, host: f"{scheme}://{host}", st.sampled_from(["http", "https"]), hosts),
    without=lists,
)
def test_whatever_urllib_reaches_directly_is(monkeypatch: pytest.MonkeyPatch, origin: str, without: str) -> None:
    theirs = bool(proxy_bypass_environment(urlsplit(origin).netloc, {"no": without}))
    ours = is_direct(monkeypatch, origin, without)
    if theirs:
        assert ours
    elif ours:
        # More is only what names an address or a network, or the port that is connected to without being written.
        assert any(mark in without for mark in ":/")


@settings(max_examples=MANY, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    origin=st.builds(lambda scheme, host: f"{scheme}://{host}", st.sampled_from(["http", "https"]), hosts),
    without=lists,
)
def test_whatever_requests_reaches_directly_is(monkeypatch: pytest.MonkeyPatch, origin: str, without: str) -> None:
    utils: Any = pytest.importorskip("requests.utils")
    with monkeypatch.context() as patch:
        patch.delenv("no_proxy", raising=False)
        if utils.should_bypass_proxies(origin, without):
            assert is_direct(monkeypatch, origin, without)
