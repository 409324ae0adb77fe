"""``ovh.conf`` survives: what is not changed stays to the byte, and a kill leaves the old file or the new one."""

from __future__ import annotations

import configparser
import os
import re
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from ovhcore.exceptions import InvalidConfiguration
from ovhcore_transports.cli.account import conf_file
from ovhcore_transports.cli.account.conf_file import change_file, forget_in_copy
from ovhcore_transports.cli.account.conf_text import changed

KEYS = ("application_key", "application_secret", "consumer_key")
SECTIONS = ("default", "ovh-eu", "ovh-ca", "profile work", "other program", "DEFAULT", "https://api.example/1.0")

ends = st.sampled_from(["\n", "\r\n", "\r"])
blanks = st.sampled_from(["", "", "", " ", "  ", "\t"])
names = st.sampled_from([*KEYS, "Application_Key", "endpoint", "alien", "header.X-Team", "# no"])
words = st.sampled_from(["", "a", "b c", "x = y", "[z]", "; c", "# d", "é€", "%(a)s", "k" * 20])
comments = st.sampled_from(["# a comment", "; another", "#application_key = old", "", "   ", "\t# indented"])
headers = st.builds(
    lambda before, name, behind: f"{before}[{name}]{behind}",
    blanks,
    st.sampled_from(SECTIONS),
    st.sampled_from(["", " ", " # no comment", "  "]),
)
options = st.builds(
    lambda before, name, sign, value, more: f"{before}{name}{sign}{value}" + "".join(more),
    blanks,
    names,
    st.sampled_from(["=", " = ", ":", " :  ", "=\t", "   ="]),
    words,
    st.lists(
        st.builds(lambda deep, word: f"\n{deep}{word}", st.sampled_from(["    ", "\t\t", "\n     "]), words), max_size=2
    ),
)
pieces = st.lists(st.one_of(headers, options, options, comments), max_size=14)


@st.composite
def files(draw: Any) -> str:
    """Return a file as people and programs leave them."""
    lines: list[str] = draw(pieces)
    text: str = draw(st.sampled_from(["", "[ovh-eu]\n", "# first\n[default]\n"])) + "\n".join(lines)
    if draw(st.booleans()):
        text += "\n"
    text = text.replace("\n", draw(ends))
    mark: str = draw(st.sampled_from(["", "\ufeff"]))
    return mark + text


def read(text: str) -> dict[str, dict[str, str]]:
    """Return what configparser makes of a file, as ovhcore opens it."""
    parser = configparser.RawConfigParser(strict=False, interpolation=None)
    parser.read_string("\n".join(re.split("\r\n|\r|\n", text.removeprefix("\ufeff"))))
    return {name: dict(parser.items(name)) for name in parser.sections()}


def usable(text: str) -> bool:
    try:
        read(text)
    except (configparser.Error, AttributeError):  # the parser has a defect with some continued lines
        return False
    return True


@settings(max_examples=200)
@given(
    files(),
    st.sampled_from(["ovh-eu", "profile work", "https://api.example/1.0", "default"]),
    st.sets(st.sampled_from(KEYS)),
)
@example("[ovh-eu]\n  [default]\nendpoint = x\n", "ovh-eu", {"consumer_key"})
@example("[ovh-eu]\napplication_key =\n   a\n # c\n   b\n\n  [x]\nz=1", "ovh-eu", {"application_key"})
@example(
    "[ovh-eu]\napplication_key=1\n[x]\n[ovh-eu]\napplication_key = 2\napplication_key : 3",
    "ovh-eu",
    {"application_key"},
)
def test_everything_else_stays_as_it_is(text: str, section: str, wanted: set[str]) -> None:
    assume(usable(text))
    before = read(text)
    values: dict[str, str | None] = {name: f"new-{name}" for name in sorted(wanted)}
    try:
        after = changed(text, section, values)
    except InvalidConfiguration:
        if "DEFAULT" not in text:  # its options are those of every section
            raise
        return
    found = read(after)
    expected = {name: dict(items) for name, items in before.items()}
    if wanted:
        defaults: dict[str, str] = {}
        if section not in expected and "[DEFAULT]" in text:
            defaults = {name: value for name, value in found[section].items() if name not in wanted}
        expected.setdefault(section, defaults).update({name: f"new-{name}" for name in wanted})
    assert found == expected
    # Lines that are not of these options are there, in their order, to the byte.
    kept = iter(re.findall(r"[^\r\n]*(?:\r\n|\r|\n|\Z)", after.removeprefix("\ufeff")))
    for line in re.findall(r"[^\r\n]*(?:\r\n|\r|\n|\Z)", text.removeprefix("\ufeff")):
        name = re.split("[=:]", line)[0].strip().lower()
        if name in wanted or line[:1].isspace() or not line.strip():
            continue
        assert any(each in (line, f"{line}\n", f"{line}\r", f"{line}\r\n") for each in kept), line
    assert after.startswith("\ufeff") is text.startswith("\ufeff")
    # Taking away what was put in brings back the file, but for options that were there before.
    if not wanted & set(before.get(section, {})) and section in before:
        again = changed(after, section, dict.fromkeys(values))
        assert again in (text, *(text + end for end in ("\n", "\r\n", "\r")))


