"""Threads, tasks, transports and processes that record to one cassette at once: every call is in it, once and whole."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from pathlib import Path
from threading import Barrier, Thread
from typing import Self

import pytest

from ovhcore.exceptions import CassetteError, ConnectError, NoRecording
from ovhcore.protocol.messages import Request, Response
from ovhcore_transports import AsyncTransport
from ovhcore_transports.recording import (
    AsyncRecordTransport,
    Cassette,
    Interaction,
    RecordTransport,
    ReplayTransport,
    repair,
)
from tests.profiles import tries
from tests.recording.recorders import Answering, asked, body_for, run
from tests.recording.test_crashes import posix
from tests.worlds import Scripted

pytestmark = pytest.mark.once

ROOT = Path(__file__).resolve().parent.parent.parent
ROUNDS = tries(6, 40)
AT_ONCE = 4
SIZE = 3000
OLD = [f"/old/{number}" for number in range(5)]


def old_cassette(path: Path) -> bytes:
    """Write a cassette of calls that nobody makes any more."""
    Cassette(Interaction.of(asked(each), Response(200, {}, body_for(each, SIZE))) for each in OLD).save(path)
    return path.read_bytes()


def paths(cassette: Cassette) -> list[str]:
    return [each.url.removeprefix("https://h") for each in cassette]


def check(path: Path, expected: Iterable[str], size: int = SIZE) -> None:
    """Make sure that a cassette holds these calls and nothing else, and answers them."""
    calls = sorted(expected)
    cassette = Cassette.load(path)  # warnings are errors
    assert not cassette.problems
    assert sorted(paths(cassette)) == calls
    replay = ReplayTransport(path)
    for each in calls:
        assert replay.send(asked(each)).body == body_for(each, size)
    replay.check_played()
    assert [each.name for each in path.parent.iterdir()] == [path.name]


# In one process


@pytest.mark.parametrize("mode", ["once", "new", "all"])
def test_threads(mode: str, tmp_path: Path) -> None:
    path = tmp_path / "a.cassette"
    if mode == "all":
        old_cassette(path)
    together = Barrier(32, timeout=60)

    def work(thread: int) -> None:
        together.wait()
        for number in range(20):
            call = f"/{thread}/{number}"
            assert transport.send(asked(call)).body == body_for(call, SIZE)

    with RecordTransport(Answering(SIZE), path, mode) as transport, ThreadPoolExecutor(32) as pool:
        list(pool.map(work, range(32)))
    check(path, (f"/{thread}/{number}" for thread in range(32) for number in range(20)))


class AsyncAnswering(AsyncTransport):
    """Answers with the path of the request, and not in the order of the requests."""

    async def send(self, request: Request) -> Response:
        path = request.url.removeprefix("https://h")
        for _ in range(hash(path) % 7):
            await asyncio.sleep(0)
        return Response(200, {}, body_for(path, SIZE))


@pytest.mark.parametrize("mode", ["once", "new", "all"])
def test_tasks(mode: str, tmp_path: Path) -> None:
    path = tmp_path / "a.cassette"
    if mode == "all":
        old_cassette(path)

    async def main() -> None:
        async with AsyncRecordTransport(AsyncAnswering(), path, mode) as transport:
            answers = await asyncio.gather(*[transport.send(asked(f"/{number}")) for number in range(500)])
        assert [answer.body for answer in answers] == [body_for(f"/{number}", SIZE) for number in range(500)]

    asyncio.run(main())
    check(path, (f"/{number}" for number in range(500)))


@pytest.mark.parametrize("there", [False, True])
@pytest.mark.parametrize("mode", ["once", "new", "all"])
def test_transports(mode: str, there: bool, tmp_path: Path) -> None:
    path = tmp_path / "a.cassette"
    kept = OLD if there and mode == "new" else []
    if there and mode != "once":
        old_cassette(path)
    together = Barrier(8, timeout=60)
    with ExitStack() as stack, ThreadPoolExecutor(8) as pool:
        transports = [stack.enter_context(RecordTransport(Answering(SIZE), path, mode)) for _ in range(4)]

        def work(thread: int) -> None:
            together.wait()
            for number in range(20):
                transports[thread % 4].send(asked(f"/{thread}/{number}"))

        list(pool.map(work, range(8)))
    check(path, [*kept, *(f"/{thread}/{number}" for thread in range(8) for number in range(20))])


def test_transports_that_come_and_go(tmp_path: Path) -> None:
    path = tmp_path / "a.cassette"
    with RecordTransport(Answering(SIZE), path) as transport:
        transport.send(asked("/first"))

    def work(thread: int) -> None:
        for number in range(10):
            with RecordTransport(Answering(SIZE), path, "new") as transport:
                transport.send(asked(f"/{thread}/{number}"))

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(8)))
    check(path, ["/first", *(f"/{thread}/{number}" for thread in range(8) for number in range(10))])


@posix
def test_a_cassette_that_another_recorder_is_beginning(tmp_path: Path) -> None:
    path = tmp_path / "a.cassette"
    code = """
