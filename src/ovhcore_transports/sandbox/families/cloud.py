"""Public cloud: instances, volumes, Kubernetes, networks, users and what they are made with."""

from __future__ import annotations

from typing import Final

from .tables import Action, Resource

__all__ = ["RESOURCES"]

_PROJECT: Final = "/cloud/project/{serviceName}"
_ACTIVE: Final = {"status": "ACTIVE"}
_READY: Final = {"status": "READY"}

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
            "POST /resize": Action(sets={"status": "RESIZE"}, then=_ACTIVE),
        },
    ),
    Resource(
        f"{_PROJECT}/volume/{{volumeId}}",
        shows={"status": "available", "attachedTo": []},
        starts={"status": "creating"},
        actions={
            "POST /attach": Action(
                sets={"status": "attaching"}, then={"status": "in-use"}, needs={"status": "available"}
            ),
            "POST /detach": Action(
                sets={"status": "detaching"}, then={"status": "available"}, needs={"status": "in-use"}
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
    Resource(f"{_PROJECT}/sshkey/{{keyId}}", unique=("name",)),
    Resource(f"{_PROJECT}/region/{{regionName}}", ids=("GRA11", "SBG5", "BHS5"), shows={"status": "UP"}),
)
