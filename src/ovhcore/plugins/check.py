"""The work of the plugin ``check``: it holds each call against the catalogue before it is sent."""

from __future__ import annotations

import sys
import warnings
from typing import TYPE_CHECKING

from ..exceptions import InvalidRequest, SchemaError
from ..schema.calls import CheckedCall, CheckWarning, DeprecatedOperationWarning, check_call
from ..schema.files.store import catalogue

if TYPE_CHECKING:
    from ..protocol.endpoints import Endpoint
    from ..protocol.messages import Request

__all__ = ["check_request"]

_HOMES = tuple(f"{__name__.partition('.plugins')[0]}{rest}" for rest in (".", "_transports."))


def check_request(endpoint: Endpoint, request: Request, mode: str, told: set[str]) -> None:
    """Hold a request against the catalogue of its endpoint.

    Args:
        endpoint: the endpoint of the client.
        request: the request, about to be sent.
        mode: ``"warn"`` or ``"error"``.
        told: deprecated operations that the client has warned of already; new ones are added.

    Raises:
        InvalidRequest: the mode is ``"error"``, and the call is wrong for certain.
    """
    path = endpoint.path_of(request.url)
    if path is None:
        return
    try:
        separator = request.headers.get("x-ovh-batch", "")
        checked = check_call(catalogue(endpoint.name), request.method, path, request.body, separator)
    except SchemaError as error:
        _warn(f"Calls cannot be checked: {error}", CheckWarning)
        return
    if mode == "error" and any(each.certain for each in checked.findings):
        raise InvalidRequest(f"{_said(checked)} (nothing was sent)")
    if checked.unknown or checked.findings:
        _warn(checked.unknown or _said(checked), CheckWarning)
    if (text := checked.deprecation) and str(checked.operation) not in told:
        told.add(str(checked.operation))
        _warn(text, DeprecatedOperationWarning)


def _said(checked: CheckedCall) -> str:
    return f"{checked.operation} does not take this: {'; '.join(map(str, checked.findings))}"


def _warn(text: str, kind: type[Warning]) -> None:
    """Warn at the line of the program that makes the call."""
    level, frame = 2, sys._getframe(1)
    while frame.f_back is not None and frame.f_globals.get("__name__", "").startswith(_HOMES):
        level, frame = level + 1, frame.f_back
    warnings.warn(text, kind, stacklevel=level)
