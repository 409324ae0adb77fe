"""Where coverage is not counted: what is traced takes twice as long, and some tests reach nothing of their own."""

from __future__ import annotations

import importlib
import pkgutil
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType

__all__ = ["import_all", "untraced"]


@contextmanager
def untraced() -> Iterator[None]:
    """Trace neither this thread nor those that it starts.

    The marker ``no_cover`` of pytest-cov does not do it in a worker of xdist, where coverage is begun twice: it stops
    what was begun last, and the first goes on.
    """
    here, elsewhere = sys.gettrace(), threading.gettrace()
    sys.settrace(None)
    threading.settrace(None)
    try:
        yield
    finally:
        threading.settrace(elsewhere)
        sys.settrace(here)


def import_all(*packages: ModuleType) -> None:
    """Import every module of some packages, so that what runs while they are imported is counted."""
    for package in packages:
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            importlib.import_module(module.name)
