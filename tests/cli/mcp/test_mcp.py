"""The server for assistants, called by the protocol's own client: what it finds, reads, hides, and will not write."""

from __future__ import annotations

import asyncio
import io
import json
import os
import sys
import warnings
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

pytest.importorskip("mcp", reason="the extra mcp is not installed")

from mcp import Client, StdioServerParameters

import ovhcore as ovh
from ovhcore import schema
from ovhcore.exceptions import InvalidConfiguration
from ovhcore.plugins import hookimpl
from ovhcore.protocol import Redaction, Request, Response
from ovhcore.protocol.redaction import REDACTED
from ovhcore_transports.cli import main
from ovhcore_transports.cli.mcp.allowed import Call
from ovhcore_transports.cli.mcp.descriptions import described, listed
from ovhcore_transports.cli.mcp.previews import Previews
from ovhcore_transports.cli.mcp.server import make_server
from ovhcore_transports.sandbox import ACCESS_KEYS, AsyncSandboxTransport, Sandbox
from tests.worlds import AsyncScripted

pytestmark = pytest.mark.once

REFRESH = "POST /domain/zone/{zoneName}/refresh"
RECORD = "POST /domain/zone/{zoneName}/record"
DELETE = "DELETE /domain/zone/{zoneName}/record/{id}"
READING = ["search_operations", "show_operation", "get", "list_objects"]
Talk = Callable[[Client], Awaitable[Any]]


def text(result: Any) -> str:
    (part,) = result.content
    found: str = part.text
    return found


def answering(answers: dict[str, Any]) -> AsyncScripted:
    """Return a transport that has these answers, by path."""

    def respond(request: Request) -> Response:
        path = request.url.partition("/1.0")[2].partition("?")[0]
        if path not in answers:
            return Response(404, {}, json.dumps({"message": f"nothing at {path}"}).encode())
        return Response(200, {}, json.dumps(answers[path]).encode())

    return AsyncScripted(respond)


def talking(
    talk: Talk, *allow: str, box: Sandbox | None = None, over: Any = None, plugins: Any = (), **more: Any
) -> Any:
    """Let the protocol's client talk to a server over a sandbox; return what the talk returns."""

    async def both() -> Any:
        transport = over or AsyncSandboxTransport(box or Sandbox())
        ours = ovh.AsyncClient("ovh-eu", transport=transport, plugins=plugins, config=False, **ACCESS_KEYS)
        async with ours, Client(make_server(ours, allow, **more)) as client:
            return await talk(client)

    return asyncio.run(both())


def calling(name: str, arguments: dict[str, Any], *allow: str, **more: Any) -> Any:
    return talking(lambda client: client.call_tool(name, arguments), *allow, **more)


def confirmation(preview: Any) -> str:
    return text(preview).rpartition(": ")[2]


def test_only_what_reads_is_there_unless_the_user_allows_more() -> None:
    async def talk(client: Client) -> Any:
        return (await client.list_tools()).tools, client.instructions

    tools, told = talking(talk)
    assert [each.name for each in tools] == READING
    assert all(each.annotations is not None and each.annotations.read_only_hint for each in tools)
    assert all(each.description for each in tools)
    assert "allows no operation that writes" in told
    tools, told = talking(talk, REFRESH)
    assert [each.name for each in tools] == [*READING, "preview_write", "confirm_write"]
    hints = {each.name: each.annotations for each in tools}
    assert hints["confirm_write"].destructive_hint
    assert hints["preview_write"].read_only_hint
    assert told.endswith(REFRESH)


def test_operations_are_found_and_shown() -> None:
    found = text(calling("search_operations", {"words": "zone record create", "limit": 3}))
    assert len(found.splitlines()) == 2
    assert "POST /domain/zone/{zoneName}/record -> domain.zone.Record" in found
    assert "Nothing found" in text(calling("search_operations", {"words": "qqqqqq"}))
    shown = text(calling("show_operation", {"method": "post", "path": "/domain/zone/example.com/record"}))
    lines = shown.splitlines()
    assert lines[0] == RECORD
    assert "path: zoneName: string" in lines
    assert any(line.startswith("body: fieldType: ") for line in lines)
    assert "answer: domain.zone.Record" in lines
    assert "IAM action: dnsZone:apiovh:record/create" in lines
    assert any(line.startswith("domain.zone.RecordTypeEnum is one of: A, AAAA") for line in lines)
    assert any(line.startswith("domain.zone.Record has: ") for line in lines)
    missing = calling("show_operation", {"method": "GET", "path": "/mee"})
    assert missing.is_error
    assert "/me" in text(missing)


