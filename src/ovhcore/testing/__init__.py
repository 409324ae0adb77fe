"""Tools for tests: a server that misbehaves, strategies for calls, and the kit that every transport has to pass.

This package needs ``pip install "ovhcore[testing]"``. No other part of the library imports this package.

======================================= ==========================================================
:class:`.TransportConformance`          subclass it, and pytest holds your transport to the contract
:class:`.WireServer`                    a server on loopback that records raw bytes and can misbehave
:data:`.FAULTS`                         what goes wrong on the wire and what it must become
:mod:`ovhcore.testing.strategies`       Hypothesis strategies: calls, paths, queries, bodies ...
:class:`.Authority`                     certificates for TLS on loopback
======================================= ==========================================================
"""

from __future__ import annotations

import pytest

# pytest shows what an assertion compared only if it is told so before the modules are imported.
pytest.register_assert_rewrite(f"{__name__}.conformance")

from . import strategies  # noqa: E402
from .certificates import Authority  # noqa: E402
from .conformance import TransportConformance  # noqa: E402
from .conformance.suite import FEATURES  # noqa: E402
from .faults import FAULTS, Fault  # noqa: E402
from .server import Peer, Received, WireServer, answer, echo  # noqa: E402

__all__ = [
    "FAULTS",
    "FEATURES",
    "Authority",
    "Fault",
    "Peer",
    "Received",
    "TransportConformance",
    "WireServer",
    "answer",
    "echo",
    "strategies",
]
