"""Proxies: the one place that reads their URLs, which may hold a password that no message repeats."""

from __future__ import annotations

from typing import Final, NamedTuple
from urllib.parse import unquote, urlsplit

from ovhcore.exceptions import InvalidConfiguration

__all__ = ["NO_PROXY", "Proxy", "read_proxy"]

NO_PROXY: Final = "none"
"""The proxy setting for no proxy, whatever the environment says."""


class Proxy(NamedTuple):
    """A proxy to use; prints without its user."""

    url: str
    user: tuple[str, str] | None

    def __repr__(self) -> str:
        return f"Proxy({self.url!r})"


def read_proxy(proxy: str) -> Proxy | None:
    """Return the proxy of a setting, None for :data:`NO_PROXY`.

    Raises:
        InvalidConfiguration: it is not the URL of an HTTP or HTTPS proxy.
    """
    if proxy.lower() == NO_PROXY:
        return None
    try:
        parts = urlsplit(proxy if "://" in proxy else f"http://{proxy}")
        if parts.scheme in ("http", "https") and parts.hostname and "[" not in parts.hostname and parts.port != 0:
            user = None if parts.username is None else (unquote(parts.username), unquote(parts.password or ""))
            return Proxy(f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}", user)
    except ValueError:
        pass
    raise InvalidConfiguration(
        "The proxy is not a usable URL: write it as 'http://host:port' or 'http://user:password@host:port'. "
        "SOCKS proxies are not supported"
    )
