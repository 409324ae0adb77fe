"""Types for calls: a generated module beside a program, whose clients have the types of the program's calls.

``ovhcore types --scan src/`` writes the module; so does ``python -m ovhcore.schema.stubs``, with the same options.
Neither ``import ovhcore`` nor a program that uses the module imports this package.
"""

from __future__ import annotations

from .command import output_of, run, types_for
from .module import Generated, generate
from .program import Problem, Program
from .uses import Use

__all__ = ["Generated", "Problem", "Program", "Use", "generate", "output_of", "run", "types_for"]
