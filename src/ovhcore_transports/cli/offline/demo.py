"""``ovhcore demo``: signed calls to a sandbox, with no account."""

from __future__ import annotations

from typing import Final

import click

from ..frame.clients import note
from ..frame.groups import Command

__all__ = ["demo_command"]

_NEXT: Final = """
What to try next, with no account:
  ovhcore get /me/bill --transport sandbox
  ovhcore post /domain/zone/example.com/record fieldType=A target=192.0.2.1 --transport sandbox
  ovhcore schema search zone record
With one:
  ovhcore login --read-only    gets keys, and saves them
  ovhcore doctor               says what is wrong"""


@click.command("demo", cls=Command)
def demo_command() -> None:
    """List the bills of a sandbox, fetched by signed calls.

    The sandbox is served on loopback while the command runs; urllib3 calls it.
    """
    from rich.console import Console
    from rich.table import Table

    import ovhcore
    from ovhcore_transports import sandbox

    console = Console()
    with (
        sandbox.serve(sandbox.Sandbox()) as server,
        ovhcore.Client(endpoint=server.url, transport="urllib3", proxy="none", **sandbox.ACCESS_KEYS) as client,
    ):
        name = client.get("/me")["firstname"]
        table = Table(title=f"Bills of {name}, from {server.url}", title_justify="left")
        for heading in ("Bill", "Date", "Order"):
            table.add_column(heading)
        table.add_column("With tax", justify="right")
        for bill in client.iterate("/me/bill"):
            table.add_row(bill["billId"], bill["date"][:10], str(bill["orderId"]), bill["priceWithTax"]["text"])
        console.print(table)
        console.print(f"{server.sandbox.executed.total()} signed calls answered.", highlight=False)
    for line in _NEXT.splitlines():
        note(line)
