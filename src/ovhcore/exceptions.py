"""Everything ovhcore raises derives from :class:`APIError`.

The names and their places in ``except`` clauses are python-ovh's; the indented ones
below a python-ovh name are finer kinds of it::

    APIError
    ├── InvalidConfiguration         settings: argument, variable or file
    ├── InvalidRegion                unknown endpoint
    ├── InvalidRequest               a call that cannot be sent as written (also a ValueError)
    ├── InvalidKey                   application key or secret wrong, or missing
    │   └── MissingCredentials       a call that needs some (also an InvalidConfiguration)
    ├── InvalidCredential            consumer key pending, expired or refused
    ├── NotCredential                consumer key unknown
    ├── NotGrantedCall               no access rule or IAM policy allows the call
    ├── Forbidden                    other 403
    ├── Unauthorized                 401
    ├── BadParametersError           400
    │   ├── InvalidSignature
    │   └── QueryTimeOut             the clock
    ├── ResourceNotFoundError        404
    ├── ResourceConflictError        409
    ├── ResourceExpiredError         460
    ├── PreconditionFailed           412, a stale checksum
    ├── ResourceLocked               423
    ├── TooManyRequests              429
    ├── ServerError                  5xx
    │   └── GatewayError             408 or 5xx not in the API's JSON (also an InvalidResponse)
    ├── InvalidResponse              an answer that is not what it should be, or not the API's
    ├── OAuth2FailureError           there is no access token
    ├── ReadOnlyError                a write where only reads are allowed
    ├── ClientClosed                 the client was closed, or the interpreter ends (also a RuntimeError)
    ├── CassetteError                a recording that cannot be used, or was not used up
    │   └── NoRecording              a call that was not recorded, and may not be sent
    ├── SharedStoreError             what processes share cannot be asked; nothing was sent
    ├── OutcomeUnknown               a POST of this name may have been carried out; this one was not sent
    ├── SchemaError                  a description of the API that cannot be read
    ├── OperationFailed              an asynchronous operation ended badly
    ├── WaitTimeout                  it was not over at the deadline (also a TimeoutError)
    └── HTTPError                    no answer at all
        └── NetworkError
            ├── ConnectError         nothing was sent (also a ConnectionError)
            │   ├── TLSError
            │   ├── ProxyError
            │   └── ConnectTimeout   (also a TransportTimeout)
            ├── TransportTimeout     (also a TimeoutError)
            │   ├── ReadTimeout
            │   ├── TotalTimeout
            │   └── PoolTimeout      nothing was sent
            ├── ConnectionLost       the connection ended before the answer did (also a ConnectionError)
            └── ProtocolError        the answer is not HTTP, or too large

No exception holds a secret: responses kept by an error are redacted copies.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .protocol.messages import Response
    from .protocol.responses.attempts import Attempt

# fmt: off
__all__ = [
    "APIError", "BadParametersError", "CassetteError", "ClientClosed", "ConnectError", "ConnectTimeout",
    "ConnectionLost", "Forbidden", "GatewayError", "HTTPError", "InvalidConfiguration", "InvalidCredential",
    "InvalidKey", "InvalidRegion", "InvalidRequest", "InvalidResponse", "InvalidSignature", "MissingCredentials",
    "NetworkError", "NoRecording", "NotCredential", "NotGrantedCall", "OAuth2FailureError", "OperationFailed",
    "OutcomeUnknown",
    "PoolTimeout", "PreconditionFailed", "ProtocolError", "ProxyError", "QueryTimeOut", "ReadOnlyError",
    "ReadTimeout", "ResourceConflictError", "ResourceExpiredError", "ResourceLocked", "ResourceNotFoundError",
    "SchemaError", "ServerError", "SharedStoreError", "TLSError", "TooManyRequests", "TotalTimeout",
    "TransportTimeout", "Unauthorized", "WaitTimeout",
]
# fmt: on

_UNPRINTABLE = "[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]"  # compiled when needed


def visible(text: str) -> str:
    """Write control, direction and lone surrogate characters as escapes, so that a message cannot forge log lines."""
    return re.sub(_UNPRINTABLE, lambda match: match[0].encode("unicode_escape").decode("ascii"), text)


class APIError(Exception):
    """Base of every exception of this library.

    ``str(error)`` is the message alone, with control characters made visible. What
    else is known stands in attributes, and in the notes a traceback prints.

    Attributes:
        status: HTTP status, or None without an answer.
        code: the legacy ``errorCode``, as ``"INVALID_SIGNATURE"``, or None.
        error_class: the current API's ``class``, as ``"Client::Forbidden"``, or None.
        details: the ``details`` member of the answer; empty if it has none.
        query_id: OVHcloud's name for the exchange, to quote to its support, or None.
        method: the method of the request, or None.
        url: the URL of the request, secrets hidden, or None.
        retry_safe: whether sending the same request again cannot do a thing twice.
        hint: what is commonly wrong and what to do, or None.
        response: the answer, secrets hidden, or None.
        history: the attempts that were made, if there was more than one; see :class:`.Attempt`.
    """

    may_have_arrived: bool = True
    """Whether the request may have reached the server."""

    beforehand: bool = False
    """Whether a request for the time or a token failed; the call itself was not sent yet then, or refused."""

    history: tuple[Attempt, ...] = ()

    def __init__(
        self,
        *args: object,
        response: Response | Any | None = None,
        status: int | None = None,
        code: str | None = None,
        error_class: str | None = None,
        details: Mapping[str, Any] | None = None,
        query_id: str | None = None,
        method: str | None = None,
        url: str | None = None,
        retry_safe: bool = False,
        hint: str | None = None,
    ) -> None:
        super().__init__(*args)
        if response is not None:
            status = getattr(response, "status_code", None) if status is None else status
            query_id = response.headers.get("X-OVH-QUERYID") if query_id is None else query_id
        self.response = response
        self.status = status
        self.code = code
        self.error_class = error_class
        self.details: Mapping[str, Any] = {} if details is None else details
        self.query_id = query_id
        self.method = method
        self.url = url
        self.retry_safe = retry_safe
        self.hint = hint

    @property
    def attempts(self) -> int:
        """The number of attempts that were made."""
        return max(1, len(self.history))

    @property
    def message(self) -> str:
        """The message as the API wrote it, or what went wrong here."""
        return super().__str__()

    def __str__(self) -> str:
        return visible(self.message)


class InvalidConfiguration(APIError):
    """A setting is missing, malformed or contradicts another; nothing was sent."""


class InvalidRegion(APIError):
    """The endpoint is neither a known name nor a URL."""


class InvalidRequest(APIError, ValueError):
    """The call cannot be sent as it was written; nothing was sent."""

    may_have_arrived = False


class InvalidKey(APIError):
    """The application key is not known to this endpoint, or a key needed to sign is missing."""


class MissingCredentials(InvalidKey, InvalidConfiguration):
    """The call needs credentials, and the client has none, or no consumer key; nothing was sent."""

    may_have_arrived = False


class InvalidCredential(APIError):
    """The consumer key is not valid: not validated yet, expired or refused."""


class NotCredential(APIError):
    """The consumer key does not exist."""


class NotGrantedCall(APIError):
    """No access rule of the consumer key, or no IAM policy, allows this call."""


class Forbidden(APIError):
    """The API refuses the call for another reason: a restriction, a busy service (403)."""


class Unauthorized(APIError):
    """The API does not know who is calling (401)."""


class BadParametersError(APIError):
    """The API does not accept the request (400)."""


class InvalidSignature(BadParametersError):
    """The API computed another signature (400 INVALID_SIGNATURE)."""


class QueryTimeOut(BadParametersError):
    """The timestamp is too far from the API's clock (400 QUERY_TIME_OUT)."""


