"""Fixtures of sandboxes. Nothing of the sandbox is loaded before a test asks for one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from ...sandbox.serving.handle import SandboxHandle

__all__ = ["ovh_sandbox", "ovh_sandbox_session"]


@pytest.fixture
def ovh_sandbox() -> Iterator[SandboxHandle]:
    """A new sandbox of the API: ``client()``, ``async_client()``, ``serve()``, ``environment()``, ``sandbox``."""
    from ...sandbox.serving.handle import SandboxHandle

    with closing(SandboxHandle()) as handle:
        yield handle


@pytest.fixture(scope="session")
def ovh_sandbox_session() -> Iterator[SandboxHandle]:
    """One sandbox for all tests; ``reset()`` between them lets it begin anew."""
    from ...sandbox.serving.handle import SandboxHandle

    with closing(SandboxHandle()) as handle:
        yield handle
