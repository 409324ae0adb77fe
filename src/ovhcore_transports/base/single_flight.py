"""Copies of an exception, one for each waiter of the same flow."""

from __future__ import annotations

__all__ = ["copy_for_waiter"]


def copy_for_waiter(error: Exception) -> Exception:
    """Return an exception for one of several waiters: one object raised in many places would mix their tracebacks."""
    kind = type(error)
    try:
        # Copied without a call of the class, which may make another message of its arguments.
        twin = kind.__new__(kind, *error.args)
    except Exception:  # the class cannot be copied: a mixed traceback is better than another exception
        return error
    twin.__dict__.update(error.__dict__)
    if hasattr(error, "__notes__"):
        twin.__notes__ = list(error.__notes__)
    twin.args = error.args
    twin.__cause__ = error.__cause__
    return twin
