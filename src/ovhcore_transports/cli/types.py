"""``ovhcore types``: types for the calls of a program."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from .text import visible

__all__ = ["types_command"]


def types_command() -> Any:
    """Return the command."""
    import click

    @click.command("types")
    @click.option(
        "--scan",
        type=click.Path(exists=True, path_type=Path),
        multiple=True,
        help="A file or folder of the program; may be repeated.",
    )
    @click.option("--families", metavar="NAME,...", help="Whole families, as domain,me; or all.")
    @click.option(
        "--output", type=click.Path(path_type=Path), help="The module to write.  [default: ovh_types.py beside the program]"
    )
    @click.option(
        "--paths",
        type=click.Choice(["auto", "closed", "open"]),
        default="auto",
        show_default=True,
        help="Whether paths may be made at run time; auto: where the program does so.",
    )
    @click.option("--endpoint", default="ovh-eu", show_default=True, help="Whose API the program calls.")
    @click.option("--check", is_flag=True, help="Write nothing; the exit code is 1 if the module is not up to date.")
    def types(
        scan: tuple[Path, ...], families: str | None, output: Path | None, paths: str, endpoint: str, check: bool
    ) -> None:
        """Write a module with a Client and an AsyncClient whose calls have types.

        Import it in place of ovhcore; mypy, pyright and editors then know paths, arguments and answers.

        \b
        ovhcore types --scan src/
        ovhcore types --families domain,me --output ovh_types.py
        """  # noqa: D301 - click's sign for lines that are not to be joined
        from ovhcore.schema import catalogue
        from ovhcore.schema.stubs import outcome, output_of, types_for, write

        if not scan and not families:
            raise click.UsageError("What is it to know? --scan a program, or name --families")
        file = output_of(scan, output)
        wanted = (families or "").split(",") if families else []
        generated, program = types_for(catalogue(endpoint), scan=scan, families=wanted, paths=paths, name=file.stem)
        for problem in program.problems:
            click.echo(visible(str(problem)), err=True)
        if paths == "auto" and program.made:
            click.echo(visible(f"{len(program.made)} paths are made at run time, and cannot be checked; the first is"), err=True)
            click.echo(visible(str(program.made[0])), err=True)
        if check:
            stale = [path for path, _ in outcome(generated, file)]
            for path in stale:
                click.echo(visible(f"{path} is not up to date"), err=True)
            raise SystemExit(1 if stale or program.problems else 0)
        written = write(generated, file)
        click.echo(visible(f"{file} {'written' if written else 'is up to date'}; import it in place of ovhcore"))

    return types
