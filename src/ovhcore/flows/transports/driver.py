"""Drivers, which carry out a flow's effects with a transport: the only code that knows ``StopIteration``."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, Final, TypeVar

from ...protocol.clock import Now
from ..effects import Clock, Consult, Flow, Gather, Glance, Once, Send, Sleep, Uniform
from ..interpreter_exit import at_exit

if TYPE_CHECKING:
    from .extensions import GlancingTransport
    from .protocols import AsyncTransportLike, TransportLike

__all__ = ["arun", "glance", "run"]

T = TypeVar("T")


def glance(transport: Any) -> Now:
    """Read both clocks to measure or observe; a transport that records or replays tells this from ``clock()``."""
    if hasattr(transport, "glance"):
        glancing: GlancingTransport = transport
        return glancing.glance()
    plain: TransportLike = transport
    return plain.clock()


def consulted(transport: Any, effect: Any) -> Any:
    """Ask the store of an effect, by way of the transport if it has a say in it, as one that records has."""
    return transport.consult(effect) if hasattr(transport, "consult") else effect.store.ask(effect.question)


def consulted_async(transport: Any, effect: Any) -> Awaitable[Any]:
    """Return what is awaited for the answer to an effect; as :func:`consulted` otherwise."""
    answer: Awaitable[Any] = (
        transport.consult(effect) if hasattr(transport, "consult") else effect.store.ask_async(effect.question)
    )
    return answer


_PERFORMED: Final[dict[type, Callable[[Any, Any], Any]]] = {
    Sleep: lambda transport, effect: transport.sleep(effect.seconds),
    Glance: lambda transport, effect: glance(transport),
    Uniform: lambda transport, effect: transport.uniform(effect.low, effect.high),
    Once: lambda transport, effect: transport.once(effect.key, effect.flow),
    Gather: lambda transport, effect: transport.gather(effect.flows, effect.limit),
    Consult: consulted,
}
_AWAITED: Final = {**_PERFORMED, Consult: consulted_async}
_IMMEDIATE: Final = frozenset({Glance, Uniform})


def _unknown(effect: object) -> Callable[[Any, Any], Any]:
    raise TypeError(
        f"a flow yields effects (Send, Sleep, Clock, Uniform, Once, Gather, Consult), not {type(effect).__name__}"
    )


def run(flow: Flow[T], transport: TransportLike) -> T:
    """Drive a flow to its end and return what it returns.

    An exception of the transport, also ``KeyboardInterrupt``, is raised inside the flow,
    at the effect that failed; an exception that the flow does not handle is raised here.
    """
    send: Callable[[Any], Any] = flow.send
    resume = send
    value: Any = None
    while True:
        try:
            effect = resume(value)
        except StopIteration as stop:
            return stop.value  # type: ignore[no-any-return]
        finally:
            value = None  # an error refers to this frame, which must not refer to the error
        try:
            if type(effect) is Clock:  # the two effects that every call yields
                value = transport.clock()
            elif type(effect) is Send:
                value = transport.send(effect.request)
            else:
                value = (_PERFORMED.get(type(effect)) or _unknown(effect))(transport, effect)
            resume = send
        except BaseException as error:  # the exception goes into the flow
            value, resume = at_exit(error) or error, flow.throw


async def arun(flow: Flow[T], transport: AsyncTransportLike) -> T:
    """Drive a flow to its end with an asynchronous transport; as :func:`run` otherwise."""
    send: Callable[[Any], Any] = flow.send
    resume = send
    value: Any = None
    while True:
        try:
            effect = resume(value)
        except StopIteration as stop:
            return stop.value  # type: ignore[no-any-return]
        finally:
            value = None  # as in run()
        try:
            if type(effect) is Clock:
                value = transport.clock()
            elif type(effect) is Send:
                value = await transport.send(effect.request)
            else:
                value = (_AWAITED.get(type(effect)) or _unknown(effect))(transport, effect)
                if type(effect) not in _IMMEDIATE:
                    value = await value
            resume = send
        except BaseException as error:  # the exception goes into the flow
            value, resume = at_exit(error) or error, flow.throw
