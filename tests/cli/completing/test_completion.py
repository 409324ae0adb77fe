"""Completion: what is told of words, and what real shells make of it."""

from __future__ import annotations

import os
import pty
import select
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from ovhcore import schema
from ovhcore_transports.cli.completing import shells
from tests.cli.conftest import Runner
from tests.schema.test_store import kept

pytestmark = pytest.mark.once

Ask = Callable[..., list[str]]


@pytest.fixture(autouse=True)
def no_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    for name in [each for each in os.environ if each.startswith("OVH_")]:
        monkeypatch.delenv(name)


@pytest.fixture
def ask(run: Runner, monkeypatch: pytest.MonkeyPatch) -> Ask:
    """Return what asks as bash does behind a line."""

    def ask(line: str, breaks: str = "") -> list[str]:
        monkeypatch.setenv("_OVHCORE_COMPLETE", "bash_complete")
        monkeypatch.setenv("COMP_WORDS", f"ovhcore {line}")
        monkeypatch.setenv("COMP_BREAKS", breaks)
        ran = run("ignored")
        assert ran.err == ""
        assert all(each.startswith(("plain\t", "nospace\t")) for each in ran.out.splitlines())
        return [each.partition("\t")[2] for each in ran.out.splitlines()]

    return ask


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        ("", ["login", "get", "completion", "plugins"]),
        ("ge", ["get"]),
        ("--endpoint ovh-us wh", ["whoami"]),
        ("--en", ["--endpoint"]),
        ("--endpoint ovh-c", ["ovh-ca"]),
        ("get /me --transport sa", ["sandbox"]),
        ("get /m", ["/me", "/me/"]),
        ("get me/bil", ["me/bill", "me/bill/", "me/billing/"]),
        ("get /domain/zone/example.com/refr", []),
        ("post /domain/zone/example.com/refr", ["/domain/zone/example.com/refresh"]),
        ("post /domain/zone/example.com/record fi", ["fieldType="]),
        ("post /domain/zone/example.com/record fieldType=AA", ["fieldType=AAAA"]),
        ("post /domain/zone/example.com/record fieldType:=AA", ["fieldType:=AAAA"]),
        ("post /domain/zone/example.com/record nothing=", []),
        ("post /nowhere a", []),
        ("get /domain/zone/{zoneName}/record zo", ["zoneName="]),
        ("get /me/bill date.f", ["date.from="]),
        ("get /domain/zone/exam", ["/domain/zone/exam", "/domain/zone/exam/"]),
        ("get /me -o j", ["json", "jsonl"]),
        ("call pu", ["PUT"]),
        ("call POST /domain/zone/example.com/refr", ["/domain/zone/example.com/refresh"]),
        ("wait /me/bil", ["/me/bill", "/me/bill/", "/me/billing/"]),
        ("schema show GET /me/bil", ["/me/bill", "/me/bill/", "/me/billing/"]),
        ("schema sh", ["show"]),
        ("--debug get /me --quer", ["--query"]),
        ("get /me/bill --columns bil", ["billId"]),
        ("get /me/bill --columns billId,d", ["billId,date"]),
        ("get /me/bill --columns billId,billI", []),
        ("get /me/bill --columns priceWithTax.te", ["priceWithTax.text"]),
        ("get /me/bill --columns priceWithTax.text.", []),
        ("get /me --columns firstn", ["firstname"]),
        ("get me/bill/FR1 --columns orderI", ["orderId"]),
        ("get /dedicated/server/ns1/task --columns taskI", ["taskId"]),
        ("get /v2/vrackServices/resource --columns resourceS", ["resourceStatus"]),
        ("post /domain/zone/example.com/record --columns targ", ["target"]),
        ("call POST /domain/zone/example.com/record --columns targ", ["target"]),
        ("wait /me/bill/FR1 --columns orderI", ["orderId"]),
        ("get --columns orderI", []),
        ("get /nowhere --columns a", []),
        ("whoami --columns a", []),
        ("get /me/bill --sort da", ["date"]),
        ("get /me/bill --filter cat", ["category:"]),
        ("get /me/bill --filter category:n", ["category:ne=", "category:nlike="]),
        ("get /me/bill --filter category:in=autorenew,pur", ["category:in=autorenew,purchase"]),
        ("get /me/bill --filter category:eq=pur", ["category:eq=purchase"]),
        ("get /me/bill --filter billId:eq=", []),
        ("get /me/bill --filter nothing:eq=", []),
        ("get /nowhere --filter nothing:eq=", []),
    ],
)
def test_what_may_be_typed(ask: Ask, line: str, wanted: list[str]) -> None:
    found = ask(line)
    assert set(wanted) <= set(found)
    if not wanted:
        assert found == []


