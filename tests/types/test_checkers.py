"""What type checkers find in programs that use a generated module."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from itertools import count, islice
from pathlib import Path

import pytest

from ovhcore import schema
from ovhcore.schema.model import Family
from ovhcore.schema.stubs.command import types_for, write_types
from tests.profiles import THOROUGH
from tests.types.checkers import CHECKERS, Checker, Found
from tests.types.right_calls import TEN_FAMILIES, right_calls, using

pytestmark = [pytest.mark.once]

_MISTAKES = Path(__file__).with_name("mistakes.txt").read_text("utf-8")
_DYNAMIC = """\
import ovh_types as ovh

client = ovh.Client()
zone = input()
print(client.get(f"/domain/zone/{zone}/record", fieldType="A"))
print(client.get("/domain/zone/" + zone)["anything"])
print(client.get("/brand/new/path/{id}", id=1)["anything"])
print(client.get("/me")["firstname"])
print(client.get("/domain/zone/example.com/record?subDomain=www", fieldType="A")[0] + 1)
print(client.get("/1.0/domain/zone/{zone}/record/{number}", zone="example.com", number=3)["target"])
for bill in client.iterate("/me/bill", **{"date.from": "2026-01-01"}):
    print(bill["billId"], bill["priceWithTax"]["text"])
for had in client.iterate("/me/bill", _errors="return", **{"date.from": "2026-01-01"}):
    print(isinstance(had, ovh.APIError) or had["billId"])
for item in client.iterate("/me/bill", _item="/me/bill/{billId}/payment"):
    print(item["paymentDate"])
for number, record in client.batch("/domain/zone/{zoneName}/record/{id}", [1], _as_completed=True, zoneName="a"):
    print(number + 1, record["target"])
me, zones, task = client.gather(["/me", "/domain/zone", ("POST", "/domain/zone/{zoneName}/refresh", {"zoneName": "a"})])
print(me, zones, task)
print(client.call("GET", f"/{zone}"))
print(client.get("/me/bill", orderId=1, **{"date.from": "2026-01-01"}))
for position, found in client.gather(["/me"], _as_completed=True, _concurrency=3, _progress=print):
    print(position + 1, found["firstname"])
objects = client.iterate("/me/bill", _mode="cursor", _timeout=(3, None, 60))
print(objects.total, objects.mode, objects.done)
"""
# Of these, ovhcore alone tells: what is awaited, which options there are, what iterators have.
_OWN = """\
from typing import Any

import ovhcore as ovh
from ovhcore.client import ObjectIterator

client = ovh.Client(transport="sandbox")
texts = {"date.from": "2026-01-01"}
anything: dict[str, Any] = {}
flag = bool(input())
print(client.get("/me", _timeout=(3, None), _headers={"X-A": "b"}, **texts)["firstname"], client.get("/me", **anything))
bills: ObjectIterator[Any] = client.iterate("/me/bill", _size=3, **texts)
print(bills.total, bills.mode, [bill["billId"] for bill in bills])
print(client.batch("/me/bill/{billId}", ["a"])[0], client.batch("/me/bill/{billId}", ["a"], **texts)[0])
print(client.batch("/me/bill/{billId}", ["a"], _as_completed=True, **texts).total)
print(client.batch("/me/bill/{billId}", ["a"], _as_completed=flag), client.gather(["/me"], _as_completed=flag))
print([position + 1 for position, _ in client.gather(["/me"], _as_completed=True)], len(client.gather(["/me"])))
print(client.wait("/x", _until={"ok"}, _progress=print), client.update("/x", {"a": 1}, id="a", _wait=False, **texts))
print(client.get("/me", _timeout="soon"))  # wrong
print(client.get("/me", {"a": "b"}))  # wrong
print(client.iterate("/me/bill", _mode="quick"))  # wrong
print(client.iterate("/me/bill").totl)  # wrong
print(client.batch("/me/bill/{billId}", 3))  # wrong
print(client.gather(["/me"], concurrency=3))  # wrong
print(client.gather(["/me"]).total)  # wrong
print(client.wait("/x", _deadline="soon"))  # wrong


async def main() -> None:
    async with ovh.AsyncClient(transport="sandbox") as client:
        print((await client.get("/me"))["firstname"], await client.get("/me", **texts))
        print([bill["billId"] async for bill in client.iterate("/me/bill", _size=3)])
        print((await client.batch("/me/bill/{billId}", ["a"]))[0], (await client.gather(["/me"]))[0])
        print([position + 1 async for position, _ in client.gather(["/me"], _as_completed=True)])
        print(await client.wait("/x"), await client.update("/x", {}), client.iterate("/me/bill").total)
        client.get("/me")  # wrong: nothing is sent
        client.post("/me", city="Roubaix")  # wrong
        client.put("/me", **texts)  # wrong
        client.delete("/me")  # wrong
        client.wait("/me")  # wrong
        client.update("/me", {})  # wrong
        client.batch("/me/bill/{billId}", ["a"])  # wrong
        client.gather(["/me"])  # wrong
        print(client.get("/me")["firstname"])  # wrong
        print(client.batch("/me/bill/{billId}", ["a"])[0])  # wrong
        for _ in client.iterate("/me/bill"):  # wrong
            pass
        for _ in client.gather(["/me"], _as_completed=True):  # wrong
            pass
        for _ in client.gather(["/me"]):  # wrong
            pass
        await client.wait("/me/task/{id}", id=1, _deadline="soon")  # wrong
