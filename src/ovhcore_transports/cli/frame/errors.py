"""What is told of an error, and the exit code that it ends with."""

from __future__ import annotations

from collections.abc import Iterator
from enum import IntEnum
from typing import Final

from ovhcore import exceptions as exc

from .text import one_line

__all__ = ["ExitCode", "error_lines", "exit_code"]


class ExitCode(IntEnum):
    """How a command ended; the table of the reference has the same."""

    OK = 0
    """All went well."""
    FAILED = 1
    """Something else went wrong: an operation failed, a check found something."""
    USAGE = 2
    """What was typed, or a call that cannot be sent as written; nothing was sent."""
    SETTINGS = 3
    """A setting is missing or wrong, as credentials; nothing was sent."""
    DENIED = 4
    """The API does not let this caller do it: keys, rights, signature, clock (401, 403)."""
    NOT_FOUND = 5
    """There is no such object or path, or it has expired (404, 460)."""
    NETWORK = 6
    """No answer came."""
    SERVER = 7
    """The API failed (5xx)."""
    REFUSED = 8
    """The API refuses this call (other 4xx): a bad value, a conflict, a lock, too many calls."""
    NOT_OVER = 9
    """What was waited for was not over at the deadline."""
    INTERRUPTED = 130
    """Ctrl+C."""
    PIPE_CLOSED = 141
    """Whoever read the output has left."""


# The first that fits counts: MissingCredentials is an InvalidKey, too.
_CODES: Final[tuple[tuple[tuple[type[Exception], ...], ExitCode], ...]] = (
    ((exc.InvalidRequest,), ExitCode.USAGE),
    ((exc.InvalidConfiguration, exc.InvalidRegion), ExitCode.SETTINGS),
    (
        (
            exc.InvalidKey,
            exc.InvalidCredential,
            exc.NotCredential,
            exc.NotGrantedCall,
            exc.Forbidden,
            exc.Unauthorized,
            exc.InvalidSignature,
            exc.QueryTimeOut,
            exc.OAuth2FailureError,
            exc.ReadOnlyError,
        ),
        ExitCode.DENIED,
    ),
    ((exc.ResourceNotFoundError, exc.ResourceExpiredError), ExitCode.NOT_FOUND),
    ((exc.WaitTimeout,), ExitCode.NOT_OVER),
    ((exc.HTTPError,), ExitCode.NETWORK),
    ((exc.ServerError,), ExitCode.SERVER),
    (
        (
            exc.BadParametersError,
            exc.ResourceConflictError,
            exc.PreconditionFailed,
            exc.ResourceLocked,
            exc.TooManyRequests,
        ),
        ExitCode.REFUSED,
    ),
)

_LOGIN: Final = "ovhcore login makes a key and saves it"
_OTHER_APPLICATION: Final = "ovhcore login --new-application makes another key"
_OTHER_RIGHTS: Final = "ovhcore whoami shows the rights of the key; ovhcore login asks for one with others"
_DOCTOR: Final = "ovhcore doctor looks for the cause"
_NEXT: Final[tuple[tuple[tuple[type[Exception], ...], str], ...]] = (
    ((exc.NotGrantedCall,), _OTHER_RIGHTS),
    ((exc.MissingCredentials,), _LOGIN),
    ((exc.InvalidCredential, exc.NotCredential, exc.Unauthorized), f"{_LOGIN}; {_DOCTOR}"),
    ((exc.InvalidKey,), f"{_OTHER_APPLICATION}; {_DOCTOR}"),
    (
        (exc.InvalidSignature, exc.QueryTimeOut, exc.OAuth2FailureError, exc.HTTPError),
        _DOCTOR,
    ),
    ((exc.GatewayError,), _DOCTOR),
)
_IN_PYTHON: Final = "client.new_consumer_key_request()"


def exit_code(error: BaseException) -> ExitCode:
    """Return the code that a command ends with after an error."""
    return next((code for kinds, code in _CODES if isinstance(error, kinds)), ExitCode.FAILED)


def error_lines(error: BaseException) -> Iterator[str]:
    """Yield what is told of an error, without secrets: the message, then what else is known, a line each."""
    if isinstance(error, exc.APIError):
        yield f"Error: {one_line(str(error)) or type(error).__name__}"
        yield from _known(error)
    elif isinstance(error, OSError):
        named = f"{error.filename}: {error.strerror}" if error.filename and error.strerror else str(error)
        yield f"Error: {one_line(named)}"
    else:
        from ovhcore.protocol import redact_text

        yield f"Error: {type(error).__name__}: {one_line(redact_text(str(error)))}"
        yield "  next: this should not happen; --debug shows where it came from"


def _known(error: exc.APIError) -> Iterator[str]:
    if error.method and error.url:
        yield f"  call: {error.method} {one_line(error.url)}"
    if error.status:
        yield f"  status: {error.status} {one_line(error.code or error.error_class or '')}".rstrip()
    if error.attempts > 1:
        yield f"  attempts: {error.attempts}"
    if error.hint:
        yield f"  hint: {one_line(error.hint.replace(_IN_PYTHON, 'ovhcore login'))}"
    if error.query_id:
        yield f"  query id: {one_line(error.query_id)}"
    step = next((step for kinds, step in _NEXT if isinstance(error, kinds)), None)
    if isinstance(error, exc.InvalidRegion) and str(error).startswith("No endpoint is set"):
        step = _LOGIN
    if step is not None:
        yield f"  next: {step}"
