"""Credentials from a function of the program, which is called again when the API does not accept them."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Generator, Iterator
from typing import Any, TypeAlias

from ...exceptions import InvalidConfiguration, OAuth2FailureError
from ...protocol.credentials import REMEMBERED, AccessToken, ApplicationKey, Credentials, OAuth2Client
from ...protocol.messages import Request, Response
from ...protocol.responses.decoding import is_refusal
from ..effects import Flow, Once
from ..interpreter_exit import reporting_shutdown
from ..observation import Observer
from .schemes import Authentication
from .time_sync import TimeSync

__all__ = ["CredentialsProvider", "ProvidedAuthentication", "RenewableProvider"]

CredentialsProvider: TypeAlias = "Callable[[Credentials | None], Credentials | Flow[Credentials]]"
"""A function that returns credentials, or a flow that returns them.

A client calls it with None when the first request needs credentials, and with the refused
credentials when the API has refused them. If it returns the same ones again, there are no others.
The function itself must not block for long: under asyncio it runs in the event loop. Calls that need
credentials at the same time share one call of it. If it raises an exception, the call that needed
credentials raises that; the next call asks again."""


class RenewableProvider:
    """A provider with its first credentials at hand, which is asked for others when the API has refused them.

    A client with such a provider knows from the beginning who calls. With any other provider it
    does not know that before the first call that has to be authenticated.

    Args:
        credentials: the first credentials.
        renew: the provider that is asked for others.
    """

    __slots__ = ("credentials", "renew")

    def __init__(self, credentials: Credentials, renew: CredentialsProvider) -> None:
        self.credentials = credentials
        self.renew = renew

    def __call__(self, refused: Credentials | None) -> Credentials | Flow[Credentials]:
        """Return other credentials than the refused ones, if there are any; or a flow that returns them."""
        return self.renew(refused)


class ProvidedAuthentication(Authentication):
    """Authentication with the credentials of a provider.

    Args:
        time: the estimate of the API's clock.
        provider: the provider that is asked for credentials.
        make: a function that makes the authentication with given credentials.
        notify: an observer of new credentials.

    Raises:
        InvalidConfiguration: the credentials of a :class:`RenewableProvider` cannot be used.
    """

    def __init__(
        self,
        time: TimeSync,
        provider: CredentialsProvider,
        make: Callable[[Credentials], Authentication],
        notify: Observer | None = None,
    ) -> None:
        super().__init__(time)
        self._provider = provider
        self._make = make
        self._notify = notify
        self._given: Credentials | None = None
        self._current: Authentication | None = None
        self._replaced: tuple[Authentication, ...] = ()
        if isinstance(provider, RenewableProvider):
            if (problem := _problem(provider.credentials)) is not None:
                raise problem
            self._given = provider.credentials
            self._current = make(self._given)

    @property
    def current(self) -> Authentication:
        """The authentication with the credentials at hand; itself as long as there are none."""
        return self if self._current is None else self._current

    def ready(self) -> Flow[Authentication]:
        """Return the authentication with the credentials at hand; ask for credentials first if there are none."""
        if self._current is None:
            yield Once(self, self._ask_provider(None))
        return self.current

    def handle(self, request: Request) -> Flow[Response]:
        """Send with the provider's credentials; if the API refuses them, ask for others and send once more.

        A refused call was not carried out, so any method is sent again.
        """
        if not request.need_auth and self._current is None:
            return self.time.send(request)
        return self._send_with_provided(request)

    def _send_with_provided(self, request: Request) -> Flow[Response]:
        current = self._current
        if current is None:
            current = yield Once(self, self._ask_provider(None))
        try:
            response = yield from current.handle(request)
        except OAuth2FailureError as error:
            # The token endpoint refuses a service account before the API sees the call.
            if not error.refused:
                raise
            again = yield from self._send_again(request, current)
            if again is None:
                raise
            return again
        if not request.need_auth or not is_refusal(response):
            return response
        again = yield from self._send_again(request, current)
        return response if again is None else again

    def _send_again(self, request: Request, refused: Authentication) -> Flow[Response | None]:
        """Send with other credentials; return None if the provider has no others."""
        other: Authentication = yield Once(self, self._ask_provider(refused))
        if other is refused:
            return None
        return (yield from other.handle(request))

    def _ask_provider(self, refused: Authentication | None) -> Flow[Authentication]:
        """Ask the provider for other credentials than the refused ones; return the authentication with them."""
        # Before this flow started, another may have got new credentials.
        if self._current is not refused and self._current is not None:
            return self._current
        provided: Any = self._provider(self._given)
        if isinstance(provided, Generator):
            provided = yield from provided
        if (problem := _problem(provided)) is not None:
            provided = None  # a traceback would show it
            raise problem
        if self._current is not None and provided == self._given:
            return self._current
        made = self._make(provided)
        if self._current is not None:
            # A call that took the old one may end after its replacement.
            self._replaced = (self._current, *self._replaced)[:REMEMBERED]
        self._given, self._current = provided, made
        if self._notify is not None:
            with reporting_shutdown:
                from ..events import TokenRenewed

            self._notify(TokenRenewed(None))
        return made

    def secrets(self) -> Iterator[str]:
        """Yield the values that must not be shown."""
        for known in (self._current, *self._replaced):
            if known is not None:
                yield from known.secrets()


def _problem(provided: Any) -> InvalidConfiguration | None:
    """Return the exception for a value that is no credentials; None for credentials."""
    if isinstance(provided, (ApplicationKey, OAuth2Client, AccessToken)):
        return None
    if isinstance(provided, Coroutine):
        provided.close()  # else Python complains that nobody awaited it
    return InvalidConfiguration(
        f"What supplies credentials returned {type(provided).__name__}: ApplicationKey, OAuth2Client or AccessToken "
        "is wanted, or a flow that returns one"
    )
