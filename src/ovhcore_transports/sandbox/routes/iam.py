"""Resources as families that know all of them do: by URNs with tags, by the numbers and names of services."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import blake2b
from typing import Any, Final
from urllib.parse import quote

from ..state import State
from ..storage.rows import Row, find

__all__ = ["display_name", "first_tags", "keep_tags", "service_id", "tags_of", "urn_of"]

_ROWS: Final = {"dedicatedServer": ("servers", "name"), "vrackServices": ("vrack_services", "id")}
"""Resources with tags of their own, by their types: the name of their list, and the member with their ids."""


def urn_of(kind: str, name: str) -> str:
    """Return the URN of a resource.

    Args:
        kind: its type, as ``"vps"``.
        name: its id.
    """
    return f"urn:v1:eu:resource:{kind}:{name}"


def _row(state: State, urn: str) -> Row | None:
    kind, _, name = urn.removeprefix("urn:v1:eu:resource:").partition(":")
    listed, member = _ROWS.get(kind, ("", ""))
    return find(state.resources[listed], member, name) if listed else None


def first_tags(state: State, urn: str) -> dict[str, str]:
    """Return the tags of a resource, where no call was made to add or take away any."""
    found = _row(state, urn)
    tags: dict[str, str] = {} if found is None else found.get("iam", {}).get("tags", {})
    return dict(tags)


def keep_tags(state: State, urn: str, tags: dict[str, str]) -> None:
    """Let a resource of a list with a name say its tags itself."""
    found = _row(state, urn)
    if found is not None and "iam" in found:
        found["iam"]["tags"] = dict(tags)


def tags_of(state: State, iam: Mapping[str, Any]) -> dict[str, str]:
    """Return the tags of a resource, as they are now.

    Args:
        state: of the sandbox.
        iam: what the resource says of itself: ``urn`` and ``tags``.
    """
    kept = state.held.objects.get(f"/v2/iam/resource/{quote(str(iam.get('urn')), safe='')}")
    tags: dict[str, str] = iam.get("tags", {}) if kept is None else kept.get("tags", {})
    return tags


def service_id(path: str) -> int:
    """Return the number of the service that an object is.

    Args:
        path: of the object, as ``"/dedicated/server/ns1.ip-192-0-2.eu"``.
    """
    return 100_000_000 + int.from_bytes(blake2b(path.encode("utf-8", "replace"), digest_size=6).digest()) % 200_000_000


def display_name(state: State, path: str, otherwise: str) -> str:
    """Return the name that a service shows: the one that was given to it, if there is one; arguments as above."""
    return state.display_names.get(str(service_id(path)), otherwise) if state.display_names else otherwise
