"""Writes a module of types beside a program."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from ... import __all__ as _public
from ...exceptions import InvalidRequest
from ..lookup import Catalogue
from .module import Generated, generate
from .program import Program
from .uses import ANY_NAME, METHODS, Use, uses_of_families

__all__ = ["DEFAULT_NAME", "outcome", "output_of", "types_for", "write"]

DEFAULT_NAME = "ovh_types"


def types_for(
    catalogue: Catalogue,
    *,
    scan: Sequence[Path] = (),
    families: Sequence[str] = (),
    paths: str = "auto",
    name: str = DEFAULT_NAME,
) -> tuple[Generated, Program]:
    """Return a module for what a program calls, and for whole families; and what was found in the program.

    Args:
        catalogue: what the API says.
        scan: files and folders of the program.
        families: names of families, as ``"/domain"``, ``"domain"`` or ``"all"``.
        paths: ``"closed"``: paths have to be known where the program is checked. ``"open"``: they may also be made at
            run time. ``"auto"``: that, for the methods that the program calls in this way.
        name: of the module.

    Raises:
        InvalidRequest: there is no such family; or a file cannot be read as Python.
        OSError: a file cannot be read.
    """
    program = Program(catalogue)
    for file in _sources(scan, name):
        try:
            program.read(file.read_text("utf-8"), str(file))
        except (SyntaxError, ValueError) as error:
            raise InvalidRequest(f"{file} cannot be read as Python: {error}") from None
    uses = list(program.uses)
    for use in uses_of_families(catalogue, _families(catalogue, families)):
        uses += ((method, use) for method, http in METHODS.items() if http == use.operation.method)
    dynamic: dict[str, set[str]] = {"auto": program.dynamic, "open": {each: {ANY_NAME} for each in METHODS}}.get(paths, {})
    generated = generate(
        catalogue,
        uses,
        public=_public,
        unknown=program.unknown,
        dynamic=dynamic,
        asynchronous=program.is_asynchronous or not scan,
        name=name,
    )
    return generated, program


def _families(catalogue: Catalogue, wanted: Sequence[str]) -> Iterator[str]:
    if "all" in wanted:
        yield from catalogue.families()
        return
    for each in dict.fromkeys(wanted):
        yield f"/{each.strip('/')}"


def _sources(scan: Sequence[Path], name: str) -> Iterator[Path]:
    for each in scan:
        if each.is_dir():
            inside = (file.relative_to(each).parts for file in each.rglob("*.py"))
            hidden = (parts for parts in inside if not any(part.startswith(".") for part in parts))
            yield from (each.joinpath(*parts) for parts in sorted(hidden) if parts[-1] != f"{name}.py")
        else:
            yield each


def output_of(scan: Sequence[Path], output: Path | None) -> Path:
    """Return where the module is to lie: beside the program, if nothing else is said.

    Args:
        scan: files and folders of the program.
        output: a file, with or without a suffix; None for ``ovh_types.py`` beside the program.
    """
    if output is not None:
        return output.with_suffix(".py")
    if not scan:
        return Path(f"{DEFAULT_NAME}.py")
    return (scan[0] if scan[0].is_dir() else scan[0].parent) / f"{DEFAULT_NAME}.py"


def write(generated: Generated, output: Path) -> bool:
    """Write a module and its stub, where they are not there already; say whether they were not.

    Args:
        generated: the module.
        output: the file of the module.

    Raises:
        OSError: it cannot be written.
    """
    changed = outcome(generated, output)
    for path, text in changed:
        path.write_text(text, "utf-8", newline="\n")
    return bool(changed)


def outcome(generated: Generated, output: Path) -> list[tuple[Path, str]]:
    """Return the files that differ from a module, with what they are to hold.

    Args:
        generated: the module.
        output: the file of the module.
    """
    files = [(output, generated.source), (output.with_suffix(".pyi"), generated.stub)]
    return [(path, text) for path, text in files if not path.is_file() or path.read_bytes() != text.encode()]