def test_every_operation_can_be_shown() -> None:
    known = schema.catalogue()
    for operation in known.operations():
        lines = described(known, operation).splitlines()
        assert lines[0].startswith(str(operation))
        assert ("deprecated" in lines[0]) == operation.status.deprecated
        assert listed([operation]).startswith(lines[0])


def test_what_only_a_fetched_catalogue_has_is_shown() -> None:
    operation = schema.catalogue().operation("GET", "/me")
    other = operation.replacing(description="Who you are", answer=schema.Ref("not.there"))
    lines = described(schema.catalogue(), other).splitlines()
    assert lines[1] == "Who you are"
    assert lines[2] == "answer: not.there"


def test_paths_are_read() -> None:
    bill = {"billId": "FR54100001"}
    read = json.loads(text(calling("get", {"path": "/me/bill/{billId}", "arguments": bill})))
    assert read["billId"] == "FR54100001"
    assert text(calling("get", {"path": "/me/bill/FR54100001", "query": "orderId"})) == str(read["orderId"])
    wrong = calling("get", {"path": "/me", "query": "]"})
    assert wrong.is_error
    assert "JMESPath" in text(wrong)
    missing = calling("get", {"path": "/me/bill/none"})
    assert missing.is_error
    assert "status: 404" in text(missing)
    assert calling("get", {"path": "https://elsewhere.example/me"}).is_error


def test_lists_are_read_as_far_as_wanted() -> None:
    ids = json.loads(text(calling("get", {"path": "/me/bill"})))
    every = text(calling("list_objects", {"path": "/me/bill", "query": "[].billId"}))
    assert json.loads(every) == ids
    some = text(calling("list_objects", {"path": "/me/bill", "limit": 2}))
    assert [each["billId"] for each in json.loads(some.splitlines()[0])] == ids[:2]
    assert some.endswith("(There are more; a higher limit shows them.)")
    whole = text(calling("list_objects", {"path": "/me/bill", "limit": len(ids)}))
    assert len(json.loads(whole)) == len(ids)
    dates = {"date.from": "2026-03-01"}
    later = json.loads(text(calling("list_objects", {"path": "/me/bill", "arguments": dates})))
    assert 0 < len(later) < len(ids)


def test_an_object_that_cannot_be_had_does_not_hide_the_others() -> None:
    over = answering({"/shop": ["a", "b"], "/shop/a": {"name": "a"}})
    first, second = json.loads(text(calling("list_objects", {"path": "/shop"}, over=over)))
    assert first == {"name": "a"}
    assert second["error"].startswith("Error: ")


def test_answers_are_bounded() -> None:
    over = answering(
        {"/many": [f"name-{number}" for number in range(1000)], "/long": {"text": "x" * 5000}, "/one": ["x" * 5000]}
    )
    many = text(calling("get", {"path": "/many"}, over=over, limit=1000))
    lines = many.splitlines()
    shown = json.loads(lines[0])
    assert shown == [f"name-{number}" for number in range(len(shown))]
    assert lines[1].startswith(f"(The first {len(shown)} of 1000")
    assert 900 < len(lines[0]) <= 1000
    long = text(calling("get", {"path": "/long"}, over=over, limit=1000))
    assert long.splitlines()[1] == "(Cut off: 1000 of 5012 characters. A query shows a part.)"
    assert 1000 < len(text(calling("get", {"path": "/one"}, over=over, limit=1000))) < 1100
    assert len(text(calling("search_operations", {"words": "cloud", "limit": 100}, limit=1000))) < 1100
    wrong = calling("get", {"path": "/me", "query": "x" * 3000 + "["}, over=over, limit=1000)
    assert wrong.is_error
    assert len(text(wrong)) < 1100


class Declaring:
    """A plugin that declares a secret of its own."""

    @hookimpl
    def ovhcore_redaction(self) -> Redaction:
        return Redaction(values=["our-own-word"])


