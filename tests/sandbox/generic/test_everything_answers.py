"""Every operation of the catalogue answers what fits its type, by the judgement of a library of others."""

from __future__ import annotations

from typing import Any

import pytest

from ovhcore import schema
from ovhcore.schema import Array
from ovhcore_transports.sandbox import Modes, Sandbox
from tests.profiles import FULL
from tests.sandbox.generic.everything import Caller
from tests.sandbox.generic.validating import Validators

pytestmark = pytest.mark.once

SAMPLE = (
    "/vps",
    "/domain",
    "/ip",
    "/sms",
    "/v2/iam",
    "/vrack",
    "/hosting/privateDatabase",
    "/v2/zimbra",
    "/dedicated/server",
)
WIDER = "/v2/vrackServices"  # those there are at first say more than the schema has
CATALOGUE = schema.catalogue()
ORDER = {"GET": 0, "POST": 1, "PUT": 2, "DELETE": 3}
OWN_WAY = {
    # It needs what a service account has not, or is refused for a good reason.
    "POST /auth/credential": 403,
    "GET /auth/currentCredential": 404,
    "GET /auth/details": 200,  # null there means every route
    "DELETE /domain/zone/{zoneName}/dnssec": 409,
    "DELETE /me/payment/method/{paymentMethodId}": 409,  # of the default one
    "GET /me/api/credential/{credentialId}": 200,  # null there means never, and from everywhere
    "POST /me/api/oauth2/client": 400,
    "GET /dedicated/server/{serviceName}/install/status": 404,  # nothing is being installed
    "GET /dedicated/server/{serviceName}/task": 200,  # there is none
    "GET /dedicated/server/{serviceName}/task/{taskId}/availableTimeslots": 404,
    "POST /dedicated/server/{serviceName}/task/{taskId}/cancel": 404,
    "POST /dedicated/server/{serviceName}/task/{taskId}/schedule": 404,
    "DELETE /v2/iam/resource/{resourceURN}/tag/{key}": 404,
    "PUT /dedicated/server/{serviceName}/burst": 400,
    "GET /dedicated/server/{serviceName}/virtualNetworkInterface/{uuid}": 200,  # null there means in no vRack
    "POST /dedicated/server/{serviceName}/ola/aggregation": 400,
    "POST /dedicated/server/{serviceName}/ola/group": 400,
    "POST /dedicated/server/{serviceName}/ola/reset": 404,
    "POST /dedicated/server/{serviceName}/ola/ungroup": 404,
    "POST /vrack/{serviceName}/dedicatedServerInterface": 404,
    "POST /domain/zone/{zoneName}/record": 400,
    "POST /domain/zone/{zoneName}/import": 400,
    "POST /ip/{ip}/reverse": 400,
    "POST /ip/{ip}/firewall": 400,
    "POST /ip/{ip}/mitigation": 400,
    "POST /sms/{serviceName}/transferCredits": 404,
    "POST /cloud/project/{serviceName}/volume/{volumeId}/upsize": 400,  # to less than it has
    "GET /dedicated/server/{serviceName}/ips": 200,  # there are none where what they lead to is left out
    "POST /me/sshKey": 400,
    "POST /cloud/project/{serviceName}/instance": 200,  # null there means paid by the hour
    "POST /cloud/project/{serviceName}/sshkey": 400,
    "GET /ipLoadbalancing/{serviceName}/pendingChanges": 200,  # there are none
    "POST /sms/{serviceName}/jobs": 400,
    "GET /dedicated/server/{serviceName}/task/{taskId}": 404,
    "PUT /v2/vrackServices/resource/{vrackServicesId}": 400,
    "GET /v2/vrackServices/resource/{vrackServicesId}/task/{taskId}": 404,
}


def problems_of(sandbox: Sandbox, name: str, *, closed: bool = True) -> list[str]:
    """Call every operation of a family and return what is wrong with the answers."""
    family = CATALOGUE.family(name)
    caller, judge = Caller(sandbox, CATALOGUE), Validators(family, closed=closed and name != WIDER)
    found: list[str] = []
    for operation in sorted(family.operations.values(), key=lambda each: ORDER[each.method]):
        path = caller.path(operation)
        status, answer, _ = caller.call(operation.method, path + caller.query(operation), caller.body(operation))
        if operation.method != "GET":
            sandbox.reset()
            caller.renew()
        if status != 200:
            # The least body may ask for an id that is taken, or the list have lost its last object.
            usual = (status == 409 and operation.method == "POST") or OWN_WAY.get(str(operation)) == status
            if not usual:
                found.append(f"{operation}: {status} {answer}")
            continue
        wrong = judge.problems(operation.answer, answer)
        if wrong and str(operation) not in OWN_WAY:
            found.append(f"{operation}: {wrong[:3]}")
        empty = isinstance(operation.answer, Array) and not answer and operation.method == "GET"
        if empty and name != WIDER and str(operation) not in OWN_WAY:
            found.append(f"{operation}: an empty list")
    return found


@pytest.mark.parametrize("name", CATALOGUE.families() if FULL else SAMPLE)
def test_every_operation_answers(name: str) -> None:
    assert problems_of(Sandbox(task_seconds=0), name) == []


@pytest.mark.parametrize("name", CATALOGUE.families() if FULL else SAMPLE[:2])
def test_answers_of_modes_fit_an_open_schema(name: str) -> None:
    assert problems_of(Sandbox(task_seconds=0, modes=Modes(lean=True, newer=True)), name, closed=False) == []


def test_the_same_seed_brings_the_same() -> None:
    def answers(**options: Any) -> list[Any]:
        caller = Caller(Sandbox(**options), CATALOGUE)
        family = CATALOGUE.family("/vps")
        gets = [each for each in family.operations.values() if each.method == "GET"]
        return [caller.call("GET", caller.path(each) + caller.query(each))[1] for each in gets]

    assert answers() == answers()
    assert answers(seed=1) == answers(seed=1) != answers()


def test_modes_leave_out_and_add() -> None:
    lean, newer = (Caller(Sandbox(modes=modes), CATALOGUE) for modes in (Modes(lean=True), Modes(newer=True)))
    model = CATALOGUE.family("/vps").model("vps.VPSWithIAM")
    assert isinstance(model, schema.Model)
    (name, *_) = lean.call("GET", "/vps")[1]
    nullable = {key for key, each in model.properties.items() if each.nullable}
    assert nullable
    assert not nullable & lean.call("GET", f"/vps/{name}")[1].keys()
    made = newer.call("GET", f"/vps/{name}")[1]
    assert made.keys() - model.properties.keys() == {"sandboxNewProperty"}
    whole = str([newer.call("GET", path)[1] for path in (f"/vps/{name}", f"/vps/{name}/option/ftpbackup")])
    assert "sandboxNewProperty" in whole
