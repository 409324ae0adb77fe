"""Optional extensions of a transport, each a protocol of its own.

Each extension is one name. A client looks for it on the transport, and does without where it is missing. A
transport need not inherit from these protocols; they are for type checkers and for the reader. An asynchronous
transport has the same extensions, as plain functions, except for :class:`CancellableTransport`
and :class:`ConsultingTransport`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol

from ...protocol.clock import Now
from ...protocol.messages import Request, Response
from ..effects import Consult

__all__ = [
    "Cancellable",
    "CancellableTransport",
    "ConsultingTransport",
    "GlancingTransport",
    "HidingTransport",
    "TransportWithDefaults",
    "WarmableTransport",
]


class GlancingTransport(Protocol):
    """A transport that treats clocks that are only observed in another way; transports that record do."""

    def glance(self) -> Now:
        """Read both clocks to measure or observe; nothing that a flow does depends on it.

        Without it, ``clock()`` is called.
        """
        ...


class ConsultingTransport(Protocol):
    """A transport that can answer questions to a store that several processes share; transports that record do.

    Without it, the store itself is asked. That of an asynchronous transport is awaited.
    """

    def consult(self, effect: Consult) -> Any:
        """Return the store's answer, or another one."""
        ...


class HidingTransport(Protocol):
    """A transport that writes down what it exchanges."""

    def hide(self, values: Iterable[str]) -> None:
        """Take the secrets of a client, which must not be written down. A client calls it before it sends anything."""
        ...


class TransportWithDefaults(Protocol):
    """A transport that brings settings along; one that answers from a recording brings credentials."""

    @property
    def defaults(self) -> Mapping[str, str]:
        """Settings, by their names in ``ovh.conf``, for those that nothing else says.

        A client reads them from a transport that its caller made; a :class:`.TransportSpec` has its own ``defaults``.
        """
        ...


class WarmableTransport(Protocol):
    """A transport whose first request would read files, load certificates or import."""

    def warm(self, urls: Sequence[str]) -> None:
        """Do this work beforehand. A client calls the method outside of the event loop.

        Args:
            urls: the URLs that requests will go to.
        """
        ...


class Cancellable(Protocol):
    """A sender for one thread, until another thread cancels it."""

    def send(self, request: Request) -> Response:
        """Exchange one request for one response."""
        ...

    def cancel(self) -> None:
        """Make the exchange under way fail soon, and any further one at once."""
        ...


class CancellableTransport(Protocol):
    """A transport of threads that can cut an exchange short."""

    def cancellable(self) -> Cancellable | None:
        """Return a sender for one thread, which can be cancelled; None if sending cannot be cut short.

        Threads that run flows side by side ask for a sender. Without one, an exchange goes on until its timeout.
        """
        ...
