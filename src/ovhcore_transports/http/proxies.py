"""Proxies: the one place that reads their URLs. These may hold passwords, which no message repeats."""

from __future__ import annotations

import os
import re
import sys
from contextlib import suppress
from typing import Final

from ovhcore.exceptions import InvalidConfiguration

__all__ = ["NO_PROXY", "Proxy", "proxy_for", "read_proxy"]

NO_PROXY: Final = "none"
"""The value of the setting for no proxy, even if the environment names one."""

_PORTS: Final = {"http": 80, "https": 443}
_BRACKETED: Final = r"\[([^\]]*)\](?::([0-9]+))?"
_HOST: Final = (  # this and the pattern before are compiled only for a proxy
    r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?\.?|[0-9a-fA-F:.]*:[0-9a-fA-F:.%]*"
)


class Proxy:
    """A proxy to use; its repr leaves out the user.

    Attributes:
        url: the URL, without the user.
        authorization: the value of ``Proxy-Authorization``; None without a user.
    """

    __slots__ = ("authorization", "url")

    def __init__(self, url: str, authorization: str | None) -> None:
        self.url = url
        self.authorization = authorization

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Proxy) and (other.url, other.authorization) == (self.url, self.authorization)

    def __hash__(self) -> int:
        return hash((self.url, self.authorization))

    def __repr__(self) -> str:
        return f"Proxy({self.url!r})"

    @property
    def headers(self) -> dict[str, str]:
        """The header fields to send to the proxy."""
        return {} if self.authorization is None else {"Proxy-Authorization": self.authorization}


def read_proxy(proxy: str) -> Proxy | None:
    """Return the proxy of a setting, None for :data:`NO_PROXY`.

    Raises:
        InvalidConfiguration: the setting is not the URL of an HTTP or HTTPS proxy.
    """
    if proxy.lower() == NO_PROXY:
        return None
    read = _read(proxy if "://" in proxy else f"http://{proxy}")
    del proxy  # a traceback would show it
    if read is None:
        raise InvalidConfiguration(
            "The proxy is not a usable URL: write it as 'http://host:port' or 'http://user:password@host:port'. "
            "SOCKS proxies are not supported"
        )
    return read


def _read(url: str) -> Proxy | None:
    from urllib.parse import unquote, urlsplit  # most programs use no proxy

    try:
        parts = urlsplit(url)
        port = parts.port
        host = (parts.hostname or "").encode("idna").decode("ascii")
    except ValueError:  # also a UnicodeError
        return None
    if parts.scheme not in ("http", "https") or not re.fullmatch(_HOST, host) or port == 0 or not url.isprintable():
        return None
    authorization = None
    if parts.username is not None:
        user = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
        from base64 import b64encode

        authorization = f"Basic {b64encode(user.encode('utf-8', 'replace')).decode('ascii')}"
    address = f"[{host}]" if ":" in host else host
    return Proxy(f"{parts.scheme}://{address}" + ("" if port is None else f":{port}"), authorization)


def proxy_for(setting: str | None, origin: str) -> Proxy | None:
    """Return the proxy for an origin; None for none.

    Args:
        setting: the URL of a proxy, :data:`NO_PROXY`, or None for the environment's proxy.
        origin: the origin, as ``"https://eu.api.ovh.com"``.

    Raises:
        InvalidConfiguration: the proxy is not a usable URL.
    """
    if setting is not None:
        return read_proxy(setting)
    if not _may_be_set():
        return None
    from urllib.parse import urlsplit
    from urllib.request import getproxies, proxy_bypass  # imported here: it loads http.client and email

    parts = urlsplit(origin)
    proxies = getproxies()
    proxy = proxies.get(parts.scheme) or proxies.get("all")
    if not proxy:
        return None
    host, port = parts.hostname or "", parts.port or _PORTS.get(parts.scheme, 0)
    # An entry without a port stands for all ports; one with a port, for that port.
    spelled = {host, parts.netloc, f"[{host}]:{port}" if ":" in host else f"{host}:{port}"}
    direct = any(map(proxy_bypass, spelled)) or _is_excepted(host, port, proxies.get("no", ""))
    return None if direct else read_proxy(proxy)


def _is_excepted(host: str, port: int, without: str) -> bool:
    """Say whether ``NO_PROXY`` holds an address, in any spelling, or its network, as ``10.0.0.0/8``.

    requests reads networks, too.
    """
    entries = [entry.strip() for entry in without.split(",")]
    if not any(mark in entry for entry in entries for mark in "/:"):
        return False
    from ipaddress import ip_address, ip_network

    try:
        address = ip_address(host)
    except ValueError:
        return False
    for entry in entries:
        bracketed = re.fullmatch(_BRACKETED, entry)
        network, its_port = bracketed.groups() if bracketed else (entry, None)
        with suppress(ValueError):
            if address in ip_network(network, strict=False) and its_port in (None, str(port)):
                return True
    return False


def _may_be_set() -> bool:
    # The settings of these systems name proxies, too.
    return sys.platform in ("win32", "darwin") or any(name.lower().endswith("_proxy") for name in os.environ)
