"""The Ansible collection synthesio.ovh on a served sandbox, unchanged, on python-ovh and on ovhcore in its place.

The collection is no part of this project. It is looked for where ``ansible-galaxy collection install synthesio.ovh``
puts it, and where ``ANSIBLE_COLLECTIONS_PATH`` says. The calls that it makes are tried without it, too.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import ovhcore
from ovhcore_transports.sandbox import ACCESS_KEYS, Sandbox, Server, serve
from tests.dependants.running import needs, ran

pytestmark = pytest.mark.once

PLACES = ("~/.ansible/collections", "/usr/share/ansible/collections")
FOLDER = Path("ansible_collections", "synthesio", "ovh")
SERVER = "/dedicated/server/ns1.ip-192-0-2.eu"


@pytest.fixture
def server() -> Iterator[Server]:
    pytest.importorskip("uvicorn", reason="uvicorn serves the sandbox")
    with serve(Sandbox(task_seconds=0)) as served:
        yield served


@pytest.fixture
def collections(monkeypatch: pytest.MonkeyPatch) -> Path:
    needs("ansible")
    named = os.environ.get("ANSIBLE_COLLECTIONS_PATH", "").split(os.pathsep)
    roots = [Path(each).expanduser() for each in (*filter(None, named), *PLACES)]
    found = next((each for each in roots if (each / FOLDER).is_dir()), None)
    if found is None:
        pytest.skip("synthesio.ovh is not installed: ansible-galaxy collection install synthesio.ovh")
    monkeypatch.setenv("PYTHONPATH", str(found))
    return found


@pytest.mark.parametrize("on_ovhcore", [False, True], ids=["python-ovh", "ovhcore"])
def test_each_module(server: Server, collections: Path, tmp_path: Path, on_ovhcore: bool) -> None:
    steps: Any = ran("use_ansible_collection.py", server.url, tmp_path, on_ovhcore=on_ovhcore)
    assert [step for step in steps if step[1] != step[2]] == []
    modules = {file.stem for file in (collections / FOLDER / "plugins" / "modules").glob("*.py")}
    assert modules - {module for module, _, _ in steps} <= {"__init__"}


def test_a_module_by_ansible_itself(server: Server, collections: Path, tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text("import ovhcore\novhcore.install_as_ovh()\n")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("OVH_", "ANSIBLE_"))}
    environment |= {f"OVH_{name.upper()}": str(value) for name, value in ACCESS_KEYS.items()}
    environment |= {
        "OVH_ENDPOINT": server.url, "OVH_PROXY": "none", "HOME": str(tmp_path), "LC_ALL": "C.UTF-8",
        "PYTHONPATH": str(tmp_path), "ANSIBLE_COLLECTIONS_PATH": str(collections),
        "ANSIBLE_STDOUT_CALLBACK": "ansible.builtin.minimal", "ANSIBLE_LOCALHOST_WARNING": "false",
    }  # fmt: skip
    command = [sys.executable, "-m", "ansible", "adhoc", "localhost", "-m", "synthesio.ovh.domain", "-a"]
    command += [json.dumps({"domain": "example.com", "name": "ansible", "value": ["192.0.2.7"]})]
    command += ["-e", f"ansible_python_interpreter={sys.executable}"]
    done = subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert json.loads(done.stdout.partition(" => ")[2])["changed"], done.stdout + done.stderr
    records = [each for each in server.sandbox.resources["records"] if each["subDomain"] == "ansible"]
    assert [each["target"] for each in records] == ["192.0.2.7"]


def sent_twice(client: Any, verb: str, path: str, **arguments: Any) -> Any:
    """Make a call as the collection does: what goes into the query of a GET goes into a body, too."""
    arguments = client._canonicalize_kwargs(arguments)
    if arguments and verb == "GET":
        path = f"{path}?{client._prepare_query_string(arguments)}"
    return client.call(verb, path, arguments or None, True)


def made(client: Any) -> list[Any]:
    """Return what came of the calls of some modules."""
    zone = "/domain/zone/example.com"

    def records() -> Any:
        return sent_twice(client, "GET", f"{zone}/record", fieldType="A", subDomain="ansible")

    found: list[Any] = [records()]
    for target in ("192.0.2.7", "192.0.2.8"):
        new = {"fieldType": "A", "subDomain": "ansible", "target": target, "ttl": 0}
        found.append(sent_twice(client, "POST", f"{zone}/record", **new)["target"])
    for number in records():
        found.append(sent_twice(client, "GET", f"{zone}/record/{number}")["target"])
        sent_twice(client, "DELETE", f"{zone}/record/{number}")
    sent_twice(client, "POST", f"{zone}/refresh")
    sent_twice(client, "POST", f"{SERVER}/reboot")
    tasks = sent_twice(client, "GET", f"{SERVER}/task", function="hardReboot")
    found += [records(), len(tasks), sent_twice(client, "GET", f"{SERVER}/task/{max(tasks)}")["status"]]
    vps = "/vps/vps-1a2b3c4d.vps.ovh.net"
    for _ in range(2):
        found.append(sent_twice(client, "GET", vps, displayName="front")["displayName"])
        sent_twice(client, "PUT", vps, displayName="front")
    project = sent_twice(client, "GET", "/cloud/project")[0]
    flavors = sent_twice(client, "GET", f"/cloud/project/{project}/flavor", region="GRA11")
    found.append([each["name"] for each in flavors if each["name"] == "b3-8"])
    return found


WANTED = [
    [], "192.0.2.7", "192.0.2.8", "192.0.2.7", "192.0.2.8", [], 1, "done", "vps-1a2b3c4d.vps.ovh.net", "front",
    ["b3-8"],
]  # fmt: skip


def test_its_calls_on_python_ovh(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    theirs: Any = pytest.importorskip("ovh", reason="python-ovh is not installed")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setitem(theirs.client.ENDPOINTS, "here", server.url)
    assert made(theirs.Client("here", **ACCESS_KEYS)) == WANTED


def test_its_calls_on_ovhcore_in_the_place_of_python_ovh(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    with ovhcore.Client(server.url, **ACCESS_KEYS, proxy="none") as client:
        with pytest.raises(ovhcore.InvalidRequest, match="GET carries no body"):
            made(client)
        monkeypatch.setitem(sys.modules, "ovh", ovhcore)  # as install_as_ovh() has it
        assert made(client) == WANTED
