"""CPU time of a whole process that imports, less the interpreter's own: ``python -m benchmarks.startup``."""

from __future__ import annotations

import compileall
import os
import resource
import subprocess
import sys
from pathlib import Path
from statistics import median

import ovhcore
import ovhcore_transports
from benchmarks.measure import table

CLIENT = "Client('ovh-eu', 'application-key', 'application-secret', 'consumer-key')"
PROGRAMS = {
    "import ovh": "import ovh",
    "import ovh, Client": f"import ovh; ovh.{CLIENT}",
    "import ovhcore": "import ovhcore",
    "import ovhcore, Client": f"import ovhcore; ovhcore.{CLIENT}",
    "import ovhcore, Client, urllib3 loaded": f"import ovhcore; ovhcore.{CLIENT}._transport",
}


def spent(code: str) -> float:
    """Return the CPU time of one process in milliseconds."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, "-c", code], check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime) * 1e3


def main() -> None:
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    for package in (ovhcore, ovhcore_transports):  # as an installation does
        compileall.compile_dir(Path(str(package.__file__)).parent, quiet=2)
    times: dict[str, list[float]] = {name: [] for name in ("", *PROGRAMS)}
    for _ in range(25):
        for name in times:
            times[name].append(spent(PROGRAMS.get(name, "pass")))
    interpreter = median(times.pop(""))
    figures = {name: median(values) - interpreter for name, values in times.items()}
    print(table(figures, "import ovh", "CPU ms"))


if __name__ == "__main__":
    main()
