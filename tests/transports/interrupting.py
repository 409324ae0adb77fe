"""Interrupts calls at every step; ``python -m tests.transports.interrupting urllib3 --aimed 1000``.

A program of its own, so that one that hangs can be ended, and shows where.
"""

from __future__ import annotations

import argparse
import ctypes
import faulthandler
import gc
import random
import signal
import sys
import tempfile
import threading
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any, Final

import ovhcore
from ovhcore.testing import Peer, Received, WireServer, answer

KEYS: Final[dict[str, Any]] = {
    "application_key": "7kbG7Bk7S9Nt7ZSV",
    "application_secret": "EXEgWIz07P0HYwtQDs7cNIqCiQaWSuHF",
    "consumer_key": "MtSwSrPpNjqfVSmJhLbPyr2i45lSwPU1",
}
PLACES: Final = 3
PATIENCE: Final = 60.0
"""Seconds within which every call has to end, on a machine under load."""


class Interrupted(BaseException):
    """What a signal handler raises; as ``KeyboardInterrupt``."""


class SoftLimit(Exception):
    """What that of a task queue raises."""


def at_step(call: Callable[[], object], number: int, error: type[BaseException]) -> tuple[int, BaseException | None]:
    """Make a call, and raise an exception before one of its steps.

    Returns:
        The steps that were made, and what the call raised.
    """
    steps = 0

    def trace(frame: FrameType, event: str, arg: object) -> Any:
        nonlocal steps
        if frame.f_code.co_filename.startswith("<frozen"):
            return None  # what is interrupted in an import is Python's own affair
        frame.f_trace_opcodes = True
        if event == "opcode":
            steps += 1
            if steps == number:
                raise error
        return trace

    sys._getframe().f_trace_opcodes = True  # Python 3.12 asks once, and no frame of those to come
    sys.settrace(trace)
    try:
        call()
    except BaseException as raised:
        return steps, raised.with_traceback(None)
    finally:
        sys.settrace(None)
    return steps, None


def at_time(call: Callable[[], object], seconds: float, error: type[BaseException]) -> BaseException | None:
    """Make a call, and have a signal's handler raise an exception after so long."""

    is_over = False

    def handle(number: int, frame: object) -> None:
        if not is_over:
            raise error

    before = signal.signal(signal.SIGALRM, handle)
    try:
        signal.setitimer(signal.ITIMER_REAL, max(seconds, 1e-6))
        call()
        is_over = True
    except (Interrupted, SoftLimit) as raised:
        return raised.with_traceback(None)
    finally:
        is_over = True
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    return None


def in_a_storm(call: Callable[[], object], seconds: float, chance: random.Random) -> None:
    """Make a call, and have a signal's handler raise exceptions one after the other, three at most."""
    left = 3

    def handle(number: int, frame: object) -> None:
        nonlocal left
        if left > 0:
            left -= 1
            signal.setitimer(signal.ITIMER_REAL, chance.uniform(2e-6, 1e-4))
            raise Interrupted

    def within(levels: int) -> None:
        nonlocal left
        try:
            if levels:
                within(levels - 1)
            else:
                signal.setitimer(signal.ITIMER_REAL, max(seconds, 1e-6))
                call()
            left = 0
        except Interrupted:
            pass

    before = signal.signal(signal.SIGALRM, handle)
    within(6)  # each of the three may come while another one is caught
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, before)


def from_a_thread(call: Callable[[], object], seconds: float, error: type[BaseException]) -> BaseException | None:
    """Make a call, and have another thread raise an exception in it after so long."""
    target, over = threading.get_ident(), threading.Event()

    def strike() -> None:
        time.sleep(seconds)
        ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(target), ctypes.py_object(error))
        over.set()

    try:
        try:
            thread = threading.Thread(target=strike, daemon=True)
            thread.start()
            call()
        finally:
            while not over.is_set():
                time.sleep(0.0001)
            for _ in range(100):
                pass  # where it is raised at the latest
    except (Interrupted, SoftLimit) as raised:
        return raised.with_traceback(None)
    return None


class Server(WireServer):
    """Echoes targets; those that begin with ``/1.0/all`` once as many are there as there are places."""

    def __init__(self) -> None:
        super().__init__(lambda peer: Peer.serve(peer, self._respond))
        self.gate = threading.Barrier(PLACES)

    def _respond(self, received: Received) -> bytes | None:
        self.received.clear()
        path = received.target
        if path.startswith("/1.0/all"):
            self.gate.wait(PATIENCE)
        if path == "/1.0/auth/time":
            return answer(b"%d" % time.time())
        return answer(b'{"path": "%b"}' % path.encode("ascii"))


