"""What is broken, one by one, is named, with what to do about it."""

from __future__ import annotations

import json
import re
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

import ovhcore as ovh
from ovhcore.plugins.discovery import EntryPoint
from ovhcore.plugins.manager import _installed
from ovhcore.testing import Authority
from ovhcore_transports.cli.doctor import api, network
from ovhcore_transports.cli.doctor.network import issuer_of
from ovhcore_transports.cli.doctor.results import CheckResult
from ovhcore_transports.sandbox import ACCESS_KEYS, CLIENT_ID, Sandbox, Server
from tests.cli.conftest import Runner, lead_to
from tests.cli.frame.test_errors import plain
from tests.servers import RawServer, answer, refusing_port

FILES = ("./ovh.conf", "~/.ovh.conf")
KEYS = "".join(f"{name} = {value}\n" for name, value in ACCESS_KEYS.items())


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr("ovhcore.config.settings_sources.CONFIG_FILES", FILES)
    monkeypatch.setattr("ovhcore_transports.cli.doctor.local.CONFIG_FILES", FILES)
    return tmp_path


def results(run: Runner, *arguments: str) -> tuple[int, dict[str, dict[str, Any]]]:
    ran = run("doctor", "--json", *arguments)
    assert ran.err == ""
    for key in ("application_secret", "consumer_key"):
        assert str(ACCESS_KEYS[key]) not in ran.out
    assert "canary" not in ran.out
    return ran.code, {each["check"]: each for each in json.loads(ran.out)}


def problem(run: Runner, check: str, *arguments: str) -> tuple[str, str]:
    """Return what is said of the one problem there is."""
    code, found = results(run, *arguments)
    wrong = {name: each for name, each in found.items() if each["state"] == "problem"}
    assert (code, [*wrong]) == (1, [check]), wrong
    return wrong[check]["text"], wrong[check]["next"]


def test_all_is_well(run: Runner, box: Sandbox, home: Path, snapshot: Any) -> None:
    (home / ".ovh.conf").write_text("[default]\nendpoint = ovh-eu\nheader.X-A = canary\nproxy = http://u:canary@h\n")
    (home / ".ovh.conf").chmod(0o600)
    code, found = results(run)
    assert code == 0
    assert {name: each["state"] for name, each in found.items()} == {
        "versions": "ok", "files": "ok", "plugins": "ok", "settings": "ok", "proxy": "ok", "dns": "ok",
        "connection": "ok", "tls": "skipped", "clock": "ok", "keys": "ok",
    }  # fmt: skip
    ran = run("doctor")
    shown = re.sub(r"port \d+", "port PORT", plain(ran.out.replace(str(home), "HOME")))
    lines = [line for line in shown.splitlines() if " clock: " not in line]  # how busy is this machine?
    assert lines[[line.split()[1] for line in lines].index("settings:") :] == snapshot
    assert run("doctor", "-q").out == ""
    assert "versions: ovhcore" in run("doctor", "--offline").out


def test_nothing_is_configured(run: Runner, snapshot: Any) -> None:
    text, step = problem(run, "client")
    assert text.startswith("No endpoint is set.")
    assert step == "ovhcore login makes keys, and saves where they are for"
    run.terminal = "o"
    ran = run("doctor", "-q")
    assert ran.code == 1
    assert ran.out == snapshot


