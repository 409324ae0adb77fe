"""The page about the house: it names the packages, modules and arrows that are there."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

import ovhcore
import ovhcore_transports
from tests.test_purity import READING, ROOMS, files, imports

SRC = {package.__name__: Path(package.__path__[0]) for package in (ovhcore, ovhcore_transports)}
PAGE = (Path(__file__).resolve().parent.parent / "docs" / "explanation" / "the-house.md").read_text("utf-8")


def table(heading: str) -> list[list[str]]:
    part = PAGE.partition(heading)[2].partition("\n#")[0]
    rows = part.partition("| --- |")[2].partition("\n\n")[0].splitlines()[1:]
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in rows]


def test_the_page_names_every_package() -> None:
    there = {
        f"{name}.{file.parent.name}" for name, folder in SRC.items() for file in sorted(folder.glob("*/__init__.py"))
    }
    assert {row[0].strip("`") for row in table("## Rooms")} == there


@pytest.mark.parametrize(("what", "module", "name"), table("### Where is it?"))
def test_the_page_says_where_things_are(what: str, module: str, name: str) -> None:
    package, _, rest = module.strip("`").partition("/")
    tree = ast.parse((SRC[package] / rest).read_text("utf-8"))
    defined = {node.name for node in ast.walk(tree) if isinstance(node, (ast.FunctionDef, ast.ClassDef))}
    assert name.strip("`") in defined, what


def test_the_page_says_who_reads_files() -> None:
    reading = {f"ovhcore.{place.partition('/')[0]}" for place, modules in READING.items() if {"io", "os"} & modules}
    # The client's type hints say os.PathLike.
    assert {row[0].strip("`") for row in table("### What reads files")} == reading - {"ovhcore.client"}


def test_the_drawing_has_the_order_of_the_rooms() -> None:
    drawing = PAGE.partition("```text")[2].partition("```")[0]
    drawn = re.findall(r"^\| (\w+) ", drawing, re.MULTILINE)
    assert drawn == sorted(drawn, key=lambda room: -ROOMS[room])
    assert set(drawn) == set(ROOMS) & {"client", "config", "plugins", "flows", "schema", "protocol", "exceptions"}
    assert max(map(len, drawing.splitlines())) <= 44  # readable on a narrow screen


@pytest.mark.once
def test_the_page_says_which_rooms_use_the_schema() -> None:
    package = SRC["ovhcore"]
    users = {
        file.relative_to(package).parts[0]
        for file in files(package)
        for module, _ in imports(file, package)
        if module.startswith("ovhcore.schema")
    }
    sentence = PAGE.partition("uses nothing of `schema`,")[2].partition(".")[0]
    assert set(re.findall(r"`(\w+)`", sentence)) == users - {"schema", "__init__.py", "_internal.py"}
