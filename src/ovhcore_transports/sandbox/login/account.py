"""``/me/api``: the applications, consumer keys and OAuth2 clients of the account, as its owner manages them."""

from __future__ import annotations

from typing import Any

from ..routes.calls import SandboxCall
from ..state import ApiError
from .html import form_target
from .keys import application_of, new_client, settle, shown_application, shown_client, shown_credential

__all__ = [
    "application",
    "application_of_credential",
    "applications",
    "change_client",
    "change_credential",
    "client",
    "clients",
    "credential",
    "credentials",
    "delete_application",
    "delete_client",
    "delete_credential",
    "make_client",
]


def _found(items: Any, member: str, value: str) -> dict[str, Any]:
    for item in items:
        if str(item[member]) == value:
            found: dict[str, Any] = item
            return found
    raise ApiError.of_class(404, "NotFound", f"The requested object ({member} = {value}) does not exist")


def _application(call: SandboxCall) -> dict[str, Any]:
    return _found(call.state.keys.applications.values(), "applicationId", call.path["applicationId"])


def _credential(call: SandboxCall) -> dict[str, Any]:
    return _found(call.state.keys.credentials.values(), "credentialId", call.path["credentialId"])


def _client(call: SandboxCall) -> dict[str, Any]:
    return _found(call.state.keys.clients.values(), "clientId", call.path["clientId"])


def applications(call: SandboxCall) -> list[int]:
    """Return the ids of the applications."""
    return [each["applicationId"] for each in call.state.keys.applications.values()]


def application(call: SandboxCall) -> dict[str, Any]:
    """Return an application."""
    return shown_application(_application(call))


def delete_application(call: SandboxCall) -> None:
    """Delete an application; its consumer keys are worth nothing any more."""
    gone, ring = _application(call), call.state.keys
    del ring.applications[gone["applicationKey"]]
    for each in ring.credentials.values():
        if each["applicationId"] == gone["applicationId"] and each["state"] in ("pendingValidation", "validated"):
            each["state"] = "expired"


def credentials(call: SandboxCall) -> list[int]:
    """Return the ids of the consumer keys, of those with the application and status that are asked for."""
    number, status = call.query.get("applicationId"), call.query.get("status")
    return [
        each["credentialId"]
        for each in call.state.keys.credentials.values()
        if number in (None, str(each["applicationId"])) and status in (None, settle(each, call.now))
    ]


def credential(call: SandboxCall) -> dict[str, Any]:
    """Return a consumer key."""
    return shown_credential(_credential(call), call.now)


def change_credential(call: SandboxCall) -> None:
    """Change from where a consumer key may be used."""
    changed = _credential(call)
    if call.body and "allowedIPs" in call.body:
        changed["allowedIPs"] = None if call.body["allowedIPs"] is None else call.member("allowedIPs", list)


def delete_credential(call: SandboxCall) -> None:
    """Delete a consumer key."""
    gone, ring = _credential(call), call.state.keys
    del ring.credentials[gone["consumerKey"]]
    ring.waiting.pop(gone["credentialToken"], None)


def application_of_credential(call: SandboxCall) -> dict[str, Any]:
    """Return the application that a consumer key belongs to."""
    found = application_of(call.state.keys, _credential(call))
    if found is None:
        raise ApiError.of_class(404, "NotFound", "The application of this credential does not exist any more")
    return shown_application(found)


def _nichandle(call: SandboxCall) -> str:
    return str(call.state.resources["me"]["nichandle"])


def clients(call: SandboxCall) -> list[str]:
    """Return the ids of the OAuth2 clients."""
    return list(call.state.keys.clients)


def client(call: SandboxCall) -> dict[str, Any]:
    """Return an OAuth2 client."""
    return shown_client(_client(call), _nichandle(call))


def _callbacks(call: SandboxCall, flow: str) -> list[str]:
    urls: list[Any] = call.member("callbackUrls", list) if "callbackUrls" in call.body else []
    if any(not isinstance(url, str) or not form_target(url) for url in urls):
        raise ApiError.of_class(400, "BadRequest", "[callbackUrls] must be URLs of http or https")
    if flow == "AUTHORIZATION_CODE" and not urls:
        raise ApiError.of_class(400, "BadRequest", "[callbackUrls] the flow AUTHORIZATION_CODE needs one at least")
    return urls


def make_client(call: SandboxCall) -> dict[str, str]:
    """Register an OAuth2 client; its secret is in this answer only."""
    flow = call.member("flow")
    if flow not in ("AUTHORIZATION_CODE", "CLIENT_CREDENTIALS"):
        raise ApiError.of_class(400, "BadRequest", f"[flow] Given value ({flow}) does not belong to the enum")
    name, description = call.member("name"), call.member("description")
    made = new_client(call.state, name, description, flow, _callbacks(call, flow), call.now)
    return {"clientId": made["clientId"], "clientSecret": made["clientSecret"]}


def change_client(call: SandboxCall) -> None:
    """Change the name, description or callback URLs of an OAuth2 client."""
    changed = _client(call)
    for name in ("name", "description"):
        if call.body and name in call.body:
            changed[name] = call.member(name)
    if call.body and "callbackUrls" in call.body:
        changed["callbackUrls"] = _callbacks(call, changed["flow"])


def delete_client(call: SandboxCall) -> None:
    """Delete an OAuth2 client; its tokens are worth nothing any more."""
    gone, ring = _client(call), call.state.keys
    del ring.clients[gone["clientId"]]
    for issued in (ring.tokens, ring.refreshing):
        for value in [value for value, each in issued.items() if each["client"] == gone["clientId"]]:
            del issued[value]
