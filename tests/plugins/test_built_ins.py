"""What belongs to ovhcore is found whatever its metadata says, or if there is none."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path
from typing import Any

import pluggy
import pytest

import ovhcore
import ovhcore_transports
from ovhcore.exceptions import InvalidConfiguration
from ovhcore.plugins import discovery, manager
from ovhcore.plugins.discovery import OWN

pytestmark = pytest.mark.once

SOURCE = Path(ovhcore.__file__).parent.parent
PROGRAM = """
import json, sys
import ovhcore
client = ovhcore.Client(transport="sandbox")
print(json.dumps({
    "name": client.get("/me")["firstname"],
    "transports": sorted(client._ovhcore.plugins.transports()),
    "plugins": {each.name: [each.distribution, each.version] for each in client.plugins},
    "options": sorted(client._ovhcore.plugins.options()),
    "file": ovhcore.__file__,
}))
"""


def copied(to: Path) -> Path:
    """Copy the packages and what they need, without any metadata."""
    ignored = shutil.ignore_patterns("__pycache__")
    for package in (ovhcore, ovhcore_transports, pluggy):
        assert package.__file__
        home = Path(package.__file__).parent
        shutil.copytree(home, to / home.name, ignore=ignored)
    return to


def run(*path: Path, program: str = PROGRAM) -> Any:
    """Run a program that finds nothing but the standard library and a path."""
    code = f"import sys; sys.path[:0] = {[str(each) for each in path]!r}\n{program}"
    env = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "COV", "OVH"))}
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-W", "error", "-c", code], capture_output=True, text=True, env=env, timeout=120
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def whole(found: Any) -> None:
    assert found["name"] == "Ada"
    assert {"urllib3", "httpx", "httpx2", "aiohttp", "pyreqwest", "stdlib", "sandbox", "record", "replay"} <= {
        *found["transports"]
    }
    for name in OWN:
        assert found["plugins"][name] == ["ovhcore", ovhcore.__version__]
    assert {"rate_limit", "keyring", "opentelemetry", "cassette"} <= {*found["options"]}


def test_the_table_is_what_the_metadata_says() -> None:
    project = SOURCE.parent / "pyproject.toml"
    if not project.is_file():
        pytest.skip("pyproject.toml is not beside the installed package")
    assert tomllib.loads(project.read_text("utf-8"))["project"]["entry-points"]["ovhcore"] == OWN


def test_a_copy_without_metadata(tmp_path: Path) -> None:
    found = run(copied(tmp_path))
    assert found["file"].startswith(str(tmp_path))
    whole(found)


def test_a_zip_file(tmp_path: Path) -> None:
    copied(tmp_path / "tree")
    archive = tmp_path / "program.zip"
    with zipfile.ZipFile(archive, "w") as file:
        for path in sorted((tmp_path / "tree").rglob("*")):
            file.write(path, path.relative_to(tmp_path / "tree"))
    found = run(archive)
    assert found["file"].startswith(str(archive))
    whole(found)


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a directory with the packages and with metadata."""
    real = copied(tmp_path_factory.mktemp("real"))
    (real / "ovhcore-9.dist-info").mkdir()
    table = "".join(f"{key} = {value}\n" for key, value in OWN.items())
    (real / "ovhcore-9.dist-info" / "entry_points.txt").write_text(f"[ovhcore]\n{table}")
    return real


@pytest.mark.parametrize(
    "contents",
    [
        None,
        "",
        "[ovhcore]\n",
        "[ovhcore]\novhcore-transports = ovhcore_transports.gone\nthrottle = ovhcore_transports.gone:plugin\n",
        "[ovhcore]\nleft-over = ovhcore_transports.gone\n",
    ],
)
@pytest.mark.parametrize("name", ["ovhcore-0.0.1.dist-info", "OVHcore-0.0.1.dist-info", "ovhcore.egg-info"])
@pytest.mark.parametrize("before", [True, False])
def test_stale_metadata(installed: Path, tmp_path: Path, contents: str | None, name: str, before: bool) -> None:
    stale = tmp_path / "stale"
    (stale / name).mkdir(parents=True)
    if contents is not None:
        (stale / name / "METADATA").write_text("Metadata-Version: 2.1\nName: ovhcore\nVersion: 0.0.1\n")
        (stale / name / "entry_points.txt").write_text(contents)
    whole(run(stale, installed) if before else run(installed, stale))


