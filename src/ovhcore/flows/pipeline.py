"""The flows of a client put together, for clients and for whoever drives flows from a loop of their own."""

from __future__ import annotations

from ..protocol.building import build_request
from ..protocol.credentials import ApplicationKey, Credentials
from ..protocol.endpoints import Endpoint
from ..protocol.messages import Headers
from .authentication import Authentication, as_application, authentication
from .events import Observer
from .exchange import exchange, observed
from .timesync import TimeSync

__all__ = ["pipeline"]


def pipeline(
    endpoint: Endpoint,
    credentials: Credentials | None,
    *,
    time_sync: str = "date",
    headers: Headers = Headers(),  # noqa: B008 - immutable
    observer: Observer | None = None,
) -> Authentication:
    """Return what signs and sends requests to an API, keeps its time and renews its tokens.

    One for many calls: it remembers the offset of the API's clock and the token in use. Its
    ``handle(request)`` is a flow.

    Args:
        endpoint: the API.
        credentials: who calls; None for calls that need nobody.
        time_sync: ``"date"``, ``"server"`` or ``"off"``; see :mod:`ovhcore.flows.timesync`.
        headers: fields of the requests that it makes itself, for the time and for tokens.
        observer: is told of every exchange.

    Raises:
        InvalidConfiguration: a service account for an endpoint that has no token URL.
    """
    handler = exchange if observer is None else observed(exchange, observer)
    ask = build_request(endpoint, "GET", "/auth/time", need_auth=False, headers=headers)
    if isinstance(credentials, ApplicationKey):
        ask = as_application(ask, credentials)
    time = TimeSync(time_sync, ask, handler, observer)
    return authentication(credentials, endpoint, time, handler, observer, headers.get("User-Agent"))
