"""ovh-claude: its proxy and its doctor."""

import contextlib
import io
import sys
import tempfile
from pathlib import Path

from here import KEYS, said
from ovh_claude import cli, credentials

file = Path(tempfile.mkdtemp()) / "credentials"
keys = "\n".join(f"{name} = {value}" for name, value in KEYS.items())
file.write_text(f"[default]\nendpoint = ovh-eu\n{keys}\n")
credentials.CREDENTIALS_PATH = file


def ran(function, *arguments: str):
    def step() -> list:
        sys.argv = ["ovh-api", *arguments]
        told, failed, code = io.StringIO(), io.StringIO(), 0
        with contextlib.redirect_stdout(told), contextlib.redirect_stderr(failed):
            try:
                function()
            except SystemExit as end:
                code = end.code
        return [code, told.getvalue(), failed.getvalue().partition(" \nOVH-Query-ID")[0].strip()]

    return step


said(
    {
        "me": ran(cli.main_proxy, "GET", "/me"),
        "arguments": ran(cli.main_proxy, "GET", "/domain/zone/example.com/record", '{"fieldType": "A"}'),
        "put": ran(cli.main_proxy, "PUT", "/me", '{"firstname": "Grace"}'),
        "after": ran(cli.main_proxy, "GET", "/me"),
        "not found": ran(cli.main_proxy, "GET", "/me/bill/none"),
        "delete": ran(cli.main_proxy, "DELETE", "/domain/zone/example.com/record/1001"),
        "api": lambda: cli._check_api_reachable(),
    }
)
