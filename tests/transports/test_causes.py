"""Programs walk the chain of causes: it ends in the same exception of Python's own on every transport."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest

import ovhcore as ovh
from ovhcore.flows.exchange import complete_causes
from ovhcore.testing import Peer, WireServer
from tests.servers import refusing_port

SYNC = ("urllib3", "httpx", "httpx2", "pyreqwest")
ASYNC = ("aiohttp", "httpx", "httpx2", "pyreqwest", "urllib3")
EXPECTED = {"refused": ConnectionRefusedError, "silent": TimeoutError, "lost": ConnectionResetError}
OURS = {"refused": ovh.ConnectError, "silent": ovh.ReadTimeout, "lost": ovh.ConnectionLost}


def causes(error: BaseException) -> list[BaseException]:
    found: list[BaseException] = []
    link = error.__cause__
    while link is not None:
        found.append(link)
        link = link.__cause__
    return found


@pytest.fixture(scope="module")
def places() -> Iterator[dict[str, str]]:
    """URLs where connections are refused, are silent, and end before the answer."""

    def silent(peer: Peer) -> None:
        peer.receive()
        peer.pause()

    def lost(peer: Peer) -> None:
        peer.receive()

    with refusing_port() as port, WireServer(silent) as quiet, WireServer(lost) as ending:
        yield {"refused": f"http://127.0.0.1:{port}/1.0", "silent": quiet.url, "lost": ending.url}


def options(place: str) -> dict[str, Any]:
    return {
        "application_key": "k",
        "application_secret": "s",
        "consumer_key": "c",
        "retry": False,
        "proxy": "none",
        "timeout": (60, 0.2) if place == "silent" else 60,
    }


def check(place: str, error: BaseException) -> None:
    assert type(error) is OURS[place]
    python_s = [link for link in causes(error) if isinstance(link, OSError) and not isinstance(link, ovh.APIError)]
    assert python_s
    assert isinstance(python_s[-1], EXPECTED[place])
    assert python_s[-1] is causes(error)[-1]


@pytest.mark.parametrize("place", EXPECTED)
@pytest.mark.parametrize("transport", SYNC)
def test_for_threads(places: dict[str, str], place: str, transport: str) -> None:
    pytest.importorskip(transport, reason=f"{transport} is not installed")
    client = ovh.Client(places[place], transport=transport, **options(place))
    with client, pytest.raises(ovh.NetworkError) as caught:
        client.get("/me")
    check(place, caught.value)


@pytest.mark.parametrize("place", EXPECTED)
@pytest.mark.parametrize("transport", ASYNC)
def test_for_tasks(places: dict[str, str], place: str, transport: str) -> None:
    pytest.importorskip(transport, reason=f"{transport} is not installed")

    async def main() -> None:
        async with ovh.AsyncClient(places[place], transport=transport, **options(place)) as client:
            with pytest.raises(ovh.NetworkError) as caught:
                await client.get("/me")
        check(place, caught.value)

    asyncio.run(main())


def test_nothing_is_said_that_is_not_known() -> None:
    error = ovh.ConnectError("the name is not known")
    complete_causes(error)
    assert error.__cause__ is None
    odd = ovh.ConnectionLost("lost")
    inner = ValueError("library")
    odd.__cause__, inner.__cause__ = inner, odd
    complete_causes(odd)  # a chain that bites its own tail ends, too
    assert isinstance(inner.__cause__, ConnectionResetError)
