"""The account of an integration: nothing that it does blocks the loop, and what is wrong has one of two exceptions."""

from __future__ import annotations

import asyncio
import importlib
import importlib.util
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ovhcore_transports.sandbox import ACCESS_KEYS, Sandbox, Server, serve
from tests.shared.conftest import Server as Store
from tests.shared.conftest import binary

pytest.importorskip("aiohttp", reason="the extra aiohttp is not installed")

pytestmark = pytest.mark.once

FRAMEWORKS = Path(__file__).resolve().parents[2] / "examples" / "frameworks"


@pytest.fixture
def module(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(FRAMEWORKS))
    return importlib.import_module("home_assistant")


@pytest.fixture
def server() -> Iterator[Server]:
    with serve(Sandbox()) as served:
        yield served


def settings(server: Server, **more: Any) -> dict[str, Any]:
    return {"endpoint": server.url, "transport": "aiohttp", "proxy": "none", "retry": False, **ACCESS_KEYS, **more}


# In a process of its own: the detector looks at every loop, also at that of a server.
WATCHED = """
import asyncio, json, os, sys, traceback
from blockbuster import blockbuster_ctx
import ovhcore as ovh
import home_assistant

what, settings = sys.argv[1], json.loads(sys.argv[2])

async def account():
    account = await home_assistant.Account.set_up(settings)
    try:
        return await account.states()
    finally:
        await account.unload()

async def blocking():
    with ovh.Client(**settings) as client:
        return client.get("/dedicated/server")

try:
    with blockbuster_ctx():
        print(json.dumps(asyncio.run({"account": account, "blocking": blocking}[what]())))
    code = 0
except Exception:
    traceback.print_exc()
    code = 1
sys.stdout.flush()
sys.stderr.flush()
# The detector writes into built-in types (by forbiddenfruit); Python 3.11 was once seen to crash at its end after that.
os._exit(code)
"""


def watched(what: str, arguments: dict[str, Any]) -> tuple[Any, str]:
    """Return what came of it while a detector of blocking calls looked on, or None, and the last line of the errors."""
    done = subprocess.run(
        [sys.executable, "-c", WATCHED, what, json.dumps(arguments)],
        cwd=FRAMEWORKS,
        capture_output=True,
        text=True,
        timeout=60,
    )
    if done.returncode == 0:
        return json.loads(done.stdout), ""
    return None, (done.stderr.strip() or f"exit code {done.returncode} after {done.stdout!r}").splitlines()[-1]


def test_nothing_blocks_the_loop(server: Server) -> None:
    states = {each["name"]: each["state"] for each in server.sandbox.resources["servers"]}
    assert watched("account", settings(server)) == (states, "")


def test_nothing_blocks_the_loop_where_processes_share_a_limit(server: Server, tmp_path: Path) -> None:
    program = binary()
    store = None if program is None or importlib.util.find_spec("redis") is None else Store(program)
    try:
        for url in (f"file://{tmp_path}/shared", *([] if store is None else [store.url])):
            options = {"limit_store": url, "rate_limit": 1000, "max_concurrency": 3}
            states, error = watched("account", settings(server, options=options))
            assert (len(states or ()), error) == (3, "")
    finally:
        if store is not None:
            store.end()


def test_what_blocks_is_noticed(server: Server) -> None:
    _, error = watched("blocking", settings(server, transport="urllib3"))
    assert "BlockingError" in error


def test_keys_that_are_refused(server: Server) -> None:
    _, error = watched("account", settings(server, consumer_key="not-a-key-of-the-sandbox"))
    assert error.startswith("home_assistant.Refused: ")


@pytest.mark.parametrize("wrong", [{"endpoint": "ovh-mars"}, {"timeout": "soon"}, {"application_secret": "not-it"}])
def test_settings_that_are_wrong(wrong: dict[str, Any], module: Any, server: Server) -> None:
    with pytest.raises(module.Refused):
        asyncio.run(module.Account.set_up(settings(server, **wrong)))


def test_an_api_that_is_away() -> None:
    with serve(Sandbox()) as gone:
        arguments = settings(gone)
    _, error = watched("account", arguments)
    assert error.startswith("home_assistant.NotReady: ")


def test_the_program(module: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("OVH_TRANSPORT", "sandbox")
    asyncio.run(module.main())
    assert "ns1.ip-192-0-2.eu" in capsys.readouterr().out
