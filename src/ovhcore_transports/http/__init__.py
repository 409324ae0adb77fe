"""The parts that HTTP transports share: the strict reader, bodies, deadlines, failures, proxies, TLS, pools.

These names are promised to authors of transports. The first use of a name loads its module.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ovhcore._lazy import lazily

if TYPE_CHECKING:
    from ..base.deadlines import Deadline
    from .blocking.pools import Pools
    from .bodies import ACCEPTED, decompressed
    from .failures import reason_of
    from .http_client import WholeResponse, meaning_of
    from .proxies import proxy_for
    from .tls import tls_context

__all__ = [
    "ACCEPTED",
    "Deadline",
    "Pools",
    "WholeResponse",
    "decompressed",
    "meaning_of",
    "proxy_for",
    "reason_of",
    "tls_context",
]

__getattr__ = lazily(
    __name__,
    {
        "http.bodies": ("ACCEPTED", "decompressed"),
        "base.deadlines": ("Deadline",),
        "http.failures": ("reason_of",),
        "http.http_client": ("WholeResponse", "meaning_of"),
        "http.blocking.pools": ("Pools",),
        "http.proxies": ("proxy_for",),
        "http.tls": ("tls_context",),
    },
    below=__name__.rpartition(".")[0],
)
