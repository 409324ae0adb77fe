"""Recorders that are killed, full disks, damaged files: what was whole is there, and what is not is said."""

from __future__ import annotations

import asyncio
import random
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ovhcore.exceptions import CassetteError, ConnectError
from ovhcore.protocol.messages import Request, Response
from ovhcore_transports.recording import (
    AsyncRecordTransport,
    Cassette,
    CassetteWarning,
    RecordTransport,
    ReplayTransport,
    repair,
)
from tests.profiles import tries
from tests.recording.recorders import GOOD, Answering, answering, asked, body_for, failed, run
from tests.worlds import AsyncScripted

pytestmark = pytest.mark.once

ROOT = Path(__file__).resolve().parent.parent.parent
KILLS = tries(8, 50)

posix = pytest.mark.skipif(sys.platform == "win32", reason="neither fork nor limits on this platform")


# Killed at any moment


@contextmanager
def starting() -> Iterator[subprocess.Popen[str]]:
    """A process that has imported everything, and forks."""
    command = [sys.executable, "-c", "from tests.recording.recorders import recorders; recorders()"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1, cwd=ROOT) as it:
        try:
            yield it
        finally:
            assert it.stdin is not None
            it.stdin.close()
            assert it.wait(60) == 0


def killed_after(
    helper: subprocess.Popen[str], delay: float, path: Path, threads: int, size: int, pieces: int = 0
) -> list[str]:
    """Have a recorder killed; return the paths that were answered before."""
    assert helper.stdin is not None
    assert helper.stdout is not None
    helper.stdin.write(f"{path} {threads} {size} {pieces}\n")
    assert helper.stdout.readline() == "ready\n"
    time.sleep(delay)
    helper.stdin.write("kill\n")
    return list(_until_killed(helper.stdout))


def _until_killed(lines: IO[str]) -> Iterator[str]:
    for line in lines:
        if line == "killed\n":
            return
        yield line.strip()
    raise AssertionError("the helper has ended")


def check_what_is_left(path: Path, answered: list[str], threads: int, size: int) -> None:
    try:
        Cassette.load(path, warn=False)
    except CassetteError:
        assert not answered  # it was killed before it had written its first record
        return
    with pytest.warns(CassetteWarning, match="did not come to its end"):
        cassette = Cassette.load(path)
    assert cassette.problems
    assert cassette.unended == 1
    assert len(cassette.torn) <= 1
    found = Counter(each.url.removeprefix("https://h") for each in cassette)
    assert max(found.values(), default=1) == 1
    assert not Counter(answered) - found
    assert found.total() <= len(answered) + threads
    for each in cassette:
        assert each.response is not None
        assert each.response.body == body_for(each.url.removeprefix("https://h"), size)
    with pytest.raises(CassetteError, match=rf"not whole: .*'ovhcore cassette repair {path}'"):
        ReplayTransport(path)
    if cassette.torn and not len(cassette):
        return
    assert "did not come to its end" in repair(path)
    replay = ReplayTransport(path)
    for call in answered:
        assert replay.send(asked(call)).body == body_for(call, size)
    assert len(replay.unplayed) == found.total() - len(answered)