def test_stale_metadata_beside_the_installed_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "ovhcore-0.0.1.dist-info").mkdir()
    monkeypatch.syspath_prepend(tmp_path)
    assert [*discovery.installed("ovhcore", "1")][: len(OWN)] == [*OWN]


def test_own_ones_that_are_not_there_and_those_of_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "other-1.dist-info").mkdir()
    (tmp_path / "other-1.dist-info" / "entry_points.txt").write_text("[ovhcore]\nother = other\n")
    monkeypatch.syspath_prepend(tmp_path)
    gone = {"package": "ovhcore_gone.plugin", "module": "ovhcore_transports.gone"}
    monkeypatch.setattr(discovery, "OWN", {**gone, "throttle": OWN["throttle"]})
    found = discovery.installed("ovhcore", "1")
    assert found["throttle"] == discovery.EntryPoint("throttle", "ovhcore_transports.hooks.throttle", "ovhcore", "1")
    assert found["other"].distribution == "other"
    assert not gone.keys() & found.keys()


def test_a_finder_that_knows_no_metadata(tmp_path: Path) -> None:
    """As a frozen program has: modules come from its own finder, and there is no directory to list."""
    tree = copied(tmp_path)
    frozen = f"""
import importlib.abc, importlib.util, os, sys
class Frozen(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        file = os.path.join({str(tree)!r}, *name.split("."))
        if os.path.isdir(file):
            return importlib.util.spec_from_file_location(
                name, os.path.join(file, "__init__.py"), submodule_search_locations=["/nowhere"])
        return importlib.util.spec_from_file_location(name, file + ".py") if os.path.isfile(file + ".py") else None
sys.meta_path.insert(0, Frozen())
sys.frozen = True
{PROGRAM}"""
    whole(run(program=frozen))


def test_other_packages_come_after_it_and_take_no_name(tmp_path: Path) -> None:
    tree = copied(tmp_path)
    (tree / "other-1.dist-info").mkdir()
    (tree / "other-1.dist-info" / "entry_points.txt").write_text("[ovhcore]\nthrottle = gone\nother = other\n")
    (tree / "other.py").write_text(
        "import ovhcore\n@ovhcore.hookimpl\n"
        "def ovhcore_transports():\n    return [ovhcore.plugins.TransportSpec('o')]\n"
    )
    found = run(tree)
    whole(found)
    assert found["plugins"]["other"] == ["other", "1"]
    assert "o" in found["transports"]


def test_what_is_lost_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tree = copied(tmp_path)
    shutil.rmtree(tree / "ovhcore_transports")
    program = (
        "import json, ovhcore\ntry: ovhcore.Client(transport='sandbox')\nexcept ovhcore.APIError as error: "
        "print(json.dumps(str(error)))"
    )
    message = run(tree, program=program)
    assert "Transport 'sandbox' is not known" in message
    assert "must include all of ovhcore_transports" in message
    with pytest.raises(InvalidConfiguration) as caught:
        ovhcore.Client("ovh-eu", transport="nothing")
    assert "must include" not in str(caught.value)
    monkeypatch.setattr(manager, "_installed", lambda: ())
    assert "ovhcore_transports.plugin, " in manager._lost()


def test_a_copy_under_another_name(tmp_path: Path) -> None:
    """As tools that vendor packages make it: they rewrite imports, not text."""
    tree = copied(tmp_path)
    vendor = tree / "program" / "vendor"
    vendor.mkdir(parents=True)
    (tree / "program" / "__init__.py").touch()
    (vendor / "__init__.py").touch()
    for name in ("ovhcore", "ovhcore_transports"):
        (tree / name).rename(vendor / name)
        for file in (vendor / name).rglob("*.py"):
            text = file.read_text("utf-8")
            for package in ("ovhcore_transports", "ovhcore"):
                text = text.replace(f"from {package}.", f"from program.vendor.{package}.")
                text = text.replace(f"from {package} import", f"from program.vendor.{package} import")
            file.write_text(text, "utf-8")
    whole(run(tree, program=PROGRAM.replace("import ovhcore\n", "from program.vendor import ovhcore\n")))
