"""The protocol of the API: pure functions and frozen data, on the standard library alone.

The names below are promised: they are loaded when they are first used. The modules in which they live are not: their
names and places may change.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from .._lazy import lazily

if TYPE_CHECKING:
    from .clock import Now, parse_http_date
    from .credentials import AccessToken, ApplicationKey, Credentials, OAuth2Client
    from .endpoints import ENDPOINTS, OAUTH2_TOKEN_URLS, Endpoint, resolve_endpoint
    from .messages import DEFAULT_TIMEOUT, Headers, Request, Response, Timeout
    from .redaction import (
        REDACTED,
        SECRET_HEADERS,
        Redaction,
        Secret,
        as_secret,
        redact_headers,
        redact_json,
        redact_text,
        redact_url,
    )
    from .requests.access_rules import API_READ_ONLY, API_READ_WRITE, API_READ_WRITE_SAFE, access_rules, rule_covers
    from .requests.building import build_request, sign_request, target
    from .requests.filters import iam_tags, pagination_filter, pagination_sort
    from .requests.values import shown
    from .responses.decoding import decode, parse_json
    from .responses.statuses import FAILED, FINISHED
    from .signing import canonical_string, sign
    from .urls import split_url
    from .verifying import Verification, verify, verify_request

_HOMES: Final = {
    "clock": (
        "Now",
        "parse_http_date",
    ),
    "credentials": (
        "AccessToken",
        "ApplicationKey",
        "Credentials",
        "OAuth2Client",
    ),
    "endpoints": (
        "ENDPOINTS",
        "OAUTH2_TOKEN_URLS",
        "Endpoint",
        "resolve_endpoint",
    ),
    "messages": (
        "DEFAULT_TIMEOUT",
        "Headers",
        "Request",
        "Response",
        "Timeout",
    ),
    "redaction": (
        "REDACTED",
        "SECRET_HEADERS",
        "Redaction",
        "Secret",
        "as_secret",
        "redact_headers",
        "redact_json",
        "redact_text",
        "redact_url",
    ),
    "requests.access_rules": (
        "API_READ_ONLY",
        "API_READ_WRITE",
        "API_READ_WRITE_SAFE",
        "access_rules",
        "rule_covers",
    ),
    "requests.building": (
        "build_request",
        "sign_request",
        "target",
    ),
    "requests.filters": (
        "iam_tags",
        "pagination_filter",
        "pagination_sort",
    ),
    "requests.values": ("shown",),
    "responses.decoding": (
        "decode",
        "parse_json",
    ),
    "responses.statuses": (
        "FAILED",
        "FINISHED",
    ),
    "signing": (
        "canonical_string",
        "sign",
    ),
    "urls": ("split_url",),
    "verifying": (
        "Verification",
        "verify",
        "verify_request",
    ),
}

__all__ = [
    "API_READ_ONLY",
    "API_READ_WRITE",
    "API_READ_WRITE_SAFE",
    "DEFAULT_TIMEOUT",
    "ENDPOINTS",
    "FAILED",
    "FINISHED",
    "OAUTH2_TOKEN_URLS",
    "REDACTED",
    "SECRET_HEADERS",
    "AccessToken",
    "ApplicationKey",
    "Credentials",
    "Endpoint",
    "Headers",
    "Now",
    "OAuth2Client",
    "Redaction",
    "Request",
    "Response",
    "Secret",
    "Timeout",
    "Verification",
    "access_rules",
    "as_secret",
    "build_request",
    "canonical_string",
    "decode",
    "iam_tags",
    "pagination_filter",
    "pagination_sort",
    "parse_http_date",
    "parse_json",
    "redact_headers",
    "redact_json",
    "redact_text",
    "redact_url",
    "resolve_endpoint",
    "rule_covers",
    "shown",
    "sign",
    "sign_request",
    "split_url",
    "target",
    "verify",
    "verify_request",
]

__getattr__ = lazily(__name__, _HOMES)


def __dir__() -> list[str]:
    return sorted(__all__)
