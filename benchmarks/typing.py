"""What type checkers take for a program with types: ``python -m benchmarks.typing``.

A program of 200 calls over ten families, with a module made of what it calls; the same with a module of whole families.
For each checker the median of three runs: wall time, CPU time of all its processes, and its peak memory. Names of
families after ``--each`` measure the module of each by itself, and it is checked; ``--each all`` takes half an hour.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import NamedTuple

from ovhcore import schema
from ovhcore.schema.stubs.command import write_types
from tests.types.right_calls import TEN_FAMILIES, right_calls

ROUNDS = 3
MYPY = ("mypy", "--strict", "--cache-dir", ".mypy")
PYRIGHT = ("pyright", "--pythonpath", sys.executable)


class Measured(NamedTuple):
    """What a run took: seconds, seconds of CPU time, megabytes."""

    wall: float
    cpu: float
    memory: float


def measured(arguments: Sequence[str], folder: Path) -> Measured:
    """Run a module of Python in a folder.

    Raises:
        RuntimeError: it found something.
    """
    begin = time.perf_counter()
    with (folder / "output").open("wb") as output:
        process = subprocess.Popen([sys.executable, "-m", *arguments], cwd=folder, stdout=output, stderr=output)
        _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    took = time.perf_counter() - begin
    if process.returncode:
        raise RuntimeError((folder / "output").read_text("utf-8")[-2000:])
    return Measured(took, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


def medians(once: Callable[[], Measured]) -> Measured:
    """Return the medians of some runs."""
    runs = [once() for _ in range(ROUNDS)]
    return Measured(*(median(each) for each in zip(*runs, strict=True)))


def print_checked(what: str, folder: Path, files: Sequence[str]) -> None:
    """Measure both checkers, and print a line of the table for each."""

    def cold() -> Measured:
        shutil.rmtree(folder / ".mypy", ignore_errors=True)
        return measured([*MYPY, *files], folder)

    for name, once in (
        ("mypy, cold", cold),
        ("mypy, warm", lambda: measured([*MYPY, *files], folder)),
        ("pyright", lambda: measured([*PYRIGHT, *files], folder)),
    ):
        took = medians(once)
        print(f"| {what} | {name} | {took.wall:.1f} | {took.cpu:.1f} | {took.memory:.0f} |", flush=True)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser("python -m benchmarks.typing")
    parser.add_argument("--each", metavar="NAME,...", help="modules of whole families, one after the other; or all")
    each = parser.parse_args().each
    print("| program | checker | wall, s | CPU, s | memory, MB |\n| --- | --- | ---: | ---: | ---: |")
    with TemporaryDirectory() as place:
        folder = Path(place)
        (folder / "pyrightconfig.json").write_text('{"typeCheckingMode": "strict"}', "utf-8")
        program = folder / "program.py"
        module = folder / "ovh_types.py"
        if each:
            names = schema.catalogue().families() if each == "all" else each.split(",")
            for name in names:
                write_types(schema.catalogue(), families=[name], output=module, tell=str)
                print_checked(name, folder, ["ovh_types.pyi"])
            return
        program.write_text("import ovhcore as ovh\n\nclient = ovh.Client()\nprint(client)\n", "utf-8")
        print_checked("nothing but `import ovhcore`", folder, ["program.py"])
        calls = "\n".join(right_calls(TEN_FAMILIES, 200))
        program.write_text(f"import ovh_types as ovh\n\nclient = ovh.Client()\n{calls}\n", "utf-8")
        write_types(schema.catalogue(), scan=[program], tell=str)
        print_checked("200 calls, `--scan`", folder, ["program.py"])
        write_types(schema.catalogue(), families=TEN_FAMILIES, output=module, tell=str)
        print_checked("200 calls, `--families` of ten", folder, ["program.py"])


if __name__ == "__main__":
    main()
