"""Did the API answer, or something in front of it? Every decision that depends on an answer asks this first.

Captive portals, proxies, load balancers and web servers answer in the API's place, with statuses of their own: a 404 of
theirs says nothing about a resource, a 403 nothing about a key. The API has answered if it names the exchange
(``X-OVH-QUERYID``), or, behind proxies that strip header fields, in one of the shapes of its errors.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, Final, NoReturn

if TYPE_CHECKING:
    from ..messages import Response

__all__ = ["ErrorBody", "error_body", "is_answer_of_api", "parse_json"]

_OF_THE_API: Final = "(?i:client|server)::"
# The members of old and of today's errors, and those that may be added; the API's errors have no others.
_MEMBERS: Final = frozenset({"class", "message", "details", "errorcode", "httpcode", "queryid"})
_BEGIN_JSON: Final = frozenset(b'[{"0123456789tfn-')


class ErrorBody:
    """The content of the body of an error; None for each part that the body lacks.

    Attributes:
        code: the legacy ``errorCode``, or OAuth2's ``error``.
        error_class: the current ``class``.
        message: what went wrong, in words.
        details: further members; empty if there are none.
        of_the_api: whether the body has one of the shapes of the API's errors.
    """

    __slots__ = ("code", "details", "error_class", "message", "of_the_api")

    def __init__(
        self,
        code: str | None,
        error_class: str | None,
        message: str | None,
        details: dict[str, Any],
        of_the_api: bool,
    ) -> None:
        self.code = code
        self.error_class = error_class
        self.message = message
        self.details = details
        self.of_the_api = of_the_api


_NOTHING: Final = ErrorBody(None, None, None, {}, False)


def _constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


_decoder: Final = json.JSONDecoder(parse_constant=_constant)


def parse_json(body: bytes) -> Any:
    """Parse a JSON body. Integers are exact; the last of repeated members counts.

    Raises:
        ValueError: the body is not JSON, is ``NaN`` or ``Infinity``, is nested too deeply, or has an
            integer of more digits than ``sys.set_int_max_str_digits`` allows. The message
            and the traceback hold nothing of the body.
    """
    try:
        text = body.decode()
        if text[:1] in "{[":
            value, end = _decoder.raw_decode(text)
            if end == len(text):
                return value
        return _decoder.decode(text.removeprefix("\ufeff"))
    except UnicodeDecodeError:
        problem = "it is not UTF-8"
    except json.JSONDecodeError as error:
        problem = f"{error.msg} at character {error.pos}"
    except RecursionError:
        problem = "it is nested too deeply"
    except ValueError as error:
        # An integer longer than sys.set_int_max_str_digits allows; or a constant.
        problem = str(error)
    # The error is raised here because the parser's own exceptions hold the whole text.
    raise ValueError(problem)


def error_body(response: Response) -> ErrorBody:
    """Return the content of the body of an error."""
    try:
        body = parse_json(response.body)
    except ValueError:
        return _NOTHING
    if not isinstance(body, dict):
        return _NOTHING
    code, error_class, message = (_text(body.get(name)) for name in ("errorCode", "class", "message"))
    of_the_api = code is not None or (error_class is not None and re.match(_OF_THE_API, error_class) is not None)
    if not of_the_api:
        says = isinstance(body.get("class"), str) or isinstance(body.get("message"), str)
        of_the_api = says and all(name.lower() in _MEMBERS for name in body)
    if message is None and code is None and error_class is None:
        # OAuth2's shape (RFC 6749, 5.2)
        code = _text(body.get("error"))
        message = _text(body.get("error_description")) or code
    details = body.get("details")
    return ErrorBody(code, error_class, message, details if isinstance(details, dict) else {}, of_the_api)


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None


def is_answer_of_api(response: Response, body: ErrorBody | None = None) -> bool:
    """Say whether the API answered, and not something in front of it.

    A success without ``X-OVH-QUERYID`` is taken for the API's if it begins as JSON does. The API does not redirect.

    Args:
        response: the answer.
        body: the result of :func:`error_body` for the answer, if that is known already.
    """
    if response.query_id:
        return True
    status = response.status
    if status < 300:
        text = response.body.removeprefix(b"\xef\xbb\xbf").lstrip()
        return not text or text[0] in _BEGIN_JSON
    if status < 400:
        return False
    # The header field alone may say that a token is not valid (RFC 6750, 3).
    if status == 401 and response.headers.get("www-authenticate", "").lower().startswith("bearer"):
        return True
    return (error_body(response) if body is None else body).of_the_api
