"""netbox-ipmi-ovh: asks for access to a server's console. NetBox is not there; the part that calls needs it not."""

import sys
import time
import types

import ovh
from here import KEYS, said

extras = types.ModuleType("extras")
extras.plugins = types.ModuleType("extras.plugins")
extras.plugins.PluginConfig = object
sys.modules |= {"extras": extras, "extras.plugins": extras.plugins}
from netbox_ipmi_ovh.ipmi import request_ipmi_access  # noqa: E402

time.sleep = lambda seconds: None
client = ovh.Client("ovh-eu", **KEYS)
said(
    {
        "access": lambda: request_ipmi_access(client, "ns1.example.com", "kvmipHtml5URL"),
        "with a key": lambda: request_ipmi_access(client, "ns1.example.com", "serialOverLanSshKey", "key", "192.0.2.1"),
        "not supported": lambda: request_ipmi_access(client, "ns1.example.com", "serialOverLanURL"),
    }
)