@settings(max_examples=200)
@given(files(), st.sampled_from(["ovh-eu", "profile work", "default"]), st.sets(st.sampled_from(KEYS), min_size=1))
def test_taking_options_away_changes_no_others(text: str, section: str, unwanted: set[str]) -> None:
    assume(usable(text))
    before = read(text)
    try:
        after = changed(text, section, dict.fromkeys(sorted(unwanted)))
    except InvalidConfiguration:
        if "DEFAULT" not in text:
            raise
        return
    for name, items in read(after).items():
        assert items == {each: value for each, value in before[name].items() if name != section or each not in unwanted}


def test_spelling_and_spaces_are_kept() -> None:
    text = "; mine\r\n[ovh-eu]\r\n  Application_Key :\t old\r\n# between\r\n  other=1\r\n[x]\r\ny = 2"
    after = changed(text, "ovh-eu", {"application_key": "new", "consumer_key": "ck"})
    assert after == (
        "; mine\r\n[ovh-eu]\r\n  Application_Key :\t new\r\n# between\r\n"
        "  other=1\r\n  consumer_key = ck\r\n[x]\r\ny = 2"
    )
    assert changed("", "ovh-eu", {"consumer_key": "ck"}) == "[ovh-eu]\nconsumer_key = ck\n"
    assert changed("[a]\nb = 1", "ovh-eu", {"c": "2"}) == "[a]\nb = 1\n\n[ovh-eu]\nc = 2\n"
    assert changed("[ovh-eu]\nc =\n", "ovh-eu", {"c": "2"}) == "[ovh-eu]\nc = 2\n"
    assert changed("[ovh-eu]\nc=\n", "ovh-eu", {"c": "2"}) == "[ovh-eu]\nc=2\n"


def test_values_over_several_lines_are_replaced_as_one() -> None:
    text = "[ovh-eu]\napplication_key = old\n  and more\n# between\n  and the end\nother = 1\n"
    after = changed(text, "ovh-eu", {"application_key": "new"})
    assert after == "[ovh-eu]\napplication_key = new\n# between\nother = 1\n"
    assert changed(text, "ovh-us", {"application_key": None}) == text


@pytest.mark.parametrize("text", ["canary", "[a\n", "[ovh-eu]\ncanary\n"])
def test_what_is_no_such_file_is_left_alone(text: str, tmp_path: Path) -> None:
    path = tmp_path / "ovh.conf"
    path.write_text(text)
    with pytest.raises(InvalidConfiguration, match="mend it first") as caught:
        change_file(str(path), {"ovh-eu": {"consumer_key": "ck"}})
    assert "canary" not in str(caught.value)
    assert [each.name for each in tmp_path.iterdir()] == ["ovh.conf"]


def test_what_cannot_be_changed_alone_is_left_alone() -> None:
    with pytest.raises(InvalidConfiguration, match="edit the file by hand"):
        changed("[DEFAULT]\nconsumer_key = 1\n[ovh-eu]\nconsumer_key = 2\n", "ovh-eu", {"consumer_key": None})


# Files


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_file_is_made_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "ovh.conf"
    assert change_file(str(path), {"ovh-eu": {"consumer_key": "ck"}}) is None
    assert (path.read_text(), mode(path)) == ("[ovh-eu]\nconsumer_key = ck\n", 0o600)
    path.chmod(0o644)
    assert change_file(str(path), {"ovh-eu": {"consumer_key": "ck"}}) is None  # nothing to do
    backup = change_file(str(path), {"ovh-eu": {"consumer_key": "new"}, "default": {"endpoint": "ovh-eu"}})
    assert backup == f"{path}.bak"
    assert Path(backup).read_text() == "[ovh-eu]\nconsumer_key = ck\n"
    assert (mode(path), mode(Path(backup))) == (0o600, 0o600)
    assert path.read_text() == "[ovh-eu]\nconsumer_key = new\n\n[default]\nendpoint = ovh-eu\n"
    assert sorted(each.name for each in tmp_path.iterdir()) == ["ovh.conf", "ovh.conf.bak"]