class ResourceNotFoundError(APIError):
    """The resource or the route does not exist (404)."""


class ResourceConflictError(APIError):
    """The resource exists already, or its state forbids the change (409)."""


class ResourceExpiredError(APIError):
    """The service has expired (460)."""


class PreconditionFailed(APIError):
    """The resource changed since it was read: its checksum is another (412)."""


class ResourceLocked(APIError):
    """The resource is locked by another operation (423)."""


class TooManyRequests(APIError):
    """The API asks to slow down (429)."""


class InvalidResponse(APIError):
    """The answer is not what the API promises: no JSON, or without what must be in it; or not the API's own."""


class ServerError(APIError):
    """The API failed (5xx)."""


class GatewayError(ServerError, InvalidResponse):
    """Something in front of the API failed and answered for it: 408 or 5xx, not in the API's JSON."""


class OAuth2FailureError(APIError):
    """The token endpoint gave no access token; ``refused`` says whether the endpoint itself refuses the account."""

    refused: bool = False


class ReadOnlyError(APIError):
    """A write where only reads are allowed."""


class ClientClosed(APIError, RuntimeError):
    """The client, or its transport, was closed before the call, or the interpreter is shutting down."""

    may_have_arrived = False


class CassetteError(APIError):
    """A recording cannot be read or written, was cut off, or does not agree with what the program does."""


