"""Files, the environment and arguments as sources of settings.

No other module of this package reads variables or the contents of files.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Collection, Iterable, Mapping
from enum import IntEnum
from typing import TYPE_CHECKING, Any, Final

from ..exceptions import InvalidConfiguration
from ..plugins.settings import CREDENTIALS, OTHERS
from ..protocol.endpoints import same_endpoint
from ..protocol.redaction import as_secret, is_secret_header

if TYPE_CHECKING:
    from configparser import RawConfigParser

__all__ = [
    "CONFIG_FILES",
    "CREDENTIALS",
    "OTHERS",
    "Environment",
    "ParsedFile",
    "SettingsSource",
    "Trust",
    "default_endpoint",
    "expanded",
    "from_environment",
    "from_file",
    "from_section",
    "parse_files",
]

CONFIG_FILES: Final = ("./ovh.conf", "~/.ovh.conf", "/etc/ovh.conf")
"""The usual files of settings, most specific first."""

HIDDEN: Final = frozenset({*CREDENTIALS, "proxy"})
"""The settings that no traceback shows while settings are put together; a proxy's URL may hold a password."""

_SECRET: Final = ("application_secret", "consumer_key", "client_secret", "access_token")
_MAX_SIZE: Final = 1024 * 1024
_WARNED: Final[set[str]] = set()
_HEADER_VARIABLE: Final = "OVH_HTTP_HEADERS_"


class Trust(IntEnum):
    """The degree to which a place is trusted; a higher one means more."""

    DIRECTORY = 1
    """``./ovh.conf``: whoever made the working directory wrote it, as in a cloned repository."""
    OWN = 2
    """Arguments, environment, ``config_file``, ``~/.ovh.conf``, ``/etc/ovh.conf`` and what plugins supply: the
    user of the program wrote them, or the administrator of the machine, and both could run another program."""


class SettingsSource:
    """Settings that were found in one place, by their names in ``ovh.conf``.

    Attributes:
        where: the place, for messages.
        trust: how far the place is trusted.
        of_endpoint: whether it is a section of a file that has the endpoint's name or URL.
        file: the path of the file, None for other places.
        section: the section of the file, or None.
    """

    def __init__(
        self,
        where: str,
        values: Mapping[str, Any],
        spelling: Callable[[str], str] = lambda name: name,
        *,
        trust: Trust = Trust.OWN,
        of_endpoint: bool = False,
        file: str | None = None,
        section: str | None = None,
    ) -> None:
        self.where = where
        self.file = file
        self.section = section
        self.trust = trust
        self.of_endpoint = of_endpoint
        self.empty = frozenset(name for name, value in values.items() if isinstance(value, str) and not value)
        self.values: dict[str, Any] = {
            name: as_secret(value) if name in HIDDEN else value
            for name, value in values.items()
            if value is not None and value != ""
        }
        headers = self.values.pop("headers", {})
        if not isinstance(headers, Mapping):
            del values, headers  # a traceback would show them
            raise InvalidConfiguration(f"headers ({where}) must be a mapping, as {{'X-Name': 'value'}}")
        self.headers = {name: as_secret(value) for name, value in headers.items()}
        self.spelling = spelling

    def adding(self, values: Mapping[str, Any]) -> SettingsSource:
        """Return a copy with further settings."""
        return self._saying({**self.values, **values})

    def without(self, names: Collection[str]) -> SettingsSource:
        """Return a copy without some settings."""
        return self._saying({name: value for name, value in self.values.items() if name not in names})

    def _saying(self, values: Mapping[str, Any]) -> SettingsSource:
        source = SettingsSource(self.where, values, self.spelling, trust=self.trust, of_endpoint=self.of_endpoint)
        source.headers, source.empty = self.headers, self.empty
        source.file, source.section = self.file, self.section
        return source

    def label(self, name: str) -> str:
        """Return the name of a setting with its place, for messages."""
        return f"{self.spelling(name)} ({self.where})"


