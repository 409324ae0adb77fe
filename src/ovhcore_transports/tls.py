"""TLS: the one place that reads which certificates to trust."""

from __future__ import annotations

import os
import ssl

from ovhcore.exceptions import InvalidConfiguration

__all__ = ["tls_context"]


def tls_context(ca_bundle: str | None) -> ssl.SSLContext:
    """Return a context that verifies servers.

    Args:
        ca_bundle: file or directory with the certificates to trust; None for the system's.

    Raises:
        InvalidConfiguration: there are no certificates in it.
    """
    try:
        if ca_bundle is not None and os.path.isdir(ca_bundle):
            return ssl.create_default_context(capath=ca_bundle)
        return ssl.create_default_context(cafile=ca_bundle)
    except (OSError, ssl.SSLError) as error:
        problem = error.strerror or str(error)
    raise InvalidConfiguration(f"ca_bundle {ca_bundle} holds no usable certificates: {problem}")
