"""Actions that services of all families have: their contacts change, they end."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import unquote

from ..routes.calls import SandboxCall, date_of, plain
from .tables import PART, Action, Change

__all__ = ["EVERYWHERE", "keep_part"]

_CONTACTS: Final = ("contactAdmin", "contactBilling", "contactTech")


def keep_part(call: SandboxCall, path: str, members: Mapping[str, Any]) -> None:
    """Give members to an object, whether or not a call changed it before."""
    held = call.state.held
    before = held.objects.get(path)
    held.keep(path, {**(PART if before is None else before), **members})


def _change_contacts(call: SandboxCall, change: Change) -> list[int]:
    """Begin to change contacts of a service: a task for each account, which has to accept it."""
    service = plain(call.name).rpartition("/")[0]
    wanted: dict[str, list[str]] = {}
    for name in _CONTACTS:
        if change.given.get(name):
            wanted.setdefault(str(change.given[name]), []).append(name)
    me, ids = call.state.resources["me"]["nichandle"], []
    for account, contacts in wanted.items():
        number = 4_500_000 + call.state.next()
        ids.append(number)
        task = {
            "askingAccount": me,
            "contactTypes": contacts,
            "dateRequest": date_of(call.now),
            "fromAccount": me,
            "id": number,
            "serviceDomain": unquote(service.rpartition("/")[2]),
            "state": "validatingByCustomers",
            "toAccount": account,
            "~service": service,
        }
        call.state.held.add("/me/task/contactChange", f"/me/task/contactChange/{number}", number, task)
    return ids


def _end_service(call: SandboxCall, change: Change) -> None:
    path = f"{plain(call.name).rpartition('/')[0]}/serviceInfos"
    before = call.state.held.objects.get(path) or {}
    keep_part(call, path, {"renew": {**before.get("renew", {}), "deleteAtExpiration": True}})


EVERYWHERE: Final[Mapping[str, Action]] = {
    "POST /changeContact": Action(does=_change_contacts, busy=False),
    "POST /confirmTermination": Action(does=_end_service, busy=False),
}
"""Actions that paths of many families have, by their method and the last segment of the path."""
