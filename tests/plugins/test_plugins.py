from __future__ import annotations

import importlib.metadata
import re
import sys
import tempfile
import zipfile
from pathlib import Path
from typing import Any, ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

import ovhcore as ovh
from ovhcore.flows import Flow, Handler
from ovhcore.plugins import PluginInfo, TransportSettings, TransportSpec, hookimpl, list_plugins
from ovhcore.plugins.discovery import EntryPoint, find_entry_points, load_object
from ovhcore.plugins.manager import Plugins, _installed
from ovhcore.protocol.messages import Request, Response
from ovhcore.protocol.redaction import Redaction
from ovhcore_transports.sandbox import ACCESS_KEYS, SandboxTransport
from tests.worlds import Scripted


class Offer:
    def __init__(self, *specs: TransportSpec) -> None:
        self.specs = specs

    @hookimpl
    def ovhcore_transports(self) -> Any:
        return list(self.specs)


def test_transports_are_found_by_entry_point() -> None:
    assert {"urllib3", "httpx", "sandbox"} <= Plugins().transports().keys()
    assert ovh.Client(transport="sandbox").get("/me")["firstname"] == "Ada"


def test_a_transport_of_the_caller() -> None:
    spec = TransportSpec("mine", sync=lambda settings: Scripted(lambda request: Response(200, {}, b"7")))
    client = ovh.Client("ovh-eu", "AK", "AS", "CK", transport="mine", plugins=[Offer(spec)])
    assert client.get("/me") == 7
    assert repr(spec).startswith("TransportSpec('mine'")


def test_a_name_that_two_offer() -> None:
    with pytest.raises(ovh.InvalidConfiguration, match="Two plugins offer a transport named 'sandbox'"):
        ovh.Client(transport="sandbox", plugins=[Offer(TransportSpec("sandbox"))])


def test_transports_that_cannot_be_had() -> None:
    there = "For Client there are: httpx, httpx2, pyreqwest, record, replay, sandbox, stdlib, urllib3;"
    with pytest.raises(ovh.InvalidConfiguration, match=rf"'nothing' is not known\. {there}"):
        ovh.Client("ovh-eu", transport="nothing")
    with pytest.raises(ovh.InvalidConfiguration, match=rf"'aiohttp' cannot be used with Client\. {there}"):
        ovh.Client("ovh-eu", transport="aiohttp")
    missing = Offer(TransportSpec("far", sync="no_such_module:open", requires=("no_such_module",), extra="x[y]"))
    with pytest.raises(ovh.InvalidConfiguration, match=r'needs no_such_module, .*: pip install "x\[y\]"'):
        ovh.Client("ovh-eu", transport="far", plugins=[missing])
    bare = Offer(TransportSpec("far", sync="no_such_module:open", requires=("no_such_module",)))
    with pytest.raises(ovh.InvalidConfiguration, match=r"which is not installed$"):
        ovh.Client("ovh-eu", transport="far", plugins=[bare])
    with pytest.raises(ovh.InvalidConfiguration, match="has no asynchronous form"):
        TransportSpec("x").open(TransportSettings(), asynchronous=True)


def test_hooks_that_are_wrong() -> None:
    class Unknown:
        @hookimpl
        def ovhcore_something(self) -> None: ...

    with pytest.raises(ovh.InvalidConfiguration, match="ovhcore_something"):
        Plugins([Unknown()])

    class WrongArguments:
        @hookimpl
        def ovhcore_middleware(self, client: Any) -> None: ...

    with pytest.raises(ovh.InvalidConfiguration, match="cannot be used"):
        Plugins([WrongArguments()])

    with pytest.raises(ovh.InvalidConfiguration, match="plugin 5 has no hook"):
        Plugins([5])
    with pytest.raises(ovh.InvalidConfiguration, match="plugins must be a list of plugins, not int"):
        ovh.Client(transport="sandbox", plugins=5)  # type: ignore[arg-type]

    same = Offer()
    with pytest.raises(ovh.InvalidConfiguration, match="cannot be used"):
        Plugins([same, same])

    class Awaitable:
        @hookimpl
        async def ovhcore_observer(self, settings: Any) -> Any:
            return None

    with pytest.raises(TypeError, match=r"the ovhcore_observer of plugin 'test_plugins\..*Awaitable' is asynchronous"):
        ovh.Client(transport="sandbox", plugins=[Awaitable()])

    class Future:
        @hookimpl
        def ovhcore_observer(self, settings: Any) -> Any:
            class Promise:
                def __await__(self) -> Any: ...

            return Promise()

    with pytest.raises(TypeError, match="asynchronous"):
        ovh.Client(transport="sandbox", plugins=[Future()])


class Bracket:
    def __init__(self, name: str, log: list[str]) -> None:
        self.name, self.log = name, log

    @hookimpl
    def ovhcore_middleware(self, settings: Any) -> Any:
        assert "sandbox-application-secret" not in repr(settings)

        def middleware(handler: Handler) -> Handler:
            def handle(request: Request) -> Flow[Response]:
                self.log.append(f"{self.name} {'x-ovh-signature' in request.headers}")
                response = yield from handler(request)
                return response

            return handle

        return middleware


