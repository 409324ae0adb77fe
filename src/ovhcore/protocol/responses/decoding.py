"""Decoding of a :class:`.Response` to a JSON value or an exception, by one table.

The status decides first; among the 400s and 403s ``errorCode``, ``class`` or message
tell the kinds apart, whichever of them the answer has. The API uses four shapes: legacy
``errorCode``, current ``class``, a bare ``message``, and OAuth2's ``error``. Gateways in front
of it answer in HTML or not at all, and do not speak for the API; see
:mod:`ovhcore.protocol.responses.error_shapes`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, Final

from ... import exceptions as exc
from ..clock import parse_http_date
from ..messages import Headers, Request, Response
from ..redaction import TextRedactor, redact_json, redact_text, redact_url, redactor
from .error_shapes import ErrorBody, error_body, is_answer_of_api, parse_json

if TYPE_CHECKING:
    from .attempts import Attempt

__all__ = [
    "add_history",
    "annotate",
    "decode",
    "error_of",
    "is_no_route",
    "is_refusal",
    "is_time_error",
    "may_be_misspelt",
    "parse_json",
    "redact_error",
    "rehint",
]

# Status, error code, the messages in lower case that mean the same without a code, and the exception.
_KINDS: Final[tuple[tuple[int, str, tuple[str, ...], type[exc.APIError]], ...]] = (
    (400, "INVALID_SIGNATURE", ("invalid signature",), exc.InvalidSignature),
    (400, "QUERY_TIME_OUT", ("query out of time",), exc.QueryTimeOut),
    (
        403,
        "NOT_GRANTED_CALL",
        ("this call has not been granted", "user not granted for this request"),
        exc.NotGrantedCall,
    ),
    (403, "NOT_CREDENTIAL", ("this credential does not exist",), exc.NotCredential),
    (403, "INVALID_KEY", ("invalid application key", "this application key is invalid"), exc.InvalidKey),
    (403, "INVALID_CREDENTIAL", ("this credential is not valid",), exc.InvalidCredential),
)
_CLASS_BEFORE_MESSAGE: Final = r"^(?:client|server)::[\w:]*\s*:\s+"

_STATUSES: Final[dict[int, type[exc.APIError]]] = {
    400: exc.BadParametersError,
    401: exc.Unauthorized,
    403: exc.Forbidden,
    404: exc.ResourceNotFoundError,
    409: exc.ResourceConflictError,
    412: exc.PreconditionFailed,
    423: exc.ResourceLocked,
    429: exc.TooManyRequests,
    460: exc.ResourceExpiredError,
}

_HINTS: Final[dict[type[exc.APIError], str]] = {
    exc.InvalidKey: "Application keys belong to one region: check that the endpoint is the one the key was made for.",
    exc.NotCredential: "The consumer key is unknown here: check it, and that the endpoint is the one it was made for.",
    exc.InvalidCredential: "The consumer key is not valid: its user has not confirmed it at the validation URL yet, "
    "or it has expired or was refused. Ask for a new one with client.new_consumer_key_request().",
    exc.QueryTimeOut: "The clock of this machine is wrong and could not be corrected; set it (NTP).",
    exc.Unauthorized: "The API does not know who is calling: there is no consumer key, or the access token belongs to "
    "another endpoint, or has expired.",
}

_NOT_THE_API: Final = (
    "Something other than the API may have answered: check the endpoint, which ends in /1.0, /v1 or /v2, and the proxy."
)
_NO_SUCH_PATH: Final = (
    "The API has no such path: check it against the API console of this endpoint, and that the endpoint's URL ends in "
    "/1.0, /v1 or /v2."
)
_NO_ROUTE: Final = "got an invalid (or empty) url"
_NO_OBJECT: Final = "does not exist"
_SKEW_TO_MENTION: Final = 30


def decode(
    response: Response,
    request: Request | None = None,
    *,
    redact: Callable[[str], str] | None = None,
    received: float | None = None,
) -> Any:
    """Return the JSON value of a response, None for an empty one.

    Args:
        response: the response.
        request: the request that the exception names.
        redact: hides secrets that the response may repeat, besides those of the request;
            see :func:`ovhcore.protocol.redaction.redactor`.
        received: seconds since 1970 on the local clock when the response came; lets a
            signature error say how far the clocks are apart.

    Raises:
        APIError: the kind the answer calls for; see :mod:`ovhcore.exceptions`.
        InvalidResponse: a success whose body is not JSON.
    """
    if 200 <= response.status < 300:
        if not response.body or response.body.isspace():
            return None
        try:
            return parse_json(response.body)
        except ValueError as error:
            problem = str(error)
        if response.body.lstrip()[:1] == b"<":
            problem = f"{problem}; it is a page in HTML"
        failure: exc.APIError = exc.InvalidResponse(
            f"Failed to decode API response as JSON: {problem}",
            response=_shown(response, redact := _with_secrets_of(request, redact), request),
            hint=_NOT_THE_API,
        )
        raise annotate(failure, request, redact)
    raise error_of(response, request, redact=redact, received=received)


Response.decoder = staticmethod(decode)


def is_time_error(response: Response) -> bool:
    """Say whether a response is the API's complaint about the timestamp."""
    return (
        response.status == 400 and is_answer_of_api(response) and _kind(400, error_body(response)) is exc.QueryTimeOut
    )