def test_keys_that_are_removed_leave_the_copy_too(tmp_path: Path) -> None:
    path, copy = tmp_path / "ovh.conf", tmp_path / "ovh.conf.bak"
    old = "[ovh-eu]\nconsumer_key = ck\n[ovh-us]\nconsumer_key = ck\n"
    path.write_text(old)
    change_file(str(path), {"ovh-eu": {"consumer_key": None}}, keeps_copy=False)
    assert not copy.exists()
    assert not forget_in_copy(str(path), "ovh-eu", {"consumer_key": "ck"})
    copy.write_text(old)
    assert not forget_in_copy(str(path), "ovh-eu", {"consumer_key": "other"})
    assert not forget_in_copy(str(path), "none", {"consumer_key": "ck"})
    assert copy.read_text() == old
    assert forget_in_copy(str(path), "ovh-eu", {"consumer_key": "ck"})
    assert copy.read_text() == "[ovh-eu]\n[ovh-us]\nconsumer_key = ck\n"
    assert sorted(each.name for each in tmp_path.iterdir()) == ["ovh.conf", "ovh.conf.bak"]


def test_a_link_is_followed_and_an_owner_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "real").mkdir()
    real = tmp_path / "real" / "conf"
    real.write_bytes(b"[a]\r\nb = 1\r\n")
    link = tmp_path / "ovh.conf"
    link.symlink_to(real)
    given: list[tuple[int, int]] = []
    monkeypatch.setattr(os, "geteuid", lambda: real.stat().st_uid + 1)
    monkeypatch.setattr(os, "fchown", lambda descriptor, uid, gid: given.append((uid, gid)))
    change_file(str(link), {"a": {"b": "2"}})
    assert link.is_symlink()
    assert real.read_bytes() == b"[a]\r\nb = 2\r\n"
    assert given == [(real.stat().st_uid, real.stat().st_gid)] * 2


def test_files_that_cannot_be_read_or_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "binary").write_bytes(b"\xff")
    for name, problem in {
        "binary": "it is not UTF-8 text",
        ".": "not a regular file",
        "none/conf": "No such file",
    }.items():
        with pytest.raises(InvalidConfiguration, match=problem):
            change_file(str(tmp_path / name), {"a": {"b": "1"}})
    path = tmp_path / "ovh.conf"
    path.write_text("[a]\nb = 1\n")

    def unreadable(*args: Any, **options: Any) -> None:
        raise PermissionError(13, "Permission denied")

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("builtins.open", unreadable)
        with pytest.raises(InvalidConfiguration, match="cannot be changed: Permission denied"):
            change_file(str(path), {"a": {"b": "2"}})
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(InvalidConfiguration, match="cannot be written: No space left on device"):
        change_file(str(path), {"a": {"b": "2"}})
    assert path.read_text() == "[a]\nb = 1\n"
    assert sorted(each.name for each in tmp_path.iterdir()) == ["binary", "ovh.conf"]


def test_a_change_by_somebody_else_is_not_lost(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "ovh.conf"
    path.write_text("[a]\nb = 1\n")
    original, times = conf_file._temporary, [0]

    def meanwhile(target: str, text: str, like: str) -> str:
        made = original(target, text, like)
        if target == str(path) and times[0] < limit:
            times[0] += 1
            path.write_text(path.read_text() + f"[other {times[0]}]\nc = 1\n")
        return made

    monkeypatch.setattr(conf_file, "_temporary", meanwhile)
    limit = 1
    change_file(str(path), {"a": {"b": "2"}})
    assert path.read_text() == "[a]\nb = 2\n[other 1]\nc = 1\n"
    limit = 100
    with pytest.raises(InvalidConfiguration, match="is being changed by another program"):
        change_file(str(path), {"a": {"b": "3"}})


def test_on_other_systems_there_are_no_modes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = str(tmp_path / "ovh.conf")
    monkeypatch.setattr(conf_file, "os", type("Os", (), {**vars(os), "name": "nt"}))
    change_file(path, {"a": {"b": "2"}})
    assert Path(path).read_text() == "[a]\nb = 2\n"


KILLED = """
import os, signal, sys
from ovhcore_transports.cli.account.conf_file import change_file
left = int(sys.argv[2])
def before(function):
    def counted(*args, **options):
        global left
        left -= 1
        if left < 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return function(*args, **options)
    return counted
for name in ("open", "replace", "fsync", "fchmod", "stat", "close", "unlink"):
    setattr(os, name, before(getattr(os, name)))
change_file(sys.argv[1], {"ovh-eu": {"consumer_key": "new"}})
"""


@pytest.mark.once
def test_a_kill_at_any_moment_leaves_the_old_file_or_the_new_one(tmp_path: Path) -> None:
    old, new = "[ovh-eu]\nconsumer_key = old\n", "[ovh-eu]\nconsumer_key = new\n"
    path = tmp_path / "ovh.conf"
    seen: list[str] = []
    for number in range(60):
        path.write_text(old)
        path.chmod(0o600)
        done = subprocess.run([sys.executable, "-c", KILLED, str(path), str(number)], timeout=60)
        seen.append(path.read_text())
        assert seen[-1] in (old, new)
        for each in tmp_path.iterdir():
            assert mode(each) == 0o600
        if done.returncode == 0:
            break
    assert done.returncode == 0
    assert len(seen) > 8
    assert seen[0] == old
    assert seen[-1] == new
    assert (tmp_path / "ovh.conf.bak").read_text() == old
