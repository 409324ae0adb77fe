"""Options of all commands stand before the command or behind it; what is said last counts."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from ovhcore_transports.cli.output.formats import as_yaml
from ovhcore_transports.sandbox import ACCESS_KEYS, Sandbox, Server
from tests.cli.conftest import Ran, Runner

pytestmark = pytest.mark.once


def both(run: Runner, options: list[str], *command: str) -> None:
    before, behind = run(*options, *command), run(*command, *options)
    assert before.code == 0, before
    assert _without_times(before) == _without_times(behind)


def _without_times(ran: Ran) -> tuple[int, str, str]:
    # A key says when it was last used, which may be a second later.
    return ran.code, re.sub(r"\d\d:\d\d:\d\d", "", ran.out), ran.err


def test_each_of_them(run: Runner, served: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    keys = "".join(f"{name} = {value}\n" for name, value in ACCESS_KEYS.items())
    config = tmp_path / "conf"
    config.write_text(f"[{served.url}]\n{keys}[profile work]\nendpoint = {served.url}\n{keys}")
    both(run, ["--config", str(config), "--endpoint", served.url], "get", "/me")
    both(run, ["--config", str(config), "--profile", "work"], "get", "/me")
    both(run, ["--config", str(config), "--profile", "work"], "whoami")
    both(run, ["--transport", "sandbox", "--timeout", "5"], "get", "/me")
    both(run, ["--transport", "sandbox", "-q"], "get", "--ids", "/me/bill", "-o", "table")
    assert run("--endpoint", "ovh-nowhere", "get", "/me", "--config", str(config), "--profile", "work").code == 3
    last = ("get", "/me", "--endpoint", served.url, "--config", str(config))
    assert run("--endpoint", "ovh-nowhere", *last).code == 0


@pytest.mark.parametrize("format_", ["json", "jsonl", "yaml", "csv", "name", "table"])
def test_the_format_of_answers(run: Runner, box: Sandbox, format_: str) -> None:
    both(run, ["-o", format_], "get", "/me/bill", "--ids")
    both(run, ["--output", format_], "whoami")
    assert run("-o", "yaml", "get", "/me", "-o", "json").out == run("get", "/me").out


def test_the_format_before_the_command_counts_on_a_terminal(run: Runner, box: Sandbox) -> None:
    run.terminal = "oe"
    me = json.loads(run("-o", "json", "get", "/me").out)
    assert run("-o", "yaml", "get", "/me").out == as_yaml(me) + "\n"
    assert run("-o", "json", "whoami").out.startswith("{")


def test_a_format_for_what_has_none(run: Runner) -> None:
    for command in (["plugins"], ["schema", "search", "me"], ["doctor", "--offline"]):
        ran = run("-o", "json", *command)
        assert ran.code == 2
        assert "-o is for commands that print answers" in ran.err
    assert run("-o", "xml", "get", "/me").code == 2


def test_plugins_for_programs(run: Runner, monkeypatch: pytest.MonkeyPatch) -> None:
    told = json.loads(run("plugins", "--json").out)
    assert {each["name"] for each in told["plugins"]} >= {"retry", "logging", "ovhcore-transports"}
    assert "settings" not in told
    told = json.loads(run("plugins", "--json", "--settings").out)
    found = {each["name"]: each for each in told["settings"]}
    assert found["check"]["variable"] == "OVH_CHECK"
    assert found["check"]["per_call"] is True
