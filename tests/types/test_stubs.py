"""Modules with types: what is read from a program, what is written, and how it runs."""

from __future__ import annotations

import ast
import importlib.util
import random
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest
from hypothesis import given
from hypothesis import strategies as st

import ovhcore
from ovhcore import schema
from ovhcore.exceptions import InvalidRequest
from ovhcore.schema.model import Enumeration, Family, Model, Operation, Parameter, Property
from ovhcore.schema.stubs.__main__ import main
from ovhcore.schema.stubs.command import output_of, types_for, write_types
from ovhcore.schema.stubs.naming import Names, argument_name, is_plain_member, literal, type_name
from ovhcore.schema.stubs.program import Program
from ovhcore.schema.stubs.scanning import calls_in
from ovhcore.schema.stubs.uses import Use
from ovhcore.schema.types import ANY, parse_type
from tests.profiles import THOROUGH

pytestmark = pytest.mark.once


def _found(source: str) -> list[tuple[str, str | None, tuple[str, ...]]]:
    return [(each.method, each.path, each.names) for each in calls_in(source)]


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ('c.get("/me")', [("get", "/me", ())]),
        ('a.b.post("/x/{y}", y=1, _from=2, _timeout=3)', [("post", "/x/{y}", ("y", "_from"))]),
        ('c.get("/x", **{"date.from": 1})', [("get", "/x", ("date.from",))]),
        ('c.get("/x", **given)', [("get", "/x", ("**",))]),
        ('c.get(f"/x/{y}")', [("get", None, ())]),
        ('c.get(f"{y}/x")', []),
        ('c.get(f"")', []),
        ('c.get("/x/" + y + "/z")', [("get", None, ())]),
        ('c.get("/x/{}".format(y))', [("get", None, ())]),
        ('c.get("/a" if y else "/b")', [("get", "/a", ()), ("get", "/b", ())]),
        ('P: Final = "/x"\nc.get(P)', [("get", "/x", ())]),
        ('P = "/x"\nc.get(P)', [("get", None, ())]),
        ('P: str\no.p = "/x"\nc.get(P)', []),
        ('for p in ["/x", "/y"]: c.get(p)', [("get", None, ()), ("get", None, ())]),
        ('d.get("key"); d.get(3); d.get(); get("/me"); c.fetch("/me")', []),
        ('c.gather(["/me", ("PUT", "/me", {"city": "/x"}), f"/x/{y}"])', [
            ("gather", "/me", ()),
            ("gather", "/me", ()),
            ("gather", None, ()),
        ]),
        ('c.gather(_calls=[("OTHER", 3), [1, 2]])', []),
    ],
)  # fmt: skip
def test_calls_are_found(source: str, found: list[tuple[str, str | None, tuple[str, ...]]]) -> None:
    assert sorted(_found(source), key=str) == sorted(found, key=str)


def _program(source: str) -> Program:
    program = Program(schema.catalogue())
    program.read(source, "app.py")
    return program


def test_a_program_uses_operations_however_it_writes_their_paths() -> None:
    program = _program('c.get("/1.0/domain/zone/example.com/record/{number}?x=1", number=3)')
    [(method, use)] = program.uses
    assert (method, str(use.operation)) == ("get", "GET /domain/zone/{zoneName}/record/{id}")
    assert use.names == ["number"]
    assert use.renamed == {"id": "number"}
    assert not program.is_asynchronous


@pytest.mark.parametrize(
    ("call", "problem"),
    [
        ('c.get("/mee")', "app.py:1: The catalogue has no GET /mee; did you mean /me?"),
        ('c.post("/me")', "app.py:1: The catalogue has no POST for /me; it has GET, PUT"),
        ('c.get("/me/{")', "braces in a path"),
        ('c.gather([("PUT", "/mee")])', "no PUT /mee"),
    ],
)
def test_a_program_has_problems(call: str, problem: str) -> None:
    assert problem in str(_program(call).problems[0])


