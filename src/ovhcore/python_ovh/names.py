"""The private names of python-ovh's client that programs reach for besides its public ones."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NoReturn, Protocol

from ..exceptions import InvalidConfiguration, InvalidKey
from ..flows.authentication import Authentication, KeyAuthentication
from ..flows.authentication.time_sync import TimeSync
from ..flows.effects import Flow
from ..plugins.settings import Settings
from ..protocol.clock import ClockState
from ..protocol.credentials import ApplicationKey, OAuth2Client
from ..protocol.endpoints import Endpoint, resolve_endpoint
from ..protocol.messages import DEFAULT_TOTAL
from ..protocol.redaction import Secret, as_secret
from ..protocol.requests.building import named_arguments
from ..protocol.requests.values import read_timeout
from .installing import is_installed

if TYPE_CHECKING:
    from .oauth2 import OAuth2

__all__ = ["PythonOvhNames", "refuse_unconfigured"]


class Core(Protocol):
    """The parts of a client that these names read and replace."""

    auth: Authentication
    kind: Any
    settings: Settings
    time: TimeSync
    timeout: Any
    unfinished: dict[str, Secret | None]

    def go_on_with(self, settings: Settings) -> None:
        """Carry out calls with other settings from now on."""

    def run(self, flow: Flow[Any]) -> Any:
        """Drive a flow."""


class PythonOvhNames:
    """Attributes of python-ovh's client that are private there and used all the same.

    To set an attribute without a counterpart is an error; otherwise it would change nothing, and nobody would notice.
    """

    _ovhcore: Core

    @property
    def _endpoint(self) -> str:
        return self._ovhcore.settings.endpoint.url

    @_endpoint.setter
    def _endpoint(self, url: str) -> None:
        core = self._ovhcore
        known = resolve_endpoint(url)
        # A service account goes on fetching its tokens where it did.
        token_url = core.settings.endpoint.token_url or known.token_url
        core.go_on_with(core.settings.replacing(endpoint=Endpoint(known.name, known.url, token_url)))

    @property
    def _application_key(self) -> str | None:
        return _key(self._ovhcore, "application_key")

    @_application_key.setter
    def _application_key(self, value: str | None) -> None:
        _set_key(self._ovhcore, "application_key", value)

    @property
    def _application_secret(self) -> str | None:
        return _key(self._ovhcore, "application_secret")

    @_application_secret.setter
    def _application_secret(self, value: str | None) -> None:
        _set_key(self._ovhcore, "application_secret", value)

    @property
    def _consumer_key(self) -> str | None:
        return _key(self._ovhcore, "consumer_key")

    @_consumer_key.setter
    def _consumer_key(self, value: str | None) -> None:
        current = self._ovhcore.auth.current
        if isinstance(current, KeyAuthentication):
            current.replace_consumer_key(value or None)
        else:
            _set_key(self._ovhcore, "consumer_key", value)

    @property
    def _client_id(self) -> str | None:
        account = self._ovhcore.settings.credentials
        return account.client_id if isinstance(account, OAuth2Client) else None

    @property
    def _client_secret(self) -> str | None:
        account = self._ovhcore.settings.credentials
        return account.client_secret.reveal() if isinstance(account, OAuth2Client) else None

    @property
    def _oauth2(self) -> OAuth2 | None:
        core = self._ovhcore
        account, endpoint = core.settings.credentials, core.settings.endpoint
        if not isinstance(account, OAuth2Client) or endpoint.token_url is None:
            return None
        from .oauth2 import OAuth2

        auth: Any = core.auth.current
        return OAuth2(
            account.client_id,
            account.client_secret.reveal(),
            endpoint.token_url,
            lambda: core.run(auth.tokens.token()).reveal(),
        )

    @property
    def _timeout(self) -> float | tuple[float, ...]:
        core = self._ovhcore
        given = core.settings.connection.timeout if core.timeout is None else read_timeout(core.timeout)
        if given.total is not None and given.total != DEFAULT_TOTAL:
            return (given.connect, given.read, given.total)
        return given.read if given.connect == given.read else (given.connect, given.read)

    @_timeout.setter
    def _timeout(self, seconds: float | tuple[float | None, ...] | None) -> None:
        self._ovhcore.timeout = None if seconds is None else read_timeout(seconds)

    @property
    def _time_delta(self) -> int | None:
        time = self._ovhcore.time
        if time.fixed is not None:
            return round(time.fixed)
        return round(time.state.offset) if time.state.asked else None

    @_time_delta.setter
    def _time_delta(self, seconds: float | None) -> None:
        time = self._ovhcore.time
        time.fixed = seconds
        if seconds is None:
            time.state = ClockState()

    @property
    def _session(self) -> NoReturn:
        raise AttributeError("there is no requests session; see the arguments proxy, ca_bundle, headers and transport")

    def _get_target(self, path: str) -> str:
        return self._ovhcore.settings.endpoint.url_of(path)

    def _canonicalize_kwargs(self, kwargs: Mapping[str, Any]) -> dict[str, Any]:
        return named_arguments(kwargs)

    def _prepare_query_string(self, kwargs: Mapping[str, Any]) -> str:
        from urllib.parse import urlencode

        # Spelled as python-ovh spells it: the callers have written their programs around that.
        texts = {True: "true", False: "false", None: "null"}
        plain = {
            name: texts[value] if isinstance(value, bool) or value is None else value for name, value in kwargs.items()
        }
        return urlencode(plain)


def _keys(core: Core) -> dict[str, Secret | None]:
    current = core.auth.current
    if not isinstance(current, KeyAuthentication):
        return core.unfinished
    keys = current.credentials
    return {
        "application_key": as_secret(keys.application_key),
        "application_secret": keys.application_secret,
        "consumer_key": keys.consumer_key,
    }


def _key(core: Core, name: str) -> str | None:
    key = _keys(core).get(name)
    return None if key is None else key.reveal()


def _set_key(core: Core, name: str, value: str | None) -> None:
    """Sign with another key from now on. If both keys of a pair are set, one after the other, the first one waits."""
    if _is_other(core.auth.current):
        raise InvalidKey(f"{name} belongs to an application key, and this client has other credentials")
    keys = {**_keys(core), name: as_secret(value) if value else None}
    del value  # a traceback would show it
    key, secret = keys.get("application_key"), keys.get("application_secret")
    whole = key is not None and secret is not None
    credentials = ApplicationKey.unchecked(**keys) if key and secret else None
    core.unfinished = {} if whole else keys
    if whole or core.settings.credentials is not None:
        core.go_on_with(core.settings.replacing(credentials=credentials))


def _is_other(current: Authentication) -> bool:
    return type(current) is not Authentication and not isinstance(current, KeyAuthentication)


def refuse_unconfigured(core: Core, *given: object) -> None:
    """Refuse a client without credentials where python-ovh's client is expected, which refuses it.

    Args:
        core: the core of the client.
        given: its arguments application_key and client_id; an empty one says on purpose that there are no credentials.

    Raises:
        InvalidConfiguration: there are no credentials.
    """
    if core.kind.asynchronous or not is_installed() or type(core.auth) is not Authentication:
        return
    if all(each is None for each in given):
        raise InvalidConfiguration(
            "Missing authentication information: give application_key and application_secret, or client_id and "
            'client_secret. ovhcore stands in for python-ovh here, which wants some; application_key="" says that '
            "there are none on purpose"
        )
