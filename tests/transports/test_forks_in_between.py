"""Forks while something is being made, and renewals that fail."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from textwrap import dedent
from typing import Any

import pytest

from ovhcore.plugins import TransportSettings
from ovhcore_transports import SyncTransport
from ovhcore_transports.base import forks
from tests.profiles import tries

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this platform")


class Counting:
    renewed = 0

    def after_fork(self) -> None:
        self.renewed += 1


class Failing(Counting):
    def after_fork(self) -> None:
        super().after_fork()
        raise ValueError("cannot be renewed")


class Making(Counting):
    """Makes what is watched, as who opens other connections may."""

    def after_fork(self) -> None:
        super().after_fork()
        self.made = [Counting() for _ in range(50)]
        for thing in self.made:
            forks.renew_after_fork(thing)


@pytest.fixture(autouse=True)
def _nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(forks, "_watched", type(forks._watched)())


def test_one_failure_does_not_end_the_loop() -> None:
    things = [Counting(), Failing(), Counting(), Failing(), Counting()]
    for thing in things:
        forks.renew_after_fork(thing)
    with pytest.raises(ExceptionGroup) as caught:
        forks._renew()
    assert [thing.renewed for thing in things] == [1] * 5
    assert [str(error) for error in caught.value.exceptions] == ["cannot be renewed"] * 2


def test_what_is_renewed_may_make_more() -> None:
    things = [Making(), Counting()]
    for thing in things:
        forks.renew_after_fork(thing)
    forks._renew()
    assert [thing.renewed for thing in things] == [1, 1]


class Slow(SyncTransport):
    """Is watched when it is whole, although its base is made first."""

    def __init__(self, seen: list[bool]) -> None:
        super().__init__()
        seen.append(self in forks._watched)
        self.needed: list[int] = []

    def after_fork(self) -> None:
        super().after_fork()
        self.needed.append(1)


class Slower(Slow):
    def __init__(self, seen: list[bool]) -> None:
        super().__init__(seen)
        seen.append(self in forks._watched)


class Plain(Slow):
    """Has no ``__init__`` of its own."""


@pytest.mark.parametrize("kind", [Slow, Slower, Plain])
def test_a_transport_is_watched_once_it_is_whole(kind: type[Slow]) -> None:
    seen: list[bool] = []
    thing = kind(seen)
    assert not any(seen)
    assert thing in forks._watched
    forks._renew()
    assert thing.needed == [1]


def test_every_transport_of_ours_is_watched_once_it_is_whole() -> None:
    from ovhcore_transports.httpx import open_sync as httpx
    from ovhcore_transports.pyreqwest import open_sync as pyreqwest
    from ovhcore_transports.sandbox.memory import open_sync as sandbox
    from ovhcore_transports.stdlib import open_sync as stdlib
    from ovhcore_transports.urllib3 import open_sync as urllib3

    openers: list[Any] = [httpx, pyreqwest, sandbox, stdlib, urllib3]
    made = [opener(TransportSettings()) for opener in openers]
    assert all(each in forks._watched for each in made)
    for each in made:
        each.close()


PROGRAM = dedent(
    """
    import os, sys, threading
    from ovhcore.plugins import TransportSettings
    from ovhcore_transports.httpx import open_sync
    from ovhcore_transports.base import forks

    settings = TransportSettings()
    over = threading.Event()
    kept = [open_sync(settings)]  # a fork in the midst of the import of logging would be CPython's to complain of

    def make():
        while not over.is_set():
            kept.append(open_sync(settings))
            del kept[:-50]

    class Last:
        renewed = 0
        def after_fork(self):
            self.renewed += 1

    sys.setswitchinterval(1e-5)
    makers = [threading.Thread(target=make) for _ in range(4)]
    for maker in makers:
        maker.start()
    wrong = 0
    things = [Last() for _ in range(100)]
    for thing in things:
        forks.renew_after_fork(thing)
    for _ in range(int(sys.argv[1])):
        child = os.fork()
        if child == 0:
            os._exit(0 if all(thing.renewed == 1 for thing in things) else 1)
        wrong += os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    over.set()
    for maker in makers:
        maker.join()
    print("wrong:", wrong)
    """
)


def test_forks_while_clients_are_made() -> None:
    """Each child has renewed everything that was whole, and nothing of what was not."""
    count = tries(40, 200)
    done = subprocess.run(
        [sys.executable, "-W", "ignore::DeprecationWarning", "-c", PROGRAM, str(count)],
        capture_output=True,
        text=True,
        timeout=300,
        check=True,
    )
    assert (done.stdout, done.stderr) == ("wrong: 0\n", "")


def test_a_fork_in_the_middle_of_making_one() -> None:
    """The same without chance: the fork happens between the base's ``__init__`` and the end of the subclass's."""
    half_made, go_on = threading.Event(), threading.Event()

    class Half(SyncTransport):
        def __init__(self) -> None:
            super().__init__()
            half_made.set()
            go_on.wait(60)
            self.whole = True

        def after_fork(self) -> None:
            super().after_fork()
            assert self.whole

    other = Counting()
    forks.renew_after_fork(other)
    maker = threading.Thread(target=Half)
    maker.start()
    assert half_made.wait(60)
    child = os.fork()
    if child == 0:
        os._exit(other.renewed)
    go_on.set()
    maker.join()
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 1
