"""sendgrid-ovh: its command, on a zone."""

from __future__ import annotations

from click.testing import CliRunner
from here import KEYS, said
from sendgrid_ovh.__main__ import cli
from sendgrid_ovh.lib.OnePasswordCli import OnePasswordCli

# Its secrets come from a password manager.
OnePasswordCli.has_proper_ovh_env_variables = lambda self: True
OnePasswordCli.get_ovh_secret = lambda self, name: KEYS[name]


def ran(*arguments: str):
    def step() -> list:
        result = CliRunner(env={"COLUMNS": "200"}).invoke(cli, arguments)
        return [result.exit_code, result.output, type(result.exception).__name__]

    return step


said(
    {
        "list": ran("list"),
        "has": ran("has", "example.com"),
        "has not": ran("has", "none.example"),
        "records": ran("get", "records", "example.com"),
        "search": ran("search", "records", "example.com", "www"),
        "record": ran("get", "record", "example.com", "1001"),
        "no record": ran("get", "record", "example.com", "1"),
        "zone": ran("get", "zone", "example.com"),
        "update": ran("update", "record", "example.com", "1001", "192.0.2.77", "--refresh"),
        "delete": ran("delete", "record", "example.com", "1001"),
        "refresh": ran("refresh", "example.com"),
        "after": ran("get", "records", "example.com"),
    }
)
