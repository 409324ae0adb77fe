"""Open the store of a URL."""

from __future__ import annotations

import re
from typing import Any, Final
from urllib.parse import unquote, urlsplit

from ovhcore.exceptions import InvalidConfiguration

from .base import Store

__all__ = ["open_store", "read_store"]

_SERVERS: Final = {"redis": "redis", "rediss": "rediss", "valkey": "redis", "valkeys": "rediss", "unix": "unix"}


def read_store(value: Any, what: str) -> str:
    """Return the URL of a store.

    Raises:
        InvalidConfiguration: it is none. The message does not show it: it may hold a password.
    """
    if not isinstance(value, str) or not re.fullmatch(r"[\x21-\x7e]+", value):
        problem = "it is no text without blanks"
    else:
        parts = urlsplit(value)
        try:
            port = parts.port
        except ValueError:
            port = -1
        if parts.scheme == "file":
            problem = "" if not parts.netloc and len(parts.path) > 1 else "the path is to begin with /"
        elif parts.scheme not in _SERVERS:
            problem = "it begins with none of these"
        elif parts.scheme == "unix":
            problem = "" if len(parts.path) > 1 else "it has no path"
        else:
            problem = "its port is none" if port == -1 else "" if parts.hostname else "it has no host"
    if problem:
        raise InvalidConfiguration(
            f"{what} must be redis://HOST:PORT/0, rediss:// or valkey:// and the like, unix:///SOCKET or "
            f"file:///PATH: {problem}"
        )
    return str(value)


def open_store(url: str) -> Store:
    """Return a store of its URL, which :func:`read_store` has read; nothing is connected yet.

    Raises:
        InvalidConfiguration: a library that it needs is not installed.
    """
    scheme, _, rest = url.partition("://")
    if scheme == "file":
        from .file import FileStore

        return FileStore(unquote(rest))
    from .server import ServerStore

    parts = urlsplit(url)
    name = f"{scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"
    return ServerStore(f"{_SERVERS[scheme]}://{rest}", name)
