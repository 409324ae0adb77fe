"""The clients of one test, and their cassettes; the pytest plugin loads this module when a test needs it."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Final, TypeVar

import pytest

from ovhcore import APIError, AsyncClient, Client, InvalidConfiguration
from ovhcore._internal import Plugins
from ovhcore.flows import Flow
from ovhcore.plugins import TransportSettings, TransportSpec, hookimpl
from ovhcore.protocol import Redaction

from ..asynchronous import AsyncRecordTransport
from ..blocking import Options, Recording, RecordTransport, nothing
from ..cassette.cassettes import Cassette
from ..cassette.interactions import Interaction, named
from ..replay.matching import DEFAULT_MATCHERS, Shelf

__all__ = ["CassetteHandle"]

T = TypeVar("T")

_NAME: Final = "pytest-cassette"


class CassetteHandle:
    """The recordings of a test, for the test to ask about, whichever client it uses.

    Attributes:
        path: the cassette. A test with both clients has a second one, for the asynchronous client.
        mode: ``"none"``, ``"once"``, ``"new"`` or ``"all"``.

    Args:
        path: the cassette.
        mode: the mode of the recording.
        options: the options of the recording.
        command: the command that runs the test.
    """

    def __init__(self, path: Path, mode: str, options: Options, command: str) -> None:
        Shelf((), options.get("match_on", DEFAULT_MATCHERS))  # refuses matchers that do not exist
        self.path = path
        self.mode = mode
        self._options = options
        self._command = command
        self._recordings: dict[Path, Recording] = {}
        self._passed = False

    @property
    def unplayed(self) -> list[Interaction]:
        """The interactions that were recorded before and have not been played."""
        return [each for recording in self._recordings.values() for each in recording.unplayed]

    @property
    def misses(self) -> list[str]:
        """The calls that had no recording, in the words of their exceptions."""
        return [each for recording in self._recordings.values() for each in recording.misses]

    def check_played(self) -> None:
        """Make sure that everything recorded was played, and that every call had a recording.

        Raises:
            CassetteError: a recording was not played, or a call not found; the message names it.
        """
        for recording in self._recordings.values():
            recording.check_played()

    def __repr__(self) -> str:
        return f"<CassetteHandle {self.path}, mode {self.mode}>"

    def sync_client(self, options: Mapping[str, Any], redaction: Redaction, *, both: bool) -> Client:
        """Make the client of the fixture ``ovh_client``; fail the test if it cannot be made.

        Args:
            options: keywords of the client; ``transport`` is the one that is recorded.
            redaction: further secrets.
            both: whether the test uses the other client, too.
        """
        return self._bound(Client, RecordTransport, options, redaction, both=both)

    def async_client(self, options: Mapping[str, Any], redaction: Redaction, *, both: bool) -> AsyncClient:
        """Make the client of the fixture ``ovh_async_client``; as :meth:`sync_client`."""
        return self._bound(AsyncClient, AsyncRecordTransport, options, redaction, both=both)

    def _bound(
        self, kind: type[T], recorder: Any, options: Mapping[str, Any], redaction: Redaction, *, both: bool
    ) -> T:
        asynchronous = kind is AsyncClient
        # Each client plays from the beginning, so each needs a file of its own.
        path = self.path
        if (both and asynchronous) or path in self._recordings:
            path = path.with_name(f"{path.stem}.{'async' if asynchronous else 'sync'}{path.suffix}")
        if not isinstance(options, Mapping):
            pytest.fail(
                f"ovh_client_options must return the client's keywords in a dict, not {type(options).__name__}",
                pytrace=False,
            )
        if not isinstance(redaction, Redaction):
            pytest.fail(f"ovh_redaction must return a Redaction, not {type(redaction).__name__}", pytrace=False)
        there = path.exists()
        advice = f"Correct the call, or record it: {self._command} --ovh-record=new"
        if self.mode == "none" and not there:
            # A test that calls nothing needs none.
            advice = f"There is no cassette {path}. Record it: {self._command} --ovh-record=once"
        cassette = path if there or self.mode != "none" else Cassette((), str(path))
        maker = _Maker(
            lambda inner, secret: recorder(
                inner, cassette, self.mode, **{**self._options, "redaction": secret | redaction, "advice": advice}
            ),
            asynchronous=asynchronous,
        )
        offline = self.mode == "none" or (self.mode == "once" and there)
        client: T | str
        try:
            client = maker.client(kind, dict(options), offline=offline)
        except APIError as error:
            client = f"{type(error).__name__}: {error}"
        if isinstance(client, str):
            pytest.fail(client, pytrace=False)
        self._recordings[path] = maker.made[0]
        return client

    def ended(self, *, passed: bool) -> None:
        """Note how the test itself ended; a failed test has said enough."""
        self._passed = passed

    def close(self, refused: list[str], *, misses_fail: bool, all_played: bool) -> None:
        """End the recordings, and fail the test if it did not do what was recorded.

        Args:
            refused: the messages of the exceptions that kept the test off the network.
            misses_fail: whether to fail the test for calls that were not recorded.
            all_played: whether to fail the test for recordings that were not played.
        """
        for recording in self._recordings.values():
            recording.end()
        if not self._passed:
            return
        misses, unplayed = self.misses, self.unplayed
        if misses_fail and misses:
            pytest.fail(
                f"The test passed, though calls in it were not recorded: {len(misses)}. The first: {misses[0]}. Record "
                f"them: {self._command} --ovh-record=new. If they are meant to fail, mark the test with "
                "ovh_cassette(misses='allow')",
                pytrace=False,
            )
        if misses_fail and refused:
            pytest.fail(f"The test passed, though it was kept off the network. {refused[0]}", pytrace=False)
        if all_played and unplayed:
            pytest.fail(
                f"Recordings in {self.path} were not played: {named(unplayed)}. If the program no longer makes these "
                f"calls, record anew: {self._command} --ovh-record=all",
                pytrace=False,
            )


class _Maker:
    """Makes a client whose transport records.

    Args:
        record: makes the recording transport, of the inner transport and the secrets.
        asynchronous: whether the client is asynchronous.
    """

    def __init__(self, record: Callable[[Any, Redaction], Recording], *, asynchronous: bool) -> None:
        self.made: list[Recording] = []
        self._record = record
        self._asynchronous = asynchronous

    def client(self, kind: Any, options: dict[str, Any], *, offline: bool) -> Any:
        """Make the client, and its recording transport with it."""
        given = options.pop("transport", None)
        plugins = list(options.pop("plugins", ()))
        is_factory = isinstance(given, type) or (callable(given) and not hasattr(given, "send"))
        # A transport given as an object stays the caller's, as with any client: closing the client leaves it open.
        if offline or not (given is None or isinstance(given, str) or is_factory):
            inner = nothing if offline else self._checked(given)
            self.made.append(self._record(inner, Plugins(plugins).redaction()))
            return kind(**options, plugins=plugins, transport=self.made[0])
        client = kind(
            **options,
            plugins=[*plugins, _Offer(self._spec(given, Plugins(plugins)))],
            transport=f"{_NAME}+{given}" if isinstance(given, str) else _NAME,
        )
        # Problems of the cassette are found now, and not in the test.
        run = client.run(_at_once())
        if self._asynchronous:
            with suppress(StopIteration):
                run.send(None)
        return client

    def _spec(self, given: Any, plugins: Plugins) -> TransportSpec:
        """Return the spec that the client opens: to record a transport that it chooses, or one of a function's."""
        if given is None or isinstance(given, str):
            inner = None if given is None else plugins.transport(given, asynchronous=self._asynchronous)
            return TransportSpec(
                _NAME,
                sync=self._open,
                asynchronous=self._open,
                defaults=inner.defaults if inner else None,
                isolated=bool(inner and inner.isolated),
                http2=(),
                wraps=True,
            )

        def opened(settings: TransportSettings) -> Recording:
            return self._open(settings, lambda: self._checked(given()))

        return TransportSpec(_NAME, sync=opened, asynchronous=opened, http2=())

    def _open(self, settings: TransportSettings, inner: Callable[[], Any]) -> Recording:
        self.made.append(self._record(inner, settings.redaction | Redaction(values=settings.secrets())))
        return self.made[-1]

    def _checked(self, transport: Any) -> Any:
        send = getattr(transport, "send", None)
        if not callable(send) or inspect.iscoroutinefunction(send) != self._asynchronous:
            needed = "an asynchronous" if self._asynchronous else "a synchronous"
            raise InvalidConfiguration(
                f"transport in ovh_client_options must be the name of a transport, {needed} transport or a function "
                f"that makes one, not {type(transport).__name__}"
            )
        return transport


class _Offer:
    """A plugin that offers one transport."""

    def __init__(self, spec: TransportSpec) -> None:
        self._spec = spec

    @hookimpl
    def ovhcore_transports(self) -> list[TransportSpec]:
        return [self._spec]


def _at_once() -> Flow[None]:
    yield from ()
