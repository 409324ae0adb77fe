"""What a command loads before its first call: what it does not need takes longer than the call."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.cli.conftest import Runner

pytestmark = pytest.mark.once

UNNEEDED = {
    "asyncio",
    "csv",
    "email",
    "encodings.idna",
    "http.client",
    "importlib.metadata",
    "jmespath",
    "locale",
    "logging",
    "ovhcore.flows.events",
    "ovhcore.schema",
    "rich",
    "ssl",
    "urllib.request",
    "urllib3",
    "yaml",
}
SCRIPT = """
import gc, sys
before, looked = {{*sys.modules}}, []
gc.callbacks.append(lambda phase, about: looked.append(about["generation"]))
from ovhcore_transports.cli import main
del looked[:]
sys.argv = ["ovhcore", *{arguments!r}]
try:
    main()
finally:
    print(*{{*sys.modules}} - before, file=sys.stderr)
    print("looked for garbage", len(looked), "times", file=sys.stderr)
"""


@pytest.mark.usefixtures("box")
def test_a_call_over_plain_http_loads_no_more_than_it_needs() -> None:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT.format(arguments=["get", "/me"])], capture_output=True, text=True, timeout=60
    )
    assert '"firstname": "Ada"' in done.stdout, done.stderr
    assert not UNNEEDED & {*done.stderr.split()}
    assert "looked for garbage 0 times" in done.stderr


def test_help_loads_no_client() -> None:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT.format(arguments=["--help"])], capture_output=True, text=True, timeout=60
    )
    assert "Usage: " in done.stdout
    assert not {*UNNEEDED - {"locale"}, "ovhcore.client", "ovhcore.config", "socket"} & {*done.stderr.split()}


def test_help_of_a_command(run: Runner) -> None:
    for wanted in ("-h", "--help"):
        ran = run("get", wanted)
        assert ran.code == 0
        assert "Show this message and exit." in ran.out
