"""Building of requests: a call as it is written becomes a :class:`.Request`, and a Request a signed one."""

from __future__ import annotations

import re
from collections.abc import Mapping
from keyword import kwlist
from typing import Any, Final

from ...exceptions import InvalidRequest, MissingCredentials
from ..credentials import ApplicationKey
from ..endpoints import Endpoint
from ..messages import Headers, Request, Timeout
from ..responses.decoding import annotate
from ..urls import append_query, checked_path, encode_query, fill_template, template_names
from .signing import sign
from .values import json_bytes

__all__ = [
    "BODILESS",
    "around_id",
    "build_request",
    "checked_headers",
    "described_call",
    "field_problem",
    "named_arguments",
    "sign_request",
    "signature_fields",
    "split_arguments",
    "target",
]

BODILESS: Final = frozenset({"GET", "DELETE", "HEAD", "OPTIONS"})
"""Methods that carry no body. The API reads no arguments from one that is sent with them."""

_PREFIXED: Final = {f"_{word}": word for word in kwlist}
_METHODS: Final = frozenset({"GET", "POST", "PUT", "DELETE"})
# These are compiled when they are needed.
_METHOD: Final = r"[A-Za-z]{1,16}"
_HEADER_NAME: Final = r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+"
_HEADER_VALUE: Final = r"(?:[\x21-\x7e](?:[\x20-\x7e\t]*[\x21-\x7e])?)?"
# Written by the library or by the transport; another value would break signing or framing.
_OWN_HEADERS: Final = frozenset(
    {
        "authorization",
        "connection",
        "content-length",
        "expect",
        "host",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
        "x-ovh-application",
        "x-ovh-consumer",
        "x-ovh-signature",
        "x-ovh-timestamp",
    }
)
_JSON_BODY: Final = ("Content-Type", "application/json")


