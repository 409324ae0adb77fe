"""What an editor completes in a program that uses a generated module, by pyright's language server."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ovhcore import schema
from ovhcore.schema.stubs.command import write_types
from tests.profiles import THOROUGH

pytestmark = pytest.mark.once

_PROGRAM = """\
import ovh_types as ovh

client = ovh.Client()
record = client.get("/domain/zone/{zoneName}/record/{id}", zoneName="example.com", id=1)
client.post("/domain/zone/{zoneName}/record", zoneName="example.com", fieldType="A", target="192.0.2.1")
"""


class Editor:
    """Speaks with the language server as an editor does.

    Args:
        file: that is edited.
    """

    def __init__(self, file: Path) -> None:
        import pyright

        server = Path(pyright.__file__).parent / "dist" / "langserver.index.js"
        if not server.is_file():
            pytest.skip("this pyright comes without its language server")
        command = ["node", str(server), "--stdio"]
        self._server = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
        self._file = {"uri": file.as_uri()}
        self._number = 0
        folder = {"uri": file.parent.as_uri(), "name": "program"}
        capabilities = {"workspace": {"configuration": True}}
        self._asked(
            "initialize", {"processId": os.getpid(), "capabilities": capabilities, "workspaceFolders": [folder]}
        )
        self._send(method="initialized", params={})
        document = {**self._file, "languageId": "python", "version": 0, "text": ""}
        self._send(method="textDocument/didOpen", params={"textDocument": document})

    def completed(self, text: str) -> set[str]:
        """Return what is offered at the end of a text."""
        document = {**self._file, "version": self._number + 1}
        self._send(
            method="textDocument/didChange", params={"textDocument": document, "contentChanges": [{"text": text}]}
        )
        last = text.split("\n")
        place = {"line": len(last) - 1, "character": len(last[-1])}
        found = self._asked("textDocument/completion", {"textDocument": self._file, "position": place})
        return {each["label"] for each in (found or {}).get("items", ())}

    def close(self) -> None:
        self._server.kill()
        self._server.communicate()

    def _asked(self, method: str, params: Any) -> Any:
        self._number += 1
        self._send(id=self._number, method=method, params=params)
        while True:
            message = self._read()
            if "method" not in message and message.get("id") == self._number:
                return message["result"]
            if "method" in message and "id" in message:
                items = message.get("params", {}).get("items", ())
                answer = [{"pythonPath": sys.executable} if each.get("section") == "python" else {} for each in items]
                self._send(id=message["id"], result=answer)

    def _send(self, **message: Any) -> None:
        assert self._server.stdin is not None
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        self._server.stdin.write(b"Content-Length: %d\r\n\r\n%b" % (len(body), body))
        self._server.stdin.flush()

    def _read(self) -> Any:
        assert self._server.stdout is not None
        length = 0
        while line := self._server.stdout.readline().strip():
            if line.lower().startswith(b"content-length:"):
                length = int(line.split(b":")[1])
        assert length, "the language server has ended"
        return json.loads(self._server.stdout.read(length))


@pytest.fixture(scope="module")
def editor(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Editor]:
    pytest.importorskip("pyright")
    file = tmp_path_factory.mktemp("program") / "program.py"
    file.write_text(_PROGRAM, "utf-8")
    write_types(schema.catalogue(), scan=[file], tell=str)
    editor = Editor(file)
    yield editor
    editor.close()


if THOROUGH:

    @pytest.mark.parametrize(
        ("begun", "offered"),
        [
            ('client.get("', {'"/me"', '"/vps/{serviceName}"', '"/domain/zone/{zoneName}/record/{id}"'}),
            ('client.get("/domain/zone/{zoneName}/record/{id}", ', {"zoneName=", "id="}),
            ('client.post("/domain/zone/{zoneName}/record", fieldType="', {'"AAAA"', '"MX"'}),
            ('record["', {'"fieldType"', '"target"', '"ttl"'}),
        ],
    )
    def test_an_editor_completes(editor: Editor, begun: str, offered: set[str]) -> None:
        assert offered <= editor.completed(_PROGRAM + begun)