def test_secrets_stay_in_the_server() -> None:
    over = answering(
        {
            "/thing": {"password": "hunter2hunter2", "key": ACCESS_KEYS["consumer_key"], "note": "our-own-word"},
            "/thing/password": "hunter2hunter2",
        }
    )
    read = json.loads(text(calling("get", {"path": "/thing"}, over=over, plugins=[Declaring()])))
    assert read == {"password": REDACTED, "key": REDACTED, "note": REDACTED}
    # A query sees no secret, so it cannot give one a name that is none.
    renamed = text(calling("get", {"path": "/thing", "query": "{shown: password}"}, over=over))
    assert json.loads(renamed) == {"shown": REDACTED}
    assert text(calling("get", {"path": "/thing/password"}, over=over)) == f'"{REDACTED}"'
    secret = ACCESS_KEYS["application_secret"]
    missing = calling("get", {"path": f"/{secret}"}, over=over)
    assert missing.is_error
    assert secret not in text(missing)


def test_what_writes_is_shown_first_and_sent_once() -> None:
    box = Sandbox()
    record = {"zoneName": "example.com", "fieldType": "A", "target": "192.0.2.7", "subDomain": "www"}

    async def talk(client: Client) -> Any:
        preview = await client.call_tool("preview_write", {"operation": RECORD, "arguments": record})
        before = box.executed.total()
        done = await client.call_tool("confirm_write", {"confirmation": confirmation(preview)})
        again = await client.call_tool("confirm_write", {"confirmation": confirmation(preview)})
        return preview, before, done, again

    preview, before, done, again = talking(talk, RECORD, box=box)
    lines = text(preview).splitlines()
    assert lines[0] == "Nothing was sent. This would be:"
    assert lines[1] == "POST https://eu.api.ovh.com/1.0/domain/zone/example.com/record"
    assert json.loads(lines[2]) == {name: value for name, value in record.items() if name != "zoneName"}
    assert before == 0
    assert json.loads(text(done))["target"] == "192.0.2.7"
    assert again.is_error
    assert "Nothing is waiting" in text(again)
    assert box.executed.total() == 1


def test_a_preview_says_what_the_catalogue_finds_wrong() -> None:
    wrong = {"zoneName": "example.com", "fieldTyp": "A", "target": "192.0.2.7"}
    shown = text(calling("preview_write", {"operation": RECORD, "arguments": wrong}, RECORD))
    assert "Problem: " in shown
    assert "did you mean fieldType?" in shown
    old = next(
        each
        for each in schema.catalogue().operations()
        if each.method == "DELETE" and each.status.deprecated and each.path.count("{") == 1
    )
    name = old.path.partition("{")[2].partition("}")[0]
    lines = text(
        calling("preview_write", {"operation": str(old), "arguments": {name: "a", "more": "b"}}, str(old))
    ).splitlines()
    assert lines[1].startswith("DELETE https://eu.api.ovh.com/1.0")
    assert lines[1].endswith("?more=b")
    assert any(line.startswith("Problem: more") for line in lines)
    assert any(line.startswith(f"Problem: {old} (deprecated") for line in lines)


@pytest.mark.parametrize(
    ("operation", "arguments"),
    [
        (DELETE, {"zoneName": "example.com", "id": 1}),
        ("POST /domain/zone/example.com/refresh", {}),
        ("GET /me", {}),
        (REFRESH, {"zoneName": "other.example"}),
        (REFRESH, {"zoneName": "example.com/../other.example"}),
        (REFRESH, {"zoneName": "example.com\\..\\other.example"}),
        (RECORD, {"zoneName": "example.com/record", "target": "::1", "fieldType": "AAAA"}),
        (REFRESH, {"zoneName": "."}),
        (REFRESH, {}),
    ],
)
def test_nothing_else_is_written(operation: str, arguments: dict[str, Any]) -> None:
    only = "POST /domain/zone/example.com/refresh"
    box = Sandbox()
    refused = calling("preview_write", {"operation": operation, "arguments": arguments}, only, RECORD, box=box)
    assert refused.is_error
    assert "confirm_write" not in text(refused)
    assert calling("confirm_write", {"confirmation": "guessed"}, only, box=box).is_error
    assert box.executed.total() == 0


