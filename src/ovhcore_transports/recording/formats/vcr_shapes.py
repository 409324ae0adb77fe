"""Requests and responses as vcrpy and its kin write them: each shape is read whole, or is an error that names it.

There are many shapes, since that of a body depends on the library that sent it, on the version of vcrpy, and on
serializers that people have added to it. An unknown shape is never taken for nothing.
"""

from __future__ import annotations

import json
import re
from base64 import b64decode
from collections.abc import Collection, Iterable, Iterator
from typing import Any, Final, NoReturn
from urllib.parse import urlencode

from ovhcore.exceptions import CassetteError
from ovhcore.protocol import Headers, Request, Response

from ..cassette.bodies import readable
from ..cassette.codings import plain_body

__all__ = ["Chunks", "Unquoted", "exchange_of"]

_REQUEST: Final = ("method", "uri", "headers", "body", "parsed_body")
# The last ones say how it came, which a replay does not repeat.
_RESPONSE: Final = ("status", "status_code", "headers", "body", "content", "parsed_body")
_PASSED_OVER: Final = ("protocol", "url", "http_version", "reason")
_STATUS: Final = ("code", "message")
_TEXT: Final = ("string", "base64_string", "encoding")
_TYPED: Final = ("type", "content")
_LARGEST: Final = 1_000_000  # members of a body that stands as YAML: aliases may repeat each other
_FORM: Final = "application/x-www-form-urlencoded"
_JSON: Final = re.compile(r"[/+]json\b", re.IGNORECASE)
# Ruby's names of bytes; a text in a file is UTF-8.
_BYTES: Final = frozenset({"ascii-8bit", "binary"})
_BODILESS: Final = (204, 304)


class Unquoted(str):
    """A scalar that is not quoted in YAML: a text in a header, and a number or the like in a body that is one value."""

    __slots__ = ()


class Chunks(list[Any]):
    """The pieces of a body that was an iterator."""

    __slots__ = ()


def exchange_of(number: int, found: Any) -> tuple[Request, Response]:
    """Return the request and the response of an interaction.

    Args:
        number: the number of the interaction, from 1.
        found: the interaction as it was parsed.

    Raises:
        CassetteError: something is missing, malformed or not known; the message names the interaction and the member.
    """
    where = f"interaction {number}"
    asked, came = _member(found, "request", where), _member(found, "response", where)
    return _request(asked, where), _response(came, where, str(asked["method"]).upper())


def _request(asked: dict[Any, Any], where: str) -> Request:
    method = text_of(asked.get("method")) or _lack(f"{where} has no request.method")
    url = text_of(asked.get("uri")) or _lack(f"{where} has no request.uri")
    _know(asked, _REQUEST, f"{where} has a request")
    headers = _headers(asked.get("headers"), f"{where} has request.headers")
    body = _either(
        _asked_body(asked.get("body"), headers, f"{where} has a request.body"), asked, f"{where} has a request"
    )
    if not body:
        _check_nothing_missing(headers, f"{where} has a request")
    return Request(method.upper(), url, headers, body)


def _response(came: dict[Any, Any], where: str, method: str) -> Response:
    # vcrpy's own stub for httpx once named status and body as httpx does.
    status = came.get("status", came.get("status_code"))
    if isinstance(status, dict):
        _know(status, _STATUS, f"{where} has a response.status")
        status = status.get("code")
    code = text_of(status) or ""
    if re.fullmatch("[1-9][0-9]{2}", code) is None:
        _lack(f"{where} has no response.status.code of three digits")
    _know(came, (*_RESPONSE, *_PASSED_OVER), f"{where} has a response")
    headers = _headers(came.get("headers"), f"{where} has response.headers")
    name = "content" if came.get("body") is None and "content" in came else "body"
    if name == "body" and came.get("content") is not None:
        _odd(f"{where} has a response with both body and content")
    body = _either(_body(came.get(name), f"{where} has a response.{name}"), came, f"{where} has a response")
    if not body and method != "HEAD" and int(code) not in _BODILESS and "content-encoding" not in headers:
        _check_nothing_missing(headers, f"{where} has a response")
    return Response(
        int(code), headers, plain_body(body, headers.get("content-encoding", ""), f"{where} has a response")
    )


