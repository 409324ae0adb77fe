"""Commands of the README and the documentation: those shown run on a sandbox, those named are what a command takes."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import Final

import click
import pytest

from ovhcore_transports.cli import command
from ovhcore_transports.recording.cassette.cassettes import Cassette
from ovhcore_transports.sandbox import ACCESS_KEYS, CLIENT_ID, CLIENT_SECRET, Sandbox, Server, serve
from tests.cli.conftest import Ran, Runner, lead_to
from tests.commands_in_pages import PAGES, mentioned_in, shown_in, synopses_of

pytestmark = pytest.mark.once

KEYS: Final = "".join(f"{name} = {value}\n" for name, value in ACCESS_KEYS.items())
SHOWN: Final = {page: found for page, text in PAGES.items() if (found := [*shown_in(text)])}
MENTIONED: Final = [
    *dict.fromkeys(each for text in PAGES.values() for each in mentioned_in(text) if not each[0].isupper())
]
SYNOPSES: Final = [each for text in PAGES.values() for each in synopses_of(text)]
SERVING: Final = ("sandbox", "mcp")
"""Commands that serve until they are stopped."""
COMMAND: Final = [sys.executable, "-c", "from ovhcore_transports.cli import main; main()"]


@pytest.fixture
def parse(run: Runner, monkeypatch: pytest.MonkeyPatch) -> Runner:
    """Return what runs a command up to where it would begin its work."""

    def invoke(self: click.Command, context: click.Context) -> None:
        """Do nothing: what was typed has been understood."""

    monkeypatch.setattr(click.Command, "invoke", invoke)  # groups go on to their commands
    return run


class Visitor:
    """Somebody who types what a page shows, one command after the other."""

    def __init__(self, run: Runner, server: Server, patch: pytest.MonkeyPatch, home: Path) -> None:
        self.run, self.server, self.patch, self.home = run, server, patch, home
        patch.chdir(home)
        patch.setenv("HOME", str(home))
        patch.setenv("EDITOR", "touch -d 2030-01-01")
        patch.setattr("ovhcore_transports.cli.doctor.local.CONFIG_FILES", ())
        patch.setattr("ovhcore.config.settings_sources.CONFIG_FILES", ("~/.ovh.conf",))
        lead_to(server, patch)
        profiles = [f"[profile {name}]\nendpoint = {server.url}\n{KEYS}" for name in ("work", "cron")]
        (home / ".ovh.conf").write_text("\n".join(profiles))
        (home / ".ovh.conf").chmod(0o600)
        (home / "src").mkdir()
        (home / "src" / "bills.py").write_text("import ovhcore\n\novhcore.Client().get('/me/bill')\n")
        Cassette([]).save(home / "old.yaml")

    def types(self, arguments: tuple[str, ...]) -> Ran:
        words, typed = [*arguments], ""
        if "login" in words:
            typed = KEYS
            if "--service-account" in words:
                typed = f"{CLIENT_ID}\n{CLIENT_SECRET}\n"
                self.patch.setenv("OVH_TOKEN_URL", self.server.token_url)
                for name in ACCESS_KEYS:
                    self.patch.delenv(f"OVH_{name.upper()}")
            if "--keys-from" not in words:
                words += ["--keys-from", "-"]
            if "--endpoint" in words:
                at = words.index("--endpoint")
                del words[at : at + 2]
            words += ["--endpoint", self.server.url]
        if "wait" in words:  # for the last task there is
            server = words[-1].rpartition("/")[0]
            assert self.run("post", server.removesuffix("/task") + "/reboot").code == 0
            words[-1] = f"{server}/{json.loads(self.run('get', server).out)[-1]}"
        return self.run(*words, stdin=typed)


@pytest.mark.parametrize("page", SHOWN)
def test_the_commands_that_a_page_shows_run(
    run: Runner, page: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with serve(Sandbox(task_seconds=0.2)) as server:
        server.sandbox._state.auto_validate = True
        visitor = Visitor(run, server, monkeypatch, tmp_path)
        for arguments in SHOWN[page]:
            if arguments[0] not in SERVING:
                ran = visitor.types(arguments)
                assert ran.code == 0, (arguments, ran.err)


@pytest.mark.parametrize(
    "arguments",
    [*dict.fromkeys(each for found in SHOWN.values() for each in found if each[0] in SERVING)],
    ids=" ".join,
)
def test_a_command_that_serves_does_so_until_it_is_stopped(
    arguments: tuple[str, ...], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("OVH_TRANSPORT", "sandbox")
    words = ["0" if before == "--port" else word for before, word in zip(("", *arguments), arguments, strict=False)]
    # It gets the end of its input; what an assistant asks, and the sandbox answers, other tests hold.
    with subprocess.Popen(
        [*COMMAND, *words], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as running:
        try:
            assert running.stdout is not None
            if arguments[0] == "sandbox":
                assert any("Serving; press Ctrl+C to stop." in line for line in running.stdout)
                running.send_signal(signal.SIGINT)
            said = running.communicate(timeout=60)[0]
            assert running.returncode == 0, said
        finally:
            running.kill()


@pytest.mark.parametrize("arguments", MENTIONED, ids=" ".join)
def test_a_command_that_is_named_takes_what_is_said(parse: Runner, arguments: tuple[str, ...]) -> None:
    ran = parse(*arguments)
    # A sentence names no more than it is about, and files that readers have.
    assert ran.code == 0 or re.search("Error: Missing |does not exist", ran.err), ran.err


@pytest.mark.parametrize("synopsis", SYNOPSES)
def test_a_synopsis_has_options_that_there_are(run: Runner, synopsis: str) -> None:
    words = re.split(r" (?=[^a-z])", synopsis, maxsplit=1)[0].split()
    known = command._commands().listed
    assert words[0] in known
    ran = run(*words[: 2 if words[0] in ("schema", "cassette") else 1], "--help")
    assert ran.code == 0
    for option in re.findall(r"--[a-z0-9-]+", synopsis):
        assert re.search(rf"{option}\b(?!-)", ran.out), option


def test_a_command_that_there_is_not(parse: Runner) -> None:
    """What the tests above rest on: the real parser refuses what it does not know."""
    for typed in (("fetch", "/me"), ("get", "/me", "--wiat"), ("sandbox", "--latency", "slow"), ("schema", "list")):
        assert parse(*typed).code == 2, typed


def test_every_way_of_writing_a_command_is_seen() -> None:
    page = """
