"""What is told of errors, and the exit codes."""

from __future__ import annotations

import errno
import os
import re
import shlex
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from syrupy.assertion import SnapshotAssertion

import ovhcore as ovh
from ovhcore.flows import RequestFailed, RequestSent, TokenRenewed
from ovhcore_transports.cli import main
from ovhcore_transports.cli.command import _let_go_of_output
from ovhcore_transports.cli.frame.errors import ExitCode, error_lines, exit_code
from ovhcore_transports.cli.frame.exchanges import lines_of
from ovhcore_transports.sandbox import Sandbox
from tests.cli.conftest import Runner
from tests.servers import RawServer, answer

COMMAND = [sys.executable, "-c", "from ovhcore_transports.cli import main; main()"]
PAGE = Path(__file__).resolve().parents[3] / "docs" / "reference" / "command-line.md"


def plain(text: str) -> str:
    """Return text without what differs from run to run."""
    text = re.sub(r"127\.0\.0\.1:\d+", "127.0.0.1:PORT", text)
    text = re.sub(r"SB\.ext-\S+", "SB.ext-1", text)
    text = re.sub(r"(Timestamp: )\d+", r"\1NOW", text)
    text = re.sub(r"(Date: ).*", r"\1NOW", text)
    text = re.sub(r"(?<=last used    ).*", "NOW", text)
    return re.sub(r"within [\d.]+ s", "within 0.001 s", text)


@pytest.mark.once  # other versions of click have other words
@pytest.mark.parametrize(
    "arguments",
    [
        ["get", "/nothing"],
        ["get", "/me/bill/none", "-v"],
        ["post", "/domain/zone/example.com/record", "target:=1", "strange=canary-value"],
        ["get", "me/bill/{billId}"],
        ["get", "/me", "--profile", "work"],
        ["get", "/me", "--endpoint", "nowhere"],
        ["get", "/me", "--all"],
        ["gett", "/me"],
        ["get"],
        ["get", "/me", "--timeout", "soon"],
    ],
    ids=" ".join,
)
def test_errors_on_a_screen(run: Runner, box: Sandbox, arguments: list[str], snapshot: SnapshotAssertion) -> None:
    ran = run(*arguments)
    assert ran.out == ""
    assert (ran.code, plain(ran.err)) == snapshot


@pytest.mark.parametrize(
    ("key", "value"),
    [("application_key", "unknown"), ("application_secret", "canary-secret"), ("consumer_key", "canary-key")],
)
def test_keys_that_are_wrong(
    run: Runner, box: Sandbox, monkeypatch: pytest.MonkeyPatch, key: str, value: str, snapshot: SnapshotAssertion
) -> None:
    monkeypatch.setenv(f"OVH_{key.upper()}", value)
    ran = run("get", "/me", "-v")
    assert "canary" not in ran.err
    ran = run("get", "/me")
    assert (ran.code, plain(ran.err)) == snapshot


def test_no_credentials_and_no_network(
    run: Runner, monkeypatch: pytest.MonkeyPatch, snapshot: SnapshotAssertion
) -> None:
    assert run("get", "/me") == snapshot(name="no endpoint")
    monkeypatch.setenv("OVH_ENDPOINT", "http://127.0.0.1:9/1.0")
    monkeypatch.setenv("OVH_PROXY", "none")
    assert run("get", "/me") == snapshot(name="no credentials")
    monkeypatch.setenv("OVH_ACCESS_TOKEN", "canarycanary")
    monkeypatch.setenv("OVH_RETRY", "off")
    ran = run("get", "/me", "--transport", "stdlib")
    assert ran.code == 6
    assert "canary" not in ran.err
    assert ran.err.splitlines()[-1] == "  next: ovhcore doctor looks for the cause"


