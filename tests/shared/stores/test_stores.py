"""Stores: URLs, files, servers that are started anew, forks and interrupts."""

from __future__ import annotations

import gc
import logging
import sqlite3
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from weakref import ref

import pytest

import ovhcore as ovh
from ovhcore.exceptions import InvalidConfiguration, SharedStoreError
from ovhcore_transports.shared.store_commands.answers import GO, WAIT
from ovhcore_transports.shared.stores import file
from ovhcore_transports.shared.stores.base import Store
from ovhcore_transports.shared.stores.opening import open_store, read_store
from tests.profiles import tries
from tests.shared.clients import KEYS, LEASE, client, ok
from tests.shared.conftest import Server
from tests.worlds import Scripted


def test_a_server_that_is_started_anew_is_asked_again(
    server: Server, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    from ovhcore_transports.shared.stores import base

    monkeypatch.setattr(base, "_REST", 0.0)
    caplog.set_level(logging.INFO, "ovhcore")
    one = client(Scripted(ok), server.url, rate_limit=1000)
    one.get("/me")
    server.stop()
    try:
        assert one.get("/me") == {"me": 1}
        assert one.get("/me") == {"me": 1}
    finally:
        server.start()
    assert one.get("/me") == {"me": 1}
    told = [each.getMessage() for each in caplog.records if "store" in each.getMessage()]
    assert len(told) == 2
    assert "answers again" in told[1]
    # A kept connection of before, and a script that the new server has not: no call notices.
    server.stop()
    server.start()
    assert one.get("/me") == {"me": 1}
    assert len([each for each in caplog.records if "store" in each.getMessage()]) == 2


def test_a_process_may_lose_any_number_of_connections(server: Server) -> None:
    store = open_store(server.url)
    for _ in range(120):
        assert store.ask(("renew", "limit:x", 1, 0)) == [0]
        store.close()


def test_nobody_uses_the_files_and_leases_of_a_parent(tmp_path: Path) -> None:
    store: Any = open_store(f"file://{tmp_path}/shared")
    claim = ("claim", "once:x", "a", "p", LEASE)
    store.after_fork()  # before anything was opened
    assert store.ask(claim) == ["mine", ""]
    mine = store._connection
    store.after_fork()  # as in the child, where nothing is measured
    assert store.ask(claim) == ["mine", ""]
    assert store._of_parents == [None, mine]
    store.close()
    mine.close()


def test_nobody_uses_the_connections_of_a_parent(server: Server) -> None:
    store: Any = open_store(server.url)
    assert store.ask(("renew", "limit:x", 1, 0)) == [0]
    store._asked("SCRIPT", "FLUSH")  # as in a server that was started anew
    assert store.ask(("renew", "limit:x", 1, 0)) == [0]
    (mine,) = store._idle
    store.after_fork()
    assert store.ask(("renew", "limit:x", 1, 0)) == [0]
    assert store._idle != [mine]
    mine.disconnect()
    store.close()


def test_an_interrupt_while_a_server_answers_costs_the_connection(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    store: Any = open_store(server.url)
    assert store.ask(("renew", "limit:x", 1, 0)) == [0]
    (connection,) = store._idle

    def interrupted(*arguments: Any, **options: Any) -> Any:
        raise KeyboardInterrupt

    monkeypatch.setattr(connection, "read_response", interrupted)
    with pytest.raises(KeyboardInterrupt):
        store.ask(("renew", "limit:x", 1, 0))
    assert store._idle == []
    assert store.ask(("take", "limit:x", 0, 1, 0, -1, -1, "a", LEASE))[:2] == [GO, 0]
    store.close()


@pytest.mark.parametrize(
    "url",
    [
        "redis://:geheim@h:6379/0",
        "rediss://h",
        "valkey://h",
        "valkeys://h:1/2",
        "unix:///run/s?db=1",
        "file:///var/limits",
    ],
)
def test_urls_of_stores(url: str) -> None:
    assert read_store(url, "limit_store") == url


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        (7, "no text without blanks"),
        ("file:///a b", "no text without blanks"),
        ("redis://:geheim@h:port", "its port is none"),
        ("redis://", "it has no host"),
        ("unix://", "it has no path"),
        ("file://limits", "the path is to begin with /"),
        ("file:///var/limits/", "the path is that of no file"),
        ("file:///a%00b", "the path is that of no file"),
        ("geheim://h", "it begins with none of these"),
    ],
)
def test_what_is_no_url_of_a_store_is_refused_without_showing_it(url: Any, problem: str) -> None:
    with pytest.raises(InvalidConfiguration, match=problem) as caught:
        read_store(url, "limit_store (argument)")
    assert "geheim" not in str(caught.value)


def test_a_store_answers() -> None:
    with pytest.raises(NotImplementedError):
        Store("here").ask(("renew", "limit:x", 1, 0))