class World:
    """A client, and what has to hold of it after each interrupt."""

    def __init__(self, transport: str, origin: str, folder: Path) -> None:
        self.number = 0
        self.client: Any
        options: dict[str, Any] = {"proxy": "none", "timeout": PATIENCE, "pool_size": PLACES, "retry": False, **KEYS}
        if transport == "sandbox":
            self.client = ovhcore.Client(transport="sandbox")
        elif transport == "record":
            options |= {"options": {"cassette": str(folder / "calls.cassette"), "record_mode": "all"}}
            self.client = ovhcore.Client(origin + "/1.0", transport="record+urllib3", **options)
        elif transport == "throttled":
            options |= {"options": {"max_concurrency": PLACES, "rate_limit": 1e6}}
            self.client = ovhcore.Client(origin + "/1.0", transport="urllib3", **options)
        elif transport == "server time":
            self.client = ovhcore.Client(origin + "/1.0", transport="urllib3", time_sync="server", **options)
        else:
            self.client = ovhcore.Client(origin + "/1.0", transport=transport, **options)
        self.is_local = transport == "sandbox"

    def call(self, kind: str = "one") -> None:
        """Make a call with a path of its own, and compare the answer with it."""
        self.number += 1
        if self.is_local:
            assert self.client.get("/me")["firstname"]
            return
        path = f"/{kind}/{self.number}"
        found = self.client.get(path)
        assert found == {"path": f"/1.0{path}"}, f"{path} was answered {found}"

    def total(self) -> None:
        """Make a call with a total timeout."""
        self.number += 1
        path = f"/one/{self.number}"
        found = self.client.get(path, _timeout=(PATIENCE, PATIENCE, PATIENCE))
        assert found == {"path": f"/1.0{path}"}, f"{path} was answered {found}"

    def many(self) -> None:
        """Make calls side by side."""
        self.number += 1
        paths = [f"/one/{self.number}.{each}" for each in range(2 * PLACES)]
        if self.is_local:
            paths = ["/me"] * 4
        found = self.client.gather(paths, _concurrency=2)
        assert self.is_local or found == [{"path": f"/1.0{path}"} for path in paths]

    def each(self) -> None:
        """Look at objects side by side."""
        self.number += 1
        paths = ["/me"] * 6 if self.is_local else [f"/one/{self.number}.{each}" for each in range(6)]
        with self.client.gather(paths, _concurrency=3, _as_completed=True) as found:
            seen = sorted(index for index, _ in found)
        assert seen == list(range(6))

    def fill(self) -> None:
        """Use every place at once."""
        problems: list[BaseException] = []

        def use() -> None:
            try:
                self.call("all")
            except BaseException as error:
                problems.append(error)

        threads = [threading.Thread(target=use, daemon=True) for _ in range(PLACES)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(2 * PATIENCE)
            assert not thread.is_alive(), "a call does not end"
        if problems:
            raise problems[0]


def interrupted(transport: str, numbers: dict[str, int], kinds: list[str], seed: int) -> dict[str, int]:
    """Interrupt calls, and make sure that the next one is answered and that no place is lost."""
    chance = random.Random(seed)
    counts = {**dict.fromkeys(numbers, 0), "fillings": 0}
    with Server() as server, tempfile.TemporaryDirectory() as folder:
        world = World(transport, server.origin, Path(folder))
        for kind in kinds:
            call: Callable[[], None] = {
                "one": world.call,
                "total": world.total,
                "many": world.many,
                "each": world.each,
            }[kind]
            call()
            call()
            steps, _ = at_step(call, 0, Interrupted)
            begin = time.perf_counter()
            for _ in range(10):
                call()
            took = (time.perf_counter() - begin) / 10
            plan = [way for way, number in numbers.items() for _ in range(number)]
            chance.shuffle(plan)
            for index, way in enumerate(plan):
                faulthandler.dump_traceback_later(3 * PATIENCE, exit=True)
                error = chance.choice((Interrupted, SoftLimit, KeyboardInterrupt)) if way == "aimed" else Interrupted
                if way == "aimed":
                    # Each step in turn, from wherever it begins.
                    target = 1 + (index * 7919 + seed) % steps if numbers["aimed"] > steps else chance.randint(1, steps)
                    reached, raised = at_step(call, target, error)
                    counts["aimed"] += reached >= target
                elif way == "timed":
                    raised = at_time(call, chance.uniform(0, took), error)
                    counts["timed"] += raised is not None
                elif way == "stormed":
                    in_a_storm(call, chance.uniform(0, took), chance)
                    raised = None
                    counts["stormed"] += 1
                else:
                    raised = from_a_thread(call, chance.uniform(0, took), error)
                    counts["struck"] += raised is not None
                if raised is not None and not isinstance(raised, (error, ovhcore.APIError)):
                    raise raised
                world.call()
                if index % 50 == 49:
                    world.fill()
                    counts["fillings"] += 1
                    if not world.is_local:
                        assert settled(server), f"{server.open} connections are open"
            if not world.is_local:
                world.fill()
        faulthandler.dump_traceback_later(3 * PATIENCE, exit=True)
        world.client.close()
        gc.collect()
        assert server.all_closed(PATIENCE), f"{server.open} connections were left open"
        faulthandler.cancel_dump_traceback_later()
    end = time.monotonic() + PATIENCE
    while workers() and time.monotonic() < end:
        time.sleep(0.05)
    assert not workers(), f"threads are left: {workers()}"
    return counts


def settled(server: WireServer) -> bool:
    """Wait until the server has seen that no more connections are open than there are places."""
    end = time.monotonic() + PATIENCE
    while server.open > PLACES and time.monotonic() < end:
        time.sleep(0.005)
    return server.open <= PLACES


def workers() -> list[threading.Thread]:
    """Return the threads that run calls side by side."""
    return [thread for thread in threading.enumerate() if thread.name.startswith("ovhcore-")]


def main() -> None:
    """Run what the command line says."""
    parser = argparse.ArgumentParser()
    parser.add_argument("transport")
    parser.add_argument("--aimed", type=int, default=500)
    parser.add_argument("--timed", type=int, default=0)
    parser.add_argument("--struck", type=int, default=0)
    parser.add_argument("--stormed", type=int, default=0)
    parser.add_argument("--kinds", default="one")
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    # A socket that is on its way from one function to another when an interrupt comes is closed with a warning.
    warnings.simplefilter("ignore", ResourceWarning)
    numbers = {way: getattr(asked, way) for way in ("aimed", "timed", "struck", "stormed")}
    print(interrupted(asked.transport, numbers, asked.kinds.split(","), asked.seed))


if __name__ == "__main__":
    main()
