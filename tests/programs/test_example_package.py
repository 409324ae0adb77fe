"""The package in ``examples/`` that adds a transport: installed as its users would, and held to the kit."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from ovhcore_transports.sandbox import ACCESS_KEYS, Sandbox, serve

PACKAGE = Path(__file__).resolve().parent.parent.parent / "examples" / "ovhcore-httpclient"
PROGRAM = """
import ovhcore
with ovhcore.Client({url!r}, proxy="none", **{keys!r}) as client:
    print(type(client._transport).__name__, client.get("/me")["firstname"])
"""


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Return the environment of a program that finds the package installed, in a directory of its own."""
    directory = tmp_path_factory.mktemp("installed")
    done = subprocess.run(
        [
            *(sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-index"),
            *("--no-deps", "--no-build-isolation", "--target", str(directory), str(PACKAGE)),
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


def run(environment: dict[str, str], *arguments: str, **variables: str) -> str:
    done = subprocess.run(
        [sys.executable, *arguments],
        env=environment | variables,
        cwd=PACKAGE,
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
