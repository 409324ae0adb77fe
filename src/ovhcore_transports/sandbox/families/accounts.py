"""The account and what it uses: keys, payment methods, SMS, hosting, IAM."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any, Final

from ..generic.values.words import SSH_KEY
from ..routes.calls import SandboxCall, concrete
from ..routes.iam import keep_tags
from ..state import ApiError
from .tables import Action, Change, Resource, is_ssh_key

__all__ = ["RESOURCES"]


def _ssh_key(change: Change) -> None:
    if change.kind == "create" and not is_ssh_key(change.given.get("key")):
        raise ApiError.of_class(400, "BadRequest", "[key] This is no public SSH key")


def _not_default(change: Change) -> None:
    if change.kind == "delete" and change.object.get("default"):
        raise ApiError.of_class(409, "Conflict", "The default payment method cannot be deleted")


def _send(call: SandboxCall, change: Change) -> dict[str, Any]:
    """Send an SMS, or keep it until it is due; each receiver costs a credit for each 160 characters."""
    given, state = change.given, call.state
    receivers = [str(each) for each in given.get("receivers") or ()]
    valid = [each for each in receivers if re.fullmatch(r"\+?[0-9]{6,15}", each)]
    if not receivers and not (given.get("receiversSlotId") or given.get("receiversDocumentUrl")):
        raise ApiError.of_class(400, "BadRequest", "[receivers] There must be receivers")
    parts = -(-len(str(given.get("message", ""))) // 160)
    cost, left = parts * len(valid), change.object.get("creditsLeft")
    if isinstance(left, (int, float)):
        if cost > left:
            raise ApiError.of_class(403, "Forbidden", f"Not enough credits: {cost} needed, {left:g} left")
        change.object["creditsLeft"] = left - cost
    path = concrete("/sms/{serviceName}", change.arguments)
    state.held.keep(path, change.object)
    later, ids = given.get("differedPeriod") or 0, []
    for each in valid:
        number = 5_100_000_000 + state.next()
        ids.append(number)
        made = {
            "id": number,
            "message": given.get("message"),
            "messageLength": len(str(given.get("message"))),
            "receiver": each,
            "sender": given.get("sender") or "",
            "creationDatetime": datetime.fromtimestamp(int(call.now), UTC).isoformat(),
            "credits": float(parts),
            "numberOfSms": parts,
            "differedDelivery": later,
            "deliveryReceipt": 0,
            "ptt": 0,
        }
        lists = f"{path}/{'jobs' if later else 'outgoing'}"
        state.held.add(lists, f"{lists}/{number}", number, made)
    invalid = [each for each in receivers if each not in valid]
    return {"totalCreditsRemoved": float(cost), "validReceivers": valid, "invalidReceivers": invalid, "ids": ids}


def _tag(call: SandboxCall, change: Change) -> None:
    _keep(call, change, {**change.object.get("tags", {}), change.given["key"]: change.given["value"]})


def _untag(call: SandboxCall, change: Change) -> None:
    tags = dict(change.object.get("tags", {}))
    if tags.pop(change.arguments["key"], None) is None:
        message = f"The requested object (key = {change.arguments['key']}) does not exist"
        raise ApiError.of_class(404, "NotFound", message)
    _keep(call, change, tags)


def _keep(call: SandboxCall, change: Change, tags: dict[str, str]) -> None:
    change.object["tags"] = tags
    keep_tags(call.state, change.arguments["resourceURN"], tags)


def _nothing(change: Change) -> None:
    """Tags are answered with nothing."""


def _name_service(call: SandboxCall, change: Change) -> None:
    """Let a service show another name; two families have a call for that."""
    resource = change.given.get("resource")
    name = change.given.get("displayName") or (resource.get("displayName") if isinstance(resource, dict) else None)
    if isinstance(name, str):
        call.state.display_names[change.arguments["serviceId"]] = name


def _end_engagement(call: SandboxCall, change: Change) -> None:
    """Choose what becomes of a service when its engagement ends."""
    billing: dict[str, Any] = change.object.get("billing", {})
    engagement: dict[str, Any] = billing.get("engagement") or {}
    rule = engagement.get("endRule")
    if rule is None:
        raise ApiError.of_class(409, "Conflict", "This service has no engagement")
    strategy = change.given["strategy"]
    if strategy not in rule["possibleStrategies"]:
        raise ApiError.of_class(400, "BadRequest", f"[strategy] {strategy} is not possible for this service")
    changed = {**engagement, "endRule": {**rule, "strategy": strategy}}
    path = concrete("/services/{serviceId}", change.arguments)
    call.state.held.keep(path, {**change.object, "billing": {**billing, "engagement": changed}})


_ENGAGED: Final = {
    "endDate": "2027-01-15",
    "endRule": {
        "possibleStrategies": ["REACTIVATE_ENGAGEMENT", "STOP_ENGAGEMENT_FALLBACK_DEFAULT_PRICE", "CANCEL_SERVICE"],
        "strategy": "STOP_ENGAGEMENT_FALLBACK_DEFAULT_PRICE",
    },
}

RESOURCES: Final = (
    Resource("/me/sshKey/{keyName}", rules=(_ssh_key,), ids=("work", "home"), shows={"key": SSH_KEY}),
    Resource("/me/payment/method/{paymentMethodId}", rules=(_not_default,), each={}),
    Resource(
        "/sms/{serviceName}",
        ids=("sms-ab1234-1", "sms-ab1234-2"),
        shows={"name": "{id}", "creditsLeft": 500.0, "status": "enable"},
        actions={"POST /jobs": Action(busy=False, does=_send)},
    ),
    Resource("/sms/{serviceName}/senders/{sender}", shows={"status": "enable"}, starts={"status": "waitingValidation"}),
    Resource(
        "/hosting/web/{serviceName}",
        ids=("example.com", "example.ovh"),
        shows={"serviceName": "{id}"},
        urn="webHosting",
    ),
    Resource("/v2/webhosting/resource/{name}", same_as="/hosting/web"),
    Resource(
        "/service/{serviceId}",
        same_as="/services",
        every_service=True,
        actions={"PUT": Action(does=_name_service, busy=False)},
    ),
    Resource(
        "/services/{serviceId}",
        every_service=True,
        narrowed_by={"resourceName": "resource.name", "routes": "route.path"},
        shows={"billing": {"engagement": _ENGAGED}},
        actions={
            "PUT": Action(does=_name_service, busy=False),
            "PUT /billing/engagement/endRule": Action(does=_end_engagement, busy=False),
        },
    ),
    Resource("/hosting/web/{serviceName}/database/{name}", new_id="example{n}", shows={"state": "ok"}),
    Resource(
        "/hosting/privateDatabase/{serviceName}",
        ids=("ab12345-001", "ab12345-002"),
        shows={"state": "started"},
        actions={
            "POST /restart": Action(sets={"state": "restartPending"}, then={"state": "started"}),
        },
    ),
    Resource("/v2/iam/policy/{policyId}", unique=("name",)),
    Resource(
        "/v2/iam/resource/{resourceURN}",
        every_urn=True,
        actions={
            "POST /tag": Action(does=_tag, answer=_nothing),
            "DELETE /tag/{key}": Action(does=_untag, answer=_nothing),
        },
    ),
    Resource("/v2/iam/resourceGroup/{groupId}", unique=("name",)),
)
