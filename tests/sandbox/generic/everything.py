"""Calls for every operation of a catalogue: paths by what lists say, bodies by what the schema asks for."""

from __future__ import annotations

import json
import re
from typing import Any
from urllib.parse import quote, urlencode

from ovhcore.protocol import Request
from ovhcore.schema import Array, Catalogue, Enumeration, Family, Map, Model, Operation, Scalar, Type
from ovhcore_transports.sandbox import CLIENT_ID, CLIENT_SECRET, Sandbox

NOW = 1_780_000_000.0
TEXTS = {
    "uuid": "00000000-0000-4000-8000-000000000001",
    "datetime": "2026-01-01T00:00:00+00:00",
    "date": "2026-01-01",
    "time": "10:00:00",
    "duration": "P1M",
    "ip": "192.0.2.1",
    "ipv4": "192.0.2.1",
    "ipv6": "2001:db8::1",
    "ipBlock": "192.0.2.0/28",
    "ipv4Block": "192.0.2.0/28",
    "ipv6Block": "2001:db8::/64",
    "macAddress": "02:00:00:00:00:01",
    "phoneNumber": "0033972520000",
    "internationalPhoneNumber": "+33.972520000",
}


def example(family: Family, type_: Type, depth: int = 0) -> Any:
    """Return a value of a type, of the schema's own: the least that is needed."""
    if isinstance(type_, Array):
        return []
    if isinstance(type_, Map):
        return {}
    if isinstance(type_, Scalar):
        return {"long": 1, "double": 1.5, "boolean": True, "any": "x"}.get(type_.base, TEXTS.get(type_.name, "x"))
    found = family.model(type_)
    if isinstance(found, Enumeration):
        return found.values[0] if found.values else "x"
    if not isinstance(found, Model) or depth > 5:
        return {}
    return {name: example(family, each.type, depth + 1) for name, each in found.writable.items() if each.required}


def _one(type_: Type) -> Type:
    return type_.item if isinstance(type_, Array) else type_


class Caller:
    """Calls a sandbox without a client, as a service account."""

    def __init__(self, sandbox: Sandbox, catalogue: Catalogue) -> None:
        self.sandbox, self.catalogue = sandbox, catalogue
        self.renew()

    def renew(self) -> None:
        """Begin with a token of the sandbox, and without knowing any list."""
        self.lists: dict[str, list[Any]] = {}
        form = {"grant_type": "client_credentials", "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}
        fields = {"Content-Type": "application/x-www-form-urlencoded"}
        body = urlencode({**form, "scope": "all"}).encode()
        answer = self.sandbox.handle(Request("POST", "https://sandbox.test/auth/oauth2/token", fields, body), NOW)
        self.token = json.loads(answer.body)["access_token"]

    def call(self, method: str, path: str, body: Any = None, fields: Any = None) -> tuple[int, Any, Any]:
        base = "" if path.startswith("/v2/") else "/1.0"
        sent = b"" if body is None else json.dumps(body).encode()
        headers = {"Authorization": f"Bearer {self.token}", **(fields or {})}
        answer = self.sandbox.handle(Request(method, f"https://sandbox.test{base}{path}", headers, sent), NOW)
        return answer.status, json.loads(answer.body), answer.headers

    def path(self, operation: Operation) -> str:
        """Return a concrete path: each argument is what the list before it has, if there is one."""
        family = self.catalogue.family(operation.family)
        types = {each.name: each.type for each in operation.placed("path")}
        done = ""
        template = ""
        for segment in operation.path.split("/")[1:]:
            before, template = template, f"{template}/{segment}"
            names = re.findall(r"\{(.*?)\}", segment)
            if not names:
                done += f"/{segment}"
                continue
            value = self.listed(before, done, names[0], template) if segment == f"{{{names[0]}}}" else None
            if value is None:
                value = example(family, types.get(names[0], Scalar("string", "string")))
            done += "/" + segment.replace(f"{{{names[0]}}}", quote(str(value), safe=""))
        return done

    def listed(self, template: str, path: str, argument: str, item: str) -> Any:
        read = self.catalogue.find("GET", template) if template else None
        if read is None or read.path != template or not isinstance(read.answer, Array):
            return None
        if path not in self.lists:
            status, answer, _ = self.call("GET", path + self.query(read))
            assert status == 200, (path, answer)
            self.lists[path] = answer
        found = self.lists[path]
        if not found or not isinstance(found[0], dict):
            return found[0] if found else None
        words = template.rpartition("/")[2]
        short = re.sub("(Name|Id|ID)$", "", argument)
        one = words.removesuffix("s")
        near = (f"{words}Id", f"{one}Id", f"{one}_id", f"{one}Name", one, words)
        for name in (argument, "urn" if argument.endswith("URN") else "id", "id", short, *near, "name", "uuid", "key"):
            if isinstance(found[0].get(name), (str, int)):
                return found[0][name]
        return None

    def query(self, operation: Operation) -> str:
        family = self.catalogue.family(operation.family)
        wanted = {each.name: example(family, _one(each.type)) for each in operation.placed("query") if each.required}
        texts = {name: str(value).lower() if isinstance(value, bool) else value for name, value in wanted.items()}
        return f"?{urlencode(texts, doseq=True)}" if texts else ""

    def body(self, operation: Operation) -> Any:
        family = self.catalogue.family(operation.family)
        if operation.body is not None:
            return example(family, operation.body)
        named = {each.name: example(family, each.type) for each in operation.placed("body") if each.required}
        return named or None
