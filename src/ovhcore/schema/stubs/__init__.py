"""Types for calls: a module beside a program, whose clients know what the API says of what the program calls.

``ovhcore types --scan src/`` writes it; so does ``python -m ovhcore.schema.stubs``, with the same options. Nothing here
is imported by ``import ovhcore``, or by a program that uses the module.
"""

from __future__ import annotations

from .command import output_of, run, types_for
from .module import Generated, generate
from .program import Problem, Program
from .uses import Use

__all__ = ["Generated", "Problem", "Program", "Use", "generate", "output_of", "run", "types_for"]
