"""Pages by task: they begin with an example, their commands run, their pictures are of what commands show now."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import shlex
import sys
from pathlib import Path
from types import ModuleType

import pytest

from ovhcore import schema
from ovhcore_transports.sandbox import ACCESS_KEYS, Sandbox
from tests.cli.conftest import Runner, box, run  # noqa: F401 - fixtures

pytestmark = pytest.mark.once

DOCS = Path(__file__).resolve().parents[1] / "docs"
TASKS = (
    "log-in",
    "see-what-a-key-may-do",
    "manage-dns",
    "list-invoices-as-csv",
    "reboot-and-reinstall-a-server",
    "run-from-cron",
    "find-what-is-wrong",
    "move-from-python-ovh",
    "test-offline",
)
KEYS = "".join(f"{name} = {value}\n" for name, value in ACCESS_KEYS.items())


def text_of(page: str) -> str:
    return (DOCS / f"{page}.md").read_text("utf-8")


@pytest.mark.parametrize("task", [*TASKS, "call-from-a-terminal", "configure", "record-and-replay", "steer-a-sandbox"])
def test_a_page_begins_with_the_shortest_whole_example(task: str) -> None:
    assert re.match(r"# [^\n]+\n\n```", text_of(f"how-to/{task}")), task


def test_the_index_leads_to_every_task() -> None:
    text = text_of("index")
    for task in TASKS:
        assert f"{{doc}}`how-to/{task}`" in text
        assert f"\n{task}\n" in text_of("how-to/index")


@pytest.mark.parametrize(
    ("word", "page"),
    [
        ("login", "log-in"),
        ("dns", "manage-dns"),
        ("invoice", "list-invoices-as-csv"),
        ("troubleshoot", "find-what-is-wrong"),
    ],
)
def test_a_word_that_is_searched_for(word: str, page: str) -> None:
    assert re.search(rf"\b{word}(s|ing)?\b", text_of(f"how-to/{page}"), re.IGNORECASE)


def commands(page: str) -> list[list[str]]:
    blocks = re.findall(r"```sh\n(.*?)```", text_of(page), re.DOTALL)
    lines = [line for block in blocks for line in block.splitlines() if line.startswith("ovhcore ")]
    return [shlex.split(re.split(r" [|>&]| <|\|\|", line)[0], comments=True)[1:] for line in lines]


NEW = ("manage-dns", "list-invoices-as-csv", "reboot-and-reinstall-a-server", "run-from-cron")


@pytest.mark.parametrize(
    "arguments", [each for page in NEW for each in commands(f"how-to/{page}")], ids=lambda each: " ".join(each)[:60]
)
def test_a_command_runs(
    run: Runner,  # noqa: F811
    box: Sandbox,  # noqa: F811
    arguments: list[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr("ovhcore_transports.cli.doctor.here.CONFIG_FILES", ())
    file = tmp_path / "conf"
    file.write_text(f"[profile cron]\nendpoint = {box_url()}\n{KEYS}")
    file.chmod(0o600)
    if "--profile" in arguments:
        arguments = [*arguments, "--config", str(file)]
    if "login" in arguments:
        arguments = [*arguments, "--endpoint", box_url(), "--keys-from", "-"]
    if "wait" in arguments:
        assert run("post", "/dedicated/server/ns1.ip-192-0-2.eu/reboot").code == 0
        arguments[-1] = re.sub(r"\d+$", str(task_of(run)), arguments[-1])
    ran = run(*arguments, stdin=KEYS)
    if ran.code == 5:  # the sandbox imitates a part of the API: the call is one of it all the same
        method, path = arguments[0], arguments[1]
        assert schema.catalogue().find(method, path) is not None, ran.err
        ran = run(*[each for each in arguments if each != "--wait"], "--dry-run")
    assert ran.code == 0, ran.err


def box_url() -> str:
    return os.environ["OVH_ENDPOINT"]


def task_of(run: Runner) -> int:  # noqa: F811
    return int(json.loads(run("get", "/dedicated/server/ns1.ip-192-0-2.eu/task").out)[-1])


# Pictures


def pictures() -> ModuleType:
    spec = importlib.util.spec_from_file_location("pictures", DOCS / "pictures.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.skipif(sys.platform == "win32", reason="terminals of POSIX")
@pytest.mark.parametrize("name", ["bills", "demo", "dns-records", "first-calls"])
def test_a_picture_is_of_what_commands_show(name: str) -> None:
    module = pictures()
    assert {*module.PICTURES} == {each.stem for each in (DOCS / "_static").glob("*.svg")}
    kept = (DOCS / "_static" / f"{name}.svg").read_text("utf-8")
    assert module.words_of(module.drawn(name)) == module.words_of(kept), "run python docs/pictures.py"
    assert "http://" not in re.sub(r"http://(www\.w3\.org|127\.0\.0\.1)", "", kept)
    assert "https://" not in re.sub(r"https://www\.(w3|textualize)\.", "", kept)
