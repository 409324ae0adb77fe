"""Threads that end, and others after them: no library takes the process along."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).parent.parent.parent
CAN_TELL: Final = sys.platform == "linux" and __import__("platform").machine() == "x86_64"


def run(what: str, order: str, factor: int) -> str:
    command = [sys.executable, "-W", "ignore", "-m", "tests.transports.generations", what, order, str(factor)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, f"{done.returncode} {done.stdout} {done.stderr[-2000:]}"
    return done.stdout


@pytest.mark.spread
@pytest.mark.parametrize("order", ["none", "main", "one that ends", "gather", "asyncio", "fork"])
def test_pyreqwest_lives(order: str, times: Callable[[int, int], int]) -> None:
    """64 threads with 5 calls each, then 16 with 25, in whichever thread the library is needed first.

    In the thorough profile each makes four times as many.
    """
    if order == "fork" and not hasattr(__import__("os"), "fork"):
        pytest.skip("no fork on this platform")
    for _ in range(times(1, 12)):
        assert run("pyreqwest", order, times(1, 4)) == "answered\n"


@pytest.mark.skipif(not CAN_TELL, reason="it can be told on Linux and x86-64")
def test_pyreqwest_that_was_imported_in_a_thread_that_ended_is_refused(times: Callable[[int, int], int]) -> None:
    for _ in range(times(1, 12)):
        said = run("pyreqwest", "foreign", 1)
        assert said.startswith("refused: pyreqwest was first imported in a thread that is not the main one")


@pytest.mark.spread
@pytest.mark.parametrize("order", ["none", "main", "foreign"])
@pytest.mark.parametrize("what", ["urllib3", "httpx", "httpx2", "aiohttp", "parts"])
def test_the_others_live(what: str, order: str, times: Callable[[int, int], int]) -> None:
    if what.startswith("httpx") and order != "none" and times(0, 1) == 0:
        pytest.skip("in the full profile")
    for _ in range(times(1, 3)):
        assert run(what, order, times(1, 4)) == "answered\n"
