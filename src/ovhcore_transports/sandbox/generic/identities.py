"""What families that know all objects say of them: URNs with tags, services with numbers and names."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeAlias

from ..families.tables import Resource
from ..routes.calls import SandboxCall, concrete
from ..routes.iam import display_name, first_tags, service_id, tags_of, urn_of
from .api_shape import ApiShape, Collection

__all__ = ["Services", "identify", "services_of", "urns_of"]

Services: TypeAlias = dict[int, tuple[Collection, str]]
"""The list that a service is in, and its id there, by the number of the service."""


def urns_of(
    shape: ApiShape, resources: Mapping[str, Resource], ids: Callable[[Collection], Iterable[Any]]
) -> list[str]:
    """Return the URNs of all resources that have one.

    Args:
        shape: of the API.
        resources: what is said of objects.
        ids: returns the ids of a list.
    """
    found: list[str] = []
    for each in resources.values():
        of = shape.collection(each.path.rpartition("/")[0]) if each.urn else None
        if of is not None:
            found += [urn_of(each.urn, item_id) for item_id in ids(of)]
    return sorted(found)


def services_of(shape: ApiShape, ids: Callable[[Collection], Iterable[Any]]) -> Services:
    """Return what the account pays for; arguments as for :func:`urns_of`."""
    found = ((of, str(item_id)) for of in shape.services for item_id in ids(of))
    return {service_id(concrete(of.item, {of.argument: item_id})): (of, item_id) for of, item_id in found}


def identify(
    call: SandboxCall,
    resource: Resource,
    arguments: Mapping[str, str],
    made: dict[str, Any],
    services: Callable[[], Services],
    *,
    kept: bool,
) -> None:
    """Let an object say what others know of it: its tags, the name of its service.

    Args:
        call: that asks.
        resource: what is said of the object.
        arguments: of its path.
        made: the object.
        services: returns all services.
        kept: whether a call has changed it.
    """
    last = list(arguments.values())[-1]
    if resource.every_urn and not kept:
        kind, _, name = last.removeprefix("urn:v1:eu:resource:").partition(":")
        made |= {"tags": first_tags(call.state, last), "type": kind, "name": name, "displayName": name}
    elif resource.every_service:
        found = services().get(int(last)) if last.isdecimal() else None
        if found is None:  # one that was added
            return
        of, item_id = found
        path = concrete(of.item, {of.argument: item_id})
        said: dict[str, dict[str, Any]] = {
            "resource": {"name": item_id, "displayName": display_name(call.state, path, item_id)},
            "route": {"path": of.item, "url": path, "vars": [{"key": of.argument, "value": item_id}]},
        }
        made.update({name: {**made[name], **each} for name, each in said.items() if name in made})
    elif resource.urn and "iam" in made:
        own: dict[str, Any] = {"urn": urn_of(resource.urn, last), "displayName": last, "tags": {}}
        iam: dict[str, Any] = {**made["iam"], **({} if kept else own)}
        name = display_name(call.state, concrete(resource.path, arguments), iam.get("displayName", last))
        made["iam"] = {**iam, "displayName": name, "tags": tags_of(call.state, iam)}