class Nothing:
    @hookimpl
    def ovhcore_middleware(self, settings: Any) -> Any:
        return None

    @hookimpl
    def ovhcore_observer(self, settings: Any) -> Any:
        return None


def test_the_callers_middleware_is_outermost_and_outside_of_signing() -> None:
    log: list[str] = []
    plugins = [Bracket("first", log), Nothing(), Bracket("last", log)]
    ovh.Client(transport="sandbox", plugins=plugins).get("/me")
    assert log == ["last False", "first False"]


class Watcher:
    def __init__(self) -> None:
        self.seen: list[Any] = []

    @hookimpl
    def ovhcore_observer(self, settings: Any) -> Any:
        def observe(event: Any) -> None:
            self.seen.append(event)
            if type(event).__name__ == "RequestSent":
                raise ValueError("the observer failed")

        return observe


def test_an_observer_that_fails_loses_no_call(caplog: pytest.LogCaptureFixture) -> None:
    watcher = Watcher()
    client = ovh.Client("ovh-eu", transport=SandboxTransport(skew=500), plugins=[watcher], **ACCESS_KEYS)
    assert client.get("/me")["firstname"] == "Ada"
    assert "An observer failed at RequestSent: plugin test_plugins.Watcher" in caplog.text
    names = [type(event).__name__ for event in watcher.seen]
    assert names.count("RequestSent") == 2
    assert "ClockCorrected" in names
    assert "sandbox-" not in repr(watcher.seen)


def test_a_broken_plugin_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    broken = EntryPoint("broken", "no_such_module_x", "far-away", "1.0")
    monkeypatch.setattr("ovhcore.plugins.manager._installed", lambda: (*_installed(), broken))
    said = r"plugin 'broken' \(no_such_module_x, from far-away\) cannot be loaded: .*OVH_DISABLED_PLUGINS=broken"
    with pytest.raises(ovh.InvalidConfiguration, match=said):
        Plugins()
    assert "sandbox" in Plugins(disabled=["broken"]).transports()
    monkeypatch.setenv("OVH_DISABLED_PLUGINS", "broken")
    assert ovh.Client(transport="sandbox").get("/me")["firstname"] == "Ada"
    *others, last = list_plugins()
    assert all(info.problem is None and info.enabled for info in others)
    assert last == PluginInfo("broken", "far-away", "1.0", (), True, last.problem)
    assert "no_such_module_x" in str(last.problem)
    assert not list_plugins(["broken"])[-1].enabled


# Entry points


def install(root: Path, name: str, text: str | None, kind: str = "dist-info") -> None:
    directory = root / f"{name.replace('-', '_')}-1.0.{kind}"
    directory.mkdir(parents=True)
    (directory / ("METADATA" if kind == "dist-info" else "PKG-INFO")).write_text(f"Name: {name}\nVersion: 1.0\n\n")
    if text is not None:
        (directory / "entry_points.txt").write_text(text, "utf-8")


def test_entry_points_of_this_environment() -> None:
    for group in ("ovhcore", "console_scripts", "pytest11", "nothing"):
        mine = find_entry_points(group)
        points = importlib.metadata.entry_points(group=group)
        assert values(mine) == {point.name: point.value for point in points}
        for point in points:
            assert point.dist is not None
            assert (mine[point.name].distribution, mine[point.name].version) == (
                re.sub(r"[-_.]+", "-", point.dist.name).lower(),
                point.dist.version,
            )


def values(points: dict[str, EntryPoint]) -> dict[str, str]:
    return {name: point.value for name, point in points.items()}


line = st.sampled_from(
    ["[ovhcore]", "[other]", "a = m:f", "b=m", " c = m.n : f.g [extra] ", "# comment", "", "d = m # not a comment"]
)


@given(st.lists(line, max_size=12))
def test_entry_points_as_the_library_reads_them(lines: list[str]) -> None:
    with tempfile.TemporaryDirectory() as directory:
        compare(Path(directory), lines)


def compare(root: Path, lines: list[str]) -> None:
    if lines and not lines[0].startswith("["):
        lines = ["[other]", *lines]
    install(root, "one-thing", "\n".join(lines))
    theirs: dict[str, str] = {}
    for distribution in importlib.metadata.distributions(path=[str(root)]):
        for point in distribution.entry_points:
            if point.group == "ovhcore":
                theirs.setdefault(point.name, point.value)
    assert values(find_entry_points("ovhcore", [str(root)])) == theirs


