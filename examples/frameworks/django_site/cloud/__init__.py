"""An application that has a client: ``from cloud import client``."""

from functools import cache

from django.conf import settings

import ovhcore as ovh


@cache
def client() -> ovh.Client:
    """Return the client of this process; threads share it, and a forked worker makes its connections anew."""
    return ovh.Client(**getattr(settings, "OVHCORE", {}))
