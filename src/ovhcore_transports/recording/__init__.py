"""Record what a client exchanges, once; replay it offline for ever.

:class:`.RecordTransport` and :class:`.ReplayTransport`, and their asynchronous forms, are the
transports; :class:`.Cassette` is the file on the disk between them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ovhcore._lazy import lazily

if TYPE_CHECKING:
    from .asynchronous import AsyncRecordTransport, AsyncReplayTransport
    from .blocking import RecordTransport, ReplayTransport
    from .cassette.cassettes import Cassette, CassetteWarning
    from .cassette.interactions import Interaction
    from .formats.converting import convert, repair

__all__ = [
    "AsyncRecordTransport",
    "AsyncReplayTransport",
    "Cassette",
    "CassetteWarning",
    "Interaction",
    "RecordTransport",
    "ReplayTransport",
    "convert",
    "repair",
]

__getattr__ = lazily(
    __name__,
    {
        "asynchronous": ("AsyncRecordTransport", "AsyncReplayTransport"),
        "blocking": ("RecordTransport", "ReplayTransport"),
        "cassette.cassettes": ("Cassette", "CassetteWarning"),
        "cassette.interactions": ("Interaction",),
        "formats.converting": ("convert", "repair"),
    },
)
