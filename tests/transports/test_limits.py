"""Total timeouts, certificates and loops: what all transports share."""

from __future__ import annotations

import asyncio
import os
import ssl
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import trio

from ovhcore import exceptions as exc
from ovhcore.flows import Clock, Flow, Gather, Once, Sleep, arun
from ovhcore.plugins import TransportSettings
from ovhcore.protocol.messages import Timeout
from ovhcore.testing import Authority
from ovhcore_transports import AsyncTransport
from ovhcore_transports.base.asynchronous import in_trio, within
from ovhcore_transports.base.deadlines import Deadline
from ovhcore_transports.http.tls import tls_context

QUICK = Timeout(60, 60, 0.05)
AMPLE = Timeout(60, 60, 600)
LOOPS: list[Callable[..., Any]] = [asyncio.run, trio.run]


def run(loop: Callable[..., Any], function: Callable[..., Any], *args: Any) -> Any:
    return loop(function, *args) if loop is trio.run else loop(function(*args))


def test_a_deadline_cuts_what_takes_too_long() -> None:
    cut = threading.Event()

    def fail() -> None:
        with Deadline(QUICK, cut.set, "http://a"):
            assert cut.wait(60)
            raise OSError("as the library would")

    with pytest.raises(exc.TotalTimeout, match=r"^http://a: no complete answer within 0\.05 s$"):
        fail()
    cut.clear()
    with pytest.raises(exc.TotalTimeout), Deadline(QUICK, cut.set):
        assert cut.wait(60)


def test_a_deadline_that_is_met() -> None:
    aborted: list[int] = []
    with Deadline(AMPLE, lambda: aborted.append(1)) as deadline:
        pass
    deadline.cut()
    with Deadline(Timeout(1, 1), lambda: aborted.append(1)):
        pass
    with pytest.raises(KeyError), Deadline(AMPLE, lambda: None):
        raise KeyError
    assert not aborted


def test_an_interrupt_goes_through_a_deadline() -> None:
    cut = threading.Event()

    def interrupt() -> None:
        with Deadline(QUICK, cut.set):
            assert cut.wait(60)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupt()


@pytest.mark.parametrize("loop", LOOPS)
def test_within(loop: Callable[..., Any]) -> None:
    async def brief() -> int:
        return 1

    async def failing() -> None:
        raise exc.ReadTimeout("its own")

    async def main() -> None:
        sleep = trio.sleep if in_trio() else asyncio.sleep
        assert await within(AMPLE, "", brief()) == 1
        assert await within(Timeout(1, 1), "", brief()) == 1
        with pytest.raises(exc.ReadTimeout, match="its own"):
            await within(AMPLE, "", failing())
        with pytest.raises(exc.TotalTimeout, match=r"^http://a: no complete answer within 0\.05 s$"):
            await within(QUICK, "http://a", sleep(600))

    run(loop, main)


class Sleeping(AsyncTransport):
    """Sends nothing."""


@pytest.mark.parametrize("loop", LOOPS)
def test_many_ask_for_one_flow(loop: Callable[..., Any]) -> None:
    started: list[int] = []

    def work() -> Flow[int]:
        started.append(1)
        for _ in range(100):  # all the others ask meanwhile
            yield Sleep(0)
        return len(started)

    def ask() -> Flow[int]:
        found: int = yield Once("key", work())
        return found

    def all_of_them() -> Flow[list[int]]:
        found: list[int] = yield Gather([ask() for _ in range(50)], 50)
        return found

    transport = Sleeping()
    assert run(loop, arun, all_of_them(), transport) == [1] * 50
    assert not transport._flights
    assert not transport._trio_flights


def test_on_trio_a_waiter_takes_over_from_one_that_is_cancelled() -> None:
    transport = Sleeping()
    started: list[int] = []
    over: list[bool] = []

    def work() -> Flow[int]:
        started.append(1)
        while not over:
            yield Sleep(0.001)
        return 7

    async def main() -> None:
        found: list[int] = []

        async def ask(scope: trio.CancelScope) -> None:
            with scope:
                found.append(await transport.once("key", work()))

        first = trio.CancelScope()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(ask, first)
            while not started:
                await trio.lowlevel.checkpoint()
            assert len(started) == 1
            nursery.start_soon(ask, trio.CancelScope())
            nursery.start_soon(ask, trio.CancelScope())
            for _ in range(10):  # both wait for the first
                await trio.lowlevel.checkpoint()
            first.cancel()
            while len(started) == 1:
                await trio.lowlevel.checkpoint()
            over.append(True)
        assert found == [7, 7]

    trio.run(main)
    assert len(started) == 2