def is_refusal(response: Response) -> bool:
    """Say whether the API refused the credentials of a request; it has not carried out such a request."""
    if response.status not in (400, 401, 403) or not is_answer_of_api(response):
        return False
    if response.status == 401:
        return True
    # A secret that does not belong to its key makes a wrong signature: a rotation between the reading
    # of the two does this.
    kinds = (exc.InvalidCredential, exc.NotCredential, exc.InvalidKey, exc.InvalidSignature)
    return _kind(response.status, error_body(response)) in kinds


def is_no_route(error: exc.APIError) -> bool:
    """Say whether an error means that the API has no such path, rather than no such object."""
    return isinstance(error, exc.ResourceNotFoundError) and _NO_ROUTE in error.message.lower()


def may_be_misspelt(error: exc.APIError) -> bool:
    """Say whether an error can mean a wrong path or argument, or a missing right, rather than a missing object."""
    if isinstance(error, exc.ResourceNotFoundError):
        return _NO_OBJECT not in error.message.lower()
    return isinstance(error, exc.NotGrantedCall) or type(error) is exc.BadParametersError


def error_of(
    response: Response,
    request: Request | None = None,
    *,
    redact: Callable[[str], str] | None = None,
    received: float | None = None,
) -> exc.APIError:
    """Return the exception that :func:`decode` raises for a response that is no success."""
    redact = _with_secrets_of(request, redact)
    shown = _shown(response, redact, request)
    body = error_body(response)
    status = response.status
    answered = is_answer_of_api(response, body)
    kind = _kind(status, body) if answered else None
    if kind is None:
        if status >= 500 or (status == 408 and not body.of_the_api):
            said = body.of_the_api or (answered and body.message is not None)
            kind = exc.ServerError if said else exc.GatewayError
        elif answered or status == 429:  # a gateway that answers 429 has not passed the request on
            kind = _STATUSES.get(status, exc.APIError)
        else:
            kind = exc.InvalidResponse
    error = kind(
        _plain_message(shown) if body.message is None else redact(body.message),
        response=shown,
        status=status,
        code=body.code and redact(body.code),
        error_class=body.error_class and redact(body.error_class),
        details=_redacted(body.details, redact),
        query_id=shown.query_id,
        retry_safe=kind in (exc.TooManyRequests, exc.QueryTimeOut)
        or ((status == 408 or status >= 500) and request is not None and request.method == "GET"),
    )
    error.hint = _hint(error, shown, request, received)
    annotate(error, request, redact)
    return add_history(error, response.history, redact) if response.history else error


def _with_secrets_of(request: Request | None, redact: Callable[[str], str] | None) -> TextRedactor:
    """Return a function that redacts as ``redact`` does, and the secrets of the request, too."""
    if not isinstance(redact, TextRedactor):
        redact = redactor(()) if redact is None else redactor(()).and_then(redact)
    if request is None:
        return redact
    from ..secrets.learning import secrets_of_request  # loaded only for errors: it imports much

    return redact.knowing(secrets_of_request(request, redact.full))


def _redacted(details: dict[str, Any], redact: TextRedactor) -> dict[str, Any]:
    try:
        redacted: dict[str, Any] = redact_json(details, redact)
    except RecursionError:
        return {}
    return redacted


def annotate(error: exc.APIError, request: Request | None, redact: TextRedactor | None = None) -> exc.APIError:
    """Write the request into an exception, and into its notes the facts that a traceback should show.

    Args:
        error: the exception.
        request: the request, if it is known.
        redact: redacts secrets in the URL besides those of the request itself.
    """
    if request is not None:
        error.method, error.url = (
            request.method,
            redact_url(request.url) if redact is None else redact.full.url(request.url),
        )
        answered = f" answered {error.status}" if error.status else ""
        error.add_note(f"{error.method} {error.url}{answered}")
    if error.query_id:
        error.add_note(exc.visible(f"OVH query id: {error.query_id}"))
    if error.hint:
        error.hint = exc.visible(error.hint)
        error.add_note(error.hint)
    return error


def rehint(error: exc.APIError, hint: str) -> None:
    """Replace the hint of an exception, in its notes, too.

    Args:
        error: the exception.
        hint: the new hint.
    """
    before, error.hint = error.hint, exc.visible(hint)
    notes = getattr(error, "__notes__", [])
    if before in notes:
        notes[notes.index(before)] = error.hint
    else:
        error.add_note(error.hint)