class ParsedFile:
    """A file of settings that exists.

    Attributes:
        path: the path of the file.
        parser: the parsed contents; for an unusable file, the error.
        trust: how far the place is trusted.
    """

    __slots__ = ("parser", "path", "trust")

    def __init__(self, path: str, parser: RawConfigParser | InvalidConfiguration, trust: Trust) -> None:
        self.path = path
        self.parser = parser
        self.trust = trust


class Environment:
    """Variables of the process, or of a mapping, that do not print."""

    def __init__(self, variables: Mapping[str, str] | None = None) -> None:
        self._variables = os.environ if variables is None else variables

    def get(self, name: str) -> str:
        """Return a variable without outer white space; an unset one is empty."""
        return self._variables.get(name, "").strip()

    def without(self, prefix: str) -> Environment:
        """Return an environment without the variables whose names have a prefix."""
        return Environment({name: value for name, value in self._variables.items() if not name.startswith(prefix)})

    def names(self) -> list[str]:
        """Return the names of all variables."""
        return sorted(self._variables)


def from_environment(variables: Environment) -> SettingsSource:
    """Return the settings of the ``OVH_*`` variables; empty ones count as unset.

    Args:
        variables: the environment.

    Raises:
        InvalidConfiguration: a header's variable has no colon.
    """
    headers: dict[str, str] = {}
    for variable in variables.names():
        number = variable.removeprefix(_HEADER_VARIABLE)
        if number == variable or not (number.isascii() and number.isdigit()):
            continue
        name, colon, value = map(str.strip, variables.get(variable).partition(":"))
        if colon:
            headers[name] = value
        elif name:
            del name, headers
            raise InvalidConfiguration(f"The environment variable {variable} must read 'Name: value'")
    names = ("endpoint", "profile", *CREDENTIALS, *OTHERS)
    values: dict[str, Any] = {name: variables.get(f"OVH_{name.upper()}") for name in names}
    return SettingsSource("environment", {**values, "headers": headers or None}, lambda name: f"OVH_{name.upper()}")


def parse_files(config_file: str | os.PathLike[str] | None, files: tuple[str, ...]) -> list[ParsedFile]:
    """Return every file that exists, most specific first.

    Args:
        config_file: a file that must exist.
        files: files that may exist.

    Raises:
        InvalidConfiguration: ``config_file`` does not exist, or is unusable; its path is named.
    """
    parsed: list[ParsedFile] = []
    if config_file is not None:
        path = expanded(config_file, "config_file")
        parser = _parse_file(path, regular=False)
        if parser is None:
            raise InvalidConfiguration(f"The configuration file {path} does not exist")
        parsed.append(ParsedFile(path, parser, Trust.OWN))
    for name in files:
        path = os.path.expanduser(name)
        # If there is no home, "~" is a directory in the working directory.
        trust = Trust.OWN if os.path.isabs(path) else Trust.DIRECTORY
        try:
            parser = _parse_file(path)
        except InvalidConfiguration as error:
            parsed.append(ParsedFile(path, error, trust))
        else:
            parsed += [] if parser is None else [ParsedFile(path, parser, trust)]
    return parsed


def expanded(path: Any, what: str) -> str:
    """Return a path with ``~`` expanded.

    Raises:
        InvalidConfiguration: the value is not a path.
    """
    if not isinstance(path, (str, os.PathLike)):
        raise InvalidConfiguration(f"{what} must be the path of a file, not {type(path).__name__}")
    return os.fsdecode(os.path.expanduser(path))


def default_endpoint(parsed: Iterable[ParsedFile]) -> str | None:
    """Return the endpoint of the first usable file whose section ``[default]`` has one."""
    for file in parsed:
        if isinstance(file.parser, InvalidConfiguration):
            continue
        if endpoint := file.parser.get("default", "endpoint", fallback="").strip():
            return endpoint
    return None


