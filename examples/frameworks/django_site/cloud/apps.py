from django.apps import AppConfig
from django.core.checks import CheckMessage, Error, Tags, register
from django.core.checks import Warning as CheckWarning

import ovhcore as ovh

from . import client


@register("ovhcore")
def settings_make_a_client(**_: object) -> list[CheckMessage]:
    """Nothing is sent: what is wrong with the settings is said when the site starts."""
    try:
        client()
    except (ovh.exceptions.APIError, TypeError) as error:
        return [Error(f"The setting OVHCORE makes no client: {error}", id="ovhcore.E001")]
    return []


@register(Tags.security, deploy=True)
def credentials_may_call(**_: object) -> list[CheckMessage]:
    """One call, with `manage.py check --deploy` alone."""
    try:
        client().get("/me")
    except ovh.exceptions.APIError as error:
        return [CheckWarning(f"OVHcloud's API does not answer this site: {error}", hint=error.hint, id="ovhcore.W001")]
    return []


class CloudConfig(AppConfig):
    name = "cloud"
