"""Where a store is, as its URL says."""

from __future__ import annotations

from typing import NamedTuple

from ovhcore.protocol import Secret

__all__ = ["StoreAddress"]


class StoreAddress(NamedTuple):
    """Where a store is.

    Attributes:
        name: for people, without a password and a query.
        file: its path, or that of a socket; empty for none.
        host: its name or address; empty for none.
        port: its number.
        database: the number of a database.
        username: of the server; None for none.
        password: of the server; None for none.
        certificates: files for TLS, by the names that the query has; None for no TLS.
    """

    name: str
    file: str = ""
    host: str = ""
    port: int = 6379
    database: int = 0
    username: str | None = None
    password: Secret | None = None
    certificates: dict[str, str] | None = None
