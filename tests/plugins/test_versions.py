"""Versions of backends: which are taken, and what is said of the others."""

from __future__ import annotations

import os
import sys
import tomllib
import zipfile
from importlib.metadata import version
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import ovhcore as ovh
from ovhcore.plugins import TransportSpec, hookimpl
from ovhcore.plugins.versions import installed_version, is_within
from ovhcore_transports.plugin import ovhcore_transports

ROOT = Path(__file__).parent.parent.parent
PACKAGES = ("urllib3", "httpx", "httpcore", "httpx2", "aiohttp", "pyreqwest")


def packaged(directory: Path, name: str, number: str, *, metadata: bool = True) -> None:
    """Install a package of one module, as pip does."""
    (directory / name).mkdir()
    (directory / name / "__init__.py").write_text(f"__version__ = {number!r}\n")
    if metadata:
        (directory / f"{name}-{number}.dist-info").mkdir()
        (directory / f"{name}-{number}.dist-info" / "METADATA").write_text(f"Name: {name}\nVersion: {number}\n")


@pytest.mark.parametrize("package", PACKAGES)
def test_what_is_installed(package: str) -> None:
    assert installed_version(package) == version(package)


def test_the_ranges_are_those_of_the_extras() -> None:
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["optional-dependencies"]
    checked = 0
    for spec in ovhcore_transports():
        if spec.extra is not None:
            for package, wanted in spec.versions.items():
                assert f"{package}{wanted}" in extras[spec.name]
                assert ",<" in wanted, "an upper bound"
                checked += 1
            assert set(spec.requires) <= set(spec.versions)
    assert checked == 6


RELEASE = st.lists(st.integers(0, 30), min_size=1, max_size=4).map(lambda numbers: ".".join(map(str, numbers)))


@given(RELEASE, RELEASE, RELEASE)
def test_ranges_are_those_of_packaging(found: str, low: str, high: str) -> None:
    specifiers = pytest.importorskip("packaging.specifiers")
    wanted = f">={low},<{high}"
    assert is_within(found, wanted) == specifiers.SpecifierSet(wanted).contains(found)


@pytest.mark.parametrize(
    ("found", "inside"),
    [("2.9", True), ("3.0rc1", False), ("3", False), ("3.0.0.dev6", False), ("2.10.post1", True), ("unknown", True)],
)
def test_versions_of_every_kind(found: str, inside: bool) -> None:
    assert is_within(found, ">=2.2,<3.0") is inside


def test_a_range_that_is_none() -> None:
    with pytest.raises(ovh.InvalidConfiguration, match=r"written as '>=2\.2,<3', not '~=2'"):
        is_within("2.2", "~=2")


def test_one_out_of_its_range(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    packaged(tmp_path, "future_http", "9.1.0")
    monkeypatch.syspath_prepend(str(tmp_path))
    spec = TransportSpec(
        "far",
        sync="future_http:open",
        requires=("future_http",),
        extra="far[http]",
        versions={"future_http": ">=8,<9"},
    )

    class Far:
        @hookimpl
        def ovhcore_transports(self) -> list[TransportSpec]:
            return [spec]

    assert not spec.installed
    with pytest.raises(ovh.InvalidConfiguration) as caught:
        ovh.Client("ovh-eu", transport="far", plugins=[Far()])
    assert str(caught.value).startswith(
        "Transport 'far' works with future_http >=8,<9, and future_http 9.1.0 is installed: pip install \"far[http]\""
    )
    assert "future_http" not in sys.modules


def test_programs_without_metadata(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    packaged(tmp_path, "silent_http", "7.0", metadata=False)
    (tmp_path / "single_http.py").write_text("")
    with zipfile.ZipFile(tmp_path / "frozen.zip", "w") as frozen:
        frozen.writestr("zipped_http/__init__.py", "")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.syspath_prepend(str(tmp_path / "frozen.zip"))
    assert installed_version("silent_http") is None
    assert TransportSpec("x", requires=("silent_http",), versions={"silent_http": ">=8"}).installed
    monkeypatch.setitem(sys.modules, "silent_http", __import__("silent_http"))
    assert installed_version("silent_http") == "7.0"
    assert installed_version("single_http") is None
    assert installed_version("zipped_http") is None
    assert installed_version("not_there.at_all") is None
    assert installed_version("not_there") is None


def test_a_directory_is_read_once_until_it_changes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []
    listdir = os.listdir

    def counted(path: str) -> list[str]:
        read.append(path)
        return listdir(path)

    packaged(tmp_path, "first_of_two", "1.0")
    packaged(tmp_path, "second_of_two", "2.0")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr("ovhcore.plugins.versions.os.listdir", counted)
    for _ in range(2):
        assert [installed_version(name) for name in ("first_of_two", "second_of_two")] == ["1.0", "2.0"]
    assert read.count(str(tmp_path)) == 1
    (tmp_path / "first_of_two-1.0.dist-info").rename(tmp_path / "first_of_two-1.1.dist-info")
    os.utime(tmp_path, ns=(1, 1))  # later, on a file system with a coarse clock
    assert installed_version("first_of_two") == "1.1"
