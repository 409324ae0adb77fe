"""What transports rely on in their libraries without a promise: a version without it is named when they are opened."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest

from ovhcore import exceptions as exc
from ovhcore.plugins import TransportSettings
from ovhcore.protocol.messages import Request, Timeout
from ovhcore_transports.http.libraries.names import importing, lacking, require_names
from tests.conformance.transports import PLACES, made

DIRECT = TransportSettings(Timeout(5, 5), proxy="none")
HTTP2 = TransportSettings(Timeout(5, 5), proxy="none", http2=True)

Take = Callable[[pytest.MonkeyPatch], None]


def without(path: str, name: str) -> Take:
    """Return what takes a name off a class."""

    def take(patch: pytest.MonkeyPatch) -> None:
        module, _, kind = path.rpartition(".")
        patch.delattr(getattr(import_module(module), kind), name)

    return take


def without_all(*paths: str, name: str) -> Take:
    """Return what takes a name off several classes."""

    def take(patch: pytest.MonkeyPatch) -> None:
        for path in paths:
            without(path, name)(patch)

    return take


def unset(path: str, name: str) -> Take:
    """Return what lets a class make objects without an attribute."""

    def take(patch: pytest.MonkeyPatch) -> None:
        module, _, kind = path.rpartition(".")
        owner = getattr(import_module(module), kind)
        begin = owner.__init__

        def init(self: Any, *args: Any, **options: Any) -> None:
            begin(self, *args, **options)
            delattr(self, name)

        patch.setattr(owner, "__init__", init)

    return take


def other_arguments(path: str) -> Take:
    """Return what lets a class want something else when its objects are made."""

    def take(patch: pytest.MonkeyPatch) -> None:
        module, _, kind = path.rpartition(".")
        patch.setattr(getattr(import_module(module), kind), "__init__", lambda self, transport: None)

    return take


def no_module(path: str) -> Take:
    """Return what hides a module."""
    return lambda patch: patch.setitem(sys.modules, path, None)


_URLLIB3 = [
    ("_dns_host", unset("urllib3.connection.HTTPConnection", "_dns_host")),
    (
        "_prepare_proxy",
        without_all(
            "urllib3.connectionpool.HTTPSConnectionPool",
            "urllib3.connectionpool.HTTPConnectionPool",
            name="_prepare_proxy",
        ),
    ),
    ("_new_conn", without("urllib3.connectionpool.HTTPConnectionPool", "_new_conn")),
    ("ConnectionCls", without("urllib3.connectionpool.HTTPConnectionPool", "ConnectionCls")),
]
_AIOHTTP = [
    ("should_close", without("aiohttp.client_proto.ResponseHandler", "should_close")),
    ("ResponseHandler", no_module("aiohttp.client_proto")),
    ("protocol", without("aiohttp.connector.Connection", "protocol")),
    ("connect", without("aiohttp.connector.BaseConnector", "connect")),
]


def _httpcore(core: str, number: str) -> list[tuple[str, str, str, Take]]:
    found = []
    for form, kind in (("sync", "HTTP11Connection"), ("async", "AsyncHTTP11Connection")):
        place = f"httpx{number}, {form}"
        found.append((place, core, "_h11_state", unset(f"{core}.{kind}", "_h11_state")))
        found.append((place, core, f"{kind}(origin, stream)", other_arguments(f"{core}.{kind}")))
        found.append((place, core, "_state_lock", unset(f"{core}.HTTP11Connection", "_state_lock")))
        found.append((place, core, "_write_lock", unset(f"{core}.HTTP2Connection", "_write_lock")))
    return found


CASES: list[tuple[str, str, str, Take]] = [
    *((f"urllib3, {form}", "urllib3", name, take) for form in ("sync", "async") for name, take in _URLLIB3),
    *(("aiohttp, async", "aiohttp", name, take) for name, take in _AIOHTTP),
    *_httpcore("httpcore", ""),
    *_httpcore("httpcore2", "2"),
]


@pytest.mark.parametrize(
    ("place", "package", "name", "take"), CASES, ids=lambda each: each if type(each) is str else ""
)
def test_a_library_without_a_name(
    place: str, package: str, name: str, take: Take, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = HTTP2 if name == "_write_lock" else DIRECT
    made(PLACES[place], settings)  # the modules of the transport are there, and all is well
    take(monkeypatch)
    with pytest.raises(exc.InvalidConfiguration) as caught:
        made(PLACES[place], settings)
    said = str(caught.value)
    assert f"{name}, which {package} {version(package)} does not have" in said
    assert f'pip install "{package}<{version(package)}"' in said


@pytest.mark.parametrize("form", ["sync", "async"])
def test_a_library_without_something_that_is_imported(form: str, tmp_path: Path) -> None:
    program = f"""
