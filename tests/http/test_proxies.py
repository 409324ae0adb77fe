"""Which proxy is asked for which server."""

from __future__ import annotations

import pytest

from ovhcore_transports.http.proxies import Proxy, proxy_for


@pytest.mark.parametrize(
    ("origin", "without", "direct"),
    [
        ("https://10.1.2.3", "10.0.0.0/8", True),
        ("https://10.1.2.3:8443", "example.com, 10.1.2.0/24", True),
        ("https://11.1.2.3", "10.0.0.0/8", False),
        ("https://eu.api.ovh.com", "10.0.0.0/8", False),
        ("https://[fd00::1]", "10.0.0.0/8,fd00::/8", True),
        ("https://10.1.2.3", "nonsense/8,10.1.2.9/24", True),
        ("https://eu.api.ovh.com", "api.ovh.com", True),
        ("https://eu.api.ovh.com", "api.ovh.ca", False),
    ],
)
def test_who_is_reached_without(monkeypatch: pytest.MonkeyPatch, origin: str, without: str, direct: bool) -> None:
    for name in ("http_proxy", "all_proxy", "HTTPS_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("https_proxy", "http://proxy:3128")
    monkeypatch.setenv("no_proxy", without)
    assert proxy_for(None, origin) == (None if direct else Proxy("http://proxy:3128", None))
