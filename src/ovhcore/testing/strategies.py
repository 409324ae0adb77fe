"""Hypothesis strategies for everything that a call is made of, nasty on purpose.

>>> from hypothesis import given
>>> from ovhcore.testing import strategies
>>> from ovhcore.protocol.urls import normalise_path
>>> @given(strategies.paths())
... def test_writing_a_path_twice_changes_nothing(path):
...     once = normalise_path(path)
...     assert normalise_path(once) == once
>>> test_writing_a_path_twice_changes_nothing()
"""

from __future__ import annotations

import string
from typing import Any, NamedTuple

from hypothesis import strategies as st

from ..exceptions import InvalidRequest
from ..protocol.credentials import AccessToken, ApplicationKey, Credentials, OAuth2Client
from ..protocol.endpoints import resolve_endpoint
from ..protocol.messages import Headers, Request
from ..protocol.requests.building import build_request, target
from ..protocol.urls import normalise_path

__all__ = [
    "GeneratedCall",
    "bodies",
    "calls",
    "credentials",
    "header_fields",
    "paths",
    "queries",
    "requests",
    "texts",
]

_NASTY = ["/", "//", "%2F", "%2f", "%", "%zz", "%41", " ", "+", "'", '"', "[", "]", "\\", "^", "`", "|", "<", ">", ";"]
# Header fields of every request of a client; some libraries cannot send a request without them.
_USUAL = {"User-Agent": "conformance", "Accept": "application/json", "X-Ovh-Consumer": "consumer"}
_LETTERS = string.ascii_letters + string.digits


class GeneratedCall(NamedTuple):
    """A call as a program writes it.

    Attributes:
        method: ``"GET"``, ``"POST"``, ``"PUT"`` or ``"DELETE"``.
        path: the path, with its query.
        data: what becomes the JSON body, or None.
    """

    method: str
    path: str
    data: Any = None


def texts(max_size: int = 30) -> st.SearchStrategy[str]:
    """Return a strategy for text of any letters but control characters and surrogates."""
    return st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=max_size)


def _scalars() -> st.SearchStrategy[Any]:
    return texts() | st.integers() | st.booleans() | st.floats(allow_nan=False, allow_infinity=False)


def paths() -> st.SearchStrategy[str]:
    """Return a strategy for paths that a call may have, in every spelling that is taken."""
    odd = st.sampled_from(_NASTY) | st.sampled_from("é你 \U0001f600~!$&()*,;=:@?#")
    piece = st.lists(texts(8) | odd | st.text(_LETTERS, max_size=8), max_size=5).map("".join)
    joined = st.lists(piece, min_size=1, max_size=4).map(lambda pieces: "/" + "/".join(pieces))
    return joined.filter(_is_taken)


def _is_taken(path: str) -> bool:
    try:
        normalise_path(path)
    except InvalidRequest:  # dot segments
        return False
    return not {"{", "}"} & set(path.partition("?")[0])


def queries() -> st.SearchStrategy[dict[str, Any]]:
    """Return a strategy for the query arguments of a call."""
    scalars = _scalars()
    values = scalars | st.lists(scalars, min_size=1, max_size=3)
    return st.dictionaries(texts().filter(lambda name: name and not name.startswith("_")), values, max_size=4)


def bodies() -> st.SearchStrategy[dict[str, Any]]:
    """Return a strategy for the values that become JSON bodies, some of them long."""
    value = st.recursive(
        _scalars() | st.none(),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts(), inner, max_size=3),
        max_leaves=9,
    )
    return st.dictionaries(texts(), value, max_size=4) | st.just({"long": "é" * 70_000})


def header_fields() -> st.SearchStrategy[dict[str, str]]:
    """Return a strategy for header fields of a caller's own."""
    names = st.text(_LETTERS + "-_", min_size=1, max_size=12).map(lambda name: f"X-{name}")
    inner = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), max_size=40).map(str.strip)
    # Names that differ in case alone are one field.
    return st.dictionaries(names, inner, max_size=4).map(lambda d: {name.lower(): value for name, value in d.items()})


def credentials() -> st.SearchStrategy[Credentials]:
    """Return a strategy for credentials of every kind."""
    key = st.text(_LETTERS, min_size=1, max_size=40)
    return (
        st.builds(ApplicationKey, key, key, st.none() | key)
        | st.builds(OAuth2Client, key, key)
        | st.builds(AccessToken, key)
    )


def calls() -> st.SearchStrategy[GeneratedCall]:
    """Return a strategy for calls: any path with a body, or a template filled with anything."""
    with_body = st.builds(GeneratedCall, st.sampled_from(["POST", "PUT"]), paths(), st.none() | bodies())
    without = st.builds(GeneratedCall, st.sampled_from(["DELETE", "GET"]), paths(), st.none())
    return with_body | without | st.builds(_filled, st.sampled_from(["GET", "DELETE"]), _names(), queries())


def _names() -> st.SearchStrategy[str]:
    return texts().filter(lambda name: name not in ("", ".", ".."))


def _filled(method: str, name: str, arguments: dict[str, Any]) -> GeneratedCall:
    return GeneratedCall(method, target("/ip/{name}/x", {**arguments, "name": name}))


def requests(url: str) -> st.SearchStrategy[Request]:
    """Return a strategy for requests to a server, as a transport's ``send`` takes them.

    Args:
        url: the URL of the API, as ``"http://127.0.0.1:8080/1.0"``.
    """
    endpoint = resolve_endpoint(url)

    def build(call: GeneratedCall, fields: dict[str, str]) -> Request:
        headers = Headers(tuple({**_USUAL, **fields}.items()))
        return build_request(endpoint, call.method, call.path, call.data, headers=headers)

    return st.builds(build, calls(), header_fields())
