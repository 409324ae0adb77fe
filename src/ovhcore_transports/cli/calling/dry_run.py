"""``--dry-run``: what would be sent, signed; nothing is."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Any

import click

from ovhcore._internal import redact_headers
from ovhcore.flows import Event, RequestSent
from ovhcore.plugins import hookimpl
from ovhcore.protocol import Headers, Request, build_request, redact_json, redact_url

from ..frame.clients import client
from ..frame.text import visible

__all__ = ["show_call"]


class _NotSent(Exception):
    """A request was about to be sent."""


class _Stopper:
    """A plugin that lets nothing be sent, and keeps the first request that was about to be."""

    wants_contents = True

    def __init__(self) -> None:
        self.event: RequestSent | None = None

    @hookimpl
    def ovhcore_observer(self) -> _Stopper:
        """Look at what the client does."""
        return self

    def __call__(self, event: Event) -> None:
        """Stop before a request is sent."""
        if isinstance(event, RequestSent):
            self.event = event
            raise _NotSent


def show_call(method: str, path: str, body: Any, headers: Mapping[str, str] | None) -> None:
    """Print what a call would send.

    Raises:
        APIError: the call cannot be sent as written, or the client not be made.
    """
    stopper = _Stopper()
    # What fails of an observer breaks a call only if it is to. No clock is asked for the time.
    with client(plugins=[stopper], strict_observers=True, time_sync="off", retry=False) as caller:
        request = build_request(caller.endpoint, method, path, body, headers=Headers((headers or {}).items()))
        with suppress(_NotSent):
            caller.call(method, path, body, headers=headers)
        sent = stopper.event
        assert sent is not None
        shown = [f"{request.method} {redact_url(request.url)}"]
        if sent.call is None:  # the call itself is signed with what this would bring
            click.echo(visible(f"# First, for an access token: {sent.method} {sent.url}"), err=True)
            shown += _fields([*redact_headers(request.headers.pairs), ("Authorization", "<redacted>")])
        else:
            shown += _fields(sent.headers or ())
        for line in [*shown, *_body(request)]:
            click.echo(line)
    click.echo("# Nothing was sent.", err=True)


def _fields(pairs: Iterable[tuple[str, str]]) -> list[str]:
    return [visible(f"{name}: {value}") for name, value in pairs]


def _body(request: Request) -> list[str]:
    if not request.body:
        return []
    text = json.dumps(redact_json(json.loads(request.body)), indent=2, ensure_ascii=False)
    return ["", *map(visible, text.splitlines())]
