"""``import ovh`` finds ovhcore: in a process, in a program that cannot be edited, in a whole interpreter."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import venv
from importlib import metadata
from pathlib import Path

import pytest

import ovhcore as ovh
from ovhcore.python_ovh import installing
from tests.worlds import Scripted

pytestmark = pytest.mark.once

LIBRARY = """
import ovhcore
ovhcore.install_as_ovh()
import ovh
import ovh.exceptions
from ovh.client import Client
from ovh.consumer_key import ConsumerKeyRequest
from ovh.exceptions import APIError, ResourceNotFoundError
client = Client(transport="sandbox")
try:
    client.get("/me/bill/none")
except ResourceNotFoundError:
    print("caught", ovh.exceptions.APIError is ovhcore.APIError, ovh.API_READ_ONLY)
"""

SAME = """
import sys
import ovhcore, ovhcore.flows.resilience.retry
before = {name: module for name, module in sys.modules.items() if name.startswith("ovhcore")}
specs = {name: module.__spec__ for name, module in before.items()}
ovhcore.install_as_ovh()
import ovh.client, ovh.config, ovh.oauth2, ovh.exceptions, ovh.consumer_key
import ovh.protocol.urls, ovh.flows.resilience.retry
from ovh import *
from ovh.python_ovh.names import PythonOvhNames
for name, module in list(sys.modules.items()):
    if name == "ovh" or name.startswith("ovh."):
        assert module is sys.modules["ovhcore" + name[3:]], name
for name, module in before.items():
    assert sys.modules[name] is module and module.__spec__ is specs[name], name
assert ovh is ovhcore and ovh.protocol.urls is ovhcore.protocol.urls
assert ovh.client.Client is Client and issubclass(Client, PythonOvhNames)
try:
    import ovh.nothing
except ModuleNotFoundError as error:
    print(error)
finders = len(sys.meta_path)
ovhcore.install_as_ovh()
print(len(sys.meta_path) == finders)
"""

UNCONFIGURED = """
import ovhcore
ovhcore.Client("ovh-eu").close()
ovhcore.install_as_ovh()
ovhcore.Client("ovh-eu").close()  # nobody has imported ovh
import ovh
try:
    ovh.Client("ovh-eu")
except ovh.exceptions.InvalidConfiguration as error:
    print(str(error)[:36])
ovh.Client("ovh-eu", application_key="").close()
ovh.Client("ovh-eu", "key", "secret").close()
ovh.AsyncClient("ovh-eu")
print(ovh.Client(transport="sandbox").get("/me")["firstname"])
"""

ORIGINAL = """
import ovhcore
ovhcore.install_as_ovh(original="original_ovh")
ovhcore.install_as_ovh(original="another_ovh")
import ovh
import original_ovh.exceptions
from original_ovh import Client
import another_ovh
print(ovh is ovhcore, Client.__module__, original_ovh.APIError is not ovh.APIError, another_ovh.__name__)
"""


def environment() -> dict[str, str]:
    """Return the environment of programs that must find this ovhcore; nothing of the machine's settings."""
    return {name: value for name, value in os.environ.items() if not name.startswith("OVH_")}


