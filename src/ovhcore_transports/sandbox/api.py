"""The sandbox itself: a request and the time in, a response out."""

from __future__ import annotations

import json
import os
from collections import Counter
from email.utils import formatdate
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeAlias
from urllib.parse import parse_qsl

from ovhcore._internal import parse_json
from ovhcore.exceptions import InvalidConfiguration
from ovhcore.protocol import Request, Response

from ..base.forks import renew_after_fork
from ..base.locks import Lock
from .auth import authenticate, check_application
from .control.controlled import Controlled
from .control.faults import Failure, Faults, fail
from .control.journal import BoundedCounter
from .control.modes import Modes
from .control.settings import Controls
from .login.door import Door, is_page
from .login.tokens import issue_token
from .routes.calls import SandboxCall
from .routes.listing import carry_out
from .routes.table import COMPLETED, Route, find_special, no_route
from .state import ApiError, State
from .storage.rows import Rows

if TYPE_CHECKING:
    from ovhcore.schema import Catalogue

__all__ = ["Sandbox"]

_BASES: Final = ("/1.0", "/v1", "/v2")
_JSON: Final = "application/json; charset=utf-8"
_HTML: Final = "text/html; charset=utf-8"


_Answer: TypeAlias = tuple[int, str, bytes]


class _ResolvedPath(NamedTuple):
    """What a request is sent to; ``name`` is the path without the version if that is 1."""

    origin: str
    path: str
    query: str
    base: str | None
    name: str


def _resolved_path(request: Request) -> _ResolvedPath:
    scheme, _, rest = request.url.partition("://")
    host, slash, target = rest.partition("/")
    path, _, query = (slash + target).partition("?")
    base = next((base for base in _BASES if path.startswith(base + "/")), None)
    name = path if base in (None, "/v2") else path.removeprefix(base)
    return _ResolvedPath(f"{scheme}://{host}", path, query, base, name)


