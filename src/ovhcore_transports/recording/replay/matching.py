"""The search for the recording that answers a request: by key, whatever the number of recordings."""

from __future__ import annotations

import json
import re
from collections import deque
from collections.abc import Callable, Hashable, Iterable
from contextlib import suppress
from typing import Any, Final, NamedTuple, TypeAlias
from urllib.parse import parse_qsl

from ovhcore._internal import REDACTED, parse_json
from ovhcore.exceptions import InvalidConfiguration
from ovhcore.protocol import Request

from ...base.forks import renew_after_fork
from ...base.locks import Lock
from ..cassette.bodies import Packed, pack, unpack
from ..cassette.interactions import Interaction

__all__ = ["DEFAULT_MATCHERS", "MATCHERS", "Body", "ComparedRequest", "Key", "Matcher", "RecordedSlot", "Shelf"]

Matcher: TypeAlias = "str | Callable[[Request], Hashable]"
"""A name of :data:`MATCHERS`, or a function that returns the part of a request that must be equal."""

_JSON_BEGINS: Final = frozenset('{["-0123456789tfn \t\r\n\ufeff')

DEFAULT_MATCHERS: Final = ("method", "path", "query", "body")


class ComparedRequest:
    """A request, recorded or new, as matchers see it.

    Args:
        method, url: those of the request.
        request: returns the request itself.
        recorded: the record in the cassette; None for a new request.
    """

    __slots__ = ("_packed", "_recorded", "method", "request", "url")

    def __init__(
        self, method: str, url: str, request: Callable[[], Request], recorded: dict[str, Any] | None = None
    ) -> None:
        self.method = method
        self.url = url
        self.request = request
        self._packed: Packed | None = recorded
        self._recorded: list[str] | None = None if recorded is None else recorded.get("headers") or []

    @classmethod
    def now(cls, request: Request) -> ComparedRequest:
        """Return a request that is to be sent."""
        return cls(request.method, request.url, lambda: request)

    @classmethod
    def before(cls, interaction: Interaction) -> ComparedRequest:
        """Return a request that was recorded."""
        return cls(interaction.method, interaction.url, lambda: interaction.request, interaction.packed_body)

    def header_lines(self) -> Iterable[str]:
        """Return the header fields; for a request that is to be sent, those that begin with ``X-``."""
        if self._recorded is not None:
            return self._recorded
        return [f"{name}: {value}" for name, value in self.request().headers.pairs if name[:2] in ("X-", "x-")]

    @property
    def packed(self) -> Packed:
        """The body as it stands in a cassette."""
        if self._packed is None:
            self._packed = pack(self.request().body, json_expected=True)
        return self._packed


def _path(asked: ComparedRequest) -> str:
    start = asked.url.find("/", asked.url.find("://") + 3)
    return asked.url[start:].partition("?")[0] if start >= 0 else ""


# Header fields that choose the answer: pages, batches, the version of the schema.
_CHOOSING: Final = re.compile(
    r"^(x-pagination-[^:\n]*|x-ovh-batch|x-schemas-version): (.*)$", re.IGNORECASE | re.MULTILINE
)


def _query(asked: ComparedRequest) -> tuple[tuple[str, str], ...]:
    query = asked.url.partition("?")[2]
    choosing = _CHOOSING.findall("\n".join(asked.header_lines()))
    if not query and not choosing:
        return ()
    pairs = parse_qsl(query, keep_blank_values=True, errors="replace")
    # The order of different names says nothing, that of one name's values may.
    return tuple(sorted([*pairs, *((f"{name.lower()}:", value) for name, value in choosing)], key=lambda pair: pair[0]))


class Body(NamedTuple):
    """A body as it is compared."""

    kind: str
    """``"json"``, ``"text"`` or ``"bytes"``; empty for no body."""
    text: str
    """Canonical JSON, the text, or a character for each byte."""


def _body(asked: ComparedRequest) -> Body:
    packed = asked.packed
    if "json" in packed:
        return Body("json", json.dumps(packed["json"], sort_keys=True))
    if "text" in packed:
        text: str = packed["text"]
        if text[:1] in _JSON_BEGINS:
            # The Content-Type does not count: text that parses as JSON is compared as JSON.
            with suppress(ValueError, RecursionError):
                return Body("json", json.dumps(parse_json(text.encode()), sort_keys=True, allow_nan=False))
        return Body("text", text)
    return Body("bytes", unpack(packed).decode("latin-1")) if "base64" in packed else Body("", "")


MATCHERS: Final[dict[str, Callable[[ComparedRequest], Hashable]]] = {
    "method": lambda asked: asked.method,
    "scheme": lambda asked: asked.url.partition("://")[0],
    "host": lambda asked: asked.url.partition("://")[2].partition("/")[0],
    "path": _path,
    "query": _query,
    "body": _body,
}
"""The parts to compare by name. ``query`` and ``body`` are canonical: neither the order of names nor the layout counts.
The header fields that choose the answer belong to the query: those of pages, batches and schema versions."""

Key: TypeAlias = tuple[Hashable, ...]