def _parse_file(path: str, *, regular: bool = True) -> RawConfigParser | None:
    """Return the parsed file, None if there is none.

    Args:
        path: the file.
        regular: whether a pipe or a device is refused, which could block, or never end.
    """
    if not os.path.exists(path):
        return None
    # The parser is loaded only where there is a file.
    import configparser

    parser = configparser.RawConfigParser(strict=False, interpolation=None)
    # The parser's and the decoder's exceptions quote lines, which may hold secrets.
    try:
        problem = _read_into(parser, path, regular)
        if problem is None:
            _warn_if_readable(path, parser)
            return parser
    except configparser.MissingSectionHeaderError as error:
        problem = f"line {error.lineno} stands before any [section]; the file begins with [default]"
    except configparser.ParsingError as error:
        problem = f"line {error.errors[0][0]} is not 'name = value'"
    except UnicodeDecodeError:
        problem = "it is not UTF-8 text"
    except OSError as error:
        problem = f"it cannot be read: {error.strerror or type(error).__name__}"
    raise InvalidConfiguration(f"The configuration file {path} is not usable: {problem}")


def _read_into(parser: RawConfigParser, path: str, regular: bool) -> str | None:
    if regular and not os.path.isdir(path) and not os.path.isfile(path):
        return "it is not a regular file"
    with open(path, encoding="utf-8-sig") as file:
        text = file.read(_MAX_SIZE + 1)
    if len(text) > _MAX_SIZE:
        return f"it is larger than {_MAX_SIZE} characters"
    parser.read_string(text, path)
    return None


def _warn_if_readable(path: str, parser: RawConfigParser) -> None:
    """Log once that others can read a file with secrets, and how to mend it."""
    # The mode says who can read a file on POSIX only.
    if os.name != "posix":
        return
    found = os.stat(path)
    if not (stat.S_ISREG(found.st_mode) and found.st_mode & stat.S_IROTH and _holds_secrets(parser)):
        return
    real = os.path.realpath(path)
    if real not in _WARNED:
        _WARNED.add(real)
        import shlex
        from logging import getLogger

        # If the file belongs to another user, mode 600 might take it from this program, too.
        mode = "600" if found.st_uid == os.geteuid() else "o-rwx"
        getLogger("ovhcore").warning(
            "The configuration file %s holds secrets, and every user of this machine can read it. To mend it: chmod "
            "%s %s",
            path,
            mode,
            shlex.quote(real),
        )


def _holds_secrets(parser: RawConfigParser) -> bool:
    """Say whether a file has a secret, a header field that is one, or a proxy with a password."""
    return any(
        value and (name in _SECRET or (name == "proxy" and "@" in value) or _is_secret_field(name))
        for section in parser.sections()
        for name, value in parser.items(section)
    )


def _is_secret_field(name: str) -> bool:
    return name.startswith("header.") and is_secret_header(name.removeprefix("header."))


def from_file(file: ParsedFile, endpoint: str | None, options: tuple[str, ...] = ()) -> list[SettingsSource]:
    """Return the settings of the endpoint's section, then those of ``[default]``; none for an unusable file."""
    if isinstance(file.parser, InvalidConfiguration):
        return []
    # A section with the same spelling comes first; the other place may write a URL in another way.
    named = [name for name in file.parser.sections() if endpoint is not None and same_endpoint(name, endpoint)]
    named.sort(key=lambda name: name != endpoint)
    return [
        from_section(file, section, OTHERS + options + (("endpoint",) if section == "default" else CREDENTIALS))
        for section in dict.fromkeys([*named, "default"])
        if file.parser.has_section(section)
    ]


def from_section(
    file: ParsedFile, section: str, readable: Collection[str], *, of_endpoint: bool | None = None
) -> SettingsSource:
    """Return the settings of a section of a usable file.

    Args:
        file: the file.
        section: the name of the section, which must exist.
        readable: the settings that it may have.
        of_endpoint: whether the section's name is that of an endpoint; by default, whether it is not ``[default]``.
    """
    assert not isinstance(file.parser, InvalidConfiguration)
    values: dict[str, Any] = {}
    headers: dict[str, str] = {}
    for name, value in file.parser.items(section):
        if name.startswith("header."):
            headers[name.removeprefix("header.")] = (value or "").strip()
        elif name in readable and value and value.strip():
            values[name] = value.strip()
    return SettingsSource(
        f"{file.path}, section [{section}]",
        {**values, "headers": headers or None},
        trust=file.trust,
        of_endpoint=section != "default" if of_endpoint is None else of_endpoint,
        file=file.path,
        section=section,
    )
