"""The pytest plugin: recorded in a first run, replayed in a second."""

from __future__ import annotations

import re
import socket
import subprocess
import sys
import threading
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import pytest

from ovhcore_transports.recording import Cassette
from ovhcore_transports.recording.pytest import plugin
from ovhcore_transports.recording.pytest.network_guard import NetworkBlocked, blocked
from ovhcore_transports.recording.sessions import MODES, SIGNATURES
from ovhcore_transports.sandbox import ACCESS_KEYS, serve

pytestmark = pytest.mark.once

NAME = "ovhcore_transports.recording.pytest.plugin"
INSTALLED = any(each.value == NAME for each in entry_points(group="pytest11"))
LOADED = () if INSTALLED else ("-p", NAME)
PAGE = Path(__file__).resolve().parent.parent.parent / "docs" / "how-to" / "test-with-recordings.md"

CONFTEST = """
import pytest

@pytest.fixture
def ovh_client_options():
    return {"transport": "sandbox"}

@pytest.fixture
def anyio_backend():
    return "asyncio"
"""


def run(pytester: pytest.Pytester, *arguments: str) -> Any:
    strict = ("-W", "error", "-W", "ignore::pytest.PytestAssertRewriteWarning")  # the plugin is loaded already
    plugins = [] if INSTALLED else [plugin]
    return pytester.runpytest_inprocess("-p", "no:cacheprovider", *strict, *arguments, plugins=plugins)


def outcome(result: Any, **expected: int) -> str:
    result.assert_outcomes(**expected)
    return " ".join(" ".join(result.outlines).split())


def made(pytester: pytest.Pytester, source: str, conftest: str = CONFTEST) -> None:
    pytester.makeconftest(conftest)
    pytester.makepyfile(test_it="import ovhcore as ovh\nimport pytest\n\n" + source)


def cassettes(pytester: pytest.Pytester) -> list[str]:
    return sorted(str(path.relative_to(pytester.path)) for path in pytester.path.rglob("*.cassette"))


def recorded_and_replayed(pytester: pytest.Pytester, passed: int) -> list[str]:
    outcome(run(pytester, "--ovh-record=once"), passed=passed)
    found = cassettes(pytester)
    before = [(pytester.path / each).read_bytes() for each in found]
    outcome(run(pytester), passed=passed)
    assert [(pytester.path / each).read_bytes() for each in found] == before
    return found


ONE = """
def test_me(ovh_client):
    assert ovh_client.get("/me")["firstname"] == "Ada"
"""


def test_names_are_those_of_the_recording() -> None:
    assert plugin._MODES == MODES
    assert plugin._CHOICES["signatures"] == SIGNATURES


def test_loading_it_is_cheap() -> None:
    script = f"import sys, pytest; before = set(sys.modules); import {NAME}; print(*set(sys.modules) - before)"
    loaded = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout.split()
    modules = ("frozen", "redaction", "secret_types")
    light = {
        "ovhcore",
        "ovhcore._lazy",
        "ovhcore._version",
        "ovhcore.protocol",
        *(f"ovhcore.protocol.{each}" for each in modules),
    }
    assert {each for each in loaded if not each.startswith("ovhcore_transports")} <= light
    assert {each for each in loaded if each.startswith("ovhcore_transports")} == {
        "ovhcore_transports",
        "ovhcore_transports.recording",
        "ovhcore_transports.recording.pytest",
        "ovhcore_transports.recording.pytest.sandbox_fixtures",
        NAME,
    }


def test_it_leaves_others_alone(pytester: pytest.Pytester) -> None:
    made(
        pytester,
        """
import socket

def test_other(request):
    assert [name for name in request.fixturenames if "syrupy" not in name] == ["request"]
    assert "connect" not in vars(socket.socket)
""",
        "",
    )
    text = outcome(run(pytester), passed=1)
    assert "ovhcore: records" not in text


def test_records_and_replays(pytester: pytest.Pytester) -> None:
    made(pytester, ONE)
    assert recorded_and_replayed(pytester, 1) == ["cassettes/test_it/test_me.cassette"]
    assert not Cassette.load(pytester.path / "cassettes/test_it/test_me.cassette").problems


