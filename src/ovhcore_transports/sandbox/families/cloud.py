"""Public cloud: instances, volumes, Kubernetes, networks, users and what they are made with."""

from __future__ import annotations

from typing import Final

from ..state import ApiError
from .tables import Action, Change, Resource, is_ssh_key

__all__ = ["RESOURCES"]

_PROJECT: Final = "/cloud/project/{serviceName}"
_ACTIVE: Final = {"status": "ACTIVE"}
_READY: Final = {"status": "READY"}


def _detached(change: Change) -> None:
    if change.kind == "delete" and change.object.get("attachedTo"):
        raise ApiError.of_class(409, "Conflict", "The volume is attached to an instance; detach it first")


def _ssh_key(change: Change) -> None:
    if change.kind == "create" and not is_ssh_key(change.given.get("publicKey")):
        raise ApiError.of_class(400, "BadRequest", "[publicKey] This is no public SSH key")


RESOURCES: Final = (
    Resource("/cloud/project/{serviceName}", urn="publicCloudProject"),
    Resource("/v2/publicCloud/project/{projectId}", same_as="/cloud/project"),
    Resource(
        f"{_PROJECT}/instance/{{instanceId}}",
        shows=_ACTIVE,
        starts={"status": "BUILD"},
        actions={
            "POST /reboot": Action(sets={"status": "REBOOT"}, then=_ACTIVE),
            "POST /start": Action(sets={"status": "RESUMING"}, then=_ACTIVE, needs={"status": "SHUTOFF"}),
            "POST /stop": Action(sets={"status": "SUSPENDED"}, then={"status": "SHUTOFF"}, needs=_ACTIVE),
            "POST /shelve": Action(sets={"status": "SHELVING"}, then={"status": "SHELVED_OFFLOADED"}, needs=_ACTIVE),
            "POST /unshelve": Action(
                sets={"status": "UNSHELVING"}, then=_ACTIVE, needs={"status": "SHELVED_OFFLOADED"}
            ),
            "POST /rescueMode": Action(sets={"status": "RESCUING"}, then={"status": "RESCUED"}),
            "POST /reinstall": Action(sets={"status": "REBUILD"}, then=_ACTIVE),
            "POST /resize": Action(sets={"status": "RESIZE"}, then={**_ACTIVE, "flavorId": "{flavorId}"}),
            "PUT": Action(sets={"name": "{instanceName}"}, busy=False),
        },
    ),
    Resource(
        f"{_PROJECT}/volume/{{volumeId}}",
        rules=(_detached,),
        shows={"status": "available", "attachedTo": []},
        starts={"status": "creating"},
        actions={
            "POST /attach": Action(
                sets={"status": "attaching"},
                then={"status": "in-use", "attachedTo": ["{instanceId}"]},
                needs={"status": "available"},
            ),
            "POST /detach": Action(
                sets={"status": "detaching"}, then={"status": "available", "attachedTo": []}, needs={"status": "in-use"}
            ),
            "POST /upsize": Action(sets={"status": "extending", "size": "{size}"}, then={"status": "available"}),
        },
    ),
    Resource(
        f"{_PROJECT}/kube/{{kubeId}}",
        shows=_READY,
        starts={"status": "INSTALLING"},
        actions={
            "POST /reset": Action(sets={"status": "RESETTING"}, then=_READY),
            "POST /update": Action(sets={"status": "UPDATING"}, then=_READY),
            "POST /restart": Action(sets={"status": "REDEPLOYING"}, then=_READY),
        },
        busy=True,
    ),
    Resource(f"{_PROJECT}/kube/{{kubeId}}/nodepool/{{nodePoolId}}", shows=_READY, starts={"status": "INSTALLING"}),
    Resource(f"{_PROJECT}/network/private/{{networkId}}", shows=_ACTIVE, starts={"status": "BUILDING"}),
    Resource(f"{_PROJECT}/user/{{userId}}", shows={"status": "ok"}, starts={"status": "creating"}),
    Resource(f"{_PROJECT}/sshkey/{{keyId}}", unique=("name",), rules=(_ssh_key,)),
    Resource(f"{_PROJECT}/region/{{regionName}}", ids=("GRA11", "SBG5", "BHS5"), shows={"status": "UP"}),
)
