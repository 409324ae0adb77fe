"""The example that gets credentials from a command: as its users run it, and what it says when that fails."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import ovhcore as ovh
from examples.credentials_from_command import CommandCredentials, main
from ovhcore.protocol import AccessToken, ApplicationKey, OAuth2Client
from ovhcore_transports.sandbox import (
    ACCESS_KEYS,
    CLIENT_ID,
    CLIENT_SECRET,
    AsyncSandboxTransport,
    Sandbox,
    SandboxTransport,
    serve,
)

pytestmark = pytest.mark.once

PROGRAM = Path(__file__).resolve().parent.parent.parent / "examples" / "credentials_from_command.py"
Printing = Callable[[Any], list[str]]


@pytest.fixture
def printing(tmp_path: Path) -> Printing:
    """Return a command that prints something: JSON, or text as it is. What it prints may be replaced later."""
    file = tmp_path / "printed"

    def command(printed: Any) -> list[str]:
        file.write_text(printed if isinstance(printed, str) else json.dumps(printed))
        return [sys.executable, "-c", f"print(open({str(file)!r}).read())"]

    return command


def run(*command: str, endpoint: str = "ovh-eu") -> subprocess.CompletedProcess[str]:
    environment = {k: v for k, v in os.environ.items() if not k.startswith("OVH_")}
    return subprocess.run(
        [sys.executable, str(PROGRAM), *command],
        env={**environment, "OVH_ENDPOINT": endpoint, "OVH_PROXY": "none"},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_as_its_users_run_it(printing: Printing) -> None:
    with serve(Sandbox()) as server:
        done = run(*printing(dict(ACCESS_KEYS)), endpoint=server.url)
    assert (done.stdout, done.stderr) == ("Welcome Ada\n", "")


def test_without_a_command() -> None:
    assert run().stderr.startswith("usage:")


def test_a_failure_as_its_users_see_it() -> None:
    done = run(sys.executable, "-c", "print('canary'); raise SystemExit('the vault is sealed')")
    assert done.returncode == 1
    assert "the vault is sealed" in done.stderr
    assert f"The command for credentials, {sys.executable}, ended with status 1" in done.stderr
    assert "canary" not in done.stdout + done.stderr.replace("print('canary')", "")


@pytest.mark.parametrize(
    ("printed", "expected"),
    [
        (dict(ACCESS_KEYS), ApplicationKey(**ACCESS_KEYS)),
        (
            {"application_key": "key", "application_secret": "secret", "consumer_key": None},
            ApplicationKey("key", "secret"),
        ),
        ({"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}, OAuth2Client(CLIENT_ID, CLIENT_SECRET)),
        ({"access_token": "token", "note": 5}, AccessToken("token")),
    ],
)
def test_what_it_reads(printed: Any, expected: object, printing: Printing) -> None:
    assert CommandCredentials(printing(printed)).read() == expected


@pytest.mark.parametrize(
    ("printed", "said"),
    [
        ("canary", "a JSON object with"),
        (["canary"], "a JSON object with"),
        ({"other": "canary"}, "a JSON object with"),
        pytest.param("[" * 200_000, "a JSON object with", id="deep"),
        ({"application_key": "canary"}, "application_secret is empty"),
        ({"client_id": "canary"}, "client_secret is empty"),
        ({"access_token": {"canary": 1}}, "access_token must be a string, not dict"),
    ],
)
def test_what_it_cannot_read(printed: Any, said: str, printing: Printing) -> None:
    assert f"printed no credentials: {said}" in failure(CommandCredentials(printing(printed)))


def test_commands_that_fail() -> None:
    assert failure(CommandCredentials(["/no/such/command"])).endswith("cannot be run: No such file or directory")
    sleeping = [sys.executable, "-c", "import time; print('canary', flush=True); time.sleep(600)"]
    assert failure(CommandCredentials(sleeping, timeout=0.5)).endswith("did not end within 0.5 seconds")
    failing = [sys.executable, "-c", "print('canary'); raise SystemExit(3)"]
    assert failure(CommandCredentials(failing)).endswith("ended with status 3")


def failure(source: CommandCredentials) -> str:
    """Return what a call says that needs the credentials; nothing of it may show what was printed."""
    client = ovh.Client("ovh-eu", transport=SandboxTransport(), plugins=[source])
    with pytest.raises(ovh.InvalidConfiguration) as caught:
        client.get("/me")
    assert caught.value.__context__ is None
    shown = "".join(traceback.TracebackException.from_exception(caught.value, capture_locals=True).format())
    assert "canary" not in shown.replace("print('canary'", "")
    return str(caught.value)


def test_refused_ones_are_read_again(printing: Printing, capsys: pytest.CaptureFixture[str]) -> None:
    source = CommandCredentials(printing({"access_token": "expired"}))
    client = ovh.Client("ovh-eu", transport=SandboxTransport(), plugins=[source])
    with pytest.raises(ovh.Unauthorized):
        main(client)
    printing(dict(ACCESS_KEYS))
    main(client)
    assert capsys.readouterr().out == "Welcome Ada\n"


class Real(AsyncSandboxTransport):
    """On the real clock."""

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


def test_an_event_loop_goes_on_while_the_command_runs(tmp_path: Path) -> None:
    file = tmp_path / "go"
    waiting = f"import os, time\nwhile not os.path.exists({str(file)!r}): time.sleep(0.01)\n"
    waiting += f"print({json.dumps(ACCESS_KEYS)!r})"
    source = CommandCredentials([sys.executable, "-c", waiting])

    async def both() -> None:
        client = ovh.AsyncClient("ovh-eu", transport=Real(), plugins=[source])
        calls = [asyncio.create_task(client.get("/me")) for _ in range(5)]
        for _ in range(10):  # the loop turns meanwhile
            await asyncio.sleep(0.01)
        assert not any(call.done() for call in calls)
        file.touch()  # the command does not end before this
        assert {me["firstname"] for me in await asyncio.gather(*calls)} == {"Ada"}

    asyncio.run(both())
