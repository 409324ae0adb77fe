"""The command ``ovhcore``."""

from .command import main

__all__ = ["main"]
