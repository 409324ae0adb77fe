"""Calls from a terminal: arguments, bodies, dry runs, questions, waiting."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import click
import pytest
from hypothesis import given
from hypothesis import strategies as st

import ovhcore as ovh
from ovhcore.schema import Enumeration, Family, catalogue
from ovhcore.schema.types import parse_type
from ovhcore_transports.cli.calling.arguments import parse
from ovhcore_transports.cli.calling.bodies import _writable, read_value
from ovhcore_transports.cli.calling.confirming import cannot_be_undone
from ovhcore_transports.cli.calling.following import task_path
from ovhcore_transports.sandbox import Sandbox, serve
from tests.cli.conftest import Runner, lead_to
from tests.cli.frame.test_errors import plain
from tests.servers import RawServer, answer

ZONE = "domain/zone/example.com/record"


def test_a_record_is_made_changed_and_removed(run: Runner, box: Sandbox) -> None:
    made = run("post", ZONE, "fieldType=A", "subDomain=new", "target=192.0.2.1", "ttl=60")
    assert made.code == 0, made.err
    record = json.loads(made.out)
    assert (record["ttl"], record["target"]) == (60, "192.0.2.1")  # the schema says which is a number
    one = f"{ZONE}/{{id}}"
    assert run("put", one, f"id={record['id']}", "target=192.0.2.2") == (0, "null\n", "")
    assert run("get", one, f"id={record['id']}", "--query", "target") == (0, '"192.0.2.2"\n', "")
    assert run("delete", f"/{ZONE}/{record['id']}").code == 0
    assert run("get", f"/{ZONE}/{record['id']}").code == 5
    assert run("call", "get", "/me", "--query", "country").out == '"FR"\n'


def test_secrets_are_not_taken_from_arguments(
    run: Runner, box: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sms = "/me/accessRestriction/sms/1/enable"
    for arguments in (
        ("post", sms, "password=hunter2"),
        ("post", sms, "password=a", "password=hunter2"),
        ("post", sms, "code=hunter2"),  # the catalogue says that it is one
        ("post", sms, 'extra:={"user": [{"adminPassword": "hunter2"}], "n": 1}'),
        ("post", sms, "key=DB_PASSWORD", "value=hunter2"),  # what stands beside it says so
        ("post", sms, 'passwords:=["hunter2"]'),
        ("get", "/order/overTheBox/new", "voucher=hunter2"),
        ("wait", "/order/overTheBox/new", "voucher=hunter2"),
        ("get", "/me", "--header", "Authorization: hunter2"),
    ):
        ran = run(*arguments)
        assert ran.code == 2
        assert " is secret, and what is typed stands in the list of processes" in ran.err
        assert "hunter2" not in ran.err
    assert "Write extra:=@FILE; or extra:=@-, which reads" in run("post", sms, 'extra:={"secret": "x"}').err
    assert not box.executed
    (tmp_path / "secret").write_text("hunter2\n", "utf-8")
    shown = ("post", sms, f"password=@{tmp_path / 'secret'}", "--header", f"X-Auth-Token: @{tmp_path / 'secret'}", "-v")
    assert run(*shown).code == 8  # it lacks a code
    assert "hunter2" not in run(*shown).err
    for harmless in ("password=", "blockModernAuthPop=true", "keyName=mine", "target=a-token=abc", 'x:={"key": [1]}'):
        assert run("post", sms, harmless, "--dry-run").code == 0
    family = "/email/exchange/{organizationName}/service/{exchangeService}/authenticationPolicy"
    assert run("post", family, "blockLegacyAuthPop=1", "organizationName=o", "exchangeService=e", "--dry-run").code == 2
    assert run("get", "/me/{token}", "token=visible-anyway").code == 5
    monkeypatch.setattr("click.termui.hidden_prompt_func", lambda prompt: "hunter2")
    run.terminal = "ie"
    ran = run("post", sms, "password=@-", "--dry-run")
    assert ran.code == 0, ran.err
    assert "hunter2" not in ran.out + ran.err


def test_paths_that_are_none(run: Runner, box: Sandbox) -> None:
    for path in ("", " "):  # as of a variable that is not set
        assert run("delete", path).err.endswith("Error: PATH is empty; the list of what there is has the path /\n")
    ran = run("get", "https://api.example/1.0/me")
    assert ran.code == 2
    assert ran.err.endswith("Error: PATH stands below the endpoint, as /me; the endpoint's URL goes into --endpoint\n")
    assert not box.executed


def test_bodies_from_files_standard_input_and_editors(
    run: Runner, box: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    body = tmp_path / "body.json"
    body.write_text('{"fieldType": "TXT", "subDomain": "file"}', "utf-8")
    (tmp_path / "target.txt").write_text("from a file\n", "utf-8")
    made = run("post", ZONE, f"@{body}", f"target=@{tmp_path / 'target.txt'}", "ttl:=300")
    assert json.loads(made.out) | {"id": 0} == {
        "id": 0, "zone": "example.com", "fieldType": "TXT", "subDomain": "file", "target": '"from a file"', "ttl": 300,
    }  # fmt: skip
    piped = run("post", ZONE, "@-", stdin='{"fieldType": "TXT", "target": "piped", "subDomain": "piped"}')
    assert json.loads(piped.out)["target"] == '"piped"'
    editor = tmp_path / "editor.py"
    editor.write_text(
        "import json, sys\nfrom pathlib import Path\npath = Path(sys.argv[1])\nvalue = json.loads(path.read_text())\n"
        "path.write_text(json.dumps({'target': value['target'] + ' and edited'}))\n"
        "import os; os.utime(path, (2e9, 2e9))\n"
    )
    monkeypatch.setenv("EDITOR", f"{sys.executable} {editor}")
    path = f"/{ZONE}/{json.loads(piped.out)['id']}"
    assert run("put", path, "--edit").code == 0
    assert json.loads(run("get", path, "--query", "target").out) == '"piped" and edited'
    assert run("post", ZONE, "target=typed", "--edit").code == 8  # without a type it is refused
    monkeypatch.setenv("EDITOR", "touch -d 2030-01-01")
    assert run("put", path, "--edit").code == 0  # what cannot be written of it is not there
    assert _writable({"a": 1}, None, "/me") == {"a": 1}
    assert _writable([1], catalogue("ovh-eu"), "/me") == [1]
    monkeypatch.setenv("EDITOR", "true")
    ran = run("put", path, "--edit")
    assert (ran.code, ran.err.splitlines()[-1]) == (2, "Error: The editor saved nothing, so nothing is sent")


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (["name"], "An argument is written NAME=VALUE, NAME:=JSON, NAME=@FILE or @FILE, not 'name'"),
        (["=canary"], "not ''"),
        (["_headers=1"], "not '_headers'"),
        (["a:={canary"], "a is not JSON: Expecting property name"),
        (["@none.json"], "The file none.json cannot be read: No such file or directory"),
        (["a=@/"], "The file / cannot be read: Is a directory"),
        (["@body.json", "@body.json"], "There can be one body alone"),
        (["@-", "a=@-"], "Standard input can be read once"),
        (["a=@-", "b:=@-"], "Standard input can be read once"),
        (["x" * 50], f"not '{'x' * 40}...'"),
    ],
)
def test_what_is_written_wrong(words: list[str], problem: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.stdin", __import__("io").StringIO("{}"))
    (tmp_path / "body.json").write_text("{}")
    with pytest.raises(click.UsageError) as caught:
        parse(words)
    assert problem in str(caught.value)
    assert "canary" not in str(caught.value)


def test_files_that_are_no_text_and_bodies_where_none_belongs(run: Runner, box: Sandbox, tmp_path: Path) -> None:
    (tmp_path / "binary").write_bytes(b"\xff\xfe")
    (tmp_path / "list.json").write_text("[1]")
    for typed, problem in {
        ("post", "/me", f"@{tmp_path / 'binary'}"): "it is not UTF-8 text",
        ("get", "/me", f"@{tmp_path / 'list.json'}"): "A GET has no body",
        ("delete", "/me", f"@{tmp_path / 'list.json'}"): "A DELETE has no body",
        ("post", "/me", f"@{tmp_path / 'list.json'}", "a=1"): "The body of @FILE is no object, so it takes no a",
        ("get", "/me", "--header", "canary"): "A header field is written 'Name: value'",
        ("get", "/me/bill", "--filter", "a=1"): "A filter is written FIELD:OP=VALUE",
        ("get", "/me/bill", "--filter", "a:eq"): "A filter is written FIELD:OP=VALUE",
        ("get", "/me/bill", "--ids", "--all"): "--ids prints ids",
        ("get", "/me", "--columns", ","): "--columns takes names",
        ("get", "/me", "--query", "[?"): "--query is no JMESPath expression",
    }.items():
        ran = run(*typed)
        assert ran.code == 2
        assert problem in ran.err


@given(
    st.dictionaries(st.from_regex(r"[a-zA-Z][a-zA-Z0-9.]*", fullmatch=True), st.text().filter(lambda x: x[:1] != "@"))
)
def test_arguments_come_as_they_are_typed(values: dict[str, str]) -> None:
    assert parse([f"{name}={value}" for name, value in values.items()]).named == values
    written = [f"{name}:={json.dumps(value)}" for name, value in values.items()]
    typed = parse(written)
    assert (typed.named, typed.as_text) == (values, frozenset())


def test_header_fields_and_queries_reach_the_api(run: Runner, monkeypatch: pytest.MonkeyPatch) -> None:
    with RawServer(answer(b'{"a": 1}')) as server:
        monkeypatch.setenv("OVH_ENDPOINT", server.url)
        monkeypatch.setenv("OVH_ACCESS_TOKEN", "t" * 9)
        monkeypatch.setenv("OVH_PROXY", "none")
        assert run("get", "vps", "a=1", "a=2", "--header", "X-One: 1").code == 0
        assert run("post", "/x/{n}", "n=a b", "m=1", "--header", "X-One: 2").code == 0
    first, second = server.received
    assert first.target == "/1.0/vps?a=1&a=2"
    assert first.fields["x-one"] == "1"
    assert (second.target, second.body) == ("/1.0/x/a%20b", b'{"m":"1"}')


def test_a_dry_run_sends_nothing(run: Runner, box: Sandbox, snapshot: Any, tmp_path: Path) -> None:
    (tmp_path / "b.json").write_text('{"password": "canary-1", "subDomain": "x"}')
    (tmp_path / "key").write_text("canary-2")
    before = box.received.total()
    header = f"X-Api-Key: @{tmp_path / 'key'}"
    ran = run("post", ZONE, f"@{tmp_path / 'b.json'}", "target=192.0.2.1", "--dry-run", "--header", header)
    assert plain(ran.out + ran.err) == snapshot(name="post")
    ran = run("get", "/me/bill", "date.from=2026-01-01", "--dry-run")
    assert plain(ran.out + ran.err) == snapshot(name="get")
    assert run("delete", "/me/bill/{billId}", "billId=1", "--dry-run").code == 0
    assert run("get", "/me/{x}", "--dry-run").code == 2
    assert box.received.total() == before


def test_a_dry_run_of_a_service_account(run: Runner, monkeypatch: pytest.MonkeyPatch, snapshot: Any) -> None:
    monkeypatch.setenv("OVH_ENDPOINT", "ovh-eu")
    monkeypatch.setenv("OVH_CLIENT_ID", "an-account")
    monkeypatch.setenv("OVH_CLIENT_SECRET", "canary-secret")
    ran = run("put", "/me", "city=Roubaix", "--dry-run")
    assert plain(ran.out + ran.err) == snapshot


@pytest.mark.once  # other versions of click have other words
def test_what_cannot_be_undone_is_asked_for_on_a_terminal(run: Runner, box: Sandbox, snapshot: Any) -> None:
    run.terminal = "ie"
    refused = run("delete", f"{ZONE}/1002", stdin="n\n")
    assert (refused.code, refused.out, plain(refused.err)) == snapshot
    assert run("get", f"{ZONE}/1002").code == 0
    assert run("delete", f"{ZONE}/1003", "--yes").code == 0
    assert run("delete", f"{ZONE}/1002", stdin="y\n").code == 0
    stopped = run("delete", f"{ZONE}/1001", stdin="")  # Ctrl+D
    assert stopped.code == 130
    assert stopped.err.endswith("\n")
    run.terminal = "i"
    assert run("login", stdin="").code == 130
    run.terminal = ""
    assert run("delete", f"{ZONE}/1001").code == 0


@pytest.mark.parametrize(
    ("method", "path", "lost"),
    [
        ("DELETE", "/x", True),
        ("POST", "/dedicated/server/ns1/terminate", True),
        ("POST", "/vps/v/rebuild?x=1", True),
        ("POST", "/dedicated/server/ns1/install/start", True),
        ("POST", "/dedicated/server/ns1/reboot", False),
        ("POST", "/vps/v/start", False),
        ("GET", "/x/terminate", False),
        ("PUT", "/x", False),
    ],
)
def test_what_cannot_be_undone(method: str, path: str, lost: bool) -> None:
    assert cannot_be_undone(method, path) is lost


def test_a_wait_that_is_interrupted_says_how_to_go_on(
    run: Runner, box: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*args: object, **more: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("ovhcore.Client.wait", interrupted)
    ran = run("post", "dedicated/server/ns1.ip-192-0-2.eu/reboot", "--wait")
    assert (ran.code, ran.out) == (130, "")
    assert ran.err.startswith("It goes on without being waited for; to wait again: ovhcore wait /dedicated/server/")
    monkeypatch.undo()
    assert box.executed["POST", "/dedicated/server/ns1.ip-192-0-2.eu/reboot"] == 1


def test_waiting_for_what_a_call_begins(run: Runner, box: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    ran = run("post", "dedicated/server/ns1.ip-192-0-2.eu/reboot", "--wait", "--query", "status")
    assert ran == (0, '"done"\n', "")
    run.terminal = "oe"
    ran = run("put", "/v2/vrackServices/resource/vrs-demo-1", "@-", "--wait", stdin=change(box))
    assert ran.code == 0, ran.err
    assert "READY: /v2/vrackServices/resource/vrs-demo-1" in ran.out  # on one terminal the progress stands there, too
    run.terminal = ""
    made = run(
        "post",
        "v2/vrackServices/resource",
        'targetSpec:={"displayName":"n","location":"eu-west-rbx","subnets":[]}',
        "--wait",
    )
    assert json.loads(made.out)["resourceStatus"] == "READY"
    assert run("delete", "v2/vrackServices/resource/vrs-demo-2", "--wait") == (0, "null\n", "")
    ran = run("post", "domain/zone/example.com/refresh", "--wait")
    assert ran == (0, "null\n", "There is nothing to wait for: the answer names no task.\n")
    run.terminal = "o"
    assert run("post", "domain/zone/example.com/refresh") == (0, "", "Done.\n")


def change(box: Sandbox) -> str:
    resource = box.resources["vrack_services"][0]
    from ovhcore_transports.sandbox.storage.initial_data import checksum

    target = resource["targetSpec"]
    return json.dumps({"checksum": checksum(target), "targetSpec": {**target, "displayName": "other"}})


@pytest.mark.parametrize(
    ("method", "path", "answer_", "task"),
    [
        ("POST", "/dedicated/server/ns1/reboot", {"taskId": 7}, "/dedicated/server/ns1/task/7"),
        ("POST", "/1.0/vps/v1/reboot", {"id": 7}, "/vps/v1/tasks/7"),
        ("POST", "/domain/zone/example.com/record", {"id": 7}, None),
        ("POST", "/dedicated/server/ns1/reboot", None, None),
        ("POST", "/dedicated/server/ns1/reboot", {}, None),
        ("POST", "/no/such/path", {"taskId": 7}, None),
    ],
)
def test_where_a_task_is(method: str, path: str, answer_: Any, task: str | None) -> None:
    assert task_path(catalogue("ovh-eu"), method, path, answer_) == task
    assert task_path(None, method, path, answer_) is None


def test_types_of_arguments() -> None:
    family = Family("/x", {}, {"x.Size": Enumeration("x.Size", (1, 2), "long")})
    for type_, text, value in (
        ("long", "60", 60),
        ("long", "true", "true"),
        ("long", "1.5", "1.5"),
        ("long", "ten", "ten"),
        ("double", "1.5", 1.5),
        ("double", "2", 2),
        ("boolean", "true", True),
        ("boolean", "1", "1"),
        ("string", "60", "60"),
        ("string[]", "a", ["a"]),
        ("long[]", ["1", "2"], [1, 2]),
        ("long", ["1"], ["1"]),
        ("x.Size", "2", 2),
        ("x.Other", "2", "2"),
    ):
        assert repr(read_value(text, parse_type(type_), family)) == repr(value)


def test_a_catalogue_that_is_damaged_stops_no_call(run: Runner, box: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    def damaged(endpoint: str) -> None:
        raise ovh.SchemaError("it is damaged")

    assert (
        run("post", ZONE, "fieldType=A", "target=192.0.2.1", "subDomain=one").code == 0
    )  # the sandbox has its own now
    monkeypatch.setattr("ovhcore.schema.catalogue", damaged)
    ran = run("post", ZONE, "fieldType=A", "target=192.0.2.1", "subDomain=two", "ttl:=60")
    assert ran.err == "The types of arguments are not known: it is damaged\n"
    assert json.loads(ran.out)["ttl"] == 60
    ran = run("post", ZONE, "fieldType=A", "target=192.0.2.1", "subDomain=three", "ttl=1h")  # as text
    assert "[ttl] Given data (1h) is not valid for type long" in ran.err


def test_waiting_that_shows_progress_and_fails(run: Runner, monkeypatch: pytest.MonkeyPatch) -> None:
    box = Sandbox(task_seconds=0.2)
    box.failing_tasks = True
    with serve(box) as server:
        lead_to(server, monkeypatch)
        ran = run("post", "dedicated/server/ns1.ip-192-0-2.eu/reboot", "--wait")
    assert ran.code == 1
    assert "ended with the status 'customerError'" in ran.err
