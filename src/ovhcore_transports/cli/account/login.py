"""``ovhcore login``: from nothing to keys that work, and are kept."""

from __future__ import annotations

import os
import sys
from collections.abc import Generator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

from ovhcore.exceptions import APIError, InvalidConfiguration
from ovhcore.protocol import ENDPOINTS, Endpoint, Secret, as_secret, resolve_endpoint

from ..frame.clients import client, note
from ..frame.groups import Command, globals_of
from ..output.terminal import is_terminal
from .browser import show_page
from .identity import application_of, identity_lines, identity_of
from .keys import APPLICATION, SERVICE_ACCOUNT, read_keys
from .places import file_of, found_settings, keep
from .rules import PRESETS, in_words, rules_of, rules_query, with_own
from .validating import until_allowed

if TYPE_CHECKING:
    from ovhcore import Client
    from ovhcore._internal import FoundSetting

__all__ = ["login_command"]


@click.command("login", cls=Command)
@click.option("--read-only", "preset", flag_value="read-only", help="The key may read everything, and change nothing.")
@click.option("--no-delete", "preset", flag_value="no-delete", help="The key may do everything but delete.")
@click.option("--everything", "preset", flag_value="everything", help="The key may do everything.")
@click.option("--rules", metavar="'METHODS /path'", multiple=True, help="As 'GET,PUT /domain/zone/*'; may be repeated.")
@click.option("--recursive", is_flag=True, help="The --rules cover what is below their paths, too.")
@click.option("--new-application", is_flag=True, help="Make an application, even where one is known.")
@click.option("--service-account", is_flag=True, help="A service account (OAuth2) instead of an application.")
@click.option("--keys-from", metavar="FILE", help="Read keys from a file instead of asking; - is standard input.")
@click.option("--keyring", metavar="SERVICE", help="Keep the keys in the system's keyring, under this name.")
@click.option("--no-browser", is_flag=True, help="Print the page's address; open no browser.")
@click.option("--deadline", type=click.FloatRange(0), default=900.0, metavar="SECONDS", help="By default, 900.")
@click.option("--interval", type=click.FloatRange(0.01), default=2.0, metavar="SECONDS", help="By default, 2.")
def login_command(
    preset: str | None,
    rules: tuple[str, ...],
    recursive: bool,
    new_application: bool,
    service_account: bool,
    keys_from: str | None,
    keyring: str | None,
    no_browser: bool,
    deadline: float,
    interval: float,
) -> None:
    """Get keys for the API, try them, and save them.

    Without an application it leads to the page that makes its three keys at once, with the rights filled in. With one
    it asks for a consumer key, and waits until you have allowed it in the browser. Nothing is saved before it works.

    \b
    ovhcore login --read-only
    ovhcore login --rules "GET,POST,PUT,DELETE /domain/zone" --recursive --profile dns
    ovhcore login --service-account --keys-from account.txt
    """  # noqa: D301
    path = _place()
    with _until_it_is_made(path):
        endpoint = _endpoint()
        secrets = _read(endpoint, keys_from, service_account, preset, rules)
        if secrets is None:
            caller = None if new_application else _with_application(endpoint)
            granted = with_own(rules_of(preset if rules else preset or _asked_preset(), rules, recursive))
            note("The key may:")
            for line in in_words(granted):
                note(f"  {line}")
            if caller is None:
                secrets = _by_page(endpoint, granted, open_it=not no_browser)
            else:
                keyring = keyring or _keyring_of_application()
                secrets = _by_request(caller, granted, deadline, interval, open_it=not no_browser)
        known, token_url = _tried(endpoint, secrets)
    _keep(endpoint, secrets, known, path, keyring, token_url)


def _read(
    endpoint: Endpoint, keys_from: str | None, service_account: bool, preset: str | None, rules: tuple[str, ...]
) -> dict[str, Secret] | None:
    """Return keys that are made elsewhere, None if they are to be made."""
    if service_account:
        if preset or rules:
            raise click.UsageError("The rights of a service account are policies of IAM, and no rules of a key")
        if endpoint.token_url is None:  # told before the user takes any trouble
            raise InvalidConfiguration(
                f"It is not known where {endpoint.name} gives tokens to service accounts: set OVH_TOKEN_URL"
            )
        return read_keys(SERVICE_ACCOUNT, keys_from)
    return read_keys(APPLICATION, keys_from) if keys_from else None


def _place() -> str:
    """Return the file that keys are saved in; make sure that they can be, before the user takes any trouble.

    Raises:
        InvalidConfiguration: they cannot.
    """
    path = file_of()
    folder = os.path.dirname(os.path.realpath(path))
    if not os.path.isdir(folder):
        raise InvalidConfiguration(f"The keys cannot be saved in {path}: there is no folder {folder}")
    if not os.access(folder, os.W_OK):
        raise InvalidConfiguration(f"The keys cannot be saved in {path}: this user may not write into {folder}")
    return path


@contextmanager
def _until_it_is_made(path: str) -> Generator[None, None, None]:
    """Read no file that is named and not there yet."""
    said = globals_of()
    named = said.config
    said.config = named if os.path.exists(path) else None
    try:
        yield
    finally:
        said.config = named


def _endpoint() -> Endpoint:
    """Return the endpoint: as options and settings say, else as the user does."""
    found = _first("endpoint")
    if found is not None:
        name = str(found.value)
    elif is_terminal(sys.stdin):
        text = f"Endpoint ({', '.join(ENDPOINTS)}, or a URL)"
        name = click.prompt(text, default="ovh-eu", err=True)
    else:
        raise click.UsageError(f"Whose keys? --endpoint names one: {', '.join(ENDPOINTS)}, or a URL")
    token_url = _first("token_url")
    return resolve_endpoint(name.strip(), None if token_url is None else str(token_url.value))


