"""Loading of pyreqwest in a thread that does not end, or an error that says why it must not be used.

The allocator in the library, mimalloc, takes the thread that loads it for the main thread, and knows threads by the
addresses of their descriptors. When a thread has ended, the system gives its descriptor to a new one. If the
ended thread had loaded the library, the new one is taken for the main thread, with memory that is gone, and the
process crashes when it first uses the library. So the library is loaded in the main thread, or in a thread that
exists for nothing else and stays.

A program may have loaded the library before, in any thread. The data of the allocator tell which thread it was.
"""

from __future__ import annotations

import os
import sys
from _thread import allocate_lock, get_ident, get_native_id, start_new_thread
from collections.abc import Iterator
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

from ovhcore.exceptions import InvalidConfiguration

from ..http.libraries.names import lacking

if TYPE_CHECKING:
    from queue import SimpleQueue

__all__ = ["FORKED", "check_library", "load_library"]

FORKED: Final = (
    "pyreqwest cannot be used in a process forked from one that used it: start processes with 'spawn' or "
    "'forkserver', or use transport urllib3 (httpx in asynchronous programs)"
)
_FOREIGN: Final = (
    "pyreqwest was first imported in a thread that is not the main one, and crashes the process once that thread has "
    "ended: import it in the main thread, at the beginning of the program, or leave it to ovhcore; or use transport "
    "urllib3 (httpx in asynchronous programs)"
)
_EXTENSION: Final = "pyreqwest._pyreqwest"
_ALLOCATOR: Final = b"mimalloc"

_staying: Final[list[tuple[int, int]]] = []
"""The threads that stay, and the processes they stay in."""
_bound: Final[list[int]] = []
"""The process beyond which the library cannot be used, because the thread that stays is not in its children."""


def load_library() -> None:
    """Load the library, if nobody has, so that the end of no thread can do harm.

    Raises:
        ImportError: the library is not installed.
        InvalidConfiguration: the program has loaded it in a thread that may end, or it has no extension.
    """
    main = _main_thread()
    if _EXTENSION not in sys.modules:
        if get_ident() == main:
            _import()
        else:
            _load_in_a_thread_that_stays()
    known = [(main, 0), *_staying]
    loader = _loader_among([ident for ident, _ in known])
    if loader is None:
        raise InvalidConfiguration(_FOREIGN)
    process = dict(known).get(loader, 0)
    _bound[:] = [process] if process else []


def check_library() -> None:
    """Make sure that the library can be used in this process.

    Raises:
        InvalidConfiguration: the thread that has loaded it is in the parent of a fork.
    """
    if _bound and _bound[0] != os.getpid():
        raise InvalidConfiguration(FORKED)


def _main_thread() -> int:
    """Return the number of the main thread."""
    # Linux numbers the main thread as the process. To import threading takes as long as a dozen modules of ours.
    if sys.platform == "linux" and get_native_id() == os.getpid():
        return get_ident()
    import threading

    return threading.main_thread().ident or 0


def _import() -> None:
    try:
        import_module(_EXTENSION)
    except ModuleNotFoundError as error:
        if error.name != _EXTENSION:  # pyreqwest itself is not there
            raise
        raise lacking("pyreqwest", _EXTENSION) from None


def _load_in_a_thread_that_stays() -> None:
    from queue import SimpleQueue

    ended: SimpleQueue[BaseException | None] = SimpleQueue()
    forever = allocate_lock()
    forever.acquire()
    start_new_thread(_load_and_stay, (ended, forever))
    failure = ended.get()
    if failure is not None:
        raise failure


def _load_and_stay(ended: SimpleQueue[BaseException | None], forever: Any) -> None:
    """Load the library, say how that ended, and stay until a lock is released, which nobody does."""
    import signal

    if hasattr(signal, "pthread_sigmask"):  # pragma: no branch - Windows has no masks
        # No signal then wakes the thread, also while the interpreter ends.
        signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
    thread = (get_ident(), os.getpid())
    _staying.append(thread)
    try:
        _import()
    except BaseException as error:  # the exception is raised where the library was asked for
        _staying.remove(thread)
        ended.put(error.with_traceback(None))
        return
    ended.put(None)
    forever.acquire()


def _loader_among(idents: list[int]) -> int | None:
    """Return the thread that has loaded the library, None for none of them; the last one if that cannot be told."""
    if sys.platform != "linux" or os.uname().machine != "x86_64" or sys.maxsize < 2**32:
        return idents[-1]  # elsewhere the allocator's number of a thread is not Python's
    try:
        # Each number is found if it is there, for it stands at the beginning of a word.
        data = b"".join(_memory("rw"))
        for ident in idents:
            if ident.to_bytes(8, "little") in data:
                return ident
        has_allocator = any(_ALLOCATOR in part for part in _memory("r-"))
    except OSError:
        has_allocator = False
    return None if has_allocator else idents[-1]


def _memory(mode: str) -> Iterator[bytes]:
    """Yield the parts of the extension's memory that have a mode, as ``"rw"``."""
    name = os.path.realpath(sys.modules[_EXTENSION].__file__ or "")
    end = ""
    with open("/proc/self/maps") as maps, open("/proc/self/mem", "rb", buffering=0) as memory:
        for line in maps.read().splitlines():
            if not line.endswith(name) and not (end and line.startswith(end)):
                continue
            place, access, _, _, _, *path = line.split(None, 5)
            begin, _, stop = place.partition("-")
            # A part that follows without a name holds the variables that were 0 at first.
            if path == [name] or (not path and begin == end):
                end = stop
                if access.startswith(mode):
                    memory.seek(int(begin, 16))
                    yield memory.read(int(stop, 16) - int(begin, 16))
