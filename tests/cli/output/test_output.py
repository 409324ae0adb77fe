"""How answers are printed, on terminals and elsewhere."""

from __future__ import annotations

import csv
import io
import json
import re
import sys
from contextlib import suppress
from itertools import count
from typing import Any

import click
import jmespath
import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st
from jmespath.exceptions import JMESPathError

from ovhcore_transports.cli.output.filtering import meets, member
from ovhcore_transports.cli.output.formats import as_csv, as_json, as_names, as_yaml, csv_safe
from ovhcore_transports.cli.output.shaping import Query, is_list_of_ids, name_of, naming, with_columns
from ovhcore_transports.cli.output.tables import table_of
from ovhcore_transports.sandbox import Modes, Sandbox, serve
from ovhcore_transports.sandbox.routes.filters import filtered
from tests.cli.conftest import Runner, lead_to
from tests.cli.frame.test_errors import lead_to_token
from tests.servers import RawServer, Received, answer

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=6,
)


def plain(text: str) -> str:
    """Return what a terminal shows, without styles and movements."""
    return re.sub(r"\x1b\[[0-9?;]*[A-Za-z]", "", text)


FORMATS = ("table", "json", "jsonl", "yaml", "csv", "name")


@pytest.mark.parametrize("format_", FORMATS)
def test_each_format(run: Runner, box: Sandbox, format_: str, snapshot: Any) -> None:
    for arguments in (["/me"], ["/me/bill"], ["/domain/zone/example.com/record", "--all"]):
        ran = run("get", *arguments, "-o", format_)
        assert ran.code == 0
        assert ran.err == "" or format_ == "table"
        assert ran.out == snapshot(name=arguments[0])


def test_a_table_on_a_terminal(run: Runner, box: Sandbox, snapshot: Any) -> None:
    run.terminal = "oe"
    for arguments in (
        ["me"],
        ["me/bill"],
        ["me/bill", "--ids"],
        ["me/bill", "--columns", "billId,priceWithTax.text,tax.value"],
        ["me/bill", "--query", "[0]"],
        ["me", "--query", "firstname"],
        ["me", "--query", "nothing"],
        ["dedicated/server", "--all"],
        ["dedicated/server/ns1.ip-192-0-2.eu/task"],
        ["cloud/project"],
    ):
        ran = run("get", *arguments, "-q")
        assert ran.code == 0, ran.err
        assert plain(ran.out) == snapshot(name=" ".join(arguments))


def test_what_there_is_no_room_for_is_named(run: Runner, box: Sandbox) -> None:
    run.terminal = "o"
    ran = run("get", "me/bill")
    assert ran.err.startswith("Not shown: ")
    assert "To see them: --columns NAME,... or -o json" in ran.err
    assert run("get", "me", "--query", "nothing").err == "(nothing)\n"


@pytest.mark.parametrize("first", ["404 Not Found", "200 OK"])
def test_ids_of_nothing_are_shown_as_they_are(run: Runner, monkeypatch: pytest.MonkeyPatch, first: str) -> None:
    def respond(request: Received) -> bytes:
        if request.target == "/1.0/list":
            return answer(b'["one", "two"]')
        if request.target == "/1.0/list/one":
            return answer(b'{"message": "no", "x": 1}', first)
        return answer(b'{"message": "no"}', "404 Not Found")

    with RawServer(respond) as server:
        lead_to_token(server.url, monkeypatch)
        run.terminal = "o"
        ran = run("get", "list")
        if first == "200 OK":
            assert plain(ran.out).split() == ["message", "x", "no", "1"]
            assert ran.err == "1 objects could not be fetched; --ids shows all ids.\n"
        else:
            assert ran.out.split() == ["one", "two"]
        times = count()
        server.respond = lambda request: answer(b'["one"]', "400 Bad Request" if next(times) else "200 OK")
        assert run("get", "list").out.split() == ["one"]


