"""mypy and pyright, run as their users run them."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

_LINE = re.compile(r"^(?P<file>[^:]+):(?P<line>\d+): error: ")


def _run(arguments: list[str], folder: Path) -> str:
    ran = subprocess.run(
        [sys.executable, "-m", *arguments],
        cwd=folder,
        env={**os.environ, "NO_COLOR": "1"},
        capture_output=True,
        text=True,
        timeout=900,
        check=False,
    )
    assert ran.returncode in (0, 1), ran.stdout + ran.stderr
    return ran.stdout


def mypy(file: Path) -> set[int]:
    """Return the lines in which mypy, strict, finds something."""
    pytest.importorskip("mypy")
    found = _run(["mypy", "--strict", "--cache-dir", str(file.parent / ".mypy"), file.name], file.parent)
    matches = [match for line in found.splitlines() if (match := _LINE.match(line))]
    assert all(match["file"] == file.name for match in matches), found
    assert matches or "Success" in found, found
    return {int(match["line"]) for match in matches}


def pyright(file: Path) -> set[int]:
    """Return the lines in which pyright, strict, finds something."""
    pytest.importorskip("pyright")
    (file.parent / "pyrightconfig.json").write_text(json.dumps({"typeCheckingMode": "strict"}), "utf-8")
    found = _run(["pyright", "--outputjson", "--pythonpath", sys.executable, file.name], file.parent)
    report = json.loads(found[found.index("{") :])
    assert report["summary"]["filesAnalyzed"] == 1, found
    errors = [each for each in report["generalDiagnostics"] if each["severity"] == "error"]
    return {each["range"]["start"]["line"] + 1 for each in errors}


CHECKERS = [pytest.param(mypy, id="mypy"), pytest.param(pyright, id="pyright")]
