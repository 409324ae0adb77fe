"""Runs programs of others in a process of their own, on python-ovh or on ovhcore in its place."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from ovhcore_transports.sandbox import ACCESS_KEYS

__all__ = ["needs", "ran"]

PROGRAMS = Path(__file__).parent / "programs"


def needs(module: str) -> None:
    if importlib.util.find_spec(module) is None:
        pytest.skip(f"{module} is not installed: tox run -e dependants")
    pytest.importorskip("ovh", reason="python-ovh is not installed")


def ran(program: str, url: str, tmp_path: Path, *, on_ovhcore: bool) -> dict[str, Any]:
    command = [sys.executable, *(["-m", "ovhcore.as_ovh"] if on_ovhcore else []), str(PROGRAMS / program), url]
    variables = {
        **{name: value for name, value in os.environ.items() if not name.startswith("OVH_")},
        "KEYS": json.dumps(ACCESS_KEYS), "NO_PROXY": "127.0.0.1", "HOME": str(tmp_path),
    }  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, cwd=tmp_path, env=variables)
    assert done.returncode == 0, done.stdout + done.stderr
    told: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    assert told["ovh"] == ("ovhcore" if on_ovhcore else "ovh")
    return told["outcomes"]  # type: ignore[no-any-return]
