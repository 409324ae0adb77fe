"""Requests and responses: frozen data, bodies as bytes.

Nothing here prints a secret: the reprs show the values of a few harmless headers, the
names of all others, and the length of a body.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeVar, cast, overload

from .frozen import Frozen, put
from .redaction import PLAIN_HEADERS, redact_headers, redact_url
from .responses.requests_names import AnsweredRequest, RequestsNames

if TYPE_CHECKING:
    from .responses.attempts import Attempt

__all__ = ["DEFAULT_TIMEOUT", "DEFAULT_TOTAL", "Call", "Headers", "Request", "Response", "Timeout"]

T = TypeVar("T")


DEFAULT_TOTAL: Final = 600.0
"""Seconds after which a call ends by default: ten minutes, whatever the call waits for.

Without this limit a server that sends a byte now and then would hold a call for ever: no silence is ever too long.
"""


class Timeout(NamedTuple):
    """The time limits of a call, in seconds.

    Attributes:
        connect: for a connection, TLS included.
        read: for each read, and for a pooled connection to become free.
        total: for a whole call, with all its waits and attempts; for a single exchange, from asking for a
            connection to the last byte. None for no limit.
    """

    connect: float
    read: float
    total: float | None = DEFAULT_TOTAL


DEFAULT_TIMEOUT: Final = Timeout(180.0, 180.0)
"""Connect and read as in python-ovh, and a total, which python-ovh does not have."""


class Headers(Mapping[str, str]):
    """HTTP header fields: looked up in any case; their order, case and repetition are kept.

    >>> headers = Headers([("Date", "today"), ("Via", "a"), ("via", "b")])
    >>> headers["VIA"], len(headers), headers.pairs[0]
    ('a, b', 2, ('Date', 'today'))
    """

    __slots__ = ("_index", "pairs")

    pairs: tuple[tuple[str, str], ...]
    """Every field as it was given, in order."""

    def __init__(self, fields: Mapping[str, str] | Iterable[tuple[str, str]] = ()) -> None:
        if type(fields) is tuple:
            self.pairs = fields
        elif isinstance(fields, Headers):
            self.pairs = fields.pairs
        elif isinstance(fields, Mapping):
            self.pairs = tuple(cast("Mapping[str, str]", fields).items())
        else:
            self.pairs = tuple(fields)
        self._index: dict[str, tuple[str, str]] | None = None

    def _indexed(self) -> dict[str, tuple[str, str]]:
        index = self._index
        if index is None:
            index = {}
            for name, value in self.pairs:
                key = name.lower()
                known = index.get(key)
                index[key] = (name, value) if known is None else (known[0], f"{known[1]}, {value}")
            self._index = index
        return index

    def __getitem__(self, name: str) -> str:
        return self._indexed()[name.lower()][1]

    @overload
    def get(self, key: str, /) -> str | None: ...
    @overload
    def get(self, key: str, /, default: str | T) -> str | T: ...
    def get(self, key: str, /, default: Any = None) -> Any:
        """Return the value of a field, or ``default``."""
        if self._index is not None:
            found = self._index.get(key.lower())
            return default if found is None else found[1]
        # Most answers are asked for one or two fields: an index would cost more than it saves.
        wanted, size = key.lower(), len(key)
        value: str | None = None
        for name, each in self.pairs:
            if len(name) == size and name.lower() == wanted:
                value = each if value is None else f"{value}, {each}"
        return default if value is None else value

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and name.lower() in self._indexed()

    def __iter__(self) -> Iterator[str]:
        return iter([name for name, _ in self._indexed().values()])

    def __len__(self) -> int:
        return len(self._indexed())

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Headers):
            return NotImplemented
        return [(n.lower(), v) for n, v in self.pairs] == [(n.lower(), v) for n, v in other.pairs]

    def __hash__(self) -> int:
        return hash(tuple((name.lower(), value) for name, value in self.pairs))

    def __reduce__(self) -> tuple[Any, ...]:
        return (Headers, (self.pairs,))

    def redacted(self) -> Headers:
        """Return a copy whose sensitive values are hidden."""
        return Headers(redact_headers(self.pairs))

    def __repr__(self) -> str:
        # Other fields may hold anything; a server may even send back what it received.
        shown = [(n, v if n.lower() in PLAIN_HEADERS else "...") for n, v in self.pairs]
        return f"Headers({shown!r})"


class Call(Frozen):
    """A call of a program: one request belongs to it, or several if the call is tried again.

    Attributes:
        number: tells calls of one client apart; 0 if nobody observes the call.
        options: settings of plugins for this call alone, by name; see :class:`.Option`.
    """

    __slots__ = ("number", "options")

    number: int
    options: Mapping[str, Any]

    def __init__(self, number: int = 0, options: Mapping[str, Any] | None = None) -> None:
        put(self, "number", number)
        put(self, "options", {} if options is None else options)

    def __hash__(self) -> int:
        return hash((self.number, *self.options))


class Request(Frozen):
    """One HTTP request, ready to be signed or sent.

    Attributes:
        method: upper-case HTTP method.
        url: absolute URL, percent-encoded: exactly what is signed and sent.
        headers: fields to send; ``Host`` and ``Content-Length`` are the transport's.
        body: the bytes to send; empty for none.
        need_auth: whether the call is to be authenticated.
        timeout: seconds to wait for this call, or None for the transport's setting.
        deadline: when the call of this request must be over, in seconds on the monotonic clock, or None.
        call: the call that this request belongs to; None if nobody needs to know it.
    """

    __slots__ = (  # noqa: RUF023 - the order of __init__
        "method",
        "url",
        "headers",
        "body",
        "need_auth",
        "timeout",
        "deadline",
        "call",
    )

    method: str
    url: str
    headers: Headers
    body: bytes
    need_auth: bool
    timeout: Timeout | None
    deadline: float | None
    call: Call | None

    def __init__(
        self,
        method: str,
        url: str,
        headers: Headers | Mapping[str, str] | Iterable[tuple[str, str]] = (),
        body: bytes = b"",
        need_auth: bool = True,
        timeout: Timeout | None = None,
        deadline: float | None = None,
        call: Call | None = None,
    ) -> None:
        _put_method(self, method)
        _put_url(self, url)
        _put_headers(self, headers if type(headers) is Headers else Headers(headers))
        _put_body(self, body)
        _put_need_auth(self, need_auth)
        _put_timeout(self, timeout)
        _put_deadline(self, deadline)
        _put_call(self, call)

    def adding(self, *fields: tuple[str, str]) -> Request:
        """Return a copy with header fields added at the end."""
        headers = Headers(self.headers.pairs + fields)
        return Request(
            self.method, self.url, headers, self.body, self.need_auth, self.timeout, self.deadline, self.call
        )

    def due(self, timeout: Timeout | None, deadline: float) -> Request:
        """Return a copy with other limits."""
        return Request(self.method, self.url, self.headers, self.body, self.need_auth, timeout, deadline, self.call)

    def of_call(self, call: Call) -> Request:
        """Return a copy that is part of a call."""
        return Request(
            self.method, self.url, self.headers, self.body, self.need_auth, self.timeout, self.deadline, call
        )

    def __repr__(self) -> str:
        return (
            f"<Request {self.method} {redact_url(self.url)} {self.headers!r} "
            f"body: {len(self.body)} bytes, need_auth={self.need_auth}>"
        )


# Two requests are made for each call; a slot's own setter takes two thirds of the time of object.__setattr__.
_put_method, _put_url, _put_headers, _put_body, _put_need_auth, _put_timeout, _put_deadline, _put_call = (
    getattr(Request, name).__set__ for name in Request.__slots__
)


class Response(RequestsNames, Frozen):
    """One HTTP response, read to its end and decompressed.

    ``status_code``, ``content``, ``text``, ``ok``, ``json()`` and others are spelled as in
    requests, so that a program written for python-ovh can go on reading ``client.raw_call(...)``
    and ``error.response``. A response is false if its status is 400 or above.

    Attributes:
        status: HTTP status.
        headers: fields as they were received.
        body: the bytes, decompressed.
        history: all the attempts of the call, if there was more than one.
    """

    __slots__ = ("status", "headers", "body", "history")  # noqa: RUF023 - the order of __init__

    status: int
    headers: Headers
    body: bytes
    history: tuple[Attempt, ...]

    def __init__(
        self,
        status: int,
        headers: Headers | Mapping[str, str] | Iterable[tuple[str, str]] = (),
        body: bytes = b"",
        history: tuple[Attempt, ...] = (),
    ) -> None:
        _put_status(self, status)
        _put_fields(self, headers if isinstance(headers, Headers) else Headers(headers))
        _put_content(self, body)
        _put_history(self, history)

    @property
    def request(self) -> Request | None:
        """The request, before it was signed; that of ``error.response`` has no body, and its secrets are hidden."""
        return None if self.asked is None else self.asked.request

    @property
    def query_id(self) -> str | None:
        """OVHcloud's name for this exchange, to quote to its support."""
        return self.headers.get("x-ovh-queryid") or self.headers.get("x-ovh-query-id")

    def answering(self, request: Request, elapsed: float = 0.0, redact: Callable[[str], str] | None = None) -> Response:
        """Return a copy that knows the request it answers.

        Args:
            request: the request that this response answers.
            elapsed: seconds until the answer was complete.
            redact: a function that hides the secrets of the client, for exceptions.
        """
        response = Response(self.status, self.headers, self.body, self.history)
        _put_asked(response, AnsweredRequest(request, elapsed, redact))
        return response

    def __reduce__(self) -> tuple[Any, ...]:
        asked = self.asked
        # A pickle leaves ``redact`` out, which knows secrets, and names the decoder, so that unpickling imports it.
        known = None if asked is None else (asked.request, asked.elapsed)
        return (_response, (self._values(), known, self.decoder))

    def __repr__(self) -> str:
        return f"<Response {self.status} {self.headers!r} body: {len(self.body)} bytes>"


_put_status, _put_fields, _put_content, _put_history = (getattr(Response, name).__set__ for name in Response.__slots__)
_put_asked = getattr(RequestsNames, "_asked").__set__  # noqa: B009 - a slot, which type checkers do not know


def _response(values: tuple[Any, ...], asked: tuple[Request, float] | None, decoder: Any = None) -> Response:
    response = Response(*values)
    return response if asked is None else response.answering(*asked)
