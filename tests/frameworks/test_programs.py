"""The examples in examples/frameworks/, run with the real frameworks."""

from __future__ import annotations

import importlib
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import ovhcore as ovh
from ovhcore_transports.sandbox import ACCESS_KEYS, AsyncSandboxTransport, Sandbox, Server, serve

pytestmark = pytest.mark.once

FRAMEWORKS = Path(__file__).resolve().parents[2] / "examples" / "frameworks"
MISSING = "tox's environment frameworks has it"


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with serve(Sandbox()) as served:
        yield served


def environment(server: Server | None, **more: str) -> dict[str, str]:
    """Return the environment of a program that calls a served sandbox, or one in memory."""
    found = {name: value for name, value in os.environ.items() if not name.startswith(("OVH_", "DJANGO_"))}
    if server is None:
        found["OVH_TRANSPORT"] = "sandbox"
    else:
        found |= {f"OVH_{name.upper()}": str(value) for name, value in ACCESS_KEYS.items()}
        found |= {"OVH_ENDPOINT": server.url, "OVH_PROXY": "none"}
    return found | more


def run(program: str, *arguments: str, cwd: Path = FRAMEWORKS, env: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, program, *arguments], cwd=cwd, env=env, capture_output=True, text=True, timeout=60
    )


@pytest.fixture
def example(monkeypatch: pytest.MonkeyPatch, server: Server) -> Any:
    """Return a function that imports an example, whose clients call the served sandbox."""
    for name, value in environment(server).items():
        monkeypatch.setenv(name, value)
    monkeypatch.syspath_prepend(str(FRAMEWORKS))
    return importlib.import_module


def test_fastapi(example: Any, server: Server) -> None:
    pytest.importorskip("fastapi", reason=MISSING)
    testing: Any = pytest.importorskip("fastapi.testclient", reason=MISSING)
    before = server.sandbox.executed.total()
    with testing.TestClient(example("fastapi_app").app) as web:
        listed = web.get("/bills").json()
        assert [each["billId"] for each in listed] == [each["billId"] for each in server.sandbox.resources["bills"]]
        assert len(web.get("/bills", params={"since": "2026-03-01"}).json()) < len(listed)
        assert web.get(f"/bills/{listed[0]['billId']}").json() == listed[0]
        missing = web.get("/bills/none")
    assert (missing.status_code, missing.json()) == (404, {"detail": "There is no bill none"})
    module = example("fastapi_app")
    other = Sandbox()
    other.add({"bills": listed[:1]})
    client = ovh.AsyncClient("ovh-eu", transport=AsyncSandboxTransport(other), **ACCESS_KEYS)
    module.app.dependency_overrides[module.get_client] = lambda: client
    with testing.TestClient(module.app) as web:
        assert web.get("/bills").json() == listed[:1]
    module.app.dependency_overrides.clear()
    assert server.sandbox.executed.total() > before


def test_django(server: Server) -> None:
    pytest.importorskip("django", reason=MISSING)
    site = FRAMEWORKS / "django_site"
    env = environment(server)
    # The setting says ovh-eu, so it is pointed to the sandbox as a site's own settings would be.
    local = "from settings import *\nOVHCORE = OVHCORE | {}\nOVHCORE.pop('endpoint')\n"
    env |= {"PYTHONPATH": str(site)}

    def manage(*words: str, settings: str = local) -> subprocess.CompletedProcess[str]:
        program = f"import sys, types; m = types.ModuleType('local'); exec({settings!r}, m.__dict__)\n"
        program += "sys.modules['local'] = m; from django.core.management import execute_from_command_line as run\n"
        program += f"run({['manage.py', *words, '--settings', 'local']!r})"
        return run("-c", program, cwd=site, env=env)

    listed = manage("ovh_bills", "--since", "2026-03-01")  # after the checks, which find nothing
    assert listed.returncode == 0, listed.stderr
    assert re.fullmatch(r"(2026-\d\d-\d\d FR\d+ [\d.]+ \S+\n)+", listed.stdout)
    wrong = manage("check", settings=local + "OVHCORE['timeout'] = 'soon'\n")
    assert wrong.returncode == 1
    assert "(ovhcore.E001) The setting OVHCORE makes no client: timeout" in wrong.stderr
    nobody = local + "OVHCORE['consumer_key'] = 'none'\n"
    deployed = manage("check", "--deploy", "--tag", "security", settings=nobody)
    assert "(ovhcore.W001) OVHcloud's API does not answer this site" in deployed.stderr
    refused = manage("ovh_bills", settings=nobody)
    assert (refused.returncode, refused.stdout) == (1, "")
    assert refused.stderr.startswith("CommandError: ")


def test_django_as_it_is_written() -> None:
    pytest.importorskip("django", reason=MISSING)
    listed = run("manage.py", "ovh_bills", cwd=FRAMEWORKS / "django_site", env=environment(None))
    assert listed.returncode == 0, listed.stderr
    assert len(listed.stdout.splitlines()) == len(Sandbox().resources["bills"])


def test_tornado(example: Any) -> None:
    testing: Any = pytest.importorskip("tornado.testing", reason=MISSING)
    client: Any = pytest.importorskip("tornado.httpclient", reason=MISSING)
    import asyncio

    module = example("tornado_app")

    async def asked() -> tuple[Any, int]:
        sock, port = testing.bind_unused_port()
        sock.close()
        served = asyncio.ensure_future(module.main(port))
        web = client.AsyncHTTPClient(force_instance=True)
        try:
            while True:  # until it listens
                try:
                    found = await web.fetch(f"http://127.0.0.1:{port}/bills/FR54100001")
                    break
                except ConnectionRefusedError:
                    await asyncio.sleep(0.01)
            missing = await web.fetch(f"http://127.0.0.1:{port}/bills/none", raise_error=False)
            return found, missing.code
        finally:
            web.close()
            served.cancel()
            await asyncio.gather(served, return_exceptions=True)

    found, missing = asyncio.run(asyncio.wait_for(asked(), 60))
    assert b'"billId": "FR54100001"' in found.body
    assert missing == 404


@pytest.mark.parametrize(
    ("program", "module", "transport", "printed"),
    [
        ("twisted_bills.py", "twisted", "aiohttp", r"Ada 4\n"),
        ("trio_bills.py", "trio", "httpx", r"Ada 4\n"),
        ("gevent_bills.py", "gevent", "urllib3", r"4 236\.34\n"),
        ("tables.py", "pandas", "stdlib", r"(?s).*2026-06 +154\.80.*2026-06 ┆ 154\.8.*"),
    ],
)
def test_programs(program: str, module: str, transport: str, printed: str, server: Server) -> None:
    pytest.importorskip(module, reason=MISSING)
    done = run(program, env=environment(server, OVH_TRANSPORT=transport, PYTHONIOENCODING="utf-8"))
    assert done.returncode == 0, done.stderr
    assert re.fullmatch(printed, done.stdout), done.stdout


def test_a_transport_that_cannot_work_with_gevent(server: Server) -> None:
    """It waits outside of Python, and would hold up every greenlet."""
    pytest.importorskip("gevent", reason=MISSING)
    pytest.importorskip("pyreqwest", reason="the extra pyreqwest is not installed")
    done = run("gevent_bills.py", env=environment(server, OVH_TRANSPORT="pyreqwest"))
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith("ovhcore.exceptions.InvalidConfiguration: pyreqwest ")
