"""Access rules and the life of a consumer key.

A consumer key starts ``pendingValidation``; its user visits the validation URL and it
becomes ``validated`` or ``refused``; later ``expired``. Its rules never change: for
other rights, ask for another key.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from ...exceptions import InvalidRequest

__all__ = [
    "API_READ_ONLY",
    "API_READ_WRITE",
    "API_READ_WRITE_SAFE",
    "access_rule",
    "access_rules",
    "credential_request",
    "recursive_rules",
    "rule_covers",
]

API_READ_ONLY: Final = ["GET"]
API_READ_WRITE: Final = ["GET", "POST", "PUT", "DELETE"]
API_READ_WRITE_SAFE: Final = ["GET", "POST", "PUT"]

# auth.HTTPMethodEnum of the API's own description
_METHODS: Final = frozenset({"GET", "POST", "PUT", "DELETE", "PATCH"})


def access_rule(method: str, path: str) -> dict[str, str]:
    """Return the rule that grants one method on one path pattern.

    ``*`` in the path stands for anything. ``/sms`` does not cover ``/sms/*``; see
    :func:`recursive_rules`.

    Raises:
        InvalidRequest: no such method, or a path that does not start with ``/``.
    """
    if not isinstance(method, str) or method.upper() not in _METHODS:
        raise InvalidRequest(f"an access rule's method must be one of {', '.join(sorted(_METHODS))}, not {method!r}")
    if not isinstance(path, str) or not path.startswith("/"):
        raise InvalidRequest(f"an access rule's path must start with '/', as in '/me' or '/sms/*', not {path!r}")
    return {"method": method.upper(), "path": path}


def access_rules(methods: Iterable[str], path: str) -> list[dict[str, str]]:
    """Return the rules that grant ``methods`` on one path pattern; see :func:`access_rule`.

    Raises:
        InvalidRequest: no such method, a string instead of a list, or a path that does not start with ``/``.
    """
    if isinstance(methods, str):
        raise InvalidRequest(f"methods is a list, as API_READ_ONLY or ['GET'], not the string {methods!r}")
    return [access_rule(method, path) for method in methods]


def recursive_rules(methods: Iterable[str], path: str) -> list[dict[str, str]]:
    """Return the rules that grant ``methods`` on a path and on everything below it.

    >>> [rule["path"] for rule in recursive_rules(["GET"], "/sms")]
    ['/sms', '/sms/*']

    Raises:
        InvalidRequest: as :func:`access_rules`.
    """
    if not isinstance(methods, str):
        methods = tuple(methods)
    base = path.rstrip("*/ ") if isinstance(path, str) else path
    own = access_rules(methods, base) if base else []
    return own + access_rules(methods, f"{base}/*")


def rule_covers(rule: Mapping[str, Any], method: str, path: str) -> bool:
    """Say whether a rule grants a call. ``path`` is the route without query or version.

    >>> rule_covers({"method": "GET", "path": "/sms/*"}, "GET", "/sms")
    False
    """
    if str(rule.get("method", "")).upper() != method.upper():
        return False
    # The path is matched by pieces, each where it first fits: a regular expression of many stars can take for ever.
    first, *middle = str(rule.get("path", "")).split("*")
    if not middle:
        return path == first
    last = middle.pop()
    if not path.startswith(first) or not path.endswith(last) or len(path) < len(first) + len(last):
        return False
    end = len(path) - len(last)
    at = len(first)
    for piece in middle:
        found = path.find(piece, at, end)
        if found < 0:
            return False
        at = found + len(piece)
    return True


def credential_request(
    access_rules: Iterable[Mapping[str, Any]],
    redirect_url: str | None = None,
    allowed_ips: Iterable[str] | None = None,
) -> dict[str, Any]:
    """Return the body of ``POST /auth/credential``.

    Raises:
        InvalidRequest: a rule is not valid.
    """
    if isinstance(access_rules, (str, Mapping)) or isinstance(allowed_ips, str):
        raise InvalidRequest("access rules and allowed IPs are lists, of {'method', 'path'} and of CIDR blocks")
    rules: list[dict[str, str]] = []
    for rule in access_rules:
        if not isinstance(rule, Mapping) or not {"method", "path"} <= rule.keys():
            raise InvalidRequest(f"an access rule is {{'method': 'GET', 'path': '/me'}}, not {rule!r}")
        rules.append(access_rule(rule["method"], rule["path"]))
    body: dict[str, Any] = {"accessRules": rules}
    if redirect_url is not None:
        body["redirection"] = redirect_url
    if allowed_ips is not None:
        body["allowedIPs"] = list(allowed_ips)
    return body
