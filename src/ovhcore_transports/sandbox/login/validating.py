"""The page at ``validationUrl``: an application asks for a consumer key, and its user accepts or refuses."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from ovhcore.protocol import Response

from .html import Content, Html, element, form_target, page, redirect
from .keys import application_of, date, settle
from .matters import Matter, buttons, form, validity_field
from .visits import Visiting, as_target
from .words import VALIDITIES, rights

__all__ = ["open_validation", "rights_list", "sign_out_form"]

_UNLIMITED: Final = "Unlimited"
_STATES: Final = {
    "validated": ("Access granted", "You granted this application access to your account."),
    "refused": ("Access refused", "You refused this application access to your account."),
    "expired": ("Too late", "This request, or the access that it led to, has expired."),
}


def open_validation(visiting: Visiting) -> Matter | Response:
    """Return the consumer key that waits under the token of a URL, or a page that says that there is none."""
    ring = visiting.state.keys
    credential = ring.credentials.get(ring.waiting.get(visiting.asked("credentialToken"), ""))
    if credential is None:
        text = "No application waits under this address. Go back to the application, and begin again."
        return page("Nothing to answer here", element("p", text), status=404)
    application = application_of(ring, credential)
    state = settle(credential, visiting.now)
    if state != "pendingValidation":
        return _answered(visiting, credential, state, 409 if _is_answer(visiting) else 200)
    if application is None:
        credential["state"] = "refused"
        return _answered(visiting, credential, "refused", 409)
    return _Validation(credential, application)


def _is_answer(visiting: Visiting) -> bool:
    return visiting.posted and visiting.said("action") in ("accept", "refuse")


def _answered(visiting: Visiting, credential: Mapping[str, Any], state: str, status: int) -> Response:
    """Return the page of a request that is over: one that was answered here, in another tab, or by time."""
    title, text = _STATES[state]
    ends = date(credential["expiration"])
    lasts = element("p", f"It lasts until {ends}.") if ends and state == "validated" else None
    back = form_target(credential["redirection"]) and element(
        "p", element("a", "Go back to the application", href=credential["redirection"])
    )
    closing = element("p", f"This request is {state}; nothing more can be answered here. You can close this page.")
    return page(title, element("p", text), lasts, back or None, closing, status=status)


def rights_list(rules: list[dict[str, str]]) -> Html:
    """Return access rules in words, with the rules below."""
    lines = [
        element(
            "li",
            element("strong", right.verbs),
            f" {right.what}",
            element("strong", ": this is full access") if right.dangerous else None,
            element("br"),
            [element("code", rule) for rule in right.rules],
        )
        for right in rights(rules)
    ]
    return element("ul", *lines, class_="rights") if lines else element("p", "Nothing: it asks for no rights.")


def sign_out_form(visiting: Visiting) -> Html:
    """Return who is signed in, and how to change that."""
    return form(
        visiting,
        element("p", "You are signed in as ", element("strong", visiting.visit.account), ".", class_="soft"),
        element("button", "Sign in as somebody else", type="submit", name="action", value="sign-out"),
    )


class _Validation:
    """A consumer key that waits for its user."""

    def __init__(self, credential: dict[str, Any], application: Mapping[str, Any]) -> None:
        self._credential = credential
        self._application = application
        self.leads_to: str | None = credential["redirection"]

    def introduction(self) -> Content:
        name = element("strong", self._application["name"])
        return element("p", "The application ", name, " asks for access to your account. Sign in to see which.")

    def question(self, visiting: Visiting, notice: Content, status: int) -> Response:
        credential, application = self._credential, self._application
        ips = credential["allowedIPs"]
        back = form_target(credential["redirection"])
        return page(
            f"Grant {application['name']} access?",
            notice,
            element("p", application["description"]) if application["description"] else None,
            element(
                "p", "The application ", element("strong", application["name"]), " asks to do this in your account:"
            ),
            rights_list(credential["rules"]),
            element("p", "Only from these addresses: ", element("code", ", ".join(map(str, ips)))) if ips else None,
            form(
                visiting,
                validity_field(VALIDITIES, visiting.said("validity") or _UNLIMITED),
                element("p", "You can revoke it at any time.", class_="soft"),
                element("p", "Then you go back to ", element("code", back), ".", class_="soft") if back else None,
                buttons(("accept", "Accept"), ("refuse", "Refuse")),
            ),
            sign_out_form(visiting),
            status=status,
            leads_to=self.leads_to,
        )

    def answer(self, visiting: Visiting) -> Response:
        credential, validity = self._credential, visiting.said("validity") or _UNLIMITED
        action = visiting.said("action")
        if action not in ("accept", "refuse") or validity not in VALIDITIES:
            return self.question(visiting, None, 400)
        seconds = VALIDITIES[validity]
        if action == "accept":
            credential["expiration"] = None if seconds is None else visiting.now + seconds
        credential["state"] = "validated" if action == "accept" else "refused"
        back = credential["redirection"]
        return redirect(as_target(back) if form_target(back) else visiting.target)
