"""Where pyreqwest is loaded, and what is found out about where it was; how it lives is in test_generations."""

from __future__ import annotations

import io
import os
import sys
import threading
from _thread import allocate_lock
from importlib import import_module
from queue import SimpleQueue
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from ovhcore.exceptions import InvalidConfiguration
from ovhcore_transports.pyreqwest import loading

pytest.importorskip("pyreqwest")


@pytest.fixture
def imported(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Return the threads that import the library, which looks as if nobody had; and forget them at the end."""
    threads: list[int] = []

    def import_module(name: str) -> ModuleType:
        threads.append(threading.get_ident())
        sys.modules[name] = loading_module
        return loading_module

    loading_module = sys.modules.get(loading._EXTENSION) or ModuleType(loading._EXTENSION)
    monkeypatch.setitem(sys.modules, loading._EXTENSION, loading_module)
    monkeypatch.delitem(sys.modules, loading._EXTENSION)
    monkeypatch.setattr(loading, "import_module", import_module)
    monkeypatch.setattr(loading, "_staying", [])
    monkeypatch.setattr(loading, "_bound", [])
    return threads


def in_a_thread(call: Any, *arguments: Any) -> threading.Thread:
    thread = threading.Thread(target=call, args=arguments)
    thread.start()
    return thread


def test_the_main_thread_loads_it_itself(imported: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loading, "_loader_among", lambda idents: idents[0])
    loading.load_library()
    assert imported == [threading.main_thread().ident]
    loading.check_library()  # also children of a fork can use it
    assert loading._bound == []


def test_another_thread_has_it_loaded_by_one_that_stays(imported: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loading, "_loader_among", lambda idents: idents[-1])
    asking = in_a_thread(loading.load_library)
    asking.join()
    assert len(imported) == 1
    assert imported[0] not in (asking.ident, threading.main_thread().ident)
    assert loading._staying == [(imported[0], os.getpid())]
    loading.check_library()
    monkeypatch.setattr(loading, "_bound", [os.getpid() + 1])
    with pytest.raises(InvalidConfiguration, match="forked"):
        loading.check_library()


def test_the_thread_stays(imported: list[int]) -> None:
    ended: SimpleQueue[BaseException | None] = SimpleQueue()
    forever = allocate_lock()
    forever.acquire()
    thread = in_a_thread(loading._load_and_stay, ended, forever)
    assert ended.get(timeout=60) is None
    assert loading._staying == [(imported[0], os.getpid())]
    assert thread.is_alive()
    forever.release()
    thread.join()


@pytest.mark.parametrize(
    ("missing", "raised"), [("pyreqwest", ModuleNotFoundError), (loading._EXTENSION, InvalidConfiguration)]
)
def test_what_is_missing_is_said_where_it_was_asked_for(
    imported: list[int], monkeypatch: pytest.MonkeyPatch, missing: str, raised: type[Exception]
) -> None:
    def import_module(name: str) -> ModuleType:
        raise ModuleNotFoundError(name, name=missing)

    monkeypatch.setattr(loading, "import_module", import_module)
    with pytest.raises(raised):
        loading.load_library()
    with pytest.raises(raised):
        loading._load_in_a_thread_that_stays()
    ended: SimpleQueue[BaseException | None] = SimpleQueue()
    in_a_thread(loading._load_and_stay, ended, None).join()  # which keeps signals from the thread it is in
    assert isinstance(ended.get(), raised)
    assert loading._staying == []


@pytest.mark.parametrize("system", ["linux on x86-64", "linux on another", "another"])
def test_who_has_loaded_it(imported: list[int], monkeypatch: pytest.MonkeyPatch, system: str) -> None:
    """Where the allocator tells it, the thread is found in its data; elsewhere the last one is believed."""
    memory = {"rw": [b"12345678", (7).to_bytes(8, "little")], "r-": [b"text", b"... mimalloc ..."]}
    machine = "x86_64" if system == "linux on x86-64" else "aarch64"
    monkeypatch.setattr(sys, "platform", "darwin" if system == "another" else "linux")
    monkeypatch.setattr(os, "uname", lambda: os.uname_result(["Linux", "", "", "", machine]))
    monkeypatch.setattr(loading, "_memory", lambda mode: iter(memory[mode]))
    told = system == "linux on x86-64"
    assert loading._loader_among([7, 8]) == (7 if told else 8)
    assert loading._loader_among([9, 8]) == (None if told else 8)
    memory["r-"] = [b"an allocator of another kind"]
    assert loading._loader_among([9, 8]) == 8


def test_a_process_that_cannot_be_read_tells_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def unreadable(mode: str) -> Any:
        raise PermissionError(mode)

    monkeypatch.setattr(loading, "_memory", unreadable)
    assert loading._loader_among([9, 8]) == 8


def test_one_that_a_program_loaded_in_a_thread_of_its_own_is_refused(
    imported: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loading, "_loader_among", lambda idents: None)
    with pytest.raises(InvalidConfiguration, match="first imported in a thread that is not the main one"):
        loading.load_library()


@pytest.mark.skipif(sys.platform != "linux", reason="it reads the maps of the process")
def test_the_memory_of_the_extension() -> None:
    import_module(loading._EXTENSION)
    assert any(loading._ALLOCATOR in part for part in loading._memory("r-"))
    assert sum(map(len, loading._memory("rw"))) > 0


def test_the_memory_after_the_extension_is_not_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, loading._EXTENSION, SimpleNamespace(__file__="/nowhere/it.so"))
    lines = [
        "1000-1010 r--p 00000000 08:01 5          /nowhere/it.so",
        "1010-1020 rw-p 00000010 08:01 5          /nowhere/it.so",
        "1020-1028 rw-p 00000000 00:00 0 ",  # what is 0 at first
        "1028-1030 rw-p 00000000 00:00 0          [heap]",
        "2000-2010 rw-p 00000000 08:01 6          /other/nowhere/it.so",
    ]
    contents = bytes(0x1010) + b"a" * 16 + b"b" * 8 + b"c" * 8
    opened = {"/proc/self/maps": io.StringIO("\n".join(lines)), "/proc/self/mem": io.BytesIO(contents)}
    monkeypatch.setattr(loading, "open", lambda path, *arguments, **options: opened[path], raising=False)
    assert [*loading._memory("rw")] == [b"a" * 16, b"b" * 8]
