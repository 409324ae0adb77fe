"""What pages of the guide show really runs: those that are about whole programs, each in a process of its own."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from ovhcore_transports.sandbox import ACCESS_KEYS, serve

pytestmark = pytest.mark.once

PAGES = Path(__file__).resolve().parents[1] / "docs" / "how-to"


@pytest.mark.parametrize("page", ["log-calls", "move-from-python-ovh", "read-header-fields"])
def test_a_page(page: str, tmp_path: Path) -> None:
    text = (PAGES / f"{page}.md").read_text("utf-8")
    program = "\n".join(re.findall(r"```python\n(.*?)```", text, re.DOTALL))
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program], capture_output=True, text=True, timeout=60, cwd=tmp_path
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout or done.stderr  # where log records go


@pytest.mark.skipif(sys.platform == "win32", reason="a script of POSIX's shell")
def test_the_script_for_cron(tmp_path: Path) -> None:
    """It is silent when all goes well; else it says why, and the file of the day before stays."""
    text = (PAGES / "run-from-cron.md").read_text("utf-8")
    script = next(each for each in re.findall(r"```sh\n(.*?)```", text, re.DOTALL) if each.startswith("#!"))
    assert script.count("/home/ada/") == 3
    kept, bin_ = tmp_path / "zones" / "example.com.csv", tmp_path / "venv" / "bin"
    kept.parent.mkdir()
    bin_.mkdir(parents=True)
    (bin_ / "ovhcore").write_text(f'#!/bin/sh\nexec "{sys.executable}" -m ovhcore "$@"\n')
    (bin_ / "ovhcore").chmod(0o700)
    environment = {"PATH": os.defpath, "HOME": str(tmp_path)}  # as cron's: no variable of ours

    def ran() -> subprocess.CompletedProcess[str]:
        words = ["sh", "-c", script.replace("/home/ada", str(tmp_path))]
        return subprocess.run(words, capture_output=True, text=True, timeout=60, cwd="/", env=environment)

    with serve() as server:
        keys = "".join(f"{name} = {value}\n" for name, value in ACCESS_KEYS.items())
        (tmp_path / ".ovh.conf").write_text(f"[profile cron]\nendpoint = {server.url}\nproxy = none\n{keys}")
        (tmp_path / ".ovh.conf").chmod(0o600)
        done = ran()
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
        records = kept.read_text("utf-8")
        assert "fieldType" in records.splitlines()[0]
        server.sandbox.expire(str(ACCESS_KEYS["consumer_key"]))
        done = ran()
        assert done.returncode == 4
        assert "Error: " in done.stderr
        assert "call: GET " in done.stderr
        assert "next: " in done.stderr
        assert kept.read_text("utf-8") == records
