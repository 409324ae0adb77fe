"""Programs that record while tests kill, fork or lead them. They import little, so that they start soon."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from itertools import count
from pathlib import Path

from ovhcore.exceptions import CassetteError, ConnectError
from ovhcore.protocol.clock import Now
from ovhcore.protocol.messages import Request, Response
from ovhcore_transports import SyncTransport
from ovhcore_transports.recording import Cassette, Interaction, RecordTransport
from ovhcore_transports.recording.cassette.interactions import World
from tests.worlds import Scripted

__all__ = [
    "GOOD",
    "Answering",
    "answering",
    "asked",
    "body_for",
    "failed",
    "good",
    "raised",
    "recorder",
    "recorders",
    "run",
    "write_in_pieces",
]

ROOT = Path(__file__).resolve().parent.parent.parent

_NAMES = """
import asyncio, os, resource, signal, sys, threading
from itertools import count
from ovhcore.exceptions import *
from ovhcore.protocol.messages import Request, Response
from ovhcore_transports.recording import *
from tests.recording.recorders import *
from tests.worlds import AsyncScripted, Scripted
"""


def body_for(path: str, size: int) -> bytes:
    return f"{path} ".encode() * (size // (len(path) + 1) + 1)


def run(code: str, *arguments: object, within: float = 60) -> str:
    """Run a program that knows a few names; return what it printed."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("COV")}
    command = [sys.executable, "-c", _NAMES + code, *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=within, cwd=ROOT, env=environment)
    assert done.returncode == 0, done.stderr
    return done.stdout


def asked(path: str) -> Request:
    return Request("GET", f"https://h{path}")


def failed(transport: RecordTransport, path: str) -> str:
    """Return the message of the CassetteError that a call ends with."""
    try:
        transport.send(asked(path))
    except CassetteError as error:
        return str(error)
    return "no error"


def raised(call: Callable[[], object]) -> str:
    """Return the kind and the message of the exception that a call ends with."""
    try:
        call()
    except Exception as error:
        return f"{type(error).__name__} {error}"
    return "nothing"


class Answering(SyncTransport):
    """Answers at once with the path of the request, over and over."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self.size = size

    def send(self, request: Request) -> Response:
        path = request.url.removeprefix("https://h")
        return Response(200, {"Content-Type": "text/plain"}, body_for(path, self.size))


def answering() -> Scripted:
    return Scripted(lambda request: Response(200, {}, b"1"))


def good() -> bytes:
    """A cassette with one of everything, of two recorders."""
    world = World((Now(1.5, 2.0), Now(2.5, 3.0)))
    json = {"Content-Type": "application/json"}
    signed = dict.fromkeys(("X-Ovh-Application", "X-Ovh-Consumer", "X-Ovh-Signature"), "x" * 20)
    exchanges: list[tuple[Request, Response | ConnectError]] = [
        (Request("GET", "https://h/a"), Response(200, {}, b"one\n}\ntwo\n{\n")),
        (Request("POST", "https://h/b", {**json, **signed}, b'{"a":[1,{}]}'), Response(201, json, b'{"b":null}')),
        (Request("GET", "https://h/c"), ConnectError("nobody listens")),
        (Request("GET", "https://h/d"), Response(200, {}, bytes(range(200, 256)))),
        (Request("GET", "https://h/e"), Response(404, {"X-Note": "é"}, 'été "\\ \u2028'.encode())),
    ]
    return Cassette(
        [Interaction.of(*each, at=1_700_000_000 + n, took=0.25, world=world) for n, each in enumerate(exchanges)],
        between={3: World((Now(9.0, 9.0),))},
        tail=world,
    ).dumps()


GOOD = good()


def write_in_pieces(size: int) -> None:
    """Have the system take a part of what is written at a time, as it may."""
    write = os.write

    def some(descriptor: int, data: memoryview) -> int:
        time.sleep(0.001)
        return write(descriptor, data[:size])

    setattr(os, "write", some)  # noqa: B010 - of this process, which is killed


def record_until_killed(path: str, threads: int, size: int, pieces: int) -> None:
    """Make calls without end, and tell of each whose answer is there."""
    if pieces:
        write_in_pieces(pieces)
    transport = RecordTransport(Answering(size), path, "new")

    def work(thread: int) -> None:
        for number in count():
            transport.send(asked(f"/{thread}/{number}"))
            os.write(1, f"/{thread}/{number}\n".encode())

    for thread in range(threads):
        threading.Thread(target=work, args=(thread,)).start()


def recorders() -> None:
    """Start a recorder for each line of the input, and kill it at the line that follows."""
    for line in sys.stdin:
        path, *numbers = line.split()
        child = os.fork()
        if child == 0:
            os.write(1, b"ready\n")
            record_until_killed(path, *map(int, numbers))
            signal.pause()
        sys.stdin.readline()
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        os.write(1, b"killed\n")


def recorder() -> None:
    """Record as the lines of the input say, and wait for a line before every step, so that others are as far."""
    for line in sys.stdin:
        path, mode, size, process, calls = line.split()
        transport = RecordTransport(Answering(int(size)), path, mode)
        _step()
        transport.send(asked(f"/{process}/0"))
        _step()
        for number in range(1, int(calls)):
            transport.send(asked(f"/{process}/{number}"))
        transport.close()
        print("closed", flush=True)


def _step() -> None:
    print("here", flush=True)
    sys.stdin.readline()
