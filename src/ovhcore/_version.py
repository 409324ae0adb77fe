"""The version, where every module and the build find it."""

__version__ = "0.1.0"