# A page with `ovhcore demo`, and `ovhcore
doctor --json`

```console
$ ovhcore get /me --query '[].a | [0]' > me.json  # ovhcore in a comment
OVH_TRANSPORT=sandbox .venv/bin/ovhcore post \\
  /me a:='{"b": "c d"}' < body.json || ovhcore doctor
if ovhcore -q whoami; then eval "$(ovhcore completion bash)"; fi
pip install ovhcore && python ovhcore.py
```

`ovhcore get PATH [--all]`
: Gets.

  ```sh
  cat names | ovhcore get /zone -o csv 2>&1 | sort
  ```
"""
    assert [*shown_in(page)] == [
        ("get", "/me", "--query", "[].a | [0]"),
        ("post", "/me", 'a:={"b": "c d"}'),
        ("doctor",),
        ("completion", "bash"),
        ("-q", "whoami"),
        ("get", "/zone", "-o", "csv"),
    ]
    assert [*mentioned_in(page)] == [("demo",), ("doctor", "--json")]
    assert [*synopses_of(page)] == ["get PATH [--all]"]


def test_every_command_has_its_place_in_the_reference() -> None:
    for name in command._commands().listed:
        assert any(each.split()[0] == name for each in synopses_of(PAGES["docs/reference/command-line.md"])), name
