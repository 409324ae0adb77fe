"""Clients that share a limit, and stores that answer from a list."""

from __future__ import annotations

from typing import Any

import ovhcore as ovh
from ovhcore.flows import Flow, Send, Throttled
from ovhcore.plugins import hookimpl
from ovhcore.protocol import Request, Response
from ovhcore_transports.shared.stores.base import Store

GET = Request("GET", "https://eu.api.ovh.com/1.0/me")
KEYS = ("ovh-eu", "k" * 16, "s" * 32, "c" * 32)
LEASE = 10_000_000
PATIENT = """
from ovhcore_transports.shared.stores import base
base.TIMEOUT = 60.0  # seconds: a busy machine is no store that does not answer
"""
"""The beginning of programs that wait for a store as long as it takes."""


def ok(request: Request) -> Response:
    return Response(200, {}, b'{"me": 1}')


class Waits:
    """Notes how long requests wait, and for what."""

    def __init__(self) -> None:
        self.seen: list[float] = []

    @hookimpl
    def ovhcore_observer(self, settings: Any) -> Any:
        return lambda event: self.seen.append(event.wait) if isinstance(event, Throttled) else None


def client(transport: Any, url: str, *, asynchronous: bool = False, **options: Any) -> Any:
    waits = Waits()
    kind = ovh.AsyncClient if asynchronous else ovh.Client
    made: Any = kind(
        *KEYS,
        transport=transport,
        config=False,
        retry=False,
        timeout=(9, 9, None),
        plugins=[waits],
        options={"limit_store": url, **options},
    )
    made.waits = waits.seen
    return made


class Unsure(Store):
    """Answers from a list."""

    def __init__(self, *answers: Any) -> None:
        super().__init__("here")
        self.answers = list(answers)
        self.questions: list[Any] = []

    def answer(self, question: Any, now: int | None = None) -> Any:
        self.questions.append(question)
        return self.answers.pop(0) if question[0] != "renew" else (0,)


def sending(request: Request) -> Flow[Response]:
    response: Response = yield Send(request)
    return response
