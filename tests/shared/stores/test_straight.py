"""Event loops ask stores without a thread where that holds nobody up, and leave everything else to a thread."""

from __future__ import annotations

import asyncio
import os
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from ovhcore.exceptions import InvalidConfiguration, SharedStoreError
from ovhcore_transports.shared.store_commands.answers import GO, WAIT
from ovhcore_transports.shared.stores import base, limit_files
from ovhcore_transports.shared.stores import server as servers
from ovhcore_transports.shared.stores.base import Store
from ovhcore_transports.shared.stores.opening import open_store, read_store
from tests.shared.clients import LEASE
from tests.shared.conftest import Server

fcntl: Any = pytest.importorskip("fcntl")

TAKE = ("take", "limit:x", 1_000_000, 1, 0, -1, -1, "a", LEASE)
RENEW = ("renew", "limit:x", LEASE, 0)


def places_taken(name: str) -> tuple[Any, ...]:
    return ("take", "limit:x", 0, 1, 1, -1, -1, name, LEASE)


def asked(store: Store, *questions: Any) -> list[Any]:
    """Ask one question after the other in a loop."""

    async def ask() -> list[Any]:
        return [await store.ask_async(question) for question in questions]

    return asyncio.run(ask())


def refuses(*arguments: Any) -> Any:
    raise AssertionError("a thread was asked")


def test_limits_need_no_thread(store_url: str, opened: Callable[[str], Store], monkeypatch: pytest.MonkeyPatch) -> None:
    store: Any = opened(store_url)
    assert asked(store, TAKE)[0][0] == GO  # it connects
    monkeypatch.setattr(store._thread, "ask", refuses)
    assert asked(store, TAKE, TAKE)[1][0] == WAIT
    with pytest.raises(AssertionError):
        asked(store, ("claim", "once:x", "a", "p", LEASE))


# Files


def limit_of(folder: Path) -> Path:
    (found,) = folder.glob("shared-limit-*")
    return found


@pytest.fixture
def files(tmp_path: Path, opened: Callable[[str], Store]) -> Any:
    return opened(f"file://{tmp_path}/shared")


def test_what_a_killed_process_left_half_written_is_begun_anew(tmp_path: Path, files: Any) -> None:
    for size in (0, 5, 20, 60, 70, -1):
        assert files.ask(TAKE)[0] == GO
        assert files.ask(TAKE)[0] == WAIT
        path = limit_of(tmp_path)
        whole = path.read_bytes()
        path.write_bytes(whole[:size])
    path.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    assert files.ask(TAKE)[0] == GO


def test_other_files_are_left_alone(tmp_path: Path, files: Any, opened: Callable[[str], Store]) -> None:
    assert files.ask(TAKE)[0] == GO
    limit_of(tmp_path).write_text("my invoices")
    with pytest.raises(SharedStoreError, match="OSError: the file of a limit holds something else"):
        asked(files, TAKE)
    assert limit_of(tmp_path).read_text() == "my invoices"
    with pytest.raises(SharedStoreError, match="is a folder"):
        opened(f"file://{tmp_path}").ask(TAKE)
    for path in ("/var/limits/", "/a%00b"):
        with pytest.raises(InvalidConfiguration, match="the path is that of no file"):
            read_store(f"file://{path}", "limit_store")


def test_a_file_that_was_deleted_is_made_anew_for_all(
    tmp_path: Path, files: Any, opened: Callable[[str], Store]
) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "shared")
    other = opened(f"file://{tmp_path}/link")
    assert files.ask(TAKE)[0] == GO
    assert other.ask(TAKE)[0] == WAIT
    limit_of(tmp_path).unlink()
    assert files.ask(TAKE)[0] == GO
    assert other.ask(TAKE)[0] == WAIT


def test_the_child_of_a_fork_has_locks_of_its_own(tmp_path: Path, files: Any) -> None:
    assert files.ask(TAKE)[0] == GO
    (mine,) = files._limits._files.values()
    kept = os.dup(mine)  # the parent's: the same lock
    files._limits.after_fork()
    assert files.ask(TAKE)[0] == WAIT
    fcntl.flock(kept, fcntl.LOCK_EX | fcntl.LOCK_NB)
    assert asyncio.run(files.straight(TAKE)) is base.NOT_NOW
    os.close(kept)