def test_paths_like_nothing_are_allowed() -> None:
    program = _program('c.get("/qwertz/{x}", x=1); c.gather(["/qwertz", ("POST", "/qwertz")])')
    assert program.problems == []
    assert program.unknown == [("get", "/qwertz/{x}"), ("gather", "/qwertz")]


def test_ids_of_a_batch_stand_where_no_argument_is_for() -> None:
    source = 'c.batch("/domain/zone/{zone}/record/{id}", x, id=1); c.batch("/me/bill/{billId}", x, **y)'
    uses = [use for _, use in _program(source).uses]
    assert [use.free for use in uses] == ["zone", None]


@given(st.text())
def test_any_argument_has_a_name_or_none(name: str) -> None:
    """A name that Python does not take would be a SyntaxError."""
    written = argument_name(name)
    if written is not None:
        ast.parse(f"f({written}=1)")


@given(st.text(min_size=1))
def test_a_plain_member_is_one(name: str) -> None:
    """A member that Python does not take would be a SyntaxError."""
    if is_plain_member(name):
        ast.parse(f"class C:\n    {name}: int\n")


@given(st.lists(st.one_of(st.text(), st.integers()), min_size=1))
def test_literals_are_read_as_they_were(values: list[str | int]) -> None:
    try:
        text = literal(values)
        text.encode()
    except UnicodeEncodeError:
        return  # half a character is in no schema
    assert ast.literal_eval(text.removeprefix("Literal")) == values


def test_names_are_given_once() -> None:
    names = Names({"Taken"})
    assert [names.of(1, "Taken"), names.of(2, "Taken"), names.of(1, "Taken")] == ["Taken2", "Taken3", "Taken2"]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("domain.zone.Record", "DomainZoneRecord"),
        ("complexType.UnitAndValue<long>", "ComplexTypeUnitAndValueLong"),
        ("a.B<c.D[]>", "ABCDList"),
        ("a.B<map[string]c.D>", "ABCDMap"),
        ("2fa.Code", "Model2faCode"),
    ],
)
def test_models_have_names(text: str, name: str) -> None:
    assert type_name(parse_type(text)) == name


def _family(name: str, prefix: str, kind: str) -> Family:
    """Return a family with a model and an enumeration of every odd kind."""
    of_model = {
        "id": Property("id", parse_type("long"), read_only=True),
        "class": Property("class", parse_type("me.Kind[]"), required=True, nullable=True),
        "str": Property("str", parse_type(kind)),
        "number": Property("number", parse_type("me.Number"), nullable=True),
        "rate": Property("rate", parse_type("me.Rate")),
        "self": Property("self", parse_type("me.Thing")),
        "lost": Property("lost", parse_type("me.Lost"), nullable=True),
        "by": Property("by", parse_type("map[string]datetime")),
    }
    models: dict[str, Model | Enumeration] = {
        "me.Thing": Model("me.Thing", of_model),
        "me.Empty": Model("me.Empty", {}),
        "me.Kind": Enumeration("me.Kind", ("a", 'b"')),
        "me.Number": Enumeration("me.Number", (4, 6), "long"),
        "me.Rate": Enumeration("me.Rate", (0.5,), "double"),
        "me.Nothing": Enumeration("me.Nothing", ()),
    }
    thing, self_ = parse_type("me.Thing"), Parameter("self", "path", parse_type("string"), True)
    operations = [
        Operation("GET", f"{prefix}/{{self}}", name, (self_, Parameter("from", "query", parse_type("date[]"))), thing),
        Operation("PUT", f"{prefix}/{{self}}", name, (self_, Parameter("", "body", thing)), thing),
        Operation("POST", prefix, name, (Parameter("", "body", parse_type("map[string]string")),), parse_type("void")),
        Operation("GET", prefix, name, (Parameter("x", "query", ANY),), parse_type("me.Empty[]")),
        Operation("DELETE", prefix, name, (Parameter("k", "query", parse_type("me.Nothing"), True),), ANY),
    ]
    return Family(name, {str(each): each for each in operations}, models)


