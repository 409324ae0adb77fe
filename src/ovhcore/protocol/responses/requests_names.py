"""The names of a response of requests, for programs written for python-ovh, which returns such responses.

These names stand below messages and decoding, and import neither: ``Response`` inherits them, and
:mod:`ovhcore.protocol.responses.decoding` gives ``Response`` its decoder.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, ClassVar, NoReturn, Self

if TYPE_CHECKING:
    from datetime import timedelta
    from types import TracebackType

__all__ = ["AnsweredRequest", "RequestsNames"]


class AnsweredRequest:
    """The request that a response answers, with what the response needs to know about the exchange.

    Attributes:
        request: the :class:`.Request`.
        elapsed: seconds until the answer was complete.
        redact: a function that hides the secrets of the client.
    """

    __slots__ = ("elapsed", "redact", "request")

    def __init__(self, request: Any, elapsed: float = 0.0, redact: Callable[[str], str] | None = None) -> None:
        self.request = request
        self.elapsed = elapsed
        self.redact = redact


def _undecoded(*response: object, **known: object) -> NoReturn:
    raise RuntimeError("import ovhcore.protocol.responses.decoding first: it decodes responses")


class RequestsNames:
    """The names of ``requests.Response``, but ``request``, for a response that was read to its end."""

    __slots__ = ("_asked",)

    decoder: ClassVar[Callable[..., Any]] = staticmethod(_undecoded)
    """The function that returns the value of a response, or raises; see :func:`.decode`."""

    if TYPE_CHECKING:
        # The class that inherits these names has these fields.
        status: int
        body: bytes

    @property
    def asked(self) -> AnsweredRequest | None:
        """The request that this response answers; None if it is not known."""
        return getattr(self, "_asked", None)

    def __bool__(self) -> bool:
        """Say whether the status is below 400."""
        return self.status < 400

    @property
    def ok(self) -> bool:
        """Whether the status is below 400."""
        return self.status < 400

    @property
    def status_code(self) -> int:
        """The status."""
        return self.status

    @property
    def reason(self) -> str:
        """The usual words for the status, as ``"Not Found"``; empty for a status without them."""
        try:
            from http import HTTPStatus  # imported here, as datetime below: no call needs it

            return HTTPStatus(self.status).phrase
        except ValueError:
            return ""

    @property
    def content(self) -> bytes:
        """The body."""
        return self.body

    @property
    def text(self) -> str:
        """The body as UTF-8 text; bytes that are not UTF-8 become U+FFFD."""
        return self.body.decode("utf-8", "replace")

    @property
    def encoding(self) -> str:
        """The encoding of :attr:`text`: always ``"utf-8"``, which the API writes."""
        return "utf-8"

    @property
    def url(self) -> str:
        """The URL that was asked for; empty if it is not known."""
        return "" if self.asked is None else self.asked.request.url

    @property
    def elapsed(self) -> timedelta:
        """The time of all attempts of the call together. Zero for ``error.response``: it is not measured there."""
        from datetime import timedelta

        return timedelta(seconds=0.0 if self.asked is None else self.asked.elapsed)

    def json(self, **options: Any) -> Any:
        """Parse the body as JSON.

        Args:
            **options: those of ``json.loads``.

        Raises:
            ValueError: the body is not JSON.
        """
        return json.loads(self.body, **options)

    def value(self) -> Any:
        """Return what :meth:`.Client.call` would return for this answer: its JSON value, None for an empty one.

        Raises:
            APIError: the kind that the answer calls for; see :mod:`ovhcore.exceptions`.
        """
        asked = self.asked
        if asked is None:
            return self.decoder(self)
        return self.decoder(self, asked.request, redact=asked.redact)

    def raise_for_status(self) -> None:
        """Raise the exception that the status calls for, if it is 400 or above.

        Raises:
            APIError: the kind that the answer calls for; see :mod:`ovhcore.exceptions`.
        """
        if self.status >= 400:
            self.value()

    def iter_content(self, chunk_size: int | None = 1, decode_unicode: bool = False) -> Iterator[Any]:
        """Iterate over the body.

        Args:
            chunk_size: the number of bytes or characters at once; None for all.
            decode_unicode: whether to hand out text instead of bytes.
        """
        whole: Any = self.text if decode_unicode else self.body
        size = chunk_size or len(whole) or 1
        return (whole[start : start + size] for start in range(0, len(whole), size))

    def iter_lines(self, chunk_size: int = 512, decode_unicode: bool = False, delimiter: Any = None) -> Iterator[Any]:
        """Iterate over the lines of the body, without their ends.

        Args:
            chunk_size: has no effect; the body is there already.
            decode_unicode: whether to hand out text instead of bytes.
            delimiter: the end of a line, instead of any line end.
        """
        whole: Any = self.text if decode_unicode else self.body
        return iter(whole.split(delimiter) if delimiter else whole.splitlines())

    def close(self) -> None:
        """Do nothing: the connection was given back when the answer was complete."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        """Do nothing, as :meth:`close`."""