def _chosen(match_on: Iterable[Matcher]) -> list[tuple[str, Callable[[ComparedRequest], Hashable]]]:
    """Return the functions that compare, with their names.

    Raises:
        InvalidConfiguration: a name is unknown, or one is no function.
    """
    if isinstance(match_on, str) or not isinstance(match_on, Iterable):
        raise InvalidConfiguration(f"match_on must be a list of matchers, as {DEFAULT_MATCHERS!r}")
    chosen: list[tuple[str, Callable[[ComparedRequest], Hashable]]] = []
    for matcher in match_on:
        if isinstance(matcher, str) and matcher in MATCHERS:
            chosen.append((matcher, MATCHERS[matcher]))
        elif callable(matcher):
            chosen.append((getattr(matcher, "__name__", "matcher"), _on_request(matcher)))
        else:
            raise InvalidConfiguration(
                f"A matcher is a function of a request or one of {', '.join(MATCHERS)}, not {matcher!r}"
            )
    if not chosen:
        raise InvalidConfiguration("match_on is empty: everything would answer everything")
    return chosen


def _on_request(matcher: Callable[[Request], Hashable]) -> Callable[[ComparedRequest], Hashable]:
    return lambda asked: matcher(asked.request())


class RecordedSlot(NamedTuple):
    """An interaction on the shelf."""

    number: int
    interaction: Interaction
    key: Key


class Shelf:
    """The interactions of a cassette, each given out once; those of one key in their order.

    Safe to use from many threads.

    Args:
        interactions: the recorded interactions.
        match_on: the parts that must be equal.
        repeat: whether the last one of a key may be given out again and again.
    """

    def __init__(
        self,
        interactions: Iterable[Interaction],
        match_on: Iterable[Matcher] = DEFAULT_MATCHERS,
        *,
        repeat: bool = False,
    ) -> None:
        self.matchers = _chosen(match_on)
        self.slots = [
            RecordedSlot(n, each, self.key(ComparedRequest.before(each))) for n, each in enumerate(interactions)
        ]
        self.played: set[int] = set()
        self._repeat = repeat
        self._waiting: dict[Key, deque[RecordedSlot]] = {}
        for slot in self.slots:
            self._waiting.setdefault(slot.key, deque()).append(slot)
        # Where something is hidden, anything may stand in its place.
        self._open = [slot for slot in self.slots if REDACTED in str(slot.key)]
        self._lock = Lock()
        renew_after_fork(self)

    def after_fork(self) -> None:
        """Make a new lock in the child of a fork."""
        self._lock = Lock()

    def key(self, asked: ComparedRequest) -> Key:
        """Return the parts that must be equal."""
        return tuple([matcher(asked) for _, matcher in self.matchers])

    def take(self, request: Request, hidden: Callable[[], Request]) -> RecordedSlot | None:
        """Give out the interaction that answers a request, None if there is none.

        Args:
            request: the new request.
            hidden: returns the same with its secrets hidden, as it was when it was recorded.
        """
        key = self.key(ComparedRequest.now(request))
        with self._lock:
            slot = self._next(key)
            if slot is None and self._open and key not in self._waiting:
                key = self.key(ComparedRequest.now(hidden()))
                slot = self._next(key) or self._agreeing(key)
            if slot is not None:
                self.played.add(slot.number)
            return slot

    def _next(self, key: Key) -> RecordedSlot | None:
        waiting = self._waiting.get(key)
        while waiting:
            slot = waiting[0]
            if slot.number not in self.played:
                return slot
            if self._repeat and len(waiting) == 1:
                return slot
            waiting.popleft()
        return None

    def _agreeing(self, key: Key) -> RecordedSlot | None:
        agreeing = [slot for slot in self._open if all(map(_agree, slot.key, key))]
        unplayed = [slot for slot in agreeing if slot.number not in self.played]
        return next(iter(unplayed or (agreeing[-1:] if self._repeat else ())), None)

    @property
    def unplayed(self) -> list[Interaction]:
        """The interactions that were not given out."""
        return [slot.interaction for slot in self.slots if slot.number not in self.played]


def _agree(recorded: Any, asked: Any) -> bool:
    """Say whether parts of two requests are equal, except where secrets are hidden in the recorded one."""
    if isinstance(recorded, Body) and isinstance(asked, Body):
        if recorded.kind == asked.kind == "json":
            return _same(json.loads(recorded.text), json.loads(asked.text))
        # A hidden part of a form is a field at most.
        return recorded.kind == asked.kind and _same(recorded.text.split("&"), asked.text.split("&"))
    if isinstance(recorded, str) and isinstance(asked, str):
        return _same(recorded.split("/"), asked.split("/"))
    return _same(recorded, asked)


def _same(recorded: Any, asked: Any) -> bool:
    if isinstance(recorded, str) and isinstance(asked, str):
        return _fill(recorded, asked)
    if isinstance(recorded, (list, tuple)) and isinstance(asked, (list, tuple)):
        return len(recorded) == len(asked) and all(map(_same, recorded, asked))
    if isinstance(recorded, dict) and isinstance(asked, dict):
        return recorded.keys() == asked.keys() and all(_same(recorded[name], asked[name]) for name in recorded)
    if recorded == REDACTED:
        return asked is not None  # a number, or a list of secrets
    return type(recorded) is type(asked) and bool(recorded == asked)


def _fill(recorded: str, asked: str) -> bool:
    first, *rest = recorded.split(REDACTED)
    if not rest:
        return recorded == asked
    *middle, last = rest
    if not (asked.startswith(first) and asked.endswith(last) and len(asked) >= len(first) + len(last)):
        return False
    position, stop = len(first), len(asked) - len(last)
    for piece in middle:
        # The first place will do: whatever stands between pieces is hidden.
        found = asked.find(piece, position, stop)
        if found < 0:
            return False
        position = found + len(piece)
    return True
