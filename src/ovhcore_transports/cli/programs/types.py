"""``ovhcore types``: types for the calls of a program."""

from __future__ import annotations

from pathlib import Path

import click

from ..frame.groups import Command, globals_of
from ..frame.text import visible

__all__ = ["types_command"]


@click.command("types", cls=Command)
@click.option(
    "--scan",
    type=click.Path(exists=True, path_type=Path),
    multiple=True,
    help="A file or folder of the program; may be repeated.",
)
@click.option("--families", metavar="NAME,...", help="Whole families, as domain,me; or all.")
@click.option(
    "--output",
    type=click.Path(path_type=Path),
    help="The module to write.  [default: ovh_types.py beside the program]",
)
@click.option(
    "--paths",
    type=click.Choice(["auto", "closed", "open"]),
    default="auto",
    show_default=True,
    help="Whether paths may be made at run time; auto: where the program does so.",
)
@click.option("--check", is_flag=True, help="Write nothing; the exit code is 1 if the module is not up to date.")
def types_command(scan: tuple[Path, ...], families: str | None, output: Path | None, paths: str, check: bool) -> None:
    """Write a module with a Client and an AsyncClient whose calls have types.

    Import it in place of ovhcore; mypy, pyright and editors then know paths, arguments and answers.

    \b
    ovhcore types --scan src/
    ovhcore types --families domain,me --output ovh_types.py
    """  # noqa: D301 - click's sign for lines that are not to be joined
    from ovhcore._internal import write_types
    from ovhcore.schema import catalogue

    wanted = [each for each in (families or "").split(",") if each]
    if not scan and not wanted:
        raise click.UsageError("What is it to know? --scan a program, or name --families")
    endpoint = globals_of().endpoint or "ovh-eu"
    status = write_types(
        catalogue(endpoint),
        scan=scan,
        families=wanted,
        output=output,
        paths=paths,
        check=check,
        endpoint=endpoint,
        tell=lambda line: click.echo(visible(line)),
        warn=lambda line: click.echo(visible(line), err=True),
    )
    if status:
        raise SystemExit(status)
