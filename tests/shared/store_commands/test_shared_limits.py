"""The shared limit as a function: never more than agreed, in order; and the same in a server's script as here."""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable
from math import ceil
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ovhcore_transports.shared.store_commands import limits
from ovhcore_transports.shared.store_commands.answers import CONFIRM, FULL, GO, LATE, NEW, TOO_LATE, WAIT
from ovhcore_transports.shared.stores.base import Store
from tests.profiles import tries
from tests.shared.conftest import Server

pytestmark = pytest.mark.once

SECOND = 1_000_000
START = 1_700_000_000 * SECOND
LEASE = 10 * SECOND


class Callers:
    """Callers of many processes in virtual time: each asks as the flow does, and uses its place for a while."""

    def __init__(self, interval: int, burst: int, places: int) -> None:
        self.limit = (interval, burst, places)
        self.state: dict[str, Any] | None = None
        self.sent: list[tuple[int, str]] = []
        self.asked = 0

    def run(self, arrivals: list[tuple[int, int]]) -> None:
        """Let callers arrive at times, each with the time that its exchange takes."""
        events: list[tuple[int, int, str, str, int, int]] = []
        ticks = itertools.count()
        for number, (arrival, duration) in enumerate(arrivals):
            heapq.heappush(events, (START + arrival, next(ticks), "ask", f"c{number}", duration, -1))
        while events:
            now, _, what, name, duration, ticket = heapq.heappop(events)
            if what == "send":
                self.sent.append((now, name))
                heapq.heappush(events, (now + duration, next(ticks), "end", name, duration, 0))
            elif what == "end":
                self.state, _ = limits.renew(self.state, now, LEASE, 0, name, duration)
            else:
                self.asked += 1
                self.state, answer = limits.take(self.state, now, *self.limit, -1, ticket, name, LEASE)
                verdict, wait, epoch, *_ = answer
                kind, held = ("send", 0) if verdict == GO else ("ask", epoch)
                heapq.heappush(events, (now + wait, next(ticks), kind, name, duration, held))


@settings(max_examples=tries(60, 2000))
@given(
    st.integers(1_000, 2 * SECOND),
    st.integers(1, 8),
    st.lists(st.tuples(st.integers(0, 3 * SECOND), st.integers(0, SECOND)), min_size=1, max_size=60),
)
def test_never_more_than_the_rate_allows_and_first_come_first_served(
    interval: int, burst: int, arrivals: list[tuple[int, int]]
) -> None:
    callers = Callers(interval, burst, 0)
    callers.run(sorted(arrivals))
    times = [when for when, _ in callers.sent]
    assert len(times) == len(arrivals)
    assert [name for _, name in callers.sent] == [f"c{number}" for number in range(len(arrivals))]
    for first, last in itertools.combinations(range(len(times)), 2):
        assert last - first + 1 <= burst + (times[last] - times[first]) / interval
    # Nothing that could be used is wasted: a turn is later than its arrival only if those before use all there is.
    for number, (when, _) in enumerate(callers.sent):
        if when > START + sorted(arrivals)[number][0]:
            assert number >= burst
            assert when - times[number - burst] <= burst * interval


