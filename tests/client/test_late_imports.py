"""Methods that import when they are first called, and are first called while the interpreter shuts down."""

from __future__ import annotations

import subprocess
import sys

import pytest

from ovhcore.exceptions import ClientClosed
from ovhcore.flows.interpreter_exit import reporting_shutdown

pytestmark = pytest.mark.once

PROGRAM = """
import builtins, ovhcore

client = ovhcore.Client(transport="sandbox")
client.get("/me")
CALLS = [
    lambda: list(client.iterate("/me/bill")),
    lambda: client.batch("/me/bill/{billId}", ["a", "b"]),
    lambda: client.gather(["/me", "/me"]),
    lambda: client.wait("/me"),
    lambda: client.update("/v2/vrackServices/resource/{id}", {}, id="a"),
]

class Last:
    def __del__(self, calls=CALLS, print=print, type=type, Exception=Exception):
        for call in calls:
            try:
                call()
            except Exception as error:
                print(type(error).__name__, flush=True)

builtins.kept = Last()
"""


def test_each_says_that_the_interpreter_ends() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, timeout=120, check=True)
    assert done.stdout.split() == ["ClientClosed"] * 5, done.stderr


def failing() -> None:
    with reporting_shutdown:
        raise ImportError("sys.meta_path is None, Python is likely shutting down")


def test_only_at_the_end_another_exception_is_raised(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ImportError):
        failing()
    with pytest.raises(ValueError, match="mine"), reporting_shutdown:
        raise ValueError("mine")
    monkeypatch.setattr(sys, "is_finalizing", lambda: True)
    with pytest.raises(ClientClosed, match="shutting down"):
        failing()
