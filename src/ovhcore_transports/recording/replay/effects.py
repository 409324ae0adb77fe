"""Time, sleep and chance from a recording: nothing waits, and everything comes out the same."""

from __future__ import annotations

import random
from math import inf
from typing import Final

from ovhcore._internal import parse_http_date
from ovhcore.protocol import Now

from ...base.forks import renew_after_fork
from ...base.locks import Lock
from ..cassette.cassettes import Cassette
from ..cassette.interactions import Draw, Interaction, World

__all__ = ["ReplayedEffects"]

_START: Final = 1_000_000_000.0  # of a cassette that tells no time


def _time_of(interaction: Interaction) -> float | None:
    """Return when an interaction was sent, None if it does not tell."""
    if interaction.at is not None:
        return interaction.at
    stamp = interaction.request.headers.get("x-ovh-timestamp", "")
    if len(stamp) <= 12 and stamp.isascii() and stamp.isdigit():
        return float(stamp)
    response = interaction.response
    date = parse_http_date(response.headers.get("date", "")) if response is not None else None
    return None if date is None else float(date)


class ReplayedEffects:
    """The clock and the chance of a recording. Safe to use from many threads.

    The readings of the clocks are given out in order. Playing an interaction leads to the
    readings after it, so that a program that reads the clock less often, or asks in
    another order, does not fall behind. Where nothing was recorded, time stands still
    but for sleeping.

    Args:
        cassette: the recording.
    """

    def __init__(self, cassette: Cassette) -> None:
        self._cassette = cassette
        self._lock = Lock()
        self._played = 0  # interactions up to this one lie behind
        self._clock: list[Now] = []
        self._uniform: list[Draw] = []
        self._chance = random.Random(0)
        self._base = (0.0, 0.0)
        first = next(filter(None, map(_time_of, cassette)), _START)
        self._now = Now(first, 0.0)
        self._lead(0)
        if self._clock:
            # However long the program slept before it first looked at the clock, it saw this.
            self._now = Now(self._clock[0].wall, -inf)
        renew_after_fork(self)

    def after_fork(self) -> None:
        """Make a new lock in the child of a fork."""
        self._lock = Lock()

    def _lead(self, number: int) -> None:
        """Give out from now on the readings between interaction ``number`` and the one before it."""
        interactions = self._cassette.interactions
        parts = [self._cassette.between.get(number, World())]
        parts.append(interactions[number].world if number < len(interactions) else self._cassette.tail)
        self._played = number
        self._clock = [now for part in parts for now in part.clock]
        self._uniform = [draw for part in parts for draw in part.uniform]

    def play(self, number: int) -> None:
        """Pass to the readings after an interaction."""
        with self._lock:
            if number < self._played:
                return
            interaction = self._cassette.interactions[number]
            unread = interaction.world.clock if number > self._played else self._clock
            if unread:
                self._now = self._shifted(unread[-1])
            if not interaction.world.clock and (when := _time_of(interaction)) is not None:
                # A recording of another tool: it tells when it was asked at most.
                later = max(0.0, when - self._now.wall)
                self._now = Now(self._now.wall + later, self._now.monotonic + later)
            self._lead(number + 1)

    def glance(self) -> Now:
        """Return the last reading of the clocks."""
        with self._lock:
            return self._now

    def clock(self) -> Now:
        """Return the next reading of the clocks; the last one again where none was recorded."""
        with self._lock:
            if self._clock:
                self._now = self._shifted(self._clock.pop(0))
            return self._now

    def _shifted(self, seen: Now) -> Now:
        """Return a reading that is not before the last one: after more sleep than recorded, or a restart."""
        wall, monotonic = self._base
        if seen.monotonic + monotonic < self._now.monotonic:
            monotonic = self._now.monotonic - seen.monotonic
            wall = max(wall, self._now.wall - seen.wall)
            self._base = (wall, monotonic)
        return Now(seen.wall + wall, seen.monotonic + monotonic)

    def sleep(self, seconds: float) -> None:
        """Let time pass, at once."""
        with self._lock:
            passed = max(0.0, seconds)
            self._now = Now(self._now.wall + passed, self._now.monotonic + passed)

    def uniform(self, low: float, high: float) -> float:
        """Return the number that was drawn; between other bounds, the number at the same place between them."""
        with self._lock:
            if not self._uniform:
                return self._chance.uniform(low, high)
            drawn = self._uniform.pop(0)
        if (drawn.low, drawn.high) == (low, high):
            return drawn.value
        width = drawn.high - drawn.low
        return low + (high - low) * ((drawn.value - drawn.low) / width if width else 0.0)
