"""The three kinds of credentials. All of them print without their secrets."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, Self

from ..exceptions import InvalidConfiguration
from .frozen import Frozen, put
from .redaction import Secret, as_secret

__all__ = ["REMEMBERED", "AccessToken", "ApplicationKey", "Credentials", "OAuth2Client", "key_problem"]

REMEMBERED: Final = 4
"""The number of replaced tokens and keys that are still kept out of error messages."""


class _CheckedCredentials(Frozen):
    """Credentials whose values were found fit to be sent, unless they were made :meth:`unchecked`."""

    __slots__ = ()

    @classmethod
    def unchecked(cls, **values: Any) -> Self:
        """Return credentials that may hold values no key can have, for programs that never send them.

        A client with such credentials refuses calls that have to be authenticated.

        Args:
            **values: as the class takes them.

        Raises:
            InvalidConfiguration: a value is no string.
        """
        hidden = {name: value if value is None else as_secret(value) for name, value in values.items()}
        del values  # a traceback would show them
        made = cls.__new__(cls)
        names: tuple[str, ...] = cls.__slots__
        for name in names:
            value = hidden.get(name)
            if value is not None and not isinstance(value.reveal(), str):
                raise InvalidConfiguration(f"{name} {key_problem(value.reveal())}")
            put(made, name, value.reveal() if value is not None and name in _SHOWN else value)
        return made

    @property
    def problem(self) -> str | None:
        """The reason why the credentials cannot be sent, without their values; None if they can."""
        names: tuple[str, ...] = self.__slots__
        for name in names:
            value = getattr(self, name)
            if value is not None and (problem := key_problem(value.reveal() if isinstance(value, Secret) else value)):
                return f"{name} {problem}"
        return None


class ApplicationKey(_CheckedCredentials):
    """An application key and its secret, and the consumer key of a user once there is one.

    Raises:
        InvalidConfiguration: a value that cannot be a key; the message does not show it.
    """

    __slots__ = ("application_key", "application_secret", "consumer_key")

    application_key: str
    application_secret: Secret
    consumer_key: Secret | None

    def __init__(
        self, application_key: str, application_secret: str | Secret, consumer_key: str | Secret | None = None
    ):
        # All values are hidden before the first is refused: a traceback shows this frame.
        key, secret = as_secret(application_key), as_secret(application_secret)
        user = None if consumer_key is None else as_secret(consumer_key)
        del application_key, application_secret, consumer_key
        put(self, "application_key", _checked(key, "application_key").reveal())
        put(self, "application_secret", _checked(secret, "application_secret"))
        put(self, "consumer_key", user and _checked(user, "consumer_key"))

    def secrets(self) -> Iterator[str]:
        """Yield the values that must not be shown."""
        yield self.application_key
        yield self.application_secret.reveal()
        if self.consumer_key is not None:
            yield self.consumer_key.reveal()

    def __repr__(self) -> str:
        # If a value is refused, tracebacks show the object before it has its values.
        key = getattr(self, "application_key", "")
        return f"ApplicationKey({_hinted(key)}, <redacted>, {getattr(self, 'consumer_key', None)})"


class OAuth2Client(_CheckedCredentials):
    """A service account: OAuth2 client id and secret."""

    __slots__ = ("client_id", "client_secret")

    client_id: str
    client_secret: Secret

    def __init__(self, client_id: str | Secret, client_secret: str | Secret):
        identity, secret = as_secret(client_id), as_secret(client_secret)
        del client_id, client_secret
        put(self, "client_id", _checked(identity, "client_id").reveal())
        put(self, "client_secret", _checked(secret, "client_secret"))

    def secrets(self) -> Iterator[str]:
        """Yield the values that must not be shown."""
        yield self.client_id
        yield self.client_secret.reveal()

    def __repr__(self) -> str:
        return f"OAuth2Client({_hinted(getattr(self, 'client_id', ''))}, <redacted>)"


class AccessToken(_CheckedCredentials):
    """A token that was issued elsewhere; it is sent as it is and never renewed."""

    __slots__ = ("access_token",)

    access_token: Secret

    def __init__(self, access_token: str | Secret):
        token = as_secret(access_token)
        del access_token
        put(self, "access_token", _checked(token, "access_token"))

    def secrets(self) -> Iterator[str]:
        """Yield the values that must not be shown."""
        yield self.access_token.reveal()

    def __repr__(self) -> str:
        return "AccessToken(<redacted>)"


_QUOTES = "\"'`"
_SHOWN = ("application_key", "client_id")  # kept as plain strings

Credentials = ApplicationKey | OAuth2Client | AccessToken


def _checked(secret: Secret, name: str) -> Secret:
    # The values go into headers and hashes; a value that cannot is refused here, without being shown.
    problem = key_problem(secret.reveal())
    if problem:
        raise InvalidConfiguration(f"{name} {problem}")
    return secret


def key_problem(value: object) -> str | None:
    """Return why a value cannot be a key, a secret or a token, without showing it; None if it can."""
    if not isinstance(value, str):
        return f"must be a string, not {type(value).__name__}"
    if not value or not value.isascii() or not value.isprintable() or " " in value:
        return "is empty, or holds a space, a line end, a control character or a non-ASCII character"
    if value[0] in _QUOTES or value[-1] in _QUOTES:
        return "begins or ends with a quote, which no key does; write it without quotes"
    return None


def _hinted(key: str) -> str:
    # Enough to tell two applications apart, too little to use.
    return f"'{key[:4]}...'" if len(key) >= 12 else "<redacted>"