def redact_error(error: exc.APIError, request: Request, redact: Callable[[str], str]) -> None:
    """Redact known secrets in an exception that says why there was no answer.

    Answers to earlier attempts may have repeated a secret, and a path may hold one.

    Args:
        error: the exception; its texts stay as they are but for secrets.
        request: the request; its secrets are redacted.
        redact: redacts the secrets of the client.
    """
    known = _with_secrets_of(request, redact).full.known
    error.args = tuple(known(each) if isinstance(each, str) else each for each in error.args)
    error.url, error.hint, error.query_id = (each and known(each) for each in (error.url, error.hint, error.query_id))
    error.history = tuple(attempt.shown(known) for attempt in error.history)
    if notes := getattr(error, "__notes__", None):
        error.__notes__ = [known(note) for note in notes]


def add_history(
    error: exc.APIError, history: tuple[Attempt, ...], redact: Callable[[str], str] | None = None
) -> exc.APIError:
    """Write the attempts that were made into an exception.

    Args:
        error: the exception.
        history: the attempts.
        redact: redacts secrets that the answers may have repeated, besides those known by their name or form.
    """
    error.history = history = tuple(attempt.shown(redact or redact_text) for attempt in history)
    made = f"{len(history)} attempts were made" if len(history) > 1 else "1 attempt was made"
    error.add_note(exc.visible(f"{made}; {'; '.join(_told(history))}"))
    return error


def _told(history: tuple[Attempt, ...]) -> Iterator[str]:
    """Yield each attempt as a text; a repeated failure refers to the first attempt that had it."""
    first: dict[tuple[int | None, str | None], int] = {}
    for attempt in history:
        number = first.setdefault((attempt.status, attempt.error), attempt.number)
        same = number != attempt.number
        yield str(attempt._replace(status=None, error=f"as attempt {number}") if same else attempt)


def _kind(status: int, body: ErrorBody) -> type[exc.APIError] | None:
    said = (body.message or "").lower()
    said = re.sub(_CLASS_BEFORE_MESSAGE, "", said, count=1).strip(" .")
    reason = (body.error_class or "").rpartition("::")[2].upper()
    for row_status, row_code, messages, kind in _KINDS:
        if status == row_status and (
            body.code == row_code
            or reason in (row_code, row_code.replace("_", ""))
            # Only a whole message without a code counts: a service may well say "SQL query out of time".
            or (body.code is None and said in messages)
        ):
            return kind
    return None


def _plain_message(response: Response) -> str:
    text = " ".join(response.text.split())
    if not text:
        return f"HTTP status {response.status} with an empty answer"
    if text.startswith("<"):
        return f"HTTP status {response.status} with a page in HTML instead of JSON"
    return text if len(text) <= 500 else text[:500] + "..."


def _shown(response: Response, redact: TextRedactor, request: Request | None) -> Response:
    """Return the copy of a response that an exception may keep."""
    full = redact.full
    try:
        text = json.dumps(full.json(parse_json(response.body)))
    except (ValueError, RecursionError):
        text = full.text(response.text)
    headers = Headers(full.headers(response.headers.pairs))
    shown = Response(response.status, headers, text.encode("utf-8", "replace"))
    if request is None:
        return shown
    fields = Headers(full.headers(request.headers.pairs))
    return shown.answering(Request(request.method, full.url(request.url), fields, need_auth=request.need_auth))


def _hint(error: exc.APIError, shown: Response, request: Request | None, received: float | None) -> str | None:
    """Return what may help with an error; None if nothing is known that would."""
    if isinstance(error, exc.InvalidSignature):
        return (
            "Commonly one of these: the application secret or consumer key belongs to another application key; "
            "the endpoint is not the one the keys were made for; the consumer key still waits for its validation; "
            "a member of the body has the wrong type; the clock is wrong. " + _clock_seen(shown, received)
        )
    if isinstance(error, exc.NotGrantedCall):
        actions = error.details.get("unauthorizedActionsByIAM") or error.details.get(
            "unauthorizedActionsByAuthentication"
        )
        if actions:
            return f"No IAM policy of this identity allows: {actions}"
        if request is not None:
            return (
                f"The consumer key has no access rule for {request.method} on this path. Its rules never change: "
                "ask for a new one with client.new_consumer_key_request()."
            )
    if 300 <= shown.status < 400:
        where = f" It leads to {shown.headers['location']}." if "location" in shown.headers else ""
        return f"Redirects are not followed: a signature holds for one URL.{where} {_NOT_THE_API}"
    if "sandbox" in error.details:
        return str(error.details["sandbox"])  # the sandbox lacks something, or has keys of its own
    if is_no_route(error):
        return _NO_SUCH_PATH
    if type(error) is exc.InvalidResponse:
        return _NOT_THE_API
    return _HINTS.get(type(error))


def _clock_seen(response: Response, received: float | None) -> str:
    server = parse_http_date(response.headers.get("date", ""))
    if server is None or received is None:
        return "The answer does not show the server's clock."
    skew = round(server - received)
    if abs(skew) < _SKEW_TO_MENTION:
        return f"The clock is not the cause: by the answer's Date header it is right to within {abs(skew) + 1} s."
    return (
        f"By the answer's Date header the server's clock is {abs(skew)} s "
        f"{'ahead of' if skew > 0 else 'behind'} this machine's."
    )
