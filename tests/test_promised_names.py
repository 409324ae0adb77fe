"""What is promised: the names that packages hand on, which are the names that the reference documents."""

from __future__ import annotations

import importlib
import re
from pathlib import Path
from types import ModuleType

import pytest

import ovhcore

ROOT = Path(__file__).resolve().parent.parent
REFERENCE = ROOT / "docs" / "reference"
FACES = (
    "ovhcore.client",
    "ovhcore.config",
    "ovhcore.exceptions",
    "ovhcore.flows",
    "ovhcore.plugins",
    "ovhcore.protocol",
    "ovhcore.schema",
    "ovhcore.testing",
    "ovhcore_transports",
    "ovhcore_transports.aiohttp",
    "ovhcore_transports.hooks",
    "ovhcore_transports.http",
    "ovhcore_transports.httpx",
    "ovhcore_transports.pyreqwest",
    "ovhcore_transports.recording",
    "ovhcore_transports.sandbox",
    "ovhcore_transports.stdlib",
    "ovhcore_transports.urllib3",
)
# Modules that are python-ovh's: each name is one of another face.
PYTHON_OVH = ("ovhcore.consumer_key", "ovhcore.oauth2")
# Pages have these modules as a whole.
WHOLE = {"ovhcore.exceptions", "ovhcore.testing.strategies", "ovhcore_transports.recording.pytest.plugin"}


def promised(face: str) -> set[str]:
    # The entry points call open_sync and open_async; nobody else does.
    return {name for name in importlib.import_module(face).__all__ if not name.startswith("open_")}


def documented(*pages: str) -> list[str]:
    """Return the names that some pages document; all pages by default."""
    chosen = [page for page in sorted(REFERENCE.glob("*.md")) if not pages or page.stem in pages]
    text = "\n".join(page.read_text("utf-8") for page in chosen)
    names: list[str] = re.findall(r"^\.\. (?:auto(?!module)\w+|data):: (\S+)$", text, re.MULTILINE)
    modules = set(re.findall(r"^\.\. automodule:: (\S+)$", text, re.MULTILINE))
    assert modules == WHOLE or pages
    more = ovhcore.exceptions.__all__ if "ovhcore.exceptions" in modules else []
    return names + [f"ovhcore.exceptions.{name}" for name in more]


def test_the_reference_documents_what_is_promised_and_nothing_else() -> None:
    names = documented()
    assert sorted(names) == sorted(set(names))
    of_faces = {f"{face}.{name}" for face in FACES for name in promised(face)}
    # Constants of access rules and endpoints are python-ovh's in one place and the protocol's in another.
    assert set(names) == of_faces - {"ovhcore.testing.strategies"} | {"ovhcore.install_as_ovh", "ovhcore.__version__"}


@pytest.mark.parametrize("name", sorted(ovhcore.__all__))
def test_names_of_the_package_are_those_of_a_face(name: str) -> None:
    value = getattr(ovhcore, name)
    if isinstance(value, ModuleType):
        assert value.__name__ in {*FACES, *PYTHON_OVH}
    elif f"ovhcore.{name}" not in documented():
        homes = [face for face in FACES if name in promised(face)]
        assert any(getattr(importlib.import_module(face), name) is value for face in homes)


@pytest.mark.parametrize("module", PYTHON_OVH)
def test_modules_of_python_ovh_promise_nothing_of_their_own(module: str) -> None:
    for name in importlib.import_module(module).__all__:
        assert any(name in promised(face) for face in FACES), name


@pytest.mark.parametrize("face", FACES)
def test_every_promised_name_is_there(face: str) -> None:
    module = importlib.import_module(face)
    assert sorted(module.__all__) == sorted(set(module.__all__))
    for name in module.__all__:
        assert getattr(module, name) is not None
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        module.nothing  # noqa: B018


@pytest.mark.parametrize("face", ["ovhcore.flows", "ovhcore.protocol"])
def test_names_that_are_loaded_late_are_listed(face: str) -> None:
    module = importlib.import_module(face)
    assert {name for names in module._HOMES.values() for name in names} <= set(module.__all__)
    assert dir(module) == sorted(module.__all__)


def test_the_reference_says_how_many_names_are_promised() -> None:
    distinct = {name.rpartition(".")[2] for name in documented()}
    said = re.search(r"document the (\d+) names", (REFERENCE / "index.md").read_text("utf-8"))
    assert said is not None
    assert int(said[1]) == len(distinct)


def test_the_reference_says_how_the_names_divide() -> None:
    index = (REFERENCE / "index.md").read_text("utf-8")
    rows = re.findall(r"^\| (?!for )[^|]+ \| (\d+) \| (.+) \|$", index, re.MULTILINE)
    pages: list[str] = []
    for said, listed in rows:
        there = re.findall(r"\{doc\}`([\w-]+)`", listed)
        pages += there
        assert int(said) == len(documented(*there)), there
    assert sorted(pages) == sorted({page.stem for page in REFERENCE.glob("*.md")} - {"index", "command-line"})


TEXTS = [ROOT / "README.md", *(ROOT / "docs").rglob("*.md"), *(ROOT / "examples").rglob("*.py")]


@pytest.mark.parametrize("text", TEXTS, ids=lambda text: str(text.relative_to(ROOT)))
def test_texts_and_examples_import_promised_names_only(text: Path) -> None:
    found = re.findall(
        r"^(?:>>> |\.\.\. )?\s*from (ovhcore(?:_transports)?(?:\.[\w.]+)?) import (\([^)]*\)|[^\n]+)",
        text.read_text("utf-8"),
        re.MULTILINE,
    )
    for module, names in found:
        assert module in {"ovhcore", *FACES, *PYTHON_OVH}, module
        for name in re.findall(r"\w+(?: as \w+)?", names.partition("#")[0]):
            assert name.partition(" ")[0] in importlib.import_module(module).__all__ or f"{module}.{name}" in FACES
