"""What a server asks: the guard, then the admin path, then the sandbox."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from ovhcore.protocol import Request, Response

from ..control.admin import ADMIN, answer_admin

if TYPE_CHECKING:
    from ..api import Sandbox
    from .origin_guard import OriginGuard

__all__ = ["Site"]


class Site:
    """A sandbox at an address.

    Args:
        sandbox: what answers.
        guard: who may ask.
    """

    def __init__(self, sandbox: Sandbox, guard: OriginGuard) -> None:
        self._sandbox = sandbox
        self._guard = guard

    def answer(self, request: Request) -> tuple[Response, float]:
        """Return an answer, and the seconds that it is to take.

        Raises:
            NetworkError: there is to be none.
        """
        refusal = self._guard.refusal(request)
        if refusal is not None:
            return refusal, 0.0
        allowed = self._guard.preflight(request)
        if allowed is not None:
            return self._guard.shared(request, allowed), 0.0
        path = request.url.partition("://")[2].partition("?")[0].partition("/")[2]
        if path == ADMIN or path.startswith(f"{ADMIN}/"):
            return self._guard.shared(request, answer_admin(self._sandbox, request)), 0.0
        response = self._sandbox.handle(request, time.time())
        return self._guard.shared(request, response), self._sandbox.delay()
