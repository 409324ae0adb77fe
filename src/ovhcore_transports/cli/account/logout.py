"""``ovhcore logout``."""

from __future__ import annotations

from typing import Any

import click

from ovhcore._internal import CREDENTIALS, FoundSetting
from ovhcore.exceptions import APIError, InvalidConfiguration
from ovhcore.protocol import Secret

from ..frame.clients import client, note
from ..frame.groups import Command
from ..frame.text import one_line
from .conf_file import change_file, forget_in_copy
from .identity import application_of
from .places import credential_settings, remove_entries

__all__ = ["logout_command"]


@click.command("logout", cls=Command)
@click.option("--keep-valid", is_flag=True, help="Remove the keys here; let the consumer key be valid elsewhere.")
def logout_command(keep_valid: bool) -> None:
    """End the consumer key at the API, and remove the keys from where they are kept.

    The application itself stays, in the account that made it.

    \b
    ovhcore logout
    ovhcore logout --profile work
    """  # noqa: D301
    found = credential_settings()
    if not found:
        raise InvalidConfiguration(
            "There are no keys to remove: no place has any", hint="ovhcore doctor shows them all."
        )
    with client() as caller:
        endpoint = caller.endpoint.name
        if not keep_valid and application_of(caller) is not None:
            _revoke(caller)
        elif not keep_valid:
            note("A service account ends at the API by ovhcore delete /me/api/oauth2/client/{clientId}.")
    _remove(found, endpoint)


def _revoke(caller: Any) -> None:
    try:
        caller.post("/auth/logout")
        note("The consumer key is no longer valid.")
    except APIError as error:
        note(
            f"The consumer key could not be ended, so it stays valid until it expires: {one_line(str(error))}. "
            "It can be ended in the control panel, under API keys."
        )


def _remove(found: list[FoundSetting], endpoint: str) -> None:
    place = found[0]
    service = next((str(each.value) for each in found if each.name == "keyring"), None)
    if service is not None:
        remove_entries(service, endpoint)
        note(f"Removed from the keyring, service {service}.")
    if place.file is None or place.section is None:
        names = ", ".join(each.spelling for each in found)
        note(f"These are set by the {place.place}, and have to be removed there: {names}")
        return
    # No copy: nobody wants keys back that are removed, and as a file that nobody looks at they would only be found.
    change_file(place.file, {place.section: dict.fromkeys([*CREDENTIALS, "keyring"])}, keeps_copy=False)
    click.echo(f"Removed from {place.place}.", err=True)
    values = {each.name: each.value.reveal() for each in found if isinstance(each.value, Secret)}
    try:
        if forget_in_copy(place.file, place.section, values):
            click.echo("Removed from its copy, too.", err=True)
    except InvalidConfiguration as error:
        click.echo(f"Its copy may still have them: {one_line(str(error))}", err=True)
