"""OAuth2's authorization code flow (RFC 6749, 4.1, with RFC 7636): the page where somebody lets an application in."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlencode, urlsplit, urlunsplit

from ovhcore.protocol import Response

from .html import Content, element, form_target, page, redirect
from .matters import Matter, buttons, form
from .validating import sign_out_form
from .visits import Visiting, as_target

__all__ = ["CODE_LIFETIME", "open_authorization"]

CODE_LIFETIME: Final = 600.0
"""Seconds after which an authorization code is worth nothing."""
_MOST_CODES: Final = 1000


def open_authorization(visiting: Visiting) -> Matter | Response:
    """Return what an application asks for, or say what is wrong with its request.

    Only the person is told where the application itself may be wrong; else it is, at its callback URL.
    """
    client = visiting.state.keys.clients.get(visiting.asked("client_id"))
    if client is None or client["flow"] != "AUTHORIZATION_CODE":
        return _refused("No application that signs people in has this client_id.")
    callbacks = client["callbackUrls"] or []
    callback = visiting.asked("redirect_uri") or (callbacks[0] if len(callbacks) == 1 else "")
    if callback not in callbacks or not form_target(callback):
        return _refused("The redirect_uri is not one of the callback URLs that the application is registered with.")
    wrong = _wrong(visiting)
    if wrong is not None:
        error, description = wrong
        return _back(visiting, callback, {"error": error, "error_description": description})
    return _Authorization(client, callback)


def _refused(text: str) -> Response:
    return page(
        "This does not work", element("p", text), element("p", "Tell those who made the application."), status=400
    )


def _wrong(visiting: Visiting) -> tuple[str, str] | None:
    """Return OAuth2's error for a request that cannot be granted, None if it can."""
    if visiting.asked("response_type") != "code":
        return "unsupported_response_type", "response_type must be code"
    if not visiting.asked("scope"):
        return "invalid_scope", "scope must be given, as all"
    challenge, method = visiting.asked("code_challenge"), visiting.asked("code_challenge_method")
    if method and method not in ("S256", "plain"):
        return "invalid_request", "code_challenge_method must be S256 or plain"
    if (challenge or method) and not re.fullmatch("[A-Za-z0-9._~-]{43,128}", challenge):
        return "invalid_request", "code_challenge must be 43 to 128 characters"
    return None


def _back(visiting: Visiting, callback: str, answer: Mapping[str, str]) -> Response:
    """Return the browser to the application; what its callback URL asks for besides is kept."""
    state = visiting.asked("state")
    parts = urlsplit(callback)
    query = urlencode({**answer, **({"state": state} if state else {})}, errors="replace")
    url = urlunsplit(parts._replace(query="&".join(filter(None, (parts.query, query)))))
    return redirect(as_target(url))


class _Authorization:
    """An application that wants to act for somebody."""

    def __init__(self, client: Mapping[str, Any], callback: str) -> None:
        self._client = client
        self.leads_to: str | None = callback

    def introduction(self) -> Content:
        return element("p", "The application ", element("strong", self._client["name"]), " asks to sign you in.")

    def question(self, visiting: Visiting, notice: Content, status: int) -> Response:
        name, about = self._client["name"], self._client["description"]
        scopes = [
            element("li", "everything in your account" if scope == "all" else scope) for scope in _scopes(visiting)
        ]
        return page(
            f"Let {name} in?",
            notice,
            element("p", about) if about else None,
            element("p", "The application ", element("strong", name), " asks to act for you, with:"),
            element("ul", *scopes, class_="rights"),
            form(
                visiting,
                element("p", "Then you go back to ", element("code", form_target(self.leads_to)), ".", class_="soft"),
                buttons(("accept", "Accept"), ("refuse", "Refuse")),
            ),
            sign_out_form(visiting),
            status=status,
            leads_to=self.leads_to,
        )

    def answer(self, visiting: Visiting) -> Response:
        callback = self.leads_to or ""
        action = visiting.said("action")
        if action == "refuse":
            return _back(visiting, callback, {"error": "access_denied", "error_description": "the user refused"})
        if action != "accept":
            return self.question(visiting, None, 400)
        codes, code = visiting.state.keys.codes, visiting.state.opaque("authorization code")
        while len(codes) >= _MOST_CODES:
            del codes[next(iter(codes))]
        codes[code] = {
            "client": self._client["clientId"],
            "ends": visiting.now + CODE_LIFETIME,
            "redirect_uri": visiting.asked("redirect_uri"),
            "scope": " ".join(_scopes(visiting)),
            "challenge": visiting.asked("code_challenge"),
            "method": visiting.asked("code_challenge_method") or "plain",
            "number": None,
        }
        return _back(visiting, callback, {"code": code})


def _scopes(visiting: Visiting) -> list[str]:
    return visiting.asked("scope").split()
