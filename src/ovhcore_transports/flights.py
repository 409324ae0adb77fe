"""What threads and tasks have in common that wait for one and the same flow."""

from __future__ import annotations

from copy import copy

__all__ = ["of_ones_own"]


def of_ones_own(error: Exception) -> Exception:
    """Return an exception for one of several waiters: raising one object in many threads would mix their tracebacks."""
    try:
        twin = copy(error)
    except Exception:  # of somebody else's making; better a mixed traceback than another exception
        return error
    twin.__cause__ = error.__cause__
    return twin
