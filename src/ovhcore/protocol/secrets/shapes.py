"""Objects whose members are secrets because of the members beside them: their own names say nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from .names import is_secret_name

__all__ = ["secret_members"]

_WORDS_FOR_NAME: Final = ("name", "key", "field", "header", "Name", "Key")
_WORDS_FOR_VALUE: Final = ("value", "Value", "content")

# JSON web keys (RFC 7517, 7518): the private members.
_JWK: Final = frozenset({"d", "p", "q", "dp", "dq", "qi", "k", "oth"})
_CERTIFICATE: Final = frozenset({"cert", "certificate", "crt"})

# Members that the API's own descriptions call a password, under names of many meanings: the only member
# of an object; or the members that must be there, and those that are then secret.
_ALONE: Final = frozenset({"content", "payload", "code"})
_BESIDE: Final[tuple[tuple[frozenset[str], frozenset[str]], ...]] = tuple(
    (frozenset(needed.split()), frozenset(secret.split()))
    for needed, secret in (
        ("certificate privateKey", "certificate intermediates"),
        ("certificate entrypoint", "certificate"),
        ("content encryptionKeyId", "content"),
        ("payload payloadContentType", "payload"),
        ("access expireAt", "access"),
        ("access expiryAt", "access"),
        ("sidadm system", "masterSap masterSapHana sidadm system"),
        ("masterSap sidadm", "masterSap masterSapHana sidadm system"),
        ("sftpArchive swiftArchive", "sftpArchive sftpStorage swiftArchive swiftStorage"),
    )
)
_VARIABLE: Final = frozenset({"key", "type", "value"})
_VERSIONED: Final = frozenset({"value", "version"})


def secret_members(members: Mapping[Any, Any]) -> frozenset[str]:
    """Return the names of the members that are secret because of the others."""
    names = members.keys()
    if len(names) == 1:
        return _ALONE.intersection(names)
    found: set[str] = set()
    if "kty" in names:
        found |= _JWK
    if "key" in names and not _CERTIFICATE.isdisjoint(names):
        found.add("key")
    for needed, secret in _BESIDE:
        if needed <= names:
            found |= secret
    if names == _VERSIONED or names >= _VARIABLE:
        found.add("value")
    for word in _WORDS_FOR_NAME:
        named = members.get(word)
        if isinstance(named, str) and is_secret_name(named, loose=True):
            found.update(_WORDS_FOR_VALUE)
    return frozenset(found)
