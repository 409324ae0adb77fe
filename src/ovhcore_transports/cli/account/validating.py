"""Waits until the user has allowed a consumer key."""

from __future__ import annotations

import time
from collections.abc import Generator
from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING

from ovhcore.exceptions import InvalidCredential, InvalidSignature, NotCredential, WaitTimeout

from ..output.terminal import shows_progress, waiting_for

if TYPE_CHECKING:
    from ovhcore import Client

__all__ = ["until_allowed"]


def until_allowed(client: Client, deadline: float, interval: float) -> None:
    """Ask until the consumer key of a client is valid.

    Args:
        client: with the key.
        deadline: seconds to wait at most.
        interval: seconds between two questions.

    Raises:
        WaitTimeout: it is not allowed yet; or was refused, which the API does not tell apart.
        APIError: another answer that is no waiting.
    """
    end = time.monotonic() + deadline
    with _shown():
        while True:
            try:
                client.get("/auth/currentCredential", _options={"retry": False})
                return
            # The API answers a key that waits, or was refused, in any of these ways.
            except (InvalidCredential, NotCredential, InvalidSignature):
                pass
            if time.monotonic() + interval > end:
                raise WaitTimeout(
                    "The key was not allowed in time, or refused; nothing was saved",
                    hint="Run the command again: it asks for a new key.",
                )
            time.sleep(interval)


@contextmanager
def _shown() -> Generator[None, None, None]:
    what = "waiting for you to allow it; Ctrl+C to stop"
    with waiting_for(what) if shows_progress() else nullcontext():
        yield
