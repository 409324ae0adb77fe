"""What programs written for python-ovh reach for besides its public names."""

from __future__ import annotations

import sys
from importlib import import_module
from typing import NoReturn

from .config import Settings
from .exceptions import InvalidKey
from .flows.authentication import Authentication, KeyAuthentication
from .flows.authentication.time_sync import TimeSync
from .protocol.clock import ClockState
from .protocol.credentials import ApplicationKey

__all__ = ["PythonOvhNames", "install_as_ovh"]


class PythonOvhNames:
    """Attributes of python-ovh's client that are private there and used all the same.

    To set one that has no counterpart is an error; it would otherwise change nothing, unseen.
    """

    _settings: Settings
    _auth: Authentication
    _time: TimeSync

    @property
    def _endpoint(self) -> str:
        return self._settings.endpoint.url

    @property
    def _application(self) -> ApplicationKey | None:
        current = self._auth.current
        return current.credentials if isinstance(current, KeyAuthentication) else None

    @property
    def _application_key(self) -> str | None:
        return self._application.application_key if self._application else None

    @property
    def _application_secret(self) -> str | None:
        return self._application.application_secret.reveal() if self._application else None

    @property
    def _consumer_key(self) -> str | None:
        key = self._application and self._application.consumer_key
        return key.reveal() if key else None

    @_consumer_key.setter
    def _consumer_key(self, key: str | None) -> None:
        current = self._auth.current
        if not isinstance(current, KeyAuthentication):
            raise InvalidKey("A consumer key belongs to an application key, and this client has none")
        current.replace_consumer_key(key)

    @property
    def _time_delta(self) -> int | None:
        if self._time.fixed is not None:
            return round(self._time.fixed)
        return round(self._time.state.offset) if self._time.state.asked else None

    @_time_delta.setter
    def _time_delta(self, seconds: float | None) -> None:
        self._time.fixed = seconds
        if seconds is None:
            self._time.state = ClockState()

    @property
    def _session(self) -> NoReturn:
        raise AttributeError("there is no requests session; see the arguments proxy, ca_bundle, headers and transport")

    def _get_target(self, path: str) -> str:
        return self._settings.endpoint.url_of(path)


def install_as_ovh() -> None:
    """Let ``import ovh`` find ovhcore in this process, for libraries that cannot be edited.

    To be called before anything imports python-ovh. Its modules ``client``, ``config``,
    ``consumer_key`` and ``exceptions`` are there; tests that patch its internals are not served.

    Raises:
        RuntimeError: python-ovh is imported already.
    """
    package = import_module("ovhcore")
    if sys.modules.get("ovh", package) is not package:
        raise RuntimeError("python-ovh is imported already; call install_as_ovh() before anything imports ovh")
    sys.modules["ovh"] = package
    for name in ("client", "config", "consumer_key", "exceptions"):
        sys.modules[f"ovh.{name}"] = import_module(f"ovhcore.{name}")