def test_an_encoding_that_lacks_letters(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdout", io.TextIOWrapper(io.BytesIO(), encoding="ascii"))
    assert as_json("é") == '"\\u00e9"'


def test_yaml_needs_its_library(run: Runner, box: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "yaml", None)
    ran = run("get", "/me", "-o", "yaml")
    assert ran.code == 2
    assert "-o yaml needs PyYAML" in ran.err


def test_colours_and_pages_are_for_terminals(run: Runner, box: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR")
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert "\x1b" not in run("get", "/me").out
    monkeypatch.delenv("FORCE_COLOR")
    run.terminal = "o"
    assert "\x1b[1m" in run("get", "/me").out
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b[3" not in run("get", "/me").out
    monkeypatch.setenv("LINES", "3")
    monkeypatch.setenv("PAGER", "cat")
    run.terminal = "io"
    paged: list[str] = []
    monkeypatch.setattr("pydoc.pager", paged.append)
    assert run("get", "/me/bill").code == 0
    assert "FR54100004" in paged[0]


def test_a_filter_that_the_server_passes_over(run: Runner, monkeypatch: pytest.MonkeyPatch) -> None:
    with serve(Sandbox(modes=Modes(filters="ignored"))) as server:
        lead_to(server, monkeypatch)
        ran = run("get", "/me/bill", "--filter", "date:gt=2026-03-01", "--filter", "priceWithTax.value:lt=100")
        assert [json.loads(line)["billId"] for line in ran.out.splitlines()] == ["FR54100003"]
        assert ran.err == (
            "The server passed over the filter; 3 objects that it should have left out are left out here.\n"
        )
        assert run("get", "/me/bill", "--filter", "billId:in=FR54100001", "-o", "name", "-q") == (0, "FR54100001\n", "")


FIELDS = st.sampled_from(["a", "b", "c.d"])
VALUES = st.sampled_from(["ok", "error", "5", "10", "1.5", "OK"])
OBJECTS = st.fixed_dictionaries(
    {},
    optional={
        "a": st.sampled_from(["ok", "error", "OK", None, 5]),
        "b": st.integers(0, 12),
        "c": st.fixed_dictionaries({"d": st.sampled_from(["ok", "okay", 3, True])}),
    },
)
OPERATORS = st.sampled_from(["eq", "ne", "nq", "in", "like", "nlike", "lt", "gt"])


@given(st.lists(OBJECTS, max_size=6), FIELDS, OPERATORS, VALUES)
def test_no_object_is_left_out_that_a_server_meant(objects: list[Any], field: str, operator: str, value: str) -> None:
    wanted: Any = value.split(",") if operator == "in" else value
    try:
        meant = filtered(objects, f"{field}:{operator}={value}")
    except Exception:  # a text where the sandbox wants a number
        return
    assert all(meets(each, [(field, operator, wanted)]) for each in meant)
    if operator in ("eq", "in", "like"):  # and of these none is kept that it did not, but for the case of letters
        kept = [each for each in objects if meets(each, [(field, operator, wanted)])]
        assert all(each in meant or str(member(each, field)).lower() == value.lower() for each in kept)


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        (("n", "gt", "5"), False),
        (("n", "lt", "6"), True),
        (("n", "ne", "5"), False),
        (("s", "ne", "x"), True),
        (("s", "gt", "zzz"), True),
        (("d", "gt", "2026-02-01"), False),
        (("d", "gt", "2026-01-07"), True),
        (("s", "like", "%b%d%"), True),
        (("s", "like", "a%x"), False),
        (("s", "like", "abcd"), True),
        (("s", "like", "%q%"), False),
        (("s", "nlike", "a%"), False),
        (("a.b", "eq", "dotted"), True),
        (("t", "eq", "true"), True),
        (("none", "eq", "null"), True),
    ],
)
def test_conditions(condition: Any, expected: bool) -> None:
    value = {"n": 5, "s": "abcd", "d": "2026-01-07T10:00:00Z", "a.b": "dotted", "t": True}
    assert meets(value, [condition]) is expected


# Formats, beside libraries that read them


@given(JSON)
def test_json_and_yaml_say_what_they_are_given(value: Any) -> None:
    assert json.loads(as_json(value, 2)) == value
    assert yaml.safe_load(as_yaml(value)) == value
    for text in (as_json(value), as_yaml(value)):
        assert text.replace("\n", "").isprintable()


@given(st.lists(st.dictionaries(st.sampled_from("abc"), JSON, min_size=1), min_size=1))
@example([{"a": "\r"}, {"a": "\r0"}, {"a": "x\ny"}])
def test_csv_is_read_back_and_holds_no_formula(rows: list[dict[str, Any]]) -> None:
    read = [*csv.DictReader(io.StringIO(as_csv(rows), newline=""), strict=True)]
    assert len(read) == len(rows)
    for row, cells in zip(rows, read, strict=True):
        for name, value in row.items():
            cell = cells[name]
            assert not cell.startswith(("=", "@", "\t", "\r")), cell
            assert cell[:1] not in "+-" or not cell or re.fullmatch(r"[-+][0-9][0-9 .,()/eE+-]*", cell)
            if isinstance(value, str):
                assert cell in (value, f"'{value}")
            elif value is not None:
                assert json.loads(cell) == value


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("=1+1", "'=1+1"),
        ("+33.123456789", "+33.123456789"),
        ("-5", "-5"),
        ("-1+cmd|' /C calc'!A0", "'-1+cmd|' /C calc'!A0"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\t=1", "'\t=1"),
        ("a=b", "a=b"),
        (-5, "-5"),
        (None, ""),
        ({"a": 1}, '{"a": 1}'),
    ],
)
def test_cells_of_csv(value: Any, written: str) -> None:
    assert csv_safe(value) == written


