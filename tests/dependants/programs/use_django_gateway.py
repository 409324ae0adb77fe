"""django-two-factor-auth-ovh-gateway: sends a token by SMS."""

from types import SimpleNamespace

from django.conf import settings
from here import KEYS, said

settings.configure(**{f"OVH_{name.upper()}": value for name, value in KEYS.items()})
from django_two_factor_auth_ovh_gateway.gateway import Ovh  # noqa: E402

device = SimpleNamespace(number=SimpleNamespace(as_e164="+33600000000"))
said({"sms": lambda: Ovh().send_sms(device, "123456"), "call": lambda: Ovh().make_call(device, "1")})
