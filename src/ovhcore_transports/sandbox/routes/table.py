"""The resources of the sandbox, as a table of routes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple
from urllib.parse import unquote

from ..login import account
from ..login.html import form_target
from ..login.keys import new_credential, shown_credential
from ..state import ApiError, State
from ..storage.rows import ids_of
from . import tasks, zones
from .calls import Answer, SandboxCall, concrete, find_or_404
from .filters import tagged
from .iam import display_name

__all__ = ["COMPLETED", "ROUTES", "Route", "find_special", "no_route"]


def _time(call: SandboxCall) -> int:
    return int(call.now)


def _ask_credential(call: SandboxCall) -> dict[str, Any]:
    rules = call.member("accessRules", list)
    for rule in rules:
        if not isinstance(rule, dict) or not all(isinstance(rule.get(name), str) for name in ("method", "path")):
            raise ApiError.of_class(400, "BadRequest", "[accessRules] is a list of {method, path}")
    state, redirection = call.state, call.body.get("redirection")
    if redirection and not form_target(str(redirection)):
        raise ApiError.of_class(400, "BadRequest", "[redirection] must be a URL of http or https")
    credential = new_credential(
        state,
        state.keys.applications[call.headers["x-ovh-application"]],
        [{"method": rule["method"], "path": rule["path"]} for rule in rules],
        call.now,
        allowed_ips=call.body.get("allowedIPs"),
        redirection=redirection,
        state="validated" if state.auto_validate else "pendingValidation",
    )
    return {
        "consumerKey": credential["consumerKey"],
        "state": "pendingValidation",
        "validationUrl": f"{call.origin}/auth/?credentialToken={credential['credentialToken']}",
    }


def _current_credential(call: SandboxCall) -> dict[str, Any]:
    if call.credential is None:
        raise ApiError.of_class(404, "NotFound", "This identity has no consumer key")
    return shown_credential(call.credential, call.now)


def _details(call: SandboxCall) -> dict[str, Any]:
    me = call.state.resources["me"]["nichandle"]
    method = "oauth2_client_credentials" if call.credential is None else "account"
    return {"account": me, "identities": [f"urn:v1:eu:identity:account:{me}"], "method": method, "allowedRoutes": None}


def _logout(call: SandboxCall) -> None:
    if call.credential is not None:
        call.credential["state"] = "expired"


def _me(call: SandboxCall) -> Any:
    return call.state.resources["me"]


def _change_me(call: SandboxCall) -> None:
    me = call.state.resources["me"]
    for name in call.body or ():
        me[name] = call.member(name, type(me.get(name, "")))


def _bills(call: SandboxCall) -> list[str]:
    first, last, order = (call.query.get(name, "") for name in ("date.from", "date.to", "orderId"))
    if not (first or last or order):
        return ids_of(call.state.resources["bills"], "billId")
    return [
        bill["billId"]
        for bill in call.state.resources["bills"]
        if bill["date"] >= first
        and (not last or bill["date"][: len(last)] <= last)
        and order in ("", str(bill["orderId"]))
    ]


def _bill(call: SandboxCall) -> Any:
    return find_or_404(call.state.resources["bills"], "billId", call.path["billId"])


def _servers(call: SandboxCall) -> list[str]:
    return ids_of(tagged(call, call.state.resources["servers"]), "name")


def _server(call: SandboxCall) -> dict[str, Any]:
    server = find_or_404(call.state.resources["servers"], "name", call.path["serviceName"])
    own = {name: value for name, value in server.items() if name != "burst"}
    if call.state.display_names and "iam" in own:
        path = concrete("/dedicated/server/{serviceName}", call.path)
        own["iam"] = {**own["iam"], "displayName": display_name(call.state, path, own["iam"].get("displayName", ""))}
    return own


def _burst(call: SandboxCall) -> Any:
    return find_or_404(call.state.resources["servers"], "name", call.path["serviceName"])["burst"]


def _change_burst(call: SandboxCall) -> None:
    burst = _burst(call)
    status = call.member("status")
    if status not in ("active", "inactive", "inactiveLocked"):
        raise ApiError.of_class(400, "BadRequest", f"[status] Given value ({status}) does not belong to the enum")
    burst["status"] = status


def _instances(call: SandboxCall) -> Any:
    return list(call.state.resources["instances"])


def _instance(call: SandboxCall) -> Any:
    return find_or_404(call.state.resources["instances"], "instanceId", call.path["instanceId"])


def _projects(call: SandboxCall) -> list[str]:
    return [call.state.resources["project"]["project_id"]]


def _project(call: SandboxCall) -> Any:
    return find_or_404([call.state.resources["project"]], "project_id", call.path["serviceName"])


def _project_instances(call: SandboxCall) -> Any:
    _project(call)
    return [
        {
            "id": instance["instanceId"],
            "name": instance["name"],
            "ipAddresses": [{"ip": instance["ip"], "type": "public", "version": 4}],
            "flavorId": instance["flavorId"],
            "imageId": instance["imageId"],
            "region": instance["region"],
            "status": instance["status"],
        }
        for instance in call.state.resources["instances"]
        if call.query.get("region", instance["region"]) == instance["region"]
    ]


def _policies(call: SandboxCall) -> Any:
    return tagged(call, call.state.resources["policies"])


def _policy(call: SandboxCall) -> Any:
    return find_or_404(call.state.resources["policies"], "id", call.path["policyId"])


class Route(NamedTuple):
    """One path that the sandbox imitates."""

    method: str
    template: str
    answer: Answer
    accepts: tuple[str, ...] | None = ()
    """Members that the body may have: none at all by default, None for any."""
    login: bool = True
    """Whether somebody must be logged in."""
    application: bool = False
    """Whether a call that needs no login must come from a known application."""
    refuse: Callable[[SandboxCall], None] | None = None
    """Refuses calls that are not as described; None for what :meth:`check` looks at."""
    details: Route | None = None
    """The route of one object, if this one is of the list of their ids."""
    hold: Callable[[State, Mapping[str, str], dict[str, Any]], None] | None = None
    """Takes members of the object that are given by its path, and not by a call."""

    @property
    def version_2(self) -> bool:
        """Whether it is a route of version 2."""
        return self.template.startswith("/v2/")

    @property
    def last_argument(self) -> str:
        """The name of the argument that the path ends with."""
        return self.template.rpartition("/")[2][1:-1]

    def arguments(self, segments: list[str]) -> dict[str, str] | None:
        """Return the arguments that a path of as many segments has for this template, None if it is another's."""
        pairs = list(zip(self.template.split("/")[1:], segments, strict=True))
        if any(given != wanted and not wanted.startswith("{") for wanted, given in pairs):
            return None
        return {wanted[1:-1]: given for wanted, given in pairs if wanted.startswith("{")}

    def check(self, call: SandboxCall) -> None:
        """Refuse a body that the call does not describe.

        Queries are checked where the catalogue knows the path.

        Raises:
            ApiError: it has other members, or there is one where none belongs.
        """
        if self.refuse is not None:
            self.refuse(call)
        if call.body is None or self.refuse is not None:
            return
        if self.accepts == ():
            raise ApiError.of_class(400, "BadRequest", "You provided an input body while none was expected")
        if not isinstance(call.body, dict):
            raise ApiError.of_class(400, "BadRequest", "The body must be an object")
        strange = [] if self.accepts is None else sorted(call.body.keys() - self.accepts)
        if strange:
            raise ApiError.of_class(400, "BadRequest", f"Received not described parameters: ({', '.join(strange)})")


