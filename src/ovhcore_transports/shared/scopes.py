"""Name whose limits, tokens, time and claims they are: clients of the same account come to the same name."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING

from ovhcore.protocol import ApplicationKey, OAuth2Client

if TYPE_CHECKING:
    from ovhcore.config import Settings

__all__ = ["scope_of"]


def scope_of(settings: Settings) -> str:
    """Return a hash of endpoint and credentials; it tells nothing of them.

    Those of a provider, as a keyring's, are not known yet: they have the endpoint alone in common.
    """
    credentials = settings.credentials
    if isinstance(credentials, ApplicationKey):
        who = str(credentials.application_key)
    elif isinstance(credentials, OAuth2Client):
        who = credentials.client_id
    else:
        who = "" if credentials is None else credentials.access_token.reveal()
    return sha256(f"{settings.endpoint.url}\0{who}".encode()).hexdigest()[:32]