import urllib3.util.connection
del urllib3.util.connection.allowed_gai_family
from ovhcore.plugins import TransportSettings
from ovhcore_transports.urllib3 import open_{form}
open_{form}(TransportSettings(proxy="none"))
"""
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)
    *_, said = run.stderr.strip().splitlines()
    assert said.startswith("ovhcore.exceptions.InvalidConfiguration: ovhcore relies on urllib3.util.connection (")
    assert "allowed_gai_family" in said
    assert f'pip install "urllib3<{version("urllib3")}"' in said


@pytest.mark.parametrize("name", ["no_such_library", "urllib3.no_such_part"])
def test_what_is_not_there_at_all_is_another_matter(name: str) -> None:
    kind = ModuleNotFoundError if name == "no_such_library" else exc.InvalidConfiguration
    with pytest.raises(kind), importing(name.partition(".")[0]):
        import_module(name)


@pytest.mark.parametrize("thread", [False, True])
def test_pyreqwest_without_its_extension(tmp_path: Path, thread: bool) -> None:
    (tmp_path / "pyreqwest").mkdir()
    (tmp_path / "pyreqwest" / "__init__.py").write_text("")
    (tmp_path / "pyreqwest-0.15.9.dist-info").mkdir()
    program = f"""
import sys
sys.path.insert(0, {str(tmp_path)!r})
from concurrent.futures import ThreadPoolExecutor
from ovhcore.exceptions import InvalidConfiguration
from ovhcore_transports.pyreqwest.loading import load_library
try:
    ThreadPoolExecutor().submit(load_library).result() if {thread} else load_library()
except InvalidConfiguration as error:
    print(error)
"""
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True)
    assert "relies on pyreqwest._pyreqwest, which pyreqwest 0.15.9 does not have" in run.stdout
    assert 'pip install "pyreqwest<0.15.9"' in run.stdout


def test_where_pyreqwest_is_not_there_nothing_else_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    from ovhcore_transports.pyreqwest import loading

    monkeypatch.setattr(loading, "_EXTENSION", "pyreqwest_that_is_not_there._pyreqwest")
    with pytest.raises(ModuleNotFoundError):
        loading._import()


@pytest.mark.parametrize("words", [["a new wording"], ["error decoding response body", "something else"], []])
def test_words_of_pyreqwest_that_nobody_knows(words: list[str]) -> None:
    import pyreqwest.exceptions as theirs

    from ovhcore_transports.pyreqwest.failures import failure_of

    error = theirs.BodyDecodeError("error", {"causes": [{"message": one} for one in words]})
    failure = failure_of(error, Request("GET", "http://127.0.0.1:1/"), Timeout(5, 5), None, False)
    assert type(failure) is exc.NetworkError
    assert failure.may_have_arrived
    assert "wording" not in str(failure)


def test_what_is_there_is_not_lacking() -> None:
    """It would raise InvalidConfiguration."""
    require_names("pluggy", (str, ("join", "split")), ("", ("join",)))


def test_a_library_that_says_no_version() -> None:
    assert 'pip install "no-such-package"' in str(lacking("no-such-package", "a.b"))
