"""Pages by task: they begin with an example, and their pictures are of what commands show now."""

from __future__ import annotations

import ast
import builtins
import doctest
import importlib.util
import re
import sys
from pathlib import Path
from types import ModuleType

import pytest

pytestmark = pytest.mark.once

DOCS = Path(__file__).resolve().parents[1] / "docs"
TASKS = (
    "log-in",
    "see-what-a-key-may-do",
    "manage-dns",
    "list-invoices-as-csv",
    "reboot-and-reinstall-a-server",
    "run-from-cron",
    "find-what-is-wrong",
    "move-from-python-ovh",
    "test-offline",
)
HOW_TO = sorted(
    path.relative_to(DOCS).with_suffix("").as_posix()
    for path in (DOCS / "how-to").rglob("*.md")
    if path.stem != "index"
)


def text_of(page: str) -> str:
    return (DOCS / f"{page}.md").read_text("utf-8")


@pytest.mark.parametrize("page", HOW_TO)
def test_a_page_begins_with_the_shortest_whole_example(page: str) -> None:
    """One sentence at most stands before it, and what it has of Python defines the names that it uses."""
    begin = re.match(r"# [^\n]+\n\n(?:(?!```)([^#\n].*?)\n\n)?```([^\n]+)\n(.*?)\n```\n", text_of(page), re.DOTALL)
    assert begin is not None
    sentence, kind, example = begin.groups()
    assert not sentence or page.rpartition("/")[2] not in TASKS
    assert not re.search(r"\n\n|^[-|!]|[.?!]\s", re.sub(r"`[^`]*`", "", sentence or ""), re.MULTILINE), sentence
    assert re.fullmatch(r"sh|text|ini|json|python|\{(doctest|code-block|literalinclude)\}.*", kind), kind
    if kind in ("python", "{doctest}"):
        assert not names_that_nothing_defines(example, session=kind == "{doctest}")


def names_that_nothing_defines(example: str, *, session: bool) -> set[str]:
    if session:
        example = "".join(each.source for each in doctest.DocTestParser().get_examples(example))
    tree = compile(example, "example", "exec", ast.PyCF_ONLY_AST | ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    used, defined = set[str](), {*dir(builtins)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            (used if isinstance(node.ctx, ast.Load) else defined).add(node.id)
        elif isinstance(node, ast.alias):
            defined.add((node.asname or node.name).partition(".")[0])
        elif isinstance(node, ast.arg):
            defined.add(node.arg)
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.ExceptHandler):
            defined.add(node.name or "")
    return used - defined


def test_what_is_no_whole_example() -> None:
    assert names_that_nothing_defines("ovh.Client()", session=False) == {"ovh"}
    assert names_that_nothing_defines(">>> import ovhcore as ovh\n>>> client.get(ovh)\n'x'", session=True) == {"client"}


def test_the_index_leads_to_every_task() -> None:
    text = text_of("index")
    for task in TASKS:
        assert f"{{doc}}`how-to/{task}`" in text
        assert f"\n{task}\n" in text_of("how-to/index")


@pytest.mark.parametrize(
    ("word", "page"),
    [
        ("login", "log-in"),
        ("dns", "manage-dns"),
        ("invoice", "list-invoices-as-csv"),
        ("troubleshoot", "find-what-is-wrong"),
    ],
)
def test_a_word_that_is_searched_for(word: str, page: str) -> None:
    assert re.search(rf"\b{word}(s|ing)?\b", text_of(f"how-to/{page}"), re.IGNORECASE)


# Pictures


def pictures() -> ModuleType:
    spec = importlib.util.spec_from_file_location("pictures", DOCS / "pictures.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.skipif(sys.platform == "win32", reason="terminals of POSIX")
@pytest.mark.parametrize("name", ["bills", "demo", "dns-records", "first-calls"])
def test_a_picture_is_of_what_commands_show(name: str) -> None:
    module = pictures()
    assert {*module.PICTURES} == {each.stem for each in (DOCS / "_static").glob("*.svg")}
    kept = (DOCS / "_static" / f"{name}.svg").read_text("utf-8")
    assert module.words_of(module.drawn(name)) == module.words_of(kept), "run python docs/pictures.py"
    assert "http://" not in re.sub(r"http://(www\.w3\.org|127\.0\.0\.1)", "", kept)
    assert "https://" not in re.sub(r"https://www\.(w3|textualize)\.", "", kept)
