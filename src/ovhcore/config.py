"""Settings: arguments, then environment, then ``ovh.conf`` files, then defaults.

Credentials are taken as one set,
from the most specific source that has any, so that an application key in a file never
mixes with a service account in the environment.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final
from urllib.parse import unquote

from .exceptions import InvalidConfiguration, InvalidRegion, InvalidRequest
from .flows.timesync import MODES
from .protocol.building import field_problem
from .protocol.credentials import AccessToken, ApplicationKey, Credentials, OAuth2Client
from .protocol.endpoints import ENDPOINTS, Endpoint, resolve_endpoint
from .protocol.frozen import Frozen, put
from .protocol.messages import Timeout
from .protocol.redaction import Secret, as_secret
from .protocol.values import read_timeout, shown
from .sources import (
    CONFIG_FILES,
    CREDENTIALS,
    Environment,
    Source,
    default_endpoint,
    expanded,
    from_environment,
    from_file,
    parse_files,
)

__all__ = ["CONFIG_FILES", "DEFAULT_TIMEOUT", "Environment", "Settings", "load_settings"]

DEFAULT_TIMEOUT: Final = Timeout(180.0, 180.0)

_APPLICATION: Final = ("application_key", "application_secret")
_KINDS: Final = (_APPLICATION, ("client_id", "client_secret"), ("access_token",))


class Settings(Frozen):
    """What a client is made of. Prints without secrets.

    Attributes:
        endpoint: the API.
        credentials: who calls; None for calls that need none.
        transport: name of a transport, or None for the client's default.
        timeout: seconds to wait for a connection and for each read.
        proxy: URL of a proxy, ``"none"`` for none; None for what the environment says.
        ca_bundle: file with the certificates to trust; None for the system's.
        user_agent: put before the library's own, or None.
        headers: fields sent with every request.
        time_sync: ``"date"``, ``"server"`` or ``"off"``.
        max_response_size: bytes beyond which a response is refused; None for the default.
    """

    __slots__ = (  # noqa: RUF023 - the order of __init__
        "endpoint",
        "credentials",
        "transport",
        "timeout",
        "proxy",
        "ca_bundle",
        "user_agent",
        "headers",
        "time_sync",
        "max_response_size",
    )

    endpoint: Endpoint
    credentials: Credentials | None
    transport: str | None
    timeout: Timeout
    proxy: str | None
    ca_bundle: str | None
    user_agent: str | None
    headers: tuple[tuple[str, str], ...]
    time_sync: str
    max_response_size: int | None

    def __init__(
        self,
        endpoint: Endpoint,
        credentials: Credentials | None = None,
        transport: str | None = None,
        timeout: Timeout = DEFAULT_TIMEOUT,
        proxy: str | None = None,
        ca_bundle: str | None = None,
        user_agent: str | None = None,
        headers: tuple[tuple[str, str], ...] = (),
        time_sync: str = "date",
        max_response_size: int | None = None,
    ) -> None:
        put(self, "endpoint", endpoint)
        put(self, "credentials", credentials)
        put(self, "transport", transport)
        put(self, "timeout", timeout)
        put(self, "proxy", proxy)
        put(self, "ca_bundle", ca_bundle)
        put(self, "user_agent", user_agent)
        put(self, "headers", headers)
        put(self, "time_sync", time_sync)
        put(self, "max_response_size", max_response_size)

    def secrets(self) -> Iterator[str]:
        """Yield what must not be shown besides the credentials and headers: who the proxy is asked for."""
        proxy = self.proxy or ""
        user, at, _ = proxy.rpartition("://")[2].rpartition("@")
        if at:
            from base64 import b64encode

            name, _, password = user.partition(":")
            yield from (password or name, unquote(password or name))
            yield b64encode(unquote(user).encode()).decode("ascii")

    def __repr__(self) -> str:
        # A proxy's URL may hold a password, a header anything.
        return (
            f"Settings({self.endpoint!r}, {self.credentials!r}, {self.transport!r}, {self.timeout!r}, "
            f"proxy={self.proxy and '<redacted>'!r}, ca_bundle={self.ca_bundle!r}, user_agent={self.user_agent!r}, "
            f"headers={[name for name, _ in self.headers]!r}, time_sync={self.time_sync!r})"
        )


def load_settings(
    arguments: Mapping[str, Any],
    *,
    config_file: str | os.PathLike[str] | None = None,
    environment: Environment | None = None,
    files: tuple[str, ...] | None = None,
    defaults_of: Callable[[str | None], Mapping[str, str]] = lambda name: {},
) -> Settings:
    """Put the settings of a client together.

    Args:
        arguments: what the caller gave, by name; None counts as not given.
        config_file: a file that is read before the usual ones and must exist.
        environment: the variables; those of the process by default.
        files: the usual files, most specific first; those of ``CONFIG_FILES`` by default.
        defaults_of: what the transport of a name brings along, for where nothing is said.

    Raises:
        InvalidConfiguration: a setting is malformed, contradicts another, or a file cannot be read.
        InvalidRegion: no endpoint, or an unknown one.
    """
    variables = environment or Environment()
    files = CONFIG_FILES if files is None else files
    given = Source("argument", arguments)
    del arguments  # a traceback would show them
    env = from_environment(variables)
    # A caller who says it all must neither be hindered by the files nor meet their contents.
    all_given = "endpoint" in given.values and _has_credentials(given, whole=True)
    identity = [given] if all_given else [given, env]
    found = _first(identity, "endpoint")
    parsed = parse_files(config_file, () if all_given else files)
    endpoint = str(found[0]).strip() if found else default_endpoint(parsed)
    sources: list[Source] = []
    unusable: list[InvalidConfiguration] = []
    for number, (path, parser) in enumerate(parsed):
        if not isinstance(parser, InvalidConfiguration):
            sources += from_file(path, parser, endpoint)
        elif not (found or default_endpoint(parsed[:number])) or not any(map(_has_credentials, [*identity, *sources])):
            unusable.append(parser)
    others = [given, env, *sources]
    transport = _first(others, "transport")
    defaults = Source("transport", defaults_of(transport and transport[0]))
    if defaults.values:
        # A sandbox knows nobody but its own; what the environment and files have is meant for the API.
        credentials = [given, defaults]
    elif unusable:
        raise unusable[0]
    else:
        credentials = [*identity, *sources]
    return _settings(
        _endpoint([*identity, *sources, defaults], config_file, files),
        _credentials(credentials),
        others,
        variables,
    )


def _first(sources: Iterable[Source], name: str) -> tuple[Any, Source] | None:
    for source in sources:
        if name in source.values:
            return source.values[name], source
    return None


def _has_credentials(source: Source, *, whole: bool = False) -> bool:
    """Say whether a source has a pair or a token; with ``whole``, also the consumer key of an application key."""
    kind = next((kind for kind in _KINDS if all(name in source.values for name in kind)), None)
    return kind is not None and not (whole and kind == _APPLICATION and "consumer_key" not in source.values)


def _endpoint(
    identity: list[Source],
    config_file: str | os.PathLike[str] | None,
    files: tuple[str, ...],
) -> Endpoint:
    found = _first(identity, "endpoint")
    token_url = _first(identity, "token_url")
    if found is None:
        looked = ", ".join([*([os.fspath(config_file)] if config_file else []), *files])
        raise InvalidRegion(
            "No endpoint is set. Valid endpoints: "
            f"{', '.join(ENDPOINTS)}, or a URL. Looked at: argument endpoint, OVH_ENDPOINT, and "
            f"'endpoint' in section [default] of {looked}"
        )
    name, source = found
    if not isinstance(name, str):
        raise InvalidConfiguration(f"endpoint must be a string, not {type(name).__name__}")
    try:
        return resolve_endpoint(name.strip(), token_url[0] if token_url else None)
    except InvalidRegion as error:
        raise InvalidRegion(f"{error}. It is set by {source.named('endpoint')}") from None
    except InvalidConfiguration as error:
        which = token_url[1].named("token_url") if token_url and "token URL" in str(error) else source.named("endpoint")
        raise InvalidConfiguration(f"{error}. It is set by {which}") from None


def _credentials(stack: list[Source]) -> Credentials | None:
    consumer: tuple[Any, Source] | None = None
    for number, source in enumerate(stack, start=1):
        present: list[str] = [name for name in CREDENTIALS if name in source.values]
        if not present:
            continue
        if present == ["consumer_key"]:
            # Half of a set that a less specific source completes.
            consumer = consumer or (source.values["consumer_key"], source)
            continue
        return _set_of(source, present, consumer or _consumer_key_below(source, stack[number:]))
    if consumer is not None:
        raise InvalidConfiguration(
            f"{consumer[1].named('consumer_key')} needs application_key and application_secret beside it"
        )
    return None


def _consumer_key_below(source: Source, stack: list[Source]) -> tuple[Any, Source] | None:
    """Return the consumer key that completes a source's application key.

    It stands alone in the next place that has credentials, or beside the same application key.
    """
    if "consumer_key" in source.values or "application_key" not in source.values:
        return None
    for other in stack:
        present = {name for name in CREDENTIALS if name in other.values}
        if present:
            same = other.values.get("application_key") == source.values["application_key"]
            alone = present == {"consumer_key"}
            return (other.values["consumer_key"], other) if "consumer_key" in present and (same or alone) else None
    return None


def _set_of(source: Source, present: list[str], consumer: tuple[Any, Source] | None) -> Credentials:
    kinds = [kind for kind in _KINDS if any(name in present for name in kind)]
    if len(kinds) > 1:
        raise InvalidConfiguration(
            f"Two kinds of credentials in one place ({source.where}): "
            f"{' and '.join(source.spelling(next(n for n in kind if n in present)) for kind in kinds)}. "
            "Use an application key, a service account (client_id) or an access token, not several"
        )
    (kind,) = kinds
    for name in kind:
        if name not in present:
            other = next(n for n in kind if n in present)
            raise InvalidConfiguration(
                f"Half a pair of credentials: {source.named(other)} is set and {source.spelling(name)} is not"
            )
    if kind != _APPLICATION and ("consumer_key" in present or consumer is not None):
        where = source if "consumer_key" in present else consumer[1]  # type: ignore[index]
        raise InvalidConfiguration(
            f"{where.named('consumer_key')} belongs to an application key, not to {source.named(kind[0])}"
        )
    values = source.values
    try:
        if kind == _APPLICATION:
            consumer_key = consumer[0] if consumer else values.get("consumer_key")
            return ApplicationKey(values["application_key"], values["application_secret"], consumer_key)
        if kind == _KINDS[1]:
            return OAuth2Client(values["client_id"], values["client_secret"])
        return AccessToken(values["access_token"])
    except InvalidConfiguration as error:
        raise InvalidConfiguration(f"{error} ({source.where})") from None


def _settings(
    endpoint: Endpoint, credentials: Credentials | None, others: list[Source], variables: Environment
) -> Settings:
    def setting(name: str, read: Callable[[Any, str], Any], default: Any = None) -> Any:
        found = _first(others, name)
        return default if found is None else read(found[0], found[1].named(name))

    ca_bundle = setting("ca_bundle", _file)
    if ca_bundle is None:
        # What requests, and so python-ovh, looks at.
        for variable in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
            if path := variables.get(variable):
                ca_bundle = _file(path, variable)
                break
    return Settings(
        endpoint,
        credentials,
        setting("transport", _text),
        setting("timeout", _timeout, DEFAULT_TIMEOUT),
        setting("proxy", _text),
        ca_bundle,
        setting("user_agent", _user_agent),
        _headers(others),
        setting("time_sync", _time_sync, "date"),
        setting("max_response_size", _size),
    )


def _headers(others: list[Source]) -> tuple[tuple[str, str], ...]:
    """Return the header fields of all places; of one name, that of the most specific."""
    hidden: dict[str, tuple[str, Secret]] = {}
    for source in reversed(others):
        for name, value in source.headers.items():
            if problem := field_problem(name, value.reveal()):
                raise InvalidConfiguration(f"{problem} ({source.where})")
            hidden[name.lower()] = (name, value)
    return tuple((name, value.reveal()) for name, value in hidden.values())


def _user_agent(value: Any, what: str) -> str:
    if field_problem("User-Agent", value):
        raise InvalidConfiguration(f"{what} must be a line of printable ASCII text without outer spaces")
    return str(value)


def _text(value: Any, what: str) -> str:
    hidden = as_secret(value)
    del value  # a proxy's may hold a password, and a traceback would show it
    if not isinstance(hidden.reveal(), str) or not hidden.reveal().isprintable():
        raise InvalidConfiguration(f"{what} must be a line of text")
    return str(hidden.reveal())


def _time_sync(value: Any, what: str) -> str:
    if value not in MODES:
        raise InvalidConfiguration(f"{what} must be one of {', '.join(MODES)}, not {value!r}")
    return str(value)


def _file(value: Any, what: str) -> str:
    path = expanded(value, what)
    if not os.path.exists(path):
        raise InvalidConfiguration(f"{what} names {path}, which does not exist")
    return path


def _timeout(value: Any, what: str) -> Timeout:
    try:
        return read_timeout(value, what)
    except InvalidRequest as error:
        raise InvalidConfiguration(str(error)) from None


def _size(value: Any, what: str) -> int:
    try:
        size = int(value)
    except (TypeError, ValueError, OverflowError):
        size = 0
    if size <= 0:
        raise InvalidConfiguration(f"{what} must be a number of bytes above 0, not {shown(value)}")
    return size
