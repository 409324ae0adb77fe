"""The one place that spells the paths and queries of URLs; :meth:`.Endpoint.url_of` puts them behind the base URL.

The signature covers the URL, so the URL signed must be the URL sent. HTTP libraries
normalise what they send, each in its own way; hence every URL is written in the one
spelling that all of them leave alone:

* RFC 3986 normal form: upper-case hex digits, unreserved characters
  (``A-Z a-z 0-9 - . _ ~``) never encoded, no dot segments, no default port, host in
  lower-case ASCII;
* and what the WHATWG URL standard would rewrite (spaces, quotes, brackets, braces,
  backslash, caret, grave accent, bar, non-ASCII) always encoded.

Text that the caller encoded already (``/ip/127.0.0.1%2F29``) is brought to that spelling
and never encoded twice. Text that has no such spelling is refused: dot segments, also as
``%2e%2e``, control characters and lone surrogates.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Set
from functools import cache
from typing import Any, Final

from ..exceptions import InvalidRequest
from .requests.values import json_text, plain_text

__all__ = [
    "append_query",
    "checked_path",
    "encode_query",
    "encode_segment",
    "fill_template",
    "normalise_path",
    "quote_text",
    "split_url",
    "template_names",
]

# Kept as they are by RFC 3986 and WHATWG parsers alike. "'" is not among them: WHATWG
# encodes it in queries.
_PATH_SAFE: Final = "/:@!$&()*+,;="
_QUERY_SAFE: Final = _PATH_SAFE + "?"

_NORMAL = re.compile(r"(?:/[A-Za-z0-9\-._~:@!$&()*+,;=]*)+(?:\?[A-Za-z0-9\-._~:@!$&()*+,;=/?]+)?")
# The others are compiled when they are needed.
_ESCAPE: Final = r"%[0-9A-Fa-f]{2}"
_PLACEHOLDER: Final = r"\{([^{}/?]*)\}"
_CONTROL: Final = "[\x00-\x1f\x7f]"
_UNRESERVED = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")


@cache
def _escapes(safe: str) -> dict[int, str]:
    """Return the escape of each byte that needs one; those of unreserved characters and of ``safe`` need none."""
    return {byte: f"%{byte:02X}" for byte in range(256) if chr(byte) not in _UNRESERVED and chr(byte) not in safe}


def quote_text(text: str, safe: str, what: str) -> str:
    """Percent-encode text, as UTF-8.

    Args:
        text: what to encode.
        safe: characters that stay, besides unreserved ones.
        what: the name of the text in messages.

    Raises:
        InvalidRequest: the text holds a lone surrogate, which has no UTF-8.
    """
    # The codec's own error would carry the whole text.
    try:
        return text.encode().decode("latin-1").translate(_escapes(safe))  # Latin-1 has a character for each byte
    except UnicodeEncodeError:
        pass
    raise InvalidRequest(f"{what} holds a surrogate that stands alone; decode the text properly before it is used here")


def _spell_escape(escape: str) -> str:
    character = chr(int(escape[1:], 16))
    return character if character in _UNRESERVED else escape.upper()


def _normalise(text: str, safe: str, what: str) -> str:
    pieces: list[str] = []
    end = 0
    for match in re.finditer(_ESCAPE, text):
        pieces += (quote_text(text[end : match.start()], safe, what), _spell_escape(match[0]))
        end = match.end()
    pieces.append(quote_text(text[end:], safe, what))
    return "".join(pieces)


def checked_path(path: Any) -> str:
    """Return a path that is a plain string.

    Raises:
        InvalidRequest: the path is of another type.
    """
    if not isinstance(path, str):
        raise InvalidRequest(f"path must be a string that starts with '/', not {type(path).__name__}")
    return str.__str__(path)


def normalise_path(path: str) -> str:
    """Write a path, with its query if it has one, in the spelling that is signed and sent.

    Valid percent-escapes are kept; everything else that needs encoding is encoded,
    a lone ``%`` as ``%25`` and ``#`` as ``%23``.

    >>> normalise_path("/ip/1.2.3.0%2f24/reverse/é")
    '/ip/1.2.3.0%2F24/reverse/%C3%A9'

    Raises:
        InvalidRequest: the path does not start with ``/``, or has no such spelling.
    """
    if type(path) is not str:
        path = checked_path(path)
    if _NORMAL.fullmatch(path) and "/." not in path:
        return path
    if not path.startswith("/"):
        raise InvalidRequest(f"path must start with '/', as in '/me': {_shown(path)}")
    if control := re.search(_CONTROL, path):
        raise InvalidRequest(f"path holds a control character ({control[0]!r} at {control.start()}): {_shown(path)}")
    before, mark, query = path.partition("?")
    before = _normalise(before, _PATH_SAFE, "path")
    for segment in before.split("/"):
        if segment in (".", ".."):
            raise InvalidRequest(
                f"path has the segment {segment!r}, which servers and HTTP libraries resolve each in their own way; "
                f"write the path without it: {_shown(path)}"
            )
    if not query:
        return before
    return before + mark + _normalise(query, _QUERY_SAFE, "query")


def split_url(url: str) -> tuple[str, str]:
    """Return the origin and the request target of an absolute URL, for transports.

    >>> split_url("http://127.0.0.1:8080/1.0/me?a=/b")
    ('http://127.0.0.1:8080', '/1.0/me?a=/b')

    Raises:
        InvalidRequest: the text is no absolute HTTP URL with a path.
    """
    start = url.find("/", 8)
    origin = url[:start]
    if start < 0 or not origin.startswith(("http://", "https://")) or "?" in origin or "#" in origin:
        raise InvalidRequest("the URL of a request must be absolute and have a path, as 'https://host/1.0/me'")
    return origin, url[start:]


def encode_segment(value: Any, name: str = "value") -> str:
    """Encode a value as exactly one path segment.

    >>> encode_segment("1.2.3.0/24")
    '1.2.3.0%2F24'

    Raises:
        InvalidRequest: the value is empty, ``.``, ``..``, None, or not a plain value.
    """
    if type(value) is str and value.isascii() and value.isalnum():
        return value  # most ids, of which there are many
    text = plain_text(value, f"path argument {name!r}")
    if text in ("", ".", ".."):
        shown = "empty" if not text else repr(text)
        raise InvalidRequest(
            f"path argument {name!r} is {shown}; it must name one thing, or the call would go elsewhere"
        )
    if not text.isprintable() and (control := re.search(_CONTROL, text)):
        raise InvalidRequest(f"path argument {name!r} holds a control character ({control[0]!r})")
    return quote_text(text, "", f"path argument {name!r}")


def template_names(path: str) -> list[str]:
    """Return the names in braces of a path template, in order.

    >>> template_names("/domain/zone/{zoneName}/record/{id}")
    ['zoneName', 'id']

    Raises:
        InvalidRequest: a brace has no partner, or a pair is empty.
    """
    route = path.partition("?")[0]
    names = re.findall(_PLACEHOLDER, route)
    rest = re.sub(_PLACEHOLDER, "", route)
    if "{" in rest or "}" in rest or "" in names:
        raise InvalidRequest(f"braces in a path name arguments, as in '/ip/{{ip}}': {_shown(path)}")
    return list(dict.fromkeys(names))


def fill_template(path: str, arguments: Mapping[str, Any]) -> str:
    """Put arguments in the place of the names in braces, each encoded as one segment.

    Raises:
        InvalidRequest: an argument is missing or cannot stand in a path.
    """
    names = template_names(path)
    missing = [name for name in names if name not in arguments]
    if missing:
        given = ", ".join(sorted(arguments)) or "none"
        raise InvalidRequest(f"path {path} needs the argument(s) {', '.join(missing)}; given: {given}")
    route, mark, query = path.partition("?")
    encoded = {name: encode_segment(arguments[name], name) for name in names}
    return re.sub(_PLACEHOLDER, lambda match: encoded[match[1]], route) + mark + query


def encode_query(arguments: Mapping[str, Any]) -> str:
    """Encode arguments as a query string, without the question mark.

    ``True`` becomes ``true``; a list repeats its key, a set does in sorted order; a dict
    becomes compact JSON, as ``iamTags`` takes it.

    >>> encode_query({"date.from": "2026-01-01", "id": [1, 2], "iamTags": {"a": []}})
    'date.from=2026-01-01&id=1&id=2&iamTags=%7B%22a%22%3A%5B%5D%7D'

    Raises:
        InvalidRequest: a value is None or an empty list, or has no text form.
    """
    pairs: list[str] = []
    for name, value in arguments.items():
        what = f"query argument {name!r}"
        texts = [] if value is None else _texts(value, what)
        if not texts:
            # Leaving the argument out would widen the list, and a loop that deletes its items would delete them all.
            is_none = "None" if value is None else "empty"
            raise InvalidRequest(
                f"{what} is {is_none}, which the API has no way to write: leave it out if the call is meant without it"
            )
        key = quote_text(name, "", what)
        pairs += [f"{key}={quote_text(text, '', what)}" for text in texts]
    return "&".join(pairs)


def _texts(value: Any, what: str) -> list[str]:
    if isinstance(value, Mapping):
        return [json_text(value, what)]
    if isinstance(value, (list, tuple)):
        return [plain_text(item, what) for item in value]
    if isinstance(value, Set):
        return sorted(plain_text(item, what) for item in value)
    return [plain_text(value, what)]


def append_query(path: str, query: str) -> str:
    """Add an encoded query to a path that may have one."""
    if not query:
        return path
    if "?" not in path:
        return f"{path}?{query}"
    return path + query if path.endswith(("?", "&")) else f"{path}&{query}"


def _shown(path: str) -> str:
    return repr(path if len(path) <= 200 else path[:200] + "...")
