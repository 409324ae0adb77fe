"""The flow that sends a POST at most once, whichever process asks for it: by a claim in a store that they share."""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from contextlib import suppress
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final

from ovhcore.exceptions import APIError, InvalidRequest, OutcomeUnknown, SharedStoreError, TotalTimeout
from ovhcore.flows import Clock, Consult, Flow, Handler, Middleware, Sleep, Uniform
from ovhcore.protocol import Now, Request, Response, redact_url

from .store_commands.records import KEPT

if TYPE_CHECKING:
    from .keeper import LeaseKeeper
    from .sealing import Seal

__all__ = ["OnceClaims", "sent_once"]

_REFUSED: Final = 60_000_000  # microseconds; those who wait get a refusal, and later the name is free
_FIRST: Final = 0.02  # seconds until somebody who waits asks again, then longer and longer
_LONGEST: Final = 1.0
_ALONE: Final = ("mine", "")
_LOOK: Final = "Look whether it was carried out; if not, call it by another name."


class OnceClaims:
    """Claims of one client in a store, and the answers of those who had claims before.

    Args:
        keeper: renews the claims of this process.
        scope: names whose claims they are.
        seal: encrypts answers.
    """

    def __init__(self, keeper: LeaseKeeper, scope: str, seal: Seal) -> None:
        self.keeper = keeper
        self._store = keeper.store
        self._scope = scope
        self._seal = seal

    def key(self, name: str) -> str:
        """Return where a claim is."""
        return f"once:{self._scope}:{sha256(name.encode()).hexdigest()[:32]}"

    def ask(self, question: Any) -> Any:
        """Claim; an answer that somebody got is returned as it was."""
        return self._read(self._store.ask(question))

    async def ask_async(self, question: Any) -> Any:
        """Claim; as :meth:`ask` otherwise."""
        return self._read(await self._store.ask_async(question))

    def _read(self, answer: Any) -> Any:
        status, value = answer
        if status != "done":
            return answer
        known = json.loads(self._seal.open(value))
        return Response(known["status"], known["headers"], b64decode(known["body"]))

    def written(self, response: Response) -> str:
        """Return an answer as a claim keeps it."""
        headers = {name: value for name, value in response.headers.items() if name.lower() != "set-cookie"}
        known = {"status": response.status, "headers": headers, "body": b64encode(response.body).decode("ascii")}
        return self._seal.close(json.dumps(known).encode())


def sent_once(claims: OnceClaims) -> Middleware:
    """Return middleware that sends a request with the option ``once`` if nobody else has, and has not sent it.

    Its flows raise :class:`.OutcomeUnknown` where that cannot be told, :class:`.InvalidRequest` for other methods and
    for a name that another request has, and :class:`.SharedStoreError` when the store gives no answer.
    """

    def middleware(handler: Handler) -> Handler:
        def handle(request: Request) -> Flow[Response]:
            name = None if request.call is None else request.call.options.get("once")
            return handler(request) if name is None else _once(claims, handler, request, name)

        return handle

    return middleware


def _once(claims: OnceClaims, handler: Handler, request: Request, name: str) -> Flow[Response]:
    if request.method != "POST":
        raise _of(request, InvalidRequest(f"_once is for POST; {request.method} may be sent again anyway"))
    key, owner, keeper = claims.key(name), claims.keeper.new_name(), claims.keeper
    sent = request.body or b""
    fingerprint = sha256(b"\0".join((request.url.encode(), sent))).hexdigest()
    try:
        known = yield from _claim(claims, request, name, ("claim", key, owner, fingerprint, keeper.lease))
    except BaseException:
        keeper.tell_soon(("settle", key, owner, fingerprint, "f", "", KEPT))  # it may be claimed, and nothing was sent
        raise
    if isinstance(known, Response):
        return known
    if known:
        keeper.hold_claim(key, owner, fingerprint)
    try:
        try:
            response = yield from handler(request)
        except APIError as error:
            # Did anything leave? An error says so, as it does for retries.
            nothing = error.beforehand or not error.may_have_arrived
            yield from _settle(claims, (key, owner, fingerprint, "f" if nothing else "u", "", KEPT))
            raise
        status, kept = _meaning(response)
        value = claims.written(response) if status == "d" else ""
        yield from _settle(claims, (key, owner, fingerprint, status, value, kept))
        return response
    finally:
        # Whoever cuts the flow off here leaves behind what nobody knows.
        keeper.abandon_claim(key, owner)


def _meaning(response: Response) -> tuple[str, int]:
    """Return what an answer makes of a claim, and for how many microseconds."""
    if response.status == 429:
        return "f", 0
    if response.status >= 500 or response.status == 408:
        return "u", KEPT
    return "d", KEPT if response.status < 400 else _REFUSED


def _claim(claims: OnceClaims, request: Request, name: str, question: tuple[Any, ...]) -> Flow[Response | bool]:
    """Return the answer that somebody got; or, once the claim is the caller's, whether a store has it.

    In a replay none has: nobody asks it.
    """
    pause = _FIRST
    while True:
        try:
            answer = yield Consult(claims, question, _ALONE, request)
        except SharedStoreError as error:
            raise _of(request, error) from None
        if isinstance(answer, Response):
            return answer
        status = answer[0]
        if status == "mine":
            return answer is not _ALONE
        if status == "other":
            raise _of(request, InvalidRequest(f"_once={name!r} was used for another path or body"))
        if status == "unknown":
            raise _of(
                request,
                OutcomeUnknown(
                    f"A POST with _once={name!r} may have been carried out: its process ended, or lost the connection, "
                    "before it knew",
                    hint=_LOOK,
                ),
            )
        now: Now = yield Clock()
        wait = yield Uniform(pause / 2, pause)
        if request.deadline is not None and now.monotonic + wait >= request.deadline:
            over = TotalTimeout(f"The time for the call is over, and another process is still at _once={name!r}")
            over.may_have_arrived = False
            raise _of(request, over)
        yield Sleep(wait)
        pause = min(pause * 1.5, _LONGEST)


def _settle(claims: OnceClaims, what: tuple[Any, ...]) -> Flow[None]:
    with suppress(SharedStoreError):  # others are told that nobody knows, once the lease has ended
        yield Consult(claims, ("settle", *what), _ALONE)
    claims.keeper.drop_claim(what[0], what[1])


def _of(request: Request, error: APIError) -> APIError:
    error.method, error.url = request.method, redact_url(request.url)
    error.add_note(f"{error.method} {error.url} was not sent")
    if error.hint:
        error.add_note(error.hint)
    return error
