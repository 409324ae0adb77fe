"""The record of an attempt, for calls that are tried again; most calls take one attempt, and have none."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

__all__ = ["Attempt"]


class Attempt(NamedTuple):
    """One of the attempts that a call took.

    Attributes:
        number: 1 for the first.
        status: HTTP status of its answer, None if there was none.
        error: what went wrong without an answer, None if there was one.
        query_id: OVHcloud's name for the exchange, None if it has none.
        elapsed: seconds that the attempt took.
        waited: seconds between the attempt before and this one.
        stopped: for the last attempt, why no other followed, if that is not obvious.
    """

    number: int
    status: int | None
    error: str | None
    query_id: str | None
    elapsed: float
    waited: float
    stopped: str = ""

    def shown(self, redact: Callable[[str], str]) -> Attempt:
        """Return a copy whose texts hold no secret.

        Args:
            redact: a function that redacts secrets in a text.
        """
        return self._replace(error=self.error and redact(self.error), query_id=self.query_id and redact(self.query_id))

    def __str__(self) -> str:
        came = self.error if self.status is None else f"status {self.status}"
        named = f", query id {self.query_id}" if self.query_id else ""
        waited = f"waited {self.waited:.2f} s, then " if self.waited else ""
        stopped = f", and no other followed: {self.stopped}" if self.stopped else ""
        return f"attempt {self.number}: {waited}{came} (after {self.elapsed:.2f} s{named}){stopped}"
