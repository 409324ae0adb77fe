"""What was looked at, and what came of it."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

__all__ = ["OK", "PROBLEM", "SKIPPED", "WARNING", "CheckResult", "passed_over"]

OK: Final = "ok"
WARNING: Final = "warning"
PROBLEM: Final = "problem"
SKIPPED: Final = "skipped"


class CheckResult(NamedTuple):
    """What came of a look at one thing.

    Attributes:
        check: what was looked at.
        state: ``"ok"``, ``"warning"``, ``"problem"`` or ``"skipped"``.
        text: what was found, in words.
        next: what to do about it, or None.
        details: lines that say more.
    """

    check: str
    state: str
    text: str
    next: str | None = None
    details: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """Return it as JSON has it."""
        return {**self._asdict(), "details": list(self.details)}


def passed_over(check: str, why: str) -> CheckResult:
    """Return that something was not looked at."""
    return CheckResult(check, SKIPPED, f"not looked at: {why}")
