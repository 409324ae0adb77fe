"""Settings that plugins define, and how settings are read."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from ..exceptions import InvalidConfiguration
from ..protocol.frozen import Frozen, put
from ..protocol.redaction import as_secret
from ..protocol.requests.values import shown

__all__ = ["Option", "read_number", "read_seconds", "read_switch", "read_text"]

_SWITCHES: Final = {
    **dict.fromkeys(("1", "true", "yes", "on"), True),
    **dict.fromkeys(("0", "false", "no", "off"), False),
}


def read_text(value: Any, what: str) -> str:
    """Return a line of text.

    Raises:
        InvalidConfiguration: the value is no line of text.
    """
    hidden = as_secret(value)
    del value  # a proxy's URL may hold a password, and a traceback would show it
    if not isinstance(hidden.reveal(), str) or not hidden.reveal().isprintable():
        raise InvalidConfiguration(f"{what} must be a line of text")
    return str(hidden.reveal())


def read_number(value: Any, what: str) -> int:
    """Return a whole number above 0.

    Raises:
        InvalidConfiguration: the value is no such number.
    """
    try:
        number = int(value)
    except (TypeError, ValueError, OverflowError):
        number = 0
    if number <= 0 or isinstance(value, bool) or (isinstance(value, float) and value != number):
        raise InvalidConfiguration(f"{what} must be a whole number above 0, not {shown(value)}")
    return number


def read_seconds(value: Any, what: str) -> float:
    """Return a number of seconds above 0.

    Raises:
        InvalidConfiguration: the value is no such number.
    """
    try:
        seconds = 0.0 if isinstance(value, bool) else float(value)
    except (TypeError, ValueError, OverflowError):
        seconds = 0.0
    if not 0 < seconds < 1e9:
        raise InvalidConfiguration(f"{what} must be a number of seconds above 0, not {shown(value)}")
    return seconds


def read_switch(value: Any, what: str) -> bool:
    """Return whether something is on: ``true``, ``yes``, ``on``, ``1``, and their contraries.

    Raises:
        InvalidConfiguration: the value is neither.
    """
    read = value if isinstance(value, bool) else _SWITCHES.get(str(value).lower())
    if read is None:
        raise InvalidConfiguration(f"{what} must be true or false, not {shown(value)}")
    return read


class Option(Frozen):
    """A setting that a plugin defines.

    It is given as ``Client(options={name: ...})``, as ``OVH_NAME`` in the environment, or as
    ``name`` in ``ovh.conf``; the plugin finds it in ``settings.options``, where it is missing
    if nobody gave it.

    Attributes:
        name: the name, in lower case with underscores.
        read: returns the meaning of a value. It is called with the value, which is text if it comes from
            the environment or a file, and with the name of the setting and its place, for
            :class:`.InvalidConfiguration` to say.
        meaning: the meaning in one line, for lists of settings.
        per_call: whether a single call may have another, as ``client.get(path, _options={name: ...})``.
        leads: whether the setting decides where secrets go or are kept, as the address of a server or a file to
            write, so that no place may say it that is less trusted than the credentials; see
            :mod:`ovhcore.config.trust`.
        needs: the setting that a client must have for a call to have this one; none if empty.
    """

    __slots__ = ("name", "read", "meaning", "per_call", "leads", "needs")  # noqa: RUF023 - the order of __init__

    name: str
    read: Callable[[Any, str], Any]
    meaning: str
    per_call: bool
    leads: bool
    needs: str

    def __init__(
        self,
        name: str,
        read: Callable[[Any, str], Any] = read_text,
        meaning: str = "",
        per_call: bool = False,
        leads: bool = False,
        needs: str = "",
    ) -> None:
        put(self, "name", name)
        put(self, "read", read)
        put(self, "meaning", meaning)
        put(self, "per_call", per_call)
        put(self, "leads", leads)
        put(self, "needs", needs)
