"""The flows of a client put together, for clients and for loops of other programs."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from typing import TYPE_CHECKING, Any

from ..protocol.credentials import ApplicationKey, Credentials
from ..protocol.endpoints import Endpoint
from ..protocol.messages import Headers, Request, Response
from ..protocol.redaction import Redaction
from ..protocol.requests.building import build_request
from .authentication import Authentication, as_application, authentication
from .authentication.time_sync import TimeSync, TimeSyncFactory
from .effects import Flow, Handler
from .exchange import exchange
from .interpreter_exit import reporting_shutdown
from .observation import Contents, Notifier, Observer

if TYPE_CHECKING:
    from .authentication.oauth2 import TokenSharing
    from .authentication.providers import CredentialsProvider

__all__ = ["observed_calls", "observed_exchanges", "pipeline"]


def pipeline(
    endpoint: Endpoint,
    credentials: Credentials | CredentialsProvider | None,
    *,
    time_sync: str | TimeSyncFactory = "date",
    headers: Headers = Headers(),  # noqa: B008 - immutable
    observer: Observer | None = None,
    declared: Redaction = Redaction(),  # noqa: B008 - immutable
    looked: Callable[[], str] | None = None,
    contents: Contents | None = None,
    share: TokenSharing | None = None,
) -> Authentication:
    """Return an ``Authentication``, which signs and sends requests to an API, keeps its time and renews its tokens.

    It serves many calls: it remembers the offset of the API's clock and the token in use. Its
    ``handle(request)`` is a flow.

    Args:
        endpoint: the API.
        credentials: the credentials, or a provider of them; None for calls that need none.
        time_sync: ``"date"``, ``"server"`` or ``"off"``; see :mod:`ovhcore.flows.authentication.time_sync`.
            Or a function that makes a :class:`.TimeSync` of the request for the time, its sender and an observer.
        headers: fields of the object's own requests, for the time and for tokens.
        observer: an observer of every exchange.
        declared: secrets that are hidden from the observer, besides those that always are.
        looked: a function that says where credentials were looked for, for the error that there are none.
        contents: the one that events of calls use, if there is one; the secrets of a request are then learnt once.
        share: gets tokens for several processes.

    Raises:
        InvalidConfiguration: a service account for an endpoint that has no token URL.
    """
    handler: Handler = exchange
    notify = Notifier([("observer", observer)]) if observer and not isinstance(observer, Notifier) else observer
    if notify is not None:
        handler = observed_exchanges(exchange, notify, contents or Contents(lambda: made.secrets(), declared))
    ask = build_request(endpoint, "GET", "/auth/time", need_auth=False, headers=headers)
    if isinstance(credentials, ApplicationKey) and credentials.problem is None:
        ask = as_application(ask, credentials)
    time = TimeSync(time_sync, ask, handler, notify) if isinstance(time_sync, str) else time_sync(ask, handler, notify)
    agent = headers.get("User-Agent")

    def make(given: Credentials | None) -> Authentication:
        return authentication(given, endpoint, time, handler, notify, agent, looked, share)

    made: Authentication
    if callable(credentials):
        from .authentication.providers import ProvidedAuthentication

        made = ProvidedAuthentication(time, credentials, make, notify)
    else:
        made = make(credentials)
    return made


def observed_calls(handler: Handler, notify: Notifier, contents: Contents) -> Handler:
    """Tell of the beginning and the end of every call, and give it its number; costs little while nobody observes."""
    return _while_active(handler, notify, contents, lambda telling: telling.telling_of_calls)


def observed_exchanges(handler: Handler, notify: Notifier, contents: Contents) -> Handler:
    """Tell of every request and its response; costs little while nobody observes."""
    return _while_active(handler, notify, contents, lambda telling: telling.telling_of_exchanges)


def _while_active(
    handler: Handler, notify: Notifier, contents: Contents, choose: Callable[[Any], Callable[..., Handler]]
) -> Handler:
    """Return a handler that tells observers while any is active; what tells them is loaded when it is needed.

    Args:
        handler: what is told of.
        notify: tells the observers.
        contents: shows what they may see.
        choose: returns the function of :mod:`.telling` that makes the handler.
    """
    told: Handler | None = None
    numbers = count(1)

    def handle(request: Request) -> Flow[Response]:
        nonlocal told
        if not notify.active:
            return handler(request)
        if told is None:
            with reporting_shutdown:
                from . import telling
            told = choose(telling)(handler, notify, contents, numbers)
        return told(request)

    return handle
