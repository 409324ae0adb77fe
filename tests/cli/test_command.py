"""The command ``ovhcore``, as a user runs it."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
from inspect import signature
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner

import ovhcore as ovh
from ovhcore.exceptions import ReadTimeout
from ovhcore.plugins.discovery import EntryPoint
from ovhcore.plugins.manager import _installed
from ovhcore.protocol.messages import Request, Response
from ovhcore_transports.cli import command as cli
from ovhcore_transports.recording.cassette.cassettes import Cassette
from ovhcore_transports.recording.cassette.interactions import Interaction
from ovhcore_transports.sandbox import ACCESS_KEYS, Server
from tests.cli.conftest import Runner

COMMAND = [sys.executable, "-c", "from ovhcore_transports.cli import main; main()"]


def test_the_main_job() -> None:
    result = CliRunner().invoke(cli._commands(), ["demo"])
    assert result.exit_code == 0, result.output
    assert "Bills of Ada" in result.output
    assert "signed calls answered." in result.output
    assert result.output.count("EUR") + result.output.count("€") >= 4


def test_the_main_job_in_a_process() -> None:
    done = subprocess.run([*COMMAND, "demo"], capture_output=True, text=True, timeout=60, check=True)
    assert "2 signed calls answered." in done.stdout
    offered = [line.split() for line in done.stderr.splitlines() if line.startswith("  ovhcore ")]
    for words in offered:
        if words[1] in ("get", "post", "schema"):
            subprocess.run([*COMMAND, *words[1:]], capture_output=True, timeout=60, check=True)
    assert len(offered) == 5
    quiet = subprocess.run([*COMMAND, "-q", "demo"], capture_output=True, text=True, timeout=60, check=True)
    assert quiet.stderr == ""


def test_version_and_help() -> None:
    runner = CliRunner()
    assert runner.invoke(cli._commands(), ["--version"]).output == f"ovhcore, version {ovh.__version__}\n"
    assert "With --transport sandbox no account is needed" in runner.invoke(cli._commands(), ["-h"]).output


@pytest.mark.parametrize("kind", [[], ["--oauth2"]])
def test_a_sandbox_for_other_programs(kind: list[str]) -> None:
    served = subprocess.Popen(
        [*COMMAND, "sandbox", *kind],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )
    try:
        assert served.stdout is not None
        lines = [served.stdout.readline().strip() for _ in range(5)]
        variables: dict[str, Any] = dict(line.removeprefix("export ").split("=", 1) for line in lines)
        with ovh.Client(**{name.removeprefix("OVH_").lower(): value for name, value in variables.items()}) as client:
            assert client.get("/me")["firstname"] == "Ada"
            port = client.endpoint.url.removesuffix("/1.0").rpartition(":")[2]
        taken = subprocess.run([*COMMAND, "sandbox", "--port", port], capture_output=True, text=True, timeout=60)
        assert variables["OVH_PROXY"] == "none"  # a proxy of the environment cannot reach it
        assert taken.returncode == 1, taken.stderr
        assert taken.stderr.startswith("Error: ")
        assert len(taken.stderr.splitlines()) == 1
        served.send_signal(signal.SIGINT)
        _, err = served.communicate(timeout=60)
    finally:
        served.kill()
        served.communicate()
    assert served.returncode == 0
    assert err.endswith("# Serving; press Ctrl+C to stop.\n# Stopped.\n")


def test_what_is_missing_is_said_in_one_line(run: Runner, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    ran = run("demo")
    assert (ran.code, ran.err) == (
        3, 'Error: Serving the sandbox needs uvicorn, which is not installed: pip install "ovhcore[cli]"\n'
    )  # fmt: skip


def test_a_terminal_without_a_euro_sign() -> None:
    environment = {**os.environ, "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0", "LC_ALL": "C"}
    done = subprocess.run([*COMMAND, "demo"], capture_output=True, timeout=60, check=True, env=environment)
    assert b"59.98 ?" in done.stdout


@pytest.mark.parametrize("kind", [[], ["--oauth2"]])
def test_a_sandbox_until_interrupted(kind: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(server: Server) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Server, "wait", interrupted)
    result = CliRunner().invoke(cli._commands(), ["sandbox", *kind])
    assert result.exit_code == 0
    assert "export OVH_ENDPOINT=http://127.0.0.1:" in result.output
    assert "# Stopped." in result.output


def test_main(run: Runner, monkeypatch: pytest.MonkeyPatch) -> None:
    assert run("--version") == (0, f"ovhcore, version {ovh.__version__}\n", "")
    monkeypatch.setitem(sys.modules, "rich.console", None)
    missing = 'The command needs rich.console, which is not installed: pip install "ovhcore[cli]"\n'
    assert run("demo") == (1, "", missing)
    ours = "ovhcore_transports.cli.offline.demo"
    monkeypatch.setitem(sys.modules, ours, None)  # what is ours is a mistake of ours
    assert run("demo").err.startswith(f"Error: ModuleNotFoundError: import of {ours} halted")


def test_help_loads_neither_rich_nor_what_calls() -> None:
    code = "import sys; sys.argv = ['ovhcore', '--help']\nfrom ovhcore_transports.cli import main\n"
    code += "try: main()\nexcept SystemExit: print(*sys.modules, file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    loaded = set(done.stderr.split())
    assert "click" in loaded
    heavy = {"rich", "pluggy", "jmespath", "yaml", "logging", "asyncio", "ssl", "ovhcore.client", "ovhcore.exceptions"}
    assert not loaded & heavy


def test_streams_that_lack_letters_do_not_fail(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    monkeypatch.setattr(sys, "stdout", stream)
    monkeypatch.setattr(sys, "argv", ["ovhcore", "--version"])
    with pytest.raises(SystemExit):
        cli.main()
    assert stream.errors == "replace"
    group = cli._commands()
    assert group.get_command(click.Context(group), "no-such-command") is None


def test_the_list_of_commands_says_what_they_say() -> None:
    group = cli._commands()
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        assert command.name == name
        assert command.get_short_help_str(200).split()[0] == group.listed[name].help.split()[0], name


@pytest.fixture
def cassette(tmp_path: Path) -> Path:
    url = "https://eu.api.ovh.com/1.0/me"
    path = tmp_path / "cassette.json"
    nasty = f"{url}/[red]\x1b[31m\x07\u202e\ud800[/red]/" + "long" * 50
    Cassette(
        [
            Interaction.of(Request("GET", url), Response(200), at=1528723171.0, took=0.0124),
            Interaction.of(Request("POST", nasty), ReadTimeout("late")),
        ]
    ).save(path)
    return path


def two_streams() -> CliRunner:
    """Return a runner that tells standard output from standard error, as only newer versions do by themselves."""
    options: dict[str, Any] = {"mix_stderr": False} if "mix_stderr" in signature(CliRunner).parameters else {}
    return CliRunner(**options)


def test_a_cassette_is_shown(cassette: Path) -> None:
    result = two_streams().invoke(cli._commands(), ["cassette", "show", str(cassette)])
    assert result.exit_code == 0, result.output
    assert result.stderr == ""
    lines = [[cell.strip() for cell in line.split("\u2502")[1:-1]] for line in result.stdout.splitlines()]
    first, second = (cells for cells in lines if cells and cells[0] in ("1", "2"))
    assert first == ["1", "2018-06-11 13:19:31", "GET", "https://eu.api.ovh.com/1.0/me", "200", "12"]
    assert second[1:3] == ["", "POST"]
    assert second[3].endswith("/me/[red]\\x1b[31m\\x07\\u202e\\ud800[/red]/" + "long" * 50)
    assert second[4:] == ["ReadTimeout", ""]


def test_a_cassette_fits_into_a_terminal(cassette: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "90")
    result = CliRunner().invoke(cli._commands(), ["cassette", "show", str(cassette)], color=True)
    assert result.exit_code == 0, result.output
    assert max(map(len, result.stdout.replace("\x1b[0m", "").replace("\x1b[1m", "").splitlines())) <= 90
    assert "\x1b[31m" not in result.stdout
    assert "\x07" not in result.stdout


def test_a_damaged_cassette_is_shown_and_repaired(cassette: Path) -> None:
    cassette.write_bytes(cassette.read_bytes()[:-30])
    commands = cli._commands()
    result = two_streams().invoke(commands, ["cassette", "show", str(cassette)])
    assert result.exit_code == 1
    assert "2018-06-11" in result.stdout
    torn, unended = result.stderr.splitlines()
    assert torn.startswith("the record at line ")
    assert unended.startswith("the recording did not come to its end")
    result = CliRunner().invoke(commands, ["cassette", "repair", str(cassette)])
    assert result.exit_code == 0, result.output
    assert result.stdout.startswith("Kept 1 interaction of the cassette ")
    assert CliRunner().invoke(commands, ["cassette", "show", str(cassette)]).exit_code == 0


def test_a_cassette_is_converted(cassette: Path) -> None:
    pytest.importorskip("yaml")
    target = cassette.with_name("target.yaml")
    result = CliRunner().invoke(cli._commands(), ["cassette", "convert", str(cassette), str(target)])
    assert result.exit_code == 0, result.output
    assert result.stdout == (
        f"Wrote 1 interaction to {target} in vcrpy's format; left out 1 that failed, which it cannot tell.\n"
    )
    assert len(Cassette.load(target)) == 1


@pytest.mark.parametrize(
    "arguments", [["show", "none.json"], ["convert", "none.json", "target.har"], ["repair", "none.json"]]
)
def test_a_cassette_that_is_not_there(arguments: list[str], tmp_path: Path) -> None:
    done = subprocess.run(
        [*COMMAND, "cassette", *arguments], capture_output=True, text=True, timeout=60, check=False, cwd=tmp_path
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "Error: The cassette none.json cannot be read: No such file or directory\n"


def test_plugins_are_listed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "140")
    monkeypatch.setenv("OVH_DISABLED_PLUGINS", "retry")
    broken = EntryPoint("broken", "no_such_module_x", "far-away", "1.0")
    monkeypatch.setattr("ovhcore.plugins.manager._installed", lambda: (*_installed(), broken))
    result = CliRunner().invoke(cli._commands(), ["plugins", "--settings"])
    assert result.exit_code == 0, result.output
    rows = {
        cells[1].strip(): [cell.strip() for cell in cells[2:6]] for cells in map(splits, result.output.splitlines())
    }
    assert rows["time-sync"] == ["on", "ovhcore", ovh.__version__, "time_sync"]
    assert rows["retry"][0] == "off"
    assert rows["broken"] == ["broken", "far-away", "1.0", ""]
    assert rows["cassette"] == ["OVH_CASSETTE", "", "the file of a recording", ""]
    assert "broken: The installed plugin 'broken' (no_such_module_x, from far-away) cannot be loaded" in result.output
    assert "OVH_RETRY" not in result.output
    monkeypatch.setenv("OVH_DISABLED_PLUGINS", "broken")
    result = CliRunner().invoke(cli._commands(), ["plugins"])
    assert "OVH_CASSETTE" not in result.output
    rows = {
        cells[1].strip(): [cell.strip() for cell in cells[2:6]] for cells in map(splits, result.output.splitlines())
    }
    assert rows["broken"][0] == "off"
    monkeypatch.setenv("COLUMNS", "60")
    assert "…" not in CliRunner().invoke(cli._commands(), ["plugins", "--settings"]).output


def splits(line: str) -> list[str]:
    return (line.replace("┃", "│") + "││││││").split("│")


def test_a_sandbox_that_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[tuple[str, bool]] = []

    def wait(server: Server) -> None:
        with ovh.Client(server.url, timeout=1, proxy="none", retry=False, **ACCESS_KEYS) as client:
            for number in range(4):
                try:
                    client.get(f"/me?number={number}")
                except ovh.APIError as error:
                    seen.append((type(error).__name__, error.retry_safe))

    monkeypatch.setattr(Server, "wait", wait)
    result = CliRunner().invoke(cli._commands(), ["sandbox", "--fail-rate", "1"])
    assert result.exit_code == 0, result.output
    assert len(seen) == 4
    assert all(safe for _, safe in seen)
    assert CliRunner().invoke(cli._commands(), ["sandbox", "--fail-rate", "2"]).exit_code == 2
