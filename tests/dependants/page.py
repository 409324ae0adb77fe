"""The page that says what differs from python-ovh."""

from __future__ import annotations

from pathlib import Path

__all__ = ["PAGE", "STAND_IN", "rows", "whole_rows"]

PAGE = Path(__file__).resolve().parents[2] / "docs" / "how-to" / "move-from-python-ovh.md"
STAND_IN = "unless ovhcore stands in for `ovh`"
"""What a row says where the two do not differ in a process in which ``ovh`` is ovhcore."""


def rows() -> list[str]:
    """Return what the rows of its tables say of python-ovh."""
    return [row.partition(" | ")[0] for row in whole_rows()]


def whole_rows() -> list[str]:
    """Return the rows of its tables."""
    lines = PAGE.read_text("utf-8").splitlines()
    return [line.removeprefix("| ") for line in lines if line.startswith("| ")]
