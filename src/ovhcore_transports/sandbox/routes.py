"""The resources of the sandbox, as a table of routes."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple
from urllib.parse import unquote

from .state import ApiError, State

__all__ = ["ROUTES", "Call", "Route", "find_route", "no_route"]


class Call(NamedTuple):
    """One call that was let in."""

    state: State
    path: Mapping[str, str]
    query: Mapping[str, str]
    body: Any
    headers: Mapping[str, str]
    credential: dict[str, Any] | None
    now: float
    origin: str
    answer_headers: dict[str, str]

    def member(self, name: str, kind: type = str) -> Any:
        """Return a required member of the body.

        Raises:
            ApiError: it is missing or of another type.
        """
        value = self.body.get(name) if isinstance(self.body, dict) else None
        if not isinstance(value, kind):
            raise ApiError.of_class(400, "BadRequest", f"[{name}] is required and must be a {kind.__name__}")
        return value


Answer = Callable[[Call], Any]


def _named(items: list[dict[str, Any]], member: str, value: str) -> dict[str, Any]:
    for item in items:
        if str(item[member]) == value:
            return item
    raise ApiError.of_class(404, "NotFound", f"The requested object ({member} = {value}) does not exist")


def _time(call: Call) -> int:
    return int(call.now)


def _ask_credential(call: Call) -> dict[str, Any]:
    rules = call.member("accessRules", list)
    for rule in rules:
        if not isinstance(rule, dict) or not all(isinstance(rule.get(name), str) for name in ("method", "path")):
            raise ApiError.of_class(400, "BadRequest", "[accessRules] is a list of {method, path}")
    credential = call.state.new_credential(
        [{"method": rule["method"], "path": rule["path"]} for rule in rules],
        call.body.get("allowedIPs"),
        call.body.get("redirection"),
    )
    return {
        "consumerKey": credential["consumerKey"],
        "state": "pendingValidation",
        "validationUrl": f"{call.origin}/auth/?credentialToken={credential['credentialToken']}",
    }


def _current_credential(call: Call) -> dict[str, Any]:
    if call.credential is None:
        raise ApiError.of_class(404, "NotFound", "This identity has no consumer key")
    known = call.credential
    return {
        "allowedIPs": known["allowedIPs"],
        "applicationId": 1,
        "credentialId": known["credentialId"],
        "ovhSupport": False,
        "rules": known["rules"],
        "status": known["state"],
    }


def _details(call: Call) -> dict[str, Any]:
    me = call.state.resources["me"]["nichandle"]
    method = "oauth2_client_credentials" if call.credential is None else "account"
    return {"account": me, "identities": [f"urn:v1:eu:identity:account:{me}"], "method": method, "allowedRoutes": None}


def _logout(call: Call) -> None:
    if call.credential is not None:
        call.credential["state"] = "expired"


def _me(call: Call) -> Any:
    return call.state.resources["me"]


def _change_me(call: Call) -> None:
    me = call.state.resources["me"]
    for name in call.body or ():
        me[name] = call.member(name, type(me.get(name, "")))


def _bills(call: Call) -> list[str]:
    first, last, order = (call.query.get(name, "") for name in ("date.from", "date.to", "orderId"))
    return [
        bill["billId"]
        for bill in call.state.resources["bills"]
        if bill["date"] >= first
        and (not last or bill["date"][: len(last)] <= last)
        and order in ("", str(bill["orderId"]))
    ]


def _bill(call: Call) -> Any:
    return _named(call.state.resources["bills"], "billId", call.path["billId"])


def _servers(call: Call) -> list[str]:
    return [server["name"] for server in call.state.resources["servers"]]


def _server(call: Call) -> dict[str, Any]:
    server = _named(call.state.resources["servers"], "name", call.path["serviceName"])
    return {name: value for name, value in server.items() if name != "burst"}


def _burst(call: Call) -> Any:
    return _named(call.state.resources["servers"], "name", call.path["serviceName"])["burst"]


def _change_burst(call: Call) -> None:
    burst = _burst(call)
    status = call.member("status")
    if status not in ("active", "inactive", "inactiveLocked"):
        raise ApiError.of_class(400, "BadRequest", f"[status] Given value ({status}) does not belong to the enum")
    burst["status"] = status


def _instances(call: Call) -> Any:
    return call.state.resources["instances"]


def _instance(call: Call) -> Any:
    return _named(call.state.resources["instances"], "instanceId", call.path["instanceId"])


def _projects(call: Call) -> list[str]:
    return [call.state.resources["project"]["project_id"]]


def _project_instances(call: Call) -> Any:
    _named([call.state.resources["project"]], "project_id", call.path["serviceName"])
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


def _zones(call: Call) -> list[str]:
    return sorted({record["zone"] for record in call.state.resources["records"]} | {"example.com"})


def _records_of(call: Call) -> list[dict[str, Any]]:
    zone = call.path["zoneName"]
    if zone not in _zones(call):
        raise ApiError.of_class(404, "NotFound", "This service does not exist")
    return [record for record in call.state.resources["records"] if record["zone"] == zone]


def _records(call: Call) -> list[int]:
    wanted = {name: call.query[name] for name in ("fieldType", "subDomain") if name in call.query}
    return [r["id"] for r in _records_of(call) if all(r[name] == value for name, value in wanted.items())]


def _new_record(call: Call) -> dict[str, Any]:
    _records_of(call)
    record = {
        "id": 2000 + call.state.next(),
        "zone": call.path["zoneName"],
        "fieldType": call.member("fieldType"),
        "subDomain": call.body.get("subDomain") or "",
        "target": call.member("target"),
        "ttl": call.body.get("ttl") or 0,
    }
    call.state.resources["records"].append(record)
    return record


def _record(call: Call) -> dict[str, Any]:
    return _named(_records_of(call), "id", call.path["id"])


def _change_record(call: Call) -> None:
    record = _record(call)
    for name in ("subDomain", "target", "ttl"):
        if call.body and name in call.body:
            record[name] = call.member(name, int if name == "ttl" else str)


def _delete_record(call: Call) -> None:
    call.state.resources["records"].remove(_record(call))


def _refresh(call: Call) -> None:
    _records_of(call)


def _policies(call: Call) -> Any:
    policies = call.state.resources["policies"]
    size, cursor = call.headers.get("x-pagination-size", ""), call.headers.get("x-pagination-cursor", "0")
    if not re.fullmatch("[0-9]{0,4}", size) or not re.fullmatch("[0-9]{1,4}", cursor) or size == "0":
        raise ApiError.of_class(400, "BadRequest", "Invalid pagination size or cursor")
    start = int(cursor)
    end = start + int(size or len(policies))
    if end < len(policies):
        call.answer_headers["X-Pagination-Cursor-Next"] = str(end)
    return policies[start:end]


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

    def arguments(self, method: str, segments: list[str]) -> dict[str, str] | None:
        """Return the arguments that a path has for this route's template, None if it is another's."""
        pattern = self.template.split("/")[1:]
        if method != self.method or len(pattern) != len(segments):
            return None
        pairs = list(zip(pattern, segments, strict=True))
        if any(given != wanted and not wanted.startswith("{") for wanted, given in pairs):
            return None
        return {wanted[1:-1]: given for wanted, given in pairs if wanted.startswith("{")}

    def check(self, call: Call) -> None:
        """Refuse a body that the call does not describe.

        Queries are not checked: the real paths know more arguments than the sandbox does.

        Raises:
            ApiError: it has other members, or there is one where none belongs.
        """
        if call.body is None:
            return
        if self.accepts == ():
            raise ApiError.of_class(400, "BadRequest", "You provided an input body while none was expected")
        if not isinstance(call.body, dict):
            raise ApiError.of_class(400, "BadRequest", "The body must be an object")
        strange = [] if self.accepts is None else sorted(call.body.keys() - self.accepts)
        if strange:
            raise ApiError.of_class(400, "BadRequest", f"Received not described parameters: ({', '.join(strange)})")


_RECORD: Final = ("fieldType", "subDomain", "target", "ttl")

ROUTES: Final = (
    Route("GET", "/auth/time", _time, login=False),
    Route("POST", "/auth/credential", _ask_credential, ("accessRules", "allowedIPs", "redirection"), False, True),
    Route("GET", "/auth/currentCredential", _current_credential),
    Route("GET", "/auth/details", _details),
    Route("POST", "/auth/logout", _logout),
    Route("GET", "/me", _me),
    Route("PUT", "/me", _change_me, None),
    Route("GET", "/me/bill", _bills),
    Route("GET", "/me/bill/{billId}", _bill),
    Route("GET", "/dedicated/server", _servers),
    Route("GET", "/dedicated/server/{serviceName}", _server),
    Route("GET", "/dedicated/server/{serviceName}/burst", _burst),
    Route("PUT", "/dedicated/server/{serviceName}/burst", _change_burst, ("status",)),
    Route("GET", "/instance", _instances),
    Route("GET", "/instance/{instanceId}", _instance),
    Route("GET", "/cloud/project", _projects),
    Route("GET", "/cloud/project/{serviceName}/instance", _project_instances),
    Route("GET", "/domain/zone", _zones),
    Route("GET", "/domain/zone/{zoneName}/record", _records),
    Route("POST", "/domain/zone/{zoneName}/record", _new_record, _RECORD),
    Route("GET", "/domain/zone/{zoneName}/record/{id}", _record),
    Route("PUT", "/domain/zone/{zoneName}/record/{id}", _change_record, _RECORD[1:]),
    Route("DELETE", "/domain/zone/{zoneName}/record/{id}", _delete_record),
    Route("POST", "/domain/zone/{zoneName}/refresh", _refresh),
    Route("GET", "/v2/iam/policy", _policies),
)


def no_route(method: str, path: str) -> ApiError:
    """Return the answer to a call that the sandbox does not know."""
    error = ApiError.of_class(404, "NotFound", "Got an invalid (or empty) URL")
    error.body["details"] = {"sandbox": f"{method} {path} is not among the calls that the sandbox imitates"}
    return error


def find_route(method: str, path: str) -> tuple[Route, dict[str, str]]:
    """Return the route of a path that was received, without its version if that is 1, and the arguments it has.

    Raises:
        ApiError: there is none.
    """
    segments = [unquote(segment, errors="replace") for segment in path.split("/")[1:]]
    if len(segments) > 1 and not segments[-1]:
        del segments[-1]  # "/dedicated/server/" is "/dedicated/server"
    for route in ROUTES:
        arguments = route.arguments(method, segments)
        if arguments is not None:
            return route, arguments
    raise no_route(method, path)
