"""Commands as a user runs them, in this process: the real ``main``, on streams that are files or terminals."""

from __future__ import annotations

import gc
import io
import sys
import warnings
from collections.abc import Iterator
from typing import NamedTuple

import pytest

from ovhcore_transports.cli import main
from ovhcore_transports.sandbox import ACCESS_KEYS, Sandbox, Server, serve


class Ran(NamedTuple):
    """How a command ended, and what it said."""

    code: int
    out: str
    err: str


class Stream(io.StringIO):
    """A stream that is a terminal, or is not."""

    def __init__(self, text: str = "", *, terminal: bool = False) -> None:
        super().__init__(text)
        self._terminal = terminal

    def isatty(self) -> bool:
        return self._terminal


class Runner:
    """Runs commands.

    Attributes:
        terminal: which of standard input, output and error are terminals, as ``"io"``.
    """

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._patch = monkeypatch
        self.terminal = ""

    def __call__(self, *arguments: str, stdin: str = "") -> Ran:
        out, err = Stream(terminal="o" in self.terminal), Stream(terminal="e" in self.terminal)
        often = gc.get_threshold()
        with self._patch.context() as patch:
            patch.setattr(sys, "argv", ["ovhcore", *arguments])
            patch.setattr(sys, "stdin", Stream(stdin, terminal="i" in self.terminal))
            patch.setattr(sys, "stdout", out)
            patch.setattr(sys, "stderr", err)
            with warnings.catch_warnings():
                warnings.simplefilter("default")
                with pytest.raises(SystemExit) as ended:
                    main()
        gc.set_threshold(*often)  # this process does not end with the command
        assert isinstance(ended.value.code, int)
        return Ran(ended.value.code, out.getvalue(), err.getvalue())


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Runner:
    """Return what runs commands; on terminals 100 characters wide, without colours."""
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.setenv("LINES", "40")
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("NO_COLOR", "1")
    return Runner(monkeypatch)


@pytest.fixture
def box(monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    """Serve a sandbox, and let the variables lead there."""
    with serve(Sandbox(task_seconds=0.2)) as server:
        lead_to(server, monkeypatch)
        yield server.sandbox


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """Serve a sandbox; no variable leads there."""
    monkeypatch.setenv("OVH_PROXY", "none")
    with serve(Sandbox(task_seconds=0.2)) as server:
        yield server


def lead_to(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let variables lead to a sandbox."""
    settings = {"endpoint": server.url, "proxy": "none", "transport": "stdlib", **ACCESS_KEYS}
    for name, value in settings.items():
        monkeypatch.setenv(f"OVH_{name.upper()}", str(value))