def test_a_missing_cassette_says_how_to_record_it(pytester: pytest.Pytester) -> None:
    made(
        pytester,
        '@pytest.mark.parametrize("n", [1])\ndef test_me(ovh_client, n): ovh_client.get("/me")\n'
        "def test_nothing(ovh_client): ...",
    )
    text = outcome(run(pytester), passed=1, failed=1)
    assert re.search(
        r"There is no cassette \S+/cassettes/test_it/test_me-1-[0-9a-f]{8}\.cassette\. "
        r"Record it: pytest 'test_it.py::test_me\[1\]' --ovh-record=once",
        text,
    )
    assert not cassettes(pytester)


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_asynchronous(pytester: pytest.Pytester, backend: str) -> None:
    made(
        pytester,
        """
pytestmark = pytest.mark.anyio

async def test_closed(ovh_async_client):
    async with ovh_async_client as client:
        assert (await client.get("/me"))["firstname"] == "Ada"

async def test_left_open(ovh_async_client):
    assert (await ovh_async_client.get("/me"))["firstname"] == "Ada"
""",
        CONFTEST.replace("asyncio", backend),
    )
    for each in recorded_and_replayed(pytester, 2):
        assert not Cassette.load(pytester.path / each).problems


def test_both_clients_have_files_of_their_own(pytester: pytest.Pytester) -> None:
    made(
        pytester,
        """
pytestmark = pytest.mark.anyio

@pytest.mark.ovh_cassette(all_played=True)
async def test_both(ovh_client, ovh_async_client, ovh_cassette):
    ovh_client.get("/me")
    await ovh_async_client.get("/me/bill")
    ovh_client.get("/me")
    ovh_cassette.check_played()
    assert "test_both.cassette" in repr(ovh_cassette)

async def test_when_asked(request):
    await request.getfixturevalue("ovh_async_client").get("/me")
    request.getfixturevalue("ovh_client").get("/me")
""",
    )
    assert recorded_and_replayed(pytester, 2) == [
        "cassettes/test_it/test_both.async.cassette",
        "cassettes/test_it/test_both.cassette",
        "cassettes/test_it/test_when_asked.cassette",
        "cassettes/test_it/test_when_asked.sync.cassette",
    ]


def test_every_test_has_a_file_of_its_own(pytester: pytest.Pytester) -> None:
    made(
        pytester,
        """
@pytest.mark.parametrize("x", ["a/b", "a_b", "A_b", "a:b", "é", "x" * 300, "x" * 301, "..", "a b"])
def test_x(ovh_client, x): ovh_client.get("/me")

def test_a(ovh_client): ovh_client.get("/me")
def test_A(ovh_client): ovh_client.get("/me")

class TestOne:
    def test_a(self, ovh_client): ovh_client.get("/me")
    class TestTwo:
        def test_a(self, ovh_client): ovh_client.get("/me")

class Testone:
    def test_a(self, ovh_client): ovh_client.get("/me")
""",
    )
    found = [Path(each) for each in recorded_and_replayed(pytester, 14)]
    assert len({str(each).lower() for each in found}) == 14
    assert max(len(each.name) for each in found) <= 100
    assert {str(each.parent) for each in found} == {"cassettes/test_it"}
    assert all(re.fullmatch(r"[A-Za-z0-9_.-]+", each.name) for each in found)


def test_markers(pytester: pytest.Pytester) -> None:
    made(
        pytester,
        """
import pathlib
pytestmark = pytest.mark.ovh_cassette("shared", repeat=True, mode="once")

def test_name(ovh_client, ovh_cassette):
    ovh_client.get("/me")
    assert ovh_cassette.path.name == "shared.cassette" and ovh_cassette.mode == "once"

@pytest.mark.ovh_cassette(match_on=["method"], signatures="ignore")
class TestClosest:
    @pytest.mark.ovh_cassette(name=pathlib.Path("deep") / "own-1.2")
    def test_both(self, ovh_client, ovh_cassette):
        ovh_client.get("/me")
        if ovh_cassette._recordings[ovh_cassette.path].offline:
            assert ovh_client.get("/me/bill")["firstname"] == "Ada"

    @pytest.mark.ovh_cassette(mode="all")
    def test_all(self, ovh_client, ovh_cassette):
        assert ovh_cassette.mode == "all"
        ovh_client.get("/me")
""",
    )
    outcome(run(pytester), passed=3)
    outcome(run(pytester), passed=3)
    assert cassettes(pytester) == ["cassettes/deep/own-1.2.cassette", "cassettes/shared.cassette"]


