"""A pytest plugin: clients that are bound to a cassette of their test, and sandboxes.

``ovh_client`` and ``ovh_async_client`` are the clients, ``ovh_cassette`` says what they played.
``ovh_environment`` binds clients that a program makes itself.
``ovh_client_options`` and ``ovh_redaction`` are there to be overridden. The marker ``ovh_cassette``
changes what one test, class or module does; ``--ovh-record`` decides whether anything is sent.

``ovh_sandbox`` is a new sandbox of the API for each test, ``ovh_sandbox_session`` one for all of them.

A cassette is ``cassettes/<module>/<test>.cassette`` beside the test's file. Where a test uses both clients,
that of the asynchronous one ends in ``.async.cassette``, for each plays from its beginning.

The plugin is loaded into every run of pytest where ovhcore is installed: it does nothing for tests
that neither ask for its fixtures nor bear its marker, but for leaving the library's own frames out of
the traceback of a :class:`~ovhcore.exceptions.CassetteError`.
"""

from __future__ import annotations

import re
import shlex
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final

import pytest

from .sandbox_fixtures import ovh_sandbox, ovh_sandbox_session

if TYPE_CHECKING:
    from ovhcore import AsyncClient, Client
    from ovhcore.protocol import Redaction

    from ..blocking import Options
    from .clients import CassetteHandle

__all__ = [
    "ovh_async_client",
    "ovh_cassette",
    "ovh_client",
    "ovh_client_options",
    "ovh_environment",
    "ovh_redaction",
    "ovh_sandbox",
    "ovh_sandbox_session",
]

_MODES: Final = ("none", "once", "new", "all")
_SUFFIXES: Final = (".cassette", ".yaml", ".yml", ".har")
_LONGEST: Final = 80
_MARKER: Final = "ovh_cassette"
_CHOICES: Final[dict[str, tuple[Any, ...]]] = {
    "mode": _MODES,
    "repeat": (True, False),
    "signatures": ("check", "require", "ignore"),
    "all_played": (True, False),
    "misses": ("fail", "allow"),
}


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add ``--ovh-record`` and the settings."""
    group = parser.getgroup("ovhcore", "recordings of ovhcore")
    group.addoption(
        "--ovh-record",
        choices=_MODES,
        help="Whether tests with the fixtures of ovhcore send: none (replay only), once (record what has no cassette), "
        "new (add what was not recorded), all (record everything anew). Goes before markers and ovh_record.",
    )
    parser.addini("ovh_record", "As --ovh-record, where neither it nor a marker says anything.", default="none")
    parser.addini(
        "ovh_cassette_dir",
        "Where cassettes are: relative to the directory of the test's file; below an absolute one, the test's "
        "directory is repeated.",
        default="cassettes",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Make the marker known, and check the settings."""
    config.addinivalue_line(
        "markers",
        f"{_MARKER}(name=None, *, mode=None, match_on=None, repeat=None, signatures=None, all_played=None, "
        "misses=None): what the clients of ovhcore record to and replay from.",
    )
    mode = config.getini("ovh_record")
    if mode not in _MODES:
        raise pytest.UsageError(f"ovh_record must be one of {', '.join(_MODES)}, not {mode!r}")


def pytest_report_header(config: pytest.Config) -> str | None:
    """Say that something may be sent."""
    mode = config.getoption("ovh_record") or config.getini("ovh_record")
    return None if mode == "none" else f"ovhcore: records, in mode {mode}"


def pytest_itemcollected(item: pytest.Item) -> None:
    """Let the marker have its effect without a fixture, too."""
    names: list[str] | None = getattr(item, "fixturenames", None)
    if names is not None and _MARKER not in names and item.get_closest_marker(_MARKER):
        names.insert(0, _MARKER)


