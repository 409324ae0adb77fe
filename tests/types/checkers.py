"""mypy and pyright, run as their users run them."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import pytest

_LINE = re.compile(r"^(?P<file>[^:]+):(?P<line>\d+): error: ")

Found: TypeAlias = dict[str, set[int]]
"""Lines by the name of the file, from 1."""
Checker: TypeAlias = Callable[[Path], Found]


def _run(arguments: list[str], folder: Path) -> str:
    ran = subprocess.run(
        [sys.executable, "-m", *arguments],
        cwd=folder,
        env={**os.environ, "NO_COLOR": "1"},
        capture_output=True,
        text=True,
        timeout=1800,
        check=False,
    )
    assert ran.returncode in (0, 1), ran.stdout + ran.stderr
    return ran.stdout


def _files(folder: Path) -> list[str]:
    """Return the files that are checked: all, but modules that have a stub, which stands in for them."""
    files = [*folder.glob("*.py"), *folder.glob("*.pyi")]
    return sorted(each.name for each in files if each.suffix == ".pyi" or not each.with_suffix(".pyi").exists())


def mypy(folder: Path) -> Found:
    """Return the lines of the files of a folder in which mypy, strict, finds something."""
    pytest.importorskip("mypy")
    files = _files(folder)
    output = _run(["mypy", "--strict", "--cache-dir", str(folder / ".mypy"), *files], folder)
    found: Found = {name: set() for name in files}
    for line in output.splitlines():
        if match := _LINE.match(line):
            found[match["file"]].add(int(match["line"]))
    assert f"in {len(files)} source file" in output or f"(checked {len(files)} source file" in output, output
    return found


def pyright(folder: Path) -> Found:
    """Return the lines of the files of a folder in which pyright, strict, finds something."""
    pytest.importorskip("pyright")
    files = _files(folder)
    (folder / "pyrightconfig.json").write_text(json.dumps({"typeCheckingMode": "strict"}), "utf-8")
    output = _run(["pyright", "--outputjson", "--pythonpath", sys.executable, *files], folder)
    report = json.loads(output[output.index("{") :])
    assert report["summary"]["filesAnalyzed"] == len(files), output
    found: Found = {name: set() for name in files}
    for each in report["generalDiagnostics"]:
        if each["severity"] == "error":
            found[Path(each["file"]).name].add(each["range"]["start"]["line"] + 1)
    return found


CHECKERS = [pytest.param(mypy, id="mypy"), pytest.param(pyright, id="pyright")]