def test_arguments_are_offered_once_and_those_that_have_to_be_first(ask: Ask) -> None:
    line = "post /domain/zone/example.com/record "
    found = ask(line)
    assert found[:2] == ["fieldType=", "target="]
    assert "ttl=" not in ask(line + "ttl=60 ")


def test_files(ask: Ask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "file").touch()
    (tmp_path / "folder" / ".hidden").touch()
    monkeypatch.chdir(tmp_path)
    assert ask("post /x @fol") == ["@folder/"]
    assert ask("--config fol") == ["folder/"]
    assert ask("post /x @folder/") == ["@folder/file"]
    assert ask("post /x key=@~/folder/.h") == ["key=@~/folder/.hidden"]
    assert ask("post /x key=@folder/f", "@=:") == ["folder/file"]


def test_values_of_booleans_and_lists(ask: Ask) -> None:
    catalogue = schema.catalogue()
    gets = [each for each in catalogue.operations() if each.method == "GET"]
    path, name = next((o.path, p.name) for o in gets for p in o.placed("query") if str(p.type) == "boolean")
    assert ask(f"get {path} {name}=") == [f"{name}=true", f"{name}=false"]
    for operation in gets:
        for each in operation.placed("query"):
            if isinstance(each.type, schema.Array) and isinstance(each.type.item, schema.Ref):
                model = catalogue.family(operation.family).model(each.type.item)
                assert isinstance(model, schema.Enumeration)
                line = f"get {operation.path} {each.name}="
                assert f"{each.name}={model.values[0]}" in ask(line)
                assert f"{each.name}=" in ask(f"{line}x ")  # it may be repeated
                return
    pytest.fail("no operation has a list of words")


def test_bash_replaces_what_stands_behind_the_last_sign(ask: Ask) -> None:
    line = "post /domain/zone/example.com/record fieldType=AA"
    assert ask(line, "=:") == ["AAAA"]
    assert ask(line, " ") == ["fieldType=AAAA"]


@pytest.mark.parametrize(
    ("shell", "first", "second"),
    [
        ("zsh", "nospace\nfieldType=\nfieldType=  -- domain.zone.RecordTypeEnum, required", "plain\nfieldType=A"),
        ("fish", "plain,fieldType=\tdomain.zone.RecordTypeEnum, required", "plain,fieldType=A"),
    ],
)
def test_what_other_shells_are_told(
    run: Runner, monkeypatch: pytest.MonkeyPatch, shell: str, first: str, second: str
) -> None:
    line = "ovhcore post /domain/zone/example.com/record "
    monkeypatch.setenv("_OVHCORE_COMPLETE", f"{shell}_complete")
    for begun, wanted in (("fie", first), ("fieldType=", second)):
        monkeypatch.setenv("COMP_WORDS", line + begun)
        monkeypatch.setenv("COMP_CWORD", "3" if shell == "zsh" else begun)
        ran = run("ignored")
        assert ran.out.startswith(wanted), ran


