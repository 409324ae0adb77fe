"""A task under way, as a reboot: how far it is follows from the time at which somebody asks."""

from __future__ import annotations

from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, Final

__all__ = ["RunningTask"]


_NONE: Final[dict[str, Any]] = {}


def _no_steps() -> dict[str, Any]:
    return _NONE  # one for all, as there are many


@dataclass(slots=True)
class RunningTask:
    """A task that was begun: what the API calls a task, an operation or an order that is carried out.

    "Operation" is what the schema calls a method of a path.

    Attributes:
        subject: the name or id of what it is done to.
        kind: what is done.
        number: its id in version 1.
        begun: when, in seconds since 1970.
        seconds: what it takes.
        fails: whether it fails in the end.
        settled: whether its end was carried out.
        steps: what it changes on its way, as data.
    """

    subject: str
    kind: str
    number: int
    begun: float
    seconds: float
    fails: bool
    settled: bool = False
    steps: dict[str, Any] = field(default_factory=_no_steps)

    @property
    def uuid(self) -> str:
        """Its id in version 2."""
        text = sha256(f"task {self.number}".encode()).hexdigest()
        return f"{text[:8]}-{text[8:12]}-4{text[13:16]}-8{text[17:20]}-{text[20:32]}"

    def since(self, phase: int) -> float:
        """Return when a phase begins: 0 is to be accepted, 1 to wait, 2 to be carried out, 3 to be over."""
        return self.begun + self.seconds * (0, 1 / 6, 1 / 3, 1)[phase]

    def phase(self, now: float) -> int:
        """Return in which phase it is."""
        return max(phase for phase in range(4) if phase == 0 or now >= self.since(phase))

    def over(self, now: float) -> bool:
        """Return whether it is over."""
        return self.phase(now) == 3
