"""The door: which page a path is, who is there, and whether a form may be believed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeAlias

from ovhcore.protocol import Request, Response

from ..state import State
from . import authorizing, create_token, validating
from .html import Content, element, page, redirect
from .matters import Matter, knows, note, sign_in_page
from .visits import Visit, Visiting, Visitors, as_target, cookie_for, cookie_of, fields_of

__all__ = ["Door", "is_page"]

_Opener: TypeAlias = Callable[[Visiting], "Matter | Response"]

_PAGES: Final[dict[str, _Opener]] = {
    "/auth": validating.open_validation,
    "/auth/oauth2/authorize": authorizing.open_authorization,
    "/auth/api/createToken": create_token.open_token_form,
    "/api/createToken": create_token.open_token_form,
    "/createToken": create_token.open_token_form,
    "/auth/api/createApp": create_token.open_application_form,
    "/api/createApp": create_token.open_application_form,
    "/createApp": create_token.open_application_form,
}


def is_page(path: str) -> bool:
    """Say whether a path is for people."""
    return path.removesuffix("/") in _PAGES


class Door:
    """The pages of one sandbox. Those who look at them are known by a cookie."""

    def __init__(self) -> None:
        self._visitors = Visitors()

    def answer(self, state: State, request: Request, now: float) -> Response | None:
        """Answer a request for a page, None if it is none.

        Args:
            state: of the sandbox.
            request: as it was received.
            now: seconds since 1970 on the sandbox's clock.
        """
        scheme, _, rest = request.url.partition("://")
        host, slash, target = rest.partition("/")
        path, _, query = (slash + target).partition("?")
        if not is_page(path):
            return None
        opener = _PAGES[path.removesuffix("/")]
        if request.method not in ("GET", "HEAD", "POST"):
            text = element("p", "This page can be read, and its forms be sent.")
            return page("Not like this", text, status=405, headers=[("Allow", "GET, HEAD, POST")])
        origin = f"{scheme}://{host}"
        known = self._visitors.of(cookie_of(request, origin))
        visit = self._visitors.begin() if known is None else known
        form = fields_of(request.body.decode("utf-8", "replace")) if request.method == "POST" else []
        visiting = Visiting(
            state, as_target(slash + target), origin, path, fields_of(query), form, visit, request.method == "POST", now
        )
        answered = self._answer(visiting, opener)
        return answered if known is not None else _with_cookie(answered, visiting, visit)

    def _answer(self, visiting: Visiting, opener: _Opener) -> Response:
        matter = opener(visiting)
        if isinstance(matter, Response):
            return matter
        if not visiting.posted:
            return _shown(visiting, matter, None, 200)
        if visiting.said("proof") != visiting.visit.proof:
            text = "This page was out of date, or cookies are switched off. Please answer again."
            return _shown(visiting._replace(form=[]), matter, note(text), 403)
        action = visiting.said("action")
        if action == "sign-in":
            return self._sign_in(visiting, matter)
        if action == "sign-out":
            self._visitors.end(visiting.visit)
            return redirect(visiting.target)
        if visiting.visit.account is None:
            return _shown(visiting, matter, note("Please sign in first."), 403)
        return matter.answer(visiting)

    def _sign_in(self, visiting: Visiting, matter: Matter) -> Response:
        if not knows(visiting):
            return _shown(visiting, matter, note("The account or the password is wrong."), 403)
        # Another cookie: whoever knew the old one is not signed in. Other tabs go on with this one.
        self._visitors.end(visiting.visit)
        visit = self._visitors.begin(str(visiting.me.get("nichandle", "")))
        return _with_cookie(redirect(visiting.target), visiting, visit)


def _shown(visiting: Visiting, matter: Matter, notice: Content, status: int) -> Response:
    if visiting.visit.account is None:
        return sign_in_page(visiting, matter, notice, status)
    return matter.question(visiting, notice, status)


def _with_cookie(response: Response, visiting: Visiting, visit: Visit) -> Response:
    fields = [*response.headers.pairs, cookie_for(visit, visiting.origin)]
    return Response(response.status, fields, response.body)
