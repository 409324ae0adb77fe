"""``ovhcore mcp``: serve assistants."""

from __future__ import annotations

import click

from ..frame.clients import arguments_of_client
from ..frame.groups import Command

__all__ = ["mcp_command"]


@click.command("mcp", cls=Command)
@click.option(
    "--allow",
    metavar="'METHOD /path'",
    multiple=True,
    help="An operation that may be called besides those that read, as 'POST /domain/zone/{zoneName}/refresh'; "
    "may be repeated. Each call is shown before it is sent.",
)
@click.option(
    "--max-answer", type=click.IntRange(1000), default=20_000, show_default=True, help="Characters of an answer."
)
def mcp_command(allow: tuple[str, ...], max_answer: int) -> None:
    """Let an assistant look, read, and write what you allow.

    It talks over standard input and output, by the Model Context Protocol. Keys stay here, and secrets in answers are
    hidden.
    """
    from asyncio import run

    run(_serve(allow, max_answer))


async def _serve(allow: tuple[str, ...], max_answer: int) -> None:
    from ovhcore import AsyncClient

    try:
        from ..mcp.server import make_server
    except ModuleNotFoundError as error:
        problem = f'The command needs {error.name}, which is not installed: pip install "ovhcore[mcp]"'
    else:
        async with AsyncClient(**arguments_of_client()) as client:
            await make_server(client, allow, limit=max_answer).run_stdio_async()
        return
    raise click.ClickException(problem)
