"""Calls while the interpreter is shutting down: an answer, or one clear error; never another one, and never a hang."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from textwrap import dedent

import pytest

from ovhcore.exceptions import ClientClosed, InvalidRequest
from ovhcore.flows.interpreter_exit import at_exit, reporting_shutdown
from ovhcore.testing import WireServer

PROGRAM = dedent(
    """
    import asyncio, atexit, builtins, sys, threading
    import ovhcore as ovh

    moment, transport, kind, warm, url = sys.argv[1:]
    settings = dict(
        transport=transport, application_key="AK", application_secret="AS", consumer_key="CK",
        proxy="none", timeout=60, time_sync="off",
    )
    many = kind == "gather"
    if kind == "async":
        # Where nothing can be imported any more, asyncio.run() itself does not work.
        loop, client = asyncio.new_event_loop(), ovh.AsyncClient(url, **settings)
        call = lambda: loop.run_until_complete(client.get("/me"))
    else:
        client = ovh.Client(url, **settings)
        call = lambda: client.gather(["/me", "/me", "/me"])[0] if many else client.get("/me")
    if warm == "warm":
        call()

    def tell(call=call, print=print, type=type, Exception=Exception):
        try:
            print("answer", call(), flush=True)
        except Exception as error:
            print(type(error).__name__, error, flush=True)

    class Last:
        def __del__(self, tell=tell):
            tell()

    if moment == "atexit":
        atexit.register(tell)
    elif moment == "del":
        builtins.kept = Last()
    else:
        begin, done = threading.Event(), threading.Event()

        def work():
            begin.wait()
            tell()
            done.set()

        threading.Thread(target=work, daemon=True).start()
        atexit.register(done.wait, 30)
        atexit.register(begin.set)
    """
)
PLACES = [
    *((name, "sync") for name in ("urllib3", "stdlib", "httpx", "httpx2", "pyreqwest")),
    *((name, "async") for name in ("urllib3", "stdlib", "aiohttp", "httpx", "httpx2", "pyreqwest")),
    ("urllib3", "gather"),
    ("stdlib", "gather"),
    ("httpx", "gather"),
]


@pytest.fixture(scope="module")
def server() -> Iterator[WireServer]:
    with WireServer() as one:
        yield one


@pytest.mark.spread
@pytest.mark.parametrize("warm", ["warm", "cold"])
@pytest.mark.parametrize("moment", ["atexit", "daemon", "del"])
@pytest.mark.parametrize(("transport", "kind"), PLACES, ids=lambda one: one)
def test_an_answer_or_one_clear_error(server: WireServer, transport: str, kind: str, moment: str, warm: str) -> None:
    # By name, for an address needs no thread to be looked up.
    url = f"http://localhost:{server.port}/1.0"
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", PROGRAM, moment, transport, kind, warm, url],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    said = done.stdout.splitlines()
    assert len(said) == 1, (done.stdout, done.stderr)
    clear = "ClientClosed The interpreter is shutting down, and what this call needs is no longer there"
    assert said[0] == "answer /1.0/me" or said[0].startswith(clear), said
    if kind == "sync" and moment == "atexit":
        assert said[0] == "answer /1.0/me"  # nothing is missing that it needs
    if transport in ("aiohttp", "httpx", "httpx2") and kind == "async" and warm == "cold":
        assert said[0].startswith(clear)  # asyncio looks names up in threads
    if transport == "pyreqwest" and kind == "async":
        assert said[0].startswith(clear)  # the library's own threads would abort the process


def test_what_is_imported_late_ends_as_calls_do(monkeypatch: pytest.MonkeyPatch) -> None:
    gone = ImportError("sys.meta_path is None, Python is likely shutting down")
    with pytest.raises(ImportError), reporting_shutdown:
        raise gone
    monkeypatch.setattr(sys, "is_finalizing", lambda: True)
    with reporting_shutdown:
        pass
    with pytest.raises(ClientClosed, match="The interpreter is shutting down"), reporting_shutdown:
        raise gone
    with pytest.raises(ZeroDivisionError), reporting_shutdown:
        _ = 1 / 0


def test_while_the_program_runs_errors_are_what_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    error = RuntimeError("can't register atexit after shutdown")
    assert at_exit(error) is None
    monkeypatch.setattr(sys, "is_finalizing", lambda: True)
    assert isinstance(at_exit(error), ClientClosed)
    outer = ValueError("x")
    outer.__cause__ = error
    assert isinstance(at_exit(outer), ClientClosed)
    assert at_exit(RuntimeError("something else")) is None
    assert at_exit(InvalidRequest("a shutdown that somebody asked for")) is None
    assert at_exit(ClientClosed("shut")) is None
