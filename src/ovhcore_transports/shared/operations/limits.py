"""The shared limit, as a function of its state: turns by the generic cell rate algorithm, and leased places.

Each caller gets a turn of its own, so no caller asks again and again, and no two come at once. The same algorithm is
in :mod:`.script` for servers that run Lua; the tests hold the two against each other. All times are whole microseconds.
"""

from __future__ import annotations

from typing import Any, Final

from .answers import CONFIRM, FULL, GO, LATE, TOO_LATE, WAIT

__all__ = ["renew", "slow", "take"]

State = dict[str, Any]

_SLOWEST: Final = FULL // 64
_FASTER: Final = FULL // 50
_ABSENT: Final = 1_000_000  # after which somebody who does not come for a place holds up nobody
_SPARE: Final = 30_000  # up to this interval, a second has a turn that is not given out: 3 % of the rate
_SECOND: Final = 1_000_000
_USUAL: Final = 20_000  # how long an exchange takes, before any has ended


def _fresh() -> State:
    return {
        "last": 0,
        "tat": 0,
        "nb": 0,
        "speed": FULL,
        "epoch": 0,
        "dur": 0,
        "moved": 0,
        "late": 0,
        "active": {},
        "line": [],
    }


def _begun(state: State | None, now: int, released: tuple[Any, ...]) -> tuple[State, int]:
    """Return the state as it is now, and the time that counts."""
    if state is None or state["last"] > now + 1_000_000:  # the clock was set back, or the machine started anew
        state = _fresh()
    now = max(now, state["last"])
    state["last"] = now
    active, line = state["active"], state["line"]
    for place, took in zip(released[::2], released[1::2], strict=True):
        if active.pop(place, None) is not None:
            state["moved"] = now
            if took >= 0:
                state["dur"] = (state["dur"] * 9 + took) // 10 if state["dur"] else took
        line[:] = [each for each in line if each[0] != place]
    for place in [place for place, end in active.items() if end <= now]:
        del active[place]
    return state, now


def take(
    state: State | None,
    now: int,
    interval: int,
    burst: int,
    places: int,
    patience: int,
    ticket: int,
    place: str,
    lease: int,
    *released: Any,
) -> tuple[State, list[int]]:
    """Reserve a turn, then a place.

    Args:
        state: what is known; None for nothing.
        now: the time.
        interval: between two turns at full speed; 0 for no limit of the rate.
        burst: turns that may be taken at once after a time without any.
        places: requests under way at the same time; 0 for no limit.
        patience: how long the caller waits at most; -1 for any time.
        ticket: the epoch in which the caller was given a turn, which has come now; ``NEW`` for none; ``LATE`` for one
            that was missed: one in a second may go all the same.
        place: the name of the caller's place.
        lease: how long a place is kept for somebody who says nothing.
        *released: names of places that are free now, each followed by how long it was used, or by -1.

    Returns:
        The state; and verdict, time to wait, epoch and speed.
    """
    state, now = _begun(state, now, released)
    speed, epoch = state["speed"], state["epoch"]
    if ticket == LATE and 0 < interval <= _SPARE and state["late"] + _SECOND <= now:
        state["late"], ticket = now, epoch
    if ticket != epoch or state["nb"] > now:
        step = interval * FULL // speed
        allowed = max(now, state["nb"], state["tat"] - (burst - 1) * step if interval else 0)
        wait = allowed - now
        if 0 <= patience < wait:
            return state, [TOO_LATE, wait, epoch, speed]
        if interval:
            state["tat"] = max(state["tat"], allowed) + step
        if wait > 0:
            if places or wait > CONFIRM:
                return state, [WAIT, wait, epoch, speed]
            state["speed"] = min(FULL, speed + _FASTER)
            return state, [GO, wait, epoch, speed]
    if places:
        pause = _place(state, now, max(1, places * speed // FULL), place, lease)
        if pause:
            return state, [WAIT, pause, epoch, speed]
    state["speed"] = min(FULL, speed + _FASTER)
    return state, [GO, 0, epoch, speed]


def _place(state: State, now: int, limit: int, place: str, lease: int) -> int:
    """Give a place to its caller, or one in the line; return how long to wait, 0 if the place is the caller's."""
    active, line = state["active"], state["line"]
    if place in active:  # its turn was missed, and it kept the place
        active[place] = now + lease
        return 0
    ahead = 0
    while ahead < len(line) and line[ahead][0] != place:
        if line[ahead][1] + _ABSENT < now:
            del line[ahead]
        else:
            ahead += 1
    waits = ahead < len(line)
    turns = len(active) + ahead - limit + 1
    if turns <= 0:
        if waits:
            del line[ahead]
        active[place] = now + lease
        state["moved"] = now
        return 0
    usual = (state["dur"] or _USUAL) // limit
    if ahead < limit:  # one of those who come next
        rounds, shortest, longest = 1, 1000, 250_000
    else:
        rounds, shortest, longest = turns, 2000, 500_000
    # The longer nothing has moved, the longer it is likely to go on.
    pause = min(max(rounds * usual // 2, (now - state["moved"]) // 8, shortest), longest)
    if waits:
        line[ahead][1] = now + pause
    else:
        line.append([place, now + pause])
    return int(pause)


def slow(state: State | None, now: int, pause: int, epoch: int) -> tuple[State, list[int]]:
    """Hold everybody back: the API has asked to slow down.

    Args:
        state: what is known; None for nothing.
        now: the time.
        pause: how long nothing is sent.
        epoch: in which the request was sent that was answered so; of many, one counts.
    """
    state, now = _begun(state, now, ())
    state["nb"] = max(state["nb"], now + pause)
    if epoch == state["epoch"]:
        # Turns that were given before are void: who has one asks again.
        state["speed"] = max(_SLOWEST, state["speed"] // 2)
        state["epoch"] += 1
        state["tat"] = state["nb"]
    else:
        state["tat"] = max(state["tat"], state["nb"])
    return state, [state["epoch"]]


def renew(state: State | None, now: int, lease: int, held: int, *names: Any) -> tuple[State, list[int]]:
    """Keep places that are in use, and free others.

    Args:
        state: what is known; None for nothing.
        now: the time.
        lease: how long the places are kept.
        held: how many of the names are in use.
        *names: those, then what is released, as for :func:`take`.
    """
    # Before expired ones go: a process that was held up for long still has its places, if nobody else has seen it.
    if state is not None:
        for place in names[:held]:
            if place in state["active"]:
                state["active"][place] = max(state["last"], now) + lease
    state, now = _begun(state, now, names[held:])
    return state, [len(state["active"])]
