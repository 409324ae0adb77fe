"""Schema documents that nobody has seen, odd and valid ones: every operation answers, right calls and wrong ones."""

from __future__ import annotations

import json
import random
import re
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import pytest

from ovhcore import schema
from ovhcore_transports.sandbox import Modes, Sandbox
from tests.profiles import FULL
from tests.sandbox.generic.everything import Caller, example

pytestmark = [pytest.mark.once, pytest.mark.untraced]

SCALARS = (
    *("string", "long", "double", "boolean", "uuid", "datetime", "date", "time", "duration", "ip", "ipBlock", "ipv6"),
    *("macAddress", "phoneNumber", "password", "email", "void", "any", "coreTypes.AccountId:string", "json", "text"),
)
MEMBERS = (
    *("id", "name", "status", "state", "iam", "tags", "targetSpec", "currentState", "resourceStatus", "currentTasks"),
    *("checksum", "createdAt", "value", "text", "progress", "doneDate", "type", "self", "from", "é", "a.b", "$ref"),
)
WORDS = ("thing", "things", "task", "tasks", "refresh", "features", "é", "a-b", "x.y")
ODD = ("1", "x", "a b", "é", "192.0.2.0/24", "2026-01-01", "../x", "%2F")
HEADERS: tuple[dict[str, str], ...] = (
    *({}, {}, {"X-Pagination-Mode": "CachedObjectList-Pages", "X-Pagination-Size": "2"}, {"X-Ovh-Batch": ","}),
    *({"X-Pagination-Mode": "CachedObjectList-Cursor"}, {"X-Pagination-Size": "1"}),
)


class Author:
    """Writes a document; the same for the same seed."""

    def __init__(self, seed: int) -> None:
        self.chance = chance = random.Random(seed)
        self.names = [f"toy.M{number}" for number in range(chance.randint(0, 4))]
        self.enums = [f"toy.E{number}" for number in range(chance.randint(0, 2))]
        self.generic = chance.random() < 0.5

    def type(self, depth: int = 0) -> str:
        drawn, names = self.chance.random(), self.names + self.enums
        if drawn < 0.5 or not names or depth > 3:
            found = self.chance.choice(SCALARS)
        elif drawn < 0.8:
            found = self.chance.choice(names)
        elif drawn < 0.86 and self.generic:
            found = f"toy.G<{self.type(depth + 2)}>"
        elif drawn < 0.94:
            found = f"map[{self.chance.choice(['string', 'long', 'uuid', *self.enums])}]{self.type(depth + 1)}"
        else:
            found = f"{self.type(depth + 1)}[]"
        return found + "[]" * (self.chance.random() < 0.12)

    def model(self, types: Any) -> dict[str, Any]:
        names = self.chance.sample(MEMBERS, self.chance.randint(0, 6))
        properties = {name: {"type": types(), "canBeNull": self.chance.random() < 0.5} for name in names}
        for each in properties.values():
            each |= {"readOnly": self.chance.random() < 0.3, "required": self.chance.random() < 0.4}
        return {"id": "one", "namespace": "toy", "properties": properties}

    def enumeration(self) -> dict[str, Any]:
        kind = self.chance.choice(["string", "long", "double"])
        words = ["ok", "ERROR", "", "é", "a/b", "0"] if kind == "string" else ["1", "4", "6"]
        return {"id": "e", "namespace": "toy", "enum": words[: self.chance.randint(0, 6)], "enumType": kind}

    def paths(self, path: str = "/toy", depth: int = 0) -> list[str]:
        found = [path]
        for number in range(self.chance.randint(0, 3) if depth < 4 else 0):
            argument = f"{self.chance.choice(['id', 'name', 'serviceName', 'ip', 'date', 'self'])}{depth or ''}"
            word = f"{self.chance.choice(WORDS)}{number or ''}"
            segment = self.chance.choice([f"{{{argument}}}", f"{{{argument}}}", f"pre-{{{argument}}}.x", word, word])
            found += self.paths(f"{path}/{segment}", depth + 1)
        return found

    def operation(self, method: str, path: str) -> dict[str, Any]:
        wanted = [("path", name, self.chance.choice(SCALARS[:12])) for name in re.findall(r"\{(.*?)\}", path)]
        queries = self.chance.sample(["q", "date.from", "iamTags", "status", "id"], self.chance.randint(0, 2))
        wanted += [("query", name, self.type()) for name in queries]
        if method in ("POST", "PUT", "PATCH"):
            whole = self.chance.random() < 0.5
            names = ["" if whole else name for name in (["body"] if whole else ["name", "targetSpec"])]
            wanted += [("body", name, self.type()) for name in names]
        made = {
            "httpMethod": method,
            "noAuthentication": False,
            "parameters": [
                {"name": name or None, "paramType": place, "dataType": type_, "required": place == "path"}
                for place, name, type_ in wanted
            ],
        }
        listed = [*("string[]", "long[]", "ipBlock[]"), *(f"{name}[]" for name in self.names)]
        answer = self.chance.choice(listed) if method == "GET" and self.chance.random() < 0.5 else self.type()
        return made if self.chance.random() < 0.08 else {**made, "responseType": answer}

    def document(self) -> dict[str, Any]:
        models = {name: self.model(self.type) for name in self.names}
        models |= {name: self.enumeration() for name in self.enums}
        if self.generic:
            inner = self.model(lambda: self.chance.choice(["T", "T[]", "map[string]T", "string"]))
            models["toy.G<T>"] = {**inner, "generics": ["T"]}
        methods = ("GET", "POST", "PUT", "DELETE", "PATCH")
        apis = [
            {"path": path, "operations": [self.operation(each, path) for each in self.chance.sample(methods, 3)]}
            for path in dict.fromkeys(self.paths())
        ]
        return {"resourcePath": "/toy", "apis": apis, "models": models}

    def junk(self, depth: int = 0) -> Any:
        plain = (None, True, 5, -1.5, "x", "2026-01-01T00:00:00Z", 10**30)
        if depth > 2 or self.chance.random() < 0.4:
            return self.chance.choice(plain)
        if self.chance.random() < 0.3:
            return [self.junk(depth + 1) for _ in range(self.chance.randint(0, 3))]
        return {name: self.junk(depth + 1) for name in self.chance.sample(MEMBERS, self.chance.randint(0, 4))}


