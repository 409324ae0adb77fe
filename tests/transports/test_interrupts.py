"""Whatever interrupts a call, and wherever: the next one is answered, rightly and in time, and no place is lost."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).parent.parent.parent
BLOCKING: Final = ("urllib3", "stdlib", "httpx", "httpx2", "pyreqwest", "sandbox", "record")

pytestmark = [
    pytest.mark.skipif(not hasattr(__import__("signal"), "setitimer"), reason="no timers on this platform"),
    pytest.mark.spread,
]


def interrupt(transport: str, kinds: str, seed: int, **numbers: int) -> None:
    command = [sys.executable, "-m", "tests.transports.interrupting", transport, "--kinds", kinds, "--seed", str(seed)]
    for way, number in numbers.items():
        command += [f"--{way}", str(number)]
    done = subprocess.run(
        command, cwd=ROOT, env={**os.environ, "PYTHONHASHSEED": "0"}, capture_output=True, text=True, timeout=3000
    )
    assert done.returncode == 0, done.stderr[-4000:]


@pytest.mark.parametrize("part", range(4))
@pytest.mark.parametrize("transport", BLOCKING)
def test_interrupts_aimed_at_each_step_of_a_call(transport: str, part: int, times: Callable[[int, int], int]) -> None:
    """An exception before each of the interpreter's steps: 20,000 for each transport in the thorough profile."""
    interrupt(transport, "one", part, aimed=times(40, 5000))


@pytest.mark.parametrize("transport", BLOCKING)
def test_signals_and_exceptions_of_other_threads(transport: str, times: Callable[[int, int], int]) -> None:
    interrupt(transport, "one", 10, aimed=0, timed=times(100, 2000), struck=times(50, 500), stormed=times(50, 1000))


@pytest.mark.parametrize("transport", ["urllib3", "stdlib", "httpx", "sandbox"])
def test_calls_side_by_side(transport: str, times: Callable[[int, int], int]) -> None:
    # Traced step by step, Python 3.12 crashes when its collector closes generators that threads have begun.
    aimed = 0 if sys.version_info[:2] == (3, 12) else times(50, 2000)
    interrupt(transport, "many,each", 11, aimed=aimed, timed=times(50, 500))


@pytest.mark.parametrize("transport", ["urllib3", "stdlib", "httpx"])
def test_calls_with_a_total_timeout(transport: str, times: Callable[[int, int], int]) -> None:
    interrupt(transport, "total", 12, aimed=times(100, 4000), timed=times(50, 500))


@pytest.mark.parametrize("transport", ["throttled", "server time"])
def test_calls_that_share_more(transport: str, times: Callable[[int, int], int]) -> None:
    """Limits of their own; the API's clock."""
    interrupt(transport, "one", 13, aimed=times(100, 4000), timed=times(50, 500))
