"""ovh-cli-yma: its account and its manager of zones, with a configuration file."""

import logging
import re
import sys
import tempfile
from pathlib import Path

from here import KEYS, said
from ovh_cli.account import Account
from ovh_cli.zone_manager import ZoneManager

messages: list = []


class Kept(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        if record.name in ("Account", "ZoneManager"):
            messages.append(re.sub(r"id: \d+", "id", record.getMessage()))


logging.basicConfig(level=logging.INFO, handlers=[Kept()])
directory = Path(tempfile.mkdtemp())
conf = directory / "ovh.conf"
keys = "\n".join(f"{name} = {value}" for name, value in KEYS.items())
conf.write_text(f"[default]\nendpoint = ovh-eu\n[ovh-eu]\n{keys}\n")


def registered() -> list:
    account = Account(str(conf))
    account.consumer_key_create_request()
    Account.register_endpoints(account.consumer_key_request)
    ZoneManager.register_endpoints(account.consumer_key_request)
    url, key = account.consumer_key_complete_registration()
    return [url.partition("?")[0].rpartition("/")[2], len(key)]


def managed() -> list:
    zone = ZoneManager("example.com", str(conf))
    known = [zone.domain_exists("www"), zone.domain_exists("none"), zone.get_hostname_ips("www")]
    zone.add_domain("added", "192.0.2.20", "2001:db8::20", True)
    ZoneManager("example.com", str(conf)).delete_domain("added", "192.0.2.20", "2001:db8::20", True)
    ZoneManager("example.com", str(conf)).dump_all_domains()
    return known


said(
    {
        "greetings": lambda: Account(str(conf)).greetings(),
        "zone": managed,
        "register": registered,
        "none": lambda: ZoneManager("none.example", str(conf)),
        "messages": lambda: messages,
    }
)
sys.stdout.flush()