import fcntl, os, sys, time
from ovhcore_transports.recording.cassette.cassettes import beginning, dumped, end
from ovhcore_transports.recording.cassette.interactions import World
descriptor = os.open(sys.argv[1], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
fcntl.flock(descriptor, fcntl.LOCK_EX)
print("made", flush=True)
time.sleep(0.5)
os.write(descriptor, dumped(beginning()) + b"\\n" + dumped(end(World())))
"""
    with subprocess.Popen([sys.executable, "-c", code, str(path)], stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"made\n"
        with RecordTransport(Answering(SIZE), path, "new") as transport:
            transport.send(asked("/a"))
        assert other.wait(60) == 0
    check(path, ["/a"])


# In several processes


class Recorders:
    """Processes that record to one cassette in step."""

    def __init__(self, number: int) -> None:
        code = "from tests.recording.recorders import recorder; recorder()"
        self.processes = [
            subprocess.Popen(
                [sys.executable, "-c", code],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
                bufsize=1,
                cwd=ROOT,
            )
            for _ in range(number)
        ]

    def record(self, path: Path, mode: str, calls: int) -> list[str]:
        """Have each make calls; return the paths of all of them."""
        self._tell([f"{path} {mode} {SIZE} {number} {calls}\n" for number in range(len(self.processes))])
        assert self._hear() == {"here\n"}
        self._tell(["first\n"] * len(self.processes))
        assert self._hear() == {"here\n"}
        self._tell(["rest\n"] * len(self.processes))
        assert self._hear() == {"closed\n"}
        return [f"/{process}/{number}" for process in range(len(self.processes)) for number in range(calls)]

    def _tell(self, lines: list[str]) -> None:
        for process, line in zip(self.processes, lines, strict=True):
            assert process.stdin is not None
            process.stdin.write(line)

    def _hear(self) -> set[str]:
        return {process.stdout.readline() for process in self.processes if process.stdout is not None}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        for process in self.processes:
            with process:
                assert process.stdin is not None
                process.stdin.close()
                try:
                    process.wait(60)
                finally:
                    process.kill()


def test_processes(tmp_path: Path) -> None:
    with Recorders(AT_ONCE) as recorders:
        for mode in ("once", "new", "all"):
            for there in (False, True):
                path = tmp_path / f"{mode}-{there}" / "a.cassette"
                if there and mode != "once":
                    path.parent.mkdir()
                    old_cassette(path)
                kept = OLD if there and mode == "new" else []
                check(path, [*kept, *recorders.record(path, mode, 50)])


def test_processes_begin_at_the_same_moment(tmp_path: Path) -> None:
    """The first record of each is where they could get into one another's way."""
    with Recorders(AT_ONCE) as recorders:
        for number in range(ROUNDS):
            for mode in ("new", "all"):
                path = tmp_path / f"{mode}-{number}" / "a.cassette"
                kept: list[str] = []
                path.parent.mkdir()
                if number % 3:
                    whole = old_cassette(path)
                    kept = OLD if mode == "new" else []
                    if number % 3 == 2:  # as somebody left it who was killed
                        path.write_bytes(whole.rpartition(b"\n{")[0])
                check(path, [*kept, *recorders.record(path, mode, 3)])


@posix
def test_a_recorder_that_begins_during_a_repair(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.cassette"
    whole = old_cassette(path)
    path.write_bytes(whole.rpartition(b"\n{")[0])
    transport = RecordTransport(Answering(SIZE), path, "new")
    save = Cassette.save

    def begun_before(self: Cassette, to: Path) -> None:
        recording.start()
        recording.join(0.5)
        save(self, to)

    recording = Thread(target=lambda: transport.send(asked("/late")))
    monkeypatch.setattr(Cassette, "save", begun_before)
    with suppress(CassetteError):
        repair(path)
    recording.join(60)
    transport.close()
    assert paths(Cassette.load(path)) == [*OLD, "/late"]


# In mode "all" the old is replaced, or is left alone


def refused(request: Request) -> Response:
    raise ConnectError("nobody listens")


def test_what_was_there_is_replaced_by_one(tmp_path: Path) -> None:
    path = tmp_path / "a.cassette"
    before = old_cassette(path)
    transport = RecordTransport(Answering(SIZE), path, "all")
    assert path.read_bytes() == before
    transport.send(asked("/a"))
    assert paths(Cassette.load(path, warn=False)) == ["/a"]
    transport.send(asked("/b"))
    transport.close()
    check(path, ["/a", "/b"])


def test_without_an_answer_nothing_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "a.cassette"
    before = old_cassette(path)
    with ExitStack() as stack:
        for _ in range(3):
            transport = stack.enter_context(RecordTransport(Scripted(refused), path, "all"))
            for number in range(3):
                with pytest.raises(ConnectError):
                    transport.send(asked(f"/{number}"))
        assert path.read_bytes() == before
    assert path.read_bytes() == before
    assert [each.name for each in tmp_path.iterdir()] == [path.name]
    check(path, OLD)


@posix
def test_what_is_replaced_keeps_its_place_and_its_permissions(tmp_path: Path) -> None:
    path, link = tmp_path / "a.cassette", tmp_path / "link.cassette"
    old_cassette(path)
    path.chmod(0o600)
    link.symlink_to(path)
    with RecordTransport(Answering(SIZE), link, "all") as transport:
        transport.send(asked("/a"))
    assert link.is_symlink()
    assert paths(Cassette.load(path)) == ["/a"]
    assert path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("answered_first", [False, True])
def test_of_two_recorders_one_is_answered(answered_first: bool, tmp_path: Path) -> None:
    path = tmp_path / "a.cassette"
    old_cassette(path)
    answered = RecordTransport(Answering(SIZE), path, "all")
    never = RecordTransport(Scripted(refused), path, "all")
    if answered_first:
        answered.send(asked("/a"))
    with pytest.raises(ConnectError):
        never.send(asked("/b"))
    if not answered_first:
        answered.send(asked("/a"))
    never.close()
    answered.send(asked("/c"))
    answered.close()
    check(path, ["/a", "/c"])


NOT_ANSWERED = """
def refused(request):
    raise ConnectError("nobody listens")
transport = RecordTransport(Scripted(refused), sys.argv[1], "all")
print(raised(lambda: transport.send(asked("/a"))))
"""


def test_without_an_answer_or_an_end_nothing_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "a.cassette"
    before = old_cassette(path)
    assert run(NOT_ANSWERED, path) == "ConnectError nobody listens\n"
    assert path.read_bytes() == before
    assert [each.name for each in tmp_path.iterdir()] == [path.name]


def test_once_writes_nothing_to_what_is_there(tmp_path: Path) -> None:
    path = tmp_path / "a.cassette"
    before = old_cassette(path)
    os.utime(path, (1_600_000_000, 1_600_000_000))
    inner = Scripted(lambda request: Response(200))

    def work(thread: int) -> int:
        answered = 0
        for number in range(5):
            with pytest.raises(NoRecording):
                transport.send(asked(f"/new/{thread}/{number}"))
            with suppress(NoRecording):
                answered += transport.send(asked(f"/old/{number}")).body == body_for(f"/old/{number}", SIZE)
        return answered

    with RecordTransport(inner, path, "once") as transport, ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(work, range(8))) == 5
    assert not inner.sent
    assert path.read_bytes() == before
    assert path.stat().st_mtime == 1_600_000_000
    assert [each.name for each in tmp_path.iterdir()] == [path.name]


# Forks

FORKING = """
signal.alarm(30)
path, mode = sys.argv[1:3]
transport = RecordTransport(Answering(3000), path, mode)
def fork(work):
    child = os.fork()
    if child == 0:
        signal.alarm(20)
        work()
        sys.exit()
    return child
def ended(child):
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
def calls(who, number=20):
    for each in range(number):
        transport.send(asked(f"/{who}/{each}"))
"""


def called(*who: str, number: int = 20) -> list[str]:
    return [f"/{each}/{call}" for each in who for call in range(number)]


@posix
@pytest.mark.parametrize("mode", ["once", "new", "all"])
@pytest.mark.parametrize("before", [0, 1])
def test_a_fork_while_recording(mode: str, before: int, tmp_path: Path) -> None:
    path = tmp_path / "a.cassette"
    if mode == "all" and before:
        old_cassette(path)
    code = """
calls("before", int(sys.argv[3]))
children = [fork(lambda: calls("one")), fork(lambda: (calls("two"), transport.close()))]
calls("parent")
for child in children:
    ended(child)
transport.close()
"""
    run(FORKING + code, path, mode, before)
    check(path, called("one", "two", "parent") + called("before", number=before))


@posix
@pytest.mark.parametrize("mode", ["once", "new", "all"])
def test_forks_while_threads_record(mode: str, tmp_path: Path) -> None:
    path = tmp_path / "a.cassette"
    code = """
import threading
calls("before", 1)
threads = [threading.Thread(target=calls, args=(name, 100)) for name in ("one", "two", "three")]
for thread in threads:
    thread.start()
for number in range(10):
    ended(fork(lambda: calls(f"child{number}")))
for thread in threads:
    thread.join()
"""
    run(FORKING + code, path, mode)
    children = called(*(f"child{number}" for number in range(10)))
    check(path, [*called("one", "two", "three", number=100), *children, "/before/0"])


@posix
def test_a_child_ends_while_the_first_call_is_under_way(tmp_path: Path) -> None:
    path = tmp_path / "a.cassette"
    code = """
class Forking(Answering):
    def send(self, request):
        ended(fork(lambda: None))
        return super().send(request)
transport = RecordTransport(Forking(3000), path, mode)
calls("parent", 2)
transport.close()
"""
    run(FORKING + code, path, "once")
    check(path, called("parent", number=2))


@posix
def test_a_child_ends_and_its_parent_is_killed(tmp_path: Path) -> None:
    path = tmp_path / "a.cassette"
    code = """
calls("before", 1)
ended(fork(lambda: None))
calls("parent", 1)
print("recorded", flush=True)
os._exit(0)  # and writes no end, as when it is killed
"""
    assert run(FORKING + code, path, "once") == "recorded\n"
    cassette = Cassette.load(path, warn=False)
    assert paths(cassette) == ["/before/0", "/parent/0"]
    assert cassette.problems


UNANSWERED = """
class Refusing(Answering):
    def send(self, request):
        if "refused" in request.url:
            raise ConnectError("nobody listens")
        return super().send(request)
transport = RecordTransport(Refusing(3000), path, mode)
assert raised(lambda: transport.send(asked("/refused"))).startswith("ConnectError")
"""


@posix
def test_a_child_ends_before_its_parent_is_answered(tmp_path: Path) -> None:
    path = tmp_path / "a.cassette"
    old_cassette(path)
    run(FORKING + UNANSWERED + 'ended(fork(lambda: None))\ncalls("parent", 2)\ntransport.close()', path, "all")
    assert paths(Cassette.load(path)) == ["/refused", *called("parent", number=2)]


@posix
@pytest.mark.parametrize("child_first", [True, False])
def test_a_child_and_its_parent_are_answered_after_the_fork(child_first: bool, tmp_path: Path) -> None:
    path = tmp_path / "a.cassette"
    old_cassette(path)
    if child_first:
        code = """
reading, writing = os.pipe()
told, telling = os.pipe()
child = fork(lambda: (os.close(writing), calls("child", 2), os.write(telling, b"x"), os.read(reading, 1)))
os.read(told, 1)
calls("parent", 2)
os.write(writing, b"x")
ended(child)
transport.close()
"""
    else:
        code = """
reading, writing = os.pipe()
child = fork(lambda: (os.close(writing), os.read(reading, 1), calls("child", 2)))
calls("parent", 2)
os.write(writing, b"x")
ended(child)
transport.close()
"""
    run(FORKING + UNANSWERED + code, path, "all")
    cassette = Cassette.load(path)
    assert sorted(paths(cassette)) == sorted(["/refused", *called("parent", "child", number=2)])
    assert [each.name for each in tmp_path.iterdir()] == [path.name]


# Nobody closes


@pytest.mark.parametrize("mode", ["once", "new", "all"])
@pytest.mark.parametrize(
    "ending",
    [
        "",
        "sys.exit()",
        "del transport",
        "sys.stderr = None; raise SystemExit",
        "import threading; threading.Thread(target=lambda: transport.send(asked('/b'))).start()",
    ],
)
def test_a_program_ends_its_recording(mode: str, ending: str, tmp_path: Path) -> None:
    path = tmp_path / "a.cassette"
    if mode == "all":
        old_cassette(path)
    code = f"transport = RecordTransport(Answering(3000), sys.argv[1], {mode!r})\ntransport.send(asked('/a'))\n"
    run(code + ending, path)
    check(path, ["/a", "/b"] if "/b" in ending else ["/a"])
    assert b'\n{\n  "end": true' in path.read_bytes()


def test_a_program_that_fails_ends_its_recording(tmp_path: Path) -> None:
    path = tmp_path / "a.cassette"
    code = "transport = RecordTransport(Answering(3000), sys.argv[1])\ntransport.send(asked('/a'))\n1 / 0"
    with pytest.raises(AssertionError, match="ZeroDivisionError"):
        run(code, path)
    check(path, ["/a"])
