"""The command ``ovhcore``: try the library on the sandbox, look at the API, look after recordings, list plugins.

Needs the extra ``cli``; what a call goes through, and what cassettes are read with, may need others.
"""

from __future__ import annotations

import io
import sys
from typing import Any

from ovhcore.exceptions import APIError

from .text import one_line

__all__ = ["main"]


def main() -> None:
    """Run the command."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # not every terminal has a euro sign
    try:
        commands = _commands()
    except ModuleNotFoundError as error:
        sys.exit(f'The command needs {error.name}, which is not installed: pip install "ovhcore[cli]"')
    try:
        commands()
    except (APIError, OSError) as error:
        sys.exit(f"Error: {one_line(str(error))}")


def _commands() -> Any:
    import click
    from rich.console import Console
    from rich.table import Table

    import ovhcore
    from ovhcore_transports import sandbox
    from ovhcore_transports.cli.calls import get_command, wait_command
    from ovhcore_transports.cli.cassette import cassette_commands
    from ovhcore_transports.cli.plugins import plugins_command
    from ovhcore_transports.cli.types import types_command
    from ovhcore_transports.sandbox.serving.command import run_sandbox, with_options

    @click.group(context_settings={"help_option_names": ["-h", "--help"]})
    @click.version_option(ovhcore.__version__, prog_name="ovhcore")
    def commands() -> None:
        """Try ovhcore on a sandbox of the OVHcloud API, look at the API, look after recordings, and list plugins.

        No account is needed but for get and wait; with OVH_TRANSPORT=sandbox they need none either.
        """

    @commands.command()
    def demo() -> None:
        """List the bills of a sandbox, fetched by signed calls.

        The sandbox is served on loopback while the command runs; urllib3 calls it.
        """
        console = Console()
        with sandbox.serve(sandbox.Sandbox()) as server, _client(server.url) as client:
            name = client.get("/me")["firstname"]
            table = Table(title=f"Bills of {name}, from {server.url}", title_justify="left")
            for heading in ("Bill", "Date", "Order"):
                table.add_column(heading)
            table.add_column("With tax", justify="right")
            for bill in client.iterate("/me/bill"):
                table.add_row(bill["billId"], bill["date"][:10], str(bill["orderId"]), bill["priceWithTax"]["text"])
            console.print(table)
            console.print(f"{server.sandbox.executed.total()} signed calls answered.", highlight=False)

    @commands.command("sandbox")
    @with_options
    def serve(**options: Any) -> None:
        """Serve a sandbox on loopback until interrupted.

        Prints the variables that lead a program to it: paste them into another terminal.
        """
        run_sandbox(**options)

    commands.add_command(get_command())
    commands.add_command(wait_command())
    commands.add_command(cassette_commands())
    commands.add_command(plugins_command())
    commands.add_command(types_command())
    return commands


def _client(url: str) -> Any:
    import ovhcore
    from ovhcore_transports import sandbox

    return ovhcore.Client(endpoint=url, transport="urllib3", proxy="none", **sandbox.ACCESS_KEYS)
