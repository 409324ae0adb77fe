"""Exchanges that are cut short."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import pytest

from ovhcore.exceptions import TotalTimeout
from ovhcore.protocol.messages import Timeout
from ovhcore_transports.base.deadlines import Deadline


def run(deadline: Deadline, block: Callable[[], object]) -> None:
    with deadline:
        block()


def test_what_waits_is_cut_short() -> None:
    cut = threading.Event()
    deadline = Deadline(Timeout(1, 1, 0.05), cut.set, "http://x")
    with pytest.raises(TotalTimeout, match=r"^http://x: no complete answer within 0\.05 s$"):
        run(deadline, lambda: cut.wait(60))
    assert cut.is_set()


def test_without_a_total_nothing_is_cut_unless_somebody_does() -> None:
    cuts: list[int] = []
    deadline = Deadline(Timeout(1, 1), lambda: cuts.append(1))
    run(deadline, lambda: None)
    deadline.cut()
    assert not cuts
    assert not deadline.passed
    deadline = Deadline(Timeout(1, 1), lambda: cuts.append(1))
    with pytest.raises(TotalTimeout):
        run(deadline, deadline.cut)
    assert cuts == [1]


def test_what_fails_after_the_time_has_passed_failed_because_of_it() -> None:
    deadline = Deadline(Timeout(1, 1, 0.05), lambda: None)

    def fail_late() -> None:
        assert deadline._timer is not None
        deadline._timer.cancel()  # it comes too late
        while time.monotonic() < deadline._ends:
            time.sleep(0.01)
        raise TimeoutError

    with pytest.raises(TotalTimeout):
        run(deadline, fail_late)
    with pytest.raises(KeyError):
        run(Deadline(Timeout(1, 1, 30), lambda: None), {}.popitem)


def test_a_call_may_have_no_end() -> None:
    deadline = Deadline(Timeout(1, 1, None), lambda: None)
    run(deadline, lambda: None)
    with pytest.raises(KeyError):
        run(deadline, {}.popitem)


def test_an_interrupt_goes_through() -> None:
    deadline = Deadline(Timeout(1, 1), lambda: None)

    def interrupted() -> None:
        deadline.cut()
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(deadline, interrupted)