def _lack(what: str) -> NoReturn:
    raise CassetteError(f"{what}: it was cut off or changed by hand; mend it or record again")


def _odd(what: str) -> NoReturn:
    raise CassetteError(f"{what}: what it says cannot be told; mend it or record again")


def _know(found: dict[Any, Any], known: Collection[str], what: str) -> None:
    unknown = [str(name) for name in found if name not in known]
    if unknown:
        raise CassetteError(
            f"{what} with the unknown member {', '.join(map(repr, unknown))}, and nothing is left out in silence: "
            f"ovhcore reads {', '.join(known)}; remove it if it tells nothing, or record again"
        )


def _member(found: Any, name: str, where: str) -> dict[Any, Any]:
    member = found.get(name) if isinstance(found, dict) else None
    if isinstance(member, dict):
        if name == "request" and not member.get("method"):
            _lack(f"{where} has no request.method")
        return member
    return _lack(f"{where} has no {name}")


def text_of(value: Any) -> str | None:
    """Return a text, also one that YAML or JSON has turned into a number; None for anything else."""
    if isinstance(value, bytes):
        return value.decode("latin-1")
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, (str, int, float)) else None


def _check_nothing_missing(headers: Headers, what: str) -> None:
    for length in headers.get("content-length", "").split(","):
        if length.strip().isdecimal() and int(length):
            _lack(f"{what} without a body, or with an empty one, and its Content-Length is {int(length)}")


# Header fields.


def _headers(found: Any, what: str) -> Headers:
    if found is None:
        return Headers()
    return Headers([(name, value) for key, values in _named(found, what) for name, value in _fields(key, values, what)])


def _named(found: Any, what: str) -> Iterable[tuple[Any, Any]]:
    if isinstance(found, dict):
        return found.items()
    if isinstance(found, list) and all(isinstance(pair, list) and len(pair) == 2 for pair in found):
        return [(name, value) for name, value in found]
    return _lack(f"{what} that are no mapping and no list of pairs")


def _fields(key: Any, values: Any, what: str) -> Iterator[tuple[str, str]]:
    name = text_of(key)
    if name is None:
        _lack(f"{what} of which a name is no text")
    for value in (values or [None]) if isinstance(values, list) else [values]:
        text = "" if value is None else text_of(value)
        yield name, _lack(f"{what} of which {name} is no text") if text is None else text


# Bodies.


def _either(body: bytes, found: dict[Any, Any], what: str) -> bytes:
    """Return the body, or the value of ``parsed_body``, which some serializers write."""
    if "parsed_body" not in found:
        return body
    parsed = _as_json(found["parsed_body"], f"{what}.parsed_body")
    if body and body != parsed:
        _odd(f"{what} with both body and parsed_body")
    return b"" if found["parsed_body"] is None else parsed


def _asked_body(found: Any, headers: Headers, what: str) -> bytes:
    """Return the body of a request. For aiohttp, vcrpy keeps the argument itself: a value, or the fields of a form."""
    kind = headers.get("content-type", "").lower()
    if found == {} and isinstance(found, dict):
        return b"{}" if _JSON.search(kind) else b""
    is_value = isinstance(found, dict) and not _is_text(found) and not _is_typed(found)
    if isinstance(found, list) and not isinstance(found, Chunks):
        is_value = not any(isinstance(each, bytes) for each in found)
    if not is_value:
        return _body(found, what)
    if kind.startswith(_FORM):
        return _as_form(found, what)
    if kind and not _JSON.search(kind):
        _odd(f"{what} that is a {'mapping' if isinstance(found, dict) else 'list'}, and its Content-Type is not JSON's")
    return _as_json(found, what)


