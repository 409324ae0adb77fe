"""The names that are there for programs written for python-ovh, and for nobody else.

The names of its modules and the private names of its client that programs reach for, and the finder that lets
``import ovh`` find ovhcore. ``client`` builds on these names, and asks here whether it stands in for python-ovh;
``config`` takes the list of files, which such a program may have changed. Nothing that signs, sends or decodes
refers to this package.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .installing import install_as_ovh
    from .names import PythonOvhNames

__all__ = ["PythonOvhNames", "install_as_ovh"]


def __getattr__(name: str) -> Any:
    # An interpreter that begins with install_as_ovh() should not pay for a client that it may never make, and a client
    # not for the finder.
    if name == "install_as_ovh":
        from .installing import install_as_ovh

        return install_as_ovh
    if name == "PythonOvhNames":
        from .names import PythonOvhNames

        return PythonOvhNames
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
