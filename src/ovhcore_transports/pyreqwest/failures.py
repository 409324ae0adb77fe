"""The meaning of the failures of the library pyreqwest; loaded with the first one, for most programs see none."""

from __future__ import annotations

import errno
import os
import re
from typing import Final

import pyreqwest.exceptions as theirs
from pyreqwest.http import Url

from ovhcore import exceptions as exc
from ovhcore.protocol import Request, Timeout, split_url

from ..http.failures import ENDED, NOT_TLS, causes_of
from ..http.proxies import Proxy
from .loading import FORKED

__all__ = ["failure_of", "not_as_it_is", "problem_of"]

# The library's words for a connection that ended.
_ENDED: Final = (
    "end of file before message length reached",
    "unexpected EOF",
    "without sending TLS close_notify",
    "stream error received",  # over HTTP/2 the server has ended this exchange alone
)
# The library's words for an answer that is not HTTP; the beginnings of its messages, in lower case.
_GARBLED: Final = ("invalid ", "message head", "unexpected transfer-encoding", "unexpected message", "chunk ")
_REFUSED_STREAM: Final = "refused stream before processing"
# The alerts of TLS 1.3 of a server that wants another certificate of the client; it has read no request.
_REFUSED: Final = tuple(
    f"received fatal alert: {alert}"
    for alert in ("CertificateRequired", "BadCertificate", "UnknownCA", "CertificateUnknown", "CertificateExpired")
)
_RESET: Final = (f"(os error {errno.ECONNRESET})", f"(os error {errno.EPIPE})")
_UNREACHED: Final = ("tcp connect error", "dns error")
# The words of rustls for bytes that are no TLS record.
_NO_RECORD: Final = "received corrupt message of type InvalidContentType"
# The part of its messages that may be repeated: nothing in it came from the server.
_REASON: Final = (  # compiled when it is needed, as the next
    r"\(os error (\d+)\)|(?:lookup address information|invalid peer certificate|fatal alert): ([A-Za-z ,-]+)"
)


def not_as_it_is() -> exc.InvalidRequest:
    """Return the error for a URL that the library would send otherwise."""
    return exc.InvalidRequest(
        "pyreqwest writes URLs as browsers do and would send this one otherwise than it was signed: normalise it "
        "(lower-case host, no default port, no dot segments, no fragment, everything unusual percent-encoded), "
        "or use transport urllib3, httpx or aiohttp, which send it as it is"
    )


def failure_of(error: Exception, request: Request, timeout: Timeout, proxy: Proxy | None, late: bool) -> Exception:
    """Return the exception to raise for one of the library; one of ours is raised as it is.

    Args:
        error: the exception; URLs are taken off it.
        request: the request that failed.
        timeout: the timeout that it had.
        proxy: the proxy that was used.
        late: whether the total timeout has passed.
    """
    causes_of(error)
    if isinstance(error, exc.APIError):
        return error
    if not isinstance(error, theirs.RequestError):
        if not isinstance(error, ValueError):
            return error
        if not _is_valid(request.url):
            return not_as_it_is()
        return exc.InvalidRequest("pyreqwest cannot send this request: its method or a header field is not valid")
    origin, _ = split_url(request.url)
    said = [cause["message"] for cause in error.details.get("causes") or ()]
    error.details = {"causes": None}
    error.args = (error.message,)
    if late and isinstance(error, TimeoutError):
        from ..base.deadlines import total_timeout  # with what other transports need to keep to it

        return total_timeout(timeout, origin)
    kind, words = _kind_of(error, said, origin, proxy)
    words = words.format(connect=min(timeout.connect, timeout.read), read=timeout.read, proxy=proxy and proxy.url)
    failure = kind(f"{origin}: {words}{_reason_of(said)}")
    if kind not in (exc.ProtocolError, exc.NetworkError):
        failure.__cause__ = error
    return failure


def _is_valid(url: str) -> bool:
    try:
        return Url.is_valid(url)
    except UnicodeEncodeError:
        return False


def _kind_of(error: Exception, said: list[str], origin: str, proxy: Proxy | None) -> tuple[type[exc.NetworkError], str]:
    connecting = "client error (Connect)" in said
    if isinstance(error, theirs.PoolTimeoutError):
        return exc.PoolTimeout, "no pooled connection became free within {read:g} s"
    secure = origin.startswith("https:")
    if connecting:
        unreached = any(one in _UNREACHED for one in said)
        timed_out = isinstance(error, TimeoutError)
        tunnel = any(one.startswith("tunnel error") for one in said)
        if proxy is not None and (unreached or timed_out or tunnel or not secure):
            return exc.ProxyError, "the proxy {proxy} refused or failed"
        if timed_out:
            return exc.ConnectTimeout, "no connection within {connect:g} s"
        if secure and not unreached:
            return exc.TLSError, "TLS failed"
        if not any(words in one for one in said for words in _RESET):
            return exc.ConnectError, "no connection could be made"
        # A connection that is reset at once is noticed now or when the request is sent, as chance has it.
        return exc.ConnectionLost, ENDED
    if isinstance(error, TimeoutError):
        return exc.ReadTimeout, "the server was silent for {read:g} s"
    if any(one in _REFUSED for one in said):
        return exc.TLSError, "TLS failed"
    if any(_REFUSED_STREAM in one for one in said):
        # The library has no option against this.
        return exc.ConnectionLost, (
            "the server refused the request before looking at it, and over HTTP/2 pyreqwest has sent it up to three "
            "times by itself, also with retry off; without http2, or on httpx, it is sent once"
        )
    ended = any(words in one for one in said for words in _ENDED)
    if ended or isinstance(error, theirs.NetworkError):
        return exc.ConnectionLost, ENDED
    if any(one.lower().startswith(_GARBLED) for one in said):
        return exc.ProtocolError, "the answer is not HTTP"
    # The words are not known, as in another version: the error says only that there is no answer.
    return exc.NetworkError, "pyreqwest got no answer that it could read"


def _reason_of(said: list[str]) -> str:
    for one in reversed(said):
        if _NO_RECORD in one:
            return f" ({NOT_TLS})"
        if found := re.search(_REASON, one):
            return f" ({os.strerror(int(found[1])) if found[1] else found[2].strip()})"
    return ""


def problem_of(error: Exception) -> str:
    """Say why the library has made no client."""
    causes_of(error)
    if "fork" in str(error):
        return FORKED
    causes = getattr(error, "details", {}).get("causes") or ({"message": str(error)},)
    return f"pyreqwest cannot make a client with these certificates and this proxy: {causes[-1]['message']}"
