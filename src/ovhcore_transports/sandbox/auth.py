"""Who may do what. Signatures are checked by the sandbox's own arithmetic, on the raw target it received.

Independent of ovhcore's own signing on purpose: two who agree because they are one and the
same check nothing.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import html
import re
from typing import Any, Final
from urllib.parse import parse_qs

from ovhcore.protocol import Request, rule_covers

from .state import APPLICATION_KEY, APPLICATION_SECRET, CLIENT_ID, CLIENT_SECRET, ApiError, State

__all__ = ["TOLERANCE", "authenticate", "issue_token", "validation_page"]

TOLERANCE: Final = 180
"""Seconds a timestamp may be off."""


def authenticate(state: State, request: Request, route: str, now: float) -> dict[str, Any] | None:
    """Return the credential a request came with, None for an access token.

    Raises:
        ApiError: what the API answers to a request that it does not let in.
    """
    bearer = request.headers.get("authorization", "")
    if bearer.startswith("Bearer "):
        if state.tokens.get(bearer.removeprefix("Bearer "), 0) <= now:
            raise ApiError.of_class(401, "Unauthorized", "Invalid or expired access token")
        return None
    if request.headers.get("x-ovh-application", "") != APPLICATION_KEY:
        raise ApiError.of_code(403, "Forbidden", "INVALID_KEY", "This application key is invalid")
    key = request.headers.get("x-ovh-consumer", "")
    if not key:
        raise ApiError.of_class(401, "Unauthorized", "You must login first")
    credential = state.credentials.get(key)
    if credential is None:
        raise ApiError.of_code(403, "Forbidden", "NOT_CREDENTIAL", "This credential does not exist")
    _check_signature(request, key, now)
    if credential["state"] != "validated":
        raise ApiError.of_code(403, "Forbidden", "INVALID_CREDENTIAL", "This credential is not valid")
    if not any(rule_covers(rule, request.method, route) for rule in credential["rules"]):
        raise ApiError.of_code(403, "Forbidden", "NOT_GRANTED_CALL", "This call has not been granted")
    return credential


def _check_signature(request: Request, key: str, now: float) -> None:
    sent = request.headers.get("x-ovh-timestamp", "")
    if not re.fullmatch("[0-9]{1,12}", sent) or abs(int(sent) - now) > TOLERANCE:
        raise ApiError.of_code(400, "Bad Request", "QUERY_TIME_OUT", "Query out of time")
    # The API hashes no body for these methods, whatever was sent.
    body = b"" if request.method in ("GET", "DELETE") else request.body
    parts = (APPLICATION_SECRET, key, request.method, request.url)
    hashed = b"+".join([*(part.encode("utf-8", "surrogatepass") for part in parts), body, sent.encode()])
    expected = "$1$" + hashlib.new("sha1", hashed, usedforsecurity=False).hexdigest()
    signature = request.headers.get("x-ovh-signature", "")
    if not hmac.compare_digest(expected.encode(), signature.encode("utf-8", "surrogatepass")):
        raise ApiError.of_code(400, "Bad Request", "INVALID_SIGNATURE", "Invalid signature")


def issue_token(state: State, request: Request, now: float) -> dict[str, Any]:
    """Answer the token endpoint (RFC 6749, 4.4).

    Raises:
        ApiError: the service account is not known, or asks for something else.
    """
    form = {name: values[-1] for name, values in parse_qs(request.body.decode("utf-8", "replace")).items()}
    client, secret = form.get("client_id", ""), form.get("client_secret", "")
    basic = request.headers.get("authorization", "")
    if basic.startswith("Basic "):
        try:
            decoded = base64.b64decode(basic.removeprefix("Basic "), validate=True).decode("utf-8", "replace")
        except (binascii.Error, ValueError):
            decoded = ""
        client, _, secret = decoded.partition(":")
    if form.get("grant_type") != "client_credentials":
        raise ApiError(400, {"error": "unsupported_grant_type", "error_description": "use client_credentials"})
    if client != CLIENT_ID:
        description = "ovhcloud oauth2 client does not exists"
        raise ApiError(400, {"error": "invalid_client", "error_description": description})
    if secret != CLIENT_SECRET:
        raise ApiError(400, {"error": "invalid_client_credentials", "error_description": "client secret invalid"})
    lifetime = state.token_lifetime
    return {"access_token": state.new_token(now), "token_type": "Bearer", "expires_in": lifetime, "scope": "all"}


def validation_page(state: State, token: str, request: Request) -> str:
    """Return the page where a user confirms a consumer key, as HTML.

    Raises:
        ApiError: no key waits under this token.
    """
    credential = next((c for c in state.credentials.values() if c["credentialToken"] == token), None)
    if credential is None:
        raise ApiError.of_class(404, "NotFound", "No credential waits under this token")
    if request.method == "POST" and credential["state"] == "pendingValidation":
        answer = parse_qs(request.body.decode("utf-8", "replace")).get("action", [""])[-1]
        credential["state"] = {"validate": "validated", "refuse": "refused"}.get(answer, "pendingValidation")
    if credential["state"] != "pendingValidation":
        return f"<!DOCTYPE html><title>Sandbox</title><p>This consumer key is {credential['state']}.</p>"
    rules = "".join(
        f"<li>{html.escape(rule['method'])} {html.escape(rule['path'])}</li>" for rule in credential["rules"]
    )
    return (
        "<!DOCTYPE html><title>Sandbox</title><p>An application asks for these rights:</p>"
        f"<ul>{rules}</ul><form method='post'><button name='action' value='validate'>Allow</button> "
        "<button name='action' value='refuse'>Refuse</button></form>"
    )
