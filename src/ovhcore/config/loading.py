"""Settings: arguments, then environment, then ``ovh.conf`` files, then defaults.

Credentials are taken as one set,
from the most specific source that has any, so that an application key in a file never
mixes with a service account in the environment.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from ..exceptions import InvalidConfiguration, InvalidRegion
from ..plugins.builtin import RETRY_OPTIONS
from ..plugins.options import Option, read_switch
from ..plugins.settings import Settings
from ..protocol.credentials import AccessToken, ApplicationKey, Credentials, OAuth2Client, key_problem
from ..protocol.endpoints import ENDPOINTS, Endpoint, resolve_endpoint
from ..protocol.redaction import Redaction
from ..protocol.requests.values import shown
from ..python_ovh.configuration import chosen_files
from .leniency import Leniency, beneath
from .reading import read_settings
from .sources import (
    CONFIG_FILES,
    CREDENTIALS,
    Environment,
    SettingsSource,
    default_endpoint,
    from_environment,
    from_file,
    parse_files,
)
from .trust import SettingOrigin, check_trust, deciding_origins, first, other_secrets

if TYPE_CHECKING:
    from .found import FoundSetting
    from .profiles import Profile

__all__ = ["CONFIG_FILES", "Environment", "Settings", "SettingsSources"]


_APPLICATION: Final = ("application_key", "application_secret")
_CLASSES: Final[dict[tuple[str, ...], type[ApplicationKey | OAuth2Client | AccessToken]]] = {
    _APPLICATION: ApplicationKey,
    ("client_id", "client_secret"): OAuth2Client,
    ("access_token",): AccessToken,
}
_KINDS: Final = tuple(_CLASSES)


class SettingsSources:
    """All the places of settings, read once, before it is known which settings plugins define.

    Args:
        arguments: what the caller gave, by name; None counts as not given.
        config_file: a file that is read before the usual ones and must exist.
        environment: the variables; those of the process by default.
        files: the usual files, most specific first; those of ``CONFIG_FILES`` by default.
        apart: whether neither variables nor the usual files are looked at.

    Raises:
        InvalidConfiguration: ``config_file`` cannot be read, or an argument is malformed.
    """

    def __init__(
        self,
        arguments: Mapping[str, Any],
        *,
        config_file: str | os.PathLike[str] | None = None,
        environment: Environment | None = None,
        files: tuple[str, ...] | None = None,
        apart: bool = False,
    ) -> None:
        if not isinstance(apart, bool):
            raise InvalidConfiguration("config must be True or False; the path of a file is given as config_file")
        self._variables = environment or Environment()
        self._files = chosen_files(CONFIG_FILES) if files is None else files
        if apart:
            # All other variables belong to the machine, as REQUESTS_CA_BUNDLE does.
            self._variables, self._files = self._variables.without("OVH_"), ()
        self._config_file = config_file
        self._options = arguments.get("options")
        self._given = SettingsSource("argument", {**arguments, "options": None})
        del arguments  # a traceback would show them
        self.leniency = Leniency(_has_credentials(self._given, whole=True), self._given)
        (self._env,) = beneath(self._given, [self._environment()])
        # A caller that gives everything must neither be hindered by the files nor meet their contents.
        self._all_given = "endpoint" in self._given.values and _has_credentials(self._given, whole=True)
        self._parsed = parse_files(config_file, () if self._all_given else self._files)
        self._profile = None if self._all_given and "profile" not in self._given.values else self._chosen_profile()
        self._deciding: list[SettingOrigin] = []
        self._passed_over: tuple[str, ...] = ()
        self._found: tuple[str, str] | None = None

    def _environment(self) -> SettingsSource:
        try:
            return from_environment(self._variables)
        except InvalidConfiguration as error:
            if not self.leniency.passes_over("headers", None, error):
                raise
        return from_environment(self._variables.without("OVH_HTTP_HEADERS_"))

    def _chosen_profile(self) -> Profile | None:
        if "profile" not in self._given.values and "profile" not in self._env.values:
            return None
        from .profiles import find_profile, without_credentials

        profile = find_profile(self._given, self._env, self._parsed)
        if profile.chosen_by is self._given:
            # A caller that names an account means that one, whatever the variables say.
            self._env = without_credentials(self._env, "endpoint", "token_url")
        return profile

    def disabled_plugins(self) -> tuple[tuple[str, ...], str]:
        """Return the names of plugins that are not to be used, and the setting that says so."""
        found = self._found_first("disabled_plugins")
        if found is None:
            return (), ""
        what = found[1].named("disabled_plugins")
        return _names(found[0], what), what

    def transport(self) -> str | None:
        """Return the name of the transport; None if no place says one."""
        found = self._found_first("transport")
        return found and found[0]

    def says(self, *names: str) -> bool:
        """Say whether a place has one of these settings."""
        return any(self._found_first(name) is not None for name in names)

    def passes_over(self, name: str, error: InvalidConfiguration) -> bool:
        """Say whether a setting that cannot be used counts as not set from now on; if not, the caller raises the error.

        Args:
            name: the name of the setting: ``"disabled_plugins"`` or ``"transport"``.
            error: the problem of the setting.
        """
        found = self._found_first(name)
        if found is None or not self.leniency.passes_over(name, found[1], error):
            return False
        self._passed_over = (*self._passed_over, name)
        self._env = self._env.without(self._passed_over)
        return True

    def _found_first(self, name: str) -> tuple[Any, SettingsSource] | None:
        endpoint = self._endpoint(self._identity(self._given, self._env, ()))
        return first([self._given, self._env, *self._sources(endpoint, ())], name)

    def _endpoint(self, identity: list[SettingsSource]) -> str | None:
        found = first(identity, "endpoint")
        if found is None and "endpoint" in self._given.empty:
            return None
        return str(found[0]).strip() if found else default_endpoint(self._parsed)

    def _identity(self, given: SettingsSource, env: SettingsSource, options: tuple[str, ...]) -> list[SettingsSource]:
        """Return the places that are asked for endpoint and credentials before files are, most specific first."""
        if self._all_given:
            return [given]
        return [given, env] if self._profile is None else [given, env, self._profile.source(options)]

    def _sources(self, endpoint: str | None, options: tuple[str, ...]) -> list[SettingsSource]:
        found = [source for file in self._parsed for source in from_file(file, endpoint, options)]
        if self._profile is not None:
            from .profiles import without_credentials

            found = [self._profile.source(options), *map(without_credentials, found)]
        return beneath(self._given, [source.without(self._passed_over) for source in found])

    def check_provided(self) -> None:
        """Make sure that credentials which a plugin supplies go only where a place trusted enough sends them.

        Raises:
            InvalidConfiguration: a less trusted place sends them; the message names it.
        """
        check_trust(self._deciding, [SettingOrigin("credentials", None)])

    def found(self, options: Iterable[str] = ()) -> list[FoundSetting]:
        """Return every setting of every place that was looked at, in the order in which places are asked.

        Args:
            options: the names of settings that plugins define.
        """
        from .found import listed

        names = tuple(options)
        env = self._env.adding({name: self._variables.get(self._env.spelling(name)) or None for name in names})
        identity = self._identity(self._given, env, names)
        return [*listed([*identity, *self._sources(self._endpoint(identity), names)])]

    def problems(self) -> list[str]:
        """Return the problems of files that cannot be read."""
        return [str(file.parser) for file in self._parsed if isinstance(file.parser, InvalidConfiguration)]

    def looked(self) -> str:
        """Say where credentials were looked for and what was found there; empty before there are settings."""
        if self._found is None:
            return ""
        if self._profile is not None:
            return self._profile.looked(self._found[0])
        from .where_looked import where_looked

        return where_looked(*self._found, self._parsed, self._config_file, self._files)

    def settings(
        self,
        *,
        defaults: Mapping[str, str] = MappingProxyType({}),
        isolated: bool = False,
        options: Mapping[str, Option] | None = None,
        redaction: Redaction = Redaction(),  # noqa: B008 - immutable
    ) -> Settings:
        """Put the settings of a client together.

        Args:
            defaults: settings that the transport brings along, for those that no place says.
            isolated: whether the credentials of environment and files are not meant for the transport.
            options: further settings, which plugins define.
            redaction: the secrets that plugins declare.

        Raises:
            InvalidConfiguration: a setting is malformed, contradicts another, or a file cannot be read.
            InvalidRegion: no endpoint, or an unknown one.
        """
        known = {} if options is None else options
        names = tuple(known)
        given = self._given.adding(_options(self._options, names))
        env = self._env.adding({name: self._variables.get(self._env.spelling(name)) for name in names})
        (env,) = beneath(given, [env])
        identity = self._identity(given, env, names)
        endpoint = self._endpoint(identity)
        sources = self._sources(endpoint, names)
        others = [given, env, *sources]
        brought = SettingsSource("transport", defaults)
        if isolated:
            # A sandbox knows only its own credentials; those of the environment and files are meant for the API.
            credentials = [given, brought]
        elif (unusable := self._unusable(identity, endpoint, names)) and not defaults:
            raise unusable
        else:
            credentials = [*identity, *sources, brought]
        http = first(others, "allow_http")
        allow_http = http is not None and read_switch(http[0], http[1].named("allow_http"))
        resolved, led = _endpoint([*identity, *sources, brought], self._config_file, self._files, allow_http)
        found, secrets = _credentials(credentials)
        settings = read_settings(resolved, found, others, self._variables, known, redaction, self.leniency)
        self._found = (resolved.name, led.named("endpoint"))
        # A transport that brings its own credentials checks none, and writes nothing down.
        deciding = [] if defaults else [name for name, option in known.items() if option.leads]
        self._deciding = deciding_origins([*identity, *sources, brought], others, settings, deciding)
        check_trust(self._deciding, [*secrets, *other_secrets(others)])
        return settings

    def _unusable(
        self, identity: list[SettingsSource], endpoint: str | None, names: tuple[str, ...]
    ) -> InvalidConfiguration | None:
        """Return the error of an unreadable file that may have settings which no more specific place has."""
        sources: list[SettingsSource] = []
        for number, file in enumerate(self._parsed):
            if not isinstance(file.parser, InvalidConfiguration):
                sources += from_file(file, endpoint, names)
            elif not (first(identity, "endpoint") or default_endpoint(self._parsed[:number])) or not any(
                map(_has_credentials, [*identity, *sources])
            ):
                return file.parser
        return None


def _options(given: Any, known: tuple[str, ...]) -> dict[str, Any]:
    """Return the settings that plugins define, as the caller gave them."""
    if given is None:
        return {}
    if not isinstance(given, Mapping):
        raise InvalidConfiguration(
            f"options must be a mapping, as {{'cassette': 'calls.cassette'}}, not {type(given).__name__}"
        )
    for name in given:
        if name not in known and name not in RETRY_OPTIONS:
            raise InvalidConfiguration(
                f"options has {name!r}, which no plugin knows that is switched on; there are: "
                f"{', '.join(known) or 'none'}"
            )
    return {name: os.fspath(value) if isinstance(value, os.PathLike) else value for name, value in given.items()}


def _names(value: Any, what: str) -> tuple[str, ...]:
    names: list[Any] = (
        value.split(",") if isinstance(value, str) else list(value) if isinstance(value, Iterable) else [None]
    )
    if not all(isinstance(name, str) for name in names):
        raise InvalidConfiguration(f"{what} must be names, as 'retry,logging' or a list, not {shown(value)}")
    return tuple(name.strip() for name in names if name.strip())


def _has_credentials(source: SettingsSource, *, whole: bool = False) -> bool:
    """Say whether a source has a pair or a token; with ``whole``, also the consumer key of an application key."""
    kind = next((kind for kind in _KINDS if all(name in source.values for name in kind)), None)
    return kind is not None and not (whole and kind == _APPLICATION and "consumer_key" not in source.values)


def _endpoint(
    identity: list[SettingsSource],
    config_file: str | os.PathLike[str] | None,
    files: tuple[str, ...],
    allow_http: bool,
) -> tuple[Endpoint, SettingsSource]:
    found = first(identity, "endpoint")
    token_url = first(identity, "token_url")
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
        return resolve_endpoint(name.strip(), token_url[0] if token_url else None, allow_http=allow_http), source
    except InvalidRegion as error:
        raise InvalidRegion(f"{error}. It is set by {source.named('endpoint')}") from None
    except InvalidConfiguration as error:
        which = token_url[1].named("token_url") if token_url and "token URL" in str(error) else source.named("endpoint")
        raise InvalidConfiguration(f"{error}. It is set by {which}") from None


def _credentials(stack: list[SettingsSource]) -> tuple[Credentials | None, list[SettingOrigin]]:
    """Return the credentials, and where each part of them was found."""
    consumer: tuple[Any, SettingsSource] | None = None
    for number, source in enumerate(stack, start=1):
        present: list[str] = [name for name in CREDENTIALS if name in source.values]
        if not present:
            continue
        if present == ["consumer_key"]:
            # Half of a set that a less specific source completes.
            consumer = consumer or (source.values["consumer_key"], source)
            continue
        consumer = consumer or _consumer_key_below(source, stack[number:])
        found = _set_of(source, present, consumer)
        if source.where == "transport":
            return found, []  # known to everybody
        said = [SettingOrigin(present[0], source)]
        return found, said if consumer is None else [*said, SettingOrigin("consumer_key", consumer[1])]
    if consumer is not None:
        raise InvalidConfiguration(
            f"{consumer[1].named('consumer_key')} needs application_key and application_secret beside it"
        )
    return None, []


def _consumer_key_below(source: SettingsSource, stack: list[SettingsSource]) -> tuple[Any, SettingsSource] | None:
    """Return the consumer key that completes a source's application key.

    The key stands alone in the next place that has credentials, or beside the same application key.
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


def _set_of(source: SettingsSource, present: list[str], consumer: tuple[Any, SettingsSource] | None) -> Credentials:
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
    values = {name: source.values[name] for name in kind}
    places = dict.fromkeys(kind, source)
    if kind == _APPLICATION and (consumer is not None or "consumer_key" in present):
        values["consumer_key"], places["consumer_key"] = consumer or (source.values["consumer_key"], source)
    for name, value in values.items():
        problem = key_problem(value.reveal())
        # A program's own tests may give values that no key can have; a file or a variable has them by mistake.
        if problem and (places[name].where != "argument" or not isinstance(value.reveal(), str)):
            raise InvalidConfiguration(f"{places[name].spelling(name)} {problem} ({places[name].where})")
    return _CLASSES[kind].unchecked(**values)
