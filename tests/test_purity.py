"""The house: which room may import what."""

from __future__ import annotations

import ast
import importlib
import subprocess
import sys
from pathlib import Path

import pytest

import ovhcore
import ovhcore_transports

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
    "flows/events.py": {"logging"},  # an observer that fails
    "config": {"configparser", "io", "logging", "os", "shlex", "stat", "warnings"},
    "plugins": {"importlib", "importlib.machinery", "importlib.metadata", "importlib.util", "inspect", "logging", "os"},
    "schema/files": {"io", "os", "pathlib", "shutil", "tempfile", "yaml", "argparse"},
    "schema/stubs": {"argparse", "ast", "pathlib", "textwrap"},
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
}
ROOMS = {
    "_version": 0,
    "exceptions": 0,
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
    "as_ovh": 9,
    "testing": 10,
}


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


def files(package: Path) -> list[Path]:
    return sorted(package.rglob("*.py"))


@pytest.mark.parametrize("file", files(CORE), ids=lambda file: str(file.relative_to(CORE)))
def test_packages_import_what_they_are_allowed_to(file: Path) -> None:
    place = str(file.relative_to(CORE))
    if "/" not in place or place.startswith("testing/"):
        return  # the faces of python-ovh's modules; servers on loopback, which no other package may import
    allowed = PURE.union(
        *(more for package, more in READING.items() if place == package or place.startswith(f"{package}/"))
    )
    if place.startswith("plugins/"):
        allowed = allowed | {"pluggy"}
    for module, _ in imports(file, CORE):
        if module.partition(".")[0] == "ovhcore":
            assert not module.startswith("ovhcore.testing")
            continue
        assert module in allowed or module.partition(".")[0] in allowed & {"collections", "json"}, module


def test_what_is_not_allowed_is_found(tmp_path: Path) -> None:
    file = tmp_path / "ovhcore" / "flows" / "new.py"
    file.parent.mkdir(parents=True)
    file.write_text("def late():\n    import sqlite3\n")
    assert imports(file, tmp_path / "ovhcore") == [("sqlite3", [])]
    assert "sqlite3" not in PURE


@pytest.mark.skip(reason="being mended")
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


@pytest.mark.parametrize("file", files(CORE), ids=lambda file: str(file.relative_to(CORE)))
def test_arrows_point_one_way(file: Path) -> None:
    parts = file.relative_to(CORE).with_suffix("").parts
    room = ".".join(parts) if ".".join(parts) in ROOMS else parts[0]
    for module, names in imports(file, CORE):
        if not module.startswith("ovhcore"):
            continue
        targets = [module.split(".")[1]] if "." in module else names
        if module.removeprefix("ovhcore.") in ROOMS:
            targets = [module.removeprefix("ovhcore.")]
        for target in targets:
            if target in ROOMS and not _is_only_for_types(file, module):
                assert ROOMS[target] <= ROOMS[room], f"{room} imports {target}"


def _is_only_for_types(file: Path, module: str) -> bool:
    tree = ast.parse(file.read_text("utf-8"))
    guarded = [n for n in ast.walk(tree) if isinstance(n, ast.If) and ast.unparse(n.test) == "TYPE_CHECKING"]
    return any(isinstance(n, ast.ImportFrom) and module.endswith(n.module or "") for g in guarded for n in ast.walk(g))


@pytest.mark.parametrize("file", files(TRANSPORTS), ids=lambda file: str(file.relative_to(TRANSPORTS)))
def test_transports_import_public_names_only(file: Path) -> None:
    for module, names in imports(file, TRANSPORTS):
        if module.partition(".")[0] == "ovhcore":
            public = importlib.import_module(module).__all__ if module != "ovhcore" else ovhcore.__all__
            assert set(names) <= set(public), (module, names)


@pytest.mark.parametrize("file", files(CORE) + files(TRANSPORTS), ids=lambda file: file.stem)
def test_modules_stay_readable(file: Path) -> None:
    assert len(file.read_text("utf-8").splitlines()) <= 400


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
