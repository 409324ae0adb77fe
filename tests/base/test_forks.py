"""What is made anew in the child of a fork."""

from __future__ import annotations

import gc
import os

import pytest

from ovhcore_transports.base import forks


class Counting:
    renewed = 0

    def after_fork(self) -> None:
        self.renewed += 1


def test_what_lives_is_renewed(monkeypatch: pytest.MonkeyPatch) -> None:
    # In this process, a transport that another test left would forget its connections as if it were in a child.
    monkeypatch.setattr(forks, "_watched", type(forks._watched)())
    thing, gone = Counting(), Counting()
    forks.renew_after_fork(thing)
    forks.renew_after_fork(gone)
    del gone
    gc.collect()
    forks._renew()
    assert thing.renewed == 1


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this platform")
def test_every_child_is_renewed() -> None:
    thing = Counting()
    forks.renew_after_fork(thing)
    child = os.fork()
    if child == 0:
        os._exit(thing.renewed)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 1
    assert thing.renewed == 0
