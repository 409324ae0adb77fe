"""``/_sandbox``: what steers a sandbox that is served, as JSON, and the page that shows what is in it."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, Final
from urllib.parse import unquote

from ovhcore._internal import parse_json
from ovhcore.exceptions import InvalidConfiguration
from ovhcore.protocol import Request, Response

from ..login.keys import shown_credential
from ..login.visits import fields_of
from .controlled import Controlled
from .overview import overview

__all__ = ["ADMIN", "answer_admin"]

ADMIN: Final = "_sandbox"
"""The first segment of the path; no version of the API begins with it."""


class _Refused(Exception):
    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


_Admin = Callable[[Any, list[str], Any, dict[str, str]], Any]


def answer_admin(sandbox: Controlled, request: Request) -> Response:
    """Answer a request below ``/_sandbox``; whatever is wrong with it is said in the answer."""
    scheme, _, rest = request.url.partition("://")
    host, _, target = rest.partition("/")
    path, _, query = target.partition("?")
    given = dict(fields_of(query))
    segments = [unquote(segment, errors="replace") for segment in path.split("/")[1:] if segment]
    if not segments and request.method in ("GET", "HEAD"):
        return overview(sandbox, f"{scheme}://{host}", given)
    try:
        answer = _found(request.method, segments)
        return _json(200, answer(sandbox, segments, _body(request), given))
    except _Refused as error:
        status, message = error.status, str(error)
    except InvalidConfiguration as error:
        status, message = 400, str(error)
    return _json(status, {"message": message})


def _found(method: str, segments: list[str]) -> _Admin:
    shape = "/".join([*segments[:1], *("*" for _ in segments[1:2]), *segments[2:]])
    known = {each: answer for (each, place), answer in _ADMIN.items() if place == shape}
    if not known:
        places = ", ".join(sorted({f"/{ADMIN}/{place}" for _, place in _ADMIN}))
        raise _Refused(404, f"There is no such path; there are /{ADMIN}/ (a page), {places}")
    if method not in known:
        raise _Refused(405, f"This path takes {', '.join(sorted(known))}, not {method}")
    return known[method]


def _body(request: Request) -> Any:
    if not request.body:
        return None
    # A form of a page, which may be of any site, cannot be sent as JSON.
    if not request.headers.get("content-type", "").lower().startswith("application/json"):
        raise _Refused(415, "The body must be JSON, and Content-Type say so: application/json")
    try:
        return parse_json(request.body)
    except (ValueError, RecursionError) as error:
        raise _Refused(400, f"The body is not JSON: {error}") from None


def _object(body: Any) -> dict[str, Any]:
    if not isinstance(body, dict):
        raise _Refused(400, "The body must be a JSON object")
    return body


def _json(status: int, value: Any) -> Response:
    fields = {
        "Content-Type": "application/json; charset=utf-8",
        "Cache-Control": "no-store",
        "X-Content-Type-Options": "nosniff",
    }
    return Response(status, fields, json.dumps(value, ensure_ascii=False).encode("utf-8", "replace"))


def _settings(sandbox: Controlled, *_: Any) -> Any:
    return sandbox.settings()


def _configure(sandbox: Controlled, segments: list[str], body: Any, query: dict[str, str]) -> Any:
    sandbox.configure(_object(body))
    return sandbox.settings()


def _clock(sandbox: Controlled, *_: Any) -> Any:
    return {"offset": sandbox.clock.offset, "frozen": sandbox.clock.frozen}


def _move(sandbox: Controlled, segments: list[str], body: Any, query: dict[str, str]) -> Any:
    clock = sandbox.clock
    steps: dict[str, Callable[[Any], None]] = {
        "advance": clock.advance,
        "freeze": lambda at: clock.freeze(None if at is True else at),
        "resume": lambda _: clock.resume(),
        "reset": lambda _: clock.reset(),
    }
    asked = _object(body)
    if len(asked) != 1 or not asked.keys() <= steps.keys():
        raise _Refused(400, f'The body has one of {", ".join(steps)}; as {{"advance": 3600}} or {{"freeze": true}}')
    for name, value in asked.items():
        steps[name](value)
    return _clock(sandbox)


def _log(sandbox: Controlled, segments: list[str], body: Any, query: dict[str, str]) -> Any:
    last = query.get("last", "1000")
    if not last.isdecimal() or len(last) > 9:
        raise _Refused(400, "last must be a whole number")
    return sandbox.log(int(last))


def _snapshot(sandbox: Controlled, *_: Any) -> Any:
    return sandbox.snapshot()


def _restore(sandbox: Controlled, segments: list[str], body: Any, query: dict[str, str]) -> None:
    sandbox.restore(_object(body))


def _kept(sandbox: Controlled, *_: Any) -> Any:
    return sandbox.kept


def _keep(sandbox: Controlled, segments: list[str], body: Any, query: dict[str, str]) -> Any:
    sandbox.keep(segments[1])
    return sandbox.kept


def _go_back(sandbox: Controlled, segments: list[str], body: Any, query: dict[str, str]) -> None:
    sandbox.go_back(segments[1])


def _reset(sandbox: Controlled, *_: Any) -> None:
    sandbox.reset()


def _resources(sandbox: Controlled, *_: Any) -> Any:
    return sandbox.own() | sandbox.held()


def _add(sandbox: Controlled, segments: list[str], body: Any, query: dict[str, str]) -> None:
    sandbox.add(_object(body))


def _credentials(sandbox: Controlled, *_: Any) -> Any:
    ring = sandbox._state.keys
    now = sandbox.clock.now()
    return [shown_credential(each, now) for each in ring.credentials.values()]


def _decide(sandbox: Any, segments: list[str], body: Any, query: dict[str, str]) -> Any:
    ring = sandbox._state.keys
    found = [key for key, each in ring.credentials.items() if segments[1] in (key, str(each["credentialId"]))]
    if not found:
        raise _Refused(404, "There is no consumer key with this credentialId")
    steps = {"validate": sandbox.validate, "refuse": sandbox.refuse, "expire": sandbox.expire}
    steps[segments[2]](found[0])
    return shown_credential(ring.credentials[found[0]], sandbox.clock.now())


_ADMIN: Final[dict[tuple[str, str], _Admin]] = {
    ("GET", "settings"): _settings,
    ("PATCH", "settings"): _configure,
    ("GET", "clock"): _clock,
    ("POST", "clock"): _move,
    ("GET", "log"): _log,
    ("GET", "snapshot"): _snapshot,
    ("PUT", "snapshot"): _restore,
    ("GET", "snapshots"): _kept,
    ("PUT", "snapshots/*"): _keep,
    ("POST", "snapshots/*/load"): _go_back,
    ("POST", "reset"): _reset,
    ("GET", "resources"): _resources,
    ("PATCH", "resources"): _add,
    ("GET", "credentials"): _credentials,
    ("POST", "credentials/*/validate"): _decide,
    ("POST", "credentials/*/refuse"): _decide,
    ("POST", "credentials/*/expire"): _decide,
}
