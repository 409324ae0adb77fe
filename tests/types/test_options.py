"""The options of a client's methods are the same wherever they are written: where they run, and for type checkers."""

from __future__ import annotations

import ast
import inspect
import typing
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest

import ovhcore
from ovhcore.client.typed_methods import awaited, blocking
from ovhcore.schema.stubs.prelude import HEADER
from ovhcore.schema.stubs.uses import METHODS

pytestmark = pytest.mark.once

_SIGNATURES = [(ovhcore.Client, blocking.ClientMethods), (ovhcore.AsyncClient, awaited.AsyncClientMethods)]


def _options(method: Callable[..., Any]) -> dict[str, Any]:
    """Return the options of a method with their defaults, and what is given by position without its default."""
    return {
        each.name: each.default if each.kind is each.KEYWORD_ONLY or each.name == "_need_auth" else None
        for each in inspect.signature(method).parameters.values()
        if each.kind not in (each.VAR_KEYWORD, each.POSITIONAL_ONLY)
    }


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(("client", "declared"), _SIGNATURES)
def test_type_checkers_know_the_options_that_there_are(client: type, declared: type, method: str) -> None:
    options = _options(getattr(client, method))
    where: Any = SimpleNamespace(__module__=declared.__module__, __qualname__=f"{declared.__name__}.{method}")
    overloads = typing.get_overloads(where)
    assert overloads
    for each in overloads:
        known = _options(each)
        if known.pop("_by_dict", None) is not None:
            assert known.keys() <= options.keys()
        elif "_as_completed" in known and known["_as_completed"] is inspect.Parameter.empty:
            assert {**known, "_as_completed": False} == options
        else:
            assert known == options


def _dicts() -> Iterator[tuple[str, set[str]]]:
    """Yield the classes of options that generated modules have, and all names in each."""
    namespace: dict[str, Any] = {}
    imports, _, rest = HEADER.format(title="", names="").partition("\nM = TypeVar")
    exec(imports, namespace)  # what the project itself wrote
    exec("M = TypeVar" + rest, namespace)
    for node in ast.parse(HEADER.format(title="", names="")).body:
        if isinstance(node, ast.ClassDef):
            yield node.name, set(namespace[node.name].__annotations__)


@pytest.mark.parametrize(
    ("method", "classes", "without"),
    [
        ("get", ("CallOptions", "AnyCallOptions"), set()),
        ("iterate", ("ListOptions", "ListErrors", "AnyListOptions", "AnyListErrors"), {"_item"}),
        ("iterate", ("ItemOptions", "AnyItemOptions"), set()),
        (
            "batch",
            (
                "BatchOptions",
                "BatchErrors",
                "BatchPairs",
                "BatchPairsErrors",
                "AnyBatchOptions",
                "AnyBatchErrors",
                "AnyBatchPairs",
                "AnyBatchPairsErrors",
            ),
            set(),
        ),
        ("gather", ("GatherOptions", "GatherErrors", "GatherPairs", "GatherPairsErrors"), set()),
        ("wait", ("WaitOptions", "AnyWaitOptions"), set()),
        ("update", ("UpdateOptions", "AnyUpdateOptions"), set()),
    ],
)
def test_generated_modules_know_the_options_that_there_are(
    method: str, classes: tuple[str, ...], without: set[str]
) -> None:
    dicts = dict(_dicts())
    expected = {
        name for name in _options(getattr(ovhcore.Client, method)) if name not in ("_target", "_ids", "_change")
    }
    if method == "gather":
        expected -= {"_calls"}
    else:
        expected -= {"_need_auth"}  # in the overload itself, for it may be given by position
    for name in classes:
        assert dicts[name] == expected - without, name
