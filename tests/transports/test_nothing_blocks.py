"""Nothing blocks the event loop, from ``AsyncClient.open`` to ``close``: held by two detectors of blocking calls."""

from __future__ import annotations

import asyncio
import ssl
import subprocess
import sys
import threading
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest
import trio
import trustme
from blockbuster import BlockingError, blockbuster_ctx

import ovhcore as ovh
from ovhcore.client.transport import off_the_loop
from ovhcore.testing import WireServer

KEYS: dict[str, Any] = {"application_key": "AK", "application_secret": "AS", "consumer_key": "CK", "time_sync": "off"}
PLACES = [
    *(("asyncio", name) for name in ("aiohttp", "httpx", "httpx2", "pyreqwest", "urllib3", "stdlib", "sandbox")),
    *(("trio", name) for name in ("httpx", "httpx2", "sandbox")),
]


@pytest.fixture(scope="module")
def secure(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[WireServer, Path]]:
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1", "localhost").configure_cert(context)
    file = tmp_path_factory.mktemp("ca") / "ca.pem"
    authority.cert_pem.write_to_path(str(file))
    with WireServer(context=context) as server:
        yield server, file


async def program(url: str, **settings: Any) -> list[str]:
    async with await ovh.AsyncClient.open(url, **settings) as client:
        me = await client.get("/me")
        said = [str(me), *map(str, await client.gather(["/me", "/me"]))]
    with pytest.raises(ovh.ClientClosed):
        await client.get("/me")
    return said


def run(loop: str, work: Callable[[], Coroutine[Any, Any, Any]]) -> Any:
    if loop == "trio":
        return trio.run(work)
    return asyncio.run(work())


def watched(loop: str, work: Callable[[], Coroutine[Any, Any, Any]]) -> Any:
    with blockbuster_ctx():  # it raises where something blocks under asyncio
        return run(loop, work)


@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize(("loop", "transport"), PLACES)
def test_nothing_blocks_from_open_to_close(
    loop: str, transport: str, scheme: str, secure: tuple[WireServer, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1,localhost")  # proxies are looked for, too
    settings: dict[str, Any] = {"transport": transport, "timeout": 20, **KEYS}
    if transport == "sandbox":
        settings = {"transport": transport}

    async def work() -> list[str]:
        return await program(url, **settings)

    if scheme == "https":
        server, settings["ca_bundle"] = secure
        url = "ovh-eu" if transport == "sandbox" else f"https://127.0.0.1:{server.port}/1.0"
        said = watched(loop, work)
    else:
        with WireServer() as plain:
            url = "ovh-eu" if transport == "sandbox" else plain.url
            said = watched(loop, work)
    assert len(said) == 3


FRESH = dedent(
    """
    import asyncio, logging, sys, threading
    logging.getLogger("ovhcore").setLevel("DEBUG")
    logging.getLogger("ovhcore").addHandler(logging.NullHandler())
    loop, transport, url, bundle, how = sys.argv[1:]
    if loop == "trio":
        import trio
    import ovhcore as ovh
    ovh.AsyncClient  # what a program has imported before it runs a loop

    here, found, watching = threading.get_ident(), [], False
    EVENTS = {"open", "import", "os.listdir", "os.scandir", "time.sleep", "socket.gethostbyname"}
    CALLS = {"stat", "lstat", "load_verify_locations", "set_default_verify_paths", "load_cert_chain"}
    # asyncio imports them when it first runs something in a thread.
    ALLOWED = (
        "concurrent.futures.thread", "queue", "_queue", "concurrent/futures/__pycache__/thread", "__pycache__/queue"
    )

    def note(event, arguments):
        if watching and event in EVENTS and threading.get_ident() == here:
            what = str(arguments[0])
            if not any(what == each or (each in what and "/" in what) for each in ALLOWED):
                found.append((event, what))

    def look(frame, event, argument):
        if event == "c_call" and argument.__name__ in CALLS and "importlib" not in frame.f_code.co_filename:
            found.append((argument.__name__, frame.f_code.co_filename))

    sys.addaudithook(note)

    async def main():
        global watching
        watching = True
        sys.setprofile(look)
        options = dict(transport=transport, ca_bundle=bundle, proxy="none", time_sync="off", timeout=30)
        if how == "open":
            client = await ovh.AsyncClient.open(url, "AK", "AS", "CK", **options)
        else:
            client = ovh.AsyncClient(url, "AK", "AS", "CK", **options)
        await client.get("/me")
        await client.get("/me")
        await client.gather(["/me", "/me"])
        await client.close()

    trio.run(main) if loop == "trio" else asyncio.run(main())
    sys.setprofile(None)
    watching = False
    print(found)
    """
)


@pytest.mark.spread
@pytest.mark.parametrize(("loop", "transport"), [place for place in PLACES if place[1] != "sandbox"])
def test_a_fresh_program_opens_nothing_in_its_loop(loop: str, transport: str, secure: tuple[WireServer, Path]) -> None:
    """In the loop's thread no file is opened, no module imported, no certificate loaded, from the very beginning."""
    assert fresh(loop, transport, "open", secure) == "[]\n"


@pytest.mark.transport("httpx")
def test_what_a_fresh_program_opens_without_it(secure: tuple[WireServer, Path]) -> None:
    found = fresh("asyncio", "httpx", "make", secure)
    assert all(f"('{event}'" in found for event in ("open", "import", "load_verify_locations"))


def fresh(loop: str, transport: str, how: str, secure: tuple[WireServer, Path]) -> str:
    server, bundle = secure
    done = subprocess.run(
        [sys.executable, "-c", FRESH, loop, transport, f"https://127.0.0.1:{server.port}/1.0", str(bundle), how],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_detector_detects(tmp_path: Path) -> None:
    file = tmp_path / "ovh.conf"
    file.write_text("[default]\nendpoint = ovh-eu\n")

    async def make() -> None:
        ovh.AsyncClient(config_file=file, transport="httpx")

    with pytest.raises(BlockingError):
        watched("asyncio", make)


def test_open_raises_what_making_raises_and_shows_no_secret() -> None:
    async def main() -> None:
        await ovh.AsyncClient.open("ovh-eu", "AK", "canary-secret", "CK", transport="no-such-transport")

    for loop in ("asyncio", "trio"):
        with pytest.raises(ovh.InvalidConfiguration, match="no-such-transport") as caught:
            run(loop, main) if loop == "trio" else asyncio.run(main())
        entry = caught.tb
        while entry is not None:
            if "/ovhcore/" in entry.tb_frame.f_code.co_filename:
                assert "canary" not in repr(entry.tb_frame.f_locals)
            entry = entry.tb_next  # type: ignore[assignment]


def test_a_subclass_opens_itself() -> None:
    class Mine(ovh.AsyncClient):
        pass

    async def main() -> ovh.AsyncClient:
        return await Mine.open(transport="sandbox")

    assert type(asyncio.run(main())) is Mine
    assert type(trio.run(main)) is Mine


def test_it_is_done_in_another_thread_where_there_is_a_loop() -> None:
    async def main() -> int:
        return await off_the_loop(threading.get_ident)

    assert asyncio.run(main()) != threading.get_ident()
    assert trio.run(main) != threading.get_ident()
    # Driven by something else: there is nothing to be held up that is known here.
    by_hand = main()
    with pytest.raises(StopIteration) as stop:
        by_hand.send(None)
    assert stop.value.value == threading.get_ident()


def test_where_asyncio_is_not_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "asyncio")
    by_hand = off_the_loop(lambda: 7)
    with pytest.raises(StopIteration) as stop:
        by_hand.send(None)
    assert stop.value.value == 7
