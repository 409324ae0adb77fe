"""Who a key is, what it may do, and until when."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from ovhcore.exceptions import Forbidden, InvalidResponse, NotGrantedCall, ResourceNotFoundError, Unauthorized

from ..frame.text import one_line
from ..output.formats import cell
from .rules import in_words

if TYPE_CHECKING:
    from ovhcore import Client
    from ovhcore.protocol import ApplicationKey

__all__ = ["application_of", "identity_lines", "identity_of"]

_REFUSED: Final = (NotGrantedCall, Forbidden, Unauthorized, ResourceNotFoundError)
_LABELS: Final = {
    "account": "account",
    "name": "name",
    "identity": "identity",
    "endpoint": "endpoint",
    "application": "application",
    "credentialId": "credential",
    "status": "status",
    "rights": "rights",
    "allowedIPs": "only from",
    "creation": "made",
    "expiration": "expires",
    "lastUse": "last used",
}


def identity_of(client: Client) -> dict[str, Any]:
    """Return what the API says of who calls: members of its answers, and ``rights`` in words.

    Raises:
        APIError: the credentials do not work.
    """
    known: dict[str, Any] = {"endpoint": client.endpoint.name}
    details: dict[str, Any] = {}
    if application_of(client) is None:
        details = _asked(client, "/auth/details")  # a plugin is asked for credentials by the first call
    if application_of(client) is not None:
        credential = _asked(client, "/auth/currentCredential")
        names = ("credentialId", "applicationId", "status", "creation", "expiration", "lastUse", "allowedIPs", "rules")
        known |= {name: credential.get(name) for name in names}
        known["rights"] = in_words(credential.get("rules"))
        known |= details or _optional(client, "/auth/details")
        application = _optional(client, f"/me/api/application/{credential.get('applicationId')}")
        known["application"] = application.get("name") or credential.get("applicationId")
    else:
        known |= details
        known["rights"] = ["what the policies of its identity (IAM) allow"]
    identities = known.get("identities")
    if isinstance(identities, list) and identities:
        known["identity"] = identities[0]
    me = _optional(client, "/me")
    known["account"] = known.get("account") or me.get("nichandle")
    known["name"] = " ".join(filter(None, (me.get("firstname"), me.get("name")))) or None
    return known


def application_of(client: Client) -> ApplicationKey | None:
    """Return the application key that a client calls with, None for credentials of another kind."""
    return client._ovhcore.application


def _asked(client: Client, path: str) -> dict[str, Any]:
    value = client.get(path)
    if isinstance(value, dict):
        return value
    raise InvalidResponse(f"GET {path} was not answered with an object: something other than the API may answer")


def _optional(client: Client, path: str) -> dict[str, Any]:
    """Return what a key may not be allowed to ask, or an endpoint not know."""
    try:
        value = client.get(path)
    except _REFUSED:
        return {}
    return value if isinstance(value, dict) else {}


def identity_lines(known: dict[str, Any], source: str | None = None) -> list[str]:
    """Return who a key is, for people, a line each."""
    lines: list[str] = []
    for name, label in _LABELS.items():
        value = known.get(name)
        if name == "expiration" and "credentialId" in known and value is None:
            value = "never"
        if value in (None, "", []):
            continue
        shown = [*map(str, value)] if isinstance(value, list) else [cell(value)]
        for number, each in enumerate(shown):
            lines.append(f"{'' if number else label:<12} {one_line(each)}")
    if source is not None:
        lines.append(f"{'keys from':<12} {one_line(source)}")
    return lines