def test_on_trio_a_failure_is_everybodys_and_cancels_the_rest() -> None:
    transport = Sleeping()

    def failing() -> Flow[None]:
        for _ in range(20):
            yield Sleep(0)
        raise exc.ConnectError("no")

    def slow() -> Flow[None]:
        yield Sleep(600)

    async def main() -> None:
        errors: list[Exception] = []

        async def ask() -> None:
            with pytest.raises(exc.ConnectError) as caught:
                await transport.once("key", failing())
            errors.append(caught.value)

        async with trio.open_nursery() as nursery:
            nursery.start_soon(ask)
            nursery.start_soon(ask)
        assert len({id(error) for error in errors}) == 2
        with trio.fail_after(60), pytest.raises(exc.ConnectError, match=r"^no$"):
            await transport.gather([slow(), failing(), slow()], 2)

    trio.run(main)


@pytest.mark.parametrize("loop", LOOPS)
def test_side_by_side_at_most_so_many(loop: Callable[..., Any]) -> None:
    running = 0
    most = 0

    def work(number: int) -> Flow[int]:
        nonlocal running, most
        running += 1
        most = max(most, running)
        yield Sleep(0.001)
        yield Clock()
        running -= 1
        return number

    assert run(loop, Sleeping().gather, [work(number) for number in range(20)], 3) == list(range(20))
    assert most == 3


def test_trio_is_not_imported_to_find_out() -> None:
    assert not in_trio()


def test_certifi_where_the_system_has_none(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def paths(cafile: str | None, capath: str | None) -> Callable[[], Any]:
        return lambda: SimpleNamespace(cafile=cafile, capath=capath)

    monkeypatch.setattr(ssl, "get_default_verify_paths", paths(None, str(tmp_path)))
    assert tls_context(TransportSettings()).cert_store_stats()["x509_ca"] > 50
    (tmp_path / "a.pem").touch()
    assert tls_context(TransportSettings()).verify_mode is ssl.CERT_REQUIRED
    monkeypatch.setattr(ssl, "get_default_verify_paths", paths(None, None))
    monkeypatch.setitem(sys.modules, "certifi", None)
    assert tls_context(TransportSettings()).verify_mode is ssl.CERT_REQUIRED


def test_a_directory_of_certificates_is_trusted_instead_of_the_systems(tmp_path: Path) -> None:
    context = tls_context(TransportSettings(ca_bundle=str(tmp_path)))
    assert (context.verify_mode, context.cert_store_stats()["x509_ca"]) == (ssl.CERT_REQUIRED, 0)


def test_client_certificates_that_cannot_be_used(tmp_path: Path) -> None:
    certificate, _ = Authority(tmp_path).client_files()
    with pytest.raises(exc.InvalidConfiguration, match=r"client_cert: .*client\.pem must hold a certificate"):
        tls_context(TransportSettings(client_cert=str(certificate)))
    locked = tmp_path / "locked.pem"
    header = "Proc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00000000000000000000000000000000\n\n"
    locked.write_text(f"-----BEGIN RSA PRIVATE KEY-----\n{header}AAAA\n-----END RSA PRIVATE KEY-----\n")
    with pytest.raises(exc.InvalidConfiguration, match=r"client\.pem and .*locked\.pem must hold .* not encrypted"):
        tls_context(TransportSettings(client_cert=str(certificate), client_key=str(locked)))
    assert os.path.exists(locked)


def test_nobody_is_verified_only_when_asked_for() -> None:
    assert tls_context(TransportSettings()).check_hostname
    context = tls_context(TransportSettings(verify=False))
    assert (context.check_hostname, context.verify_mode) == (False, ssl.CERT_NONE)