def test_csv_of_what_is_no_list_of_objects() -> None:
    assert as_csv({"a": 1, "b": "x,y"}) == 'a,b\n1,"x,y"'
    assert as_csv(["x", 2]) == "value\nx\n2"
    assert as_csv([]) == ""
    assert as_csv([{"a": 1}], ["b"]) == 'b\n""'


def test_names() -> None:
    assert as_names([{"billId": "FR1", "x": 1}, {"name": "n"}, "plain", {}, {"a": {}, "b": 3}]) == [
        "FR1",
        "n",
        "plain",
        "3",
    ]
    assert name_of({"x": "1", "zoneName": "z"}) == "z"
    assert is_list_of_ids(["a", 1])
    assert not is_list_of_ids([])
    assert not is_list_of_ids([{}])


@given(JSON, st.sampled_from(["@", "a", "[0]", "[].a", "a.b", "length(@)", "keys(@)", "[?a]"]))
def test_queries_are_those_of_jmespath(value: Any, expression: str) -> None:
    expected: Any = None
    with suppress(JMESPathError):
        expected = jmespath.search(expression, value)
        assert Query(expression)(value) == expected
        return
    with pytest.raises(click.ClickException, match="The call was answered, and --query cannot be used on the answer"):
        Query(expression)(value)


def test_a_query_that_is_none_is_refused_before_anything_is_sent(run: Runner, box: Sandbox) -> None:
    for expression in ("[", "", "a b"):
        ran = run("post", "/me/sshKey", "keyName=a", "key=b", "--query", expression)
        assert ran.code == 2
        assert "Error: --query is no JMESPath expression: " in ran.err
    assert not box.executed
    ran = run("get", "/me", "--query", "abs(firstname)")
    assert ran.code == 1
    assert ran.err.startswith(
        "Error: The call was answered, and --query cannot be used on the answer: In function abs()"
    )


def test_columns() -> None:
    assert with_columns([{"a": 1, "b": {"c": 2}}, "x"], ["b.c", "z"]) == [{"b.c": 2, "z": None}, "x"]


def test_what_came_does_not_command_a_terminal(run: Runner, box: Sandbox) -> None:
    box.resources["me"]["firstname"] = "[red]\x1b[31m\x07\u202e\ud800"
    for terminal in ("o", ""):
        run.terminal = terminal
        for format_ in FORMATS:
            out = run("get", "/me", "-o", format_).out
            assert "\x1b[31m" not in out.replace("'\x1b[31m", "") or (format_ == "csv" and not terminal)
            assert "\x07" not in out or (format_ == "csv" and not terminal)
            assert format_ == "name" or "[red]" in out


