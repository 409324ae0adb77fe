"""Encryption of what a store keeps: with a key that those alone can make who have the same credentials."""

from __future__ import annotations

from base64 import urlsafe_b64encode
from hmac import digest
from typing import TYPE_CHECKING, Any, Final

from ovhcore.exceptions import InvalidConfiguration, SharedStoreError
from ovhcore.protocol import ApplicationKey, OAuth2Client

if TYPE_CHECKING:
    from ovhcore.protocol import Credentials

__all__ = ["Seal"]

_PURPOSE: Final = b"ovhcore: what processes share, 1"


class Seal:
    """Encrypts and decrypts, with a key that is derived from the secret of credentials.

    Args:
        credentials: those with the secret.

    Raises:
        InvalidConfiguration: the package cryptography is not installed.
    """

    def __init__(self, credentials: Credentials) -> None:
        try:
            from cryptography.fernet import Fernet, InvalidToken
        except ImportError:
            raise InvalidConfiguration(
                'What is shared is encrypted, which needs the package cryptography: pip install "ovhcore[redis]"'
            ) from None
        if isinstance(credentials, ApplicationKey):
            secret = credentials.application_secret
        elif isinstance(credentials, OAuth2Client):
            secret = credentials.client_secret
        else:
            secret = credentials.access_token
        # Secrets are random and long, so nothing is gained by a function that is slow.
        self._fernet = Fernet(urlsafe_b64encode(digest(secret.reveal().encode(), _PURPOSE, "sha256")))
        self._invalid: Any = InvalidToken

    def close(self, value: bytes) -> str:
        """Return a value encrypted, as ASCII."""
        return self._fernet.encrypt(value).decode("ascii")

    def open(self, sealed: str) -> bytes:
        """Return a value decrypted.

        Raises:
            SharedStoreError: it was damaged, or encrypted by somebody with other credentials.
        """
        try:
            return self._fernet.decrypt(sealed)
        except self._invalid:
            pass
        raise SharedStoreError("The shared store has an entry that these credentials do not open")
