"""Schemas of whatever shape: what is made of them can be read, listed, changed and deleted; wrong calls are refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import ovhcore as ovh
from ovhcore_transports.sandbox import ACCESS_KEYS, Modes, Sandbox, SandboxTransport
from ovhcore_transports.sandbox.generic import engine, reading
from ovhcore_transports.sandbox.storage import holding

pytestmark = pytest.mark.once

NOW = 1_780_000_000.0


def operation(method: str, answer: str, *parameters: tuple[str, str, str]) -> dict[str, Any]:
    return {
        "httpMethod": method,
        "responseType": answer,
        "noAuthentication": False,
        "parameters": [
            {"name": name or None, "paramType": place, "dataType": type_, "required": place == "path"}
            for place, name, type_ in parameters
        ],
    }


def model(**properties: str) -> dict[str, Any]:
    """Return a model; types that end with ``?`` can be null, with ``!`` must be given."""
    return {
        "id": "one",
        "namespace": "toy",
        "properties": {
            name: {"type": type_.rstrip("?!"), "canBeNull": type_.endswith("?"), "required": type_[-1] == "!"}
            for name, type_ in properties.items()
        },
    }


def enumeration(*values: str) -> dict[str, Any]:
    return {"id": "one", "namespace": "toy", "enum": list(values), "enumType": "string"}


def box(tmp_path: Path, paths: dict[str, list[dict[str, Any]]], models: Any = None, **options: Any) -> SandboxTransport:
    document = {
        "resourcePath": "/toy",
        "apis": [{"path": path, "operations": operations} for path, operations in paths.items()],
        "models": models or {},
    }
    (tmp_path / "toy.json").write_text(json.dumps(document), "utf-8")
    return SandboxTransport(Sandbox(schemas=tmp_path, **options), start=NOW)


def client_of(transport: SandboxTransport) -> ovh.Client:
    return ovh.Client("ovh-eu", transport=transport, **ACCESS_KEYS)


def world(tmp_path: Path, paths: dict[str, list[dict[str, Any]]], models: Any = None, **options: Any) -> ovh.Client:
    return client_of(box(tmp_path, paths, models, **options))


def refused(client: ovh.Client, status: int, method: str, path: str, body: Any = None) -> str:
    with pytest.raises(ovh.APIError) as caught:
        client.call(method, path, body)
    assert caught.value.status == status
    return f"{caught.value} {caught.value.hint}"


NAME = ("path", "name", "string")


def test_what_nothing_lists_can_be_made_and_read(tmp_path: Path) -> None:
    paths = {
        "/toy/thing": [operation("POST", "toy.Thing", ("body", "name", "string"))],
        "/toy/thing/{name}": [
            operation("GET", "toy.Thing", NAME),
            operation("DELETE", "void", NAME),
            operation("POST", "void", NAME),
        ],
        "/toy/thing/{name}/part": [operation("GET", "string", NAME)],
    }
    client = world(tmp_path, paths, {"toy.Thing": model(name="string", size="long")})
    made = client.post("/toy/thing", name="mine")
    assert client.get("/toy/thing/mine") == made
    assert client.get("/toy/thing/mine/part")
    client.delete("/toy/thing/mine")
    for path in ("/toy/thing/mine", "/toy/thing/mine/part"):
        assert "name = mine" in refused(client, 404, "GET", path)
    client.post("/toy/thing/mine")  # what is there only once is made where it is
    assert client.get("/toy/thing/mine")["name"] == "mine"


def test_single_values_can_be_changed_and_deleted(tmp_path: Path) -> None:
    word = [
        operation("GET", "string"),
        operation("PUT", "void", ("body", "word", "string")),
        operation("DELETE", "void"),
    ]
    paths = {
        "/toy/word": word,
        "/toy/names": [operation("GET", "string[]"), operation("POST", "string", ("body", "name", "string"))],
        "/toy/names/{name}": [operation("GET", "string", NAME)],
    }
    transport = box(tmp_path, paths)
    client = client_of(transport)
    transport.sandbox.add({"/toy/word": "added"})
    assert client.get("/toy/word") == "added"
    client.put("/toy/word", word="new")
    assert client.get("/toy/word") == "new"
    client.put("/toy/word")
    assert client.get("/toy/word") == "new"
    client.delete("/toy/word")
    assert "path = /toy/word" in refused(client, 404, "GET", "/toy/word")
    assert client.post("/toy/names", name="mine") == "mine"
    assert client.get("/toy/names")[-1] == "mine"
    assert "not among" in refused(client, 404, "GET", "/toy/names/mine/more")


def test_ids_of_an_enumeration_end(tmp_path: Path) -> None:
    paths = {
        "/toy/role": [operation("GET", "toy.Role[]"), operation("POST", "void")],
        "/toy/role/{name}": [operation("GET", "toy.OfRole", ("path", "name", "toy.Role"))],
        "/toy/none": [operation("GET", "toy.None"), operation("PUT", "void", ("body", "", "toy.OfRole"))],
        "/toy/lost": [operation("GET", "toy.Lost")],
    }
    models = {
        "toy.Role": enumeration("one", "two", "ok"),
        "toy.None": enumeration(),
        "toy.OfRole": model(name="toy.Role", uuid="uuid", deep="toy.OfRole"),
    }
    client = world(tmp_path, paths, models)
    assert client.get("/toy/role") == ["one", "two", "ok"]
    assert "already exists" in refused(client, 409, "POST", "/toy/role")
    assert client.get("/toy/none") == ""
    assert client.get("/toy/lost")
    deep: dict[str, Any] = {}
    for _ in range(80):  # deeper than anybody looks
        deep = {"deep": deep}
    client.call("PUT", "/toy/none", deep)
    assert "not valid for type uuid" in refused(client, 400, "PUT", "/toy/none", {"deep": {"uuid": "x"}})


def test_lists_whose_objects_cannot_be_read(tmp_path: Path) -> None:
    paths = {
        "/toy/a": [operation("GET", "string[]", ("query", "kind", "string"))],
        "/toy/a/{name}": [operation("DELETE", "void", NAME)],
        "/toy/b": [operation("GET", "string[]")],
        "/toy/b/{name}.txt": [operation("GET", "string", NAME)],
        "/toy/c": [operation("GET", "toy.Nameless[]")],
        "/toy/c/{name}": [operation("GET", "toy.Nameless", NAME)],
        "/toy/d": [operation("GET", "string[][]")],
        "/toy/d/{name}": [operation("GET", "string", NAME)],
        "/toy/e": [operation("GET", "toy.Listed[]"), operation("POST", "toy.Listed", ("body", "", "toy.Listed"))],
        "/toy/e/{id}": [operation("DELETE", "void", ("path", "id", "long"))],
        "/toy/f": [operation("GET", "any[]")],
    }
    models = {
        "toy.Nameless": model(size="long", price="toy.Price?", when="date"),
        "toy.Price": model(value="double", text="string", priceInUcents="long"),
        "toy.Listed": model(id="long", note="string?", any="any", words="string[]", gone="void"),
    }
    client = world(tmp_path, paths, models, modes=Modes(newer=True))
    assert client.get("/toy/a", kind="what") == client.get("/toy/a")
    client.delete(f"/toy/a/{client.get('/toy/a')[0]}")
    assert client.get("/toy/b/whatever.txt")
    first = client.get("/toy/c")[0]
    assert first["price"]["priceInUcents"] == round(first["price"]["value"] * 100) * 1_000_000
    assert client.get("/toy/c/any")["size"]
    assert client.get("/toy/d/any")
    assert client.get("/toy/f")
    made = client.call("POST", "/toy/e", {"id": 7, "note": None, "any": {"free": 1}})
    assert (made["id"], made["any"]) == (7, {"free": 1})
    assert "note" not in made
    assert [each["id"] for each in client.get("/toy/e")][-1] == 7
    client.delete("/toy/e/7")
    assert 7 not in [each["id"] for each in client.get("/toy/e")]


def test_lists_are_narrowed_by_what_objects_have(tmp_path: Path) -> None:
    queries = [("query", name, "string") for name in ("date.from", "date.to", "inner", "other", "tag")]
    paths = {
        "/toy/a": [operation("GET", "toy.A[]", *queries), operation("POST", "toy.A", ("body", "", "toy.A"))],
        "/toy/a/{id}": [operation("GET", "toy.A", ("path", "id", "long"))],
        "/toy/x": [operation("GET", "long[]", ("query", "w", "string"))],
        "/toy/x/{w}": [operation("GET", "toy.E", ("path", "w", "long"))],
        "/toy/w": [operation("GET", "long[]", ("query", "w", "string"))],
        "/toy/w/{w}": [operation("GET", "string", ("path", "w", "long"))],
    }
    models = {
        "toy.A": model(id="long", date="datetime", inner="toy.I", tag="string[]"),
        "toy.E": enumeration("a"),
        "toy.I": model(x="long"),
    }
    client = world(tmp_path, paths, models)
    for number, month in ((1, "02"), (2, "04")):
        client.call("POST", "/toy/a", {"id": number, "date": f"2030-{month}-01T00:00:00+00:00", "tag": [f"t{number}"]})

    def ids(**query: str) -> list[int]:
        return [each["id"] for each in client.get("/toy/a", **query) if each["id"] < 3]

    assert ids(**{"date.from": "2030-03"}) == [2]
    assert ids(**{"date.to": "2030-03"}) == [1]
    assert ids(tag="t2") == [2]
    assert ids(inner="x", other="x") == [1, 2]  # what cannot be said of an object narrows nothing
    for path in ("/toy/w", "/toy/x"):
        assert client.get(path, w="what") == client.get(path)


def test_an_asynchronous_object_of_few_members(tmp_path: Path) -> None:
    paths = {
        "/toy/a": [operation("GET", "toy.A[]"), operation("POST", "toy.A", ("body", "", "toy.A"))],
        "/toy/a/{id}": [
            operation("GET", "toy.A", ("path", "id", "string")),
            operation("PUT", "toy.A", ("path", "id", "string"), ("body", "", "toy.A")),
            operation("DELETE", "void", ("path", "id", "string")),
        ],
    }
    models = {"toy.A": model(id="string", resourceStatus="string", currentState="toy.S"), "toy.S": model(x="long")}
    client = world(tmp_path, paths, models, task_seconds=0)
    made = client.call("POST", "/toy/a", {"id": "mine"})
    assert made["resourceStatus"] == "CREATING"
    assert client.get("/toy/a/mine")["resourceStatus"] == "READY"
    client.delete("/toy/a/mine")
    assert "mine" not in [each["id"] for each in client.get("/toy/a")]


def test_tasks_have_the_dates_that_their_model_has(tmp_path: Path) -> None:
    paths = {
        "/toy/do": [operation("POST", "toy.Task", ("body", "what", "string"))],
        "/toy/other/do": [operation("POST", "toy.Task")],
        "/toy/other/task": [operation("GET", "long[]")],
        "/toy/other/task/{id}": [operation("GET", "toy.NoTask", ("path", "id", "long"))],
        "/toy/task": [operation("GET", "long[]")],
        "/toy/task/{id}": [operation("GET", "toy.Task", ("path", "id", "long"))],
    }
    words = enumeration("todo", "doing", "done", "error")
    dates = {"creationDate": "date", "lastUpdate": "datetime", "doneDate": "datetime?", "creation": "time"}
    task = model(id="long", status="toy.Status", updatedAt="datetime?", **dates)
    models = {"toy.Task": task, "toy.Status": words, "toy.NoTask": model(id="long")}
    transport = box(tmp_path, paths, models, task_seconds=60)
    client = client_of(transport)
    made = client.post("/toy/do")
    assert (made["status"], made["creationDate"], made.get("doneDate")) == ("todo", "2026-05-28", None)
    transport.sleep(61)
    done = client.get(f"/toy/task/{made['id']}")
    assert done["status"] == "done"
    assert done["doneDate"] == done["lastUpdate"] > made["lastUpdate"]
    there = client.get("/toy/task")
    other = client.post("/toy/other/do")  # what is listed beside it are no tasks
    assert client.get("/toy/task") == [*there, other["id"]]
    transport.sandbox.failing_tasks = True
    failed = client.post("/toy/do")
    transport.sleep(61)
    assert client.get(f"/toy/task/{failed['id']}")["status"] == "error"


def test_no_more_objects_than_fit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(holding, "_MOST", 2)
    paths = {
        "/toy/a": [operation("GET", "string[]"), operation("POST", "toy.A", ("body", "name", "string"))],
        "/toy/a/{name}": [operation("GET", "toy.A", NAME), operation("DELETE", "void", NAME)],
    }
    client = world(tmp_path, paths, {"toy.A": model(name="string")})
    for name in "ab":
        client.post("/toy/a", name=name)
    assert "holds no more objects" in refused(client, 403, "POST", "/toy/a", {"name": "c"})
    client.delete("/toy/a/a")
    assert client.post("/toy/a", name="c")["name"] == "c"


def test_tables_and_schemas_that_know_of_different_members(tmp_path: Path) -> None:
    service = ("path", "serviceName", "string")
    volume = "/cloud/project/{serviceName}/volume"
    of_volume = (service, ("path", "volumeId", "string"))
    paths = {
        "/sms": [operation("GET", "string[]")],
        "/sms/{serviceName}": [operation("GET", "toy.Sms", service)],
        "/sms/{serviceName}/jobs": [operation("POST", "any", service, ("body", "receivers", "string[]"))],
        "/domain": [operation("GET", "string[]")],
        "/domain/{serviceName}": [operation("GET", "toy.Sms", service)],
        "/domain/{serviceName}/nameServer": [operation("POST", "toy.Host", service, ("body", "host", "string"))],
        "/domain/{serviceName}/nameServer/{id}": [operation("GET", "toy.Host", service, ("path", "id", "long"))],
        volume: [operation("GET", "toy.Volume[]", service)],
        volume + "/{volumeId}": [operation("GET", "toy.Volume", *of_volume)],
        volume + "/{volumeId}/upsize": [operation("POST", "toy.Volume", *of_volume, ("body", "size", "long"))],
    }
    models = {
        "toy.Sms": model(name="string"),
        "toy.Host": model(id="long", host="string"),
        "toy.Volume": model(id="string", size="long", status="string"),
    }
    client = world(tmp_path, paths, models)
    assert client.post("/sms/sms-ab1234-1/jobs", receivers=["+33612345678"])["totalCreditsRemoved"] == 0
    for _ in range(2):  # nothing lists them, so nothing is beside them
        assert client.post("/domain/example.com/nameServer", host="ns.example.com")["host"] == "ns.example.com"
    one = f"/cloud/project/p/volume/{client.get('/cloud/project/p/volume')[0]['id']}"
    size = client.get(one)["size"]
    assert client.post(f"{one}/upsize")["size"] == size
    assert client.get(one)["status"] == "extending"


def test_what_is_deep_ends(tmp_path: Path) -> None:
    paths = {"/toy/deep": [operation("GET", "toy.Deep"), operation("PUT", "void", ("body", "", "toy.Deep"))]}
    models = {"toy.Deep": model(deep="toy.Deep", list="toy.Deep[]!", map="map[string]toy.Deep!", lost="toy.Lost")}
    client = world(tmp_path, paths, models)
    found: Any = client.get("/toy/deep")
    levels = 0
    while "deep" in found:
        found, levels = found["deep"], levels + 1
    assert levels == 3  # below that, only what is required
    body: dict[str, Any] = {"list": [], "map": {}}
    client.call("PUT", "/toy/deep", {**body, "deep": body, "lost": {"a": 1}})
    assert client.get("/toy/deep")["list"] == []


def test_schema_documents_there_are_none_of() -> None:
    client = client_of(SandboxTransport(Sandbox()))
    assert client.get("/me.json", _need_auth=False)["resourcePath"] == "/me"
    assert "not among" in refused(client, 404, "GET", "/no/such/family.json")


def test_what_is_made_up_is_kept_as_far_as_it_fits_and_the_same_again(monkeypatch: pytest.MonkeyPatch) -> None:
    client = client_of(SandboxTransport(Sandbox()))
    names = client.get("/vps")
    before = [client.get(f"/vps/{name}") for name in names]
    monkeypatch.setattr(reading, "_MOST_TEXTS", 1)
    client = client_of(SandboxTransport(Sandbox()))
    assert [client.get(f"/vps/{name}") for name in names] == before
    assert client.get("/domain")
    assert client.get("/vps") == names


def test_what_is_made_up_beside_routes_of_their_own_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "_MOST_COMPLETED", 2)
    client = client_of(SandboxTransport(Sandbox()))
    servers = [client.get(f"/dedicated/server/{name}") for name in client.get("/dedicated/server")]
    assert servers == [client.get(f"/dedicated/server/{each['name']}") for each in servers]


def test_ids_and_objects_of_odd_types(tmp_path: Path) -> None:
    """What tells objects apart may be an object itself, and what a list expands to may be none."""
    paths = {
        "/toy/map": [operation("GET", "map[string]long[]")],
        "/toy/map/{name}": [operation("GET", "string", ("path", "name", "map[string]long"))],
        "/toy/lists": [operation("GET", "string[]")],
        "/toy/lists/{name}": [operation("GET", "long[]", NAME)],
        "/toy/objects/{name}": [operation("GET", "toy.Thing[]", NAME)],
        "/toy/objects/{name}/{id}": [operation("GET", "toy.Thing", NAME, ("path", "id", "string"))],
    }
    client = world(tmp_path, paths, {"toy.Thing": model(id="string")})
    assert client.get("/toy/map")
    pages = {"X-Pagination-Mode": "CachedObjectList-Pages"}
    first = client.get("/toy/lists")[0]
    found = client.raw_call("GET", "/toy/lists", headers=pages).json()
    assert found[0] == client.get(f"/toy/lists/{first}")
    (batch,) = client.raw_call("GET", "/toy/objects/a", headers={"X-Ovh-Batch": ","}).json()
    assert batch["value"] == client.get("/toy/objects/a")


def test_what_an_object_is_to_be_has_more_than_what_it_is(tmp_path: Path) -> None:
    paths = {
        "/toy/a": [operation("GET", "toy.A[]"), operation("POST", "toy.A", ("body", "", "toy.A"))],
        "/toy/a/{id}": [operation("GET", "toy.A", ("path", "id", "string"))],
    }
    models = {
        "toy.A": model(id="string", resourceStatus="string", currentState="toy.State", targetSpec="toy.Spec"),
        "toy.State": model(disk="toy.Size", name="string"),
        "toy.Spec": model(disk="toy.Wanted", name="string"),
        "toy.Size": model(size="long"),
        "toy.Wanted": model(size="long", speed="long"),
    }
    client = world(tmp_path, paths, models, task_seconds=0)
    target = {"disk": {"size": 5, "speed": 7}, "name": "mine"}
    client.call("POST", "/toy/a", {"id": "mine", "targetSpec": target})
    read = client.get("/toy/a/mine")
    assert read["targetSpec"] == target
    assert read["currentState"] == {"disk": {"size": 5}, "name": "mine"}
