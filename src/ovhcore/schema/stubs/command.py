"""The command that writes a module of types beside a program."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Final

from ...exceptions import InvalidRequest
from ..lookup.catalogue import Catalogue
from .module import Generated, generate
from .program import Program
from .uses import ANY_NAME, METHODS, uses_of_families

__all__ = ["PATHS", "output_of", "types_for", "write_types"]

PATHS: Final = ("auto", "closed", "open")
_PACKAGE: Final = __name__.partition(".")[0]  # this module is below it, so it is imported
_DEFAULT: Final = "ovh_types"


def types_for(
    catalogue: Catalogue,
    *,
    scan: Sequence[Path] = (),
    families: Sequence[str] = (),
    paths: str = "auto",
    name: str = _DEFAULT,
) -> tuple[Generated, Program]:
    """Return a module for the calls of a program and for whole families, and the program as it was read.

    Args:
        catalogue: the operations of the API.
        scan: files and folders of the program.
        families: names of families, as ``"/domain"``, ``"domain"`` or ``"all"``.
        paths: ``"closed"``: type checkers have to know every path. ``"open"``: the program may also make paths at
            run time. ``"auto"``: open for the methods that the program calls with such paths, closed for others.
        name: the name of the module.

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
    dynamic: dict[str, set[str]] = program.dynamic if paths == "auto" else {}
    if paths == "open":
        dynamic = {method: {ANY_NAME} for method in METHODS}
    generated = generate(
        catalogue,
        uses,
        public=sys.modules[_PACKAGE].__all__,
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
    """Return the file of the module: beside the program, unless another one is given.

    Args:
        scan: files and folders of the program.
        output: the file, with or without a suffix; None for ``ovh_types.py`` beside the program.
    """
    if output is not None:
        return output.with_suffix(".py")
    if not scan:
        return Path(f"{_DEFAULT}.py")
    return (scan[0] if scan[0].is_dir() else scan[0].parent) / f"{_DEFAULT}.py"


def write_types(
    catalogue: Catalogue,
    *,
    scan: Sequence[Path] = (),
    families: Sequence[str] = (),
    output: Path | None = None,
    paths: str = "auto",
    check: bool = False,
    endpoint: str | None = None,
    tell: Callable[[str], object] = print,
    warn: Callable[[str], object] = print,
) -> int:
    """Write a module and its stub unless they are up to date; return the exit status of the command.

    Args:
        catalogue: the operations of the API.
        scan: files and folders of the program.
        families: names of families.
        output: the file of the module, if not ``ovh_types.py`` beside the program.
        paths: as for :func:`types_for`.
        check: write nothing; return 1 if the module is not up to date, or a path of the program is wrong.
        endpoint: the endpoint that the program calls; ``warn`` is told if the catalogue belongs to another one.
        tell: takes messages about the work done.
        warn: takes warnings.

    Raises:
        InvalidRequest: there is no such family; or a file cannot be read as Python.
        OSError: a file cannot be read or written.
    """
    file = output_of(scan, output)
    module, program = types_for(catalogue, scan=scan, families=families, paths=paths, name=file.stem)
    texts = {file: module.source, file.with_suffix(".pyi"): module.stub}
    stale = [path for path, text in texts.items() if not path.is_file() or path.read_bytes() != text.encode()]
    if endpoint not in (None, catalogue.endpoint):
        warn(f"no catalogue of {endpoint} was fetched; that of {catalogue.endpoint} stands in")
    for problem in program.problems:
        warn(str(problem))
    if paths == "auto" and program.made:
        warn(f"{program.made[0]}; {len(program.made)} of this kind cannot be checked: write '/path/{{name}}', name=...")
    if check:
        for path in stale:
            warn(f"{path} is not up to date")
        return 1 if stale or program.problems else 0
    for path in stale:
        path.write_text(texts[path], "utf-8", newline="\n")
    tell(f"{file} {'written' if stale else 'is up to date'}; import it in place of ovhcore")
    return 0