def test_distributions(tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    install(first, "Some.Thing", "[ovhcore]\na = first\n")
    install(first, "egg", "[ovhcore]\ne = egg\n", "egg-info")
    install(first, "silent", None)
    install(second, "some-thing", "[ovhcore]\na = shadowed\nz = shadowed\n")
    install(second, "more", "[ovhcore]\nno value\nb = second\n")
    (second / "x-1.0.dist-info").mkdir()
    (second / "x-1.0.dist-info" / "entry_points.txt").write_bytes(b"[ovhcore]\n\xff")
    (second / "not-info").mkdir()
    path = [str(first), str(second), str(tmp_path / "missing")]
    assert find_entry_points("ovhcore", path) == {
        "a": EntryPoint("a", "first", "some-thing", "1.0"),
        "e": EntryPoint("e", "egg", "egg", "1.0"),
        "b": EntryPoint("b", "second", "more", "1.0"),
    }


def test_zip_files_are_left_to_the_library(tmp_path: Path) -> None:
    archive = tmp_path / "packed.zip"
    with zipfile.ZipFile(archive, "w") as packed:
        packed.writestr("packed-1.0.dist-info/METADATA", "Name: packed\nVersion: 1.0\n\n")
        packed.writestr("packed-1.0.dist-info/entry_points.txt", "[ovhcore]\np = packed\n")
    again = zipfile.ZipFile(archive, "a")
    again.writestr("Packed-0.9.dist-info/METADATA", "Name: Packed\nVersion: 0.9\n\n")
    again.writestr("Packed-0.9.dist-info/entry_points.txt", "[ovhcore]\nq = shadowed\n")
    again.close()
    found = find_entry_points("ovhcore", [str(archive)])
    assert list(found) == ["p"] or list(found) == ["q"]  # the first of a name counts, whichever a zip file lists first
    assert found.popitem()[1].distribution == "packed"


class Finder:
    found: ClassVar[list[Any]] = []

    def find_spec(self, *args: Any) -> None:
        return None

    def find_distributions(self, context: Any) -> list[Any]:
        return self.found


def test_other_finders_are_left_to_the_library(monkeypatch: pytest.MonkeyPatch) -> None:
    class Nameless(importlib.metadata.Distribution):
        """What a damaged installation looks like to some versions."""

        def read_text(self, filename: str) -> str | None:
            return None

        def locate_file(self, path: Any) -> Any:
            raise NotImplementedError

        @property
        def metadata(self) -> Any:
            raise LookupError("no metadata")

    monkeypatch.setattr(Finder, "found", [Nameless()])
    monkeypatch.setattr(sys, "meta_path", [*sys.meta_path, Finder()])
    assert "ovhcore-transports" in find_entry_points("ovhcore")


def test_the_backports_finder_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    class Same(Finder):
        __module__ = "importlib_metadata"

        def find_distributions(self, context: Any) -> list[Any]:
            raise AssertionError("nobody needs it")

    monkeypatch.setattr(sys, "meta_path", [*sys.meta_path, Same()])
    assert "ovhcore-transports" in find_entry_points("ovhcore")


def test_loading() -> None:
    assert load_object("os.path:join") is __import__("os").path.join
    assert load_object("os : path.join [extra]") is __import__("os").path.join
    assert load_object("json").__name__ == "json"


def test_ovhcore_redaction_is_put_together() -> None:
    class One:
        @hookimpl
        def ovhcore_redaction(self) -> Redaction:
            return Redaction(["Pin"], [r"INV-\d+"])

    class Two:
        @hookimpl
        def ovhcore_redaction(self) -> Redaction:
            return Redaction(values=["CANARY"])

    class Nothing:
        @hookimpl
        def ovhcore_redaction(self) -> None:
            return None

    client = ovh.Client("ovh-eu", "k" * 16, "s" * 32, "c" * 32, plugins=[One(), Nothing(), Two()])
    declared = client.settings.connection.redaction
    assert declared.names == {"pin"}
    assert [pattern.pattern for pattern in declared.patterns] == [r"INV-\d+"]
    assert [value.reveal() for value in declared.values] == ["CANARY"]
    assert "CANARY" not in repr(client.settings)
    assert ovh.Client("ovh-eu", "k" * 16, "s" * 32, "c" * 32).settings.connection.redaction == Redaction()


def test_settings_of_a_transport_can_be_compared() -> None:
    one, other = (TransportSettings(options={"cassette": "a"}) for _ in range(2))
    assert one == other
    assert len({one, other, TransportSettings()}) == 2


def test_options_of_a_transport_are_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """A package's transport declares its settings, and finds them in arguments, environment and files."""
    seen: list[TransportSettings] = []

    class Mine:
        @hookimpl
        def ovhcore_transports(self) -> list[TransportSpec]:
            def opened(settings: TransportSettings) -> Scripted:
                seen.append(settings)
                return Scripted(lambda request: Response(200, {}, b"1"))

            return [TransportSpec("mine", sync=opened, options=("colour", "cassette"))]

    keys = ("ovh-eu", "k" * 16, "s" * 32, "c" * 32)
    monkeypatch.setenv("OVH_COLOUR", "blue")
    ovh.Client(*keys, transport="mine", plugins=[Mine()], options={"cassette": "a"}).get("/me")
    ovh.Client(*keys, transport="mine", plugins=[Mine()], options={"colour": "red"}).get("/me")
    assert [settings.options for settings in seen] == [{"colour": "blue", "cassette": "a"}, {"colour": "red"}]
