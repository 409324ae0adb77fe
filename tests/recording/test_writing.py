"""What can happen between opening a cassette and ending it."""

from __future__ import annotations

import errno
import fcntl
import os
import threading
from pathlib import Path
from typing import Any

import pytest

from ovhcore.exceptions import CassetteError, ConnectError
from ovhcore.protocol.clock import Now
from ovhcore.protocol.messages import Request, Response
from ovhcore_transports.recording import Cassette, Interaction, RecordTransport, ReplayTransport, convert
from ovhcore_transports.recording.sessions import end_all
from tests.servers import eventually, is_in
from tests.worlds import Scripted


def answering(request: Request) -> Response:
    if "refused" in request.url:
        raise ConnectError("nobody listens")
    return Response(200, {}, b"1")


def recorder(path: Path, mode: str = "once") -> RecordTransport:
    return RecordTransport(Scripted(answering), path, mode)


def asked(path: str = "/a") -> Request:
    return Request("GET", f"https://h{path}")


def old(path: Path) -> bytes:
    Cassette([Interaction.of(asked("/old"), Response(200))]).save(path)
    return path.read_bytes()


def paths(path: Path) -> list[str]:
    return [each.url.removeprefix("https://h") for each in Cassette.load(path)]


def test_a_file_that_cannot_be_joined_is_let_go(tmp_path: Path) -> None:
    path = tmp_path / "a.cassette"
    transport = recorder(path)
    path.write_text("garbage: [")
    for _ in range(2):  # the second would wait for ever for the lock of the first
        with pytest.raises(CassetteError, match="cannot be used"):
            transport.send(asked())
    path.unlink()
    assert transport.send(asked()).body == b"1"
    transport.close()
    assert paths(path) == ["/a"]


def test_a_disk_that_is_full_leaves_the_old_cassette(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.cassette"
    before = old(path)
    transport = recorder(path, "all")

    def full(descriptor: int, data: Any) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(os, "write", full)
        with pytest.raises(CassetteError, match=r"a.cassette cannot be written: No space left on device"):
            transport.send(asked())
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]
    transport.send(asked())
    with monkeypatch.context() as patched:
        patched.setattr(os, "write", full)
        with pytest.raises(CassetteError, match="No space left"):
            transport.send(asked())
    transport.close()
    assert paths(path) == ["/a"]


@pytest.mark.parametrize("instead", ["another", "nothing"])
def test_a_file_that_is_replaced_while_one_waits_for_it(instead: str, tmp_path: Path) -> None:
    path = tmp_path / "a.cassette"
    old(path)
    transport = recorder(path, "new")
    with path.open("rb") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        sending = threading.Thread(target=lambda: transport.send(asked()))
        sending.start()
        eventually(lambda: is_in(sending, "_lock"))
        if instead == "another":
            old(tmp_path / "other")
            (tmp_path / "other").replace(path)
        else:
            path.unlink()
    sending.join(60)
    transport.close()
    assert paths(path) == (["/old", "/a"] if instead == "another" else ["/a"])


def test_a_child_of_a_fork_begins_a_part_of_its_own(tmp_path: Path) -> None:
    """While nothing was answered yet; here without a fork, which coverage does not follow."""
    path = tmp_path / "a.cassette"
    old(path)
    transport = recorder(path, "all")
    with pytest.raises(ConnectError):
        transport.send(asked("/refused"))
    (parents,) = set(tmp_path.iterdir()) - {path}
    transport.clock()
    transport._session.after_fork()
    parents.rename(tmp_path / "of the parent")
    transport.send(asked())
    transport.close()
    assert paths(path) == ["/a"]


def test_another_process_does_not_end_what_this_one_began(tmp_path: Path) -> None:
    path = tmp_path / "a.cassette"
    transport = recorder(path)
    transport.send(asked())
    transport._session.after_fork()
    writer = transport._session._writer
    assert writer is not None
    writer._process -= 1
    transport.close()
    assert Cassette.load(path, warn=False).unended == 1


def test_a_file_that_was_taken_away_before_its_end(tmp_path: Path) -> None:
    path = tmp_path / "a.cassette"
    old(path)
    transport = recorder(path, "all")
    with pytest.raises(ConnectError):
        transport.send(asked("/refused"))
    (beside,) = set(tmp_path.iterdir()) - {path}
    beside.unlink()
    with pytest.raises(CassetteError, match="cannot be written: No such file"):
        transport.close()
    assert paths(path) == ["/old"]


def test_what_somebody_else_recorded_meanwhile_is_not_replaced(tmp_path: Path) -> None:
    path = tmp_path / "a.cassette"
    old(path)
    one, other = recorder(path, "all"), recorder(path, "all")
    for transport in (one, other):
        with pytest.raises(ConnectError):
            transport.send(asked("/refused"))
    one.send(asked("/one"))
    one.close()
    other.send(asked("/other"))
    other.close()
    assert paths(path) == ["/refused", "/one", "/refused", "/other"]
    assert list(tmp_path.iterdir()) == [path]


def test_a_record_that_is_never_completed(tmp_path: Path) -> None:
    path = tmp_path / "a.cassette"
    path.write_bytes(old(path)[:-40])
    with path.open("rb") as held:
        fcntl.flock(held, fcntl.LOCK_SH)
        with pytest.raises(CassetteError, match="is not whole"):
            recorder(path, "new")


def test_what_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(CassetteError, match="cannot be read: Is a directory"):
        recorder(tmp_path, "new")


def test_cassettes_of_vcrpy_are_not_added_to(tmp_path: Path) -> None:
    path = tmp_path / "old.cassette"
    old(path)
    convert(path, tmp_path / "old.yaml")
    with pytest.raises(CassetteError, match=r"of vcrpy, which is read but not added to: convert it first"):
        recorder(tmp_path / "old.yaml", "new")
    assert ReplayTransport(tmp_path / "old.yaml").send(asked("/old")).status == 200


def test_recordings_that_somebody_forgot_to_end(tmp_path: Path) -> None:
    path = tmp_path / "a.cassette"
    transport, other = recorder(path), recorder(tmp_path / "b.cassette")
    transport.send(asked())
    other.send(asked())
    end_all(str(path))
    assert not Cassette.load(path).problems
    assert Cassette.load(tmp_path / "b.cassette", warn=False).unended
    other.close()


def test_a_recording_that_tells_its_time_by_its_timestamps() -> None:
    signed = [Request("GET", f"https://h/{n}", {"X-Ovh-Timestamp": str(stamp)}) for n, stamp in enumerate((1000, 1060))]
    transport = ReplayTransport(Cassette(Interaction.of(each, Response(200)) for each in signed))
    assert transport.clock() == Now(1000, 0)
    transport.send(signed[0])
    transport.send(signed[1])
    assert transport.clock() == Now(1060, 60)
    assert ReplayTransport(Cassette()).clock().monotonic == 0
