"""The full run has all of the kit; the others, on further Pythons and versions, a third of it for each transport."""

from __future__ import annotations

from pathlib import Path
from zlib import crc32

import pytest

from tests.profiles import FULL

HERE = Path(__file__).parent


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if FULL or config.getoption("keyword") or any("::" in argument for argument in config.args):
        return  # who asks for one of them gets it
    left = [item for item in items if HERE in item.path.parents and crc32(item.nodeid.encode()) % 3]
    config.hook.pytest_deselected(items=left)
    chosen = set(map(id, left))
    items[:] = [item for item in items if id(item) not in chosen]
