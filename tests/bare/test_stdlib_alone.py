"""With Python and pluggy alone a client reaches an API: over HTTP and HTTPS, from threads and from asyncio."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pluggy
import pytest

import ovhcore
import ovhcore_transports
from ovhcore.testing import Authority, WireServer, answer

PROGRAM = """
import asyncio, sys

sys.path.append(sys.argv[1])
import ovhcore as ovh

endpoint, settings = sys.argv[2], dict(item.split("=", 1) for item in sys.argv[3:])
keys = {"application_key": "k" * 16, "application_secret": "s" * 32, "consumer_key": "c" * 32, "proxy": "none"}

async def asynchronously():
    async with await ovh.AsyncClient.open(endpoint, **keys, **settings) as client:
        return await client.gather(["/me"] * 3)

with ovh.Client(endpoint, **keys, **settings) as client:
    print(client.get("/me"), type(client._ovhcore.transport).__name__)
print(asyncio.run(asynchronously()))
foreign = {name.partition(".")[0] for name in sys.modules} - set(sys.stdlib_module_names)
print(sorted(foreign))
"""


@pytest.fixture
def alone(tmp_path: Path) -> Path:
    """A folder with the packages of the distribution and its one dependency."""
    folder = tmp_path / "site"
    folder.mkdir()
    for package in (ovhcore, ovhcore_transports, pluggy):
        assert package.__file__ is not None
        (folder / package.__name__).symlink_to(Path(package.__file__).parent)
    return folder


def called(alone: Path, endpoint: str, *settings: str, **variables: str) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-W", "error", "-c", PROGRAM, str(alone), endpoint, *settings],
        capture_output=True,
        text=True,
        timeout=60,
        env={**{name: value for name, value in os.environ.items() if not name.startswith("OVH_")}, **variables},
        cwd=alone,
    )
    assert done.stderr == ""
    return done.stdout.splitlines()


FOUND = [
    "{'firstname': 'Ada'} StdlibTransport",
    "[{'firstname': 'Ada'}, {'firstname': 'Ada'}, {'firstname': 'Ada'}]",
    "['__main__', 'ovhcore', 'ovhcore_transports', 'pluggy']",
]


def test_over_http(alone: Path) -> None:
    with WireServer(answer(b'{"firstname": "Ada"}')) as server:
        assert called(alone, server.url) == FOUND
    assert {received.fields["x-ovh-application"] for received in server.received} == {"k" * 16}


@pytest.mark.parametrize("where", ["setting", "system"])
def test_over_https(alone: Path, tmp_path: Path, where: str) -> None:
    """Certificates are those that are named, or those that the system's OpenSSL trusts."""
    authority = Authority(tmp_path)
    with WireServer(answer(b'{"firstname": "Ada"}'), authority.server_context()) as server:
        if where == "setting":
            assert called(alone, server.url, f"ca_bundle={authority.bundle}") == FOUND
        else:
            assert called(alone, server.url, SSL_CERT_FILE=str(authority.bundle)) == FOUND
    assert len(server.received) == 4
