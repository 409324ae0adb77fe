"""How the documentation is built."""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache
from typing import Any

from sphinx.errors import PycodeError
from sphinx.pycode import ModuleAnalyzer
from sphinx.util.nodes import make_refnode

import ovhcore
import ovhcore_transports

project = "ovhcore"
author = "the ovhcore authors"
copyright = "2026, the ovhcore authors"
version = release = ovhcore.__version__

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.doctest", "sphinx.ext.napoleon"]
exclude_patterns = ["_build"]
myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3

html_theme = "furo"
html_static_path = ["_static"]
html_css_files = ["pages.css"]
html_title = f"ovhcore {version}"

autoclass_content = "both"
autodoc_typehints = "description"
autodoc_typehints_description_target = "documented"
autodoc_member_order = "bysource"
autodoc_default_options = {"members": True, "show-inheritance": True}
napoleon_google_docstring = True
napoleon_use_rtype = False
napoleon_use_ivar = True  # of a named tuple the attributes are documented as such already
nitpicky = True
# The standard library's own pages, and type variables, which have none.
nitpick_ignore_regex = [
    ("py:.*", r"(collections|contextlib|enum|os|ssl|re|pathlib|http|threading|types|datetime|json)\..*"),
    ("py:.*", r"(ovhcore(_transports)?\..*\.)?([A-Z]|Out|TransportT)"),
    ("py:class", "Path|Credentials|AbstractContextManager|RawConfigParser"),
    ("py:class", "(Tracer|Meter)Provider"),  # of OpenTelemetry
    ("py:class", "(Async)?TransportLike"),  # the protocols of ovhcore.flows
    ("py:.*", "NotHTTP"),
]
doctest_test_doctest_blocks = ""  # those of docstrings are run by the tests


@cache
def everything() -> dict[str, tuple[str, ...]]:
    """Return where each public object is, by the full names under which it may be called: those of faces come first."""
    places: dict[int, list[str]] = {}
    for package in (ovhcore, ovhcore_transports):
        names = [info.name for info in pkgutil.walk_packages(package.__path__, f"{package.__name__}.")]
        for name in sorted((package.__name__, *names), key=lambda each: each.count(".")):
            module = importlib.import_module(name)
            for member, value in vars(module).items():
                if getattr(value, "__module__", name) == name or member in getattr(module, "__all__", ()):
                    places.setdefault(id(value), []).append(f"{name}.{member}")
            for member in getattr(module, "__all__", ()):
                if member not in vars(module):
                    places.setdefault(id(getattr(module, member)), []).append(f"{name}.{member}")
            places.setdefault(id(module), []).append(name)
    return {name: tuple(names) for names in places.values() for name in names}


def resolved(app: Any, env: Any, node: Any, contents: Any) -> Any:
    """Let a reference to where a name lives lead to the package that hands it on; internal names are text."""
    target = node.get("reftarget", "").lstrip(".")
    if node.get("refdomain") != "py" or not target:
        return None
    documented = env.domaindata["py"]["objects"]
    for begin in (target, target.rpartition(".")[0]):  # an attribute or method is looked up by its class
        rest = target[len(begin) :]
        found = [full for full in everything() if begin and (full == begin or full.endswith(f".{begin}"))]
        for full in found:
            for name in everything()[full]:
                if entry := documented.get(name + rest) or documented.get(name):
                    return make_refnode(app.builder, node["refdoc"], entry.docname, entry.node_id, contents, name)
        if found:
            return contents
    return None


def said_where_it_lives(app: Any, what: str, name: str, value: Any, options: Any, lines: list[str]) -> None:
    """Take the text of data that a package hands on from the module that has it."""
    module, _, member = name.rpartition(".")
    if what != "data":
        return
    for home in everything().get(name, ()):
        place = home.rpartition(".")[0]
        if place == module:
            continue
        try:
            found = ModuleAnalyzer.for_module(place).find_attr_docs().get(("", member))
        except PycodeError:
            continue
        if found:
            lines[:] = found
            return


def setup(app: Any) -> None:
    """Leave the constructors of exceptions out: nobody calls them, and their sentence is what counts."""

    def signature(app: Any, what: str, *rest: object) -> tuple[str, None] | None:
        return ("", None) if what == "exception" and str(rest[0]).startswith("ovhcore.exceptions.") else None

    app.connect("autodoc-process-signature", signature)
    app.connect("missing-reference", resolved)
    app.connect("autodoc-process-docstring", said_where_it_lives)
