"""How long the tests try, by the profile: ``HYPOTHESIS_PROFILE`` is quick, default, full or thorough.

What does not depend on chance is the same in all of them, but for the conformance kit: quick and default
run a third of it for each transport.
"""

from __future__ import annotations

import os
from typing import Final

__all__ = ["FULL", "PROFILE", "THOROUGH", "tries"]

PROFILE: Final = os.environ.get("HYPOTHESIS_PROFILE") or "default"
THOROUGH: Final = PROFILE == "thorough"
FULL: Final = THOROUGH or PROFILE == "full"


def tries(default: int, thorough: int) -> int:
    """Return how often to try something: a quarter of the default if quick, half as much again if full."""
    half_more = min(default * 3 // 2, thorough)
    numbers = {"quick": -(-default // 4), "default": default, "full": half_more, "thorough": thorough}
    return numbers[PROFILE]
