"""The conformance kit: what every transport has to do, as tests that a transport's author subclasses.

::

    from ovhcore.testing import TransportConformance

    class TestMyTransport(TransportConformance):
        def open(self, settings):
            return MyTransport(settings)

pytest collects some two hundred tests from it: the bytes of generated requests, answers of every
shape, a table of faults, timeouts, proxies, TLS, threads or tasks, closing. They use servers on
loopback alone, and take half a minute when all is well.
"""

from __future__ import annotations

from .closing import ClosingConformance
from .concurrency import ConcurrencyConformance
from .encryption import EncryptionConformance
from .failures import FaultConformance
from .wire import WireConformance

__all__ = ["TransportConformance"]


class TransportConformance(
    EncryptionConformance, ConcurrencyConformance, ClosingConformance, FaultConformance, WireConformance
):
    """The contract of transports. Subclass it as ``Test...`` and write ``open(settings)``.

    Attributes:
        loop: where an asynchronous transport runs: ``"asyncio"`` or ``"trio"``.
        examples: generated requests in each of the two property tests.
        calls: requests in the test with many at once.
        at_once: how many of them are under way together.
        lacks: the features of :data:`.FEATURES` that the transport lacks, and is not tested for.
    """