_VRACK_SERVICES: Final = "/v2/vrackServices/resource"
_ONE_OF_THEM: Final = "/v2/vrackServices/resource/{vrackServicesId}"

ROUTES: Final = (
    Route("GET", "/auth/time", _time, login=False),
    Route("POST", "/auth/credential", _ask_credential, ("accessRules", "allowedIPs", "redirection"), False, True),
    Route("GET", "/auth/currentCredential", _current_credential),
    Route("GET", "/auth/details", _details),
    Route("POST", "/auth/logout", _logout),
    Route("GET", "/me/api/application", account.applications),
    Route("GET", "/me/api/application/{applicationId}", account.application),
    Route("DELETE", "/me/api/application/{applicationId}", account.delete_application),
    Route("GET", "/me/api/credential", account.credentials),
    Route("GET", "/me/api/credential/{credentialId}", account.credential),
    Route("PUT", "/me/api/credential/{credentialId}", account.change_credential, None),
    Route("DELETE", "/me/api/credential/{credentialId}", account.delete_credential),
    Route("GET", "/me/api/credential/{credentialId}/application", account.application_of_credential),
    Route("GET", "/me/api/oauth2/client", account.clients),
    Route("POST", "/me/api/oauth2/client", account.make_client, ("callbackUrls", "flow", "name", "description")),
    Route("GET", "/me/api/oauth2/client/{clientId}", account.client),
    Route("PUT", "/me/api/oauth2/client/{clientId}", account.change_client, None),
    Route("DELETE", "/me/api/oauth2/client/{clientId}", account.delete_client),
    Route("GET", "/me", _me),
    Route("PUT", "/me", _change_me, None),
    Route("GET", "/me/bill", _bills),
    Route("GET", "/me/bill/{billId}", _bill),
    Route("GET", "/dedicated/server", _servers),
    Route("GET", "/dedicated/server/{serviceName}", _server),
    Route("GET", "/dedicated/server/{serviceName}/burst", _burst),
    Route("PUT", "/dedicated/server/{serviceName}/burst", _change_burst, ("status",)),
    Route("POST", "/dedicated/server/{serviceName}/reboot", tasks.reboot),
    Route("GET", "/dedicated/server/{serviceName}/install/status", tasks.installation),
    Route("GET", "/dedicated/server/{serviceName}/task", tasks.server_tasks),
    Route("GET", "/dedicated/server/{serviceName}/task/{taskId}", tasks.server_task),
    Route("GET", "/instance", _instances),
    Route("GET", "/instance/{instanceId}", _instance),
    Route("GET", "/cloud/project", _projects),
    Route("GET", "/cloud/project/{serviceName}", _project),
    Route("GET", "/cloud/project/{serviceName}/instance", _project_instances),
    Route("GET", "/domain/zone", zones.zones),
    Route("GET", "/domain/zone/{zoneName}", zones.zone),
    Route("GET", "/domain/zone/{zoneName}/record", zones.records),
    Route("POST", "/domain/zone/{zoneName}/record", zones.new_record, zones.RECORD),
    Route("GET", "/domain/zone/{zoneName}/record/{id}", zones.record),
    Route("PUT", "/domain/zone/{zoneName}/record/{id}", zones.change_record, zones.RECORD[1:]),
    Route("DELETE", "/domain/zone/{zoneName}/record/{id}", zones.delete_record),
    Route("POST", "/domain/zone/{zoneName}/refresh", zones.refresh),
    Route("GET", "/domain/zone/{zoneName}/export", zones.export),
    Route("GET", "/domain/zone/{zoneName}/status", zones.status),
    Route("GET", "/domain/zone/{zoneName}/soa", zones.soa, hold=zones.hold_soa),
    Route("PUT", "/domain/zone/{zoneName}/soa", zones.change_soa, None),
    Route("GET", "/domain/zone/{zoneName}/history", zones.history),
    Route("GET", "/domain/zone/{zoneName}/history/{creationDate}", zones.restore_point),
    Route("GET", "/v2/iam/policy", _policies),
    Route("GET", "/v2/iam/policy/{policyId}", _policy),
    Route("GET", _VRACK_SERVICES, tasks.vrack_services),
    Route("POST", _VRACK_SERVICES, tasks.new_vrack_services, ("targetSpec",)),
    Route("GET", _ONE_OF_THEM, tasks.one_vrack_services),
    Route("PUT", _ONE_OF_THEM, tasks.change_vrack_services, ("checksum", "targetSpec")),
    Route("DELETE", _ONE_OF_THEM, tasks.delete_vrack_services),
    Route("GET", _ONE_OF_THEM + "/task", tasks.vrack_services_tasks),
    Route("GET", _ONE_OF_THEM + "/task/{taskId}", tasks.vrack_services_task),
)


