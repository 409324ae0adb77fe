"""The notebook, run by a real kernel: cells that await, a table, a plot."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

nbformat: Any = pytest.importorskip("nbformat", reason="tox's environment frameworks has it")
nbclient: Any = pytest.importorskip("nbclient", reason="tox's environment frameworks has it")
pytest.importorskip("ipykernel", reason="tox's environment frameworks has it")

pytestmark = [
    pytest.mark.once,
    # of Jupyter's libraries, about themselves
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

FRAMEWORKS = Path(__file__).resolve().parents[2] / "examples" / "frameworks"


def test_the_notebook(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("OVH_TRANSPORT", "sandbox")
    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", str(tmp_path))
    notebook = nbformat.read(FRAMEWORKS / "bills.ipynb", as_version=4)
    assert all(cell.get("outputs", []) == [] for cell in notebook.cells)
    nbclient.NotebookClient(notebook, timeout=60, kernel_name="python3").execute()
    me, table, plot, end = (cell.outputs for cell in notebook.cells if cell.cell_type == "code")
    assert me[0]["data"]["text/plain"] == "'Ada'"
    assert "<table" in table[0]["data"]["text/html"]
    assert "FR54100001" in table[0]["data"]["text/html"]
    assert len(plot[0]["data"]["image/png"]) > 1000
    assert end == []
