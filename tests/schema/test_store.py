"""The shipped catalogue, the cache, and fetching: whole, or as before."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import threading
import zlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import pytest

import ovhcore as ovh
from ovhcore import schema
from ovhcore.exceptions import SchemaError
from ovhcore.schema.files import store
from ovhcore.schema.files.build import build, main
from ovhcore.schema.files.documents import families_of
from ovhcore.schema.files.packing import squeeze, unpack, unsqueeze
from ovhcore.schema.files.store import cache_folder, catalogue, catalogues, keep
from ovhcore.schema.files.updating import schema_paths, update
from ovhcore.schema.reading import read_document
from tests.schema.documents import NATIVE, OLD, OPENAPI
from tests.servers import RawServer, Received, answer

pytestmark = pytest.mark.once

SHIPPED = Path(schema.__file__).parent / "shipped"
LATER = "2099-01-01T00:00:00Z"


def test_what_is_shipped_is_small() -> None:
    sizes = {part.name: part.stat().st_size for part in SHIPPED.iterdir()}
    assert sum(sizes.values()) < 450_000
    assert sizes["index"] < 4_000


def test_what_is_shipped_holds_facts_only() -> None:
    for name in ("/me", "/v2/iam"):
        family = catalogue().family(name)
        assert not any(each.description for each in family.operations.values())
        assert not any(each.description for each in family.models.values())


@pytest.mark.untraced
def test_what_is_shipped_is_what_the_script_makes(shared_data: Path, tmp_path: Path) -> None:
    for each in ("one", "two"):
        assert main([str(shared_data / "native"), str(tmp_path / each), "2026-07-01"]) == 0
    made = {part.name: part.read_bytes() for part in (tmp_path / "one").iterdir()}
    assert made == {part.name: part.read_bytes() for part in (tmp_path / "two").iterdir()}
    shipped = {part.name: part.read_bytes() for part in SHIPPED.iterdir()}
    assert {name: unsqueeze(part) for name, part in made.items()} == {
        name: unsqueeze(part) for name, part in shipped.items()
    }
    if "ng" not in zlib.ZLIB_RUNTIME_VERSION:  # zlib-ng compresses differently, and to the same content
        assert made == shipped


def test_the_script_says_what_is_wrong(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["x"]) == 2
    assert "usage: " in capsys.readouterr().err
    assert main([str(tmp_path / "nothing.json"), str(tmp_path), "2026"]) == 1
    assert "nothing.json: cannot be read: " in capsys.readouterr().err


def test_the_script_removes_parts_of_families_that_are_gone(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.json").write_text(json.dumps(NATIVE))
    out = tmp_path / "out"
    out.mkdir()
    (out / "gone.z").write_bytes(b"")
    assert build(tmp_path / "in", out, "2026-01-01") == sum(part.stat().st_size for part in out.iterdir())
    assert sorted(part.name for part in out.iterdir()) == ["index", "shop.z"]


def test_the_script_runs_as_a_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a.json").write_text(json.dumps(NATIVE))
    command = [
        sys.executable,
        "-m",
        "ovhcore.schema.files.build",
        str(tmp_path / "a.json"),
        str(tmp_path / "out"),
        "2026",
    ]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert re.fullmatch(r"\d+ bytes\n", done.stdout)
    assert main(command[-3:]) == 0
    assert capsys.readouterr().out == done.stdout


# The user's cache.


def kept(cache: Path, date: str = LATER, endpoint: str = "ovh-eu", *documents: Any) -> Path:
    families = [read_document(each) for each in documents or (NATIVE,)]
    return keep(families, endpoint=endpoint, date=date, cache=cache)


def test_a_newer_cache_is_used_and_has_descriptions(tmp_path: Path) -> None:
    assert catalogue(cache=tmp_path).families() == catalogue().families()
    folder = kept(tmp_path)
    fetched = catalogue(cache=tmp_path)
    assert (fetched.families(), fetched.date, fetched.source) == (("/shop",), LATER, str(folder))
    assert fetched.operation("GET", "/shop").description == "List shops"
    assert fetched.family("/shop") == read_document(NATIVE)
    assert catalogue(cache=tmp_path) is fetched


def test_an_older_cache_is_not_used_but_that_of_another_endpoint_is(tmp_path: Path) -> None:
    kept(tmp_path, "2020-01-01")
    kept(tmp_path, "2020-01-01", "ovh-ca")
    assert "/me" in catalogue(cache=tmp_path).families()
    assert catalogue("ovh-ca", cache=tmp_path).families() == ("/shop",)
    assert "/me" in catalogue("https://api.example/1.0", cache=tmp_path).families()


def test_the_cache_lies_where_the_system_wants_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache_folder() == tmp_path / "ovhcore" / "schema"
    keep([read_document(NATIVE)], endpoint="ovh-us", date=LATER)
    assert catalogue("ovh-us").families() == ("/shop",)
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert cache_folder() == tmp_path / "home" / ".cache" / "ovhcore" / "schema"
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("LOCALAPPDATA", str(tmp_path / "local"))
    assert cache_folder() == tmp_path / "local" / "ovhcore" / "schema"


def test_the_catalogue_before_stays_for_who_reads_it_and_older_ones_go(tmp_path: Path) -> None:
    kept(tmp_path)
    second = kept(tmp_path)
    reading = catalogue(cache=tmp_path)
    third = kept(tmp_path)
    assert "GET /shop" in reading.family("/shop").operations
    assert {second.name, third.name} <= {each.name for each in (tmp_path / "ovh-eu").iterdir()}
    later = [kept(tmp_path, f"300{number}") for number in range(6)]
    left = {each.name for each in (tmp_path / "ovh-eu").iterdir()}
    assert left == {*(each.name for each in later), "current"}


def test_the_catalogues_there_are(tmp_path: Path) -> None:
    assert [each.date for each in catalogues(cache=tmp_path)] == [catalogue(cache=tmp_path).date]
    for date in ("3001", "3000"):
        kept(tmp_path, date)
    (tmp_path / "ovh-eu" / "broken").mkdir()
    (tmp_path / "ovh-eu" / "broken" / "index").write_bytes(b"?")
    (tmp_path / "ovh-eu" / "other").mkdir()
    index = {"format": -1, "endpoint": "ovh-eu", "date": "3002", "families": []}
    (tmp_path / "ovh-eu" / "other" / "index").write_bytes(squeeze(index))
    assert [each.date for each in catalogues(cache=tmp_path)][1:] == ["3000", "3001"]


class Unpackable:
    """Fails when it is written."""

    name = "/zzz"

    @property
    def operations(self) -> Any:
        raise KeyboardInterrupt


def test_what_fails_half_way_leaves_the_old_one_whole(tmp_path: Path) -> None:
    kept(tmp_path)
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(KeyboardInterrupt):
        keep([read_document(OLD), Unpackable()], endpoint="ovh-eu", date=LATER, cache=tmp_path)  # type: ignore[list-item]
    assert sorted(tmp_path.rglob("*")) == before
    assert catalogue(cache=tmp_path).families() == ("/shop",)


def test_a_program_that_is_killed_while_it_writes_leaves_the_old_one_whole(tmp_path: Path) -> None:
    kept(tmp_path)
    code = (
        "import os, sys; from pathlib import Path; from tests.schema.documents import NATIVE, OLD;"
        "from ovhcore.schema.files.store import keep; from ovhcore.schema.reading import read_document;"
        "Path.replace = lambda *_: os._exit(9);"
        f"keep([read_document(OLD)], endpoint='ovh-eu', date='3000', cache=Path({str(tmp_path)!r}))"
    )
    root = Path(__file__).resolve().parent.parent.parent
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=root, env={**os.environ, "PYTHONPATH": str(root)}, check=False
    )
    assert done.returncode == 9
    assert catalogue(cache=tmp_path).families() == ("/shop",)
    kept(tmp_path, LATER, "ovh-eu", OPENAPI)
    assert catalogue(cache=tmp_path).families() == ("/v2/shop",)


def test_who_reads_while_others_write_sees_one_or_the_other(tmp_path: Path) -> None:
    kept(tmp_path)
    done = threading.Event()
    seen: set[tuple[str, ...]] = set()
    rounds: SimpleQueue[None] = SimpleQueue()

    def read() -> None:
        while not done.is_set():
            found = catalogue(cache=tmp_path)
            seen.add(found.families())
            for name in found.families():
                assert found.family(name).operations
            rounds.put(None)

    thread = threading.Thread(target=read)
    thread.start()
    try:
        for number in range(20):
            kept(tmp_path, LATER, "ovh-eu", *((NATIVE,), (OLD, NATIVE))[number % 2])
            while not rounds.empty():
                rounds.get()
            for _ in range(2):  # only the one before is kept for who reads it
                rounds.get(timeout=60)
    finally:
        done.set()
        thread.join()
    assert seen <= {("/shop",), ("/old", "/shop")}


@pytest.mark.parametrize("damage", [b"", b"x", squeeze([]), squeeze({"format": 1}), squeeze("x")[:-2]])
def test_a_damaged_cache_is_named(tmp_path: Path, damage: bytes) -> None:
    folder = kept(tmp_path)
    (folder / "shop.z").write_bytes(damage)
    with pytest.raises(SchemaError, match=r"shop\.z: is damaged, or written by another version of ovhcore$"):
        catalogue(cache=tmp_path).family("/shop")
    (folder / "shop.z").unlink()
    with pytest.raises(SchemaError, match=r"shop\.z: cannot be read: .*; fetch the catalogue again"):
        catalogue(cache=tmp_path).family("/shop")
    store._opened.clear()
    (folder / "index").write_bytes(damage)
    with pytest.raises(SchemaError, match="index: is damaged; fetch it again, or remove the folder"):
        catalogue(cache=tmp_path)


def test_a_part_that_cannot_be_made_into_operations_is_damaged() -> None:
    with pytest.raises(SchemaError, match=r"^part: is damaged"):
        unpack(squeeze({"format": 2}))


def test_an_index_does_not_lead_out_of_its_folder(tmp_path: Path) -> None:
    folder = kept(tmp_path)
    index = unsqueeze((folder / "index").read_bytes())
    index["families"][0][1] = "../../../../etc/passwd"
    (folder / "index").write_bytes(squeeze(index))
    with pytest.raises(SchemaError, match="index: is damaged"):
        catalogue(cache=tmp_path)


def test_a_cache_of_another_format_is_passed_over(tmp_path: Path) -> None:
    folder = kept(tmp_path)
    (folder / "index").write_bytes(squeeze({"format": 2}))
    assert "/me" in catalogue(cache=tmp_path).families()
    (tmp_path / "ovh-eu" / "current").write_text("../elsewhere")
    assert "/me" in catalogue(cache=tmp_path).families()
    (tmp_path / "ovh-eu" / "current").write_bytes(b"\xff")
    assert "/me" in catalogue(cache=tmp_path).families()


def test_families_whose_files_would_have_one_name_are_kept_apart(tmp_path: Path) -> None:
    names = ("/a/b", "/a.b", "/A/b", "/../b")
    kept(tmp_path, LATER, "x", *({**NATIVE, "resourcePath": name} for name in names))
    found = catalogue("x", cache=tmp_path)
    assert found.families() == tuple(sorted(names))
    assert [found.family(name).name for name in names] == list(names)


# Fetching, from a real server.


class Schemas:
    """Answers what an endpoint does: an index for each version, and the documents."""

    def __init__(self, documents: dict[str, Any]) -> None:
        self.answers = {path: json.dumps(each).encode() for path, each in documents.items()}
        self.seen: list[Received] = []

    def __call__(self, request: Received) -> bytes:
        self.seen.append(request)
        body = self.answers.get(request.target)
        if body is None:
            return answer(b'{"message": "Got an invalid (or empty) URL"}', "404 Not Found", "X-Ovh-QueryID: EU.ext-1")
        return answer(body)


def index(*paths: str) -> Any:
    return {"apis": [{"path": path, "schema": "{path}.{format}", "format": ["json", "yaml"]} for path in paths]}


DOCUMENTS = {
    "/1.0/": index("/shop", "/old"),
    "/1.0/shop.json": NATIVE,
    "/1.0/old.json": {**OLD, "basePath": "https://example/else"},
    "/v2/": index("/shop"),
    "/v2/shop.json": {**NATIVE, "basePath": ""},
}


@pytest.fixture
def schemas() -> Schemas:
    return Schemas(DOCUMENTS)


@pytest.fixture
def fetch(schemas: Schemas) -> Iterator[Callable[[Sequence[str]], Any]]:
    with (
        RawServer(schemas) as server,
        ovh.Client(f"http://127.0.0.1:{server.port}/1.0", transport="urllib3", retry=False, time_sync="off") as client,
    ):
        yield lambda paths: client.gather(paths, _need_auth=False)


def test_the_live_schemas_are_fetched(schemas: Schemas, fetch: Any, tmp_path: Path) -> None:
    folder = update(fetch, endpoint="ovh-eu", date=LATER, cache=tmp_path)
    found = catalogue(cache=tmp_path)
    assert found.source == str(folder)
    assert found.families() == ("/old", "/shop", "/v2/shop")
    assert found.operation("GET", "/v2/shop/x").path == "/v2/shop/{shopName}"
    assert sorted(each.target for each in schemas.seen) == sorted(DOCUMENTS)
    assert not any("x-ovh-signature" in str(each.pairs) for each in schemas.seen)


def test_an_endpoint_without_version_2(schemas: Schemas, fetch: Any, tmp_path: Path) -> None:
    del schemas.answers["/v2/"]
    update(fetch, endpoint="kimsufi-eu", date=LATER, cache=tmp_path)
    assert catalogue("kimsufi-eu", cache=tmp_path).families() == ("/old", "/shop")


@pytest.mark.parametrize(
    ("path", "body", "error", "message"),
    [
        ("/1.0/", None, ovh.ResourceNotFoundError, "invalid"),
        ("/1.0/", b"[]", SchemaError, r"^GET /1\.0/: \$: must be an object, not a list$"),
        ("/1.0/", b'{"apis": []}', SchemaError, r"^GET /1\.0/: \$: names no families$"),
        (
            "/1.0/",
            b'{"apis": [{"path": "me"}]}',
            SchemaError,
            r"\$\.apis\[0\]\.path: a path must start with '/', not 'me'$",
        ),
        ("/1.0/old.json", None, ovh.ResourceNotFoundError, "invalid"),
        ("/1.0/old.json", b'{"apis": [', ovh.InvalidResponse, "JSON"),
        ("/1.0/old.json", b"null", SchemaError, r"^GET /1\.0/old\.json: \$: must be an object, not null$"),
        (
            "/1.0/old.json",
            json.dumps(NATIVE).encode(),
            SchemaError,
            "^ovh-eu: two documents are of the family '/shop'$",
        ),
        (
            "/v2/shop.json",
            json.dumps({**NATIVE, "models": 5}).encode(),
            SchemaError,
            r"^GET /v2/shop\.json: \$\.models: ",
        ),
    ],
)
def test_what_cannot_be_fetched_leaves_the_old_one_whole(
    schemas: Schemas, fetch: Any, tmp_path: Path, path: str, body: bytes | None, error: type[Exception], message: str
) -> None:
    kept(tmp_path)
    before = sorted(tmp_path.rglob("*"))
    if body is None:
        del schemas.answers[path]
    else:
        schemas.answers[path] = body
    with pytest.raises(error, match=message):
        update(fetch, endpoint="ovh-eu", date="3000", cache=tmp_path)
    assert sorted(tmp_path.rglob("*")) == before
    assert catalogue(cache=tmp_path).families() == ("/shop",)


def test_offline_leaves_the_old_one_whole(tmp_path: Path) -> None:
    kept(tmp_path)
    with RawServer() as server:
        url = f"http://127.0.0.1:{server.port}/1.0"
    with (
        ovh.Client(url, transport="urllib3", retry=False, time_sync="off") as client,
        pytest.raises(ovh.ConnectError),
    ):
        update(lambda paths: client.gather(paths, _need_auth=False), endpoint="ovh-eu", date=LATER, cache=tmp_path)
    assert catalogue(cache=tmp_path).families() == ("/shop",)


def test_answers_in_the_form_of_openapi_are_read(tmp_path: Path) -> None:
    documents: dict[str, Any] = {"/1.0/": index("/x"), "/1.0/x.json": OPENAPI}

    def fetch(paths: Sequence[str]) -> list[Any]:
        if "/v2/" in paths:
            raise ovh.ResourceNotFoundError("no")
        return [documents[path] for path in paths]

    update(fetch, endpoint="x", date=LATER, cache=tmp_path)
    assert catalogue("x", cache=tmp_path).families() == ("/v2/shop",)
    with pytest.raises(SchemaError, match="must be an object, not null"):
        update(lambda _: [], endpoint="x", date=LATER, cache=tmp_path)


def test_the_schema_of_a_family_is_where_the_index_says() -> None:
    found = schema_paths({"apis": [{"path": "/a", "schema": "{path}/all.{format}"}, {"path": "/b"}]}, "v2")
    assert found == ["/v2/a/all.json", "/v2/b.json"]


@pytest.mark.untraced
def test_the_real_documents_are_fetched(shared_data: Path, tmp_path: Path) -> None:
    """The whole API, from a server with its index."""
    documents: dict[str, Any] = {}
    for version, folder in (("1.0", "v1"), ("v2", "v2")):
        listed = json.loads((shared_data / "native" / folder / "_index.json").read_text("utf-8"))["apis"]
        by_path = {
            each["resourcePath"]: each
            for file in (shared_data / "native" / folder).glob("[!_]*.json")
            for each in [json.loads(file.read_text("utf-8"))]
        }
        documents[f"/{version}/"] = {"apis": [each for each in listed if each["path"] in by_path]}
        documents.update({f"/{version}{path}.json": each for path, each in by_path.items()})
    server_of = Schemas(documents)
    with (
        RawServer(server_of) as server,
        ovh.Client(f"http://127.0.0.1:{server.port}/1.0", transport="urllib3", time_sync="off") as client,
    ):
        update(lambda paths: client.gather(paths, _need_auth=False), endpoint="ovh-eu", date=LATER, cache=tmp_path)
    found = catalogue(cache=tmp_path)
    shipped = catalogue()
    assert set(found.families()) <= set(shipped.families())
    described = found.operation("GET", "/me/bill/{billId}")
    assert described.description
    assert described.replacing(description="", parameters=()) == shipped.operation(
        "GET", "/me/bill/{billId}"
    ).replacing(parameters=())


# Documents of one's own.


def test_a_file_or_a_folder_of_documents(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "a.json").write_text(json.dumps(NATIVE))
    (tmp_path / "sub" / "b.JSON").write_text(json.dumps(OPENAPI))
    (tmp_path / "_index.json").write_text(json.dumps(index("/shop")))
    (tmp_path / "README.md").write_text("no schema")
    found = schema.load(tmp_path)
    assert (found.families(), found.source, found.endpoint) == (("/shop", "/v2/shop"), str(tmp_path), "")
    assert schema.load(str(tmp_path / "a.json")).families() == ("/shop",)


def test_yaml_is_read_as_json_would_be(tmp_path: Path) -> None:
    yaml = pytest.importorskip("yaml")
    (tmp_path / "a.yaml").write_text(yaml.safe_dump(NATIVE, sort_keys=False))
    (tmp_path / "b.yml").write_text(yaml.safe_dump(OPENAPI, sort_keys=False))
    found = schema.load(tmp_path)
    assert found.family("/shop") == read_document(NATIVE)
    assert found.family("/v2/shop") == read_document(OPENAPI)
    (tmp_path / "c.yaml").write_text(
        "apiVersion: 1.0\nresourcePath: /y\nmodels:\n  y.E: {enum: [NO, yes, 2026-01-01, 12, 1.5, 1e3, '4']}\n"
        "apis: [{path: /y, operations: [{httpMethod: GET, noAuthentication: false, responseTypes: {200: string}}]}]\n"
    )
    family = schema.load(tmp_path / "c.yaml").family("/y")
    assert family.models["y.E"].values == ("NO", "yes", "2026-01-01", 12, 1.5, 1000.0, "4")  # type: ignore[union-attr]
    assert str(family.operations["GET /y"].answer) == "string"


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.json", b"{", r"a\.json: is not JSON: Expecting"),
        ("a.json", b"[" * 100_000, r"a\.json: is not JSON: it is nested too deeply"),
        ("a.json", b"\xff", r"a\.json: is not JSON: "),
        ("a.yaml", b"a: [", r"a\.yaml: is not YAML: "),
        ("a.yaml", b"a: !!python/object:os.system x", r"a\.yaml: is not YAML: "),
        ("a.yaml", b"{? [1]: 2}", r"a\.yaml: is not YAML: "),
        ("a.yaml", b"[" * 1_200, r"a\.yaml: is not YAML: "),
        ("a.yaml", b"[" * 990 + b"]" * 990, r"a\.yaml: is not YAML: it is nested too deeply"),
        ("a.yaml", b"text", r"a\.yaml: \$: is neither"),
        ("a.json", b"5", r"a\.json: \$: is neither"),
        ("a.txt", b"", r"holds no schema documents \(\.json, \.yaml, \.yml\)"),
    ],
)
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, name: str, content: bytes, message: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(SchemaError, match=message):
        schema.load(tmp_path)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(SchemaError, match=r"no\.json: cannot be read: No such file"):
        list(families_of(tmp_path / "no.json"))


def test_yaml_needs_a_library(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "ovhcore.schema.files.yaml_reading", None)
    (tmp_path / "a.yaml").write_text("{}")
    with pytest.raises(SchemaError, match=r"a\.yaml: needs PyYAML to be read: pip install pyyaml$"):
        schema.load(tmp_path / "a.yaml")
