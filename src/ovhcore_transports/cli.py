"""The command ``ovhcore``: try the library on the sandbox, with no account.

Needs the extras ``cli``, ``testing`` and ``urllib3``.
"""

from __future__ import annotations

import sys
from typing import Any

__all__ = ["main"]


def main() -> None:
    """Run the command."""
    try:
        commands = _commands()
    except ModuleNotFoundError as error:
        sys.exit(f'The command needs {error.name}, which is not installed: pip install "ovhcore[all]"')
    commands()


def _commands() -> Any:
    import click
    from rich.console import Console
    from rich.table import Table

    import ovhcore
    from ovhcore_transports import sandbox

    @click.group(context_settings={"help_option_names": ["-h", "--help"]})
    @click.version_option(ovhcore.__version__, prog_name="ovhcore")
    def commands() -> None:
        """Try ovhcore on a sandbox of the OVHcloud API. No account is needed."""

    @commands.command()
    def demo() -> None:
        """Start the sandbox on loopback and list its bills, fetched by signed calls through urllib3."""
        console = Console()
        with sandbox.serve(sandbox.Sandbox()) as server, _client(server.url) as client:
            name = client.get("/me")["firstname"]
            table = Table(title=f"Bills of {name}, from {server.url}", title_justify="left")
            for heading in ("Bill", "Date", "Order"):
                table.add_column(heading)
            table.add_column("With tax", justify="right")
            bills = client.get("/me/bill")
            for bill_id in bills:
                bill = client.get("/me/bill/{billId}", billId=bill_id)
                table.add_row(bill["billId"], bill["date"][:10], str(bill["orderId"]), bill["priceWithTax"]["text"])
            console.print(table)
            console.print(f"{len(bills) + 2} signed calls answered.", highlight=False)

    @commands.command("sandbox")
    @click.option("--port", default=0, show_default="a free one", help="Port on 127.0.0.1.")
    def serve(port: int) -> None:
        """Serve the sandbox on loopback until interrupted; print the variables that lead a program to it."""
        with sandbox.serve(sandbox.Sandbox(), port=port) as server:
            for name, value in sandbox.ACCESS_KEYS.items():
                click.echo(f"export OVH_{name.upper()}={value}")
            click.echo(f"export OVH_ENDPOINT={server.url}")
            click.echo("# Serving; press Ctrl+C to stop.", err=True)
            try:
                server.wait()
            except KeyboardInterrupt:
                click.echo("# Stopped.", err=True)

    return commands


def _client(url: str) -> Any:
    import ovhcore
    from ovhcore_transports import sandbox

    return ovhcore.Client(endpoint=url, transport="urllib3", proxy="none", **sandbox.ACCESS_KEYS)
