"""The guard that keeps tests off the network: replayed answers must not be mixed with fetched ones.

It guards Python's ``socket``, and with it asyncio, trio, urllib3, httpx and aiohttp. Not
caught are C and Rust extensions with sockets of their own (uvloop, pycurl, pyreqwest, grpc), asyncio's
proactor on Windows where an address is already numeric, bytes sent on connections that were open before,
functions that somebody imported by name from ``socket`` before (their connections are caught), other
processes, and code that goes to ``_socket``.
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Callable, Generator
from contextlib import ExitStack, contextmanager
from typing import Any, Final
from unittest import mock

__all__ = ["NetworkBlocked", "blocked"]

_UNIX: Final = getattr(socket, "AF_UNIX", None)
_INTERNET: Final = (socket.AF_INET, socket.AF_INET6)


class NetworkBlocked(RuntimeError):
    """A test wanted to go beyond this machine while the network was blocked."""


# Where the address stands among the arguments.
_METHODS: Final[dict[str, Callable[[tuple[Any, ...]], Any]]] = {
    "connect": lambda arguments: arguments[0],
    "connect_ex": lambda arguments: arguments[0],
    "sendto": lambda arguments: arguments[-1],
    "sendmsg": lambda arguments: arguments[3] if len(arguments) > 3 else None,
}
_LOOKUPS: Final = ("getaddrinfo", "gethostbyaddr", "gethostbyname", "gethostbyname_ex")


@contextmanager
def blocked(hint: str) -> Generator[list[str], None, None]:
    """Let Python's sockets reach nothing but this machine: loopback and Unix domain sockets.

    May be nested. Everything is as it was afterwards.

    Args:
        hint: what to do about it; ends the message of the exception.

    Yields:
        The messages of the exceptions, as they are raised.

    Raises:
        NetworkBlocked: in code that connects, sends or looks up elsewhere.
    """
    refused: list[str] = []

    def refuse(what: str, address: Any) -> NetworkBlocked:
        error = _refusal(what, address, hint)
        refused.append(str(error))
        return error

    with ExitStack() as stack:
        kind = socket.socket
        for name, address_of in _METHODS.items():
            if hasattr(kind, name):  # pragma: no branch - Windows has no sendmsg
                guarded = _guarded_method(name, getattr(kind, name), address_of, refuse)
                stack.enter_context(mock.patch.object(kind, name, guarded))
        for name in _LOOKUPS:
            guarded = _guarded_lookup(name, getattr(socket, name), refuse)
            stack.enter_context(mock.patch.object(socket, name, guarded))
        yield refused


def _guarded_method(
    name: str,
    real: Callable[..., Any],
    address_of: Callable[[tuple[Any, ...]], Any],
    refuse: Callable[[str, Any], NetworkBlocked],
) -> Callable[..., Any]:
    def guarded(self: socket.socket, *arguments: Any) -> Any:
        address = address_of(arguments) if arguments else None
        if address is not None and not _is_here(self.family, address):
            raise refuse(name, address)
        return real(self, *arguments)

    return guarded


def _guarded_lookup(
    name: str, real: Callable[..., Any], refuse: Callable[[str, Any], NetworkBlocked]
) -> Callable[..., Any]:
    def guarded(*arguments: Any, **named: Any) -> Any:
        host = arguments[0] if arguments else named.get("host")
        if not _is_local(host) and _text(host) != socket.gethostname():
            port = arguments[1] if len(arguments) > 1 else named.get("port")
            raise refuse(name, (host, port))
        return real(*arguments, **named)

    return guarded


def _is_here(family: int, address: Any) -> bool:
    if family in _INTERNET:
        # The real function refuses values that are no address.
        return not (isinstance(address, tuple) and address) or _is_local(address[0])
    return family == _UNIX


def _is_local(host: Any) -> bool:
    """Say whether a host is this machine; a value that is no host counts so, too, and is refused elsewhere."""
    name = _text(host)
    if name is None or name in ("", "localhost") or name.endswith(".localhost"):
        return True
    try:
        address = ipaddress.ip_address(name)
    except ValueError:
        return False
    address = getattr(address, "ipv4_mapped", None) or address
    return address.is_loopback or address.is_unspecified


def _text(host: Any) -> str | None:
    if isinstance(host, (bytes, bytearray)):
        host = host.decode("ascii", "replace")
    return host.lower().rstrip(".") if isinstance(host, str) else None


def _refusal(what: str, address: Any, hint: str) -> NetworkBlocked:
    if isinstance(address, tuple) and len(address) > 1:
        host = _text(address[0]) or address[0]
        where = f"{host}" if address[1] is None else f"{host}, port {_text(address[1]) or address[1]}"
    else:
        where = repr(address)
    return NetworkBlocked(f"The network is blocked in this test, which wanted to reach {where} ({what}). {hint}")