def test_a_warning_and_a_quiet_one(run: Runner, box: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OVH_VERIFY", "false")
    assert run("get", "/me").err.startswith("Warning: verify is off: whoever is between")
    assert run("get", "/me", "-q").err == ""


@pytest.mark.parametrize("where", ["before", "after"])
def test_options_of_all_commands(run: Runner, box: Sandbox, where: str, monkeypatch: pytest.MonkeyPatch) -> None:
    endpoint = os.environ["OVH_ENDPOINT"]
    monkeypatch.setenv("OVH_ENDPOINT", "http://127.0.0.1:9/1.0")
    options = ["--endpoint", endpoint, "--timeout", "20", "--transport", "urllib3"]
    typed = [*options, "get", "/me"] if where == "before" else ["get", "/me", *options]
    ran = run(*typed, "--query", "firstname")
    assert ran == (0, '"Ada"\n', "")
    assert run("--endpoint", "nowhere", "get", "/me", "--endpoint", endpoint).code == 0


def test_a_file_of_settings(run: Runner, box: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keys = "".join(f"{name} = {os.environ[f'OVH_{name.upper()}']}\n" for name in ("endpoint", *ovh_keys()))
    (tmp_path / "mine.conf").write_text(f"[profile work]\n{keys}", "utf-8")
    for name in ("endpoint", *ovh_keys()):
        monkeypatch.delenv(f"OVH_{name.upper()}")
    ran = run("get", "me", "--config", str(tmp_path / "mine.conf"), "--profile", "work", "--query", "name")
    assert ran == (0, '"Lovelace"\n', "")


def ovh_keys() -> tuple[str, ...]:
    return ("application_key", "application_secret", "consumer_key")


def test_commands_send_through_what_is_loaded_fastest(
    run: Runner, box: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OVH_TRANSPORT")
    loaded: list[str] = []
    monkeypatch.setattr("ovhcore_transports.urllib3.open_sync", lambda settings: loaded.append("urllib3"))
    assert run("get", "/me").code == 0
    assert loaded == []
    assert run("get", "/me", "--transport", "urllib3").code == 1  # there is none here
    assert loaded == ["urllib3"]


CASES: list[tuple[BaseException, ExitCode]] = [
    (ovh.InvalidRequest("x"), ExitCode.USAGE),
    (ovh.MissingCredentials("x"), ExitCode.SETTINGS),
    (ovh.InvalidKey("x"), ExitCode.DENIED),
    (ovh.NotGrantedCall("x"), ExitCode.DENIED),
    (ovh.InvalidSignature("x"), ExitCode.DENIED),
    (ovh.ResourceExpiredError("x"), ExitCode.NOT_FOUND),
    (ovh.ConnectError("x"), ExitCode.NETWORK),
    (ovh.GatewayError("x"), ExitCode.SERVER),
    (ovh.TooManyRequests("x"), ExitCode.REFUSED),
    (ovh.BadParametersError("x"), ExitCode.REFUSED),
    (ovh.WaitTimeout("x"), ExitCode.NOT_OVER),
    (ovh.OperationFailed("x"), ExitCode.FAILED),
    (ovh.InvalidResponse("x"), ExitCode.FAILED),
    (OSError("x"), ExitCode.FAILED),
]


@pytest.mark.parametrize(("error", "code"), CASES, ids=lambda each: type(each).__name__)
def test_exit_codes(error: BaseException, code: ExitCode) -> None:
    assert exit_code(error) is code


def test_the_page_has_every_exit_code() -> None:
    table = PAGE.read_text("utf-8").partition("## Exit codes")[2].partition("\n## ")[0]
    assert [int(number) for number in re.findall(r"^\| (\d+) ", table, re.MULTILINE)] == [*map(int, ExitCode)]


def test_everything_that_is_known_is_said() -> None:
    error = ovh.NotGrantedCall("no", status=403, error_class="Client::Forbidden", query_id="EU.1\x1b[31m", hint="a\nb")
    error.method, error.url = "GET", "https://x/1.0/me"
    error.history = (None, None)  # type: ignore[assignment]
    assert [*error_lines(error)] == [
        "Error: no",
        "  call: GET https://x/1.0/me",
        "  status: 403 Client::Forbidden",
        "  attempts: 2",
        "  hint: a b",
        "  query id: EU.1\\x1b[31m",
        "  next: ovhcore whoami shows the rights of the key; ovhcore login asks for one with others",
    ]
    assert [*error_lines(ovh.ServerError())] == ["Error: ServerError"]
    assert [*error_lines(PermissionError(13, "Permission denied", "/x"))] == ["Error: /x: Permission denied"]
    assert [*error_lines(OSError("no route"))] == ["Error: no route"]
    assert [*error_lines(RuntimeError("token=abcdefgh1234 is wrong"))] == [
        "Error: RuntimeError: token=<redacted> is wrong",
        "  next: this should not happen; --debug shows where it came from",
    ]


def test_an_exchange_that_fails_is_shown() -> None:
    sent = RequestSent("GET", "https://x/1.0/me")
    failed = RequestFailed("GET", "https://x/1.0/me", "ConnectError", 0.5)
    assert lines_of(sent) == ["> GET https://x/1.0/me"]
    assert lines_of(failed) == ["< no answer: ConnectError within 0.500 s"]
    assert lines_of(TokenRenewed(None)) == []


def test_retries_are_shown(run: Runner, monkeypatch: pytest.MonkeyPatch) -> None:
    answers = iter([answer(b"busy", "503 Busy", "Retry-After: 0"), answer(b'{"a": 1}')])
    with RawServer(lambda request: next(answers)) as server:
        lead_to_token(server.url, monkeypatch)
        ran = run("get", "/x", "-v")
    assert ran.code == 0
    assert re.search(r"^\* .*503.*; again in ", ran.err, re.MULTILINE)


def lead_to_token(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"ENDPOINT": url, "PROXY": "none", "TRANSPORT": "stdlib", "ACCESS_TOKEN": "t" * 9}.items():
        monkeypatch.setenv(f"OVH_{name}", value)


def test_interrupts_and_closed_pipes_here(run: Runner, box: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(self: object, value: object, path: str) -> None:
        raise KeyboardInterrupt

    def closed(self: object, value: object, path: str) -> None:
        raise BrokenPipeError(errno.EPIPE, "Broken pipe")

    def full(self: object, value: object, path: str) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    def full_at_the_end() -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    for write, expected in {interrupted: (130, "", ""), closed: (141, "", "")}.items():
        monkeypatch.setattr("ovhcore_transports.cli.output.writing.Output.write", write)
        assert run("get", "/me") == expected
    monkeypatch.setattr("ovhcore_transports.cli.output.writing.Output.write", full)
    assert run("get", "/me") == (1, "", "Error: The output cannot be written: No space left on device\n")
    monkeypatch.setattr("ovhcore_transports.cli.command._run", full_at_the_end)
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 1


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="there is no /dev/full")
@pytest.mark.usefixtures("box")
def test_an_output_that_takes_nothing_and_one_that_there_is_not() -> None:
    typed = " ".join(map(shlex.quote, [*COMMAND, "get", "/me"]))
    full, missing = (
        subprocess.run(["sh", "-c", f"{typed} {to}"], capture_output=True, text=True, timeout=60)
        for to in (">/dev/full", ">&-")
    )
    assert full.returncode == 1
    assert full.stderr == "Error: The output cannot be written: No space left on device\n"
    assert (missing.returncode, missing.stderr) == (0, "")
    mute = subprocess.run(["sh", "-c", f"{typed}/x 2>&-"], capture_output=True, text=True, timeout=60)
    assert (mute.returncode, mute.stdout) == (5, "")  # what is told of errors does not go where results do


def test_what_is_written_to_a_closed_pipe_is_let_go_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Closing the stream would raise BrokenPipeError."""
    reading, writing = os.pipe()
    os.close(reading)
    stream = os.fdopen(writing, "w")
    stream.write("x")
    monkeypatch.setattr("sys.stdout", stream)
    _let_go_of_output()
    stream.close()


def test_without_click_one_line_says_what_to_install(run: Runner, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "click", None)
    monkeypatch.delitem(sys.modules, "ovhcore_transports.cli.frame.groups")
    missing = 'The command needs click, which is not installed: pip install "ovhcore[cli]"\n'
    assert run("get", "/me") == (1, "", missing)


def test_everything_is_shown_in_this_process(run: Runner, box: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []
    monkeypatch.setattr("logging.basicConfig", lambda **options: asked.append(options["level"]))
    ran = run("get", "/nothing", "--debug")
    assert asked == [10]
    assert "Traceback (most recent call last)" in ran.err
    assert ran.err.splitlines()[-1].startswith("  query id: ")


# In processes


def variables(**more: str) -> dict[str, str]:
    return {**os.environ, "OVH_TRANSPORT": "sandbox", **more}


def test_debug_shows_logs_and_where_it_came_from() -> None:
    done = subprocess.run(
        [*COMMAND, "get", "/nothing", "--debug"], capture_output=True, text=True, timeout=60, env=variables()
    )
    assert done.returncode == 5
    assert "ovhcore DEBUG Sent GET https://eu.api.ovh.com/1.0/nothing" in done.stderr
    assert "> GET https://eu.api.ovh.com/1.0/nothing" in done.stderr
    assert "ovhcore.exceptions.ResourceNotFoundError: Got an invalid (or empty) URL" in done.stderr
    assert "sandbox-consumer-key" not in done.stderr


@pytest.mark.parametrize("arguments", [["--help"], ["get", "--all", "/me/bill"], ["get", "/me", "-o", "yaml"]])
def test_a_reader_that_is_gone(arguments: list[str]) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        [*COMMAND, *arguments], stdout=writing, stderr=subprocess.PIPE, text=True, timeout=60, env=variables()
    )
    os.close(writing)
    assert (done.returncode, done.stderr) == (141, "")


def test_an_interruption_is_quiet() -> None:
    arrived: list[Any] = []

    def respond(request: Any) -> bytes:
        arrived.append(request)
        running.send_signal(signal.SIGINT)
        running.wait(60)
        return answer(b"{}")

    with RawServer(respond) as server:
        running = subprocess.Popen(
            [*COMMAND, "get", "/me"],
            env=variables(
                OVH_ENDPOINT=server.origin, OVH_TRANSPORT="stdlib", OVH_ACCESS_TOKEN="t" * 9, OVH_PROXY="none"
            ),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        out, err = running.communicate(timeout=60)
    assert arrived
    assert (running.returncode, out, err) == (130, "", "")
