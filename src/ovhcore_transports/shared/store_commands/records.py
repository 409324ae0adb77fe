"""Claims of what is to be done once, and tokens, as functions of their state. Times are microseconds since 1970.

A claim is one process's until it says what came of it. If its lease ends before, nobody knows whether anything was
sent: nobody takes the claim over, and all are told so. The same is in :mod:`.script`, line by line.

The keys of a state stand in stores, so they cannot be changed. Of a claim: ``o`` is its owner; ``p`` the fingerprint of
the request; ``till`` the end of the lease; ``st`` the status, ``c`` for claimed, ``d`` for done or ``u`` for unknown;
``v`` the answer. Of a token: ``v`` is the token, encrypted; ``tag`` tells it from others; ``until`` is its end; ``o``
the process that fetches one, or did; ``till`` the end of that lease.
"""

from __future__ import annotations

from typing import Any, Final, TypeAlias

__all__ = ["KEPT", "claim", "drop", "hold", "put", "settle", "token"]

State: TypeAlias = "dict[str, Any] | None"

KEPT: Final = 30 * 86_400_000_000
"""How long a claim and what came of it are kept."""


def claim(state: State, now: int, owner: str, fingerprint: str, lease: int) -> tuple[State, list[Any], int]:
    """Claim something, or say what is known of it.

    Args:
        state: what is known; None for nothing.
        now: the time.
        owner: names the caller.
        fingerprint: of the request, which tells it from others.
        lease: how long the claim is kept for somebody who says nothing.

    Returns:
        The state; ``mine``, ``busy``, ``unknown``, ``other`` or ``done`` and the answer; how long to keep the state.
    """
    if state is None:
        return {"o": owner, "p": fingerprint, "till": now + lease, "st": "c", "v": ""}, ["mine", ""], KEPT
    if state["p"] != fingerprint:
        answer = "other"
    elif state["st"] == "d":
        return state, ["done", state["v"]], 0
    elif state["st"] == "c" and state["o"] == owner:
        answer = "mine"
    elif state["st"] == "c" and state["till"] > now:
        answer = "busy"
    else:
        answer = "unknown"
    return state, [answer, ""], 0


def settle(
    state: State, now: int, owner: str, fingerprint: str, status: str, value: str, kept: int
) -> tuple[State, list[Any], int]:
    """Say what came of a claim.

    Args:
        state: what is known; None for nothing.
        now: the time.
        owner: as for :func:`claim`.
        fingerprint: as for :func:`claim`.
        status: ``d`` for done, ``u`` for unknown, ``f`` for nothing was done, so that the name is free.
        value: the answer.
        kept: how long what came of it is kept.
    """
    if state is not None and state["o"] != owner:
        return state, ["lost", ""], 0
    if status == "f":
        return None, ["kept", ""], 0
    return {"o": owner, "p": fingerprint, "till": now, "st": status, "v": value}, ["kept", ""], kept


def hold(state: State, now: int, owner: str, lease: int) -> tuple[State, list[Any], int]:
    """Keep a claim for its owner, who is still at it."""
    if state is not None and state["st"] == "c" and state["o"] == owner:
        state["till"] = now + lease
    return state, ["kept", ""], 0


_NO_TOKEN: Final = {"v": "", "tag": "", "until": 0, "o": "", "till": 0}


def token(state: State, now: int, owner: str, refused: str, lease: int) -> tuple[State, list[Any], int]:
    """Return the token that is held, or say who fetches one.

    Args:
        state: what is known; None for nothing.
        now: the time.
        owner: names the caller.
        refused: tag of a token that is not to be used; empty for none.
        lease: how long others wait for the caller to fetch one.

    Returns:
        The state; ``held`` with the token and how long it is to be used, ``busy``, or ``yours``; how long to keep it.
    """
    state = dict(_NO_TOKEN) if state is None else state
    if state["until"] > now and state["tag"] != refused:
        return state, ["held", state["v"], str(state["until"] - now)], KEPT
    if state["till"] > now and state["o"] != owner:
        return state, ["busy", "", ""], KEPT
    state["o"], state["till"] = owner, now + lease
    return state, ["yours", "", ""], KEPT


def put(state: State, now: int, owner: str, value: str, tag: str, used: int) -> tuple[State, list[Any], int]:
    """Keep a token that was fetched.

    Args:
        state: what is known; None for nothing.
        now: the time.
        owner: names the caller.
        value: the token, encrypted.
        tag: tells it from others.
        used: how long it is to be used.
    """
    return {"v": value, "tag": tag, "until": now + used, "o": owner, "till": 0}, ["kept", "", ""], KEPT


def drop(state: State, now: int, owner: str) -> tuple[State, list[Any], int]:
    """Leave it to another process to fetch a token."""
    if state is not None and state["o"] == owner:
        state["till"] = 0
    return state, ["kept", "", ""], KEPT
