"""The protocol of the API: pure functions and frozen data, on the standard library alone.

The names below are promised: they are loaded when they are first used. The modules in which they live are not: their
names and places may change.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from .._lazy import lazily

if TYPE_CHECKING:
    from .clock import Now
    from .credentials import AccessToken, ApplicationKey, Credentials, OAuth2Client
    from .endpoints import ENDPOINTS, OAUTH2_TOKEN_URLS, Endpoint, resolve_endpoint
    from .messages import Headers, Request, Response, Timeout
    from .redaction import (
        Redaction,
        Secret,
        as_secret,
        redact_json,
        redact_text,
        redact_url,
    )
    from .requests.access_rules import API_READ_ONLY, API_READ_WRITE, API_READ_WRITE_SAFE
    from .requests.building import build_request, sign_request, target
    from .requests.filters import iam_tags, pagination_filter
    from .requests.signing import canonical_string, sign
    from .requests.values import shown
    from .requests.verifying import Verification, verify, verify_request
    from .responses.decoding import decode
    from .responses.statuses import FAILED, FINISHED
    from .urls import split_url

_HOMES: Final = {
    "clock": ("Now",),
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
        "Headers",
        "Request",
        "Response",
        "Timeout",
    ),
    "redaction": (
        "Redaction",
        "Secret",
        "as_secret",
        "redact_json",
        "redact_text",
        "redact_url",
    ),
    "requests.access_rules": (
        "API_READ_ONLY",
        "API_READ_WRITE",
        "API_READ_WRITE_SAFE",
    ),
    "requests.building": (
        "build_request",
        "sign_request",
        "target",
    ),
    "requests.filters": (
        "iam_tags",
        "pagination_filter",
    ),
    "requests.values": ("shown",),
    "responses.decoding": ("decode",),
    "responses.statuses": (
        "FAILED",
        "FINISHED",
    ),
    "requests.signing": (
        "canonical_string",
        "sign",
    ),
    "urls": ("split_url",),
    "requests.verifying": (
        "Verification",
        "verify",
        "verify_request",
    ),
}

__all__ = [
    "API_READ_ONLY",
    "API_READ_WRITE",
    "API_READ_WRITE_SAFE",
    "ENDPOINTS",
    "FAILED",
    "FINISHED",
    "OAUTH2_TOKEN_URLS",
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
    "as_secret",
    "build_request",
    "canonical_string",
    "decode",
    "iam_tags",
    "pagination_filter",
    "redact_json",
    "redact_text",
    "redact_url",
    "resolve_endpoint",
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
