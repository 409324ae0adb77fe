"""What happens over HTTP/2 to a request that the server refuses unprocessed, with ``retry=False``."""

from __future__ import annotations

import asyncio
import ssl
from pathlib import Path
from typing import Any

import h2.errors
import pytest
import trustme

import ovhcore as ovh
from tests.h2server import H2Server, Stream

KEYS: dict[str, Any] = {"application_key": "AK", "application_secret": "AS", "consumer_key": "CK"}


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> tuple[ssl.SSLContext, Path]:
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    file = tmp_path_factory.mktemp("ca") / "ca.pem"
    authority.cert_pem.write_to_path(str(file))
    return context, file


def reset(code: h2.errors.ErrorCodes) -> Any:
    def respond(stream: Stream) -> bytes:
        stream.connection.reset_stream(stream.number, code)
        return b""

    return respond


def failed_post(transport: str, url: str, file: Path, *, asynchronous: bool) -> ovh.NetworkError:
    settings: dict[str, Any] = {"transport": transport, "ca_bundle": file, "http2": True, "retry": False, **KEYS}

    async def awaited() -> None:
        async with ovh.AsyncClient(url, proxy="none", timeout=60, **settings) as client:
            await client.post("/me", x=1)

    def called() -> None:
        with ovh.Client(url, proxy="none", timeout=60, **settings) as client:
            client.post("/me", x=1)

    with pytest.raises(ovh.NetworkError) as caught:
        asyncio.run(awaited()) if asynchronous else called()
    return caught.value


@pytest.mark.parametrize("asynchronous", [False, True])
@pytest.mark.parametrize("transport", ["httpx", "httpx2"])
def test_one_call_is_one_request(transport: str, asynchronous: bool, bundle: tuple[ssl.SSLContext, Path]) -> None:
    with H2Server(reset(h2.errors.ErrorCodes.REFUSED_STREAM), bundle[0]) as server:
        error = failed_post(transport, server.url, bundle[1], asynchronous=asynchronous)
    assert type(error) is ovh.ConnectionLost
    assert len(server.received) == 1


@pytest.mark.parametrize("asynchronous", [False, True])
def test_pyreqwest_sends_again_and_the_error_says_so(asynchronous: bool, bundle: tuple[ssl.SSLContext, Path]) -> None:
    with H2Server(reset(h2.errors.ErrorCodes.REFUSED_STREAM), bundle[0]) as server:
        error = failed_post("pyreqwest", server.url, bundle[1], asynchronous=asynchronous)
    assert type(error) is ovh.ConnectionLost
    # Once would be better: then the pages and messages that say otherwise are out of date.
    assert len(server.received) == 3
    assert "over HTTP/2 pyreqwest has sent it up to three times by itself, also with retry off" in str(error)


def test_another_reset_is_not_said_to_be_sent_again(bundle: tuple[ssl.SSLContext, Path]) -> None:
    with H2Server(reset(h2.errors.ErrorCodes.INTERNAL_ERROR), bundle[0]) as server:
        error = failed_post("pyreqwest", server.url, bundle[1], asynchronous=False)
    assert type(error) is ovh.ConnectionLost
    assert len(server.received) == 1
    assert "three times" not in str(error)
