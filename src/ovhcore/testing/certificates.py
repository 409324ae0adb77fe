"""Certificates for servers on loopback: good ones, and some of each bad kind."""

from __future__ import annotations

import ssl
from datetime import UTC, datetime
from pathlib import Path

import trustme

__all__ = ["Authority"]


class Authority:
    """A certificate authority for tests: only a client with its bundle trusts it.

    Args:
        directory: the directory for its files.

    Attributes:
        bundle: file with its certificate, for ``ca_bundle``.
    """

    def __init__(self, directory: Path) -> None:
        self._authority = trustme.CA()
        self._directory = directory
        self.bundle = directory / "authority.pem"
        self._authority.cert_pem.write_to_path(str(self.bundle))

    def server_context(self, name: str = "127.0.0.1", *, expired: bool = False) -> ssl.SSLContext:
        """Return the context of a server of this name.

        Args:
            name: host name or IP address.
            expired: whether its certificate is out of date.
        """
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        end = datetime(2001, 1, 1, tzinfo=UTC) if expired else None
        begin = datetime(2000, 1, 1, tzinfo=UTC) if expired else None
        self._authority.issue_cert(name, not_before=begin, not_after=end).configure_cert(context)
        return context

    def asking_context(self) -> ssl.SSLContext:
        """Return the context of a server that talks only to clients which show a certificate of this authority."""
        context = self.server_context()
        context.verify_mode = ssl.CERT_REQUIRED
        self._authority.configure_trust(context)
        return context

    def client_files(self) -> tuple[Path, Path]:
        """Return two files: certificate and key of a client."""
        issued = self._authority.issue_cert("client@example.com")
        certificate, key = self._directory / "client.pem", self._directory / "client-key.pem"
        certificate.write_bytes(b"".join(blob.bytes() for blob in issued.cert_chain_pems))
        issued.private_key_pem.write_to_path(str(key))
        return certificate, key
