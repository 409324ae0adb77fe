from __future__ import annotations

from ovhcore_httpclient import HttpClientTransport

from ovhcore.plugins import TransportSettings
from ovhcore.testing import TransportConformance


class TestHttpClientTransport(TransportConformance):
    lacks = frozenset({"proxy", "https proxy"})

    def open(self, settings: TransportSettings) -> HttpClientTransport:
        return HttpClientTransport(settings)
