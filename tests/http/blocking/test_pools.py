"""Kept connections for blocking code."""

from __future__ import annotations

import gc
import threading
from collections.abc import Iterable

import pytest

from ovhcore.exceptions import ClientClosed, PoolTimeout, TotalTimeout
from ovhcore.protocol.messages import Timeout
from ovhcore_transports.http.blocking.pools import Pools
from tests.servers import eventually, is_in

QUICK = Timeout(1, 0.05)


class Connection:
    """Notes whether it is closed."""

    stale = False

    def __init__(self) -> None:
        self.closings = 0

    def close(self) -> None:
        self.closings += 1


def pools(size: int = 2) -> Pools[Connection]:
    return Pools(size, lambda origin: Connection, lambda connection: connection.stale)


def test_a_connection_is_kept_only_if_it_is_wanted() -> None:
    some = pools()
    with some.lease("a", QUICK) as (lease, first):
        lease.keep = True
    with some.lease("a", QUICK) as (lease, second):
        pass
    with some.lease("a", QUICK) as (lease, third), some.lease("b", QUICK) as (other, fourth):
        lease.keep = other.keep = True
    assert first is second is not third
    assert third is not fourth
    assert first.closings >= 1
    assert third.closings == 0
    some.close()
    assert third.closings >= 1
    assert fourth.closings >= 1


def test_a_stale_one_is_replaced() -> None:
    some = pools()
    with some.lease("a", QUICK) as (lease, first):
        lease.keep = first.stale = True
    with some.lease("a", QUICK) as (_, second):
        assert second is not first
    assert first.closings >= 1


def test_no_place_in_time() -> None:
    some = pools(1)
    with some.lease("a", QUICK):
        with pytest.raises(PoolTimeout, match=r"^a: no pooled connection became free within 0\.05 s$"):
            some.lease("a", QUICK).__enter__()
        with pytest.raises(TotalTimeout):
            some.lease("a", Timeout(1, 1, 0.05)).__enter__()
    with some.lease("a", QUICK):
        pass


def test_one_that_cannot_be_made_costs_no_place() -> None:
    def fail() -> Connection:
        raise OSError

    some: Pools[Connection] = Pools(1, lambda origin: fail, lambda connection: False)
    for _ in range(3):
        with pytest.raises(OSError, match=r"^$"):
            some.lease("a", QUICK).__enter__()


@pytest.mark.parametrize("when", ["in use", "coming back"])
def test_closed_meanwhile(when: str) -> None:
    class Closing(list[Connection]):
        def extend(self, connections: Iterable[Connection]) -> None:
            super().extend(connections)
            some.close()

    some = pools()
    with some.lease("a", QUICK) as (lease, connection):
        lease.keep = True
        if when == "in use":
            some.close()
        else:
            some._pools["a"].idle = Closing()
    assert connection.closings >= 1
    with pytest.raises(ClientClosed):
        some.lease("b", QUICK)


def test_after_a_fork_nothing_of_the_parents_is_closed() -> None:
    some = pools()
    with some.lease("a", QUICK) as (lease, first):
        lease.keep = True
    some.after_fork()
    some.close()
    assert first.closings == 0


def test_what_is_forgotten_is_closed() -> None:
    some = pools()
    with some.lease("a", QUICK) as (lease, connection):
        lease.keep = True
    del some, lease
    gc.collect()
    assert connection.closings == 1


def test_who_waited_is_told_that_it_was_closed() -> None:
    some = pools(1)
    told: list[BaseException] = []

    def wait() -> None:
        try:
            with some.lease("a", Timeout(1, 5)):
                pass
        except ClientClosed as error:
            told.append(error)

    with some.lease("a", QUICK):
        waiting = threading.Thread(target=wait)
        waiting.start()
        eventually(lambda: is_in(waiting, "take_slot"))
        some.close()
    waiting.join(60)
    assert len(told) == 1
