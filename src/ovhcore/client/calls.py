"""What the calls of a client are made of, for the methods that make many."""

from __future__ import annotations

from collections.abc import Mapping
from keyword import iskeyword
from typing import Any, Final

from ..exceptions import APIError, InvalidRequest
from ..flows.collections.fan_out import CallResult, Fetch
from ..flows.effects import Flow, Handler
from ..plugins.settings import Settings
from ..protocol.messages import Request, Response

__all__ = ["CallMethods", "refuse_options"]

_OF_CALLS: Final = ("need_auth", "headers", "timeout", "options")


def refuse_options(arguments: Mapping[str, Any], *options: str) -> None:
    """Refuse arguments of an API call that are meant to be options of a method: it would send them, and do nothing.

    Args:
        arguments: by name.
        options: those there are, without the underscore; those of every call are among them.

    Raises:
        InvalidRequest: one begins with an underscore, or is the name of an option without it; but for ``mode``
            with a value that is none of ours.
    """
    options += _OF_CALLS
    for name, value in arguments.items():
        if name.startswith("_") and not iskeyword(name[1:]):
            from difflib import get_close_matches

            near = get_close_matches(name[1:], options, 1)
            meant = f"did you mean _{near[0]}?" if near else f"there are {', '.join('_' + each for each in options)}"
            raise InvalidRequest(f"There is no option {name}; {meant}")
        if name in options and not (name == "mode" and _is_of_the_api(value)):
            raise InvalidRequest(
                f"{name} is an option, and written _{name}. An argument of the API by this name is written into the "
                f"path, as '/path?{name}=...'"
            )


def _is_of_the_api(mode: Any) -> bool:
    """Say whether an argument of this name is none of ours: two real lists have one, with values of their own."""
    from ..flows.collections.pager import MODES

    return mode not in MODES


class CallMethods:
    """Makes flows of calls."""

    _settings: Settings
    _pipeline: Handler
    _transport: Any

    def run(self, flow: Flow[Any]) -> Any:
        """Drive a flow of your own."""
        raise NotImplementedError

    def _request(
        self, method: str, path: str, data: Any, need_auth: bool, headers: Any, timeout: Any, options: Any = None
    ) -> Request:
        raise NotImplementedError

    def _decoded(self, response: Response, request: Request) -> Any:
        raise NotImplementedError

    def _concealed(self, error: APIError, request: Request) -> None:
        raise NotImplementedError

    def _answered(self, request: Request) -> Flow[CallResult]:
        """Make a call, and return its value and the header fields."""
        try:
            response = yield from self._pipeline(request)
        except APIError as error:
            self._concealed(error, request)
            raise
        return CallResult(self._decoded(response, request), response.headers)

    def _valued(self, request: Request) -> Flow[Any]:
        """Make a call, and return its value."""
        answer = yield from self._answered(request)
        return answer.value

    def _fetching(self, path: str, need_auth: Any, headers: Any, timeout: Any, options: Any) -> Fetch:
        """Return what GETs with the same further arguments each time; they are checked with a path at once."""
        self._request("GET", path, None, need_auth, headers, timeout, options)
        given = dict(headers or {})

        def fetch(path: str, fields: Mapping[str, str]) -> Flow[CallResult]:
            if given:
                own = {name.lower() for name in fields}
                fields = {**{name: value for name, value in given.items() if name.lower() not in own}, **fields}
            return self._answered(self._request("GET", path, None, need_auth, fields, timeout, options))

        return fetch
