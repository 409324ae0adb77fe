"""A finder of the import system that lets ``import ovh`` find ovhcore."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from importlib import import_module
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from importlib.metadata import Distribution, DistributionFinder

__all__ = ["VERSION", "OvhFinder", "bodiless_methods", "install_as_ovh", "is_installed", "query_arguments"]

VERSION: Final = "1.2.0"
"""The version of python-ovh that ovhcore stands for."""

_OURS: Final = "ovhcore"
_THEIRS: Final = "ovh"
_NO_METHOD: Final[frozenset[str]] = frozenset()


class OvhFinder:
    """A finder of ``ovh.x.y`` as ``ovhcore.x.y``: the same module, whichever name it is imported by.

    Attributes:
        originals: further names, for the python-ovh that is installed.
    """

    def __init__(self) -> None:
        self.originals: set[str] = set()

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Return the spec of a module; None if it is none of these."""
        if fullname in self.originals:
            return _original(fullname)
        if fullname != _THEIRS and not fullname.startswith(f"{_THEIRS}."):
            return None
        from importlib.util import find_spec

        found = find_spec(_counterpart(fullname))
        if found is None:
            return None
        loader: Any = self  # as importlib.abc has it, which takes long to import
        return ModuleSpec(fullname, loader, is_package=found.submodule_search_locations is not None)

    def create_module(self, spec: ModuleSpec) -> None:
        """Let the import system make a module, which is then thrown away."""

    def exec_module(self, module: ModuleType) -> None:
        """Put the module of ovhcore into the place of the one made; the import system takes it from there."""
        sys.modules[module.__name__] = import_module(_counterpart(module.__name__))

    def find_distributions(self, context: DistributionFinder.Context | None = None) -> Iterator[Distribution]:
        """Answer ``importlib.metadata.version("ovh")``; a list of all that is installed does not show it."""
        name = getattr(context, "name", None)
        if isinstance(name, str) and name.lower() == _THEIRS:
            yield _distribution()


def _counterpart(name: str) -> str:
    return _OURS + name[len(_THEIRS) :]


def _original(name: str) -> ModuleSpec | None:
    from importlib.util import spec_from_file_location

    found = PathFinder.find_spec(_THEIRS)
    if found is None or found.origin is None:
        return None
    return spec_from_file_location(name, found.origin, submodule_search_locations=found.submodule_search_locations)


def _distribution() -> Distribution:
    # importlib.metadata takes long to import; a program that needs this has imported it.
    from importlib.metadata import Distribution
    from pathlib import Path

    class StandIn(Distribution):
        def read_text(self, filename: str) -> str | None:
            text = f"Metadata-Version: 2.1\nName: {_THEIRS}\nVersion: {VERSION}\nSummary: ovhcore in its place\n"
            return text if filename == "METADATA" else None

        def locate_file(self, path: Any) -> Any:
            return Path(__file__).parent / path

    return StandIn()


def is_installed() -> bool:
    """Say whether ``ovh`` is ovhcore in this process."""
    ours = sys.modules.get(_OURS)
    return ours is not None and sys.modules.get(_THEIRS) is ours


def query_arguments(path: str, arguments: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return arguments of a query as a program written for python-ovh means them: None is sent as ``null``.

    Such a program gets the API's answer to that already. Paths with names in braces are ovhcore's.
    """
    if isinstance(path, str) and "{" not in path and None in arguments.values():
        return {name: "null" if value is None else value for name, value in arguments.items()}
    return arguments


def bodiless_methods(usual: frozenset[str]) -> frozenset[str]:
    """Return the methods that carry no body; none where ovhcore stands in for python-ovh, which sends and signs it.

    Args:
        usual: the methods that carry none otherwise.
    """
    return _NO_METHOD if is_installed() else usual


def install_as_ovh(original: str | None = None) -> None:
    """Let ``import ovh`` find ovhcore in this process, for programs that cannot be edited.

    To be called before anything imports python-ovh; it may be called again. ``ovh`` and every module below it are
    then the modules of ovhcore. :class:`.Client` refuses to be made without any credentials, as that of python-ovh
    does; with ``application_key=""`` it makes one for calls that need none. A query argument of None is sent as
    ``null``, and a body of a GET or DELETE is signed and sent, as python-ovh does, instead of being refused.

    Args:
        original: a name by which an installed python-ovh can still be imported, as ``"original_ovh"``.

    Raises:
        RuntimeError: python-ovh is imported already.
        ValueError: ``original`` is no name for a module, or is taken.
    """
    if original is not None and (not original.isidentifier() or original in (_OURS, _THEIRS)):
        raise ValueError(f"original must be a name for a module other than ovh and ovhcore, not {original!r}")
    package = import_module(_OURS)
    if sys.modules.get(_THEIRS, package) is not package:
        raise RuntimeError("python-ovh is imported already; call install_as_ovh() before anything imports ovh")
    finder = next((each for each in sys.meta_path if isinstance(each, OvhFinder)), None)
    if finder is None:
        finder = OvhFinder()
        sys.meta_path.insert(0, finder)
    if original is not None:
        finder.originals.add(original)
