"""``python -m ovhcore`` is the command; where what it needs is missing, one line says what to install."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import ovhcore as ovh
import ovhcore_transports
from ovhcore import __main__ as module


def test_it_is_the_command() -> None:
    done = subprocess.run([sys.executable, "-m", "ovhcore", "demo"], capture_output=True, text=True, timeout=60)
    assert "2 signed calls answered." in done.stdout, done.stderr
    assert done.returncode == 0
    told = subprocess.run([sys.executable, "-m", "ovhcore", "-h"], capture_output=True, text=True, timeout=60)
    assert told.stdout.startswith("Usage: python -m ovhcore ")


def test_it_calls_the_command(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys, "argv", ["ovhcore", "--version"])
    with pytest.raises(SystemExit) as ended:
        module.main()
    assert ended.value.code == 0
    assert ovh.__version__ in capsys.readouterr().out


def test_a_core_alone_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ovhcore_transports.cli", None)
    with pytest.raises(SystemExit, match=r'not part of this copy of ovhcore: pip install "ovhcore\[cli\]"'):
        module.main()


def test_without_click_one_line_says_what_to_install(tmp_path: Path) -> None:
    import pluggy

    for package in (ovh, ovhcore_transports, pluggy):
        assert package.__file__ is not None
        (tmp_path / package.__name__).symlink_to(Path(package.__file__).parent)
    script = f"import runpy, sys; sys.path.append({str(tmp_path)!r}); runpy.run_module('ovhcore', run_name='__main__')"
    done = subprocess.run([sys.executable, "-I", "-S", "-c", script], capture_output=True, text=True, timeout=60)
    assert done.stderr == 'The command needs click, which is not installed: pip install "ovhcore[cli]"\n'
    assert done.returncode == 1
