"""What pages of the guide show really runs: those that are about whole programs, each in a process of its own."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

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
