"""Single steps of limits, each from a state that is written down."""

from __future__ import annotations

import pytest

from ovhcore_transports.shared.store_commands import limits
from ovhcore_transports.shared.store_commands.answers import GO, LATE, NEW, WAIT

pytestmark = pytest.mark.once

SECOND = 1_000_000
START = 1_700_000_000 * SECOND
LEASE = 10 * SECOND
ONE = 1_030_928  # the interval of one in a second


def test_places_that_are_given_back_tell_how_long_they_were_used() -> None:
    state, _ = limits.take(None, START, 0, 1, 3, -1, NEW, "a", LEASE)
    for name in ("b", "c"):
        state, _ = limits.take(state, START, 0, 1, 3, -1, NEW, name, LEASE)
    state, _ = limits.renew(state, START, LEASE, 0, "a", 1000, "b", 2000, "c", -1, "unknown", 5)
    assert (state["dur"], state["active"]) == (1100, {})
    state, answer = limits.take(state, START, 0, 1, 3, -1, state["epoch"], "d", LEASE)  # it has waited for a place
    assert answer[:2] == [GO, 0]


def test_who_comes_for_a_turn_waits_while_the_window_is_full() -> None:
    state, _ = limits.take(None, START, ONE, 1, 0, -1, NEW, "a", LEASE)
    state, (verdict, wait, epoch, _, turn) = limits.take(state, START, ONE, 1, 0, -1, NEW, "b", LEASE)
    assert (verdict, wait) == (WAIT, ONE)
    now = START + wait
    late = (f"@{START}", SECOND // 2)  # the first was used half a second late, so the second may not go yet
    state, answer = limits.take(state, now, ONE, 1, 0, -1, epoch, "b", LEASE, turn, *late)
    assert answer[0] == WAIT
    state, answer = limits.take(state, now + answer[1], ONE, 1, 0, -1, epoch, "b", LEASE, answer[4])
    assert answer[:2] == [GO, 0]


def test_who_is_much_too_late_goes_behind_a_turn_that_is_given_already() -> None:
    interval = 103_093  # ten in a second
    state, answer = limits.take(None, START, interval, 1, 0, -1, NEW, "a", LEASE)
    for _ in range(9):
        state, answer = limits.take(state, answer[4], interval, 1, 0, -1, NEW, "a", LEASE)
    now = answer[4] - 1000  # before the last of ten
    state, answer = limits.take(state, now, interval, 1, 0, -1, LATE, "late", LEASE)
    assert answer[1] > 1000
