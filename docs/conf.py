"""How the documentation is built."""

from __future__ import annotations

from typing import Any

import ovhcore

project = "ovhcore"
author = "the ovhcore authors"
copyright = "2026, the ovhcore authors"
version = release = ovhcore.__version__

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.doctest", "sphinx.ext.napoleon"]
exclude_patterns = ["_build"]
myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3

html_theme = "furo"
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
    ("py:.*", r"(ovhcore(_transports)?\..*\.)?([A-Z]|Out|World)"),
    ("py:class", "Path|Credentials|AbstractContextManager|Assembly|RawConfigParser"),
    ("py:class", "(Tracer|Meter)Provider"),  # of OpenTelemetry
    ("py:class", "(Async)?TransportLike"),  # the protocols of ovhcore.flows
    ("py:.*", "NotHTTP"),
    ("py:class", r"(ovhcore\..*\.)?Leniency"),
]
doctest_test_doctest_blocks = ""  # those of docstrings are run by the tests


def setup(app: Any) -> None:
    """Leave the constructors of exceptions out: nobody calls them, and their sentence is what counts."""

    def signature(app: Any, what: str, *rest: object) -> tuple[str, None] | None:
        return ("", None) if what == "exception" and str(rest[0]).startswith("ovhcore.exceptions.") else None

    app.connect("autodoc-process-signature", signature)
