"""What the sandbox knows: keys, tokens, resources. All of it made up."""

from __future__ import annotations

import hashlib
from collections.abc import MutableSequence
from copy import deepcopy
from datetime import date, timedelta
from typing import Any, ClassVar, Final, TypedDict

from .login.keys import KeyRing, new_application, new_client, new_credential
from .storage.holding import Held
from .storage.initial_data import RESOURCES, ROWS, bill, rows_of
from .storage.rows import Row, Rows
from .storage.running_task import RunningTask

__all__ = [
    "ACCESS_KEYS",
    "APPLICATION_KEY",
    "APPLICATION_SECRET",
    "CLIENT_ID",
    "CLIENT_SECRET",
    "CONSUMER_KEY",
    "AccessKeys",
    "ApiError",
    "RunningTask",
    "State",
]


class AccessKeys(TypedDict):
    """What a signed call needs."""

    application_key: str
    application_secret: str
    consumer_key: str


APPLICATION_KEY: Final = "sandbox-application-key"
APPLICATION_SECRET: Final = "sandbox-application-secret"
CONSUMER_KEY: Final = "sandbox-consumer-key"
CLIENT_ID: Final = "sandbox-client-id"
CLIENT_SECRET: Final = "sandbox-client-secret"

ACCESS_KEYS: Final[AccessKeys] = {
    "application_key": APPLICATION_KEY,
    "application_secret": APPLICATION_SECRET,
    "consumer_key": CONSUMER_KEY,
}
"""Credentials that every sandbox accepts, as arguments of a client."""


class ApiError(Exception):
    """An answer that is no success."""

    def __init__(self, status: int, body: dict[str, Any]) -> None:
        super().__init__(status)
        self.status = status
        self.body = body

    @classmethod
    def of_class(cls, status: int, error_class: str, message: str) -> ApiError:
        """Return an error in the current shape."""
        return cls(status, {"class": f"Client::{error_class}", "message": message})

    @classmethod
    def of_code(cls, status: int, phrase: str, code: str, message: str) -> ApiError:
        """Return an error in the shape of the authentication layer."""
        return cls(status, {"errorCode": code, "httpCode": f"{status} {phrase}", "message": message})


_GROWING: Final = ("records", "vrack_services", "zones")
"""Resources that calls add to."""

_MOST: Final = 250_000
"""How many of those resources and of tasks one sandbox holds at most, together."""


class State:
    """Everything one sandbox holds; nothing in it depends on chance.

    Attributes:
        operations: by the id or name of what they change, the tasks; the name is that of snapshots.
        begun: how many tasks there are.
        display_names: by the numbers of services as text, the names that calls gave them.
        unsettled: the subjects of tasks whose end was not carried out.
    """

    volatile: ClassVar = ("begun", "unsettled")
    """Attributes that follow from the others: no snapshot has them."""

    later: ClassVar = ("display_names",)
    """Attributes that older snapshots lack."""

    def __init__(self, *, auto_validate: bool = False, token_lifetime: int = 3599, task_seconds: float = 60.0) -> None:
        self.auto_validate = auto_validate
        self.token_lifetime = token_lifetime
        self.resources: dict[str, Any] = {
            name: rows_of(name, deepcopy(value)) if name in ROWS else deepcopy(value)
            for name, value in RESOURCES.items()
        }
        self.keys = KeyRing()
        self.task_seconds = task_seconds
        self.failing_tasks = False
        self.operations: dict[str, list[RunningTask]] = {}
        self.begun = 0
        self.unsettled: dict[str, bool] = {}
        self.expanded: dict[str, MutableSequence[Row]] = {}
        self.display_names: dict[str, str] = {}
        self.held = Held()
        self._count = 0
        self._bills = 0
        every = [{"method": method, "path": "/*"} for method in ("GET", "POST", "PUT", "DELETE", "PATCH")]
        about = "What every sandbox knows"
        application = new_application(self, "Sandbox application", about, APPLICATION_KEY, APPLICATION_SECRET)
        new_credential(self, application, every, 0.0, state="validated", key=CONSUMER_KEY)
        flow = "CLIENT_CREDENTIALS"
        new_client(self, "Sandbox account", about, flow, [], 0.0, client_id=CLIENT_ID, secret=CLIENT_SECRET)

    def next(self) -> int:
        """Return the next number: of a query, a key, a record."""
        self._count += 1
        return self._count

    def opaque(self, kind: str) -> str:
        """Return 32 characters that look like chance and are not."""
        return hashlib.sha256(f"{kind} {self.next()}".encode()).hexdigest()[:32]

    def uuid(self, kind: str) -> str:
        """Return an id in the form of a UUID that looks like chance and is not."""
        text = self.opaque(kind)
        return f"{text[:8]}-{text[8:12]}-4{text[13:16]}-8{text[17:20]}-{text[20:]}"

    def add_bills(self, count: int) -> None:
        """Add bills, of days in no order."""
        for _ in range(count):
            self._bills += 1
            day = date(2020, 1, 1) + timedelta(days=self._bills * 331 % 1999)
            self.resources["bills"].append(bill(54200000 + self._bills, day.isoformat(), self._bills * 37 % 9973))

    def check_room(self, size: int, more: int = 1) -> None:
        """Refuse to hold more, where there is no room left.

        Args:
            size: of what was sent, in bytes.
            more: how many objects are to be held.

        Raises:
            ApiError: there is none.
        """
        own = self.begun + sum(len(self.resources.get(name, ())) for name in _GROWING)
        if own + more > _MOST or self.held.full(size):
            message = "Quota reached: the sandbox holds no more objects; delete some, or reset it"
            raise ApiError.of_class(403, "Forbidden::ItemQuotaReached", message)

    def begin(self, subject: str, kind: str, now: float) -> RunningTask:
        """Begin a task."""
        number = 500_000 + self.next()
        task = RunningTask(subject, kind, number, now, self.task_seconds, self.failing_tasks)
        self.operations.setdefault(subject, []).append(task)
        self.begun += 1
        self.unsettled[subject] = True
        return task

    def restored(self) -> None:
        """Turn the plain data of a snapshot into the containers of this class."""
        self.begun = sum(map(len, self.operations.values()))
        self.unsettled = {name: True for name, each in self.operations.items() if not each[-1].settled}
        for name, value in self.resources.items():
            if name in ROWS and not isinstance(value, Rows):
                self.resources[name] = rows_of(name, value)