def printed(*command: str, **more: str) -> str:
    done = subprocess.run(
        [sys.executable, *command], capture_output=True, text=True, timeout=120, env={**environment(), **more}
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_libraries_that_cannot_be_edited() -> None:
    assert printed("-c", LIBRARY) == "caught True ['GET']\n"


def test_every_module_is_the_same_by_both_names() -> None:
    assert printed("-W", "error", "-c", SAME) == "No module named 'ovh.nothing'\nTrue\n"


def test_clients_without_credentials_are_refused(tmp_path: Path) -> None:
    told = subprocess.run(
        [sys.executable, "-c", UNCONFIGURED], capture_output=True, text=True, timeout=60, cwd=tmp_path,
        env={**environment(), "HOME": str(tmp_path)},
    )  # fmt: skip
    assert told.stdout == "Missing authentication information: \nAda\n", told.stderr


def test_the_original_by_another_name() -> None:
    pytest.importorskip("ovh", reason="python-ovh is not installed")
    assert printed("-c", ORIGINAL) == "True original_ovh.client True another_ovh\n"


def test_there_may_be_no_original(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", [])
    finder = installing.OvhFinder()
    finder.originals.add("original_ovh")
    assert finder.find_spec("original_ovh") is None
    assert finder.find_spec("ovhcore") is finder.find_spec("another") is finder.find_spec("ovh.nothing") is None


def test_where_the_original_lies() -> None:
    pytest.importorskip("ovh", reason="python-ovh is not installed")
    finder = installing.OvhFinder()
    finder.originals.add("original_ovh")
    spec = finder.find_spec("original_ovh")
    assert spec is not None
    assert spec.name == "original_ovh"
    assert spec.submodule_search_locations


@pytest.mark.parametrize("name", ["ovh", "ovhcore", "a.b", "1", ""])
def test_names_that_the_original_cannot_have(name: str) -> None:
    with pytest.raises(ValueError, match="original must be a name"):
        ovh.install_as_ovh(original=name)


def test_installed_in_this_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "meta_path", [*sys.meta_path])
    for name in [name for name in sys.modules if name == "ovh" or name.startswith("ovh.")]:
        monkeypatch.delitem(sys.modules, name)
    with monkeypatch.context() as patched:
        patched.setitem(sys.modules, "ovh", sys)
        with pytest.raises(RuntimeError, match="python-ovh is imported already"):
            ovh.install_as_ovh()
    assert not installing.is_installed()
    ovh.install_as_ovh()
    ovh.install_as_ovh("original_ovh")
    (finder,) = (each for each in sys.meta_path if isinstance(each, installing.OvhFinder))
    assert finder.originals == {"original_ovh"}
    with monkeypatch.context() as patched:
        for name in ("ovh", "ovh.exceptions"):
            patched.setitem(sys.modules, name, ovh)  # so that they go again
            del sys.modules[name]
        import ovh as found
        import ovh.exceptions as found_exceptions

        assert found is ovh
        assert found_exceptions is ovh.exceptions
        assert installing.is_installed()
        with pytest.raises(ovh.InvalidConfiguration, match="Missing authentication information"):
            ovh.Client("ovh-eu")
        ovh.Client("ovh-eu", application_key="").close()
        ovh.Client("ovh-eu", "k", "s").close()
        transport = Scripted(lambda request: ovh.Response(200, {}, b"null"))
        client = ovh.Client("ovh-eu", "k", "s", "c", transport=transport)
        client.get("/a", fieldType=None, x=1)
        client.delete("/a", x=1)
        assert [sent.url.partition("/1.0")[2] for sent in transport.sent] == ["/a?fieldType=null&x=1", "/a?x=1"]
        client.call("GET", "/a", {"b": 1})
        client.call("DELETE", "/a", {})
        assert [sent.body for sent in transport.sent[2:]] == [b'{"b":1}', b"{}"]
        with pytest.raises(ovh.InvalidRequest, match="not NoneType"):
            client.get("/a/{x}", x=None)
    assert not installing.is_installed()


def test_the_version_is_answered(monkeypatch: pytest.MonkeyPatch) -> None:
    before = {each.name for each in metadata.distributions()}
    monkeypatch.setattr(sys, "meta_path", [installing.OvhFinder(), *sys.meta_path])
    assert metadata.version("ovh") == metadata.version("OVH") == "1.2.0"
    assert metadata.metadata("ovh")["Name"] == "ovh"
    assert not metadata.files("ovh")
    assert "ovhcore" in str(metadata.distribution("ovh").locate_file("client.py"))
    assert metadata.version("ovhcore") == ovh.__version__
    assert {each.name for each in metadata.distributions()} == before


PROGRAM = """
import sys
import beside
from ovh import Client
print(__name__, sys.argv[1:], beside.NAME, Client(transport="sandbox").get("/me")["firstname"])
sys.exit(3)
"""


def test_a_program_that_cannot_be_edited(tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text(PROGRAM)
    (tmp_path / "beside.py").write_text("NAME = 'beside'\n")
    for command, directory in (([str(program)], "/"), (["-m", "program"], str(tmp_path))):
        done = subprocess.run(
            [sys.executable, "-m", "ovhcore.as_ovh", *command, "--flag", "x"],
            capture_output=True, text=True, timeout=60, cwd=directory, env=environment(),
        )  # fmt: skip
        assert (done.returncode, done.stdout) == (3, "__main__ ['--flag', 'x'] beside Ada\n"), done.stderr


@pytest.mark.parametrize(
    ("arguments", "said"), [([], "usage: "), (["-m"], "usage: "), (["-x"], "usage: "), (["none.py"], "no program none")]
)
def test_no_program(arguments: list[str], said: str) -> None:
    done = subprocess.run([sys.executable, "-m", "ovhcore.as_ovh", *arguments], capture_output=True, text=True)
    assert done.returncode == 1
    assert said in done.stderr


def test_programs_in_this_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from ovhcore import as_ovh

    monkeypatch.setattr(as_ovh, "install_as_ovh", lambda: None)
    monkeypatch.setattr(sys, "argv", ["pytest"])
    monkeypatch.setattr(sys, "path", ["working directory", str(tmp_path), *sys.path])
    told = tmp_path / "told"
    program = tmp_path / "program_here.py"
    program.write_text(f"import sys\nwith open({str(told)!r}, 'a') as f: f.write(sys.path[0] + sys.argv[1])\n")
    as_ovh.main([str(tmp_path / "program_here.py"), "-a"])
    assert told.read_text() == f"{tmp_path}-a"
    as_ovh.main(["-m", "program_here", "-b"])
    assert told.read_text() == f"{tmp_path}-a{tmp_path}-b"
    (tmp_path / "directory").mkdir()
    (tmp_path / "directory" / "__main__.py").write_text(f"with open({str(told)!r}, 'w') as f: f.write('c')\n")
    as_ovh.main([str(tmp_path / "directory")])
    assert told.read_text() == "c"
    for bad in ([], ["-m"], ["-x"], [str(tmp_path / "none.py")]):
        with pytest.raises(SystemExit):
            as_ovh.main(bad)


@pytest.fixture(scope="module")
def interpreter(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """An interpreter of its own with a wheel of ovhcore beside what is installed here, and its site-packages."""
    pytest.importorskip("hatchling", reason="hatchling builds the wheel")
    root = tmp_path_factory.mktemp("interpreter")
    project = Path(__file__).resolve().parents[2]
    if not (project / "pyproject.toml").exists():
        pytest.skip("not in a checkout")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(root / "dist")],
        cwd=project, check=True, capture_output=True, timeout=120,
    )  # fmt: skip
    venv.create(root / "venv", with_pip=False)
    python = root / "venv" / "bin" / "python"
    if not python.exists():
        pytest.skip("virtual environments lie elsewhere here")
    where = subprocess.run(
        [str(python), "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    site = Path(where.stdout.strip())
    (wheel,) = (root / "dist").glob("*.whl")
    subprocess.run(
        [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--no-index", "--target", str(site), str(wheel)],
        check=True, capture_output=True, timeout=120,
    )  # fmt: skip
    # What pytest and the transports need, after what lies there itself.
    (site / "beside.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return python, site


@pytest.mark.parametrize("hook", ["pth", "sitecustomize"])
def test_every_process_of_an_interpreter(interpreter: tuple[Path, Path], hook: str, tmp_path: Path) -> None:
    python, site = interpreter
    line = "import ovhcore; ovhcore.install_as_ovh()\n"
    file = site / ("ovh-is-ovhcore.pth" if hook == "pth" else "sitecustomize.py")
    file.write_text(line)
    try:
        (tmp_path / "test_it.py").write_text(
            "import ovh, ovhcore, importlib.metadata\n"
            "def test_it():\n"
            "    assert ovh is ovhcore and importlib.metadata.version('ovh') == '1.2.0'\n"
            "    assert ovh.Client(transport='sandbox').get('/me')['firstname'] == 'Ada'\n"
        )
        (tmp_path / "pytest.ini").write_text("[pytest]\nfilterwarnings = error\n")
        done = subprocess.run(
            [str(python), "-m", "pytest", "-q", "-p", "no:cacheprovider", "-W", "error"],
            cwd=tmp_path, capture_output=True, text=True, timeout=120, env=environment(),
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
        assert "1 passed" in done.stdout
        # It costs an interpreter that makes no client little: nothing but the finder is loaded.
        loaded = subprocess.run(
            [str(python), "-c", "import sys; print(*(n for n in sys.modules if n.startswith('ovhcore')))"],
            capture_output=True, text=True, check=True, timeout=60,
        ).stdout.split()  # fmt: skip
        assert set(loaded) == {"ovhcore", "ovhcore._version", "ovhcore.python_ovh", "ovhcore.python_ovh.installing"}
    finally:
        file.unlink()