def test_a_loop_waits_for_no_lock(tmp_path: Path, files: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    assert files.ask(TAKE)[0] == GO
    with limit_of(tmp_path).open() as held:
        fcntl.flock(held, fcntl.LOCK_EX)

        async def ask() -> Any:
            asking = asyncio.ensure_future(files.ask_async(TAKE))
            await asyncio.sleep(0.02)
            assert not asking.done()
            fcntl.flock(held, fcntl.LOCK_UN)
            return await asking

        assert asyncio.run(ask())[0] == WAIT
        fcntl.flock(held, fcntl.LOCK_EX)
        monkeypatch.setattr(limit_files, "TIMEOUT", 0.01)
        with pytest.raises(SharedStoreError, match="another process has the file locked"):
            files.ask(TAKE)


def test_many_in_line_are_kept(files: Any) -> None:
    now = 1_000_000
    assert files.answer(places_taken("first"), now)[0] == GO
    for number in range(500):
        assert files.answer(places_taken(f"{number:040}"), now)[0] == WAIT
    assert files.answer(RENEW, now) == [1]
    verdict, pause, *_ = files.answer((*places_taken("last"), 0, "first", 1), now)
    assert (verdict, pause > 0) == (WAIT, True)


def test_a_full_disk_is_told(files: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    assert files.ask(TAKE)[0] == GO
    monkeypatch.setattr(os, "write", lambda file, data: len(data) - 1)
    with pytest.raises(SharedStoreError, match="could not be written to its end"):
        files.ask(TAKE)


# Servers


@pytest.fixture
def served(server: Server, opened: Callable[[str], Store]) -> Any:
    store: Any = opened(server.url)
    store._asked("FLUSHALL")
    assert store.ask(RENEW) == [0]
    return store


def test_a_server_that_was_started_anew_is_asked_by_a_thread(served: Any, server: Server) -> None:
    server.stop()
    server.start()
    assert asked(served, TAKE, TAKE)[1][0] == WAIT
    served._asked("SCRIPT", "FLUSH")
    assert asked(served, RENEW, TAKE)[1][0] == WAIT
    served._idle[0].disconnect()
    assert asked(served, TAKE)[0][0] == WAIT
    served.close()
    assert asked(served, TAKE)[0][0] == WAIT
    served._turns.clear()  # as while so many are asked
    assert asked(served, TAKE)[0][0] == WAIT


def test_what_comes_after_the_time_is_over_changes_nothing() -> None:
    async def told() -> bool:
        came = asyncio.get_running_loop().create_future()
        servers._tell(came, False)
        servers._tell(came, True)
        return bool(came.result())

    assert asyncio.run(told()) is False


def test_of_many_questions_at_once_each_gets_its_answer(served: Any) -> None:
    async def ask() -> list[Any]:
        questions = [("take", f"limit:{number}", 0, 1, 0, -1, -1, "a", LEASE) for number in range(12)]
        answers = await asyncio.gather(*map(served.ask_async, [*questions, *questions]))
        return [answer[0] for answer in answers]

    assert asyncio.run(ask()) == [GO] * 24
    assert asyncio.run(ask()) == [GO] * 24
    assert len(served._idle) <= servers._STRAIGHT + 1
    assert len(served._turns) == servers._STRAIGHT


def test_who_goes_away_leaves_no_answer_to_others(served: Any) -> None:
    async def ask() -> Any:
        asking = asyncio.ensure_future(served.ask_async(places_taken("gone")))
        await asyncio.sleep(0)
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
        return await served.ask_async(TAKE)

    assert asyncio.run(ask())[:2] == [GO, 0]


def test_a_loop_that_ends_in_between_is_missed_by_nobody(served: Any) -> None:
    loop = asyncio.new_event_loop()
    asking = served.ask_async(TAKE)
    task = loop.create_task(asking)
    loop.call_soon(loop.stop)
    loop.run_forever()
    loop.close()
    asking.close()  # as the garbage collector
    task._log_destroy_pending = False  # type: ignore[attr-defined]
    assert len(served._turns) == servers._STRAIGHT
    assert asked(served, RENEW) == [[0]]


def test_a_loop_that_watches_no_sockets_leaves_them_to_a_thread(served: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    async def straight() -> Any:
        return await served.straight(TAKE)

    monkeypatch.setattr(asyncio.SelectorEventLoop, "add_reader", asyncio.AbstractEventLoop.add_reader)
    assert asyncio.run(straight()) is base.NOT_NOW


@contextmanager
def answering(*packets: bytes) -> Iterator[str]:
    """Answer each command with the next packet, and what a connection begins with with a word."""

    def serve() -> None:
        while True:
            try:
                one, _ = listener.accept()
            except OSError:
                return
            with one:
                left = list(packets)
                while data := one.recv(65536):
                    begins = data.count(b"SETINFO") + data.count(b"SCRIPT")
                    one.sendall(b"$3\r\nabc\r\n" * begins if begins else left.pop(0) if left else b"")

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"redis://127.0.0.1:{listener.getsockname()[1]}/0"
        listener.shutdown(socket.SHUT_RDWR)
    thread.join(10)


FIVE = b"*5\r\n:0\r\n:0\r\n:0\r\n:6400\r\n:7\r\n"


@pytest.mark.parametrize("packet", [b"*5\r\n:0\r\n:0\r\n", b"-ERR it is loading\r\n", b"", b"*2\r\n:0\r\n"])
def test_what_is_no_whole_answer_is_asked_again_by_a_thread(packet: bytes) -> None:
    pytest.importorskip("redis")
    with answering(FIVE, packet or FIVE[:1]) as url, closing(open_store(url)) as store:
        assert store.ask(TAKE) == [0, 0, 0, 6400, 7]
        assert asyncio.run(store.straight(TAKE)) is base.NOT_NOW
        assert store._idle == []  # type: ignore[attr-defined]


def test_a_silent_server_is_waited_for_for_a_second(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("redis")
    with answering(FIVE) as url, closing(open_store(url)) as store:
        monkeypatch.setattr(servers, "TIMEOUT", 0.01)
        assert store.ask(TAKE)[0] == GO
        with pytest.raises(SharedStoreError, match="TimeoutError"):
            asked(store, TAKE)
        assert store.rests
