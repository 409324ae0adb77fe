"""Record what a client exchanges, once; replay it offline for ever.

:class:`.RecordTransport` and :class:`.ReplayTransport`, and their asynchronous forms, are the
transports; :class:`.Cassette` is what lies on the disk between them.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from ovhcore.protocol.redaction import Redaction

    from .asynchronous import AsyncRecordTransport, AsyncReplayTransport
    from .cassettes import Cassette, CassetteWarning
    from .converting import convert, repair
    from .interactions import Interaction
    from .matching import MATCHERS
    from .sessions import MODES
    from .transports import RecordTransport, ReplayTransport

__all__ = [
    "MATCHERS",
    "MODES",
    "AsyncRecordTransport",
    "AsyncReplayTransport",
    "Cassette",
    "CassetteWarning",
    "Interaction",
    "RecordTransport",
    "Redaction",
    "ReplayTransport",
    "convert",
    "repair",
]

_HOMES: Final = {
    "MATCHERS": "matching",
    "MODES": "sessions",
    "AsyncRecordTransport": "asynchronous",
    "AsyncReplayTransport": "asynchronous",
    "Cassette": "cassettes",
    "CassetteWarning": "cassettes",
    "Interaction": "interactions",
    "RecordTransport": "transports",
    "Redaction": "scrubbing",
    "ReplayTransport": "transports",
    "convert": "converting",
    "repair": "converting",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
