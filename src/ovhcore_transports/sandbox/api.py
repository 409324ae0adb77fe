"""The sandbox itself: a request and the time in, a response out."""

from __future__ import annotations

import json
import threading
from email.utils import formatdate
from typing import Any, Final
from urllib.parse import parse_qs, parse_qsl

from ovhcore.protocol.decoding import parse_json
from ovhcore.protocol.messages import Request, Response

from ..forks import renew_after_fork
from .auth import authenticate, issue_token, validation_page
from .routes import Call, find_route, no_route
from .state import APPLICATION_KEY, ApiError, State

__all__ = ["Sandbox"]

_BASES: Final = ("/1.0", "/v1", "/v2")
_JSON: Final = "application/json; charset=utf-8"
_HTML: Final = "text/html; charset=utf-8"


class Sandbox:
    """An imitation of OVHcloud's API with a state of its own; safe to use from many threads.

    The same requests at the same times bring the same answers.

    Args:
        auto_validate: whether new consumer keys are valid at once, for where no browser goes.
        token_lifetime: seconds an access token lives.
        token_errors_status: the status of the token endpoint's errors; 200 has been seen.
    """

    def __init__(
        self, *, auto_validate: bool = False, token_lifetime: int = 3599, token_errors_status: int | None = None
    ) -> None:
        self._state = State(auto_validate=auto_validate, token_lifetime=token_lifetime)
        self._token_errors_status = token_errors_status
        self._lock = threading.Lock()
        renew_after_fork(self)

    def after_fork(self) -> None:
        """Be free in the child of a fork, whichever thread of the parent was being answered."""
        self._lock = threading.Lock()

    @property
    def resources(self) -> dict[str, Any]:
        """What the sandbox holds under ``"me"``, ``"bills"``, ``"servers"`` and so on. May be changed."""
        return self._state.resources

    def validate(self, consumer_key: str) -> None:
        """Confirm a consumer key, as its user does on the validation page."""
        self._state.credentials[consumer_key]["state"] = "validated"

    def refuse(self, consumer_key: str) -> None:
        """Refuse a consumer key."""
        self._state.credentials[consumer_key]["state"] = "refused"

    def expire(self, consumer_key: str) -> None:
        """Let a consumer key expire."""
        self._state.credentials[consumer_key]["state"] = "expired"

    def revoke_tokens(self) -> None:
        """Make all access tokens invalid."""
        self._state.tokens.clear()

    def handle(self, request: Request, now: float) -> Response:
        """Answer a request.

        Args:
            request: as it was received; its URL is the scheme, the ``Host`` and the raw target.
            now: seconds since 1970 on the sandbox's clock.
        """
        with self._lock:
            headers = {"Date": formatdate(now, usegmt=True), "X-OVH-QUERYID": self._query_id()}
            try:
                status, kind, body = self._answer(request, now, headers)
            except ApiError as error:
                status, kind, body = error.status, _JSON, _dumped(error.body)
        headers["Content-Type"] = kind
        return Response(status, headers, body)

    def _query_id(self) -> str:
        number = self._state.next()
        return f"SB.ext-1.{number:08x}.{number}.{number * 2654435761 % 2**32:08x}"

    def _answer(self, request: Request, now: float, headers: dict[str, str]) -> tuple[int, str, bytes]:
        scheme, _, rest = request.url.partition("://")
        host, slash, target = rest.partition("/")
        origin, target = f"{scheme}://{host}", slash + target
        path, _, query = target.partition("?")
        if path == "/auth/oauth2/token" and request.method == "POST":
            return self._token(request, now)
        if path == "/auth/" and request.method in ("GET", "POST"):
            token = parse_qs(query).get("credentialToken", [""])[-1]
            return 200, _HTML, validation_page(self._state, token, request).encode()
        base = next((base for base in _BASES if path.startswith(base + "/")), None)
        if base is None:
            raise no_route(request.method, path)
        # Access rules, and the routes of version 1, are written without the version.
        route_path = path.removeprefix(base)
        route, arguments = find_route(request.method, path if base == "/v2" else route_path)
        credential = None
        if route.login:
            credential = authenticate(self._state, request, route_path, now)
        elif route.application and request.headers.get("x-ovh-application", "") != APPLICATION_KEY:
            raise ApiError.of_code(403, "Forbidden", "INVALID_KEY", "This application key is invalid")
        call = Call(
            self._state,
            arguments,
            dict(parse_qsl(query, keep_blank_values=True, errors="replace")),
            _parsed(request),
            {name.lower(): value for name, value in request.headers.items()},
            credential,
            now,
            origin,
            headers,
        )
        route.check(call)
        return 200, _JSON, _dumped(route.answer(call))

    def _token(self, request: Request, now: float) -> tuple[int, str, bytes]:
        try:
            return 200, _JSON, _dumped(issue_token(self._state, request, now))
        except ApiError as error:
            return self._token_errors_status or error.status, _JSON, _dumped(error.body)


def _parsed(request: Request) -> Any:
    if request.method not in ("POST", "PUT") or not request.body:
        return None
    try:
        return parse_json(request.body)
    except ValueError:
        pass
    raise ApiError.of_class(400, "BadRequest::InvalidJSON", "The body is not valid JSON")


def _dumped(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode("utf-8", "replace")