_HANDLE: Final = pytest.StashKey["CassetteHandle"]()


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> None:
    """Note how the test ended, for the end of its cassette; show where a missing recording was asked for."""
    if call.when == "call" and _HANDLE in item.stash:
        item.stash[_HANDLE].ended(passed=call.excinfo is None)
    known = sys.modules.get("ovhcore.exceptions")
    if call.excinfo is None or known is None or item.config.getoption("fulltrace"):
        return
    error = call.excinfo.value
    # The message says all: the library's own lines would stand before it. With --full-trace they do.
    shown = _without_ours(error.__traceback__) if isinstance(error, known.CassetteError) else None
    if shown is not None:
        call.excinfo = pytest.ExceptionInfo.from_exception(error.with_traceback(shown))


def _without_ours(traceback: TracebackType | None) -> TracebackType | None:
    """Return a traceback without the library's frames; None if the test has none in it."""
    kept: list[TracebackType] = []
    packages: list[str] = []
    while traceback is not None:
        package = str(traceback.tb_frame.f_globals.get("__name__")).partition(".")[0]
        if package not in ("ovhcore", "ovhcore_transports"):
            kept.append(traceback)
            packages.append(package)
        traceback = traceback.tb_next
    if not kept or packages[-1] in ("_pytest", "pluggy"):
        return None
    shown: TracebackType | None = None
    for each in reversed(kept):
        shown = TracebackType(shown, each.tb_frame, each.tb_lasti, each.tb_lineno)
    return shown


@pytest.fixture
def ovh_client_options() -> dict[str, Any]:
    """Keywords of the clients; to be overridden. ``transport`` is recorded: a name, an object, or its factory."""
    return {}


@pytest.fixture
def ovh_redaction() -> Redaction:
    """Secrets, besides those that are always hidden; to be overridden."""
    from ovhcore.protocol import Redaction

    return Redaction()


@pytest.fixture
def ovh_cassette(request: pytest.FixtureRequest) -> Iterator[CassetteHandle]:
    """The recordings of the test's clients: ``path``, ``mode``, ``unplayed``, ``misses``, ``check_played()``."""
    from ovhcore import InvalidConfiguration

    from .clients import CassetteHandle
    from .network_guard import blocked

    item, config = request.node, request.config
    marked = _marked(item)
    mode = config.getoption("ovh_record") or marked.get("mode") or config.getini("ovh_record")
    options: Options = {name: marked[name] for name in ("match_on", "repeat", "signatures") if name in marked}  # type: ignore[assignment]
    command = f"pytest {shlex.quote(item.nodeid)}"
    handle: CassetteHandle | str
    try:
        handle = CassetteHandle(_path(item, config, marked.get("name")), mode, options, command)
    except InvalidConfiguration as error:
        handle = str(error)
    if isinstance(handle, str):
        pytest.fail(f"Marker {_MARKER}: {handle}", pytrace=False)
    item.stash[_HANDLE] = handle
    with ExitStack() as stack:
        refused: list[str] = []
        if mode == "none":
            hint = (
                "Let the call go through ovh_client, or a client that the program makes itself through "
                f"ovh_environment, and record it: {command} --ovh-record=new"
            )
            refused = stack.enter_context(blocked(hint))
        yield handle
        handle.close(refused, misses_fail=marked.get("misses") != "allow", all_played=marked.get("all_played", False))


@pytest.fixture
def ovh_client(
    request: pytest.FixtureRequest,
    ovh_cassette: CassetteHandle,
    ovh_client_options: dict[str, Any],
    ovh_redaction: Redaction,
) -> Iterator[Client]:
    """A client that is bound to the test's cassette."""
    both = "ovh_async_client" in request.fixturenames
    client = ovh_cassette.sync_client(ovh_client_options, ovh_redaction, both=both)
    yield client
    client.close()


@pytest.fixture
def ovh_async_client(
    request: pytest.FixtureRequest,
    ovh_cassette: CassetteHandle,
    ovh_client_options: dict[str, Any],
    ovh_redaction: Redaction,
) -> AsyncClient:
    """An asynchronous client that is bound to the test's cassette, for any loop.

    The recording is ended after the test. The inner transport is closed with the client, so write ``async with`` in
    tests that record through a library that minds.
    """
    both = "ovh_client" in request.fixturenames
    return ovh_cassette.async_client(ovh_client_options, ovh_redaction, both=both)


