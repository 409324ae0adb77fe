"""What HTTP transports share: the strict reader, bodies, deadlines, failures, proxies, TLS, pools.

The names below are promised to authors of transports; they are loaded when they are first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._lazy import lazily

if TYPE_CHECKING:
    from .bodies import ACCEPTED, decompressed
    from .deadlines import Deadline
    from .failures import causes_of, reason_of
    from .http_client import WholeResponse, meaning_of
    from .pools import Pools
    from .proxies import proxy_for
    from .tls import tls_context

__all__ = [
    "ACCEPTED",
    "Deadline",
    "Pools",
    "WholeResponse",
    "causes_of",
    "decompressed",
    "meaning_of",
    "proxy_for",
    "reason_of",
    "tls_context",
]

__getattr__ = lazily(
    __name__,
    {
        "ACCEPTED": "bodies",
        "Deadline": "deadlines",
        "Pools": "pools",
        "WholeResponse": "http_client",
        "causes_of": "failures",
        "decompressed": "bodies",
        "meaning_of": "http_client",
        "proxy_for": "proxies",
        "reason_of": "failures",
        "tls_context": "tls",
    },
)
