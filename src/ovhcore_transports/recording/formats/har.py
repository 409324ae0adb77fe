"""HAR 1.2, the format of HTTP archives: what the developer tools of browsers import."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import parse_qsl

from ovhcore import __version__
from ovhcore.protocol import Headers, Request, Response

from ..cassette.bodies import readable
from ..cassette.interactions import Interaction, phrase_of

__all__ = ["to_har"]

_UNKNOWN_TYPE: Final = "x-unknown"
_UNKNOWN_VERSION: Final = "unknown"
_UNKNOWN_SIZE: Final = -1


def to_har(interactions: Iterable[Interaction]) -> bytes:
    """Return a HAR file.

    An interaction whose time is not known gets the time of the one before; the first ones get
    1970. A failure has status 0 and its message in ``_error``.

    Args:
        interactions: the interactions to write, in order.

    Raises:
        CassetteError: an interaction is malformed.
    """
    entries: list[dict[str, Any]] = []
    at = 0.0
    for interaction in interactions:
        at = at if interaction.at is None else interaction.at
        entries.append(_entry(interaction, at))
    log = {
        "version": "1.2",
        "creator": {"name": "ovhcore", "version": __version__},
        "pages": [],  # not needed by the format, but by some of its readers
        "entries": entries,
    }
    text = json.dumps({"log": log}, indent=2, ensure_ascii=False)
    # A surrogate that stands alone has no UTF-8, which the format asks for; within JSON it can be escaped.
    return text.encode("utf-8", "backslashreplace") + b"\n"


def _entry(interaction: Interaction, at: float) -> dict[str, Any]:
    took = round((interaction.took or 0.0) * 1000, 3)
    response = interaction.response
    return {
        "startedDateTime": datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "time": took,
        "request": _request(interaction.request),
        "response": _failed(interaction.record["failure"]) if response is None else _response(response),
        "cache": {},
        "timings": {"send": 0, "wait": took, "receive": 0},
    }


def _request(request: Request) -> dict[str, Any]:
    written: dict[str, Any] = {
        "method": request.method,
        "url": request.url,
        "httpVersion": _UNKNOWN_VERSION,
        "cookies": [],
        "headers": _fields(request.headers),
        "queryString": [
            {"name": name, "value": value}
            for name, value in parse_qsl(
                request.url.partition("#")[0].partition("?")[2], keep_blank_values=True, errors="replace"
            )
        ],
        "headersSize": _UNKNOWN_SIZE,
        "bodySize": len(request.body),
    }
    if request.body:
        text = _text(request.body)
        # HAR 1.2 says how a response is encoded, but not a request; the names of additions begin with "_".
        if "encoding" in text:
            text["_encoding"] = text.pop("encoding")
        written["postData"] = {"mimeType": request.headers.get("content-type", _UNKNOWN_TYPE), **text}
    return written


def _response(response: Response) -> dict[str, Any]:
    headers = response.headers
    return {
        "status": response.status,
        "statusText": phrase_of(response.status),
        "httpVersion": _UNKNOWN_VERSION,
        "cookies": [],
        "headers": _fields(headers),
        "content": {
            "size": len(response.body),
            "mimeType": headers.get("content-type", _UNKNOWN_TYPE),
            **_text(response.body),
        },
        "redirectURL": headers.get("location", ""),
        "headersSize": _UNKNOWN_SIZE,
        # The size of a compressed body as it was sent is not known.
        "bodySize": _UNKNOWN_SIZE if "content-encoding" in headers else len(response.body),
    }


def _failed(failure: dict[str, Any]) -> dict[str, Any]:
    return {
        "status": 0,
        "statusText": "",
        "httpVersion": _UNKNOWN_VERSION,
        "cookies": [],
        "headers": [],
        "content": {"size": 0, "mimeType": _UNKNOWN_TYPE},
        "redirectURL": "",
        "headersSize": _UNKNOWN_SIZE,
        "bodySize": _UNKNOWN_SIZE,
        "_error": str(failure.get("message") or failure["error"]),
    }


def _fields(headers: Headers) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in headers.pairs]


def _text(body: bytes) -> dict[str, str]:
    text = readable(body)
    if text is None:
        return {"text": b64encode(body).decode("ascii"), "encoding": "base64"}
    return {"text": text}
