"""How long the tests try, by the profile: ``HYPOTHESIS_PROFILE`` is quick, default, full or thorough.

``TESTS_PART=2/4`` has a run leave three quarters of the conformance kit, and of other tests marked ``spread``, to three
other runs: those on further Pythons, and with other versions of libraries. Without it all of them run.
``TESTS_HALF=1/2`` has a run leave half of the others to another run: of a test with parameters, every other case.
"""

from __future__ import annotations

import os
from typing import Final
from zlib import crc32

__all__ = ["FULL", "PROFILE", "THOROUGH", "is_of_this_half", "is_of_this_part", "tries"]

PROFILE: Final = os.environ.get("HYPOTHESIS_PROFILE") or "default"
THOROUGH: Final = PROFILE == "thorough"
FULL: Final = THOROUGH or PROFILE == "full"


def tries(default: int, thorough: int) -> int:
    """Return how often to try something: a quarter of the default if quick, half as much again if full."""
    half_more = min(default * 3 // 2, thorough)
    numbers = {"quick": -(-default // 4), "default": default, "full": half_more, "thorough": thorough}
    return numbers[PROFILE]


def is_of_this_part(group: str, name: str) -> bool:
    """Say whether a test is one of those that this run has of the tests that several runs share.

    Each run has each test for some of the groups, as the kit's classes are for transports.
    """
    part, _, parts = os.environ.get("TESTS_PART", "1/1").partition("/")
    return (crc32(group.encode()) + crc32(name.encode())) % int(parts) == int(part) - 1


def is_of_this_half(test: str, number: int) -> bool:
    """Say whether this run has a test, or the case with a number of one that has several.

    Which case comes first differs from test to test, so that no run has the same transport each time.
    """
    part, _, parts = os.environ.get("TESTS_HALF", "1/1").partition("/")
    return (crc32(test.encode()) + number) % int(parts) == int(part) - 1
