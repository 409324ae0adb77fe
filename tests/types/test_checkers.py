"""What type checkers find in programs that use a generated module."""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import count
from pathlib import Path

import pytest

from ovhcore import schema
from ovhcore.schema.stubs import run, types_for
from tests.profiles import FULL
from tests.types.checkers import CHECKERS, mypy
from tests.types.right_calls import TEN_FAMILIES, right_call, right_calls

pytestmark = [pytest.mark.once]
Checker = Callable[[Path], "set[int]"]

_MISTAKES = Path(__file__).with_name("mistakes.txt")
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
"""


def _program(folder: Path, text: str) -> Path:
    file = folder / "program.py"
    file.write_text(text, "utf-8")
    run(schema.catalogue(), scan=[file], tell=str, warn=str)
    return file


@pytest.mark.parametrize("checker", CHECKERS)
def test_each_mistake_is_found_and_nothing_else(checker: Checker, tmp_path: Path) -> None:
    text = _MISTAKES.read_text("utf-8")
    wrong = {number for number, line in enumerate(text.splitlines(), 1) if "  # " in line}
    assert len(wrong) >= 40
    assert checker(_program(tmp_path, text)) == wrong


@pytest.mark.parametrize("checker", CHECKERS)
def test_right_calls_are_left_alone(checker: Checker, tmp_path: Path) -> None:
    calls = [*right_calls(TEN_FAMILIES, 200)]
    assert len(calls) >= 200
    text = "\n".join(["import ovh_types as ovh", "", "client = ovh.Client()", *calls, ""])
    assert checker(_program(tmp_path, text)) == set()


@pytest.mark.parametrize("checker", CHECKERS)
def test_right_calls_of_a_whole_family_are_left_alone(checker: Checker, tmp_path: Path) -> None:
    family = schema.catalogue().family("/domain")
    calls = [right_call(family, each) for each in family.operations.values()]
    wrong = ['client.get("/domain/zone/{zoneName}", zone="example.com")', 'client.get("/domane/zone")']
    lines = ["import ovh_types as ovh", "", "client = ovh.Client()", *calls, *wrong, ""]
    (tmp_path / "program.py").write_text("\n".join(lines), "utf-8")
    run(schema.catalogue(), families=["domain"], output=tmp_path / "ovh_types.py", tell=str)
    assert checker(tmp_path / "program.py") == {len(lines) - 2, len(lines) - 1}


@pytest.mark.parametrize("checker", CHECKERS)
def test_paths_that_are_made_at_run_time_or_that_no_schema_knows_are_anything(checker: Checker, tmp_path: Path) -> None:
    assert checker(_program(tmp_path, _DYNAMIC)) == set()


@pytest.mark.parametrize("checker", CHECKERS)
def test_paths_may_have_to_be_known(checker: Checker, tmp_path: Path) -> None:
    file = tmp_path / "program.py"
    file.write_text(_DYNAMIC, "utf-8")
    run(schema.catalogue(), scan=[file], paths="closed", tell=str, warn=str)
    assert checker(file) == {5, 6}


def test_every_family_is_right_for_mypy(tmp_path: Path) -> None:
    families = schema.catalogue().families() if FULL else ("/domain", "/v2/iam")
    module, _ = types_for(schema.catalogue(), families=families)
    # Each overload as a method of its own: all of them are looked at, and not each pair of them.
    numbers = count()
    apart, found = re.subn(
        r"@overload\n\s+((?:async )?def \w+)", lambda match: f"{match[1]}_{next(numbers)}", module.stub
    )
    text = apart.replace("# mypy: ignore-errors\n", "")
    assert found > 500
    assert text != apart
    (tmp_path / "all_types.pyi").write_text(f"{text}\nwrong: NoSuchName\n", "utf-8")
    assert mypy(tmp_path / "all_types.pyi") == {text.count("\n") + 2}


@pytest.mark.parametrize("family", schema.catalogue().families() if FULL else ("/vps", "/v2/iam"))
def test_every_family_is_right_for_pyright(family: str, tmp_path: Path) -> None:
    from tests.types.checkers import pyright

    module, _ = types_for(schema.catalogue(), families=[family])
    (tmp_path / "some_types.pyi").write_text(f"{module.stub}\nwrong: NoSuchName\n", "utf-8")
    assert pyright(tmp_path / "some_types.pyi") == {module.stub.count("\n") + 2}


_OWN = """\
import ovhcore as ovh


async def main() -> None:
    async with ovh.AsyncClient(transport="sandbox") as client:
        client.post("/me")
        client.get("/me")["firstname"]
        for _ in client.iterate("/me/bill"):
            pass
        print((await client.get("/me"))["firstname"])
        print([bill["billId"] async for bill in client.iterate("/me/bill", _size=3)])
        print(client.iterate("/me/bill").totl)
        await client.wait("/me/task/{id}", id=1, _deadline="soon")
"""


@pytest.mark.parametrize("checker", CHECKERS)
def test_the_library_itself_tells_what_is_awaited(checker: Checker, tmp_path: Path) -> None:
    (tmp_path / "program.py").write_text(_OWN, "utf-8")
    assert checker(tmp_path / "program.py") == {6, 7, 8, 12, 13}
