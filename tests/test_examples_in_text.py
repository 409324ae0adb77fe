"""What the README and the docstrings show really runs."""

from __future__ import annotations

import doctest
import importlib
import pkgutil
import re
from pathlib import Path

import pytest

import ovhcore
import ovhcore_transports

pytestmark = pytest.mark.once

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text("utf-8")


def modules() -> list[str]:
    found: list[str] = []
    for package in (ovhcore, ovhcore_transports):
        found += [package.__name__]
        found += [info.name for info in pkgutil.walk_packages(package.__path__, package.__name__ + ".")]
    return found


@pytest.mark.parametrize("name", modules())
def test_docstrings(name: str) -> None:
    result = doctest.testmod(importlib.import_module(name), optionflags=doctest.ELLIPSIS)
    assert result.failed == 0


def test_there_are_docstring_examples() -> None:
    finder = doctest.DocTestFinder()
    found = sum(bool(test.examples) for name in modules() for test in finder.find(importlib.import_module(name)))
    assert found >= 12


@pytest.mark.parametrize("code", re.findall(r"```python\n(.*?)```", README, re.DOTALL))
def test_readme(code: str, capsys: pytest.CaptureFixture[str]) -> None:
    exec(compile(code, "README.md", "exec"), {"__name__": "__main__"})
    printed = capsys.readouterr().out
    if "firstname" in code:
        assert "Welcome Ada" in printed
    else:
        assert printed


def test_the_readme_names_its_two_commands() -> None:
    assert README.count("<!-- main job -->\n```sh\n") == 1
    assert README.count("<!-- test command -->\n```sh\n") == 1
    script = (ROOT / ".ci" / "run").read_text("utf-8")
    assert "<!-- test command -->" in script