def test_odd_names_and_types_can_be_written() -> None:
    catalogue = schema.Catalogue.of(
        [_family("/a", "/a", "long"), _family("/b", "/b", "string"), _family("/c", "/c", "long")]
    )
    module, _ = types_for(catalogue, families=["a", "/b", "c"])
    assert types_for(catalogue, families=["all"])[0] == module
    compile(module.stub, "stub", "exec")
    stub = module.stub
    assert "MeThing = TypedDict(" in stub
    assert "MeThing2 = TypedDict(" in stub  # /b has another model of this name
    assert "MeThing3" not in stub  # /c has that of /a
    assert "'class': list[MeKind | str] | None" in stub
    assert "'number': MeNumber | int | None" in stub
    assert "class MeEmpty(TypedDict):\n    pass" in stub
    assert 'Literal["/a", "/b", "/c"], /, _need_auth: bool = ..., **_: Any) -> None' in stub
    for written in ("'rate': float", "'lost': Any", "'by': dict[str, str]", "dict[str, str | DateTime]"):
        assert written in stub


def test_all_families_can_be_written() -> None:
    some = random.Random("stubs").sample(schema.catalogue().families(), 10)
    module, _ = types_for(schema.catalogue(), families=["all"] if THOROUGH else some)
    compile(module.stub, "stub", "exec")
    assert len(module.source) < 1_000_000


@pytest.mark.untraced
@pytest.mark.parametrize("method", ["get", "post", "put", "delete", "iterate", "batch", "wait", "update"])
def test_paths_may_have_to_be_known(method: str, tmp_path: Path) -> None:
    """With closed paths, a call whose path is made at run time leaves no trace: type checkers find it wrong."""
    file = tmp_path / "app.py"
    file.write_text('c.get("/me")', "utf-8")
    without = types_for(schema.catalogue(), scan=[file])[0]
    file.write_text(f'c.get("/me"); c.{method}(f"/x/{{y}}")', "utf-8")
    assert types_for(schema.catalogue(), scan=[file], paths="closed")[0] == without
    assert types_for(schema.catalogue(), scan=[file])[0] != without


def test_a_family_that_is_not_there() -> None:
    with pytest.raises(InvalidRequest, match="no family '/domane'"):
        types_for(schema.catalogue(), families=["domane"])