def named_arguments(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Take the underscore off arguments that collide with a Python keyword: ``_from`` is ``from``."""
    return {_PREFIXED.get(name, name): value for name, value in arguments.items()}


def split_arguments(path: str, arguments: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    """Fill a path template; return the path and the arguments it did not take.

    >>> split_arguments("/ip/{ip}/reverse", {"ip": "1.2.3.0/24", "ipReverse": "1.2.3.4"})
    ('/ip/1.2.3.0%2F24/reverse', {'ipReverse': '1.2.3.4'})

    Raises:
        InvalidRequest: an argument is missing or cannot stand in a path.
    """
    rest = named_arguments(arguments)
    path = checked_path(path)
    if "{" in path or "}" in path:
        filled = fill_template(path, rest)
        for name in template_names(path):
            del rest[name]
        return filled, rest
    return path, rest


def target(path: str, arguments: Mapping[str, Any]) -> str:
    """Return the path of a GET or DELETE: template filled, every other argument in the query."""
    path, rest = split_arguments(path, arguments)
    return append_query(path, encode_query(rest)) if rest else path


def around_id(template: str, arguments: Mapping[str, Any], *, query: bool) -> tuple[str, str]:
    """Return the path of one object before and after its id.

    Args:
        template: a path with one more name in braces than there are arguments.
        arguments: the values of the other names.
        query: whether further arguments go into the query; else they belong to the list.

    Raises:
        InvalidRequest: the template has no such name, or several.
    """
    given = named_arguments(arguments)
    path = checked_path(template)
    names = template_names(path)
    free = [name for name in names if name not in given]
    if len(free) != 1:
        told = f"has {', '.join(free)}" if free else "has none"
        raise InvalidRequest(
            f"The path of one object needs one name in braces for the id, as '/me/bill/{{billId}}'; {path} {told}"
        )
    before, _, after = path.partition(f"{{{free[0]}}}")
    if f"{{{free[0]}}}" in after:
        raise InvalidRequest(f"The path of one object has one place for the id; {path} has {{{free[0]}}} twice")
    if query:
        after = append_query(after, encode_query({name: given[name] for name in given if name not in names}))
    return fill_template(before, given), fill_template(after, given) if after else ""


def described_call(call: Any) -> tuple[Any, ...]:
    """Return method, path, data, and perhaps whether to authenticate, of a call that is written as one value.

    >>> described_call(("GET", "/me/bill/{billId}", {"billId": "FR1", "lang": "en"}))
    ('GET', '/me/bill/FR1?lang=en', None)

    Raises:
        InvalidRequest: the value describes no call.
    """
    if isinstance(call, str):
        return "GET", target(call, {}), None
    if not isinstance(call, (tuple, list)) or not 2 <= len(call) <= 4:
        raise InvalidRequest(
            "a call is a path to GET, or method, path and arguments, as ('PUT', '/me', {'city': 'Roubaix'}), "
            f"not {type(call).__name__}"
        )
    method, path, data, *auth = (*call, None) if len(call) == 2 else call
    if isinstance(data, Mapping):
        if strange := next((name for name in data if not isinstance(name, str)), None):
            raise InvalidRequest(f"arguments of a call have names, not {strange!r}")
        if isinstance(method, str) and method.upper() in BODILESS:
            path, data = target(path, data), None
        else:
            path, rest = split_arguments(path, data)
            data = rest or None
    return (method, path, data, *auth)


def build_request(
    endpoint: Endpoint,
    method: str,
    path: str,
    data: Any = None,
    *,
    need_auth: bool = True,
    headers: Headers = Headers(),  # noqa: B008 - immutable
    timeout: Timeout | None = None,
    bodiless: frozenset[str] = BODILESS,
) -> Request:
    """Describe a call. Nothing is sent or signed.

    Args:
        endpoint: where the API is.
        method: HTTP method.
        path: path below the endpoint, with its query, as ``"/me/bill?orderId=1"``.
        data: what becomes the JSON body; None for no body.
        need_auth: whether the call is to be authenticated.
        headers: further fields to send.
        timeout: seconds to wait for this call.
        bodiless: the methods that carry no body; data that is not empty is refused for them.

    Raises:
        InvalidRequest: the call cannot be sent as written.
    """
    if type(method) is not str or method not in _METHODS:
        if not isinstance(method, str) or not re.fullmatch(_METHOD, method):
            raise InvalidRequest(f"method must be an HTTP method such as 'GET', not {method!r}")
        method = method.upper()
    if isinstance(path, str) and ("{" in path or "}" in path):
        path = fill_template(path, {})
    url = endpoint.url_of(path)
    if data is None:
        return Request(method, url, headers, b"", need_auth, timeout)
    if method in bodiless:
        if not data:
            return Request(method, url, headers, b"", need_auth, timeout)
        raise InvalidRequest(
            f"{method} carries no body: the API reads no arguments from one. Put the arguments in the query"
        )
    pairs = [pair for pair in headers.pairs if pair[0].lower() != "content-type"]
    headers = Headers((*pairs, _JSON_BODY))
    return Request(method, url, headers, json_bytes(data), need_auth, timeout)


def field_problem(name: object, value: object) -> str | None:
    """Return why a header field cannot be sent, None if it can; never the value."""
    if not isinstance(name, str) or not re.fullmatch(_HEADER_NAME, name):
        return f"header {name!r} is not a valid HTTP field name"
    if name.lower() in _OWN_HEADERS:
        return f"header {name!r} is written by the library and cannot be set"
    if not isinstance(value, str) or not re.fullmatch(_HEADER_VALUE, value):
        return f"header {name!r} has a value that is not printable ASCII text without outer spaces"
    return None


def checked_headers(fields: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """Return extra header fields, after a check that they can be sent.

    Raises:
        InvalidRequest: a name or value that HTTP does not allow, or a field that is the
            library's own. The message shows the name, never the value.
    """
    if not isinstance(fields, Mapping):
        raise InvalidRequest(f"headers must be a mapping, as {{'X-Name': 'value'}}, not {type(fields).__name__}")
    for name, value in fields.items():
        if problem := field_problem(name, value):
            del fields, value  # a traceback would show them
            raise InvalidRequest(problem)
    return tuple(fields.items())


def sign_request(request: Request, credentials: ApplicationKey, timestamp: int) -> Request:
    """Return the request with the headers that authenticate it.

    Args:
        request: what :func:`build_request` made; its URL and body are signed as they are.
        credentials: application key, secret and consumer key.
        timestamp: whole seconds since 1970 on the API's clock.

    Raises:
        MissingCredentials: there is no consumer key yet.
    """
    return request.adding(*signature_fields(request, credentials, timestamp))


def signature_fields(request: Request, credentials: ApplicationKey, timestamp: int) -> tuple[tuple[str, str], ...]:
    """Return the header fields that authenticate a request; arguments and errors are as for :func:`sign_request`."""
    consumer_key = credentials.consumer_key
    if consumer_key is None:
        error = MissingCredentials(
            "This call needs a consumer key and there is none",
            hint="Ask for one with client.new_consumer_key_request() and send the user to its validationUrl, "
            "or set consumer_key beside the application key.",
        )
        raise annotate(error, request)
    signature = sign(
        application_secret=credentials.application_secret.reveal(),
        consumer_key=consumer_key.reveal(),
        method=request.method,
        url=request.url,
        body=request.body,
        timestamp=timestamp,
    )
    return (
        ("X-Ovh-Application", credentials.application_key),
        ("X-Ovh-Consumer", consumer_key.reveal()),
        ("X-Ovh-Timestamp", str(timestamp)),
        ("X-Ovh-Signature", signature),
    )