def test_a_value_in_an_allowed_operation_is_the_only_one() -> None:
    arguments = {"operation": REFRESH, "arguments": {"zoneName": "example.com"}}
    shown = calling("preview_write", arguments, "post /1.0/domain/zone/example.com/refresh")
    assert not shown.is_error
    other = {"operation": REFRESH, "arguments": {"zoneName": "example.net"}}
    assert calling("preview_write", other, "POST /domain/zone/example.com/refresh").is_error
    assert not calling("preview_write", other, "POST /domain/zone/example.com/refresh", REFRESH).is_error


@pytest.mark.parametrize(
    "entry", ["POST", "POST me", "GET /me", "POST /domain/zone/{zoneName}/refesh", "POST /me?x=1", "HEAD /me", ""]
)
def test_an_allowed_operation_is_one(entry: str) -> None:
    with pytest.raises(InvalidConfiguration, match=r"allowed operation|only reads"):
        calling("get", {"path": "/me"}, entry)


def test_what_was_shown_waits_for_a_while() -> None:
    now = [0.0]
    previews = Previews(lambda: now[0])
    call = Call(
        schema.catalogue().operation("POST", "/domain/zone/a/refresh"), "/domain/zone/a/refresh", None, ({}, {})
    )
    first = previews.add(call)
    now[0] = 600.0
    assert previews.take(first) is call
    late = previews.add(call)
    now[0] = 1200.5
    with pytest.raises(ovh.exceptions.InvalidRequest):
        previews.take(late)
    many = [previews.add(call) for _ in range(21)]
    with pytest.raises(ovh.exceptions.InvalidRequest):
        previews.take(many[0])
    assert previews.take(many[1]) is call


def test_the_command_serves_a_client_over_its_streams() -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("OVH_")}
    command = StdioServerParameters(
        command=sys.executable,
        args=["-m", "ovhcore", "mcp", "--allow", REFRESH],
        env=environment | {"OVH_TRANSPORT": "sandbox"},
    )

    async def talk() -> Any:
        async with Client(command, read_timeout_seconds=60) as client:
            preview = await client.call_tool(
                "preview_write", {"operation": REFRESH, "arguments": {"zoneName": "example.com"}}
            )
            done = await client.call_tool("confirm_write", {"confirmation": confirmation(preview)})
            return await client.call_tool("get", {"path": "/me", "query": "firstname"}), done

    read, done = asyncio.run(talk())
    assert text(read) == '"Ada"'
    assert not done.is_error


def run(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> tuple[int, str]:
    """Run the command with an assistant that says nothing; return the exit code, and what it said."""
    errors = io.StringIO()
    with monkeypatch.context() as patch, warnings.catch_warnings():
        patch.setattr(sys, "argv", ["ovhcore", "mcp", "--transport", "sandbox", *arguments])
        patch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"")))
        patch.setattr(sys, "stdout", io.TextIOWrapper(io.BytesIO()))
        patch.setattr(sys, "stderr", errors)
        with pytest.raises(SystemExit) as ended:
            main()
    assert isinstance(ended.value.code, int)
    return ended.value.code, errors.getvalue()


def test_the_command_ends_with_its_input(monkeypatch: pytest.MonkeyPatch) -> None:
    assert run(monkeypatch) == (0, "")
    code, said = run(monkeypatch, "--allow", "GET /me")
    assert code == 3
    assert "only reads" in said


def test_the_command_says_what_it_needs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "ovhcore_transports.cli.mcp.server")
    monkeypatch.setitem(sys.modules, "mcp.server.mcpserver", None)
    code, said = run(monkeypatch)
    assert code == 1
    assert 'pip install "ovhcore[mcp]"' in said


RESTRICTIONS = "PUT /cloud/project/{serviceName}/containerRegistry/{registryID}/ipRestrictions/registry"


def test_a_body_may_be_a_list() -> None:
    over = answering({"/cloud/project/p/containerRegistry/r/ipRestrictions/registry": []})
    path = {"serviceName": "p", "registryID": "r"}

    async def talk(client: Client) -> Any:
        for body in ([{"description": "office", "ipBlock": "192.0.2.0/24"}], []):
            shown = await client.call_tool(
                "preview_write", {"operation": RESTRICTIONS, "arguments": path, "body": body}
            )
            assert json.loads(text(shown).splitlines()[2]) == body
            assert "Problem" not in text(shown)
            await client.call_tool("confirm_write", {"confirmation": confirmation(shown)})
            assert json.loads(over.sent[-1].body) == body

    talking(talk, RESTRICTIONS, over=over)
    assert len(over.sent) == 2