@pytest.mark.parametrize(
    ("marker", "message"),
    [
        ("nmae='x'", "'nmae' is not known; there are name, match_on, mode, repeat, signatures, all_played, misses"),
        ("'a', 'b'", "it takes one name, and everything else by keyword"),
        ("'a', name='b'", "it takes one name, and everything else by keyword"),
        ("1", "name must be the path of a cassette, not 1"),
        ("''", "name must be the path of a cassette, not ''"),
        ("mode='some'", "mode must be one of none, once, new, all, not 'some'"),
        ("repeat=1", "repeat must be one of True, False, not 1"),
        ("signatures='no'", "signatures must be one of check, require, ignore, not 'no'"),
        ("all_played='yes'", "all_played must be one of True, False, not 'yes'"),
        ("misses=False", "misses must be one of fail, allow, not False"),
        ("match_on='path'", "match_on must be a list of matchers"),
        ("match_on=['pth']", "A matcher is a function of a request or one of method"),
    ],
)
def test_a_malformed_marker_is_one_clear_error(pytester: pytest.Pytester, marker: str, message: str) -> None:
    made(pytester, f"@pytest.mark.ovh_cassette({marker})\ndef test_it(): ...\n\ndef test_other(): ...")
    text = outcome(run(pytester), errors=1, passed=1)
    assert f"Marker ovh_cassette: {message}" in text
    assert "Traceback" not in text
    assert "pytest_plugin.py" not in text


def test_precedence(pytester: pytest.Pytester) -> None:
    made(
        pytester,
        """
def test_plain(ovh_cassette): print("plain is", ovh_cassette.mode)

@pytest.mark.ovh_cassette(mode="new")
def test_marked(ovh_cassette): print("marked is", ovh_cassette.mode)
""",
    )
    text = outcome(run(pytester, "-s"), passed=2)
    assert "plain is none" in text
    assert "marked is new" in text
    assert "ovhcore: records" not in text
    text = outcome(run(pytester, "-s", "-o", "ovh_record=once"), passed=2)
    assert "plain is once" in text
    assert "marked is new" in text
    assert "ovhcore: records, in mode once" in text
    text = outcome(run(pytester, "-s", "-o", "ovh_record=once", "--ovh-record=all"), passed=2)
    assert "plain is all" in text
    assert "marked is all" in text
    assert "ovhcore: records, in mode all" in text
    result = run(pytester, "-o", "ovh_record=some")
    assert "ovh_record must be one of none, once, new, all, not 'some'" in str(result.stderr)
    assert "invalid choice: 'some'" in str(run(pytester, "--ovh-record=some").stderr)
    assert "ovh_cassette(name=None, *, mode=None" in str(run(pytester, "--markers").stdout)


def test_where_cassettes_are(pytester: pytest.Pytester) -> None:
    below = pytester.mkdir("below")
    made(pytester, ONE)
    (below / "test_there.py").write_text(ONE)
    outcome(run(pytester, "--ovh-record=once", "-o", "ovh_cassette_dir=tapes"), passed=2)
    outcome(run(pytester, "--ovh-record=once", "-o", f"ovh_cassette_dir={pytester.path / 'all'}"), passed=2)
    # What is no part of the root directory cannot be repeated.
    root = pytester.mkdir("root")
    outcome(
        run(
            pytester,
            "--ovh-record=once",
            f"--rootdir={root}",
            f"--confcutdir={pytester.path}",
            "-o",
            f"ovh_cassette_dir={root / 'c'}",
            "test_it.py",
        ),
        passed=1,
    )
    assert cassettes(pytester) == [
        "all/below/test_there/test_me.cassette",
        "all/test_it/test_me.cassette",
        "below/tapes/test_there/test_me.cassette",
        "root/c/test_it/test_me.cassette",
        "tapes/test_it/test_me.cassette",
    ]