def _body(found: Any, what: str) -> bytes:
    if isinstance(found, dict):
        return _of_mapping(found, what)
    if isinstance(found, Chunks) or (isinstance(found, list) and any(isinstance(each, bytes) for each in found)):
        return b"".join([_bytes(each, what) for each in found])
    return _bytes(found, what)


def _is_text(found: dict[Any, Any]) -> bool:
    return bool(found.keys() & {"string", "base64_string"}) and found.keys() <= set(_TEXT)


def _is_typed(found: dict[Any, Any]) -> bool:
    return found.keys() == set(_TYPED) and found["type"] in ("json", "text", "base64")


def _of_mapping(found: dict[Any, Any], what: str) -> bytes:
    if _is_typed(found):
        if found["type"] == "json":
            return _as_json(found["content"], f"{what}.content")
        known = {"text": "string", "base64": "base64_string"}[found["type"]]
        found = {known: found["content"]}
    _know(found, _TEXT, what)
    encoded, string = found.get("base64_string"), found.get("string")
    if encoded is None:
        return _bytes(string, what, text_of(found.get("encoding")) or "utf-8")
    if string is not None:
        _odd(f"{what} with both string and base64_string")
    try:
        return b64decode("".join(encoded.split()), validate=True)
    except (AttributeError, TypeError, ValueError):
        return _lack(f"{what} whose base64 cannot be decoded")


def _bytes(found: Any, what: str, encoding: str = "utf-8") -> bytes:
    if found is None or isinstance(found, bytes):
        return found or b""
    if not isinstance(found, str):
        _lack(f"{what} that is no text")
    known = encoding.lower().replace("_", "-")
    try:
        if known in _BYTES or known in ("utf-8", "utf8"):
            return found.encode("utf-8", "surrogatepass")
        return found.encode(known)
    except (LookupError, UnicodeError):
        return _odd(f"{what} whose text is not of its encoding {encoding!r}")


def _as_json(found: Any, what: str) -> bytes:
    """Return a value as JSON, laid out as Python does."""
    try:
        return json.dumps(_Values().value(found), allow_nan=False).encode()
    except (TypeError, ValueError, RecursionError):
        return _odd(f"{what} that JSON cannot hold")


def _as_form(found: Any, what: str) -> bytes:
    pairs: list[tuple[str, str]] = []
    for each in found.items() if isinstance(found, dict) else found:
        texts = [text_of(one) for one in each] if len(each) == 2 and not isinstance(each, str) else [None]
        if None in texts or any(isinstance(one, bytes) and readable(one) is None for one in each):
            _odd(f"{what} that is a form whose fields are no texts")
        pairs.append(tuple(map(str, texts)))  # type: ignore[arg-type] # two of them
    return urlencode(pairs).encode()


class _Values:
    """Makes values of unquoted scalars, as YAML does."""

    def __init__(self) -> None:
        self._left = _LARGEST

    def value(self, found: Any) -> Any:
        """Return a value for JSON.

        Raises:
            ValueError: the value is too large.
        """
        self._left -= 1
        if not self._left:
            raise ValueError
        if isinstance(found, Unquoted):
            return _scalar(str(found))
        if isinstance(found, list):
            return [self.value(each) for each in found]
        if isinstance(found, dict):
            return {self.value(name): self.value(each) for name, each in found.items()}
        return found


def _scalar(text: str) -> Any:
    import yaml

    resolvers: Any = yaml.SafeLoader.yaml_implicit_resolvers
    for tag, pattern in resolvers.get(text[:1], ()):
        if pattern.match(text):
            make = getattr(yaml.constructor.SafeConstructor(), f"construct_yaml_{tag.rpartition(':')[2]}", None)
            # JSON knows no times: they stay texts.
            return text if make is None or "timestamp" in tag else make(yaml.ScalarNode(tag, text))
    return text
