"""The house: which room may import what."""

from __future__ import annotations

import ast
import importlib
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

import ovhcore
import ovhcore_transports
from ovhcore import _internal

pytestmark = pytest.mark.once

CORE = Path(ovhcore.__file__).parent
TRANSPORTS = Path(ovhcore_transports.__file__).parent
# What pure packages may import besides ovhcore itself; whatever else is asked for is looked at here first.
PURE = {
    "__future__",
    "base64",
    "bisect",
    "collections",
    "contextlib",
    "datetime",
    "difflib",
    "enum",
    "errno",
    "functools",
    "hashlib",
    "heapq",
    "hmac",
    "html",
    "http",
    "itertools",
    "json",
    "keyword",
    "math",
    "operator",
    "re",
    "sys",
    "types",
    "typing",
    "urllib.parse",
    "zlib",
}
# The rest of the core reads entry points, settings and schemas, and touches nothing else.
READING = {
    "flows/observation.py": {"logging"},  # an observer that fails
    "config": {"configparser", "io", "logging", "os", "shlex", "stat", "warnings"},
    "plugins/check.py": {"warnings"},
    "plugins": {"importlib", "importlib.machinery", "importlib.metadata", "importlib.util", "inspect", "logging", "os"},
    "schema/files": {"io", "os", "pathlib", "shutil", "tempfile", "yaml", "argparse"},
    "schema/stubs": {"ast", "textwrap"},
    "schema/stubs/command.py": {"pathlib"},
    "schema/stubs/__main__.py": {"argparse", "pathlib"},
    "python_ovh": {
        "configparser",
        "importlib",
        "importlib.machinery",
        "importlib.metadata",
        "importlib.util",
        "os",
        "pathlib",
    },
    "client": {"inspect", "os", "warnings"},
    "client/core.py": {"importlib"},  # to load its own modules before an event loop needs them
}
# Packages and modules that hand promised names on; what is below them may change.
FACES = {
    "ovhcore",
    "ovhcore.client",
    "ovhcore.config",
    "ovhcore.consumer_key",
    "ovhcore.exceptions",
    "ovhcore.flows",
    "ovhcore.plugins",
    "ovhcore.protocol",
    "ovhcore.schema",
    "ovhcore.testing",
}

# Of two rooms the lower may not import the higher, not even for types.
ROOMS = {
    "_lazy": 0,
    "_version": 0,
    "exceptions": 1,  # an exception holds the messages of the protocol, which raises exceptions
    "protocol": 1,
    "schema": 2,
    "flows": 3,
    "plugins": 4,
    "python_ovh.installing": 0,
    "python_ovh.configuration": 2,
    "config": 5,
    "python_ovh": 6,
    "client": 7,
    "oauth2": 7,
    "consumer_key": 8,
    "__init__": 9,
    "_internal": 9,
    "as_ovh": 9,
    "testing": 10,
}
# The same within ovhcore_transports.
ROOMS_OF_TRANSPORTS = {
    "base": 0,
    "http": 1,
    "shared": 1,
    "plugin": 2,  # names the transports; imports none
    **dict.fromkeys(("aiohttp", "httpx", "pyreqwest", "sandbox", "stdlib", "urllib3"), 3),
    "hooks": 4,
    "recording": 4,
    "__init__": 5,
    "cli": 6,
}


