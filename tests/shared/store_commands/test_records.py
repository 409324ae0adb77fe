"""Claims of what is done once, and of a token, as functions of their state."""

from __future__ import annotations

import pytest

from ovhcore_transports.shared.store_commands import records

pytestmark = pytest.mark.once

SECOND = 1_000_000
LEASE = 10 * SECOND


def test_a_claim_is_its_owners_until_it_is_settled_or_nobody_holds_it() -> None:
    state, answer, _ = records.claim(None, 0, "one", "print", LEASE)
    assert state is not None
    assert answer[0] == "mine"
    assert records.claim(dict(state), SECOND, "one", "print", LEASE)[1][0] == "mine"
    assert records.claim(dict(state), SECOND, "other", "print", LEASE)[1][0] == "busy"
    assert records.claim(dict(state), SECOND, "other", "another", LEASE)[1][0] == "other"
    assert records.claim(dict(state), LEASE, "other", "print", LEASE)[1][0] == "unknown"
    records.hold(state, 5 * SECOND, "other", LEASE)
    assert state["till"] == LEASE
    records.hold(state, 5 * SECOND, "one", LEASE)
    assert state["till"] == 15 * SECOND
    assert records.settle(state, SECOND, "other", "print", "d", "answer", LEASE)[1][0] == "lost"
    assert records.settle(dict(state), SECOND, "one", "print", "f", "", LEASE)[0] is None
    done, _, _ = records.settle(state, SECOND, "one", "print", "d", "answer", LEASE)
    assert records.claim(done, SECOND, "other", "print", LEASE)[1] == ["done", "answer"]


def test_a_token_is_left_to_others_by_its_owner_alone() -> None:
    state, answer, _ = records.token(None, 0, "one", "", LEASE)
    assert answer[0] == "yours"
    assert records.token(state, 0, "other", "", LEASE)[1][0] == "busy"
    state, _, _ = records.put(state, 0, "one", "sealed", "tag", LEASE)
    assert state is not None
    assert records.token(state, 0, "other", "", LEASE)[1] == ["held", "sealed", str(LEASE)]
    state["till"] = LEASE
    records.drop(state, 0, "other")
    assert state["till"] == LEASE
    records.drop(state, 0, "one")
    assert state["till"] == 0