SWALLOWS = """
import os

def test_me(ovh_client):
    ovh_client.get("/me")
    if "MORE" in os.environ:
        try:
            ovh_client.get("/me/bill")
        except ovh.APIError:
            pass
"""


def test_a_miss_that_was_swallowed_fails_the_test(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    made(pytester, SWALLOWS)
    recorded_and_replayed(pytester, 1)
    monkeypatch.setenv("MORE", "1")
    text = outcome(run(pytester), passed=1, errors=1)
    assert "The test passed, though calls in it were not recorded: 1. The first: GET https://eu.api.ovh.com" in text
    assert "/me/bill was not recorded in" in text
    assert "Record them: pytest test_it.py::test_me --ovh-record=new." in text
    assert "ovh_cassette(misses='allow')" in text
    made(pytester, SWALLOWS.replace("\ndef test", "\n@pytest.mark.ovh_cassette(misses='allow')\ndef test"))
    outcome(run(pytester), passed=1)
    made(pytester, SWALLOWS)
    outcome(run(pytester, "--ovh-record=new"), passed=1)
    outcome(run(pytester), passed=1)


def test_a_test_that_failed_has_said_enough(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    source = SWALLOWS.replace("            pass", "            raise")
    made(pytester, "pytestmark = pytest.mark.ovh_cassette(all_played=True)\n" + source)
    recorded_and_replayed(pytester, 1)
    monkeypatch.setenv("MORE", "1")
    text = outcome(run(pytester), failed=1)
    assert "NoRecording" in text


def test_all_played(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    source = """
import os

@pytest.mark.ovh_cassette(all_played=True)
def test_me(ovh_client, ovh_cassette):
    for _ in range(int(os.environ["TIMES"])):
        ovh_client.get("/me")
    print("left:", len(ovh_cassette.unplayed), "missed:", ovh_cassette.misses)
"""
    made(pytester, source)
    monkeypatch.setenv("TIMES", "7")
    recorded_and_replayed(pytester, 1)
    monkeypatch.setenv("TIMES", "6")
    text = outcome(run(pytester, "-s"), passed=1, errors=1)
    assert "left: 1 missed: []" in text
    assert "test_me.cassette were not played: GET https://eu.api.ovh.com/1.0/me. If the program no longer" in text
    assert "record anew: pytest test_it.py::test_me --ovh-record=all" in text
    monkeypatch.setenv("TIMES", "0")
    text = outcome(run(pytester), passed=1, errors=1)
    assert "/1.0/me and 2 more. If" in text
    # What would be recorded was not there before: a mode that sends says so, too.
    outcome(run(pytester, "--ovh-record=new"), passed=1, errors=1)
    outcome(run(pytester, "--ovh-record=all"), passed=1)
    made(pytester, source.replace("all_played=True", "all_played=None"))
    outcome(run(pytester), passed=1)


OBJECTS = """
import pytest
from ovhcore_transports.sandbox import ACCESS_KEYS, AsyncSandboxTransport, SandboxTransport

{made}

@pytest.fixture
def ovh_client_options():
    return {{"endpoint": "ovh-eu", **ACCESS_KEYS, "transport": {given}}}

@pytest.fixture
def anyio_backend():
    return "asyncio"
"""


@pytest.mark.parametrize("given", ["SHARED", "SandboxTransport", "lambda: SandboxTransport()"])
def test_transports_that_are_given(pytester: pytest.Pytester, given: str) -> None:
    made(
        pytester,
        ONE + ONE.replace("test_me", "test_again"),
        OBJECTS.format(made="SHARED = SandboxTransport()", given=given),
    )
    recorded_and_replayed(pytester, 2)


@pytest.mark.parametrize("given", ["SHARED", "AsyncSandboxTransport"])
def test_asynchronous_transports_that_are_given(pytester: pytest.Pytester, given: str) -> None:
    source = """
@pytest.mark.anyio
@pytest.mark.parametrize("n", [1, 2])
async def test_me(ovh_async_client, n):
    async with ovh_async_client as client:
        await client.get("/me")
"""
    made(pytester, source, OBJECTS.format(made="SHARED = AsyncSandboxTransport()", given=given))
    recorded_and_replayed(pytester, 2)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("AsyncSandboxTransport()", "a synchronous transport or a function that makes one, not AsyncSandboxTransport"),
        ("17", "a synchronous transport or a function that makes one, not int"),
        ("'sandbax'", "Transport 'sandbax' is not known. For Client there are: "),
    ],
)
def test_transports_that_cannot_be_used(pytester: pytest.Pytester, given: str, message: str) -> None:
    made(pytester, ONE, OBJECTS.format(made="", given=given))
    text = outcome(run(pytester, "--ovh-record=once"), errors=1)
    assert message in text
    assert "Traceback" not in text


def test_a_factory_of_the_wrong_kind(pytester: pytest.Pytester) -> None:
    source = "@pytest.mark.anyio\nasync def test_me(ovh_async_client): await ovh_async_client.get('/me')"
    made(pytester, source, OBJECTS.format(made="", given="SandboxTransport"))
    assert "an asynchronous transport or a function" in outcome(run(pytester, "--ovh-record=once"), failed=1)


def test_options_that_are_none(pytester: pytest.Pytester) -> None:
    made(pytester, ONE, CONFTEST.replace('return {"transport": "sandbox"}', "return 3"))
    text = outcome(run(pytester, "--ovh-record=once"), errors=1)
    assert "ovh_client_options must return the client's keywords in a dict, not int" in text


def test_a_cassette_that_cannot_be_used_is_found_before_the_test(pytester: pytest.Pytester) -> None:
    made(pytester, ONE)
    recorded_and_replayed(pytester, 1)
    path = pytester.path / "cassettes/test_it/test_me.cassette"
    path.write_bytes(path.read_bytes()[:-40])
    for mode in ("none", "new"):
        text = outcome(run(pytester, f"--ovh-record={mode}"), errors=1)
        assert "is not whole: " in text
        assert "Traceback" not in text


def test_redaction_and_plugins(pytester: pytest.Pytester) -> None:
    conftest = """
import pytest
import ovhcore as ovh
from ovhcore.protocol import Redaction

class Plugin:
    @ovh.hookimpl
    def ovhcore_redaction(self):
        return Redaction(names=["nichandle"])

@pytest.fixture
def ovh_client_options():
    return {"transport": "sandbox", "plugins": [Plugin()]}

@pytest.fixture
def ovh_redaction():
    return Redaction(names=["firstname"])
"""
    made(pytester, "def test_me(ovh_client): ovh_client.get('/me')", conftest)
    (path,) = recorded_and_replayed(pytester, 1)
    text = (pytester.path / path).read_text()
    assert '"firstname": "<redacted>"' in text
    assert '"nichandle": "<redacted>"' in text


def test_the_default_transport(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    made(pytester, ONE, "")
    with serve() as server:
        monkeypatch.setenv("OVH_ENDPOINT", server.url)
        for name, value in ACCESS_KEYS.items():
            monkeypatch.setenv(f"OVH_{name.upper()}", str(value))
        outcome(run(pytester, "--ovh-record=once"), passed=1)
    for name in ("endpoint", *ACCESS_KEYS):
        monkeypatch.delenv(f"OVH_{name.upper()}")
    outcome(run(pytester), passed=1)


def test_the_network_is_blocked(pytester: pytest.Pytester) -> None:
    made(
        pytester,
        """
import asyncio, socket, threading, urllib.request
from http.server import BaseHTTPRequestHandler, HTTPServer
from ovhcore_transports.recording.pytest.network_guard import NetworkBlocked

@pytest.mark.ovh_cassette(misses="allow")
def test_blocked():
    with pytest.raises(NetworkBlocked, match="wanted to reach 192.0.2.1, port 443 .connect"), socket.socket() as s:
        s.connect(("192.0.2.1", 443))
    with pytest.raises(NetworkBlocked, match="wanted to reach api.ovh.com, port 443 .getaddrinfo"):
        urllib.request.urlopen("https://api.ovh.com/1.0/")
    async def main():
        with pytest.raises(NetworkBlocked, match="api.ovh.com"):
            await asyncio.open_connection("api.ovh.com", 443)
        server = await asyncio.start_server(lambda r, w: w.close(), "127.0.0.1", 0)
        reader, writer = await asyncio.open_connection("localhost", server.sockets[0].getsockname()[1])
        assert await reader.read() == b""
        writer.close()
        server.close()
    asyncio.run(main())

@pytest.mark.ovh_cassette
def test_swallowed():
    with pytest.raises(NetworkBlocked):
        socket.create_connection(("ca.api.ovh.com", 443))

@pytest.mark.ovh_cassette
def test_uncaught():
    socket.create_connection(("eu.api.ovh.com", 443))

def test_undone():
    assert "connect" not in vars(socket.socket)
    assert "guard" not in socket.getaddrinfo.__module__

@pytest.mark.ovh_cassette(mode="once")
def test_recording(ovh_cassette):
    assert "connect" not in vars(socket.socket)
""",
    )
    text = outcome(run(pytester), passed=4, failed=1, errors=1)
    assert "The network is blocked in this test, which wanted to reach eu.api.ovh.com, port 443 (getaddrinfo)." in text
    assert "and record it: pytest test_it.py::test_uncaught --ovh-record=new" in text
    assert "The test passed, though it was kept off the network. The network is blocked" in text


def test_what_is_blocked_and_what_is_not(tmp_path: Path) -> None:
    before = {name: getattr(socket, name) for name in ("getaddrinfo", "gethostbyname", "gethostbyname_ex")}
    with blocked("Hint."):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
            with pytest.raises(NetworkBlocked, match=r"reach 192.0.2.1, port 53 \(sendto\). Hint\.$"):
                udp.sendto(b"x", 0, ("192.0.2.1", 53))
            with pytest.raises(NetworkBlocked, match=r"reach 192.0.2.1, port 53 \(sendmsg\)"):
                udp.sendmsg([b"x"], [], 0, ("192.0.2.1", 53))
            with pytest.raises(NetworkBlocked, match=r"reach example.com, port 53 \(connect_ex\)"):
                udp.connect_ex(("example.com", 53))
            udp.bind(("127.0.0.1", 0))
            udp.sendto(b"x", udp.getsockname())
            udp.connect(udp.getsockname())
            udp.sendmsg([b"y"])
            assert udp.recv(1) + udp.recv(1) == b"xy"
            with pytest.raises(TypeError):
                udp.connect("nonsense")
            with pytest.raises(TypeError):
                udp.connect()  # type: ignore[call-arg]
        with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as udp6:
            with pytest.raises(NetworkBlocked, match="2001:db8::1, port 1"):
                udp6.connect(("2001:db8::1", 1, 0, 0))
            udp6.connect(("::ffff:127.0.0.1", 9))
        with pytest.raises(NetworkBlocked, match=r"reach example.com \(gethostbyname\)"):
            socket.gethostbyname("example.com.")
        with pytest.raises(NetworkBlocked, match="gethostbyname_ex"):
            socket.gethostbyname_ex("example.com")
        with pytest.raises(NetworkBlocked, match="gethostbyaddr"):
            socket.gethostbyaddr("192.0.2.1")
        with pytest.raises(NetworkBlocked, match=r"reach example.com, port https \(getaddrinfo\)"):
            socket.getaddrinfo(host=b"example.com", port=b"https")
        assert socket.gethostbyname("localhost") == "127.0.0.1"
        assert socket.getaddrinfo(None, 80)
        assert socket.getaddrinfo("0.0.0.0", 80)
        assert socket.getaddrinfo(port=80, host="::1")
        # Servers that listen everywhere ask for the name of their machine.
        assert socket.getfqdn("0.0.0.0")
    assert {name: getattr(socket, name) for name in before} == before
    assert not {"connect", "connect_ex", "sendto", "sendmsg"} & vars(socket.socket).keys()


@pytest.mark.skipif(not hasattr(socket, "AF_UNIX"), reason="there are no Unix domain sockets")
def test_other_families(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)  # their names are short
    with socket.socket(socket.AF_UNIX) as server, blocked("Hint."), blocked("Inner."):
        server.bind("s")
        server.listen()
        with socket.socket(socket.AF_UNIX) as client:
            client.connect("s")
        guarded: Any = socket.socket.connect
        with pytest.raises(NetworkBlocked, match=r"reach b'\\x00' \(connect\). Inner\."):
            guarded(type("Other", (), {"family": -1})(), b"\0")


def test_threads_are_guarded() -> None:
    caught: list[BaseException] = []

    def work() -> None:
        try:
            socket.create_connection(("192.0.2.1", 9), timeout=1)
        except NetworkBlocked as error:
            caught.append(error)

    with blocked("Hint."):
        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
    assert caught


def test_unittest_and_doctest(pytester: pytest.Pytester) -> None:
    made(
        pytester,
        '''
import unittest

@pytest.mark.ovh_cassette
class TestOld(unittest.TestCase):
    def test_me(self):
        import socket
        assert "connect" in vars(socket.socket)

def shown():
    """
    >>> 1 + 1
    2
    """
''',
    )
    outcome(run(pytester, "--doctest-modules"), passed=2)


def test_xdist(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("xdist")
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")  # each of six processes would load all plugins there are
    made(pytester, '@pytest.mark.parametrize("n", range(6))\ndef test_me(ovh_client, n): ovh_client.get("/me")')
    arguments = ("-p", NAME, "-p", "xdist", "-p", "no:cacheprovider", "-n", "2")
    pytester.runpytest_subprocess(*arguments, "--ovh-record=once").assert_outcomes(passed=6)
    assert len(cassettes(pytester)) == 6
    pytester.runpytest_subprocess(*arguments).assert_outcomes(passed=6)


def test_the_page_shows_what_works(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    page = PAGE.read_text("utf-8")
    blocks = re.findall(r"```python\n# (\S+)\n(.*?)```", page, re.DOTALL)
    assert page.count("```python") == len(blocks) == 3
    for name, code in blocks:
        path = pytester.path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(code, "utf-8")
    commands = re.findall(r"```sh\n(.*?)```", page, re.DOTALL)[0].splitlines()
    assert [each.split()[0] for each in commands] == ["pytest", "pytest"]
    with serve() as server:
        monkeypatch.setenv("OVH_ENDPOINT", server.url)
        for name, value in ACCESS_KEYS.items():
            monkeypatch.setenv(f"OVH_{name.upper()}", str(value))
        outcome(run(pytester, *commands[0].split()[1:]), passed=6)
    for name in ("endpoint", *ACCESS_KEYS):
        monkeypatch.delenv(f"OVH_{name.upper()}")
    outcome(run(pytester, *commands[1].split()[1:]), passed=6)
    shown = re.findall(r"^ +(\S+\.cassette)$", page, re.MULTILINE)
    assert sorted(shown) == sorted(Path(each).name for each in cassettes(pytester))


def test_clients_that_the_program_makes_itself(pytester: pytest.Pytester) -> None:
    made(
        pytester,
        """
def program():
    return ovh.Client().get("/me")["firstname"]

@pytest.fixture
def ovh_environment(ovh_environment, ovh_cassette):
    if ovh_cassette.mode != "none":
        ovh_environment.setenv("OVH_TRANSPORT", "record+sandbox")
        ovh_environment.setenv("OVH_ENDPOINT", "ovh-eu")
        for name in ("application_key", "application_secret", "consumer_key"):
            ovh_environment.setenv(f"OVH_{name.upper()}", "sandbox-" + name.replace("_", "-"))
    return ovh_environment

def test_program(ovh_environment):
    assert program() == "Ada"
""",
        "",
    )
    assert recorded_and_replayed(pytester, 1) == ["cassettes/test_it/test_program.cassette"]


def test_fixtures_that_return_something_else(pytester: pytest.Pytester) -> None:
    made(
        pytester,
        ONE,
        """
import pytest

@pytest.fixture
def ovh_redaction():
    return ["pin"]
""",
    )
    assert "ovh_redaction must return a Redaction, not list" in outcome(run(pytester), errors=1)