@posix
def test_a_recorder_that_is_killed_at_any_moment(tmp_path: Path) -> None:
    chance = random.Random()
    with starting() as helper:
        for number in range(KILLS):
            threads = (1, 4)[number % 2]
            size, pieces = ((30, 0), (100_000, 0), (30, 64), (100_000, 4096))[number // 2 % 4]
            path = tmp_path / f"{number}.cassette"
            answered = killed_after(helper, chance.uniform(0, 0.2), path, threads, size, pieces)
            check_what_is_left(path, answered, threads, size)


@posix
def test_recording_goes_on_after_a_kill(tmp_path: Path) -> None:
    path = tmp_path / "a.cassette"
    with starting() as helper:
        answered = killed_after(helper, 0.3, path, 1, 30)
    check_what_is_left(path, answered, 1, 30)
    with RecordTransport(Answering(30), path, "new") as transport:
        for each in ("/more", *answered):
            transport.send(asked(each))
    cassette = Cassette.load(path)
    assert not cassette.problems
    assert not Counter([*answered, "/more"]) - Counter(each.url.removeprefix("https://h") for each in cassette)


# Cut off


ENDS = [match.end() for match in re.finditer(rb"^}", GOOD, re.MULTILINE)]
# Records of interactions: all but those that begin and end a part.
CALLS = [end for end, record in zip(ENDS, GOOD.split(b"\n}\n"), strict=False) if b'"request"' in record]


def check_cut(cut: int) -> None:
    whole = sum(end <= cut for end in CALLS)
    try:
        cassette = Cassette.loads(GOOD[:cut])
    except CassetteError:
        assert cut < ENDS[0]
        return
    assert len(cassette) == whole
    assert cassette.interactions == Cassette.loads(GOOD).interactions[:whole]
    assert bool(cassette.problems) == (cut < ENDS[-1] and cut not in complete_parts())


def complete_parts() -> set[int]:
    """Places where the part of one recorder has ended, and that of the next not begun."""
    second = GOOD.index(b'{\n  "cassette"', 1)
    return set(range(GOOD.rindex(b"}", 0, second) + 1, second + 1))


def test_the_good_one_is_good() -> None:
    assert len(Cassette.loads(GOOD)) == len(CALLS) == 5
    assert not Cassette.loads(GOOD).problems
    assert len(ENDS) == 9


def test_cut_off_anywhere_in_its_last_records() -> None:
    for cut in range(CALLS[-2], len(GOOD) + 1):
        check_cut(cut)


@given(st.integers(0, len(GOOD)))
def test_cut_off_anywhere(cut: int) -> None:
    check_cut(cut)


def test_what_was_cut_off_is_warned_of_and_not_replayed(tmp_path: Path) -> None:
    path = tmp_path / "a.cassette"
    for cut in range(ENDS[0], ENDS[-1], 97):
        if cut in complete_parts():
            continue
        path.write_bytes(GOOD[:cut])
        with pytest.warns(CassetteWarning, match="did not come to its end"):
            cassette = Cassette.load(path)
        with pytest.raises(CassetteError, match=r"'ovhcore cassette repair .*a\.cassette'"):
            ReplayTransport(path)
        if len(cassette):
            repair(path)
            assert ReplayTransport(path).cassette.interactions == cassette.interactions


# Damaged


edits = st.lists(
    st.tuples(st.sampled_from(["change", "insert", "delete"]), st.integers(0, len(GOOD) - 1), st.integers(0, 255)),
    min_size=1,
    max_size=3,
)
Edits = list[tuple[str, int, int]]


def damaged(edits: Edits) -> bytes:
    data = bytearray(GOOD)
    for kind, position, byte in edits:
        if kind == "insert":
            data.insert(position, byte)
        elif kind == "delete":
            del data[position : position + 1]
        else:
            data[position : position + 1] = bytes([byte])
    return bytes(data)


@given(edits)
def test_damage_is_noticed_or_leaves_all_calls(edits: Edits) -> None:
    try:
        cassette = Cassette.loads(damaged(edits))
    except CassetteError:
        return
    assert cassette.problems or len(cassette) == len(CALLS)


@given(edits)
@example([("insert", GOOD.index(b'"headers": []') + 12, ord("5"))])
def test_damaged_calls_are_refused_by_name(edits: Edits) -> None:
    """What the loading does not see, asking does, and raises nothing else."""
    try:
        replay = ReplayTransport(Cassette.loads(damaged(edits)), signatures="ignore")
    except CassetteError:
        return
    for each in replay.cassette:
        for name in ("request", "response", "failure", "signature", "at", "took", "world"):
            with suppress(CassetteError):
                getattr(each, name)
    for name in "abcde":
        with suppress(CassetteError, ConnectError):
            replay.send(Request("GET", f"https://h/{name}"))
    assert replay.clock()
    repr(replay.cassette.interactions)


@given(edits, st.integers(0, len(GOOD)))
def test_damaged_and_cut_off(edits: Edits, cut: int) -> None:
    try:
        cassette = Cassette.loads(damaged(edits)[:cut])
    except CassetteError:
        return
    assert len(cassette) <= len(CALLS)


# No room, no permission


@pytest.mark.parametrize("mode", ["once", "new", "all"])
def test_where_nothing_can_be_written_nothing_is_sent(mode: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    path = tmp_path / "file" / "deep" / "a.cassette"
    inner = answering()
    transport = RecordTransport(inner, path, mode)
    for _ in range(2):
        assert failed(transport, "/a") == f"The cassette {path} cannot be written: Not a directory ({path.parent})"
    other = AsyncScripted(lambda request: Response(200, {}, b"1"))

    async def main() -> None:
        with pytest.raises(CassetteError, match="cannot be written: Not a directory"):
            await AsyncRecordTransport(other, path, mode).send(asked("/a"))

    asyncio.run(main())
    assert inner.sent == other.sent == []


AS_NOBODY = """
mode, directory = sys.argv[1:]
path = directory + "/a.cassette"
inner = answering()
# Everything is imported before the permission to read it is gone.
failed(RecordTransport(inner, directory + "/other/b.cassette", "all"), "/a")
Cassette.loads(GOOD)
if os.geteuid() == 0:
    os.setuid(65534)
transport = RecordTransport(inner, path, mode)
sent = len(inner.sent)
print(failed(transport, "/new"), failed(transport, "/new"), len(inner.sent) - sent)
"""


@contextmanager
def read_only() -> Iterator[Path]:
    """A directory in which nobody but root can write."""
    directory = Path(tempfile.mkdtemp())  # that of pytest is closed to others
    try:
        (directory / "other").mkdir()
        (directory / "a.cassette").write_bytes(GOOD)
        (directory / "a.cassette").chmod(0o444)
        directory.chmod(0o555)
        yield directory
    finally:
        directory.chmod(0o755)
        shutil.rmtree(directory)


@posix
@pytest.mark.parametrize("mode", ["new", "all"])
def test_a_directory_that_is_read_only(mode: str) -> None:
    with read_only() as directory:
        error = f"The cassette {directory}/a.cassette cannot be written: Permission denied"
        assert run(AS_NOBODY, mode, directory) == f"{error} {error} 0\n"
        assert (directory / "a.cassette").read_bytes() == GOOD
        assert sorted(each.name for each in directory.iterdir()) == ["a.cassette", "other"]


@posix
def test_a_damaged_cassette_that_is_read_only() -> None:
    with read_only() as directory:
        (directory / "a.cassette").write_bytes(GOOD[: ENDS[-2] - 5])
        code = AS_NOBODY.partition("transport = ")[0] + "print(raised(lambda: RecordTransport(inner, path, mode)))"
        assert run(code, "new", directory).startswith("CassetteError ")


LIMITED = """
path, mode = sys.argv[1:]
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
def limit(size):
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))
"""

FULL_AT_ONCE = (
    LIMITED
    + """
inner = answering()
transport = RecordTransport(inner, path, mode)
limit(0)
for _ in range(2):
    print(failed(transport, "/a"), len(inner.sent), flush=True)
    signal.alarm(3)
limit(resource.RLIM_INFINITY)
transport.send(asked("/b"))
transport.close()
print(len(Cassette.load(path)), flush=True)
"""
)


@posix
def test_a_disk_that_is_full_from_the_beginning(tmp_path: Path) -> None:
    path = tmp_path / "a.cassette"
    error = f"The cassette {path} cannot be written: File too large"
    assert run(FULL_AT_ONCE, path, "once") == f"{error} 0\n{error} 0\n1\n"


FULL_BEFORE_REPLACING = (
    LIMITED
    + """
inner = answering()
transport = RecordTransport(inner, path, mode)
limit(10)
for _ in range(2):
    print("cannot be written" in failed(transport, "/a"), len(inner.sent))
limit(resource.RLIM_INFINITY)
transport.send(asked("/b"))
transport.close()
"""
)


@posix
def test_a_disk_that_is_full_before_a_cassette_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "a.cassette"
    path.write_bytes(GOOD)
    assert run(FULL_BEFORE_REPLACING, path, "all") == "True 0\nTrue 0\n"
    cassette = Cassette.load(path)
    assert [each.url for each in cassette] == ["https://h/b"]
    assert not cassette.problems
    assert [each.name for each in tmp_path.iterdir()] == ["a.cassette"]


FULL_IN_THE_MIDDLE = (
    LIMITED
    + """
transport = RecordTransport(Answering(300), path, mode)
transport.send(asked("/first"))
limit(os.stat(path).st_size + 5000)
for number in range(100):
    error = failed(transport, f"/{number}")
    if error != "no error":
        break
print(number, error)
print(failed(transport, "/still"))
limit(resource.RLIM_INFINITY)
transport.send(asked("/after"))
transport.close()
"""
)


@posix
@pytest.mark.parametrize("mode", ["once", "new", "all"])
def test_a_disk_that_becomes_full(mode: str, tmp_path: Path) -> None:
    path = tmp_path / "a.cassette"
    if mode != "once":
        path.write_bytes(GOOD)
    number, error = run(FULL_IN_THE_MIDDLE, path, mode).split("\n")[0].split(" ", 1)
    assert error == f"The cassette {path} cannot be written: File too large"
    with pytest.warns(CassetteWarning, match="is cut off or damaged"):
        cassette = Cassette.load(path)
    calls = [f"https://h{each}" for each in ("/first", *(f"/{n}" for n in range(int(number))), "/after")]
    assert [each.url for each in cassette][-len(calls) :] == calls
    assert len(cassette) == len(calls) + (5 if mode == "new" else 0)
    assert len(cassette.torn) == 1
    assert not cassette.unended
    with pytest.raises(CassetteError, match="ovhcore cassette repair"):
        ReplayTransport(path)
    repair(path)
    assert len(ReplayTransport(path).cassette) == len(cassette)
    assert [each.name for each in tmp_path.iterdir()] == ["a.cassette"]


def test_saving_to_a_full_disk_leaves_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / "a.cassette"
    path.write_bytes(GOOD)
    code = LIMITED + "limit(100)\nprint(raised(lambda: Cassette.loads(good()).save(path)))"
    assert run(code, path, "") == f"CassetteError {path} cannot be written: File too large\n"
    assert path.read_bytes() == GOOD
    assert [each.name for each in tmp_path.iterdir()] == ["a.cassette"]
