"""The token endpoint (RFC 6749): for service accounts, for authorization codes, and to go on with a refresh token."""

from __future__ import annotations

import base64
import binascii
import hmac
from collections.abc import Callable, Mapping
from hashlib import sha256
from typing import Any, Final
from urllib.parse import unquote_plus

from ovhcore.protocol import Request

from ..state import ApiError, State
from .keys import new_tokens
from .visits import fields_of

__all__ = ["issue_token"]

_Form = Mapping[str, str]


def issue_token(state: State, request: Request, now: float) -> dict[str, Any]:
    """Answer the token endpoint.

    Raises:
        ApiError: the client is not known, or what it asks for cannot be granted.
    """
    form = dict(fields_of(request.body.decode("utf-8", "replace")))
    grant = _GRANTS.get(form.get("grant_type", ""))
    if grant is None:
        known = ", ".join(_GRANTS)
        raise _error("unsupported_grant_type", f"grant_type must be one of {known}")
    client = _client(state, request, form)
    return grant(state, client, form, now)


def _error(name: str, description: str) -> ApiError:
    return ApiError(400, {"error": name, "error_description": description})


def _client(state: State, request: Request, form: _Form) -> dict[str, Any]:
    """Return the client that a request comes from, by its secret; one that is proven by a code challenge needs none."""
    name, secret = form.get("client_id", ""), form.get("client_secret", "")
    basic = request.headers.get("authorization", "")
    if basic.startswith("Basic "):
        try:
            decoded = base64.b64decode(basic.removeprefix("Basic "), validate=True).decode("utf-8", "replace")
        except (binascii.Error, ValueError):
            decoded = ""
        name, secret = (unquote_plus(part) for part in decoded.partition(":")[::2])
    client = state.keys.clients.get(name)
    if client is None:
        raise _error("invalid_client", "ovhcloud oauth2 client does not exists")
    if not hmac.compare_digest(secret.encode("utf-8", "replace"), client["clientSecret"].encode()):
        raise _error("invalid_client_credentials", "client secret invalid")
    return client


def _by_secret(state: State, client: dict[str, Any], form: _Form, now: float) -> dict[str, Any]:
    if client["flow"] != "CLIENT_CREDENTIALS":
        raise _error("unauthorized_client", "this client is for the flow AUTHORIZATION_CODE")
    return new_tokens(state, client, "all", now, state.token_lifetime, refreshable=False)


def _by_code(state: State, client: dict[str, Any], form: _Form, now: float) -> dict[str, Any]:
    code = form.get("code", "")
    granted = state.keys.codes.get(code)
    if granted is None or granted["client"] != client["clientId"]:
        raise _error("invalid_grant", "this code was not issued to this client")
    if granted["number"] is not None:
        _revoke(state, granted["number"])
        raise _error("invalid_grant", "this code was used before; what it led to is revoked")
    if granted["ends"] <= now:
        raise _error("invalid_grant", "this code has expired")
    if form.get("redirect_uri", "") != granted["redirect_uri"]:
        raise _error("invalid_grant", "redirect_uri is not the one that the code was asked for with")
    if not _proven(granted, form.get("code_verifier", "")):
        raise _error("invalid_grant", "code_verifier does not belong to the code_challenge")
    answer = new_tokens(state, client, granted["scope"], now, state.token_lifetime, refreshable=True)
    granted["number"] = state.keys.tokens[answer["access_token"]]["number"]
    return answer


def _proven(granted: Mapping[str, Any], verifier: str) -> bool:
    challenge = granted["challenge"]
    if not challenge:
        return not verifier
    if granted["method"] == "S256":
        digest = sha256(verifier.encode("utf-8", "replace")).digest()
        verifier = base64.urlsafe_b64encode(digest).decode().rstrip("=")
    return hmac.compare_digest(verifier.encode("utf-8", "replace"), challenge.encode())


def _revoke(state: State, number: int) -> None:
    """Take back what a code led to, as whoever used it again may have stolen it."""
    for issued in (state.keys.tokens, state.keys.refreshing):
        for value in [value for value, each in issued.items() if each["number"] == number]:
            del issued[value]


def _by_refresh_token(state: State, client: dict[str, Any], form: _Form, now: float) -> dict[str, Any]:
    refreshing = state.keys.refreshing
    grant = refreshing.get(form.get("refresh_token", ""))
    if grant is None or grant["client"] != client["clientId"]:
        raise _error("invalid_grant", "this refresh token was not issued to this client, or was used before")
    del refreshing[form["refresh_token"]]
    return new_tokens(
        state, client, grant["scope"], now, state.token_lifetime, refreshable=True, number=grant["number"]
    )


_GRANTS: Final[dict[str, Callable[[State, dict[str, Any], _Form, float], dict[str, Any]]]] = {
    "client_credentials": _by_secret,
    "authorization_code": _by_code,
    "refresh_token": _by_refresh_token,
}