COMPLETED: Final = ("/dedicated/server/{serviceName}", "/domain/zone/{zoneName}", "/cloud/project/{serviceName}")
"""What is answered in part here; the other members are made up."""


def no_route(method: str, path: str, more: str = "") -> ApiError:
    """Return the answer to a call that the sandbox does not know.

    Args:
        method: of the call.
        path: of the call.
        more: what else to say.
    """
    error = ApiError.of_class(404, "NotFound", "Got an invalid (or empty) URL")
    said = f"{method} {path} is not among the calls that the sandbox imitates"
    error.body["details"] = {"sandbox": f"{said}; {more}" if more else said}
    return error


def find_special(method: str, path: str) -> tuple[Route, dict[str, str]] | None:
    """Return the route of its own that a path has, and the arguments it has; None if it has none.

    Args:
        method: as ``"GET"``.
        path: as it was received, without its version if that is 1.
    """
    segments = [unquote(segment, errors="replace") for segment in path.split("/")[1:]]
    if len(segments) > 1 and not segments[-1]:
        del segments[-1]  # "/dedicated/server/" is "/dedicated/server"
    for route in _BY_SHAPE.get((method, len(segments), segments[0]), ()):
        arguments = route.arguments(segments)
        if arguments is not None:
            return route, arguments
    return None


def _by_shape() -> dict[tuple[str, int, str], list[Route]]:
    found: dict[tuple[str, int, str], list[Route]] = {}
    for route in ROUTES:
        segments = route.template.split("/")[1:]
        found.setdefault((route.method, len(segments), segments[0]), []).append(route)
    return found


_BY_SHAPE: Final = _by_shape()