class NoRecording(CassetteError):
    """The call was not recorded, and nothing is sent while replaying; the message names the nearest recordings."""

    may_have_arrived = False


class SharedStoreError(APIError):
    """The store that processes share gave no answer, and the call is not to be made without; nothing was sent."""

    may_have_arrived = False


class OutcomeUnknown(APIError):
    """A POST with the same ``_once`` may have been carried out, or not, and nobody can tell; this one was not sent."""

    may_have_arrived = False


class SchemaError(APIError):
    """A description of the API, or the catalogue made of some, cannot be read.

    Attributes:
        problem: what is wrong, without file and place.
        file: the file, or what else the description came from, or None.
        place: where in it, as ``"$.apis[3].path"``, or None.
    """

    may_have_arrived = False

    def __init__(self, problem: str = "", *, file: str | None = None, place: str | None = None, **known: Any) -> None:
        super().__init__(": ".join(filter(None, (file, place, problem))), **known)
        self.problem = problem
        self.file = file
        self.place = place


class OperationFailed(APIError):
    """An asynchronous operation of the API ended badly: a task failed, a resource is in error.

    Attributes:
        state: the status it ended with, or None.
    """

    def __init__(self, *args: object, state: str | None = None, **known: Any) -> None:
        super().__init__(*args, **known)
        self.state = state


class WaitTimeout(APIError, TimeoutError):
    """An asynchronous operation of the API was not over when the time to wait for it was.

    The operation may well go on. The ``__cause__`` is what kept the last polls from an answer, if anything did.

    Attributes:
        state: the last status seen, or None.
        elapsed: seconds that were waited.
    """

    def __init__(self, *args: object, state: str | None = None, elapsed: float = 0.0, **known: Any) -> None:
        super().__init__(*args, **known)
        self.state = state
        self.elapsed = elapsed


class HTTPError(APIError):
    """No answer came from the API."""


class NetworkError(HTTPError):
    """The network failed; the original exception is the ``__cause__``."""


class ConnectError(NetworkError, ConnectionError):
    """No connection could be made; nothing was sent."""

    may_have_arrived = False


class TLSError(ConnectError):
    """The server could not prove who it is, or TLS failed; nothing was sent."""


class ProxyError(ConnectError):
    """The proxy refused or failed; nothing was sent."""


class TransportTimeout(NetworkError, TimeoutError):
    """The exchange took longer than a timeout allows."""


class ConnectTimeout(ConnectError, TransportTimeout):
    """No connection within the connect timeout; nothing was sent."""


class ReadTimeout(TransportTimeout):
    """The server was silent for longer than the read timeout."""


class TotalTimeout(TransportTimeout):
    """The answer was not complete within the total timeout."""


class PoolTimeout(TransportTimeout):
    """No pooled connection became free in time; nothing was sent."""

    may_have_arrived = False


class ConnectionLost(NetworkError, ConnectionError):
    """The connection ended before the answer was complete."""


class ProtocolError(NetworkError):
    """The answer is not HTTP, cannot be decompressed, or is larger than allowed."""
