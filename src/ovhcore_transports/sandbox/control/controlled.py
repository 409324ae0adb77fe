"""What a sandbox can be told besides calls: the part of it that tests and people steer."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from copy import deepcopy
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from ovhcore.exceptions import InvalidConfiguration
from ovhcore.protocol import Request

from ...base.locks import Lock
from ..login.matters import PASSWORD
from ..state import State
from ..storage.initial_data import completed, rows_of
from ..storage.rows import Rows
from .clock import VirtualClock
from .configuring import applied, current
from .faults import Faults
from .files import read_mapping, write_json
from .journal import BoundedCounter, Journal, secrets_of
from .modes import Modes
from .settings import Controls, RateLimiter
from .snapshots import as_snapshot, of_snapshot

if TYPE_CHECKING:
    from ovhcore.schema import Catalogue

    from ..generic.engine import Engine

__all__ = ["Controlled"]

_MOST_SNAPSHOTS: Final = 20


class Controlled:
    """The base of :class:`.Sandbox`."""

    controls: Controls
    faults: Faults | None
    modes: Modes
    _lock: Lock
    _state: State
    _received: BoundedCounter[tuple[str, str]]
    _executed: BoundedCounter[tuple[str, str]]
    _schemas: Catalogue | None
    _seed: int

    @cached_property
    def _engine(self) -> Engine:
        from ..generic.engine import Engine  # with the schemas; what needs neither is answered without

        return Engine(self._schemas, self._seed)

    def _begin(self, make: Callable[[], State]) -> None:
        """Begin with a state, and with nothing that was received."""
        self._make = make
        self._state = make()
        self._clock = VirtualClock()
        self._journal = Journal()
        self._limiter = RateLimiter()
        self._added: list[Mapping[str, Any]] = []
        self._snapshots: dict[str, dict[str, Any]] = {}
        self._answers = 0
        self._received, self._executed = BoundedCounter(), BoundedCounter()

    # Time

    @property
    def clock(self) -> VirtualClock:
        """The time by which tasks go on and keys end; it can be moved."""
        return self._clock

    def delay(self) -> float:
        """Return how many seconds the next answer takes, by ``controls``; whoever sends it has to wait."""
        self._answers += 1
        return self.controls.delay(self._answers)

    def _must_wait(self, request: Request, wire: float) -> int | None:
        """Return after how many seconds a caller may call again, None if it may call now."""
        if self.controls.rate_limit is None:
            return None
        headers = request.headers
        names = ("authorization", "x-ovh-consumer", "x-ovh-application")
        caller = next(filter(None, (headers.get(name, "") for name in names)), "")
        return self._limiter.wait(self.controls, caller, wire)

    # Settings

    def configure(self, settings: Mapping[str, Any]) -> None:
        """Change settings, all of those that are named or none.

        Args:
            settings: ``latency``, ``jitter``, ``rate_limit``, ``skew`` of :class:`.Controls`; ``faults`` and ``modes``,
                mappings with the arguments of :class:`.Faults` and :class:`.Modes`, ``faults`` None for none;
                ``token_lifetime`` and ``task_seconds``; ``auto_validate`` and ``failing_tasks``, booleans.

        Raises:
            InvalidConfiguration: a name that is not known, or a value out of range.
        """
        with self._lock:
            controls, faults, modes, of_state = applied(self, self._state, settings)
            self.controls, self.faults, self.modes = controls, faults, modes
            for name, value in of_state.items():
                setattr(self._state, name, value)

    def settings(self) -> dict[str, Any]:
        """Return the settings, as :meth:`configure` takes them."""
        return current(self, self._state)

    # What it holds

    def add(self, resources: Mapping[str, Any]) -> None:
        """Add resources, or replace them: a mapping becomes part of one that is there, a list takes its place.

        Args:
            resources: by the names that :attr:`.Sandbox.resources` has, or by their paths, as
                ``{"/vps/vps-mine.example.net": {"displayName": "mine"}}``; what is left out of these is made up.

        Raises:
            InvalidConfiguration: a name or path that is not known, or a value of another kind.
        """
        with self._lock:
            self._add(resources)
            self._added.append(deepcopy(dict(resources)))

    def _add(self, resources: Mapping[str, Any]) -> None:
        known = self._state.resources
        by_path = {name: value for name, value in resources.items() if name.startswith("/")}
        by_name = {name: value for name, value in resources.items() if name not in by_path}
        for name, value in by_name.items():
            if name not in known:
                raise InvalidConfiguration(
                    f"sandbox: there are no resources {name!r}; there are {', '.join(known)}, and paths"
                )
            wanted = dict if isinstance(known[name], dict) else list
            if not isinstance(value, wanted):
                kind = "a mapping" if wanted is dict else "a list"
                raise InvalidConfiguration(f"sandbox: {name} must be {kind}, not {type(value).__name__}")
        made = {
            name: rows_of(name, completed(name, value)) if isinstance(value, list) else value
            for name, value in deepcopy(by_name).items()
        }
        before = dict(known)
        for name, value in made.items():
            known[name] = {**known[name], **value} if isinstance(value, dict) else value
        if by_path:
            held, known["zones"] = deepcopy(self._state.held), deepcopy(known["zones"])
            try:
                for path, value in by_path.items():
                    self._engine.hold(self._state, path, deepcopy(value), self._clock.now())
            except InvalidConfiguration:
                self._state.held = held
                known.update(before)
                raise

    def own(self) -> dict[str, Any]:
        """Return the resources that :attr:`.Sandbox.resources` has by name, as JSON can hold them; see :meth:`held`."""
        with self._lock:
            known = self._state.resources.items()
            return {name: list(value) if isinstance(value, Rows) else value for name, value in known}

    def held(self, path: str | None = None) -> dict[str, Any]:
        """Return the objects that were made, changed or added, by their paths, without those of :meth:`own`.

        Args:
            path: of an object, or of what holds objects, for those alone.
        """
        with self._lock:
            return deepcopy(self._state.held.shown(path))

    def add_file(self, file: str | os.PathLike[str]) -> None:
        """Add the resources of a file, JSON or YAML.

        Raises:
            InvalidConfiguration: it cannot be read, or its contents not be added.
        """
        self.add(read_mapping(file))

    def reset(self) -> None:
        """Begin anew: with what there was at first and what was added since, without what calls changed."""
        with self._lock:
            old = self._state
            self._state = self._make()
            for name in ("auto_validate", "token_lifetime", "task_seconds", "failing_tasks"):
                setattr(self._state, name, getattr(old, name))
            for resources in self._added:
                self._add(resources)
            self._clock.reset()
            self._journal.clear()
            self._limiter = RateLimiter()
            self._received, self._executed = BoundedCounter(), BoundedCounter()

    def snapshot(self) -> dict[str, Any]:
        """Return all that the sandbox holds, keys included, as what JSON can hold."""
        with self._lock:
            return as_snapshot(self._state)

    def restore(self, snapshot: Mapping[str, Any]) -> None:
        """Replace all that the sandbox holds by what a snapshot has.

        Raises:
            InvalidConfiguration: it is none, or of another version.
        """
        attributes = of_snapshot(snapshot)
        with self._lock:
            state = self._make()
            known = vars(state).keys() - set(getattr(state, "volatile", ()))
            if not known - set(state.later) <= attributes.keys() <= known:
                raise InvalidConfiguration("sandbox: this snapshot is damaged, or of another version")
            vars(state).update(attributes)
            state.restored()
            self._state = state

    def save(self, file: str | os.PathLike[str]) -> None:
        """Write a snapshot to a file. It holds the sandbox's keys, so nobody else can read it.

        Raises:
            OSError: it cannot be written.
        """
        write_json(file, self.snapshot())

    def load(self, file: str | os.PathLike[str]) -> None:
        """Replace all that the sandbox holds by what a snapshot in a file has.

        Raises:
            InvalidConfiguration: it cannot be read, is none, or of another version.
        """
        self.restore(read_mapping(file))

    def keep(self, name: str) -> None:
        """Save a snapshot in memory, under a name, for :meth:`go_back`; of more than 20 the oldest is forgotten."""
        snapshot = self.snapshot()
        self._snapshots.pop(name, None)
        while len(self._snapshots) >= _MOST_SNAPSHOTS:
            del self._snapshots[next(iter(self._snapshots))]
        self._snapshots[name] = snapshot

    def go_back(self, name: str) -> None:
        """Restore the snapshot that :meth:`keep` saved under a name.

        Raises:
            InvalidConfiguration: there is none with this name.
        """
        if name not in self._snapshots:
            known = ", ".join(self._snapshots) or "none"
            raise InvalidConfiguration(f"sandbox: there is no snapshot {name!r}; there are: {known}")
        self.restore(self._snapshots[name])

    @property
    def kept(self) -> list[str]:
        """The names of the snapshots that :meth:`keep` saved, the oldest first."""
        return list(self._snapshots)

    # What came

    def log(self, last: int = 1000) -> list[dict[str, Any]]:
        """Return the last requests that were received, the oldest first, without secrets; 1000 are kept.

        Each is what JSON can hold: ``number``, ``time``, ``method``, ``host``, ``path``, ``query``, ``headers``,
        ``body`` (parsed, if it is JSON), ``length`` of the body, ``status`` of the answer (0 if there was none),
        ``queryId``.
        """
        with self._lock:
            return self._journal.entries(secrets_of(self._state.keys, PASSWORD), last)