"""
_FEW = 8
"""Operations of a family that are tried, where not all are."""
_MANY = 100
"""Operations in one program: what a type checker takes grows with their square."""


def _wrong(text: str) -> set[int]:
    return {number for number, line in enumerate(text.splitlines(), 1) if "  # " in line}


def _program(folder: Path, name: str, text: str) -> None:
    """Write a program, and the module that it takes its types from."""
    file = folder / f"{name}.py"
    file.write_text(text.replace("import ovh_types", f"import {name}_types"), "utf-8")
    write_types(schema.catalogue(), scan=[file], output=folder / f"{name}_types", tell=str, warn=str)


def _found(folder: Path, checker: Checker) -> Found:
    """Return what is found in programs, and that nothing is found in the modules that they take their types from."""
    found = checker(folder)
    assert {name: lines for name, lines in found.items() if name.endswith("_types.pyi") and lines} == {}
    return {name: lines for name, lines in found.items() if not name.endswith("_types.pyi")}


def _overloads_apart(stub: str) -> str:
    """Return a stub with each overload as a method of its own, and a mistake at its end.

    So mypy looks at all that stands in it, and not at each pair of overloads.
    """
    numbers = count()
    text = re.sub(r"@overload\n\s+((?:async )?def \w+)", lambda match: f"{match[1]}_{next(numbers)}", stub)
    assert next(numbers) > 5
    return text.replace("# mypy: ignore-errors\n", "") + "\nwrong: NoSuchName  # wrong\n"


def _whole_modules(folder: Path, families: list[str]) -> Found:
    """Write the modules of whole families; return what is to be found in them."""
    expected: Found = {}
    for number, family in enumerate(families):
        module, _ = types_for(schema.catalogue(), families=[family])
        apart = _overloads_apart(module.stub)
        (folder / f"apart{number}.pyi").write_text(apart, "utf-8")
        (folder / f"whole{number}_types.pyi").write_text(module.stub, "utf-8")
        expected[f"apart{number}.pyi"] = _wrong(apart)
    return expected


def _parts(family: Family, size: int) -> Iterator[Family]:
    keys = iter(family.operations)
    while part := [*islice(keys, size)]:
        yield Family(family.name, {key: family.operations[key] for key in part}, family.models)


@pytest.mark.parametrize("checker", CHECKERS)
def test_each_mistake_is_found_and_nothing_else(checker: Checker, tmp_path: Path) -> None:
    calls = [*right_calls(TEN_FAMILIES, 200)]
    assert len(calls) >= 200
    assert len(_wrong(_MISTAKES)) >= 40
    _program(tmp_path, "mistakes", _MISTAKES)
    _program(tmp_path, "right", "\n".join(["import ovh_types as ovh", "", "client = ovh.Client()", *calls, ""]))
    _program(tmp_path, "dynamic", _DYNAMIC)
    (tmp_path / "own.py").write_text(_OWN, "utf-8")
    assert _found(tmp_path, checker) == {
        "mistakes.py": _wrong(_MISTAKES),
        "right.py": set(),
        "dynamic.py": set(),
        "own.py": _wrong(_OWN),
    }


@pytest.mark.parametrize("checker", CHECKERS)
def test_some_of_all_families_are_right(checker: Checker, tmp_path: Path) -> None:
    families = [schema.catalogue().family(name) for name in schema.catalogue().families()]
    chance = random.Random("types")
    whole = chance.choice([family.name for family in families if _FEW < len(family.operations) < _MANY // 2])
    expected = _whole_modules(tmp_path, [whole])
    some = [next(_parts(family, _FEW)) for family in chance.sample(families, 5)]
    _program(tmp_path, "uses", using(some))
    assert _found(tmp_path, checker) == {**expected, "uses.py": set()}


if THOROUGH:

    @pytest.mark.parametrize("checker", CHECKERS)
    @pytest.mark.parametrize("family", schema.catalogue().families())
    def test_every_family_is_right_as_a_whole(family: str, checker: Checker, tmp_path: Path) -> None:
        expected = _whole_modules(tmp_path, [family])
        assert _found(tmp_path, checker) == expected

    @pytest.mark.parametrize("checker", CHECKERS)
    @pytest.mark.parametrize("name", schema.catalogue().families())
    def test_every_operation_is_called_rightly(name: str, checker: Checker, tmp_path: Path) -> None:
        for number, part in enumerate(_parts(schema.catalogue().family(name), _MANY)):
            folder = tmp_path / str(number)
            folder.mkdir()
            _program(folder, "uses", using([part]))
            assert _found(folder, checker) == {"uses.py": set()}
