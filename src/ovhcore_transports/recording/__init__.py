"""Record what a client exchanges, once; replay it offline for ever.

:class:`.RecordTransport` and :class:`.ReplayTransport`, and their asynchronous forms, are the
transports; :class:`.Cassette` is the file on the disk between them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ovhcore._lazy import lazily

if TYPE_CHECKING:
    from ovhcore.protocol import Redaction

    from .asynchronous import AsyncRecordTransport, AsyncReplayTransport
    from .blocking import RecordTransport, ReplayTransport
    from .cassette.cassettes import Cassette, CassetteWarning
    from .cassette.interactions import Interaction
    from .formats.converting import convert, repair
    from .replay.matching import MATCHERS
    from .sessions import MODES

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

__getattr__ = lazily(
    __name__,
    {
        "asynchronous": ("AsyncRecordTransport", "AsyncReplayTransport"),
        "blocking": ("RecordTransport", "ReplayTransport"),
        "cassette.cassettes": ("Cassette", "CassetteWarning"),
        "cassette.interactions": ("Interaction",),
        "cassette.scrubbing": ("Redaction",),
        "formats.converting": ("convert", "repair"),
        "replay.matching": ("MATCHERS",),
        "sessions": ("MODES",),
    },
)
