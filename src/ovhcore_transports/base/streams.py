"""The state of a stream of results, and errors that wait for their turn in it."""

from __future__ import annotations

from collections.abc import Iterator
from math import inf
from typing import Any, TypeVar

from ovhcore.flows import Effect, Flow, Gather, Sleep

__all__ = ["StreamState", "deferring_errors"]

T = TypeVar("T")


class StreamState:
    """A mark that says whether results are still wanted. Flows refer to it, not to the stream, which can be freed.

    Args:
        look_up: seconds that a flow sleeps before it looks.
    """

    def __init__(self, look_up: float = inf) -> None:
        self.is_over = False
        self._look_up = look_up

    def only(self, flow: Flow[Any]) -> Flow[Any]:
        """Run a flow, and end it before its next effect when the stream is over.

        This ends flows that it gathers, too, but no :class:`.Once`, which others may wait for.
        """
        value: Any = None
        error: BaseException | None = None
        while error is not None or not self.is_over:
            try:
                effect: Effect = flow.send(value) if error is None else flow.throw(error)
            except StopIteration as stop:
                return stop.value
            finally:
                value = error = None  # the exception refers to this frame, which must not refer to it
            if self.is_over:
                break
            try:
                if type(effect) is Sleep:
                    yield from self._asleep(effect.seconds)
                elif type(effect) is Gather:
                    value = yield Gather(map(self.only, effect.flows), effect.limit)
                else:
                    value = yield effect
            except BaseException as raised:  # the exception goes into the flow
                error = raised
        flow.close()
        return None

    def _asleep(self, seconds: float) -> Flow[None]:
        while seconds > self._look_up:
            yield Sleep(self._look_up)
            seconds -= self._look_up
            if self.is_over:
                return
        yield Sleep(seconds)


def deferring_errors(flows: Iterator[Flow[T]]) -> Iterator[Flow[T] | None]:
    """Yield flows. When the iterator raises, yield None, and raise the exception when asked again.

    So the flows before it come first. Until then only this generator refers to the exception: if a stream
    did, the frames in the traceback would keep the stream alive.
    """
    failure: Exception | None = None
    while failure is None:
        flow = None
        try:
            flow = next(flows)
        except StopIteration:
            return
        except Exception as error:  # an interrupt is not deferred
            failure = error
        yield flow
    try:
        raise failure
    finally:
        del failure
