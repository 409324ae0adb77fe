"""Rounds that take turns, so that a busy machine is as busy for one as for the other; medians of their CPU time."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from statistics import median


def cpu_per_call(programs: Mapping[str, Callable[[int], object]], *, rounds: int, calls: int) -> dict[str, float]:
    """Return the median CPU time of the process per call, in microseconds, by name.

    Args:
        programs: each makes as many calls as it is told.
        rounds: how often the programs take turns.
        calls: how many calls make a round.
    """
    for program in programs.values():
        program(calls)  # connections, caches
    spent: dict[str, list[float]] = {name: [] for name in programs}
    for number in range(rounds):
        names = list(programs)
        for name in names[number % len(names) :] + names[: number % len(names)]:
            begin = time.process_time()
            programs[name](calls)
            spent[name].append((time.process_time() - begin) / calls * 1e6)
    return {name: median(times) for name, times in spent.items()}


def table(figures: Mapping[str, float], against: str, unit: str = "CPU us") -> str:
    """Return the figures and their ratios to one of them, as Markdown."""
    lines = [f"| | {unit} | x {against} |", "| --- | ---: | ---: |"]
    lines += [f"| {name} | {value:.1f} | {value / figures[against]:.2f} |" for name, value in figures.items()]
    return "\n".join(lines)
