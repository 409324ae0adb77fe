"""URLs have the one spelling that every HTTP library's own parser leaves alone."""

from __future__ import annotations

from urllib.parse import urlsplit, urlunsplit

import httpx
import httpx2
import pytest
import urllib3
import yarl
from hypothesis import given
from pyreqwest.http import Url

from ovhcore.protocol.endpoints import resolve_endpoint
from ovhcore.protocol.requests.building import build_request
from ovhcore.testing import strategies

pytestmark = pytest.mark.once

ENDPOINT = resolve_endpoint("https://api.example.com/1.0")

# What each makes of a URL that is handed over as a plain string.
READERS = {
    "urllib.parse": lambda url: urlunsplit(urlsplit(url)),
    "urllib3": lambda url: urllib3.util.parse_url(url).url,
    "httpx": lambda url: str(httpx.URL(url)),
    "httpx, the target": lambda url: "https://api.example.com" + httpx.URL(url).raw_path.decode(),
    "httpx2": lambda url: str(httpx2.URL(url)),
    "yarl, encoded": lambda url: str(yarl.URL(url, encoded=True)),
    "pyreqwest": lambda url: str(Url(url)),
}


@pytest.mark.parametrize("library", READERS)
@given(strategies.calls())
def test_no_library_changes_what_is_signed(library: str, call: strategies.GeneratedCall) -> None:
    url = build_request(ENDPOINT, call.method, call.path, call.data).url
    assert READERS[library](url) == url
