"""``ovhcore demo`` and ``ovhcore sandbox``: the API on this machine, with no account."""

from __future__ import annotations

from typing import Any

import click

from .frame.groups import Command

__all__ = ["demo_command", "sandbox_command"]


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


@click.command("sandbox", cls=Command)
@click.option("--port", type=click.IntRange(0, 65535), default=0, show_default="a free one", help="On 127.0.0.1.")
@click.option("--oauth2", is_flag=True, help="Print the variables of a service account instead of an application.")
@click.option(
    "--fail-rate",
    type=click.FloatRange(0, 1),
    default=0.0,
    help="Share of answers that fail, in mixed ways; 0 to 1.",
)
@click.option(
    "--lacks",
    type=click.Choice(["cursors", "pages", "batch", "filters"]),
    multiple=True,
    help="A way of listing that the sandbox does not know; may be repeated.",
)
def sandbox_command(port: int, oauth2: bool, fail_rate: float, lacks: tuple[str, ...]) -> None:
    """Serve a sandbox on loopback until interrupted.

    Prints the variables that lead a program to it: paste them into another terminal.
    """
    from ovhcore_transports import sandbox

    faults = sandbox.Faults(rate=fail_rate) if fail_rate else None
    ignored: dict[str, Any] = dict.fromkeys(lacks, "ignored")
    box = sandbox.Sandbox(faults=faults, modes=sandbox.Modes(**ignored))
    with sandbox.serve(box, port=port) as server:
        variables: dict[str, Any] = {"endpoint": server.url, "proxy": "none"}
        if oauth2:
            variables |= {"client_id": sandbox.CLIENT_ID, "client_secret": sandbox.CLIENT_SECRET}
            variables["token_url"] = server.token_url
        else:
            variables |= sandbox.ACCESS_KEYS
        for name, value in variables.items():
            click.echo(f"export OVH_{name.upper()}={value}")
        click.echo("# Serving; press Ctrl+C to stop.", err=True)
        try:
            server.wait()
        except KeyboardInterrupt:
            click.echo("# Stopped.", err=True)
