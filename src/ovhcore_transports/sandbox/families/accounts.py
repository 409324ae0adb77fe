"""The account and what it uses: keys, payment methods, SMS, hosting, IAM."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import quote

from ..generic.values.words import SSH_KEY
from ..routes.calls import SandboxCall, begin, concrete, date_of
from ..routes.iam import keep_tags
from ..state import ApiError
from .everywhere import keep_part
from .tables import Action, Change, Resource, is_ssh_key

__all__ = ["RESOURCES"]


_GSM: Final = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿"
    "abcdefghijklmnopqrstuvwxyzäöñüà"
)
"""Characters of which an SMS holds 160; of others, 70."""


def _ssh_key(change: Change) -> None:
    if change.kind == "create" and not is_ssh_key(change.given.get("key")):
        raise ApiError.of_class(400, "BadRequest", "[key] This is no public SSH key")


def _not_default(change: Change) -> None:
    if change.kind == "delete" and change.object.get("default"):
        raise ApiError.of_class(409, "Conflict", "The default payment method cannot be deleted")


def _configure(call: SandboxCall, change: Change) -> None:
    """Change settings of a database server, when the task is over."""
    wanted = {each.get("key"): each.get("value") for each in change.given.get("parameters") or ()}
    before = change.object.get("details", [])
    unknown = sorted(str(each) for each in wanted.keys() - {each["key"] for each in before})
    if unknown:
        raise ApiError.of_class(400, "BadRequest", f"[parameters] There are no settings {', '.join(unknown)}")
    details = [{**each, "value": wanted.get(each["key"], each["value"])} for each in before]
    path = concrete("/hosting/privateDatabase/{serviceName}/config", change.arguments)
    change.object["status"] = "updating"
    call.state.held.keep(path, change.object)
    begin(call, path, change.kind, {"then": {"status": "applied", "details": details}})


_SETTINGS: Final = [
    {
        "key": key,
        "value": value,
        "defaultValue": value,
        "availableValues": values,
        "type": "number",
        "description": key,
        "lastUpdate": "2026-01-07T10:00:00+01:00",
    }
    for key, value, values in (
        ("max_connections", "100", ["100", "200"]),
        ("tmpdir", "/tmp", ["/tmp", "/dev/shm"]),
    )
]


def _one_default(change: Change) -> None:
    """There is one default payment method: the last one that was made it."""
    if change.kind in ("create", "change") and change.object.get("default"):
        assert change.call is not None
        for each in change.others():
            if each.get("default"):
                keep_part(change.call, f"/me/payment/method/{each['paymentMethodId']}", {"default": False})


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


def _estimate(change: Change) -> dict[str, Any]:
    text = str(change.given.get("message", ""))
    narrow = all(each in _GSM for each in text)
    one, several = (160, 153) if narrow else (70, 67)
    parts = 1 if len(text) <= one else -(-len(text) // several)
    return {
        "characters": len(text),
        "charactersClass": "7bits" if narrow else "unicode",
        "maxCharactersPerPart": one if parts == 1 else several,
        "parts": parts,
    }


def _transfer(call: SandboxCall, change: Change) -> None:
    """Give credits to another SMS account."""
    change.check_there("smsAccountTarget", "/sms")
    moved, left = change.given["credits"], change.object.get("creditsLeft", 0)
    if not 0 < moved <= left:
        raise ApiError.of_class(403, "Forbidden", f"Not enough credits: {moved:g} needed, {left:g} left")
    change.object["creditsLeft"] = left - moved
    call.state.held.keep(concrete("/sms/{serviceName}", change.arguments), change.object)
    target = f"/sms/{quote(str(change.given['smsAccountTarget']), safe='')}"
    keep_part(call, target, {"creditsLeft": call.read(target)["creditsLeft"] + moved})


def _authorized(change: Change) -> dict[str, Any]:
    """The account that asks may do everything."""
    return {"authorizedActions": list(change.given.get("actions") or ()), "unauthorizedActions": []}


def _authorized_each(change: Change) -> list[dict[str, Any]]:
    return [{"resourceURN": urn, **_authorized(change)} for urn in change.given.get("resourceURNs") or ()]


def _accept(call: SandboxCall, change: Change) -> None:
    """Give a service its new contacts."""
    task, path = change.object, concrete("/me/task/contactChange/{id}", change.arguments)
    kept = call.state.held.objects.get(path) or {}
    service = kept.get("~service")
    if service is not None:
        keep_part(call, f"{service}/serviceInfos", dict.fromkeys(task["contactTypes"], task["toAccount"]))
    call.state.held.keep(path, {**task, "state": "done", "dateDone": date_of(call.now)})


def _refuse(call: SandboxCall, change: Change) -> None:
    path = concrete("/me/task/contactChange/{id}", change.arguments)
    call.state.held.keep(path, {**change.object, "state": "refused", "dateDone": date_of(call.now)})


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

_WAITING: Final = {"state": "validatingByCustomers"}
RESOURCES: Final = (
    Resource(
        "/me/task/contactChange/{id}",
        shows=_WAITING,
        actions={
            "POST /accept": Action(does=_accept, needs=_WAITING, busy=False),
            "POST /refuse": Action(does=_refuse, needs=_WAITING, busy=False),
        },
    ),
    Resource("/sms", actions={"POST /estimate": Action(answer=_estimate)}),
    Resource("/v2/iam", actions={"POST /authorization/check": Action(answer=_authorized_each)}),
    Resource("/me/sshKey/{keyName}", rules=(_ssh_key,), ids=("work", "home"), shows={"key": SSH_KEY}),
    Resource(
        "/me/payment/method/{paymentMethodId}",
        ids=(10_001, 10_002),
        shows={"default": False, "status": "VALID"},
        each={"10001": {"default": True}},
        starts={"status": "CREATED"},
        rules=(_not_default, _one_default),
    ),
    Resource(
        "/sms/{serviceName}",
        ids=("sms-ab1234-1", "sms-ab1234-2"),
        shows={"name": "{id}", "creditsLeft": 500.0, "status": "enable"},
        actions={
            "POST /jobs": Action(busy=False, does=_send),
            "POST /transferCredits": Action(busy=False, does=_transfer),
        },
        urn="sms",
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
    Resource(
        "/hosting/privateDatabase/{serviceName}/config",
        shows={"status": "applied", "details": _SETTINGS},
        actions={"POST /update": Action(does=_configure)},
    ),
    Resource("/v2/iam/policy/{policyId}", unique=("name",)),
    Resource(
        "/v2/iam/resource/{resourceURN}",
        every_urn=True,
        actions={
            "POST /tag": Action(does=_tag, answer=_nothing),
            "DELETE /tag/{key}": Action(does=_untag, answer=_nothing),
            "POST /authorization/check": Action(answer=_authorized),
        },
    ),
    Resource("/v2/iam/resourceGroup/{groupId}", unique=("name",)),
)
