"""The module of Ansible, in a real play: it changes what is not as wanted, once; check mode changes nothing.

It runs in an interpreter that has ovhcore and pluggy and nothing else, as that of a host that Ansible manages.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import venv
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from ovhcore_transports.sandbox import ACCESS_KEYS, Sandbox, Server, serve

pytest.importorskip("ansible", reason="tox's environment frameworks has it")

pytestmark = pytest.mark.once

SECRET = "a-secret-of-the-play-0123456789"
FOLDER = Path(__file__).resolve().parents[2] / "examples" / "frameworks" / "ansible"


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return an interpreter with ovhcore and pluggy alone."""
    home = tmp_path_factory.mktemp("bare")
    venv.create(home, symlinks=True)
    (packages,) = home.glob("lib/python*/site-packages")
    for name in ("ovhcore", "ovhcore_transports", "pluggy"):
        found = find_spec(name)
        assert found is not None
        assert found.origin is not None
        (packages / name).symlink_to(Path(found.origin).parent)
    return str(home / "bin" / "python")


@pytest.fixture
def server() -> Iterator[Server]:
    with serve(Sandbox()) as served:
        yield served


def play(server: Server, bare: str, home: Path, *options: str, **arguments: Any) -> dict[str, Any]:
    """Run the play; return what the module said."""
    keys = {f"OVH_{name.upper()}": str(value) for name, value in ACCESS_KEYS.items()}
    environment = {name: value for name, value in os.environ.items() if not name.startswith("OVH_")} | keys
    environment |= {"OVH_ENDPOINT": server.url, "OVH_PROXY": "none", "HOME": str(home), "LC_ALL": "C.UTF-8"}
    environment |= {"ANSIBLE_STDOUT_CALLBACK": "ansible.builtin.minimal", "ANSIBLE_LOCAL_TEMP": str(home / "tmp")}
    environment |= {"ANSIBLE_LOCALHOST_WARNING": "false", "ANSIBLE_INVENTORY_UNPARSED_WARNING": "false"}
    command = [sys.executable, "-m", "ansible", "adhoc", "localhost", "-m", "ovh_record", "-M", "library", *options]
    wanted = {"zone": "example.com", "name": "www", "type": "A", "value": "192.0.2.7"} | arguments
    command += ["-a", json.dumps(wanted), "-e", f"ansible_python_interpreter={bare}"]
    done = subprocess.run(command, cwd=FOLDER, env=environment, capture_output=True, text=True, timeout=60)
    _, said, answer = done.stdout.partition(" => ")
    assert said, done.stdout + done.stderr
    assert SECRET not in answer
    found: dict[str, Any] = json.loads(answer)
    return found


def test_a_record_is_made_changed_and_removed(server: Server, bare: str, tmp_path: Path) -> None:
    def records() -> list[tuple[str, int]]:
        there = server.sandbox.resources["records"]
        return [(each["target"], each["ttl"]) for each in there if each["subDomain"] == "www"]

    before = records()
    looked = play(server, bare, tmp_path, "--check")
    assert (looked["changed"], looked["calls"]) == (True, ["POST /domain/zone/example.com/record"])
    assert records() == before
    assert play(server, bare, tmp_path)["changed"]
    assert records() == [*before, ("192.0.2.7", 3600)]
    assert not play(server, bare, tmp_path)["changed"]
    assert play(server, bare, tmp_path, ttl=60)["changed"]
    assert records() == [*before, ("192.0.2.7", 60)]
    assert play(server, bare, tmp_path, state="absent")["changed"]
    assert records() == before


def test_the_interpreter_has_nothing_else(bare: str, server: Server) -> None:
    program = (
        "import importlib.util, ovhcore, sys\n"
        f"client = ovhcore.Client({server.url!r}, **{dict(ACCESS_KEYS)!r}, proxy='none')\n"
        "print(client.get('/me')['firstname'], type(client._ovhcore.transport).__module__.split('.')[1])\n"
        "print([each for each in ('urllib3', 'ansible', 'requests') if importlib.util.find_spec(each)])"
    )
    done = subprocess.run([bare, "-I", "-c", program], capture_output=True, text=True, timeout=60)
    assert done.stdout.splitlines() == ["Ada stdlib", "[]"], done.stderr


def test_no_key_is_shown(server: Server, bare: str, tmp_path: Path) -> None:
    keys = {**ACCESS_KEYS, "application_secret": SECRET}
    failed = play(server, bare, tmp_path, **keys)
    assert not failed["changed"]
    assert failed["status"] in (400, 403)
    assert "signature" in failed["msg"].lower()
    assert failed["query_id"]
