"""What each part makes of an error that only the end of the interpreter explains; whole programs are run beside."""

from __future__ import annotations

import asyncio
import sys
import threading
from collections.abc import Iterable
from queue import SimpleQueue
from typing import Any, cast
from weakref import ref

import pytest

import ovhcore as ovh
from ovhcore.exceptions import ClientClosed
from ovhcore.plugins import TransportSettings, TransportSpec, hookimpl
from ovhcore.protocol.messages import Request, Response, Timeout
from ovhcore_transports.base import threads
from ovhcore_transports.base.asynchronous import within
from ovhcore_transports.pyreqwest import AsyncPyreqwestTransport
from tests.conformance.transports import PLACES, made
from tests.worlds import AsyncScripted, Scripted

OVER = "can't start new thread at interpreter shutdown"
KEYS: dict[str, Any] = {
    "endpoint": "ovh-eu", "application_key": "AK", "application_secret": "AS", "consumer_key": "CK", "time_sync": "off",
}  # fmt: skip


@pytest.fixture(params=["it ends", "it goes on"])
def raised(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> type[Exception]:
    """Return what an error with the words of the end becomes: at the end, and while the program goes on."""
    if request.param == "it goes on":
        return RuntimeError
    monkeypatch.setattr(sys, "is_finalizing", lambda: True)
    return ClientClosed


def listed(request: Request) -> Response:
    return Response(200, {}, b"[1, 2, 3]")


class Fails(Scripted):
    def stream(self, *arguments: Any, **options: Any) -> Any:
        raise RuntimeError(OVER)


class AsyncFails(AsyncScripted):
    def stream(self, *arguments: Any, **options: Any) -> Any:
        raise RuntimeError(OVER)


def test_an_iterator(raised: type[Exception]) -> None:
    with ovh.Client(transport=Fails(listed), **KEYS) as client, pytest.raises(raised):
        next(client.iterate("/me/bill"))


def test_an_asynchronous_iterator(raised: type[Exception]) -> None:
    async def main() -> None:
        async with ovh.AsyncClient(transport=AsyncFails(listed), **KEYS) as client:
            with pytest.raises(raised):
                await anext(client.iterate("/me/bill"))

    asyncio.run(main())


class Offering:
    """A plugin that offers a transport which cannot be opened any more, and one that does nothing beforehand."""

    @hookimpl
    def ovhcore_transports(self) -> list[TransportSpec]:
        return [TransportSpec("late", sync=self.late), TransportSpec("plain", sync=Plain)]

    def late(self, settings: TransportSettings) -> Any:
        raise RuntimeError(OVER)


class Plain:
    """A transport with nothing that it need not have."""

    def __init__(self, settings: TransportSettings) -> None: ...

    def close(self) -> None: ...


def test_a_transport_that_is_opened(raised: type[Exception]) -> None:
    with ovh.Client(transport="late", plugins=[Offering()], **KEYS) as client, pytest.raises(raised):
        client.get("/me")


def test_a_transport_need_not_warm() -> None:
    """It would raise AttributeError."""
    with ovh.Client(transport="plain", plugins=[Offering()], **KEYS) as client:
        client._ovhcore.warm()


class Hook:
    @hookimpl
    def ovhcore_transports(self) -> Iterable[TransportSpec]:
        raise RuntimeError(OVER)


def test_a_hook(raised: type[Exception]) -> None:
    expected = ovh.InvalidConfiguration if raised is RuntimeError else raised
    with pytest.raises(expected):
        ovh.Client(plugins=[Hook()], **KEYS)


def test_an_exchange_with_a_total_timeout(raised: type[Exception]) -> None:
    async def exchange() -> None:
        raise RuntimeError(OVER)

    async def main(total: float | None) -> None:
        await within(Timeout(1, 1, total), "http://a", exchange())

    with pytest.raises(raised):
        asyncio.run(main(60))
    with pytest.raises(RuntimeError, match="new thread"):
        asyncio.run(main(None))


def test_httpx(raised: type[Exception]) -> None:
    transport = made(PLACES["httpx, sync"], TransportSettings(proxy="none"))
    if raised is ClientClosed:
        assert isinstance(transport._common.failure(RuntimeError(OVER), cast(Any, None), Timeout(1, 1)), ClientClosed)
    transport.close()


def test_pyreqwest_whose_threads_would_abort_the_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "is_finalizing", lambda: True)
    transport = AsyncPyreqwestTransport(TransportSettings(proxy="none"))
    with pytest.raises(ClientClosed):
        asyncio.run(transport.send(Request("GET", "http://127.0.0.1:9/")))


class Workers(threads._Workers):
    def __init__(self) -> None:
        super().__init__(Scripted(listed), cast(Any, ref(Scripted(listed))))


def test_a_thread_that_cannot_be_started() -> None:
    workers, outcome = Workers(), SimpleQueue[BaseException | None]()
    thread = threading.Thread(target=lambda: None)
    workers.start(thread, outcome)
    assert outcome.get(timeout=60) is None
    thread.join()
    workers.start(thread, outcome)  # which has ended
    assert isinstance(outcome.get(timeout=60), RuntimeError)
    assert workers.gone.get(timeout=60) is None


def test_a_stream_without_threads(raised: type[Exception], monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*arguments: Any) -> None:
        raise RuntimeError(OVER)

    monkeypatch.setattr(threads, "start_new_thread", refuse)
    with ovh.Client(transport=Scripted(listed), **KEYS) as client, pytest.raises(raised):
        client.gather(["/me", "/me"])