@pytest.fixture
def ovh_environment(ovh_cassette: CassetteHandle, monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    """Bind clients that the program makes itself to the test's cassette, by the environment.

    ``ovh_client_options`` and ``ovh_redaction`` do not count for them, nor do arguments of the marker but name and
    mode. Set ``OVH_TRANSPORT`` to ``record+NAME`` to record through another transport than the default one.

    Yields:
        The ``monkeypatch`` that sets the variables, and undoes it after the test.
    """
    from ..sessions import end_all

    # Where nothing is sent, no credentials are needed.
    monkeypatch.setenv("OVH_TRANSPORT", "replay" if ovh_cassette.mode == "none" else "record")
    monkeypatch.setenv("OVH_CASSETTE", str(ovh_cassette.path))
    monkeypatch.setenv("OVH_RECORD_MODE", ovh_cassette.mode)
    yield monkeypatch
    end_all(str(ovh_cassette.path))


def _marked(item: pytest.Item) -> dict[str, Any]:
    """Return the arguments of the markers, of which the closest counts; fail the test if one is malformed."""
    found: dict[str, Any] = {}
    for marker in item.iter_markers(_MARKER):
        problem = _problem(marker)
        if problem:
            pytest.fail(f"Marker {_MARKER}: {problem}", pytrace=False)
        said = {**dict(zip(("name",), marker.args, strict=False)), **marker.kwargs}
        found = {**{name: value for name, value in said.items() if value is not None}, **found}
    return found


def _problem(marker: pytest.Mark) -> str | None:
    known = ("name", "match_on", *_CHOICES)
    if len(marker.args) > 1 or (marker.args and "name" in marker.kwargs):
        return "it takes one name, and everything else by keyword"
    for name in marker.kwargs:
        if name not in known:
            return f"{name!r} is not known; there are {', '.join(known)}"
    given = marker.args[0] if marker.args else marker.kwargs.get("name")
    if not (given is None or (isinstance(given, (str, Path)) and str(given))):
        return f"name must be the path of a cassette, not {given!r}"
    for name, choices in _CHOICES.items():
        value = marker.kwargs.get(name)
        if value is not None and not any(type(value) is type(each) and value == each for each in choices):
            return f"{name} must be one of {', '.join(map(str, choices))}, not {value!r}"
    return None


def _path(item: pytest.Item, config: pytest.Config, name: str | Path | None) -> Path:
    """Return the cassette of a test."""
    beside = item.path.parent
    directory = Path(config.getini("ovh_cassette_dir"))
    if directory.is_absolute() and beside.is_relative_to(config.rootpath):
        directory /= beside.relative_to(config.rootpath)
    directory = beside / directory
    if name is None:
        nodes = [node.name for node in item.listchain() if isinstance(node, (pytest.Class, pytest.Item))]
        return directory / item.path.stem / f"{_safe('.'.join(nodes))}.cassette"
    path = directory / name
    return path if path.suffix.lower() in _SUFFIXES else path.with_name(f"{path.name}.cassette")


def _safe(name: str) -> str:
    """Return a name that every file system has, and keeps apart from others.

    >>> _safe("test_zone")
    'test_zone'
    >>> _safe("test_zone[a/b]"), _safe("test_zone[a_b]")
    ('test_zone-a-b-e634f4d1', 'test_zone-a_b-262a4b61')
    """
    # Upper and lower case are one to some file systems.
    if re.fullmatch(rf"[a-z0-9_.]{{1,{_LONGEST}}}", name):
        return name
    from hashlib import sha256

    digest = sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:8]
    readable = re.sub(r"[^A-Za-z0-9_.]+", "-", name).strip("-")[:_LONGEST]
    return f"{readable}-{digest}"