def test_a_file_that_is_not_python(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text("def", "utf-8")
    with pytest.raises(InvalidRequest, match=r"app\.py cannot be read as Python"):
        types_for(schema.catalogue(), scan=[tmp_path])


def _imported(file: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location("generated_types", file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_module_is_ovhcore(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text('import ovh_types\novh_types.AsyncClient().get("/me")', "utf-8")
    (tmp_path / ".hidden").mkdir()
    (tmp_path / ".hidden" / "bad.py").write_text("def", "utf-8")
    assert main(["--scan", str(tmp_path)]) == 0
    module = _imported(tmp_path / "ovh_types.py")
    assert module.Client is ovhcore.Client
    assert module.exceptions is ovhcore.exceptions
    assert module.NichandleNichandle(name="x") == {"name": "x"}
    with pytest.raises(AttributeError):
        _ = module.NoSuchName
    assert module.Client(transport="sandbox").get("/me")["firstname"] == "Ada"


def test_writing_again_and_checking(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    app = tmp_path / "app.py"
    app.write_text('c.get("/me")', "utf-8")
    assert main(["--scan", str(app), "--check"]) == 1
    assert not (tmp_path / "ovh_types.py").exists()
    assert "ovh_types.pyi is not up to date" in capsys.readouterr().err
    assert main(["--scan", str(app)]) == 0
    assert "written" in capsys.readouterr().out
    assert main(["--scan", str(app)]) == 0
    assert "is up to date" in capsys.readouterr().out
    assert main(["--scan", str(app), "--check"]) == 0
    app.write_text('c.get("/mee")\nc.get(f"/me/{x}")', "utf-8")
    assert main(["--scan", str(app), "--paths", "open", "--output", str(tmp_path / "other")]) == 0
    assert "did you mean /me?" in capsys.readouterr().err
    assert "LiteralString, /" in (tmp_path / "other.pyi").read_text("utf-8")
    assert main(["--scan", str(app)]) == 0
    assert "app.py:2: get() with a path that is made at run time" in capsys.readouterr().err
    assert main(["--scan", str(app), "--check"]) == 1


@pytest.mark.parametrize("endpoint", ["nonsense", "ovh-fr", "ftp://api.example", "https://"])
def test_an_endpoint_that_is_none_is_refused(endpoint: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    output = tmp_path / "ovh_types.py"
    assert main(["--families", "domain", "--endpoint", endpoint, "--output", str(output)]) == 2
    said = capsys.readouterr().err
    assert said.startswith("error: ")
    assert "endpoint" in said
    assert said.count("\n") == 1
    assert not output.exists()


@pytest.mark.parametrize("endpoint", ["ovh-us", "https://api.example/1.0"])
def test_a_catalogue_that_stands_in_is_told(
    endpoint: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    output = ["--output", str(tmp_path / "ovh_types.py")]
    assert main(["--families", "v2/location", "--endpoint", endpoint, *output]) == 0
    assert f"no catalogue of {endpoint} was fetched; that of ovh-eu stands in" in capsys.readouterr().err
    assert main(["--families", "v2/location", *output]) == 0
    assert capsys.readouterr().err == ""


def test_what_is_wrong_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--families", "domane"]) == 2
    assert "no family" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        main([])


def test_it_is_run_as_a_module() -> None:
    done = subprocess.run([sys.executable, "-m", "ovhcore.schema.stubs"], capture_output=True, text=True, timeout=60)
    assert done.returncode == 2
    assert "usage: " in done.stderr


def test_where_the_module_lies(tmp_path: Path) -> None:
    assert output_of([], None) == Path("ovh_types.py")
    assert output_of([tmp_path], None) == tmp_path / "ovh_types.py"
    assert output_of([tmp_path / "app.py"], None) == tmp_path / "ovh_types.py"
    assert output_of([], Path("some.pyi")) == Path("some.py")


def test_from_a_terminal(tmp_path: Path) -> None:
    pytest.importorskip("click")
    from click.testing import CliRunner

    from ovhcore_transports.cli.programs.types import types_command

    (tmp_path / "app.py").write_text('c.get("/mee")', "utf-8")
    runner = CliRunner()
    assert runner.invoke(types_command, []).exit_code == 2
    made = runner.invoke(types_command, ["--scan", str(tmp_path)])
    assert made.exit_code == 0, made.output
    assert (tmp_path / "ovh_types.pyi").is_file()
    assert runner.invoke(types_command, ["--scan", str(tmp_path), "--check"]).exit_code == 1


def test_a_gather_may_be_of_any_calls(tmp_path: Path) -> None:
    app = tmp_path / "app.py"
    calls = (
        'c.gather([("DELETE", "/me/sshKey/{n}", {}), f"/x/{y}"])',
        'c.get(f"/x/{y}", **z)',
        'c.get("/qwertz")',
        'c.gather(["/me"])',
    )
    app.write_text("; ".join([*calls, 'c.batch("/me/bill", [1])', 'c.update("/me", {})']), "utf-8")
    said: list[str] = []
    assert write_types(schema.catalogue(), scan=[app], tell=said.append, warn=said.append) == 0
    stub = (tmp_path / "ovh_types.pyi").read_text("utf-8")
    assert 'AnyCall[Literal["DELETE"], DeletePath]' in stub
    assert "_calls: Iterable[Any], **_: Any" in stub
    assert 'Literal[\n    "/me/sshKey/{n}"' in stub


def test_a_use_prints_what_it_is_of() -> None:
    operation = schema.catalogue().operation("GET", "/me")
    assert "/me" in repr(Use(operation, "/me"))


def test_nothing_of_it_is_imported_by_a_program(tmp_path: Path) -> None:
    assert main(["--families", "v2/location", "--output", str(tmp_path / "ovh_types")]) == 0
    code = "import ovh_types, sys; ovh_types.Client; print([m for m in sys.modules if m.startswith('ovhcore.schema')])"
    ran = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"
