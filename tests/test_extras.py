"""The extras: what each brings, and that the page about them, and the commands of the README, say the same."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parent.parent
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
EXTRAS: dict[str, list[str]] = PROJECT["project"]["optional-dependencies"]
_OURS = re.compile(r"ovhcore\[([^]]*)\]")


def brings(extra: str) -> set[str]:
    """Return the names of what an extra installs, those of other extras that it names with it."""
    found: set[str] = set()
    for wanted in EXTRAS[extra]:
        if others := _OURS.fullmatch(wanted):
            for other in others[1].split(","):
                found |= brings(other)
        else:
            name = re.match(r"[A-Za-z0-9._-]+", wanted)
            assert name is not None
            found.add(name[0])
    return found


def rows() -> dict[str, set[str]]:
    page = (ROOT / "docs" / "how-to" / "install.md").read_text("utf-8")
    found = re.findall(r"^\| `([a-z0-9]+)` \| .* \| (.*) \|$", page, re.MULTILINE)
    return {extra: set(re.findall("`([^`]+)`", packages)) for extra, packages in found}


def test_the_page_has_every_extra_and_what_it_brings() -> None:
    table = rows()
    assert table.keys() == EXTRAS.keys()
    assert {extra: packages for extra, packages in table.items() if extra != "all"} == {
        extra: brings(extra) for extra in EXTRAS if extra != "all"
    }


def test_all_is_all_of_them_but_what_tests_need() -> None:
    named = {each for wanted in EXTRAS["all"] if (ours := _OURS.fullmatch(wanted)) for each in ours[1].split(",")}
    assert named == EXTRAS.keys() - {"all", "testing"}
    tools = {"anyio", "hypothesis", "pytest", "trustme"}
    assert not brings("all") & tools
    assert not brings("cli") & tools


def test_groups_that_developers_need_have_what_the_kit_needs() -> None:
    groups: dict[str, list[Any]] = PROJECT["dependency-groups"]
    included = {each["include-group"] for each in groups["dev"]}
    assert included == {"test", "peers", "types", "lint", "docs", "browser"}
    assert set(EXTRAS["testing"]) <= set(groups["test"])


@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md", "tox.ini", "docs", "src", "examples", "benchmarks"])
def test_no_extra_is_named_that_is_not_there(page: str) -> None:
    path = ROOT / page
    files = [path] if path.is_file() else [each for each in path.rglob("*") if each.suffix in (".md", ".py", ".ini")]
    assert files
    for file in files:
        for extras in re.findall(r"(?:ovhcore|'\.|\"\.|\.whl)\[([a-z0-9,]+)\]['\"]", file.read_text("utf-8")):
            assert set(extras.split(",")) <= EXTRAS.keys(), file
