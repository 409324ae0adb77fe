"""Run a program written for python-ovh on ovhcore: ``python -m ovhcore.as_ovh program.py arguments``.

As ``python program.py arguments``, or with ``-m`` as ``python -m module arguments``; but ``import ovh`` finds ovhcore.
"""

from __future__ import annotations

import os
import runpy
import sys

from .python_ovh.installing import install_as_ovh

__all__ = ["main"]

_USAGE = (
    "usage: python -m ovhcore.as_ovh PROGRAM.py [ARGUMENT ...]\n"
    "       python -m ovhcore.as_ovh -m MODULE [ARGUMENT ...]"
)


def main(arguments: list[str]) -> None:
    """Run a program.

    Args:
        arguments: path of the program and its arguments, or ``-m``, the name of a module and its arguments.

    Raises:
        SystemExit: the program ends with it, or no program is named.
    """
    as_module = arguments[:1] == ["-m"]
    rest = arguments[1:] if as_module else arguments
    if not rest or rest[0].startswith("-"):
        raise SystemExit(_USAGE)
    install_as_ovh()
    sys.argv = rest
    if as_module:
        runpy.run_module(rest[0], run_name="__main__", alter_sys=True)
        return
    if not os.path.exists(rest[0]):
        raise SystemExit(f"There is no program {rest[0]}")
    if not os.path.isdir(rest[0]) and not getattr(sys.flags, "safe_path", False):
        # "python -m" has put the working directory first.
        sys.path[0] = os.path.dirname(os.path.realpath(rest[0]))
    runpy.run_path(rest[0], run_name="__main__")


if __name__ == "__main__":
    main(sys.argv[1:])
