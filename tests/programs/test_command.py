"""The command ``ovhcore``, as a user runs it."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
from typing import Any

import pytest
from click.testing import CliRunner

import ovhcore as ovh
from ovhcore_transports import cli
from ovhcore_transports.sandbox import Server

COMMAND = [sys.executable, "-c", "from ovhcore_transports.cli import main; main()"]


def test_the_main_job() -> None:
    result = CliRunner().invoke(cli._commands(), ["demo"])
    assert result.exit_code == 0, result.output
    assert "Bills of Ada" in result.output
    assert "signed calls answered." in result.output
    assert result.output.count("EUR") + result.output.count("€") >= 4


def test_the_main_job_in_a_process() -> None:
    done = subprocess.run([*COMMAND, "demo"], capture_output=True, text=True, timeout=60, check=True)
    assert "6 signed calls answered." in done.stdout
    assert done.stderr == ""


def test_version_and_help() -> None:
    runner = CliRunner()
    assert runner.invoke(cli._commands(), ["--version"]).output == f"ovhcore, version {ovh.__version__}\n"
    assert "No account is needed" in runner.invoke(cli._commands(), ["-h"]).output


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
        assert taken.returncode == 1
        assert taken.stderr.startswith("Error: ")
        assert len(taken.stderr.splitlines()) == 1
        served.send_signal(signal.SIGINT)
        _, err = served.communicate(timeout=20)
    finally:
        served.kill()
        served.communicate()
    assert served.returncode == 0
    assert err == "# Serving; press Ctrl+C to stop.\n# Stopped.\n"


def test_what_is_missing_is_said_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["ovhcore", "demo"])
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    monkeypatch.setattr(sys, "stdout", io.StringIO())  # what IDEs put there
    with pytest.raises(SystemExit, match=r'^Error: Serving the sandbox needs uvicorn, .* "ovhcore\[testing\]"$'):
        cli.main()


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


def test_main(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys, "argv", ["ovhcore", "--version"])
    with pytest.raises(SystemExit) as caught:
        cli.main()
    assert caught.value.code == 0
    assert ovh.__version__ in capsys.readouterr().out
    monkeypatch.setitem(sys.modules, "rich.console", None)
    with pytest.raises(SystemExit, match=r'needs rich.console, which is not installed: pip install "ovhcore\[all\]"'):
        cli.main()
