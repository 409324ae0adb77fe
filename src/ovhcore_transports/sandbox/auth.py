"""Who may do what. Signatures are checked by the sandbox's own arithmetic, on the raw target it received.

Independent of ovhcore's own signing on purpose: two who agree because they are one and the
same check nothing.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from typing import Any, Final

from ovhcore._internal import rule_covers
from ovhcore.protocol import Request

from .login.keys import settle
from .state import ApiError, State

__all__ = ["TOLERANCE", "authenticate", "check_application"]

TOLERANCE: Final = 180
"""Seconds a timestamp may be off."""


def check_application(state: State, request: Request) -> dict[str, Any]:
    """Return the application that a request says it is of.

    Raises:
        ApiError: there is none of this key.
    """
    application = state.keys.applications.get(request.headers.get("x-ovh-application", ""))
    if application is None or application["status"] == "blocked":
        raise _of_foreign_keys(ApiError.of_code(403, "Forbidden", "INVALID_KEY", "This application key is invalid"))
    return application


def _of_foreign_keys(error: ApiError) -> ApiError:
    """Let an answer say that it is the sandbox that does not know the keys."""
    error.body["details"] = {
        "sandbox": "This is a sandbox, which knows its own keys only: ovhcore_transports.sandbox.ACCESS_KEYS, "
        "the lines that `ovhcore sandbox` prints, and those made on its pages. Keys of the API are not for it."
    }
    return error


def authenticate(
    state: State, request: Request, route: str, now: float, clock: float | None = None
) -> dict[str, Any] | None:
    """Return the credential a request came with, None for an access token.

    Args:
        state: of the sandbox.
        request: as it was received.
        route: its path without the version.
        now: the time by which keys end.
        clock: the time that signatures are compared with, if it is another one.

    Raises:
        ApiError: what the API answers to a request that it does not let in.
    """
    bearer = request.headers.get("authorization", "")
    if bearer.startswith("Bearer "):
        token = state.keys.tokens.get(bearer.removeprefix("Bearer "))
        if token is None or token["ends"] <= now:
            raise ApiError.of_class(401, "Unauthorized", "Invalid or expired access token")
        return None
    application = check_application(state, request)
    key = request.headers.get("x-ovh-consumer", "")
    if not key:
        raise ApiError.of_class(401, "Unauthorized", "You must login first")
    credential = state.keys.credentials.get(key)
    if credential is None or credential["applicationId"] != application["applicationId"]:
        raise _of_foreign_keys(ApiError.of_code(403, "Forbidden", "NOT_CREDENTIAL", "This credential does not exist"))
    _check_signature(request, application["applicationSecret"], key, now if clock is None else clock)
    if settle(credential, now) != "validated":
        raise ApiError.of_code(403, "Forbidden", "INVALID_CREDENTIAL", "This credential is not valid")
    if not any(rule_covers(rule, request.method, route) for rule in credential["rules"]):
        raise ApiError.of_code(403, "Forbidden", "NOT_GRANTED_CALL", "This call has not been granted")
    credential["lastUse"] = now
    return credential


def _check_signature(request: Request, secret: str, key: str, now: float) -> None:
    sent = request.headers.get("x-ovh-timestamp", "")
    if not re.fullmatch("[0-9]{1,12}", sent) or abs(int(sent) - now) > TOLERANCE:
        raise ApiError.of_code(400, "Bad Request", "QUERY_TIME_OUT", "Query out of time")
    # The API hashes the body that it received, also of a GET, which it reads nothing from; of a DELETE it hashes none.
    body = b"" if request.method == "DELETE" else request.body
    parts = (secret, key, request.method, request.url)
    hashed = b"+".join([*(part.encode("utf-8", "surrogatepass") for part in parts), body, sent.encode()])
    expected = "$1$" + hashlib.new("sha1", hashed, usedforsecurity=False).hexdigest()
    signature = request.headers.get("x-ovh-signature", "")
    if not hmac.compare_digest(expected.encode(), signature.encode("utf-8", "surrogatepass")):
        raise ApiError.of_code(400, "Bad Request", "INVALID_SIGNATURE", "Invalid signature")
