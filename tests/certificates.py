"""A certificate authority for tests of TLS."""

from __future__ import annotations

import ssl
from pathlib import Path

import trustme


class Authority:
    """Issues certificates for loopback; ``bundle`` is the file that trusts them."""

    def __init__(self, directory: Path) -> None:
        self._authority = trustme.CA()
        self.bundle = directory / "authority.pem"
        self._authority.cert_pem.write_to_path(str(self.bundle))

    def server_context(self, name: str) -> ssl.SSLContext:
        """Return a context for a server of this name."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._authority.issue_cert(name).configure_cert(context)
        return context
