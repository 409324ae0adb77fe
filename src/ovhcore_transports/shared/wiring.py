"""Let a client send a POST once, and share its tokens and the API's time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ovhcore.exceptions import InvalidConfiguration, InvalidRequest
from ovhcore.flows import Flow, Handler, Middleware, Observer, TimeSync, TimeSyncFactory, TokenSharing
from ovhcore.protocol import OAuth2Client, Request, Response

from .keeper import keeper_of
from .once import OnceClaims, sent_once
from .scopes import scope_of
from .sealing import Seal
from .time_sharing import SharedTimeSync
from .tokens import SharedTokens

if TYPE_CHECKING:
    from ovhcore.config import Settings

__all__ = ["once_of", "time_of", "tokens_of"]


def once_of(settings: Settings, url: str) -> Middleware:
    """Return the middleware that sends a POST of a name at most once.

    Where it cannot, for want of credentials or of a library, it refuses calls with a name, and lets the others pass.

    Args:
        settings: of the client.
        url: of the store.

    Raises:
        InvalidConfiguration: a library that the store needs is not installed.
    """
    credentials = settings.credentials
    if credentials is None or credentials.problem is not None:
        return _refusing("_once needs credentials that are known when the client is made")
    keeper = keeper_of(url)
    try:
        seal = Seal(credentials)
    except InvalidConfiguration as error:
        problem = str(error)
    else:
        return sent_once(OnceClaims(keeper, scope_of(settings), seal))
    return _refusing(problem)


def tokens_of(settings: Settings, url: str) -> TokenSharing | None:
    """Return what gets tokens for several processes; None where nothing could be shared or encrypted.

    Args:
        settings: of the client.
        url: of the store.

    Raises:
        InvalidConfiguration: a library that the store needs is not installed.
    """
    credentials = settings.credentials
    if not isinstance(credentials, OAuth2Client) or credentials.problem is not None:
        return None
    keeper = keeper_of(url)
    try:
        seal = Seal(credentials)
    except InvalidConfiguration:
        return None  # tokens are not written down as they are
    return SharedTokens(keeper, f"token:{scope_of(settings)}", seal).get


def time_of(settings: Settings, url: str, chosen: TimeSyncFactory) -> TimeSyncFactory:
    """Return a maker of what knows the API's time, and shares it; a plugin's own :class:`.TimeSync` stays as it is.

    Args:
        settings: of the client.
        url: of the store.
        chosen: makes what does not share.

    Raises:
        InvalidConfiguration: a library that the store needs is not installed.
    """
    keeper = keeper_of(url)

    def make(ask: Request, handler: Handler, notify: Observer | None) -> TimeSync:
        plain = chosen(ask, handler, notify)
        if type(plain) is not TimeSync or plain.mode == "off":
            return plain
        return SharedTimeSync(plain.mode, ask, handler, notify, keeper, f"time:{scope_of(settings)}:{plain.mode}")

    return make


def _refusing(problem: str) -> Middleware:
    def middleware(handler: Handler) -> Handler:
        def handle(request: Request) -> Flow[Response]:
            if request.call is not None and "once" in request.call.options:
                raise InvalidRequest(problem)
            return handler(request)

        return handle

    return middleware
