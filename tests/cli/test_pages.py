"""Every command of these pages runs, on a sandbox."""

from __future__ import annotations

import os
import re
import shlex
from pathlib import Path

import pytest

from ovhcore_transports.cli import command
from ovhcore_transports.sandbox import ACCESS_KEYS, Sandbox
from tests.cli.conftest import Runner

pytestmark = pytest.mark.once

DOCS = Path(__file__).resolve().parents[2] / "docs"
KEYS = "".join(f"{name} = {value}\n" for name, value in ACCESS_KEYS.items())


def commands(page: str) -> list[list[str]]:
    text = (DOCS / page).read_text("utf-8")
    lines = [line for block in re.findall(r"```sh\n(.*?)```", text, re.DOTALL) for line in block.splitlines()]
    words = [shlex.split(re.split(r" [|>&]| <|\|\|", line)[0], comments=True) for line in lines]
    return [each[1:] for each in words if each and each[0] == "ovhcore"]


@pytest.mark.parametrize("arguments", commands("how-to/call-from-a-terminal.md"), ids=" ".join)
def test_calls(run: Runner, box: Sandbox, arguments: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EDITOR", "touch -d 2030-01-01")
    ran = run(*arguments)
    assert ran.code == 0, ran.err


@pytest.mark.parametrize("page", ["how-to/see-what-a-key-may-do.md", "how-to/find-what-is-wrong.md"])
def test_looks(run: Runner, box: Sandbox, page: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("ovhcore_transports.cli.doctor.here.CONFIG_FILES", ())
    for arguments in commands(page):
        ran = run(*arguments)
        assert ran.code == 0, ran


def test_logging_in(run: Runner, box: Sandbox, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The options there are; what they do is tried elsewhere."""
    monkeypatch.setenv("HOME", str(tmp_path))
    box._state.auto_validate = True
    for arguments in commands("how-to/log-in.md"):
        if arguments[0] in ("get", "logout") or "--service-account" in arguments:
            assert arguments[0] in command._commands().listed
            continue
        endpoint = ["--endpoint", os.environ["OVH_ENDPOINT"]]
        given = [each for each in arguments if each not in ("--endpoint", "ovh-eu")]
        ran = run(*given, *endpoint, "--keys-from", "-", stdin=KEYS)
        assert ran.code == 0, ran.err


def test_every_command_has_its_place_in_the_reference() -> None:
    page = (DOCS / "reference" / "command-line.md").read_text("utf-8")
    for name in command._commands().listed:
        assert f"`ovhcore {name}" in page, name