@settings(max_examples=tries(40, 1000))
@given(
    st.integers(1, 5),
    st.lists(st.tuples(st.integers(0, SECOND), st.integers(1, SECOND // 2)), min_size=1, max_size=60),
)
def test_never_more_under_way_than_there_are_places(places: int, arrivals: list[tuple[int, int]]) -> None:
    callers = Callers(0, 1, places)
    callers.run(sorted(arrivals))
    assert len(callers.sent) == len(arrivals)
    durations = [duration for _, duration in sorted(arrivals)]
    changes = []
    for when, name in callers.sent:
        changes += [(when, 1), (when + durations[int(name[1:])], -1)]
    under_way = 0
    for _, change in sorted(changes):
        under_way += change
        assert under_way <= places
    assert callers.asked <= 40 * len(arrivals)  # they do not ask again and again


def test_who_has_waited_long_asks_once_more_and_then_goes() -> None:
    interval = 2 * CONFIRM
    state, _ = limits.take(None, START, interval, 1, 0, -1, -1, "a", LEASE)
    state, (verdict, wait, epoch, *_) = limits.take(state, START, interval, 1, 0, -1, -1, "b", LEASE)
    assert (verdict, wait) == (WAIT, interval)
    state, answer = limits.take(state, START + wait, interval, 1, 0, -1, epoch, "b", LEASE)
    assert answer[:2] == [GO, 0]


def test_a_429_voids_turns_halves_the_speed_and_each_request_gives_some_back() -> None:
    state, _ = limits.take(None, START, 1000, 1, 0, -1, -1, "a", LEASE)
    state, _ = limits.slow(state, START, SECOND, 0)
    state, _ = limits.slow(state, START, SECOND // 2, 0)  # of those sent before anybody knew, one counts
    assert (state["speed"], state["epoch"]) == (FULL // 2, 1)
    state, answer = limits.take(state, START + 1, 1000, 1, 0, -1, 0, "b", LEASE)  # the ticket is void
    assert answer[:2] == [WAIT, SECOND - 1]
    state, answer = limits.take(state, START + SECOND, 1000, 1, 0, -1, 1, "b", LEASE)
    assert answer[:2] == [GO, 0]
    for number in range(100):
        state, answer = limits.take(state, START + SECOND + number, 1000, 1, 0, -1, -1, "c", LEASE)
    assert state["speed"] == FULL
    for epoch in range(1, 12):
        state, _ = limits.slow(state, START + SECOND, 1, epoch)
    assert state["speed"] == FULL // 64


def test_one_that_comes_much_too_late_goes_at_once_if_that_is_not_too_much() -> None:
    interval = 17_183  # 58.2 in a second, of 60
    state, turns = None, []
    for number in range(59):
        state, answer = limits.take(state, START + number * interval, interval, 1, 0, -1, NEW, "a", LEASE)
        assert answer[:2] == [GO, 0]
        turns.append(answer[4])
    now = turns[-1] + 1000
    for late in (turns[40], turns[41], None, None):  # two that were not used, and one more are free
        unused = () if late is None else (f"@{late}", -1)
        waited = answer[1]
        state, answer = limits.take(state, now, interval, 1, 0, -1, LATE, "b", LEASE, 0, *unused)
        assert (answer[0], waited) == (GO, 0)
    assert answer[1] > 0


class LateCallers:
    """Callers that call again and again, as processes on a busy machine do: they wake late, and say so later.

    Args:
        rate: of the limit, in a second.
        late: returns microseconds by which a caller wakes late.
        said: returns microseconds after which the store knows of it.
    """

    def __init__(self, rate: float, late: Callable[[], int], said: Callable[[], int]) -> None:
        self.interval = ceil(1e6 / (rate * 0.97))
        self.late, self.said = late, said
        self.came: list[int] = []
        self.waited: list[int] = []

    def run(self, callers: int, calls: int) -> None:
        """Let callers make calls, one after the other."""
        state: Any = None
        ticks = itertools.count()
        left = [calls] * callers
        events: list[tuple[int, int, str, tuple[Any, ...]]] = []
        for number in range(callers):
            heapq.heappush(events, (START, next(ticks), "ask", (number, START, NEW, 0, 3)))
        while events:
            now, _, what, (number, *rest) = heapq.heappop(events)
            if what == "say":
                state, _ = limits.renew(state, now, LEASE, 0, *rest)
                continue
            begun, ticket, turn, turns = rest
            if what == "send":
                late = now - turn
                if late > 250_000 and turns > 1:
                    heapq.heappush(events, (now, next(ticks), "say", (0, f"@{turn}", -1)))
                    heapq.heappush(events, (now, next(ticks), "ask", (number, begun, LATE, 0, turns - 1)))
                    continue
                if late > 5000:
                    heapq.heappush(events, (now + self.said(), next(ticks), "say", (0, f"@{turn}", late)))
                self.came.append(now)
                self.waited.append(now - begun)
                left[number] -= 1
                if left[number]:
                    heapq.heappush(events, (now + 1000, next(ticks), "ask", (number, now + 1000, NEW, 0, 3)))
                continue
            state, answer = limits.take(state, now, self.interval, 1, 0, -1, ticket, f"c{number}", LEASE, turn)
            verdict, wait, epoch, _, turn = answer
            what, ticket = ("send", 0) if verdict == GO else ("ask", epoch)
            heapq.heappush(events, (now + wait + self.late(), next(ticks), what, (number, begun, ticket, turn, turns)))
        self.came.sort()


@settings(max_examples=tries(40, 1000))
@given(
    st.sampled_from([0.9, 1, 2.5, 10, 60, 200]),
    st.integers(1, 30),
    st.lists(st.integers(0, 250_000), min_size=1, max_size=40),
    st.lists(st.integers(0, 300_000), min_size=1, max_size=10),
)
def test_late_callers_are_never_too_many_in_any_window(
    rate: float, number: int, late: list[int], said: list[int]
) -> None:
    callers = LateCallers(rate, itertools.cycle(late).__next__, itertools.cycle(said).__next__)
    callers.run(number, max(2, 150 // number))
    most = ceil(rate)
    window = most / rate * SECOND
    for at, begin in enumerate(callers.came[most:]):
        assert begin - callers.came[at] >= window


def test_a_busy_machine_uses_the_limit_and_lets_nobody_wait_for_long() -> None:
    chance = Random(7)

    def late() -> int:
        # Most wake in time, one of ten up to 40 ms late, and one of a hundred 100 ms.
        kind = chance.random()
        return 100_000 if kind < 0.01 else chance.randrange(40_000) if kind < 0.1 else chance.randrange(2000)

    callers = LateCallers(60, late, lambda: chance.randrange(20_000))
    callers.run(8, 200)
    came, waited = callers.came, callers.waited
    assert len(came) == 1600
    assert all(last - first >= SECOND for first, last in zip(came, came[60:], strict=False))
    assert (len(came) - 1) / ((came[-1] - came[0]) / SECOND) >= 0.95 * 60
    assert max(waited) <= 2 * sum(waited) / len(waited)


def test_a_clock_that_was_set_back_begins_anew() -> None:
    state, _ = limits.take(None, START, SECOND, 1, 0, -1, -1, "a", LEASE)
    state, answer = limits.take(state, START - 3600 * SECOND, SECOND, 1, 0, -1, -1, "b", LEASE)
    assert answer[:2] == [GO, 0]


def test_a_turn_that_a_store_does_not_know_any_more_counts_when_it_was_used() -> None:
    interval = 1_030_928  # one in a second
    for late, wait in ((5000, SECOND), (-1, 0)):
        state, _ = limits.take(None, START - 3 * SECOND, interval, 1, 0, -1, NEW, "a", LEASE)
        _, answer = limits.take(state, START, interval, 1, 0, -1, NEW, "a", LEASE, 0, f"@{START - 5000}", late)
        assert answer[1] == pytest.approx(wait, rel=0.03)


def test_of_many_turns_the_log_has_counts() -> None:
    state, first = limits.take(None, START, 1000, 4, 0, -1, NEW, "a", LEASE)  # a thousand in a second
    for _ in range(3):
        state, answer = limits.take(state, START, 1000, 4, 0, -1, NEW, "a", LEASE)
    assert answer[4] == first[4]
    assert [*state["counts"]] == [4]
    limits.renew(state, START, LEASE, 0, f"@{first[4]}", -1)
    assert ([*state["counts"]], state["total"]) == ([3], 3)


def test_what_another_version_wrote_is_begun_anew() -> None:
    old = {"last": START, "tat": START + SECOND, "active": {"a": START + SECOND}, "line": []}
    _, answer = limits.take(dict(old), START, SECOND, 1, 0, -1, -1, "b", LEASE)
    assert answer[:2] == [GO, 0]
    assert limits.renew(dict(old), START, LEASE, 1, "a")[1] == [0]


def test_places_of_those_who_say_nothing_are_free_soon_and_kept_ones_are_not() -> None:
    state, _ = limits.take(None, START, 0, 1, 1, -1, -1, "killed", LEASE)
    state, (verdict, *_) = limits.take(state, START + LEASE - 1, 0, 1, 1, -1, -1, "next", LEASE)
    assert verdict == WAIT
    state, _ = limits.renew(state, START + LEASE - 1, LEASE, 2, "killed", "never there")
    state, (verdict, *_) = limits.take(state, START + LEASE, 0, 1, 1, -1, -1, "next", LEASE)
    assert verdict == WAIT
    state, (verdict, *_) = limits.take(state, START + 2 * LEASE, 0, 1, 1, -1, -1, "next", LEASE)
    assert verdict == GO
    state, (verdict, *_) = limits.take(state, START + 2 * LEASE, 0, 1, 1, -1, -1, "next", LEASE)
    assert verdict == GO  # who has a place keeps it


NAMES = st.sampled_from(["a", "b", "c", "d"])
PASSED = st.integers(0, 2 * SECOND)
OPERATIONS = st.one_of(
    st.tuples(st.just("take"), PASSED, st.sampled_from([-1, 0, SECOND]), st.integers(-2, 2), NAMES, st.booleans()),
    st.tuples(st.just("slow"), PASSED, st.integers(0, 2 * SECOND), st.integers(0, 2)),
    st.tuples(st.just("renew"), PASSED, st.lists(NAMES, max_size=2), st.lists(NAMES, max_size=2)),
)


@settings(max_examples=tries(60, 2000), suppress_health_check=[*HealthCheck])
@given(
    st.tuples(st.sampled_from([0, 1, 5000, 17183, SECOND]), st.integers(1, 4), st.integers(0, 3)),
    st.lists(OPERATIONS, min_size=1, max_size=25),
)
def test_a_server_and_a_file_give_the_same_answers(
    server: Server,
    opened: Callable[[str], Store],
    tmp_path_factory: pytest.TempPathFactory,
    limit: tuple[int, int, int],
    commands: list[Any],
) -> None:
    stores = [opened(server.url), opened(f"file://{tmp_path_factory.mktemp('s')}/shared")]
    stores[0]._asked("FLUSHALL")  # type: ignore[attr-defined]
    now, turn = START, None
    for command, passed, *rest in commands:
        now += passed
        if command == "take":
            patience, ticket, name, frees = rest
            moved = () if turn is None else (f"@{turn}", patience // 10)
            frees = ("a", 1000, "b", -1) if frees else ()
            arguments = (*limit, patience, ticket, name, LEASE, turn or 0, *frees, *moved)
        elif command == "slow":
            arguments = tuple(rest)
        else:
            arguments = (LEASE, len(rest[0]), *rest[0], *(each for name in rest[1] for each in (name, 70_000)))
        one, other = (store.answer((command, "limit:x", *arguments), now) for store in stores)
        assert one == other, (command, arguments)
        if command == "take":
            turn = one[4] or turn
    for store in stores:
        store.close()


def test_too_late_reserves_nothing(store_url: str, opened: Callable[[str], Store]) -> None:
    store = opened(store_url)
    assert store.ask(("take", "limit:x", SECOND, 1, 0, -1, -1, "a", LEASE))[0] == GO
    verdict, wait, *_ = store.ask(("take", "limit:x", SECOND, 1, 0, 1000, -1, "b", LEASE))
    assert verdict == TOO_LATE
    assert 0 < wait <= SECOND
    verdict, again, *_ = store.ask(("take", "limit:x", SECOND, 1, 0, -1, -1, "b", LEASE))
    assert verdict == WAIT
    assert again <= wait


@pytest.mark.parametrize(
    ("interval", "burst", "places"), [(SECOND // 60, 1, 2), (SECOND, 3, 0), (300, 1, 3), (0, 1, 2)]
)
def test_a_long_mix_of_commands_keeps_the_books(interval: int, burst: int, places: int) -> None:
    chance = Random(1)
    state, now, names, turns = None, START, list("abcdef"), [0]
    for _ in range(3000):
        now += chance.choice([0, 1, 900, 20_000, SECOND])
        freed = [each for _ in range(chance.randrange(2)) for each in (chance.choice(names), chance.choice([-1, 5000]))]
        if interval and chance.random() < 0.3:
            freed += [f"@{chance.choice(turns)}", chance.choice([-1, 0, 30_000])]
        if chance.random() < 0.05:
            state, _ = limits.slow(state, now, chance.choice([0, SECOND]), chance.randrange(3))
        elif chance.random() < 0.1:
            state, _ = limits.renew(state, now, LEASE, 1, chance.choice(names), *freed)
        else:
            ticket = chance.choice([NEW, LATE, state["epoch"] if state else 0])
            patience = chance.choice([-1, 1000])
            state, (_, wait, _, speed, turn) = limits.take(
                state, now, interval, burst, places, patience, ticket, chance.choice(names), LEASE, turns[-1], *freed
            )
            assert wait >= 0
            assert 0 < speed <= FULL
            turns = [*turns[-5:], turn]
        assert sum(state["counts"]) == state["total"]
        assert len(state["active"]) <= (places or 0)
