"""OAuth2 client credentials (RFC 6749, 4.4): fetch, keep, renew before the end."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any, Final, NamedTuple, TypeAlias
from urllib.parse import urlencode

from ...exceptions import APIError, HTTPError, InvalidConfiguration, OAuth2FailureError
from ...protocol.clock import Now
from ...protocol.credentials import REMEMBERED, AccessToken, OAuth2Client
from ...protocol.endpoints import Endpoint
from ...protocol.messages import Request, Response
from ...protocol.redaction import Secret, redactor
from ...protocol.responses.decoding import annotate, error_of, parse_json
from ..effects import Clock, Flow, Handler, Once
from ..interpreter_exit import reporting_shutdown
from ..observation import Observer

__all__ = ["TokenSharing", "TokenSource"]

_DEFAULT_LIFETIME: Final = 3600.0
# A token is renewed this long before its end, so that it does not end on the way; never
# more than a tenth of its life, so that short-lived ones are used at all.
_MARGIN: Final = 10.0
_CHECK: Final = "Check client_id and client_secret, and that the endpoint is the region they were made in."
_NOT_THE_ENDPOINT: Final = (
    "Something other than the token endpoint may have answered, or it failed: check token_url and the proxy."
)


TokenSharing: TypeAlias = (
    "Callable[[Secret | None, Callable[[], Flow[tuple[Secret, float]]]], Flow[tuple[Secret, float]]]"
)
"""A function that gets a token for several processes.

It is given the token that the API has refused, or None, and a function that begins to fetch a new one. Its flow returns
a token, and for how many seconds it is to be used from now; what is fetched is to be used from when it was asked for.
"""


class _Held(NamedTuple):
    token: Secret
    renew_at: float  # monotonic


class TokenSource:
    """The access token of a service account: one per client, fetched once for all calls that wait."""

    def __init__(
        self,
        credentials: OAuth2Client,
        endpoint: Endpoint,
        handler: Handler,
        notify: Observer | None = None,
        user_agent: str | None = None,
        share: TokenSharing | None = None,
    ) -> None:
        if endpoint.token_url is None:
            raise InvalidConfiguration(
                f"Endpoint {endpoint.name!r} has no OAuth2 token URL; service accounts work with ovh-eu, ovh-us and "
                "ovh-ca, or with token_url set"
            )
        self._credentials = credentials
        self._url = endpoint.token_url
        self._handler = handler
        self._notify = notify
        self._headers = {} if user_agent is None else {"User-Agent": user_agent}
        self._share = share
        self._held: _Held | None = None
        self._tokens: tuple[Secret, ...] = ()

    def secrets(self) -> Iterator[str]:
        """Yield the values that must not be shown."""
        yield from self._credentials.secrets()
        # Replaced tokens, too: a call that took one may end after its replacement.
        for token in self._tokens:
            yield token.reveal()

    def token(self, refused: Secret | None = None) -> Flow[Secret]:
        """Return a token that is valid for a while, but not ``refused``.

        Raises:
            OAuth2FailureError: the token endpoint gave none.
            NetworkError: the token endpoint gave no answer.
        """
        now: Now = yield Clock()
        held = self._usable(now, refused)
        if held is None:
            held = yield Once(self, self._renew(refused))
        return held

    def _usable(self, now: Now, refused: Secret | None) -> Secret | None:
        held = self._held
        return held.token if held is not None and held.token != refused and now.monotonic < held.renew_at else None

    def _renew(self, refused: Secret | None) -> Flow[Secret]:
        # Before this flow started, another may have renewed the token.
        asked: Now = yield Clock()
        token = self._usable(asked, refused)
        if token is not None:
            return token
        if self._share is None:
            token, used = yield from self._fetch_token()
        else:
            token, used = yield from self._share(refused, self._fetch_token)
            self._know(token)
            asked = yield Clock()  # another process may have taken long
        self._held = _Held(token, asked.monotonic + used)
        return token

    def _fetch_token(self) -> Flow[tuple[Secret, float]]:
        """Fetch a token; return it, and for how many seconds it is to be used from when it was asked for."""
        request = self._request()
        try:
            response = yield from self._handler(request)
            token, lifetime = self._read(request, response)
        except APIError as error:
            error.beforehand = True
            # A token that nobody receives does no harm.
            error.retry_safe = error.retry_safe or isinstance(error, HTTPError)
            raise
        self._know(token)
        if self._notify is not None:
            with reporting_shutdown:
                from ..events import TokenRenewed

            self._notify(TokenRenewed(lifetime))
        return token, lifetime - min(_MARGIN, lifetime / 10)

    def _know(self, token: Secret) -> None:
        if token not in self._tokens:
            self._tokens = (token, *self._tokens)[:REMEMBERED]

    def _request(self) -> Request:
        form = {
            "grant_type": "client_credentials",
            "client_id": self._credentials.client_id,
            "client_secret": self._credentials.client_secret.reveal(),
            "scope": "all",
        }
        headers = {
            **self._headers,
            "Content-Type": "application/x-www-form-urlencoded",
            "Accept": "application/json",
        }
        return Request("POST", self._url, headers, urlencode(form).encode("ascii"), need_auth=False)

    def _read(self, request: Request, response: Response) -> tuple[Secret, float]:
        # Errors come with status 400, 401 and also 200, so the body decides.
        body: Any = None
        with suppress(ValueError):
            body = parse_json(response.body)
        if response.status == 200 and isinstance(body, dict):
            with suppress(InvalidConfiguration):
                return AccessToken(body.get("access_token", "")).access_token, _lifetime(body.get("expires_in"))
        body = None  # a traceback would show it
        raise self._failure(request, response)

    def _failure(self, request: Request, response: Response) -> OAuth2FailureError:
        """Return the exception for an answer of the token endpoint that holds no token."""
        seen = error_of(response, None, redact=redactor(self._credentials.secrets()))
        said = f": {seen.code}" if seen.code and seen.code != seen.message else ""
        refused = response.status < 500 and response.status not in (408, 429) and seen.code is not None
        failure = OAuth2FailureError(
            f"The token endpoint gave no access token{said}: {seen.message}",
            response=seen.response,
            code=seen.code,
            error_class=seen.error_class,
            details=seen.details,
            query_id=seen.query_id,
            retry_safe=response.status in (408, 429) or response.status >= 500,
            hint=_CHECK if refused else _NOT_THE_ENDPOINT,
        )
        failure.refused = refused
        annotate(failure, request)
        return failure


def _lifetime(value: Any) -> float:
    """Return ``expires_in`` in seconds; it is a number, or its digits, or left out (RFC 6749, 5.1)."""
    try:
        seconds = float(value)
    except (TypeError, ValueError, OverflowError):
        return _DEFAULT_LIFETIME
    return seconds if 0 < seconds < 2**31 else _DEFAULT_LIFETIME
