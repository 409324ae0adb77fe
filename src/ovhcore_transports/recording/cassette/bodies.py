"""The form of a body in a cassette: JSON as JSON, text as text, anything else as base64."""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from typing import Any, Final, NoReturn

from ovhcore._internal import parse_json
from ovhcore.exceptions import CassetteError

__all__ = ["Packed", "pack", "readable", "unpack"]

Packed = dict[str, Any]
"""A body as members of a record: ``json`` (and ``layout``), ``text`` or ``base64``; none for no body."""

# The layouts of JSON on the wire, so that the bytes come out the same.
_COMPACT: Final = "compact"
_LAYOUTS: Final[dict[str, dict[str, Any]]] = {
    _COMPACT: {"separators": (",", ":"), "ensure_ascii": False},
    "spaced": {"ensure_ascii": False},
    "compact, escaped": {"separators": (",", ":")},
    "spaced, escaped": {},
}
_UNKNOWN: Final = "other"
_BEGINNINGS: Final = frozenset(b'{["-0123456789tfn \t\r\n')


class _Twice(Exception):
    """A member occurs twice in one object; JSON libraries keep one of them."""


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise _Twice
    return members


def pack(body: bytes, *, json_expected: bool = False) -> Packed:
    """Return a body as it stands in a cassette.

    Args:
        body: the bytes, decompressed.
        json_expected: whether JSON that ovhcore would lay out otherwise is JSON all the same. The
            bytes of such a body are not kept, its value is.
    """
    if not body:
        return {}
    if packed := _as_json(body, json_expected):
        return packed
    text = readable(body)
    return {"base64": b64encode(body).decode("ascii")} if text is None else {"text": text}


def _as_json(body: bytes, expected: bool) -> Packed | None:
    if body[0] not in _BEGINNINGS:
        return None
    try:
        value = parse_json(body)
        for layout, options in _LAYOUTS.items():
            if json.dumps(value, allow_nan=False, **options).encode() == body:
                return {"json": value} if layout == _COMPACT else {"json": value, "layout": layout}
        if not expected:
            return None
        json.loads(body, object_pairs_hook=_unique)
    except (ValueError, RecursionError, _Twice):
        return None
    return {"json": value, "layout": _UNKNOWN}


def readable(body: bytes) -> str | None:
    """Return a body as text; None for bytes that are not meant to be read, even if they happen to be UTF-8."""
    try:
        text = body.decode()
    except UnicodeDecodeError:
        return None
    return None if "\0" in text else text


def unpack(packed: Packed) -> bytes:
    """Return the bytes of a body that stands in a cassette.

    Raises:
        CassetteError: the body is not as :func:`pack` writes it.
    """
    if "json" in packed:
        layout = packed.get("layout", _COMPACT)
        options = _LAYOUTS.get(_COMPACT if layout == _UNKNOWN else layout)
        if options is None:
            _odd(f"the layout {layout!r}, which is unknown")
        return json.dumps(packed["json"], **options).encode("utf-8", "surrogatepass")
    if "text" in packed:
        text = packed["text"]
        return text.encode("utf-8", "surrogatepass") if isinstance(text, str) else _odd("a text that is no string")
    if "base64" in packed:
        try:
            return b64decode(packed["base64"], validate=True)
        except (TypeError, ValueError):
            _odd("base64 that cannot be decoded")
    return b""


def _odd(what: str) -> NoReturn:
    raise CassetteError(f"A recorded body has {what}")
