"""From nothing to keys that are kept, against a served sandbox; and back."""

from __future__ import annotations

import json
import os
import re
import threading
import time
from pathlib import Path
from typing import Any

import pytest

import ovhcore as ovh
from ovhcore_transports.cli.account.places import section_of
from ovhcore_transports.cli.account.rules import PRESETS, in_words, rules_of, rules_query, with_own
from ovhcore_transports.sandbox import ACCESS_KEYS, CLIENT_ID, CLIENT_SECRET, Server
from tests.cli.conftest import Runner
from tests.cli.frame.test_errors import plain
from tests.sandbox.person import Person
from tests.servers import RawServer, answer, eventually

KEYS = "".join(f"{name} = {value}\n" for name, value in ACCESS_KEYS.items())
FILES = ("./ovh.conf", "~/.ovh.conf")


@pytest.fixture
def home(run: Runner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the home directory of somebody who starts from nothing."""
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("COLUMNS", "400")  # or how lines are folded would depend on how long this path is
    monkeypatch.setattr("ovhcore.config.settings_sources.CONFIG_FILES", FILES)
    monkeypatch.setattr("webbrowser.open", lambda url: OPENED.append(url))
    # Prompts that show nothing read the terminal itself.
    monkeypatch.setattr("click.termui.hidden_prompt_func", lambda prompt: input())
    OPENED.clear()
    return tmp_path


OPENED: list[str] = []


def conf(home: Path) -> str:
    return (home / ".ovh.conf").read_text()


def normal(text: str, home: Path) -> str:
    text = re.sub(r"credentialToken=\w+", "credentialToken=TOKEN", plain(text.replace(str(home), "HOME")))
    text = re.sub(r"(last.?used\W+)[\dT:+-]+", r"\1NOW", text, flags=re.IGNORECASE)
    return re.sub(r"(consumer_key = )\w{32}", r"\1NEW", text)


@pytest.mark.once  # other versions of click have other words
def test_from_nothing_by_the_page_that_makes_three_keys(run: Runner, served: Server, home: Path, snapshot: Any) -> None:
    run.terminal = "ie"
    typed = "\n".join([served.url, "read-only", *map(str, ACCESS_KEYS.values())]) + "\n"
    ran = run("login", stdin=typed)
    assert (ran.code, normal(ran.out, home)) == (0, snapshot(name="out")), ran.err
    assert normal(ran.err, home) == snapshot(name="err")
    assert [f"{served.origin}/createToken/?GET=/*&POST=/auth/logout"] == OPENED
    assert normal(conf(home), home) == snapshot(name="file")
    assert str(ACCESS_KEYS["application_secret"]) not in ran.out + ran.err
    run.terminal = ""
    ran = run("whoami", "-o", "json")
    assert json.loads(ran.out)["account"] == "aa1234-ovh"
    run.terminal = "o"
    assert normal(run("whoami").out, home) == snapshot(name="whoami")
    assert ovh.Client().get("/me")["firstname"] == "Ada"


def test_with_an_application_it_waits_until_the_key_is_allowed(
    run: Runner, served: Server, home: Path, snapshot: Any
) -> None:
    before = f"# mine\n[default]\nendpoint = {served.url}\n\n[{served.url}/]\n"
    before += f"application_key : {ACCESS_KEYS['application_key']}\n"
    before += f"application_secret={ACCESS_KEYS['application_secret']}\n; the end"
    (home / ".ovh.conf").write_text(before)
    box = served.sandbox

    def allow() -> None:
        eventually(lambda: box.received["GET", "/auth/currentCredential"] > 1)
        keys = [key for key, known in box._state.keys.credentials.items() if known["state"] == "pendingValidation"]
        box.validate(keys[0])

    person = threading.Thread(target=allow)
    person.start()
    run.terminal = "e"
    ran = run("login", "--rules", "GET,PUT /me", "--recursive", "--interval", "0.05", "--no-browser")
    person.join()
    assert ran.code == 0, ran.err
    assert OPENED == []
    assert "waiting for you to allow it" in ran.err
    run.terminal = ""
    assert normal(run("whoami", "-o", "yaml", "--columns", "rights,status").out, home) == snapshot(name="rights")
    assert normal(conf(home), home) == snapshot(name="file")
    assert run("get", "/me/bill").code == 0
    assert run("get", "/domain/zone").code == 4
    ran = run("login", "--rules", "GET /me", "--interval", "0.01", "--deadline", "0.02")
    assert ran.code == 9
    assert "Error: The key was not allowed in time, or refused; nothing was saved" in ran.err


def test_a_person_makes_and_allows_keys_on_the_pages(
    run: Runner, served: Server, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    person = Person(served.sandbox)
    person.now = time.time()
    typed: list[str] = []

    def browse(url: str) -> None:
        person.open(url)
        if "account" in dict(person.page.forms[0]["fields"]):
            person.sign_in()
        page = person.press("create", name="My script") if "createToken" in url else person.press("accept")
        typed.extend(re.findall(r"^\w+_(?:key|secret) = (\w+)$", page.text, re.MULTILINE))

    monkeypatch.setattr("webbrowser.open", browse)
    monkeypatch.setattr("click.termui.visible_prompt_func", lambda prompt: typed.pop(0))
    monkeypatch.setattr("click.termui.hidden_prompt_func", lambda prompt: typed.pop(0))
    run.terminal = "ie"
    ran = run("login", "--endpoint", served.url, "--rules", "GET /me", "--rules", "GET /domain/zone", "--recursive")
    assert ran.code == 0, ran.err
    rights = "rights       /me and all below it: read; change nothing\n"
    assert rights + f"{'':<13}/domain/zone and all below it: read; change nothing\n" in ran.out
    assert run("get", "/me").code == 0
    assert run("get", "/dedicated/server").code == 4
    ran = run("login", "--everything", "--interval", "0.05")  # now there is an application
    assert ran.code == 0, ran.err
    assert "rights       everything: read, create and start, change, delete" in ran.out
    assert run("get", "/dedicated/server").code == 0
    assert run("logout").code == 0
    assert run("get", "/me").code == 3


def test_keys_from_a_pipe_a_profile_and_back(run: Runner, served: Server, home: Path, snapshot: Any) -> None:
    pages = "\n".join(f"{name.replace('_', ' ').title()}: {value}" for name, value in ACCESS_KEYS.items())
    ran = run("login", "--endpoint", served.url, "--profile", "work", "--keys-from", "-", stdin=pages)
    assert ran.code == 0, ran.err
    assert normal(conf(home), home) == snapshot(name="file")
    assert run("whoami", "--profile", "work").code == 0
    assert ovh.Client(profile="work").get("/me")["firstname"] == "Ada"
    assert run("whoami").code == 3
    ran = run("logout", "--profile", "work")
    assert ran.code == 0
    assert normal(ran.err, home) == snapshot(name="logout")
    assert normal(conf(home), home) == snapshot(name="file after")
    assert served.sandbox._state.keys.credentials[str(ACCESS_KEYS["consumer_key"])]["state"] == "expired"
    assert run("logout", "--profile", "work").err.startswith("Error: There are no keys to remove")


def test_a_log_out_leaves_no_keys_in_the_copy(run: Runner, served: Server, home: Path) -> None:
    pages = "\n".join(f"{name} = {value}" for name, value in ACCESS_KEYS.items())
    login = ("login", "--endpoint", served.url, "--keys-from", "-")
    assert run(*login, stdin=pages).code == 0
    copy = home / ".ovh.conf.bak"
    copy.write_text("# mine\n" + conf(home))
    ran = run("logout")
    assert ran.err.endswith("Removed from its copy, too.\n")
    for text in (conf(home), copy.read_text()):
        assert not [value for value in ACCESS_KEYS.values() if str(value) in text]
    assert copy.read_text().startswith("# mine\n[default]\n")
    served.sandbox._state.keys.credentials[str(ACCESS_KEYS["consumer_key"])]["state"] = "validated"
    assert run(*login, stdin=pages).code == 0
    copy.write_bytes(b"\xff")
    ran = run("logout")
    assert ran.code == 0
    assert "Its copy may still have them: The configuration file" in ran.err


@pytest.mark.parametrize("kept", ["file", "pipe"])
def test_a_service_account(run: Runner, served: Server, home: Path, monkeypatch: pytest.MonkeyPatch, kept: str) -> None:
    monkeypatch.setenv("OVH_TOKEN_URL", served.token_url)
    (home / "keys").write_text(f"# from the console\n{CLIENT_ID}\n{CLIENT_SECRET}\n")
    (home / ".ovh.conf").write_text(f"[{served.url}]\n{KEYS}")
    source, stdin = (str(home / "keys"), "") if kept == "file" else ("-", (home / "keys").read_text())
    ran = run("login", "--endpoint", served.url, "--service-account", "--keys-from", source, stdin=stdin)
    assert ran.code == 0, ran.err
    assert "what the policies of its identity (IAM) allow" in ran.out
    monkeypatch.delenv("OVH_TOKEN_URL")
    assert "application_key" not in conf(home)  # two kinds in one place would be an error
    assert run("get", "/me").code == 0
    ran = run("logout")
    assert "A service account ends at the API by" in ran.err
    assert "client_secret" not in conf(home)
    assert run("login", "--service-account", "--read-only", "--endpoint", served.url).code == 2
    (home / ".ovh.conf").unlink()  # logout leaves the token URL there
    new = (
        "login",
        "--endpoint",
        served.url,
        "--service-account",
        "--keys-from",
        str(home / "keys"),
        "--profile",
        "new",
    )
    ran = run(*new)
    assert (ran.code, ran.err) == (
        3,
        f"Error: It is not known where {served.url} gives tokens to service accounts: set OVH_TOKEN_URL\n",
    )
    monkeypatch.setenv("OVH_TOKEN_URL", served.token_url)
    assert run(*new).code == 0
    monkeypatch.delenv("OVH_TOKEN_URL")
    assert run("whoami", "--profile", "new").code == 0


def test_the_section_that_is_read_first_gets_the_keys(run: Runner, served: Server, home: Path) -> None:
    others = f"[{served.url}/]\napplication_key = old\n[{served.url}]\nconsumer_key = old\n"
    (home / ".ovh.conf").write_text(f"[default]\nendpoint = {served.url}\n{others}")
    ran = run("login", "--keys-from", "-", stdin=KEYS)
    assert (ran.code, "Warning" in ran.err) == (0, False)
    assert run("get", "/me").code == 0
    assert run("logout").code == 0
    assert conf(home) == f"[default]\nendpoint = {served.url}\n[{served.url}/]\napplication_key = old\n[{served.url}]\n"


def test_a_profile_that_is_to_be_made(run: Runner, served: Server, home: Path) -> None:
    (home / ".ovh.conf").write_text(f"[default]\nendpoint = {served.url}\n[{served.url}]\n{KEYS}")
    run.terminal = "ie"
    typed = "\n".join(map(str, ACCESS_KEYS.values())) + "\n"
    ran = run("login", "--profile", "new", "--everything", "--no-browser", stdin=typed)
    assert ran.code == 0, ran.err
    assert "/createToken/?GET=/*&POST=/*&PUT=/*&DELETE=/*" in ran.err  # not with the application of another account
    assert conf(home).endswith(f"[profile new]\nendpoint = {served.url}\n{KEYS}")
    (home / "work" / "ovh.conf").write_text("[https://api.example/1.0]\n[not/a url]\n")
    ran = run("login", "--config", "ovh.conf", "--endpoint", served.url, "--keys-from", "-", stdin=KEYS)
    assert ran.code == 0, ran.err
    assert f"[{served.url}]" in (home / "work" / "ovh.conf").read_text()


def test_a_file_that_is_to_be_made(run: Runner, served: Server, home: Path) -> None:
    (home / "link").symlink_to(home / "target")
    for name in ("new.conf", "link"):
        arguments = ("--config", str(home / name), "--endpoint", served.url, "--keys-from", "-")
        ran = run("login", *arguments, stdin=KEYS)
        assert ran.code == 0, ran.err
        assert "Warning" not in ran.err
        assert (home / name).read_text().endswith(f"[{served.url}]\n{KEYS}")
        assert run("whoami", "--config", str(home / name)).code == 0
    assert (home / "link").is_symlink()


def test_keys_that_could_not_be_saved_are_not_asked_for(
    run: Runner, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run.terminal = "ie"
    ran = run("login", "--config", "nowhere/ovh.conf", "--endpoint", "ovh-eu")
    assert (ran.code, ran.err) == (
        3,
        f"Error: The keys cannot be saved in nowhere/ovh.conf: there is no folder {home}/work/nowhere\n",
    )
    monkeypatch.setattr("os.access", lambda path, mode: False)  # root may write anywhere
    ran = run("login", "--endpoint", "ovh-eu")
    assert ran.err == f"Error: The keys cannot be saved in {home}/.ovh.conf: this user may not write into {home}\n"
    monkeypatch.undo()
    ran = run("login", "--profile", "a]", "--endpoint", "ovh-eu", "--keys-from", "-", stdin=KEYS)
    assert ran.code == 3
    assert ran.err.startswith("Error: The profile 'a]' cannot be: ")


def test_keys_that_do_not_work_are_not_saved(run: Runner, served: Server, home: Path) -> None:
    wrong = KEYS.replace(str(ACCESS_KEYS["application_secret"]), "canary-secret-of-another")
    ran = run("login", "--endpoint", served.url, "--keys-from", "-", stdin=wrong)
    assert ran.code == 4
    assert ran.err.startswith("These keys do not work, so nothing was saved.\nError: Invalid signature\n")
    assert "canary" not in ran.err
    assert not (home / ".ovh.conf").exists()


@pytest.mark.parametrize(
    ("arguments", "stdin", "problem"),
    [
        (["login"], "", "Whose keys? --endpoint names one: ovh-eu"),
        (["login", "--endpoint", "ovh-eu"], "", "What may the key do? --read-only"),
        (["login", "--endpoint", "ovh-eu", "--read-only"], "", "Nobody can be asked for keys here"),
        (["login", "--endpoint", "ovh-eu", "--rules", "GET"], "", "A rule is written 'METHODS /path'"),
        (
            ["login", "--endpoint", "ovh-eu", "--keys-from", "-"],
            "one\n",
            "There is no application_secret in standard input",
        ),
        (
            ["login", "--endpoint", "ovh-eu", "--keys-from", "-"],
            "a = b\n",
            "There is no application_key in standard input",
        ),
    ],
)
def test_what_is_missing_is_named(run: Runner, home: Path, arguments: list[str], stdin: str, problem: str) -> None:
    ran = run(*arguments, stdin=stdin)
    assert ran.code == 2
    assert problem in ran.err


def test_a_place_that_is_asked_first_is_named(
    run: Runner, served: Server, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (home / "work" / "ovh.conf").write_text(f"[{served.url}]\naccess_token = sometoken\n")
    ran = run("login", "--endpoint", served.url, "--keys-from", "-", stdin=KEYS)
    assert ran.err.splitlines()[-1].startswith(
        f"Warning: access_token (./ovh.conf, section [{served.url}]) is asked first, so these keys are not used"
    )
    (home / "work" / "ovh.conf").write_text("nothing")
    ran = run("login", "--endpoint", served.url, "--keys-from", "-", stdin=KEYS)
    assert ran.code == 0
    assert "Warning: as it is, these keys are not used. The configuration file ./ovh.conf is not usable" in ran.err
    (home / "work" / "ovh.conf").unlink()
    assert section_of("ovh-eu", None, "~/.ovh.conf") == "ovh-eu"
    monkeypatch.setenv("OVH_HTTP_HEADERS_1", "no-colon")
    assert run("login", "--endpoint", "ovh-eu", "--read-only").code == 3
    monkeypatch.delenv("OVH_HTTP_HEADERS_1")
    monkeypatch.setenv("OVH_APPLICATION_KEY", "x")
    assert "Half a pair of credentials" in run("login", "--endpoint", "ovh-eu", "--read-only").err
    monkeypatch.delenv("OVH_APPLICATION_KEY")
    monkeypatch.setenv("OVH_ACCESS_TOKEN", "sometoken")
    ran = run("login", "--endpoint", served.url, "--read-only", "--no-browser")
    assert "/createToken/?GET=/*&POST=/auth/logout" in ran.err  # it has no application


def test_keys_of_variables_cannot_be_removed(
    run: Runner, box: Any, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran = run("logout", "--keep-valid")
    assert ran.err == (
        "These are set by the environment, and have to be removed there: OVH_APPLICATION_KEY, "
        "OVH_APPLICATION_SECRET, OVH_CONSUMER_KEY\n"
    )
    rules = box._state.keys.credentials[str(ACCESS_KEYS["consumer_key"])]["rules"]
    rules[:] = [rule for rule in rules if rule["method"] != "POST"]
    assert "The consumer key could not be ended, so it stays valid until it expires" in run("logout").err


class Backend:
    """A keyring in memory."""

    def __init__(self) -> None:
        self.held: dict[tuple[str, str], str] = {}
        self.broken = False

    def set_password(self, service: str, name: str, value: str) -> None:
        if self.broken:
            raise RuntimeError("canary")
        self.held[service, name] = value

    def get_password(self, service: str, name: str) -> str | None:
        return self.held.get((service, name))

    def delete_password(self, service: str, name: str) -> None:
        del self.held[service, name]


def test_the_keyring(run: Runner, served: Server, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keyring = pytest.importorskip("keyring")
    backend = Backend()
    for name in ("set_password", "get_password", "delete_password"):
        monkeypatch.setattr(keyring, name, getattr(backend, name))
    asked = ("login", "--endpoint", served.url, "--keyring", "mine", "--keys-from", "-")
    ran = run(*asked, stdin=KEYS)
    assert ran.code == 0, ran.err
    assert ran.err == f"Saved in the keyring as mine, which {home}/.ovh.conf, section [{served.url}] names.\n"
    assert "application_secret" not in conf(home)
    assert backend.held["mine", f"{served.url}/consumer_key"] == ACCESS_KEYS["consumer_key"]
    assert run("get", "/me").code == 0
    said = run("whoami").out + run("doctor").out
    assert said.count("everything: read, create and start, change, delete") == 2  # it is no service account
    keys = served.sandbox._state.keys.credentials
    monkeypatch.setattr("webbrowser.open", lambda url: [*map(served.sandbox.validate, [*keys])])
    run.terminal = "e"
    assert run("login", "--read-only", "--interval", "0.01", "--deadline", "20", "--endpoint", served.url).code == 0
    run.terminal = ""
    assert "consumer_key" not in conf(home)  # with the application of the keyring, it goes there
    assert backend.held["mine", f"{served.url}/consumer_key"] != ACCESS_KEYS["consumer_key"]
    ended = run("logout").err
    assert "The consumer key is no longer valid." in ended
    assert "Removed from the keyring, service mine." in ended
    assert backend.held == {}
    served.sandbox.validate(str(ACCESS_KEYS["consumer_key"]))
    backend.broken = True
    ran = run(*asked, stdin=KEYS)
    assert (ran.code, "canary" in ran.err) == (3, False)
    assert "The keyring cannot be written for service 'mine': RuntimeError" in ran.err
    monkeypatch.setitem(__import__("sys").modules, "keyring", None)
    assert 'pip install "ovhcore[keyring]"' in run(*asked, stdin=KEYS).err


def test_a_proxy_of_the_file_is_used_while_keys_are_tried(
    run: Runner, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OVH_PROXY", raising=False)
    with RawServer(answer(b"no", "502 Bad Gateway")) as proxy:
        (home / ".ovh.conf").write_text(f"[default]\nendpoint = ovh-eu\nproxy = {proxy.origin}\n")
        monkeypatch.setenv("OVH_RETRY", "off")
        ran = run("login", "--keys-from", "-", "--transport", "stdlib", "--timeout", "20", stdin=KEYS)
        assert ran.code == 6
        assert proxy.received[0].head.startswith(b"CONNECT eu.api.ovh.com:443")


# Rules


@pytest.mark.parametrize(
    ("preset", "typed", "recursive", "words"),
    [
        ("read-only", [], False, ["everything: read; change nothing", "/auth/logout: create and start"]),
        ("no-delete", [], False, ["everything: read, create and start, change"]),
        ("everything", [], False, ["everything: read, create and start, change, delete"]),
        (None, ["GET /me"], False, ["/me: read; change nothing"]),
        (None, ["GET,PUT /me/"], True, ["/me and all below it: read, change"]),
        (
            None,
            ["get /sms/*", "GET /sms", "DELETE /sms"],
            False,
            ["/sms and all below it: read; change nothing", "/sms: delete"],
        ),
        (None, ["GET /*"], True, ["everything: read; change nothing", "/auth/logout: create and start"]),
        (None, ["GET /a/*/b"], False, ["/a/*/b: read; change nothing"]),
        (None, [], False, ["nothing but to say what it may do"]),
    ],
)
def test_rights_in_words(preset: str | None, typed: list[str], recursive: bool, words: list[str]) -> None:
    rules = with_own(rules_of(preset, typed, recursive))
    found = in_words(rules)
    assert found == [word for word in words if not word.startswith("/auth/logout")]


def test_rules_of_the_page() -> None:
    assert rules_query(rules_of(None, ["GET,POST /a b/*"], False)) == "GET=/a%20b/*&POST=/a%20b/*"
    assert in_words(None) == ["unknown"]
    assert in_words([{"method": "ODD", "path": "/x"}]) == ["/x: ODD; change nothing"]
    assert [*PRESETS] == ["read-only", "no-delete", "everything"]
    assert os.environ.get("OVH_PROFILE") is None
