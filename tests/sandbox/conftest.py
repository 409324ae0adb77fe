"""A client of a sandbox of its own."""

from __future__ import annotations

import pytest

import ovhcore as ovh
from ovhcore_transports.sandbox import ACCESS_KEYS, Sandbox, SandboxTransport
from tests.sandbox.generic.everything import NOW


@pytest.fixture
def transport() -> SandboxTransport:
    return SandboxTransport(Sandbox(), start=NOW)


@pytest.fixture
def client(transport: SandboxTransport) -> ovh.Client:
    return ovh.Client("ovh-eu", transport=transport, **ACCESS_KEYS)