def _first(name: str) -> FoundSetting | None:
    return next((each for each in _found() if each.name == name), None)


def _found() -> list[FoundSetting]:
    """Return what all places say; a profile that there is not yet says nothing."""
    said = globals_of()
    try:
        return found_settings()
    except InvalidConfiguration as error:
        # What else is wrong with a profile, logging in may mend.
        if said.profile is None or str(error).startswith(f"The profile {said.profile!r} cannot be"):
            raise
    profile, said.profile = said.profile, ""
    try:
        return [each for each in found_settings() if each.name in ("endpoint", "token_url")]
    finally:
        said.profile = profile


def _with_application(endpoint: Endpoint) -> Client | None:
    """Return a client with the application that settings have for this place, None if they have none."""
    try:
        caller = client(endpoint=endpoint.name)
    except APIError:
        if globals_of().profile is None:
            raise
        return None  # a profile that is to be made
    known = application_of(caller)
    if known is not None and caller.endpoint.name == endpoint.name and caller.settings.credentials is not None:
        return caller
    caller.close()
    if known is None or caller.endpoint.name != endpoint.name:
        return None
    # A plugin that supplies keys would supply the old one again while the new one waits.
    first, second, *_ = known.secrets()
    return client(endpoint=endpoint.name, application_key=first, application_secret=second)


def _keyring_of_application() -> str | None:
    """Return the service of the keyring that the application comes from, None for another place."""
    found = None if _first("application_key") else _first("keyring")
    return None if found is None else str(found.value)


def _asked_preset() -> str:
    if not is_terminal(sys.stdin):
        raise click.UsageError("What may the key do? --read-only, --no-delete, --everything, or --rules")
    return str(click.prompt("What may the key do?", type=click.Choice([*PRESETS]), default="read-only", err=True))


def _by_page(endpoint: Endpoint, rules: list[dict[str, str]], *, open_it: bool) -> dict[str, Secret]:
    """Lead the user to the page that makes three keys at once, and ask for them."""
    scheme, _, rest = endpoint.url.partition("://")
    url = f"{scheme}://{rest.partition('/')[0]}/createToken/?{rules_query(rules)}"
    show_page(url, "Log in there, make the keys, and come back with them:", open_it=open_it)
    return read_keys(APPLICATION, None)


def _by_request(
    caller: Client, rules: list[dict[str, str]], deadline: float, interval: float, *, open_it: bool
) -> dict[str, Secret]:
    """Ask for a consumer key, and wait until the user has allowed it."""
    known = application_of(caller)
    assert known is not None
    with caller:
        asked: Any = caller.request_consumerkey(rules)
        key = as_secret(asked["consumerKey"])
        show_page(asked["validationUrl"], "Log in there, and allow the key:", open_it=open_it)
        until_allowed(caller, deadline, interval)
    first, second, *_ = known.secrets()
    return {"application_key": as_secret(first), "application_secret": as_secret(second), "consumer_key": key}


def _tried(endpoint: Endpoint, secrets: dict[str, Secret]) -> tuple[dict[str, Any], str | None]:
    """Return who the keys are, and the token URL to save with them.

    Raises:
        APIError: they do not work.
    """
    import ovhcore
    from ovhcore.protocol import OAUTH2_TOKEN_URLS

    said = globals_of()
    own_token_url = endpoint.token_url if endpoint.token_url not in OAUTH2_TOKEN_URLS.values() else None
    token_url = own_token_url if "client_id" in secrets else None
    arguments: dict[str, Any] = {name: secret.reveal() for name, secret in secrets.items()}
    for name in ("transport", "timeout"):
        if (value := getattr(said, name)) is not None:
            arguments[name] = value
    for name in ("proxy", "ca_bundle"):  # a file's; those of variables count anyway
        if (found := _first(name)) is not None:
            arguments[name] = found.value.reveal() if isinstance(found.value, Secret) else found.value
    try:
        with ovhcore.Client(endpoint=endpoint.name, token_url=token_url, **arguments) as tried:
            return identity_of(tried), token_url
    except APIError:
        note("These keys do not work, so nothing was saved.")
        raise
    finally:
        arguments.clear()


def _keep(
    endpoint: Endpoint,
    secrets: dict[str, Secret],
    known: dict[str, Any],
    path: str,
    keyring: str | None,
    token_url: str | None,
) -> None:
    section, backup = keep(
        endpoint.name, secrets, profile=globals_of().profile, path=path, keyring=keyring, token_url=token_url
    )
    where = f"{path}, section [{section}]"
    kept = f"Saved in {where}." if keyring is None else f"Saved in the keyring as {keyring}, which {where} names."
    note(kept if backup is None else f"{kept} The file as it was: {backup}")
    for line in identity_lines(known):
        click.echo(line)
    _warn_of_others(path, section, keyring)


def _warn_of_others(path: str, section: str, keyring: str | None) -> None:
    """Say so if another place is asked before the one where the keys are now."""
    try:
        client().close()
    except APIError as error:
        note(f"Warning: as it is, these keys are not used. {error}")
        return
    found = [each for each in found_settings() if each.name in (*APPLICATION, *SERVICE_ACCOUNT, "access_token")]
    first = next(iter(found), None)
    if first is not None and (keyring is not None or (first.file, first.section) != (path, section)):
        note(
            f"Warning: {first.spelling} ({first.place}) is asked first, so these keys are not used. Remove it there, "
            "or name the place: --profile, --config"
        )
