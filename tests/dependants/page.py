"""The page that says what differs from python-ovh."""

from __future__ import annotations

from pathlib import Path

__all__ = ["PAGE", "rows"]

PAGE = Path(__file__).resolve().parents[2] / "docs" / "how-to" / "move-from-python-ovh.md"


def rows() -> list[str]:
    """Return what the rows of its tables say of python-ovh."""
    lines = PAGE.read_text("utf-8").splitlines()
    return [line.removeprefix("| ").partition(" | ")[0] for line in lines if line.startswith("| ")]
