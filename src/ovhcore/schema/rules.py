"""The access rule that allows an operation."""

from __future__ import annotations

import re

from ..protocol.requests.access_rules import access_rule
from .model import Operation

__all__ = ["access_rule_for"]

_ARGUMENT = re.compile(r"\{[^{}/]*\}")


def access_rule_for(operation: Operation) -> dict[str, str]:
    """Return the rule that allows an operation on every object, and nothing else.

    >>> from ovhcore.schema import catalogue
    >>> access_rule_for(catalogue().operation("GET", "/domain/zone/example.com"))
    {'method': 'GET', 'path': '/domain/zone/*'}

    Raises:
        InvalidRequest: access rules know no such method.
    """
    return access_rule(operation.method, _ARGUMENT.sub("*", operation.path))
