"""The way to types from a terminal: one command, and one changed import in programs that know nothing of them."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.types.checkers import mypy

pytestmark = pytest.mark.once

_ROOT = Path(__file__).resolve().parent.parent.parent
_PAGE = _ROOT / "docs" / "how-to" / "type-check-calls.md"
_PROGRAMS = ("bills.py", "bills_async.py", "burst.py", "export_bills.py", "reboot.py")
_WRONG = '\nprint(ovh.Client().get("/me")["firstnam"])\n'


def _ran(folder: Path, *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=folder,
        env={**os.environ, "OVH_TRANSPORT": "sandbox"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def _typed(source: str) -> str:
    text, changed = re.subn(r"^import ovhcore as ovh$", "import ovh_types as ovh", source, flags=re.MULTILINE)
    assert changed == 1
    return text


def test_one_command_and_one_changed_import(tmp_path: Path) -> None:
    pytest.importorskip("click")
    src = tmp_path / "src"
    src.mkdir()
    expected: dict[str, set[int]] = {"ovh_types.pyi": set()}
    for name in _PROGRAMS:
        (src / name).write_text(_typed((_ROOT / "examples" / name).read_text("utf-8")), "utf-8")
        expected[name] = set()
    (src / "wrong.py").write_text("import ovh_types as ovh\n" + _WRONG, "utf-8")
    expected["wrong.py"] = {3}
    for number, block in enumerate(
        re.findall(r"```{code-block} python\n(.*?)```", _PAGE.read_text("utf-8"), re.DOTALL)
    ):
        (src / f"page{number}.py").write_text(block, "utf-8")
        expected[f"page{number}.py"] = set()
    assert "import it in place of ovhcore" in _ran(tmp_path, "-m", "ovhcore", "types", "--scan", "src/")
    assert mypy(src) == expected
    assert "up to date" not in _ran(tmp_path, "-m", "ovhcore.schema.stubs", "--scan", "src/", "--check")
    assert _ran(src, "bills.py") == _ran(tmp_path, str(_ROOT / "examples" / "bills.py"))