def test_tables_of_odd_values() -> None:
    table, left = table_of([{"a": True, "b": [1, "x"], "c": {"k": [1]}, "d": {"text": "t"}}, {"a": None}], 200)
    assert [*table.columns[0].cells] == ["true", ""]
    assert [*table.columns[1].cells] == ["1, x", ""]
    assert [*table.columns[2].cells] == ['{"k": [1]}', ""]
    assert [*table.columns[3].cells] == ["t", ""]
    assert left == []
    _, left = table_of([{"a": "x" * 30, "b": "y" * 30}], 40)
    assert left == ["b"]
    assert table_of([{"a": "\u96fb" * 10, "b": "y" * 15}], 40)[1] == []
    assert table_of([{"a": "\u96fb" * 15, "b": "y" * 15}], 40)[1] == ["b"]  # each is two wide


def test_a_narrow_table_has_what_names_objects_and_what_tells_them_apart() -> None:
    records = [
        {
            "id": number,
            "zone": "example.com",
            "fieldType": kind,
            "subDomain": sub,
            "target": target,
            "ttl": ttl,
            "note": "",
        }
        for number, kind, sub, target, ttl in (
            (1001, "A", "", "192.0.2.10", 3600),
            (1002, "MX", "", "10 mail.example.com.", 60),
            (1003, "TXT", "mail._domainkey", "v=DKIM1; " + "k" * 200, 3600),
        )
    ]
    table, left = table_of(records, 62, path="/domain/zone/example.com/record")
    assert [column.header for column in table.columns] == ["id", "fieldType", "subDomain", "target"]
    assert left == ["zone", "ttl", "note"]
    assert table_of(records, 250)[1] == []
    resources = [
        {
            "aList": [1],
            "displayName": name,
            "password": name * 2,
            "serverId": number,
            "name": name,
            "orderId": number + 1,
            "price": {"text": f"{number}.00 €", "value": number},
            "iam": {"urn": f"urn:v1:eu:resource:server:{name}", "displayName": name},
            "state": "ok",
            "url": f"https://example.com/{name}/{'x' * 40}",
        }
        for number, name in enumerate(("ns1.example.net", "ns2.example.net"), start=7)
    ]
    wide = ["name", "state", "price", "serverId", "orderId", "url", "displayName", "aList", "iam", "password"]
    shown = [table_of(resources, width, path="/dedicated/server")[0].columns for width in range(4, 220)]
    seen = list(dict.fromkeys(str(column.header) for columns in shown for column in columns))
    assert seen[:3] == ["name", "state", "price"]
    assert {*seen} == {*wide}
    assert seen[-1] == "password"
    (price,) = (column for column in shown[-1] if column.header == "price")
    assert price.justify == "right"


def test_members_are_those_of_objects_and_not_of_ids(run: Runner, box: Sandbox) -> None:
    assert run("get", "me/bill", "--columns", "billId,orderId", "-o", "csv").out.startswith(
        "billId,orderId\nFR54100001,154100001\n"
    )
    assert json.loads(run("get", "me/bill", "--ids", "--columns", "billId").out)[0] == "FR54100001"


def test_what_objects_are_called_by() -> None:
    keys = [{"applicationId": 1, "credentialId": 10}, {"applicationId": 1, "credentialId": 11}]
    assert naming(keys) == "credentialId"  # two have the other one
    assert naming(keys[:1], "/me/api/credential?status=expired") == "credentialId"
    assert naming(keys[:1]) == "applicationId"
    assert naming([{"name": "x", "project_id": "5a"}], "/cloud/project") == "project_id"
    assert naming([{"a": 1.5, "b": None, "c": True, "d": [1]}]) is None
    assert naming([{"id": 1}, {"id": 1}]) is None
    assert naming([{"name": "x", "iam": {"urn": 1}}, {"name": "y"}]) == "name"
    assert as_names(keys, "/me/api/credential/{credentialId}") == ["10", "11"]


def test_a_value_alone_is_a_document_of_yaml() -> None:
    assert as_yaml(5) == "5"
    assert as_yaml("two words") == "two words"
