"""Who may ask: programs of this machine, and no page of the web that a browser here shows.

A page of another site can send requests to 127.0.0.1, and with a name of its own that leads there
(DNS rebinding) it could read the answers, too.
"""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import ip_address
from typing import Final

from ovhcore.exceptions import InvalidConfiguration
from ovhcore.protocol import Request, Response

from ..login.html import form_target

__all__ = ["OriginGuard", "refused"]

_SHARED: Final = ("X-OVH-QUERYID", "Retry-After", "Date", "X-Pagination-Cursor-Next", "X-Pagination-Elements")


def refused(message: str, status: int = 403) -> Response:
    """Return the answer to a request that the sandbox does not take."""
    from json import dumps

    body = {"class": "Client::Forbidden", "message": f"The sandbox refuses this request: {message}"}
    return Response(status, {"Content-Type": "application/json; charset=utf-8"}, dumps(body).encode())


def _name(host: str) -> str:
    """Return a host without its port.

    >>> _name("LocalHost:80"), _name("[::1]:80"), _name("::1"), _name("example.com.")
    ('localhost', '::1', '', 'example.com')
    """
    if host.startswith("["):
        return host[1:].partition("]")[0]
    name, colon, port = host.partition(":")
    return "" if colon and not port.isdecimal() else name.lower().removesuffix(".")


class OriginGuard:
    """Refuses requests by the names they use, and by the pages they come from.

    Args:
        hosts: names that lead here, besides ``localhost`` and addresses.
        origins: pages whose scripts may call, as ``"http://localhost:3000"``.

    Raises:
        InvalidConfiguration: an origin is none.
    """

    def __init__(self, hosts: Iterable[str] = (), origins: Iterable[str] = ()) -> None:
        self._hosts = {host.lower().removesuffix(".") for host in hosts}
        self._origins = {origin.lower().removesuffix("/") for origin in origins}
        for origin in self._origins:
            if form_target(origin) != origin:
                raise InvalidConfiguration(f"sandbox: an origin is as http://localhost:3000, not {origin!r}")

    def _knows(self, host: str) -> bool:
        name = _name(host)
        if name == "localhost" or name.endswith(".localhost") or name in self._hosts:
            return True
        try:
            ip_address(name)
        except ValueError:
            return False
        return True  # nobody can make an address lead elsewhere

    def refusal(self, request: Request) -> Response | None:
        """Return the answer to a request that is refused, None if it may pass."""
        host = request.url.partition("://")[2].partition("/")[0]
        if not self._knows(host):
            return refused(f"its Host is {host!r}, which is not known here; --allow-host lets it in", 421)
        origin = request.headers.get("origin")
        if origin is not None:
            if self._is_own(request, origin) or origin.lower() in self._origins:
                return None
            return refused(f"it comes from a page of {origin!r}; --allow-origin lets it in")
        site, mode = request.headers.get("sec-fetch-site", ""), request.headers.get("sec-fetch-mode", "")
        if site in ("cross-site", "same-site") and mode != "navigate":
            return refused("it comes from a page of another site")
        return None

    @staticmethod
    def _is_own(request: Request, origin: str) -> bool:
        scheme, _, rest = request.url.partition("://")
        return origin.lower() == f"{scheme}://{rest.partition('/')[0]}".lower()

    def preflight(self, request: Request) -> Response | None:
        """Answer a browser that asks whether a page may call; None if that is not what it asks."""
        method = request.headers.get("access-control-request-method")
        if request.method != "OPTIONS" or method is None or "origin" not in request.headers:
            return None
        fields = {
            "Access-Control-Allow-Methods": "GET, POST, PUT, DELETE, PATCH",
            "Access-Control-Allow-Headers": request.headers.get("access-control-request-headers", ""),
            "Access-Control-Max-Age": "600",
        }
        return Response(204, fields, b"")

    def shared(self, request: Request, response: Response) -> Response:
        """Return an answer that the page which asked can read, if it is one that may call."""
        origin = request.headers.get("origin")
        if origin is None or origin.lower() not in self._origins:
            return response
        fields = [("Access-Control-Allow-Origin", origin), ("Vary", "Origin")]
        fields.append(("Access-Control-Expose-Headers", ", ".join(_SHARED)))
        return Response(response.status, [*response.headers.pairs, *fields], response.body)