class Sandbox(Controlled):
    """An imitation of OVHcloud's API with a state of its own; safe to use from many threads.

    The same requests at the same times bring the same answers.

    Args:
        auto_validate: whether new consumer keys are valid at once, for where no browser goes.
        token_lifetime: seconds an access token lives.
        token_errors_status: the status of the token endpoint's errors; 200 has been seen.
        faults: which answers fail, and how; None for none.
        modes: which ways of listing it knows; by default all.
        task_seconds: seconds that a task takes.
        controls: when it answers, how often, and by which clock.
        schemas: what it answers: a :class:`~ovhcore.schema.Catalogue`, or a file or folder with schema documents,
            native or OpenAPI; by default the catalogue of ``ovh-eu``, whose families are loaded when they are first
            asked for.
        seed: the number from which made-up data are derived.

    Attributes:
        faults: the same; may be changed at any time.
        modes: likewise.
        controls: likewise.

    Raises:
        InvalidConfiguration: ``task_seconds`` is negative.
        SchemaError: the schemas cannot be read.
    """

    def __init__(
        self,
        *,
        auto_validate: bool = False,
        token_lifetime: int = 3599,
        token_errors_status: int | None = None,
        faults: Faults | None = None,
        modes: Modes | None = None,
        task_seconds: float = 60.0,
        controls: Controls | None = None,
        schemas: Catalogue | str | os.PathLike[str] | None = None,
        seed: int = 0,
    ) -> None:
        if not task_seconds >= 0:
            raise InvalidConfiguration(f"sandbox: task_seconds must be 0 or more, not {task_seconds!r}")
        self.faults = faults
        self.modes = Modes() if modes is None else modes
        self.controls = Controls() if controls is None else controls
        self._begin(
            lambda: State(auto_validate=auto_validate, token_lifetime=token_lifetime, task_seconds=task_seconds)
        )
        self._token_errors_status = token_errors_status
        self._failed: Counter[Failure] = Counter()
        self._met: Counter[bytes] = BoundedCounter()
        self._door = Door()
        self._schemas, self._seed = _read(schemas), seed
        self._lock = Lock()
        renew_after_fork(self)

    def after_fork(self) -> None:
        """Be free in the child of a fork, whichever thread of the parent was being answered."""
        self._lock = Lock()

    @property
    def resources(self) -> dict[str, Any]:
        """What the sandbox holds under ``"me"``, ``"bills"``, ``"servers"`` and so on. May be changed."""
        for each in self._state.resources.values():
            if isinstance(each, Rows):
                each.lent = True
        return self._state.resources

    @property
    def received(self) -> Counter[tuple[str, str]]:
        """How often each ``(method, path)`` arrived, as ``("GET", "/me")``, whatever became of it.

        Paths stand without their query, and without the version if that is 1.
        """
        with self._lock:
            return Counter(self._received)

    @property
    def executed(self) -> Counter[tuple[str, str]]:
        """How often each ``(method, path)`` was carried out, also where the answer failed after that.

        Calls that the sandbox did not let in, or answered with an error of their own, were not.
        """
        with self._lock:
            return Counter(self._executed)

    @property
    def failed(self) -> Counter[Failure]:
        """How often answers failed because of ``faults``, in each way."""
        with self._lock:
            return self._failed.copy()

    @property
    def failing_tasks(self) -> bool:
        """Whether tasks that begin from now on fail in the end. May be changed."""
        return self._state.failing_tasks

    @failing_tasks.setter
    def failing_tasks(self, fail_them: bool) -> None:
        self._state.failing_tasks = fail_them

    def add_bills(self, count: int) -> None:
        """Add made-up bills, the same ones in each sandbox, of days from 2020 to June 2025 in no order."""
        with self._lock:
            self._state.add_bills(count)

    def validate(self, consumer_key: str) -> None:
        """Confirm a consumer key, as its user does on the validation page."""
        self._state.keys.credentials[consumer_key]["state"] = "validated"

    def refuse(self, consumer_key: str) -> None:
        """Refuse a consumer key."""
        self._state.keys.credentials[consumer_key]["state"] = "refused"

    def expire(self, consumer_key: str) -> None:
        """Let a consumer key expire."""
        self._state.keys.credentials[consumer_key]["state"] = "expired"

    def revoke_tokens(self) -> None:
        """Make all access tokens invalid."""
        self._state.keys.tokens.clear()

    def handle(self, request: Request, now: float) -> Response:
        """Answer a request.

        Args:
            request: as it was received; its URL is the scheme, the ``Host`` and the raw target.
            now: seconds since 1970; ``controls.skew`` and ``clock`` may let the sandbox see another time.

        Raises:
            ConnectError: a failure of ``faults``: nothing arrived.
            ConnectionLost: a failure of ``faults``: the connection ends before the answer.
            ReadTimeout: a failure of ``faults``: no answer comes. It is raised at once: the caller has to let the read
                timeout pass.
        """
        resolved = _resolved_path(request)
        wire = now + self.controls.skew
        with self._lock:
            faults = self.faults
            failure = None if faults is None else self._fate(faults, request, resolved)
            headers = {"Date": formatdate(wire, usegmt=True), "X-OVH-QUERYID": self._query_id()}
            if failure is not Failure.REFUSED:
                self._received[request.method, resolved.name] += 1
            status = 0
            try:
                response = self._response(request, resolved, wire, headers, (failure, faults))
                status = response.status
            finally:
                self._journal.add(request, wire, status, headers["X-OVH-QUERYID"])
        return response

    def _response(
        self,
        request: Request,
        resolved: _ResolvedPath,
        wire: float,
        headers: dict[str, str],
        fate: tuple[Failure | None, Faults | None],
    ) -> Response:
        page = None if resolved.base else self._door.answer(self._state, request, self._clock.at(wire))
        if page is not None:
            return Response(page.status, [*headers.items(), *page.headers.pairs], page.body)
        wait = self._must_wait(request, wire)
        failure, faults = fate if wait is None else (Failure.THROTTLED, Faults(retry_after=wait))
        added: dict[str, str] = {}
        status, kind, body = self._answered(request, resolved, wire, added, failure)
        if status == 200 and failure is None:
            headers |= added  # an error does not say where the next page is
        if faults is not None and failure is not None:
            status, content = fail(failure, faults, wire, headers)
            kind, body = (_HTML, content) if isinstance(content, bytes) else (_JSON, _dumped(content))
        headers["Content-Type"] = kind
        return Response(status, headers, body)

    def _answered(
        self, request: Request, resolved: _ResolvedPath, wire: float, headers: dict[str, str], failure: Failure | None
    ) -> _Answer:
        """Carry out a request, unless it fails before that."""
        if failure is not None and not failure.carried_out:
            return 0, _JSON, b""
        try:
            return self._answer(request, resolved, wire, headers)
        except ApiError as error:
            return error.status, _JSON, _dumped(error.body)

    def _query_id(self) -> str:
        number = self._state.next()
        return f"SB.ext-1.{number:08x}.{number}.{number * 2654435761 % 2**32:08x}"

    def _fate(self, faults: Faults, request: Request, resolved: _ResolvedPath) -> Failure | None:
        """Return how the answer to a request is going to fail, None if it is not."""
        if is_page(resolved.path) or resolved.name in faults.spare:
            return None
        # Not its other fields: they hold the time, and signatures of it.
        told = f"{request.method} {resolved.path}?{resolved.query}\n".encode("utf-8", "surrogatepass")
        name = sha256(told + request.body).digest()
        failure = faults.fate(name, self._met[name])
        self._met[name] += 1
        if failure is not None:
            self._failed[failure] += 1
        return failure

    def _answer(self, request: Request, resolved: _ResolvedPath, wire: float, headers: dict[str, str]) -> _Answer:
        """Carry out a request; ``wire`` is the time of signatures, which the sandbox's own may have been moved from."""
        path, base, now = resolved.path, resolved.base, self._clock.at(wire)
        if path == "/auth/oauth2/token" and request.method == "POST":
            return self._token(request, now)
        if request.method == "GET" and (base is None or path.endswith((".json", base + "/"))):
            found = self._engine.document(base, path.removeprefix(base or ""), resolved.origin)
            if found is not None:
                return 200, _JSON, _dumped(found)
        if base is None:
            raise no_route(request.method, path, "paths of the API begin with /1.0, /v1 or /v2")
        # Access rules, and the routes of version 1, are written without the version.
        found_special = find_special(request.method, resolved.name) if self._schemas is None else None
        if found_special is not None and self._is_plain(request, resolved, *found_special):
            route, arguments = found_special
        else:
            route, arguments = self._engine.route_for(request.method, resolved.name)
        credential = None
        if route.login:
            credential = authenticate(self._state, request, path.removeprefix(base), now, wire)
        elif route.application:
            check_application(self._state, request)
        pairs = parse_qsl(resolved.query, keep_blank_values=True, errors="replace")
        several: dict[str, list[str]] = {}
        for name, value in pairs:
            several.setdefault(name, []).append(value)
        call = SandboxCall(
            self._state,
            self.modes,
            resolved.name,
            arguments,
            dict(pairs),
            _parsed(request),
            {name.lower(): value for name, value in request.headers.items()},
            credential,
            wire if resolved.name == "/auth/time" else now,
            resolved.origin,
            headers,
            several,
            len(request.body),
        )
        if request.method == "POST" and route.login:
            self._state.check_room(call.length)
        route.check(call)
        body = _dumped(carry_out(route, call))
        self._executed[request.method, resolved.name] += 1
        return 200, _JSON, body

    def _is_plain(self, request: Request, resolved: _ResolvedPath, route: Route, arguments: dict[str, str]) -> bool:
        """Say whether a route of its own is all that a call needs: neither schemas, nor what other calls changed."""
        return (
            request.method == "GET"
            and not resolved.query
            and "x-pagination-mode" not in request.headers
            and route.template not in COMPLETED
            and not self._state.held
            and not any(value.isalpha() for value in arguments.values())
        )

    def _token(self, request: Request, now: float) -> tuple[int, str, bytes]:
        try:
            body = _dumped(issue_token(self._state, request, now))
        except ApiError as error:
            return self._token_errors_status or error.status, _JSON, _dumped(error.body)
        self._executed["POST", "/auth/oauth2/token"] += 1
        return 200, _JSON, body


def _read(schemas: Catalogue | str | os.PathLike[str] | None) -> Catalogue | None:
    """Return the catalogue of a file or folder, so that what is wrong with it is known before the first call."""
    if schemas is None or not isinstance(schemas, (str, os.PathLike)):
        return schemas
    from ovhcore.schema import load

    return load(schemas)


def _parsed(request: Request) -> Any:
    if request.method not in ("POST", "PUT", "PATCH") or not request.body:
        return None
    try:
        return parse_json(request.body)
    except ValueError:
        pass
    raise ApiError.of_class(400, "BadRequest::InvalidJSON", "The body is not valid JSON")


def _dumped(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode("utf-8", "replace")
