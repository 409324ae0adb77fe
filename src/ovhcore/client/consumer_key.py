"""A helper that collects access rules and asks for a consumer key with them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Generic, TypeVar

from ..protocol.requests.access_rules import (
    API_READ_ONLY,
    API_READ_WRITE,
    API_READ_WRITE_SAFE,
    access_rule,
    access_rules,
    recursive_rules,
)
from .base import BaseClient

__all__ = ["API_READ_ONLY", "API_READ_WRITE", "API_READ_WRITE_SAFE", "ConsumerKeyRequest"]

C = TypeVar("C", bound=BaseClient)


class ConsumerKeyRequest(Generic[C]):
    """Collects access rules and asks for a consumer key with them.

    >>> import ovhcore as ovh
    >>> with ovh.Client(transport="sandbox") as client:
    ...     request = client.new_consumer_key_request()
    ...     request.add_recursive_rules(ovh.API_READ_ONLY, "/me")
    ...     request.request()["state"]
    'pendingValidation'
    """

    def __init__(self, client: C) -> None:
        self._client = client
        self._access_rules: list[dict[str, str]] = []

    def add_rule(self, method: str, path: str) -> None:
        """Allow one method on one path pattern."""
        self._access_rules.append(access_rule(method, path))

    def add_rules(self, methods: Iterable[str], path: str) -> None:
        """Allow several methods on one path pattern."""
        self._access_rules += access_rules(methods, path)

    def add_recursive_rules(self, methods: Iterable[str], path: str) -> None:
        """Allow several methods on a path and on everything below it."""
        self._access_rules += recursive_rules(methods, path)

    def request(
        self,
        redirect_url: str | None = None,
        allowedIPs: Iterable[str] | None = None,  # noqa: N803 - python-ovh's name
    ) -> Any:
        """Ask; see :meth:`.Client.request_consumerkey`. With an :class:`.AsyncClient`, to be awaited."""
        client: Any = self._client
        return client.request_consumerkey(self._access_rules, redirect_url, allowedIPs)
