"""TLS: the one place that reads which certificates to trust and which to show."""

from __future__ import annotations

import os
import ssl

from ovhcore.exceptions import InvalidConfiguration
from ovhcore.plugins import TransportSettings

__all__ = ["tls_context"]


def tls_context(settings: TransportSettings) -> ssl.SSLContext:
    """Return a context that verifies servers, unless that is switched off, and shows the client's certificate.

    If the system has no certificates to trust, as with Python on macOS before its installer's
    last step, the context trusts those of the package ``certifi``, if it is installed.

    Raises:
        InvalidConfiguration: a file holds no certificates, or no key that fits.
    """
    context = _trusting(settings.ca_bundle)
    if not settings.verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    if settings.client_cert is not None:
        try:
            # The last argument keeps OpenSSL from asking for a password at the terminal.
            context.load_cert_chain(settings.client_cert, settings.client_key, lambda: "")
            return context
        except (OSError, ssl.SSLError) as error:
            problem = _reason(error)
        files = " and ".join(filter(None, (settings.client_cert, settings.client_key)))
        raise InvalidConfiguration(
            f"client_cert: {files} must hold a certificate and its key, not encrypted, as PEM: {problem}"
        )
    return context


def _trusting(ca_bundle: str | None) -> ssl.SSLContext:
    if ca_bundle is None:
        return ssl.create_default_context(cafile=_fallback())
    try:
        if os.path.isdir(ca_bundle):
            return ssl.create_default_context(capath=ca_bundle)
        return ssl.create_default_context(cafile=ca_bundle)
    except (OSError, ssl.SSLError) as error:
        problem = _reason(error)
    raise InvalidConfiguration(f"ca_bundle {ca_bundle} holds no usable certificates: {problem}")


def _fallback() -> str | None:
    """Return certifi's file if the system has no certificates; Windows keeps its own in a store without a path."""
    paths = ssl.get_default_verify_paths()
    if os.name == "nt" or paths.cafile or (paths.capath and os.listdir(paths.capath)):
        return None
    try:
        import certifi
    except ImportError:
        return None
    return certifi.where()


def _reason(error: OSError) -> str:
    return error.strerror or str(error)
