"""The plugin ``keyring``: credentials from the system's keyring, if the setting ``keyring`` names a service there.

The name of an entry is that of the endpoint and that of the credential, as ``ovh-eu/application_key``. An
endpoint that is a URL has the URL as its name, as in sections of ``ovh.conf``; so no custom URL
gets credentials that were stored for OVHcloud. The plugin reads the entries when a client is made, and again
when the API no longer accepts the credentials.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Final

from ovhcore.exceptions import InvalidConfiguration
from ovhcore.plugins import Option, hookimpl, read_text
from ovhcore.protocol import AccessToken, ApplicationKey, Credentials, OAuth2Client, Secret, as_secret

if TYPE_CHECKING:
    from ovhcore.config import Settings
    from ovhcore.flows import RenewableProvider

__all__ = ["ovhcore_credentials", "ovhcore_options", "read_keyring"]

_KINDS: Final[dict[Callable[..., Credentials], tuple[str, ...]]] = {
    ApplicationKey: ("application_key", "application_secret", "consumer_key"),
    OAuth2Client: ("client_id", "client_secret"),
    AccessToken: ("access_token",),
}
_OPTIONAL: Final = "consumer_key"  # an application requests one with its key and secret


@hookimpl
def ovhcore_options() -> Iterable[Option]:
    """Define the setting."""
    return (Option("keyring", read_text, "service in the system's keyring that has the credentials; none by default"),)


@hookimpl
def ovhcore_credentials(settings: Settings) -> RenewableProvider | None:
    """Return a provider that reads the keyring now and for each renewal, if a service is set."""
    service = settings.options.get("keyring")
    if service is None:
        return None
    from ovhcore.flows import RenewableProvider

    endpoint = settings.endpoint.name
    return RenewableProvider(read_keyring(service, endpoint), lambda refused: read_keyring(service, endpoint))


def read_keyring(service: str, endpoint: str) -> Credentials:
    """Return the credentials that a service in the system's keyring has for an endpoint.

    Args:
        service: the name of the service.
        endpoint: name of the endpoint, or its URL without a slash at the end.

    Raises:
        InvalidConfiguration: the service has no credentials, half a set or two kinds; one cannot be used; keyring is
            not installed, or cannot read. No message shows a value that was read.
    """
    found: dict[str, Secret] = {}
    for names in _KINDS.values():
        for name in names:
            if (hidden := _stored(service, f"{endpoint}/{name}")) is not None:
                found[name] = hidden
    present = [(kind, names) for kind, names in _KINDS.items() if not found.keys().isdisjoint(names)]
    if not present:
        raise InvalidConfiguration(
            f"The keyring has no credentials for {endpoint} under the service {service!r}. To store an application "
            f"key: {_command('set', service, f'{endpoint}/application_key')}, and so application_secret and "
            "consumer_key; or client_id and client_secret; or access_token"
        )
    if len(present) > 1:
        one, other = (next(name for name in names if name in found) for _, names in present[:2])
        raise InvalidConfiguration(
            f"The keyring has two kinds of credentials for {endpoint} under the service {service!r}: {one} and "
            f"{other}. To remove one: {_command('del', service, f'{endpoint}/{other}')}"
        )
    ((kind, names),) = present
    for name in names:
        if name not in found and name != _OPTIONAL:
            raise InvalidConfiguration(
                f"The keyring has half a set of credentials for {endpoint} under the service {service!r}: "
                f"{next(iter(found))} and no {name}. To store it: {_command('set', service, f'{endpoint}/{name}')}"
            )
    try:
        return kind(**found)
    except InvalidConfiguration as error:
        problem = str(error)
    raise InvalidConfiguration(f"{problem} (keyring, service {service!r}, {endpoint})")


def _command(verb: str, service: str, entry: str) -> str:
    from shlex import join

    return join(["keyring", verb, service, entry])


def _stored(service: str, entry: str) -> Secret | None:
    """Return the value of an entry; an empty one counts as none."""
    # Imported here: keyring looks for backends in all installed packages, and few programs need it.
    try:
        import keyring
        from keyring.errors import NoKeyringError
    except ImportError:
        raise InvalidConfiguration(
            'The setting keyring needs the package keyring, which is not installed: pip install "ovhcore[keyring]"'
        ) from None
    try:
        hidden = as_secret(keyring.get_password(service, entry))
        return hidden if hidden.reveal() else None
    except NoKeyringError:
        problem = "there is none that can be used here; `keyring --list-backends` shows what there is"
    except Exception as error:  # backends raise any exception, with any text in it
        problem = f"{type(error).__name__}; `{_command('get', service, entry)}` shows more"
    raise InvalidConfiguration(f"The keyring cannot be read for service {service!r}, entry {entry}: {problem}")
