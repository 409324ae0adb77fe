"""What was received, and how it was answered: the last of it, without secrets."""

from __future__ import annotations

import re
from collections import Counter, deque
from collections.abc import Container, Hashable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeVar
from urllib.parse import unquote

from ovhcore._internal import REDACTED, parse_json
from ovhcore.protocol import Request

from ..login.keys import KeyRing

if TYPE_CHECKING:
    from ovhcore._internal import Redactor

__all__ = ["BoundedCounter", "Journal", "secrets_of"]

K = TypeVar("K", bound=Hashable)

MOST_ENTRIES: Final = 1000
_MOST_BODY: Final = 8192
_MOST_NAMES: Final = 50_000
_MOST_FIELDS: Final = 100
_WORD: Final = re.compile(r"[\w-]+")


class BoundedCounter(Counter[K]):
    """A counter that forgets what it counted first, where there is too much to be counted."""

    def __setitem__(self, name: K, count: int) -> None:
        super().__setitem__(name, count)
        if len(self) > _MOST_NAMES:
            del self[next(iter(self))]


class _Entry(NamedTuple):
    number: int
    time: float
    method: str
    url: str
    headers: tuple[tuple[str, str], ...]
    body: bytes
    length: int
    status: int
    query_id: str


class Journal:
    """The last requests. What is secret in them is hidden when they are looked at."""

    def __init__(self) -> None:
        self._entries: deque[_Entry] = deque(maxlen=MOST_ENTRIES)
        self._count = 0

    def add(self, request: Request, now: float, status: int, query_id: str) -> None:
        """Take down a request, and the status of its answer; 0 if there was none."""
        self._count += 1
        body, fields = request.body, request.headers.pairs
        length = len(body)
        if length > _MOST_BODY:
            body = body[:_MOST_BODY]
        if len(fields) > _MOST_FIELDS:
            fields = fields[:_MOST_FIELDS]
        url = request.url[:_MOST_BODY]
        self._entries.append(_Entry(self._count, now, request.method, url, fields, body, length, status, query_id))

    def clear(self) -> None:
        """Forget them."""
        self._entries.clear()

    def entries(self, secrets: Container[str], last: int = MOST_ENTRIES) -> list[dict[str, Any]]:
        """Return the last requests, the oldest first, as what JSON can hold.

        Args:
            secrets: what is not to be seen, besides what always is.
            last: how many.
        """
        from ovhcore._internal import Redactor  # only here: it loads much

        chosen = list(self._entries)[-last:] if last > 0 else []
        return [_shown(entry, Redactor(_held(entry, secrets))) for entry in chosen]


def _held(entry: _Entry, secrets: Container[str]) -> set[str]:
    """Return the secrets that a request has among its words: a sandbox may have too many to look for each."""
    texts = (entry.url, unquote(entry.url, errors="replace"), *(value for _, value in entry.headers))
    words = {word for text in (*texts, entry.body.decode("utf-8", "replace")) for word in _WORD.findall(text)}
    return {word for word in words if word in secrets}


def secrets_of(ring: KeyRing, password: str) -> set[str]:
    """Return every value that lets somebody in."""
    found = {password, *ring.credentials, *ring.waiting, *ring.tokens, *ring.refreshing, *ring.codes}
    found.update(each["applicationSecret"] for each in ring.applications.values())
    found.update(each["clientSecret"] for each in ring.clients.values())
    return found


def _shown(entry: _Entry, redactor: Redactor) -> dict[str, Any]:
    rest = entry.url.partition("://")[2]
    host, slash, target = rest.partition("/")
    path, _, query = (slash + target).partition("?")
    return {
        "number": entry.number,
        "time": datetime.fromtimestamp(entry.time, UTC).isoformat(timespec="milliseconds"),
        "method": entry.method,
        "host": host,
        "path": redactor.text(path),
        "query": redactor.form(query),
        "headers": [list(pair) for pair in redactor.headers(entry.headers)],
        "body": _body(entry, redactor),
        "length": entry.length,
        "status": entry.status,
        "queryId": entry.query_id,
    }


def _body(entry: _Entry, redactor: Redactor) -> Any:
    """Return a body as JSON where it is that, else as text; None for none."""
    from ovhcore._internal import is_form

    if not entry.body:
        return None
    text = entry.body.decode("utf-8", "replace")
    if entry.length > len(entry.body):
        return redactor.text(text) + " ..."
    try:
        return redactor.json(parse_json(entry.body))
    except RecursionError:
        return REDACTED
    except ValueError:
        kind = next((value for name, value in entry.headers if name.lower() == "content-type"), "")
        return redactor.form(text) if is_form(text, kind) else redactor.text(text)
