"""What a person is asked, whatever it is: sign in first, then answer; with forms that no other site can send."""

from __future__ import annotations

import hmac
from collections.abc import Iterable
from typing import Final, Protocol

from ovhcore.protocol import Response

from .html import Content, Html, element, page
from .visits import Visiting

__all__ = ["PASSWORD", "Matter", "buttons", "field", "form", "knows", "note", "sign_in_page", "validity_field"]

PASSWORD: Final = "sandbox-password"
"""The password of the account that every sandbox has."""


class Matter(Protocol):
    """Something that a person is to decide."""

    leads_to: str | None
    """Where an answer sends the browser, None for another page of the sandbox."""

    def introduction(self) -> Content:
        """Say what it is about, to somebody who has not signed in."""
        ...

    def question(self, visiting: Visiting, notice: Content, status: int) -> Response:
        """Ask somebody who has."""
        ...

    def answer(self, visiting: Visiting) -> Response:
        """Do what a form says."""
        ...


def note(text: str, kind: str = "wrong") -> Html:
    """Return a line that is read out when the page comes."""
    return element("p", text, class_=kind, role="alert")


def form(visiting: Visiting, *content: Content) -> Html:
    """Return a form that goes to the page that it is on."""
    proof = element("input", type="hidden", name="proof", value=visiting.visit.proof)
    return element("form", proof, *content, method="post", action=visiting.target)


def field(name: str, label: str, value: str = "", *, hint: str = "", **attributes: str | bool) -> list[Html]:
    """Return a labelled input."""
    described = f"{name}-hint" if hint else None
    shown = element("input", id=name, name=name, value=value, aria_describedby=described, **attributes)
    return [
        element("label", label, for_=name),
        shown,
        *([element("p", hint, id=described, class_="soft")] if hint else []),
    ]


def validity_field(names: Iterable[str], chosen: str) -> list[Html]:
    """Return the choice for how long a key is good."""
    options = [element("option", name, value=name, selected=name == chosen) for name in names]
    return [element("label", "Validity", for_="validity"), element("select", *options, id="validity", name="validity")]


def buttons(*pairs: tuple[str, str]) -> Html:
    """Return buttons, as ``("accept", "Accept")``; the first is what Enter presses."""
    made = [
        element("button", label, type="submit", name="action", value=action, class_=None if place else "main")
        for place, (action, label) in enumerate(pairs)
    ]
    return element("div", *made, class_="buttons")


def knows(visiting: Visiting) -> bool:
    """Say whether a form holds the name and the password of the account."""
    names = {str(visiting.me.get(name, "")).lower() for name in ("nichandle", "email")} - {""}
    given = visiting.said("password").encode("utf-8", "replace")
    return hmac.compare_digest(given, PASSWORD.encode()) and visiting.said("account").strip().lower() in names


def sign_in_page(visiting: Visiting, matter: Matter, notice: Content, status: int) -> Response:
    """Return the page that asks who is there."""
    account = str(visiting.me.get("nichandle", ""))
    return page(
        "Sign in",
        notice,
        matter.introduction(),
        form(
            visiting,
            field(
                "account", "Account", visiting.said("account"), autocomplete="username", required=True, autofocus=True
            ),
            field("password", "Password", type="password", autocomplete="current-password", required=True),
            buttons(("sign-in", "Sign in")),
        ),
        element(
            "p",
            "The sandbox has one account: ",
            element("code", account),
            ", whose password is ",
            element("code", PASSWORD),
            ".",
            class_="soft",
        ),
        status=status,
        leads_to=matter.leads_to,
    )
