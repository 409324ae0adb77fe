"""The shared limit, as a function of its state: turns by the generic cell rate algorithm, and leased slots.

Each caller gets a turn of its own, so no caller asks again and again, and no two come at once. A caller may come late
for its turn, when its machine is busy. It sends all the same and says how late, and a log of one window counts it where
it came: later turns are given so that no window holds too many. So a turn that comes late is neither lost nor too much.

The same algorithm is in :mod:`.script` for servers that run Lua; the tests hold the two against each other. All times
are whole microseconds.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from typing import Any, Final

from .answers import CONFIRM, FULL, GO, LATE, TOO_LATE, TURN, WAIT

__all__ = ["renew", "slow", "take"]

State = dict[str, Any]

_SLOWEST: Final = FULL // 64
_FASTER: Final = FULL // 50  # what each request that is let through adds to the speed
_ABSENT: Final = 1_000_000  # a caller in the line that is late by so much loses its position
_SECOND: Final = 1_000_000
# The log has each turn by itself where a window has so many at most; otherwise it counts turns in so many parts of one.
_EXACT: Final = 128
_USUAL: Final = 20_000  # how long an exchange takes, before any has ended


def _fresh() -> State:
    """Return the state of a limit that nobody has used. Its keys stand in stores, so they cannot be changed."""
    return {
        "last": 0,  # the time of the last command
        "tat": 0,  # theoretical arrival time, as the algorithm calls it: of the turn after the last one that was given
        "nb": 0,  # not before: until then nothing is sent
        "speed": FULL,
        "epoch": 0,  # how often the API asked to slow down; turns of epochs before are void
        "dur": 0,  # how long a slot is used, as a moving average
        "moved": 0,  # when a slot was last given or freed
        "grain": 1,  # the log's times are multiples of it
        "reach": 0,  # how far back the log goes
        "times": array("q"),  # the log: when turns were used
        "counts": array("q"),  # how many, at each of these times
        "total": 0,  # of the counts
        "active": {},  # the slots in use: the end of each lease, by name
        "line": [],  # the callers that wait for a slot: the name of the slot, and when the caller asks again
    }


def _begun(state: State | None, now: int, released: tuple[Any, ...]) -> tuple[State, int]:
    """Return the state without what has ended or was released, and the time, which is never before the last command."""
    # Begin anew: the clock was set back, the machine started anew, or another version wrote this.
    if state is None or "times" not in state or state["last"] > now + 1_000_000:
        state = _fresh()
    now = max(now, state["last"])
    state["last"] = now
    active, line = state["active"], state["line"]
    for slot, took in zip(released[::2], released[1::2], strict=True):
        if slot[0] == TURN:
            _move(state, int(slot[1:]), took)
            continue
        if active.pop(slot, None) is not None:
            state["moved"] = now
            if took >= 0:
                state["dur"] = (state["dur"] * 9 + took) // 10 if state["dur"] else took
        line[:] = [each for each in line if each[0] != slot]
    for slot in [slot for slot, end in active.items() if end <= now]:
        del active[slot]
    old = bisect_right(state["times"], now - state["reach"])
    if old:
        state["total"] -= sum(state["counts"][:old])
        del state["times"][:old], state["counts"][:old]
    return state, now


def _note(state: State, when: int) -> None:
    """Write a turn into the log."""
    times, counts = state["times"], state["counts"]
    when -= when % state["grain"]
    state["total"] += 1
    at = bisect_left(times, when)
    if at < len(times) and times[at] == when:
        counts[at] += 1
    else:
        times.insert(at, when)
        counts.insert(at, 1)


def _move(state: State, turn: int, late: int) -> None:
    """Correct the log: a turn was used late; with a negative number it was not used."""
    times, counts = state["times"], state["counts"]
    noted = turn - turn % state["grain"]
    at = bisect_left(times, noted)
    if at < len(times) and times[at] == noted:
        state["total"] -= 1
        counts[at] -= 1
        if not counts[at]:
            del times[at], counts[at]
    if late >= 0:
        _note(state, turn + late)


def _window(state: State, interval: int) -> int:
    """Return how many turns may come in a window: those of one second at least, or one."""
    most = (100 * _SECOND + 97 * interval - 1) // (97 * interval)  # the interval is that of 97 % of the rate
    window = most * interval * 97 // 100
    grain = 1 if most <= _EXACT else -(-window // _EXACT)
    if grain != state["grain"]:  # the rate was changed
        state["times"], state["counts"], state["total"] = array("q"), array("q"), 0
    state["grain"] = grain
    # A little more than the window: less than 5 milliseconds late is not said, and on its way a request is delayed.
    state["reach"] = window + window * (22 if grain == 1 else 5) // 1000 + grain
    return most


def _opening(state: State, when: int, most: int) -> int:
    """Return the earliest time, not before ``when``, at which one more turn leaves no window with too many."""
    times, counts, reach = state["times"], state["counts"], state["reach"]
    if state["total"] < most:
        return when
    while True:
        for end in (when, *times[bisect_right(times, when) :]):
            first = bisect_right(times, end - reach)
            excess = sum(counts[first : bisect_right(times, end)]) + 1 - most
            if excess > 0:
                break
        else:
            return when
        if end > when:  # that turn is given already
            when = end
            continue
        while excess > 0:
            excess -= counts[first]
            first += 1
        when = times[first - 1] + reach


def take(
    state: State | None,
    now: int,
    interval: int,
    burst: int,
    slots: int,
    patience: int,
    ticket: int,
    slot: str,
    lease: int,
    turn: int = 0,
    *released: Any,
) -> tuple[State, list[int]]:
    """Reserve a turn, then a slot.

    Args:
        state: what is known; None for nothing.
        now: the time.
        interval: between two turns at full speed; 0 for no limit of the rate.
        burst: turns that may be taken at once after a time without any.
        slots: requests under way at the same time; 0 for no limit.
        patience: how long the caller waits at most; -1 for any time.
        ticket: the epoch in which the caller was given a turn, which has come now; ``NEW`` for none; ``LATE`` for one
            that was missed by far: the caller goes at once if that is not too much.
        slot: the name of the caller's slot.
        lease: how long a slot is kept for somebody who says nothing.
        turn: when the turn of the ticket is.
        *released: names of slots that are free now, each followed by how long it was used, or by -1; and turns, as
            ``@`` and their time, each followed by how late it was used, or by -1 if it was not used.

    Returns:
        The state; and verdict, time to wait, epoch, speed and when the turn is.
    """
    state, now = _begun(state, now, released)
    speed, epoch = state["speed"], state["epoch"]
    most = _window(state, interval) + burst - 1 if interval else 0
    when = now
    if ticket == LATE and interval and _opening(state, now, most) == now:
        ticket = epoch
    elif ticket == epoch:
        when = max(now, turn)  # not before its turn, whatever the caller's clock says
    if ticket != epoch or state["nb"] > now:
        step = interval * FULL // speed
        allowed = max(now, state["nb"], state["tat"] - (burst - 1) * step if interval else 0)
        if interval and allowed - now <= CONFIRM:
            allowed = _opening(state, allowed, most)
        wait = allowed - now
        if 0 <= patience < wait:
            return state, [TOO_LATE, wait, epoch, speed, 0]
        if interval:
            state["tat"] = max(state["tat"], allowed) + step
        if wait > 0:
            if slots or wait > CONFIRM:
                return state, [WAIT, wait, epoch, speed, allowed]
            return state, _go(state, allowed, wait, interval)
        when = now
    elif interval:
        wait = _opening(state, when, most) - when
        if wait > 0:
            return state, [WAIT, wait, epoch, speed, when + wait]
    if slots:
        pause = _give_slot(state, now, max(1, slots * speed // FULL), slot, lease)
        if pause:
            return state, [WAIT, pause, epoch, speed, when]
    return state, _go(state, when, 0, interval)


def _go(state: State, when: int, wait: int, interval: int) -> list[int]:
    speed = state["speed"]
    state["speed"] = min(FULL, speed + _FASTER)
    if interval:
        _note(state, when)
    return [GO, wait, state["epoch"], speed, when]


def _give_slot(state: State, now: int, limit: int, slot: str, lease: int) -> int:
    """Give a caller its slot, or a position in the line; return how long to wait, 0 if it has the slot."""
    active, line = state["active"], state["line"]
    if slot in active:  # its turn was missed, and it kept the slot
        active[slot] = now + lease
        return 0
    ahead = 0
    while ahead < len(line) and line[ahead][0] != slot:
        if line[ahead][1] + _ABSENT < now:
            del line[ahead]
        else:
            ahead += 1
    waits = ahead < len(line)
    turns = len(active) + ahead - limit + 1
    if turns <= 0:
        if waits:
            del line[ahead]
        active[slot] = now + lease
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
        line.append([slot, now + pause])
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
    """Renew slots that are in use, and release others.

    Args:
        state: what is known; None for nothing.
        now: the time.
        lease: how long the slots are kept.
        held: how many of the names are in use.
        *names: those, then what is released, as for :func:`take`.
    """
    # Before expired ones go: a process that was held up for long still has its slots, if nobody else has seen it.
    if state is not None and "times" in state:
        for slot in names[:held]:
            if slot in state["active"]:
                state["active"][slot] = max(state["last"], now) + lease
    state, now = _begun(state, now, names[held:])
    return state, [len(state["active"])]