@cache
def imports(file: Path, package: Path) -> list[tuple[str, list[str]]]:
    """Return module and names of every import of a file, absolute, also of those inside functions."""
    found: list[tuple[str, list[str]]] = []
    parts = (package.name, *file.relative_to(package).with_suffix("").parts)
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found += [(alias.name, []) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = ".".join(parts[: -node.level]) if node.level else ""
            module = ".".join(filter(None, (base, node.module)))
            found.append((module, [alias.name for alias in node.names]))
    return found


def named(file: Path, package: Path) -> str:
    return ".".join((package.name, *file.relative_to(package).with_suffix("").parts)).removesuffix(".__init__")


@cache
def files(package: Path) -> list[Path]:
    return sorted(package.rglob("*.py"))


def not_allowed(file: Path) -> list[str]:
    """Return what a file of the core imports that it may not."""
    place = str(file.relative_to(CORE))
    if "/" not in place or place.startswith("testing/"):
        return []  # the faces of python-ovh's modules; servers on loopback, which no other package may import
    allowed = PURE.union(
        *(more for package, more in READING.items() if place == package or place.startswith(f"{package}/"))
    )
    if place.startswith("plugins/"):
        allowed = allowed | {"pluggy"}
    found = []
    for module, _ in imports(file, CORE):
        top = module.partition(".")[0]
        if top == "ovhcore" and not module.startswith("ovhcore.testing"):
            continue
        if module not in allowed and top not in allowed & {"collections", "json"}:
            found.append(module)
    return found


def test_packages_import_what_they_are_allowed_to() -> None:
    wrong = {str(file.relative_to(CORE)): not_allowed(file) for file in files(CORE)}
    assert {file: found for file, found in wrong.items() if found} == {}


def test_what_is_not_allowed_is_found(tmp_path: Path) -> None:
    file = tmp_path / "ovhcore" / "flows" / "new.py"
    file.parent.mkdir(parents=True)
    file.write_text("def late():\n    import sqlite3\n")
    assert imports(file, tmp_path / "ovhcore") == [("sqlite3", [])]
    assert "sqlite3" not in PURE


def test_no_module_imports_itself_by_way_of_others() -> None:
    """Imports for types and those inside functions count."""
    graph: dict[str, set[str]] = {}
    modules = {named(file, package) for package in (CORE, TRANSPORTS) for file in files(package)}
    for package in (CORE, TRANSPORTS):
        for file in files(package):
            name = named(file, package)
            graph[name] = set()
            for module, imported in imports(file, package):
                inside = {f"{module}.{each}" for each in imported}
                graph[name] |= {each if each in modules else module for each in inside} or {module}
    for name, used in graph.items():
        used &= graph.keys() - {name}
    left = dict(graph)
    while free := [name for name, used in left.items() if not used & left.keys()]:
        for name in free:
            del left[name]
    assert {name: sorted(used & left.keys()) for name, used in left.items()} == {}


def room_of(module: str, rooms: dict[str, int]) -> str:
    """Return the room of a module: the longest of its parents' names that is one."""
    parts = module.split(".")[1:] or ["__init__"]
    names = [".".join(parts[:length]) for length in range(len(parts), 0, -1)]
    return next((name for name in names if name in rooms), names[-1])


def wrong_arrows(file: Path, package: Path) -> list[str]:
    """Return what a file imports of higher rooms, in functions and for types, too."""
    rooms = ROOMS if package.name == CORE.name else ROOMS_OF_TRANSPORTS
    room = room_of(named(file, package), rooms)
    found: list[str] = []
    for module, imported in imports(file, package):
        if module.partition(".")[0] != package.name:
            continue
        # A name of the package itself may be a module; what it may be besides, it re-exports from one.
        targets = [f"{module}.{each}" for each in imported] if module == package.name and imported else [module]
        if module == package.name and room_of(targets[0], rooms) not in rooms:
            targets = [module]
        found += [target for target in targets if rooms[room_of(target, rooms)] > rooms[room]]
    return found


@pytest.mark.parametrize("package", [CORE, TRANSPORTS], ids=lambda package: package.name)
def test_arrows_point_one_way(package: Path) -> None:
    wrong = {str(file.relative_to(package)): wrong_arrows(file, package) for file in files(package)}
    assert {file: found for file, found in wrong.items() if found} == {}


@pytest.mark.parametrize(
    ("place", "line"),
    [
        ("ovhcore/protocol/new.py", "def late():\n    from ..flows.transports.driver import run"),
        ("ovhcore/flows/new.py", "if TYPE_CHECKING:\n    from ..plugins.settings import Settings"),
        ("ovhcore/plugins/new.py", "from ..config import SettingsSources"),
        ("ovhcore/client/new.py", "import ovhcore.testing"),
        ("ovhcore/client/new.py", "from .. import testing"),
        ("ovhcore_transports/base/new.py", "from ..http.tls import tls_context"),
        ("ovhcore_transports/shared/new.py", "def late():\n    from ..hooks.throttle import Throttle"),
        ("ovhcore_transports/urllib3/new.py", "from .. import cli"),
    ],
)
def test_wrong_arrows_are_found(place: str, line: str, tmp_path: Path) -> None:
    file = tmp_path / place
    file.parent.mkdir(parents=True)
    file.write_text(f"{line}\n")
    assert len(wrong_arrows(file, tmp_path / place.partition("/")[0])) == 1


def test_no_two_transports_use_each_other() -> None:
    """Nor do other packages that stand side by side."""
    used = {
        (file.relative_to(TRANSPORTS).parts[0], f"{module}..".split(".")[1])
        for file in files(TRANSPORTS)
        for module, _ in imports(file, TRANSPORTS)
        if module.startswith(f"{TRANSPORTS.name}.")
    }
    assert {pair for pair in used if pair[0] != pair[1] and pair[::-1] in used} == set()


def test_transports_import_public_names_only() -> None:
    for file in files(TRANSPORTS):
        for module, names in imports(file, TRANSPORTS):
            # How packages load their names: both come in one distribution, and have it once.
            if module.partition(".")[0] != "ovhcore" or module == "ovhcore._lazy":
                continue
            assert module in {*FACES, "ovhcore._internal"}, f"{module} is internal, {file} imports it"
            assert set(names) <= set(importlib.import_module(module).__all__), (file, module, names)


def test_what_is_handed_to_the_transports_alone_is_used_by_them_and_promised_by_nobody() -> None:
    used = {
        name
        for file in files(TRANSPORTS)
        for module, names in imports(file, TRANSPORTS)
        for name in names
        if module == "ovhcore._internal"
    }
    assert used == set(_internal.__all__) == {name for names in _internal._HOMES.values() for name in names}
    assert not used & {name for face in FACES for name in importlib.import_module(face).__all__}
    for name in used:
        assert getattr(_internal, name) is not None


def test_modules_stay_readable() -> None:
    sizes = {file: len(file.read_text("utf-8").splitlines()) for file in files(CORE) + files(TRANSPORTS)}
    assert {file: size for file, size in sizes.items() if size > 400} == {}


def loaded_after(code: str) -> set[str]:
    script = f"import sys; {code}; print(' '.join(sys.modules))"
    return set(
        subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout.split()
    )


def test_importing_loads_nothing_that_touches_the_world() -> None:
    loaded = loaded_after("import ovhcore")
    assert not loaded & {"socket", "ssl", "asyncio", "urllib3", "httpx", "pluggy", "ovhcore_transports", "threading"}


def test_making_a_client_loads_no_http_library() -> None:
    loaded = loaded_after("import ovhcore; ovhcore.Client('ovh-eu', 'k' * 16, 's' * 32, 'c' * 32)")
    assert not loaded & {"socket", "ssl", "asyncio", "urllib3", "httpx"}


def test_a_call_that_succeeds_does_not_load_the_schemas() -> None:
    call = "c = ovhcore.Client(transport='sandbox'); assert c.get('/me')['firstname']; c.get('/me/bill')"
    loaded = loaded_after(f"import ovhcore; {call}")
    assert not [name for name in loaded if name.startswith("ovhcore.schema")]


def test_every_public_name_is_there() -> None:
    assert sorted(ovhcore.__all__) == sorted(set(ovhcore.__all__))
    for name in ovhcore.__all__:
        assert getattr(ovhcore, name) is not None
    assert set(dir(ovhcore)) == set(ovhcore.__all__)
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        ovhcore.nothing  # noqa: B018
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        ovhcore_transports.nothing  # noqa: B018
    assert ovhcore_transports.SyncTransport.__name__ == "SyncTransport"


def test_modules_are_names_of_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(ovhcore, "flows", raising=False)
    assert ovhcore.flows is sys.modules["ovhcore.flows"]


def test_names_that_are_not_there() -> None:
    with pytest.raises(AttributeError, match="module 'ovhcore' has no attribute 'nothing'"):
        ovhcore.nothing  # noqa: B018