def test_lines_are_folded_between_words_on_a_narrow_terminal(run: Runner, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    whole = run("doctor", "--offline").out
    assert any(len(line) > 60 for line in whole.splitlines())
    run.terminal = "o"
    folded = run("doctor", "--offline").out
    assert folded.split() == whole.split()
    assert all(len(line) <= 60 or len(line.split()) == 1 for line in folded.splitlines())


def test_colours(run: Runner, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR")
    run.terminal = "o"
    monkeypatch.setattr("click.utils.should_strip_ansi", lambda *a: False)
    assert "\x1b[31mproblem \x1b[0m client" in run("doctor").out


def test_keys_and_their_state(run: Runner, served: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    lead_to(served, monkeypatch)
    known = served.sandbox._state.keys.credentials[str(ACCESS_KEYS["consumer_key"])]
    key = known["rules"]
    known["rules"] = [{"method": "GET", "path": "/me"}]
    _, found = results(run)
    assert (found["keys"]["state"], found["keys"]["next"]) == (
        "warning", "nothing, if calls work; keys by ovhcore login may ask",
    )  # fmt: skip
    known["rules"] = key
    known["state"] = "pendingValidation"
    text, step = problem(run, "keys")
    assert text.startswith("the consumer key is not valid: This credential is not valid (403")
    assert step.endswith("ovhcore login asks for a new key")
    known["state"] = "validated"
    monkeypatch.setenv("OVH_CONSUMER_KEY", "canary-of-somebody-else")
    assert problem(run, "keys")[0].startswith("the consumer key is not known")
    monkeypatch.setenv("OVH_APPLICATION_KEY", "canary-application")
    assert problem(run, "keys")[0].startswith("the application key is not known")
    lead_to(served, monkeypatch)
    monkeypatch.setenv("OVH_APPLICATION_SECRET", "canary-secret")
    text, step = problem(run, "keys")
    assert text == "the API computes another signature: Invalid signature (400 INVALID_SIGNATURE)"
    assert "compare the fingerprints of the settings above" in step
    for name in ACCESS_KEYS:
        monkeypatch.delenv(f"OVH_{name.upper()}")
    assert problem(run, "keys")[0] == "there are none for this endpoint"
    monkeypatch.setenv("OVH_CLIENT_ID", CLIENT_ID)
    monkeypatch.setenv("OVH_CLIENT_SECRET", "canary-secret")
    monkeypatch.setenv("OVH_TOKEN_URL", served.token_url)
    assert problem(run, "keys")[0].startswith("no token for the service account: ")
    monkeypatch.delenv("OVH_CLIENT_ID")
    monkeypatch.delenv("OVH_CLIENT_SECRET")
    monkeypatch.setenv("OVH_ACCESS_TOKEN", "canarycanary")
    assert "401" in problem(run, "keys")[0]


@pytest.mark.parametrize(
    ("known", "state", "text"),
    [
        ({"credentialId": 1}, "ok", "valid, of aa1 (Ada), without an end"),
        ({}, "ok", "valid, of aa1 (Ada)"),
        ({"expiration": "2999-01-01T00:00:00Z"}, "ok", "valid, of aa1 (Ada), until 2999-01-01T00:00:00Z"),
        ({"expiration": "soon"}, "ok", "valid, of aa1 (Ada), until soon"),
    ],
)
def test_the_end_of_a_key(known: dict[str, Any], state: str, text: str) -> None:
    found = api._state({"rights": ["x"], "account": "aa1", "name": "Ada", **known})
    assert found == CheckResult("keys", state, text, None, ("may: x",))
    soon = (datetime.now(UTC) + timedelta(days=3)).isoformat()
    found = api._state({"rights": [], "account": "aa1", "name": None, "expiration": soon})
    assert (found.state, found.next) == ("warning", "ovhcore login asks for a new key")


@pytest.mark.parametrize(("ahead", "sync"), [(400, "date"), (-400, "off")])
def test_a_clock_that_is_wrong(
    run: Runner, box: Sandbox, monkeypatch: pytest.MonkeyPatch, ahead: int, sync: str
) -> None:
    monkeypatch.setenv("OVH_TIME_SYNC", sync)
    real = time.time
    monkeypatch.setattr(api, "now", lambda: real() + ahead)
    _, found = results(run)
    assert found["clock"]["state"] == ("warning" if sync == "date" else "problem")
    if sync == "off":
        assert found["keys"]["text"] == "not looked at: signatures have the wrong time"
    assert found["settings"]["text"].endswith(" settings")
    where = "ahead of" if ahead > 0 else "behind"
    assert found["clock"]["text"].endswith(f"s {where} the API's")
    assert run("doctor").out.endswith("\nNo problems, 1 warning.\n" if sync == "date" else "\n1 problem.\n")
    monkeypatch.setattr(api, "now", lambda: real() + 10)
    assert results(run)[1]["clock"]["text"] in ("off by 9 s", "off by 10 s", "off by 11 s")


def test_a_clock_that_the_api_refuses() -> None:
    found = api._refused(ovh.QueryTimeOut("Query out of time", status=400))
    assert (found.text, found.next) == ("Query out of time (400)", "set the clock (NTP), or time_sync to date")


def token(monkeypatch: pytest.MonkeyPatch, url: str, **more: str) -> None:
    settings = {"ENDPOINT": url, "PROXY": "none", "TRANSPORT": "stdlib", "ACCESS_TOKEN": "canary" * 2, "RETRY": "off"}
    for name, value in (settings | more).items():
        monkeypatch.setenv(f"OVH_{name}", value)


@pytest.mark.parametrize(
    ("reply", "text", "step"),
    [
        (answer(b"<html>", "200 OK"), "", "something other than the API answers: look at OVH_ENDPOINT (environment)"),
        (answer(b'"soon"'), "GET /auth/time was not answered with a time", "something other than the API answers"),
        (
            answer(b'{"message": "no"}', "404 Not Found"),
            "no (404)",
            "look at OVH_ENDPOINT (environment): its URL",
        ),
        (answer(b'{"message": "down"}', "500 Down"), "down (500)", "the API itself fails"),
        (answer(b'{"message": "wait"}', "429 Wait"), "wait (429)", "look at OVH_ENDPOINT"),
        (None, "", "the lines above say how far it goes"),
    ],
)
def test_an_endpoint_that_is_wrong(
    run: Runner, monkeypatch: pytest.MonkeyPatch, reply: bytes | None, text: str, step: str
) -> None:
    with RawServer(lambda request: reply) as server:
        token(monkeypatch, server.url)
        found = problem(run, "api")
    assert text in found[0]
    assert found[1].startswith(step)


def test_a_proxy_that_fails_in_a_call() -> None:
    assert api._step(ovh.ProxyError("no"), []) == "look at the setting proxy, and at HTTPS_PROXY"


def test_a_name_that_cannot_be_resolved(run: Runner, monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(host: str, *args: Any, **options: Any) -> None:
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    token(monkeypatch, "https://api.invalid/1.0")
    code, found = results(run)
    assert code == 1
    assert found["dns"]["text"] == "the API's name api.invalid cannot be resolved: Name or service not known"
    assert "is this machine online?" in found["dns"]["next"]
    assert found["connection"]["state"] == "skipped"
    assert problem(run, "dns")[0] == found["dns"]["text"]  # what follows from it is no other problem
    assert found["api"]["text"].startswith("no answer, for the reason above: ")
    assert run("doctor").out.endswith("\n1 problem.\n")
    token(monkeypatch, "https://api.invalid/1.0", PROXY="http://u:canary@proxy.invalid:3128")
    _, found = results(run)
    assert found["proxy"]["text"] == "http://proxy.invalid:3128, by the setting proxy"
    assert found["dns"]["text"].startswith("the proxy's name proxy.invalid cannot be resolved")


def test_a_server_that_is_not_there(run: Runner, monkeypatch: pytest.MonkeyPatch) -> None:
    with refusing_port() as port:
        token(monkeypatch, f"http://127.0.0.1:{port}/1.0")
        code, found = results(run)
    assert code == 1
    assert found["connection"]["text"] == f"127.0.0.1 port {port}: Connection refused"
    monkeypatch.setattr(socket, "create_connection", timed_out)
    _, found = results(run)
    assert "within 10 s" in found["connection"]["text"]
    assert "is a proxy needed here?" in found["connection"]["next"]


def timed_out(*args: Any) -> None:
    raise TimeoutError("timed out")


def through(reply: bytes) -> RawServer:
    return RawServer(lambda request: reply)


@pytest.mark.parametrize(
    ("reply", "text", "step"),
    [
        (answer(b"", "407 Who"), "the proxy answered 407 to CONNECT api.invalid:443", "its user and password belong"),
        (answer(b"", "403 No"), "the proxy answered 403 to CONNECT api.invalid:443", "ask whoever runs it"),
        (b"SSH-2.0-x\r\n\r\n", "the proxy does not speak HTTP to CONNECT", "ask whoever runs it"),
    ],
)
def test_a_proxy_that_lets_nobody_through(
    run: Runner, monkeypatch: pytest.MonkeyPatch, reply: bytes, text: str, step: str
) -> None:
    with through(reply) as proxy:
        token(monkeypatch, "https://api.invalid/1.0", PROXY=proxy.origin.replace("//", "//u:canary@"))
        code, found = results(run)
    assert code == 1
    assert found["connection"]["text"].startswith(text)
    assert found["connection"]["next"].startswith(step)


def test_proxies_that_cannot_be_used(run: Runner, monkeypatch: pytest.MonkeyPatch, box: Sandbox) -> None:
    found = [*network.network_results("https://x/1.0", settings(proxy="socks5://canary@h"))]
    assert [each.check for each in found] == ["proxy"]
    assert "canary" not in found[0].text
    found = [*network.network_results("https://x/1.0", settings(proxy="https://127.0.0.1"))]
    assert found[-1].text.startswith("not looked at: a proxy that is spoken to by TLS itself")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    found = [*network.network_results("http://other.localhost/1.0", settings())]
    assert found[0].text == "http://127.0.0.1:9, by a variable, as HTTPS_PROXY"


def settings(**more: Any) -> Any:
    from ovhcore.plugins import TransportSettings

    return TransportSettings(**more)


@contextmanager
def encrypted(directory: Path, **options: Any) -> Iterator[tuple[str, Path]]:
    authority = Authority(directory)
    with RawServer(answer(str(int(time.time())).encode()), authority.server_context(**options)) as server:
        yield server.url, authority.bundle


def test_tls(run: Runner, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with encrypted(tmp_path) as (url, bundle):
        token(monkeypatch, url, CA_BUNDLE=str(bundle))
        _, found = results(run)
        assert found["tls"]["state"] == "ok"
        assert "the certificate is signed by trustme v" in found["tls"]["text"]
        monkeypatch.delenv("OVH_CA_BUNDLE")
        _, found = results(run)
        assert found["tls"]["state"] == "problem"
        assert (
            "is not trusted: unable to get local issuer certificate. It is signed by trustme v" in found["tls"]["text"]
        )
        assert "name its certificate as ca_bundle" in found["tls"]["next"]
        monkeypatch.setenv("OVH_VERIFY", "false")
        ran = run("doctor", "--json")
        warned = {each["check"]: each for each in json.loads(ran.out)}["tls"]
        assert warned["state"] == "warning"
        assert "not verified: whoever is in between can read keys" in warned["text"]
    nothing = tmp_path / "empty.pem"
    nothing.write_text("")
    found_ = [*network.network_results(url, settings(ca_bundle=str(nothing)))]
    assert found_[-1].check == "connection"  # the server is gone


@pytest.mark.parametrize(
    ("options", "step"),
    [
        ({"name": "other.example"}, "the server is another one than the endpoint names"),
        ({"expired": True}, "is the clock of this machine right?"),
    ],
)
def test_certificates_that_are_wrong(tmp_path: Path, options: dict[str, Any], step: str) -> None:
    with encrypted(tmp_path, **options) as (url, bundle):
        *_, found = network.network_results(url, settings(ca_bundle=str(bundle)))
        assert found.next is not None
        assert found.next.startswith(step)
        assert "It is signed by trustme v" in found.text


def test_tls_through_a_proxy_and_to_what_has_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    authority = Authority(tmp_path)
    with RawServer(b"HTTP/1.1 200 OK\r\n\r\n") as proxy:
        proxy.tunnel = authority.server_context("api.invalid")
        found = [
            *network.network_results(
                "https://api.invalid/1.0", settings(proxy=proxy.origin, ca_bundle=str(authority.bundle))
            )
        ]
        assert [each.state for each in found] == ["ok"] * 4
        assert "through the proxy 127.0.0.1" in found[2].text
    with answering_without_tls() as port:
        found = [*network.network_results(f"https://127.0.0.1:{port}/1.0", settings())]
        assert found[-1].text.startswith("TLS failed: ")
        nothing = tmp_path / "empty.pem"
        nothing.write_text("")
        found = [*network.network_results(f"https://127.0.0.1:{port}/1.0", settings(ca_bundle=str(nothing)))]
        assert found[-1].next == "correct ca_bundle, or client_cert and client_key"
    way = network._Way("127.0.0.1", 443, None, {})
    monkeypatch.setattr(network, "_opened", timed_out)
    error = ssl.SSLCertVerificationError("odd")
    error.verify_message = ""
    assert "is not trusted" in network._untrusted(way, error).text


@contextmanager
def answering_without_tls() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def answer_each() -> None:
            while True:
                try:
                    with listening.accept()[0] as connection:
                        connection.sendall(b"220 mail.example ESMTP\r\n")
                except OSError:
                    return

        thread = threading.Thread(target=answer_each, daemon=True)
        thread.start()
        yield listening.getsockname()[1]
        listening.shutdown(socket.SHUT_RDWR)
    thread.join(60)


def test_who_signed_a_certificate(tmp_path: Path) -> None:
    x509 = pytest.importorskip("cryptography.x509")
    pem = Authority(tmp_path).bundle.read_bytes()
    certificate = x509.load_pem_x509_certificate(pem)
    names = {each.oid.dotted_string: each.value for each in certificate.issuer}
    der = ssl.PEM_cert_to_DER_cert(pem.decode())
    assert issuer_of(der) == ", ".join(names[oid] for oid in ("2.5.4.10", "2.5.4.3") if oid in names)
    assert issuer_of(b"") == ""
    assert issuer_of(der[:40]) == ""


def test_files_and_settings(run: Runner, home: Path, monkeypatch: pytest.MonkeyPatch, snapshot: Any) -> None:
    (home / ".ovh.conf").write_text(f"[ovh-eu]\n{KEYS}")
    (home / ".ovh.conf").chmod(0o644)
    ran = run("doctor", "--offline", "--endpoint", "ovh-eu")
    assert ran.code == 0
    assert f"warning  files: {home}/.ovh.conf: every user of this machine can read its keys\n" in ran.out
    assert f"next: chmod 600 {home}/.ovh.conf" in ran.out
    assert "skipped  network: not looked at: --offline" in ran.out
    (home / ".ovh.conf").chmod(0o600)
    (home / "work" / "ovh.conf").write_text("canary")
    code, found = results(run, "--offline", "--endpoint", "ovh-eu")
    assert code == 1
    assert "mend it first" in run("doctor", "--endpoint", "ovh-eu").out
    assert problem_of(found) == {"client"} or "files" in problem_of(found)
    (home / "work" / "ovh.conf").write_text("")
    assert problem(run, "settings", "--profile", "none")[0].startswith("No file has the profile none")
    code, found = results(run, "--config", "none.conf")
    assert problem_of(found) == {"files", "settings"} or problem_of(found) == {"settings"}
    monkeypatch.setenv("OVH_TIMEOUT", "soon")
    assert problem(run, "client", "--endpoint", "ovh-eu")[1] == "correct the setting that it names"


def problem_of(found: dict[str, dict[str, Any]]) -> set[str]:
    return {name for name, each in found.items() if each["state"] == "problem"}


def test_a_plugin_that_cannot_be_loaded(run: Runner, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = EntryPoint("broken", "no_such_module_x", "far-away", "1.0")
    monkeypatch.setattr("ovhcore.plugins.manager._installed", lambda: (*_installed(), broken))
    text, step = problem(run, "plugins", "--endpoint", "ovh-eu")
    assert "cannot be loaded" in text
    assert step == "update or remove the package far-away; until then: OVH_DISABLED_PLUGINS=broken"
    monkeypatch.setenv("OVH_DISABLED_PLUGINS", "broken")
    assert run("doctor", "--transport", "sandbox").code == 0
