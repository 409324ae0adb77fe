"""The packages in ``examples/``: installed as their users would, and held to what they promise."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from ovhcore_transports.sandbox import ACCESS_KEYS, Sandbox, serve

pytestmark = pytest.mark.once

EXAMPLES = Path(__file__).resolve().parent.parent.parent / "examples"
PACKAGE = EXAMPLES / "ovhcore-httpclient"
DRY_RUN = EXAMPLES / "ovhcore-dry-run"
PROGRAM = """
import ovhcore
with ovhcore.Client({url!r}, proxy="none", **{keys!r}) as client:
    print(type(client._ovhcore.transport).__name__, client.get("/me")["firstname"])
"""


def install(package: Path, directory: Path) -> dict[str, str]:
    """Install a package into a directory of its own; return the environment of a program that finds it there."""
    done = subprocess.run(
        [
            *(sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-index"),
            *("--no-deps", "--no-build-isolation", "--target", str(directory), str(package)),
        ],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(directory), *filter(None, [os.environ.get("PYTHONPATH")])]),
    }


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    return install(PACKAGE, tmp_path_factory.mktemp("installed"))


@pytest.fixture(scope="module")
def dry_run(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    return install(DRY_RUN, tmp_path_factory.mktemp("dry_run"))


def run(environment: dict[str, str], *arguments: str, cwd: Path = PACKAGE, **variables: str) -> str:
    done = subprocess.run(
        [sys.executable, *arguments],
        env=environment | variables,
        cwd=cwd,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_it_is_found_by_its_entry_point(installed: dict[str, str]) -> None:
    with serve(Sandbox()) as server:
        program = PROGRAM.format(url=server.url, keys=ACCESS_KEYS)
        assert run(installed, "-c", program, OVH_TRANSPORT="httpclient") == "HttpClientTransport Ada\n"


def test_its_tests_find_it(installed: dict[str, str]) -> None:
    # The rest of the kit is run with that of the other transports.
    options = ("-q", "-c", os.devnull, "-p", "no:cacheprovider", "-W", "error", "-k", "test_answer")
    printed = run(installed, "-m", "pytest", *options, "tests")
    assert " passed" in printed


def test_it_is_short() -> None:
    assert len((PACKAGE / "src" / "ovhcore_httpclient.py").read_text("utf-8").splitlines()) <= 60


def test_it_does_not_pass_over_a_proxy(installed: dict[str, str]) -> None:
    program = (
        "import ovhcore; client = ovhcore.Client('http://127.0.0.1:9/1.0', 'k', 's', 'c', proxy='http://proxy:3128')\n"
        "try: client.get('/me')\n"
        "except ovhcore.InvalidConfiguration as error: print(error)"
    )
    assert "knows no proxies" in run(installed, "-c", program, OVH_TRANSPORT="httpclient")


def test_the_dry_run_is_tested_by_itself(dry_run: dict[str, str]) -> None:
    options = ("-q", "-c", os.devnull, "-p", "no:cacheprovider", "-W", "error")
    assert "3 passed" in run(dry_run, "-m", "pytest", *options, "tests", cwd=DRY_RUN)


def test_the_dry_run_keeps_a_program_from_writing(dry_run: dict[str, str], tmp_path: Path) -> None:
    program = (
        "import ovhcore\n"
        "with ovhcore.Client() as client:\n"
        "    print(client.get('/me')['firstname'])\n"
        "    try: client.put('/me', firstname='Grace')\n"
        "    except ovhcore.ReadOnlyError as error: print(error.method, error.url)\n"
        "    print(client.get('/me')['firstname'])\n"
    )
    with serve(Sandbox()) as server:
        variables = {f"OVH_{name.upper()}": str(value) for name, value in ACCESS_KEYS.items()}
        dry_run = {**dry_run, **variables, "OVH_ENDPOINT": server.url, "OVH_PROXY": "none"}
        printed = run(dry_run, "-c", program, cwd=tmp_path, OVH_DRY_RUN="yes")
        assert printed.splitlines() == ["Ada", f"PUT {server.url}/me", "Ada"]
        (tmp_path / "ovh.conf").write_text("[default]\ndry_run = on\n")
        assert run(dry_run, "-c", program, cwd=tmp_path).splitlines()[-1] == "Ada"
        assert run(dry_run, "-c", program, cwd=tmp_path, OVH_DRY_RUN="no").splitlines() == ["Ada", "Grace"]


def test_the_dry_run_is_listed_and_switched_off_by_name(dry_run: dict[str, str]) -> None:
    program = "import ovhcore.plugins as p; print([i for i in p.list_plugins() if i.name == 'dry-run'][0])"
    assert run(dry_run, "-c", program) == (
        "PluginInfo(name='dry-run', distribution='ovhcore-dry-run', version='1.0', "
        "hooks=('ovhcore_options', 'ovhcore_middleware'), enabled=True, problem=None)\n"
    )
    program = (
        "import ovhcore; print([i.name for i in ovhcore.Client(transport='sandbox').plugins if i.name == 'dry-run'])"
    )
    assert run(dry_run, "-c", program, OVH_DISABLED_PLUGINS="dry-run") == "[]\n"
    assert run(dry_run, "-c", program) == "['dry-run']\n"
