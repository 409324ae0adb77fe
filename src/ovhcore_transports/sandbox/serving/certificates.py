"""TLS for a sandbox that is served."""

from __future__ import annotations

import os
import ssl
import tempfile
from pathlib import Path
from typing import TypeAlias

from ovhcore.exceptions import InvalidConfiguration

__all__ = ["Tls", "encrypting"]

Tls: TypeAlias = "bool | tuple[str | os.PathLike[str], str | os.PathLike[str]]"
"""False for none, True for a certificate that is made up, or the files of a certificate and its key."""


def encrypting(tls: Tls, names: list[str]) -> tuple[ssl.SSLContext | None, Path | None]:
    """Return the context of a server, and the file that its clients need to trust a certificate that is made up.

    Raises:
        InvalidConfiguration: files cannot be read, or what makes certificates is not installed.
    """
    if tls is False:
        return None, None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    if tls is not True:
        certificate, key = tls
        try:
            context.load_cert_chain(certificate, key)
        except OSError as error:  # ssl.SSLError is one
            raise InvalidConfiguration(
                f"sandbox: {os.fspath(certificate)} and {os.fspath(key)} are no certificate and key: {error}"
            ) from None
        return context, None
    try:
        import trustme
    except ModuleNotFoundError:
        raise InvalidConfiguration(
            'sandbox: a certificate is made up by trustme: pip install "ovhcore[testing]"; or give the files of one'
        ) from None
    authority = trustme.CA(organization_name="ovhcore sandbox")
    authority.issue_cert(*names).configure_cert(context)
    bundle = Path(tempfile.mkdtemp(prefix="ovhcore-sandbox-")) / "authority.pem"
    authority.cert_pem.write_to_path(str(bundle))
    return context, bundle
