"""``ovhcore sandbox``: what it is told, what it prints, what it leaves."""

from __future__ import annotations

import configparser
import json
import os
import re
import signal
import threading
import tomllib
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner

import ovhcore as ovh
from ovhcore_transports.sandbox import Server
from ovhcore_transports.sandbox.serving.command import run_sandbox, with_options

pytestmark = pytest.mark.once

ROOT = Path(__file__).resolve().parents[3]


@click.command()
@with_options
def command(**options: Any) -> None:
    run_sandbox(**options)


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> list[Server]:
    """Interrupt a server at once; return the servers there were."""
    found: list[Server] = []

    def wait(server: Server) -> None:
        found.append(server)
        client = ovh.Client(
            server.url,
            "sandbox-application-key",
            "sandbox-application-secret",
            "sandbox-consumer-key",
            proxy="none",
            config=False,
            ca_bundle=None if server.ca_bundle is None else str(server.ca_bundle),
        )
        client.put("/me", name="Hopper")
        client.close()
        raise KeyboardInterrupt

    monkeypatch.setattr(Server, "wait", wait)
    return found


def run(*arguments: str) -> Any:
    return CliRunner().invoke(command, list(arguments))


def test_how_to_use_it_is_printed(served: list[Server]) -> None:
    result = run()
    assert result.exit_code == 0, result.output
    [server] = served
    exported = dict(re.findall(r"^export OVH_(\w+)=(.*)$", result.stdout, re.MULTILINE))
    assert exported["ENDPOINT"] == server.url
    shown = result.output.partition("# Or in ovh.conf:\n")[2].partition("# What is in it: ")[0]
    parser = configparser.ConfigParser()
    parser.read_string("\n".join(line.removeprefix("#   ").removeprefix("#") for line in shown.splitlines()))
    assert parser["default"]["endpoint"] == server.url
    assert parser[server.url]["consumer_key"] == exported["CONSUMER_KEY"]
    assert f"# What is in it: {server.page_url}\n" in result.output
    assert "/createToken/" in result.output
    assert "Other machines" not in result.output


def test_all_that_can_be_said(served: list[Server], tmp_path: Path) -> None:
    settings, resources = tmp_path / "s.json", tmp_path / "r.yaml"
    settings.write_text(
        '{"latency": 9, "jitter": 0.001, "faults": {"rate": 0.25, "kinds": ["lost"], "spare": ["/me"]}}'
    )
    resources.write_text("me: {firstname: Grace}\n")
    said = ["--tls", "--oauth2", "--host", "0.0.0.0", "--allow-host", "box.example",
            "--allow-origin", "http://localhost:1", "--settings", str(settings), "--resources", str(resources),
            "--latency", "0.001", "--jitter", "0.001", "--rate-limit", "100/hour",
            "--skew", "3", "--token-lifetime", "77", "--task-seconds", "5", "--auto-validate", "--lacks", "pages",
            "--lacks", "batch", "--save", str(tmp_path / "end.json")]  # fmt: skip
    result = run(*said)
    assert result.exit_code == 0, result.output
    [server] = served
    shown = server.sandbox.settings()
    assert (shown["latency"], shown["jitter"], shown["rate_limit"], shown["skew"]) == (0.001, 0.001, "100/hour", 3.0)
    assert (shown["token_lifetime"], shown["task_seconds"], shown["auto_validate"]) == (77, 5.0, True)
    assert (shown["faults"]["rate"], shown["faults"]["kinds"]) == (0.25, ["lost"])
    assert (shown["modes"]["pages"], shown["modes"]["batch"], shown["modes"]["cursors"]) == ("ignored", "ignored", "on")
    assert "export OVH_CA_BUNDLE=" in result.output
    assert "export OVH_CLIENT_ID=" in result.output
    assert "Other machines can reach it" in result.output
    # What it held at the end is what another one begins with.
    result = run("--load", str(tmp_path / "end.json"), "--fail-rate", "0.0")
    assert result.exit_code == 0, result.output
    me = served[1].sandbox.resources["me"]
    assert (me["firstname"], me["name"]) == ("Grace", "Hopper")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--rate-limit", "often"], "rate_limit must be as"),
        (["--certificate", __file__], "belong together"),
        (["--certificate", __file__, "--key", __file__], "are no certificate and key"),
        (["--settings", __file__], "is not JSON"),
        (["--allow-origin", "*"], "an origin is as"),
    ],
)
def test_what_cannot_be_done_is_said(arguments: list[str], said: str, served: list[Server]) -> None:
    result = run(*arguments)
    assert isinstance(result.exception, ovh.InvalidConfiguration)
    assert said in str(result.exception)
    assert served == []


def test_a_share_of_answers_fails(served: list[Server], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Server, "wait", lambda server: served.append(server))
    assert run("--fail-rate", "0.5").exit_code == 0
    assert json.loads(json.dumps(served[0].sandbox.settings()))["faults"]["rate"] == 0.5


def test_sigterm_ends_it_as_an_interrupt_does(served: list[Server], monkeypatch: pytest.MonkeyPatch) -> None:
    before = signal.getsignal(signal.SIGTERM)

    def wait(server: Server) -> None:
        os.kill(os.getpid(), signal.SIGTERM)
        threading.Event().wait(60)  # the handler comes first

    monkeypatch.setattr(Server, "wait", wait)
    result = run()
    assert result.exit_code == 0
    assert "# Stopped." in result.output
    assert signal.getsignal(signal.SIGTERM) is before


def test_in_a_thread(served: list[Server]) -> None:
    results: list[Any] = []
    thread = threading.Thread(target=lambda: results.append(run()))
    thread.start()
    thread.join(60)
    assert results[0].exit_code == 0


def test_the_lines_of_the_dockerfile_name_what_there_is(served: list[Server]) -> None:
    lines = (ROOT / "examples" / "sandbox-container" / "Dockerfile").read_text("utf-8").splitlines()
    said = dict(line.split(" ", 1) for line in lines)
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert said["RUN"] == f'pip install --no-cache-dir "{project["name"]}[cli]"'
    assert "cli" in project["optional-dependencies"]
    version = said["FROM"].removeprefix("python:").removesuffix("-slim")
    assert f"Programming Language :: Python :: {version}" in project["classifiers"]
    program, name, *arguments = json.loads(said["ENTRYPOINT"])
    assert project["scripts"][program] == "ovhcore_transports.cli:main"
    assert name == "sandbox"
    port = arguments.index("--port") + 1
    assert arguments[port] == said["EXPOSE"]
    assert f":{said['EXPOSE']}:{said['EXPOSE']} " in lines[0]
    arguments[port] = "0"  # 8080 may be taken here
    result = run(*arguments)
    assert result.exit_code == 0, result.output
    assert len(served) == 1


def test_schemas_that_are_wrong_are_refused_before_it_serves(tmp_path: Path, served: list[Server]) -> None:
    file = tmp_path / "wrong.json"
    file.write_text('{"apis": 5}', "utf-8")
    answered = CliRunner().invoke(command, ["--schema", str(file)])
    assert isinstance(answered.exception, ovh.exceptions.SchemaError)
    assert "$.apis: must be a list" in str(answered.exception)
    assert served == []