@pytest.mark.parametrize("seed", range(300 if FULL else 12))
def test_no_document_and_no_call_breaks_the_sandbox(seed: int, tmp_path: Path) -> None:
    author = Author(seed)
    chance = author.chance
    file = tmp_path / "toy.json"
    file.write_text(json.dumps(author.document()), "utf-8")
    catalogue = schema.load(chance.choice([file, tmp_path]))
    modes = Modes(lean=chance.random() < 0.3, newer=chance.random() < 0.3, short_pages=chance.random() < 0.3)
    sandbox = Sandbox(schemas=catalogue, modes=modes, task_seconds=chance.choice([0, 60]))
    caller = Caller(sandbox, catalogue)
    lists: dict[str, list[Any]] = {}
    for operation in [*catalogue.family("/toy").operations.values()] * 3:
        path = ""
        for segment in operation.path.split("/")[1:]:
            (name,) = re.findall(r"\{(.*?)\}", segment) or ("",)
            known = [each for each in lists.get(path, ()) if isinstance(each, (str, int))]
            value = chance.choice([*known, *known, *known, *ODD]) if name else ""
            path += "/" + (segment.replace(f"{{{name}}}", quote(str(value), safe="")) if name else quote(segment))
        query = {each.name: chance.choice(["1", "true", "{}", "2026"]) for each in operation.placed("query")}
        asked = f"{path}?{urlencode(query)}" if query and chance.random() < 0.3 else path
        family, body = catalogue.family("/toy"), author.junk()
        if chance.random() < 0.6:
            body = caller.body(operation) if operation.body is None else example(family, operation.body)
        sent = None if operation.method in ("GET", "DELETE") else body
        status, answer, _ = caller.call(operation.method, asked, sent, chance.choice(HEADERS))
        assert status < 500, (asked, sent, answer)
        assert status == 200 or {"message"} <= answer.keys(), answer
        if operation.method == "GET" and status == 200 and isinstance(answer, list):
            lists[path] = answer
    again = Sandbox(schemas=catalogue)
    again.restore(json.loads(json.dumps(sandbox.snapshot())))
    assert again.held() == sandbox.held()