def test_the_endpoint_and_profiles_of_the_settings(ask: Ask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept(tmp_path / "ovhcore" / "schema", endpoint="ovh-us")
    assert ask("get /sh") == []
    assert "/shop" in ask("--endpoint ovh-us get /sh")
    assert "/shop" in ask("get --endpoint ovh-us /sh")
    config = tmp_path / "conf"
    config.write_text("[profile work]\nendpoint = ovh-us\n[profile home]\n[ovh-eu]\n")
    assert ask(f"--config {config} --profile ") == ["work", "home"]
    assert "/shop" in ask(f"--config {config} --profile work get /sh")


def test_a_prompt_shows_no_errors(run: Runner, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("_OVHCORE_COMPLETE", "bash_complete")
    monkeypatch.setenv("COMP_WORDS", "ovhcore get /me")
    monkeypatch.setenv("OVH_ENDPOINT", "nowhere")
    assert run("ignored") == (1, "", "")
    monkeypatch.setenv("_OVHCORE_COMPLETE", "other_complete")
    assert run("ignored") == (0, "", "")


def test_no_more_families_are_read_than_a_path_leads_to() -> None:
    catalogue = schema.catalogue()
    whole = schema.Catalogue(catalogue._heads, catalogue._load)
    assert "/domain/" in whole.completions("")
    assert whole.completions("") == whole.completions("/")
    assert not whole._loaded
    assert "/domain/zone/x/record" in whole.completions("/domain/zone/x/rec", "get")
    assert len(whole._loaded) <= 2
    assert "/dedicated/server/{serviceName}/reboot" in whole.completions("/dedicated/server/{serviceName}/re", "POST")
    assert "/dedicated/server/ns1/reboot" in whole.completions("/dedicated/server/ns1/re", "POST")
    assert whole.completions("/nowhere/at/all") == []


# Real shells


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder with the command, which is the first that is looked for."""
    command = tmp_path / "ovhcore"
    code = "from ovhcore_transports.cli import main; main()"
    command.write_text(f"#!{sys.executable}\n{code}\n")
    command.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    return tmp_path


@pytest.mark.parametrize("shell", [*shells.SHELLS])
def test_a_script_is_one_for_its_shell(run: Runner, shell: str, tmp_path: Path) -> None:
    ran = run("completion", shell)
    assert ran.code == 0
    assert "_OVHCORE_COMPLETE" in ran.out
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not installed")
    file = tmp_path / "script"
    file.write_text(ran.out)
    assert subprocess.run([shell, "-n", file], capture_output=True, text=True, timeout=60).stderr == ""


@pytest.mark.skipif(shutil.which("fish") is None, reason="fish is not installed")
def test_fish(home: Path) -> None:
    code = 'ovhcore completion fish | source; complete -C "$argv[1]"'
    for line, wanted in (
        ("ovhcore post /domain/zone/example.com/refr", "/domain/zone/example.com/refresh"),
        ("ovhcore post /domain/zone/example.com/record fie", "fieldType=\tdomain.zone.RecordTypeEnum, required"),
        ("ovhcore post /domain/zone/example.com/record fieldType=AA", "fieldType=AAAA"),
        ("ovhcore who", "whoami\tSay whose keys these are, and what they may do."),
    ):
        done = subprocess.run(
            ["fish", "--no-config", "-c", code, line], capture_output=True, text=True, timeout=60, check=True
        )
        found = done.stdout.splitlines()
        assert any(each.partition("\t")[0] == wanted.partition("\t")[0] for each in found), (found, done.stderr)


@pytest.mark.parametrize(
    ("typed", "wanted"),
    [
        ("post /domain/zone/example.com/refr", "/domain/zone/example.com/refresh "),
        ("post /domain/zone/example.com/record fieldTy", "fieldType="),
        ("post /domain/zone/example.com/record fieldType=AAA", "fieldType=AAAA "),
        ("get /domain/zone/example.com/dynH", "/domain/zone/example.com/dynHost/"),
    ],
)
@pytest.mark.parametrize("shell", ["bash", "zsh"])
def test_somebody_types(home: Path, shell: str, typed: str, wanted: str) -> None:
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not installed")
    begin = {
        "bash": 'PS1="> "; bind "set enable-bracketed-paste off"; eval "$(ovhcore completion bash)"; echo rea"dy"\n',
        "zsh": 'PS1="> "; autoload -Uz compinit; compinit -D; eval "$(ovhcore completion zsh)"; echo rea"dy"\n',
    }[shell]
    options = {"bash": ["--norc", "-i"], "zsh": ["-f", "-i"]}[shell]
    main, follower = pty.openpty()
    running = subprocess.Popen(
        [shell, *options],
        stdin=follower,
        stdout=follower,
        stderr=follower,
        start_new_session=True,
        env={**os.environ, "TERM": "dumb", "COLUMNS": "200"},
    )
    os.close(follower)
    try:
        os.write(main, begin.encode())
        _until(main, "ready\r\n")
        os.write(main, f"ovhcore {typed}\t".encode())
        _until(main, wanted)
    finally:
        running.kill()
        running.wait()
        os.close(main)


def _until(terminal: int, wanted: str) -> None:
    """Wait until a terminal has shown something."""
    shown = ""
    end = time.monotonic() + 60
    while wanted not in shown:
        assert select.select([terminal], [], [], max(0.0, end - time.monotonic()))[0], shown
        shown += os.read(terminal, 65536).decode("utf-8", "replace")
