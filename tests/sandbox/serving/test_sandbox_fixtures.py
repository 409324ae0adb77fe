"""The fixtures for tests of others."""

from __future__ import annotations

import re
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import pytest
import trustme

from ovhcore import AsyncClient, Client
from ovhcore_transports.recording.pytest import plugin
from ovhcore_transports.sandbox import SandboxHandle, Server
from ovhcore_transports.urllib3 import open_sync

# What the tests in this process load is forgotten after them, unless it was there before.
LOADED = (AsyncClient, Client, SandboxHandle, Server, open_sync, trustme)

pytestmark = pytest.mark.once

NAME = "ovhcore_transports.recording.pytest.plugin"
INSTALLED = any(each.value == NAME for each in entry_points(group="pytest11"))

TESTS = """
import asyncio
import ssl
import urllib.request

import ovhcore as ovh


def program():
    with ovh.Client() as client:
        return client.get("/me")["firstname"]


def test_in_memory(ovh_sandbox):
    client = ovh_sandbox.client()
    client.put("/me", firstname="Grace")
    assert ovh_sandbox.sandbox.executed["PUT", "/me"] == 1
    assert repr(ovh_sandbox) == "<SandboxHandle 1 calls>"
    task = client.post("/dedicated/server/ns1.ip-192-0-2.eu/reboot")
    path = "/dedicated/server/ns1.ip-192-0-2.eu/task/{taskId}"
    assert client.wait(path, taskId=task["taskId"])["status"] == "done"


def test_anew(ovh_sandbox):
    assert ovh_sandbox.client().get("/me")["firstname"] == "Ada"
    assert ovh_sandbox.sandbox.received.total() == 1


def test_asynchronous(ovh_sandbox):
    async def name():
        async with ovh_sandbox.async_client() as client:
            return (await client.get("/me"))["firstname"]

    assert asyncio.run(name()) == "Ada"


def test_as_a_service_account(ovh_sandbox):
    server = ovh_sandbox.environment(oauth2=True)
    assert program() == "Ada"
    assert server.sandbox.executed["POST", "/auth/oauth2/token"] == 1


def test_with_keys_of_its_own(ovh_sandbox):
    client = ovh_sandbox.client(application_key="other", application_secret="x", consumer_key="y")
    try:
        client.get("/me")
    except ovh.InvalidKey:
        return
    raise AssertionError


def test_served(ovh_sandbox, monkeypatch):
    server = ovh_sandbox.environment(monkeypatch, tls=True)
    assert server.url.startswith("https://")
    assert program() == "Ada"
    context = ssl.create_default_context(cafile=server.ca_bundle)
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context))
    with opener.open(server.page_url) as page:
        assert b"What is in this sandbox" in page.read()


def test_for_all_1(ovh_sandbox_session):
    ovh_sandbox_session.environment()
    ovh_sandbox_session.client().put("/me", firstname="Joan")


def test_for_all_2(ovh_sandbox_session):
    assert program() == "Joan"
    ovh_sandbox_session.reset()
    assert program() == "Ada"
"""


def run(pytester: pytest.Pytester, *arguments: str) -> Any:
    plugins = [] if INSTALLED else [plugin]
    return pytester.runpytest_inprocess("-p", "no:cacheprovider", *arguments, plugins=plugins)


def test_fixtures(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(TESTS)
    result = run(pytester, "-W", "error", "-W", "ignore::pytest.PytestAssertRewriteWarning")
    result.assert_outcomes(passed=8)


def test_they_are_listed(pytester: pytest.Pytester) -> None:
    result = run(pytester, "--fixtures")
    result.stdout.fnmatch_lines(["ovh_sandbox_session *session scope*"])
    result.stdout.fnmatch_lines(["*A new sandbox of the API: *"])


def test_the_page_about_them(pytester: pytest.Pytester) -> None:
    page = Path(__file__).resolve().parents[3] / "docs" / "how-to" / "test-with-a-sandbox.md"
    parts = re.findall(r"```python\n(.*?)```", page.read_text("utf-8"), re.DOTALL)
    pytester.makepyfile("import pytest\n" + "\n".join(parts))
    run(pytester, "-W", "error", "-W", "ignore::pytest.PytestAssertRewriteWarning").assert_outcomes(passed=6)
