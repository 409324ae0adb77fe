"""Answers of the API, held against generated types by a library that knows nothing of the catalogue."""

from __future__ import annotations

import ast
import importlib
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from ovhcore import schema
from ovhcore.schema.lookup.catalogue import Catalogue
from ovhcore.schema.stubs.command import types_for

pytestmark = pytest.mark.once


_LAST = "from typing_extensions import LiteralString, deprecated"
_MAP = "V = TypeVar('V')\nMap = dict[str, V | None]\n"


class Types:
    """A generated module, as a library sees it that validates values by types.

    With the tolerance that schemas need: no member has to be there, and null may be in a map.

    Args:
        catalogue: what it is made from.
        calls: pairs of method and path.
        folder: for its source.
    """

    def __init__(self, catalogue: Catalogue, calls: list[tuple[str, str]], folder: Path) -> None:
        program = folder / "program.py"
        program.write_text("\n".join(f"c.{method.lower()}({path!r})" for method, path in calls), "utf-8")
        stub = types_for(catalogue, scan=[program])[0].stub
        self._answers = dict(_answers(stub))
        name = f"{folder.name}_answers".replace("-", "_")
        text = stub.replace("(TypedDict):", "(TypedDict, total=False):")
        text = text.replace("    },\n)\n", "    },\n    total=False,\n)\n").replace("dict[str, ", "Map[")
        # Before Python 3.12, typing does not tell which members have to be there.
        text = text.replace(" TypedDict, TypeVar", " TypeVar").replace(f"\n{_LAST}", f"\n{_LAST}, TypedDict\n{_MAP}", 1)
        (folder / f"{name}.py").write_text(f"from __future__ import annotations\n{text}", "utf-8")
        self._module = _imported(name, folder)
        self._adapters: dict[tuple[str, str], TypeAdapter[Any]] = {}

    def refuses(self, method: str, path: str, value: Any) -> bool:
        """Say whether a value is not as the type of the answer has it."""
        key = (method, path)
        if key not in self._adapters:
            self._adapters[key] = TypeAdapter(eval(self._answers[key], vars(self._module)))
        try:
            self._adapters[key].validate_python(value, strict=True)
        except ValidationError:
            return True
        return False


def _answers(stub: str) -> Iterator[tuple[tuple[str, str], str]]:
    """Yield methods and paths, and the types of their answers."""
    for client in ast.parse(stub).body:
        if isinstance(client, ast.ClassDef) and client.name == "Client":
            for each in client.body:
                if isinstance(each, ast.FunctionDef) and each.name in ("get", "post", "put", "delete"):
                    target = each.args.posonlyargs[-1].annotation
                    if isinstance(target, ast.Subscript) and each.returns is not None:
                        yield (each.name.upper(), ast.literal_eval(target.slice)), ast.unparse(each.returns)


def _imported(name: str, folder: Path) -> ModuleType:
    sys.path.insert(0, str(folder))
    try:
        return importlib.import_module(name)
    finally:
        sys.path.remove(str(folder))


_GONE = "/dbaas/logs/{serviceName}/output/metric/tenant/{tenantId}"
"""Operations on it are in the OpenAPI documents of 2025, and no longer in the native ones."""


@pytest.fixture(scope="module")
def rows(shared_data: Path) -> list[Any]:
    every = [json.loads(line) for line in (shared_data / "examples.jsonl").read_text("utf-8").splitlines()]
    held = [each for each in every if each["kind"] != "mock" and each["status"] and each["status"] < 300]
    return [each for each in held if each.get("shape_known") is not False and not each["path"].startswith(_GONE)]


@pytest.fixture(scope="module")
def types(rows: list[Any], tmp_path_factory: pytest.TempPathFactory) -> Types:
    return Types(
        schema.catalogue(), [(each["method"], each["path"]) for each in rows], tmp_path_factory.mktemp("types")
    )


def test_answers_are_as_generated_types_say(rows: list[Any], types: Types) -> None:
    refused = {each["path"] for each in rows if types.refuses(each["method"], each["path"], each["response"])}
    assert len(rows) == 106
    assert refused == {"/domain/zone/{zoneName}/record/{id}"}  # X-Ovh-Batch answers a list of results instead


def _places(holder: Any) -> Iterator[tuple[Any, Any]]:
    """Yield where a value within a list or a dict is, as what holds it and its key."""
    for key in holder if isinstance(holder, dict) else range(len(holder)):
        yield holder, key
        if isinstance(holder[key], (dict, list)):
            yield from _places(holder[key])


@given(st.data())
def test_generated_types_refuse_what_a_check_of_the_answer_finds(
    rows: list[Any], types: Types, data: st.DataObject
) -> None:
    row = data.draw(st.sampled_from(rows))
    operation = schema.catalogue().operation(row["method"], row["path"])
    assume(str(operation.answer) != "void")  # a program cannot use what comes there: its type is None, whatever comes
    root = json.loads(json.dumps([row["response"]]))
    places = [*_places(root)]
    holder, key = places[data.draw(st.integers(0, len(places) - 1))]
    holder[key] = data.draw(st.sampled_from([None, "text", 3, 2.5, True, {}, [], {"x": 1}, ["x"]]))
    findings = schema.check_answer(schema.catalogue().family(operation.family), operation, root[0])
    assert types.refuses(row["method"], row["path"], root[0]) == bool(findings), findings
