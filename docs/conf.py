"""How the documentation is built."""

from __future__ import annotations

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

autodoc_typehints = "description"
autodoc_member_order = "bysource"
autodoc_default_options = {"members": True, "show-inheritance": True}
napoleon_google_docstring = True
napoleon_use_rtype = False
suppress_warnings = ["ref.python"]
nitpicky = False
doctest_global_setup = "import ovhcore as ovh"
doctest_test_doctest_blocks = ""  # those of docstrings are run by the tests
