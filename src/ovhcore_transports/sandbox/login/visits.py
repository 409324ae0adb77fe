"""Who looks at a page: visits by cookie, and what was sent with forms."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple
from urllib.parse import parse_qsl, quote

from ovhcore.protocol import Request

from ..state import State

__all__ = ["PRINTABLE", "Visit", "Visiting", "Visitors", "fields_of"]

_MOST_VISITS: Final = 1000
_MOST_FIELDS: Final = 500
PRINTABLE: Final = "".join(chr(code) for code in range(0x21, 0x7F))
"""What may stand in a header field as it is."""


@dataclass
class Visit:
    """One browser.

    Attributes:
        secret: what its cookie holds.
        proof: what its forms have to hold, since no other site can read it.
        account: who signed in, None for nobody.
    """

    account: str | None = None
    secret: str = field(default_factory=lambda: secrets.token_urlsafe(24))
    proof: str = field(default_factory=lambda: secrets.token_urlsafe(24))


class Visitors:
    """The browsers that are known; the ones that were seen longest ago are forgotten first."""

    def __init__(self) -> None:
        self._visits: dict[str, Visit] = {}

    def of(self, secret: str) -> Visit | None:
        """Return the visit that a cookie belongs to, None if it is not known."""
        visit = self._visits.pop(secret, None)
        if visit is not None:
            self._visits[secret] = visit
        return visit

    def begin(self, account: str | None = None) -> Visit:
        """Begin a visit."""
        visit = Visit(account)
        while len(self._visits) >= _MOST_VISITS:
            del self._visits[next(iter(self._visits))]
        self._visits[visit.secret] = visit
        return visit

    def end(self, visit: Visit) -> None:
        """Forget a visit."""
        self._visits.pop(visit.secret, None)


class Visiting(NamedTuple):
    """A request for a page.

    Attributes:
        state: of the sandbox.
        target: path and query, for answers that lead back to the page.
        origin: as ``"http://127.0.0.1:8080"``.
        path: the path alone.
        query, form: what was sent, in order.
        visit: whose request it is.
        posted: whether it is a form of a page that this visit was shown.
        now: seconds since 1970 on the sandbox's clock.
    """

    state: State
    target: str
    origin: str
    path: str
    query: list[tuple[str, str]]
    form: list[tuple[str, str]]
    visit: Visit
    posted: bool
    now: float

    def asked(self, name: str) -> str:
        """Return what the query says, the last if several times."""
        return dict(self.query).get(name, "")

    def said(self, name: str) -> str:
        """Return what the form says."""
        return dict(self.form).get(name, "")

    @property
    def me(self) -> Mapping[str, Any]:
        """The account that the sandbox is about."""
        me: Mapping[str, Any] = self.state.resources["me"]
        return me


def fields_of(text: str) -> list[tuple[str, str]]:
    """Return the fields of a query or a form; none if there are more than anybody has.

    >>> fields_of("a=1&b=%20&c")
    [('a', '1'), ('b', ' '), ('c', '')]
    """
    try:
        return parse_qsl(text, keep_blank_values=True, errors="replace", max_num_fields=_MOST_FIELDS)
    except ValueError:
        return []


def cookie_name(origin: str) -> str:
    """Return the name of the cookie: browsers send those of one machine to each of its ports."""
    return "ovhcore_sandbox_" + "".join(char if char.isalnum() and char.isascii() else "_" for char in origin)


def cookie_of(request: Request, origin: str) -> str:
    """Return what the cookie of a request holds, "" without one."""
    for field_ in request.headers.get("cookie", "").replace(",", ";").split(";"):
        name, _, value = field_.strip().partition("=")
        if name == cookie_name(origin):
            return value
    return ""


def cookie_for(visit: Visit, origin: str) -> tuple[str, str]:
    """Return the header field that gives a browser its cookie."""
    secure = "; Secure" if origin.startswith("https:") else ""
    return "Set-Cookie", f"{cookie_name(origin)}={visit.secret}; Path=/; HttpOnly; SameSite=Lax{secure}"


def as_target(text: str) -> str:
    """Return a URL as it may stand in a header field.

    >>> as_target("/back?name=\u00e9 x")
    '/back?name=%C3%A9%20x'
    """
    return quote(text, safe=PRINTABLE, errors="replace")
