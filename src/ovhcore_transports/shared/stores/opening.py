"""Open the store of a URL."""

from __future__ import annotations

import re
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qsl, unquote, urlsplit

from ovhcore.exceptions import InvalidConfiguration
from ovhcore.protocol import Secret

from .address import StoreAddress

if TYPE_CHECKING:
    from .base import Store

__all__ = ["open_store", "read_store"]

_FORMS: Final = "redis://HOST:PORT/0, rediss:// or valkey:// and the like, unix:///SOCKET or file:///PATH"
_ENCRYPTED: Final = {"redis": False, "rediss": True, "valkey": False, "valkeys": True}
_CERTIFICATES: Final = ("ssl_ca_certs", "ssl_certfile", "ssl_keyfile")
_UNSUPPORTED: Final = (
    "a cluster or a sentinel is not supported: name one server, which may be the one that a sentinel watches"
)
_WRITTEN: Final = "in a password, characters as / ? # and @ are written as %2F %3F %23 and %40"


def read_store(value: Any, what: str) -> str:
    """Return the URL of a store.

    Raises:
        InvalidConfiguration: it is none. The message does not show it: it may hold a password.
    """
    if not isinstance(value, str) or not re.fullmatch(r"[\x21-\x7e]+", value):
        problem = "it is no text without blanks"
    else:
        found = _read(value)
        if isinstance(found, StoreAddress):
            return value
        problem = found
    raise InvalidConfiguration(f"{what} must be {_FORMS}: {problem}")


def open_store(url: str) -> Store:
    """Return a store of its URL, which :func:`read_store` has read; nothing is connected yet.

    Raises:
        InvalidConfiguration: a library that it needs is not installed.
    """
    address = _read(url)
    assert isinstance(address, StoreAddress)
    if url[:5].lower() == "file:":
        from .file import FileStore

        return FileStore(address.file)
    from .server import ServerStore

    return ServerStore(address)


def _read(url: str) -> StoreAddress | str:
    """Return where a URL leads, or what is wrong with it."""
    scheme, colon, rest = url.partition("://")
    scheme = scheme.lower()
    if "sentinel" in scheme or "cluster" in scheme:
        return _UNSUPPORTED
    if not colon or scheme not in ("file", "unix", *_ENCRYPTED):
        return "it begins with none of these"
    if scheme == "file":
        return _file(url, unquote(rest))
    if "#" in rest or rest.count("@") > 1:
        return _WRITTEN
    port: int | None = -1
    try:
        parts = urlsplit(f"//{rest}")
        with suppress(ValueError):
            port = parts.port
        query = dict(parse_qsl(parts.query, keep_blank_values=True, strict_parsing=bool(parts.query)))
    except ValueError:
        return "its host or query is none"
    if port == -1:
        return _UNSUPPORTED if "," in parts.netloc else f"its port is none; {_WRITTEN}"
    certificates = _CERTIFICATES if _ENCRYPTED.get(scheme) else ()
    if not query.keys() <= {"db", *certificates}:
        return f"its query may have {' and '.join(('db', *certificates))}, and nothing else"
    path = "" if scheme == "unix" else parts.path[1:]
    database = query.pop("db", path or "0")
    if not re.fullmatch("[0-9]{1,5}", database):
        return "its database is no number"
    name = f"{scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"
    address = StoreAddress(
        name,
        database=int(database),
        username=unquote(parts.username) if parts.username else None,
        password=Secret(unquote(parts.password)) if parts.password else None,
    )
    if scheme == "unix":
        return address._replace(file=unquote(parts.path)) if len(parts.path) > 1 else "it has no path"
    if not parts.hostname:
        return "it has no host"
    return address._replace(host=parts.hostname, port=port or 6379, certificates=query if _ENCRYPTED[scheme] else None)


def _file(url: str, path: str) -> StoreAddress | str:
    if not path.startswith("/"):
        return "the path is to begin with /"
    if path.endswith("/") or "\0" in path:
        return "the path is that of no file"
    return StoreAddress(url, path)
