"""Authentication schemes: one handler for each kind of credentials.

They stand inside all middleware, next to the exchange, so that what middleware sends again is signed again.
Calls with ``need_auth=False`` carry the application key, as the official wrappers send
it, and nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Final

from ...exceptions import InvalidKey, MissingCredentials
from ...protocol.clock import Now
from ...protocol.credentials import REMEMBERED, AccessToken, ApplicationKey, Credentials, OAuth2Client
from ...protocol.endpoints import Endpoint
from ...protocol.messages import Request, Response
from ...protocol.redaction import Secret
from ...protocol.requests.building import sign_request, signature_fields
from ...protocol.responses.decoding import annotate, is_refusal
from ..effects import CLOCK, Flow, Handler
from ..exchange import exchange, sent_now
from ..observation import Observer
from .time_sync import TimeSync

if TYPE_CHECKING:
    from .oauth2 import TokenSharing, TokenSource

__all__ = ["Authentication", "BearerAuthentication", "KeyAuthentication", "as_application", "authentication"]

_WHERE: Final = (
    "Set application_key, application_secret and consumer_key, or client_id and client_secret, or access_token: as "
    "arguments, as OVH_... variables, or in the section of ovh.conf that has the endpoint's name."
)


class Authentication:
    """Authentication without credentials; base of the other kinds.

    Args:
        time: sends the authenticated requests.
        looked: a function that says where credentials were looked for, for the error that there are none.
    """

    def __init__(self, time: TimeSync, looked: Callable[[], str] | None = None) -> None:
        self.time = time
        self._looked = looked

    @property
    def current(self) -> Authentication:
        """The authentication in use: itself, unless a provider supplies the credentials."""
        return self

    def ready(self) -> Flow[Authentication]:
        """Return the authentication in use; a provider fetches its credentials first."""
        yield from ()
        return self.current

    def handle(self, request: Request) -> Flow[Response]:
        """Answer a request, authenticated if it needs to be."""
        if request.need_auth:
            looked = "" if self._looked is None else self._looked()
            said = "This call needs credentials and there are none"
            error = MissingCredentials(f"{said}. {looked}" if looked else said, hint=_WHERE)
            raise annotate(error, request)
        return self.time.send(request)

    def secrets(self) -> Iterator[str]:
        """Yield the values that must not be shown."""
        return iter(())


class KeyAuthentication(Authentication):
    """Application key, secret and consumer key: signed requests."""

    def __init__(self, time: TimeSync, credentials: ApplicationKey) -> None:
        super().__init__(time)
        self.credentials = credentials
        self._replaced: tuple[Secret, ...] = ()

    def replace_consumer_key(self, key: str | None) -> None:
        """Sign with another consumer key from now on.

        Raises:
            InvalidConfiguration: the value cannot be a key.
        """
        known = self.credentials
        self.credentials = ApplicationKey(known.application_key, known.application_secret, key)
        if known.consumer_key is not None:
            self._replaced = (known.consumer_key, *self._replaced)[:REMEMBERED]

    def handle(self, request: Request) -> Flow[Response]:
        """Sign and send; when the API says that the time is wrong, correct the time and sign and send again."""
        if not request.need_auth:
            return self.time.send(as_application(request, self.credentials))
        return self._send_signed(request)

    def _send_signed(self, request: Request) -> Flow[Response]:
        """Sign with the time as it is known, and send; learn from the answer."""
        time = self.time
        if time.must_ask:
            yield from time.prepare()
        answers = time.answers
        now: Now = yield CLOCK
        timestamp = time.timestamp(now)
        response = yield from time.handler(
            # This is not kept in a variable, which the traceback of a failure would show.
            sent_now(request, signature_fields(request, self.credentials, timestamp), now.monotonic)
        )
        if response.status == 400 and time.denied(response):
            return (yield from self._send_with_corrected_time(request, response, now, timestamp, answers))
        server = time.new_date(response)
        if server is not None:
            yield from time.learn(now, server)
        return response

    def _send_with_corrected_time(
        self, request: Request, response: Response, signed: Now, timestamp: int, answers: int
    ) -> Flow[Response]:
        """Send again a request that was refused for its time: the API did nothing."""
        time = self.time
        explained = yield from time.refused(signed, timestamp, response)
        if explained:
            now: Now = yield CLOCK
            response = yield from time.send(sign_request(request, self.credentials, time.timestamp(now)))
            if not time.denied(response):
                return response
        # Only the API itself can tell the time now: the Date may have come from something in between.
        yield from time.correct(answers)
        now = yield CLOCK
        response = yield from time.send(sign_request(request, self.credentials, time.timestamp(now)))
        return response

    def secrets(self) -> Iterator[str]:
        """Yield the values that must not be shown."""
        yield from self.credentials.secrets()
        # A call that took a key before it was replaced may end after that.
        yield from (key.reveal() for key in self._replaced)


class UnsendableKey(KeyAuthentication):
    """An application key with a part that cannot be sent; it refuses to sign."""

    def replace_consumer_key(self, key: str | None) -> None:
        """Use another consumer key; the key before may have been the part that cannot be sent."""
        values = {name: getattr(self.credentials, name) for name in ApplicationKey.__slots__}
        self.credentials = ApplicationKey.unchecked(**{**values, "consumer_key": key})

    def handle(self, request: Request) -> Flow[Response]:
        """Send what needs no signature, and refuse the rest."""
        problem = self.credentials.problem
        if problem is None:
            return super().handle(request)
        if request.need_auth:
            raise annotate(_unsendable(problem), request)
        return self.time.send(request)


class Unsendable(Authentication):
    """A token or a service account that cannot be sent."""

    def __init__(self, time: TimeSync, credentials: OAuth2Client | AccessToken, problem: str) -> None:
        super().__init__(time)
        self._credentials = credentials
        self._problem = problem

    def handle(self, request: Request) -> Flow[Response]:
        """Send what needs no credentials, and refuse the rest."""
        if request.need_auth:
            raise annotate(_unsendable(self._problem), request)
        return self.time.send(request)

    def secrets(self) -> Iterator[str]:
        """Yield the values that must not be shown."""
        yield from self._credentials.secrets()


class BearerAuthentication(Authentication):
    """Authentication with an access token: one that was given, or one that a service account fetches."""

    def __init__(self, time: TimeSync, tokens: TokenSource | Secret) -> None:
        super().__init__(time)
        self.tokens = tokens

    def handle(self, request: Request) -> Flow[Response]:
        """Send with a token; when the API does not accept it, fetch another and send once more."""
        if not request.need_auth:
            return self.time.send(request)
        if isinstance(self.tokens, Secret):
            return self.time.send(_bearing(request, self.tokens))
        return self._send_with_token(request, self.tokens)

    def _send_with_token(self, request: Request, tokens: TokenSource) -> Flow[Response]:
        """Send with the token in use; if the API refuses it, once more with a new one."""
        token = yield from tokens.token()
        response = yield from self.time.send(_bearing(request, token))
        if response.status == 401 and is_refusal(response):
            token = yield from tokens.token(refused=token)
            response = yield from self.time.send(_bearing(request, token))
        return response

    def secrets(self) -> Iterator[str]:
        """Yield the values that must not be shown."""
        if isinstance(self.tokens, Secret):
            yield self.tokens.reveal()
        else:
            yield from self.tokens.secrets()


def as_application(request: Request, credentials: ApplicationKey) -> Request:
    """Return a request that says which application sends it, as calls without authentication do, too."""
    return request.adding(("X-Ovh-Application", credentials.application_key))


def _unsendable(problem: str) -> InvalidKey:
    return InvalidKey(
        f"This call needs credentials, and those given cannot be sent: {problem}",
        hint="Give the key as it was issued, without quotes and blanks.",
    )


def _bearing(request: Request, token: Secret) -> Request:
    return request.adding(("Authorization", f"Bearer {token.reveal()}"))


def authentication(
    credentials: Credentials | None,
    endpoint: Endpoint,
    time: TimeSync,
    handler: Handler = exchange,
    notify: Observer | None = None,
    user_agent: str | None = None,
    looked: Callable[[], str] | None = None,
    share: TokenSharing | None = None,
) -> Authentication:
    """Return the authentication for a kind of credentials.

    Args:
        credentials: None for calls that need none.
        endpoint: where service accounts fetch their tokens.
        time: the estimate of the API's clock; it sends the authenticated requests.
        handler: sends the request for a token. The token endpoint is another server,
            whose clock tells nothing of the API's.
        notify: an observer of new tokens.
        user_agent: sent with requests for a token.
        looked: a function that says where credentials were looked for, for the error that there are none.
        share: gets tokens for several processes.

    Raises:
        InvalidConfiguration: a service account for an endpoint that has no token URL.
    """
    if credentials is None:
        return Authentication(time, looked)
    problem = credentials.problem
    if isinstance(credentials, ApplicationKey):
        return KeyAuthentication(time, credentials) if problem is None else UnsendableKey(time, credentials)
    if problem is not None:
        return Unsendable(time, credentials, problem)
    if isinstance(credentials, AccessToken):
        return BearerAuthentication(time, credentials.access_token)
    from .oauth2 import TokenSource  # for service accounts alone

    return BearerAuthentication(time, TokenSource(credentials, endpoint, handler, notify, user_agent, share))
