"""Names of HTTP libraries that transports rely on without a promise, looked for when a transport is opened.

A library may take such a name away in any version. Then the opening of the transport fails, with a
message that says what to do, and no call fails halfway. docs/explanation/what-transports-rely-on.md lists the names.
"""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager

from ovhcore.exceptions import InvalidConfiguration

__all__ = ["Names", "importing", "lacking", "require_names"]

Names = tuple[object, tuple[str, ...]]
"""A part of a library, as a class or an object, and the names that it must have."""


def require_names(package: str, *wanted: Names) -> None:
    """Make sure that a library has the names that a transport relies on.

    Args:
        package: the name of the library, also of its module.
        wanted: the objects to look at, and the names to look for.

    Raises:
        InvalidConfiguration: the library lacks some; the message gives them and the installed version.
    """
    missing = [f"{_shown(owner)}.{name}" for owner, names in wanted for name in names if not hasattr(owner, name)]
    if missing:
        raise lacking(package, *dict.fromkeys(missing))


@contextmanager
def importing(package: str) -> Generator[None]:
    """Run imports that need parts of a library by their names.

    Args:
        package: the name of the library, also of its module.

    Raises:
        InvalidConfiguration: a part is not there.
        ImportError: the library is not there at all.
    """
    try:
        yield
    except ImportError as error:
        name = error.name or ""
        if name.startswith(f"{package}.") or (name == package and not isinstance(error, ModuleNotFoundError)):
            raise lacking(package, f"{name} ({error.msg})") from None
        raise


def lacking(package: str, *missing: str) -> InvalidConfiguration:
    """Return the error for a library without some names.

    Args:
        package: the name of the library, also of its module.
        missing: the names that it lacks.
    """
    from ovhcore._internal import installed_version

    found = installed_version(package)
    remedy = f"{package}<{found}" if found else package
    return InvalidConfiguration(
        f"ovhcore relies on {', '.join(missing)}, which {package} {found or 'as installed'} does not have: install "
        f'another version, as with pip install "{remedy}", or use another transport'
    )


def _shown(owner: object) -> str:
    kind = owner if isinstance(owner, type) else type(owner)
    return f"{kind.__module__}.{kind.__qualname__}"