def test_a_store_that_nobody_uses_is_closed_at_once(store_url: str) -> None:
    store = open_store(store_url)
    assert store.ask(("claim", "once:x", "a", "p", LEASE)) == ["mine", ""]
    gone = ref(store)
    gc.disable()  # its connection has nobody else who closes it
    try:
        del store
        assert gone() is None
    finally:
        gc.enable()


def test_a_store_needs_no_limit(tmp_path: Path) -> None:
    store = {"limit_store": f"file://{tmp_path}/shared"}
    one = ovh.Client(*KEYS, transport=Scripted(ok), config=False, time_sync="off", options=store)
    assert one.get("/me") == {"me": 1}
    assert not (tmp_path / "shared").exists()


def test_libraries_that_are_missing_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "redis", None)
    with pytest.raises(InvalidConfiguration, match=r'pip install "ovhcore\[redis\]"'):
        open_store("redis://h")
    monkeypatch.setitem(sys.modules, "sqlite3", None)
    with pytest.raises(InvalidConfiguration, match="sqlite3, which this Python lacks"):
        open_store("file:///x")


def test_a_file_that_cannot_be_used_is_a_store_without_an_answer(tmp_path: Path) -> None:
    store = open_store(f"file://{tmp_path}/nowhere/shared")
    for problem in ("does not answer: FileNotFoundError", "is not asked again yet: FileNotFoundError"):
        with pytest.raises(SharedStoreError, match=problem):
            store.ask(("renew", "limit:x", 1, 0))
    (tmp_path / "other").write_text("no database at all, and longer than its head would be" * 10)
    with pytest.raises(SharedStoreError, match="does not answer: DatabaseError"):
        open_store(f"file://{tmp_path}/other").ask(("claim", "once:x", "a", "p", LEASE))


def test_a_file_that_others_have_locked_is_asked_again_for_as_long_as_a_store_may_take(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Others may open the file or repair it, where SQLite does not wait for them."""
    other = sqlite3.connect(tmp_path / "shared", isolation_level=None)
    store = open_store(f"file://{tmp_path}/shared")
    clock = iter([0.0, 0.005, 0.009, 0.02])
    pauses: list[float] = []
    with closing(store), closing(other), monkeypatch.context() as patch:
        patch.setattr(file, "TIMEOUT", 0.01)
        times = SimpleNamespace(time_ns=time.time_ns, monotonic=lambda: 0.0, sleep=lambda _: other.execute("ROLLBACK"))
        patch.setattr(file, "time", times)
        other.execute("BEGIN EXCLUSIVE")
        assert store.ask(("claim", "once:x", "a", "p", LEASE)) == ["mine", ""]
        other.execute("BEGIN IMMEDIATE")
        patch.setattr(times, "monotonic", lambda: next(clock))
        patch.setattr(times, "sleep", pauses.append)
        with pytest.raises(SharedStoreError, match="does not answer: OperationalError: database is locked"):
            store.ask(("settle", "once:x", "a", "p", "d", "", LEASE))
    assert len(pauses) == 2


def test_many_open_a_file_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(file, "TIMEOUT", 60.0)
    together = threading.Barrier(8)

    def claim(turn: int, owner: int) -> str:
        with closing(open_store(f"file://{tmp_path}/{turn}")) as store:
            together.wait()
            return str(store.ask(("claim", "once:x", str(owner), "p", LEASE))[0])

    with ThreadPoolExecutor(8) as pool:
        for turn in range(tries(10, 1000)):
            assert sorted(pool.map(partial(claim, turn), range(8))) == ["busy"] * 7 + ["mine"]


def test_a_file_is_for_its_user_alone_and_an_interrupt_leaves_it_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store: Any = open_store(f"file://{tmp_path}/shared")
    take = ("take", "limit:x", 1_000_000, 1, 0, -1, -1, "a", LEASE)
    claims = [("claim", "once:x", owner, "p", LEASE) for owner in ("a", "b")]
    assert store.ask(take)[0] == GO
    assert store.ask(claims[0]) == ["mine", ""]
    assert len([*tmp_path.iterdir()]) > 1
    assert {file.stat().st_mode & 0o077 for file in tmp_path.iterdir()} == {0}

    def interrupted(*arguments: Any, **options: Any) -> str:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("ovhcore_transports.shared.stores.file.json.dumps", interrupted)
        patch.setattr("ovhcore_transports.shared.stores.limit_files.json.dumps", interrupted)
        for question in (take, ("settle", "once:x", "a", "p", "d", "", LEASE)):
            with pytest.raises(KeyboardInterrupt):
                store.ask(question)
    assert store.ask(take)[0] == WAIT
    assert store.ask(claims[1]) == ["busy", ""]
    del store