@pytest.mark.parametrize(
    ("operation", "arguments", "problem"),
    [
        (DELETE, {"zoneName": "example.com", "id": 1}, "takes no body"),
        (RECORD, {"zoneName": "example.com", "target": "::1"}, "of the path alone, not target"),
    ],
)
def test_a_body_beside_arguments_is_refused(operation: str, arguments: dict[str, Any], problem: str) -> None:
    asked = {"operation": operation, "arguments": arguments, "body": []}
    assert problem in text(calling("preview_write", asked, DELETE, RECORD))


def test_a_block_of_addresses_has_a_slash() -> None:
    operation = "POST /ip/{ip}/reverse"
    asked = {"operation": operation, "arguments": {"ip": "192.0.2.0/30", "ipReverse": "192.0.2.1", "reverse": "a.b."}}
    shown = text(calling("preview_write", asked, operation))
    assert "/ip/192.0.2.0%2F30/reverse" in shown
    assert "confirm_write" in shown


def test_nothing_is_sent_that_cannot_be_shown() -> None:
    asked = {"operation": RECORD, "arguments": {"zoneName": "example.com", "target": "x" * 900, "fieldType": "TXT"}}
    assert "confirm_write" in text(calling("preview_write", asked, RECORD, limit=2000))
    refused = calling("preview_write", asked, RECORD, limit=1000)
    assert refused.is_error
    assert "nothing is sent that was not shown" in text(refused)
    assert "confirm_write" not in text(refused)


def test_an_answer_that_cannot_be_written_is_shown_as_json_escapes_it() -> None:
    over = AsyncScripted(lambda request: Response(200, {}, b'{"half": "\\ud800", "whole": "\\ud83d\\ude00"}'))
    shown = text(calling("get", {"path": "/me"}, over=over))
    assert json.loads(shown) == {"half": "\ud800", "whole": "\U0001f600"}
    shown.encode()


@pytest.mark.untraced
def test_a_query_that_makes_more_and_more_is_cut_off() -> None:
    query = "@" + " | [@, @]" * 60
    shown = text(calling("get", {"path": "/me", "query": query}, limit=1000))
    assert len(shown) < 1100
    assert "1000 of more than 1000000 characters" in shown
    shown = text(calling("get", {"path": "/me", "query": "{a: " + query + "}"}, limit=1000))
    assert len(shown) < 1100


def test_a_long_answer_is_counted_so_far_and_no_further(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ovhcore_transports.cli.mcp.answers._COUNTED", 2000)
    shown = text(calling("get", {"path": "/me", "query": "@" + " | [@, @]" * 12}, limit=1000))
    assert "1000 of more than 2000 characters" in shown


def test_an_error_that_nobody_expected_shows_no_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*arguments: Any, **options: Any) -> Any:
        raise ValueError(f"geheim {ACCESS_KEYS['application_secret']}")

    monkeypatch.setattr("ovhcore_transports.cli.mcp.server.target", fails)
    told = calling("get", {"path": "/me"})
    assert told.is_error
    assert text(told).endswith("The server has a fault: ValueError")


def test_errors_of_the_api_show_no_secret() -> None:
    said = json.dumps(
        {"message": f"No such token {ACCESS_KEYS['application_secret']} or {ACCESS_KEYS['consumer_key']}"}
    )
    over = AsyncScripted(lambda request: Response(403, {"X-OVH-QUERYID": "q"}, said.encode()))
    told = text(calling("get", {"path": "/me"}, over=over))
    assert REDACTED in told
    assert ACCESS_KEYS["application_secret"] not in told
    assert ACCESS_KEYS["consumer_key"] not in told


@pytest.mark.parametrize("path", ["http://evil.example/", "/../x", "/me/../auth", "/%2e%2e/x", "me", "/me\n"])
def test_paths_that_lead_elsewhere_are_not_read(path: str) -> None:
    over = answering({})
    assert calling("get", {"path": path}, over=over).is_error
    assert calling("list_objects", {"path": path}, over=over).is_error
    assert over.sent == []
